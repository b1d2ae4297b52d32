//! The tape: the trades of any minute of any symbol, drawn when they are asked for.

use std::ops::Range;

use openbell_time::{Nanos, Timestamp};

use super::MINUTE;
use super::listing::{Halt, Listing};
use crate::draw::{below, drawn};
use crate::hours::Hours;

/// One trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Trade {
    pub(crate) at: Timestamp,
    /// When it becomes known, at or after `at`.
    pub(crate) reported_at: Timestamp,
    /// In smallest steps of the listing's price.
    pub(crate) price: u64,
    /// In smallest steps of the listing's size.
    pub(crate) size: u64,
    /// Ascending with time; numbers may be left out.
    pub(crate) id: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Tape {
    pub(super) seed: u64,
    pub(super) hours: Hours,
    pub(super) span: Range<Timestamp>,
    pub(super) listings: Vec<Listing>,
    pub(super) halts: Vec<Halt>,
    /// Stretches without a trade that are no halts.
    pub(super) silences: Vec<Halt>,
    /// Trades beside the drawn ones, with the place of their symbol.
    pub(super) late: Vec<(usize, Trade)>,
}

/// What is drawn of a minute, in this order among its numbers.
const IS_SILENT: u64 = 0;
const HOW_MANY: u64 = 1;
const IS_LATE: u64 = 2;
const HOW_LATE: u64 = 3;
const LEVEL: u64 = 4;
const OF_TRADES: u64 = 100;

impl Tape {
    /// The trades of the minute that begins at `minute`, in the order of trading.
    pub(super) fn minute(&self, symbol: usize, minute: Timestamp) -> Vec<Trade> {
        let mut trades = self.drawn_minute(symbol, minute);
        for (of, trade) in &self.late {
            if *of == symbol && minute <= trade.at && trade.at < minute + MINUTE {
                let place = trades.partition_point(|other| other.at <= trade.at);
                trades.insert(place, *trade);
            }
        }
        trades
    }

    fn drawn_minute(&self, symbol: usize, minute: Timestamp) -> Vec<Trade> {
        let listing = &self.listings[symbol];
        let n = minute.as_secs().div_euclid(60) as u64;
        let number = |what: u64| drawn(self.seed, &[symbol as u64, n, what]);
        let is_silent = below(number(IS_SILENT), 100) < u64::from(listing.silent_pct);
        let mut stretches = self.halts.iter().chain(&self.silences);
        let is_halted = stretches.any(|halt| halt.symbol == symbol && halt.contains(minute));
        if is_silent || is_halted || !self.span.contains(&minute) || !self.hours.is_open(minute) {
            return Vec::new();
        }
        let fewest = listing.fewest_a_minute.clamp(1, listing.trades_a_minute.max(1));
        let n_more = u64::from(listing.trades_a_minute.max(1) - fewest) + 1;
        let n_trades = u64::from(fewest) + below(number(HOW_MANY), n_more);
        let mut offsets_ms: Vec<u64> =
            (0..n_trades).map(|k| below(number(OF_TRADES + 3 * k), 60_000)).collect();
        offsets_ms.sort_unstable();
        let level = self.level(symbol, n);
        let jitter = (listing.price / 2_000).max(2);
        let trades = offsets_ms.into_iter().zip(0_u64..).map(|(offset_ms, k)| {
            let at = minute + Nanos::from_nanos(offset_ms as i64 * 1_000_000);
            Trade {
                at,
                reported_at: at,
                price: level + below(number(OF_TRADES + 3 * k + 1), jitter),
                size: 1 + below(number(OF_TRADES + 3 * k + 2), 10_000),
                id: n * 1_000 + k,
            }
        });
        let mut trades: Vec<Trade> = trades.collect();
        let is_late = below(number(IS_LATE), 100) < u64::from(listing.late_pct);
        if let ([_, .., last], true) = (trades.as_mut_slice(), is_late) {
            let late_ms = 1_000 + below(number(HOW_LATE), 9_000);
            last.reported_at = minute + MINUTE + Nanos::from_nanos(late_ms as i64 * 1_000_000);
        }
        trades
    }

    /// The price around which a minute trades: noise at four lengths of time, each drawn at points
    /// and straight between them.
    fn level(&self, symbol: usize, minute: u64) -> u64 {
        let price = self.listings[symbol].price;
        let waves = [(4_096, price / 4), (256, price / 20), (16, price / 100), (1, price / 400)];
        waves.iter().fold(price, |level, &(length, height)| {
            let at =
                |n: u64| below(drawn(self.seed, &[symbol as u64, n, LEVEL, length]), height.max(1));
            let (n, rest) = (minute / length, minute % length);
            level + (at(n) * (length - rest) + at(n + 1) * rest) / length
        })
    }

    pub(super) fn add_late(&mut self, symbol: usize, at: Timestamp, reported_at: Timestamp) {
        let minute = super::slot_of(MINUTE, at).since;
        let level = self.level(symbol, minute.as_secs().div_euclid(60) as u64);
        let id =
            minute.as_secs().div_euclid(60) as u64 * 1_000 + 900 + self.late.len() as u64 % 100;
        self.late.push((symbol, Trade { at, reported_at, price: level, size: 1_234, id }));
    }
}
