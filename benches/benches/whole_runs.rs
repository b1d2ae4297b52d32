//! Whole runs of many sizes: few and many symbols, dense and thin, files of months and of days, each
//! stage of `openbell bench`; with bars a second, nanoseconds a bar, memory and digest.
#![allow(missing_docs)] // criterion's macros make undocumented items.

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use openbell::bench::market::{Files, Market, Size};
use openbell::bench::meter::{forget_peak_memory, peak_memory};
use openbell::bench::stage::{Prepared, Stage};
use openbell_benches::sized;

/// Name, symbols and sessions; those of many symbols are short, since making them takes longest.
const SIZES: [(&str, usize, usize); 5] = [
    ("2_symbols", 2, 21),
    ("100_symbols", 100, 21),
    ("500_symbols", 500, 5),
    ("2000_symbols", 2_000, 3),
    ("5000_symbols", 5_000, 2),
];

fn run(criterion: &mut Criterion, name: &str, size: &Size) {
    let market = Market::generate(size).expect("a market");
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10).measurement_time(Duration::from_secs(2));
    for stage in Stage::ALL {
        let prepared = Prepared::new(stage, &market).expect("a good config");
        forget_peak_memory();
        let pass = prepared.pass().expect("a run that completes");
        let ns_per_bar = pass.taken.cpu.as_nanos() as f64 / pass.n_bars as f64;
        println!(
            "{name} {}: {} bars, {ns_per_bar:.1} ns a bar the first time, at most {} MB, digest {}",
            stage.name(),
            pass.n_bars,
            peak_memory().unwrap_or_default() / 1_000_000,
            pass.digest.as_deref().unwrap_or("none"),
        );
        group.throughput(Throughput::Elements(pass.n_bars));
        group.bench_function(stage.name(), |bencher| {
            bencher.iter_custom(|n| {
                let pass = || prepared.pass().expect("a run that completes").taken.cpu;
                (0..n).map(|_| Duration::from_nanos(pass().as_nanos().unsigned_abs())).sum()
            });
        });
    }
    group.finish();
}

fn whole_runs(criterion: &mut Criterion) {
    for (name, n_symbols, n_sessions) in SIZES {
        let (n_symbols, n_sessions) = (sized(n_symbols, 2), sized(n_sessions, 1));
        let dense = Size { n_symbols, n_sessions, files: Files::Month, thin: None };
        run(criterion, name, &dense);
        if n_symbols <= 500 {
            run(criterion, &format!("{name}_day_files"), &Size { files: Files::Day, ..dense });
            run(criterion, &format!("{name}_thin"), &Size { thin: Some(10), ..dense });
        }
    }
}

criterion_group!(benches, whole_runs);
criterion_main!(benches);
