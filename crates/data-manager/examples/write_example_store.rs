//! Writes the repository's synthetic data set anew: the same bytes on every machine.
#![allow(clippy::disallowed_methods)] // An example takes its folder from the command line.

use openbell_data_manager::StoreWriter;
use openbell_data_manager::generate::write_example_store;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = std::env::args().nth(1).unwrap_or_else(|| "tests/data/bar_data".to_owned());
    let report = write_example_store(&mut StoreWriter::open(&root)?)?;
    println!("{} bars and {} days in {root}", report.n_bars, report.n_days);
    Ok(())
}
