//! The truth of a market: which bars there are, day by day, whatever a feed says of them.

use openbell_market::{Ohlcv, Symbol};
use openbell_time::{Nanos, Timestamp};

use crate::simulation::days::{KnownDay, slots};
use crate::simulation::draw::Draw;
use crate::simulation::symbols::bar;

/// A bar that there is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TrueBar {
    /// Its stamp.
    pub opens_at: Timestamp,
    /// Its close, cut short by a break or the session's end.
    pub closes_at: Timestamp,
    /// Its values as they are first said.
    pub ohlcv: Ohlcv,
}

/// One session of one symbol.
#[derive(Clone, Debug)]
pub struct TrueDay {
    /// When each slot opens and closes, whether or not something traded in it.
    pub slots: Vec<(Timestamp, Timestamp)>,
    /// The bars.
    pub bars: Vec<TrueBar>,
}

/// One symbol.
#[derive(Clone, Debug)]
pub struct TrueSymbol {
    /// Its name.
    pub name: Symbol,
    /// A session for each day of the stretch.
    pub days: Vec<TrueDay>,
}

impl TrueSymbol {
    /// A symbol in `days`, with base bars of `step`, of which it has `density_pct` of a hundred.
    pub fn drawn(
        name: &str,
        days: &[KnownDay],
        step: Nanos,
        density_pct: usize,
        draw: &mut Draw,
    ) -> TrueSymbol {
        let mut price = draw.between(2_000, 90_000) as i64;
        let day = |known: &KnownDay| {
            let slots = slots(&known.parts, step);
            let mut bars = Vec::with_capacity(slots.len());
            for &(opens_at, closes_at) in &slots {
                if draw.chance(density_pct) {
                    bars.push(TrueBar { opens_at, closes_at, ohlcv: bar(&mut price, draw) });
                }
            }
            if bars.is_empty() {
                // A history that has nothing of a day does not reach that far.
                let (opens_at, closes_at) = *draw.pick(&slots);
                bars.push(TrueBar { opens_at, closes_at, ohlcv: bar(&mut price, draw) });
            }
            TrueDay { slots, bars }
        };
        TrueSymbol { name: name.parse().expect("a symbol"), days: days.iter().map(day).collect() }
    }
}

impl TrueDay {
    /// The first instant of the session.
    pub fn open(&self) -> Timestamp {
        self.slots[0].0
    }

    /// The last instant of the session.
    pub fn close(&self) -> Timestamp {
        self.slots[self.slots.len() - 1].1
    }

    /// When the slot that opens at `opens_at` closes; `None` where none opens there.
    pub fn close_of(&self, opens_at: Timestamp) -> Option<Timestamp> {
        let slot = self.slots.binary_search_by_key(&opens_at, |&(opens_at, _)| opens_at);
        slot.ok().map(|slot| self.slots[slot].1)
    }

    /// The time between two instants in which the session trades.
    pub fn open_time(&self, since: Timestamp, until: Timestamp) -> Nanos {
        let first = self.slots.partition_point(|&(_, closes_at)| closes_at <= since);
        let mut open = Nanos::ZERO;
        for &(opens_at, closes_at) in &self.slots[first..] {
            if opens_at >= until {
                break;
            }
            open += closes_at.min(until) - opens_at.max(since);
        }
        open
    }
}
