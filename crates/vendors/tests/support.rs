//! How a test speaks with a vendor: what goes in by hand, what comes out in order.

use openbell_data_manager::live::{
    Answer, AskFault, Doing, Doings, Frame, Heard, LineId, Outgoing, Protocol, Query, Response,
};
use openbell_market::SeriesKey;
use openbell_time::Timestamp;

/// The line of all stories that need only one.
pub const LINE: LineId = LineId(1);

/// A sample of a vendor's messages.
macro_rules! sample {
    ($path:literal) => {
        include_str!(concat!("../samples/", $path, ".json"))
    };
}
pub(crate) use sample;

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub fn key(symbol: &str, interval: &str) -> SeriesKey {
    SeriesKey { symbol: symbol.parse().unwrap(), interval: interval.parse().unwrap() }
}

/// All bars of a series from an instant on.
pub fn bars(key: &SeriesKey, since: &str, until: Option<&str>) -> Query {
    Query::Bars { key: key.clone(), since: at(since), until: until.map(at), page: None }
}

/// A vendor, and the instant at which it is spoken with.
pub struct Talk<P> {
    pub vendor: P,
    pub now: Timestamp,
}

impl<P: Protocol> Talk<P> {
    /// Begins to speak with `vendor`, at any time.
    pub fn with(vendor: P) -> Talk<P> {
        Talk { vendor, now: at("2025-11-30T14:00:00Z") }
    }

    /// Connects.
    pub fn open(&mut self) -> Vec<Doing> {
        self.collect(|vendor, now, out| vendor.opened(LINE, now, out))
    }

    /// Hears a text.
    pub fn hear(&mut self, text: &str) -> Vec<Doing> {
        self.collect(|vendor, now, out| vendor.heard(LINE, now, Frame::Text(text), out))
    }

    /// Subscribes, and yields what is sent.
    pub fn subscribe(&mut self, keys: &[SeriesKey]) -> Vec<String> {
        sent(&self.collect(|vendor, _, out| vendor.subscribe(LINE, keys, out)))
    }

    /// Gives series back, and yields what is sent.
    pub fn unsubscribe(&mut self, keys: &[SeriesKey]) -> Vec<String> {
        sent(&self.collect(|vendor, _, out| vendor.unsubscribe(LINE, keys, out)))
    }

    /// The address that a query is asked at.
    pub fn url(&mut self, query: &Query) -> String {
        self.vendor.request(query).url
    }

    /// Hears the answer to a query.
    pub fn answer(&mut self, query: &Query, status: u16, body: &str) -> Result<Answer, AskFault> {
        let response = Response { status, headers: &[], body };
        self.vendor.answered(query, self.now, &response)
    }

    /// Hears an answer with bars: they, and what to ask next.
    pub fn answer_bars(&mut self, query: &Query, body: &str) -> (Vec<Heard>, Option<Query>) {
        match self.answer(query, 200, body) {
            Ok(Answer::Bars { rows, next }) => (rows, next),
            other => panic!("bars were asked for: {other:?}"),
        }
    }

    fn collect(&mut self, call: impl FnOnce(&mut P, Timestamp, &mut Doings)) -> Vec<Doing> {
        let mut out = Doings::default();
        call(&mut self.vendor, self.now, &mut out);
        out.take()
    }
}

/// The texts that are sent.
pub fn sent(doings: &[Doing]) -> Vec<String> {
    let text = |doing: &Doing| match doing {
        Doing::Send { message: Outgoing::Text(text), .. } => Some(text.to_string()),
        _ => None,
    };
    doings.iter().filter_map(text).collect()
}

/// The bars that are heard.
pub fn rows(doings: &[Doing]) -> Vec<(SeriesKey, Heard)> {
    let row = |doing: &Doing| match doing {
        Doing::Row { key, row } => Some((key.clone(), *row)),
        _ => None,
    };
    doings.iter().filter_map(row).collect()
}

/// A bar as a line: when it opens, its values, its trades, whether it is closed.
pub fn line(row: &Heard) -> String {
    let of = row.ohlcv;
    let n_trades = row.n_trades.map_or("-".to_owned(), |n| n.to_string());
    format!(
        "{} {} {} {} {} {} n={n_trades} {:?}",
        row.opens_at, of.open, of.high, of.low, of.close, of.volume, row.closing
    )
}

/// Bars as lines.
pub fn lines(rows: &[Heard]) -> Vec<String> {
    rows.iter().map(line).collect()
}
