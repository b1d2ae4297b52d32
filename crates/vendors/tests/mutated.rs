//! Frames and answers of each vendor with bits flipped, ends cut off, parts repeated, fields exchanged:
//! what is read of them is what they say, or it is said that they cannot be read.
//!
//! What they say is read a second time here, by hand and value by value. `PROPTEST_CASES` sets how many
//! are tried.

use std::collections::BTreeSet;

use openbell_data_manager::live::{
    Answer, Closing, Doing, Doings, Frame, Heard, Protocol, Query, Response,
};
use openbell_market::{BarInterval, Ohlcv, SeriesKey, Symbol};
use openbell_time::Timestamp;
use openbell_vendors::alpaca::{self, Alpaca, Source};
use openbell_vendors::binance::{self, Binance};
use openbell_vendors::kraken::{self, Kraken};
use openbell_vendors::{KeyPair, Names};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use crate::support::{LINE, at, bars, key, sample};

/// What is done to a text. Each place is a share of what there is.
#[derive(Clone, Debug)]
enum Mutation {
    /// One bit is another.
    Flip(Index, u8),
    /// One byte is another of those that mean something.
    Put(Index, u8),
    /// Some bytes are missing.
    Remove(Index, usize),
    /// Some bytes come twice.
    Repeat(Index, usize),
    /// The end is missing.
    Cut(Index),
    /// Two values have each other's place.
    Exchange(Index, Index),
    /// It goes on as another text from there on.
    Splice(Index, Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<Index>;
    prop_oneof![
        3 => (index(), 0..8_u8).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        3 => (index(), prop::sample::select(&b"0123456789.-+eE\"[]{},:nutxb \\"[..]))
            .prop_map(|(at, byte)| Mutation::Put(at, byte)),
        1 => (index(), 1..12_usize).prop_map(|(at, n)| Mutation::Remove(at, n)),
        1 => (index(), 1..40_usize).prop_map(|(at, n)| Mutation::Repeat(at, n)),
        1 => index().prop_map(Mutation::Cut),
        4 => (index(), index()).prop_map(|(one, other)| Mutation::Exchange(one, other)),
        1 => (index(), index()).prop_map(|(at, other)| Mutation::Splice(at, other)),
    ]
}

fn mutated(sample: &str, mutations: &[Mutation], others: &[&str]) -> Vec<u8> {
    let mut bytes = sample.trim_end().as_bytes().to_vec();
    for mutation in mutations {
        if bytes.is_empty() {
            break;
        }
        let n_bytes = bytes.len();
        match mutation {
            Mutation::Flip(at, bit) => bytes[at.index(n_bytes)] ^= 1 << bit,
            Mutation::Put(at, byte) => bytes[at.index(n_bytes)] = *byte,
            Mutation::Remove(at, n) => {
                let since = at.index(n_bytes);
                drop(bytes.drain(since..n_bytes.min(since + n)));
            }
            Mutation::Repeat(at, n) => {
                let since = at.index(n_bytes);
                let again = bytes[since..n_bytes.min(since + n)].to_vec();
                drop(bytes.splice(since..since, again));
            }
            Mutation::Cut(at) => bytes.truncate(at.index(n_bytes)),
            Mutation::Exchange(one, other) => {
                if let Ok(mut value) = serde_json::from_slice::<Value>(&bytes) {
                    exchange(&mut value, one, other);
                    bytes = value.to_string().into_bytes();
                }
            }
            Mutation::Splice(at, other) => {
                let other = other.get(others).as_bytes();
                bytes.truncate(at.index(n_bytes));
                bytes.extend_from_slice(&other[at.index(other.len())..]);
            }
        }
    }
    bytes
}

/// Exchanges two values that hold no others.
fn exchange(value: &mut Value, one: &Index, other: &Index) {
    let mut places = Vec::new();
    leaves(value, "", &mut places);
    if places.is_empty() {
        return;
    }
    let (one, other) = (one.get(&places), other.get(&places));
    let taken = value.pointer_mut(one).map(Value::take).unwrap_or_default();
    if let Some(place) = value.pointer_mut(other) {
        let met = std::mem::replace(place, taken);
        if let Some(place) = value.pointer_mut(one)
            && one != other
        {
            *place = met;
        }
    }
}

fn leaves(value: &Value, at: &str, out: &mut Vec<String>) {
    let mut go_in = |name: &str, inner: &Value| leaves(inner, &format!("{at}/{name}"), out);
    match value {
        Value::Array(all) => {
            all.iter().enumerate().for_each(|(n, inner)| go_in(&n.to_string(), inner));
        }
        Value::Object(all) => all
            .iter()
            .for_each(|(name, inner)| go_in(&name.replace('~', "~0").replace('/', "~1"), inner)),
        _ => out.push(at.to_owned()),
    }
}

// What a text says, read by hand.

type Told = (SeriesKey, Heard);

fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(digits) if digits.chars().all(|c| "0123456789+-.eE".contains(c)) => {
            digits.parse().ok()?
        }
        _ => return None,
    };
    number.is_finite().then_some(number)
}

fn ohlcv(values: [Option<f64>; 5]) -> Option<Ohlcv> {
    let [open, high, low, close, volume] = values;
    Some(Ohlcv { open: open?, high: high?, low: low?, close: close?, volume: volume? })
}

/// A price of a history that is none makes a bar that is none, and is not the end of the answer.
fn price(value: Option<&Value>) -> Option<f64> {
    value.map(|value| number(value).unwrap_or(f64::INFINITY))
}

fn ms(value: &Value) -> Option<Timestamp> {
    Some(Timestamp::from_nanos(value.as_i64()?.checked_mul(1_000_000)?))
}

fn seconds(value: &Value) -> Option<Timestamp> {
    Some(Timestamp::from_nanos(value.as_i64()?.checked_mul(1_000_000_000)?))
}

fn instant(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn series(symbol: &Value, interval: Option<BarInterval>) -> Option<SeriesKey> {
    Some(SeriesKey { symbol: Symbol::new(symbol.as_str()?).ok()?, interval: interval? })
}

fn told_by_binance(value: &Value) -> Vec<Told> {
    let event = value.get("data").unwrap_or(value);
    let row = || {
        let k = &event["k"];
        if event["e"] != "kline" || !k.is_object() {
            return None;
        }
        ms(&event["E"])?;
        let ohlcv = ohlcv(["o", "h", "l", "c", "v"].map(|name| number(&k[name])))?;
        let closing = if k["x"].as_bool()? { Closing::Closed } else { Closing::Running };
        let (opens_at, n_trades) = (ms(&k["t"])?, Some(k["n"].as_u64()?));
        let key = series(&k["s"], k["i"].as_str()?.parse().ok())?;
        Some((key, Heard { opens_at, ohlcv, n_trades, closing }))
    };
    row().into_iter().collect()
}

fn told_by_kraken(value: &Value) -> Vec<Told> {
    let row = |of: &Value| {
        let names = ["open", "high", "low", "close", "volume"];
        let ohlcv = ohlcv(names.map(|name| number(&of[name])))?;
        let minutes = u32::try_from(of["interval"].as_u64()?).ok()?;
        let (opens_at, n_trades) = (instant(&of["interval_begin"])?, Some(of["trades"].as_u64()?));
        let key = series(&of["symbol"], BarInterval::from_mins(minutes))?;
        Some((key, Heard { opens_at, ohlcv, n_trades, closing: Closing::Unsaid }))
    };
    let is_data = value["channel"] == "ohlc" && !value["method"].is_string();
    let candles = value["data"].as_array().filter(|_| is_data);
    candles.into_iter().flatten().filter_map(row).collect()
}

fn told_by_alpaca(value: &Value) -> Vec<Told> {
    let row = |of: &Value| {
        if of["T"] != "b" && of["T"] != "u" {
            return None;
        }
        let ohlcv = ohlcv(["o", "h", "l", "c", "v"].map(|name| number(&of[name])))?;
        let n_trades = match &of["n"] {
            Value::Null => None,
            n => Some(n.as_u64()?),
        };
        let key = series(&of["S"], BarInterval::from_mins(1))?;
        let opens_at = instant(&of["t"])?;
        Some((key, Heard { opens_at, ohlcv, n_trades, closing: Closing::Closed }))
    };
    value.as_array().into_iter().flatten().filter_map(row).collect()
}

fn history_of_binance(value: &Value) -> Option<Vec<Heard>> {
    let row = |row: &Value| {
        let row = row.as_array()?;
        let ohlcv = ohlcv([1, 2, 3, 4, 5].map(|at| price(row.get(at))))?;
        let (opens_at, n_trades) = (ms(row.first()?)?, Some(row.get(8)?.as_u64()?));
        Some(Heard { opens_at, ohlcv, n_trades, closing: Closing::Unsaid })
    };
    value.as_array()?.iter().map(row).collect()
}

/// Up to the row that runs, from where it was asked for.
fn history_of_kraken(value: &Value, since: Timestamp) -> Option<Vec<Heard>> {
    let row = |row: &Value| {
        let row = row.as_array()?;
        let ohlcv = ohlcv([1, 2, 3, 4, 6].map(|at| price(row.get(at))))?;
        let (opens_at, n_trades) = (seconds(row.first()?)?, Some(row.get(7)?.as_u64()?));
        Some(Heard { opens_at, ohlcv, n_trades, closing: Closing::Unsaid })
    };
    let mut errors = value["error"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if errors.any(|said| !said.starts_with('W')) {
        return None;
    }
    let result = value["result"].as_object()?;
    let (_, lines) = result.iter().find(|(name, _)| *name != "last")?;
    let mut rows: Vec<Heard> = lines.as_array()?.iter().map(row).collect::<Option<_>>()?;
    if let Some(last) = result.get("last").and_then(seconds) {
        let running: BTreeSet<Timestamp> =
            rows.iter().map(|row| row.opens_at).filter(|opens_at| *opens_at > last).collect();
        rows.retain(|row| !running.iter().skip(1).any(|later| *later == row.opens_at));
    }
    rows.retain(|row| row.opens_at >= since);
    Some(rows)
}

fn history_of_alpaca(value: &Value, name: &str) -> Option<Vec<Heard>> {
    let row = |row: &Value| {
        let ohlcv = ohlcv(["o", "h", "l", "c", "v"].map(|name| price(row.get(name))))?;
        let opens_at = instant(&row["t"])?;
        let n_trades = row["n"].as_u64();
        Some(Heard { opens_at, ohlcv, n_trades, closing: Closing::Unsaid })
    };
    match value.get("bars")?.get(name) {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(rows) => rows.as_array()?.iter().map(row).collect(),
    }
}

fn same(one: &Heard, other: &Heard) -> bool {
    let bits = |of: &Ohlcv| [of.open, of.high, of.low, of.close, of.volume].map(f64::to_bits);
    let facts = |of: &Heard| (of.opens_at, of.n_trades, of.closing);
    facts(one) == facts(other) && bits(&one.ohlcv) == bits(&other.ohlcv)
}

/// Holds what a vendor makes of a frame against what it says.
fn check_frame(
    mut vendor: impl Protocol,
    symbol: &str,
    frame: &[u8],
    told: fn(&Value) -> Vec<Told>,
) {
    let now = at("2025-11-30T14:00:00Z");
    let mut out = Doings::default();
    vendor.opened(LINE, now, &mut out);
    vendor.subscribe(LINE, &[key(symbol, "1m")], &mut out);
    drop(out.take());
    let text = std::str::from_utf8(frame);
    vendor.heard(LINE, now, text.map_or(Frame::Binary(frame), Frame::Text), &mut out);
    let doings = out.take();
    let said = |doing: &Doing| match doing {
        Doing::Undecodable { found, .. } => Some(found.to_string()),
        _ => None,
    };
    let unreadable: Vec<String> = doings.iter().filter_map(said).collect();
    assert!(unreadable.iter().all(|found| (1..2_000).contains(&found.len())), "{unreadable:?}");
    let value = text.ok().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let Some(value) = value else {
        let [Doing::Undecodable { .. }] = doings[..] else { panic!("{text:?}: {doings:?}") };
        return;
    };
    let rows: Vec<Told> = crate::support::rows(&doings);
    let due = told(&value);
    let is_same = |(one, other): (&Told, &Told)| one.0 == other.0 && same(&one.1, &other.1);
    let are_same = rows.len() == due.len() && rows.iter().zip(&due).all(is_same);
    assert!(are_same, "{value}: {rows:?}, it says {due:?}; {unreadable:?}");
}

/// Holds what a vendor makes of an answer against what it says; of other answers only that they come
/// back, with words where they are none.
fn check_answer(
    mut vendor: impl Protocol,
    symbol: &str,
    body: &[u8],
    told: impl Fn(&Value, &Query) -> Option<Vec<Heard>>,
) {
    let Ok(body) = std::str::from_utf8(body) else { return };
    let (now, of) = (at("2025-11-30T14:00:00Z"), key(symbol, "1m"));
    let response = Response { status: 200, headers: &[], body };
    let query = bars(&of, "2025-11-28T15:00:00Z", None);
    let value = serde_json::from_str::<Value>(body).ok();
    let due = value.as_ref().and_then(|value| told(value, &query));
    match (vendor.answered(&query, now, &response), due) {
        (Ok(Answer::Bars { rows, next }), Some(due)) => {
            let are_same =
                rows.len() == due.len() && rows.iter().zip(&due).all(|(a, b)| same(a, b));
            assert!(are_same, "{body}: {rows:?}, it says {due:?}");
            assert!(next.as_ref() != Some(&query), "{body}: no page comes for ever");
        }
        (Err(fault), None) => assert!(!format!("{fault:?}").is_empty()),
        (met, due) => panic!("{body}: {met:?}, it says {due:?}"),
    }
    let newest = Query::Newest { keys: vec![of.clone()] };
    for query in [newest, Query::DayCount { key: of.clone() }, Query::First { key: of }] {
        if let Ok(Answer::Bars { rows, .. }) = vendor.answered(&query, now, &response) {
            panic!("{query:?} asks for no bars: {rows:?}");
        }
    }
    drop(vendor.clock_answered(&response));
}

fn binance() -> Binance {
    Binance::new(Names::default(), binance::endpoint())
}

fn kraken() -> Kraken {
    Kraken::new(Names::default(), kraken::endpoint())
}

fn alpaca() -> Alpaca {
    Alpaca::new(Names::default(), alpaca::endpoint(), Source::Iex, KeyPair::new("k", "s"))
}

fn check_binance_answer(body: &[u8]) {
    check_answer(binance(), "ETHUSDT", body, |value, _| history_of_binance(value));
    let Ok(body) = std::str::from_utf8(body) else { return };
    drop(binance::read_listings(&Response { status: 200, headers: &[], body }));
}

fn check_kraken_answer(body: &[u8]) {
    check_answer(kraken(), "BTC/USD", body, |value, query| match query {
        Query::Bars { since, .. } => history_of_kraken(value, *since),
        _ => None,
    });
    let Ok(body) = std::str::from_utf8(body) else { return };
    let response = Response { status: 200, headers: &[], body };
    drop(kraken::read_listings(at("2025-11-30T14:00:00Z"), &response));
}

fn check_alpaca_answer(body: &[u8]) {
    check_answer(alpaca(), "AAPL", body, |value, _| history_of_alpaca(value, "AAPL"));
}

const OF_BINANCE: [&str; 8] = [
    sample!("binance/kline_closed"),
    sample!("binance/kline_running"),
    sample!("binance/kline_empty"),
    sample!("binance/acknowledged"),
    sample!("binance/refused"),
    sample!("binance/refused_flat"),
    sample!("binance/server_shutdown"),
    sample!("binance/subscriptions"),
];
const ANSWERS_OF_BINANCE: [&str; 5] = [
    sample!("binance/klines"),
    sample!("binance/statistics"),
    sample!("binance/time"),
    sample!("binance/error"),
    sample!("binance/exchange_info"),
];
const OF_KRAKEN: [&str; 9] = [
    sample!("kraken/ohlc_snapshot"),
    sample!("kraken/ohlc_update"),
    sample!("kraken/subscribed"),
    sample!("kraken/unsubscribed"),
    sample!("kraken/refused"),
    sample!("kraken/refused_unnamed"),
    sample!("kraken/status"),
    sample!("kraken/pong"),
    sample!("kraken/heartbeat"),
];
const ANSWERS_OF_KRAKEN: [&str; 5] = [
    sample!("kraken/ohlc"),
    sample!("kraken/ticker"),
    sample!("kraken/error_throttled"),
    sample!("kraken/error_pair"),
    sample!("kraken/asset_pairs"),
];
const OF_ALPACA: [&str; 8] = [
    sample!("alpaca/bars"),
    sample!("alpaca/updated_bar"),
    sample!("alpaca/daily_bar"),
    sample!("alpaca/subscription"),
    sample!("alpaca/halted"),
    sample!("alpaca/resumed"),
    sample!("alpaca/error_409"),
    sample!("alpaca/connected"),
];
const ANSWERS_OF_ALPACA: [&str; 4] = [
    sample!("alpaca/history"),
    sample!("alpaca/history_last"),
    sample!("alpaca/newest"),
    sample!("alpaca/recent_sip"),
];

/// A text of some, after one to four mutations.
fn texts(samples: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let mutations = prop::collection::vec(mutation(), 1..5);
    (prop::sample::select(samples), mutations)
        .prop_map(move |(sample, mutations)| mutated(sample, &mutations, samples))
}

#[test]
fn what_is_read_by_hand_of_the_samples_themselves_are_their_bars() {
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let n_told = |samples: &[&str], told: fn(&Value) -> Vec<Told>| -> Vec<usize> {
        samples.iter().map(|text| told(&value(text)).len()).collect()
    };
    assert_eq!(n_told(&OF_BINANCE, told_by_binance), [1, 1, 1, 0, 0, 0, 0, 0]);
    assert_eq!(n_told(&OF_KRAKEN, told_by_kraken), [2, 1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(n_told(&OF_ALPACA, told_by_alpaca), [2, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(history_of_binance(&value(ANSWERS_OF_BINANCE[0])).unwrap().len(), 3);
    let since = at("2025-11-28T15:00:00Z");
    assert_eq!(history_of_kraken(&value(ANSWERS_OF_KRAKEN[0]), since).unwrap().len(), 3);
    assert_eq!(history_of_alpaca(&value(ANSWERS_OF_ALPACA[0]), "AAPL").unwrap().len(), 2);
    for frame in OF_BINANCE {
        check_frame(binance(), "ETHUSDT", frame.as_bytes(), told_by_binance);
    }
    for body in ANSWERS_OF_BINANCE {
        check_binance_answer(body.as_bytes());
    }
}

proptest! {
    #[test]
    fn a_mutated_frame_of_binance_yields_what_it_says(frame in texts(&OF_BINANCE)) {
        check_frame(binance(), "ETHUSDT", &frame, told_by_binance);
    }

    #[test]
    fn a_mutated_answer_of_binance_yields_what_it_says(body in texts(&ANSWERS_OF_BINANCE)) {
        check_binance_answer(&body);
    }

    #[test]
    fn a_mutated_frame_of_kraken_yields_what_it_says(frame in texts(&OF_KRAKEN)) {
        check_frame(kraken(), "BTC/USD", &frame, told_by_kraken);
    }

    #[test]
    fn a_mutated_answer_of_kraken_yields_what_it_says(body in texts(&ANSWERS_OF_KRAKEN)) {
        check_kraken_answer(&body);
    }

    #[test]
    fn a_mutated_frame_of_alpaca_yields_what_it_says(frame in texts(&OF_ALPACA)) {
        check_frame(alpaca(), "AAPL", &frame, told_by_alpaca);
    }

    #[test]
    fn a_mutated_answer_of_alpaca_yields_what_it_says(body in texts(&ANSWERS_OF_ALPACA)) {
        check_alpaca_answer(&body);
    }
}
