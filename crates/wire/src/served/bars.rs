//! Bars as columns, all of one publication.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Bars that were asked for: the answer of `/v1/bars`. All of it is of one publication, made at an
/// instant at which the session was active; no row closes after [`AsOf::instant`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BarsAnswer {
    /// The publication.
    pub as_of: AsOf,
    /// One for each symbol, in the order asked.
    pub series: Vec<BarSeries>,
}

/// One publication.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AsOf {
    /// The session clock: nothing in the answer depends on anything later.
    pub instant: String,
    /// The epoch.
    pub epoch: u64,
    /// Its number.
    pub publication: u64,
}

/// Bars of one symbol, a column a field; all columns are equally long.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BarSeries {
    /// The symbol.
    pub symbol: String,
    /// The interval, as `5m`.
    pub interval: String,
    /// `base` where a feed delivers it, `derived` where it is made.
    pub role: String,
    /// The sequence of the first row in the session; null where rows of earlier sessions come before it,
    /// and where there is no row.
    pub first: Option<usize>,
    /// Opens, each the stamp of its bar.
    pub opens_at: Vec<String>,
    /// Closes, from which on the bar may be read.
    pub closes_at: Vec<String>,
    /// First prices.
    pub open: Vec<f64>,
    /// Highest prices.
    pub high: Vec<f64>,
    /// Lowest prices.
    pub low: Vec<f64>,
    /// Last prices.
    pub close: Vec<f64>,
    /// Volumes.
    pub volume: Vec<f64>,
    /// Base bars in each.
    pub n: Vec<Option<u32>>,
    /// Base bars expected in each.
    pub expected: Vec<Option<u32>>,
    /// Columns of indicators by name; null where one was not ready, and in rows of earlier sessions.
    pub indicators: BTreeMap<String, Vec<Option<f64>>>,
    /// The bar that is forming, where it was asked for; null where none is.
    pub forming: Option<Forming>,
}

/// A window of a derived interval that has not closed: not final.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Forming {
    /// The stamp of the bar that it is going to be.
    pub since: String,
    /// When it closes.
    pub until: String,
    /// The first price.
    pub open: f64,
    /// The highest so far.
    pub high: f64,
    /// The lowest so far.
    pub low: f64,
    /// The last so far.
    pub close: f64,
    /// The volume so far.
    pub volume: f64,
    /// Base bars so far.
    pub n: u32,
    /// Base bars expected so far.
    pub expected: u32,
}
