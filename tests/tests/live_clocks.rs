//! Stories of the wall clock of a live run: sleep, one wild reading, a clock that was set back.

use openbell_coordinator::Answer;
use openbell_session_data::Reason;
use openbell_tests::{Notified, at, config, sym};

use crate::live_support::{DAY, healthy, record, run, secs, told};

#[test]
fn a_wake_from_sleep_shuts_the_gate_at_once_and_no_old_bar_is_told_as_news() {
    let json = config(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, "");
    let mut story = run(&json, [healthy("AAPL", &[DAY])], at(DAY, 9, 29));
    let record = record(&mut story);
    story.go(at(DAY, 10, 4));
    let mut reader = story.engine.outside_reader();
    assert!(reader.view().is_ok());
    let woken = at(DAY, 12, 0) + secs(10);
    assert!(story.look(woken));
    let inactive = reader.view().err().expect("the first reading after a sleep is shown to nobody");
    assert_eq!(inactive.facts().reason.name(), "clock_stepped", "{inactive}");
    assert_eq!(story.engine.clock().now(), at(DAY, 10, 4), "one reading moves no clock");
    story.go(woken + secs(2));
    assert!(story.is_active());
    assert_eq!(story.engine.clock().now(), woken + secs(2));
    let (news, resumed) = told(&record);
    assert!(news.iter().all(|&closed| closed <= 34 * 60), "{news:?}");
    assert_eq!(resumed.len(), 1);
    assert_eq!((resumed[0].skipped[0].first, resumed[0].skipped[0].last), (33, 149));
}

#[test]
fn one_wild_reading_ahead_ends_nothing() {
    let json = config(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "");
    let mut story = run(&json, [healthy("AAPL", &[DAY])], at(DAY, 9, 29));
    story.go(at(DAY, 10, 0));
    assert!(story.look(at(DAY, 18, 0)));
    assert!(!story.is_active());
    story.now = at(DAY, 10, 0);
    story.go(at(DAY, 10, 5));
    assert!(story.is_active());
    assert_eq!(story.engine.clock().now(), at(DAY, 10, 5));
    assert_eq!(story.closes("AAPL").len(), 34);
}

#[test]
fn while_the_wall_lies_behind_the_session_clock_nothing_is_shown_and_commands_are_taken() {
    let json = config(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "");
    let mut story = run(&json, [healthy("AAPL", &[DAY])], at(DAY, 9, 29));
    let record = record(&mut story);
    story.go(at(DAY, 12, 0));
    story.now = at(DAY, 11, 0);
    story.go(at(DAY, 11, 1));
    let inactive = story.engine.outside_reader().view().err().expect("the clock was set back");
    let Reason::ClockStepped { by } = inactive.facts().reason else { panic!("{inactive}") };
    assert_eq!(by, secs(-3_540), "{inactive}");
    assert_eq!(story.engine.clock().now(), at(DAY, 12, 0), "the session clock stands");
    assert!(record.all().iter().any(|told| matches!(told, Notified::Deactivated { .. })));
    let ticket = story.engine.handle().lock(sym("AAPL"));
    story.go(at(DAY, 11, 2));
    assert_eq!(ticket.try_answer(), Some(Answer::Done));
    story.go_by(at(DAY, 12, 10), secs(20));
    assert!(story.is_active());
    assert_eq!(story.closes("AAPL").len(), 159);
}
