//! Strategies of the box in a live run: what they signal is what they would in a replay of what was
//! known.

use openbell_config::SessionConfig;
use openbell_coordinator::{Delivery, Engine, Event, NoModuleFiles, Sessions, Signal};
use openbell_data_manager::{Arrival, ScriptedFeed};
use openbell_market::BarColumns;
use openbell_strategies::built_in;
use openbell_tests::{
    LiveMarket, LiveStory, Market, Story, at, config, finish, flat, series, sym, time,
};
use openbell_time::Timestamp;

use crate::live_support::{DAY, secs};

/// A day that breaks out of its first half hour at 10:00, at 110, and stands at 130 in the afternoon.
fn breakout() -> BarColumns {
    let mut rows = BarColumns::default();
    for minute in 0..390 {
        let opens_at = at(DAY, 9, 30) + secs(60 * minute);
        let price = match minute {
            0..30 => 100.0 + (minute % 3) as f64,
            30..270 => 110.0,
            270..330 => 130.0 + (minute % 7) as f64,
            _ => 120.0 - (minute % 5) as f64,
        };
        rows.push(opens_at, flat(price, 100.0));
    }
    rows
}

/// The session file: strategies over `symbols`, and a schedule where one is to join.
fn json(symbols: &str, schedule: &str) -> String {
    let strategies = r#", "strategies": [
        {"module": "opening_range_breakout", "config": {"minutes": 30}},
        {"module": "moving_average_cross", "config": {"interval": "5m", "fast": 2, "slow": 5}}]"#;
    config(symbols, r#"["1m", "5m"]"#, DAY, &format!("{strategies}{schedule}"))
}

/// Registers the modules of the session file.
fn register(engine: &mut Engine, json: &str) {
    let (config, _) = SessionConfig::parse(json).unwrap_or_else(|errors| panic!("{errors}"));
    let calendar = time().calendar(config.exchange_group.name).expect("a calendar");
    let built = built_in().build(&config, &calendar, &NoModuleFiles);
    let built = built.unwrap_or_else(|errors| panic!("{errors}"));
    drop(engine.register_modules(built, Delivery::Inline).expect("inline"));
}

/// What was signalled of AAPL, each with the minute of the session clock.
fn signals(events: &[Event]) -> Vec<(Timestamp, Signal)> {
    let minute_ns = 60_000_000_000;
    let of_aapl = events.iter().filter_map(|event| match event {
        Event::Signalled { at, signal } if signal.symbol == sym("AAPL") => {
            let minute = Timestamp::from_nanos(at.as_nanos().div_euclid(minute_ns) * minute_ns);
            Some((minute, signal.clone()))
        }
        _ => None,
    });
    of_aapl.collect()
}

#[test]
fn a_strategy_that_is_started_at_noon_signals_what_it_would_as_of_a_symbol_that_joins_then() {
    let key = series("AAPL 1m");
    let rows = breakout();
    let started = at(DAY, 14, 0) + secs(5);
    let mut feed = ScriptedFeed::new(key.clone(), started, secs(3_600));
    feed.continuous();
    for row in 0..390 {
        let (opens_at, ohlcv) = (rows.opens_at(row), rows.ohlcv(row));
        let arrives_at = (opens_at + secs(61)).max(started);
        feed.arrives(arrives_at, Arrival::Bar { opens_at, ohlcv });
    }
    let text = json(r#"["AAPL"]"#, "");
    let market = LiveMarket::new([feed]);
    let mut live = LiveStory::new(&text, market, Sessions::OfConfig, started - secs(1));
    register(&mut live.engine, &text);
    live.go(at(DAY, 16, 1));
    let live = signals(live.engine.events());

    // A replay in which nobody knows of AAPL before 14:00.
    let joins = r#", "symbol_schedule": [{"at": "14:00", "add": ["AAPL"]}]"#;
    let text = json(r#"["MSFT"]"#, joins);
    let stamped = (0..390).map(|row| (rows.opens_at(row), rows.ohlcv(row)));
    let market = Market::new().with_rows("AAPL", "1m", stamped);
    let mut replay = Story::new(&text, market.with_minutes("MSFT", DAY, DAY, |_, _| true));
    register(&mut replay.engine, &text);
    let replay = signals(&finish(&mut replay.engine).events);

    assert!(live.iter().all(|(at_minute, _)| *at_minute > at(DAY, 14, 0)), "{live:?}");
    assert!(live.iter().any(|(_, signal)| signal.kind == "buy"), "{live:?}");
    assert_eq!(live, replay);
}
