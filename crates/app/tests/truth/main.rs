//! Exports of real runs against reference results made by other means, file by file.
//!
//! The reference lies beside the repository (or where `OPENBELL_SHARED` says) and is no part of it:
//! where it is not there, these tests say so and pass. They compare every file that they find, so
//! another year, symbol or market is compared by putting it there.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the files of the reference and of the export are read without the crates under test"
)]

#[expect(dead_code, reason = "the other tests of the program use the rest of it")]
#[path = "../cli/support.rs"]
mod support;

mod compare;
mod plan;
mod table;

use compare::Comparison;
use plan::runs;
use support::{Folder, reference_data};

#[test]
fn exports_of_real_runs_reproduce_every_reference_file() {
    let Some(data) = reference_data() else { return };
    let mut comparison = Comparison::default();
    for run in runs(&data) {
        if run.group().is_none() {
            println!("skipped: there is no calendar for {}", run.dataset);
            continue;
        }
        let folder = Folder::new();
        folder.write("session.json", &run.session(&data));
        folder.run(&["run", "session.json", "--no-progress", "--export", "out"]).expect_code(0);
        comparison.compare(&data, &run, &folder.path("out"));
    }
    comparison.print();
    assert!(comparison.n_files() > 0, "nothing was compared");
    assert!(comparison.faults.is_empty(), "{}", comparison.faults.join("\n"));
}
