//! One bar is the same doubles from a stream, from history and from a file, to the last digit.

use openbell_data_manager::live::{Heard, Protocol};
use openbell_vendors::alpaca::{self, Alpaca, Source};
use openbell_vendors::binance::{self, Binance};
use openbell_vendors::kraken::{self, Kraken};
use openbell_vendors::{KeyPair, Names};
use proptest::prelude::*;

use crate::support::{Talk, bars, key, rows, sample};

/// The bits of the open and the volume, which are the values that the laws below put in.
fn bits(row: &Heard) -> [u64; 2] {
    [row.ohlcv.open.to_bits(), row.ohlcv.volume.to_bits()]
}

fn from_stream(vendor: impl Protocol, frame: &str) -> [u64; 2] {
    bits(&rows(&Talk::with(vendor).hear(frame))[0].1)
}

fn from_history(vendor: impl Protocol, of: (&str, &str), body: &str) -> [u64; 2] {
    let query = bars(&key(of.0, "1m"), of.1, None);
    bits(&Talk::with(vendor).answer_bars(&query, body).0[0])
}

fn binance() -> Binance {
    Binance::new(Names::default(), binance::endpoint())
}

fn kraken() -> Kraken {
    Kraken::new(Names::default(), kraken::endpoint())
}

fn alpaca() -> Alpaca {
    let key = KeyPair::new("k", "s");
    Alpaca::new(Names::default(), alpaca::endpoint(), Source::Iex, key)
}

/// Digits as vendors write them: 17 and more of them, tiny ones, exponents.
fn digits() -> impl Strategy<Value = String> {
    prop_oneof![
        (0_u64..100_000_000_000, 0_u64..100_000_000).prop_map(|(n, part)| format!("{n}.{part:08}")),
        (1_u64..100_000_000_000_000_000).prop_map(|n| format!("0.{n:017}")),
        (1_u64..1_000_000_000, 1_u32..12).prop_map(|(n, shift)| format!("{n}e-{shift}")),
        any::<u64>().prop_map(|n| n.to_string()),
    ]
}

proptest! {
    #[test]
    fn a_bar_is_the_same_doubles_wherever_it_comes_from(price in digits(), volume in digits()) {
        let from_file = [&price, &volume].map(|text| text.parse::<f64>().unwrap().to_bits());
        let text = |digits: &str| format!("\"{digits}\"");

        let frame = sample!("binance/kline_closed")
            .replace("\"2988.10000000\"", &text(&price))
            .replace("\"77.00310000\"", &text(&volume));
        prop_assert_eq!(from_stream(binance(), &frame), from_file, "binance's stream");
        let body = sample!("binance/klines")
            .replace("\"2988.10000000\"", &text(&price))
            .replace("\"77.00310000\"", &text(&volume));
        let of = ("ETHUSDT", "2025-11-30T14:00:00Z");
        prop_assert_eq!(from_history(binance(), of, &body), from_file, "binance's history");

        let frame = sample!("kraken/ohlc_update")
            .replace("91011.2,", &format!("{price},"))
            .replace("0.41,", &format!("{volume},"));
        prop_assert_eq!(from_stream(kraken(), &frame), from_file, "kraken's stream");
        let body = sample!("kraken/ohlc")
            .replace("\"91011.2\",\"91030.9\"", &format!("{},\"91030.9\"", text(&price)))
            .replace("\"0.41000000\"", &text(&volume));
        let of = ("BTC/USD", "2025-11-30T14:00:00Z");
        prop_assert_eq!(from_history(kraken(), of, &body), from_file, "kraken's history");

        let numbers = |sample: &str| sample
            .replace("\"o\":271.125", &format!("\"o\":{price}"))
            .replace("\"v\":10611", &format!("\"v\":{volume}"));
        let frame = numbers(sample!("alpaca/updated_bar"));
        prop_assert_eq!(from_stream(alpaca(), &frame), from_file, "alpaca's stream");
        let body = numbers(sample!("alpaca/history"));
        let of = ("AAPL", "2025-11-28T15:00:00Z");
        prop_assert_eq!(from_history(alpaca(), of, &body), from_file, "alpaca's history");
    }
}
