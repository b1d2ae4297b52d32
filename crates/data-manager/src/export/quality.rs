//! The quality of a run as CSV.

use openbell_market::{Quality, SeriesKey};
use openbell_time::TradingDate;

/// The quality of one series in one session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QualityRow {
    /// The series.
    pub key: SeriesKey,
    /// The session.
    pub session_date: TradingDate,
    /// Bars that the calendar expects.
    pub expected: u32,
    /// Of these, bars that are there.
    pub present: u32,
    /// Bars in the longest gap.
    pub longest_gap: u32,
}

/// The head line of the file.
pub(super) const HEAD: &str =
    "symbol,session_date,interval,expected,present,missing,longest_gap,quality_pct\n";

impl QualityRow {
    pub(super) fn line(&self) -> String {
        let QualityRow { key, session_date, expected, present, longest_gap } = self;
        let missing = expected.saturating_sub(*present);
        // Absent where nothing is expected.
        let quality_pct = Quality::of(u64::from(*present), u64::from(*expected))
            .map(|quality| format!("{:.4}", quality.as_pct()))
            .unwrap_or_default();
        format!(
            "{},{session_date},{},{expected},{present},{missing},{longest_gap},{quality_pct}\n",
            key.symbol, key.interval
        )
    }
}
