//! The front end of the report: built by node, tested in a browser. Nobody else needs either: what it is
//! built to is committed, and `tidy` holds it against its sources by their hashes.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// Where its sources are.
const FOLDER: &str = "crates/page/web";

/// What is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It is built anew.
    Build,
    /// It is built, and compared with what is committed.
    Check,
    /// It is checked, and pages are opened in a browser.
    Test,
}

/// Builds the front end, or compares it, or tests it.
///
/// # Errors
///
/// When node, its packages or a browser are missing, the sources do not compile, what is committed is
/// stale, or a test fails.
pub fn run(root: &Path, asked: Asked) -> Result<()> {
    let folder = root.join(FOLDER);
    ensure!(folder.join("package.json").is_file(), "{FOLDER} holds no package.json");
    if !folder.join("node_modules/esbuild").is_dir() {
        node(&folder, "npm", &["ci", "--no-audit", "--no-fund"])?;
    }
    match asked {
        Asked::Build => node(&folder, "npm", &["run", "--silent", "build"]),
        Asked::Check => node(&folder, "npm", &["run", "--silent", "check"]),
        Asked::Test => {
            node(&folder, "npm", &["run", "--silent", "check"])?;
            node(root, "cargo", &["build", "--quiet", "-p", "openbell"])?;
            node(&folder, "npm", &["test", "--silent"])
        }
    }
}

fn node(folder: &Path, program: &str, args: &[&str]) -> Result<()> {
    let status = Command::new(program).args(args).current_dir(folder).status();
    let status = status.with_context(|| {
        format!("cannot start {program}: the front end is built by node 20 or later, with npm")
    })?;
    ensure!(status.success(), "{program} {} failed in {}", args.join(" "), folder.display());
    Ok(())
}
