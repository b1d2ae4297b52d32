//! Looks of a live session: one of 500 symbols without news, one minute of them, the same with a revision
//! of each, an hour of them after an outage, and a day of seconds that comes at once; and the recording of
//! one second of them. Processor time of that look alone.
#![allow(missing_docs)] // criterion's macros make undocumented items.

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use openbell_benches::live_looks::LiveLook;
use openbell_benches::recorded_looks::cost_of_a_second;
use openbell_benches::sized;

fn looks(criterion: &mut Criterion) {
    let n_symbols = sized(500, 3);
    let mut group = criterion.benchmark_group("live");
    group.sample_size(10);
    type Look = fn(usize) -> LiveLook;
    let kinds: [(&str, Look); 5] = [
        ("without_news", LiveLook::without_news),
        ("a_minute", |n_symbols| LiveLook::of_a_minute(n_symbols, false)),
        ("a_minute_and_revisions", |n_symbols| LiveLook::of_a_minute(n_symbols, true)),
        ("an_hour_to_catch_up", LiveLook::hour_to_catch_up),
        ("a_day_of_seconds_at_once", |_| LiveLook::late_rows()),
    ];
    for (name, look) in kinds {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|n| {
                let costs = (0..n).map(|_| look(n_symbols).cost().as_nanos().unsigned_abs());
                Duration::from_nanos(costs.sum())
            });
        });
    }
    group.bench_function("recording_a_second", |bencher| {
        bencher.iter_custom(|n| {
            let costs = (0..n).map(|_| cost_of_a_second(n_symbols).as_nanos().unsigned_abs());
            Duration::from_nanos(costs.sum())
        });
    });
    group.finish();
}

criterion_group!(benches, looks);
criterion_main!(benches);
