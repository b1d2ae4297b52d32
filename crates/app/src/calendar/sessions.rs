//! The sessions of a range of dates as a table.

use std::io::Write;

use anyhow::{Result, ensure};
use openbell_time::{Calendar, Session, TimeManager, Timestamp, TradingDate};
use serde::Serialize;

use super::clock_words;

/// How a table is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TableForm {
    /// Columns for a person, in exchange time.
    Text,
    /// Comma-separated values under a heading, instants in UTC.
    Csv,
    /// One array of objects with the names of the CSV's columns, instants in UTC.
    Json,
}

/// The sessions that are asked for.
#[derive(Clone, Debug)]
pub struct SessionsRequest<'a> {
    /// A group or an exchange; the table's `mic` is the calendar's own name.
    pub calendar: &'a str,
    /// The first date.
    pub since: TradingDate,
    /// The first date that is not wanted any more.
    pub until: TradingDate,
    /// How the table is written.
    pub form: TableForm,
}

/// A row of the table, in the order of its columns.
#[derive(Serialize)]
struct Row<'a> {
    mic: &'a str,
    session_date: String,
    open_utc: String,
    break_start_utc: Option<String>,
    break_end_utc: Option<String>,
    close_utc: String,
    early_close: bool,
    late_open: bool,
    #[serde(flatten)]
    extended: Option<Extended>,
}

/// The columns that a calendar with extended hours adds.
#[derive(Serialize)]
struct Extended {
    pre_utc: Option<String>,
    post_utc: Option<String>,
}

/// Writes the sessions `s` with `since <= s < until`.
///
/// # Errors
///
/// The calendar is unknown, its facts do not cover the range, or `out` cannot be written.
pub fn sessions(
    time: &TimeManager,
    request: &SessionsRequest<'_>,
    out: &mut impl Write,
) -> Result<()> {
    let calendar = time.calendar(request.calendar)?;
    let (since, until) = (request.since, request.until);
    ensure!(
        since < until,
        "no date lies in {since}..{until}: --until is the first date not wanted"
    );
    let sessions = calendar.sessions(since..=until.plus_days(-1))?;
    match request.form {
        TableForm::Text => text(&calendar, sessions, out),
        TableForm::Csv => csv(&calendar, sessions, out),
        TableForm::Json => json(&calendar, sessions, out),
    }
}

/// Only one calendar's table has the bounds of extended hours, though others know them too.
fn has_extended_columns(calendar: &Calendar) -> bool {
    calendar.name() == "NYSE_EXT"
}

fn row<'a>(calendar: &'a Calendar, session: &Session) -> Row<'a> {
    let text = |instant: Option<Timestamp>| instant.map(|instant| instant.to_string());
    Row {
        mic: calendar.name(),
        session_date: session.date.to_string(),
        open_utc: session.open.to_string(),
        break_start_utc: text(session.break_hours.map(|shut| shut.since)),
        break_end_utc: text(session.break_hours.map(|shut| shut.until)),
        close_utc: session.close.to_string(),
        early_close: session.is_early_close,
        late_open: session.is_late_open,
        extended: has_extended_columns(calendar).then(|| Extended {
            pre_utc: text(session.pre_open),
            post_utc: text(session.post_close),
        }),
    }
}

fn csv(calendar: &Calendar, sessions: &[Session], out: &mut impl Write) -> Result<()> {
    write!(out, "mic,session_date,open_utc,break_start_utc,break_end_utc,close_utc")?;
    write!(out, ",early_close,late_open")?;
    writeln!(out, "{}", if has_extended_columns(calendar) { ",pre_utc,post_utc" } else { "" })?;
    for session in sessions {
        let row = row(calendar, session);
        let shut = |at: &Option<String>| at.clone().unwrap_or_default();
        write!(
            out,
            "{},{},{},{},{},{},{},{}",
            row.mic,
            row.session_date,
            row.open_utc,
            shut(&row.break_start_utc),
            shut(&row.break_end_utc),
            row.close_utc,
            u8::from(row.early_close),
            u8::from(row.late_open),
        )?;
        if let Some(extended) = &row.extended {
            write!(out, ",{},{}", shut(&extended.pre_utc), shut(&extended.post_utc))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn json(calendar: &Calendar, sessions: &[Session], out: &mut impl Write) -> Result<()> {
    let rows: Vec<Row<'_>> = sessions.iter().map(|session| row(calendar, session)).collect();
    serde_json::to_writer_pretty(&mut *out, &rows)?;
    writeln!(out)?;
    Ok(())
}

fn text(calendar: &Calendar, sessions: &[Session], out: &mut impl Write) -> Result<()> {
    writeln!(out, "{}, in the time of {}", calendar.name(), calendar.zone_name())?;
    for session in sessions {
        let clock = |instant| clock_words(calendar, session.date, instant);
        let weekday = session.date.weekday();
        write!(out, "{} {weekday}  ", session.date)?;
        write!(out, "{} to {}", clock(session.open), clock(session.close))?;
        if let Some(shut) = session.break_hours {
            write!(out, ", break {} to {}", clock(shut.since), clock(shut.until))?;
        }
        let remarks = [
            (session.is_early_close, "early close"),
            (session.is_late_open, "late open"),
            (session.is_projected, "projected"),
        ];
        for (_, remark) in remarks.into_iter().filter(|(holds, _)| *holds) {
            write!(out, ", {remark}")?;
        }
        writeln!(out)?;
    }
    writeln!(out, "{} sessions", sessions.len())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(calendar: &str, since: &str, until: &str, form: TableForm) -> String {
        let date = |text: &str| text.parse().expect("a date of this test");
        let request = SessionsRequest { calendar, since: date(since), until: date(until), form };
        let mut out = Vec::new();
        sessions(&TimeManager::new(), &request, &mut out).expect("a range that is covered");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn a_csv_table_has_the_columns_of_the_reference_tables() {
        let expected = "\
mic,session_date,open_utc,break_start_utc,break_end_utc,close_utc,early_close,late_open
XTKS,2022-05-02,2022-05-02T00:00:00Z,2022-05-02T02:30:00Z,2022-05-02T03:30:00Z,2022-05-02T06:00:00Z,0,0
";
        assert_eq!(table("XTKS", "2022-05-02", "2022-05-06", TableForm::Csv), expected);
        let expected = "\
mic,session_date,open_utc,break_start_utc,break_end_utc,close_utc,early_close,late_open,pre_utc,post_utc
NYSE_EXT,2022-11-25,2022-11-25T14:30:00Z,,,2022-11-25T18:00:00Z,1,0,2022-11-25T09:00:00Z,2022-11-25T22:00:00Z
";
        assert_eq!(table("NYSE_EXT", "2022-11-24", "2022-11-28", TableForm::Csv), expected);
    }

    #[test]
    fn json_names_the_columns_and_leaves_out_nothing() {
        let json = table("US_EQUITY", "2022-11-25", "2022-11-26", TableForm::Json);
        let rows: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(rows[0]["mic"], "XNYS");
        assert_eq!(rows[0]["close_utc"], "2022-11-25T18:00:00Z");
        assert_eq!(rows[0]["early_close"], true);
        assert!(rows[0]["break_start_utc"].is_null());
        assert_eq!(rows.as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn a_person_reads_exchange_time() {
        let expected = "\
CME_EQUITY, in the time of America/Chicago
2019-12-24 Tue  17:00 the day before to 12:15, early close
2019-12-26 Thu  17:00 the day before to 16:00, break 15:15 to 15:30
2 sessions
";
        assert_eq!(table("COMMODITIES", "2019-12-24", "2019-12-27", TableForm::Text), expected);
    }

    #[test]
    fn the_last_date_of_a_calendar_can_be_asked_for() {
        let table = table("24/7", "2060-12-31", "2061-01-01", TableForm::Csv);
        assert_eq!(table.lines().count(), 2);
    }
}
