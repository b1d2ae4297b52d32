//! The words of a made-up vendor, a line of text for each thing said.

use openbell_data_manager::live::{
    Answer, AskFault, CloseCause, Closing, CountReach, DayCount, Doing, Doings, Frame, Heard,
    LineId, Outgoing, Protocol, Query, Request, Response, VendorTraits,
};
use openbell_market::{Ohlcv, SeriesKey};
use openbell_time::Timestamp;

use crate::support::series;

#[derive(Debug)]
pub struct Words {
    pub traits: VendorTraits,
    /// Whether its clock can be asked for.
    pub tells_clock: bool,
}

fn minute_of(symbol: &str) -> SeriesKey {
    series(&format!("{symbol} 1m"))
}

fn at_second(text: &str) -> Option<Timestamp> {
    Timestamp::from_secs(text.parse().ok()?)
}

fn names(keys: &[SeriesKey]) -> String {
    keys.iter().map(|key| format!(" {}", key.symbol)).collect()
}

/// `open o h l c v trades`, and what is said of the end where something is.
fn bar(words: &[&str]) -> Option<Heard> {
    let [opens_at, open, high, low, close, volume, n_trades, rest @ ..] = words else {
        return None;
    };
    let number = |text: &str| text.parse::<f64>().ok();
    let ohlcv = Ohlcv {
        open: number(open)?,
        high: number(high)?,
        low: number(low)?,
        close: number(close)?,
        volume: number(volume)?,
    };
    let closing = match rest {
        ["closed"] => Closing::Closed,
        ["running"] => Closing::Running,
        _ => Closing::Unsaid,
    };
    let n_trades = n_trades.parse().ok();
    Some(Heard { opens_at: at_second(opens_at)?, ohlcv, n_trades, closing })
}

impl Protocol for Words {
    fn traits(&self) -> &VendorTraits {
        &self.traits
    }

    fn stream_url(&self) -> String {
        "words://stream".to_owned()
    }

    fn opened(&mut self, _: LineId, _: Timestamp, _: &mut Doings) {}

    fn subscribe(&mut self, line: LineId, keys: &[SeriesKey], out: &mut Doings) {
        let message = Outgoing::Text(format!("sub{}", names(keys)).into());
        out.push(Doing::Send { line, message });
    }

    fn unsubscribe(&mut self, line: LineId, keys: &[SeriesKey], out: &mut Doings) {
        let message = Outgoing::Text(format!("unsub{}", names(keys)).into());
        out.push(Doing::Send { line, message });
    }

    fn heard(&mut self, line: LineId, _: Timestamp, frame: Frame<'_>, out: &mut Doings) {
        let Frame::Text(text) = frame else { return };
        let words: Vec<&str> = text.split(' ').collect();
        let doing = match words.as_slice() {
            ["hello"] => Some(Doing::Ready { line }),
            ["ok", symbol] => Some(Doing::Subscribed { line, key: minute_of(symbol) }),
            ["no", symbol, said] => {
                Some(Doing::NotSubscribed { line, key: minute_of(symbol), said: (*said).into() })
            }
            ["bar", symbol, values @ ..] => {
                bar(values).map(|row| Doing::Row { key: minute_of(symbol), row })
            }
            ["end", symbol, second] => {
                at_second(second).map(|through| Doing::EndMark { key: minute_of(symbol), through })
            }
            ["sent", second] => {
                at_second(second).map(|at| Doing::SentAt { line, at, asked_at: None })
            }
            ["leaving"] => Some(Doing::Close { line, why: CloseCause::Leaving }),
            ["taken"] => Some(Doing::Close { line, why: CloseCause::Taken("in use".into()) }),
            ["forbidden"] => {
                Some(Doing::Close { line, why: CloseCause::Forbidden("no key".into()) })
            }
            _ => None,
        };
        out.push(doing.unwrap_or_else(|| Doing::Undecodable { line, found: text.into() }));
    }

    fn closed(&mut self, _: LineId) {}

    fn request(&mut self, query: &Query) -> Request {
        let url = match query {
            Query::Bars { key, since, page, .. } => {
                let page = page.as_deref().unwrap_or("0");
                format!("bars {} {} {page}", key.symbol, since.as_secs())
            }
            Query::Newest { keys } => format!("newest{}", names(keys)),
            Query::DayCount { key } => format!("count {}", key.symbol),
            Query::First { key } => format!("first {}", key.symbol),
        };
        Request { url, weight: 1 }
    }

    fn clock_request(&self) -> Option<Request> {
        self.tells_clock.then(|| Request { url: "time".to_owned(), weight: 1 })
    }

    fn clock_answered(&self, response: &Response<'_>) -> Result<Timestamp, AskFault> {
        let second = at_second(response.body.trim());
        second.ok_or_else(|| AskFault::Failed(response.body.into()))
    }

    fn answered(
        &mut self,
        query: &Query,
        _: Timestamp,
        response: &Response<'_>,
    ) -> Result<Answer, AskFault> {
        if response.status == 404 {
            return Err(AskFault::Refused(response.body.into()));
        }
        let lines = response.body.lines().map(|line| line.split(' ').collect::<Vec<&str>>());
        match query {
            Query::Bars { key, since, until, .. } => {
                let (mut rows, mut next) = (Vec::new(), None);
                for words in lines {
                    match words.as_slice() {
                        ["next", page] => {
                            let (key, page) = (key.clone(), Some((*page).into()));
                            next = Some(Query::Bars { key, since: *since, until: *until, page });
                        }
                        words => rows.extend(bar(words)),
                    }
                }
                Ok(Answer::Bars { rows, next })
            }
            Query::First { .. } => Ok(Answer::First(at_second(response.body))),
            Query::DayCount { .. } => {
                let words: Vec<&str> = response.body.split(' ').collect();
                let [n_trades, since, kind, reach] = words.as_slice() else {
                    return Err(AskFault::Failed(response.body.into()));
                };
                let number = |text: &str| text.parse::<i64>().unwrap();
                let reach = match *kind {
                    "through" => CountReach::Through(at_second(reach).unwrap()),
                    _ => CountReach::Busy(number(reach) as u64),
                };
                let (n_trades, since) = (number(n_trades) as u64, at_second(since).unwrap());
                Ok(Answer::DayCount(DayCount { since, n_trades, reach }))
            }
            Query::Newest { .. } => {
                let opens = lines.filter_map(|words| match words.as_slice() {
                    [symbol, second] => Some((minute_of(symbol), at_second(second)?)),
                    _ => None,
                });
                Ok(Answer::Newest(opens.collect()))
            }
        }
    }
}
