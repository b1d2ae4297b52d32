//! Benches of the streaming hot path and of whole runs: what they share.
//!
//! `cargo xtask bench` runs them; `cargo xtask bench --check` holds ratios against
//! `benches/bounds.json`. The markets and stages are those of `openbell bench`; each bench prints
//! the digest of what it has delivered beside its figures, so that a speed-up which changes a value
//! is seen.

pub mod live_day;
pub mod live_looks;
pub mod measured;
pub mod noon;
pub mod recorded_looks;
pub mod rounds;

use openbell::bench::market::{Files, Load, Market, Size};
use openbell::bench::stage::complete;
use openbell_coordinator::{Engine, Report};

/// A dense market in files of months.
///
/// # Panics
///
/// Where the machine gives no folder to write in.
pub fn market(n_symbols: usize, n_sessions: usize) -> Market {
    let size = Size { n_symbols, n_sessions, files: Files::Month, thin: None };
    Market::generate(&size).expect("a market")
}

/// A run of `load` over `market`, planned and not begun.
///
/// # Panics
///
/// Where it cannot begin.
pub fn engine(market: &Market, load: &Load) -> Engine {
    market.config(load).and_then(|config| market.engine(&config)).expect("a plan")
}

/// Steps a run to its end.
///
/// # Panics
///
/// Where it does not complete.
pub fn run(engine: Engine) -> Report {
    complete(engine).expect("a run that completes")
}

/// How large a market is to be: `measured` by `cargo bench`, `once` where a bench is only to show that
/// it still runs.
#[expect(clippy::disallowed_methods, reason = "cargo says by an argument what it wants")]
pub fn sized(measured: usize, once: usize) -> usize {
    if std::env::args().any(|arg| arg == "--bench") { measured } else { once }
}

/// Processor time of `work`, done `n_times`: for `criterion`'s `iter_custom`, since the wall also
/// counts what else the machine does.
pub fn cpu_of(n_times: u64, mut work: impl FnMut()) -> std::time::Duration {
    let taken = rounds::cpu(|| (0..n_times).for_each(|_| work()));
    std::time::Duration::from_nanos(taken.as_nanos().unsigned_abs())
}
