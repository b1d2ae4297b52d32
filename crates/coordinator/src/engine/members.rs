//! Who is a member: joining and leaving, in symbol order, and what stands beside the members.

use std::collections::BTreeSet;
use std::sync::Arc;

use openbell_market::{BarInterval, Symbol};
use openbell_session_data::SessionFacts;
use openbell_time::Timestamp;

use super::core::Core;
use super::session::{Flow, RosterState, RunningSession};
use crate::control::event::Event;
use crate::control::status::SymbolState;
use crate::symbol::SymbolSession;

impl RunningSession {
    /// Where `symbol` stands among the members, or where it would.
    pub(super) fn find(&self, symbol: &Symbol) -> Result<usize, usize> {
        self.members.binary_search_by(|member| member.run.symbol.cmp(symbol))
    }

    /// Puts `newcomers`, none of them a member yet, among the members.
    ///
    /// *Cost*: linear in members, however many join.
    pub(super) fn join_members(&mut self, newcomers: Vec<SymbolSession>, clock: Timestamp) {
        let before = std::mem::take(&mut self.members);
        let known = before.into_iter().enumerate().map(|(at, member)| (Some(at), member));
        let mut placed: Vec<(Option<usize>, SymbolSession)> = known.collect();
        placed.extend(newcomers.into_iter().map(|member| (None, member)));
        placed.sort_by(|(_, a), (_, b)| a.run.symbol.cmp(&b.run.symbol));
        self.rearrange(placed, clock);
    }

    /// Takes the members at the positions `leaving` out, and yields them.
    ///
    /// *Cost*: linear in members, however many leave.
    pub(super) fn take_out(
        &mut self,
        leaving: &BTreeSet<usize>,
        clock: Timestamp,
    ) -> Vec<SymbolSession> {
        let (mut placed, mut taken) = (Vec::new(), Vec::new());
        for (at, member) in std::mem::take(&mut self.members).into_iter().enumerate() {
            if leaving.contains(&at) {
                self.readiness.forget(member.run.idx);
                taken.push(member);
            } else {
                placed.push((Some(at), member));
            }
        }
        self.rearrange(placed, clock);
        taken
    }

    /// The members are those of `placed` from here on, each with the position it had: everything
    /// that stands beside them is brought into their order, in this one place.
    fn rearrange(&mut self, placed: Vec<(Option<usize>, SymbolSession)>, clock: Timestamp) {
        let before: Vec<Option<usize>> = placed.iter().map(|(before, _)| *before).collect();
        self.members = placed.into_iter().map(|(_, member)| member).collect();
        self.progress.rearrange(&before);
        self.gate.rearrange(&before);
        self.keys = self.members.iter().map(|member| member.run.key).collect();
        self.roster = RosterState::Changed;
        match &mut self.flow {
            Flow::Replay(replay) => {
                replay.lay(&self.layout, &self.members, &self.progress, clock);
            }
            Flow::Live(live) => live.next_look = None, // The next look is due at once.
        }
    }

    /// Tells the board, the status and the consumers' roster who the members are: insiders at once,
    /// outsiders with the next publication.
    pub(super) fn refresh_members(&mut self, core: &mut Core) {
        let session = &self.layout.session;
        let facts = SessionFacts {
            date: session.date,
            open: session.open,
            close: session.close,
            keeps_quality: self.keeps_quality,
        };
        let withheld = self.withheld();
        let members = self.members.iter_mut().map(SymbolSession::board_member).collect();
        core.board.change_members(Some(facts), members, withheld);
        let gauges = self.gauges();
        let (streamed, derived) = (vec![core.rule.base], core.rule.derived.clone());
        let loading = core.loading.iter().map(|loading| Arc::clone(&loading.gauge)).collect();
        let members = (gauges, self.progress.counts());
        core.status.change_roster(session.date, members, loading, streamed, derived);
        let derived = core.rule.derived.iter().copied();
        let intervals: Vec<BarInterval> = std::iter::once(core.rule.base).chain(derived).collect();
        let symbols = self.members.iter().map(|member| &member.run.symbol);
        let segments = self.members.iter().flat_map(SymbolSession::writers).map(|of| of.segment());
        core.consumers.change_roster(symbols, &intervals, segments);
        self.roster = RosterState::Inside;
    }

    /// Everybody who was on the way has joined. Returns those, in symbol order.
    pub(super) fn join_all(&mut self, core: &mut Core) -> Vec<Symbol> {
        self.join_where(core, |_, _| true)
    }

    /// Those on the way whose feed is with the clock have joined. Returns them, in symbol order.
    pub(super) fn join_caught_up(&mut self, core: &mut Core) -> Vec<Symbol> {
        self.join_where(core, |session, position| !session.gate.is_feed_behind(position))
    }

    fn join_where(
        &mut self,
        core: &mut Core,
        has_joined: impl Fn(&RunningSession, usize) -> bool,
    ) -> Vec<Symbol> {
        let at = core.clock.now();
        let mut joined = Vec::new();
        for position in 0..self.members.len() {
            if !has_joined(self, position) || !self.gate.join(position) {
                continue;
            }
            let member = &self.members[position];
            member.through.reach_the_clock();
            if let Flow::Replay(_) = &self.flow {
                self.show_state(position); // Live, the look at its feed has shown it.
            }
            let (symbol, generation) = (member.run.symbol.clone(), member.run.generation);
            let n_backlog = self.progress.n_delivered(position) as u64;
            let event = Event::Joined { symbol: symbol.clone(), generation, at, n_backlog };
            core.record.events.push(event);
            joined.push(symbol);
        }
        joined
    }

    /// Shows in the status what the symbol at `position` is doing.
    pub(super) fn show_state(&self, position: usize) {
        // Whether one without a bar so far will ever have one is not known yet.
        let state = if self.gate.is_joining(position) {
            SymbolState::CatchingUp
        } else if self.progress.n_delivered(position) == 0 {
            SymbolState::Quiet
        } else {
            SymbolState::Live
        };
        self.members[position].gauge.change_state(state);
    }
}
