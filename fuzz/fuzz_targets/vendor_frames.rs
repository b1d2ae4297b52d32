//! What comes from vendors, over a line and in answers: a bar of a stream has finite values, pages go
//! on to another page, and what cannot be read is said.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openbell_data_manager::live::{
    Answer, Doing, Doings, Frame, LineId, Protocol, Query, Response,
};
use openbell_market::SeriesKey;
use openbell_time::Timestamp;
use openbell_vendors::alpaca::{self, Alpaca, Source};
use openbell_vendors::binance::{self, Binance};
use openbell_vendors::kraken::{self, Kraken};
use openbell_vendors::{KeyPair, Names};

const LINE: LineId = LineId(1);

fuzz_target!(|text: &str| {
    let key = KeyPair::new("k", "s");
    speak(Binance::new(Names::default(), binance::endpoint()), "ETHUSDT", text);
    speak(Kraken::new(Names::default(), kraken::endpoint()), "BTC/USD", text);
    speak(Alpaca::new(Names::default(), alpaca::endpoint(), Source::Iex, key), "AAPL", text);
});

fn speak(mut vendor: impl Protocol, symbol: &str, text: &str) {
    let now = Timestamp::from_nanos(1_764_511_200_000_000_000);
    let symbol = symbol.parse().expect("a symbol");
    let key = SeriesKey { symbol, interval: "1m".parse().expect("an interval") };
    let mut out = Doings::default();
    vendor.opened(LINE, now, &mut out);
    vendor.subscribe(LINE, std::slice::from_ref(&key), &mut out);
    vendor.heard(LINE, now, Frame::Text(text), &mut out);
    for doing in out.take() {
        match doing {
            Doing::Row { row, .. } => {
                let of = row.ohlcv;
                let values = [of.open, of.high, of.low, of.close, of.volume];
                assert!(values.iter().all(|value| value.is_finite()), "{values:?}");
            }
            Doing::Undecodable { found, .. } => assert!(!found.is_empty(), "it is said"),
            _ => {}
        }
    }
    let response = Response { status: 200, headers: &[], body: text };
    if let Ok(at) = vendor.clock_answered(&response) {
        assert!(vendor.clock_request().is_some(), "{at} of a clock that is not asked for");
    }
    let query = Query::Bars { key: key.clone(), since: now, until: None, page: None };
    for query in [query, Query::Newest { keys: vec![key] }] {
        let response = Response { status: 200, headers: &[], body: text };
        if let Ok(Answer::Bars { next: Some(next), .. }) = vendor.answered(&query, now, &response) {
            assert_ne!(next, query, "no page comes for ever");
            assert!(!vendor.request(&next).url.is_empty(), "it can be asked for");
        }
    }
}
