//! What a run asks of the allocator: how often while bars stream, and how much at a time. The same
//! on every machine and in every round.

use allocation_counter::{AllocationInfo, measure};
use openbell::bench::figures::median;
use openbell::bench::market::Market;
use openbell::bench::stage::{Counts, Stage};
use openbell_benches::measured::Figure;
use openbell_benches::{engine, market};
use openbell_coordinator::{Engine, OnError, Phase, Step};
use openbell_time::Timestamp;

/// Sessions after which all memory is there: two sets of the day's columns take turns.
const N_WARM: usize = 3;

/// All of it.
///
/// # Panics
///
/// Where a run does not complete.
pub fn figures() -> Vec<Figure> {
    let counted = count(&market(100, N_WARM + 3));
    let (month, three) = (market(100, 21), market(100, 63));
    let most = |market: &Market| peak(market).bytes_max as f64 / 1e6;
    let (month_mb, three_mb) = (most(&month), most(&three));
    vec![
        Figure { name: "allocations at an instant", value: counted.at_an_instant },
        Figure { name: "allocations a bar, streaming", value: counted.streaming },
        Figure { name: "allocations a bar, with opens and closes", value: counted.all },
        Figure { name: "MB on the heap, a month of 100 symbols", value: month_mb },
        Figure { name: "MB on the heap, three months / one", value: three_mb / month_mb },
    ]
}

/// Allocations for a bar after warming up.
struct Counted {
    /// In one step between a session's first and last, the median.
    at_an_instant: f64,
    /// In steps between a session's first and last.
    streaming: f64,
    /// In all steps.
    all: f64,
}

fn everything_on(market: &Market) -> Engine {
    let mut engine = engine(market, &Stage::Indicators.load(market).expect("a run"));
    engine.register(Box::<Counts>::default(), OnError::StopRun);
    engine
}

fn count(market: &Market) -> Counted {
    let mut engine = everything_on(market);
    let (mut streaming, mut n_all) = (Vec::new(), 0);
    loop {
        let is_warm = engine.n_sessions_closed() >= N_WARM;
        let before = engine.phase();
        let mut step = Step::Worked;
        let counted = measure(|| step = engine.step(Timestamp::from_nanos(0)));
        if is_warm {
            n_all += counted.count_total;
            if (before, engine.phase()) == (Phase::Streaming, Phase::Streaming) {
                streaming.push(counted.count_total);
            }
        }
        if let Step::Ended(phase) = step {
            assert_eq!(phase, Phase::Closed, "{:?}", engine.report().failure);
            break;
        }
    }
    let warm = &engine.report().sessions[N_WARM..];
    let n_bars: u64 = warm.iter().map(|session| session.n_bars).sum();
    let a_bar = |n_allocations: u64| n_allocations as f64 / n_bars as f64;
    Counted {
        at_an_instant: median(streaming.iter().map(|&n| n as f64)),
        streaming: a_bar(streaming.iter().sum()),
        all: a_bar(n_all),
    }
}

/// The most that a whole run has on the heap at a time.
fn peak(market: &Market) -> AllocationInfo {
    measure(|| drop(openbell_benches::run(everything_on(market))))
}
