//! Live sessions from a seed: feeds that are late, silent, repeated, out of order and ahead of time.
//! Whatever they do, laws hold at every look, and the day ends as a replay of the same bars has it.
#![expect(clippy::disallowed_methods, reason = "a seed is taken from the environment")]

use std::collections::BTreeMap;

use openbell_config::{GateScope, SessionConfig};
use openbell_coordinator::{
    Engine, OnError, Phase, Source, Step, SymbolState, UnknownSymbol, symbol_print,
};
use openbell_data_manager::{Arrival, DataError, Feed, MemoryFeed, ScriptedFeed};
use openbell_market::{BarColumns, BarInterval, Ohlcv, SeriesKey, Symbol};
use openbell_session_data::InsideView;
use openbell_tests::{Market, Mirror, Notified, Record, Recorder, Story, at, bar_at, time};
use openbell_time::{Calendar, Nanos, Timestamp};

/// A half day, so that a session is 210 minutes.
const DAY: &str = "2025-07-03";
const N_MINUTES: usize = 210;
const HEARTBEAT_S: i64 = 90;
const NAMES: [&str; 4] = ["AAPL", "MSFT", "TSLA", "ZM"];

struct Draw(u64);

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)) % n
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What one symbol's source sends, and when.
struct Sent {
    symbol: &'static str,
    bars: Vec<(Timestamp, Timestamp, Ohlcv)>,
    feed: ScriptedFeed,
}

fn key(symbol: &str) -> SeriesKey {
    SeriesKey { symbol: symbol.parse().expect("a symbol"), interval: minute() }
}

fn minute() -> BarInterval {
    BarInterval::from_mins(1).expect("a minute")
}

fn sent(symbol: &'static str, draw: &mut Draw) -> Sent {
    let open = at(DAY, 9, 30);
    let mut feed = ScriptedFeed::new(key(symbol), open, Nanos::from_secs(HEARTBEAT_S));
    let secs = Nanos::from_secs;
    let density = [100, 97, 60, 10][draw.below(4) as usize];
    let delay_s = [1, 2, 20, 59, 75][draw.below(5) as usize];
    let is_flawed = draw.chance(50);
    // In an outage nobody is notified, and then of everything that is due by then.
    let outage_since = draw.below(4 * N_MINUTES as u64) as i64;
    let outage = open + secs(60 * outage_since)
        ..open + secs(60 * (outage_since + 1 + draw.below(25) as i64));
    let held_back = |at: Timestamp| if outage.contains(&at) { outage.end } else { at };
    let mut bars = Vec::new();
    for n in 0..N_MINUTES as i64 {
        let opens_at = open + secs(60 * n);
        let closes_at = opens_at + secs(60);
        let mut arrives_at = held_back(closes_at + secs(delay_s));
        if draw.chance(density) {
            let bar = bar_at(symbol, opens_at);
            if is_flawed && draw.chance(3) {
                arrives_at = held_back(closes_at + secs(30 + draw.below(400) as i64));
            }
            if is_flawed && draw.chance(2) {
                // Ahead of its close it waits, and it comes again.
                bars.push((closes_at - secs(30), opens_at, bar));
            }
            bars.push((arrives_at, opens_at, bar));
            if is_flawed && draw.chance(2) {
                let again = Ohlcv { volume: bar.volume + 1.0, ..bar };
                bars.push((arrives_at + secs(draw.below(200) as i64), opens_at, again));
            }
        }
        let marks_at = held_back(closes_at + secs(delay_s));
        feed.arrives(marks_at, Arrival::CompleteThrough(closes_at));
        feed.arrives(held_back(opens_at + secs(30)), Arrival::Heartbeat);
    }
    bars.sort_by_key(|&(arrives_at, _, _)| arrives_at); // Stable: the first sent is notified first.
    for &(arrives_at, opens_at, ohlcv) in &bars {
        feed.arrives(arrives_at, Arrival::Bar { opens_at, ohlcv });
    }
    Sent { symbol, bars, feed }
}

impl Sent {
    /// The bars of a run whose last look was at `closed_at`, each under its stamp: of several rows of
    /// one stamp the last that came.
    fn taken(&self, closed_at: Timestamp) -> BTreeMap<Timestamp, Ohlcv> {
        let seen = self.bars.iter().filter(|(arrives_at, _, _)| *arrives_at <= closed_at);
        seen.map(|&(_, opens_at, ohlcv)| (opens_at, ohlcv)).collect()
    }
}

struct Feeds(Vec<ScriptedFeed>);

impl Source for Feeds {
    fn intervals(&self, _: &Symbol) -> Vec<BarInterval> {
        vec![minute()]
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        UnknownSymbol { symbol: symbol.clone(), source: "the vendor".to_owned(), nearest: None }
    }

    fn feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        Ok(Box::new(MemoryFeed::new(key.clone(), BarColumns::default())))
    }

    fn day_feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        let position = self.0.iter().position(|feed| feed.series() == key).expect("a feed");
        Ok(Box::new(self.0.remove(position)))
    }
}

fn json(symbols: &[&str], scope: &str) -> String {
    format!(
        r#"{{"session_name": "live", "mode": "backtest",
        "backtest_config": {{"start_date": "{DAY}", "end_date": "{DAY}"}},
        "session_data_config": {{"symbols": {symbols:?}, "streams": ["1m", "5m", "1h", "1d"],
        "streaming": {{"scope": "{scope}"}},
        "indicators": {{"session": [
          {{"name": "sma", "period": 5, "interval": "5m", "type": "trend"}},
          {{"name": "rsi", "period": 14, "interval": "1m", "type": "momentum"}}]}}}}}}"#
    )
}

fn holds(state: SymbolState) -> bool {
    matches!(state, SymbolState::Late | SymbolState::Dead | SymbolState::CatchingUp)
}

/// What must hold whenever somebody looks.
fn check(engine: &Engine, now: Timestamp) {
    let status = engine.handle().status();
    let held: Vec<&Symbol> =
        status.symbols.iter().filter(|s| holds(s.state)).map(|s| &s.symbol).collect();
    let mut reader = engine.outside_reader();
    let scope = engine.plan().config().session_data_config.streaming.scope;
    match reader.view() {
        Ok(view) => {
            // What the last instant brings is published once, when it is complete or has settled.
            let is_over = now >= at(DAY, 13, 0) && now - view.instant() <= Nanos::from_secs(30);
            assert!(view.instant() == now || is_over, "an active session is of now");
            let withheld: Vec<&Symbol> = view.withheld().iter().map(|h| &h.symbol).collect();
            match scope {
                GateScope::Session => assert!(held.is_empty(), "active while {held:?} hold it"),
                GateScope::Symbol if view.instant() < now => {}
                GateScope::Symbol => assert_eq!(withheld, held, "withheld, and behind"),
            }
            for symbol in view.symbols() {
                let Ok(symbol) = view.symbol(symbol.as_str()) else { continue };
                for interval in symbol.intervals() {
                    let rows = symbol.series(interval).expect("it is listed").today();
                    let last = rows.closes_at_ns().last().copied().unwrap_or(i64::MIN);
                    assert!(last <= now.as_nanos(), "{} {interval} is early", symbol.symbol());
                }
            }
        }
        Err(inactive) => {
            let holders = inactive.facts().reason.holders();
            if !holders.is_empty() {
                assert_eq!(scope, GateScope::Session, "{inactive}");
                let named: Vec<&Symbol> = holders.iter().map(|holder| &holder.symbol).collect();
                assert!(!named.is_empty() && held.iter().all(|s| named.contains(s)), "{inactive}");
            }
        }
    }
}

/// Runs the live session of `seed`; yields how often symbols were held, and how often the gate
/// shut, for the figures.
fn live_session(seed: u64) -> (usize, usize) {
    let draw = &mut Draw(seed);
    let n_symbols = 1 + draw.below(4) as usize;
    let all: Vec<Sent> = NAMES[..n_symbols].iter().map(|name| sent(name, draw)).collect();
    let scope = if draw.chance(50) { "symbol" } else { "session" };
    let (config, _) = SessionConfig::parse(&json(&NAMES[..n_symbols], scope)).expect("a config");
    let feeds = all.iter().map(|sent| sent.feed.clone()).collect();
    let mut engine = Engine::live(&config, time(), Box::new(Feeds(feeds))).expect("a plan");
    let record = Record::default();
    engine.register(Box::new(Recorder(record.clone())), OnError::StopRun);
    engine.register(Box::new(Mirror::new().0), OnError::StopRun);
    let inside = engine.inside_reader();
    let tick = Nanos::from_secs(1 + draw.below(20) as i64);
    let (open, mut now) = (at(DAY, 9, 30), at(DAY, 9, 29));
    let mut n_held = 0;
    let phase = 'day: loop {
        loop {
            match engine.step(now) {
                Step::Worked | Step::Paused => {}
                Step::Waits { .. } => break,
                Step::Ended(phase) => break 'day phase,
            }
        }
        if now >= open {
            check(&engine, now);
            n_held += engine.handle().status().symbols.iter().filter(|s| holds(s.state)).count();
        }
        now += tick;
    };
    assert_eq!(phase, Phase::Closed, "{:?}", engine.report().failure);
    as_replayed(&all, now, &inside.view(), n_symbols, &engine);
    let shut = record
        .all()
        .into_iter()
        .filter(|notified| matches!(notified, Notified::Deactivated { .. }));
    (n_held, shut.count())
}

/// The day as it stands at its close is that of a replay of the bars that arrived.
fn as_replayed(
    all: &[Sent],
    closed_at: Timestamp,
    live: &InsideView,
    n_symbols: usize,
    engine: &Engine,
) {
    let market = all.iter().fold(Market::new(), |market, sent| {
        market.with_rows(sent.symbol, "1m", sent.taken(closed_at))
    });
    let mut story = Story::new(&json(&NAMES[..n_symbols], "session"), market);
    story.run_to(DAY, 13, 0);
    let replayed = story.engine.inside_reader().view();
    for sent in all {
        let (met, due) = (live.symbol(sent.symbol).unwrap(), replayed.symbol(sent.symbol).unwrap());
        for interval in met.intervals() {
            let (met, due) = (met.series(interval).unwrap(), due.series(interval).unwrap());
            let bars = |series: &openbell_session_data::SeriesView<'_>| -> Vec<_> {
                series.since(0).map(|bar| (bar.opens_at, bar.closes_at, bar.ohlcv)).collect()
            };
            assert_eq!(bars(&met), bars(&due), "{} {interval}", sent.symbol);
        }
        assert_eq!(
            symbol_print(&met),
            symbol_print(&due),
            "{}: coverage or indicators",
            sent.symbol
        );
        let report = engine.report();
        let notified = report.sessions[0].symbols.iter().find(|s| s.symbol.as_str() == sent.symbol);
        assert_eq!(notified.unwrap().series[0].n_bars as usize, sent.taken(closed_at).len());
    }
}

#[test]
fn live_sessions_of_many_seeds_keep_the_laws_and_end_as_their_replay() {
    let given = std::env::var("LIVE_SEED").ok().map(|text| text.parse().expect("a number"));
    let seeds = given.map_or(0..60, |seed: u64| seed..seed + 1);
    let (mut n_held, mut n_shut) = (0, 0);
    for seed in seeds {
        println!("LIVE_SEED={seed}");
        let (held, shut) = live_session(seed);
        (n_held, n_shut) = (n_held + held, n_shut + shut);
    }
    println!("{n_held} looks at symbols that were behind, {n_shut} shut gates");
    assert!(given.is_some() || n_held > 100 && n_shut > 10, "{n_held} {n_shut}");
}
