//! The log lines that no event has: why the gate was decided, who lags, whose source is in trouble.
//!
//! Not here: the table of all lines (`trace.rs`).

use std::mem::discriminant;

use openbell_session_data::{Reason, Why};
use openbell_time::{Nanos, Timestamp};
use tracing::{Level, debug, enabled, info};

use super::core::Core;
use super::session::RunningSession;
use super::trace::within;
use crate::gate::lag::LagChange;

/// What the gate was decided to do.
#[derive(Clone, Copy)]
pub(super) enum Decided {
    Opens,
    Shuts,
    /// It stays shut, and others hold it than before.
    Holds,
}

impl RunningSession {
    /// Writes the line of a decision of the gate.
    pub(super) fn trace_gate(&self, core: &Core, decided: Decided, reason: Option<&Reason>) {
        if !enabled!(Level::DEBUG) {
            return;
        }
        let verdict = match decided {
            Decided::Opens => "opens",
            Decided::Shuts => "shuts",
            Decided::Holds => "holds",
        };
        let (why, at) = (reason.map(Reason::name), core.clock.now());
        let holders = reason.map(Reason::holders).unwrap_or_default();
        let holders: Vec<String> = holders.iter().map(ToString::to_string).collect();
        self.trace_within(core, || debug!(verdict, why, ?holders, %at, "gate decided"));
    }

    /// Writes the line of a gate that is shut and is held by others than before, or for another cause;
    /// that those who hold it lag less and less is no decision.
    pub(super) fn trace_holders(&self, core: &Core, reason: &Reason) {
        if !enabled!(Level::DEBUG) {
            return;
        }
        let Some(before) = core.board.inactive() else { return };
        let before = &before.facts().reason;
        let symbols = before.holders().iter().map(|holder| &holder.symbol);
        let is_the_same = before.name() == reason.name()
            && symbols.eq(reason.holders().iter().map(|holder| &holder.symbol));
        if !is_the_same {
            self.trace_gate(core, Decided::Holds, Some(reason));
        }
    }

    /// Writes the line of a symbol that lags from now on, or no more.
    pub(super) fn trace_lag(&self, core: &Core, position: usize, change: LagChange, lag: Nanos) {
        if !enabled!(Level::DEBUG) {
            return;
        }
        let symbol = &self.members[position].run.symbol;
        let at: Timestamp = core.clock.now();
        self.trace_within(core, || match change {
            LagChange::BeganLagging => debug!(%symbol, %lag, %at, "lags"),
            LagChange::CaughtUp => debug!(%symbol, %lag, %at, "lags no more"),
            LagChange::Unchanged => {}
        });
    }

    /// Writes the line of a symbol whose source is in trouble from now on, or no more: `now` is why it
    /// is where it is, and it still says why it was.
    pub(super) fn trace_source(&self, core: &Core, position: usize, now: &Why) {
        let member = &self.members[position];
        let before = &member.rows.live().why;
        if discriminant(before) == discriminant(now) {
            return;
        }
        let (symbol, at) = (&member.run.symbol, core.clock.now());
        if is_trouble(now) {
            self.trace_within(core, || info!(%symbol, why = %now, %at, "source trouble"));
        } else if is_trouble(before) {
            self.trace_within(core, || info!(%symbol, %at, "source well"));
        }
    }

    fn trace_within(&self, core: &Core, line: impl FnOnce()) {
        within(&core.plan.config.session_name, Some(self.layout.session.date), line);
    }
}

/// Whether it is the source that fails, and not the market that is still.
fn is_trouble(why: &Why) -> bool {
    matches!(why, Why::Down { .. } | Why::Skewed { .. } | Why::Refused { .. })
}
