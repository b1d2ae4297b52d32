//! Degenerate input: prices that never move, nothing traded, a single bar, days without bars,
//! prices at the ends of float64, jumps over many orders. For every indicator what stands instead
//! is written down here, name by name; nothing but finite numbers leaves.

use openbell_market::indicator::{IndicatorName as N, IndicatorSpec, Memory};
use openbell_market::{BarInterval, Ohlcv};
use openbell_processor::indicator::{
    IndicatorState, InputBar, MarketFacts, ReadyAfter, SessionLength, SessionStart,
};
use openbell_time::{Nanos, TradingDate};
use proptest::prelude::*;

const SLOTS: i64 = 6;
const FACTS: MarketFacts =
    MarketFacts { sessions_per_year: 252, bars_per_full_session: SLOTS as u32 };

fn spec_of(name: N, mut counts: [u32; 3], factor: f64) -> IndicatorSpec {
    match name {
        N::Macd => counts[1] += counts[0],
        N::UltimateOsc => counts.sort_unstable(),
        N::Hma | N::Histvol => counts[0] += 1,
        _ => {}
    }
    let params = name.parameters().iter().zip(counts).map(|(parameter, count)| {
        let is_factor = ["num_std", "atr_multiplier"].contains(&parameter.name);
        (parameter.name, if is_factor { factor } else { f64::from(count) })
    });
    let interval = match name {
        N::AtrDaily => BarInterval::DAY,
        _ => BarInterval::from_mins(5).unwrap(),
    };
    IndicatorSpec::new(name, None, params, interval).unwrap()
}

/// Bar `i` of a market with six bars a day and `days_apart` from one session to the next.
fn bar_of(i: i64, days_apart: i64, ohlcv: Ohlcv) -> InputBar {
    let (day, slot) = (i / SLOTS * days_apart, i % SLOTS);
    let midnight = TradingDate::from_days(day as i32).utc_midnight();
    InputBar { opens_at: midnight + Nanos::from_secs(300 * slot), ohlcv, slot: slot as u32 }
}

fn values(state: &IndicatorState) -> Vec<Option<f64>> {
    (0..state.n_values()).map(|field| state.value(field)).collect()
}

/// The values after each of `bars`, the sessions `days_apart`.
fn outputs(spec: &IndicatorSpec, bars: &[Ohlcv], days_apart: i64) -> Vec<Vec<Option<f64>>> {
    let mut state = IndicatorState::new(spec, &FACTS);
    let outputs = (0..).zip(bars).map(|(i, &ohlcv)| {
        let bar = bar_of(i, days_apart, ohlcv);
        let date = bar.opens_at.utc_date();
        state.start_session(&SessionStart { date, length: SessionLength::Normal });
        state.update(&bar);
        values(&state)
    });
    outputs.collect()
}

fn flat(price: f64, volume: f64) -> Ohlcv {
    Ohlcv { open: price, high: price, low: price, close: price, volume }
}

/// What an indicator shows, once it is ready, while every price is `price` and every volume
/// `volume`; `None` for absent.
fn instead(name: N, price: f64, volume: f64) -> Vec<Option<f64>> {
    let traded = |value| (volume > 0.0).then_some(value);
    match name {
        // Means and levels are the price.
        N::Sma | N::Wma | N::Ema | N::Dema | N::Tema | N::Hma | N::Twap => vec![Some(price)],
        N::Keltner | N::Donchian => vec![Some(price); 3],
        N::HighLow => vec![Some(price); 2],
        N::PivotPoints => vec![Some(price); 7],
        N::Bbands => vec![Some(price), Some(price), Some(price), Some(0.0)],
        // Absent while the volume is 0.
        N::Vwap => vec![traded(price)],
        // Nothing has moved, high equals low, the deviation is 0.
        N::Macd => vec![Some(0.0); 3],
        N::Stochastic => vec![Some(0.0); 2],
        N::GapStats => vec![Some(0.0); 4],
        N::Rsi | N::Cci | N::Roc | N::Mom | N::WilliamsR | N::UltimateOsc => vec![Some(0.0)],
        N::Adx | N::PlusDi | N::MinusDi | N::Mfi => vec![Some(0.0)],
        N::Trange | N::Atr | N::AtrDaily | N::Stddev | N::Histvol => vec![Some(0.0)],
        N::AvgRange | N::RangeRatio => vec![Some(0.0)],
        // The first bar's volume, and nothing for equal closes.
        N::Obv => vec![Some(volume)],
        N::Pvt => vec![Some(0.0)],
        // Volumes are what was traded, also where that is nothing.
        N::VolumeSma | N::AvgVolume | N::AvgVolumeIntraday => vec![Some(volume)],
        N::VolumeRatio => vec![Some(traded(1.0).unwrap_or(0.0))],
        // A flat line has no turn.
        N::SwingHigh | N::SwingLow => vec![None, None],
    }
}

/// The ready-after column of the definitions.
fn due(spec: &IndicatorSpec) -> ReadyAfter {
    let n = spec.period().unwrap_or(0);
    ReadyAfter::Bars(match spec.name() {
        N::Sma | N::Wma | N::Ema | N::Cci | N::WilliamsR | N::Bbands | N::Donchian => n,
        N::Stddev | N::VolumeSma | N::HighLow | N::AvgVolume | N::AvgRange => n,
        N::Dema => 2 * n - 1,
        N::Tema => 3 * n - 2,
        N::Hma => n + n.isqrt() - 1,
        N::Vwap | N::Twap | N::Obv => 1,
        N::Trange | N::Pvt => 2,
        N::Rsi | N::Roc | N::Mom | N::Mfi | N::Atr | N::AtrDaily | N::Histvol => n + 1,
        N::PlusDi | N::MinusDi | N::VolumeRatio | N::RangeRatio | N::GapStats => n + 1,
        N::Adx => 2 * n,
        N::Macd => spec.count("slow") + spec.count("signal") - 1,
        N::Stochastic => n + spec.count("k_period") + spec.count("d_period") - 2,
        N::UltimateOsc => {
            let periods = ["period1", "period2", "period3"].map(|period| spec.count(period));
            periods.into_iter().max().unwrap() + 1
        }
        N::Keltner => n.max(spec.count("atr_period") + 1),
        N::SwingHigh | N::SwingLow => 2 * n + 1,
        N::PivotPoints => return ReadyAfter::Sessions(1),
        N::AvgVolumeIntraday => return ReadyAfter::Sessions(n),
    })
}

fn any_spec() -> impl Strategy<Value = IndicatorSpec> {
    (prop::sample::select(N::all().collect::<Vec<_>>()), prop::array::uniform3(1..9_u32))
        .prop_map(|(name, counts)| spec_of(name, counts, 2.0))
}

/// An ordinary bar around a price of 200, drawn as cents: move, reach above and below, volume.
fn ordinary() -> impl Strategy<Value = Ohlcv> {
    (19_000..21_000_i64, -200..200_i64, 0..50_i64, 0..50_i64, 0..1_000_u32).prop_map(
        |(open, change, above, below, volume)| {
            let cents = |cents: i64| cents as f64 / 100.0;
            let close = open + change;
            Ohlcv {
                open: cents(open),
                high: cents(open.max(close) + above),
                low: cents(open.min(close) - below),
                close: cents(close),
                volume: f64::from(volume),
            }
        },
    )
}

fn times(ohlcv: Ohlcv, factor: f64) -> Ohlcv {
    Ohlcv {
        open: ohlcv.open * factor,
        high: ohlcv.high * factor,
        low: ohlcv.low * factor,
        close: ohlcv.close * factor,
        volume: ohlcv.volume,
    }
}

/// Whether field `field` is a price, and so grows as prices do.
fn is_price(name: N, field: usize) -> bool {
    match name {
        N::Bbands => field < 3,
        N::SwingHigh | N::SwingLow | N::GapStats => field == 0,
        N::Sma | N::Wma | N::Ema | N::Dema | N::Tema | N::Hma | N::Vwap | N::Twap => true,
        N::Macd | N::Mom | N::Trange | N::Atr | N::AtrDaily | N::Keltner | N::Donchian => true,
        N::Stddev | N::PivotPoints | N::HighLow | N::AvgRange => true,
        _ => false,
    }
}

#[test]
fn where_nothing_moves_every_indicator_shows_what_the_definitions_say_instead() {
    for price in [1e-300, 1e-9, 0.1, 30_123.45, 1e300] {
        for volume in [0.0, 1e-8, 7.0] {
            for name in N::all() {
                for counts in [[1, 1, 1], [5, 3, 2], [14, 20, 9]] {
                    let spec = spec_of(name, counts, 2.0);
                    let found = outputs(&spec, &vec![flat(price, volume); 120], 1).pop().unwrap();
                    let expected = instead(name, price, volume);
                    for (field, (&found, expected)) in found.iter().zip(expected).enumerate() {
                        let scale = if is_price(name, field) { price } else { 1.0 };
                        let is_so = match (found, expected) {
                            // What is 0 is 0; a mean may be a rounding away from its values.
                            (Some(found), Some(0.0)) if !is_price(name, field) => found == 0.0,
                            (Some(found), Some(expected)) => {
                                (found - expected).abs() <= 1e-13 * scale
                            }
                            (found, expected) => found == expected,
                        };
                        assert!(is_so, "{spec} at {price:e}, volume {volume}: {found:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn prices_of_zero_are_degenerate_and_no_more() {
    for name in N::all() {
        let spec = spec_of(name, [3, 2, 2], 2.0);
        let found = outputs(&spec, &[flat(0.0, 5.0); 60], 1).pop().unwrap();
        // A price of 0 has no logarithm.
        let expected = if name == N::Histvol { vec![None] } else { instead(name, 0.0, 5.0) };
        assert_eq!(found, expected, "{spec}");
    }
}

#[test]
fn one_bar_is_enough_for_what_is_due_after_one_and_for_nothing_else() {
    let only = Ohlcv { open: 10.0, high: 12.0, low: 9.0, close: 12.0, volume: 100.0 };
    for name in N::all() {
        for counts in [[1, 1, 1], [2, 1, 1], [14, 3, 3]] {
            let spec = spec_of(name, counts, 2.0);
            let found = outputs(&spec, &[only], 1).pop().unwrap();
            let is_due = due(&spec) == ReadyAfter::Bars(1);
            assert!(found.iter().all(|value| value.is_some() == is_due), "{spec}: {found:?}");
            if !is_due {
                continue;
            }
            let expected = match name {
                N::Sma | N::Wma | N::Ema | N::Dema | N::Tema | N::Twap => vec![12.0],
                N::Vwap => vec![11.0],
                N::Stochastic => vec![100.0, 100.0],
                N::Bbands => vec![12.0, 12.0, 12.0, 0.0],
                N::Donchian => vec![12.0, 9.0, 10.5],
                N::HighLow => vec![12.0, 9.0],
                N::Cci | N::WilliamsR | N::Stddev => vec![0.0],
                N::Obv | N::VolumeSma | N::AvgVolume => vec![100.0],
                N::AvgRange => vec![3.0],
                _ => panic!("{spec} is due after one bar, and no value is written down for it"),
            };
            assert_eq!(found, expected.into_iter().map(Some).collect::<Vec<_>>(), "{spec}");
        }
    }
}

#[test]
fn a_return_is_known_where_its_quotient_is_not() {
    // ln(1e300 / 1e-300) = 600·ln 10, though the quotient is past what float64 holds.
    let spec = spec_of(N::Histvol, [1, 1, 1], 2.0);
    let bars = [1e-300, 1e300, 1e-300].map(|price| flat(price, 1.0));
    let found = outputs(&spec, &bars, 1).pop().unwrap()[0].unwrap();
    // Two returns of that size with opposite signs: their sample deviation is √2 of it.
    let a_year = libm::sqrt(252.0 * SLOTS as f64) * 100.0;
    let expected = 600.0 * std::f64::consts::LN_10 * std::f64::consts::SQRT_2 * a_year;
    assert!((found / expected - 1.0).abs() < 1e-12, "{found}, not {expected}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_indicator_is_ready_when_the_definitions_say(
        name in prop::sample::select(N::all().collect::<Vec<_>>()),
        counts in prop::array::uniform3(1..500_u32),
    ) {
        let spec = spec_of(name, counts, 2.0);
        prop_assert_eq!(IndicatorState::new(&spec, &FACTS).ready_after(), due(&spec), "{}", spec);
    }

    #[test]
    fn days_without_sessions_change_nothing(
        spec in any_spec(),
        bars in prop::collection::vec(ordinary(), 1..60),
    ) {
        let (found, apart) = (outputs(&spec, &bars, 1), outputs(&spec, &bars, 97));
        // When a swing was is another instant then.
        let is_swing = matches!(spec.name(), N::SwingHigh | N::SwingLow);
        let n_fields = if is_swing { 1 } else { found[0].len() };
        for (found, apart) in found.iter().zip(&apart) {
            prop_assert_eq!(&found[..n_fields], &apart[..n_fields], "{}", spec);
        }
    }

    #[test]
    fn prices_of_any_magnitude_have_the_values_of_ordinary_ones(
        spec in any_spec(),
        bars in prop::collection::vec(ordinary(), 1..60),
        exponent in -960..900_i32,
    ) {
        let factor = libm::ldexp(1.0, exponent);
        let scaled: Vec<Ohlcv> = bars.iter().map(|&bar| times(bar, factor)).collect();
        let (found, scaled) = (outputs(&spec, &bars, 1), outputs(&spec, &scaled, 1));
        for (i, (found, scaled)) in found.iter().zip(&scaled).enumerate() {
            for field in 0..found.len() {
                let factor = if is_price(spec.name(), field) { factor } else { 1.0 };
                let is_same = match (found[field], scaled[field]) {
                    (Some(found), Some(scaled)) => {
                        let scaled = scaled / factor;
                        (found - scaled).abs() <= 1e-10 * found.abs().max(100.0)
                    }
                    (found, scaled) => found == scaled,
                };
                let place = format!("{spec} bar {i} field {field}, times 2^{exponent}");
                prop_assert!(is_same, "{place}: {:?}, not {:?}", scaled[field], found[field]);
            }
        }
    }

    #[test]
    fn a_jump_over_any_number_of_orders_is_forgotten_with_its_window(
        spec in any_spec().prop_filter("windows", |spec| spec.name().memory() == Memory::Window),
        wild in prop::collection::vec((ordinary(), -990..990_i32), 1..30),
        ordinary in prop::collection::vec(ordinary(), 40),
    ) {
        let mut bars: Vec<Ohlcv> = wild
            .iter()
            .map(|&(bar, exponent)| times(bar, libm::ldexp(1.0, exponent)))
            .collect();
        bars.extend(&ordinary);
        let (found, expected) = (outputs(&spec, &bars, 1), outputs(&spec, &ordinary, 1));
        for value in found.iter().flatten().flatten() {
            prop_assert!(value.is_finite(), "{spec}: {value}");
        }
        let (found, expected) = (found.last().unwrap(), expected.last().unwrap());
        for (&found, &expected) in found.iter().zip(expected) {
            let is_same = match (found, expected) {
                (Some(found), Some(expected)) => {
                    (found - expected).abs() <= 1e-9 * expected.abs().max(100.0)
                }
                (found, expected) => found == expected,
            };
            prop_assert!(is_same, "{spec}: {found:?}, not {expected:?}");
        }
    }
}
