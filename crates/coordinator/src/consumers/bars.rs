//! The bars that a consumer is notified of, made as they are looked at.
//!
//! Hot path: no allocation, no text. The close price of each bar is read when the bar is told, also where
//! nobody looks at it; the rest is made as it is looked at.

use openbell_market::{BarInterval, Symbol};
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
    rows: &'e [ClosedRow],
    roster: &'e SeriesRoster,
    wanted: &'e Wanted,
}

impl<'e> Bars<'e> {
    pub(crate) fn new(closings: &'e Closings, wanted: &'e Wanted) -> Bars<'e> {
        Bars { rows: &closings.rows, roster: &closings.roster, wanted }
    }

    /// How many they are.
    ///
    /// *Cost*: constant for whoever has subscribed to everything, else linear in the bars of the instant.
    pub fn len(&self) -> usize {
        match self.wanted {
            Wanted::All => self.rows.len(),
            _ => self.iter().count(),
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
        BarsIter { rows: self.rows.iter(), roster: self.roster, wanted: self.wanted }
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
    wanted: &'e Wanted,
}

impl<'e> Iterator for BarsIter<'e> {
    type Item = BarClosed<'e>;

    #[inline]
    fn next(&mut self) -> Option<BarClosed<'e>> {
        let row = self.rows.find(|row| self.wanted.includes(row))?;
        let (symbol, interval) = &self.roster.series[row.series as usize];
        let &ClosedRow { sequence, closes_at, close, .. } = row;
        let sequence = sequence as usize;
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
