//! The loom models: every arrangement of threads of a small program, for the crates that have them.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use cargo_metadata::Metadata;

use crate::command::{Shell, TestCount};

/// Crates whose promises stand on a model: none of them may lose it.
const WITH_MODELS: &[&str] = &["openbell-session-data"];

/// Runs every test target whose name begins with `loom`, in a target folder of its own.
///
/// # Errors
///
/// When a model fails, a crate that must have models has none, or a target runs no test.
pub fn run(root: &Path, metadata: &Metadata) -> Result<TestCount> {
    let targets = targets(metadata);
    for package in WITH_MODELS {
        ensure!(
            targets.iter().any(|(with_models, _)| with_models == package),
            "{package} has no test target whose name begins with loom; \
             its publication word and its views are proven there"
        );
    }
    let folder = metadata.target_directory.join("loom");
    let mut count = TestCount::default();
    for (package, target) in targets {
        let shell = Shell::cargo(&format!("test --release -p {package} --test {target}"))
            .with_variable("RUSTFLAGS", "--cfg loom")
            .with_variable("CARGO_TARGET_DIR", folder.as_str());
        let ran = shell.run(root)?;
        if ran.n_passed == 0 {
            bail!("{package}'s test target {target} ran no model");
        }
        count.add(ran);
    }
    Ok(count)
}

/// The packages of the workspace with the names of their model targets.
fn targets(metadata: &Metadata) -> Vec<(String, String)> {
    let mut targets = Vec::new();
    for package in metadata.workspace_packages() {
        for target in &package.targets {
            if target.is_test() && target.name.starts_with("loom") {
                targets.push((package.name.to_string(), target.name.clone()));
            }
        }
    }
    targets.sort();
    targets
}
