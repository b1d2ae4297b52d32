//! Every indicator by name: its class, parameters, fields, memory and reset rule.

use std::fmt;
use std::str::FromStr;

use super::IndicatorError;

/// The greatest period of any indicator, in bars.
pub const PERIOD_MAX: u32 = 100_000;

/// An indicator by name.
///
/// *Shape*: in the order of the catalogue, which goes by class.
///
/// | names | types that fit, the usual one first |
/// |---|---|
/// | sma wma ema dema tema hma | trend |
/// | vwap twap | trend, volume |
/// | rsi stochastic cci roc mom williams_r ultimate_osc | momentum |
/// | macd adx plus_di minus_di | momentum, trend |
/// | mfi | momentum, volume |
/// | trange atr stddev histvol | volatility |
/// | bbands keltner donchian | volatility, trend |
/// | obv pvt volume_sma volume_ratio | volume |
/// | pivot_points swing_high swing_low | support_resistance |
/// | high_low | support_resistance, historical |
/// | avg_volume avg_volume_intraday | historical, volume |
/// | avg_range atr_daily range_ratio | historical, volatility |
/// | gap_stats | historical |
///
/// ```
/// use openbell_market::indicator::IndicatorName;
/// assert_eq!("macd".parse::<IndicatorName>()?.fields(), ["macd", "signal", "histogram"]);
/// assert_eq!(
///     "bollinger".parse::<IndicatorName>().unwrap_err().to_string(),
///     r#"there is no indicator "bollinger"; the nearest name is bbands"#
/// );
/// # Ok::<(), openbell_market::indicator::IndicatorError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the variants are the names of the table above")]
pub enum IndicatorName {
    Sma,
    Wma,
    Ema,
    Dema,
    Tema,
    Hma,
    Vwap,
    Twap,
    Rsi,
    Macd,
    Stochastic,
    Cci,
    Roc,
    Mom,
    WilliamsR,
    UltimateOsc,
    Adx,
    PlusDi,
    MinusDi,
    Mfi,
    Trange,
    Atr,
    Bbands,
    Keltner,
    Donchian,
    Stddev,
    Histvol,
    Obv,
    Pvt,
    VolumeSma,
    VolumeRatio,
    PivotPoints,
    HighLow,
    SwingHigh,
    SwingLow,
    AvgVolume,
    AvgRange,
    AtrDaily,
    GapStats,
    RangeRatio,
    AvgVolumeIntraday,
}

/// What an indicator is about, as `type` of a session file says it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndicatorClass {
    /// Where the price goes.
    Trend,
    /// How fast it goes there.
    Momentum,
    /// How far it swings.
    Volatility,
    /// What is traded.
    Volume,
    /// Prices at which it turned.
    SupportResistance,
    /// What was usual on the days before.
    Historical,
}

/// When an indicator forgets what it has seen.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ResetRule {
    /// Never: it runs on across sessions.
    Never,
    /// At the open of each session it starts afresh.
    EachSession,
    /// At the open it takes in the sessions before, and keeps that for the session.
    FixedAtOpen,
}

/// How far back a value depends on bars.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Memory {
    /// On a fixed number of bars up to its own.
    Window,
    /// On every bar that the state has seen.
    Recursive,
    /// On the bars of its session up to its own, or of whole sessions before it.
    Sessions,
}

/// A parameter: its name, its range, and its value where none is given.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Parameter {
    /// Its name in a session file and in keys.
    pub name: &'static str,
    /// The value where none is given; absent where one must be.
    pub default: Option<f64>,
    /// The values allowed.
    pub range: ParameterRange,
}

/// The values that a parameter may have, both ends included.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ParameterRange {
    /// Whole numbers: a count of bars (of sessions for `avg_volume_intraday`).
    Count {
        /// The least.
        min: u32,
        /// The greatest.
        max: u32,
    },
    /// Any number: a factor.
    Factor {
        /// The least.
        min: f64,
        /// The greatest.
        max: f64,
    },
}

struct Row {
    name: IndicatorName,
    text: &'static str,
    classes: &'static [IndicatorClass],
    parameters: &'static [Parameter],
    fields: &'static [&'static str],
    memory: Memory,
    reset: ResetRule,
}

const fn count(name: &'static str, default: u32, min: u32) -> Parameter {
    Parameter {
        name,
        default: Some(default as f64),
        range: ParameterRange::Count { min, max: PERIOD_MAX },
    }
}

const fn required_period(min: u32) -> Parameter {
    Parameter {
        name: "period",
        default: None,
        range: ParameterRange::Count { min, max: PERIOD_MAX },
    }
}

const fn factor(name: &'static str, default: f64) -> Parameter {
    Parameter {
        name,
        default: Some(default),
        range: ParameterRange::Factor { min: 0.001, max: 1000.0 },
    }
}

const PERIOD: &[Parameter] = &[required_period(1)];
const PERIOD_5: &[Parameter] = &[count("period", 5, 1)];
const PERIOD_10: &[Parameter] = &[count("period", 10, 1)];
const PERIOD_14: &[Parameter] = &[count("period", 14, 1)];
const PERIOD_20: &[Parameter] = &[count("period", 20, 1)];

const fn row(
    name: IndicatorName,
    text: &'static str,
    classes: &'static [IndicatorClass],
    parameters: &'static [Parameter],
    memory: Memory,
) -> Row {
    Row { name, text, classes, parameters, fields: &[], memory, reset: ResetRule::Never }
}

impl Row {
    const fn fields(mut self, fields: &'static [&'static str]) -> Row {
        self.fields = fields;
        self
    }

    const fn reset(mut self, reset: ResetRule) -> Row {
        self.reset = reset;
        self
    }
}

use IndicatorClass::{Historical, Momentum, SupportResistance, Trend, Volatility, Volume};
use IndicatorName as N;
use Memory::{Recursive, Sessions, Window};

// In the order of the names, so that a name is the position of its row.
static ROWS: [Row; 41] = [
    row(N::Sma, "sma", &[Trend], PERIOD, Window),
    row(N::Wma, "wma", &[Trend], PERIOD, Window),
    row(N::Ema, "ema", &[Trend], PERIOD, Recursive),
    row(N::Dema, "dema", &[Trend], PERIOD, Recursive),
    row(N::Tema, "tema", &[Trend], PERIOD, Recursive),
    // Half a period must be a period.
    row(N::Hma, "hma", &[Trend], &[required_period(2)], Window),
    row(N::Vwap, "vwap", &[Trend, Volume], &[], Sessions).reset(ResetRule::EachSession),
    row(N::Twap, "twap", &[Trend, Volume], &[], Sessions).reset(ResetRule::EachSession),
    row(N::Rsi, "rsi", &[Momentum], PERIOD_14, Recursive),
    row(
        N::Macd,
        "macd",
        &[Momentum, Trend],
        &[count("fast", 12, 1), count("slow", 26, 2), count("signal", 9, 1)],
        Recursive,
    )
    .fields(&["macd", "signal", "histogram"]),
    row(
        N::Stochastic,
        "stochastic",
        &[Momentum],
        &[count("period", 14, 1), count("k_period", 3, 1), count("d_period", 3, 1)],
        Window,
    )
    .fields(&["k", "d"]),
    row(N::Cci, "cci", &[Momentum], PERIOD_20, Window),
    row(N::Roc, "roc", &[Momentum], PERIOD_10, Window),
    row(N::Mom, "mom", &[Momentum], PERIOD_10, Window),
    row(N::WilliamsR, "williams_r", &[Momentum], PERIOD_14, Window),
    row(
        N::UltimateOsc,
        "ultimate_osc",
        &[Momentum],
        &[count("period1", 7, 1), count("period2", 14, 1), count("period3", 28, 1)],
        Window,
    ),
    row(N::Adx, "adx", &[Momentum, Trend], PERIOD_14, Recursive),
    row(N::PlusDi, "plus_di", &[Momentum, Trend], PERIOD_14, Recursive),
    row(N::MinusDi, "minus_di", &[Momentum, Trend], PERIOD_14, Recursive),
    row(N::Mfi, "mfi", &[Momentum, Volume], PERIOD_14, Window),
    row(N::Trange, "trange", &[Volatility], &[], Window),
    row(N::Atr, "atr", &[Volatility], PERIOD_14, Recursive),
    row(
        N::Bbands,
        "bbands",
        &[Volatility, Trend],
        &[count("period", 20, 1), factor("num_std", 2.0)],
        Window,
    )
    .fields(&["upper", "middle", "lower", "bandwidth"]),
    row(
        N::Keltner,
        "keltner",
        &[Volatility, Trend],
        &[count("period", 20, 1), count("atr_period", 10, 1), factor("atr_multiplier", 2.0)],
        Recursive,
    )
    .fields(&["upper", "middle", "lower"]),
    row(N::Donchian, "donchian", &[Volatility, Trend], PERIOD_20, Window)
        .fields(&["upper", "lower", "middle"]),
    row(N::Stddev, "stddev", &[Volatility], PERIOD_20, Window),
    // A sample deviation needs two values.
    row(N::Histvol, "histvol", &[Volatility], &[count("period", 20, 2)], Window),
    row(N::Obv, "obv", &[Volume], &[], Recursive),
    row(N::Pvt, "pvt", &[Volume], &[], Recursive),
    row(N::VolumeSma, "volume_sma", &[Volume], PERIOD_20, Window),
    row(N::VolumeRatio, "volume_ratio", &[Volume], PERIOD_20, Window),
    row(N::PivotPoints, "pivot_points", &[SupportResistance], &[], Sessions)
        .fields(&["pp", "r1", "r2", "r3", "s1", "s2", "s3"])
        .reset(ResetRule::FixedAtOpen),
    row(N::HighLow, "high_low", &[SupportResistance, Historical], PERIOD, Window)
        .fields(&["high", "low"]),
    row(N::SwingHigh, "swing_high", &[SupportResistance], PERIOD_5, Recursive)
        .fields(&["price", "at"]),
    row(N::SwingLow, "swing_low", &[SupportResistance], PERIOD_5, Recursive)
        .fields(&["price", "at"]),
    row(N::AvgVolume, "avg_volume", &[Historical, Volume], PERIOD, Window),
    row(N::AvgRange, "avg_range", &[Historical, Volatility], PERIOD, Window),
    row(N::AtrDaily, "atr_daily", &[Historical, Volatility], PERIOD_14, Recursive),
    row(N::GapStats, "gap_stats", &[Historical], PERIOD, Window)
        .fields(&["mean", "count", "up", "down"]),
    row(N::RangeRatio, "range_ratio", &[Historical, Volatility], PERIOD, Window),
    row(N::AvgVolumeIntraday, "avg_volume_intraday", &[Historical, Volume], PERIOD, Sessions)
        .reset(ResetRule::FixedAtOpen),
];

// What these are called elsewhere (TA-Lib, charting programs), for suggestions only.
const OTHER_NAMES: [(&str, IndicatorName); 16] = [
    ("bollinger", N::Bbands),
    ("bollinger_bands", N::Bbands),
    ("stoch", N::Stochastic),
    ("willr", N::WilliamsR),
    ("williams", N::WilliamsR),
    ("ultosc", N::UltimateOsc),
    ("momentum", N::Mom),
    ("true_range", N::Trange),
    ("std", N::Stddev),
    ("historical_volatility", N::Histvol),
    ("keltner_channels", N::Keltner),
    ("donchian_channels", N::Donchian),
    ("hull_ma", N::Hma),
    ("money_flow_index", N::Mfi),
    ("on_balance_volume", N::Obv),
    ("pivots", N::PivotPoints),
];

impl IndicatorName {
    /// All of them, in order.
    pub fn all() -> impl ExactSizeIterator<Item = IndicatorName> {
        ROWS.iter().map(|row| row.name)
    }

    fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The name in session files and keys.
    pub fn name(self) -> &'static str {
        self.row().text
    }

    /// The classes that fit it, the usual one first; never empty.
    pub fn classes(self) -> &'static [IndicatorClass] {
        self.row().classes
    }

    /// Its parameters in the order in which keys write them, `period` first where it has one.
    pub fn parameters(self) -> &'static [Parameter] {
        self.row().parameters
    }

    /// Whether it has a parameter `period`, which keys always write.
    pub fn has_period(self) -> bool {
        self.parameters().first().is_some_and(|parameter| parameter.name == "period")
    }

    /// The names of its values; empty where there is but one, which goes by the key alone.
    ///
    /// *Units*: `at` of the swings is an instant, the open of the swing's bar, in microseconds
    /// since the epoch (as store files have it; exact as a float64 until the year 2255). `count`,
    /// `up` and `down` are numbers of bars.
    pub fn fields(self) -> &'static [&'static str] {
        self.row().fields
    }

    /// How many values it has at a bar, at least 1.
    pub fn n_values(self) -> usize {
        self.fields().len().max(1)
    }

    /// How far back its values depend on bars.
    pub fn memory(self) -> Memory {
        self.row().memory
    }

    /// When it forgets.
    pub fn reset(self) -> ResetRule {
        self.row().reset
    }

    /// Holds that the indicator may stand in the class `found`.
    ///
    /// # Errors
    ///
    /// [`IndicatorError::WrongClass`] where it is of another class.
    pub fn check_class(self, found: IndicatorClass) -> Result<(), IndicatorError> {
        if self.classes().contains(&found) {
            Ok(())
        } else {
            Err(IndicatorError::WrongClass { name: self, found })
        }
    }
}

impl FromStr for IndicatorName {
    type Err = IndicatorError;

    fn from_str(text: &str) -> Result<IndicatorName, IndicatorError> {
        if let Some(row) = ROWS.iter().find(|row| row.text == text) {
            return Ok(row.name);
        }
        let known = ROWS.iter().map(|row| (row.text, row.name)).chain(OTHER_NAMES);
        Err(IndicatorError::UnknownName { found: text.to_owned(), nearest: nearest(text, known) })
    }
}

impl IndicatorClass {
    /// All six.
    pub const ALL: [IndicatorClass; 6] =
        [Trend, Momentum, Volatility, Volume, SupportResistance, Historical];

    /// The name in session files.
    pub fn name(self) -> &'static str {
        match self {
            Trend => "trend",
            Momentum => "momentum",
            Volatility => "volatility",
            Volume => "volume",
            SupportResistance => "support_resistance",
            Historical => "historical",
        }
    }
}

impl FromStr for IndicatorClass {
    type Err = IndicatorError;

    fn from_str(text: &str) -> Result<IndicatorClass, IndicatorError> {
        let known = IndicatorClass::ALL.map(|class| (class.name(), class));
        known.iter().find(|(name, _)| *name == text).map(|(_, class)| *class).ok_or_else(|| {
            IndicatorError::UnknownClass { found: text.to_owned(), nearest: nearest(text, known) }
        })
    }
}

impl fmt::Display for IndicatorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for IndicatorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for IndicatorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for IndicatorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl ParameterRange {
    /// Both ends.
    pub fn bounds(self) -> (f64, f64) {
        match self {
            ParameterRange::Count { min, max } => (f64::from(min), f64::from(max)),
            ParameterRange::Factor { min, max } => (min, max),
        }
    }
}

/// What is called most like `text`, the first of equals. Names are short and differ by slips of
/// the finger, so it is the fewest edits that count, a swap of two letters being one; upper case
/// is no difference.
///
/// # Panics
///
/// Where `known` is empty.
pub(super) fn nearest<T>(text: &str, known: impl IntoIterator<Item = (&'static str, T)>) -> T {
    let text = text.to_lowercase();
    known
        .into_iter()
        .min_by_key(|(name, _)| strsim::damerau_levenshtein(name, &text))
        .map(|(_, item)| item)
        .expect("something is known")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_position_of_its_row() {
        for (position, row) in ROWS.iter().enumerate() {
            assert_eq!(row.name as usize, position, "{}", row.text);
            assert_eq!(row.text.parse::<IndicatorName>().unwrap(), row.name);
            assert!(!row.classes.is_empty());
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        for (found, expected) in [
            ("smaa", N::Sma),
            ("SMA", N::Sma),
            ("emа", N::Ema),
            ("bollinger_band", N::Bbands),
            ("willr", N::WilliamsR),
            ("avg_volume_intra", N::AvgVolumeIntraday),
            ("pivot_point", N::PivotPoints),
            ("stocastic", N::Stochastic),
        ] {
            let Err(IndicatorError::UnknownName { nearest, .. }) = found.parse::<IndicatorName>()
            else {
                panic!("{found} is no name");
            };
            assert_eq!(nearest, expected, "{found}");
        }
    }

    #[test]
    fn a_type_that_does_not_fit_the_name_is_refused_with_those_that_do() {
        assert_eq!(N::Vwap.check_class(Trend), Ok(()));
        assert_eq!(N::Vwap.check_class(Volume), Ok(()));
        assert_eq!(
            N::Vwap.check_class(Momentum).unwrap_err().to_string(),
            "vwap is not of type momentum; its type is trend or volume"
        );
        assert_eq!(
            "trends".parse::<IndicatorClass>().unwrap_err().to_string(),
            r#"there is no indicator type "trends"; the nearest is trend"#
        );
    }
}
