//! What the verdicts of the gate lead to: it is opened and shut here, and nowhere else.
//!
//! Not here: who holds it ([`crate::gate`]).

use std::sync::Arc;

use openbell_session_data::{HolderLags, LaggingSymbol, Reason};
use openbell_time::Nanos;

use super::core::Core;
use super::session::{Flow, RosterState, RunningSession};
use super::trace_session::Decided;
use crate::consumers::notice::Notice;
use crate::control::status::SymbolGauge;
use crate::error::RunError;
use crate::gate::hold::HoldCause;
use crate::gate::{HeldMember, Holders, Verdict};
use crate::report::GateSwitch;

/// What the status shows of those that hold the gate, in their order.
struct Lags(Vec<Arc<SymbolGauge>>);

impl HolderLags for Lags {
    fn lag(&self, n: usize) -> Option<Nanos> {
        self.0.get(n).map(|gauge| gauge.lag())
    }
}

impl RunningSession {
    /// Publishes what is in place as of the session clock, and opens the gate where it was shut.
    /// Returns whether it was.
    pub(super) fn publish(&mut self, core: &mut Core) -> Result<bool, RunError> {
        if self.roster == RosterState::Inside {
            self.roster = RosterState::Published;
        }
        let opened = core.publish()?;
        if let Some(epoch) = opened {
            self.trace_gate(core, Decided::Opens, None);
            self.switches.push(GateSwitch { at: core.clock.now(), epoch, reason: None });
        }
        Ok(opened.is_some())
    }

    /// Shuts the gate; where it is shut already, renews the reason, whose holders' lags go on changing
    /// where `lags` yields them. Returns whether it was open.
    pub(super) fn shut(
        &mut self,
        core: &mut Core,
        reason: Reason,
        lags: Option<Arc<dyn HolderLags>>,
    ) -> bool {
        let at = core.clock.now();
        let shut = core.shut(Some(at), reason.clone(), lags);
        if let Some(epoch) = shut {
            self.trace_gate(core, Decided::Shuts, Some(&reason));
            self.switches.push(GateSwitch { at, epoch, reason: Some(reason) });
        }
        shut.is_some()
    }

    /// Shuts the gate where a member holds it, and tells consumers so; where it is shut, says who
    /// holds it now. Opening it is left to who publishes.
    pub(super) fn decide(&mut self, core: &mut Core) -> Result<(), RunError> {
        match self.verdict(core) {
            Verdict::Shuts(holders) | Verdict::Renews(holders) => self.hold_gate(core, &holders),
            Verdict::Opens | Verdict::Stays => Ok(()),
        }
    }

    /// What the gate does now.
    pub(super) fn verdict(&self, core: &Core) -> Verdict {
        self.gate.verdict(core.gate_state(), self.flow.behind())
    }

    pub(super) fn hold_gate(&mut self, core: &mut Core, holders: &Holders) -> Result<(), RunError> {
        let symbols = self.lagging_symbols(&holders.members);
        let reason = match holders.cause {
            HoldCause::CatchingUp => Reason::CatchingUp { holders: symbols },
            HoldCause::Late => Reason::Late { holders: symbols },
            HoldCause::Silent => Reason::Silent { holders: symbols },
            HoldCause::Skewed => Reason::Skewed { holders: symbols },
            HoldCause::Gone => Reason::Gone { holders: symbols },
        };
        self.trace_holders(core, &reason);
        let lags: Option<Arc<dyn HolderLags>> = match self.flow {
            // Its backlog goes on bar by bar, and who looks is told the lags of that moment.
            Flow::Replay(_) => {
                let of_holder = |held: &HeldMember| Arc::clone(&self.members[held.position].gauge);
                Some(Arc::new(Lags(holders.members.iter().map(of_holder).collect())))
            }
            Flow::Live(_) => None, // Each look says it anew.
        };
        if self.shut(core, reason.clone(), lags) {
            self.notify(core, &Notice::Deactivated(Arc::new(reason)))?;
        }
        Ok(())
    }

    /// The wall clock has jumped by `by`: nothing is shown before it is believed again, and then all is
    /// looked at, whether or not something is due.
    pub(super) fn hold_for_wall(&mut self, core: &mut Core, by: Nanos) -> Result<(), RunError> {
        self.flow.live_mut().next_look = None;
        let reason = Reason::ClockStepped { by };
        if self.shut(core, reason.clone(), None) {
            self.notify(core, &Notice::Deactivated(Arc::new(reason)))?;
        }
        Ok(())
    }

    /// The symbols of which outsiders see nothing though the gate is open, in symbol order.
    pub(super) fn withheld(&self) -> Vec<LaggingSymbol> {
        self.lagging_symbols(&self.gate.withheld())
    }

    fn lagging_symbols(&self, held: &[HeldMember]) -> Vec<LaggingSymbol> {
        let symbol = |held: &HeldMember| LaggingSymbol {
            symbol: self.members[held.position].run.symbol.clone(),
            lag: held.lag,
            why: self.holder_why(held.position),
        };
        held.iter().map(symbol).collect()
    }
}
