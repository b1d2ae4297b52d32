//! What a person may lay over the facts, and the errors of lines that are wrong.

use openbell_time::{TimeError, TimeManager, TradingDate};

fn date(text: &str) -> TradingDate {
    text.parse().expect("a date of this test")
}

#[track_caller]
fn refusal(overlay: &str) -> String {
    TimeManager::with_overlay(overlay).expect_err("a wrong overlay").to_string()
}

#[test]
fn an_overlay_counts_over_the_facts_and_only_for_its_calendar() {
    let time = TimeManager::with_overlay(
        "calendar XNYS
         closed  2025-03-03                    = burst pipe
         open    2025-01-09                    # no mourning here
         late    10:30 2025-03-04
         calendar XLON
         early   12:00 2025-03-03, ",
    );
    assert!(matches!(time, Err(TimeError::FactLine { line_no: 6, .. })));
    let time = TimeManager::with_overlay(
        "calendar XNYS
         closed  2025-03-03                    = burst pipe
         open    2025-01-09                    # no mourning here
         late    10:30 2025-03-04
         open    2025-03-08, hours 10:00 to 12:00
         calendar XLON
         early   12:00 2025-03-03",
    )
    .expect("an overlay without a fault");
    let new_york = time.calendar("US_EQUITY").expect("known");
    assert_eq!(new_york.is_session(date("2025-03-03")), Ok(false));
    assert_eq!(new_york.is_session(date("2025-01-09")), Ok(true));
    let late = new_york.session(date("2025-03-04")).expect("covered").expect("a session");
    assert!(late.is_late_open);
    assert_eq!(late.open.to_string(), "2025-03-04T15:30:00Z");
    let saturday = new_york.session(date("2025-03-08")).expect("covered").expect("a session");
    assert_eq!(saturday.close.to_string(), "2025-03-08T17:00:00Z");
    let london = time.calendar("XLON").expect("known");
    assert!(london.session(date("2025-03-03")).expect("covered").expect("one").is_early_close);
    assert_eq!(time.calendar("XTKS").expect("known").is_session(date("2025-03-03")), Ok(true));
}

#[test]
fn a_special_session_may_have_two_parts_or_be_an_evening() {
    let time = TimeManager::with_overlay(
        "calendar XNYS
         open    2025-03-08, hours 09:15 to 12:30, break 10:00 to 11:30   = a Saturday in two parts
         open    2025-03-09, hours 18:15 to 19:15                         = a Sunday evening",
    );
    let new_york = time.expect("an overlay without a fault").calendar("XNYS").expect("known");
    let session = |day| new_york.session(date(day)).expect("covered").expect("a session");
    let saturday = session("2025-03-08");
    let shut = saturday.break_hours.expect("a break of its own");
    assert_eq!(shut.since.to_string(), "2025-03-08T15:00:00Z");
    assert_eq!(shut.until.to_string(), "2025-03-08T16:30:00Z");
    assert_eq!(saturday.open_length().as_secs(), 105 * 60);
    assert_eq!((saturday.pre_open, saturday.post_close), (None, None));
    // New York set its clocks forward on that Sunday morning.
    assert_eq!(session("2025-03-09").open.to_string(), "2025-03-09T22:15:00Z");
}

#[test]
fn two_managers_side_by_side_do_not_share_their_overlays() {
    let changed = TimeManager::with_overlay("calendar 24/7\nclosed 2025-03-03");
    let changed = changed.expect("an overlay without a fault").calendar("CRYPTO").expect("known");
    let plain = TimeManager::new().calendar("CRYPTO").expect("known");
    assert_eq!(changed.is_session(date("2025-03-03")), Ok(false));
    assert_eq!(plain.is_session(date("2025-03-03")), Ok(true));
}

#[test]
fn a_wrong_line_is_named_with_what_is_needed_there() {
    let cases = [
        ("closed 2025-03-03", "lack a line `calendar"),
        ("calendar XNYZ\nclosed 2025-03-03", "did you mean \"XNYS\""),
        ("calendar XNYS\nclosd 2025-03-03", "line 2"),
        ("calendar XNYS\nclosed 2025-02-30", "needs a date, YYYY-MM-DD, found \"2025-02-30\""),
        ("calendar XNYS\nclosed 1970-01-01", "needs a date that the calendar covers"),
        ("calendar XNYS\nclosed third Mun of Jan", "needs dates, or a day such as"),
        ("calendar XNYS\nclosed 2025-03-03, if Sun +1", "takes no limits beside written dates"),
        ("calendar XNYS\nearly 25:00 2025-03-03", "needs a time of day, HH:MM"),
        ("calendar XNYS\nearly 12:00 2025-03-02", "2025-03-02, which is no session"),
        ("calendar XNYS\nearly 08:00 2025-03-03", "closes before it opens"),
        ("calendar XNYS\nearly 12:00 2025-03-03, post 11:00", "post-market ends before it closes"),
        ("calendar XNYS\nlate 03:00 2025-03-03", "opens before its pre-market"),
        ("calendar XNYS\nzone Europe/Paris", "an overlay holds"),
        ("calendar XNYS\nhours 10:00 to 09:00", "needs pre, open, break, close and post"),
        ("calendar XNYS\nopen 2025-03-08, break 10:00 to 11:00", "needs `hours …` before"),
        (
            "calendar XNYS\nopen 2025-03-08, hours 10:00 to 11:00, break 10:30 to 12:00",
            "needs pre, open, break, close and post",
        ),
        ("calendar XNYS\nclosed 2025-03-03, break 10:00 to 11:00", "what this kind of line takes"),
        ("calendar XNYS\nweekdays", "needs at least one weekday"),
        ("calendar CME_EQUITY\nhours previous 10:00 to 16:00", "before the one before it closes"),
    ];
    for (overlay, expected) in cases {
        let message = refusal(overlay);
        assert!(message.contains(expected), "{overlay:?}: {message}");
    }
}

#[test]
fn later_lines_and_written_dates_count_over_rules() {
    let time = TimeManager::with_overlay(
        "calendar 24/7
         early 12:00 2025-03-03
         early 13:00 Mar 3
         early 14:00 2025-03-03",
    )
    .expect("an overlay without a fault");
    let always = time.calendar("24/7").expect("known");
    let close = |day: &str| always.session(date(day)).expect("covered").expect("one").close;
    assert_eq!(close("2025-03-03").to_string(), "2025-03-03T14:00:00Z");
    assert_eq!(close("2024-03-03").to_string(), "2024-03-03T13:00:00Z");
}

#[test]
fn a_session_that_opens_two_utc_days_before_its_date_is_found() {
    // 05:00 in Sydney on the day before, which is 18:00 UTC two days before.
    let time = TimeManager::with_overlay("calendar XASX\nhours previous 05:00 to previous 20:00");
    let sydney = time.expect("an overlay without a fault").calendar("XASX").expect("known");
    let instant = "2025-03-04T19:00:00Z".parse().expect("an instant");
    let session = sydney.session_at(instant).expect("covered").expect("an early hour of its day");
    assert_eq!(session.date, date("2025-03-06"));
    assert_eq!(sydney.cursor().is_open(instant), Ok(true));
}
