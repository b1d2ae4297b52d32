//! Where a callback's orders go, and what it sees of its account.

use openbell_market::{BarInterval, Symbol};
use openbell_session_data::View;
use openbell_time::{Nanos, Session, Timestamp};

use crate::trading::matching::{Known, Matching, Standing};
use crate::trading::order::{Order, OrderId, Placed, Placement, StrategyIdx};
use crate::trading::position::{Balance, Mark, Position};
use crate::trading::refusal::{CancelRefusal, OrderRefusal};

/// What a callback wants of its account.
pub(crate) enum DeskQuestion {
    Place(Placement),
    Cancel(OrderId),
    Balance,
    Position(Symbol),
    Positions,
    Resting,
}

/// What it is answered.
pub(crate) enum DeskAnswer {
    Placed(Result<Placed, OrderRefusal>),
    Cancelled(Result<(), CancelRefusal>),
    Balance(Balance),
    Position(Option<Position>),
    Positions(Vec<Position>),
    Resting(Vec<Order>),
}

/// Where a callback's orders go.
pub(crate) trait Desk {
    /// The answer, or `None` where the consumer has no account.
    fn ask(&mut self, question: DeskQuestion) -> Option<DeskAnswer>;
}

/// The account itself, on the core's thread, as of one publication.
pub(crate) struct CoreDesk<'d> {
    pub(crate) matching: Option<&'d mut (dyn Matching + 'static)>,
    /// Whose account it is.
    pub(crate) strategy: Option<StrategyIdx>,
    /// Absent while the session is inactive: nothing is ordered then.
    pub(crate) view: Option<View<'d>>,
    pub(crate) at: Timestamp,
    pub(crate) session: Session,
    pub(crate) base: BarInterval,
    pub(crate) arrival: Arrival,
}

/// How bars come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Arrival {
    /// All that have closed by a publication are in it.
    Complete,
    /// As they come.
    Live,
}

impl Desk for CoreDesk<'_> {
    fn ask(&mut self, question: DeskQuestion) -> Option<DeskAnswer> {
        let (strategy, view) = (self.strategy?, self.view?);
        let known_of = |desk: &CoreDesk<'_>, symbol: &Symbol| desk.known(&view, symbol);
        Some(match question {
            DeskQuestion::Place(placement) => {
                let known = known_of(self, placement.symbol());
                DeskAnswer::Placed(self.matching.as_mut()?.place(strategy, placement, known))
            }
            DeskQuestion::Cancel(id) => {
                let resting = self.matching.as_ref()?.resting(strategy);
                let found = resting.iter().find(|order| order.id == id);
                DeskAnswer::Cancelled(match found {
                    None => Err(CancelRefusal::NotResting { order: id }),
                    Some(order) => {
                        let known = known_of(self, &order.symbol);
                        self.matching.as_mut()?.cancel(strategy, id, known)
                    }
                })
            }
            DeskQuestion::Balance => DeskAnswer::Balance(self.matching.as_ref()?.balance(strategy)),
            DeskQuestion::Position(symbol) => {
                DeskAnswer::Position(self.matching.as_ref()?.position(strategy, &symbol))
            }
            DeskQuestion::Positions => {
                DeskAnswer::Positions(self.matching.as_ref()?.positions(strategy))
            }
            DeskQuestion::Resting => DeskAnswer::Resting(self.matching.as_ref()?.resting(strategy)),
        })
    }
}

impl CoreDesk<'_> {
    fn known(&self, view: &View<'_>, symbol: &Symbol) -> Known {
        let last = view.symbol(symbol.as_str()).map(|symbol| {
            let last = symbol.base().and_then(|series| series.last(1).next());
            last.map(|bar| Mark { price: bar.ohlcv.close, at: bar.closes_at })
        });
        let settled_through = match (self.arrival, &last) {
            (Arrival::Complete, _) => slot_open(&self.session, self.base, self.at),
            (Arrival::Live, Ok(Some(mark))) => mark.at,
            (Arrival::Live, _) => Timestamp::MIN,
        };
        let standing = match last {
            Err(_) => Standing::Absent,
            Ok(None) => Standing::Unpriced,
            Ok(Some(mark)) => Standing::Priced(mark),
        };
        Known { at: self.at, settled_through, standing }
    }
}

/// The open of the base bar of `session` that runs at `at`: `at` itself where none does, or one begins.
pub(crate) fn slot_open(session: &Session, base: BarInterval, at: Timestamp) -> Timestamp {
    let Some(part) = session.parts().find(|part| part.contains(at)) else { return at };
    match base.clock() {
        Some(clock) => {
            let into_ns = (at - part.since).as_nanos() % clock.length().as_nanos();
            at - Nanos::from_nanos(into_ns)
        }
        None => session.open,
    }
}

/// No account, for free consumers: they see *now*, and order as of an instant that has passed.
pub(crate) struct NoDesk;

impl Desk for NoDesk {
    fn ask(&mut self, _: DeskQuestion) -> Option<DeskAnswer> {
        None
    }
}
