//! The state of a served run, and pages of its symbols.

use serde::{Deserialize, Serialize};

use super::LogPlace;
use crate::status::{Gate, Status, Symbol, SymbolCounts};

/// The state of a served run: the answer of `/v1/status`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RunStatus {
    /// The number of the run, from 1.
    pub run: u64,
    /// The state; its `symbols` are those that were asked for.
    #[serde(flatten)]
    pub status: Status,
    /// The publication that readers see; null while the gate is shut.
    pub publication: Option<u64>,
    /// The epoch, also while the gate is open.
    pub epoch: Option<u64>,
    /// Where the log of events stands.
    pub log: LogPlace,
}

/// A page of symbols: the answer of `/v1/symbols`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SymbolPage {
    /// All symbols, by state.
    pub n_symbols: SymbolCounts,
    /// Those that were asked for, on all pages.
    pub n_found: usize,
    /// Those of this page, in the order asked for.
    pub symbols: Vec<Symbol>,
    /// What to ask with as `after` for the next page; null on the last.
    pub next: Option<String>,
}

/// One symbol: the answer of `/v1/symbols/{symbol}`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SymbolDetail {
    /// Its state.
    #[serde(flatten)]
    pub symbol: Symbol,
    /// Whether outside readers get data, and why not.
    pub gate: Gate,
    /// Its series as one publication shows them; null while the session is inactive or the symbol is
    /// withheld.
    pub readable: Option<Readable>,
}

/// What can be read of a symbol.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Readable {
    /// The publication that it is of.
    pub as_of: super::bars::AsOf,
    /// Its series, shortest interval first.
    pub series: Vec<SeriesSummary>,
    /// The session's figures so far; null before the first bar.
    pub metrics: Option<Metrics>,
}

/// A series in short.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SeriesSummary {
    /// The interval, as `5m`.
    pub interval: String,
    /// `base` where a feed delivers it, `derived` where it is made.
    pub role: String,
    /// Bars of this session.
    pub n_bars: usize,
    /// The close of the last of them; null where there is none.
    pub last_close: Option<String>,
    /// Base bars seen; null where quality is not kept or nothing is expected yet.
    pub n: Option<u32>,
    /// Base bars expected; null where [`SeriesSummary::n`] is.
    pub expected: Option<u32>,
    /// Runs of missing bars so far, oldest first; of a base series only.
    pub gaps: Vec<Gap>,
}

/// A run of missing bars.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Gap {
    /// The open of the first.
    pub since: String,
    /// The close of the last.
    pub until: String,
    /// How many.
    pub n_bars: u64,
}

/// The figures of a session, of one symbol.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Metrics {
    /// The first price.
    pub open: f64,
    /// The highest.
    pub high: f64,
    /// The lowest.
    pub low: f64,
    /// The last.
    pub last: f64,
    /// Shares traded.
    pub volume: f64,
    /// The average price by volume; null where nothing was traded.
    pub vwap: Option<f64>,
}
