//! Stories of what comes late or not at all: outages, silence, marks that lie ahead, faults of one feed,
//! and what is owed at the close.

use openbell_coordinator::{Event, Phase, Sessions, SymbolState};
use openbell_data_manager::{Arrival, DownCause, Link, ScriptedFeed, Trading};
use openbell_market::RejectReason;
use openbell_session_data::Why;
use openbell_tests::{LiveMarket, LiveStory, at, bar_at, bars_of, config, dated, series};
use openbell_time::{Nanos, Timestamp};

use crate::live_support::{
    DAY, NEXT, healthy, is_rejection, one, record, run, secs, told, windows_told,
};

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

#[test]
fn the_session_file_says_by_how_much_the_clocks_may_differ() {
    for (max_skew_s, is_shut) in [("1.5", true), ("2", false), ("", false)] {
        let live_config = match max_skew_s {
            "" => String::new(),
            given => format!(r#""max_skew_seconds": {given}"#),
        };
        let json = format!(
            r#"{{"session_name": "live", "mode": "live", "api_config": {{"data_api": "alpaca"}},
                "live_config": {{{live_config}}},
                "session_data_config": {{"symbols": ["AAPL"], "streams": ["1m"]}}}}"#
        );
        let mut feed = healthy("AAPL", &[DAY]);
        let by = secs(2);
        feed.arrives(at(DAY, 10, 0) + secs(10), Arrival::Link(Link::Skewed { by }));
        let ahead = Sessions::Ahead { from: at(DAY, 9, 29), n_sessions: Some(1) };
        let mut story = LiveStory::new(&json, LiveMarket::new([feed]), ahead, at(DAY, 9, 29));
        story.go(at(DAY, 10, 0) + secs(20));
        assert_eq!(story.is_active(), !is_shut, "{max_skew_s:?}");
    }
}

#[test]
fn a_halt_that_lets_the_gate_open_tells_the_old_bars_and_windows_at_once() {
    let key = series("AAPL 1m");
    let mut feed = ScriptedFeed::new(key.clone(), at(DAY, 9, 0), secs(3_600));
    feed.arrives(at(DAY, 9, 1), Arrival::CompleteThrough(at(DAY, 9, 30)));
    feed.arrive_after_close(&bars_of(&key, at(DAY, 9, 30), 4), secs(1));
    for minute in 31..35 {
        let through = at(DAY, 9, minute);
        feed.arrives(through + secs(1), Arrival::CompleteThrough(through));
    }
    // The minutes from 09:34 to 09:38 never come, those behind them come without a proof.
    feed.arrive_after_close(&bars_of(&key, at(DAY, 9, 38), 12), secs(1));
    let halted = Trading::Halted { since: at(DAY, 9, 50), why: "T12".into() };
    feed.arrives(at(DAY, 9, 55), Arrival::Trading(halted));
    let json = config(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, "");
    let mut story = run(&json, [feed], at(DAY, 9, 29));
    let record = record(&mut story);
    story.go(at(DAY, 10, 5));
    let switches = story.switches(at(DAY, 9, 30));
    assert_eq!(switches, [(0, "open"), (361, "late"), (1_500, "open")]);
    assert_eq!(story.closes("AAPL").len(), 16);
    assert_eq!(windows_told(&record), (vec![300], vec![(1, 3)]));
}

#[test]
fn a_window_that_is_known_to_be_whole_only_late_is_no_news() {
    let key = series("AAPL 1m");
    let mut feed = ScriptedFeed::new(key.clone(), at(DAY, 9, 0), secs(3_600));
    feed.continuous().arrives(at(DAY, 9, 1), Arrival::CompleteThrough(at(DAY, 9, 30)));
    feed.arrive_after_close(&bars_of(&key, at(DAY, 9, 30), 4), secs(1));
    // Nobody trades from 09:34 on, and the proof of it comes in a look that itself comes late.
    feed.arrives(at(DAY, 9, 36) + secs(10), Arrival::CompleteThrough(at(DAY, 9, 36)));
    let streaming = r#", "streaming": {"settle_seconds": 30}"#;
    let json = config(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, streaming);
    let mut story = run(&json, [feed], at(DAY, 9, 29));
    let record = record(&mut story);
    story.go(at(DAY, 9, 35) + secs(20));
    story.look(at(DAY, 9, 36) + secs(10));
    assert_eq!(windows_told(&record), (vec![], vec![(0, 0)]));
    assert_eq!(story.switches(at(DAY, 9, 30)), [(0, "open"), (370, "late"), (370, "open")]);
}
