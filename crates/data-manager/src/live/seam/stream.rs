//! What the stream brings: when a bar of it is closed, and what is made of a repetition.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use openbell_time::{Nanos, Timestamp};

use super::told::Told;
use super::{Act, Found, N_HELD_MAX, N_KEPT, Seam, Stage};
use crate::live::rows::floor;
use crate::live::{Closing, ClosingProof, Delivery, EmptyInterval, Evidence, Heard, OrderPromise};

/// A stamp that lies further ahead than any clock is wrong by is no stamp.
pub(super) const FAR: Nanos = Nanos::from_secs(86_400);

impl Seam {
    /// The stream has brought a bar.
    pub(crate) fn heard(&mut self, row: Heard, now: Timestamp, acts: &mut Vec<Act>) {
        if matches!(self.stage, Stage::Wanted | Stage::Gone) {
            return;
        }
        if !self.is_placed(row.opens_at, now) {
            acts.push(Act::Found(Found::Impossible { opens_at: row.opens_at }));
            return;
        }
        (self.prove_by, self.n_unproven) = (None, 0);
        if row.opens_at < self.since || self.traits.is_made_up(&row) {
            return;
        }
        match (row.closing, self.traits.proof) {
            (Closing::Running, _) => {}
            (Closing::Closed, _) | (Closing::Unsaid, ClosingProof::Said) => {
                self.closed(row.opens_at, Told::by_stream(&row), now, acts);
            }
            (Closing::Unsaid, ClosingProof::NextOrTime { .. }) => self.unproven(row, now, acts),
        }
    }

    /// The vendor's clock in a message of the line.
    pub(crate) fn clock_heard(&mut self, at: Timestamp, now: Timestamp, acts: &mut Vec<Act>) {
        if at > now + FAR {
            return;
        }
        self.vendor_clock = self.vendor_clock.max(Some(at));
        if let Some(running) = self.running
            && self.is_over(running.opens_at)
        {
            self.running = None;
            self.closed(running.opens_at, Told::by_stream(&running), now, acts);
        }
    }

    /// The vendor's mark that all bars are sent.
    pub(crate) fn marked(&mut self, mark: Timestamp, now: Timestamp, acts: &mut Vec<Act>) {
        if mark > now + FAR {
            return;
        }
        let mark = floor(mark, self.length);
        if self.stage == Stage::Live && mark > self.through {
            self.deliver(mark, &BTreeMap::new(), now, acts);
            self.complete(mark, Evidence::EndMark, now, acts);
        }
    }

    /// A bar whose message does not say whether it is closed.
    fn unproven(&mut self, row: Heard, now: Timestamp, acts: &mut Vec<Act>) {
        let newest = self.running.map(|running| running.opens_at);
        if newest.is_some_and(|opens_at| row.opens_at < opens_at) || self.is_over(row.opens_at) {
            self.closed(row.opens_at, Told::by_stream(&row), now, acts);
            return;
        }
        let is_older = |running: &Heard| {
            running.opens_at == row.opens_at
                && Told::by_stream(&row).is_older_than(&Told::by_stream(running))
        };
        if self.running.as_ref().is_some_and(is_older) {
            acts.push(Act::Found(Found::Old));
            return;
        }
        if let Some(running) = self.running.replace(row)
            && running.opens_at < row.opens_at
        {
            self.closed(running.opens_at, Told::by_stream(&running), now, acts);
        }
    }

    /// Whether the vendor's clock says that the bar of `opens_at` is closed.
    fn is_over(&self, opens_at: Timestamp) -> bool {
        let ClosingProof::NextOrTime { after } = self.traits.proof else { return false };
        self.vendor_clock.is_some_and(|clock| opens_at + self.length + after <= clock)
    }

    /// A bar of the stream that is closed by proof.
    pub(super) fn closed(
        &mut self,
        opens_at: Timestamp,
        told: Told,
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) {
        if told.ohlcv.fault().is_some() {
            acts.push(Act::Found(Found::Impossible { opens_at }));
            return;
        }
        if opens_at < self.through {
            let is_newer = |known: &Told| !known.same(&told) && !told.is_older_than(known);
            if self.delivered.get(&opens_at).is_some_and(is_newer) {
                self.revised.insert(opens_at);
            }
            self.repeated(opens_at, told, now, acts);
            return;
        }
        if self.held.len() >= N_HELD_MAX {
            acts.push(Act::Reconnect);
            return;
        }
        // A topic that was silent, of which nothing could be said, or a message of which could not be
        // read, has broken the promise.
        let is_in_doubt = self.n_silent + self.n_unsure > 0
            || self.fetch.asked.is_some()
            || self.rereads.is_some();
        self.n_silent = 0;
        match self.held.entry(opens_at) {
            Entry::Occupied(held) if told.is_older_than(held.get()) => {}
            Entry::Occupied(mut held) => *held.get_mut() = told,
            Entry::Vacant(place) => {
                place.insert(told);
            }
        }
        match self.stage {
            Stage::Live if opens_at == self.through => {
                self.n_unsure = 0;
                self.drain(now, acts);
            }
            Stage::Live if self.proves_earlier() && !is_in_doubt => {
                let through = opens_at + self.length;
                self.deliver(through, &BTreeMap::new(), now, acts);
                self.n_unsure = 0;
                self.complete(through, Evidence::NextBarInOrder, now, acts);
            }
            Stage::Live => self.catch_up(opens_at, now, acts),
            Stage::CatchingUp { seam } => {
                self.drain(now, acts);
                self.end_of_catching_up(seam, now, acts);
            }
            Stage::Wanted | Stage::Subscribed | Stage::Gone => {}
        }
    }

    /// Whether a later bar proves that there is none before it that has not come. Where each interval
    /// has a bar, one that has not come is missing.
    fn proves_earlier(&self) -> bool {
        self.traits.order == OrderPromise::LaterProvesEarlier
            && self.traits.empty == EmptyInterval::NoBar
    }

    /// A bar that lies before what is complete.
    pub(super) fn repeated(
        &mut self,
        opens_at: Timestamp,
        told: Told,
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) {
        let oldest = self.delivered.keys().next().copied();
        match self.delivered.get(&opens_at) {
            Some(known) if known.same(&told) => {
                if opens_at + self.length == self.through {
                    self.n_silent = 0; // Slow, not silent.
                }
                acts.push(Act::Found(Found::Duplicate));
            }
            Some(known) if told.is_older_than(known) => acts.push(Act::Found(Found::Old)),
            Some(_) => {
                self.delivered.insert(opens_at, told);
                self.stands(opens_at, &told, now);
                let ohlcv = told.ohlcv;
                acts.push(Act::Deliver(Delivery::Revision { opens_at, ohlcv }));
                acts.push(Act::Found(Found::Revised { opens_at }));
            }
            None if self.delivered.len() >= N_KEPT && Some(opens_at) < oldest => {
                acts.push(Act::Found(Found::Old));
            }
            None => {
                self.put(opens_at, told, now, acts);
                acts.push(Act::Found(Found::Late { opens_at }));
            }
        }
    }

    /// Whether a bar can open then: on the grid, and not in days to come.
    pub(super) fn is_placed(&self, opens_at: Timestamp, now: Timestamp) -> bool {
        opens_at <= now + FAR && floor(opens_at, self.length) == opens_at
    }
}
