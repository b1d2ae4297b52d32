//! From file to publication: bare decoding, and whole runs beside it.
#![allow(missing_docs)] // criterion's macros make undocumented items.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use openbell_benches::{BenchStore, run};

const PLAIN: &str = r#"["1m"]"#;
const DERIVED: &str = r#"["1m", "5m", "15m", "1h"]"#;
const INDICATORS: &str = r#", "indicators": {"session": [
    {"name": "sma", "period": 20, "interval": "5m", "type": "trend"},
    {"name": "ema", "period": 20, "interval": "5m", "type": "trend"},
    {"name": "rsi", "period": 14, "interval": "5m", "type": "momentum"},
    {"name": "macd", "interval": "5m", "type": "trend"},
    {"name": "atr", "period": 14, "interval": "5m", "type": "volatility"},
    {"name": "bbands", "period": 20, "interval": "5m", "type": "volatility"},
    {"name": "vwap", "interval": "1m", "type": "trend"}]}"#;

fn hot_path(criterion: &mut Criterion) {
    // 100 symbols, the 21 sessions of August 2025, 390 bars each.
    let store = BenchStore::new(100, "2025-08-01", "2025-08-29");
    let mut group = criterion.benchmark_group("hot_path");
    group.throughput(Throughput::Elements(store.n_bars)).sample_size(10);
    for (name, streams, more) in
        [("base", PLAIN, ""), ("derived", DERIVED, ""), ("indicators", DERIVED, INDICATORS)]
    {
        let report = run(store.engine(streams, more));
        println!("{name}: {} bars, digest {}", report.n_bars, report.digest);
    }
    group.bench_function("decode", |bencher| bencher.iter(|| store.decode()));
    group.bench_function("run_base", |bencher| bencher.iter(|| run(store.engine(PLAIN, ""))));
    group.bench_function("run_derived", |bencher| bencher.iter(|| run(store.engine(DERIVED, ""))));
    group.bench_function("run_indicators", |bencher| {
        bencher.iter(|| run(store.engine(DERIVED, INDICATORS)));
    });
    group.finish();
}

criterion_group!(benches, hot_path);
criterion_main!(benches);
