//! The base interval of a run: which stored series its bars are made from.

use openbell_config::SessionConfig;
use openbell_market::{BarInterval, Symbol};

use crate::error::PlanError;
use crate::source::Source;

/// The base of the run: the configured one; else the shortest stored interval of all symbols that
/// yields every asked one; 1d where only days and weeks are asked.
pub(super) fn base_interval(
    config: &SessionConfig,
    source: &dyn Source,
    errors: &mut Vec<PlanError>,
) -> Option<BarInterval> {
    let data = &config.session_data_config;
    let mut asked: Vec<BarInterval> = data.streams.clone();
    asked.extend(data.indicators.session.iter().map(|i| i.spec.interval()));
    asked.sort_unstable();
    asked.dedup();
    let wants_clock = asked.iter().any(|interval| interval.clock().is_some());
    let asked_text = asked.iter().map(BarInterval::to_string).collect::<Vec<_>>().join(", ");
    let yields_all = |base: BarInterval| asked.iter().all(|interval| interval.is_made_of(base));

    let n_errors = errors.len();
    let mut common: Option<Vec<BarInterval>> = None;
    let mut found = Vec::new();
    for symbol in &data.symbols {
        let stored = source.intervals(symbol);
        if stored.is_empty() {
            errors.push(PlanError::UnknownSymbol(source.unknown(symbol)));
            continue;
        }
        found.push(format!("{symbol} has {}", names(&stored)));
        let usable: Vec<BarInterval> = match data.base_interval {
            Some(base) => stored.iter().copied().filter(|&i| i == base && yields_all(i)).collect(),
            None => stored
                .iter()
                .copied()
                .filter(|&i| yields_all(i) && (wants_clock || i == BarInterval::DAY))
                .collect(),
        };
        if usable.is_empty() {
            errors.push(no_base(symbol, data.base_interval, &asked_text, stored));
            continue;
        }
        common = Some(match common {
            None => usable,
            Some(before) => before.into_iter().filter(|i| usable.contains(i)).collect(),
        });
    }
    match common?.into_iter().min() {
        Some(base) => Some(base),
        None if errors.len() > n_errors => None,
        None => {
            let found = found.join("; ");
            errors.push(PlanError::NoCommonBase { asked: asked_text, found });
            None
        }
    }
}

fn no_base(
    symbol: &Symbol,
    configured: Option<BarInterval>,
    asked: &str,
    stored: Vec<BarInterval>,
) -> PlanError {
    let symbol = symbol.clone();
    match configured {
        Some(base) if stored.contains(&base) => {
            PlanError::BaseYieldsNot { base, symbol, asked: asked.to_owned() }
        }
        Some(base) => PlanError::BaseNotStored { base, symbol, found: stored },
        None => PlanError::NoBaseInterval { symbol, asked: asked.to_owned(), found: stored },
    }
}

fn names(intervals: &[BarInterval]) -> String {
    intervals.iter().map(BarInterval::to_string).collect::<Vec<_>>().join(", ")
}
