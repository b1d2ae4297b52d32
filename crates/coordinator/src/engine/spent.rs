//! A story that no other can tell: a run whose board has no number left to publish by.

use openbell_data_manager::{DataError, Feed, MemoryFeed};
use openbell_market::{BarColumns, BarInterval, Ohlcv, SeriesKey, Symbol};
use openbell_session_data::Reason;
use openbell_time::{Calendar, Nanos, TimeManager, Timestamp};

use super::{Engine, Step};
use crate::control::event::Event;
use crate::control::status::Phase;
use crate::error::{RunError, UnknownSymbol};
use crate::source::Source;

/// A symbol with a bar in each of two sessions.
struct TwoDays;

impl Source for TwoDays {
    fn intervals(&self, _: &Symbol) -> Vec<BarInterval> {
        BarInterval::from_mins(1).into_iter().collect()
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        UnknownSymbol { symbol: symbol.clone(), source: "two days".to_owned(), nearest: None }
    }

    fn feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        let ohlcv = Ohlcv { open: 1.0, high: 1.0, low: 1.0, close: 1.0, volume: 1.0 };
        let mut rows = BarColumns::default();
        let first: Timestamp = "2025-07-01T13:30:00Z".parse().expect("an instant");
        rows.push(first, ohlcv);
        rows.push(first + Nanos::from_secs(86_400), ohlcv);
        Ok(Box::new(MemoryFeed::new(key.clone(), rows)))
    }
}

#[test]
fn a_run_without_a_number_to_publish_by_fails_in_words_with_its_gate_shut() {
    let json = r#"{"session_name": "spent", "mode": "backtest",
        "backtest_config": {"start_date": "2025-07-01", "end_date": "2025-07-02"},
        "session_data_config": {"symbols": ["A"], "streams": ["1m"]}}"#;
    let (config, _) = openbell_config::SessionConfig::parse(json).expect("a config");
    let mut engine = Engine::new(&config, &TimeManager::new(), Box::new(TwoDays)).expect("a plan");
    engine.core.board.spend_numbers();
    let mut reader = engine.outside_reader();
    let mut n_read = 0;
    let phase = loop {
        match engine.step(Timestamp::MIN) {
            Step::Ended(phase) => break phase,
            _ => n_read += u32::from(reader.view().is_ok()),
        }
    };
    assert_eq!(phase, Phase::Failed);
    assert_eq!(engine.n_sessions_closed(), 1, "the first session is whole");
    assert!(n_read > 0);
    let failure = engine.report().failure.expect("a failure");
    assert!(matches!(failure.error(), RunError::Exhausted(_)), "{failure}");
    assert!(failure.to_string().contains("end this run and begin another"), "{failure}");
    let inactive = reader.view().err().expect("inactive");
    assert_eq!(inactive.facts().reason, Reason::Failed);
    assert!(matches!(engine.events().last(), Some(Event::Failed { .. })));
}
