//! The gate: while a symbol is behind, outsiders get nothing; then everything.

use openbell_coordinator::{
    AddFailure, Added, Answer, Event, PaceCommand, Phase, Removed, SessionCommand, Stay, Step,
    SymbolState,
};
use openbell_market::{Coverage, Gap};
use openbell_session_data::{LaggingSymbol, Reason, Unavailable};
use openbell_tests::{Fault, Market, Notified, Story, at, bar_at, minute, sym, syms};
use openbell_time::{Nanos, Timestamp};

const DAY: &str = "2025-07-02";

fn market() -> Market {
    ["AAPL", "MSFT", "TSLA"]
        .into_iter()
        .fold(Market::new(), |market, symbol| market.with_minutes(symbol, DAY, DAY, |_, _| true))
}

fn add(symbols: &[&str]) -> SessionCommand {
    SessionCommand::AddSymbols { symbols: syms(symbols), stay: Stay::Session }
}

/// AAPL alone over `market`, standing at `hour`:`minute`.
fn aapl_at(hour: u32, minute: u32, more: &str, market: Market) -> Story {
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, more, market);
    story.run_to(DAY, hour, minute);
    story
}

fn lag_of(story: &Story, symbol: &str) -> Nanos {
    let status = story.handle().status();
    status.symbols.iter().find(|s| s.symbol == sym(symbol)).expect("a member").lag
}

/// The switches of the gate in the event log: when, and whether it opened.
fn switches(story: &Story) -> Vec<(Timestamp, bool)> {
    let switch = |event: &Event| match event {
        Event::GateOpened { at, .. } => Some((*at, true)),
        Event::GateShut { at, .. } => Some((*at, false)),
        _ => None,
    };
    story.engine.events().iter().filter_map(switch).collect()
}

#[test]
fn the_first_bar_of_a_newcomer_is_checked_whatever_the_others_counters_say() {
    let mut story = aapl_at(12, 7, "", market());
    let ticket = story.handle().command(add(&["TSLA"]));
    let _ = story.step(); // The command is taken, and the first backlog bar delivered.
    assert_eq!(lag_of(&story, "TSLA"), Nanos::from_secs(156 * 60));
    assert!(story.reader().view().is_err());
    assert!(ticket.try_answer().is_none());
}

#[test]
fn a_lagging_symbol_is_checked_at_every_bar_until_it_is_caught_up() {
    let mut story = aapl_at(12, 0, "", market());
    let _ticket = story.handle().command(add(&["TSLA"]));
    for bar in 0..149 {
        let _ = story.step();
        assert_eq!(lag_of(&story, "TSLA"), Nanos::from_secs((149 - bar) * 60), "bar {bar}");
    }
}

#[test]
fn at_the_threshold_is_fine_and_a_second_over_it_is_lag() {
    // At 12:00 the newcomer's one bar is 60 s, or 120 s, old.
    for (bar_at_minute, threshold, lags) in
        [(148, 61, false), (148, 60, false), (148, 59, true), (147, 120, false), (147, 119, true)]
    {
        let market = market().with_minutes("TSLA", DAY, DAY, |_, m| m == bar_at_minute);
        let more = format!(r#", "streaming": {{"catchup_threshold_seconds": {threshold}}}"#);
        let mut story = aapl_at(12, 0, &more, market);
        let record = story.record();
        let _ = story.ask(add(&["TSLA"]));
        let n_switches = if lags { 3 } else { 1 };
        assert_eq!(switches(&story).len(), n_switches, "minute {bar_at_minute} at {threshold} s");
        let is_shut = |notified: &Notified| matches!(notified, Notified::Deactivated { .. });
        assert_eq!(record.all().iter().any(is_shut), lags);
        assert_eq!(record.announced()[&(sym("TSLA"), "1m".parse().unwrap())], [0]);
    }
}

#[test]
fn a_symbol_added_at_noon_is_seen_inside_only_until_its_backlog_is_empty() {
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, "", market());
    let record = story.record();
    story.run_to(DAY, 12, 0);
    let (noon, n_before) = (at(DAY, 12, 0), record.len());
    let (inside, mut outside) = (story.engine.inside_reader(), story.reader());
    let one = "1m".parse().unwrap();
    let ticket = story.handle().command(add(&["TSLA"]));

    let _ = story.step(); // Takes the command, and delivers the first backlog bar.
    let holds_by = |lag_s: i64| Reason::CatchingUp {
        holders: vec![LaggingSymbol::behind(sym("TSLA"), Some(Nanos::from_secs(lag_s)))],
    };
    let mut n_delivered = 1;
    while let Err(inactive) = outside.view() {
        // The lag of the bar just delivered. At 60 s it lags no more, and holds the gate by the
        // one bar that is left.
        let lag_s = (60 * (150 - n_delivered as i64)).max(60);
        assert_eq!(inactive.facts().reason, holds_by(lag_s));
        assert_eq!((inactive.facts().since, inactive.facts().epoch), (Some(noon), 2));
        let view = inside.view();
        let seen = view.symbol("TSLA").unwrap().series(one).unwrap().today().len();
        assert_eq!(seen, n_delivered);
        assert_eq!(story.engine.clock().now(), noon);
        assert!(ticket.try_answer().is_none());
        assert_eq!(record.len(), n_before + 1, "only `Deactivated` is notified");
        let _ = story.step();
        n_delivered += 1;
    }
    assert_eq!(n_delivered, 150);
    assert_eq!(
        ticket.try_answer(),
        Some(Answer::Added(vec![(sym("TSLA"), Added::Added { generation: 1 })]))
    );
    let all = record.all();
    let notified = &all[n_before..];
    assert_eq!(notified[0], Notified::Deactivated { at: noon, reason: holds_by(8_940) });
    assert_eq!(notified[1], Notified::Joined(sym("TSLA")));
    let Notified::Resumed(resumed) = &notified[2] else { panic!("{:?}", notified[2]) };
    assert_eq!((resumed.epoch, resumed.at), (3, noon));
    let skipped: Vec<_> = resumed
        .skipped
        .iter()
        .map(|s| (s.symbol.as_str(), s.interval.to_string(), s.first, s.last, s.n_bars()))
        .collect();
    assert_eq!(
        skipped,
        [("TSLA", "1m".to_owned(), 0, 149, 150), ("TSLA", "5m".to_owned(), 0, 29, 30)]
    );
    assert_eq!(notified.len(), 3);

    let _ = story.ask(PaceCommand::Resume);
    let done = story.finish();
    assert_eq!(done.phase, Phase::Closed);
    let Notified::Bars { at: then, bars } = &record.all()[n_before + 3] else { panic!("no bars") };
    let names: Vec<_> = bars.iter().map(|bar| (bar.symbol.as_str(), bar.sequence)).collect();
    assert_eq!(*then, at(DAY, 12, 1));
    assert_eq!(names, [("AAPL", 150), ("TSLA", 150)]);
    for (series, sequences) in record.announced() {
        let n_bars = if series.1 == one { 390 } else { 78 };
        assert_eq!(sequences, (0..n_bars).collect::<Vec<_>>(), "{series:?}");
    }
}

#[test]
fn two_lagging_symbols_switch_the_gate_once_down_and_once_up_in_any_order() {
    // MSFT begins at 10:00 and has every third minute; TSLA ends at 11:00.
    let market = market()
        .with_minutes("MSFT", DAY, DAY, |_, m| m >= 30 && m % 3 == 0)
        .with_minutes("TSLA", DAY, DAY, |_, m| m < 90);
    let outcomes: Vec<_> = [["MSFT", "TSLA"], ["TSLA", "MSFT"]]
        .into_iter()
        .map(|order| {
            let mut story = aapl_at(12, 3, "", market.clone());
            let _ = story.ask(add(&order));
            let down_and_up = switches(&story);
            let done = story.finish();
            (down_and_up, done.report.digest)
        })
        .collect();
    let at_three = at(DAY, 12, 3);
    assert_eq!(outcomes[0].0, [(at(DAY, 9, 30), true), (at_three, false), (at_three, true)]);
    assert_eq!(outcomes[0], outcomes[1]);
}

#[test]
fn the_gate_opens_when_the_data_of_the_lagging_symbol_end() {
    let market = market().with_minutes("TSLA", DAY, DAY, |_, m| m < 60);
    let mut story = aapl_at(12, 0, "", market);
    let _ = story.ask(add(&["TSLA"]));
    assert!(story.reader().view().is_ok());
    assert_eq!(switches(&story).len(), 3);
}

#[test]
fn the_gate_opens_when_the_lagging_symbol_is_removed() {
    let mut story = aapl_at(12, 0, "", market());
    let record = story.record();
    let added = story.handle().command(add(&["TSLA"]));
    for _ in 0..7 {
        let _ = story.step();
    }
    assert!(story.reader().view().is_err());
    let removed = story.ask(SessionCommand::RemoveSymbols { symbols: syms(&["TSLA"]) });
    assert_eq!(removed, Answer::Removed(vec![(sym("TSLA"), Removed::Removed)]));
    let Some(Answer::Added(answers)) = added.try_answer() else { panic!("no answer") };
    assert_eq!(answers[0].1, Added::Failed(AddFailure::RemovedWhileCatchingUp));
    let mut reader = story.reader();
    let view = reader.view().expect("the gate is open");
    assert!(view.symbol("TSLA").is_err());
    assert!(record.announced().keys().all(|(symbol, _)| symbol.as_str() != "TSLA"));
    assert_eq!(switches(&story).len(), 3);
}

#[test]
fn a_symbol_whose_load_fails_leaves_the_session_active() {
    for fault in [Fault::CannotOpen, Fault::BreaksAt(at(DAY, 11, 0))] {
        let mut story = aapl_at(12, 0, "", market().failing("TSLA", fault));
        let Answer::Added(answers) = story.ask(add(&["TSLA"])) else { panic!("no add") };
        let Added::Failed(why) = &answers[0].1 else { panic!("{:?}", answers[0]) };
        let why = why.to_string();
        assert!(why.contains("TSLA") || why.contains("the disk is on fire"), "{why}");
        assert!(story.reader().view().is_ok());
        assert_eq!(switches(&story).len(), 1);
        let done = story.finish();
        let alone = aapl_at(12, 0, "", market()).finish();
        assert_eq!(done.report.digests, alone.report.digests);
    }
}

#[test]
fn a_quiet_symbol_does_not_close_the_gate_and_its_gap_is_listed() {
    let market = market().with_minutes("MSFT", DAY, DAY, |_, m| !(90..120).contains(&m));
    let mut story = Story::of(r#"["AAPL", "MSFT"]"#, r#"["1m"]"#, DAY, "", market);
    story.run_to(DAY, 12, 0);
    let mut reader = story.reader();
    let view = reader.view().expect("active");
    let series = view.symbol("MSFT").unwrap().series("1m".parse().unwrap()).unwrap();
    assert_eq!(series.coverage(), Some(Coverage { n: 120, expected: 150 }));
    assert_eq!(series.gaps(), [Gap { since: at(DAY, 11, 0), until: at(DAY, 11, 30), n_bars: 30 }]);
    assert_eq!(switches(&story).len(), 1);
}

#[test]
fn a_gate_that_waits_for_a_backlog_without_lag_names_whose_it_is() {
    // MSFT's two bars are at the end of the backlog: it never lags. TSLA ends before them.
    let market = Market::new()
        .with_minutes("AAPL", DAY, DAY, |_, _| true)
        .with_minutes("TSLA", DAY, DAY, |_, minute| minute < 100)
        .with_minutes("MSFT", DAY, DAY, |_, minute| minute == 148 || minute == 149);
    let mut story = aapl_at(12, 0, "", market);
    let mut reader = story.reader();
    let ticket = story.handle().command(add(&["MSFT", "TSLA"]));
    let mut named = Vec::new();
    while ticket.try_answer().is_none() {
        let _ = story.step();
        if let Err(inactive) = reader.view() {
            let Reason::CatchingUp { holders } = &inactive.facts().reason else {
                panic!("{inactive}");
            };
            let names: Vec<String> = holders.iter().map(|h| h.symbol.to_string()).collect();
            named.push(names.join(" "));
        }
    }
    named.dedup();
    assert_eq!(named, ["TSLA", "MSFT"]);
}

#[test]
fn with_scope_symbol_only_the_lagging_symbol_is_withheld() {
    let mut story = aapl_at(12, 0, r#", "streaming": {"scope": "symbol"}"#, market());
    let record = story.record();
    let mut reader = story.reader();
    let ticket = story.handle().command(add(&["TSLA"]));
    for _ in 0..140 {
        let _ = story.step();
        let view = reader.view().expect("the session is active");
        assert_eq!(view.symbol("AAPL").unwrap().base().unwrap().today().len(), 150);
        assert!(matches!(view.symbol("TSLA"), Err(Unavailable::Withheld { .. })));
        assert_eq!(view.withheld()[0].symbol, sym("TSLA"));
        assert!(record.is_empty());
    }
    while ticket.try_answer().is_none() {
        let _ = story.step();
    }
    assert_eq!(reader.view().unwrap().symbol("TSLA").unwrap().base().unwrap().today().len(), 150);
    assert_eq!(switches(&story).len(), 1);
    let _ = story.finish();
    for (series, sequences) in record.announced() {
        let first = if series.0 == sym("TSLA") { 0 } else { sequences[0] };
        assert_eq!(sequences, (first..first + sequences.len()).collect::<Vec<_>>(), "{series:?}");
    }
}

#[test]
fn with_scope_symbol_a_newcomer_that_waits_for_its_first_check_is_withheld_too() {
    // MSFT's first bar comes after all but one of TSLA's, so it is checked late; until then it
    // was on the board, unchecked, since the publication that withheld TSLA.
    let market = market().with_minutes("MSFT", DAY, DAY, |_, m| m == 148);
    let mut story = aapl_at(12, 0, r#", "streaming": {"scope": "symbol"}"#, market);
    let mut reader = story.reader();
    let ticket = story.handle().command(add(&["MSFT", "TSLA"]));
    let _ = story.step();
    while ticket.try_answer().is_none() {
        let view = reader.view().expect("the session is active");
        for symbol in ["MSFT", "TSLA"] {
            assert!(matches!(view.symbol(symbol), Err(Unavailable::Withheld { .. })), "{symbol}");
        }
        let _ = story.step();
    }
    let view = reader.view().expect("the session is active");
    assert_eq!(view.symbol("MSFT").unwrap().base().unwrap().today().len(), 1);
}

#[test]
fn the_gate_opens_at_the_open_also_when_the_first_bar_comes_later() {
    let market = Market::new().with_minutes("AAPL", DAY, DAY, |_, m| m >= 17);
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "", market);
    let mut reader = story.reader();
    assert_eq!(reader.view().err().unwrap().facts().reason, Reason::NotOpen);
    story.run_to(DAY, 9, 30);
    let view = reader.view().expect("active at the open");
    assert_eq!((view.instant(), view.epoch()), (at(DAY, 9, 30), 1));
    assert!(view.symbol("AAPL").unwrap().base().unwrap().today().is_empty());
    let status = story.handle().status();
    assert_eq!(status.symbols[0].state, SymbolState::Quiet, "nobody knows of 09:47 yet");
}

#[test]
fn the_last_instant_is_read_with_the_gate_open_and_then_it_is_shut_as_closed() {
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m", "1d"]"#, DAY, "", market());
    let record = story.record();
    story.run_to(DAY, 16, 0);
    let mut reader = story.reader();
    let view = reader.view().expect("the last instant is readable");
    let aapl = view.symbol("AAPL").unwrap();
    assert_eq!(aapl.series("1m".parse().unwrap()).unwrap().today().len(), 390);
    assert_eq!(aapl.series("1d".parse().unwrap()).unwrap().today().len(), 1);
    let done = story.finish();
    assert_eq!(done.phase, Phase::Closed);
    assert_eq!(reader.view().err().unwrap().facts().reason, Reason::Closed);
    assert_eq!(record.all().last(), Some(&Notified::Closed { at: at(DAY, 16, 0) }));
}

#[test]
fn where_sessions_adjoin_the_next_opens_at_the_instant_at_which_the_last_closed() {
    let market = Market::new().with_all_minutes_of("24/7", "BTC-USD", "2025-07-01", "2025-07-03");
    let json = openbell_tests::dated(
        ("2025-07-01", "2025-07-03"),
        r#"["BTC-USD"]"#,
        r#"["1m", "1d"]"#,
        "",
    )
    .replace(r#""mode""#, r#""exchange_group": "CRYPTO", "mode""#);
    let story = Story::new(&json, market);
    let done = story.finish();
    assert_eq!(done.report.n_bars, 3 * 1440);
    for pair in done.report.sessions.windows(2) {
        let (shut, open) = (pair[0].switches.last().unwrap(), &pair[1].switches[0]);
        assert_eq!(shut.at, pair[0].close);
        assert_eq!(shut.reason, Some(Reason::Closed));
        assert_eq!((open.at, open.epoch, open.reason.is_none()), (shut.at, shut.epoch + 1, true));
    }
}

#[test]
fn a_held_view_stays_what_it_was_over_switches_and_days() {
    let days = ["AAPL", "TSLA"].into_iter().fold(Market::new(), |market, symbol| {
        market.with_minutes(symbol, DAY, "2025-07-08", |_, _| true)
    });
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m", "5m"]"#, "2025-07-08", "", days);
    let mut held = Vec::new();
    for (n, day) in [DAY, "2025-07-03", "2025-07-07"].into_iter().enumerate() {
        let (hour, minute) = minute(40 + 50 * n as u32);
        story.run_to(day, hour, minute);
        let _ = story.ask(add(&["TSLA"]));
        let mut reader = story.reader();
        let view = reader.view().expect("active");
        held.push((view.hold(), openbell_coordinator::view_print(&view), at(day, hour, minute)));
    }
    assert_eq!(story.finish().phase, Phase::Closed);
    for (view, print, instant) in held {
        assert_eq!(view.view().instant(), instant);
        assert_eq!(openbell_coordinator::view_print(&view.view()), print);
    }
}

#[test]
fn a_step_at_a_time_is_one_backlog_bar_and_never_moves_the_clock() {
    let mut story = aapl_at(10, 0, "", market());
    let _ticket = story.handle().command(add(&["MSFT", "TSLA"]));
    let before = story.engine.report().n_bars;
    for n in 1..=60 {
        assert_eq!(story.step(), Step::Worked);
        assert_eq!(story.engine.report().n_bars, before + n);
        assert_eq!(story.engine.clock().now(), at(DAY, 10, 0));
    }
    assert_eq!(story.step(), Step::Paused);
}

#[test]
fn a_bar_that_a_newcomer_brings_is_the_bar_that_was_stored() {
    let mut story = aapl_at(9, 35, "", market());
    let _ = story.ask(add(&["TSLA"]));
    let mut reader = story.reader();
    let view = reader.view().expect("active");
    let bars: Vec<_> = view.symbol("TSLA").unwrap().base().unwrap().since(0).collect();
    let stored: Vec<_> = (30..35).map(|m| bar_at("TSLA", at(DAY, 9, m))).collect();
    assert_eq!(bars.iter().map(|bar| bar.ohlcv).collect::<Vec<_>>(), stored);
}
