//! Stories of the wall clock of a live run: sleep, one wild reading, a clock that was set back.

use openbell_coordinator::{Answer, Phase, Sessions, SymbolState};
use openbell_data_manager::{Arrival, DownCause, Link, ScriptedFeed};
use openbell_recorder::{MemoryRecording, Replay};
use openbell_session_data::Reason;
use openbell_tests::{LiveMarket, LiveStory, Notified, at, bar_at, config, series, sym};
use openbell_time::Nanos;

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
fn after_a_first_reading_that_was_wild_a_close_is_waited_for_by_the_time_that_it_is() {
    let json = config(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "");
    let mut feed = ScriptedFeed::new(series("AAPL 1m"), at(DAY, 9, 0), secs(86_400));
    let (why, next_try) = (DownCause::Broken("refused".into()), Some(at(DAY, 16, 1)));
    feed.arrives(at(DAY, 9, 0), Arrival::Link(Link::Down { since: at(DAY, 9, 0), why, next_try }));
    let mut story = run(&json, [feed], at(DAY, 16, 1));
    assert!(story.look(at(DAY, 23, 0)), "nobody knows better, and what is owed has time to come");
    story.now = at(DAY, 16, 1);
    story.go(at(DAY, 16, 5) + secs(59));
    assert_eq!(story.engine.phase(), Phase::Streaming);
    story.go(at(DAY, 16, 7));
    assert_eq!(story.engine.phase(), Phase::Closed);
}

#[test]
fn after_a_wild_reading_the_gate_opens_with_the_next_one_that_is_believed() {
    let json = config(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "");
    let mut story = run(&json, [healthy("AAPL", &[DAY])], at(DAY, 9, 29));
    let ten = at(DAY, 10, 0) + secs(5);
    story.go(ten);
    story.look(at(DAY, 18, 0));
    assert!(!story.is_active());
    // Nothing has arrived, and nothing would be due for most of a second.
    story.look(ten + Nanos::from_nanos(200_000_000));
    assert!(story.is_active(), "nothing is wrong with what is there");
    let switches = story.switches(at(DAY, 9, 30));
    assert_eq!(switches[1..], [(1_805, "clock_stepped"), (1_805, "open")]);
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

#[test]
fn with_our_clock_behind_each_mark_is_evidence_when_the_clock_has_come_to_it() {
    // Our clock is 3 s behind: what is said at the end of each second lies ahead of it, and the next
    // mark comes before the clock has reached the one before. Something trades in every fourth second.
    let open = at(DAY, 9, 30);
    let mut feed = ScriptedFeed::new(series("AAPL 1s"), at(DAY, 9, 0), secs(36_000));
    let closes = |second: i64| open + secs(second + 1);
    for second in 0..600 {
        let said_at = closes(second) - secs(3) + Nanos::from_nanos(200_000_000);
        if second % 4 == 0 {
            let opens_at = open + secs(second);
            let bar = Arrival::Bar { opens_at, ohlcv: bar_at("AAPL", opens_at) };
            feed.arrives(said_at, bar);
        }
        feed.arrives(said_at, Arrival::CompleteThrough(closes(second)));
    }
    let json = config(r#"["AAPL"]"#, r#"["1s", "5m"]"#, DAY, "");
    let mut story = run(&json, [feed], at(DAY, 9, 29));
    for second in 0..600 {
        story.go(closes(second));
        let due: Vec<_> = (0..=second).step_by(4).map(closes).collect();
        assert_eq!(story.closes("AAPL"), due, "at second {second}");
        let state = story.engine.handle().status().symbols[0].state;
        let is_quiet = second % 4 != 0;
        let due = if is_quiet { SymbolState::Quiet } else { SymbolState::Live };
        assert_eq!(state, due, "at second {second}");
    }
    assert_eq!(story.switches(open), [(0, "open")]);
}

#[test]
fn a_run_whose_clock_was_set_back_and_comes_to_a_time_again_is_repeated_from_its_inputs() {
    let json = config(r#"["AAPL", "MSFT"]"#, r#"["1m"]"#, DAY, "");
    let market = LiveMarket::new([healthy("AAPL", &[DAY]), healthy("MSFT", &[DAY])]);
    let (began, recording) = (at(DAY, 9, 29), MemoryRecording::default());
    let mut story = LiveStory::new(&json, market.clone(), Sessions::OfConfig, began);
    story.engine.record_with(Box::new(recording.clone()));
    let noon = at(DAY, 12, 0) + secs(5);
    let tenths = |n: i64| Nanos::from_nanos(n * 100_000_000);
    story.go(noon);
    let n_looks = recording.looks().len();
    story.look(noon + tenths(9));
    assert_eq!(recording.looks().len(), n_looks, "nothing is due");
    story.look(noon - secs(900));
    let ticket = story.engine.handle().remove_symbols([sym("MSFT")]);
    story.look(noon - secs(899));
    assert!(ticket.try_answer().is_some());
    // The clock is right again: a second reading agrees, and that of the roster that has changed is a
    // look at an instant before the one at which nothing was due.
    story.look(noon + tenths(5));
    story.look(noon + tenths(6));
    assert_eq!(story.engine.clock().now(), noon + tenths(6));
    story.go(noon + secs(300));
    let replay = Replay::new(recording.looks().into_iter().map(Ok));
    let source = replay.source(Box::new(market));
    let mut again = LiveStory::of(&json, source, Sessions::OfConfig, began);
    again.engine.record_with(replay.hold(None));
    let repeated = replay.run(&mut again.engine);
    assert!(repeated.is_ok(), "{}", repeated.unwrap_err());
    assert_eq!(again.engine.events(), story.engine.events());
    assert_eq!(again.engine.report().digest, story.engine.report().digest);
}
