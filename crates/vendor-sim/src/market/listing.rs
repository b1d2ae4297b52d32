//! What is listed at the simulated exchange, and when it is halted.

use openbell_market::Symbol;
use openbell_time::Timestamp;

use crate::draw::{below, drawn};

/// One traded thing, and how it trades.
#[derive(Clone, Debug)]
pub struct Listing {
    /// What openbell calls it.
    pub symbol: Symbol,
    /// Decimal places of its prices.
    pub price_places: u8,
    /// Decimal places of its sizes; 0 for shares.
    pub size_places: u8,
    /// About its price. *Units*: smallest steps of the price; at least 1,000.
    pub price: u64,
    /// How many trades a minute has at most, at least 1.
    pub trades_a_minute: u32,
    /// How many trades it has at least, where it is not silent; at least 1, and no more than at most.
    pub fewest_a_minute: u32,
    /// Of a hundred minutes, those without a trade.
    pub silent_pct: u32,
    /// Of a hundred minutes with two trades or more, those whose last one becomes known only seconds
    /// after their end: what makes a vendor revise.
    pub late_pct: u32,
}

impl Listing {
    /// A listing with everything but its name drawn by seed; its sizes have fractions.
    pub fn drawn(seed: u64, symbol: Symbol) -> Listing {
        let place = symbol.as_str().bytes().fold(0_u64, |sum, b| sum * 131 + u64::from(b));
        let number = |what: u64, n: u64| below(drawn(seed, &[place, what]), n);
        Listing {
            symbol,
            price_places: 2 + number(0, 4) as u8,
            size_places: 5 + number(1, 4) as u8,
            price: 1_000 + number(2, 10_000_000),
            trades_a_minute: 2 + number(3, 12) as u32,
            fewest_a_minute: 1,
            silent_pct: [0, 5, 40, 90][number(4, 4) as usize],
            late_pct: [0, 0, 5, 30][number(5, 4) as usize],
        }
    }

    /// The same with sizes in whole units and prices in hundredths, as shares have.
    #[must_use]
    pub fn of_shares(self) -> Listing {
        Listing { price_places: 2, size_places: 0, ..self }
    }
}

/// A trading halt of one symbol, `[since, until)`; both on whole minutes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Halt {
    /// The place of the symbol among the listings.
    pub symbol: usize,
    /// The first instant without trading.
    pub since: Timestamp,
    /// The first instant with trading again.
    pub until: Timestamp,
}

impl Halt {
    pub(crate) fn contains(&self, instant: Timestamp) -> bool {
        self.since <= instant && instant < self.until
    }
}
