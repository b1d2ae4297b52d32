//! `openbell bench`: what each stage from file to consumer costs, beside bare decoding.
//!
//! The benches of the repository run these very stages on these very markets.

pub mod figures;
pub mod machine;
pub mod market;
pub mod meter;
pub mod stage;
mod yardstick;

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::exit::{Exit, Failure, Outcome};
use crate::table::{Align, Table, bytes, count, counted};
use crate::terminal::Terminal;
use figures::{Figures, measure};
use machine::Machine;
use market::{Files, Market, Origin, Size};

/// Measures what each stage from file to consumer costs.
///
/// Stages take turns, round by round, and each is held against bare decoding by the parquet crate alone in
/// the same round, so that what else the machine does disturbs the ratios little. Times are processor time of the whole
/// process; bars a second are by the wall. The memory is the most that the process had at a time.
///
/// Without --store the bars are made up, minutes of US stocks, in a folder for temporary files.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct BenchArgs {
    /// Measures on the bars of this store, its last sessions.
    #[arg(long, value_name = "FOLDER")]
    store: Option<PathBuf>,
    /// The exchange group of the store's bars.
    #[arg(long, value_name = "GROUP", default_value = "US_EQUITY", requires = "store")]
    group: String,
    /// How many symbols, of a store the first in symbol order.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    symbols: u32,
    /// How many sessions.
    #[arg(long, value_name = "N", default_value_t = 21, value_parser = clap::value_parser!(u32).range(1..=2_520))]
    days: u32,
    /// Makes up a file for each month or for each day.
    #[arg(long, value_enum, default_value_t, value_name = "LENGTH", conflicts_with = "store")]
    files: Files,
    /// How many rounds, after one that is not timed.
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// Writes JSON instead of a table.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  openbell bench
      819,000 made-up bars: 100 symbols, 21 sessions of 390 minutes
  openbell bench --symbols 500 --days 252 --rounds 3
      a year of them
  openbell bench --store bars --symbols 50
      your own bars
  taskset -c 0 openbell bench --json > bench.json
      on one core";

/// Measures, and prints what came out.
pub fn bench(args: &BenchArgs, terminal: &mut Terminal) -> Outcome {
    let machine = Machine::this();
    if machine.is_debug_build() {
        terminal.warning(
            "this is a debug build, whose figures say nothing: build with cargo build --release",
        );
    }
    let (n_symbols, n_sessions) = (args.symbols as usize, args.days as usize);
    let market = match &args.store {
        Some(store) => Market::of_store(store, &args.group, n_symbols, n_sessions)?,
        None => Market::generate(&Size { n_symbols, n_sessions, files: args.files, thin: None })?,
    };
    let figures = measure(&market, args.rounds as usize)?;
    if figures.iter().all(|figures| figures.n_bars == 0) {
        return Err(Failure::says(Exit::Data, "there is no bar in these sessions to measure on"));
    }
    if args.json {
        terminal.line(format!("{:#}", as_json(args, &market, &figures, &machine)))?
    } else {
        print(args, &market, &figures, &machine, terminal)?
    }
    Ok(Exit::Done)
}

fn print(
    args: &BenchArgs,
    market: &Market,
    figures: &[Figures],
    machine: &Machine,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let origin = match &market.origin {
        Origin::Generated(Files::Month) => "synthetic, a file a month".to_owned(),
        Origin::Generated(Files::Day) => "synthetic, a file a day".to_owned(),
        Origin::Store(store) => store.display().to_string(),
    };
    terminal.line(format!(
        "{}, {} of {}: {} bars, {origin}\n",
        counted(market.symbols.len() as u64, "symbol"),
        counted(market.sessions.len() as u64, "session"),
        market.base,
        count(figures[0].n_bars),
    ))?;
    let mut table = Table::new([
        ("stage", Align::Left),
        ("bars/s", Align::Right),
        ("ns/bar", Align::Right),
        ("decode/it", Align::Right),
        ("memory", Align::Right),
        ("digest", Align::Left),
    ]);
    for figures in figures {
        table.row([
            figures.stage.words().to_owned(),
            count(figures.bars_per_s() as u64),
            format!("{:.1}", figures.ns_per_bar()),
            format!("{:.2}", figures.decode_ratio),
            figures.peak_bytes.map_or("-".to_owned(), bytes),
            figures.digest.clone().unwrap_or_default(),
        ]);
    }
    table.print(terminal, "")?;
    terminal.line(format!(
        "\nmedians of {}; {}, {}, {} {}\nopenbell {}, {}, {} build, opt-level {}",
        counted(args.rounds.into(), "round"),
        machine.cpu,
        counted(machine.n_cores as u64, "core"),
        machine.system,
        machine.arch,
        machine.openbell,
        machine.rustc,
        machine.profile,
        machine.opt_level,
    ))?;
    Ok(())
}

fn as_json(args: &BenchArgs, market: &Market, figures: &[Figures], machine: &Machine) -> Value {
    let files = match market.origin {
        Origin::Generated(Files::Month) => Some("month"),
        Origin::Generated(Files::Day) => Some("day"),
        Origin::Store(_) => None,
    };
    let stage = |figures: &Figures| {
        json!({
            "stage": figures.stage.name(),
            "bars": figures.n_bars,
            "derived": figures.n_derived,
            "bars_per_s": figures.bars_per_s(),
            "cpu_ns_per_bar": figures.ns_per_bar(),
            "decode_ratio": figures.decode_ratio,
            "peak_memory_bytes": figures.peak_bytes,
            "digest": figures.digest,
        })
    };
    json!({
        "store": args.store,
        "generated_files": files,
        "interval": market.base.to_string(),
        "symbols": market.symbols.len(),
        "sessions": market.sessions.len(),
        "first": market.sessions.first().map(|session| session.date.to_string()),
        "last": market.sessions.last().map(|session| session.date.to_string()),
        "rounds": args.rounds,
        "stages": figures.iter().map(stage).collect::<Vec<_>>(),
        "machine": {
            "cpu": machine.cpu,
            "cores": machine.n_cores,
            "system": machine.system,
            "arch": machine.arch,
        },
        "versions": {
            "openbell": machine.openbell,
            "rustc": machine.rustc,
            "profile": machine.profile,
            "opt_level": machine.opt_level,
            "is_debug": machine.is_debug_build(),
        },
    })
}
