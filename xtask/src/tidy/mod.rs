//! The house rules that clippy cannot see, each a function from a file to findings.
//!
//! A rule says which files it reads; one that reads none fails, so that a moved folder cannot
//! silence it.

mod built;
mod doors;
mod held;
mod linked;
mod mutants;
mod names;
mod shape;
mod unfinished;
mod unsafety;
mod words;

use std::path::Path;

use anyhow::Result;

use crate::finding::{Finding, conclude};
use crate::source::{Source, read_all};

/// One rule.
struct Rule {
    /// The name in brackets after each finding.
    name: &'static str,
    /// Which files it reads.
    reads: fn(&Source) -> bool,
    /// What it has to say about one of them.
    check: fn(&Source) -> Vec<Finding>,
}

/// Every rule on single files.
const RULES: &[Rule] = &[
    Rule { name: doors::RULE, reads: Source::is_rust, check: doors::check },
    Rule { name: names::RULE, reads: Source::is_rust, check: names::check },
    Rule { name: shape::HEAD, reads: Source::is_rust, check: shape::head },
    Rule { name: shape::LENGTH, reads: Source::is_rust, check: shape::length },
    Rule { name: shape::SPACES, reads: shape::has_visible_spaces, check: shape::spaces },
    Rule { name: unfinished::RULE, reads: |_| true, check: unfinished::check },
    Rule { name: unsafety::RULE, reads: Source::is_rust, check: unsafety::check },
    Rule { name: words::RULE, reads: words::reads, check: words::check },
    // Holds the page against all the other files, so it is asked once, below.
    Rule { name: held::RULE, reads: held::reads, check: |_| Vec::new() },
    Rule { name: mutants::RULE, reads: mutants::reads, check: mutants::check },
    // Holds files against the roots that take them up, so it is asked once, below.
    Rule { name: linked::RULE, reads: linked::reads, check: |_| Vec::new() },
    // Holds manifests against the files that they name, so it is asked once, below.
    Rule { name: built::RULE, reads: built::reads, check: |_| Vec::new() },
];

/// Reads the repository and prints what the rules find.
///
/// # Errors
///
/// When there is a finding, or the files cannot be listed.
pub fn run(root: &Path) -> Result<()> {
    let sources = read_all(root)?;
    let mut findings = check_all(RULES, &sources);
    findings.extend(doors::unused(&sources));
    findings.extend(held::missing(&sources));
    findings.extend(mutants::check_whole(root, &sources)?);
    findings.extend(linked::missing(&sources));
    findings.extend(built::stale(&sources));
    conclude("tidy", &format!("{} files by {} rules", sources.len(), RULES.len()), findings)
}

fn check_all(rules: &[Rule], sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        if let Some(why) = &source.unreadable {
            findings.push(Finding::of_file("rust", &source.path, why.clone()));
        }
    }
    for rule in rules {
        let mut n_read = 0_usize;
        for source in sources.iter().filter(|source| (rule.reads)(source)) {
            n_read += 1;
            findings.extend((rule.check)(source));
        }
        if n_read == 0 {
            findings.push(Finding::of_file(
                rule.name,
                "xtask/src/tidy/mod.rs",
                "the rule reads no file of the repository, so it cannot hold",
            ));
        }
    }
    findings
}

/// The messages of one rule on one file, for the tests of the rules.
#[cfg(test)]
fn messages(check: fn(&Source) -> Vec<Finding>, path: &str, text: &str) -> Vec<String> {
    check(&Source::new(path, text)).iter().map(Finding::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_reads_no_file_is_a_finding() {
        let rules = [Rule { name: "head", reads: Source::is_rust, check: shape::head }];
        let found = check_all(&rules, &[Source::new("README.md", "# openbell\n")]);
        assert_eq!(
            found.iter().map(Finding::to_string).collect::<Vec<_>>(),
            [
                "xtask/src/tidy/mod.rs: the rule reads no file of the repository, so it cannot hold [head]"
            ]
        );
    }

    #[test]
    fn rust_that_cannot_be_read_is_a_finding() {
        let found = check_all(&[], &[Source::new("crates/time/src/a.rs", "fn a() {")]);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.starts_with("cannot read line"), "{}", found[0]);
    }

    #[test]
    fn every_rule_has_a_name_of_its_own() {
        let mut names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RULES.len());
    }
}
