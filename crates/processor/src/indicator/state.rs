//! Hot path. The state of one indicator: one enum over all formulas, bar by bar or by column.
//!
//! Never: a `dyn`, a string, an allocation or a hash at a bar. A run over columns chooses the
//! formula once, not at every row.

use openbell_market::BarInterval;
use openbell_market::indicator::{IndicatorName, IndicatorSpec};
use openbell_time::{Timestamp, TradingDate};

use super::average::{Close, Dema, Ema, Hma, Macd, Mean, Range, RatioToMean, Tema, Volume, Wma};
use super::directional::{Adx, MinusDi, PlusDi};
use super::formula::{ABSENT, Formula, ReadyAfter, settled};
use super::input::{InputBar, InputRows, MarketFacts, SessionStart};
use super::level::{GapStats, HighLow, Swing, Turn};
use super::momentum::{Cci, Mom, Roc, Rsi, Stochastic, UltimateOsc, WilliamsR};
use super::session::{AvgVolumeIntraday, PivotPoints, Twap, Vwap};
use super::volatility::{Atr, Bbands, Donchian, Histvol, Keltner, Stddev, Trange};
use super::volume::{Mfi, Obv, Pvt};

/// The most values that an indicator has at a bar.
pub const N_VALUES_MAX: usize = 7;

/// An indicator at work: it has seen bars, and knows its values at the last of them.
///
/// Two states with the same input are the same, and a clone goes on as the original does.
///
/// *Time*: the values depend on the bars given so far and on nothing else.
///
/// *Cost*: memory for its windows, laid out when it is made: 8 bytes a bar of period for means and
/// extremes (twice that for a high and a low, five times for deviations), none for exponential and
/// Wilder means. A bar costs a constant number of operations, counted over a period
/// (`cci` one that grows with its period).
///
/// ```
/// use openbell_market::indicator::{IndicatorName, IndicatorSpec};
/// use openbell_market::{BarInterval, Ohlcv};
/// use openbell_processor::indicator::{IndicatorState, InputBar, MarketFacts, ReadyAfter};
/// use openbell_time::Timestamp;
/// let minute = BarInterval::from_mins(1).unwrap();
/// let spec = IndicatorSpec::new(IndicatorName::Sma, Some(2.0), [], minute)?;
/// let facts = MarketFacts { sessions_per_year: 252, bars_per_full_session: 390 };
/// let mut sma = IndicatorState::new(&spec, &facts);
/// assert_eq!(sma.ready_after(), ReadyAfter::Bars(2));
/// for (second, close) in [(0, 10.0), (60, 11.0), (120, 14.0)] {
///     let ohlcv = Ohlcv { open: close, high: close, low: close, close, volume: 100.0 };
///     let opens_at = Timestamp::from_secs(second).unwrap();
///     sma.update(&InputBar { opens_at, ohlcv, slot: second as u32 / 60 });
/// }
/// assert_eq!(sma.value(0), Some(12.5));
/// # Ok::<(), openbell_market::indicator::IndicatorError>(())
/// ```
#[derive(Clone, Debug)]
pub struct IndicatorState {
    spec: IndicatorSpec,
    code: Code,
    session: Option<TradingDate>,
    last_opens_at_ns: Option<i64>,
    // ABSENT past the values that the indicator has.
    values: [f64; N_VALUES_MAX],
}

// One line for each shape of code, and from it the enum and every choice between its variants.
macro_rules! codes {
    ($($variant:ident($code:ty)),* $(,)?) => {
        #[derive(Clone, Debug)]
        enum Code {
            $($variant($code),)*
        }

        impl Code {
            fn ready_after(&self) -> ReadyAfter {
                match self {
                    $(Code::$variant(code) => code.ready_after(),)*
                }
            }

            fn start_session(&mut self, start: &SessionStart, values: &mut [f64; N_VALUES_MAX]) {
                match self {
                    $(Code::$variant(code) => {
                        if let Some(news) = code.start_session(start) {
                            write_settled(&news, values);
                        }
                    })*
                }
            }

            fn step(&mut self, bar: &InputBar, values: &mut [f64; N_VALUES_MAX]) {
                match self {
                    $(Code::$variant(code) => write_settled(&code.step(bar), values),)*
                }
            }

            fn run<'a>(
                &mut self,
                last_opens_at_ns: &mut Option<i64>,
                rows: &InputRows<'_>,
                values: &mut [f64; N_VALUES_MAX],
                out: &mut impl Iterator<Item = &'a mut [f64]>,
            ) {
                match self {
                    $(Code::$variant(code) => run(code, last_opens_at_ns, rows, values, out),)*
                }
            }
        }
    };
}

codes! {
    MeanClose(Mean<Close>),
    MeanVolume(Mean<Volume>),
    MeanRange(Mean<Range>),
    VolumeRatio(RatioToMean<Volume>),
    RangeRatio(RatioToMean<Range>),
    Wma(Wma),
    Ema(Ema),
    Dema(Dema),
    Tema(Tema),
    Hma(Hma),
    Macd(Macd),
    Vwap(Vwap),
    Twap(Twap),
    PivotPoints(PivotPoints),
    AvgVolumeIntraday(AvgVolumeIntraday),
    Rsi(Rsi),
    Stochastic(Stochastic),
    Cci(Cci),
    Roc(Roc),
    Mom(Mom),
    WilliamsR(WilliamsR),
    UltimateOsc(UltimateOsc),
    Adx(Adx),
    PlusDi(PlusDi),
    MinusDi(MinusDi),
    Mfi(Mfi),
    Obv(Obv),
    Pvt(Pvt),
    Trange(Trange),
    Atr(Atr),
    Stddev(Stddev),
    Bbands(Bbands),
    Keltner(Keltner),
    Donchian(Donchian),
    Histvol(Histvol),
    HighLow(HighLow),
    Swing(Swing),
    GapStats(GapStats),
}

impl Code {
    fn new(spec: &IndicatorSpec, facts: &MarketFacts) -> Code {
        use IndicatorName as N;
        let n = spec.period().unwrap_or(0);
        match spec.name() {
            N::Sma => Code::MeanClose(Mean::new(n)),
            N::Wma => Code::Wma(Wma::new(n)),
            N::Ema => Code::Ema(Ema::new(n)),
            N::Dema => Code::Dema(Dema::new(n)),
            N::Tema => Code::Tema(Tema::new(n)),
            N::Hma => Code::Hma(Hma::new(n)),
            N::Vwap => Code::Vwap(Vwap::default()),
            N::Twap => Code::Twap(Twap::default()),
            N::Rsi => Code::Rsi(Rsi::new(n)),
            N::Macd => {
                Code::Macd(Macd::new(spec.count("fast"), spec.count("slow"), spec.count("signal")))
            }
            N::Stochastic => {
                Code::Stochastic(Stochastic::new(n, spec.count("k_period"), spec.count("d_period")))
            }
            N::Cci => Code::Cci(Cci::new(n)),
            N::Roc => Code::Roc(Roc::new(n)),
            N::Mom => Code::Mom(Mom::new(n)),
            N::WilliamsR => Code::WilliamsR(WilliamsR::new(n)),
            N::UltimateOsc => Code::UltimateOsc(UltimateOsc::new(
                ["period1", "period2", "period3"].map(|period| spec.count(period)),
            )),
            N::Adx => Code::Adx(Adx::new(n)),
            N::PlusDi => Code::PlusDi(PlusDi::new(n)),
            N::MinusDi => Code::MinusDi(MinusDi::new(n)),
            N::Mfi => Code::Mfi(Mfi::new(n)),
            N::Trange => Code::Trange(Trange::new()),
            N::Atr | N::AtrDaily => Code::Atr(Atr::new(n)),
            N::Bbands => Code::Bbands(Bbands::new(n, spec.factor("num_std"))),
            N::Keltner => Code::Keltner(Keltner::new(
                n,
                spec.count("atr_period"),
                spec.factor("atr_multiplier"),
            )),
            N::Donchian => Code::Donchian(Donchian::new(n)),
            N::Stddev => Code::Stddev(Stddev::new(n)),
            N::Histvol => Code::Histvol(Histvol::new(n, bars_per_year(spec, facts))),
            N::Obv => Code::Obv(Obv::new()),
            N::Pvt => Code::Pvt(Pvt::new()),
            N::VolumeSma | N::AvgVolume => Code::MeanVolume(Mean::new(n)),
            N::VolumeRatio => Code::VolumeRatio(RatioToMean::new(n)),
            N::PivotPoints => Code::PivotPoints(PivotPoints::new()),
            N::HighLow => Code::HighLow(HighLow::new(n)),
            N::SwingHigh => Code::Swing(Swing::new(Turn::High, n)),
            N::SwingLow => Code::Swing(Swing::new(Turn::Low, n)),
            N::AvgRange => Code::MeanRange(Mean::new(n)),
            N::GapStats => Code::GapStats(GapStats::new(n)),
            N::RangeRatio => Code::RangeRatio(RatioToMean::new(n)),
            N::AvgVolumeIntraday => {
                Code::AvgVolumeIntraday(AvgVolumeIntraday::new(n, facts.bars_per_full_session))
            }
        }
    }
}

// A year has 52 weeks in every market.
fn bars_per_year(spec: &IndicatorSpec, facts: &MarketFacts) -> f64 {
    match spec.interval() {
        BarInterval::Week => 52.0,
        BarInterval::Day => f64::from(facts.sessions_per_year),
        BarInterval::Clock(_) => {
            f64::from(facts.sessions_per_year) * f64::from(facts.bars_per_full_session)
        }
    }
}

#[inline]
fn write_settled<const N: usize>(news: &[f64; N], values: &mut [f64; N_VALUES_MAX]) {
    for (value, &new) in values.iter_mut().zip(news) {
        *value = settled(new);
    }
}

// A function for each formula, with its step inside of the loop.
#[inline(never)]
fn run<'a, const N: usize>(
    code: &mut impl Formula<N>,
    last_opens_at_ns: &mut Option<i64>,
    rows: &InputRows<'_>,
    values: &mut [f64; N_VALUES_MAX],
    out: &mut impl Iterator<Item = &'a mut [f64]>,
) {
    let n_rows = rows.len();
    let mut columns: [&mut [f64]; N] = std::array::from_fn(|_| {
        let column = out.next().expect("a column for each value of the indicator");
        &mut column[..n_rows]
    });
    // Slices of one known length, so that the loop checks no bounds.
    let whole = rows.rows(0..n_rows);
    let mut last_ns = last_opens_at_ns.unwrap_or(i64::MIN);
    let mut is_first = last_opens_at_ns.is_none();
    let mut held: [f64; N] = std::array::from_fn(|i| values[i]);
    for row in 0..n_rows {
        let bar = whole.bar(row);
        let opens_at_ns = bar.opens_at.as_nanos();
        if opens_at_ns > last_ns || is_first {
            is_first = false;
            last_ns = opens_at_ns;
            held = code.step(&bar).map(settled);
        }
        for (column, &value) in columns.iter_mut().zip(&held) {
            column[row] = value;
        }
    }
    if n_rows > 0 {
        *last_opens_at_ns = Some(last_ns);
        values[..N].copy_from_slice(&held);
    }
}

impl IndicatorState {
    /// A state that has seen nothing yet.
    ///
    /// *Cost*: allocates its windows.
    pub fn new(spec: &IndicatorSpec, facts: &MarketFacts) -> IndicatorState {
        IndicatorState {
            spec: *spec,
            code: Code::new(spec, facts),
            session: None,
            last_opens_at_ns: None,
            values: [ABSENT; N_VALUES_MAX],
        }
    }

    /// The indicator, its parameters and its interval.
    pub fn spec(&self) -> &IndicatorSpec {
        &self.spec
    }

    /// After how much the indicator has a value at the earliest, by the code that computes it.
    pub fn ready_after(&self) -> ReadyAfter {
        self.code.ready_after()
    }

    /// Takes in that a session begins, before its first bar: `vwap` and `twap` start afresh,
    /// `pivot_points` and `avg_volume_intraday` take in the session before. The others run on.
    /// Told twice of one date, it changes nothing the second time.
    pub fn start_session(&mut self, start: &SessionStart) {
        if self.session != Some(start.date) {
            self.session = Some(start.date);
            self.code.start_session(start, &mut self.values);
        }
    }

    /// Takes in the next bar. One that does not open after the last one taken changes nothing.
    pub fn update(&mut self, bar: &InputBar) {
        let opens_at_ns = bar.opens_at.as_nanos();
        if self.last_opens_at_ns.is_none_or(|last| opens_at_ns > last) {
            self.last_opens_at_ns = Some(opens_at_ns);
            self.code.step(bar, &mut self.values);
        }
    }

    /// Takes in the bars `rows` of one session and writes the values at each to the columns that
    /// it takes from `out`, bit for bit those of [`update`](IndicatorState::update) at each. NaN
    /// means an absent value and nothing else, as store codecs want it.
    ///
    /// *Shape*: one column for each value, in the order of the fields, each with room for the
    /// rows; what lies past them is left as it is.
    ///
    /// # Panics
    ///
    /// Where there are too few columns or one is too short.
    pub fn run<'a>(&mut self, rows: &InputRows<'_>, out: &mut impl Iterator<Item = &'a mut [f64]>) {
        self.code.run(&mut self.last_opens_at_ns, rows, &mut self.values, out);
    }

    /// The open of the last bar taken.
    pub fn last_opens_at(&self) -> Option<Timestamp> {
        self.last_opens_at_ns.map(Timestamp::from_nanos)
    }

    /// How many values the indicator has at a bar.
    pub fn n_values(&self) -> usize {
        self.spec.name().n_values()
    }

    /// The value of field `field`, a position in
    /// [`fields`](openbell_market::indicator::IndicatorName::fields), 0 where there are none;
    /// absent until ready. Finite.
    ///
    /// # Panics
    ///
    /// Where the indicator has no such field.
    pub fn value(&self, field: usize) -> Option<f64> {
        assert!(field < self.n_values(), "{} has no field {field}", self.spec);
        let value = self.values[field];
        (!value.is_nan()).then_some(value)
    }

    /// The value of the field of that name; absent until ready.
    ///
    /// # Panics
    ///
    /// Where the indicator has no such field.
    pub fn value_of(&self, field: &str) -> Option<f64> {
        let fields = self.spec.name().fields();
        let position = fields.iter().position(|known| *known == field);
        self.value(position.unwrap_or_else(|| panic!("{} has no field {field}", self.spec)))
    }

    /// All values, in the order of the fields; NaN means an absent one and nothing else,
    /// as store codecs want it.
    ///
    /// # Panics
    ///
    /// Where `out` is not as long as there are values.
    pub fn write_values(&self, out: &mut [f64]) {
        out.copy_from_slice(&self.values[..self.n_values()]);
    }

    /// The value of `avg_volume_intraday` for any slot of the session, before and after its bar;
    /// absent until ready, for slots that an ordinary session does not have, and for every other
    /// indicator.
    pub fn slot_value(&self, slot: u32) -> Option<f64> {
        match &self.code {
            Code::AvgVolumeIntraday(code) => {
                code.slot_mean(slot).map(settled).filter(|mean| !mean.is_nan())
            }
            _ => None,
        }
    }
}
