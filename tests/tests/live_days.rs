//! Stories of the days of a live run: a start at any hour, sessions that adjoin or lie apart, nights,
//! and what is asked for on a later day.

use openbell_coordinator::{
    Added, Answer, Event, Phase, Sessions, SymbolState, symbol_print, view_print,
};
use openbell_data_manager::{Arrival, DownCause, Link, LinkStep, ScriptedFeed};
use openbell_market::BarInterval;
use openbell_session_data::Why;
use openbell_tests::{LiveMarket, LiveStory, at, bars_of, config, dated, series, sym, syms};
use openbell_time::Timestamp;

use crate::live_support::{DAY, NEXT, healthy, is_rejection, record, run, secs, told};

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

/// A feed of the whole day that is at `link` from `since` on, and is up with all bars at `until`.
fn answered_late(since: Timestamp, link: Link, until: Timestamp) -> ScriptedFeed {
    let key = series("AAPL 1m");
    let mut feed = ScriptedFeed::new(key.clone(), at(DAY, 9, 0), secs(86_400 * 5));
    feed.arrives(since, Arrival::Link(link));
    let bars = bars_of(&key, at(DAY, 9, 30), 390);
    for row in 0..bars.len() {
        let bar = Arrival::Bar { opens_at: bars.opens_at(row), ohlcv: bars.ohlcv(row) };
        feed.arrives(until, bar);
    }
    feed.arrives(until, Arrival::CompleteThrough(at(DAY, 16, 0)));
    feed.arrives(until, Arrival::Link(Link::Up { heard_at: until }));
    feed
}

#[test]
fn a_run_that_begins_after_the_close_waits_for_what_its_vendor_is_asked_for() {
    let begun = at(DAY, 16, 40);
    let asked = Link::CatchingUp { missing: at(DAY, 9, 30)..at(DAY, 16, 0), n_tries: 1 };
    let begins = Link::Starting { since: begun, step: LinkStep::Connecting };
    let tried = Link::Down {
        since: begun,
        why: DownCause::Broken("connection refused".into()),
        next_try: Some(begun + secs(4)),
    };
    for (scope, link) in [("session", asked.clone()), ("session", begins), ("session", tried)]
        .into_iter()
        .chain([("symbol", asked)])
    {
        let streaming = format!(r#", "streaming": {{"scope": "{scope}"}}"#);
        let json = config(r#"["AAPL"]"#, r#"["1m", "1h"]"#, DAY, &streaming);
        let feed = answered_late(begun, link.clone(), begun + secs(20));
        let mut story = run(&json, [feed], begun);
        story.go(begun + secs(19));
        assert_eq!(story.engine.phase(), Phase::Streaming, "{scope}, {link}: it waits");
        assert!(!story.is_active());
        story.go(begun + secs(21));
        let report = story.engine.report();
        let closed = (report.phase, report.sessions[0].n_bars);
        assert_eq!(closed, (Phase::Closed, 390), "{scope}, {link}");
    }
}

#[test]
fn a_vendor_that_never_answers_after_the_close_is_waited_for_as_long_as_gaps_are_filled() {
    let begun = at(DAY, 16, 40);
    let asked = Link::CatchingUp { missing: at(DAY, 9, 30)..at(DAY, 16, 0), n_tries: 1 };
    let json = config(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "");
    let mut story = run(&json, [answered_late(begun, asked, at(DAY, 23, 0))], begun);
    story.go(begun + secs(299)); // Five times a minute.
    assert_eq!(story.engine.phase(), Phase::Streaming);
    story.go(begun + secs(302));
    let report = story.engine.report();
    assert_eq!((report.phase, report.sessions[0].n_bars), (Phase::Closed, 0));
}

#[test]
fn a_connection_that_is_down_at_the_close_and_tried_again_is_waited_for() {
    let json = config(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "");
    let mut feed = ScriptedFeed::new(series("AAPL 1m"), at(DAY, 9, 0), secs(86_400));
    let (cut, back) = (at(DAY, 15, 40) + secs(30), at(DAY, 16, 1));
    let bars = bars_of(&series("AAPL 1m"), at(DAY, 9, 30), 390);
    feed.continuous()
        .arrive_after_close(&bars_of(&series("AAPL 1m"), at(DAY, 9, 30), 370), secs(1));
    let (why, next_try) = (DownCause::Broken("reset".into()), Some(back));
    feed.arrives(cut, Arrival::Link(Link::Down { since: cut, why, next_try }));
    feed.arrives(back, Arrival::Link(Link::Up { heard_at: back }));
    for row in 370..390 {
        let bar = Arrival::Bar { opens_at: bars.opens_at(row), ohlcv: bars.ohlcv(row) };
        feed.arrives(back, bar);
    }
    let mut story = run(&json, [feed], at(DAY, 9, 29));
    story.go(back + secs(2));
    let report = story.engine.report();
    assert_eq!((report.phase, report.sessions[0].n_bars), (Phase::Closed, 390));
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

#[test]
fn a_view_that_is_held_stays_what_it_was_in_all_the_sessions_that_follow() {
    let (key, since) = (series("BTC 1h"), "2025-07-02T00:00:00Z".parse::<Timestamp>().unwrap());
    let mut feed = ScriptedFeed::new(key.clone(), since, secs(86_400 * 9));
    feed.continuous().arrive_after_close(&bars_of(&key, since, 6 * 24), secs(1));
    let json = dated((DAY, "2025-07-07"), r#"["BTC"]"#, r#"["1h"]"#, "")
        .replace("\"mode\"", "\"exchange_group\": \"CRYPTO\", \"mode\"");
    let mut story = run(&json, [feed], since - secs(10));
    let mut held = Vec::new();
    for day in 0..6 {
        story.go_by(since + secs(86_400 * day + 43_210), secs(30));
        let view = story.engine.outside_reader().view().expect("active").hold();
        let n_bars = view.view().symbol("BTC").unwrap().base().unwrap().today().len();
        assert_eq!(n_bars, 12, "on day {day}");
        // Nobody holds the sessions between: what follows is written into their memory.
        if day % 3 == 0 {
            held.push((view_print(&view.view()), view));
        }
    }
    for (print, view) in &held {
        assert_eq!(view_print(&view.view()), *print);
    }
    assert_ne!(held[0].0, held[1].0);
}
