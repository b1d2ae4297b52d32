//! What consumers cost: nanoseconds a bar for none, one and ten inline, one that reads every bar,
//! lock-step, and free.
#![allow(missing_docs)] // criterion's macros make undocumented items.
#![expect(clippy::disallowed_methods, reason = "the program gives consumers their threads")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use openbell::bench::market::Load;
use openbell::bench::stage::Counts;
use openbell_benches::{market, sized};
use openbell_coordinator::{
    Bars, Consumer, Context, Delivery, Engine, OnError, Outcome, Report, Step, Worker,
};
use openbell_time::Timestamp;

/// Reads the close of every bar out of the view, as a strategy does.
#[derive(Default)]
struct Reads(f64);

impl Consumer for Reads {
    fn name(&self) -> &str {
        "reads"
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        let view = context.view();
        for bar in bars {
            let symbol = view.symbol(bar.symbol.as_str())?;
            let rows = symbol.series(bar.interval)?.today();
            self.0 += rows.close()[bar.sequence];
        }
        Ok(())
    }
}

fn run(mut engine: Engine, consumers: Vec<Box<dyn Consumer>>, delivery: Delivery) -> Report {
    let mut workers: Vec<Worker> = Vec::new();
    for consumer in consumers {
        match delivery {
            Delivery::Inline => engine.register(consumer, OnError::StopRun),
            Delivery::LockStep => {
                workers.push(engine.register_lock_step(consumer, OnError::StopRun))
            }
            Delivery::Free => workers.push(engine.register_free(consumer, OnError::StopRun, 256)),
        }
    }
    std::thread::scope(|scope| {
        for worker in workers {
            scope.spawn(move || worker.run());
        }
        loop {
            match engine.step(Timestamp::from_nanos(0)) {
                Step::Ended(_) => return engine.report(),
                Step::Waits { .. } => std::thread::yield_now(),
                Step::Worked | Step::Paused => {}
            }
        }
    })
}

fn counting(n: usize) -> Vec<Box<dyn Consumer>> {
    (0..n).map(|_| Box::<Counts>::default() as Box<dyn Consumer>).collect()
}

fn consumers(criterion: &mut Criterion) {
    // 100 symbols, 5 sessions, 390 bars each, where it is measured.
    let market = market(sized(100, 2), sized(5, 1));
    let config = market.config(&Load::BASE).expect("a good config");
    let engine = || market.engine(&config).expect("a plan");
    let report = run(engine(), counting(1), Delivery::Inline);
    println!("{} bars, digest {}", report.n_bars, report.digest);
    let mut group = criterion.benchmark_group("consumers");
    group.throughput(Throughput::Elements(report.n_bars)).sample_size(10);
    for n in [0, 1, 10] {
        group.bench_function(format!("inline_{n}"), |bencher| {
            bencher.iter(|| run(engine(), counting(n), Delivery::Inline));
        });
    }
    group.bench_function("inline_reading", |bencher| {
        bencher.iter(|| run(engine(), vec![Box::<Reads>::default()], Delivery::Inline));
    });
    for n in [1, 10] {
        group.bench_function(format!("lock_step_{n}"), |bencher| {
            bencher.iter(|| run(engine(), counting(n), Delivery::LockStep));
        });
        group.bench_function(format!("free_{n}"), |bencher| {
            bencher.iter(|| run(engine(), counting(n), Delivery::Free));
        });
    }
    group.finish();
}

criterion_group!(benches, consumers);
criterion_main!(benches);
