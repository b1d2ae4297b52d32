//! All series of one symbol: its base, and everything that is made of it.

use std::sync::Arc;

use openbell_market::{BarColumns, BarInterval};
use openbell_session_data::{
    SegmentGrid, SegmentMemory, SegmentShape, SegmentWriter, SeriesRole, Visibility, WholeBars,
};
use openbell_time::Timestamp;

use crate::base_series::BaseSeries;
use crate::indicator::IndicatorState;
use crate::indicator_set::IndicatorSet;
use crate::window::{OpenWindow, WindowFold};

/// Where the bars of every interval lie in one session; the same for all symbols of a run.
#[derive(Clone, PartialEq, Debug)]
pub struct SeriesLayout {
    /// The regular slots of the base interval.
    pub base: Arc<SegmentGrid>,
    /// The windows of each derived interval, shortest first.
    pub derived: Vec<(BarInterval, Arc<SegmentGrid>)>,
    /// Rows that a base segment must have room for: all slots in which bars are delivered.
    pub n_base_slots: usize,
    /// The instant by which every window of the session has closed.
    pub until: Timestamp,
}

/// The processor of one symbol: what is computed depends on that symbol alone.
///
/// A replay hands over a day of base rows at once and publishes as time goes; live hands over each
/// bar as it comes. Both go through [`SymbolProcessor::append`] and are equal bit for bit.
#[derive(Clone)]
pub struct SymbolProcessor {
    base_interval: BarInterval,
    base: BaseSeries,
    folds: Vec<WindowFold>,
}

/// What of one series outlasts a session.
#[derive(Clone, Copy, Debug)]
pub struct SeriesState<'p> {
    /// The interval.
    pub interval: BarInterval,
    /// The week that is forming: every other window ends with its session.
    pub week: Option<&'p OpenWindow>,
    /// The indicators on its bars.
    pub indicators: &'p [IndicatorState],
}

/// The segments of one symbol and session, each with its writer.
pub struct SessionSeries {
    /// The base series.
    pub base: SegmentWriter,
    /// The derived series, shortest first, beside [`SeriesLayout::derived`].
    pub derived: Vec<SegmentWriter>,
}

/// The memory of a session's segments, for those of another session.
#[derive(Default)]
pub struct SeriesMemory {
    base: Option<SegmentMemory>,
    derived: Vec<SegmentMemory>,
}

impl SessionSeries {
    /// The writers of all series, base first, then derived, shortest first.
    pub fn writers(&self) -> impl Iterator<Item = &SegmentWriter> {
        std::iter::once(&self.base).chain(&self.derived)
    }

    /// The memory of these series, where nobody holds them any more: what a view still holds stays
    /// with it.
    pub fn into_memory(self) -> SeriesMemory {
        let derived = self.derived.into_iter().filter_map(|writer| writer.into_memory().ok());
        SeriesMemory { base: self.base.into_memory().ok(), derived: derived.collect() }
    }
}

impl SymbolProcessor {
    /// A processor that makes `derived` (shortest first) of `base_interval`, with the indicators
    /// that `indicators` yields for each interval.
    pub fn new(
        base_interval: BarInterval,
        derived: &[BarInterval],
        indicators: impl Fn(BarInterval) -> IndicatorSet,
    ) -> SymbolProcessor {
        let folds = derived.iter().map(|&interval| WindowFold::new(interval, indicators(interval)));
        SymbolProcessor {
            base_interval,
            base: BaseSeries::new(indicators(base_interval)),
            folds: folds.collect(),
        }
    }

    /// The base series.
    pub fn base_mut(&mut self) -> &mut BaseSeries {
        &mut self.base
    }

    /// The derived series, shortest first, to seed their indicators.
    pub fn folds_mut(&mut self) -> &mut [WindowFold] {
        &mut self.folds
    }

    /// A processor of one derived interval alone, in the state of this one; its base carries no
    /// indicators.
    pub fn only(&self, interval: BarInterval) -> SymbolProcessor {
        let folds = self.folds.iter().filter(|fold| fold.interval() == interval);
        SymbolProcessor {
            base_interval: self.base_interval,
            base: BaseSeries::new(IndicatorSet::default()),
            folds: folds.cloned().collect(),
        }
    }

    /// Takes over the derived series of `other`, each in place of its own of that interval.
    pub fn adopt(&mut self, other: SymbolProcessor) {
        for theirs in other.folds {
            if let Some(ours) = self.folds.iter_mut().find(|f| f.interval() == theirs.interval()) {
                *ours = theirs;
            }
        }
    }

    /// What outlasts the session that has closed, series by series, base first: two processors that stand
    /// so go on as one.
    pub fn states(&self) -> impl Iterator<Item = SeriesState<'_>> {
        let indicators = self.base.indicators().states();
        let base = SeriesState { interval: self.base_interval, week: None, indicators };
        let derived = self.folds.iter().map(|fold| SeriesState {
            interval: fold.interval(),
            week: fold.forming().filter(|_| fold.interval() == BarInterval::WEEK),
            indicators: fold.indicators().states(),
        });
        std::iter::once(base).chain(derived)
    }

    /// Starts a session: lays the windows and makes empty segments, in `memory` where that fits.
    ///
    /// *Shape*: `layout.derived` lists the intervals of this processor, in its order.
    pub fn start_session(
        &mut self,
        layout: &SeriesLayout,
        visibility: Visibility,
        memory: SeriesMemory,
    ) -> SessionSeries {
        self.lay(layout);
        self.segments(layout, visibility, memory)
    }

    /// Segments of the session that this processor stands in, which begin with the first
    /// `n_rows` rows of `before`, base first: the processor is in the state in which it had made
    /// just those.
    ///
    /// *Shape*: `layout` is that of the session that was started.
    pub fn continue_session(
        &self,
        layout: &SeriesLayout,
        visibility: Visibility,
        before: &SessionSeries,
        n_rows: &[usize],
    ) -> SessionSeries {
        let mut series = self.segments(layout, visibility, SeriesMemory::default());
        let writers = std::iter::once(&mut series.base).chain(&mut series.derived);
        for ((writer, before), &n_rows) in writers.zip(before.writers()).zip(n_rows) {
            writer.take_over(before.rows().first(n_rows));
        }
        series
    }

    /// Lays the windows of a session.
    fn lay(&mut self, layout: &SeriesLayout) {
        self.base.lay(&layout.base);
        for (fold, (_, day)) in self.folds.iter_mut().zip(&layout.derived) {
            fold.lay(day);
        }
    }

    /// Empty segments of all series.
    fn segments(
        &self,
        layout: &SeriesLayout,
        visibility: Visibility,
        memory: SeriesMemory,
    ) -> SessionSeries {
        let (day, n_slots) = (Arc::clone(&layout.base), layout.n_base_slots);
        let base = SegmentWriter::renewed(memory.base, self.base_shape(visibility), day, n_slots);
        SessionSeries { base, derived: self.derived_segments(layout, visibility, memory.derived) }
    }

    /// All series of a whole session with the base bars `whole`: what
    /// [`SymbolProcessor::start_session`] and [`SymbolProcessor::append`] make of them, where bars
    /// are seen at their close.
    ///
    /// *Cost*: base bars are not copied.
    pub fn whole_session(
        &mut self,
        layout: &SeriesLayout,
        whole: WholeBars,
        memory: SeriesMemory,
    ) -> SessionSeries {
        self.lay(layout);
        let (shape, day) = (self.base_shape(Visibility::AtClose), Arc::clone(&layout.base));
        let mut base = SegmentWriter::of_whole(memory.base, shape, day, whole);
        self.base.complete(&mut base);
        let derived = self.derived_segments(layout, Visibility::AtClose, memory.derived);
        let mut series = SessionSeries { base, derived };
        self.fold(0, layout.until, &mut series, None);
        series
    }

    fn base_shape(&self, visibility: Visibility) -> SegmentShape {
        SegmentShape {
            interval: self.base_interval,
            role: SeriesRole::Base,
            visibility,
            indicators: self.base.indicators().columns().clone(),
        }
    }

    /// Empty segments of the derived series.
    fn derived_segments(
        &self,
        layout: &SeriesLayout,
        visibility: Visibility,
        memory: Vec<SegmentMemory>,
    ) -> Vec<SegmentWriter> {
        let mut memory = memory.into_iter();
        let mut derived = Vec::with_capacity(self.folds.len());
        for (fold, (_, day)) in self.folds.iter().zip(&layout.derived) {
            let shape = SegmentShape {
                interval: fold.interval(),
                role: SeriesRole::Derived,
                visibility,
                indicators: fold.indicators().columns().clone(),
            };
            let (memory, n_slots) = (memory.next(), day.grid.n_slots());
            derived.push(SegmentWriter::renewed(memory, shape, Arc::clone(day), n_slots));
        }
        derived
    }

    /// Appends the base rows `range` of `bars`, closing at `closes_at_ns`, and makes every bar
    /// whose window ends at or before `closed_through`.
    ///
    /// *Cost*: linear in rows, times the number of series.
    pub fn append(
        &mut self,
        bars: &BarColumns,
        closes_at_ns: &[i64],
        range: std::ops::Range<usize>,
        closed_through: Timestamp,
        series: &mut SessionSeries,
        visible_at: Option<Timestamp>,
    ) {
        let from = series.base.rows().len();
        self.base.append(bars, closes_at_ns, range, &mut series.base, visible_at);
        self.fold(from, closed_through, series, visible_at);
    }

    /// The earliest end of the windows that hold bars and have not closed; `None` where none does.
    pub fn next_window_end(&self) -> Option<Timestamp> {
        self.folds.iter().filter_map(|fold| Some(fold.forming()?.until)).min()
    }

    /// Closes every window that ends at or before `closed_through`: the clock has passed it.
    pub fn close_windows(
        &mut self,
        closed_through: Timestamp,
        series: &mut SessionSeries,
        visible_at: Option<Timestamp>,
    ) {
        self.fold(series.base.rows().len(), closed_through, series, visible_at);
    }

    /// Folds the base rows from `from` on, and makes every bar whose window ends by then.
    fn fold(
        &mut self,
        from: usize,
        closed_through: Timestamp,
        series: &mut SessionSeries,
        visible_at: Option<Timestamp>,
    ) {
        for (fold, out) in self.folds.iter_mut().zip(&mut series.derived) {
            fold.update(series.base.rows(), from, closed_through, out, visible_at);
        }
    }
}
