//! The figures that are promised or aimed at, each measured on a market made for it.
//!
//! Ratios are of processor time within one round, and hold on a machine that does other things
//! beside. In them `decode` is the yardstick: bare decoding by the `parquet` crate alone. Times are of this machine, and bind nobody.

use openbell::bench::figures::median;
use openbell::bench::market::{Files, Load, Market, Size};
use openbell::bench::stage::{Prepared, Stage};
use openbell_coordinator::{LagMeter, LagRule};
use openbell_session_data::BoardWriter;
use openbell_time::{Nanos, Timestamp};

use crate::live_day::LiveDays;
use crate::market;
use crate::noon::{Noon, to_first_bar};
use crate::rounds::{Rounds, Work, cpu};

/// One figure.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Figure {
    /// Its name, by which its bound is found.
    pub name: &'static str,
    /// What was measured.
    pub value: f64,
}

/// How much is put into measuring.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effort {
    /// Sessions of the markets with few symbols.
    pub n_sessions: usize,
    /// Sessions of the markets with many.
    pub n_sessions_wide: usize,
    /// Symbols of the widest market.
    pub n_symbols_wide: usize,
    /// Rounds.
    pub n_rounds: usize,
}

impl Effort {
    /// Enough for bounds that a doubling breaks, in less than a minute.
    pub const GUARD: Effort =
        Effort { n_sessions: 21, n_sessions_wide: 3, n_symbols_wide: 2_000, n_rounds: 7 };
    /// The same where nothing is optimised, of growth alone.
    pub const GROWTH: Effort =
        Effort { n_sessions: 0, n_sessions_wide: 2, n_symbols_wide: 1_000, n_rounds: 5 };
    /// For the tables.
    pub const FULL: Effort =
        Effort { n_sessions: 21, n_sessions_wide: 5, n_symbols_wide: 5_000, n_rounds: 9 };
}

/// The ratios that the guard holds against its bounds.
///
/// # Panics
///
/// Where a run does not complete.
pub fn ratios(effort: Effort) -> Vec<Figure> {
    let mut figures = of_month_files(effort);
    figures.push(of_day_files(effort));
    figures.extend(growth(effort));
    figures
}

fn pass<'m>(stage: Stage, market: &'m Market) -> Work<'m> {
    let prepared = Prepared::new(stage, market).expect("a good config");
    Box::new(move || prepared.pass().expect("a run that completes").taken.cpu)
}

fn of_month_files(effort: Effort) -> Vec<Figure> {
    let market = market(100, effort.n_sessions);
    let mut live = LiveDays::of(&market);
    let work: Vec<Work<'_>> = vec![
        pass(Stage::Parquet, &market),
        pass(Stage::Run, &market),
        pass(Stage::Consumer, &market),
        pass(Stage::Indicators, &market),
        Box::new(move || cpu(|| live.append())),
        pass(Stage::Decode, &market),
    ];
    let n_bars = (market.symbols.len() * market.sessions.len() * 390) as f64;
    let rounds = Rounds::run(effort.n_rounds, work);
    vec![
        Figure { name: "decode / by our feeds, month files", value: rounds.ratio(0, 5) },
        Figure { name: "decode / consumer, month files", value: rounds.ratio(0, 2) },
        Figure { name: "decode / all on, month files", value: rounds.ratio(0, 3) },
        Figure { name: "decode / live append", value: rounds.ratio(0, 4) },
        Figure { name: "consumer / run", value: rounds.ratio(2, 1) },
        Figure { name: "ns a bar to notify a consumer", value: rounds.beyond_ns(2, 1) / n_bars },
    ]
}

fn of_day_files(effort: Effort) -> Figure {
    let size =
        Size { n_symbols: 100, n_sessions: effort.n_sessions, files: Files::Day, thin: None };
    let market = Market::generate(&size).expect("a market");
    let work = vec![pass(Stage::Parquet, &market), pass(Stage::Consumer, &market)];
    let rounds = Rounds::run(effort.n_rounds, work);
    Figure { name: "decode / consumer, day files", value: rounds.ratio(0, 1) }
}

/// What a bar costs among many symbols beside what it costs among few: the same in any build. The same
/// number of sessions everywhere, so that opening a file weighs the same.
///
/// # Panics
///
/// Where a run does not complete.
pub fn growth(effort: Effort) -> Vec<Figure> {
    let of = |n_symbols| market(n_symbols, effort.n_sessions_wide);
    let (few, more, many) = (of(100), of(500), of(effort.n_symbols_wide));
    // A pass over few symbols that follows one over many is not counted: the memory of the many went
    // back to the system, and it has to ask for its own again.
    let work = vec![
        pass(Stage::Indicators, &few),
        pass(Stage::Indicators, &few),
        pass(Stage::Indicators, &more),
        pass(Stage::Consumer, &few),
        pass(Stage::Consumer, &few),
        pass(Stage::Consumer, &many),
    ];
    let rounds = Rounds::run(effort.n_rounds, work);
    let wide = effort.n_symbols_wide as f64 / 100.0;
    vec![
        Figure {
            name: "ns a bar at 500 symbols / at 100, all on",
            value: rounds.ratio(2, 1) / 5.0,
        },
        Figure { name: "ns a bar at many symbols / at 100", value: rounds.ratio(5, 4) / wide },
    ]
}

/// The times at which the tables look, on this machine.
///
/// # Panics
///
/// Where a run does not complete.
pub fn times(effort: Effort) -> Vec<Figure> {
    let market = market(501, 21);
    let noon = Noon::of(&market);
    let config = market.config(&Load::BASE).expect("a good config");
    let n_rounds = effort.n_rounds;
    let ms = |work: &mut dyn FnMut() -> Nanos| {
        median((0..n_rounds).map(|_| work().as_nanos() as f64 / 1e6))
    };
    let mut figures = vec![
        Figure { name: "ms to add a symbol at noon", value: ms(&mut || noon.add()) },
        Figure {
            name: "ms from start to first bar",
            value: ms(&mut || to_first_bar(&market, &config)),
        },
        Figure { name: "ns to read the latest bar", value: read_latest_ns(&noon, n_rounds) },
    ];
    figures.push(Figure { name: "ns a bar of lag check and gate", value: lag_check_ns(n_rounds) });
    figures
}

/// An outside read of the latest bar in mid-session, gate included.
fn read_latest_ns(noon: &Noon<'_>, n_rounds: usize) -> f64 {
    const N_READS: u64 = 20_000_000;
    let engine = noon.before_noon();
    let (symbol, base) = noon.a_symbol();
    let mut reader = engine.outside_reader().series_reader(&symbol, base);
    let mut sum = 0.0;
    let read = || {
        cpu(|| {
            for _ in 0..N_READS {
                let bar = reader.latest().expect("an active session").expect("a bar");
                sum += std::hint::black_box(bar).ohlcv.close;
            }
        })
    };
    let rounds = Rounds::run(n_rounds, vec![Box::new(read)]);
    std::hint::black_box(sum);
    rounds.ns(0) / N_READS as f64
}

/// What a bar without lag costs the lag check and the gate: counted, and compared where a check is
/// due; and a publication for the bars of 100 symbols that close at one instant.
fn lag_check_ns(n_rounds: usize) -> f64 {
    const N_SYMBOLS: usize = 100;
    const N_INSTANTS: i64 = 200_000;
    let rule = LagRule {
        threshold: Nanos::from_secs(60),
        recovery: Nanos::from_secs(60),
        check_interval: 10,
    };
    let mut meters: Vec<LagMeter> = (0..N_SYMBOLS).map(|_| LagMeter::new()).collect();
    let mut board = BoardWriter::new();
    let check = || {
        cpu(|| {
            for instant in 0..N_INSTANTS {
                for meter in std::hint::black_box(&mut meters) {
                    if meter.is_check_due(&rule, instant as u64) {
                        let _ = meter.check(&rule, Nanos::ZERO);
                    }
                }
                let _ = board.publish(Timestamp::from_nanos(instant));
            }
        })
    };
    let n_bars = N_INSTANTS as f64 * N_SYMBOLS as f64;
    Rounds::run(n_rounds, vec![Box::new(check)]).ns(0) / n_bars
}
