//! Orders on paper meet the bars that are delivered, between delivery and publication, gate or no gate.
//!
//! Not here: the rules by which they do (whoever implements [`Matching`]).

use std::sync::Arc;

use openbell_market::{Bar, BarInterval, Symbol};
use openbell_time::Timestamp;

use super::core::Core;
use super::session::{Flow, RunningSession};
use crate::consumers::Audience;
use crate::consumers::desk::slot_open;
use crate::consumers::logged;
use crate::consumers::notice::Notice;
use crate::control::command::Refusal;
use crate::error::RunError;
use crate::symbol::live::Sifted;
use crate::trading::matching::{Matching, TradeEvent};
use crate::trading::order::StrategyIdx;

impl Core {
    /// Why `symbol` may not leave, where an account keeps it.
    pub(super) fn kept_by_account(&self, symbol: &Symbol) -> Option<Refusal> {
        let matching = &self.trading.as_ref()?.matching;
        let strategy = matching.locked_by(symbol)?;
        Some(Refusal::InAccount { strategy: matching.name_of(strategy).to_owned() })
    }

    /// Logs what has happened to orders, which strategies are still to be told.
    fn take_trades(&mut self) {
        let at = self.clock.now();
        let Some(trading) = &mut self.trading else { return };
        let trades = trading.matching.take_events();
        if !trades.is_empty() {
            trading.untold.extend(trades.iter().cloned());
            self.record.events.extend(logged(trading.matching.as_ref(), trades, at));
        }
    }

    /// A symbol has left: its orders end.
    pub(super) fn end_orders_of(&mut self, symbol: &Symbol) {
        let at = self.clock.now();
        if let Some(trading) = &mut self.trading {
            trading.matching.symbol_left(symbol, at);
            self.take_trades();
        }
    }
}

impl RunningSession {
    /// The accounts go into this session.
    pub(super) fn open_trading(&self, core: &mut Core) {
        if let Some(trading) = &mut core.trading {
            trading.has_closed = false;
            trading.matching.open_session(&self.layout.session);
        }
    }

    /// Hands the bars that were delivered at `instant` of a replay to the accounts that have to do with
    /// their symbols, and makes what they lead to ready to be published.
    ///
    /// A backlog is not handed over: it is of symbols that join, in which nothing is held or ordered.
    pub(super) fn trade_at(&self, core: &mut Core, instant: Timestamp) {
        let Some(trading) = &mut core.trading else { return };
        if let Flow::Replay(replay) = &self.flow
            && trading.matching.watches_any()
        {
            for position in replay.agenda.taken() {
                let row = self.progress.n_delivered(position) - 1;
                self.meet(trading.matching.as_mut(), position, row, instant);
            }
        }
        self.publish_trades(core, instant);
    }

    /// Hands one bar of a live session over.
    pub(super) fn trade_delivered(&self, core: &mut Core, position: usize, row: usize) {
        let clock = core.clock.now();
        if let Some(trading) = &mut core.trading {
            self.meet(trading.matching.as_mut(), position, row, clock);
        }
    }

    fn meet(&self, matching: &mut dyn Matching, position: usize, row: usize, as_of: Timestamp) {
        let member = &self.members[position];
        if !matching.watches(&member.run.symbol) {
            return;
        }
        let bar = member.rows_at(0, as_of).bar(row);
        // Bars before the open and after the close match nothing.
        if let Some(bar) = bar.filter(|bar| self.layout.session.is_open_at(bar.opens_at)) {
            matching.meet(&member.run.symbol, &bar);
        }
    }

    /// Bars that came late match nothing, revised ones change marks alone: the accounts are told of both.
    pub(super) fn trade_corrected(&self, core: &mut Core, position: usize, sifted: &Sifted) {
        let Some(trading) = &mut core.trading else { return };
        let member = &self.members[position];
        let symbol = &member.run.symbol;
        for _ in 0..sifted.late.n_bars {
            trading.matching.count_late(symbol);
        }
        let admitted = &member.rows.live().admitted;
        for stamp_ns in &sifted.revised_ns {
            if let Ok(row) = admitted.bars.opens_at_ns.binary_search(stamp_ns) {
                let bar = Bar {
                    opens_at: Timestamp::from_nanos(*stamp_ns),
                    closes_at: Timestamp::from_nanos(admitted.closes_at_ns[row]),
                    ohlcv: admitted.bars.ohlcv(row),
                };
                trading.matching.revise(symbol, &bar);
            }
        }
    }

    /// What bars have led to is counted as of the session clock: with the session's last publication
    /// on-close orders fill, and those of the session end.
    pub(super) fn publish_trades(&self, core: &mut Core, at: Timestamp) {
        let base = core.rule.base;
        let Some(trading) = &mut core.trading else { return };
        for symbol in trading.matching.awaited() {
            if let Some(through) = self.settled_through(&symbol, base, at) {
                trading.matching.settle(&symbol, through);
            }
        }
        // Live, the last regular bar comes some seconds after the close; a session's last look waits for it.
        let closes_at = match &self.flow {
            Flow::Replay(_) => self.layout.session.close,
            Flow::Live(_) => self.layout.clock_until,
        };
        if at >= closes_at && !trading.has_closed {
            trading.has_closed = true;
            trading.matching.close_session(at);
        } else {
            trading.matching.publish(at);
        }
        core.take_trades();
    }

    /// Up to when every bar of `symbol` that opens before has been handed over at `at`, or will never come;
    /// `None` where it is no member.
    fn settled_through(
        &self,
        symbol: &Symbol,
        base: BarInterval,
        at: Timestamp,
    ) -> Option<Timestamp> {
        let member = self.members.iter().find(|member| member.run.symbol == *symbol)?;
        let through = match &self.flow {
            Flow::Replay(_) => at,
            Flow::Live(_) => member.rows.live().closed_through.min(at),
        };
        Some(slot_open(&self.layout.session, base, through))
    }

    /// Tells strategies what became of their orders; while the session is inactive that waits.
    pub(super) fn tell_trades(&self, core: &mut Core) -> Result<(), RunError> {
        let is_active = core.board.is_active();
        let Some(trading) = core.trading.as_mut().filter(|it| is_active && !it.untold.is_empty())
        else {
            return Ok(());
        };
        let untold = std::mem::take(&mut trading.untold);
        let mut strategies: Vec<StrategyIdx> = untold.iter().map(TradeEvent::strategy).collect();
        strategies.sort_unstable();
        strategies.dedup();
        for strategy in strategies {
            let Some(trading) = &core.trading else { continue };
            let place = core.consumers.place_of(trading.matching.name_of(strategy));
            let of_it =
                untold.iter().filter(|trade| trade.strategy() == strategy).cloned().collect();
            if let Some(place) = place {
                self.notify_to(core, Audience::Only(place), &Notice::Traded(Arc::new(of_it)))?;
            }
        }
        Ok(())
    }
}
