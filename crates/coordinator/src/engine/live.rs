//! How rows come in a live session: when they come. No rule stands here.

use openbell_market::{BarInterval, Symbol, SymbolIdx};
use openbell_time::Timestamp;

use crate::consumers::consumer::Corrected;
use crate::control::event::CorrectionKind;

/// How the rows of a live session come.
#[derive(Default)]
pub(super) struct Live {
    /// The last instant of the wall at which the feeds were looked at.
    pub(super) looked_at: Option<Timestamp>,
    /// The instant of the wall at which the next look is due, whether or not something arrives.
    pub(super) next_look: Option<Timestamp>,
    /// The earliest instant of the wall at which a look has found the session over: what is owed has
    /// time to come from here on, since a run that was asleep over the close, or began after it, has
    /// asked for nothing until then.
    pub(super) over_since: Option<Timestamp>,
    /// Bars to be delivered, by close and position; recycled.
    pub(super) due: Vec<(i64, usize)>,
    /// What was corrected of announced series, and consumers are still to be notified of.
    pub(super) corrected: Vec<Correction>,
}

/// A correction that consumers are to be notified of.
pub(super) struct Correction {
    pub(super) idx: SymbolIdx,
    pub(super) notice: Corrected,
}

impl Live {
    /// The session is over at the look at `wall`. One that lies before those that found it so tells
    /// that they were wrong. Yields since when it has been over.
    pub(super) fn note_over(&mut self, wall: Timestamp) -> Timestamp {
        *self.over_since.insert(self.over_since.map_or(wall, |since| since.min(wall)))
    }

    /// The symbol has left: what was corrected of it is of no concern to whoever finds it again.
    pub(super) fn forget(&mut self, idx: SymbolIdx) {
        self.corrected.retain(|correction| correction.idx != idx);
    }

    /// Notes that `symbol`'s series of `interval` has changed from `since_sequence` on, as of its
    /// making `generation`.
    pub(super) fn correct(
        &mut self,
        idx: SymbolIdx,
        (symbol, interval): (&Symbol, BarInterval),
        since_sequence: usize,
        generation: u32,
        kind: CorrectionKind,
    ) {
        let is_same = |known: &&mut Correction| {
            let notice = &known.notice;
            known.idx == idx && notice.interval == interval && notice.kind == kind
        };
        if let Some(known) = self.corrected.iter_mut().find(is_same) {
            known.notice.since_sequence = known.notice.since_sequence.min(since_sequence);
            known.notice.generation = generation;
            return;
        }
        let symbol = symbol.clone();
        let notice = Corrected { symbol, interval, since_sequence, generation, kind };
        self.corrected.push(Correction { idx, notice });
    }
}
