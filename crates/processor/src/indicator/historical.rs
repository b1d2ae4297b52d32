//! The value of an indicator at the end of a window of history.

use openbell_market::BarRows;
use openbell_market::indicator::{IndicatorName, IndicatorSpec};
use openbell_time::TradingDate;

use super::input::{InputRows, MarketFacts, SessionLength, SessionStart};
use super::state::IndicatorState;

/// The values of `spec` after the bars `rows`, in the order of its fields; `None` where they are
/// too few.
///
/// The caller hands in the bars that the window of the
/// [`HistoricalSpec`](openbell_market::indicator::HistoricalSpec) names, all strictly before the
/// session's day, and the spec over as many bars as they are. For `pivot_points`, `vwap` and
/// `twap` they are the bars of one session. `avg_volume_intraday` has a value for each slot and no
/// single one: feed an [`IndicatorState`] session by session and ask
/// [`slot_value`](IndicatorState::slot_value).
///
/// *Cost*: one pass over the rows; allocates a state.
///
/// ```
/// use openbell_market::indicator::{IndicatorName, IndicatorSpec};
/// use openbell_market::{BarColumns, BarInterval, Ohlcv};
/// use openbell_processor::indicator::{MarketFacts, historical_values};
/// use openbell_time::TradingDate;
/// let mut days = BarColumns::default();
/// for (day, volume) in [(1, 100.0), (2, 300.0)] {
///     let ohlcv = Ohlcv { open: 5.0, high: 6.0, low: 4.0, close: 5.0, volume };
///     days.push(TradingDate::from_days(day).utc_midnight(), ohlcv);
/// }
/// let spec = IndicatorSpec::new(IndicatorName::AvgVolume, Some(2.0), [], BarInterval::DAY)?;
/// let facts = MarketFacts { sessions_per_year: 252, bars_per_full_session: 1 };
/// assert_eq!(historical_values(&spec, &facts, &days.as_rows()), Some(vec![200.0]));
/// # Ok::<(), openbell_market::indicator::IndicatorError>(())
/// ```
pub fn historical_values(
    spec: &IndicatorSpec,
    facts: &MarketFacts,
    rows: &BarRows<'_>,
) -> Option<Vec<f64>> {
    let rows = InputRows::from(*rows);
    let mut state = IndicatorState::new(spec, facts);
    let session =
        |day| SessionStart { date: TradingDate::from_days(day), length: SessionLength::Normal };
    // Any two dates do: what counts is that a session ended.
    state.start_session(&session(0));
    for row in 0..rows.len() {
        state.update(&rows.bar(row));
    }
    if spec.name() == IndicatorName::PivotPoints {
        state.start_session(&session(1));
    }
    (0..state.n_values()).map(|field| state.value(field)).collect()
}
