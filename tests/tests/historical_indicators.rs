//! Indicators that are fixed for the day, beside a plain reference: which bars their window holds,
//! counted in bars, days or weeks, and that they read as far back as it takes.

use openbell_market::indicator::{IndicatorName, IndicatorSpec, Memory};
use openbell_market::{BarInterval, Ohlcv};
use openbell_processor::indicator::{IndicatorState, InputBar, MarketFacts};
use openbell_tests::{Stored, Story, bar_at, dated, flat, plain_fold};
use openbell_time::{Nanos, Session, TimeManager, Timestamp, TradingDate};
use proptest::prelude::*;

fn sessions() -> Vec<Session> {
    // Memorial Day is a Monday, Juneteenth a Thursday, and July begins with a half day.
    let calendar = TimeManager::new().calendar("XNYS").expect("embedded");
    let dates = "2025-05-05".parse().unwrap()..="2025-07-08".parse().unwrap();
    calendar.sessions(dates).expect("known dates").to_vec()
}

fn chance(seed: u64, of: u64) -> u64 {
    let mut x = seed ^ of.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (x ^ (x >> 27)) % 1_000
}

type Row = (Timestamp, Ohlcv);

/// Minutes of a symbol that trades in about `per_mille` of them, not at all on some days, and
/// before the open and after the close as well.
fn rows(per_mille: u64, seed: u64) -> Vec<Row> {
    let mut rows = Vec::new();
    for session in sessions() {
        if chance(seed, session.date.as_days() as u64) < 150 {
            continue;
        }
        let mut at = session.open - Nanos::from_secs(1800);
        while at < session.close + Nanos::from_secs(1800) {
            if chance(seed, at.as_secs() as u64) < per_mille {
                rows.push((at, bar_at("AAA", at)));
            }
            at += Nanos::from_secs(60);
        }
    }
    rows
}

/// The value of `name` with `period` bars after `bars`.
fn over(name: IndicatorName, period: usize, interval: BarInterval, bars: &[Row]) -> Option<f64> {
    let spec = IndicatorSpec::new(name, Some(period as f64), [], interval).ok()?;
    let width_s =
        interval.clock().map_or(23_400, |clock| clock.length().as_nanos() / 1_000_000_000);
    let facts = MarketFacts {
        sessions_per_year: 252,
        bars_per_full_session: 23_400_u32.div_ceil(width_s as u32),
    };
    let mut state = IndicatorState::new(&spec, &facts);
    for &(opens_at, ohlcv) in bars {
        state.update(&InputBar { opens_at, ohlcv, slot: 0 });
    }
    state.value(0)
}

/// The value by the definition: the window's bars are the period, and where the store holds less
/// than the window and what leads into it there is none.
fn expected(
    name: IndicatorName,
    (period, unit): (u32, &str),
    interval: &str,
    day: TradingDate,
    rows: &[Row],
) -> Option<f64> {
    let interval: BarInterval = interval.parse().unwrap();
    let width = interval.clock().map(|clock| clock.length());
    let all: Vec<Session> = sessions().into_iter().filter(|session| session.date < day).collect();
    let since = match unit {
        "days" => all[all.len().checked_sub(period as usize)?].date,
        _ => day.plus_days(-7 * period as i32),
    };
    let in_sessions = |from: TradingDate| -> Vec<Row> {
        let sessions = all.iter().filter(|session| session.date >= from);
        sessions.flat_map(|session| plain_fold(session, width, rows)).collect()
    };
    let bars = in_sessions(all[0].date);
    let n_bars = if unit == "bars" { period as usize } else { in_sessions(since).len() };
    if unit != "bars" {
        let first = all.iter().find(|session| session.date >= since)?;
        bars.first().filter(|(at, _)| *at < first.close)?;
    }
    over(name, n_bars, interval, &bars)
}

fn fixed(story: &Story) -> Result<f64, String> {
    let mut reader = story.engine.outside_reader();
    let view = reader.view().expect("active");
    let fixed = view.symbol("AAA").expect("a member").historical_indicators();
    fixed[0].value.clone().map_err(|why| why.to_string())
}

/// Everything that needs no more than its window, with a period of its own.
fn windowed() -> Vec<IndicatorName> {
    let is_windowed = |name: &IndicatorName| {
        name.memory() == Memory::Window && name.has_period() && *name != IndicatorName::AtrDaily
    };
    IndicatorName::all().filter(is_windowed).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn a_fixed_indicator_is_that_of_the_bars_of_its_window(
        name in prop::sample::select(windowed()),
        (unit, period) in prop_oneof![
            (Just("bars"), 1..60_u32),
            (Just("days"), 1..12_u32),
            (Just("weeks"), 1..4_u32),
        ],
        interval in prop::sample::select(vec!["1m", "5m", "1h", "1d"]),
        hours in prop::sample::select(vec!["regular", "extended"]),
        day in prop::sample::select(vec!["2025-05-27", "2025-06-20", "2025-06-23", "2025-07-07"]),
        per_mille in prop::sample::select(vec![1_u64, 3, 40, 400]),
        seed in any::<u64>(),
    ) {
        let minute = BarInterval::from_mins(1).unwrap();
        let spec = IndicatorSpec::new(name, Some(f64::from(period)), [], minute);
        prop_assume!(unit != "bars" || spec.is_ok());
        let rows = rows(per_mille, seed);
        prop_assume!(!rows.is_empty());
        let stored = Stored::new("US_EQUITY").with_rows("AAA", "1m", rows.iter().copied());
        let more = format!(
            r#", "hours": "{hours}", "base_interval": "1m", "indicators": {{"historical": [
                {{"name": "{name}", "period": {period}, "unit": "{unit}",
                  "interval": "{interval}"}}]}}"#
        );
        let mut story = stored.story(&dated((day, day), r#"["AAA"]"#, r#"["1m"]"#, &more));
        story.run_to(day, 9, 30);
        let found = fixed(&story);
        let expected =
            expected(name, (period, unit), interval, day.parse().unwrap(), &rows);
        match (&found, expected) {
            (Ok(found), Some(expected)) => {
                prop_assert!((found - expected).abs() <= 1e-9 * expected.abs().max(100.0),
                    "{name} over {period} {unit} of {interval}: {found}, not {expected}");
            }
            (Err(_), None) => {}
            (found, expected) => prop_assert!(false, "{found:?}, not {expected:?}"),
        }
    }
}

/// A stretch without bars is no end of the store: the bar before it is as far back as it lies.
#[test]
fn a_fixed_indicator_reads_over_a_hundred_sessions_without_a_bar() {
    let calendar = TimeManager::new().calendar("XNYS").expect("embedded");
    let before = calendar.sessions_before("2025-07-07".parse().unwrap(), 120).unwrap();
    let rows = [(before[0].open, flat(10.0, 1.0)), (before[118].open, flat(13.0, 1.0))];
    let stored = Stored::new("US_EQUITY").with_rows("AAA", "1m", rows);
    let sma_of = |period: u32, unit: &str| {
        let more = format!(
            r#", "indicators": {{"historical": [
                {{"name": "sma", "period": {period}, "unit": "{unit}", "interval": "1m"}}]}}"#
        );
        let json = dated(("2025-07-07", "2025-07-07"), r#"["AAA"]"#, r#"["1m"]"#, &more);
        let mut story = stored.story(&json);
        story.run_to("2025-07-07", 9, 30);
        fixed(&story)
    };
    assert_eq!(sma_of(2, "bars"), Ok(11.5));
    // The two last sessions have one bar, and the store begins before them.
    assert_eq!(sma_of(2, "days"), Ok(13.0));
    assert_eq!(sma_of(3, "bars"), Err("the store holds 2 1m bars before 2025-07-07".to_owned()));
}

#[test]
fn the_usual_volume_of_every_slot_is_fixed_before_the_open() {
    // Two whole days and a half day between them, 10 a minute in the first hour, 1 after it.
    let mut rows = Vec::new();
    for (date, factor) in [("2025-07-02", 1.0), ("2025-07-03", 100.0), ("2025-07-07", 3.0)] {
        let session = *sessions().iter().find(|s| s.date.to_string() == date).unwrap();
        for minute in 0..60 {
            let at = session.open + Nanos::from_secs(60 * minute);
            rows.push((at, flat(5.0, 10.0 * factor)));
        }
    }
    let stored = Stored::new("US_EQUITY").with_rows("AAA", "1m", rows);
    let more = r#", "indicators": {"historical": [
        {"name": "avg_volume_intraday", "period": 2, "unit": "days", "interval": "1h"}]}"#;
    let json = dated(("2025-07-08", "2025-07-08"), r#"["AAA"]"#, r#"["1m"]"#, more);
    let mut story = stored.story(&json);
    story.run_to("2025-07-08", 9, 30);
    let mut reader = story.reader();
    let view = reader.view().expect("active");
    let found: Vec<(String, f64)> = view
        .symbol("AAA")
        .expect("a member")
        .historical_indicators()
        .iter()
        .map(|fixed| {
            assert_eq!(&*fixed.key, "avg_volume_intraday_2_1h");
            (fixed.field.to_string(), fixed.value.clone().expect("two whole sessions"))
        })
        .collect();
    // The hour from the open had 600 and 1,800, the six after it nothing.
    let expected: Vec<(String, f64)> =
        (0..7).map(|slot| (slot.to_string(), if slot == 0 { 1_200.0 } else { 0.0 })).collect();
    assert_eq!(found, expected);
}
