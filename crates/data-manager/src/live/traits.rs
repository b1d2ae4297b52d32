//! How a vendor behaves: the table that drives what is shared by all of them.

use openbell_market::{BarInterval, Symbol};
use openbell_time::Nanos;

/// How a vendor behaves. What its pages leave open is to be answered here so that being wrong costs
/// time and no bar.
#[derive(Clone, PartialEq, Debug)]
pub struct VendorTraits {
    /// Its name in messages, lower case.
    pub name: &'static str,
    /// The intervals that its stream has.
    pub intervals: Vec<BarInterval>,
    /// What proves that a bar of the stream is closed.
    pub proof: ClosingProof,
    /// Whether a closed bar proves that none before it is missing.
    pub order: OrderPromise,
    /// What an interval without a trade has.
    pub empty: EmptyInterval,
    /// What proves that an answer of its history is whole up to an instant.
    pub reach: Reach,
    /// Which of two different closed bars counts where the stream and the history meet.
    pub winner: Winner,
    /// How long after its close a bar may still be revised, by the stream or in the history alone: so
    /// far back the history is read again after the stream was lost, and so late it has the last word.
    pub revised_within: Nanos,
    /// How long after one request that only verifies what was delivered another one may follow: the
    /// rest of the limit is for bars that somebody waits for.
    pub verifies_each: Nanos,
    /// How a bar that does not come is asked for.
    pub probe: Probe,
    /// Whether it can be asked how often a series was traded within the last day. That tells a series
    /// that nobody has ever traded, of which the history has no row, from an answer that is empty
    /// because something is amiss. Where each interval has a bar it can be asked for the first one of
    /// all, too.
    pub counts_trades: bool,
    /// The newest rows that its history has of a series; absent where it has all.
    pub n_history_rows: Option<u32>,
    /// A line on which nothing is heard for longer than this is dead.
    pub silent_after: Nanos,
    /// How often the line is pinged, where the vendor has no heartbeat of its own that could be relied
    /// on.
    pub ping_each: Option<Nanos>,
    /// Lines at once. With one, the old one is closed before the new one is made.
    pub n_lines: usize,
    /// Series a line.
    pub n_series: usize,
    /// Series a message.
    pub batch: usize,
    /// How long the vendor lets a line live, less a margin; absent where it does not say.
    pub lifetime: Option<Nanos>,
    /// Messages that we send over a line.
    pub messages: Rate,
    /// Requests, by their weight.
    pub requests: Rate,
    /// The header with the second since the epoch at which the limit of requests is whole again, for
    /// a refusal that has no `Retry-After`.
    pub reset_header: Option<&'static str>,
}

/// What proves that a bar of the stream is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClosingProof {
    /// The message says so; also where only closed ones are sent.
    Said,
    /// A later bar of the series, or the vendor's clock in a message, so long after the close.
    NextOrTime {
        /// How long.
        after: Nanos,
    },
}

/// Whether a closed bar proves that none before it is missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrderPromise {
    /// It does, while the line has not changed.
    LaterProvesEarlier,
    /// It does not.
    Nothing,
}

/// What an interval without a trade has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EmptyInterval {
    /// A bar of its own, flat and without volume: a missing one is late.
    Bar,
    /// No bar; one with a count of 0 trades is made up, and none.
    NoBar,
}

/// What proves that an answer of the history is whole up to an instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Its last row is the running one, so that all before it are closed and there.
    RunningRow,
    /// It was asked some time after the close, and again some time later, and both are equal.
    TwiceEqual {
        /// From the close to the first of both.
        after: Nanos,
        /// From the first to the second.
        apart: Nanos,
    },
}

/// Which of two different closed bars counts where the stream and the history meet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Winner {
    /// That of the stream.
    Stream,
    /// That of the history.
    History,
}

/// How a bar that does not come is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Probe {
    /// By the bars of the series, whose running row shows how far the source has come.
    Bars,
    /// By the newest bars of many series in one request, and of one that trades in every interval:
    /// where that has its bar, the source has come so far.
    Newest {
        /// The one that trades in every interval.
        reference: Symbol,
    },
}

/// How much may be sent in a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// What may be sent at once after a rest.
    pub burst: u32,
    /// After how long one more may be sent.
    pub each: Nanos,
}
