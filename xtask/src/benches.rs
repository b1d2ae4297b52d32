//! The benches: measured, or run once to see that they still run.

use std::path::Path;

use anyhow::{Result, ensure};
use cargo_metadata::Metadata;

use crate::command::{Shell, TestCount};

/// The package that holds those of the streaming hot path and of whole runs.
const HOME: &str = "openbell-benches";

/// How much work is put into a bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Each bench runs once and measures nothing.
    Once,
    /// Each bench is measured.
    Measured,
}

/// Runs the benches.
///
/// # Errors
///
/// When a bench fails, or there is none.
pub fn run(root: &Path, metadata: &Metadata, effort: Effort) -> Result<TestCount> {
    let targets = targets(metadata);
    ensure!(
        targets.iter().any(|(package, _)| package == HOME),
        "{HOME} has no bench target, so the hot path cannot be measured"
    );
    let mut count = TestCount::default();
    for (package, target) in targets {
        let verb = match effort {
            // Without measuring, in the profile of the tests, which is built by then.
            Effort::Once => "test",
            Effort::Measured => "bench",
        };
        let shell = Shell::cargo(&format!("{verb} --locked -p {package} --bench {target}"));
        count.add(shell.run(root)?);
    }
    Ok(count)
}

/// The packages of the workspace with the names of their benches.
fn targets(metadata: &Metadata) -> Vec<(String, String)> {
    let mut targets = Vec::new();
    for package in metadata.workspace_packages() {
        for target in package.targets.iter().filter(|target| target.is_bench()) {
            targets.push((package.name.to_string(), target.name.clone()));
        }
    }
    targets.sort();
    targets
}
