//! What a vendor sends, over a line and in answers: a bar of a stream has finite values, pages go on to
//! another page, a count of trades is no bar, and what cannot be read is said.

use openbell_data_manager::live::{
    Answer, Doing, Doings, Frame, LineId, Protocol, Query, Response,
};
use openbell_market::SeriesKey;
use openbell_time::Timestamp;

const LINE: LineId = LineId(1);

/// Tells `vendor`, of which `symbol` is wanted, a text in each way in which one comes.
pub fn speak(mut vendor: impl Protocol, symbol: &str, text: &str) {
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
    let newest = Query::Newest { keys: vec![key.clone()] };
    for query in [query, newest, Query::DayCount { key }] {
        let response = Response { status: 200, headers: &[], body: text };
        match (vendor.answered(&query, now, &response), &query) {
            (Ok(Answer::Bars { next: Some(next), .. }), _) => {
                assert_ne!(next, query, "no page comes for ever");
                assert!(!vendor.request(&next).url.is_empty(), "it can be asked for");
            }
            (Ok(Answer::DayCount(_)), asked) => assert!(matches!(asked, Query::DayCount { .. })),
            _ => {}
        }
    }
}
