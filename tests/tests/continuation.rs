//! What is asked for in mid-session, at the closes of that day and of the days after it: every
//! series, with every indicator.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use openbell_coordinator::{Answer, Consumer, Context, OnError, Outcome, Phase, SessionCommand};
use openbell_market::indicator::{IndicatorName, IndicatorSpec};
use openbell_market::{Bar, BarInterval, Coverage};
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

const INTERVALS: [&str; 6] = ["1m", "5m", "7m", "1h", "1d", "1w"];

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

/// Keeps what stands at every close.
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
    fn what_is_asked_for_late_stays_as_if_asked_for_at_the_start_on_later_days_too(
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
            SessionCommand::AddInterval { interval: interval(wanted) },
            SessionCommand::AddIndicator { spec },
        ] {
            let answer = late.ask(command);
            prop_assert!(answer == Answer::Done, "{answer:?}");
        }
        drop(late.handle().resume());
        same_since(DAYS[day], &finished(late, &keeper), &expected)?;
    }
}
