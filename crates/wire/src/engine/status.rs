//! The state of a run, as it is written.

use openbell_config::SessionConfig;
use openbell_coordinator::{Status, SymbolState, SymbolStatus};
use openbell_market::Quality;
use openbell_session_data::Inactive;
use openbell_time::{Calendar, TradingDate};

use crate::event::Reason;
use crate::status as shape;

/// What a status says beside what the run tells of itself.
#[derive(Clone, Copy, Debug)]
pub struct StatusFacts<'a> {
    /// What was asked.
    pub config: &'a SessionConfig,
    /// The calendar of its sessions.
    pub calendar: &'a Calendar,
}

impl shape::Status {
    /// The state of a run.
    ///
    /// *Cost*: linear in the symbols.
    pub fn of(status: &Status, facts: StatusFacts<'_>) -> shape::Status {
        let StatusFacts { config, calendar } = facts;
        let mut n_symbols = shape::SymbolCounts::default();
        for symbol in &status.symbols {
            *count_of(&mut n_symbols, symbol.state) += 1;
        }
        shape::Status {
            session_name: config.session_name.clone(),
            mode: config.mode.name().to_owned(),
            exchange_group: config.exchange_group.name.to_owned(),
            zone: calendar.zone_name().to_owned(),
            phase: status.phase.name().to_owned(),
            is_paused: status.is_paused,
            clock: status.clock.map(|clock| clock.to_string()),
            session: status.session.map(|date| session(date, calendar)),
            gate: shape::Gate::of(status.inactive.as_ref()),
            n_symbols,
            symbols: status.symbols.iter().map(Into::into).collect(),
        }
    }
}

fn session(date: TradingDate, calendar: &Calendar) -> shape::Session {
    // A run has the calendar that its sessions are of; of another one nothing is said.
    let hours = calendar.session(date).unwrap_or(None);
    shape::Session {
        date: date.to_string(),
        open: hours.map(|session| session.open.to_string()),
        close: hours.map(|session| session.close.to_string()),
        is_early_close: hours.is_some_and(|session| session.is_early_close),
    }
}

impl shape::Gate {
    /// The gate that is shut so; open where `inactive` is absent.
    pub fn of(inactive: Option<&Inactive>) -> shape::Gate {
        let facts = inactive.map(Inactive::facts);
        let reason = facts.map(|facts| {
            let mut reason = Reason::from(&facts.reason);
            if let Some(holders) = &mut reason.holders {
                holders.truncate(shape::Gate::HOLDERS_SHOWN);
            }
            reason
        });
        shape::Gate {
            active: inactive.is_none(),
            epoch: facts.map(|facts| facts.epoch),
            since: facts.and_then(|facts| facts.since).map(|since| since.to_string()),
            reason,
            n_holders: facts.map_or(0, |facts| facts.reason.holders().len()),
            sentence: inactive.map(ToString::to_string),
        }
    }
}

/// The count of those in `state`.
pub(super) fn count_of(counts: &mut shape::SymbolCounts, state: SymbolState) -> &mut u64 {
    match state {
        SymbolState::Loading => &mut counts.loading,
        SymbolState::CatchingUp => &mut counts.catching_up,
        SymbolState::Live => &mut counts.live,
        SymbolState::Quiet => &mut counts.quiet,
        SymbolState::Halted => &mut counts.halted,
        SymbolState::Late => &mut counts.late,
        SymbolState::Dead => &mut counts.dead,
        SymbolState::Skewed => &mut counts.skewed,
        SymbolState::Gone => &mut counts.gone,
        SymbolState::Closed => &mut counts.closed,
        SymbolState::Removed => &mut counts.removed,
    }
}

impl From<&SymbolStatus> for shape::Symbol {
    fn from(symbol: &SymbolStatus) -> shape::Symbol {
        let quality = symbol.coverage.and_then(|coverage| coverage.quality());
        // Before its first bar a feed stands at the session's first instant.
        let last_close = symbol.feed.as_ref().filter(|_| symbol.n_delivered > 0);
        shape::Symbol {
            symbol: symbol.symbol.to_string(),
            generation: symbol.generation,
            state: symbol.state.name().to_owned(),
            since: symbol.since.map(|since| since.to_string()),
            why: symbol.why.to_string(),
            lag_s: symbol.lag.as_secs_f64(),
            n_backlog: symbol.n_backlog,
            n_delivered: symbol.n_delivered,
            n_rejected: symbol.n_rejected,
            last_close: last_close.map(|feed| feed.last_bar.to_string()),
            n: symbol.coverage.map(|coverage| coverage.n),
            expected: symbol.coverage.map(|coverage| coverage.expected),
            quality_pct: quality.map(Quality::as_pct),
            is_locked: symbol.is_locked,
            feed: symbol.feed.as_ref().map(|feed| shape::Feed {
                link: feed.link.clone(),
                n_handed: feed.n_handed,
                n_caught_up: feed.n_caught_up,
                n_corrected: feed.n_corrected,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use openbell_coordinator::FeedStatus;
    use openbell_market::Coverage;
    use openbell_session_data::{InactiveFacts, LaggingSymbol, Reason, Why};
    use openbell_time::{Nanos, TimeManager};
    use serde_json::{Value, json};

    use super::*;
    use crate::engine::samples::{at, status, symbol};

    const SESSION: &str = r#"{"session_name": "noon", "mode": "backtest",
        "backtest_config": {"start_date": "2025-07-03", "end_date": "2025-07-03"},
        "session_data_config": {"symbols": ["AAPL"], "streams": ["1m"]}}"#;

    fn shape_of(status: &Status) -> shape::Status {
        let (config, _) = SessionConfig::parse(SESSION).unwrap();
        let calendar = TimeManager::new().calendar("US_EQUITY").unwrap();
        shape::Status::of(status, StatusFacts { config: &config, calendar: &calendar })
    }

    fn shut(n_holders: usize) -> Inactive {
        let holder = |n: usize| {
            let name = format!("S{n:02}").parse().unwrap();
            LaggingSymbol::behind(name, Some(Nanos::from_secs(61)))
        };
        Inactive::new(InactiveFacts {
            since: Some(at("2025-07-03T15:59:00Z")),
            epoch: 2,
            reason: Reason::CatchingUp { holders: (0..n_holders).map(holder).collect() },
        })
    }

    #[test]
    fn a_shut_session_says_since_when_why_and_who_is_behind() {
        let mut behind = symbol("S00", SymbolState::CatchingUp);
        behind.why = Why::Behind { complete_through: None };
        (behind.lag, behind.n_backlog) = (Nanos::from_secs(61), 2);
        let written = serde_json::to_value(shape_of(&status(Some(shut(1)), vec![behind]))).unwrap();
        let expected = json!({
            "session_name": "noon", "mode": "backtest", "exchange_group": "US_EQUITY",
            "zone": "America/New_York", "phase": "streaming", "is_paused": false,
            "clock": "2025-07-03T16:00:00Z",
            // The day before Independence Day: 13:00 in New York.
            "session": { "date": "2025-07-03", "open": "2025-07-03T13:30:00Z",
                         "close": "2025-07-03T17:00:00Z", "is_early_close": true },
            "gate": { "active": false, "epoch": 2, "since": "2025-07-03T15:59:00Z",
                      "reason": { "name": "catching_up",
                                  "holders": [ { "symbol": "S00", "lag_s": 61.0 } ] },
                      "n_holders": 1,
                      "sentence": "inactive since 2025-07-03T15:59:00Z (epoch 2): catching up: S00 lags 61s" },
            "n_symbols": { "loading": 0, "catching_up": 1, "live": 0, "quiet": 0, "halted": 0,
                           "late": 0, "dead": 0, "skewed": 0, "gone": 0, "closed": 0, "removed": 0 },
            "symbols": [ { "symbol": "S00", "generation": 1, "state": "catching_up",
                           "since": "2025-07-03T13:30:00Z", "why": "catching up", "lag_s": 61.0,
                           "n_backlog": 2, "n_delivered": 0, "n_rejected": 0, "last_close": null,
                           "n": null, "expected": null, "quality_pct": null, "is_locked": false,
                           "feed": null } ],
        });
        assert_eq!(written, expected);
    }

    #[test]
    fn an_open_session_names_no_reason() {
        let gate = serde_json::to_value(shape_of(&status(None, Vec::new())).gate).unwrap();
        let expected = json!({ "active": true, "epoch": null, "since": null, "reason": null,
                               "n_holders": 0, "sentence": null });
        assert_eq!(gate, expected);
    }

    #[test]
    fn a_live_symbol_says_what_its_feed_does_and_its_last_bar_once_it_has_one() {
        let mut live = symbol("S00", SymbolState::Dead);
        live.why = Why::Down {
            since: at("2025-07-03T15:58:00Z"),
            said: "nothing heard for 10 s".into(),
            next_try: None,
        };
        live.feed = Some(FeedStatus {
            link: "nothing heard for 10 s since 2025-07-03T15:58:00Z".to_owned(),
            last_bar: at("2025-07-03T13:30:00Z"),
            n_handed: 149,
            n_caught_up: 5,
            n_corrected: 1,
        });
        live.coverage = Some(Coverage { n: 3, expected: 4 });
        let first = shape::Symbol::from(&live);
        assert_eq!((first.last_close, first.quality_pct), (None, Some(75.0)));
        live.n_delivered = 148;
        live.feed.as_mut().unwrap().last_bar = at("2025-07-03T15:58:00Z");
        let later = serde_json::to_value(shape::Symbol::from(&live)).unwrap();
        assert_eq!(later["last_close"], "2025-07-03T15:58:00Z");
        assert_eq!(later["why"], "nothing since 2025-07-03T15:58:00Z: nothing heard for 10 s");
        let feed = json!({ "link": "nothing heard for 10 s since 2025-07-03T15:58:00Z",
                           "n_handed": 149, "n_caught_up": 5, "n_corrected": 1 });
        assert_eq!(later["feed"], feed);
    }

    #[test]
    fn a_status_names_fifty_holders_and_counts_them_all() {
        let gate = shape_of(&status(Some(shut(51)), Vec::new())).gate;
        assert_eq!(gate.n_holders, 51);
        let holders = gate.reason.unwrap().holders.unwrap();
        assert_eq!(holders.len(), 50);
        assert_eq!(holders.last().unwrap().symbol, "S49");
    }

    #[test]
    fn every_state_is_counted_under_the_name_that_the_symbol_shows() {
        let states = [
            SymbolState::Loading,
            SymbolState::CatchingUp,
            SymbolState::Live,
            SymbolState::Quiet,
            SymbolState::Halted,
            SymbolState::Late,
            SymbolState::Dead,
            SymbolState::Skewed,
            SymbolState::Gone,
            SymbolState::Closed,
            SymbolState::Removed,
        ];
        for state in states {
            let shown = shape_of(&status(None, vec![symbol("A", state), symbol("B", state)]));
            let counted = shown.n_symbols.by_state();
            let of_two: Vec<_> = counted.iter().filter(|(_, n)| *n > 0).collect();
            assert_eq!(of_two, [&(state.name(), 2)]);
            let names = serde_json::to_value(shown.n_symbols).unwrap();
            assert_eq!(names[state.name()], Value::from(2), "{names}");
        }
    }

    #[test]
    fn a_status_is_read_again_as_it_was_written() {
        let symbols = vec![symbol("A", SymbolState::Live), symbol("B", SymbolState::Late)];
        let shown = shape_of(&status(Some(shut(3)), symbols));
        let text = serde_json::to_string(&shown).unwrap();
        assert_eq!(serde_json::from_str::<shape::Status>(&text).unwrap(), shown);
    }
}
