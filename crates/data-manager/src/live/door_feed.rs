//! A live series at the core's side of the door: what is due is handed out, what is ahead waits.

use std::ops::Range;

use openbell_market::{BarColumns, Ohlcv, SeriesKey};
use openbell_time::{Nanos, Timestamp};

use crate::DataError;
use crate::feed::{Feed, FeedKind, Link, LinkStep, Progress, Trading};
use crate::live::door::{Delivery, Door, Evidence, Outlet};

/// The live [`Feed`] of a series whose bars come through a [`Door`](crate::live::Door).
///
/// A row waits for its close by the core's clock, and so does a mark of completeness: no promise about
/// time needs trust in a vendor's clock. A mark that still waits when the way breaks is void.
pub struct DoorFeed {
    outlet: Outlet,
    length: Nanos,
    /// Rows that no poll has handed out, in order of arrival.
    rows: Vec<(Timestamp, Ohlcv)>,
    revisions: Vec<(Timestamp, Ohlcv)>,
    /// Marks ahead of the last poll.
    marks: Vec<Timestamp>,
    complete_through: Timestamp,
    /// What was given up and is to be said.
    given_up: Vec<Range<Timestamp>>,
    /// Up to when it was to hurry last.
    hurried: Timestamp,
    link: Link,
    trading: Trading,
    /// By the clock alone.
    next_due: Timestamp,
}

impl Door {
    /// The feed of a series. It is wanted from its first [`seek`](Feed::seek) on, and left when the
    /// feed is dropped; a second feed of the same series takes the place of the first.
    ///
    /// Absent for days and weeks, which no stream has.
    pub fn feed(&self, key: &SeriesKey) -> Option<DoorFeed> {
        let clock = key.interval.clock()?;
        Some(DoorFeed::new(self.outlet(key), clock.length()))
    }
}

impl DoorFeed {
    fn new(outlet: Outlet, length: Nanos) -> DoorFeed {
        DoorFeed {
            outlet,
            length,
            rows: Vec::new(),
            revisions: Vec::new(),
            marks: Vec::new(),
            complete_through: Timestamp::MIN,
            given_up: Vec::new(),
            hurried: Timestamp::MIN,
            link: Link::Starting { since: Timestamp::MIN, step: LinkStep::Resolving },
            trading: Trading::Normal,
            next_due: Timestamp::MAX,
        }
    }

    /// Takes in what has arrived.
    fn take(&mut self, now: Timestamp) {
        while let Some(delivery) = self.outlet.pop() {
            match delivery {
                Delivery::Row { opens_at, ohlcv } => self.rows.push((opens_at, ohlcv)),
                Delivery::Revision { opens_at, ohlcv } => {
                    match self.rows.iter_mut().find(|(waiting, _)| *waiting == opens_at) {
                        Some((_, values)) => *values = ohlcv,
                        None => self.revisions.push((opens_at, ohlcv)),
                    }
                }
                Delivery::Complete { through, evidence } => {
                    if let Evidence::GivenUp { since } = evidence {
                        self.given_up.push(since..through);
                    }
                    self.marks.push(through);
                }
                Delivery::Link(link) => {
                    self.ripen(now);
                    if let Link::Down { .. } = link {
                        self.marks.clear();
                    }
                    self.link = link;
                }
                Delivery::Trading(trading) => self.trading = trading,
            }
        }
        self.ripen(now);
    }

    /// Marks that the clock has come to.
    fn ripen(&mut self, now: Timestamp) {
        let through = &mut self.complete_through;
        self.marks.retain(|&mark| {
            if mark <= now {
                *through = mark.max(*through);
            }
            mark > now
        });
    }

    fn close_of(&self, opens_at: Timestamp) -> Timestamp {
        opens_at.checked_add(self.length).unwrap_or(Timestamp::MAX)
    }
}

impl Feed for DoorFeed {
    fn series(&self) -> &SeriesKey {
        self.outlet.key()
    }

    fn kind(&self) -> FeedKind {
        FeedKind::Live
    }

    fn seek(&mut self, since: Timestamp) -> Result<(), DataError> {
        self.outlet.want(since);
        Ok(())
    }

    fn poll(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        out: &mut BarColumns,
    ) -> Result<Progress, DataError> {
        self.take(now);
        let length = self.length;
        let is_closed =
            |opens_at: Timestamp| opens_at.checked_add(length).is_some_and(|at| at <= now);
        self.rows.retain(|&(opens_at, ohlcv)| {
            let is_due = opens_at < until && is_closed(opens_at);
            if is_due {
                out.push(opens_at, ohlcv);
            }
            !is_due
        });
        let closes = self.rows.iter().map(|&(opens_at, _)| self.close_of(opens_at));
        let ahead = closes.chain(self.marks.iter().copied()).filter(|&at| at > now);
        self.next_due = ahead.min().unwrap_or(Timestamp::MAX);
        let complete_through = self.complete_through.min(until);
        let given_up = self.given_up.extract_if(.., |of| of.end <= complete_through).collect();
        Ok(Progress {
            complete_through,
            given_up,
            link: self.link.clone(),
            trading: self.trading.clone(),
            is_exhausted: false,
        })
    }

    fn poll_revisions(&mut self, _now: Timestamp, out: &mut BarColumns) {
        for (opens_at, ohlcv) in self.revisions.drain(..) {
            out.push(opens_at, ohlcv);
        }
    }

    fn hurry(&mut self, due: Timestamp) {
        if self.complete_through < due && self.hurried != due {
            self.hurried = due;
            self.outlet.hurry(due);
        }
    }

    fn has_news(&self, now: Timestamp) -> bool {
        !self.outlet.is_empty() || self.next_due <= now
    }

    fn next_due(&self) -> Timestamp {
        self.next_due
    }
}
