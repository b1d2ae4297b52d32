//! What a run derives, as laws: the same whether asked for late or from the start, seeded by
//! history or begun earlier; read back over the open; one quality wherever it is shown.

use std::collections::BTreeMap;

use openbell_coordinator::{Answer, SessionCommand};
use openbell_market::indicator::{IndicatorName, IndicatorSpec};
use openbell_market::{Bar, BarInterval, Coverage, Gap, Ohlcv};
use openbell_session_data::coverage_of;
use openbell_tests::{Market, Story, bar_at, dated, plain_fold, time};
use openbell_time::{Nanos, Session, Timestamp, TradingDate};
use proptest::prelude::*;

const FIRST: &str = "2025-06-25";
const LAST: &str = "2025-07-03";
const INTERVALS: [&str; 6] = ["1m", "5m", "15m", "1h", "1d", "1w"];

fn keeps(seed: u64, per_mille: u64, date: TradingDate, minute: usize) -> bool {
    let mut x = seed ^ (date.as_days() as u64 * 1_000 + minute as u64 + 1);
    x = x.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (x >> 33) % 1_000 < per_mille
}

/// The minutes of seven sessions, the last one a half day, of which some are missing; and a symbol
/// that has them all, so that the clock comes to every minute.
fn market(seed: u64, per_mille: u64) -> Market {
    let keep = move |date, minute| keeps(seed, per_mille, date, minute);
    Market::new().with_minutes("AAA", FIRST, LAST, keep).with_minutes(
        "EVERY",
        FIRST,
        LAST,
        |_, _| true,
    )
}

fn story(day: (&str, &str), streams: &[&str], more: &str, market: Market) -> Story {
    Story::new(&dated(day, r#"["AAA", "EVERY"]"#, &format!("{streams:?}"), more), market)
}

fn run_to(story: &mut Story, day: &str, minute: u32) {
    story.run_to(day, (570 + minute) / 60, (570 + minute) % 60);
}

/// An indicator on an interval, where it may be there.
fn spec(name: IndicatorName, period: u32, interval: &str) -> Option<IndicatorSpec> {
    let period = name.has_period().then_some(f64::from(period));
    IndicatorSpec::new(name, period, [], interval.parse().expect("an interval")).ok()
}

fn as_json(spec: &IndicatorSpec) -> String {
    let period = spec.period().map_or(String::new(), |n| format!(r#", "period": {n}"#));
    format!(r#"{{"name": "{}", "interval": "{}"{period}}}"#, spec.name(), spec.interval())
}

fn indicators(specs: &[IndicatorSpec]) -> String {
    let specs: Vec<String> = specs.iter().map(as_json).collect();
    format!(r#", "indicators": {{"session": [{}]}}"#, specs.join(", "))
}

fn history(n_sessions: usize) -> String {
    format!(
        r#", "historical": {{"data": [{{"trailing_days": {n_sessions}, "intervals": {INTERVALS:?}}}]}}"#
    )
}

/// The day's bars of a series with what they saw of their windows, and every indicator value, to
/// the last bit.
#[derive(PartialEq, Debug)]
struct Shown {
    bars: Vec<(Bar, Option<Coverage>)>,
    quality: Option<Coverage>,
    indicators: BTreeMap<(String, usize), Vec<u64>>,
}

fn shown(story: &Story, interval: &str) -> Option<Shown> {
    let mut reader = story.reader();
    let view = reader.view().expect("active");
    let symbol = view.symbol("AAA").expect("a member");
    let series = symbol.series(interval.parse().expect("an interval")).ok()?;
    let rows = series.today();
    let columns = rows.indicator_columns().map(|(indicator, field, column)| {
        let bits = column.iter().map(|value| value.to_bits()).collect();
        ((indicator.key.to_string(), field), bits)
    });
    Some(Shown {
        bars: (0..rows.len()).filter_map(|i| Some((rows.bar(i)?, rows.coverage(i)))).collect(),
        quality: series.coverage(),
        indicators: columns.collect(),
    })
}

/// A day, a minute of it, and a later one.
fn instants() -> impl Strategy<Value = (&'static str, u32, u32)> {
    prop_oneof![
        (1_u32..380, 1_u32..60).prop_map(|(at, later)| ("2025-07-02", at, (at + later).min(389))),
        (1_u32..200, 1_u32..60).prop_map(|(at, later)| ("2025-07-03", at, (at + later).min(209))),
    ]
}

fn names() -> impl Strategy<Value = IndicatorName> {
    prop::sample::select(IndicatorName::all().collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn an_indicator_or_interval_asked_for_late_is_as_if_asked_for_at_the_start(
        name in names(),
        period in 3_u32..20,
        interval in prop::sample::select(INTERVALS.to_vec()),
        (day, at, later) in instants(),
        has_history in any::<bool>(),
        asks_for_interval in any::<bool>(),
        per_mille in prop::sample::select(vec![20_u64, 300, 1_000]),
        seed in any::<u64>(),
    ) {
        let Some(spec) = spec(name, period, interval) else {
            return Err(TestCaseError::reject("it is not on that interval"));
        };
        let days = ("2025-07-01", LAST);
        let past = if has_history { history(3) } else { String::new() };
        let mut late = story(days, &["1m"], &past, market(seed, per_mille));
        let streams = if interval == "1m" { vec!["1m"] } else { vec!["1m", interval] };
        let more = indicators(&[spec]) + &past;
        let mut whole = story(days, &streams, &more, market(seed, per_mille));
        run_to(&mut late, day, at);
        run_to(&mut whole, day, at);
        if asks_for_interval && interval != "1m" {
            let command = SessionCommand::AddInterval { interval: spec.interval() };
            prop_assert_eq!(late.ask(command), Answer::Done);
        }
        prop_assert_eq!(late.ask(SessionCommand::AddIndicator { spec }), Answer::Done);
        prop_assert_eq!(shown(&late, interval), shown(&whole, interval));
        run_to(&mut late, day, later);
        run_to(&mut whole, day, later);
        prop_assert_eq!(shown(&late, interval), shown(&whole, interval));
    }

    #[test]
    fn what_history_has_seeded_is_as_if_begun_with_its_first_session(
        n_sessions in 1_usize..=5,
        period in 3_u32..12,
        (day, at, _) in instants(),
        per_mille in prop::sample::select(vec![20_u64, 300, 1_000]),
        seed in any::<u64>(),
    ) {
        let each = INTERVALS.iter().flat_map(|interval| {
            IndicatorName::all().filter_map(move |name| spec(name, period, interval))
        });
        let specs: Vec<IndicatorSpec> = each.collect();
        let before = sessions_before(day, n_sessions);
        let first = before[0].date.to_string();
        let more = indicators(&specs);
        let mut earlier = story((&first, day), &INTERVALS, &more, market(seed, per_mille));
        let past = more + &history(n_sessions);
        let mut seeded = story((day, day), &INTERVALS, &past, market(seed, per_mille));
        run_to(&mut earlier, day, at);
        run_to(&mut seeded, day, at);
        for interval in INTERVALS {
            let (seeded, earlier) = (shown(&seeded, interval), shown(&earlier, interval));
            prop_assert_eq!(seeded, earlier, "{}", interval);
        }
    }

    #[test]
    fn the_last_bars_reach_back_over_the_open(
        n_sessions in 1_usize..=5,
        n in 1_usize..900,
        (day, at, _) in instants(),
        per_mille in prop::sample::select(vec![5_u64, 300, 1_000]),
        seed in any::<u64>(),
    ) {
        let streams = ["1m", "5m", "1h", "1d"];
        let mut story = story((day, day), &streams, &history(n_sessions), market(seed, per_mille));
        run_to(&mut story, day, at);
        let mut reader = story.reader();
        let view = reader.view().expect("active");
        let symbol = view.symbol("AAA").expect("a member");
        let mut sessions = sessions_before(day, n_sessions);
        sessions.push(session_of(day));
        for interval in streams {
            let interval: BarInterval = interval.parse().unwrap();
            let found: Vec<(Timestamp, Ohlcv)> =
                symbol.series(interval).unwrap().last(n).map(|bar| (bar.opens_at, bar.ohlcv)).collect();
            let width = interval.clock().map(|clock| clock.length());
            let bars = sessions.iter().flat_map(|session| {
                let rows = minutes(seed, per_mille, session);
                let until = |at: Timestamp| width.map_or(session.close, |w| (at + w).min(session.close));
                let mut bars = plain_fold(session, width, &rows);
                bars.retain(|&(at, _)| until(at) <= view.instant());
                bars
            });
            let bars: Vec<(Timestamp, Ohlcv)> = bars.collect();
            prop_assert_eq!(&found[..], &bars[bars.len().saturating_sub(n)..], "{}", interval);
        }
    }

    #[test]
    fn views_status_and_report_know_one_quality(
        (day, at, _) in instants(),
        per_mille in prop::sample::select(vec![20_u64, 300, 1_000]),
        seed in any::<u64>(),
    ) {
        let streams = ["1m", "5m", "1h", "1d"];
        let mut story = story((day, day), &streams, "", market(seed, per_mille));
        run_to(&mut story, day, at);
        let session = session_of(day);
        let kept = |until: usize| (0..until).filter(|&m| keeps(seed, per_mille, session.date, m)).count() as u32;
        let covered = |until: u32| (until > 0).then(|| Coverage { n: kept(until as usize), expected: until });
        let length = ((session.close - session.open).as_nanos() / 60_000_000_000) as u32;
        for (interval, width) in streams.iter().zip([1, 5, 60, length]) {
            prop_assert_eq!(shown(&story, interval).unwrap().quality, covered(at / width * width));
        }
        let status = story.handle().status();
        prop_assert_eq!(status.symbols[0].symbol.as_str(), "AAA");
        prop_assert_eq!(status.symbols[0].coverage, covered(at));
        {
            let mut reader = story.reader();
            let gaps = reader.view().expect("active").symbol("AAA").unwrap().base().unwrap().gaps();
            let is_kept = |minute: u32| keeps(seed, per_mille, session.date, minute as usize);
            prop_assert_eq!(gaps, gaps_of(&session, at, is_kept));
        }
        let report = story.finish().report;
        for series in &report.sessions[0].symbols[0].series {
            prop_assert_eq!(series.coverage, covered(length), "{}", series.interval);
        }
    }

    #[test]
    fn every_session_of_history_has_its_own_quality(
        n_sessions in 1_usize..=5,
        per_mille in prop::sample::select(vec![20_u64, 300, 1_000]),
        seed in any::<u64>(),
    ) {
        let streams = ["1m", "5m", "1h", "1d"];
        let mut story = story((LAST, LAST), &streams, &history(n_sessions), market(seed, per_mille));
        run_to(&mut story, LAST, 1);
        let mut reader = story.reader();
        let view = reader.view().expect("active");
        let symbol = view.symbol("AAA").expect("a member");
        let sessions = sessions_before(LAST, n_sessions);
        for interval in streams {
            let series = symbol.series(interval.parse().unwrap()).unwrap();
            prop_assert_eq!(series.trailing().len(), n_sessions);
            for (rows, session) in series.trailing().zip(&sessions) {
                let is_kept = |minute: u32| keeps(seed, per_mille, session.date, minute as usize);
                let n = (0..390).filter(|&minute| is_kept(minute)).count() as u32;
                let found = coverage_of(&rows, session.close);
                prop_assert_eq!(found, Some(Coverage { n, expected: 390 }), "{}", interval);
                prop_assert_eq!(coverage_of(&rows, view.instant()), found, "it is over");
                if interval == "1m" {
                    let found = openbell_session_data::gaps_of(&rows, view.instant());
                    prop_assert_eq!(found, gaps_of(session, 390, is_kept));
                }
            }
        }
    }
}

fn session_of(day: &str) -> Session {
    let calendar = time().calendar("XNYS").expect("embedded");
    calendar.session(day.parse().unwrap()).unwrap().expect("a session")
}

fn sessions_before(day: &str, n: usize) -> Vec<Session> {
    let calendar = time().calendar("XNYS").expect("embedded");
    calendar.sessions_before(day.parse().unwrap(), n).unwrap().to_vec()
}

/// The rows of one session of [`market`].
fn minutes(seed: u64, per_mille: u64, session: &Session) -> Vec<(Timestamp, Ohlcv)> {
    let minute = Nanos::from_secs(60);
    let mut rows = Vec::new();
    let mut at = session.open;
    for number in 0.. {
        if at >= session.close {
            break;
        }
        if keeps(seed, per_mille, session.date, number) {
            rows.push((at, bar_at("AAA", at)));
        }
        at += minute;
    }
    rows
}

/// The runs of the first `until` minutes of `session` that have no bar.
fn gaps_of(session: &Session, until: u32, is_kept: impl Fn(u32) -> bool) -> Vec<Gap> {
    let starts = |minute: u32| session.open + Nanos::from_secs(60 * i64::from(minute));
    let mut gaps: Vec<Gap> = Vec::new();
    for minute in (0..until).filter(|&minute| !is_kept(minute)) {
        let (since, until) = (starts(minute), starts(minute + 1));
        match gaps.last_mut().filter(|gap| gap.until == since) {
            Some(gap) => (gap.until, gap.n_bars) = (until, gap.n_bars + 1),
            None => gaps.push(Gap { since, until, n_bars: 1 }),
        }
    }
    gaps
}
