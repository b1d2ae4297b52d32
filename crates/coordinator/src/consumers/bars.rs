//! The bars that a consumer is notified of, made as they are looked at.
//!
//! Hot path: no allocation, no text. What a bar says, its close price too, is read as it is looked at, out of
//! the segment that was published with the notice; of a bar that nobody looks at nothing is read.

use std::sync::Arc;

use openbell_market::{BarInterval, Symbol};
use openbell_session_data::Segment;
use openbell_time::Timestamp;

use crate::consumers::closings::{ClosedRow, Closings, SeriesRoster, Wanted};

/// A bar has closed and is published.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BarClosed<'e> {
    /// The symbol.
    pub symbol: &'e Symbol,
    /// The interval.
    pub interval: BarInterval,
    /// Row of the session in that series, from 0.
    pub sequence: usize,
    /// When it closed.
    pub closes_at: Timestamp,
    /// Its close price, as it was published with this notice.
    pub close: f64,
}

/// The bars of one callback that a consumer has subscribed to, in order; never none.
///
/// ```
/// use openbell_coordinator::{Bars, Consumer, Context, Outcome};
///
/// /// Says so where a bar closes above a price.
/// struct Above(f64);
///
/// impl Consumer for Above {
///     fn name(&self) -> &str {
///         "above"
///     }
///
///     fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
///         for bar in bars.iter().filter(|bar| bar.close > self.0) {
///             context.signal(bar.symbol, "above", Some(bar.close));
///         }
///         Ok(())
///     }
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Bars<'e> {
    closings: &'e Closings,
    wanted: &'e Wanted,
}

impl<'e> Bars<'e> {
    pub(crate) fn new(closings: &'e Closings, wanted: &'e Wanted) -> Bars<'e> {
        Bars { closings, wanted }
    }

    /// How many they are.
    ///
    /// *Cost*: constant for whoever has subscribed to everything, else linear in the bars of the instant.
    pub fn len(&self) -> usize {
        match self.wanted {
            Wanted::All => self.closings.rows.len(),
            _ => self.closings.rows.iter().filter(|row| self.wanted.includes(row)).count(),
        }
    }

    /// Whether there is none, which no callback has.
    pub fn is_empty(&self) -> bool {
        self.first().is_none()
    }

    /// The first of them.
    pub fn first(&self) -> Option<BarClosed<'e>> {
        self.iter().next()
    }

    /// The bars, one after the other.
    pub fn iter(&self) -> BarsIter<'e> {
        let Closings { roster, segments, rows } = self.closings;
        BarsIter { rows: rows.iter(), roster, segments, wanted: self.wanted }
    }
}

impl std::fmt::Debug for Bars<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'e> IntoIterator for &Bars<'e> {
    type Item = BarClosed<'e>;
    type IntoIter = BarsIter<'e>;

    fn into_iter(self) -> BarsIter<'e> {
        self.iter()
    }
}

/// The bars of a callback, one after the other.
#[derive(Clone)]
pub struct BarsIter<'e> {
    rows: std::slice::Iter<'e, ClosedRow>,
    roster: &'e SeriesRoster,
    segments: &'e [Arc<Segment>],
    wanted: &'e Wanted,
}

impl<'e> Iterator for BarsIter<'e> {
    type Item = BarClosed<'e>;

    #[inline]
    fn next(&mut self) -> Option<BarClosed<'e>> {
        let row = self.rows.find(|row| self.wanted.includes(row))?;
        let &ClosedRow { series, sequence, closes_at } = row;
        let (series, sequence) = (series as usize, sequence as usize);
        let (symbol, interval) = &self.roster.series[series];
        let close = self.segments[series].rows().close()[sequence];
        Some(BarClosed { symbol, interval: *interval, sequence, closes_at, close })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self.wanted {
            Wanted::All => self.rows.size_hint(),
            _ => (0, Some(self.rows.len())),
        }
    }
}

impl std::fmt::Debug for BarsIter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
