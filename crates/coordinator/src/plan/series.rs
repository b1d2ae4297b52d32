//! Which stored series a run reads: its trailing windows, and where the bars of each come from.

use openbell_market::{BarInterval, SeriesKey, Symbol};

/// How many trailing sessions of which interval.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct HistoryWindow {
    /// The interval.
    pub interval: BarInterval,
    /// Sessions strictly before the day, at least 1.
    pub n_sessions: u32,
}

/// From what the bars of a trailing window come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SeriesOrigin {
    /// The store holds the interval.
    Stored,
    /// It is folded from a stored one.
    Folded { from: BarInterval },
}

impl SeriesOrigin {
    /// A stored interval is taken as it is; another one is folded: a week from stored days where
    /// there are some, everything else from the base.
    pub(crate) fn of(
        interval: BarInterval,
        base: BarInterval,
        stored: &[BarInterval],
    ) -> SeriesOrigin {
        if stored.contains(&interval) {
            SeriesOrigin::Stored
        } else if interval == BarInterval::WEEK && stored.contains(&BarInterval::DAY) {
            SeriesOrigin::Folded { from: BarInterval::DAY }
        } else {
            SeriesOrigin::Folded { from: base }
        }
    }
}

/// The series of `symbol` that a run on `base` reads when it asks for history of `intervals`: the
/// base first, each once.
pub(crate) fn series_read(
    symbol: &Symbol,
    base: BarInterval,
    intervals: impl IntoIterator<Item = BarInterval>,
    stored: &[BarInterval],
) -> Vec<SeriesKey> {
    let mut read = vec![SeriesKey { symbol: symbol.clone(), interval: base }];
    for interval in intervals {
        let key = origin_key(symbol, interval, base, stored);
        if !read.contains(&key) {
            read.push(key);
        }
    }
    read
}

/// The series from which history of `interval` comes.
pub(crate) fn origin_key(
    symbol: &Symbol,
    interval: BarInterval,
    base: BarInterval,
    stored: &[BarInterval],
) -> SeriesKey {
    let interval = match SeriesOrigin::of(interval, base, stored) {
        SeriesOrigin::Stored => interval,
        SeriesOrigin::Folded { from } => from,
    };
    SeriesKey { symbol: symbol.clone(), interval }
}
