//! What an indicator costs a bar: updated one by one, as live does, and over columns, as a replay
//! does. Beside each stands a fold of the bits of its values, which no change for speed may move.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use openbell_market::indicator::{IndicatorName, IndicatorSpec};
use openbell_market::{BarColumns, BarInterval, Ohlcv};
use openbell_processor::indicator::{
    IndicatorState, InputRows, MarketFacts, SessionLength, SessionStart,
};
use openbell_time::{NANOS_PER_SECOND, Nanos, Timestamp, TradingDate};

const N_DAYS: usize = 25;
const N_SLOTS: usize = 390;
const FACTS: MarketFacts =
    MarketFacts { sessions_per_year: 252, bars_per_full_session: N_SLOTS as u32 };

/// Days of minutes: a walk in cents from a fixed seed, the same on every machine.
fn market() -> (BarColumns, Vec<u32>) {
    let mut seed = 20_250_702_u64;
    let mut below = |n: i64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as i64 % n
    };
    let (mut columns, mut slots) = (BarColumns::default(), Vec::new());
    let mut last = 20_000_i64;
    for bar in 0..N_DAYS * N_SLOTS {
        let open = last + below(3) - 1;
        let close = (open + below(21) - 10).max(1_000);
        let price = |cents: i64| cents as f64 / 100.0;
        let day = Nanos::from_secs(86_400 * (bar / N_SLOTS) as i64);
        let minute = Nanos::from_nanos(60 * NANOS_PER_SECOND * (bar % N_SLOTS) as i64);
        let ohlcv = Ohlcv {
            open: price(open),
            high: price(open.max(close) + below(5)),
            low: price(open.min(close) - below(5)),
            close: price(close),
            volume: below(10_000) as f64,
        };
        columns.push(Timestamp::from_nanos(0) + day + minute, ohlcv);
        slots.push((bar % N_SLOTS) as u32);
        last = close;
    }
    (columns, slots)
}

fn spec(name: IndicatorName) -> IndicatorSpec {
    let needs_period = name.parameters().iter().any(|known| known.default.is_none());
    let interval = match name {
        IndicatorName::AtrDaily => BarInterval::DAY,
        _ => BarInterval::from_mins(1).expect("a minute is an interval"),
    };
    IndicatorSpec::new(name, needs_period.then_some(20.0), [], interval).expect("a sound order")
}

fn start(day: usize) -> SessionStart {
    SessionStart { date: TradingDate::from_days(day as i32), length: SessionLength::Normal }
}

fn run(spec: &IndicatorSpec, rows: &InputRows<'_>, out: &mut [Vec<f64>]) {
    let mut state = IndicatorState::new(spec, &FACTS);
    for day in 0..N_DAYS {
        let range = day * N_SLOTS..(day + 1) * N_SLOTS;
        state.start_session(&start(day));
        let mut columns = out.iter_mut().map(|column| &mut column[range.clone()]);
        state.run(&rows.rows(range.clone()), &mut columns);
    }
}

fn update(spec: &IndicatorSpec, rows: &InputRows<'_>) -> Option<f64> {
    let mut state = IndicatorState::new(spec, &FACTS);
    for row in 0..rows.len() {
        if row % N_SLOTS == 0 {
            state.start_session(&start(row / N_SLOTS));
        }
        state.update(&rows.bar(row));
    }
    state.value(0)
}

fn indicators(criterion: &mut Criterion) {
    let (columns, slots) = market();
    let rows = InputRows::new(columns.as_rows(), &slots);
    for name in IndicatorName::all() {
        let spec = spec(name);
        let mut out = vec![vec![0.0; rows.len()]; name.n_values()];
        run(&spec, &rows, &mut out);
        let digest = out.iter().flatten().fold(0_u64, |digest, value: &f64| {
            digest.rotate_left(5).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ value.to_bits()
        });
        println!("{} digest {digest:016x}", spec.key());
        let mut group = criterion.benchmark_group(name.name());
        group.throughput(Throughput::Elements(rows.len() as u64));
        group.bench_function(BenchmarkId::from_parameter("column"), |bencher| {
            bencher.iter(|| run(&spec, black_box(&rows), black_box(&mut out)));
        });
        group.bench_function(BenchmarkId::from_parameter("one_by_one"), |bencher| {
            bencher.iter(|| update(&spec, black_box(&rows)));
        });
        group.finish();
    }
}

fn quick() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(std::time::Duration::from_millis(200))
        .measurement_time(std::time::Duration::from_millis(600))
}

criterion_group! { name = benches; config = quick(); targets = indicators }
criterion_main!(benches);
