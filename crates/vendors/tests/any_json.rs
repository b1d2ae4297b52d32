//! Whatever comes, from wherever: no panic, and nothing unreadable is taken for a bar.

use openbell_data_manager::live::{Doing, Doings, Frame, Protocol, Query, Response};
use openbell_vendors::alpaca::{self, Alpaca, Source};
use openbell_vendors::binance::{self, Binance};
use openbell_vendors::kraken::{self, Kraken};
use openbell_vendors::{KeyPair, Names};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{LINE, at, bars, key, sample};

fn vendors() -> [(Box<dyn Protocol>, &'static str); 3] {
    let pair = KeyPair::new("k", "s");
    [
        (Box::new(Binance::new(Names::default(), binance::endpoint())), "ETHUSDT"),
        (Box::new(Kraken::new(Names::default(), kraken::endpoint())), "BTC/USD"),
        (Box::new(Alpaca::new(Names::default(), alpaca::endpoint(), Source::Iex, pair)), "AAPL"),
    ]
}

/// Tells every vendor `text`, over its line and in an answer.
fn tell_all(text: &str) -> Vec<Doing> {
    let now = at("2025-11-30T14:00:00Z");
    let mut all = Vec::new();
    for (mut vendor, symbol) in vendors() {
        let mut out = Doings::default();
        let of = key(symbol, "1m");
        vendor.opened(LINE, now, &mut out);
        vendor.subscribe(LINE, std::slice::from_ref(&of), &mut out);
        for frame in [Frame::Text(text), Frame::Binary(text.as_bytes()), Frame::Beat] {
            vendor.heard(LINE, now, frame, &mut out);
        }
        let queries = [
            bars(&of, "2025-11-30T14:00:00Z", Some("2025-11-30T15:00:00Z")),
            Query::Newest { keys: vec![of.clone()] },
            Query::Newest { keys: vec![] },
            Query::DayCount { key: of.clone() },
            Query::First { key: of.clone() },
        ];
        for query in queries {
            for status in [200, 400, 403, 500] {
                let response = Response { status, headers: &[], body: text };
                // Only that it comes back: a refusal is as good as an answer.
                drop(vendor.answered(&query, now, &response));
                drop(vendor.clock_answered(&response));
            }
            drop(vendor.request(&query));
        }
        vendor.unsubscribe(LINE, &[of], &mut out);
        vendor.closed(LINE);
        all.extend(out.take());
    }
    all
}

/// Any JSON.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        prop_oneof![Just("NaN"), Just("inf"), Just("1e999"), Just("0.1"), Just("kline")]
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-zA-Z_]{1,8}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

const SAMPLES: [&str; 18] = [
    sample!("binance/kline_closed"),
    sample!("binance/refused"),
    sample!("binance/server_shutdown"),
    sample!("binance/klines"),
    sample!("kraken/ohlc_snapshot"),
    sample!("kraken/subscribed"),
    sample!("kraken/refused"),
    sample!("kraken/status"),
    sample!("kraken/pong"),
    sample!("binance/statistics"),
    sample!("kraken/ohlc"),
    sample!("kraken/ticker"),
    sample!("alpaca/bars"),
    sample!("alpaca/subscription"),
    sample!("alpaca/halted"),
    sample!("alpaca/error_409"),
    sample!("alpaca/history"),
    sample!("alpaca/newest"),
];

/// Every place in `value`, as pointers.
fn places(value: &Value, at: &str, out: &mut Vec<String>) {
    out.push(at.to_owned());
    match value {
        Value::Array(all) => {
            all.iter().enumerate().for_each(|(n, inner)| places(inner, &format!("{at}/{n}"), out));
        }
        Value::Object(all) => {
            all.iter().for_each(|(name, inner)| places(inner, &format!("{at}/{name}"), out));
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn any_json_is_heard_without_a_panic(value in json()) {
        tell_all(&value.to_string());
    }

    #[test]
    fn any_text_is_heard_without_a_panic(text in "\\PC*") {
        tell_all(&text);
    }

    #[test]
    fn a_sample_with_anything_in_any_place_yields_no_bar_with_a_value_that_is_none(
        sample in 0..SAMPLES.len(),
        place in any::<prop::sample::Index>(),
        put in json(),
    ) {
        let mut value: Value = serde_json::from_str(SAMPLES[sample]).unwrap();
        let mut all = Vec::new();
        places(&value, "", &mut all);
        let place = place.get(&all);
        *value.pointer_mut(place).unwrap() = put;
        for doing in tell_all(&value.to_string()) {
            if let Doing::Row { row, .. } = doing {
                let of = row.ohlcv;
                let values = [of.open, of.high, of.low, of.close, of.volume];
                prop_assert!(values.iter().all(|value| value.is_finite()));
            }
        }
    }

    #[test]
    fn a_sample_that_is_cut_off_is_undecodable(sample in 0..SAMPLES.len(), cut in any::<prop::sample::Index>()) {
        let text = SAMPLES[sample].trim_end();
        let doings = tell_all(&text[..cut.index(text.len())]);
        let is_undecodable = |doing: &&Doing| matches!(doing, Doing::Undecodable { .. });
        // Of each of the three vendors: the text, and the binary.
        prop_assert_eq!(doings.iter().filter(is_undecodable).count(), 6);
    }
}
