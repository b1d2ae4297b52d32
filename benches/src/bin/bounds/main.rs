//! Holds what the hot path costs against the bounds of `benches/bounds.json`: `cargo xtask bench
//! --check`. In a build that is not optimised only what means something there: allocations, memory,
//! growth. With `--full` on larger markets, with the times of this machine, as tables show them.
#![expect(clippy::disallowed_methods, reason = "a program of the benches")]

mod bounds;
mod memory;

use std::process::ExitCode;

use openbell::bench::machine::Machine;
use openbell::table::{Align, Table};
use openbell_benches::measured::{Effort, growth, ratios, times};

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
    let is_optimised = !machine.is_debug_build();
    if is_full && !is_optimised {
        eprintln!("tables are made in a release build: cargo run --release -p openbell-benches");
        return ExitCode::FAILURE;
    }
    let mut figures = memory::figures();
    match (is_full, is_optimised) {
        (true, _) => {
            figures.extend(ratios(Effort::FULL));
            figures.extend(times(Effort::FULL));
        }
        (false, true) => figures.extend(ratios(Effort::GUARD)),
        (false, false) => figures.extend(growth(Effort::GROWTH)),
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
    let broken = broken(&bounds, &figures, is_optimised);
    for line in &broken {
        eprintln!("{line}");
    }
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
