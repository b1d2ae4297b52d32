//! Live feeds: healthy, late, silent, corrected.

use std::sync::{Arc, Mutex};

use openbell_config::SessionConfig;
use openbell_coordinator::{
    Answer, BeforeOpen, CallWindow, Consumer, Context, CorrectionKind, Engine, Event, OnError,
    Outcome, Resumed, Source, Step, Subscription, SymbolState, UnknownSymbol,
};
use openbell_data_manager::{Arrival, DataError, Feed, MemoryFeed, ScriptedFeed};
use openbell_market::{Bar, BarColumns, BarInterval, SeriesKey, Symbol};
use openbell_session_data::{Inactive, Reason, Unavailable};
use openbell_tests::{Notified, Record, Recorder, at, bar_at, config};
use openbell_time::{Calendar, Nanos, TimeManager, TimeOfDay, Timestamp};

const DAY: &str = "2025-07-02";

/// Symbols whose live feeds follow their scripts.
struct Scripted(Vec<ScriptedFeed>);

impl Source for Scripted {
    fn intervals(&self, _: &Symbol) -> Vec<BarInterval> {
        vec![BarInterval::from_mins(1).expect("a minute")]
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        UnknownSymbol { symbol: symbol.clone(), source: "the vendor".to_owned(), nearest: None }
    }

    fn feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        Ok(Box::new(MemoryFeed::new(key.clone(), BarColumns::default())))
    }

    fn day_feed(
        &mut self,
        key: &SeriesKey,
        calendar: &Calendar,
    ) -> Result<Box<dyn Feed>, DataError> {
        match self.0.iter().position(|feed| feed.series() == key) {
            Some(position) => Ok(Box::new(self.0.remove(position))),
            None => self.feed(key, calendar),
        }
    }
}

fn key() -> SeriesKey {
    key_of("AAPL")
}

fn key_of(symbol: &str) -> SeriesKey {
    let interval = BarInterval::from_mins(1).expect("a minute");
    SeriesKey { symbol: symbol.parse().expect("a symbol"), interval }
}

fn minutes(since: Timestamp, n: usize) -> BarColumns {
    let mut rows = BarColumns::default();
    for minute in 0..n {
        let opens_at = since + Nanos::from_secs(60 * minute as i64);
        rows.push(opens_at, bar_at("AAPL", opens_at));
    }
    rows
}

fn engine(feed: ScriptedFeed) -> Engine {
    let json = config(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, "");
    let (config, _) = SessionConfig::parse(&json).expect("a good config");
    Engine::live(&config, &TimeManager::new(), Box::new(Scripted(vec![feed]))).expect("a plan")
}

/// Drives the run by a clock that ticks every `tick_s` seconds, and lists the second of every
/// switch after the open, with the reason where the gate shut.
fn drive(engine: &mut Engine, until: Timestamp, tick_s: i64) -> Vec<(i64, bool)> {
    let open = at(DAY, 9, 30);
    let mut now = open - Nanos::from_secs(5);
    while now <= until {
        while engine.step(now) == Step::Worked {}
        now += Nanos::from_secs(tick_s);
    }
    let switches = engine.events().iter().filter_map(|event| match event {
        Event::GateOpened { at, .. } => Some(((*at - open).as_secs(), true)),
        Event::GateShut { at, .. } => Some(((*at - open).as_secs(), false)),
        _ => None,
    });
    switches.collect()
}

/// Goes on with the run, by a clock that ticks every second from `now` on.
fn go_on(engine: &mut Engine, mut now: Timestamp, until: Timestamp) {
    while now <= until {
        while engine.step(now) == Step::Worked {}
        now += Nanos::from_secs(1);
    }
}

/// The symbols that hold the gate, where there are some.
fn holding(inactive: &Inactive) -> Vec<String> {
    let holders = inactive.facts().reason.holders();
    assert!(!holders.is_empty(), "{inactive}");
    holders.iter().map(|holder| holder.symbol.to_string()).collect()
}

#[test]
fn a_live_feed_that_delivers_each_bar_a_second_after_its_close_never_shuts_the_gate() {
    let open = at(DAY, 9, 30);
    let mut feed = ScriptedFeed::new(key(), open, Nanos::from_secs(120));
    feed.continuous();
    feed.arrive_after_close(&minutes(open, 60), Nanos::from_secs(1));
    let mut engine = engine(feed);
    let switches = drive(&mut engine, open + Nanos::from_secs(3500), 1);
    assert_eq!(switches.len(), 1, "{switches:?}");
    assert_eq!(switches[0], (0, true));
    let mut reader = engine.outside_reader();
    let view = reader.view().expect("active");
    let five = BarInterval::from_mins(5).expect("five minutes");
    assert_eq!(view.symbol("AAPL").unwrap().series(five).unwrap().today().len(), 11);
}

#[test]
fn a_live_feed_that_is_always_ninety_seconds_late_keeps_the_gate_shut() {
    let open = at(DAY, 9, 30);
    let mut feed = ScriptedFeed::new(key(), open, Nanos::from_secs(120));
    feed.continuous();
    feed.arrive_after_close(&minutes(open, 60), Nanos::from_secs(90));
    let mut engine = engine(feed);
    let _ = drive(&mut engine, open + Nanos::from_secs(1800), 1);
    let inactive = engine.outside_reader().view().err().expect("inactive");
    assert_eq!(holding(&inactive), ["AAPL"]);
    let inside = engine.inside_reader().view();
    assert!(!inside.symbol("AAPL").unwrap().base().unwrap().today().is_empty());
}

#[test]
fn a_live_feed_that_falls_silent_is_dead_and_holds_the_gate() {
    let open = at(DAY, 9, 30);
    let mut feed = ScriptedFeed::new(key(), open, Nanos::from_secs(120));
    feed.continuous();
    feed.arrive_after_close(&minutes(open, 10), Nanos::from_secs(1));
    let mut engine = engine(feed);
    let _ = drive(&mut engine, open + Nanos::from_secs(900), 1);
    let status = engine.handle().status();
    assert_eq!(status.symbols[0].state, SymbolState::Dead);
    let inactive = status.inactive.expect("inactive");
    assert_eq!(holding(&inactive), ["AAPL"]);
    assert_eq!(inactive.facts().reason.name(), "silent", "{inactive}");
}

#[test]
fn a_live_bar_that_is_overdue_holds_the_gate_as_late_and_not_as_catching_up() {
    let open = at(DAY, 9, 30);
    let mut feed = ScriptedFeed::new(key(), open, Nanos::from_secs(3600));
    feed.continuous();
    feed.arrive_after_close(&minutes(open, 10), Nanos::from_secs(1));
    let mut engine = engine(feed);
    // The tenth bar closes at 600 s, the one after it is expected at 660 s.
    let switches = drive(&mut engine, open + Nanos::from_secs(800), 1);
    assert_eq!(switches, [(0, true), (721, false)]);
    let status = engine.handle().status();
    assert_eq!(status.symbols[0].state, SymbolState::Late);
    let inactive = status.inactive.expect("inactive");
    assert_eq!(holding(&inactive), ["AAPL"]);
    assert_eq!(inactive.facts().reason.name(), "late", "{inactive}");
}

/// The bars of `interval` that an outsider sees.
fn seen(engine: &Engine, interval: u32) -> Vec<Bar> {
    let mut reader = engine.outside_reader();
    let view = reader.view().expect("active");
    let interval = BarInterval::from_mins(interval).expect("minutes");
    let series = view.symbol("AAPL").unwrap().series(interval).expect("the interval");
    series.since(0).collect()
}

#[test]
fn live_an_interval_that_is_asked_for_in_mid_session_is_as_if_always_there() {
    let open = at(DAY, 9, 30);
    let run = |asks: bool| {
        let minute = |n: i64| open + Nanos::from_secs(60 * n);
        let mut feed = ScriptedFeed::new(key(), open, Nanos::from_secs(120));
        feed.continuous();
        feed.arrive_after_close(&minutes(open, 40), Nanos::from_secs(1));
        feed.arrive_after_close(&minutes(minute(41), 20), Nanos::from_secs(1));
        // One comes when its window is long closed: the day is made anew once more.
        let late = Arrival::Bar { opens_at: minute(40), ohlcv: bar_at("AAPL", minute(40)) };
        feed.arrives(minute(50), late);
        let intervals = if asks { r#"["1m"]"# } else { r#"["1m", "15m"]"# };
        let json = config(r#"["AAPL"]"#, intervals, DAY, "");
        let (config, _) = SessionConfig::parse(&json).expect("a good config");
        let source = Box::new(Scripted(vec![feed]));
        let mut engine = Engine::live(&config, &TimeManager::new(), source).expect("a plan");
        let _ = drive(&mut engine, minute(22), 1);
        if !asks {
            go_on(&mut engine, minute(22) + Nanos::from_secs(1), minute(23));
        } else {
            let fifteen = BarInterval::from_mins(15).expect("minutes");
            let ticket = engine.handle().add_interval(fifteen);
            go_on(&mut engine, minute(22) + Nanos::from_secs(1), minute(23));
            assert_eq!(ticket.try_answer(), Some(Answer::Done));
            assert_eq!(seen(&engine, 15).len(), 1, "what has closed by now is there");
        }
        go_on(&mut engine, minute(23) + Nanos::from_secs(1), minute(62));
        (seen(&engine, 1), seen(&engine, 15))
    };
    let (always, asked) = (run(false), run(true));
    assert_eq!((always.0.len(), always.1.len()), (61, 4));
    assert_eq!(asked, always);
}

/// Notes when it is called, by the clock or with bars.
struct Called(Arc<Mutex<Vec<String>>>);

impl Called {
    fn note(&self, what: &str, now: Timestamp) -> Outcome {
        let second = (now - at(DAY, 9, 30)).as_secs();
        self.0.lock().map_err(|_| "a panic elsewhere")?.push(format!("{what} {second}"));
        Ok(())
    }
}

impl Consumer for Called {
    fn name(&self) -> &str {
        "called"
    }

    fn subscription(&self) -> Subscription {
        Subscription::none()
    }

    fn call_windows(&self) -> Vec<CallWindow> {
        let time = |minute| TimeOfDay::from_hms(9, minute, 0).expect("a time");
        vec![CallWindow { start: time(31), end: time(36), every: Nanos::from_secs(60) }]
    }

    fn before_open(&mut self, context: &mut BeforeOpen<'_>) -> Outcome {
        self.note("before", context.session().open)
    }

    fn session_started(&mut self, context: &mut Context<'_>) -> Outcome {
        self.note("started", context.now())
    }

    fn scheduled(&mut self, context: &mut Context<'_>) -> Outcome {
        self.note("scheduled", context.now())
    }

    fn deactivated(&mut self, at: Timestamp, _: &Reason) -> Outcome {
        self.note("deactivated", at)
    }

    fn resumed(&mut self, context: &mut Context<'_>, _: &Resumed) -> Outcome {
        self.note("resumed", context.now())
    }

    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        self.note("closed", context.now())
    }

    fn session_closed_inactive(&mut self, at: Timestamp, _: &Reason) -> Outcome {
        self.note("closed inactive", at)
    }
}

#[test]
fn a_call_that_falls_due_while_the_gate_is_shut_is_made_once_when_it_is_open_again() {
    let open = at(DAY, 9, 30);
    let mut feed = ScriptedFeed::new(key(), open, Nanos::from_secs(60));
    feed.continuous();
    // Nothing arrives from 09:31:01 to 09:34:01, and then everything: late at 61 s overdue.
    let rows = minutes(open, 8);
    let mut first = BarColumns::default();
    first.extend_from(&rows, 0..1);
    feed.arrive_after_close(&first, Nanos::from_secs(1));
    for row in 1..8 {
        let mut one = BarColumns::default();
        one.extend_from(&rows, row..row + 1);
        let closes_after = Nanos::from_secs(60 * (row as i64 + 1));
        let delay = (Nanos::from_secs(241) - closes_after).max(Nanos::from_secs(1));
        feed.arrive_after_close(&one, delay);
    }
    let mut engine = engine(feed);
    let notes = Arc::new(Mutex::new(Vec::new()));
    engine.register(Box::new(Called(Arc::clone(&notes))), OnError::StopRun);
    let _ = drive(&mut engine, open + Nanos::from_secs(400), 1);
    let notes = notes.lock().unwrap().clone();
    // Calls of 09:33 and 09:34 fell due meanwhile: one comes of them, then that of 09:35.
    let expected = [
        "before 0",
        "started 0",
        "scheduled 60",
        "scheduled 120",
        "deactivated 122",
        "resumed 241",
        "scheduled 241",
        "scheduled 300",
    ];
    assert_eq!(notes, expected);
}

#[test]
fn a_session_that_never_was_active_closes_so_and_shows_no_view() {
    let open = at(DAY, 9, 30);
    // The subscription is never confirmed: nothing is complete through the open.
    let feed = ScriptedFeed::new(key(), open - Nanos::from_secs(3600), Nanos::from_secs(120));
    let mut engine = engine(feed);
    let notes = Arc::new(Mutex::new(Vec::new()));
    engine.register(Box::new(Called(Arc::clone(&notes))), OnError::StopRun);
    let switches = drive(&mut engine, at(DAY, 16, 1), 5);
    assert_eq!(switches, []);
    assert_eq!(*notes.lock().unwrap(), ["before 0", "closed inactive 23400"]);
}

#[test]
fn a_bar_that_arrives_ahead_of_its_close_waits_for_it() {
    let open = at(DAY, 9, 30);
    let mut feed = ScriptedFeed::new(key(), open, Nanos::from_secs(120));
    // With our clock half a minute slow every bar is ahead of it.
    feed.continuous().arrive_after_close(&minutes(open, 30), Nanos::from_secs(-30));
    let mut engine = engine(feed);
    let switches = drive(&mut engine, open + Nanos::from_secs(1799), 1);
    assert_eq!(switches, [(0, true)]);
    let n_seen = |engine: &Engine| seen(engine, 1).len();
    assert_eq!(n_seen(&engine), 29);
    go_on(&mut engine, open + Nanos::from_secs(1800), open + Nanos::from_secs(1800));
    assert_eq!(n_seen(&engine), 30, "each is there at its close by our clock");
    let is_rejected = |event: &Event| matches!(event, Event::Rejected { .. });
    assert!(!engine.events().iter().any(is_rejected));
}

#[test]
fn a_bar_that_comes_after_its_window_closed_is_a_correction_and_makes_a_new_generation() {
    let open = at(DAY, 9, 30);
    let mut feed = ScriptedFeed::new(key(), open, Nanos::from_secs(120));
    feed.continuous();
    let ten = minutes(open, 10);
    for row in 0..ten.len() {
        // 09:32 comes at 09:36:30, after the window from 09:30 to 09:35 has closed.
        let delay_s = if row == 2 { 210 } else { 1 };
        let mut one = BarColumns::default();
        one.extend_from(&ten, row..row + 1);
        feed.arrive_after_close(&one, Nanos::from_secs(delay_s));
    }
    let mut engine = engine(feed);
    let five = BarInterval::from_mins(5).expect("five minutes");
    let seen = |view: &openbell_session_data::View<'_>| {
        let symbol = view.symbol("AAPL").unwrap();
        let rows = symbol.series(five).unwrap().today();
        (symbol.base().unwrap().today().len(), rows.coverage(0).map(|c| (c.n, c.expected)))
    };
    let _ = drive(&mut engine, open + Nanos::from_secs(380), 1);
    let before = engine.outside_reader().view().expect("active").hold();
    assert_eq!(seen(&before.view()), (5, Some((4, 5))));
    let mut now = open + Nanos::from_secs(381);
    while now <= open + Nanos::from_secs(400) {
        while engine.step(now) == Step::Worked {}
        now += Nanos::from_secs(1);
    }
    let after = engine.outside_reader().view().expect("active").hold();
    assert_eq!(seen(&after.view()), (6, Some((5, 5))));
    assert_eq!(seen(&before.view()), (5, Some((4, 5))), "a held view stays what it was");
    let corrected = engine.events().iter().filter_map(|event| match event {
        Event::Corrected { kind, n_bars, .. } => Some((*kind, *n_bars)),
        Event::Rejected { .. } => panic!("a correction is no rejection: {event:?}"),
        _ => None,
    });
    assert_eq!(corrected.collect::<Vec<_>>(), [(CorrectionKind::Late, 1)]);
}

/// A live run of AAPL, which is healthy, and of MSFT, whose minutes arrive as `arrives` says, each
/// after so many seconds past its close; with scope `symbol`.
fn two_by_symbol(n: usize, arrives: impl Fn(usize) -> i64) -> Engine {
    let open = at(DAY, 9, 30);
    let heartbeat = Nanos::from_secs(120);
    let mut healthy = ScriptedFeed::new(key(), open, heartbeat);
    healthy.continuous();
    healthy.arrive_after_close(&minutes(open, n), Nanos::from_secs(1));
    let mut other = ScriptedFeed::new(key_of("MSFT"), open, heartbeat);
    other.continuous();
    let rows = minutes(open, n);
    for row in 0..n {
        let mut one = BarColumns::default();
        one.extend_from(&rows, row..row + 1);
        other.arrive_after_close(&one, Nanos::from_secs(arrives(row)));
    }
    let scope = r#", "streaming": {"scope": "symbol"}"#;
    let json = config(r#"["AAPL", "MSFT"]"#, r#"["1m", "5m"]"#, DAY, scope);
    let (config, _) = SessionConfig::parse(&json).expect("a good config");
    let source = Box::new(Scripted(vec![healthy, other]));
    Engine::live(&config, &TimeManager::new(), source).expect("a plan")
}

#[test]
fn live_with_scope_symbol_a_symbol_that_falls_silent_is_withheld_alone_and_comes_back_whole() {
    let open = at(DAY, 9, 30);
    // Minutes 10 to 19 of MSFT all come at 09:50:01.
    let mut engine = two_by_symbol(40, |row| match row {
        10..20 => 1 + 60 * (19 - row as i64),
        _ => 1,
    });
    let record = Record::default();
    engine.register(Box::new(Recorder(record.clone())), OnError::StopRun);
    let mut reader = engine.outside_reader();
    let mut withheld = Vec::new();
    let mut now = open - Nanos::from_secs(5);
    while now <= open + Nanos::from_secs(35 * 60) {
        while engine.step(now) == Step::Worked {}
        if now >= open {
            let view = reader.view().expect("the session is active all the time");
            let of_aapl = view.symbol("AAPL").expect("it is healthy").base().unwrap().today().len();
            assert_eq!(of_aapl as i64, (now - open - Nanos::from_secs(1)).as_secs().max(0) / 60);
            if let Err(Unavailable::Withheld { inactive, .. }) = view.symbol("MSFT") {
                assert_eq!(holding(&inactive), ["MSFT"]);
                assert_eq!(view.withheld().len(), 1);
                let lag = view.withheld()[0].lag.expect("a live symbol has one");
                withheld.push(((now - open).as_secs(), lag.as_secs()));
            }
        }
        now += Nanos::from_secs(1);
    }
    // The bar of 09:40 closes at 09:41, and is overdue for more than a minute from 09:42:01 on.
    let (first, last) = (withheld[0], withheld[withheld.len() - 1]);
    assert_eq!((first.0, last.0), (12 * 60 + 1, 20 * 60), "{withheld:?}");
    assert!(first.1 >= 61 && last.1 >= 9 * 60, "{first:?} {last:?}");
    assert_eq!(engine.events().iter().filter(|e| matches!(e, Event::GateShut { .. })).count(), 0);
    let notified = record.all();
    assert!(!notified.iter().any(|notified| matches!(notified, Notified::Deactivated { .. })));
    assert!(
        !notified.iter().any(|notified| matches!(notified, Notified::Joined(_))),
        "all were there first"
    );
    let resumed: Vec<_> = notified
        .iter()
        .filter_map(|notified| match notified {
            Notified::Resumed(resumed) => Some(resumed),
            _ => None,
        })
        .collect();
    assert_eq!(resumed.len(), 1, "{resumed:?}");
    assert_eq!(resumed[0].at, open + Nanos::from_secs(20 * 60 + 1));
    let skipped: Vec<_> = resumed[0]
        .skipped
        .iter()
        .map(|s| (s.symbol.as_str(), s.interval.to_string(), s.first, s.last))
        .collect();
    assert_eq!(skipped, [("MSFT", "1m".to_owned(), 10, 19), ("MSFT", "5m".to_owned(), 2, 3)]);
    for (series, sequences) in record.announced() {
        assert_eq!(sequences, (0..sequences.len()).collect::<Vec<_>>(), "{series:?}");
    }
}

#[test]
fn live_with_scope_symbol_a_feed_that_is_always_late_is_withheld_and_the_session_is_not() {
    let open = at(DAY, 9, 30);
    let mut engine = two_by_symbol(60, |_| 90);
    let switches = drive(&mut engine, open + Nanos::from_secs(1800), 1);
    assert_eq!(switches, [(0, true)]);
    let mut reader = engine.outside_reader();
    let view = reader.view().expect("active");
    assert!(matches!(view.symbol("MSFT"), Err(Unavailable::Withheld { .. })));
    assert!(!view.symbol("AAPL").unwrap().base().unwrap().today().is_empty());
    let inside = engine.inside_reader().view();
    assert!(!inside.symbol("MSFT").unwrap().base().unwrap().today().is_empty());
}

#[test]
fn live_with_scope_symbol_one_whose_subscription_is_not_confirmed_does_not_hold_the_open() {
    let open = at(DAY, 9, 30);
    let later = open + Nanos::from_secs(600);
    let mut healthy = ScriptedFeed::new(key(), open, Nanos::from_secs(120));
    healthy.continuous();
    healthy.arrive_after_close(&minutes(open, 30), Nanos::from_secs(1));
    // Until 09:40 nobody knows whether it will send anything; then it says that nothing was traded.
    let mut other = ScriptedFeed::new(key_of("MSFT"), later, Nanos::from_secs(7200));
    other.continuous();
    other.arrives(later, Arrival::CompleteThrough(later));
    let scope = r#", "streaming": {"scope": "symbol"}"#;
    let json = config(r#"["AAPL", "MSFT"]"#, r#"["1m"]"#, DAY, scope);
    let (config, _) = SessionConfig::parse(&json).expect("a good config");
    let source = Box::new(Scripted(vec![healthy, other]));
    let mut engine = Engine::live(&config, &TimeManager::new(), source).expect("a plan");
    let record = Record::default();
    engine.register(Box::new(Recorder(record.clone())), OnError::StopRun);
    assert_eq!(drive(&mut engine, open + Nanos::from_secs(300), 1), [(0, true)]);
    assert_eq!(engine.handle().pending_symbols(), [key_of("MSFT").symbol]);
    assert!(engine.outside_reader().view().expect("active").symbol("MSFT").is_err());
    let mut now = open + Nanos::from_secs(301);
    while now <= later {
        while engine.step(now) == Step::Worked {}
        now += Nanos::from_secs(1);
    }
    assert!(engine.outside_reader().view().expect("active").symbol("MSFT").is_ok());
    assert!(record.all().contains(&Notified::Joined(key_of("MSFT").symbol)));
}
