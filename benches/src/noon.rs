//! What a run costs at single moments: up to its first bar, and when a symbol is added at noon.

use openbell::bench::market::{Load, Market};
use openbell_config::SessionConfig;
use openbell_coordinator::{Engine, Step};
use openbell_market::{BarInterval, Symbol};
use openbell_time::{Nanos, Timestamp};
use serde_json::json;

use crate::rounds::cpu;

/// A run whose last symbol is added at noon of the last session, with a history of twenty sessions
/// of base bars and three indicators.
///
/// # Panics
///
/// Where `market` has less than two symbols and twenty-one sessions.
pub struct Noon<'m> {
    market: &'m Market,
    config: SessionConfig,
    noon: Timestamp,
}

impl<'m> Noon<'m> {
    /// The run over `market`.
    pub fn of(market: &'m Market) -> Noon<'m> {
        assert!(market.sessions.len() >= 21, "a history of twenty sessions");
        let (added, running) = market.symbols.split_last().expect("symbols");
        let added = added.as_str();
        let running: Vec<&str> = running.iter().map(|symbol| symbol.as_str()).collect();
        let last = market.sessions[market.sessions.len() - 1];
        let base = market.base.to_string();
        let load = Load {
            indicators: vec![
                json!({"name": "sma", "period": 20, "interval": base, "type": "trend"}),
                json!({"name": "rsi", "period": 14, "interval": base, "type": "momentum"}),
                json!({"name": "vwap", "interval": base, "type": "trend"}),
            ],
            more: vec![
                ("symbols", json!(running)),
                ("symbol_schedule", json!([{"at": "12:00", "add": [added]}])),
                (
                    "historical",
                    json!({"data": [
                        {"trailing_days": 20, "intervals": [base], "apply_to": [added]}
                    ]}),
                ),
            ],
            since: Some(last.date),
            ..Load::BASE
        };
        let config = market.config(&load).expect("a good config");
        // 150 minutes after the open of a US session.
        let noon = last.open + Nanos::from_secs(150 * 60);
        Noon { market, config, noon }
    }

    /// The run up to the instant before noon, in mid-session.
    pub fn before_noon(&self) -> Engine {
        let mut engine = self.market.engine(&self.config).expect("a plan");
        let minute = self.market.base.clock().map_or(Nanos::ZERO, |clock| clock.length());
        step_to(&mut engine, self.noon - minute);
        engine
    }

    /// A series that is there all day.
    pub fn a_symbol(&self) -> (Symbol, BarInterval) {
        (self.market.symbols[0].clone(), self.market.base)
    }

    /// The processor time of noon itself: from its bars on until the added symbol has caught up and
    /// the clock has gone one instant further.
    pub fn add(&self) -> Nanos {
        let mut engine = self.before_noon();
        let taken = cpu(|| step_to(&mut engine, self.noon + Nanos::from_nanos(1)));
        let n_symbols = engine.handle().loaded_symbols().len();
        assert_eq!(n_symbols, self.market.symbols.len(), "the added symbol is there");
        taken
    }
}

/// Steps until the session clock has reached `instant`.
///
/// # Panics
///
/// Where the run ends before.
pub fn step_to(engine: &mut Engine, instant: Timestamp) {
    let clock = engine.clock();
    while clock.now() < instant {
        let step = engine.step(Timestamp::from_nanos(0));
        assert_eq!(step, Step::Worked, "{:?}", engine.report().failure);
    }
}

/// The processor time from nothing to the first bars published: plan, files, first session, open.
///
/// # Panics
///
/// Where the run does not come so far.
pub fn to_first_bar(market: &Market, config: &SessionConfig) -> Nanos {
    let open = market.sessions[0].open;
    let mut engine = None;
    let taken = cpu(|| {
        let engine = engine.insert(market.engine(config).expect("a plan"));
        step_to(engine, open + Nanos::from_nanos(1));
    });
    drop(engine); // Giving the memory back is no part of the beginning.
    taken
}

/// A run over all sessions of `market` whose symbols but the first are added at noon of each, and leave
/// with it; where not `adds`, they are there from the start.
///
/// # Panics
///
/// Where the run cannot be planned.
pub fn adds_each_day(market: &Market, adds: bool) -> Engine {
    let names: Vec<&str> = market.symbols.iter().map(|symbol| symbol.as_str()).collect();
    let base = market.base.to_string();
    let more = if adds {
        let schedule = json!([{"at": "12:00", "add": names[1..]}]);
        vec![("symbols", json!(names[..1])), ("symbol_schedule", schedule)]
    } else {
        vec![("symbols", json!(names))]
    };
    let indicators = vec![json!({"name": "sma", "period": 20, "interval": base, "type": "trend"})];
    let load = Load { indicators, more, ..Load::BASE };
    let config = market.config(&load).expect("a good config");
    market.engine(&config).expect("a plan")
}
