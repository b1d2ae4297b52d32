//! What the file of a vendor knows: its names, its messages, its answers. It has no connection, no
//! clock, no thread and no randomness of its own, so that the same code runs in a simulation, over
//! loopback and against the vendor.
//!
//! Not here: when to connect, subscribe, ask and believe, which is the same for all vendors
//! ([`crate::live::Vendor`]), and the table that drives it ([`crate::live::VendorTraits`]).

use std::fmt;
use std::sync::Arc;

use openbell_market::{Ohlcv, SeriesKey};
use openbell_time::Timestamp;

use crate::feed::Trading;
use crate::live::VendorTraits;

/// One connection to a vendor's stream, numbered by the shared part; a new attempt is a new line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LineId(pub u32);

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.0)
    }
}

/// Something that came over a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frame<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// A ping or a pong of the transport, which answers pings itself, with their payload.
    /// [`Protocol::heard`] is not told of it.
    Beat,
}

/// Something to send over a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outgoing {
    /// A text message.
    Text(Box<str>),
    /// An empty ping of the transport.
    Ping,
    /// The message of [`Protocol::login`], which whoever sends it asks for at that moment: a secret
    /// waits in no queue.
    Login,
}

/// A bar as a vendor says it, over the stream or from its history.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Heard {
    /// Its open, whatever the vendor stamps it with.
    pub opens_at: Timestamp,
    /// Its values.
    pub ohlcv: Ohlcv,
    /// The number of its trades, where the vendor says it: 0 marks a bar that some vendors make up.
    pub n_trades: Option<u64>,
    /// What the message itself says of whether it is closed.
    pub closing: Closing,
}

/// What a message itself says of whether its bar is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Closing {
    /// It is closed: a flag says so, or the vendor sends no others.
    Closed,
    /// It still runs: a flag says so.
    Running,
    /// Nothing. A row of history is left so, unless the vendor marks each of them.
    Unsaid,
}

/// What a protocol makes of something heard, in order.
#[derive(Clone, PartialEq, Debug)]
pub enum Doing {
    /// Send this; at once, before anything that waits for its turn.
    Send {
        /// Over which line.
        line: LineId,
        /// What.
        message: Outgoing,
    },
    /// The line is greeted and logged in: subscriptions may be sent. Each protocol says it once a
    /// line, in [`Protocol::opened`] where nothing has to be waited for.
    Ready {
        /// Which line.
        line: LineId,
    },
    /// The vendor has confirmed a subscription, which proves nothing about data.
    Subscribed {
        /// Over which line.
        line: LineId,
        /// Which series.
        key: SeriesKey,
    },
    /// The vendor has refused a subscription, or a batch with this series in it. It is tried once
    /// again by itself; refused alone, the series is gone.
    NotSubscribed {
        /// Over which line.
        line: LineId,
        /// Which series.
        key: SeriesKey,
        /// What the vendor said.
        said: Arc<str>,
    },
    /// A bar of the stream, closed or running.
    Row {
        /// Of which series.
        key: SeriesKey,
        /// The bar.
        row: Heard,
    },
    /// The vendor's own mark that every bar closing by an instant has been sent.
    EndMark {
        /// Of which series.
        key: SeriesKey,
        /// The instant.
        through: Timestamp,
    },
    /// The vendor's clock when it sent what was just heard.
    SentAt {
        /// Over which line.
        line: LineId,
        /// Its clock.
        at: Timestamp,
        /// Where that is an answer: when it was asked for, by our clock. It shows how long the ways have
        /// taken at most, and so that our clock is ahead; a message that nobody has asked for does not.
        asked_at: Option<Timestamp>,
    },
    /// Whether an instrument trades from now on.
    Trading {
        /// Its series; all of the vendor's where absent.
        key: Option<SeriesKey>,
        /// Whether it does.
        trading: Trading,
    },
    /// The line is of no use any more.
    Close {
        /// Which line.
        line: LineId,
        /// Why.
        why: CloseCause,
    },
    /// What came could not be read; three in a minute end the line.
    Undecodable {
        /// Over which line.
        line: LineId,
        /// The beginning of it.
        found: Arc<str>,
    },
}

/// What a protocol has to say; the shared part empties it after each call.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Doings(Vec<Doing>);

impl Doings {
    /// Adds one.
    pub fn push(&mut self, doing: Doing) {
        self.0.push(doing);
    }

    /// Adds a text to be sent on `line`.
    pub fn send(&mut self, line: LineId, text: impl Into<Box<str>>) {
        self.push(Doing::Send { line, message: Outgoing::Text(text.into()) });
    }

    /// Takes all of them, in order.
    pub fn take(&mut self) -> Vec<Doing> {
        std::mem::take(&mut self.0)
    }
}

/// Why a line is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CloseCause {
    /// The transport broke, or could not be made; what was said.
    Broken(Arc<str>),
    /// Nothing was heard for longer than the vendor ever is silent, or no answer came where one was
    /// due; what was waited for.
    Silent(Arc<str>),
    /// The vendor says that it will close it soon: another one is made first, where it may be.
    Leaving,
    /// Another connection has the place of this one, for a while or for good.
    Taken(Arc<str>),
    /// The vendor is not open to us for now: maintenance, a limit, a slow reader; what it said.
    Refused(Arc<str>),
    /// The vendor refuses us for good: the key, the plan; what it said.
    Forbidden(Arc<str>),
    /// It is not needed any more.
    Unneeded,
}

impl CloseCause {
    /// The name in logs and figures.
    pub fn name(&self) -> &'static str {
        match self {
            CloseCause::Broken(_) => "broken",
            CloseCause::Silent(_) => "silent",
            CloseCause::Leaving => "leaving",
            CloseCause::Taken(_) => "taken",
            CloseCause::Refused(_) => "refused",
            CloseCause::Forbidden(_) => "forbidden",
            CloseCause::Unneeded => "unneeded",
        }
    }
}

impl fmt::Display for CloseCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CloseCause::Broken(said) => write!(f, "broken ({said})"),
            CloseCause::Silent(said) => write!(f, "silent ({said})"),
            CloseCause::Leaving => f.write_str("the vendor is about to close it"),
            CloseCause::Taken(said) => write!(f, "another connection has its place ({said})"),
            CloseCause::Refused(said) => write!(f, "refused for now ({said})"),
            CloseCause::Forbidden(said) => write!(f, "refused for good ({said})"),
            CloseCause::Unneeded => f.write_str("not needed any more"),
        }
    }
}

/// Something that is asked of a vendor's history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Query {
    /// The bars of a series, oldest first.
    Bars {
        /// Which series.
        key: SeriesKey,
        /// The open of the first one wanted; one that opens then is wanted.
        since: Timestamp,
        /// One that opens then is not wanted any more; absent for all up to the running one.
        until: Option<Timestamp>,
        /// The vendor's mark of the page, from the answer before.
        page: Option<Box<str>>,
    },
    /// The newest closed bar of each of some series.
    Newest {
        /// Which series.
        keys: Vec<SeriesKey>,
    },
    /// How often a series was traded within the last day; asked where
    /// [`VendorTraits::counts_trades`] says so.
    DayCount {
        /// Which series.
        key: SeriesKey,
    },
    /// The first bar of all of a series; asked as [`Query::DayCount`] is, and where each interval has a
    /// bar.
    First {
        /// Which series.
        key: SeriesKey,
    },
}

/// What a vendor's history answers.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// To [`Query::Bars`].
    Bars {
        /// As the vendor has them: ascending, made-up and running ones among them.
        rows: Vec<Heard>,
        /// What to ask for the rest, where there may be more.
        next: Option<Query>,
    },
    /// To [`Query::Newest`]: the opens of those that it knows of.
    Newest(Vec<(SeriesKey, Timestamp)>),
    /// To [`Query::DayCount`].
    DayCount(DayCount),
    /// To [`Query::First`]: its open; absent where there is none.
    First(Option<Timestamp>),
}

/// How often a series was traded within about a day, as far as the vendor's figures have come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DayCount {
    /// From when on trades are counted.
    pub since: Timestamp,
    /// How many there were; also 0 where the vendor has no figures of one that it lists.
    pub n_trades: u64,
    /// How far the figures have come.
    pub reach: CountReach,
}

/// How far a vendor's figures have come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CountReach {
    /// So far, as the vendor says itself.
    Through(Timestamp),
    /// The vendor does not say. This is how often one that is traded all the time was, today: where
    /// that has grown, the figures have come to where they were asked for before.
    Busy(u64),
}

/// A request to make: a GET without a body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Its address, with its parameters and without a secret.
    pub url: String,
    /// What it costs of the vendor's limit.
    pub weight: u32,
}

/// What came back to a [`Request`].
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    /// The status.
    pub status: u16,
    /// Names and values.
    pub headers: &'a [(String, String)],
    /// The text.
    pub body: &'a str,
}

impl Response<'_> {
    /// The value of a header, whose name may be written in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name))?;
        Some(value.trim())
    }
}

/// Why nothing was answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AskFault {
    /// It could not be had, or was not understood; what was said. It may be asked again.
    Failed(Arc<str>),
    /// The vendor wants nothing to be asked before an instant.
    Wait {
        /// The instant.
        until: Timestamp,
        /// What it said.
        said: Arc<str>,
    },
    /// The vendor will never answer this: it does not know the name, the plan has it not.
    Refused(Arc<str>),
}

/// A vendor, as the words that are spoken with it.
///
/// One value speaks over all lines to that vendor. It remembers what an answer is to be understood
/// by (the number of a subscription) and nothing that the shared part keeps: what is wanted, what was
/// delivered, what is due.
pub trait Protocol: Send {
    /// How this vendor behaves.
    fn traits(&self) -> &VendorTraits;

    /// Where a line connects to.
    fn stream_url(&self) -> String;

    /// A line is connected.
    fn opened(&mut self, line: LineId, now: Timestamp, out: &mut Doings);

    /// Subscribes series over a line, in one message where the vendor's form allows it; there are no
    /// more than [`VendorTraits::batch`] of them.
    fn subscribe(&mut self, line: LineId, keys: &[SeriesKey], out: &mut Doings);

    /// The counterpart of [`Protocol::subscribe`]; no confirmation is waited for.
    fn unsubscribe(&mut self, line: LineId, keys: &[SeriesKey], out: &mut Doings);

    /// Something came over a line.
    fn heard(&mut self, line: LineId, now: Timestamp, frame: Frame<'_>, out: &mut Doings);

    /// Asks for a sign of life where [`VendorTraits::ping_each`] wants one; the default is a ping of the
    /// transport.
    fn ping(&mut self, line: LineId, _now: Timestamp, out: &mut Doings) {
        out.push(Doing::Send { line, message: Outgoing::Ping });
    }

    /// A line is over: what was remembered of it may be forgotten.
    fn closed(&mut self, line: LineId);

    /// The request that asks `query`.
    fn request(&mut self, query: &Query) -> Request;

    /// Reads the answer to `query`. Statuses 408, 418, 429 and from 500 on are understood before it
    /// comes here, with their `Retry-After`.
    ///
    /// # Errors
    ///
    /// What the vendor says instead of an answer.
    fn answered(
        &mut self,
        query: &Query,
        now: Timestamp,
        response: &Response<'_>,
    ) -> Result<Answer, AskFault>;

    /// The request that asks what the vendor's clock shows; the default has none, as where its messages
    /// tell that often enough.
    fn clock_request(&self) -> Option<Request> {
        None
    }

    /// Reads the answer to [`Protocol::clock_request`], with what is said of statuses in
    /// [`Protocol::answered`].
    ///
    /// # Errors
    ///
    /// What the vendor says instead of an answer.
    fn clock_answered(&self, response: &Response<'_>) -> Result<Timestamp, AskFault> {
        Err(AskFault::Failed(format!("nothing was asked: {}", response.status).into()))
    }

    /// Hands the message of [`Outgoing::Login`] to whoever sends it; the default has none.
    fn login(&self, send: &mut dyn FnMut(&str)) {
        let _ = send;
    }

    /// Hands the secret headers of each request to whoever makes it; the default has none.
    fn sign(&self, header: &mut dyn FnMut(&str, &str)) {
        let _ = header;
    }
}

impl<P: Protocol + ?Sized> Protocol for Box<P> {
    fn traits(&self) -> &VendorTraits {
        (**self).traits()
    }

    fn stream_url(&self) -> String {
        (**self).stream_url()
    }

    fn opened(&mut self, line: LineId, now: Timestamp, out: &mut Doings) {
        (**self).opened(line, now, out);
    }

    fn subscribe(&mut self, line: LineId, keys: &[SeriesKey], out: &mut Doings) {
        (**self).subscribe(line, keys, out);
    }

    fn unsubscribe(&mut self, line: LineId, keys: &[SeriesKey], out: &mut Doings) {
        (**self).unsubscribe(line, keys, out);
    }

    fn heard(&mut self, line: LineId, now: Timestamp, frame: Frame<'_>, out: &mut Doings) {
        (**self).heard(line, now, frame, out);
    }

    fn ping(&mut self, line: LineId, now: Timestamp, out: &mut Doings) {
        (**self).ping(line, now, out);
    }

    fn closed(&mut self, line: LineId) {
        (**self).closed(line);
    }

    fn request(&mut self, query: &Query) -> Request {
        (**self).request(query)
    }

    fn answered(
        &mut self,
        query: &Query,
        now: Timestamp,
        response: &Response<'_>,
    ) -> Result<Answer, AskFault> {
        (**self).answered(query, now, response)
    }

    fn clock_request(&self) -> Option<Request> {
        (**self).clock_request()
    }

    fn clock_answered(&self, response: &Response<'_>) -> Result<Timestamp, AskFault> {
        (**self).clock_answered(response)
    }

    fn login(&self, send: &mut dyn FnMut(&str)) {
        (**self).login(send);
    }

    fn sign(&self, header: &mut dyn FnMut(&str, &str)) {
        (**self).sign(header);
    }
}
