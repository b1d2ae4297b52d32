//! Holds what the hot path costs against the bounds of `benches/bounds.json`: `cargo xtask bench
//! --check`. With `--full` on larger markets, with the times of this machine, as tables show them.
#![expect(clippy::disallowed_methods, reason = "a program of the benches")]

mod bounds;
mod memory;

use std::process::ExitCode;

use openbell::bench::machine::Machine;
use openbell::table::{Align, Table};
use openbell_benches::measured::{Effort, ratios, times};

use bounds::{broken, read};

fn main() -> ExitCode {
    let is_full = std::env::args().any(|arg| arg == "--full");
    let bounds = match read(include_str!("../../../bounds.json")) {
        Ok(bounds) => bounds,
        Err(error) => {
            eprintln!("benches/bounds.json: {error}");
            return ExitCode::FAILURE;
        }
    };
    let machine = Machine::this();
    if machine.is_debug_build() {
        eprintln!("a debug build says nothing: cargo run --release -p openbell-benches");
        return ExitCode::FAILURE;
    }
    let mut figures = memory::figures();
    figures.extend(ratios(if is_full { Effort::FULL } else { Effort::GUARD }));
    if is_full {
        figures.extend(times(Effort::FULL));
    }
    let mut table = Table::new([
        ("figure", Align::Left),
        ("measured", Align::Right),
        ("goal", Align::Left),
        ("bound", Align::Left),
    ]);
    for figure in &figures {
        let bound = bounds.iter().find(|bound| bound.figure == figure.name);
        table.row([
            figure.name.to_owned(),
            format!("{:.3}", figure.value),
            bound.map_or(String::new(), |bound| bound.goal.clone()),
            bound.map_or(String::new(), bounds::Bound::words),
        ]);
    }
    for line in table.lines() {
        println!("{line}");
    }
    println!("\n{}, {} cores, {}; {}", machine.cpu, machine.n_cores, machine.system, machine.rustc);
    let broken = broken(&bounds, &figures);
    for line in &broken {
        eprintln!("{line}");
    }
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
