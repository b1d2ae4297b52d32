//! The benches: measured, or run once to see that they still run.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::Metadata;

use crate::command::{Shell, TestCount};
use crate::generated::{Generated, replaced};
use crate::steps::BUILD;

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
    /// That of the tests: allocations, memory, and growth with the number of symbols.
    Workspace,
    /// As it is published: ratios of cost too.
    Release,
}

/// Runs each bench once, to see that it still runs, and holds what `build` can show of allocations,
/// memory and ratios against its bounds.
///
/// # Errors
///
/// When a bench fails, or a bound is broken.
pub fn check(root: &Path, metadata: &Metadata, build: Build) -> Result<TestCount> {
    let count = run(root, metadata, Effort::Once)?;
    for shell in bounds(build, metadata.target_directory.as_std_path()) {
        shell.run(root)?;
    }
    Ok(count)
}

/// What holds the costs of the hot path against `benches/bounds.json`; programs are looked for in
/// `target`.
fn bounds(build: Build, target: &Path) -> Vec<Shell> {
    match build {
        Build::Workspace => {
            let program = target.join("debug/bounds");
            vec![Shell::cargo(BUILD), Shell::of(program.to_string_lossy(), "")]
        }
        Build::Release => {
            vec![Shell::cargo(&format!("run --release --locked -p {HOME} --bin bounds"))]
        }
    }
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
        let texts = |build| -> Vec<String> {
            bounds(build, Path::new("t")).iter().map(Shell::to_string).collect()
        };
        assert_eq!(
            texts(Build::Workspace),
            [format!("cargo {BUILD}"), "t/debug/bounds".to_owned()]
        );
        let release = "cargo run --release --locked -p openbell-benches --bin bounds";
        assert_eq!(texts(Build::Release), [release]);
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
