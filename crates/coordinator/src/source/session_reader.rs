//! Reads one stored series session by session.
//!
//! Hot path. What a feed has decoded beyond the session that is due is admitted with it, while it is
//! in the cache: when its own session comes, a hundred other symbols have been read in between. Not
//! here: who may know of it when ([`crate::symbol`]).

use std::collections::VecDeque;
use std::sync::Arc;

use openbell_data_manager::{DataError, Feed};
use openbell_market::BarInterval;
use openbell_session_data::WholeBars;
use openbell_time::{Timestamp, TradingDate};

use crate::digest::{BarsDigest, Digest, bars_digest};
use crate::layout::{SessionLayout, Slots, step_ns};
use crate::source::admission::{Admitted, Rejected};

/// The rows of one session, read and admitted.
pub(crate) struct SessionRows {
    date: TradingDate,
    /// Those that are bars.
    pub(crate) bars: WholeBars,
    /// The others, by the instant at which they may be known.
    pub(crate) rejections: Vec<Rejected>,
    /// What ended the reading, and from when on nothing can be read.
    pub(crate) fault: Option<(Timestamp, DataError)>,
    /// The digest of the bars, where it was asked for.
    pub(crate) digest: Option<BarsDigest>,
}

/// In which slots the bars of a series are expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SlotsOf {
    /// In those that the run delivers, its extended hours among them.
    Base(BarInterval),
    /// In the regular hours.
    Regular(BarInterval),
}

/// Reads one stored feed session by session, forwards or from anywhere.
pub(crate) struct SessionReader {
    pub(crate) feed: Box<dyn Feed>,
    /// Where the rows that were read last end; `None` where the feed has to be sought first.
    read_until: Option<Timestamp>,
    /// The sessions after the last one that was asked for whose rows are there.
    ahead: VecDeque<SessionRows>,
}

impl SessionReader {
    pub(crate) fn new(feed: Box<dyn Feed>) -> SessionReader {
        SessionReader { feed, read_until: None, ahead: VecDeque::new() }
    }

    /// The rows of the session `due`, and ahead of need those of the sessions `later` that lie
    /// decoded beside them, in order. Where the digest of the bars is wanted, `before` is that of
    /// the sessions before.
    ///
    /// # Errors
    ///
    /// A feed that cannot be sought. An error inside the rows is none here: it comes with them.
    pub(crate) fn read(
        &mut self,
        due: &SessionLayout,
        later: &VecDeque<Arc<SessionLayout>>,
        base: BarInterval,
        admitted: &mut Admitted,
        before: Option<Digest>,
    ) -> Result<SessionRows, DataError> {
        if let Some(rows) = self.ahead.pop_front() {
            if rows.date == due.session.date {
                return Ok(rows);
            }
            self.ahead.clear();
        }
        self.seek(due)?;
        let slots = SlotsOf::Base(base);
        let rows = self.read_session(due, slots, admitted, before);
        let mut before = rows.digest.map(|digest| digest.after);
        for layout in later {
            // Behind its last bar there may be rows in the file of the next month, which begins before
            // midnight in New York: to look there costs the same now and later.
            if self.feed.ready_until() < layout.clock_until {
                break;
            }
            let rows = self.read_session(layout, slots, admitted, before);
            before = rows.digest.map(|digest| digest.after);
            self.ahead.push_back(rows);
        }
        Ok(rows)
    }

    /// The bars of the session of `layout`, in `slots`.
    ///
    /// # Errors
    ///
    /// Rows that cannot be read.
    pub(crate) fn read_bars(
        &mut self,
        layout: &SessionLayout,
        slots: SlotsOf,
        admitted: &mut Admitted,
    ) -> Result<WholeBars, DataError> {
        self.seek(layout)?;
        let rows = self.read_session(layout, slots, admitted, None);
        match rows.fault {
            None => Ok(rows.bars),
            Some((_, error)) => {
                self.read_until = None;
                Err(error)
            }
        }
    }

    /// Whether a row follows before `until`; the reader is to be sought then.
    ///
    /// # Errors
    ///
    /// Rows that cannot be read.
    pub(crate) fn has_rows_until(&mut self, until: Timestamp) -> Result<bool, DataError> {
        self.read_until = None;
        let (rows, polled) = self.feed.poll_slice(until, until);
        polled.map(|_| !rows.is_empty())
    }

    /// Goes to the first row of the session. What lies between two sessions is read over: seeking
    /// opens the file anew.
    fn seek(&mut self, layout: &SessionLayout) -> Result<(), DataError> {
        if self.read_until.is_none_or(|until| until > layout.rows_since) {
            self.feed.seek(layout.rows_since)?;
        }
        Ok(())
    }

    /// Reads and admits the rows of one session.
    fn read_session(
        &mut self,
        layout: &SessionLayout,
        slots: SlotsOf,
        admitted: &mut Admitted,
        before: Option<Digest>,
    ) -> SessionRows {
        let (rows, polled) = self.feed.poll_slice(layout.clock_until, layout.rows_until);
        self.read_until = Some(layout.rows_until);
        let fault = polled.err().map(|error| {
            let after_last = rows.opens_at_ns().last().map(|&ns| Timestamp::from_nanos(ns));
            let at = error.unreadable_since().or(after_last).unwrap_or(layout.clock_since);
            (at.max(layout.clock_since), error)
        });
        let bars = match slots {
            SlotsOf::Base(base) => {
                let slots = layout.slots(step_ns(base, layout));
                admitted.admit_slice(rows, &slots, layout.rows_since)
            }
            SlotsOf::Regular(interval) => {
                let grid = openbell_market::Grid::of(interval, layout.series.base.grid.parts());
                let step_ns = step_ns(interval, layout);
                let slots = Slots { grid: &grid, step_ns, closes_at_ns: None };
                admitted.admit_slice(rows, &slots, layout.rows_since)
            }
        };
        let digest = before.map(|before| BarsDigest { before, after: bars_digest(before, &bars) });
        let rejections = std::mem::take(&mut admitted.rejected);
        SessionRows { date: layout.session.date, bars, rejections, fault, digest }
    }
}
