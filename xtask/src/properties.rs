//! The property tests: where they are, and running them with many cases.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail, ensure};

use crate::command::{Shell, TestCount};
use crate::graph::Graph;
use crate::source::{Source, read_all};

/// Which properties are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Those on lag detection, in the coordinator.
    Lag,
    /// All that there are.
    All,
}

/// The property tests of one test target.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Laws {
    package: String,
    /// `--lib`, `--bins`, or `--test` with the target's name.
    target: String,
    names: Vec<String>,
}

/// The crate whose lag detection is tested here.
const LAG_HOME: &str = "openbell-coordinator";

/// Runs the chosen property tests with `n_cases` cases each.
///
/// # Errors
///
/// When a property fails, none is found, or a target runs none of those that were found in it.
pub fn run(root: &Path, graph: &Graph, choice: Choice, n_cases: u32) -> Result<TestCount> {
    let laws = chosen(find(&read_all(root)?, graph), choice)?;
    let mut count = TestCount::default();
    for Laws { package, target, names } in laws {
        let mut shell = Shell::cargo(&format!("test -p {package} {target} --"))
            .with_variable("PROPTEST_CASES", n_cases.to_string());
        for name in &names {
            shell = shell.with(name);
        }
        let ran = shell.run(root)?;
        if ran.n_passed < names.len() as u64 {
            bail!(
                "{} properties of {package} ({target}) were asked for, {} ran",
                names.len(),
                ran.n_passed
            );
        }
        count.add(ran);
    }
    Ok(count)
}

fn chosen(laws: Vec<Laws>, choice: Choice) -> Result<Vec<Laws>> {
    let laws: Vec<Laws> = match choice {
        Choice::All => laws,
        Choice::Lag => laws
            .into_iter()
            .filter(|laws| laws.package == LAG_HOME)
            .map(|mut laws| {
                laws.names.retain(|name| is_on_lag(name) || is_on_lag(&laws.target));
                laws
            })
            .filter(|laws| !laws.names.is_empty())
            .collect(),
    };
    ensure!(
        !laws.is_empty(),
        match choice {
            Choice::Lag => format!(
                "no property on lag detection is found in {LAG_HOME}; \
                 its name, or its test target's, says lag or gate"
            ),
            Choice::All => "no property test is found in the workspace".to_owned(),
        }
    );
    Ok(laws)
}

fn is_on_lag(name: &str) -> bool {
    name.split(|c: char| !c.is_alphanumeric())
        .any(|word| ["lag", "lags", "lagging", "gate", "threshold"].contains(&word))
}

/// Every function inside `proptest! { … }`, by test target.
fn find(sources: &[Source], graph: &Graph) -> Vec<Laws> {
    let mut names: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for source in sources {
        let Some(code) = &source.code else { continue };
        let Some((package, target)) = target_of(&source.path, graph) else { continue };
        let found = code.functions_in_macro("proptest");
        if !found.is_empty() {
            names.entry((package, target)).or_default().extend(found);
        }
    }
    names
        .into_iter()
        .map(|((package, target), mut names)| {
            names.sort();
            names.dedup();
            Laws { package, target, names }
        })
        .collect()
}

/// The package and the target that a file is compiled into.
fn target_of(path: &str, graph: &Graph) -> Option<(String, String)> {
    let room = graph.rooms.iter().find(|room| path.starts_with(&format!("{}/", room.folder)))?;
    let inside = &path[room.folder.len() + 1..];
    let target = if let Some(test) = inside.strip_prefix("tests/") {
        let name = test.split('/').next()?;
        format!("--test {}", name.strip_suffix(".rs").unwrap_or(name))
    } else if inside.starts_with("src/") {
        if ["openbell", "xtask"].contains(&room.package.as_str()) { "--bins" } else { "--lib" }
            .to_owned()
    } else {
        return None;
    };
    Some((room.package.clone(), target))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Room;

    fn graph() -> Graph {
        let room = |package: &str, folder: &str| Room {
            package: package.to_owned(),
            folder: folder.to_owned(),
            imports: Vec::new(),
        };
        let rooms = vec![room(LAG_HOME, "crates/coordinator"), room("openbell-tests", "tests")];
        Graph::of(rooms, &[])
    }

    fn laws(package: &str, target: &str, names: &[&str]) -> Laws {
        Laws {
            package: package.to_owned(),
            target: target.to_owned(),
            names: names.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    #[test]
    fn property_tests_are_found_in_files_of_all_kinds() {
        let body = |name: &str| format!("proptest! {{ #[test] fn {name}(x in 0..3) {{}} }}");
        let sources = [
            Source::new("crates/coordinator/src/gate.rs", &body("lag_is_local")),
            Source::new("crates/coordinator/tests/laws.rs", &body("order_is_total")),
            Source::new("tests/tests/days/cut.rs", &body("nothing_is_early")),
            Source::new("crates/coordinator/src/merge.rs", "#[test] fn plain() {}"),
        ];
        assert_eq!(
            find(&sources, &graph()),
            [
                laws(LAG_HOME, "--lib", &["lag_is_local"]),
                laws(LAG_HOME, "--test laws", &["order_is_total"]),
                laws("openbell-tests", "--test days", &["nothing_is_early"]),
            ]
        );
    }

    #[test]
    fn lag_detection_is_picked_by_name() {
        let all = vec![
            laws(LAG_HOME, "--lib", &["a_lag_is_local", "flags_hold"]),
            laws(LAG_HOME, "--test gate", &["order_is_total"]),
            laws("openbell-tests", "--lib", &["lag_is_global"]),
        ];
        assert_eq!(
            chosen(all, Choice::Lag).expect("there are some"),
            [
                laws(LAG_HOME, "--lib", &["a_lag_is_local"]),
                laws(LAG_HOME, "--test gate", &["order_is_total"]),
            ]
        );
    }

    #[test]
    fn no_property_on_lag_detection_is_an_error() {
        let error = chosen(vec![laws("openbell-tests", "--lib", &["a"])], Choice::Lag)
            .expect_err("none is on lag");
        assert_eq!(
            error.to_string(),
            "no property on lag detection is found in openbell-coordinator; \
             its name, or its test target's, says lag or gate"
        );
    }
}
