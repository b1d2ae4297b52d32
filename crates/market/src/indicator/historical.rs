//! An indicator that is computed before the session and stays fixed for the day.

use std::fmt;
use std::str::FromStr;

use super::catalogue::nearest;
use super::{IndicatorError, IndicatorName, IndicatorSpec, Memory};
use crate::BarInterval;

/// What the period of a historical indicator counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum WindowUnit {
    /// Bars of the interval.
    Bars,
    /// Sessions.
    Days,
    /// Seven calendar days each.
    Weeks,
}

/// A historical indicator: the indicator, and what its period counts.
///
/// ```
/// use openbell_market::BarInterval;
/// use openbell_market::indicator::*;
/// let spec = IndicatorSpec::new(IndicatorName::AvgVolume, Some(20.0), [], BarInterval::DAY)?;
/// let historical = HistoricalSpec::new(spec, WindowUnit::Days)?;
/// assert_eq!(historical.key(), "avg_volume_20_1d");
/// assert_eq!(historical.window(), HistoricalWindow::Sessions { n_sessions: 20 });
/// # Ok::<(), openbell_market::indicator::IndicatorError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HistoricalSpec {
    spec: IndicatorSpec,
    unit: WindowUnit,
}

/// Which bars, all strictly before the session's day, a historical indicator is computed from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HistoricalWindow {
    /// The last `n_bars` bars of the interval.
    Bars {
        /// Bars of the window, those included that only lead into it.
        n_bars: u32,
    },
    /// All bars of the last `n_sessions` sessions of the calendar; [`HistoricalSpec::over_bars`]
    /// says what to compute from them.
    Sessions {
        /// Sessions.
        n_sessions: u32,
    },
    /// All bars of the sessions in the `n_days` calendar days before the session's date, likewise.
    CalendarDays {
        /// Calendar days, seven for each week.
        n_days: u32,
    },
    /// All bars of the last session that has any.
    LastSession,
    /// The last sessions of normal length, as many, with all their slots.
    NormalSessions {
        /// Sessions.
        n_sessions: u32,
    },
    /// All the trailing history that is loaded for the interval, at the least as many bars as it
    /// takes until there is a value: the memory of these indicators has no end.
    Trailing,
}

impl HistoricalSpec {
    /// The indicator `spec` with its period counted in `unit`.
    ///
    /// # Errors
    ///
    /// Days or weeks for an indicator that is not a function of a window with one period (an EMA,
    /// an RSI).
    pub fn new(spec: IndicatorSpec, unit: WindowUnit) -> Result<HistoricalSpec, IndicatorError> {
        let name = spec.name();
        let is_recursive = name.memory() == Memory::Recursive;
        // Sessions are what `avg_volume_intraday` counts anyway.
        let counts_sessions = name == IndicatorName::AvgVolumeIntraday && unit == WindowUnit::Days;
        let takes_days = name.memory() == Memory::Window && name.has_period();
        if unit == WindowUnit::Bars || takes_days || counts_sessions {
            Ok(HistoricalSpec { spec, unit })
        } else {
            Err(IndicatorError::UnitNeedsWindow { name, unit, is_recursive })
        }
    }

    /// The indicator of that name with its parameters, the period counted in `unit`; as
    /// [`IndicatorSpec::new`], but that one session or week is enough also where one bar is not.
    ///
    /// ```
    /// use openbell_market::BarInterval;
    /// use openbell_market::indicator::*;
    /// // The deviation of one bar is nothing; that of a week of days is.
    /// let of = |unit| {
    ///     HistoricalSpec::counted(IndicatorName::Histvol, Some(1.0), [], BarInterval::DAY, unit)
    /// };
    /// assert!(of(WindowUnit::Bars).is_err());
    /// assert_eq!(of(WindowUnit::Weeks)?.window(), HistoricalWindow::CalendarDays { n_days: 7 });
    /// # Ok::<(), openbell_market::indicator::IndicatorError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`IndicatorSpec::new`] and [`HistoricalSpec::new`].
    pub fn counted<'a>(
        name: IndicatorName,
        period: Option<f64>,
        params: impl IntoIterator<Item = (&'a str, f64)>,
        interval: BarInterval,
        unit: WindowUnit,
    ) -> Result<HistoricalSpec, IndicatorError> {
        let spec = match unit {
            WindowUnit::Bars => IndicatorSpec::new(name, period, params, interval),
            WindowUnit::Days | WindowUnit::Weeks => {
                IndicatorSpec::over_sessions(name, period, params, interval)
            }
        };
        HistoricalSpec::new(spec?, unit)
    }

    /// The indicator; its period is in [`unit`](HistoricalSpec::unit).
    pub fn spec(&self) -> &IndicatorSpec {
        &self.spec
    }

    /// What its period counts.
    pub fn unit(&self) -> WindowUnit {
        self.unit
    }

    /// The bars that decide its value.
    pub fn window(&self) -> HistoricalWindow {
        let period = self.spec.period().unwrap_or(0);
        match (self.spec.name(), self.spec.window_bars(), self.unit) {
            (IndicatorName::PivotPoints | IndicatorName::Vwap | IndicatorName::Twap, _, _) => {
                HistoricalWindow::LastSession
            }
            (IndicatorName::AvgVolumeIntraday, _, _) => {
                HistoricalWindow::NormalSessions { n_sessions: period }
            }
            (_, None, _) => HistoricalWindow::Trailing,
            (_, Some(n_bars), WindowUnit::Bars) => HistoricalWindow::Bars { n_bars },
            (_, Some(_), WindowUnit::Days) => HistoricalWindow::Sessions { n_sessions: period },
            (_, Some(_), WindowUnit::Weeks) => {
                HistoricalWindow::CalendarDays { n_days: period * 7 }
            }
        }
    }

    /// The indicator whose period is the number of bars that the sessions of its window hold. It
    /// is computed from the last [`window_bars`](IndicatorSpec::window_bars) bars before the day:
    /// those bars, and, where it takes changes from bar to bar, as many before them as it needs.
    ///
    /// ```
    /// use openbell_market::BarInterval;
    /// use openbell_market::indicator::*;
    /// let minute = BarInterval::from_mins(1).unwrap();
    /// let roc = IndicatorSpec::new(IndicatorName::Roc, Some(5.0), [], minute)?;
    /// let over_five_days = HistoricalSpec::new(roc, WindowUnit::Days)?.over_bars(1950)?;
    /// assert_eq!(over_five_days.period(), Some(1950));
    /// assert_eq!(over_five_days.window_bars(), Some(1951));
    /// # Ok::<(), openbell_market::indicator::IndicatorError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A number of bars that is no period, as where the sessions hold none.
    pub fn over_bars(&self, n_bars: u32) -> Result<IndicatorSpec, IndicatorError> {
        self.spec.with_period(n_bars)
    }

    /// The key: that of the indicator, and `_unitdays` or `_unitweeks` where these count anything
    /// else than its bars; on `1d` a day is a bar.
    pub fn key(&self) -> String {
        match self.unit {
            WindowUnit::Bars => self.spec.key(),
            WindowUnit::Days if self.spec.interval() == BarInterval::Day => self.spec.key(),
            WindowUnit::Days if self.spec.name() == IndicatorName::AvgVolumeIntraday => {
                self.spec.key()
            }
            WindowUnit::Days | WindowUnit::Weeks => format!("{}_unit{}", self.spec, self.unit),
        }
    }
}

impl WindowUnit {
    /// All three.
    pub const ALL: [WindowUnit; 3] = [WindowUnit::Bars, WindowUnit::Days, WindowUnit::Weeks];

    /// The name in session files.
    pub fn name(self) -> &'static str {
        match self {
            WindowUnit::Bars => "bars",
            WindowUnit::Days => "days",
            WindowUnit::Weeks => "weeks",
        }
    }
}

impl fmt::Display for WindowUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for WindowUnit {
    type Err = IndicatorError;

    fn from_str(text: &str) -> Result<WindowUnit, IndicatorError> {
        let known = WindowUnit::ALL.map(|unit| (unit.name(), unit));
        known.iter().find(|(name, _)| *name == text).map(|(_, unit)| *unit).ok_or_else(|| {
            IndicatorError::UnknownUnit { found: text.to_owned(), nearest: nearest(text, known) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn historical(
        name: IndicatorName,
        period: Option<f64>,
        interval: &str,
        unit: WindowUnit,
    ) -> Result<HistoricalSpec, IndicatorError> {
        let interval = interval.parse().expect("an interval");
        HistoricalSpec::new(IndicatorSpec::new(name, period, [], interval)?, unit)
    }

    #[test]
    fn only_a_window_is_counted_in_days_or_weeks() {
        for (name, period) in [(IndicatorName::Ema, Some(20.0)), (IndicatorName::Rsi, None)] {
            assert!(historical(name, period, "5m", WindowUnit::Bars).is_ok());
            assert_eq!(
                historical(name, period, "5m", WindowUnit::Weeks).unwrap_err().to_string(),
                format!(
                    "{name} cannot count its period in weeks: its value depends on all bars \
                     before it, not on a window; write unit \"bars\""
                )
            );
        }
        assert_eq!(
            historical(IndicatorName::UltimateOsc, None, "5m", WindowUnit::Days)
                .unwrap_err()
                .to_string(),
            "ultimate_osc cannot count its period in days: it has no single period; write unit \
             \"bars\""
        );
    }

    #[test]
    fn the_bars_of_sessions_may_be_more_than_a_period_in_bars_can() {
        let year = historical(IndicatorName::HighLow, Some(365.0), "1m", WindowUnit::Days).unwrap();
        assert_eq!(year.over_bars(142_350).unwrap().period(), Some(142_350));
        assert!(
            historical(IndicatorName::HighLow, Some(142_350.0), "1m", WindowUnit::Bars).is_err()
        );
        assert!(year.over_bars(0).is_err(), "none is no period");
    }

    #[test]
    fn the_window_says_which_bars_decide() {
        use HistoricalWindow as W;
        for (name, period, interval, unit, window, key) in [
            (IndicatorName::Roc, None, "5m", WindowUnit::Bars, W::Bars { n_bars: 11 }, "roc_10_5m"),
            (
                IndicatorName::HighLow,
                Some(5.0),
                "5m",
                WindowUnit::Days,
                W::Sessions { n_sessions: 5 },
                "high_low_5_5m_unitdays",
            ),
            (
                IndicatorName::HighLow,
                Some(52.0),
                "1d",
                WindowUnit::Weeks,
                W::CalendarDays { n_days: 364 },
                "high_low_52_1d_unitweeks",
            ),
            (
                IndicatorName::AvgVolumeIntraday,
                Some(10.0),
                "1m",
                WindowUnit::Days,
                W::NormalSessions { n_sessions: 10 },
                "avg_volume_intraday_10_1m",
            ),
            (IndicatorName::AtrDaily, None, "1d", WindowUnit::Bars, W::Trailing, "atr_daily_14_1d"),
            (
                IndicatorName::PivotPoints,
                None,
                "1m",
                WindowUnit::Bars,
                W::LastSession,
                "pivot_points_1m",
            ),
        ] {
            let historical = historical(name, period, interval, unit).unwrap();
            assert_eq!((historical.window(), historical.key()), (window, key.to_owned()));
        }
    }

    #[test]
    fn an_unknown_unit_is_answered_with_the_nearest() {
        assert_eq!("weeks".parse::<WindowUnit>(), Ok(WindowUnit::Weeks));
        assert_eq!(
            "day".parse::<WindowUnit>().unwrap_err().to_string(),
            "there is no unit \"day\"; the nearest is days"
        );
    }
}
