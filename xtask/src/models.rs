//! The loom models: every arrangement of threads of a small program.

use std::path::Path;

use anyhow::{Result, ensure};
use cargo_metadata::Metadata;

use crate::command::{Shell, TestCount};

/// The package that holds them, and nothing that need not be built under loom.
const HOME: &str = "openbell-proofs";

/// Runs the models, in a target folder and a profile of their own.
///
/// # Errors
///
/// When a model fails, or none ran.
pub fn run(root: &Path, metadata: &Metadata) -> Result<TestCount> {
    let folder = metadata.target_directory.join("loom");
    let shell = Shell::cargo("test --locked --profile models -p")
        .with(HOME)
        .with_variable("RUSTFLAGS", "--cfg loom")
        .with_variable("CARGO_TARGET_DIR", folder.as_str());
    let ran = shell.run(root)?;
    ensure!(ran.n_passed > 0, "{HOME} ran no model; the publication word is proven there");
    Ok(ran)
}
