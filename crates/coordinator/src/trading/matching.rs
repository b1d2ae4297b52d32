//! The one trait for what matches orders with bars and keeps the books.

use std::any::Any;

use openbell_market::{Bar, Symbol};
use openbell_time::{Session, Timestamp};

use crate::saved::NotRestored;
use crate::trading::fill::Fill;
use crate::trading::lots::Lots;
use crate::trading::order::{NewOrder, Order, OrderId, Placed, Placement, StrategyIdx};
use crate::trading::position::{Balance, Mark, Position};
use crate::trading::refusal::{CancelRefusal, OrderEnd, OrderRefusal};

/// What is known at the instant at which a strategy orders.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Known {
    /// The publication that the strategy is called with.
    pub at: Timestamp,
    /// Of the symbol: every bar that opens before this instant has been handed over, or will never come.
    pub settled_through: Timestamp,
    /// Whether the symbol is a member of the session, and the last price of it that is published.
    pub standing: Standing,
}

/// How a symbol stands in the session.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Standing {
    /// It is no member.
    Absent,
    /// It is one, and no base bar of it has closed yet.
    Unpriced,
    /// It is one, with a price.
    Priced(Mark),
}

/// Something that happened to an order.
#[derive(Clone, PartialEq, Debug)]
pub enum TradeEvent {
    /// It was taken.
    Placed {
        /// The order as it was taken.
        order: Order,
        /// The instant.
        at: Timestamp,
    },
    /// It was not.
    Refused {
        /// Who gave it.
        strategy: StrategyIdx,
        /// What was ordered; of a pair the one that was refused.
        order: NewOrder,
        /// The instant.
        at: Timestamp,
        /// Why.
        why: OrderRefusal,
    },
    /// Some or all of it has filled.
    Filled(Fill),
    /// It rests no more.
    Ended {
        /// The order.
        order: OrderId,
        /// Who gave it.
        strategy: StrategyIdx,
        /// The symbol.
        symbol: Symbol,
        /// The instant.
        at: Timestamp,
        /// Why.
        why: OrderEnd,
        /// What of it has not filled.
        unfilled: Lots,
    },
}

impl TradeEvent {
    /// Whose order it is.
    pub fn strategy(&self) -> StrategyIdx {
        match self {
            TradeEvent::Placed { order, .. } => order.strategy,
            TradeEvent::Filled(fill) => fill.strategy,
            TradeEvent::Refused { strategy, .. } | TradeEvent::Ended { strategy, .. } => *strategy,
        }
    }

    /// The symbol.
    pub fn symbol(&self) -> &Symbol {
        match self {
            TradeEvent::Placed { order, .. } => &order.symbol,
            TradeEvent::Refused { order, .. } => &order.symbol,
            TradeEvent::Filled(fill) => &fill.symbol,
            TradeEvent::Ended { symbol, .. } => symbol,
        }
    }
}

/// What matches orders with bars and keeps the books of all accounts of a run.
///
/// # The order of calls
///
/// In one session: [`Matching::open_session`]; then, instant by instant, for the symbols that
/// [`Matching::watches`] alone, [`Matching::meet`] for each base bar of regular hours that is delivered, in
/// (close, symbol) order; [`Matching::settle`] for those of [`Matching::awaited`]; [`Matching::publish`] with
/// the publication of that instant, before any strategy is called; [`Matching::place`] and
/// [`Matching::cancel`] as strategies ask. With the session's last publication [`Matching::close_session`]
/// comes in the place of [`Matching::publish`], after which what is ordered belongs to the next session.
///
/// It is called whether or not the gate is open: resting orders go on being matched while strategies are
/// not called.
pub trait Matching: Any + Send {
    /// The strategy of that name; `None` where it has no account.
    fn strategy_of(&self, name: &str) -> Option<StrategyIdx>;

    /// The name of a strategy that has one.
    fn name_of(&self, strategy: StrategyIdx) -> &str;

    /// A session begins.
    fn open_session(&mut self, session: &Session);

    /// Whether bars of any symbol matter: where of none do, as long as nothing is ordered, no bar is looked at.
    fn watches_any(&self) -> bool;

    /// Whether bars of `symbol` matter: an order of it rests, a position in it is held, or it is what results
    /// are shown beside.
    fn watches(&self, symbol: &Symbol) -> bool;

    /// Whose account keeps `symbol` for later sessions: a position in it is held, or an order of it rests
    /// until it is cancelled. Of several the first; `None` where it may leave.
    fn locked_by(&self, symbol: &Symbol) -> Option<StrategyIdx>;

    /// A base bar was delivered, and is not published yet.
    ///
    /// *Time*: nothing that it leads to can be read before [`Matching::publish`].
    fn meet(&mut self, symbol: &Symbol, bar: &Bar);

    /// The symbols of which a cancel waits for bars that open before it, each once, in order.
    ///
    /// *Cost*: asked at every publication; nothing is allocated while none waits.
    fn awaited(&self) -> Vec<Symbol>;

    /// Every bar of `symbol`, one of [`Matching::awaited`], that opens before `through` has been handed over, or
    /// will never come: with the publication that follows, cancels that waited for it take effect.
    fn settle(&mut self, symbol: &Symbol, through: Timestamp);

    /// What was delivered is published as of `at`: fills are made, marks moved, equity taken.
    fn publish(&mut self, at: Timestamp);

    /// A bar that was published has other values now: marks change, and no fill.
    fn revise(&mut self, symbol: &Symbol, bar: &Bar);

    /// A bar came after its window was published: it matches nothing.
    fn count_late(&mut self, symbol: &Symbol);

    /// `symbol` leaves the session at `at`: its orders end.
    fn symbol_left(&mut self, symbol: &Symbol, at: Timestamp);

    /// The session's last publication: on-close orders fill or end, and those of the session end that were
    /// given before its close.
    fn close_session(&mut self, at: Timestamp);

    /// Takes an order of `strategy`, or refuses it.
    ///
    /// # Errors
    ///
    /// The first reason for which it is refused.
    fn place(
        &mut self,
        strategy: StrategyIdx,
        placement: Placement,
        known: Known,
    ) -> Result<Placed, OrderRefusal>;

    /// Cancels an order of `strategy` for the bars that open at `known.at` or later; a fill in an earlier
    /// one wins.
    ///
    /// # Errors
    ///
    /// It does not rest, or is cancelled already.
    fn cancel(
        &mut self,
        strategy: StrategyIdx,
        order: OrderId,
        known: Known,
    ) -> Result<(), CancelRefusal>;

    /// The money of the account of `strategy`, as of the last publication and what was ordered since.
    fn balance(&self, strategy: StrategyIdx) -> Balance;

    /// What the account of `strategy` holds of `symbol`; `None` where it is nothing.
    fn position(&self, strategy: StrategyIdx, symbol: &Symbol) -> Option<Position>;

    /// All that the account of `strategy` holds, in symbol order.
    fn positions(&self, strategy: StrategyIdx) -> Vec<Position>;

    /// The orders of `strategy` that rest, in order of arrival.
    fn resting(&self, strategy: StrategyIdx) -> Vec<Order>;

    /// Takes what has happened since it was last taken, in order.
    fn take_events(&mut self) -> Vec<TradeEvent>;

    /// All that it keeps, after a session has closed, as bytes for [`Matching::restore`]; `None` where it
    /// cannot: a run with such accounts writes no checkpoints.
    fn save(&self) -> Option<Vec<u8>> {
        None
    }

    /// Takes back what [`Matching::save`] gave: made for the same strategies by the same settings, it goes
    /// on as the one that was saved.
    ///
    /// # Errors
    ///
    /// Bytes of other accounts, or none of its own.
    fn restore(&mut self, bytes: &[u8]) -> Result<(), NotRestored> {
        Err(NotRestored::LeftOver { n_bytes: bytes.len() })
    }
}
