//! The patches of `tests/mutants`: each applies, says what must notice it, and there are not fewer of
//! them than there were.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use super::held;
use crate::finding::Finding;
use crate::mutants::{Catcher, Effect, FOLDER, Mutant, apply, is_mutant, of_vendor};
use crate::source::Source;

pub(super) const RULE: &str = "mutants";

/// How many mutants there are at least. Raise it with each that is added; it never falls, since one
/// whose place in the code is gone is replaced by another.
const N_MUTANTS: usize = 142;

/// Whether this rule reads the file.
pub(super) fn reads(source: &Source) -> bool {
    is_mutant(&source.path)
}

/// What is wrong with the file of one mutant.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let faults = Mutant::read(&source.path, &source.text).err().unwrap_or_default();
    let faults = faults.into_iter();
    faults.map(|fault| Finding::of_line(RULE, &source.path, fault.line, fault.message)).collect()
}

/// What is wrong with the mutants beside the rest of the repository.
///
/// # Errors
///
/// When git cannot be started.
pub(super) fn check_whole(root: &Path, sources: &[Source]) -> Result<Vec<Finding>> {
    let mutants = mutants(sources);
    let mut findings = too_few(mutants.len(), N_MUTANTS);
    findings.extend(unknown_catchers(&mutants, sources));
    for mutant in &mutants {
        if let Err(said) = apply(root, &root.join(&mutant.path), Effect::DryRun)? {
            let said = said.lines().next().unwrap_or_default();
            let message = format!("the patch does not apply ({said}); renew it for the code");
            findings.push(Finding::of_file(RULE, &mutant.path, message));
        }
    }
    Ok(findings)
}

fn mutants(sources: &[Source]) -> Vec<Mutant> {
    let patches = sources.iter().filter(|source| reads(source));
    patches.filter_map(|source| Mutant::read(&source.path, &source.text).ok()).collect()
}

fn too_few(n_mutants: usize, n_min: usize) -> Vec<Finding> {
    if n_mutants >= n_min {
        return Vec::new();
    }
    let message = format!(
        "{n_mutants} mutants that can be read, at least {n_min} are needed; \
         one whose place in the code is gone is replaced, not deleted"
    );
    vec![Finding::of_file(RULE, FOLDER, message)]
}

/// The invariants and tests that heads name and that nothing has.
fn unknown_catchers(mutants: &[Mutant], sources: &[Source]) -> Vec<Finding> {
    let invariants: BTreeSet<&str> = held::invariants(sources).collect();
    let tests = tests_by_package(sources);
    let mut findings = Vec::new();
    for mutant in mutants {
        for catcher in &mutant.caught_by {
            let message = match catcher {
                Catcher::Invariant(name) if !invariants.contains(bare(name)) => {
                    format!("`{name}` is no invariant of the simulator")
                }
                Catcher::Test { package, name } => match tests.get(package.as_str()) {
                    None => format!("`{package}` is no package of the workspace"),
                    Some(tests) if !tests.contains(name.as_str()) => {
                        format!("`{name}` is no test of {package}")
                    }
                    Some(_) => continue,
                },
                Catcher::Invariant(_) => continue,
            };
            findings.push(Finding::of_file(RULE, &mutant.path, message));
        }
    }
    findings
}

/// The name of an invariant without the vendor whose runs are to break it.
fn bare(invariant: &str) -> &str {
    of_vendor(invariant).map_or(invariant, |(_, rest)| rest)
}

/// The names of the tests of each package.
fn tests_by_package(sources: &[Source]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut packages = BTreeMap::new();
    for manifest in sources {
        let Some(folder) = manifest.path.strip_suffix("Cargo.toml") else { continue };
        let Some(name) = manifest.text.lines().find_map(|line| line.strip_prefix("name = ")) else {
            continue;
        };
        let code = sources.iter().filter(|s| s.is_rust() && s.path.starts_with(folder));
        packages.insert(name.trim_matches('"'), code.flat_map(tests_of).collect());
    }
    packages
}

/// The functions that stand behind `#[test]`.
fn tests_of(source: &Source) -> impl Iterator<Item = &str> {
    source.text.split("#[test]").skip(1).filter_map(|rest| {
        let (_, rest) = rest.split_once("fn ")?;
        rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
    })
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    const DIFF: &str = "diff --git a/crates/time/src/a.rs b/crates/time/src/a.rs\n\
                        --- a/crates/time/src/a.rs\n+++ b/crates/time/src/a.rs\n\
                        @@ -1,3 +1,3 @@\n a\n-b\n+c\n d\n";

    fn patch(caught_by: &str) -> Source {
        let text = format!("mutant: b is c.\ncaught by: {caught_by}\n\n{DIFF}");
        Source::new("tests/mutants/b_is_c.patch", &text)
    }

    fn repository(patch: Source) -> Vec<Source> {
        vec![
            patch,
            Source::new("tests/Cargo.toml", "[package]\nname = \"openbell-tests\"\n"),
            Source::new(
                "tests/tests/gate.rs",
                "//! Gate.\n#[test]\nfn the_gate_is_shut() {}\nfn helper() {}\n",
            ),
            Source::new(
                "tests/src/simulation/drive.rs",
                "fn a() { keep(\"never early: no bar at all\", true) }\n",
            ),
        ]
    }

    fn unknown(caught_by: &str) -> Vec<String> {
        let sources = repository(patch(caught_by));
        let found = unknown_catchers(&mutants(&sources), &sources);
        found.iter().map(Finding::to_string).collect()
    }

    #[test]
    fn a_fault_of_a_patch_is_told_with_its_line() {
        assert_eq!(
            messages(check, "tests/mutants/b_is_c.patch", &format!("mutant: b is c.\n\n{DIFF}")),
            ["tests/mutants/b_is_c.patch:1: the head has no `caught by:`; \
              name there an invariant of the simulator, or a test as `package::test_name` [mutants]"]
        );
        assert!(check(&patch("nothing panics")).is_empty());
    }

    #[test]
    fn a_catcher_that_is_not_there_is_found() {
        for name in [
            "never early: no bar at all",
            "kraken never early: no bar at all",
            "openbell-tests::gate::the_gate_is_shut",
        ] {
            assert_eq!(unknown(name), [""; 0]);
        }
        for (name, message) in [
            (
                "never late: no bar either",
                "`never late: no bar either` is no invariant of the simulator",
            ),
            ("openbell-tests::helper", "`helper` is no test of openbell-tests"),
            ("openbell-gate::the_gate_is_shut", "`openbell-gate` is no package of the workspace"),
        ] {
            assert_eq!(unknown(name), [format!("tests/mutants/b_is_c.patch: {message} [mutants]")]);
        }
    }

    #[test]
    fn fewer_mutants_than_there_were_are_a_finding() {
        let found: Vec<String> = too_few(2, 3).iter().map(Finding::to_string).collect();
        assert_eq!(
            found,
            ["tests/mutants/: 2 mutants that can be read, at least 3 are needed; \
              one whose place in the code is gone is replaced, not deleted [mutants]"]
        );
        assert!(too_few(3, 3).is_empty());
    }

    #[test]
    fn a_patch_that_does_not_apply_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let sources = repository(patch("never early: no bar at all"));
        for (path, text) in
            [(sources[0].path.as_str(), sources[0].text.as_str()), ("crates/time/src/a.rs", "x\n")]
        {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
            std::fs::write(path, text).expect("it is written");
        }
        let found = check_whole(root, &sources).expect("git is there");
        let found: Vec<String> = found.iter().map(Finding::to_string).collect();
        let expected = "tests/mutants/b_is_c.patch: the patch does not apply (error: patch failed: \
                        crates/time/src/a.rs:1); renew it for the code [mutants]";
        assert!(found.iter().any(|finding| finding == expected), "{found:?}");
    }
}
