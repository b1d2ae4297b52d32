//! One bar as an exchange knows it: exact decimals, the count of trades, the value traded.

use openbell_market::{Bar, Ohlcv};
use openbell_time::{SessionPart, Timestamp};

use super::listing::Listing;
use super::trades::Trade;
use crate::decimal::Decimal;

/// A bar in exact decimals.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Candle {
    /// The instant it opens.
    pub(crate) opens_at: Timestamp,
    /// The instant it closes.
    pub(crate) closes_at: Timestamp,
    /// How many trades it has; 0 for one that is flat at the last price.
    pub(crate) n_trades: u64,
    open: u64,
    high: u64,
    low: u64,
    close: u64,
    volume: u128,
    /// Sums of price times size, in both smallest steps.
    value: u128,
    price_places: u8,
    size_places: u8,
    /// The numbers of its first trade and its last; `None` without a trade.
    pub(crate) ids: Option<(u64, u64)>,
}

impl Candle {
    /// The bar of one trade.
    pub(super) fn of(trade: &Trade, slot: SessionPart, listing: &Listing) -> Candle {
        let mut candle = Candle::flat(trade.price, slot, listing);
        candle.add(trade);
        candle
    }

    /// A bar without a trade, at one price.
    pub(crate) fn flat(price: u64, slot: SessionPart, listing: &Listing) -> Candle {
        Candle {
            opens_at: slot.since,
            closes_at: slot.until,
            n_trades: 0,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 0,
            value: 0,
            price_places: listing.price_places,
            size_places: listing.size_places,
            ids: None,
        }
    }

    /// Takes a later trade in.
    pub(super) fn add(&mut self, trade: &Trade) {
        self.high = self.high.max(trade.price);
        self.low = self.low.min(trade.price);
        self.close = trade.price;
        self.volume += u128::from(trade.size);
        self.value += u128::from(trade.price) * u128::from(trade.size);
        self.n_trades += 1;
        let first = self.ids.map_or(trade.id, |(first, _)| first);
        self.ids = Some((first, trade.id));
    }

    fn price(&self, units: u64) -> Decimal {
        Decimal { units: u128::from(units), places: self.price_places }
    }

    /// The first price.
    pub(crate) fn open(&self) -> Decimal {
        self.price(self.open)
    }

    /// The highest price.
    pub(crate) fn high(&self) -> Decimal {
        self.price(self.high)
    }

    /// The lowest price.
    pub(crate) fn low(&self) -> Decimal {
        self.price(self.low)
    }

    /// The last price.
    pub(crate) fn close(&self) -> Decimal {
        self.price(self.close)
    }

    /// What was traded.
    pub(crate) fn volume(&self) -> Decimal {
        Decimal { units: self.volume, places: self.size_places }
    }

    /// What it cost.
    pub(crate) fn value(&self) -> Decimal {
        Decimal { units: self.value, places: self.price_places + self.size_places }
    }

    /// The price weighted by size, rounded down to the places of a price; the price itself where
    /// nothing traded.
    pub(crate) fn vwap(&self) -> Decimal {
        let units = self.value.checked_div(self.volume).unwrap_or(u128::from(self.close));
        Decimal { units, places: self.price_places }
    }

    /// The bar in doubles: each the one nearest to its decimal.
    pub(crate) fn bar(&self) -> Bar {
        Bar {
            opens_at: self.opens_at,
            closes_at: self.closes_at,
            ohlcv: Ohlcv {
                open: self.open().number(),
                high: self.high().number(),
                low: self.low().number(),
                close: self.close().number(),
                volume: self.volume().number(),
            },
        }
    }
}
