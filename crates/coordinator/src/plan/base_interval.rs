//! The base interval of a run: which stored series its bars are made from.

use std::ops::Range;

use openbell_config::{Hours, SessionConfig};
use openbell_market::{BarInterval, SeriesKey, Symbol};
use openbell_time::{Calendar, Session, Timestamp};

use crate::error::PlanError;
use crate::source::Source;

/// The base of the run: the configured one; else the shortest interval that all symbols have for the
/// sessions of the `run`, and that yields every asked one; 1d where only days and weeks are asked.
pub(super) fn base_interval(
    config: &SessionConfig,
    run: Option<(&Calendar, &[Session])>,
    source: &dyn Source,
    errors: &mut Vec<PlanError>,
) -> Option<BarInterval> {
    let data = &config.session_data_config;
    let asked = data.intervals();
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
    match there_for(run, config, source, common?) {
        Some(base) => Some(base),
        None if errors.len() > n_errors => None,
        None => {
            let found = found.join("; ");
            errors.push(PlanError::NoCommonBase { asked: asked_text, found });
            None
        }
    }
}

/// An interval that has rows for so many hundredths of what another one has is there for the run.
const THERE_PCT: u64 = 90;

/// The shortest of `intervals` that is there for the sessions: a few stray rows of a finer one do not
/// hide the series of the run.
fn there_for(
    run: Option<(&Calendar, &[Session])>,
    config: &SessionConfig,
    source: &dyn Source,
    mut intervals: Vec<BarInterval>,
) -> Option<BarInterval> {
    intervals.sort_unstable();
    let shortest = *intervals.first()?;
    let longest = intervals.last().and_then(|interval| interval.clock());
    let (Some((calendar, sessions)), Some(longest), true) = (run, longest, intervals.len() > 1)
    else {
        return Some(shortest);
    };
    let data = &config.session_data_config;
    let hours: Vec<Range<Timestamp>> = sessions.iter().map(|s| hours_of(s, data.hours)).collect();
    let n_covered = |interval: BarInterval| {
        let of_symbol = |symbol: &Symbol| {
            let key = SeriesKey { symbol: symbol.clone(), interval };
            // A series that cannot be read is no reason to read another in silence.
            source.n_covered(&key, calendar, &hours, longest.length()).ok().flatten()
        };
        data.symbols.iter().map(of_symbol).sum::<Option<u64>>()
    };
    let covered: Option<Vec<u64>> = intervals.iter().map(|&interval| n_covered(interval)).collect();
    let Some(covered) = covered else { return Some(shortest) };
    let most = covered.iter().max().copied().unwrap_or_default();
    let is_there = |n: u64| n * 100 >= most * THERE_PCT;
    intervals.into_iter().zip(covered).find(|&(_, n)| is_there(n)).map(|(interval, _)| interval)
}

/// When the bars of a session are delivered.
fn hours_of(session: &Session, hours: Hours) -> Range<Timestamp> {
    match hours {
        Hours::Extended => {
            session.pre_open.unwrap_or(session.open)..session.post_close.unwrap_or(session.close)
        }
        Hours::Regular => session.open..session.close,
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
