//! Indicators on days that one can follow by hand, and over many bars of mixed magnitude.

use openbell_market::indicator::{IndicatorName as N, IndicatorSpec};
use openbell_market::{BarInterval, Ohlcv};
use openbell_processor::indicator::{
    IndicatorState, InputBar, MarketFacts, SessionLength, SessionStart,
};
use openbell_time::{Nanos, Timestamp, TradingDate};

use crate::indicator_plain::{Day, plain};

const FACTS: MarketFacts = MarketFacts { sessions_per_year: 252, bars_per_full_session: 4 };

fn spec(name: N, period: Option<f64>) -> IndicatorSpec {
    let interval = match name {
        N::AtrDaily => BarInterval::DAY,
        _ => BarInterval::from_mins(5).unwrap(),
    };
    IndicatorSpec::new(name, period, [], interval).unwrap()
}

fn bar(day: i32, slot: u32, [open, high, low, close, volume]: [f64; 5]) -> InputBar {
    let opens_at =
        TradingDate::from_days(day).utc_midnight() + Nanos::from_secs(300 * i64::from(slot));
    InputBar { opens_at, ohlcv: Ohlcv { open, high, low, close, volume }, slot }
}

fn start(day: i32, length: SessionLength) -> SessionStart {
    SessionStart { date: TradingDate::from_days(day), length }
}

fn flat(price: f64, volume: f64) -> [f64; 5] {
    [price, price, price, price, volume]
}

#[test]
fn vwap_begins_afresh_at_the_open_and_is_absent_until_something_is_traded() {
    let mut vwap = IndicatorState::new(&spec(N::Vwap, None), &FACTS);
    let mut seen = Vec::new();
    for (day, slot, values) in [
        (1, 0, flat(10.0, 0.0)),
        (1, 1, flat(10.0, 100.0)),
        (1, 2, flat(13.0, 200.0)),
        (2, 0, flat(20.0, 0.0)),
        (2, 1, flat(21.0, 5.0)),
    ] {
        vwap.start_session(&start(day, SessionLength::Normal));
        vwap.update(&bar(day, slot, values));
        seen.push(vwap.value(0));
    }
    assert_eq!(seen, [None, Some(10.0), Some(12.0), None, Some(21.0)]);
}

#[test]
fn pivot_points_skip_a_session_without_bars() {
    let mut pivots = IndicatorState::new(&spec(N::PivotPoints, None), &FACTS);
    pivots.start_session(&start(1, SessionLength::Normal));
    pivots.update(&bar(1, 0, [10.0, 14.0, 9.0, 13.0, 1.0]));
    pivots.update(&bar(1, 1, [13.0, 13.0, 8.0, 11.0, 1.0]));
    assert_eq!(pivots.value_of("pp"), None);
    pivots.start_session(&start(2, SessionLength::Normal));
    pivots.start_session(&start(3, SessionLength::Normal));
    // High 14, low 8, close 11.
    let levels = ["pp", "r1", "r2", "r3", "s1", "s2", "s3"].map(|field| pivots.value_of(field));
    assert_eq!(levels, [11.0, 14.0, 17.0, 20.0, 8.0, 5.0, 2.0].map(Some));
    pivots.update(&bar(3, 0, flat(100.0, 1.0)));
    assert_eq!(pivots.value_of("pp"), Some(11.0));
}

#[test]
fn a_half_day_neither_counts_for_nor_loses_the_usual_volume_of_a_slot() {
    let mut usual = IndicatorState::new(&spec(N::AvgVolumeIntraday, Some(2.0)), &FACTS);
    // On day 1 slot 2 is empty; day 2 is a half day; day 4 has no bar at all.
    for (day, length, volumes) in [
        (1, SessionLength::Normal, vec![(0, 10.0), (1, 20.0), (3, 40.0)]),
        (2, SessionLength::Short, vec![(0, 1000.0), (1, 1000.0)]),
        (3, SessionLength::Normal, vec![(0, 30.0), (1, 40.0), (2, 6.0), (3, 80.0)]),
    ] {
        usual.start_session(&start(day, length));
        for (slot, volume) in volumes {
            usual.update(&bar(day, slot, flat(1.0, volume)));
            assert_eq!(usual.value(0), None);
        }
    }
    usual.start_session(&start(4, SessionLength::Normal));
    assert_eq!(usual.value(0), None);
    let slots = [0, 1, 2, 3, 4].map(|slot| usual.slot_value(slot));
    assert_eq!(slots, [Some(20.0), Some(30.0), Some(3.0), Some(60.0), None]);
    usual.start_session(&start(5, SessionLength::Short));
    usual.update(&bar(5, 1, flat(1.0, 7.0)));
    // Days 3 and 4; the bar's own volume has no part in it.
    assert_eq!(usual.value(0), Some(20.0));
}

#[test]
fn a_swing_is_known_when_the_last_bar_beside_it_closes() {
    let mut swing = IndicatorState::new(&spec(N::SwingHigh, Some(2.0)), &FACTS);
    let mut seen = Vec::new();
    for (slot, high) in (0..).zip([5.0, 6.0, 9.0, 7.0, 8.0, 9.0, 9.0, 1.0, 1.0]) {
        swing.update(&bar(1, slot, flat(high, 1.0)));
        seen.push(swing.value_of("price"));
    }
    // The two nines beside each other are no swing: neither is strictly above the other.
    let nine = Some(9.0);
    assert_eq!(seen, [None, None, None, None, nine, nine, nine, nine, nine]);
    let opened_at_us = bar(1, 2, flat(0.0, 0.0)).opens_at.as_micros();
    assert_eq!(swing.value_of("at"), Some(opened_at_us as f64));
}

#[test]
fn equal_prices_have_no_channel_index_whatever_their_digits() {
    for price in [0.1, 1.1, 30_123.456_7, 1e-8, 1e15 / 7.0] {
        let mut cci = IndicatorState::new(&spec(N::Cci, None), &FACTS);
        for slot in 0..100 {
            // High, low and close in turn carry the cent, so typical prices are equal on paper.
            let up = price * (1.0 + 1e-3);
            let bars = [[up, up, price, price], [up, up, price, price], [price, up, price, price]];
            let [open, high, low, close] = bars[slot as usize % 3];
            cci.update(&bar(1, slot, [open, high, low, close, 1.0]));
            assert!(cci.value(0).is_none_or(|value| value == 0.0), "{price}: {:?}", cci.value(0));
        }
    }
}

#[test]
fn a_price_without_a_logarithm_is_out_of_the_volatility_once_its_window_is() {
    let mut histvol = IndicatorState::new(&spec(N::Histvol, Some(3.0)), &FACTS);
    let mut seen = Vec::new();
    for (slot, close) in (0..).zip([1.0, 2.0, 1.0, 2.0, -1.0, 1.0, 2.0, 1.0, 2.0]) {
        histvol.update(&bar(1, slot, flat(close, 1.0)));
        seen.push(histvol.value(0).is_some());
    }
    assert_eq!(seen, [false, false, false, true, false, false, false, false, true]);
}

/// A fixed sequence, the same on every machine.
fn random(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}

#[test]
fn nothing_drifts_over_45_000_bars_of_mixed_magnitude() {
    let mut seed = 20_250_702;
    let mut bars = Vec::new();
    for minute in 0..45_000_i64 {
        // A price of a hundred thousand that swings by cents, and twelve orders of volume.
        let price = 100_000.0 + (random(&mut seed) * 100.0).floor() / 100.0;
        let scale = libm::pow(10.0, (random(&mut seed) * 15.0).floor() - 3.0);
        let [open, close] = [price, price + (random(&mut seed) - 0.5) / 50.0];
        bars.push(InputBar {
            opens_at: Timestamp::from_secs(60 * minute).unwrap(),
            ohlcv: Ohlcv {
                open,
                high: open.max(close) + 0.01,
                low: open.min(close) - 0.01,
                close,
                volume: random(&mut seed) * scale,
            },
            slot: 0,
        });
    }
    let days = [Day { start: start(0, SessionLength::Normal), bars }];
    for name in [
        N::Sma,
        N::Wma,
        N::Ema,
        N::Tema,
        N::Rsi,
        N::Macd,
        N::Stochastic,
        N::Cci,
        N::UltimateOsc,
        N::Adx,
        N::Mfi,
        N::Atr,
        N::Bbands,
        N::Stddev,
        N::Histvol,
        N::VolumeSma,
        N::VolumeRatio,
        N::AvgRange,
    ] {
        let needs_period = name.parameters().iter().any(|known| known.default.is_none());
        let spec = spec(name, needs_period.then_some(20.0));
        let expected = plain(&spec, &FACTS, &days);
        let mut state = IndicatorState::new(&spec, &FACTS);
        let mut worst = 0.0_f64;
        for (i, bar) in days[0].bars.iter().enumerate() {
            state.update(bar);
            for (field, expected) in expected.iter().enumerate() {
                if let (Some(found), Some(expected)) = (state.value(field), expected[i]) {
                    let small = matches!(name, N::Stddev | N::Histvol | N::Atr | N::AvgRange);
                    let volume = matches!(name, N::VolumeSma | N::VolumeRatio);
                    // Deviations and volumes against themselves, which is stricter than asked.
                    let measure =
                        if small || volume { expected.abs() } else { expected.abs().max(100.0) };
                    if measure > 0.0 {
                        worst = worst.max((found - expected).abs() / measure);
                    }
                }
            }
        }
        println!("{:<24} {worst:.1e}", spec.key());
        assert!(worst < 1e-9, "{spec} is off by {worst:.1e}");
    }
}
