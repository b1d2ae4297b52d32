//! The two kinds of readers: outside, whose every view passes the gate, and inside.

use std::sync::Arc;

use openbell_market::{BarInterval, Symbol};
use openbell_time::CoarseClock;

use crate::board::{Board, Seen};
use crate::inactive::Inactive;
use crate::series_reader::SeriesReader;
use crate::view::{InsideView, View};

/// Reads as strategies, scanners, services and displays may: fresh or nothing.
///
/// *Cost*: taking a view loads one word, and one slot where something was published since the last
/// view; live also a coarse clock and the deadline to hold against it; no lock, no allocation while
/// the session is active. Clone it for another thread; a clone is independent.
#[derive(Clone)]
pub struct OutsideReader {
    board: Arc<Board>,
    seen: Seen,
    /// What the core's deadline is held against; `None` where there is none to be held.
    clock: Option<CoarseClock>,
}

impl OutsideReader {
    pub(crate) fn new(board: Arc<Board>, clock: Option<CoarseClock>) -> OutsideReader {
        let seen = board.unseen();
        OutsideReader { board, seen, clock }
    }

    /// A view as of the current publication.
    ///
    /// *Time*: everything in it is as of one publication, made at one instant at which the
    /// session was active; nothing later is in it, however long it is held.
    ///
    /// # Errors
    ///
    /// [`Inactive`] while the gate is shut, with since when, the epoch and who holds it; live also
    /// past the deadline of a core that is not heard, until it is.
    #[inline]
    pub fn view(&mut self) -> Result<View<'_>, Inactive> {
        Ok(self.look()?.view())
    }

    /// A reader of one series, which is found once for as long as the members stay the same; also
    /// of a symbol that joins later.
    ///
    /// *Cost*: allocates nothing but a copy of the symbol.
    pub fn series_reader(&self, symbol: &Symbol, interval: BarInterval) -> SeriesReader {
        SeriesReader::new(self.clone(), symbol.clone(), interval)
    }

    /// What is current, for the readers of this crate.
    #[inline]
    pub(crate) fn look(&mut self) -> Result<&Seen, Inactive> {
        match &self.clock {
            None => self.board.look(&mut self.seen)?,
            Some(clock) => self.board.look_heard(&mut self.seen, clock)?,
        }
        Ok(&self.seen)
    }

    /// The word of the last view, [`crate::word::Word::NEVER`] where there is none.
    pub(crate) fn seen_word(&self) -> u64 {
        self.seen.word()
    }

    /// Whether the session is active, nothing was published since the view of `word`, and the core
    /// is heard.
    #[inline]
    pub(crate) fn is_still(&self, word: u64) -> bool {
        match &self.clock {
            None => self.board.is_still(word),
            Some(clock) => self.board.is_still_heard(word, clock),
        }
    }
}

/// Reads as the core does: all that is delivered, gate or no gate. Handed out when the session is
/// built; there is no way to make one from an outside reader.
pub struct InsideReader {
    board: Arc<Board>,
}

impl InsideReader {
    pub(crate) fn new(board: Arc<Board>) -> InsideReader {
        InsideReader { board }
    }

    /// What the core has delivered by now.
    pub fn view(&self) -> InsideView {
        let (roster, clock) = self.board.inside();
        InsideView::new(roster, clock)
    }
}
