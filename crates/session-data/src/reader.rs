//! The two kinds of readers: outside, whose every view passes the gate, and inside.

use std::sync::Arc;

use crate::board::Board;
use crate::frame::Frame;
use crate::inactive::Inactive;
use crate::view::{InsideView, View};

/// Reads as strategies, scanners, services and displays may: fresh or nothing.
///
/// *Cost*: taking a view loads one word and one slot; no lock, no allocation while the session is
/// active. Clone it for another thread; a clone is independent.
pub struct OutsideReader {
    board: Arc<Board>,
    /// The frame of the last view, so that the next one need not look for it.
    cached: Arc<Frame>,
}

impl Clone for OutsideReader {
    fn clone(&self) -> OutsideReader {
        OutsideReader { board: Arc::clone(&self.board), cached: Arc::clone(&self.cached) }
    }
}

impl OutsideReader {
    pub(crate) fn new(board: Arc<Board>) -> OutsideReader {
        let cached = board.newest_frame();
        OutsideReader { board, cached }
    }

    /// A view as of the current publication.
    ///
    /// *Time*: everything in it is as of one publication, made at one instant at which the
    /// session was active; nothing later is in it, however long it is held.
    ///
    /// *Errors*: [`Inactive`] while the gate is shut, with since when, the epoch and who holds
    /// it.
    pub fn view(&mut self) -> Result<View<'_>, Inactive> {
        let publication = self.board.publication(&mut self.cached)?;
        Ok(View::new(&self.cached, publication))
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
        let (frame, clock) = self.board.inside();
        InsideView::new(frame, clock)
    }
}
