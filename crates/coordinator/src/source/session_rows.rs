//! A symbol's rows of the day, session by session.
//!
//! Hot path. What a feed has decoded beyond the session that is due is sifted with it, while it is in
//! the cache: when its own session comes, a hundred other symbols have been read in between. Not
//! here: who may know of it when ([`crate::symbol`]).

use std::collections::VecDeque;
use std::sync::Arc;

use openbell_data_manager::{DataError, Feed};
use openbell_market::BarInterval;
use openbell_session_data::WholeBars;
use openbell_time::{Timestamp, TradingDate};

use crate::digest::{Digest, bars_digest};
use crate::history::step_ns;
use crate::layout::SessionLayout;
use crate::source::admission::{Rejected, Sifted};

/// The rows of one session, read and sifted.
pub(crate) struct DayRows {
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

/// Reads one stored feed session by session.
pub(crate) struct DayReader {
    pub(crate) feed: Box<dyn Feed>,
    /// Whether the feed stands where the rows of the last session that was read end.
    is_reading: bool,
    /// The sessions after the last one that was asked for whose rows are there.
    ahead: VecDeque<DayRows>,
}

impl DayReader {
    pub(crate) fn new(feed: Box<dyn Feed>) -> DayReader {
        DayReader { feed, is_reading: false, ahead: VecDeque::new() }
    }

    /// The rows of the session `due`, which follows the one that was asked for last; `later` are
    /// those after it, in order. Where the digest of the bars is wanted, `before` is that of the
    /// sessions before.
    ///
    /// *Errors*: a feed that cannot be sought. An error inside the rows is none here: it comes with
    /// them.
    pub(crate) fn read(
        &mut self,
        due: &SessionLayout,
        later: &VecDeque<Arc<SessionLayout>>,
        base: BarInterval,
        sifted: &mut Sifted,
        before: Option<Digest>,
    ) -> Result<DayRows, DataError> {
        if let Some(rows) = self.ahead.pop_front() {
            if rows.date == due.session.date {
                return Ok(rows);
            }
            self.ahead.clear();
            self.is_reading = false;
        }
        if !std::mem::replace(&mut self.is_reading, true) {
            // From here on the feed goes on by itself, and may be read ahead.
            self.feed.seek(due.rows_since)?;
        }
        let rows = self.read_session(due, base, sifted, before);
        let mut before = rows.digest.map(|digest| digest.after);
        for layout in later {
            // Behind its last bar there may be rows in the file of the next month, which begins before
            // midnight in New York: to look there costs the same now and later.
            if self.feed.ready_until() < layout.clock_until {
                break;
            }
            let rows = self.read_session(layout, base, sifted, before);
            before = rows.digest.map(|digest| digest.after);
            self.ahead.push_back(rows);
        }
        Ok(rows)
    }

    /// Reads and sifts the rows of one session.
    fn read_session(
        &mut self,
        layout: &SessionLayout,
        base: BarInterval,
        sifted: &mut Sifted,
        before: Option<Digest>,
    ) -> DayRows {
        let (rows, polled) = self.feed.poll_slice(layout.clock_until, layout.rows_until);
        let fault = polled.err().map(|error| {
            let after_last = rows.opens_at_ns().last().map(|&ns| Timestamp::from_nanos(ns));
            let at = error.unreadable_since().or(after_last).unwrap_or(layout.clock_since);
            (at.max(layout.clock_since), error)
        });
        let slots = layout.slots(step_ns(base, layout));
        let bars = sifted.pass_slice(rows, &slots, layout.rows_since);
        let digest = before.map(|before| BarsDigest { before, after: bars_digest(before, &bars) });
        let rejections = std::mem::take(&mut sifted.rejected);
        DayRows { date: layout.session.date, bars, rejections, fault, digest }
    }
}
