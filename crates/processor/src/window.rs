//! Bars from bars: one derived series of one symbol, folded window by window.
//!
//! Hot path. No allocation after the day's segment is made, no lock, no hashing, no formatting.
//! The same fold serves a replay, which hands over a day at a time, and live, which hands over a
//! bar at a time; the sums are taken in the same order, so both are equal bit for bit.

use std::ops::Range;
use std::sync::Arc;

use openbell_market::{BarInterval, Ohlcv, n_stamped_before};
use openbell_session_data::{Rows, SegmentGrid, SegmentTail, SegmentWriter};
use openbell_time::{SessionPart, Timestamp};

use crate::indicator_set::IndicatorSet;

/// A window that has seen at least one base bar and has not closed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct OpenWindow {
    /// Its start: the stamp of the bar it becomes.
    pub since: Timestamp,
    /// Its end, cut at the session's close.
    pub until: Timestamp,
    /// What it holds so far. It is not final before `until`.
    pub ohlcv: Ohlcv,
    /// Base bars in it so far.
    pub n: u32,
}

/// How one derived series folds the base series of its symbol.
///
/// A window closes at its end by the clock; one without base bars yields no bar; one with missing
/// bars yields a bar that says how many of how many it saw.
#[derive(Clone)]
pub struct WindowFold {
    interval: BarInterval,
    /// The windows at hand; `None` before the first session.
    day: Option<Arc<SegmentGrid>>,
    open: Option<OpenWindow>,
    /// The window of the day that has closed last.
    closed: Option<SessionPart>,
    /// An instant of the day, and the base slots that have closed by it: where one window ends
    /// the next begins.
    counted: (Timestamp, usize),
    indicators: IndicatorSet,
}

/// No base slot has closed before all time.
const NOTHING_COUNTED: (Timestamp, usize) = (Timestamp::MIN, 0);

impl WindowFold {
    /// The fold of `interval`, before its first session.
    pub fn new(interval: BarInterval, indicators: IndicatorSet) -> WindowFold {
        let (day, open, closed) = (None, None, None);
        WindowFold { interval, day, open, closed, counted: NOTHING_COUNTED, indicators }
    }

    /// The interval of the bars it makes.
    pub fn interval(&self) -> BarInterval {
        self.interval
    }

    /// The indicators on its bars.
    pub fn indicators(&self) -> &IndicatorSet {
        &self.indicators
    }

    /// The indicators on its bars, to seed them.
    pub fn indicators_mut(&mut self) -> &mut IndicatorSet {
        &mut self.indicators
    }

    /// The window that is forming: not final, and not among the series' bars.
    pub fn forming(&self) -> Option<&OpenWindow> {
        self.open.as_ref()
    }

    /// Lays the windows of the next session (1w: of its week, whose window runs on where the
    /// grid is that of the last session).
    pub fn lay(&mut self, day: &Arc<SegmentGrid>) {
        if self.day.as_ref().is_none_or(|before| before.grid != day.grid) {
            self.open = None;
        }
        self.day = Some(Arc::clone(day));
        (self.closed, self.counted) = (None, NOTHING_COUNTED);
        self.indicators.start_session(day);
    }

    /// Folds the base rows `base[from..]`, and closes every window that ends at or before
    /// `closed_through`; finished bars go to `out`, visible from `visible_at` where it records
    /// that.
    ///
    /// *Time*: a bar depends on base bars inside its window only. *Cost*: linear in rows.
    pub fn update(
        &mut self,
        base: Rows<'_>,
        from: usize,
        closed_through: Timestamp,
        out: &mut SegmentWriter,
        visible_at: Option<Timestamp>,
    ) {
        let mut tail = out.tail();
        let mut n_made = 0;
        let bars = base.bars();
        let regular = regular_rows(&base);
        let mut row = from.max(regular.start);
        let mut n_expected = 0;
        while row < regular.end {
            let opens_at = Timestamp::from_nanos(bars.opens_at_ns[row]);
            if self.open.is_some_and(|window| opens_at >= window.until) {
                n_made += self.close(&mut tail, n_made, visible_at);
            }
            let mut window = match self.open {
                Some(window) => window,
                None => {
                    let Some(SessionPart { since, until }) = self.window_around(opens_at) else {
                        row += 1; // Outside the windows of the day.
                        continue;
                    };
                    let first = bars.ohlcv(row);
                    row += 1;
                    OpenWindow { since, until, ohlcv: first, n: 1 }
                }
            };
            let left = &bars.opens_at_ns[row..regular.end];
            let n_inside = n_stamped_before(left, window.until.as_nanos(), n_expected);
            n_expected = n_inside;
            window.ohlcv.absorb(&bars, row..row + n_inside);
            window.n += n_inside as u32;
            row += n_inside;
            self.open = Some(window);
        }
        if self.open.is_some_and(|window| window.until <= closed_through) {
            n_made += self.close(&mut tail, n_made, visible_at);
        }
        self.indicators.fill_tail(&mut tail, n_made);
        out.commit(n_made);
    }

    /// The window around `instant`, which lies behind all that have closed.
    fn window_around(&self, instant: Timestamp) -> Option<SessionPart> {
        let grid = &self.day.as_ref()?.grid;
        match self.closed {
            Some(closed) => grid.slot_around_after(instant, closed),
            None => grid.slot_around(instant),
        }
    }

    /// Base slots of the day that have closed by `instant`.
    fn n_base_closed_by(&mut self, instant: Timestamp) -> usize {
        if self.counted.0 != instant {
            let n_closed = self.day.as_ref().map_or(0, |day| day.base_grid.n_closed_by(instant));
            self.counted = (instant, n_closed);
        }
        self.counted.1
    }

    /// Writes the open window as row `row` of `tail`. Returns 1, the rows written.
    fn close(
        &mut self,
        tail: &mut SegmentTail<'_>,
        row: usize,
        visible_at: Option<Timestamp>,
    ) -> usize {
        let Some(window) = self.open.take() else { return 0 };
        self.closed = Some(SessionPart { since: window.since, until: window.until });
        let n_before = self.n_base_closed_by(window.since);
        let expected = self.n_base_closed_by(window.until) - n_before;
        tail.bars.write(row, window.since, window.ohlcv);
        tail.closes_at_ns[row] = window.until.as_nanos();
        if let Some((n, of)) = &mut tail.coverage {
            n[row] = i64::from(window.n);
            of[row] = expected as i64;
        }
        if let (Some(column), Some(instant)) = (&mut tail.visible_at_ns, visible_at) {
            column[row] = instant.as_nanos();
        }
        1
    }
}

/// The rows in regular hours: pre- and post-market bars make no derived bar, also where a window
/// spans them, as that of a week does.
fn regular_rows(base: &Rows<'_>) -> Range<usize> {
    match base.segment().map(|segment| segment.day()) {
        Some(day) => day.grid.rows_within(base.opens_at_ns()),
        None => 0..base.len(),
    }
}
