//! Laws of every indicator, over random markets and parameters.

use openbell_market::indicator::{IndicatorName, IndicatorSpec};
use openbell_market::{BarColumns, BarInterval, Ohlcv};
use openbell_processor::indicator::{
    IndicatorState, InputBar, InputRows, MarketFacts, ReadyAfter, SessionLength, SessionStart,
    historical_values,
};
use openbell_time::{Nanos, Timestamp, TradingDate};
use proptest::prelude::*;

use crate::indicator_plain::{Day, plain};

const SLOTS: u32 = 12;
const FACTS: MarketFacts = MarketFacts { sessions_per_year: 252, bars_per_full_session: SLOTS };

/// A price of so many cents.
fn cents(cents: i64) -> f64 {
    cents as f64 / 100.0
}

/// One bar as it is drawn: whether it is there, gap, move, reach above and below, volume.
type Drawn = (bool, i64, i64, i64, i64, u32);

fn drawn_bar() -> impl Strategy<Value = Drawn> {
    let quiet = prop_oneof![3 => Just(0_i64), 5 => -300..300_i64];
    let volume = prop_oneof![1 => Just(0_u32), 5 => 0..5000_u32];
    (prop::bool::weighted(0.9), -5..6_i64, quiet, 0..40_i64, 0..40_i64, volume)
}

fn drawn_day() -> impl Strategy<Value = (SessionLength, Vec<Drawn>)> {
    prop_oneof![
        6 => prop::collection::vec(drawn_bar(), SLOTS as usize)
            .prop_map(|bars| (SessionLength::Normal, bars)),
        1 => prop::collection::vec(drawn_bar(), 0..SLOTS as usize)
            .prop_map(|bars| (SessionLength::Short, bars)),
        1 => Just((SessionLength::Normal, Vec::new())),
    ]
}

/// Sessions on a grid of five minutes, prices in cents around 200.00, with missing bars, bars
/// without volume, equal prices, half days and a day without data now and then.
fn market() -> impl Strategy<Value = Vec<Day>> {
    prop::collection::vec(drawn_day(), 1..12).prop_map(|days| {
        let mut last = 20_000_i64;
        days.into_iter()
            .enumerate()
            .map(|(i, (length, bars))| {
                let date = TradingDate::from_ymd(2025, 7, 1).unwrap().plus_days(i as i32);
                let start = SessionStart { date, length };
                let mut there = Vec::new();
                for (slot, (is_there, gap, change, above, below, volume)) in (0..).zip(bars) {
                    if is_there {
                        let open = (last + gap).max(1_000);
                        let close = (open + change).max(1_000);
                        there.push(InputBar {
                            opens_at: date.utc_midnight() + Nanos::from_secs(300 * slot),
                            ohlcv: Ohlcv {
                                open: cents(open),
                                high: cents(open.max(close) + above),
                                low: cents(open.min(close) - below),
                                close: cents(close),
                                volume: f64::from(volume),
                            },
                            slot: slot as u32,
                        });
                        last = close;
                    }
                }
                Day { start, bars: there }
            })
            .collect()
    })
}

/// Any indicator with parameters small enough to become ready.
fn spec() -> impl Strategy<Value = IndicatorSpec> {
    let names: Vec<IndicatorName> = IndicatorName::all().collect();
    (prop::sample::select(names), prop::array::uniform3(1..9_u32), 0.1..4.0_f64)
        .prop_map(|(name, counts, factor)| spec_of(name, counts, factor))
}

fn spec_of(name: IndicatorName, mut counts: [u32; 3], factor: f64) -> IndicatorSpec {
    use IndicatorName as N;
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

fn values(state: &IndicatorState) -> Vec<Option<f64>> {
    (0..state.n_values()).map(|field| state.value(field)).collect()
}

/// The values after each bar.
fn outputs(spec: &IndicatorSpec, days: &[Day]) -> Vec<Vec<Option<f64>>> {
    let mut state = IndicatorState::new(spec, &FACTS);
    let mut found = Vec::new();
    for day in days {
        state.start_session(&day.start);
        for bar in &day.bars {
            state.update(bar);
            found.push(values(&state));
        }
    }
    found
}

fn columns_of(bars: &[InputBar]) -> (BarColumns, Vec<u32>) {
    let mut columns = BarColumns::default();
    for bar in bars {
        columns.push(bar.opens_at, bar.ohlcv);
    }
    (columns, bars.iter().map(|bar| bar.slot).collect())
}

fn bits(values: &[Option<f64>]) -> Vec<Option<u64>> {
    values.iter().map(|value| value.map(f64::to_bits)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn incremental_equals_recomputed_from_scratch(spec in spec(), days in market()) {
        let expected = plain(&spec, &FACTS, &days);
        for (i, found) in outputs(&spec, &days).iter().enumerate() {
            for (field, &found) in found.iter().enumerate() {
                match (found, expected[field][i]) {
                    (None, None) => {}
                    (Some(found), Some(expected)) => {
                        // Prices are about 200, oscillators reach 100: 1e-9 of that.
                        let tolerance = 1e-9 * expected.abs().max(100.0);
                        prop_assert!(
                            (found - expected).abs() <= tolerance,
                            "{spec} field {field} at bar {i}: {found}, by definition {expected}"
                        );
                    }
                    (found, expected) => prop_assert!(
                        false,
                        "{spec} field {field} at bar {i}: {found:?}, by definition {expected:?}"
                    ),
                }
            }
        }
    }

    #[test]
    fn a_run_over_columns_equals_bar_by_bar_to_the_last_bit(
        spec in spec(),
        days in market(),
        cut in 0..12_usize,
    ) {
        let expected = outputs(&spec, &days);
        let mut state = IndicatorState::new(&spec, &FACTS);
        let mut first_row = 0;
        for day in &days {
            state.start_session(&day.start);
            let (columns, slots) = columns_of(&day.bars);
            let rows = InputRows::new(columns.as_rows(), &slots);
            let cut = cut.min(rows.len());
            // The row before the cut is given twice, and counts once.
            for range in [0..cut, cut.saturating_sub(1)..rows.len()] {
                let mut out = vec![vec![f64::NAN; range.len()]; state.n_values()];
                state.run(&rows.rows(range.clone()), &mut out.iter_mut().map(Vec::as_mut_slice));
                for i in range.clone() {
                    let found: Vec<Option<f64>> = out
                        .iter()
                        .map(|column| Some(column[i - range.start]).filter(|v| !v.is_nan()))
                        .collect();
                    let expected = &expected[first_row + i];
                    prop_assert_eq!(bits(&found), bits(expected), "{} bar {}", spec, i);
                }
                if let Some(last) = range.last() {
                    let expected = &expected[first_row + last];
                    prop_assert_eq!(bits(&values(&state)), bits(expected));
                }
            }
            first_row += rows.len();
        }
    }

    #[test]
    fn telling_a_bar_or_a_session_twice_changes_nothing(spec in spec(), days in market()) {
        let expected = outputs(&spec, &days);
        let mut state = IndicatorState::new(&spec, &FACTS);
        let mut row = 0;
        for day in &days {
            state.start_session(&day.start);
            state.start_session(&day.start);
            for (i, bar) in day.bars.iter().enumerate() {
                state.update(bar);
                let mut same = *bar;
                same.ohlcv.close += 1.0;
                state.update(&same);
                if let Some(older) = i.checked_sub(1) {
                    state.update(&day.bars[older]);
                }
                prop_assert_eq!(bits(&values(&state)), bits(&expected[row]));
                row += 1;
            }
        }
    }

    #[test]
    fn no_value_depends_on_a_later_bar(spec in spec(), days in market(), other in market()) {
        // What was known before the last day is what it is, whatever that day brings.
        let (last, before) = days.split_last().unwrap();
        let mut elsewhere = before.to_vec();
        let mut day = other[0].clone();
        let shift = last.start.date.as_days() - day.start.date.as_days();
        day.start.date = last.start.date;
        for bar in &mut day.bars {
            bar.opens_at += Nanos::from_secs(86_400 * i64::from(shift));
        }
        elsewhere.push(day);
        let n_before: usize = before.iter().map(|day| day.bars.len()).sum();
        let (found, other) = (outputs(&spec, &days), outputs(&spec, &elsewhere));
        for row in 0..n_before {
            prop_assert_eq!(bits(&found[row]), bits(&other[row]));
        }
    }

    #[test]
    fn a_clone_goes_on_as_the_original_does(spec in spec(), days in market(), at in 0..100_usize) {
        let expected = outputs(&spec, &days);
        let mut state = IndicatorState::new(&spec, &FACTS);
        let mut row = 0;
        for day in &days {
            state.start_session(&day.start);
            for bar in &day.bars {
                if row == at {
                    state = state.clone();
                }
                state.update(bar);
                prop_assert_eq!(bits(&values(&state)), bits(&expected[row]));
                row += 1;
            }
        }
    }

    #[test]
    fn doubled_prices_double_what_is_a_price_and_nothing_else(spec in spec(), days in market()) {
        // A factor of two changes no digit, so the law holds to the last bit.
        let doubled = scaled(&days, |ohlcv| Ohlcv {
            open: 2.0 * ohlcv.open,
            high: 2.0 * ohlcv.high,
            low: 2.0 * ohlcv.low,
            close: 2.0 * ohlcv.close,
            volume: ohlcv.volume,
        });
        let (found, doubled) = (outputs(&spec, &days), outputs(&spec, &doubled));
        for (found, doubled) in found.iter().zip(&doubled) {
            for field in 0..found.len() {
                let factor = if is_price(spec.name(), field) { 2.0 } else { 1.0 };
                prop_assert_eq!(found[field].map(|v| factor * v), doubled[field], "{}", spec);
            }
        }
    }

    #[test]
    fn doubled_volumes_double_what_is_a_volume_and_nothing_else(
        spec in spec(),
        days in market(),
    ) {
        let doubled = scaled(&days, |ohlcv| Ohlcv { volume: 2.0 * ohlcv.volume, ..ohlcv });
        let (found, doubled) = (outputs(&spec, &days), outputs(&spec, &doubled));
        for (found, doubled) in found.iter().zip(&doubled) {
            for field in 0..found.len() {
                let factor = if is_volume(spec.name()) { 2.0 } else { 1.0 };
                prop_assert_eq!(found[field].map(|v| factor * v), doubled[field], "{}", spec);
            }
        }
    }

    #[test]
    fn a_window_needs_no_more_than_its_bars(spec in spec(), days in market()) {
        let bars: Vec<InputBar> = days.iter().flat_map(|day| day.bars.clone()).collect();
        let (Some(n_bars), Some(expected)) =
            (spec.window_bars(), outputs(&spec, &days).pop())
        else {
            return Ok(());
        };
        let Some(since) = bars.len().checked_sub(n_bars as usize) else { return Ok(()) };
        let (columns, _) = columns_of(&bars[since..]);
        let found = historical_values(&spec, &FACTS, &columns.as_rows()).unwrap();
        for (found, expected) in found.iter().zip(expected) {
            let expected = expected.unwrap();
            prop_assert!((found - expected).abs() <= 1e-9 * expected.abs().max(100.0), "{spec}");
        }
        let (fewer, _) = columns_of(&bars[since + 1..]);
        prop_assert_eq!(historical_values(&spec, &FACTS, &fewer.as_rows()), None);
    }

    #[test]
    fn the_first_value_comes_exactly_when_it_is_due(
        name in prop::sample::select(IndicatorName::all().collect::<Vec<_>>()),
        counts in prop::array::uniform3(1..60_u32),
        seed in any::<u64>(),
    ) {
        let spec = spec_of(name, counts, 2.0);
        let mut state = IndicatorState::new(&spec, &FACTS);
        match state.ready_after() {
            ReadyAfter::Bars(due) => {
                if let Some(n_bars) = spec.window_bars() {
                    prop_assert_eq!(due, n_bars);
                }
                // Up to the middle of what a swing needs, then down, or the other way round.
                let turn = i64::from((due - 1) / 2);
                let sign = if name == IndicatorName::SwingLow { -1 } else { 1 };
                for i in 0..i64::from(due) {
                    prop_assert!(values(&state).iter().all(Option::is_none), "{spec} at {i}");
                    let noise = (seed >> (i % 60)) as i64 & 3;
                    let price = cents(100_000 + sign * (10 * (turn - (i - turn).abs()) + noise));
                    state.update(&flat_bar(i, price, 100.0));
                }
                prop_assert!(values(&state).iter().all(Option::is_some), "{spec}: {due}");
            }
            ReadyAfter::Sessions(due) => {
                for i in 0..=i64::from(due) {
                    let date = TradingDate::from_days(i as i32);
                    state.start_session(&SessionStart { date, length: SessionLength::Normal });
                    let mut bar = flat_bar(i * 1440, 10.0, 100.0);
                    bar.slot = 0;
                    state.update(&bar);
                    let is_due = i == i64::from(due);
                    prop_assert!(values(&state).iter().all(|v| v.is_some() == is_due), "{spec}");
                }
            }
        }
    }

    #[test]
    fn no_nan_and_no_infinity_leaves_an_indicator(
        spec in spec(),
        prices in prop::collection::vec(
            (prop::array::uniform4(any_finite()), any_finite()),
            1..60,
        ),
    ) {
        let mut state = IndicatorState::new(&spec, &FACTS);
        for (i, (mut prices, volume)) in (0_i64..).zip(prices) {
            let start = SessionStart {
                date: TradingDate::from_days(i as i32 / 8),
                length: SessionLength::Normal,
            };
            state.start_session(&start);
            prices.sort_unstable_by(f64::total_cmp);
            let [low, open, close, high] = prices;
            let ohlcv = Ohlcv { open, high, low, close, volume: volume.abs() };
            prop_assert_eq!(ohlcv.fault(), None);
            let opens_at = Timestamp::from_secs(i * 10_800).unwrap();
            state.update(&InputBar { opens_at, ohlcv, slot: i as u32 % 8 });
            let found: Vec<f64> = values(&state).into_iter().flatten().collect();
            prop_assert!(found.iter().all(|value| value.is_finite()), "{spec}: {found:?}");
        }
    }
}

/// Finite numbers of every size, 0 and small whole ones often.
fn any_finite() -> impl Strategy<Value = f64> {
    let wild = any::<f64>().prop_filter("finite", |value| value.is_finite());
    prop_oneof![2 => wild, 2 => (0..5_i32).prop_map(f64::from), 1 => Just(1e-310), 1 => Just(f64::MAX)]
}

fn scaled(days: &[Day], to: impl Fn(Ohlcv) -> Ohlcv) -> Vec<Day> {
    let mut days = days.to_vec();
    for bar in days.iter_mut().flat_map(|day| &mut day.bars) {
        bar.ohlcv = to(bar.ohlcv);
    }
    days
}

fn is_price(name: IndicatorName, field: usize) -> bool {
    use IndicatorName as N;
    match name {
        N::Sma | N::Wma | N::Ema | N::Dema | N::Tema | N::Hma | N::Vwap | N::Twap => true,
        N::Macd | N::Mom | N::Trange | N::Atr | N::AtrDaily | N::Keltner | N::Donchian => true,
        N::Stddev | N::PivotPoints | N::HighLow | N::AvgRange => true,
        N::Bbands => field < 3,
        N::SwingHigh | N::SwingLow | N::GapStats => field == 0,
        _ => false,
    }
}

fn is_volume(name: IndicatorName) -> bool {
    use IndicatorName as N;
    matches!(name, N::Obv | N::Pvt | N::VolumeSma | N::AvgVolume | N::AvgVolumeIntraday)
}

fn flat_bar(minute: i64, price: f64, volume: f64) -> InputBar {
    let ohlcv = Ohlcv { open: price, high: price, low: price, close: price, volume };
    let opens_at = Timestamp::from_secs(60 * minute).unwrap();
    InputBar { opens_at, ohlcv, slot: minute as u32 % SLOTS }
}
