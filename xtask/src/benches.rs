//! The benches: measured, or run once to see that they still run.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::Metadata;

use crate::command::{Shell, TestCount};
use crate::generated::{Generated, replaced};

/// The package that holds those of the streaming hot path and of whole runs.
const HOME: &str = "openbell-benches";

/// The command whose figures the README shows.
pub const SHOWN: &str = "cargo run --release -p openbell -- bench";
/// The line before them.
const SINCE: &str = "<!-- speed: written by `cargo xtask bench --write` -->";
/// The line after them.
const UNTIL: &str = "<!-- end of speed -->";

/// The README with the figures of this machine, as it is now.
///
/// # Errors
///
/// When the README lacks its markers, or the program cannot be built or run.
pub fn shown(root: &Path) -> Result<Generated> {
    let found = std::fs::read_to_string(root.join("README.md")).context("cannot read README.md")?;
    let output = Shell::cargo(SHOWN.trim_start_matches("cargo ")).output(root)?;
    let part = format!("```console\n$ {SHOWN}\n{}\n```\n", output.trim_end());
    let text = replaced(&found, "README.md", SINCE, UNTIL, &part)?;
    Ok(Generated { path: "README.md", text, command: "cargo xtask bench --write" })
}

/// The build by which costs are held against `benches/bounds.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// Quick to make, and enough for ratios, allocations and heap.
    Guard,
    /// As it is published.
    Release,
}

impl Build {
    /// The word by which cargo is asked for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Guard => "--profile guard",
            Self::Release => "--release",
        }
    }
}

/// Runs each bench once, to see that it still runs, and holds ratios, allocations and memory against
/// their bounds.
///
/// # Errors
///
/// When a bench fails, or a bound is broken.
pub fn check(root: &Path, metadata: &Metadata, build: Build) -> Result<TestCount> {
    let count = run(root, metadata, Effort::Once)?;
    bounds(build).run(root)?;
    Ok(count)
}

/// What holds the costs of the hot path against `benches/bounds.json`.
fn bounds(build: Build) -> Shell {
    Shell::cargo(&format!("run {} --locked -p {HOME} --bin bounds", build.word()))
}

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
    for shell in commands(&targets, effort) {
        count.add(shell.run(root)?);
    }
    Ok(count)
}

/// What runs the benches: without measuring, all of them out of the one build, in the profile of the
/// tests; else each by itself.
fn commands(targets: &[(String, String)], effort: Effort) -> Vec<Shell> {
    match effort {
        Effort::Once => {
            let all = Shell::cargo("test --locked --workspace");
            let with =
                |shell: Shell, (_, target): &(String, String)| shell.with("--bench").with(target);
            vec![targets.iter().fold(all, with)]
        }
        Effort::Measured => {
            let one = |(package, target): &(String, String)| {
                Shell::cargo(&format!("bench --locked -p {package} --bench {target}"))
            };
            targets.iter().map(one).collect()
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_held_by_either_build() {
        assert_eq!(
            [Build::Guard, Build::Release].map(|build| bounds(build).to_string()),
            [
                "cargo run --profile guard --locked -p openbell-benches --bin bounds",
                "cargo run --release --locked -p openbell-benches --bin bounds",
            ]
        );
    }

    #[test]
    fn benches_are_run_once_by_one_command_and_measured_one_by_one() {
        let target = |package: &str, name: &str| (package.to_owned(), name.to_owned());
        let targets = [target("a", "reads"), target("b", "moments")];
        let texts = |effort| -> Vec<String> {
            commands(&targets, effort).iter().map(Shell::to_string).collect()
        };
        assert_eq!(
            texts(Effort::Once),
            ["cargo test --locked --workspace --bench reads --bench moments"]
        );
        assert_eq!(
            texts(Effort::Measured),
            [
                "cargo bench --locked -p a --bench reads",
                "cargo bench --locked -p b --bench moments"
            ]
        );
    }
}
