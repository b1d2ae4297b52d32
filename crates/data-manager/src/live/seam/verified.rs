//! Bars of a stream that never says that one is closed, held against the history.
//!
//! Such a stream tells a bar trade by trade, and the vendor's clock closes it. Whatever it was silent
//! about is missing in that bar, and no later message shows it: the history does. So each bar is read
//! again there a few seconds after its close, and once more when its time for revisions is over.

use openbell_time::{Nanos, Timestamp};

use super::{AFTER_CLOSE, Act, Seam, Stage, Token};
use crate::live::ClosingProof;
use crate::live::rows::floor;

/// A history that has not come so far is asked again after this.
const BEHIND: Nanos = Nanos::from_secs(8);

/// What stands by the word of such a stream.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Unverified {
    /// The first such bar; absent where there is none.
    pub(super) since: Option<Timestamp>,
    due: Timestamp,
    asked: Option<Token>,
    /// When the history was asked last that has verified something.
    verified_at: Timestamp,
}

impl Unverified {
    pub(super) fn none() -> Unverified {
        Unverified { since: None, due: Timestamp::MAX, asked: None, verified_at: Timestamp::MIN }
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
            && self.unverified.since.is_some()
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

    /// A bar of the stream has been delivered as it was told.
    pub(super) fn is_told(&mut self, opens_at: Timestamp, now: Timestamp) {
        if let ClosingProof::NextOrTime { .. } = self.traits.proof {
            let of = &mut self.unverified;
            of.since = Some(of.since.map_or(opens_at, |since| since.min(opens_at)));
            of.due = of.due.min((opens_at + self.length + AFTER_CLOSE).max(now));
        }
    }

    /// All that was delivered has been compared with what the history had at `asked_at`. What the
    /// vendor may still revise is read again.
    pub(super) fn verified(&mut self, asked_at: Timestamp) {
        let Some(since) = self.unverified.since else { return };
        let since = since.max(floor(asked_at - self.traits.revised_within, self.length));
        self.unverified = Unverified { verified_at: asked_at, ..Unverified::none() };
        if since < self.through {
            let settled_at = since + self.length + self.traits.revised_within;
            self.unverified.since = Some(since);
            self.unverified.due = settled_at + AFTER_CLOSE;
        }
    }
}
