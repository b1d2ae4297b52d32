//! What each question of a calendar costs, on one thread.

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use openbell_time::{Calendar, Nanos, Session, TimeManager, Timestamp, TradingDate};

/// Questions in one measured round; the figure shown is for all of them.
const N_QUESTIONS: u64 = 1_024;

/// A fixed sequence without a pattern that a branch predictor could learn.
fn scattered(n: u64) -> impl Iterator<Item = u64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..n).map(move |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    })
}

fn dates(calendar: &Calendar) -> Vec<TradingDate> {
    let since = calendar.facts_since().plus_days(400);
    let n_days = (calendar.until().as_days() - since.as_days() - 400) as u64;
    scattered(N_QUESTIONS).map(|place| since.plus_days((place % n_days) as i32)).collect()
}

fn instants(calendar: &Calendar) -> Vec<Timestamp> {
    let since = calendar.instants().start;
    let n_seconds = (calendar.instants().end - since).as_secs() as u64;
    scattered(N_QUESTIONS)
        .map(|place| since + Nanos::from_secs((place % n_seconds) as i64))
        .collect()
}

/// Measures one question over all of the arguments.
fn ask<T: Copy>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    arguments: &[T],
    question: impl Fn(T) -> u64,
) {
    group.bench_function(name, |bencher| {
        bencher.iter(|| arguments.iter().fold(0, |sum, &one| sum ^ question(black_box(one))));
    });
}

fn questions(criterion: &mut Criterion) {
    let calendar = TimeManager::new().calendar("XNYS").expect("embedded");
    let dates = dates(&calendar);
    let instants = instants(&calendar);
    let mut group = criterion.benchmark_group("questions of XNYS");
    group.throughput(Throughput::Elements(N_QUESTIONS));

    let is_so = u64::from;
    let open = |session: Session| session.open.as_nanos() as u64;
    ask(&mut group, "is session", &dates, |date| calendar.is_session(date).map_or(0, is_so));
    ask(&mut group, "next session", &dates, |date| calendar.next_session(date).map_or(0, open));
    ask(&mut group, "n-th trailing session", &dates, |date| {
        calendar.trailing_session(date, 20).map_or(0, open)
    });
    let first = dates[0];
    ask(&mut group, "count", &dates, |date| calendar.count(first, date).map_or(0, |n| n as u64));
    ask(&mut group, "is open, at random", &instants, |at| calendar.is_open(at).map_or(0, is_so));
    let start = instants[0];
    ask(&mut group, "open time between, at random", &instants, |at| {
        calendar.open_time_between(start, at).map_or(0, |length| length.as_nanos() as u64)
    });
    // A minute at a time through two days and the night between.
    let open: Timestamp = "2025-07-01T13:30:00Z".parse().expect("an instant");
    let mut cursor = calendar.cursor();
    group.bench_function("is open, with the cursor", |bencher| {
        bencher.iter(|| {
            (0..N_QUESTIONS as i64).fold(false, |sum, minute| {
                let at = open + Nanos::from_secs(60 * minute);
                sum ^ cursor.is_open(black_box(at)).unwrap_or_default()
            })
        });
    });
    group.finish();
}

fn expansion(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("expansion of a whole calendar");
    for name in ["XNYS", "XTKS", "XHKG", "24/7"] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| TimeManager::new().calendar(black_box(name)).expect("embedded"));
        });
    }
    group.finish();
}

criterion_group!(benches, questions, expansion);
criterion_main!(benches);
