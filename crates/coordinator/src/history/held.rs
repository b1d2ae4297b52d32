//! What the trailing windows of a symbol hold.

use openbell_market::BarInterval;

/// What a trailing window of one symbol held before a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HistoryReport {
    /// The interval.
    pub interval: BarInterval,
    /// Sessions of the window; of weeks, weeks.
    pub n_sessions: u32,
    /// Of these, sessions with a bar.
    pub n_with_bars: u32,
}
