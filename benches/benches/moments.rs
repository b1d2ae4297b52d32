//! Single moments of a run: bars appended one by one as live does, the lag check of a healthy bar, a
//! symbol added at noon, twenty of them added each day of a year, and the way to the first bar.
#![allow(missing_docs)] // criterion's macros make undocumented items.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use openbell::bench::market::Load;
use openbell_benches::live_day::LiveDays;
use openbell_benches::noon::{Noon, adds_each_day, to_first_bar};
use openbell_benches::{cpu_of, market, run, sized};
use openbell_coordinator::{LagMeter, LagRule};
use openbell_time::Nanos;

fn duration(taken: Nanos) -> Duration {
    Duration::from_nanos(taken.as_nanos().unsigned_abs())
}

fn bars(criterion: &mut Criterion) {
    let market = market(sized(100, 5), sized(5, 1));
    let mut days = LiveDays::of(&market);
    let mut group = criterion.benchmark_group("bars");
    group.throughput(Throughput::Elements(days.append())).sample_size(20);
    group.bench_function("append_one_by_one", |bencher| {
        bencher.iter_custom(|n| cpu_of(n, || _ = days.append()));
    });
    let (threshold, recovery) = (Nanos::from_secs(60), Nanos::from_secs(60));
    let rule = LagRule { threshold, recovery, check_interval: 10 };
    let mut meter = LagMeter::new();
    let mut n_delivered = 0;
    group.throughput(Throughput::Elements(1));
    group.bench_function("lag_check", |bencher| {
        bencher.iter(|| {
            if black_box(&mut meter).is_check_due(&rule, n_delivered) {
                let _ = meter.check(&rule, Nanos::ZERO);
            }
            n_delivered += 1;
        });
    });
    group.finish();
}

fn moments(criterion: &mut Criterion) {
    let market = market(sized(501, 3), 21);
    let noon = Noon::of(&market);
    let config = market.config(&Load::BASE).expect("a good config");
    let mut group = criterion.benchmark_group("moments");
    group.sample_size(10);
    group.bench_function("add_at_noon", |bencher| {
        bencher.iter_custom(|n| (0..n).map(|_| duration(noon.add())).sum());
    });
    group.bench_function("start_to_first_bar", |bencher| {
        bencher.iter_custom(|n| (0..n).map(|_| duration(to_first_bar(&market, &config))).sum());
    });
    group.finish();
}

fn adds(criterion: &mut Criterion) {
    let market = market(sized(21, 3), sized(252, 3));
    let mut group = criterion.benchmark_group("adds");
    group.sample_size(10);
    for (name, adds) in [("a_year", false), ("a_year_with_twenty_adds_a_day", true)] {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|n| cpu_of(n, || _ = run(adds_each_day(&market, adds))));
        });
    }
    group.finish();
}

criterion_group!(benches, bars, moments, adds);
criterion_main!(benches);
