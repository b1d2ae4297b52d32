//! What does not depend on when a run began or when something was asked for: indicators on, bars
//! back over, and quality in, every series.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use openbell_coordinator::{Answer, Command, Consumer, Context, OnError, Outcome, Phase};
use openbell_market::indicator::{IndicatorName, IndicatorSpec};
use openbell_market::{Bar, BarInterval, Coverage, Gap};
use openbell_session_data::Rows;
use openbell_tests::{Market, Story, bar_at, dated, finish, time};
use openbell_time::{Nanos, Session, Timestamp, TradingDate};
use proptest::prelude::*;

/// A half day and a holiday lie among them.
const DAYS: [&str; 7] = [
    "2025-06-27",
    "2025-06-30",
    "2025-07-01",
    "2025-07-02",
    "2025-07-03",
    "2025-07-07",
    "2025-07-08",
];

const INTERVALS: [&str; 5] = ["1m", "5m", "7m", "1h", "1d"];

fn interval(text: &str) -> BarInterval {
    text.parse().expect("an interval")
}

fn sessions() -> Vec<Session> {
    let calendar = time().calendar("XNYS").expect("embedded");
    let dates = DAYS[0].parse().expect("a date")..=DAYS[6].parse().expect("a date");
    calendar.sessions(dates).expect("known dates").to_vec()
}

/// Whether the minute that opens at `at` has a bar.
fn is_there(per_mille: u64, seed: u64, at: Timestamp) -> bool {
    let mut x = seed ^ (at.as_secs() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (x ^ (x >> 27)) % 1_000 < per_mille
}

/// The regular minutes that are there, of every session.
fn minutes(per_mille: u64, seed: u64) -> Vec<Timestamp> {
    let all = sessions().into_iter().flat_map(|session| {
        let n = (session.close - session.open).as_nanos() / 60_000_000_000;
        (0..n).map(move |minute| session.open + Nanos::from_secs(60 * minute))
    });
    all.filter(|&at| is_there(per_mille, seed, at)).collect()
}

fn market(per_mille: u64, seed: u64) -> Market {
    let rows = minutes(per_mille, seed).into_iter().map(|at| (at, bar_at("AAA", at)));
    Market::new().with_rows("AAA", "1m", rows)
}

/// An indicator of any name with small periods, as the session file writes it.
fn indicator() -> impl Strategy<Value = IndicatorSpec> {
    let names: Vec<IndicatorName> = IndicatorName::all().collect();
    (prop::sample::select(names), prop::array::uniform3(1..6_u32), prop::sample::select(&INTERVALS))
        .prop_filter_map("fits its interval", |(name, mut counts, on)| {
            match name {
                IndicatorName::Macd => counts[1] += counts[0],
                IndicatorName::UltimateOsc => counts.sort_unstable(),
                IndicatorName::Hma | IndicatorName::Histvol => counts[0] += 1,
                _ => {}
            }
            let params = name.parameters().iter().zip(counts);
            let params = params.map(|(parameter, count)| (parameter.name, f64::from(count)));
            let on = if name == IndicatorName::AtrDaily { "1d" } else { on };
            IndicatorSpec::new(name, None, params, interval(on)).ok()
        })
}

fn written(spec: &IndicatorSpec) -> String {
    let parameters = spec.name().parameters().iter();
    let values = parameters.map(|p| format!("{:?}: {}", p.name, spec.factor(p.name)));
    let (mut period, mut params) = (String::new(), Vec::new());
    for value in values {
        match value.strip_prefix("\"period\"") {
            Some(n) => period = format!(", \"period\"{n}"),
            None => params.push(value),
        }
    }
    let (name, on, params) = (spec.name(), spec.interval(), params.join(", "));
    format!(r#"{{"name": "{name}"{period}, "interval": "{on}", "params": {{{params}}}}}"#)
}

/// Of each session, series by series: its bars and the values of every indicator on them, to the
/// bit.
type Days = BTreeMap<(TradingDate, BarInterval), Vec<(Bar, Option<Coverage>, Vec<u64>)>>;

/// Keeps what stands at every close, of the intervals that are not only asked for late.
#[derive(Clone, Default)]
struct Keeper(Arc<Mutex<Days>>);

fn kept(rows: &Rows<'_>) -> Vec<(Bar, Option<Coverage>, Vec<u64>)> {
    let mut columns: Vec<(String, &[f64])> = rows
        .indicator_columns()
        .map(|(names, field, values)| (format!("{} {field}", names.key), values))
        .collect();
    columns.sort_by(|a, b| a.0.cmp(&b.0));
    let values = |row: usize| columns.iter().map(|(_, column)| column[row].to_bits()).collect();
    (0..rows.len())
        .map(|row| (rows.bar(row).expect("a row"), rows.coverage(row), values(row)))
        .collect()
}

impl Consumer for Keeper {
    fn name(&self) -> &str {
        "keeper"
    }

    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        let view = context.view();
        let date = view.session().expect("a session").date;
        let symbol = view.symbol("AAA")?;
        for interval in symbol.intervals() {
            let rows = symbol.series(interval).expect("listed").today();
            self.0.lock().unwrap().insert((date, interval), kept(&rows));
        }
        Ok(())
    }
}

/// A run over the days `from` to the last one.
fn story(from: usize, streams: &[&str], more: &str, market: Market) -> (Story, Keeper) {
    let streams = format!("{streams:?}");
    let mut story = Story::new(&dated((DAYS[from], DAYS[6]), r#"["AAA"]"#, &streams, more), market);
    let keeper = Keeper::default();
    story.engine.register(Box::new(keeper.clone()), OnError::StopRun);
    (story, keeper)
}

fn finished(mut story: Story, keeper: &Keeper) -> Days {
    let done = finish(&mut story.engine);
    assert_eq!(done.phase, Phase::Closed, "{:?}", done.report.failure);
    keeper.0.lock().unwrap().clone()
}

fn asked(specs: &[IndicatorSpec]) -> String {
    let specs: Vec<String> = specs.iter().map(written).collect();
    format!(r#", "indicators": {{"session": [{}]}}"#, specs.join(", "))
}

fn same_since(since: &str, found: &Days, expected: &Days) -> Result<(), TestCaseError> {
    let since: TradingDate = since.parse().expect("a date");
    let of = |days: &Days| -> Vec<_> {
        days.iter().filter(|((date, _), _)| *date >= since).map(|(k, v)| (*k, v.clone())).collect()
    };
    let (found, expected) = (of(found), of(expected));
    prop_assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        prop_assert_eq!(found, expected);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_run_seeded_by_its_history_shows_what_one_begun_earlier_shows(
        specs in prop::collection::btree_map(any::<u8>(), indicator(), 1..6),
        from in 1..6_usize,
        per_mille in prop::sample::select(vec![20_u64, 300, 1_000]),
        seed in any::<u64>(),
    ) {
        let mut specs: Vec<IndicatorSpec> = specs.into_values().collect();
        specs.sort_by_key(IndicatorSpec::key);
        specs.dedup_by_key(|spec| spec.key());
        let (story_of_all, keeper) = story(0, &INTERVALS, &asked(&specs), market(per_mille, seed));
        let expected = finished(story_of_all, &keeper);
        let more = format!(
            r#"{}, "historical": {{"data": [{{"trailing_days": {from}, "intervals": {INTERVALS:?}}}]}}"#,
            asked(&specs)
        );
        let (later, keeper) = story(from, &INTERVALS, &more, market(per_mille, seed));
        same_since(DAYS[from], &finished(later, &keeper), &expected)?;
    }

    #[test]
    fn an_interval_and_an_indicator_asked_for_late_are_those_asked_for_at_the_start(
        spec in indicator(),
        wanted in prop::sample::select(vec!["2m", "15m", "90m"]),
        (day, minute) in (0..6_usize, 0..205_u32),
        n_history in 0..3_u32,
        per_mille in prop::sample::select(vec![20_u64, 300, 1_000]),
        seed in any::<u64>(),
    ) {
        let history = match n_history {
            0 => String::new(),
            n => format!(
                r#", "historical": {{"data": [{{"trailing_days": {n}, "intervals": {INTERVALS:?}}}]}}"#
            ),
        };
        let from = n_history as usize;
        let day = day.max(from);
        let streams = [&INTERVALS[..], &[wanted]].concat();
        let market = market(per_mille, seed);
        let more = format!("{history}{}", asked(&[spec]));
        let (whole, keeper) = story(from, &streams, &more, market.clone());
        let expected = finished(whole, &keeper);

        let (mut late, keeper) = story(from, &INTERVALS, &history, market);
        late.run_to(DAYS[day], (570 + minute) / 60, (570 + minute) % 60);
        for command in [
            Command::AddInterval { interval: interval(wanted) },
            Command::AddIndicator { spec },
        ] {
            let answer = late.ask(command);
            prop_assert!(answer == Answer::Done, "{answer:?}");
        }
        drop(late.handle().resume());
        same_since(DAYS[day], &finished(late, &keeper), &expected)?;
    }

    #[test]
    fn the_last_bars_reach_back_over_the_open_exactly(
        on in prop::sample::select(vec!["1m", "5m", "7m", "1h"]),
        n_sessions in 1..5_usize,
        minute in 1..390_u32,
        n in 1..500_usize,
        per_mille in prop::sample::select(vec![20_u64, 300, 1_000]),
        seed in any::<u64>(),
    ) {
        let more = format!(
            r#", "historical": {{"data": [{{"trailing_days": {n_sessions}, "intervals": ["{on}"]}}]}}"#
        );
        let streams = if on == "1m" { r#"["1m"]"#.to_owned() } else { format!(r#"["1m", "{on}"]"#) };
        let mut story =
            Story::new(&dated((DAYS[5], DAYS[5]), r#"["AAA"]"#, &streams, &more), market(per_mille, seed));
        story.run_to(DAYS[5], (570 + minute) / 60, (570 + minute) % 60);
        let now = sessions()[5].open + Nanos::from_secs(60 * i64::from(minute));
        let mut reader = story.reader();
        let view = reader.view().expect("active");
        let series = view.symbol("AAA").expect("a member").series(interval(on)).expect("asked for");
        let found: Vec<(Timestamp, f64, f64)> =
            series.last(n).map(|bar| (bar.opens_at, bar.ohlcv.open, bar.ohlcv.close)).collect();
        prop_assert_eq!(found, last_bars(interval(on), n_sessions, n, now, per_mille, seed));
    }

    #[test]
    fn views_status_and_report_have_one_number_of_quality(
        minute in 1..390_u32,
        per_mille in prop::sample::select(vec![20_u64, 300, 900, 1_000]),
        seed in any::<u64>(),
    ) {
        let session = sessions()[5];
        let (day, bars) = (DAYS[5], minutes(per_mille, seed));
        let json = dated((day, day), r#"["AAA"]"#, r#"["1m", "5m"]"#, "");
        let mut story = Story::new(&json, market(per_mille, seed));
        story.run_to(day, (570 + minute) / 60, (570 + minute) % 60);
        {
            let mut reader = story.reader();
            let view = reader.view().expect("active");
            // By the instant of the last publication, which may lie before the minute asked for.
            let now = view.instant();
            let due = coverage(&session, now, &bars);
            let symbol = view.symbol("AAA").expect("a member");
            let base = symbol.base().expect("a base");
            prop_assert_eq!(base.coverage(), due);
            prop_assert_eq!(base.quality().map(|q| q.as_pct()), due.map(pct));
            prop_assert_eq!(base.gaps(), gaps(&session, now, &bars));
            prop_assert_eq!(story.handle().status().symbols[0].coverage, due);
            let n_closed = (now - session.open).as_nanos() / 300_000_000_000;
            let fives = session.open + Nanos::from_secs(300 * n_closed);
            let five = symbol.series(interval("5m")).expect("derived");
            prop_assert_eq!(five.coverage(), coverage(&session, fives, &bars));
        }
        let done = story.finish();
        let whole = coverage(&session, session.close, &bars);
        for series in &done.report.sessions[0].symbols[0].series {
            prop_assert_eq!(series.coverage, whole, "{}", series.interval);
        }
        let gaps = gaps(&session, session.close, &bars);
        let longest = gaps.iter().map(|gap| gap.n_bars).max();
        let reported = done.report.sessions[0].symbols[0].series[0].longest_gap;
        prop_assert_eq!(reported.map(|gap| gap.n_bars), longest);
    }
}

/// The last `n` bars at `now`, today's and those of the sessions before it, by the definition.
fn last_bars(
    on: BarInterval,
    n_sessions: usize,
    n: usize,
    now: Timestamp,
    per_mille: u64,
    seed: u64,
) -> Vec<(Timestamp, f64, f64)> {
    let length = on.clock().expect("a clock interval").length();
    let mut bars = Vec::new();
    for session in &sessions()[5 - n_sessions..=5] {
        let mut since = session.open;
        while since < session.close {
            let until = (since + length).min(session.close);
            let inside: Vec<Timestamp> = minutes(per_mille, seed)
                .into_iter()
                .filter(|&at| since <= at && at < until && until <= now)
                .collect();
            if let (Some(&first), Some(&last)) = (inside.first(), inside.last()) {
                bars.push((since, bar_at("AAA", first).open, bar_at("AAA", last).close));
            }
            since = until;
        }
    }
    bars.split_off(bars.len().saturating_sub(n))
}

fn coverage(session: &Session, now: Timestamp, bars: &[Timestamp]) -> Option<Coverage> {
    let expected = (now - session.open).as_nanos() / 60_000_000_000;
    let n = bars.iter().filter(|&&at| session.open <= at && at < now).count();
    (expected > 0).then_some(Coverage { n: n as u32, expected: expected as u32 })
}

fn pct(coverage: Coverage) -> f64 {
    100.0 * f64::from(coverage.n) / f64::from(coverage.expected)
}

fn gaps(session: &Session, now: Timestamp, bars: &[Timestamp]) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = Vec::new();
    let minute = Nanos::from_secs(60);
    let mut at = session.open;
    while at < now {
        if !bars.contains(&at) {
            match gaps.last_mut().filter(|gap| gap.until == at) {
                Some(gap) => (gap.until, gap.n_bars) = (at + minute, gap.n_bars + 1),
                None => gaps.push(Gap { since: at, until: at + minute, n_bars: 1 }),
            }
        }
        at += minute;
    }
    gaps
}
