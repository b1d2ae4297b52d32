//! One instant of the session clock.
//!
//! Hot path, down to the delivery of bars: no allocation after warm-up, no lock, no hashing of
//! text, no formatting, no `dyn` a bar.

use openbell_time::Timestamp;

use super::core::Core;
use super::session::RunningSession;
use crate::consumers::closings::ClosedRow;
use crate::control::status::SymbolState;
use crate::digest::Delivered;
use crate::error::RunError;

impl RunningSession {
    /// Moves the clock of a replay to `instant` and does everything that is due there, in order.
    pub(super) fn visit(&mut self, core: &mut Core, instant: Timestamp) -> Result<(), RunError> {
        core.advance_clock(instant)?;
        let closed = self.deliver(core, instant);
        self.count_rejections(core)?;
        self.trade_at(core, instant);
        let _ = self.publish(core)?; // Open already: a replay has no backlog when its clock moves.
        self.tell_trades(core)?;
        self.notify_closed_at(core, instant, closed)?;
        self.call_scheduled(core)?;
        self.take_scheduled(core)?;
        self.take_asked(core)
    }

    /// Delivers every bar that closes at `instant`, in symbol order, and lists them for consumers,
    /// where one wants bars. What it leads to was computed when the session was loaded; the
    /// publication lets it be seen.
    fn deliver(&mut self, core: &mut Core, instant: Timestamp) -> Vec<ClosedRow> {
        let replay = self.flow.replay_mut();
        replay.take(instant);
        let wants_bars = core.consumers.wants_bars();
        let mut closed = if wants_bars { core.consumers.blank_rows() } else { Vec::new() };
        let n_series = self.progress.n_series();
        let mut delivered = Delivered::default();
        // No lag is checked: at its own close a bar has none, a replay visits every close, and
        // the clock moves only when nobody lags.
        for position in replay.agenda.taken() {
            let n_before = self.progress.deliver(position);
            if n_before == 0 {
                self.members[position].gauge.change_state(SymbolState::Live); // It was quiet so far.
            }
            if wants_bars {
                self.progress.notify_through(0, position, n_before + 1);
                closed.push(ClosedRow::new(position * n_series, n_before, instant));
            }
            delivered.add(self.keys[position]);
        }
        core.record.sequence.deliver_instant(instant.as_nanos(), delivered);
        self.n_bars += delivered.n();
        core.record.n_bars += delivered.n();
        closed
    }
}
