//! The gate: the one place that opens and shuts it, and that tells the board who is there.

use std::sync::Arc;

use openbell_config::GateScope;
use openbell_market::{BarInterval, Symbol};
use openbell_session_data::{LaggingSymbol, Opened, Reason, SessionFacts, Shut};
use openbell_time::Timestamp;

use crate::symbol::live::Hold;
use super::{Engine, State};
use crate::consumers::consumer::{Resumed, Skipped};
use crate::error::RunError;
use crate::control::event::Event;
use crate::gate::lag::LagState;
use crate::symbol::SymbolSession;
use crate::consumers::notice::Notice;
use crate::report::GateSwitch;

impl Engine {
    /// Tells the board who the members are: insiders at once, outsiders with the next
    /// publication.
    pub(super) fn refresh_members(&mut self) {
        let clock = self.clock.now();
        let State::Day(day) = &mut self.state else { return };
        if !std::mem::replace(&mut day.is_laid, true) {
            day.lay_agenda(clock);
        }
        day.members_changed = false;
        let session = &day.layout.session;
        let facts = SessionFacts {
            date: session.date,
            open: session.open,
            close: session.close,
            keeps_quality: day.keeps_quality,
        };
        let withheld = match self.plan.scope {
            GateScope::Symbol => day.withheld(),
            GateScope::Session => Vec::new(),
        };
        let members = day.members.iter_mut().map(SymbolSession::member).collect();
        self.board.change_members(Some(facts), members, withheld);
        let gauges = day.members.iter().map(|member| member.run_gauge()).collect();
        let (streamed, derived) = (vec![self.rule.base], self.rule.derived.clone());
        let counts = Arc::clone(&day.counts);
        self.status.change_roster(Some(session.date), gauges, counts, streamed, derived);
        let derived = self.rule.derived.iter().copied();
        let intervals: Vec<BarInterval> = std::iter::once(self.rule.base).chain(derived).collect();
        self.consumers.change_roster(day.members.iter().map(|member| &member.run.symbol), &intervals);
    }

    /// Publishes what is in place as of the session clock, and opens the gate where it is shut.
    pub(super) fn publish(&mut self) -> Opened {
        let at = self.clock.now();
        self.board.advance_inside(at);
        let opened = self.board.publish(at);
        if opened == Opened::Yes {
            let epoch = self.board.epoch();
            self.digest.switch(true, epoch, at);
            self.log.push(Event::GateOpened { at, epoch });
            if let State::Day(day) = &mut self.state {
                day.switches.push(GateSwitch { at, epoch, reason: None });
            }
        }
        opened
    }

    /// Shuts the gate, before the bar that caused it is visible to anyone outside; where it is
    /// shut already, renews the reason.
    pub(super) fn switch_shut(&mut self, reason: Reason) -> Shut {
        let at = self.session_instant();
        let shut = self.board.shut(at, reason.clone());
        if let (Shut::JustNow, Some(at)) = (shut, at) {
            let epoch = self.board.epoch();
            self.digest.switch(false, epoch, at);
            self.log.push(Event::GateShut { at, epoch, reason: reason.clone() });
            if let State::Day(day) = &mut self.state {
                day.switches.push(GateSwitch { at, epoch, reason: Some(reason) });
            }
        }
        shut
    }

    /// A symbol has begun to lag.
    pub(super) fn begin_lagging(&mut self) -> Result<(), RunError> {
        match self.plan.scope {
            GateScope::Symbol => {
                if let State::Day(day) = &mut self.state {
                    day.has_withheld = true;
                }
                self.refresh_members();
                let _ = self.publish(); // Only the symbol is withheld: the gate is as it was.
                Ok(())
            }
            GateScope::Session => self.hold_gate(),
        }
    }

    /// Keeps the gate shut for the symbols that lag now.
    pub(super) fn hold_gate(&mut self) -> Result<(), RunError> {
        let State::Day(day) = &self.state else { return Ok(()) };
        let reason = Reason::CatchingUp { holders: day.holders() };
        if self.switch_shut(reason.clone()) == Shut::JustNow {
            self.tell(&Notice::Deactivated(Arc::new(reason)))?;
        }
        Ok(())
    }

    /// Everyone is caught up: members and data appear in one publication, which opens the gate
    /// where it was shut; then consumers are told.
    pub(super) fn settle(&mut self) -> Result<(), RunError> {
        let at = self.clock.now();
        let State::Day(day) = &mut self.state else { return Ok(()) };
        let had_withheld = std::mem::take(&mut day.has_withheld);
        let joined = day.catch_up_all(at, &mut self.log);
        if joined.is_empty() && !day.members_changed && !had_withheld && self.board.is_active() {
            return Ok(());
        }
        self.count_rejections()?;
        self.refresh_members();
        let opened = self.publish();
        if opened == Opened::Yes || had_withheld {
            self.notify_resumed(|_| true)?;
        } else {
            self.announce_unannounced(|_| true)?;
        }
        self.notify_membership(&joined)?;
        self.answer_pending();
        Ok(())
    }

    /// One `Resumed` with everything that was not announced of the lanes that `is_told` takes.
    pub(super) fn notify_resumed(&mut self, is_told: impl Fn(&SymbolSession) -> bool) -> Result<(), RunError> {
        self.keep_up();
        let at = self.clock.now();
        let epoch = self.board.epoch();
        let State::Day(day) = &mut self.state else { return Ok(()) };
        let mut skipped = Vec::new();
        for member in day.members.iter_mut().filter(|member| is_told(member)) {
            for position in 0..member.announced.len() {
                let rows = member.rows_at(position, at);
                let (n_rows, first) = (rows.len(), member.announced[position]);
                if n_rows > first {
                    let Some(segment) = rows.segment() else { continue };
                    let interval = segment.shape().interval;
                    let symbol = member.run.symbol.clone();
                    skipped.push(Skipped { symbol, interval, first, last: n_rows - 1 });
                    member.announced[position] = n_rows;
                }
            }
        }
        day.take_over_told();
        self.tell(&Notice::Resumed(Arc::new(Resumed { epoch, at, skipped })))
    }

    pub(super) fn notify_membership(&mut self, joined: &[Symbol]) -> Result<(), RunError> {
        let State::Day(day) = &mut self.state else { return Ok(()) };
        for symbol in std::mem::take(&mut day.left_untold) {
            self.tell(&Notice::Left(symbol))?;
        }
        for symbol in joined {
            self.tell(&Notice::Joined(symbol.clone()))?;
        }
        self.notify_ready()
    }
}

impl super::session::Day {
    /// Who holds the gate, in symbol order: the symbols that lag; where none does any more, those
    /// that have a backlog left, for which the gate waits too.
    pub(super) fn holders(&self) -> Vec<LaggingSymbol> {
        let lags = |member: &SymbolSession| member.meter.state() == LagState::Lagging;
        let holder = |member: &SymbolSession| LaggingSymbol {
            symbol: member.run.symbol.clone(),
            lag: (member.n_delivered() > 0 || lags(member)).then_some(member.lag),
        };
        match self.members.iter().any(lags) {
            true => self.members.iter().filter(|member| lags(member)).map(holder).collect(),
            false => self.behind.iter().map(|&position| holder(&self.members[position])).collect(),
        }
    }

    /// The symbols that lag or are still on their way, in symbol order.
    fn withheld(&self) -> Vec<LaggingSymbol> {
        let lags = |member: &SymbolSession| member.meter.state() == LagState::Lagging;
        let behind = |member: &SymbolSession| match &member.live {
            Some(live) => match live.hold {
                Hold::Held { lag } => Some(Some(lag)),
                Hold::Unseen => Some(None),
                Hold::Released | Hold::Free => None,
            },
            None => (member.is_joining || lags(member)).then(|| lags(member).then_some(member.lag)),
        };
        let holder = |member: &SymbolSession| {
            let lag = behind(member)?;
            Some(LaggingSymbol { symbol: member.run.symbol.clone(), lag })
        };
        self.members.iter().filter_map(holder).collect()
    }

    /// Marks every lane as with the clock. Returns the symbols that have joined by it.
    fn catch_up_all(&mut self, at: Timestamp, log: &mut Vec<Event>) -> Vec<Symbol> {
        for member in &mut self.members {
            let _ = member.meter.empty_backlog(); // Whoever waits for it is told by the caller.
            member.through.reach_the_clock();
            member.gauge.record_backlog(0);
        }
        self.join_caught_up(log, at)
    }

    /// Those that were on their way have joined. Returns them.
    pub(super) fn join_caught_up(&mut self, log: &mut Vec<Event>, at: Timestamp) -> Vec<Symbol> {
        let mut joined = Vec::new();
        for member in self.members.iter_mut().filter(|member| member.is_joining && !member.is_withheld()) {
            member.is_joining = false;
            member.through.reach_the_clock();
            member.show_state();
            let (symbol, n_backlog) = (member.run.symbol.clone(), member.meter.n_delivered());
            let generation = member.run.generation;
            log.push(Event::Joined { symbol: symbol.clone(), generation, at, n_backlog });
            joined.push(symbol);
        }
        joined
    }
}
