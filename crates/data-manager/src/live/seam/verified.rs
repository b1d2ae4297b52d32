//! Bars on which the last word has not been said, held against the history.
//!
//! A stream that never says that a bar is closed tells it trade by trade, and the vendor's clock closes
//! it. Whatever it was silent about is missing in that bar, and no later message shows it: the history
//! does, a few seconds after the close. A stream that revises bars may be silent about that too, and a
//! history that is asked early may not have its own last word: both are read again when the time for
//! revisions is over.

use std::collections::{BTreeMap, BTreeSet};

use openbell_time::{Nanos, Timestamp};

use super::told::{Teller, Told};
use super::{AFTER_CLOSE, Act, Seam, Stage, Token};
use crate::live::rows::floor;
use crate::live::{ClosingProof, Winner};

/// The time for revisions has been over for so long: the bar that has just closed by then is there, or
/// is asked for by itself.
const AFTER_SETTLED: Nanos = Nanos::from_secs(30);
/// A history that has not come so far is asked again after this.
const BEHIND: Nanos = Nanos::from_secs(8);

/// Bars that are to be read again.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Unverified {
    /// Their opens.
    opens: BTreeSet<Timestamp>,
    due: Timestamp,
    asked: Option<Token>,
    /// When the history was asked last that has verified something.
    verified_at: Timestamp,
    /// When the answer that is read now was asked for.
    answered_at: Timestamp,
}

impl Unverified {
    pub(super) fn none() -> Unverified {
        Unverified {
            opens: BTreeSet::new(),
            due: Timestamp::MAX,
            asked: None,
            verified_at: Timestamp::MIN,
            answered_at: Timestamp::MIN,
        }
    }

    /// The first of them.
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.opens.first().copied()
    }

    /// What is older is not compared any more.
    pub(super) fn forget_before(&mut self, oldest: Timestamp) {
        self.opens = self.opens.split_off(&oldest);
    }

    pub(super) fn is_answered(&mut self, asked_at: Timestamp) {
        self.answered_at = asked_at;
    }

    /// Whether the question of that number is one of these.
    pub(super) fn is_asked_by(&self, token: Token) -> bool {
        self.asked == Some(token)
    }

    /// No answer, or none that reaches so far: when to ask again.
    pub(super) fn put_off(&mut self, until: Timestamp) {
        self.due = until;
    }

    pub(super) fn is_behind(&mut self, now: Timestamp) {
        self.put_off(now + BEHIND);
    }
}

impl Seam {
    /// When bars are to be read again in the history. Nobody waits for them: it is asked where the
    /// vendor has nothing else to answer.
    pub(crate) fn verifies_at(&self) -> Timestamp {
        let is_free = self.stage == Stage::Live
            && !self.unverified.opens.is_empty()
            && self.fetch.asked.is_none()
            && self.rereads.is_none();
        if is_free { self.unverified.due } else { Timestamp::MAX }
    }

    /// Up to when all has been verified: who waits longest goes first.
    pub(crate) fn verified_at(&self) -> Timestamp {
        self.unverified.verified_at
    }

    /// Reads them again.
    pub(crate) fn verify(&mut self, acts: &mut Vec<Act>) {
        self.ask_bars(acts);
        self.unverified.asked = self.fetch.asked;
    }

    /// A bar has been delivered as it was told: whether that is the last word on it.
    pub(super) fn stands(&mut self, opens_at: Timestamp, told: &Told, now: Timestamp) {
        let closes_at = opens_at + self.length;
        let settled_at = closes_at + self.traits.revised_within;
        let due = match (told.by, self.traits.proof, self.traits.winner) {
            (Teller::Stream, ClosingProof::NextOrTime { .. }, _) => closes_at + AFTER_CLOSE,
            (Teller::Stream, ClosingProof::Said, Winner::Stream) => return,
            (Teller::History, ..) if settled_at <= self.unverified.answered_at => return,
            _ if self.traits.revised_within == Nanos::ZERO => return,
            _ => settled_at + AFTER_SETTLED,
        };
        let of = &mut self.unverified;
        of.opens.insert(opens_at);
        of.due = of.due.min(due.max(now));
    }

    /// Up to which open the answer to such a question is the last word: as far as the stream has come,
    /// where the answer has come so far itself.
    pub(super) fn compared(&self, bars: &BTreeMap<Timestamp, Told>) -> Timestamp {
        let is_there = bars.keys().next_back() >= self.delivered.keys().next_back();
        if is_there { self.through } else { Timestamp::MIN }
    }

    /// All that was delivered has been compared with what the history had at `asked_at`. What the
    /// vendor may still revise is read again.
    pub(super) fn verified(&mut self, asked_at: Timestamp) {
        let of = &mut self.unverified;
        (of.verified_at, of.asked, of.due) = (asked_at, None, Timestamp::MAX);
        of.forget_before(floor(asked_at - self.traits.revised_within, self.length));
        if let Some(first) = of.since() {
            of.due = first + self.length + self.traits.revised_within + AFTER_SETTLED;
        }
    }
}
