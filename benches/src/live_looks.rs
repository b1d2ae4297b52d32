//! Looks of a live session that have much to do at once: rows that come late all together, an hour to
//! catch up, many revisions.

use openbell_config::SessionConfig;
use openbell_coordinator::{Engine, Sessions, Source, Step, UnknownSymbol};
use openbell_data_manager::{Arrival, DataError, Feed, MemoryFeed, ScriptedFeed};
use openbell_market::{BarColumns, BarInterval, Ohlcv, SeriesKey, Symbol};
use openbell_time::{Calendar, Nanos, TimeManager, Timestamp};

use crate::rounds::cpu;

/// The session's open: it runs round the clock.
const OPEN: &str = "2025-07-02T00:00:00Z";

/// Live feeds, each handed out once.
struct Feeds(Vec<ScriptedFeed>);

impl Source for Feeds {
    fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval> {
        let of_symbol = |feed: &&ScriptedFeed| feed.series().symbol == *symbol;
        self.0.iter().find(of_symbol).map(|feed| feed.series().interval).into_iter().collect()
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        UnknownSymbol { symbol: symbol.clone(), source: "the script".to_owned(), nearest: None }
    }

    fn feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        Ok(Box::new(MemoryFeed::new(key.clone(), BarColumns::default())))
    }

    fn day_feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        match self.0.iter().position(|feed| feed.series() == key) {
            Some(at) => Ok(Box::new(self.0.swap_remove(at))),
            None => Err(DataError::SourceFailed { said: "it was handed out before".to_owned() }),
        }
    }
}

/// A live run and the instant of the look whose cost is wanted.
pub struct LiveLook {
    engine: Engine,
    now: Timestamp,
    due: Timestamp,
    /// The instant up to which the clock is looked at bar by bar.
    until: Timestamp,
    step: Nanos,
}

/// The rows of a series from the session's open on.
fn rows(n_rows: i64, step: Nanos) -> BarColumns {
    let mut rows = BarColumns::default();
    let open: Timestamp = OPEN.parse().expect("an instant");
    for n in 0..n_rows {
        let close = 100.0 + (n * 37 % 101) as f64 / 64.0;
        let (open_price, high, low) = (close - 0.125, close + 0.5, close - 0.25);
        let ohlcv = Ohlcv { open: open_price, high, low, close, volume: 100.0 };
        rows.push(open + Nanos::from_nanos(step.as_nanos() * n), ohlcv);
    }
    rows
}

impl LiveLook {
    /// A run of `n_symbols` symbols of `base`, whose feeds `script` fills out of their rows, looked
    /// at from `since` and then at each close up to `until`; the look wanted is the one at `due`.
    fn of(
        n_symbols: usize,
        base: &str,
        (since, until, due): (i64, i64, i64),
        script: impl Fn(&mut ScriptedFeed, &BarColumns),
    ) -> LiveLook {
        let interval: BarInterval = base.parse().expect("an interval");
        let step = interval.clock().expect("an interval of the clock").length();
        let open: Timestamp = OPEN.parse().expect("an instant");
        let at = |second: i64| open + Nanos::from_secs(second);
        let names: Vec<String> = (0..n_symbols).map(|n| format!("S{n:04}")).collect();
        let all = rows(due / step.as_secs() + 10, step);
        let feed = |name: &String| {
            let key = SeriesKey { symbol: name.parse().expect("a symbol"), interval };
            let mut feed = ScriptedFeed::new(key, at(since), Nanos::from_secs(86_400));
            feed.continuous();
            script(&mut feed, &all);
            feed
        };
        let feeds = Feeds(names.iter().map(feed).collect());
        let derived = if base == "1s" { "1m" } else { "5m" };
        let json = serde_json::json!({
            "session_name": "looks", "mode": "backtest", "exchange_group": "CRYPTO",
            "backtest_config": {"start_date": "2025-07-02", "end_date": "2025-07-02"},
            "session_data_config": {
                "symbols": names, "streams": [base, derived],
                "indicators": {"session": [
                    {"name": "sma", "period": 20, "interval": base, "type": "trend"},
                    {"name": "rsi", "period": 14, "interval": base, "type": "momentum"},
                    {"name": "ema", "period": 20, "interval": derived, "type": "trend"}
                ]}
            }
        });
        let (config, _) = SessionConfig::parse(&json.to_string()).expect("a good config");
        let (time, sessions) = (TimeManager::new(), Sessions::OfConfig);
        let engine = Engine::live_sessions(&config, &time, Box::new(feeds), sessions);
        let (engine, now) = (engine.expect("a plan"), at(since));
        LiveLook { engine, now, until: at(until), due: at(due), step }
    }

    /// Eight hours of seconds, 28,800 rows, that come eight seconds after the start of the run.
    pub fn late_rows() -> LiveLook {
        let (since, due) = (28_800, 28_808);
        LiveLook::of(1, "1s", (since, since + 7, due), |feed, rows| {
            let arrives_at = rows.opens_at(0) + Nanos::from_secs(due);
            for row in 0..rows.len().min(28_800) {
                let (opens_at, ohlcv) = (rows.opens_at(row), rows.ohlcv(row));
                feed.arrives(arrives_at, Arrival::Bar { opens_at, ohlcv });
            }
        })
    }

    /// The minutes of one hour of `n_symbols` symbols, which come all at once after an outage.
    pub fn hour_to_catch_up(n_symbols: usize) -> LiveLook {
        let (cut, back) = (36_000, 39_605);
        LiveLook::of(n_symbols, "1m", (0, cut, back), |feed, rows| {
            for row in 0..rows.len() {
                let (opens_at, ohlcv) = (rows.opens_at(row), rows.ohlcv(row));
                let closed_s = (row as i64 + 1) * 60;
                let comes_s = if closed_s >= cut { closed_s.max(back) } else { closed_s + 1 };
                let arrives_at = rows.opens_at(0) + Nanos::from_secs(comes_s);
                feed.arrives(arrives_at, Arrival::Bar { opens_at, ohlcv });
            }
        })
    }

    /// A look in which each of `n_symbols` symbols has its bar of the minute, after 15 hours of a
    /// session; where `revises`, and another value of the one before.
    pub fn of_a_minute(n_symbols: usize, revises: bool) -> LiveLook {
        let due = 54_001;
        LiveLook::of(n_symbols, "1m", (0, due - 60, due), |feed, rows| {
            feed.arrive_after_close(rows, Nanos::from_secs(1));
            if revises {
                let row = due as usize / 60 - 2;
                let (opens_at, mut ohlcv) = (rows.opens_at(row), rows.ohlcv(row));
                ohlcv.volume += 1.0;
                let arrives_at = rows.opens_at(0) + Nanos::from_secs(due);
                feed.arrives(arrives_at, Arrival::Revision { opens_at, ohlcv });
            }
        })
    }

    /// A look at `n_symbols` symbols nine seconds after their bars, when nothing has come.
    pub fn without_news(n_symbols: usize) -> LiveLook {
        let bars_at = 54_001;
        LiveLook::of(n_symbols, "1m", (0, bars_at, bars_at + 9), |feed, rows| {
            feed.arrive_after_close(rows, Nanos::from_secs(1));
        })
    }

    /// Goes up to the look, and yields the processor time that the look takes.
    pub fn cost(mut self) -> Nanos {
        self.step_at(self.now);
        let mut now = self.now + Nanos::from_secs(1);
        while now <= self.until {
            self.step_at(now);
            now += self.step;
        }
        if self.due - self.until > Nanos::from_secs(60) {
            // A leap of the clock is believed when a second reading agrees with it.
            self.step_at(self.due - Nanos::from_nanos(2));
            self.step_at(self.due - Nanos::from_nanos(1));
        }
        let due = self.due;
        let before = self.engine.report().n_bars;
        let taken = cpu(|| self.step_at(due));
        assert!(self.engine.report().n_bars >= before, "bars are not taken back");
        taken
    }

    fn step_at(&mut self, now: Timestamp) {
        while self.engine.step(now) == Step::Worked {}
    }
}
