//! Alpaca market data v2, US equities: a key, one connection, and only closed bars.
//!
//! A minute without an eligible trade has no bar, in the stream as in history. A trade that is reported
//! late changes a bar that was sent: it comes once more, as an update. There is no heartbeat; and a
//! connection that was cut keeps its place at the server for about a minute and a half.

mod confirmations;
mod history;
mod stream;

use std::collections::BTreeMap;

use openbell_data_manager::Trading;
use openbell_data_manager::live::{
    Answer, AskFault, CloseCause, ClosingProof, Doing, Doings, EmptyInterval, Frame, LineId,
    OrderPromise, Outgoing, Probe, Protocol, Query, Rate, Reach, Request, Response, VendorTraits,
    Winner,
};
use openbell_market::{BarInterval, SeriesKey, Symbol};
use openbell_time::{Nanos, Timestamp};

pub use history::{bars, newest, read_bars, read_newest};
pub use stream::{Said, Statuses, login, said, subscribe, unsubscribe};

use crate::reading::not_text;
use crate::{Endpoint, KeyPair, Names};

use confirmations::{Confirmations, Confirmed};

/// The name in errors and session files.
pub const NAME: &str = "alpaca";

/// Which of its data is streamed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// Trades at IEX, about a fortieth of all; no plan is needed.
    Iex,
    /// Trades at all exchanges.
    Sip,
    /// Those, fifteen minutes later.
    DelayedSip,
    /// One made-up symbol, `FAKEPACA`, at all hours.
    Test,
}

impl Source {
    /// All of them.
    pub const ALL: [Source; 4] = [Source::Iex, Source::Sip, Source::DelayedSip, Source::Test];

    /// Its name, in session files and in the address of the stream.
    pub fn name(self) -> &'static str {
        match self {
            Source::Iex => "iex",
            Source::Sip => "sip",
            Source::DelayedSip => "delayed_sip",
            Source::Test => "test",
        }
    }

    /// What history calls it, which says by the plan how late it is.
    fn history_name(self) -> &'static str {
        match self {
            Source::Iex | Source::Test => "iex",
            Source::Sip | Source::DelayedSip => "sip",
        }
    }

    /// What a request of the newest bars calls it.
    fn newest_name(self) -> &'static str {
        match self {
            Source::DelayedSip => "delayed_sip",
            Source::Iex | Source::Sip | Source::Test => self.history_name(),
        }
    }

    /// A symbol that trades in every minute.
    fn reference(self) -> &'static str {
        match self {
            Source::Test => "FAKEPACA",
            Source::Iex | Source::Sip | Source::DelayedSip => "SPY",
        }
    }
}

/// Its addresses; to that of the stream the name of the source is appended.
pub fn endpoint() -> Endpoint {
    Endpoint::of("wss://stream.data.alpaca.markets/v2", "https://data.alpaca.markets")
}

/// Its habits and limits, each with the limit that it stays below.
fn traits(reference: Symbol) -> VendorTraits {
    VendorTraits {
        name: NAME,
        intervals: vec![MINUTE],
        proof: ClosingProof::Said,
        order: OrderPromise::LaterProvesEarlier,
        empty: EmptyInterval::NoBar,
        reach: Reach::TwiceEqual { after: Nanos::from_secs(5), apart: Nanos::from_secs(10) },
        winner: Winner::History,
        revised_within: Nanos::from_secs(120),
        verifies_each: Nanos::from_nanos(2_000_000_000),
        probe: Probe::Newest { reference },
        // The newest bars say it.
        counts_trades: false,
        n_history_rows: None,
        // A pong is due 5 s after each ping.
        silent_after: Nanos::from_secs(25),
        ping_each: Some(Nanos::from_secs(10)),
        n_lines: 1,
        // A plan's limit of symbols is told by error 405.
        n_series: 10_000,
        batch: 200,
        lifetime: None,
        messages: Rate { burst: 1, each: Nanos::from_nanos(200_000_000) },
        // 200 a minute without a plan: this is 150.
        requests: Rate { burst: 10, each: Nanos::from_nanos(400_000_000) },
        reset_header: Some("X-RateLimit-Reset"),
    }
}

/// What the stream has bars of.
const MINUTE: BarInterval = match BarInterval::from_mins(1) {
    Some(minute) => minute,
    None => BarInterval::SHORTEST,
};

/// Alpaca, as the words that are spoken with it.
#[derive(Debug)]
pub struct Alpaca {
    traits: VendorTraits,
    names: Names,
    endpoint: Endpoint,
    source: Source,
    key: KeyPair,
    /// Whether halts are asked for: not every plan has them.
    statuses: Statuses,
    lines: BTreeMap<LineId, Confirmations>,
}

impl Alpaca {
    /// The data of `source` at `endpoint`, where symbols have `names`, for the owner of `key`.
    ///
    /// # Panics
    ///
    /// Never: each source's reference is a symbol.
    pub fn new(names: Names, endpoint: Endpoint, source: Source, key: KeyPair) -> Alpaca {
        let reference = names.symbol(source.reference()).expect("the reference is a symbol");
        let (statuses, lines) = (Statuses::Wanted, BTreeMap::new());
        Alpaca { traits: traits(reference), names, endpoint, source, key, statuses, lines }
    }

    fn vendor_names(&self, keys: &[SeriesKey]) -> Vec<String> {
        keys.iter().map(|key| self.names.vendor_name(&key.symbol).to_owned()).collect()
    }

    fn key(&self, vendor_name: &str) -> Option<SeriesKey> {
        Some(SeriesKey { symbol: self.names.symbol(vendor_name)?, interval: MINUTE })
    }

    fn said(&mut self, line: LineId, said: Said, out: &mut Doings) {
        match said {
            Said::Connected => out.push(Doing::Send { line, message: Outgoing::Login }),
            Said::Authenticated => out.push(Doing::Ready { line }),
            Said::Subscribed { bars } => {
                let names = &self.names;
                let has = |key: &SeriesKey| {
                    let name = names.vendor_name(&key.symbol);
                    bars.iter().any(|bar| bar == name)
                };
                for confirmed in self.lines.entry(line).or_default().list(has) {
                    out.push(match confirmed {
                        Confirmed::Subscribed(key) => Doing::Subscribed { line, key },
                        Confirmed::Missing(key) => {
                            let said = "it is not in alpaca's list of subscriptions".into();
                            Doing::NotSubscribed { line, key, said }
                        }
                    });
                }
            }
            Said::Bar { vendor_name, row } => {
                if let Some(key) = self.key(&vendor_name) {
                    out.push(Doing::Row { key, row });
                }
            }
            Said::Halted { vendor_name, since, why } => {
                let (key, why) = (self.key(&vendor_name), why.into());
                if key.is_some() {
                    out.push(Doing::Trading { key, trading: Trading::Halted { since, why } });
                }
            }
            Said::Resumed { vendor_name } => {
                if let Some(key) = self.key(&vendor_name) {
                    out.push(Doing::Trading { key: Some(key), trading: Trading::Normal });
                }
            }
            Said::Error { code, words } => self.error(line, code, &words, out),
            // Kinds that are newer than this file are no fault of the line.
            Said::Other => {}
        }
    }

    /// What each code means (docs.alpaca.markets, streaming-market-data).
    fn error(&mut self, line: LineId, code: u64, words: &str, out: &mut Doings) {
        let said = format!("alpaca: {code} {words}");
        let why = match code {
            402 | 408 | 411 => CloseCause::Forbidden(said.into()),
            409 | 410 => return self.not_in_the_plan(line, &said, out),
            // It has what was asked for already.
            403 => return,
            404 => CloseCause::Silent(said.into()),
            406 => CloseCause::Taken(said.into()),
            407 | 500 => CloseCause::Refused(said.into()),
            401 => CloseCause::Broken(said.into()),
            // 400 unknown symbol, 405 limit of symbols: subscriptions are what they were.
            _ => return self.not_subscribed(line, &said, out),
        };
        out.push(Doing::Close { line, why });
    }

    /// Something that was asked for is not in the plan. If that may be the halts, the same is asked
    /// for without them; where nothing was asked for yet, it is the source itself.
    fn not_in_the_plan(&mut self, line: LineId, said: &str, out: &mut Doings) {
        let asked = self.lines.get(&line).is_some_and(Confirmations::is_waiting);
        if !asked {
            out.push(Doing::Close { line, why: CloseCause::Forbidden(said.into()) });
        } else if self.statuses == Statuses::Wanted {
            self.statuses = Statuses::Refused;
            let keys = self.lines.entry(line).or_default().refused();
            self.subscribe(line, &keys, out);
        } else {
            self.not_subscribed(line, said, out);
        }
    }

    fn not_subscribed(&mut self, line: LineId, said: &str, out: &mut Doings) {
        let keys = self.lines.entry(line).or_default().refused();
        if keys.is_empty() {
            out.push(Doing::Undecodable { line, found: said.into() });
        }
        for key in keys {
            out.push(Doing::NotSubscribed { line, key, said: said.into() });
        }
    }
}

impl Protocol for Alpaca {
    fn traits(&self) -> &VendorTraits {
        &self.traits
    }

    fn stream_url(&self) -> String {
        format!("{}/{}", self.endpoint.stream, self.source.name())
    }

    fn opened(&mut self, line: LineId, _now: Timestamp, _out: &mut Doings) {
        self.lines.insert(line, Confirmations::default());
    }

    fn subscribe(&mut self, line: LineId, keys: &[SeriesKey], out: &mut Doings) {
        self.lines.entry(line).or_default().asked(keys);
        let text = subscribe(&self.vendor_names(keys), self.statuses);
        out.send(line, text);
    }

    fn unsubscribe(&mut self, line: LineId, keys: &[SeriesKey], out: &mut Doings) {
        self.lines.entry(line).or_default().given_back();
        let text = unsubscribe(&self.vendor_names(keys), self.statuses);
        out.send(line, text);
    }

    fn heard(&mut self, line: LineId, _now: Timestamp, frame: Frame<'_>, out: &mut Doings) {
        let text = match frame {
            Frame::Text(text) => text,
            Frame::Binary(bytes) => return out.push(not_text(line, bytes)),
            Frame::Beat => return,
        };
        match said(text) {
            Ok(all) => all.into_iter().for_each(|said| match said {
                Ok(said) => self.said(line, said, out),
                Err(error) => out.push(error.on(line)),
            }),
            Err(error) => out.push(error.on(line)),
        }
    }

    fn closed(&mut self, line: LineId) {
        self.lines.remove(&line);
    }

    fn request(&mut self, query: &Query) -> Request {
        match query {
            Query::Bars { .. } => {
                bars(&self.endpoint, &self.names, self.source.history_name(), query)
            }
            Query::DayCount { key } | Query::First { key } => {
                let names = self.vendor_names(std::slice::from_ref(key));
                newest(&self.endpoint, &names, self.source.newest_name())
            }
            Query::Newest { keys } => {
                newest(&self.endpoint, &self.vendor_names(keys), self.source.newest_name())
            }
        }
    }

    fn answered(
        &mut self,
        query: &Query,
        _now: Timestamp,
        response: &Response<'_>,
    ) -> Result<Answer, AskFault> {
        match query {
            Query::Bars { key, .. } => {
                let vendor_name = self.names.vendor_name(&key.symbol);
                read_bars(query, vendor_name, response)
            }
            Query::DayCount { .. } | Query::First { .. } => {
                Err(AskFault::Failed("alpaca is not asked that".into()))
            }
            Query::Newest { keys } => {
                let opens = read_newest(response)?;
                let of = |key: &SeriesKey| {
                    let opens_at = opens.get(self.names.vendor_name(&key.symbol))?;
                    Some((key.clone(), *opens_at))
                };
                Ok(Answer::Newest(keys.iter().filter_map(of).collect()))
            }
        }
    }

    fn login(&self, send: &mut dyn FnMut(&str)) {
        self.key.expose(|id, secret| send(&login(id, secret)));
    }

    fn sign(&self, header: &mut dyn FnMut(&str, &str)) {
        self.key.expose(|id, secret| {
            header("APCA-API-KEY-ID", id);
            header("APCA-API-SECRET-KEY", secret);
        });
    }
}
