//! One indicator with its parameters on one interval, checked.

use std::fmt::{self, Write as _};
use std::hash::{Hash, Hasher};

use super::catalogue::nearest;
use super::{IndicatorError, IndicatorName, IntervalNeed, Memory, Parameter, ParameterRange};
use crate::BarInterval;

const N_PARAMETERS_MAX: usize = 3;

/// An indicator, its parameters and the interval of its bars: what one state is made for.
///
/// *Shape*: equal exactly where [`key`](IndicatorSpec::key) is; ordered by name, then parameters,
/// then interval.
///
/// ```
/// use openbell_market::BarInterval;
/// use openbell_market::indicator::{IndicatorName, IndicatorSpec};
/// let five = BarInterval::from_mins(5).unwrap();
/// let sma = IndicatorSpec::new(IndicatorName::Sma, Some(20.0), [], five)?;
/// assert_eq!(sma.key(), "sma_20_5m");
/// let macd = IndicatorSpec::new(IndicatorName::Macd, None, [("slow", 35.0), ("fast", 5.0)], five)?;
/// assert_eq!(macd.key(), "macd_5m_fast5_slow35");
/// assert_eq!(macd.count("signal"), 9);
/// # Ok::<(), openbell_market::indicator::IndicatorError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct IndicatorSpec {
    name: IndicatorName,
    interval: BarInterval,
    // In the order of the catalogue; 0 where the indicator has no more.
    values: [f64; N_PARAMETERS_MAX],
}

impl IndicatorSpec {
    /// The indicator `name` on bars of `interval`, with `period` where it has one, and `params`
    /// by name; what is not given has its default. `period` may also stand among `params`.
    ///
    /// # Errors
    ///
    /// A parameter that the indicator does not have, is given twice, is missing, out of its range
    /// or no whole number where it counts; `fast` not below `slow`, or the periods of
    /// `ultimate_osc` not ascending; an interval on which the indicator means nothing.
    pub fn new<'a>(
        name: IndicatorName,
        period: Option<f64>,
        params: impl IntoIterator<Item = (&'a str, f64)>,
        interval: BarInterval,
    ) -> Result<IndicatorSpec, IndicatorError> {
        IndicatorSpec::checked(name, period, params, interval, |parameter| parameter.range.bounds())
    }

    /// The same where the period counts sessions or weeks: one of them may hold any number of bars.
    pub(super) fn over_sessions<'a>(
        name: IndicatorName,
        period: Option<f64>,
        params: impl IntoIterator<Item = (&'a str, f64)>,
        interval: BarInterval,
    ) -> Result<IndicatorSpec, IndicatorError> {
        IndicatorSpec::checked(name, period, params, interval, |parameter| {
            let (min, max) = parameter.range.bounds();
            if parameter.name == "period" { (1.0, max) } else { (min, max) }
        })
    }

    fn checked<'a>(
        name: IndicatorName,
        period: Option<f64>,
        params: impl IntoIterator<Item = (&'a str, f64)>,
        interval: BarInterval,
        bounds: impl Fn(&Parameter) -> (f64, f64),
    ) -> Result<IndicatorSpec, IndicatorError> {
        let parameters = name.parameters();
        let mut given = [None; N_PARAMETERS_MAX];
        let period = period.map(|period| ("period", period));
        for (found, value) in period.into_iter().chain(params) {
            let Some(position) = parameters.iter().position(|known| known.name == found) else {
                let known = parameters.iter().map(|known| (known.name, Some(known.name)));
                let nearest = if parameters.is_empty() { None } else { nearest(found, known) };
                return Err(IndicatorError::UnknownParameter {
                    name,
                    found: found.to_owned(),
                    nearest,
                });
            };
            if given[position].replace(value).is_some() {
                let parameter = parameters[position].name;
                return Err(IndicatorError::ParameterTwice { name, parameter });
            }
        }
        let mut values = [0.0; N_PARAMETERS_MAX];
        for (position, parameter) in parameters.iter().enumerate() {
            let (min, max) = bounds(parameter);
            let Some(value) = given[position].or(parameter.default) else {
                return Err(IndicatorError::PeriodMissing {
                    name,
                    min: min as u32,
                    max: max as u32,
                });
            };
            let parameter_name = parameter.name;
            let counts = matches!(parameter.range, ParameterRange::Count { .. });
            if counts && value.is_finite() && value != value.trunc() {
                let (parameter, found) = (parameter_name, value);
                return Err(IndicatorError::NotWhole { name, parameter, found, min, max });
            }
            if !(min..=max).contains(&value) {
                let (parameter, found) = (parameter_name, value);
                return Err(IndicatorError::OutOfRange { name, parameter, found, min, max });
            }
            values[position] = value;
        }
        let spec = IndicatorSpec { name, interval, values };
        spec.check_order()?;
        spec.check_interval()?;
        Ok(spec)
    }

    fn check_order(&self) -> Result<(), IndicatorError> {
        let (pairs, equal_allowed): (&[(usize, usize)], bool) = match self.name {
            IndicatorName::Macd => (&[(0, 1)], false),
            IndicatorName::UltimateOsc => (&[(0, 1), (1, 2)], true),
            _ => return Ok(()),
        };
        for &(lower, upper) in pairs {
            let (lower_found, upper_found) = (self.values[lower], self.values[upper]);
            if lower_found > upper_found || (lower_found == upper_found && !equal_allowed) {
                let parameters = self.name.parameters();
                return Err(IndicatorError::NotAscending {
                    name: self.name,
                    lower: parameters[lower].name,
                    lower_found,
                    upper: parameters[upper].name,
                    upper_found,
                    equal_allowed,
                });
            }
        }
        Ok(())
    }

    // A week is no part of a session, so nothing that starts at an open can be made of weeks; and
    // only parts of a session have slots.
    fn check_interval(&self) -> Result<(), IndicatorError> {
        let needed = match self.name {
            IndicatorName::AtrDaily if self.interval != BarInterval::Day => IntervalNeed::Day,
            IndicatorName::AvgVolumeIntraday if self.interval.clock().is_none() => {
                IntervalNeed::Clock
            }
            IndicatorName::Vwap | IndicatorName::Twap | IndicatorName::PivotPoints
                if self.interval == BarInterval::Week =>
            {
                IntervalNeed::DayOrClock
            }
            _ => return Ok(()),
        };
        Err(IndicatorError::WrongInterval { name: self.name, found: self.interval, needed })
    }

    /// The indicator.
    pub fn name(&self) -> IndicatorName {
        self.name
    }

    /// The interval of the bars it is computed from.
    pub fn interval(&self) -> BarInterval {
        self.interval
    }

    /// Its period; absent where the indicator has none of that name.
    pub fn period(&self) -> Option<u32> {
        self.name.has_period().then(|| self.values[0] as u32)
    }

    /// The parameter `parameter`.
    ///
    /// # Panics
    ///
    /// Where the indicator has no such parameter: the catalogue says which it has.
    pub fn factor(&self, parameter: &str) -> f64 {
        let position = self
            .name
            .parameters()
            .iter()
            .position(|known| known.name == parameter)
            .unwrap_or_else(|| panic!("{} has no parameter {parameter}", self.name));
        self.values[position]
    }

    /// The parameter `parameter`, one that counts.
    ///
    /// # Panics
    ///
    /// Where the indicator has no such parameter.
    pub fn count(&self, parameter: &str) -> u32 {
        self.factor(parameter) as u32
    }

    /// The same indicator over `period` bars: what a window that was written in days or weeks comes to.
    ///
    /// It may be longer than the longest period that can be written in bars, as a year of minutes is.
    ///
    /// # Errors
    ///
    /// A period under the least, or an indicator without one.
    pub fn with_period(&self, period: u32) -> Result<IndicatorSpec, IndicatorError> {
        let mut params = Vec::with_capacity(N_PARAMETERS_MAX);
        let first = usize::from(self.name.has_period());
        for (position, parameter) in self.name.parameters().iter().enumerate().skip(first) {
            params.push((parameter.name, self.values[position]));
        }
        let bounds = |parameter: &Parameter| match (parameter.name, parameter.range.bounds()) {
            ("period", (min, _)) => (min, f64::from(u32::MAX)),
            (_, bounds) => bounds,
        };
        IndicatorSpec::checked(self.name, Some(f64::from(period)), params, self.interval, bounds)
    }

    /// How many bars, its own included, decide a value, where that is a fixed number: the number
    /// of bars after which there is one. Absent for indicators that remember more.
    ///
    /// ```
    /// use openbell_market::BarInterval;
    /// use openbell_market::indicator::{IndicatorName, IndicatorSpec};
    /// let hma = IndicatorSpec::new(IndicatorName::Hma, Some(16.0), [], BarInterval::DAY)?;
    /// assert_eq!(hma.window_bars(), Some(16 + 4 - 1));
    /// # Ok::<(), openbell_market::indicator::IndicatorError>(())
    /// ```
    pub fn window_bars(&self) -> Option<u32> {
        use IndicatorName as N;
        if self.name.memory() != Memory::Window {
            return None;
        }
        let period = self.values[0] as u32;
        Some(match self.name {
            N::Hma => period + period.isqrt() - 1,
            N::Stochastic => period + self.count("k_period") + self.count("d_period") - 2,
            N::UltimateOsc => self.count("period3") + 1,
            N::Trange => 2,
            N::Roc
            | N::Mom
            | N::Mfi
            | N::Histvol
            | N::VolumeRatio
            | N::GapStats
            | N::RangeRatio => period + 1,
            _ => period,
        })
    }

    /// The key: the name, `_period` where there is one, `_interval`, then every other parameter
    /// that differs from its default.
    pub fn key(&self) -> String {
        self.to_string()
    }

    /// The names under which its values stand in exports and views: the key alone, or the key,
    /// a point and the field for each field.
    ///
    /// ```
    /// use openbell_market::BarInterval;
    /// use openbell_market::indicator::{IndicatorName, IndicatorSpec};
    /// let high_low = IndicatorSpec::new(IndicatorName::HighLow, Some(5.0), [], BarInterval::DAY)?;
    /// assert_eq!(high_low.columns(), ["high_low_5_1d.high", "high_low_5_1d.low"]);
    /// # Ok::<(), openbell_market::indicator::IndicatorError>(())
    /// ```
    pub fn columns(&self) -> Vec<String> {
        let fields = self.name.fields();
        if fields.is_empty() {
            return vec![self.key()];
        }
        fields.iter().map(|field| format!("{self}.{field}")).collect()
    }
}

impl fmt::Display for IndicatorSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.name())?;
        let mut rest = self.name.parameters().iter().zip(self.values);
        if self.name.has_period()
            && let Some((_, period)) = rest.next()
        {
            write!(f, "_{period}")?;
        }
        write!(f, "_{}", self.interval)?;
        for (parameter, value) in rest {
            if parameter.default != Some(value) {
                f.write_char('_')?;
                write!(f, "{}{value}", parameter.name)?;
            }
        }
        Ok(())
    }
}

// The values are finite and none is -0, so bits, order and equality agree.
impl IndicatorSpec {
    fn rank(&self) -> (IndicatorName, [u64; N_PARAMETERS_MAX], BarInterval) {
        (self.name, self.values.map(f64::to_bits), self.interval)
    }
}

impl PartialEq for IndicatorSpec {
    fn eq(&self, other: &IndicatorSpec) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for IndicatorSpec {}

impl PartialOrd for IndicatorSpec {
    fn partial_cmp(&self, other: &IndicatorSpec) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for IndicatorSpec {
    fn cmp(&self, other: &IndicatorSpec) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl Hash for IndicatorSpec {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rank().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(
        name: &str,
        period: Option<f64>,
        params: &[(&str, f64)],
        interval: &str,
    ) -> Result<IndicatorSpec, IndicatorError> {
        IndicatorSpec::new(
            name.parse()?,
            period,
            params.iter().copied(),
            interval.parse().expect("an interval"),
        )
    }

    #[test]
    fn a_key_writes_the_period_always_and_the_rest_where_it_is_not_the_default() {
        for (name, period, params, interval, key) in [
            ("sma", Some(20.0), &[][..], "5m", "sma_20_5m"),
            ("rsi", None, &[], "5m", "rsi_14_5m"),
            ("vwap", None, &[], "1m", "vwap_1m"),
            ("macd", None, &[], "5m", "macd_5m"),
            ("macd", None, &[("fast", 12.0)], "5m", "macd_5m"),
            ("macd", None, &[("slow", 35.0), ("fast", 5.0)], "5m", "macd_5m_fast5_slow35"),
            ("bbands", None, &[], "5m", "bbands_20_5m"),
            ("bbands", Some(10.0), &[("num_std", 2.5)], "60m", "bbands_10_1h_num_std2.5"),
            ("stochastic", None, &[("d_period", 5.0)], "1m", "stochastic_14_1m_d_period5"),
            ("ultimate_osc", None, &[("period1", 6.0)], "1d", "ultimate_osc_1d_period16"),
            (
                "keltner",
                None,
                &[("atr_multiplier", 1.5), ("atr_period", 14.0)],
                "15m",
                "keltner_20_15m_atr_period14_atr_multiplier1.5",
            ),
            ("avg_volume", Some(20.0), &[], "1d", "avg_volume_20_1d"),
            ("avg_volume", None, &[("period", 20.0)], "1d", "avg_volume_20_1d"),
            ("trange", None, &[], "1w", "trange_1w"),
            ("sma", Some(PERIOD_MAX_F), &[], "1s", "sma_100000_1s"),
        ] {
            assert_eq!(spec(name, period, params, interval).unwrap().key(), key);
        }
    }

    const PERIOD_MAX_F: f64 = super::super::PERIOD_MAX as f64;

    #[test]
    fn what_cannot_be_computed_is_refused_with_the_way_out() {
        for (name, period, params, interval, message) in [
            ("sma", None, &[][..], "5m", "sma needs a period of 1 to 100000; none was given"),
            ("sma", Some(0.0), &[], "5m", "period of sma is 0; 1 to 100000 is allowed"),
            ("hma", Some(1.0), &[], "5m", "period of hma is 1; 2 to 100000 is allowed"),
            ("sma", Some(f64::NAN), &[], "5m", "period of sma is NaN; 1 to 100000 is allowed"),
            (
                "sma",
                Some(2.5),
                &[],
                "5m",
                "period of sma is 2.5; a whole number of 1 to 100000 is needed",
            ),
            (
                "macd",
                Some(12.0),
                &[],
                "5m",
                "macd has no parameter \"period\"; the nearest is slow, and it takes fast, slow, \
                 signal",
            ),
            ("vwap", Some(12.0), &[], "5m", "vwap has no parameter \"period\"; it takes none"),
            (
                "bbands",
                None,
                &[("num_stds", 2.0)],
                "5m",
                "bbands has no parameter \"num_stds\"; the nearest is num_std, and it takes \
                 period, num_std",
            ),
            (
                "bbands",
                None,
                &[("num_std", 0.0)],
                "5m",
                "num_std of bbands is 0; 0.001 to 1000 is allowed",
            ),
            (
                "sma",
                Some(3.0),
                &[("period", 3.0)],
                "5m",
                "period of sma is given twice; drop one of the two",
            ),
            (
                "macd",
                None,
                &[("fast", 26.0)],
                "5m",
                "fast of macd is 26 and slow is 26; fast must be the smaller one",
            ),
            (
                "ultimate_osc",
                None,
                &[("period1", 15.0)],
                "5m",
                "period1 of ultimate_osc is 15 and period2 is 14; period1 must be at most the \
                 other",
            ),
            ("atr_daily", None, &[], "5m", "atr_daily cannot be computed on 5m bars; 1d is needed"),
            (
                "vwap",
                None,
                &[],
                "1w",
                "vwap cannot be computed on 1w bars; 1d or an interval of seconds, minutes or \
                 hours is needed",
            ),
            (
                "avg_volume_intraday",
                Some(5.0),
                &[],
                "1d",
                "avg_volume_intraday cannot be computed on 1d bars; an interval of seconds, \
                 minutes or hours is needed",
            ),
        ] {
            assert_eq!(spec(name, period, params, interval).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn every_default_is_within_its_range() {
        for name in IndicatorName::all() {
            let needs_period = name.parameters().iter().any(|known| known.default.is_none());
            let interval = match name {
                IndicatorName::AtrDaily => BarInterval::Day,
                _ => BarInterval::from_mins(5).unwrap(),
            };
            let spec = IndicatorSpec::new(name, needs_period.then_some(7.0), [], interval).unwrap();
            assert!(spec.key().starts_with(name.name()));
            assert_eq!(spec.columns().len(), name.n_values());
        }
    }

    #[test]
    fn a_window_in_days_becomes_a_period_in_bars() {
        let bands = spec("bbands", Some(5.0), &[("num_std", 1.0)], "1m").unwrap();
        assert_eq!(bands.with_period(1950).unwrap().key(), "bbands_1950_1m_num_std1");
        assert!(spec("vwap", None, &[], "1m").unwrap().with_period(7).is_err());
    }
}
