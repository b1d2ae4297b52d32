//! Bars that have closed, as the engine lists them, and which of them a consumer has subscribed to.
//!
//! Hot path: numbers alone; the symbols stand in a roster that outlasts the instant, the bars in the segments
//! of the session.

use std::sync::Arc;

use openbell_market::{BarInterval, Symbol};
use openbell_session_data::Segment;
use openbell_time::Timestamp;

use crate::consumers::subscription::Subscription;

/// The series of all members, in symbol order, then base first and derived ones, shortest first.
#[derive(Default)]
pub(crate) struct SeriesRoster {
    pub(crate) series: Vec<(Symbol, BarInterval)>,
}

impl SeriesRoster {
    /// Whether it is that of `symbols`, each with `intervals`.
    pub(crate) fn is_of<'s>(
        &self,
        symbols: impl ExactSizeIterator<Item = &'s Symbol>,
        intervals: &[BarInterval],
    ) -> bool {
        let of_each = self.series.chunks_exact(intervals.len());
        self.series.len() == symbols.len() * intervals.len()
            && self.series.iter().zip(intervals).all(|((_, is), wanted)| is == wanted)
            && of_each.zip(symbols).all(|(series, symbol)| series[0].0 == *symbol)
    }
}

/// A bar that has closed, by its series' place in the roster.
#[derive(Clone, Copy)]
pub(crate) struct ClosedRow {
    pub(crate) series: u32,
    pub(crate) sequence: u32,
    pub(crate) closes_at: Timestamp,
}

impl ClosedRow {
    /// A bar by its series' place in the roster.
    pub(crate) fn new(series: usize, sequence: usize, closes_at: Timestamp) -> ClosedRow {
        ClosedRow { series: series as u32, sequence: sequence as u32, closes_at }
    }
}

/// The bars of one instant that consumers are notified of, in order.
#[derive(Default)]
pub(crate) struct Closings {
    pub(crate) roster: Arc<SeriesRoster>,
    /// The bars of the roster's series, as they were published with these: a correction makes a new segment.
    pub(crate) segments: Arc<Vec<Arc<Segment>>>,
    pub(crate) rows: Vec<ClosedRow>,
}

/// Which series of a roster a consumer has subscribed to.
pub(crate) enum Wanted {
    All,
    None,
    These(Vec<bool>),
}

impl Wanted {
    pub(crate) fn of(subscription: &Subscription, roster: &SeriesRoster) -> Wanted {
        if subscription.is_none() {
            return Wanted::None;
        }
        let series = roster.series.iter();
        let these: Vec<bool> =
            series.map(|(symbol, interval)| subscription.includes(symbol, *interval)).collect();
        match (these.iter().all(|&is| is), these.iter().any(|&is| is)) {
            (true, _) => Wanted::All,
            (false, false) => Wanted::None,
            (false, true) => Wanted::These(these),
        }
    }

    pub(crate) fn includes(&self, row: &ClosedRow) -> bool {
        match self {
            Wanted::All => true,
            Wanted::None => false,
            Wanted::These(these) => these.get(row.series as usize).copied().unwrap_or(false),
        }
    }

    /// How many of these bars it includes.
    pub(crate) fn n_of(&self, closings: &Closings) -> u64 {
        match self {
            Wanted::All => closings.rows.len() as u64,
            Wanted::None => 0,
            Wanted::These(_) => {
                closings.rows.iter().filter(|row| self.includes(row)).count() as u64
            }
        }
    }

    /// Whether it includes one of these bars.
    pub(crate) fn includes_any(&self, closings: &Closings) -> bool {
        match self {
            Wanted::All => !closings.rows.is_empty(),
            Wanted::None => false,
            Wanted::These(_) => closings.rows.iter().any(|row| self.includes(row)),
        }
    }
}
