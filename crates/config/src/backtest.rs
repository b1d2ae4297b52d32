//! The days that are replayed, and how fast.

use openbell_time::TradingDate;

use crate::fault::Fault;
use crate::reader::Object;
use crate::remarks::Remarks;

/// The days of a backtest, and its pace.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct BacktestConfig {
    /// The first day: any day, the calendar finds the sessions.
    pub start_date: TradingDate,
    /// The last day, itself included; on or after the first.
    pub end_date: TradingDate,
    /// How many times real time; 0 is as fast as possible, the default. Finite, and
    /// at least [`SPEED_MIN`](crate::SPEED_MIN) where it is not 0.
    pub speed_multiplier: f64,
    /// Sessions that are read ahead, at least 1, the default.
    pub prefetch_days: u32,
    /// The object's remarks.
    pub remarks: Remarks,
}

impl BacktestConfig {
    pub(crate) fn read(part: &Object<'_>) -> Option<BacktestConfig> {
        let start_date = part.given("start_date").and_then(|item| item.date());
        let end = part.given("end_date");
        let end_date = end.as_ref().and_then(|item| item.date());
        if let (Some(start), Some(end_date), Some(item)) = (start_date, end_date, &end)
            && end_date < start
        {
            item.error(Fault::EndBeforeStart { start, end: end_date });
        }
        let speed_multiplier = part.number("speed_multiplier");
        let prefetch_days = part.whole_number("prefetch_days");
        let remarks = part.remarks();
        Some(BacktestConfig {
            start_date: start_date?,
            end_date: end_date?,
            speed_multiplier: speed_multiplier?,
            prefetch_days: prefetch_days?,
            remarks: remarks?,
        })
    }
}
