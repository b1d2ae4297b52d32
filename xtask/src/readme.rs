//! The README's table of crates, with what each of them brings into the service that takes it.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::Metadata;

use crate::command::Shell;
use crate::generated::{Generated, replaced};

/// The line before the table.
const SINCE: &str = "<!-- crates: written by `cargo xtask readme --write` -->";
/// The line after it.
const UNTIL: &str = "<!-- end of crates -->";

/// The commands that the README shows, and that `ci` and a reader run.
pub const COMMANDS: [&str; 2] = [
    "cargo run --release -p openbell -- run session_configs/example_session.json",
    "cargo xtask ci",
];

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    package: String,
    description: String,
    n_direct: usize,
    n_total: usize,
}

/// The README with the table as it should be.
///
/// # Errors
///
/// When the README lacks its markers or one of its commands, or cargo cannot tell the trees.
pub fn generated(root: &Path, metadata: &Metadata) -> Result<Generated> {
    let found = std::fs::read_to_string(root.join("README.md")).context("cannot read README.md")?;
    for command in COMMANDS {
        ensure!(found.contains(command), "README.md does not show the command `{command}`");
    }
    let mut rows = Vec::new();
    for package in metadata.workspace_packages() {
        let is_ours_to_offer = package.publish.as_ref().is_none_or(|to| !to.is_empty());
        if is_ours_to_offer {
            let tree = Shell::cargo(
                "tree --locked -e normal --prefix depth --target x86_64-unknown-linux-gnu",
            )
            .with("-p")
            .with(package.name.as_str())
            .output(root)?;
            rows.push(row(&package.name, package.description.as_deref().unwrap_or(""), &tree));
        }
    }
    rows.sort_by_key(|row| (row.n_total, row.package.clone()));
    let text = replaced(&found, "README.md", SINCE, UNTIL, &table(&rows))?;
    Ok(Generated { path: "README.md", text, command: "cargo xtask readme --write" })
}

/// Counts the packages of others in a tree as `cargo tree --prefix depth` prints it: below the
/// crate itself, and below it and ours.
fn row(package: &str, description: &str, tree: &str) -> Row {
    let mut direct = BTreeSet::new();
    let mut total = BTreeSet::new();
    for line in tree.lines() {
        let name_at = line.find(|c: char| !c.is_ascii_digit()).unwrap_or(line.len());
        let (depth, name) = line.split_at(name_at);
        let mut words = name.split_whitespace();
        let (Some(name), Some(version)) = (words.next(), words.next()) else { continue };
        if name.starts_with("openbell") {
            continue;
        }
        if depth == "1" {
            direct.insert((name, version));
        }
        total.insert((name, version));
    }
    Row {
        package: package.to_owned(),
        description: description.to_owned(),
        n_direct: direct.len(),
        n_total: total.len(),
    }
}

fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| crate | what it knows | dependencies of its own | with all below |\n|---|---|---:|---:|\n",
    );
    for row in rows {
        table.push_str(&format!(
            "| `{}` | {} | {} | {} |\n",
            row.package, row.description, row.n_direct, row.n_total
        ));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_others_are_counted_once_and_ours_are_not() {
        let tree = "0openbell-market v0.1.0 (a)\n1openbell-time v0.1.0 (b)\n2chrono v0.4.1\n\
                    3num v0.2.0\n1thiserror v2.0.0\n2chrono v0.4.1 (*)\n";
        let expected = Row {
            package: "openbell-market".to_owned(),
            description: "The words.".to_owned(),
            n_direct: 1,
            n_total: 3,
        };
        assert_eq!(row("openbell-market", "The words.", tree), expected);
    }
}
