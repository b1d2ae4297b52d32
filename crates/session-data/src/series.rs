//! One series of a view: the day's rows, the trailing sessions, quality and gaps.

use openbell_market::{Bar, BarInterval, Coverage, Gap, Quality};
use openbell_time::Timestamp;

use crate::roster::SeriesFacts;
use crate::segment::{Rows, SeriesRole};

/// A series as of one instant: the day's bars that can be seen, and the sessions before it.
#[derive(Clone, Copy)]
pub struct SeriesView<'v> {
    facts: &'v SeriesFacts,
    as_of: Timestamp,
    keeps_quality: bool,
}

impl<'v> SeriesView<'v> {
    pub(crate) fn new(facts: &'v SeriesFacts, as_of: Timestamp, keeps_quality: bool) -> Self {
        SeriesView { facts, as_of, keeps_quality }
    }

    /// The interval.
    pub fn interval(&self) -> BarInterval {
        self.facts.interval
    }

    /// Whether a feed delivers it or the processor makes it.
    pub fn role(&self) -> SeriesRole {
        self.facts.role
    }

    /// The session's rows so far, oldest first; row `k` has sequence `k`. Empty where only
    /// history was asked for.
    pub fn today(&self) -> Rows<'v> {
        match &self.facts.today {
            Some(segment) => segment.rows_at(self.as_of),
            None => Rows::none(),
        }
    }

    /// [`SeriesView::today`] for a reader that found `n_before` rows a little earlier.
    #[inline]
    pub(crate) fn today_after(&self, n_before: usize) -> Rows<'v> {
        match &self.facts.today {
            Some(segment) => segment.rows_at_after(self.as_of, n_before),
            None => Rows::none(),
        }
    }

    /// The session's bars since sequence `sequence`, that one included, oldest first.
    pub fn since(&self, sequence: usize) -> impl Iterator<Item = Bar> + 'v {
        self.today().bars_since(sequence)
    }

    /// The last bar of the session, or `None` where there is none yet.
    pub fn latest(&self) -> Option<Bar> {
        let rows = self.today();
        rows.bar(rows.len().checked_sub(1)?)
    }

    /// The trailing sessions, oldest first; strictly before the session day.
    pub fn trailing(&self) -> impl DoubleEndedIterator<Item = Rows<'v>> + ExactSizeIterator {
        self.facts.trailing.iter().map(|segment| segment.rows())
    }

    /// The last `n` bars, oldest first, reaching back over the open into the trailing sessions;
    /// fewer where there are fewer.
    ///
    /// *Cost*: allocates nothing; yields bars from at most as many segments as they span.
    pub fn last(&self, n: usize) -> impl Iterator<Item = Bar> + 'v {
        let today = self.today();
        let mut missing = n.saturating_sub(today.len());
        let mut first_segment = self.facts.trailing.len();
        let mut skip = today.len().saturating_sub(n);
        while missing > 0 && first_segment > 0 {
            first_segment -= 1;
            let len = self.facts.trailing[first_segment].rows().len();
            skip = len.saturating_sub(missing);
            missing = missing.saturating_sub(len);
        }
        let trailing = self.facts.trailing[first_segment..].iter().map(|segment| segment.rows());
        trailing
            .chain(std::iter::once(today))
            .flat_map(move |rows| rows.bars_since(std::mem::take(&mut skip)))
    }

    /// Base bars seen and expected in the bars that have closed by now, of the day; absent while
    /// nothing is expected yet, and where quality is not kept.
    ///
    /// For a base series: regular bars over the slots closed. For a derived one: the sum over
    /// its closed windows, empty ones included.
    pub fn coverage(&self) -> Option<Coverage> {
        if !self.keeps_quality {
            return None;
        }
        let segment = self.facts.today.as_ref()?;
        coverage_of(&segment.rows_at(self.as_of), self.as_of)
    }

    /// [`SeriesView::coverage`] in percent.
    pub fn quality(&self) -> Option<Quality> {
        self.coverage()?.quality()
    }

    /// The runs of expected bars that are missing so far, oldest first; a base series only, and
    /// none where quality is not kept.
    ///
    /// *Cost*: linear in the rows of the day; allocates.
    pub fn gaps(&self) -> Vec<Gap> {
        match &self.facts.today {
            Some(segment) if self.keeps_quality => {
                gaps_of(&segment.rows_at(self.as_of), self.as_of)
            }
            _ => Vec::new(),
        }
    }
}

/// Base bars seen and expected in `rows` when everything up to `as_of` has closed; `None` while
/// nothing is expected.
pub fn coverage_of(rows: &Rows<'_>, as_of: Timestamp) -> Option<Coverage> {
    let day = rows.segment()?.day();
    let Some((n, _)) = rows.coverage_columns() else {
        return day.grid.coverage(rows.opens_at_ns(), as_of);
    };
    let last_closed = day.grid.slot(day.grid.n_closed_by(as_of).checked_sub(1)?)?;
    Some(Coverage {
        n: n.iter().sum::<i64>() as u32,
        expected: day.base_grid.n_closed_by(last_closed.until) as u32,
    })
}

/// The runs of slots that closed by `as_of` and have no row, oldest first.
pub fn gaps_of(rows: &Rows<'_>, as_of: Timestamp) -> Vec<Gap> {
    let Some(segment) = rows.segment() else { return Vec::new() };
    segment.day().grid.gaps(rows.opens_at_ns(), as_of)
}
