//! When is the next half day, and how long is today's session still open? With exchange time alone:
//! no data, no engine.
//!
//! `cargo run -p openbell-time --example next_half_day [INSTANT]`

use openbell_time::{TimeManager, Timestamp};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    #[expect(clippy::disallowed_methods, reason = "an example is a program")]
    let given = std::env::args().nth(1);
    let now: Timestamp = given.as_deref().unwrap_or("2025-07-01T19:18:00Z").parse()?;
    let nyse = TimeManager::new().calendar("XNYS")?;

    let local = nyse.local_time(now);
    println!("New York's clock shows {local}, the market is {}", nyse.phase(now)?.word());
    if let Some(session) = nyse.session(local.date)?
        && session.is_open_at(now)
    {
        println!("{} minutes are left", (session.close - now).as_secs() / 60);
    }

    let mut session = nyse.next_session(local.date)?;
    while !session.is_early_close {
        session = nyse.next_session(session.date)?;
    }
    let n_sessions = nyse.count(local.date, session.date)?;
    let closes_at = nyse.local_time(session.close).time_of_day;
    println!(
        "the next half day is {}, a {}: it closes at {closes_at}, {n_sessions} sessions from here",
        session.date,
        session.date.weekday()
    );
    Ok(())
}
