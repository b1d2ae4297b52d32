//! From file to publication: bare decoding, and whole runs beside it.
#![allow(missing_docs)] // criterion's macros make undocumented items.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use openbell::bench::stage::{Prepared, Stage};
use openbell_benches::{market, sized};

fn hot_path(criterion: &mut Criterion) {
    // 100 symbols, 21 sessions, 390 bars each, where it is measured.
    let market = market(sized(100, 2), sized(21, 1));
    let mut group = criterion.benchmark_group("hot_path");
    for stage in Stage::ALL {
        let prepared = Prepared::new(stage, &market).expect("a good config");
        let pass = prepared.pass().expect("a run that completes");
        println!(
            "{}: {} bars, digest {}",
            stage.name(),
            pass.n_bars,
            pass.digest.as_deref().unwrap_or("none")
        );
        group.throughput(Throughput::Elements(pass.n_bars)).sample_size(10);
        group.bench_function(stage.name(), |bencher| bencher.iter(|| prepared.pass()));
    }
    group.finish();
}

criterion_group!(benches, hot_path);
criterion_main!(benches);
