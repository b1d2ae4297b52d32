//! What breaks on the way, at a frame or at a request, and that every bar is there afterwards.

use openbell_data_manager::live::{CloseCause, Note};
use openbell_market::SeriesKey;
use openbell_time::{Nanos, Timestamp, WallClock as _};
use openbell_vendors::Trust;

use super::session::{Session, binance};
use super::sim::Setup;
use crate::support::key;

fn seconds() -> SeriesKey {
    key("BTCUSDT", "1s")
}

fn over(note: &Note) -> Option<&CloseCause> {
    match note {
        Note::LineOver { why, .. } => Some(why),
        _ => None,
    }
}

/// Follows forty seconds of Binance in which `script` happens, and yields what was noted.
fn notes_of(script: &str) -> Vec<Note> {
    let sim = Setup::binance().with(script).serve();
    let now_ns = sim.clock.now().as_nanos();
    let since = Timestamp::from_nanos(now_ns - now_ns % 1_000_000_000);
    let transport = sim.transport(Trust::platform());
    let mut session = Session::begin(binance(&sim), &transport, &sim.clock, &seconds(), since);
    let until = since + Nanos::from_secs(40);
    session.until_complete(until);
    for bar in sim.truth(seconds().interval, since..until) {
        assert_eq!(session.rows.get(&bar.opens_at), Some(&bar.ohlcv), "{script}");
    }
    let counts = sim.control.exchange(|exchange| exchange.counts());
    assert_eq!((counts.over_limit, counts.bans), (0, 0), "{script}");
    session.notes()
}

#[test]
fn a_line_that_breaks_in_any_way_is_made_anew_and_every_bar_is_there() {
    let cases = [
        ("cut", "the line was cut"),
        ("half_frame", "the line was cut"),
        ("reset", "the line broke: "), // And what the machine calls it.
        ("oversize", "a message of 17825792 bytes; 16777216 are taken"),
    ];
    std::thread::scope(|threads| {
        for (fault, said) in cases {
            threads.spawn(move || {
                let script = format!(r#"[{{"line": 1, "at_frame": 7, "do": "{fault}"}}]"#);
                let notes = notes_of(&script);
                let causes: Vec<_> = notes.iter().filter_map(over).collect();
                let [CloseCause::Broken(found)] = causes[..] else { panic!("{fault}: {causes:?}") };
                assert!(found.starts_with(said), "{fault}: {found}");
            });
        }
    });
}

#[test]
fn a_line_that_stays_open_and_says_nothing_is_given_up() {
    let notes = notes_of(r#"[{"line": 1, "at_frame": 7, "do": "hang"}]"#);
    let causes: Vec<_> = notes.iter().filter_map(over).collect();
    let said = CloseCause::Silent("nothing is heard for 30 s".into());
    assert_eq!(causes, [&said], "nobody was told, and silence is the only sign");
}

#[test]
fn what_is_said_twice_wrongly_or_late_changes_no_bar_and_ends_no_line() {
    std::thread::scope(|threads| {
        for fault in ["garbage", "duplicate", "reorder", "replay_old"] {
            threads.spawn(move || {
                let script = format!(r#"[{{"line": 1, "at_frame": 7, "do": "{fault}"}}]"#);
                let notes = notes_of(&script);
                assert!(notes.iter().all(|note| over(note).is_none()), "{fault}: {notes:?}");
            });
        }
    });
}

#[test]
fn a_history_that_fails_in_any_way_is_asked_again() {
    std::thread::scope(|threads| {
        for (fault, said) in [
            (r#""do": "status", "code": 503"#, "HTTP 503"),
            (r#""do": "truncate""#, "no answer from localhost"),
            (r#""do": "status", "code": 429, "retry_after": 7"#, "HTTP 429"),
        ] {
            threads.spawn(move || {
                let notes = notes_of(&format!("[{{\"request\": 1, {fault}}}]"));
                let is_said = |note: &Note| match note {
                    Note::NotAnswered { said: found } | Note::Paused { said: found, .. } => {
                        found.contains(said)
                    }
                    _ => false,
                };
                assert!(notes.iter().any(is_said), "{fault}: {notes:?}");
            });
        }
    });
}
