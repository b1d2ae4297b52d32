//! What comes next on a calendar.

use std::io::Write;

use anyhow::Result;
use openbell_time::{Calendar, Timestamp};

use super::{clock_words, offset_words};

/// Writes the phase at `now` and the next open, close and session, in exchange time and UTC.
///
/// # Errors
///
/// The facts do not reach so far, or `out` cannot be written.
pub fn next(calendar: &Calendar, now: Timestamp, out: &mut impl Write) -> Result<()> {
    let local = calendar.local_time(now);
    writeln!(out, "{}  {local} {}", calendar.name(), offset_words(&local))?;
    writeln!(out, "phase         {}", calendar.phase(now)?)?;
    let open = calendar.next_open(now)?;
    let close = calendar.next_close(now)?;
    writeln!(out, "next open     {}  {open}", calendar.local_time(open))?;
    writeln!(out, "next close    {}  {close}", calendar.local_time(close))?;
    let session = calendar.next_session(local.date)?;
    let clock = |instant| clock_words(calendar, session.date, instant);
    write!(out, "next session  {} {}  ", session.date, session.date.weekday())?;
    write!(out, "{} to {}", clock(session.open), clock(session.close))?;
    writeln!(out, "{}", if session.is_early_close { ", early close" } else { "" })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use openbell_time::TimeManager;

    use super::*;

    #[test]
    fn the_eve_of_thanksgiving_leads_to_a_half_day() {
        let calendar = TimeManager::new().calendar("XNYS").expect("known");
        let mut out = Vec::new();
        let now = "2024-11-27T22:00:00Z".parse().expect("an instant");
        next(&calendar, now, &mut out).expect("covered");
        let expected = "\
XNYS  2024-11-27 17:00:00 UTC-05:00
phase         post
next open     2024-11-29 09:30:00  2024-11-29T14:30:00Z
next close    2024-11-29 13:00:00  2024-11-29T18:00:00Z
next session  2024-11-29 Fri  09:30 to 13:00, early close
";
        assert_eq!(String::from_utf8(out).expect("text"), expected);
    }
}
