//! A series that nobody has ever traded: no history has a row of it, so that no answer of the history
//! can show how far it reaches. The vendor's count of trades says that there is nothing to be had.
//!
//! Such an answer looks as one does that is empty because something is amiss, and proves nothing by
//! itself; the figures it is held against come from elsewhere at the vendor.

use std::collections::BTreeMap;
use std::sync::Arc;

use openbell_time::Timestamp;

use super::{Act, Seam, Stage, Token};
use crate::live::rows::floor;
use crate::live::{CountReach, DayCount, EmptyInterval, Evidence};

/// What is known of a series of which no bar was delivered.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub(super) struct Untraded {
    /// Whether it is proven that it was never traded, as far as it is complete.
    is_known: bool,
    /// Whether its first bar of all was asked for, and lies no later than what is complete.
    is_old: bool,
    /// When figures that do not say how far they have come were asked for last, and had grown by then.
    busy: Option<(Timestamp, u64)>,
}

impl Untraded {
    pub(super) fn is_known(&self) -> bool {
        self.is_known
    }

    pub(super) fn has_traded(&mut self) {
        self.is_known = false;
    }

    /// Up to where figures have come that were asked for at `asked_at`, where they show it.
    fn reached(&mut self, reach: CountReach, asked_at: Timestamp) -> Option<Timestamp> {
        let n = match reach {
            CountReach::Through(through) => return Some(through),
            CountReach::Busy(n) => n,
        };
        let before = self.busy;
        if before.is_none_or(|(_, before)| before != n) {
            self.busy = Some((asked_at, n));
        }
        before.filter(|&(_, before)| before < n).map(|(asked_at, _)| asked_at)
    }
}

impl Seam {
    /// Whether an empty answer is held against the vendor's count of trades. Where a trade is known, the
    /// answer is wrong.
    pub(super) fn asks_for_count(&self) -> bool {
        let is_asked = matches!(self.stage, Stage::CatchingUp { .. } | Stage::Live);
        let is_known = !(self.delivered.is_empty() && self.held.is_empty());
        self.traits.counts_trades && is_asked && !is_known && self.running.is_none()
    }

    /// Whether a hole before the first row of all that came may be time in which nobody had traded it
    /// yet: where each interval has a bar from the first trade on.
    pub(super) fn asks_for_first(&self) -> bool {
        let may_be_new = self.delivered.is_empty() && !self.untraded.is_old;
        self.traits.counts_trades && self.traits.empty == EmptyInterval::Bar && may_be_new
    }

    /// The first bar of all that the vendor has of it.
    pub(crate) fn first(
        &mut self,
        token: Token,
        first: Option<Timestamp>,
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) {
        if !self.is_answer(token) {
            return;
        }
        let first = first.map(|first| floor(first, self.length));
        let before = self.through;
        let begins_at = first.filter(|&first| first > before && first <= now);
        self.untraded.is_known |= begins_at.is_some();
        self.untraded.is_old = begins_at.is_none() && first.is_some();
        match (self.stage, begins_at) {
            (Stage::CatchingUp { seam }, Some(begins_at)) => {
                self.complete(begins_at.min(seam), Evidence::NothingTraded, now, acts);
                self.drain(now, acts);
                self.fetch.due = now;
                self.end_of_catching_up(seam, now, acts);
            }
            (Stage::CatchingUp { seam }, None) => {
                let said = Arc::from("the history has a hole there");
                self.count_failure(seam, &BTreeMap::new(), &said, now, acts);
            }
            (Stage::Live, begins_at) => {
                if let Some(begins_at) = begins_at {
                    self.complete(begins_at, Evidence::NothingTraded, now, acts);
                    self.drain(now, acts);
                }
                self.probed(before, 0, now, acts);
            }
            (Stage::Wanted | Stage::Subscribed | Stage::Gone, _) => {}
        }
    }

    /// How often it was traded, as the vendor knows it at `known_at` by its own clock or later.
    pub(crate) fn counted(
        &mut self,
        token: Token,
        known_at: Timestamp,
        count: DayCount,
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) {
        if !self.is_answer(token) {
            return;
        }
        let before = self.through;
        // Our clock may be behind the vendor's by so much.
        let skew = self.settings.max_skew;
        let reached = self.untraded.reached(count.reach, known_at);
        let is_silence = count.n_trades == 0 && count.since <= before && self.asks_for_count();
        let reached = reached.filter(|&reached| is_silence && reached >= before);
        if reached.is_some() {
            self.rereads = None; // There is nothing that could be read again.
        }
        let through = reached.map(|reached| floor(reached.min(now + skew), self.length));
        if let Some(through) = through.filter(|&through| through > before) {
            self.untraded.is_known = true;
            self.complete(through, Evidence::NothingTraded, now, acts);
        }
        match self.stage {
            Stage::CatchingUp { seam } => {
                self.answered_while_catching_up(seam, false, &BTreeMap::new(), now, acts);
            }
            Stage::Live => self.probed(before, 0, now, acts),
            Stage::Wanted | Stage::Subscribed | Stage::Gone => {}
        }
    }
}
