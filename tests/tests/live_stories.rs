//! Stories of a live session: starts at any hour, nights, outages, clocks that step, late and revised
//! bars, and what comes after the close.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use openbell_coordinator::{
    AddFailure, Added, Answer, BarClosed, Consumer, Context, Corrected, CorrectionKind, Event,
    OnError, Outcome, Phase, Removed, Resumed, SessionCommand, Sessions, Source, SourceReadiness,
    Stay, SymbolState, Ticket, UnknownSymbol, symbol_print,
};
use openbell_data_manager::{Arrival, DataError, DownCause, Feed, Link, ScriptedFeed, Trading};
use openbell_market::{BarColumns, BarInterval, Ohlcv, RejectReason, SeriesKey, Symbol};
use openbell_session_data::{Reason, Why};
use openbell_tests::{
    LiveMarket, LiveStory, Mirror, Notified, Record, Recorder, at, bar_at, bars_of, config, dated,
    series, sym, syms,
};
use openbell_time::{Calendar, Nanos, Timestamp};

const DAY: &str = "2025-07-02";
const NEXT: &str = "2025-07-03";

fn secs(seconds: i64) -> Nanos {
    Nanos::from_secs(seconds)
}

fn one(rows: &BarColumns, row: usize) -> BarColumns {
    let mut one = BarColumns::default();
    one.extend_from(rows, row..row + 1);
    one
}

/// A feed of the regular minutes of `symbol` on `days`, each a second after its close.
fn healthy(symbol: &str, days: &[&str]) -> ScriptedFeed {
    let key = series(&format!("{symbol} 1m"));
    let mut feed = ScriptedFeed::new(key.clone(), at(days[0], 9, 0), secs(86_400 * 5));
    feed.continuous();
    for day in days {
        let n_minutes = if *day == NEXT { 210 } else { 390 };
        feed.arrives(at(day, 9, 0), Arrival::CompleteThrough(at(day, 9, 0)));
        feed.arrive_after_close(&bars_of(&key, at(day, 9, 30), n_minutes), secs(1));
    }
    feed
}

fn run(json: &str, feeds: impl IntoIterator<Item = ScriptedFeed>, now: Timestamp) -> LiveStory {
    LiveStory::new(json, LiveMarket::new(feeds), Sessions::OfConfig, now)
}

fn record(story: &mut LiveStory) -> Record {
    let record = Record::default();
    story.engine.register(Box::new(Recorder(record.clone())), OnError::StopRun);
    story.engine.register(Box::new(Mirror::new().0), OnError::StopRun);
    record
}

/// The bars that consumers were told of one by one, as seconds since the open of `DAY`, and the
/// ranges that they were told of at once.
fn told(record: &Record) -> (Vec<i64>, Vec<Resumed>) {
    let (mut news, mut resumed) = (Vec::new(), Vec::new());
    for notified in record.all() {
        match notified {
            Notified::Bars { bars, .. } => {
                news.extend(bars.iter().map(|bar| (bar.closes_at - at(DAY, 9, 30)).as_secs()));
            }
            Notified::Resumed(one) => resumed.push(one),
            _ => {}
        }
    }
    (news, resumed)
}

fn is_rejection(event: &&Event) -> bool {
    matches!(event, Event::Rejected { .. })
}

#[test]
fn a_start_in_the_afternoon_catches_up_in_silence_and_opens_with_one_range() {
    let key = series("AAPL 1m");
    let started = at(DAY, 14, 0) + secs(5);
    let mut feed = ScriptedFeed::new(key.clone(), started, secs(3_600));
    // The vendor's history of the day is there when the run starts; then each bar a second late.
    for row in 0..270 {
        let bars = bars_of(&key, at(DAY, 9, 30), 270);
        feed.arrives(
            started,
            Arrival::Bar { opens_at: bars.opens_at(row), ohlcv: bars.ohlcv(row) },
        );
    }
    feed.continuous().arrive_after_close(&bars_of(&key, at(DAY, 14, 0), 120), secs(1));
    let json = config(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, "");
    let mut story = run(&json, [feed], started - secs(1));
    let record = record(&mut story);
    story.go(at(DAY, 14, 10));
    let open = at(DAY, 9, 30);
    assert_eq!(story.switches(open), [(16_205, "open")]);
    let (news, resumed) = told(&record);
    assert!(news.iter().all(|&closed| closed > 16_200), "an old bar was told as news: {news:?}");
    assert_eq!(resumed.len(), 1);
    let ranges: Vec<_> = resumed[0].skipped.iter().map(|s| (s.first, s.last)).collect();
    assert_eq!(ranges, [(0, 269), (0, 53)]);
    let caught_up = story.engine.events().iter().find_map(|event| match event {
        Event::CaughtUp { n_bars, .. } => Some(*n_bars),
        _ => None,
    });
    assert_eq!(caught_up, Some(270));
    assert_eq!(story.engine.events().iter().filter(is_rejection).count(), 0);
}

#[test]
fn a_session_that_is_over_is_caught_up_and_closed_and_the_next_begins_at_its_own_time() {
    let json = dated((DAY, NEXT), r#"["AAPL"]"#, r#"["1m", "5m"]"#, "");
    let mut story = run(&json, [healthy("AAPL", &[DAY, NEXT])], at(NEXT, 9, 0));
    story.go_by(at(NEXT, 14, 0), secs(5));
    let report = story.engine.report();
    assert_eq!((report.phase, report.failure), (Phase::Closed, None));
    let n_bars: Vec<u64> = report.sessions.iter().map(|session| session.n_bars).collect();
    assert_eq!(n_bars, [390, 210]);
    // The session of yesterday was never shown as one of now.
    assert_eq!(report.sessions[0].switches.iter().filter(|s| s.reason.is_none()).count(), 1);
    assert!(report.sessions[1].switches[0].at >= at(NEXT, 9, 30));
}

#[test]
fn adjoining_sessions_run_through_midnight_and_a_night_asleep() {
    let (key, since) = (series("BTC 1m"), "2025-07-02T00:00:00Z".parse::<Timestamp>().unwrap());
    let mut feed = ScriptedFeed::new(key.clone(), since, secs(86_400 * 5));
    feed.continuous().arrive_after_close(&bars_of(&key, since, 3 * 1440), secs(1));
    let json = dated((DAY, "2025-07-04"), r#"["BTC"]"#, r#"["1m", "1h"]"#, "")
        .replace("\"mode\"", "\"exchange_group\": \"CRYPTO\", \"mode\"");
    let mut story = run(&json, [feed], since - secs(10));
    let record = record(&mut story);
    story.go_by(since + secs(86_400 + 7_200), secs(20));
    assert!(story.is_active());
    story.sleep(since + secs(86_400 + 36_000));
    story.go_by(since + secs(3 * 86_400 + 60), secs(20));
    let report = story.engine.report();
    assert_eq!((report.phase, report.failure), (Phase::Closed, None));
    assert_eq!(report.sessions.iter().map(|s| s.n_bars).collect::<Vec<_>>(), [1440; 3]);
    assert_eq!(story.engine.events().iter().filter(is_rejection).count(), 0);
    // Eight hours of sleep are told as one range.
    let slept = told(&record).1.into_iter().filter(|r| r.skipped.iter().any(|s| s.n_bars() > 400));
    assert_eq!(slept.count(), 1);
}

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

#[test]
fn a_stop_between_sessions_is_taken_at_once_and_an_add_with_the_next_session() {
    let json = dated((DAY, NEXT), r#"["AAPL"]"#, r#"["1m"]"#, "");
    let feeds = || [healthy("AAPL", &[DAY, NEXT]), healthy("MSFT", &[DAY, NEXT])];
    let mut story = run(&json, feeds(), at(DAY, 9, 29));
    story.go_by(at(DAY, 20, 0), secs(5));
    assert_eq!(story.engine.n_sessions_closed(), 1);
    let ticket = story.engine.handle().stop();
    story.go(at(DAY, 20, 0) + secs(1));
    assert_eq!((ticket.try_answer(), story.engine.phase()), (Some(Answer::Done), Phase::Stopped));

    let mut story = run(&json, feeds(), at(DAY, 9, 29));
    story.go_by(at(DAY, 20, 0), secs(5));
    let ticket = story.engine.handle().add_symbols(syms(&["MSFT"]));
    story.go_by(at(NEXT, 9, 0), secs(30));
    assert_eq!(ticket.try_answer(), None, "no session is there that it could join");
    story.go(at(NEXT, 9, 32));
    let Some(Answer::Added(added)) = ticket.try_answer() else { panic!("no answer") };
    assert_eq!(added, [(sym("MSFT"), Added::Added { generation: 1 })]);
}

#[test]
fn after_an_outage_the_gate_waits_for_every_missing_bar_and_counts_them_as_caught_up() {
    let key = series("AAPL 1m");
    let bars = bars_of(&key, at(DAY, 9, 30), 390);
    let (cut, back) = (at(DAY, 13, 36) + secs(25), at(DAY, 13, 41) + secs(4));
    let mut feed = ScriptedFeed::new(key, at(DAY, 9, 0), secs(3_600));
    feed.continuous();
    for row in 0..390 {
        let (opens_at, ohlcv) = (bars.opens_at(row), bars.ohlcv(row));
        let closes_at = opens_at + secs(60);
        let is_lost = cut < closes_at && closes_at < back;
        if !is_lost {
            feed.arrives(closes_at + secs(1), Arrival::Bar { opens_at, ohlcv });
        }
    }
    let why = DownCause::Broken("reset by peer".into());
    feed.arrives(cut + secs(25), Arrival::Link(Link::Down { since: cut, why, next_try: None }));
    // The stream is back with the bar of 13:41 before history has those of 13:36 to 13:40.
    let missing = at(DAY, 13, 36)..at(DAY, 13, 41);
    feed.arrives(back, Arrival::Link(Link::CatchingUp { missing, n_tries: 1 }));
    let answered = at(DAY, 13, 42) + secs(10);
    for row in 246..251 {
        let (opens_at, ohlcv) = (bars.opens_at(row), bars.ohlcv(row));
        feed.arrives(answered, Arrival::Bar { opens_at, ohlcv });
    }
    feed.arrives(answered, Arrival::CompleteThrough(at(DAY, 13, 42)));
    feed.arrives(answered, Arrival::Link(Link::Up { heard_at: answered }));
    let json = config(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, "");
    let mut story = run(&json, [feed], at(DAY, 9, 29));
    let record = record(&mut story);
    story.go(at(DAY, 13, 42));
    assert!(!story.is_active());
    let status = &story.engine.handle().status().symbols[0];
    assert_eq!(status.state, SymbolState::Late, "{status:?}");
    assert_eq!(status.why, Why::Overdue { closes_at: at(DAY, 13, 37) });
    story.go(at(DAY, 14, 0));
    let noon = at(DAY, 13, 36);
    let since = story.switches(noon);
    assert_eq!(since[1..], [(50, "silent"), (370, "open")], "{since:?}");
    let is_counted =
        |event: &&Event| matches!(event, Event::Corrected { .. } | Event::Rejected { .. });
    assert_eq!(story.engine.events().iter().filter(is_counted).count(), 0);
    let caught_up: Vec<u64> = story
        .engine
        .events()
        .iter()
        .filter_map(|event| match event {
            Event::CaughtUp { n_bars, .. } => Some(*n_bars),
            _ => None,
        })
        .collect();
    assert_eq!(caught_up, [6], "those of the outage, and the one that waited for them");
    let (_, resumed) = told(&record);
    assert_eq!((resumed[0].skipped[0].first, resumed[0].skipped[0].last), (246, 251));
}

#[test]
fn a_silent_topic_is_late_and_never_quiet_and_a_proven_silence_is_quiet_and_holds_nobody() {
    let json = config(r#"["AAPL", "MSFT"]"#, r#"["1m"]"#, DAY, "");
    let key = series("MSFT 1m");
    let beats = |feed: &mut ScriptedFeed| {
        for second in (0..7_200).step_by(5) {
            feed.arrives(at(DAY, 9, 30) + secs(second), Arrival::Heartbeat);
        }
    };
    // It beats and sends nothing from 10:00 on.
    let mut silent = ScriptedFeed::new(key.clone(), at(DAY, 9, 0), secs(30));
    silent.continuous().arrive_after_close(&bars_of(&key, at(DAY, 9, 30), 30), secs(1));
    beats(&mut silent);
    let mut story = run(&json, [healthy("AAPL", &[DAY]), silent], at(DAY, 9, 29));
    story.go(at(DAY, 10, 30));
    assert_eq!(story.switches(at(DAY, 10, 0)), [(-1_800, "open"), (121, "late")]);
    assert_eq!(story.engine.handle().status().symbols[1].state, SymbolState::Late);

    // Nothing is traded from 10:00 on, and each minute that is proven ten seconds later.
    let mut quiet = ScriptedFeed::new(key.clone(), at(DAY, 9, 0), secs(30));
    quiet.continuous().arrive_after_close(&bars_of(&key, at(DAY, 9, 30), 30), secs(1));
    beats(&mut quiet);
    for minute in 1..=30 {
        let end = at(DAY, 10, 0) + secs(60 * minute);
        quiet.arrives(end + secs(10), Arrival::CompleteThrough(end));
    }
    let mut story = run(&json, [healthy("AAPL", &[DAY]), quiet], at(DAY, 9, 29));
    let state = |story: &LiveStory| story.engine.handle().status().symbols[1].clone();
    story.go(at(DAY, 10, 1) + secs(9));
    assert_eq!(
        state(&story).state,
        SymbolState::Live,
        "its last bar is there, and none is proven absent"
    );
    story.go(at(DAY, 10, 1) + secs(10));
    assert_eq!(state(&story).why, Why::NoTrade { since: at(DAY, 10, 0) });
    story.go(at(DAY, 10, 30));
    assert_eq!(story.switches(at(DAY, 10, 0)), [(-1_800, "open")]);
    assert_eq!(state(&story).since, Some(at(DAY, 10, 1) + secs(10)), "it does not flap");
}

#[test]
fn quality_tells_bars_that_are_missing_from_those_that_are_proven_never_to_have_been() {
    let key = series("AAPL 1m");
    // 30 minutes with trades, 10 of which it is proven that they have none, 5 more with trades, and
    // from 10:15 on nobody says anything.
    let mut feed = ScriptedFeed::new(key.clone(), at(DAY, 9, 0), secs(36_000));
    feed.continuous().arrive_after_close(&bars_of(&key, at(DAY, 9, 30), 30), secs(1));
    feed.arrives(at(DAY, 10, 10) + secs(1), Arrival::CompleteThrough(at(DAY, 10, 10)));
    feed.arrive_after_close(&bars_of(&key, at(DAY, 10, 10), 5), secs(1));
    for (more, n_no_trade, n_missing) in [
        ("", Some(10), Some(345)),
        (r#", "gap_filler": {"enable_session_quality": false}"#, None, None),
    ] {
        let json = config(r#"["AAPL"]"#, r#"["1m"]"#, DAY, more);
        let mut story = run(&json, [feed.clone()], at(DAY, 9, 29));
        story.go_by(at(DAY, 16, 30), secs(5));
        let report = story.engine.report();
        let symbol = &report.sessions[0].symbols[0];
        assert_eq!(symbol.live.expect("it is a live one").n_no_trade, n_no_trade, "{more}");
        assert_eq!(symbol.n_missing(), n_missing, "{more}");
        assert_eq!(symbol.series[0].n_bars, 35);
        let expected = symbol.series[0].coverage.map(|coverage| coverage.expected);
        assert_eq!(expected, n_no_trade.map(|_| 390), "quality is of what is there");
    }
}

#[test]
fn a_completeness_mark_that_lies_ahead_keeps_no_gate_open() {
    let key = series("AAPL 1m");
    let mut feed = ScriptedFeed::new(key.clone(), at(DAY, 9, 0), secs(36_000));
    feed.continuous().arrive_after_close(&bars_of(&key, at(DAY, 9, 30), 30), secs(1));
    feed.arrives(at(DAY, 10, 0) + secs(2), Arrival::CompleteThrough(at(DAY, 11, 0)));
    let json = config(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "");
    let mut story = run(&json, [feed], at(DAY, 9, 29));
    story.go(at(DAY, 11, 30));
    assert_eq!(story.switches(at(DAY, 10, 0)), [(-1_800, "open"), (121, "late")]);
}

#[test]
fn a_bar_that_a_break_or_the_close_cuts_short_is_delivered_at_the_cut() {
    // Tokyo trades from 9:00 to 11:30 and from 12:30: of 1h bars the third ends at the break.
    let json = dated((DAY, DAY), r#"["7203"]"#, r#"["1h"]"#, "")
        .replace("\"mode\"", "\"exchange_group\": \"XTKS\", \"mode\"");
    let key = series("7203 1h");
    let open = "2025-07-02T00:00:00Z".parse::<Timestamp>().unwrap();
    let mut feed = ScriptedFeed::new(key, open - secs(60), secs(86_400));
    for (opens_s, closes_s) in [
        (0, 3_600),
        (3_600, 7_200),
        (7_200, 9_000),
        (12_600, 16_200),
        (16_200, 19_800),
        (19_800, 23_400),
    ] {
        let opens_at = open + secs(opens_s);
        let bar = Arrival::Bar { opens_at, ohlcv: bar_at("7203", opens_at) };
        feed.arrives(open + secs(closes_s + 1), bar);
    }
    let mut story = run(&json, [feed], open - secs(10));
    story.go_by(open + secs(9_002), secs(1));
    assert_eq!(story.closes("7203").len(), 3, "the one that the break cuts short is there");
    story.go_by(open + secs(23_420), secs(1));
    let report = story.engine.report();
    assert_eq!((report.phase, report.sessions[0].n_bars), (Phase::Closed, 6));
    assert_eq!(story.engine.events().iter().filter(is_rejection).count(), 0);
}

#[test]
fn at_the_close_no_gate_opens_over_what_is_owed() {
    let json = config(r#"["AAPL", "MSFT"]"#, r#"["1m"]"#, DAY, "");
    let key = series("MSFT 1m");
    let mut dead = ScriptedFeed::new(key.clone(), at(DAY, 9, 0), secs(60));
    dead.continuous().arrive_after_close(&bars_of(&key, at(DAY, 9, 30), 300), secs(1));
    let mut story = run(&json, [healthy("AAPL", &[DAY]), dead], at(DAY, 9, 29));
    story.go_by(at(DAY, 16, 30), secs(1));
    let switches = story.switches(at(DAY, 14, 30));
    assert_eq!(switches.len(), 2, "{switches:?}");
    assert_eq!(story.engine.phase(), Phase::Closed);
    let closed = &story.engine.report().sessions[0];
    assert_eq!(closed.symbols.iter().map(|s| s.series[0].n_bars).collect::<Vec<_>>(), [390, 300]);
}

#[test]
fn the_last_bars_of_a_feed_that_is_behind_are_waited_for_at_the_close() {
    let json = config(r#"["AAPL"]"#, r#"["1m", "1d"]"#, DAY, "");
    let key = series("AAPL 1m");
    let mut feed = ScriptedFeed::new(key.clone(), at(DAY, 9, 0), secs(300));
    feed.continuous().arrive_after_close(&bars_of(&key, at(DAY, 9, 30), 390), secs(90));
    let mut story = run(&json, [feed], at(DAY, 9, 29));
    story.go(at(DAY, 16, 2));
    let report = story.engine.report();
    assert_eq!((report.phase, report.sessions[0].n_bars), (Phase::Closed, 390));
    // Its last instant alone is shown: with all that belongs to it, as in a replay.
    let close = at(DAY, 16, 0);
    assert_eq!(story.switches(close), [(0, "open"), (0, "closed")]);
}

#[test]
fn what_comes_after_the_books_are_closed_is_counted_as_late_in_the_session_that_is_open() {
    let json = dated((DAY, NEXT), r#"["AAPL"]"#, r#"["1m"]"#, "");
    let key = series("AAPL 1m");
    let mut feed = ScriptedFeed::new(key.clone(), at(DAY, 9, 0), secs(86_400));
    let bars = bars_of(&key, at(DAY, 9, 30), 390);
    feed.continuous().arrive_after_close(&bars, secs(9));
    feed.arrives(at(NEXT, 9, 0), Arrival::CompleteThrough(at(NEXT, 9, 0)));
    feed.arrive_after_close(&bars_of(&key, at(NEXT, 9, 30), 210), secs(9));
    feed.arrives(
        at(NEXT, 11, 0),
        Arrival::Bar { opens_at: bars.opens_at(7), ohlcv: bars.ohlcv(7) },
    );
    let mut story = run(&json, [feed], at(DAY, 9, 29));
    story.go_by(at(NEXT, 14, 0), secs(4));
    let report = story.engine.report();
    let late = |session: usize| {
        let symbol = &report.sessions[session].symbols[0];
        let live = symbol.live.expect("a live session");
        let n_bars = symbol.series[0].n_bars;
        let n_rejected: u64 = symbol.rejected.values().sum();
        let n_delivered = live.n_delivered(n_bars);
        let n_corrected = live.n_late + live.n_revised;
        assert_eq!(n_delivered + n_corrected + n_rejected, live.n_handed, "{symbol:?}");
        (n_bars, symbol.rejected.get(&RejectReason::Late).copied())
    };
    // Nine seconds are more than the last bar has time to come.
    assert_eq!(late(0), (389, None));
    assert_eq!(late(1), (209, Some(2)));
}

/// Notes every correction, and the rows of the base series at that moment.
struct Corrections(Arc<Mutex<Vec<(Corrected, usize)>>>);

impl Consumer for Corrections {
    fn name(&self) -> &str {
        "corrections"
    }

    fn corrected(&mut self, context: &mut Context<'_>, corrected: &Corrected) -> Outcome {
        let symbol = context.view().symbol(corrected.symbol.as_str())?;
        let n_rows = symbol.series(corrected.interval).ok_or("no such series")?.today().len();
        self.0.lock().map_err(|_| "a panic elsewhere")?.push((corrected.clone(), n_rows));
        Ok(())
    }
}

#[test]
fn a_revision_changes_what_is_read_from_then_on_and_nothing_that_is_held() {
    let key = series("AAPL 1m");
    let mut feed = ScriptedFeed::new(key.clone(), at(DAY, 9, 0), secs(3_600));
    feed.continuous().arrive_after_close(&bars_of(&key, at(DAY, 9, 30), 60), secs(1));
    let opens_at = at(DAY, 9, 40);
    let better = Ohlcv { open: 10.0, high: 12.0, low: 9.0, close: 11.0, volume: 5.0 };
    feed.arrives(at(DAY, 9, 41) + secs(30), Arrival::Revision { opens_at, ohlcv: better });
    let indicators = r#", "indicators": {"session": [
        {"name": "sma", "period": 5, "interval": "5m", "type": "trend"}]}"#;
    let json = config(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, indicators);
    let mut story = run(&json, [feed], at(DAY, 9, 29));
    let corrections = Arc::new(Mutex::new(Vec::new()));
    story.engine.register(Box::new(Corrections(Arc::clone(&corrections))), OnError::StopRun);
    story.engine.register(Box::new(Mirror::new().0), OnError::StopRun);
    story.go(at(DAY, 9, 41) + secs(29));
    let before = story.engine.outside_reader().view().expect("active").hold();
    story.go(at(DAY, 9, 41) + secs(30));
    let after = story.engine.outside_reader().view().expect("active").hold();
    let close = |view: &openbell_session_data::HeldView| {
        view.view().symbol("AAPL").unwrap().base().unwrap().today().close()[10]
    };
    assert_eq!((close(&before), close(&after)), (bar_at("AAPL", opens_at).close, 11.0));
    let met = corrections.lock().unwrap().clone();
    // The window from 09:40 to 09:45 has not closed: nothing that was told of 5m has changed.
    assert_eq!(met.len(), 1);
    let (corrected, n_rows) = &met[0];
    assert_eq!((corrected.since_sequence, corrected.generation, *n_rows), (10, 2, 11));
    assert_eq!((corrected.kind, corrected.interval), (CorrectionKind::Revised, key.interval));
    story.go(at(DAY, 9, 46));
    let view = story.engine.inside_reader().view();
    let five = view.symbol("AAPL").unwrap();
    let five = five.series(BarInterval::from_mins(5).unwrap()).unwrap().latest().unwrap();
    assert_eq!((five.ohlcv.open, five.ohlcv.low), (10.0, 9.0));
    assert_eq!(story.engine.events().iter().filter(is_rejection).count(), 0);
}

#[test]
fn rows_that_are_sent_again_are_compared_and_those_that_differ_are_revisions() {
    let key = series("AAPL 1m");
    let bars = bars_of(&key, at(DAY, 9, 30), 30);
    let mut feed = ScriptedFeed::new(key, at(DAY, 9, 0), secs(3_600));
    feed.continuous().arrive_after_close(&bars, secs(1));
    for row in 0..30 {
        let (opens_at, mut ohlcv) = (bars.opens_at(row), bars.ohlcv(row));
        ohlcv.volume += f64::from(u8::from(row == 12));
        feed.arrives(at(DAY, 10, 0) + secs(20), Arrival::Bar { opens_at, ohlcv });
    }
    let json = config(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "");
    let mut story = run(&json, [feed], at(DAY, 9, 29));
    let _record = record(&mut story);
    story.go(at(DAY, 10, 1));
    let counted: Vec<_> = story
        .engine
        .events()
        .iter()
        .filter_map(|event| match event {
            Event::Rejected { reason, n_rows, .. } => Some((reason.name(), *n_rows)),
            Event::Corrected { kind, n_bars, .. } => Some((kind.name(), *n_bars)),
            _ => None,
        })
        .collect();
    assert_eq!(counted, [("duplicate", 29), ("revised", 1)]);
}

#[test]
fn after_an_overdue_bar_the_recovery_threshold_decides_and_the_gate_does_not_flap() {
    let key = series("AAPL 1m");
    let mut feed = ScriptedFeed::new(key.clone(), at(DAY, 9, 0), secs(3_600));
    feed.continuous();
    let bars = bars_of(&key, at(DAY, 9, 30), 60);
    for row in 0..60 {
        // Every second bar comes 70 s after its close, the others after 40 s.
        let delay = if row % 2 == 0 { 70 } else { 40 };
        feed.arrive_after_close(&one(&bars, row), secs(delay));
    }
    let streaming = r#", "streaming": {"recovery_threshold_seconds": 30}"#;
    let json = config(r#"["AAPL"]"#, r#"["1m"]"#, DAY, streaming);
    let mut story = run(&json, [feed], at(DAY, 9, 29));
    story.go(at(DAY, 10, 30));
    assert_eq!(story.switches(at(DAY, 9, 30)), [(0, "open"), (121, "late")]);
}

#[test]
fn one_feeds_error_is_its_symbols_alone_and_heals_with_the_next_look() {
    let json = config(r#"["AAPL", "MSFT"]"#, r#"["1m"]"#, DAY, "");
    let key = series("MSFT 1m");
    let mut failing = ScriptedFeed::new(key.clone(), at(DAY, 9, 0), secs(3_600));
    failing.continuous().arrive_after_close(&bars_of(&key, at(DAY, 9, 30), 60), secs(1));
    failing.arrives(at(DAY, 10, 0) + secs(30), Arrival::Failure("out of memory".to_owned()));
    let mut story = run(&json, [healthy("AAPL", &[DAY]), failing], at(DAY, 9, 29));
    story.go(at(DAY, 10, 0) + secs(30));
    let status = &story.engine.handle().status().symbols[1];
    assert_eq!(status.state, SymbolState::Dead);
    assert!(status.why.to_string().contains("out of memory"), "{}", status.why);
    story.go(at(DAY, 10, 20));
    assert_eq!(story.engine.phase(), Phase::Streaming);
    assert!(story.is_active());
    assert_eq!(story.closes("MSFT").len(), 49);
    assert_eq!(story.engine.events().iter().filter(is_rejection).count(), 0);
}

#[test]
fn halted_skewed_and_gone_have_names_of_their_own_and_a_small_skew_holds_nobody() {
    let json = config(r#"["AAPL", "MSFT"]"#, r#"["1m"]"#, DAY, "");
    let said = |what: Arrival| {
        let mut feed = healthy("MSFT", &[DAY]);
        feed.arrives(at(DAY, 10, 0) + secs(10), what);
        let mut story = run(&json, [healthy("AAPL", &[DAY]), feed], at(DAY, 9, 29));
        story.go(at(DAY, 10, 0) + secs(20));
        let status = story.engine.handle().status();
        (status.symbols[1].state, status.inactive.map(|i| i.facts().reason.name()))
    };
    let halted = Trading::Halted { since: at(DAY, 10, 0), why: "T12".into() };
    assert_eq!(said(Arrival::Trading(halted)), (SymbolState::Halted, None));
    let skewed = |ms: i64| Arrival::Link(Link::Skewed { by: Nanos::from_nanos(ms * 1_000_000) });
    assert_eq!(said(skewed(-2_000)), (SymbolState::Live, None));
    assert_eq!(said(skewed(-7_200)), (SymbolState::Skewed, Some("skewed")));
    let gone = Arrival::Link(Link::Gone { why: "400 invalid symbol".into() });
    assert_eq!(said(gone), (SymbolState::Gone, Some("gone")));
}

/// Writes down members and ranges in the order in which it is told of them.
struct Order(Arc<Mutex<Vec<String>>>);

impl Order {
    fn note(&self, text: String) -> Outcome {
        self.0.lock().map_err(|_| "a panic elsewhere")?.push(text);
        Ok(())
    }
}

impl Consumer for Order {
    fn name(&self) -> &str {
        "order"
    }

    fn bars_closed(&mut self, _: &mut Context<'_>, bars: &[BarClosed<'_>]) -> Outcome {
        let n_msft = bars.iter().filter(|bar| bar.symbol.as_str() == "MSFT").count();
        if n_msft > 0 { self.note("bars".to_owned()) } else { Ok(()) }
    }

    fn symbol_joined(&mut self, _: &mut Context<'_>, symbol: &openbell_market::Symbol) -> Outcome {
        self.note(format!("joined {symbol}"))
    }

    fn symbol_left(&mut self, _: Timestamp, symbol: &openbell_market::Symbol) -> Outcome {
        self.note(format!("left {symbol}"))
    }

    fn resumed(&mut self, _: &mut Context<'_>, resumed: &Resumed) -> Outcome {
        for skipped in &resumed.skipped {
            let (first, last) = (skipped.first, skipped.last);
            self.note(format!("{} {} {first}..={last}", skipped.symbol, skipped.generation))?;
        }
        Ok(())
    }
}

#[test]
fn a_symbol_that_comes_back_has_left_joins_and_then_its_ranges_are_told() {
    let json = config(r#"["AAPL", "MSFT"]"#, r#"["1m"]"#, DAY, "");
    let feeds = [healthy("AAPL", &[DAY]), healthy("MSFT", &[DAY])];
    let mut story = run(&json, feeds, at(DAY, 9, 29));
    let notes = Arc::new(Mutex::new(Vec::new()));
    story.engine.register(Box::new(Order(Arc::clone(&notes))), OnError::StopRun);
    story.go(at(DAY, 12, 0));
    notes.lock().unwrap().clear();
    let handle = story.engine.handle();
    let (removed, added) =
        (handle.remove_symbols(syms(&["MSFT"])), handle.add_symbols(syms(&["MSFT"])));
    story.go(at(DAY, 12, 0) + secs(2));
    assert!(removed.try_answer().is_some() && added.try_answer().is_some());
    assert_eq!(
        *notes.lock().unwrap(),
        ["left MSFT", "joined MSFT", "AAPL 1 149..=149", "MSFT 2 0..=149"]
    );
}

#[test]
fn on_the_second_day_what_is_asked_for_late_is_as_if_always_there() {
    let indicators = |more: &str| {
        format!(
            r#", "indicators": {{"session": [
            {{"name": "ema", "period": 20, "interval": "1m", "type": "trend"}},
            {{"name": "rsi", "period": 14, "interval": "5m", "type": "momentum"}}{more}]}}"#
        )
    };
    let feeds = || [healthy("AAPL", &[DAY, NEXT]), healthy("MSFT", &[DAY, NEXT])];
    let symbols = r#"["AAPL", "MSFT"]"#;
    let always = dated((DAY, NEXT), symbols, r#"["1m", "5m", "15m"]"#, &indicators(""));
    let asked = dated((DAY, NEXT), symbols, r#"["1m", "5m"]"#, &indicators(""));
    let prints = |story: &LiveStory| {
        let view = story.engine.inside_reader().view();
        ["AAPL", "MSFT"].map(|symbol| symbol_print(&view.symbol(symbol).unwrap()))
    };
    let until = at(NEXT, 12, 30);
    let mut there = run(&always, feeds(), at(DAY, 9, 29));
    there.go_by(until, secs(2));

    let mut late = run(&asked, feeds(), at(DAY, 9, 29));
    late.go_by(at(NEXT, 11, 0), secs(2));
    let ticket = late.engine.handle().add_interval(BarInterval::from_mins(15).unwrap());
    late.go_by(at(NEXT, 11, 1), secs(2));
    assert_eq!(ticket.try_answer(), Some(Answer::Done));
    let handle = late.engine.handle();
    let tickets = (handle.remove_symbols(syms(&["MSFT"])), handle.add_symbols(syms(&["MSFT"])));
    late.go_by(until, secs(2));
    let Some(Answer::Added(added)) = tickets.1.try_answer() else { panic!("no answer") };
    assert_eq!(added, [(sym("MSFT"), Added::Added { generation: 2 })]);
    assert_eq!(prints(&late), prints(&there));
}

#[test]
fn a_symbol_that_was_no_member_yesterday_takes_yesterday_from_its_history_or_is_refused() {
    let indicators = r#", "indicators": {"session": [
        {"name": "ema", "period": 20, "interval": "1m", "type": "trend"}]}"#;
    let json = dated((DAY, NEXT), r#"["AAPL"]"#, r#"["1m"]"#, indicators);
    let add = |market: LiveMarket| {
        let mut story = LiveStory::new(&json, market, Sessions::OfConfig, at(DAY, 9, 29));
        story.go_by(at(NEXT, 10, 0), secs(2));
        let ticket = story.engine.handle().add_symbols(syms(&["MSFT"]));
        story.go_by(at(NEXT, 10, 1), secs(2));
        assert_eq!(story.engine.phase(), Phase::Streaming, "the run goes on");
        let Some(Answer::Added(mut added)) = ticket.try_answer() else { panic!("no answer") };
        added.remove(0).1
    };
    let feeds = || [healthy("AAPL", &[DAY, NEXT]), healthy("MSFT", &[DAY, NEXT])];
    let Added::Failed(failure) = add(LiveMarket::new(feeds())) else { panic!("it was added") };
    let said = failure.to_string();
    assert!(said.contains("its history ends before the session of 2025-07-02"), "{said}");
    let key = series("MSFT 1m");
    let history = bars_of(&key, at(DAY, 9, 30), 390);
    let added = add(LiveMarket::new(feeds()).with_history(key, history));
    assert_eq!(added, Added::Added { generation: 1 });
}

#[test]
fn a_run_without_dates_follows_the_session_that_runs_and_then_the_next() {
    let json = config(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "");
    let started = at(DAY, 15, 0);
    let sessions = Sessions::Ahead { from: started, n_sessions: Some(2) };
    let market = LiveMarket::new([healthy("AAPL", &[DAY, NEXT])]);
    let mut story = LiveStory::new(&json, market, sessions, started);
    story.go_by(at(NEXT, 14, 0), secs(5));
    let report = story.engine.report();
    assert_eq!(report.phase, Phase::Closed);
    let dates: Vec<String> = report.sessions.iter().map(|s| s.date.to_string()).collect();
    assert_eq!(dates, [DAY, NEXT]);
    let n_drained = story.engine.drain_events().len();
    assert!(n_drained > 5 && story.engine.events().is_empty());
    assert_eq!(story.engine.drain_sessions().len(), 2);
    assert_eq!(story.engine.n_sessions_closed(), 2);
}

/// A market that reads one symbol beside the run, until it is told that it has.
struct Slow {
    market: LiveMarket,
    n_read: Arc<AtomicU32>,
    fails: bool,
}

impl Source for Slow {
    fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval> {
        self.market.intervals(symbol)
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        self.market.unknown(symbol)
    }

    fn readiness(&mut self, symbol: &Symbol) -> SourceReadiness {
        let n_read = self.n_read.load(Ordering::Relaxed);
        match (symbol.as_str(), n_read) {
            ("MSFT", 20) if self.fails => {
                SourceReadiness::Failed(DataError::SourceFailed { said: "disk gone".to_owned() })
            }
            ("MSFT", 0..20) => SourceReadiness::Loading { n_read, n_all: 20 },
            _ => SourceReadiness::Ready,
        }
    }

    fn feed(&mut self, key: &SeriesKey, calendar: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        self.market.feed(key, calendar)
    }

    fn day_feed(
        &mut self,
        key: &SeriesKey,
        calendar: &Calendar,
    ) -> Result<Box<dyn Feed>, DataError> {
        self.market.day_feed(key, calendar)
    }
}

/// A run over two sessions in which MSFT is added at noon of the first, and how far it is read.
fn slow_add(fails: bool) -> (LiveStory, Ticket, Arc<AtomicU32>) {
    let json = dated((DAY, NEXT), r#"["AAPL"]"#, r#"["1m"]"#, "");
    let n_read = Arc::new(AtomicU32::new(7));
    let market = LiveMarket::new([healthy("AAPL", &[DAY, NEXT]), healthy("MSFT", &[DAY, NEXT])]);
    let source = Slow { market, n_read: Arc::clone(&n_read), fails };
    let mut story = LiveStory::of(&json, Box::new(source), Sessions::OfConfig, at(DAY, 9, 29));
    story.go(at(DAY, 12, 0));
    let added = SessionCommand::AddSymbols { symbols: syms(&["MSFT"]), stay: Stay::Run };
    let ticket = story.engine.handle().command(added);
    (story, ticket, n_read)
}

#[test]
fn a_symbol_whose_data_is_still_being_read_is_loading_and_nobody_waits_for_it() {
    let (mut story, ticket, n_read) = slow_add(false);
    let record = Record::default();
    story.engine.register(Box::new(Recorder(record.clone())), OnError::StopRun);
    story.go(at(DAY, 12, 10));
    let status = story.engine.handle().status();
    let names: Vec<_> = status.symbols.iter().map(|s| (s.symbol.as_str(), s.state)).collect();
    assert_eq!(names, [("AAPL", SymbolState::Live), ("MSFT", SymbolState::Loading)]);
    assert_eq!(status.symbols[1].why.to_string(), "its data is being read, 7 of 20");
    assert_eq!(story.engine.handle().pending_symbols(), syms(&["MSFT"]));
    assert_eq!((ticket.try_answer(), story.is_active()), (None, true));
    assert_eq!(told(&record).0.len(), 10, "each minute was told of meanwhile");
    let again = story.engine.handle().add_symbols(syms(&["MSFT"]));
    story.go(at(DAY, 12, 11));
    let present = vec![(sym("MSFT"), Added::AlreadyPresent)];
    assert_eq!(again.try_answer(), Some(Answer::Added(present)));

    n_read.store(20, Ordering::Relaxed);
    story.go(at(DAY, 12, 12));
    let added = vec![(sym("MSFT"), Added::Added { generation: 1 })];
    assert_eq!(ticket.try_answer(), Some(Answer::Added(added)));
    assert_eq!(story.closes("MSFT").len(), 161);
    assert!(story.is_active());
}

#[test]
fn loading_that_fails_or_is_taken_back_is_answered_and_one_that_outlasts_the_session_goes_on() {
    let (mut story, ticket, n_read) = slow_add(true);
    story.go(at(DAY, 12, 1));
    n_read.store(20, Ordering::Relaxed);
    story.go(at(DAY, 12, 2));
    let Some(Answer::Added(added)) = ticket.try_answer() else { panic!("no answer") };
    let Added::Failed(failure) = &added[0].1 else { panic!("{added:?}") };
    assert!(failure.to_string().contains("disk gone"), "{failure}");
    assert_eq!((story.engine.handle().status().symbols.len(), story.is_active()), (1, true));

    let (mut story, ticket, _) = slow_add(false);
    story.go(at(DAY, 12, 1));
    let removed = story.engine.handle().remove_symbols(syms(&["MSFT"]));
    story.go(at(DAY, 12, 2));
    assert_eq!(removed.try_answer(), Some(Answer::Removed(vec![(sym("MSFT"), Removed::Removed)])));
    let failed = Added::Failed(AddFailure::RemovedWhileCatchingUp);
    assert_eq!(ticket.try_answer(), Some(Answer::Added(vec![(sym("MSFT"), failed)])));
    assert_eq!(story.engine.handle().status().symbols.len(), 1);

    let (mut story, ticket, n_read) = slow_add(false);
    story.go_by(at(NEXT, 9, 0), secs(10));
    assert_eq!(ticket.try_answer(), None);
    n_read.store(20, Ordering::Relaxed);
    story.go_by(at(NEXT, 10, 0), secs(10));
    let added = vec![(sym("MSFT"), Added::Added { generation: 1 })];
    assert_eq!(ticket.try_answer(), Some(Answer::Added(added)));
    assert_eq!(story.closes("MSFT").len(), 29);
}

#[test]
fn between_sessions_the_status_says_closed_and_when_the_next_one_opens() {
    let json = dated((DAY, NEXT), r#"["AAPL"]"#, r#"["1m"]"#, "");
    let mut story = run(&json, [healthy("AAPL", &[DAY, NEXT])], at(DAY, 9, 29));
    story.go_by(at(DAY, 20, 0), secs(5));
    let status = &story.engine.handle().status().symbols[0];
    assert_eq!(status.state, SymbolState::Closed);
    assert_eq!(status.why, Why::Closed { next_open: Some(at(NEXT, 9, 30)) });
    assert_eq!(status.since, Some(at(DAY, 16, 0)));
}
