//! The tables of ARCHITECTURE.md and tests/SCENARIOS.md that say what holds each promise: a name in them is that of a test,
//! or of an invariant of the simulator.

use std::collections::BTreeSet;

use crate::finding::Finding;
use crate::source::Source;

pub(super) const RULE: &str = "held";

/// Where the tables stand.
const PAGES: &[&str] = &["ARCHITECTURE.md", "tests/SCENARIOS.md"];

/// Where the invariants stand, as texts.
const SIMULATOR: &str = "tests/src/simulation/";

/// Whether this rule needs the file.
pub(super) fn reads(source: &Source) -> bool {
    PAGES.contains(&source.path.as_str())
}

/// The names in the tables of the pages that nothing has.
pub(super) fn missing(sources: &[Source]) -> Vec<Finding> {
    let functions: BTreeSet<&str> = sources.iter().flat_map(functions_of).collect();
    let invariants: BTreeSet<&str> = invariants(sources).collect();
    let mut findings = Vec::new();
    let pages = sources.iter().filter(|source| reads(source));
    let lines = pages.flat_map(|page| page.text.lines().enumerate().map(move |line| (page, line)));
    for (page, (i, line)) in lines.filter(|(_, (_, line))| line.starts_with('|')) {
        for name in line.split('`').skip(1).step_by(2) {
            let is_there = match kind_of(name) {
                Kind::Test => functions.contains(name),
                Kind::Invariant => invariants.contains(name),
                Kind::Other => true,
            };
            if !is_there {
                let message = format!("`{name}` is the name of no test and of no invariant");
                findings.push(Finding::of_line(RULE, &page.path, i + 1, message));
            }
        }
    }
    findings
}

/// The texts of the simulator, among them the names of its invariants.
pub(super) fn invariants(sources: &[Source]) -> impl Iterator<Item = &str> {
    sources.iter().filter(|source| source.path.starts_with(SIMULATOR)).flat_map(texts_of)
}

/// What a piece of code in the page names.
enum Kind {
    Test,
    Invariant,
    Other,
}

fn kind_of(name: &str) -> Kind {
    let is_plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if is_plain && name.matches('_').count() >= 3 {
        Kind::Test
    } else if name.matches(' ').count() >= 3
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.starts_with("cargo ")
    {
        Kind::Invariant
    } else {
        Kind::Other
    }
}

fn functions_of(source: &Source) -> impl Iterator<Item = &str> {
    let after = source.text.split("fn ").skip(1);
    after.map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(""))
}

fn texts_of(source: &Source) -> impl Iterator<Item = &str> {
    source.text.lines().flat_map(|line| line.split('"').skip(1).step_by(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_test_and_no_invariant_has_is_found() {
        let page = "| 1 | `the_gate_is_shut_at_once`, `never early: no bar at all`, `cargo xtask a b` |\n\
                    | 2 | `the_gate_is_open_again`, `never late: no bar either`, `src/a.rs` |\n";
        let sources = [
            Source::new("ARCHITECTURE.md", page),
            Source::new("tests/tests/gate.rs", "#[test]\nfn the_gate_is_shut_at_once() {}\n"),
            Source::new(
                "tests/src/simulation/drive.rs",
                "fn a() { keep(\"never early: no bar at all\", true) }\n",
            ),
        ];
        let found: Vec<String> = missing(&sources).iter().map(Finding::to_string).collect();
        assert_eq!(
            found,
            [
                "ARCHITECTURE.md:2: `the_gate_is_open_again` is the name of no test and of no invariant [held]",
                "ARCHITECTURE.md:2: `never late: no bar either` is the name of no test and of no invariant [held]",
            ]
        );
    }
}
