//! Orders, fills and positions as bytes, for checkpoints.

use crate::saved;
use crate::saved::{NotRestored, Saved};
use crate::trading::fill::{Fill, Moment};
use crate::trading::lots::Lots;
use crate::trading::order::{
    Effect, Exits, Lifetime, Order, OrderId, OrderKind, Side, StrategyIdx,
};
use crate::trading::position::{Mark, Position};

macro_rules! numbered {
    ($($name:ident as $number:ty: $of:ident),* $(,)?) => {$(
        impl Saved for $name {
            fn write(&self, to: &mut Vec<u8>) {
                (self.$of() as $number).write(to);
            }

            fn read(from: &mut &[u8]) -> Result<$name, NotRestored> {
                <$number>::read(from).map($name::new)
            }
        }
    )*};
}
numbered!(Lots as i64: count, OrderId as u64: number, StrategyIdx as u32: as_usize);

saved!(enum Side { 0 => Buy, 1 => Sell });
saved!(enum OrderKind {
    0 => Market,
    1 => Limit { limit },
    2 => Stop { stop },
    3 => StopLimit { stop, limit },
    4 => OnClose,
});
saved!(enum Lifetime { 0 => Session, 1 => UntilCancelled });
saved!(enum Effect { 0 => Any, 1 => ReduceOnly });
saved!(struct Exits { stop, target });
saved!(struct Order {
    id, strategy, symbol, side, kind, lifetime, effect, exits, given_at, ordered, remaining,
    cancelled_at, pair, entry,
});
saved!(enum Moment { 0 => Open, 1 => Inside, 2 => Close });
saved!(struct Fill {
    order, strategy, symbol, side, lots, reference_price, slippage, commission, at, made_at,
    bar_opens_at, moment,
});
saved!(struct Mark { price, at });
saved!(struct Position { symbol, lots, average_price, mark });
