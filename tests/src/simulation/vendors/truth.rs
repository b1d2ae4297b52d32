//! What a vendor's client must have in the end: the bars of the market, told as this vendor tells them.

use std::ops::Range;

use openbell_market::{Bar, Ohlcv};
use openbell_time::{Nanos, Timestamp};
use openbell_vendor_sim::Market;

use super::kind::VendorKind;
use super::session::minute;

/// A minute.
pub const MINUTE: Nanos = Nanos::from_secs(60);

/// The bars of a symbol that open in `opens`, ascending. Where the vendor has a bar for every interval,
/// one without a trade is flat at the last price.
pub fn truth(
    kind: VendorKind,
    market: &Market,
    symbol: usize,
    opens: Range<Timestamp>,
) -> Vec<Bar> {
    if kind != VendorKind::Binance {
        return market.bars(symbol, minute(), opens);
    }
    let traded = market.bars(symbol, minute(), market.span().start..opens.end);
    let mut bars = Vec::new();
    let mut opens_at = opens.start;
    while opens_at < opens.end {
        let n_before = traded.partition_point(|bar| bar.opens_at <= opens_at);
        if let Some(last) = n_before.checked_sub(1).map(|at| traded[at]) {
            bars.push(if last.opens_at == opens_at { last } else { flat(opens_at, last) });
        }
        opens_at += MINUTE;
    }
    bars
}

fn flat(opens_at: Timestamp, last: Bar) -> Bar {
    let price = last.ohlcv.close;
    let ohlcv = Ohlcv { open: price, high: price, low: price, close: price, volume: 0.0 };
    Bar { opens_at, closes_at: opens_at + MINUTE, ohlcv }
}
