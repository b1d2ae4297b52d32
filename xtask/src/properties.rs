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
    /// Those on lag detection and the gate.
    Lag,
    /// All that there are.
    All,
}

/// The property tests of one package.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Laws {
    package: String,
    laws: Vec<Law>,
}

/// One property test.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Law {
    /// The function's name.
    name: String,
    /// The file that it stands in.
    path: String,
}

/// Where lag detection and the gate are tested: by themselves, and as whole sessions.
const LAG_HOMES: &[&str] = &["openbell-coordinator", "openbell-tests"];

/// Runs the chosen property tests with `n_cases` cases each, out of the one build of the workspace.
///
/// # Errors
///
/// When a property fails, none is found, or fewer ran than were found.
pub fn run(root: &Path, graph: &Graph, choice: Choice, n_cases: u32) -> Result<TestCount> {
    let laws = chosen(find(&read_all(root)?, graph), choice)?;
    let names: Vec<&str> =
        laws.iter().flat_map(|laws| &laws.laws).map(|law| law.name.as_str()).collect();
    let ran = command(&names, n_cases).run(root)?;
    if ran.n_passed < names.len() as u64 {
        bail!("{} properties were asked for, {} ran", names.len(), ran.n_passed);
    }
    Ok(ran)
}

fn command(names: &[&str], n_cases: u32) -> Shell {
    let shell = Shell::cargo("test --locked --workspace --tests --")
        .with_variable("PROPTEST_CASES", n_cases.to_string());
    names.iter().fold(shell, |shell, name| shell.with(*name))
}

fn chosen(laws: Vec<Laws>, choice: Choice) -> Result<Vec<Laws>> {
    let laws: Vec<Laws> = match choice {
        Choice::All => laws,
        Choice::Lag => laws
            .into_iter()
            .filter(|laws| LAG_HOMES.contains(&laws.package.as_str()))
            .map(|mut laws| {
                laws.laws.retain(|law| is_on_lag(&law.name) || is_on_lag(&law.path));
                laws
            })
            .filter(|laws| !laws.laws.is_empty())
            .collect(),
    };
    ensure!(
        !laws.is_empty(),
        match choice {
            Choice::Lag => format!(
                "no property on lag detection is found in {}; \
                 its name, or its file's, says lag or gate",
                LAG_HOMES.join(" or ")
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

/// Every function inside `proptest! { … }`, by package.
fn find(sources: &[Source], graph: &Graph) -> Vec<Laws> {
    let mut found: BTreeMap<String, Vec<Law>> = BTreeMap::new();
    for source in sources {
        let Some(code) = &source.code else { continue };
        let is_in = |folder: &str| source.path.starts_with(&format!("{folder}/"));
        let Some(room) = graph.rooms.iter().find(|room| is_in(&room.folder)) else { continue };
        for name in code.functions_in_macro("proptest") {
            let law = Law { name, path: source.path.clone() };
            found.entry(room.package.clone()).or_default().push(law);
        }
    }
    found.into_iter().map(|(package, laws)| Laws { package, laws }).collect()
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
        let rooms = vec![room(LAG_HOMES[0], "crates/coordinator"), room("openbell-tests", "tests")];
        Graph::of(rooms, &[])
    }

    fn laws(package: &str, laws: &[(&str, &str)]) -> Laws {
        let law =
            |&(path, name): &(&str, &str)| Law { name: name.to_owned(), path: path.to_owned() };
        Laws { package: package.to_owned(), laws: laws.iter().map(law).collect() }
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
                laws(
                    LAG_HOMES[0],
                    &[
                        ("crates/coordinator/src/gate.rs", "lag_is_local"),
                        ("crates/coordinator/tests/laws.rs", "order_is_total"),
                    ]
                ),
                laws("openbell-tests", &[("tests/tests/days/cut.rs", "nothing_is_early")]),
            ]
        );
    }

    #[test]
    fn the_chosen_run_by_their_names_out_of_the_one_build() {
        assert_eq!(
            command(&["lag_is_local", "nothing_is_early"], 7).to_string(),
            "PROPTEST_CASES=7 cargo test --locked --workspace --tests -- lag_is_local nothing_is_early"
        );
    }

    #[test]
    fn lag_detection_is_picked_by_the_name_of_the_law_or_of_its_file() {
        let merge = "crates/coordinator/src/merge.rs";
        let meter = "crates/coordinator/src/lag.rs";
        let story = "tests/src/lib.rs";
        let all = vec![
            laws(
                LAG_HOMES[0],
                &[(merge, "a_lag_is_local"), (merge, "flags_hold"), (meter, "the_meter_agrees")],
            ),
            laws("openbell-tests", &[(story, "lag_is_global")]),
            laws("openbell-time", &[("crates/time/src/clock.rs", "no_lag")]),
        ];
        assert_eq!(
            chosen(all, Choice::Lag).expect("there are some"),
            [
                laws(LAG_HOMES[0], &[(merge, "a_lag_is_local"), (meter, "the_meter_agrees")]),
                laws("openbell-tests", &[(story, "lag_is_global")]),
            ]
        );
    }

    #[test]
    fn no_property_on_lag_detection_is_an_error() {
        let others = vec![laws("openbell-tests", &[("tests/src/lib.rs", "a")])];
        assert_eq!(
            chosen(others, Choice::Lag).expect_err("none is on lag").to_string(),
            "no property on lag detection is found in openbell-coordinator or openbell-tests; \
             its name, or its file's, says lag or gate"
        );
    }
}
