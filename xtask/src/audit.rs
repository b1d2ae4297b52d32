//! The second tier of checks: tools of others, which are not everywhere, and whose answers change
//! without a change here (advisories).
//!
//! Not here: what must hold before a change lands; licences are held there too (`licences.rs`).

use std::path::Path;

use anyhow::{Result, bail};

use crate::command::{Shell, TestCount};
use crate::steps::Outcome;

/// Where it stands in a tool's words, the tag of the newest release is put.
const RELEASE: &str = "<release>";

/// A tool of others.
struct Tool {
    /// The package that brings it.
    package: &'static str,
    /// What it holds.
    holds: &'static str,
    /// Asks whether it is there.
    asks: &'static str,
    /// Runs it.
    runs: &'static str,
}

/// The tools, in the order in which they run.
const TOOLS: &[Tool] = &[
    Tool {
        package: "cargo-deny",
        holds: "licences, advisories, sources and versions of every dependency (deny.toml)",
        asks: "deny --version",
        runs: "deny --locked check",
    },
    Tool {
        package: "cargo-machete",
        holds: "that every dependency of a manifest is used",
        asks: "machete --version",
        runs: "machete",
    },
    Tool {
        package: "cargo-semver-checks",
        holds: "that a release breaks no user of a crate's public items",
        asks: "semver-checks --version",
        runs: "semver-checks --workspace --baseline-rev <release>",
    },
];

/// What came of one tool.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Came {
    Held,
    Failed(String),
    NotInstalled,
    NoRelease,
}

/// Runs every tool that is installed, and says of each in the last lines what came of it.
///
/// # Errors
///
/// When a tool that ran refuses something.
pub fn run(root: &Path) -> Result<Outcome> {
    let release = release(root);
    let came: Vec<Came> = TOOLS.iter().map(|tool| ran(tool, release.as_deref(), root)).collect();
    println!();
    for (tool, came) in TOOLS.iter().zip(&came) {
        println!("{}", line(tool, came));
    }
    conclude(&came)
}

/// The tag of the newest release; absent before the first.
fn release(root: &Path) -> Option<String> {
    let asked = Shell::of("git", "describe --tags --abbrev=0 --match v*");
    asked.quiet_output(root).map(|tag| tag.trim().to_owned())
}

fn ran(tool: &Tool, release: Option<&str>, root: &Path) -> Came {
    if Shell::cargo(tool.asks).quiet_output(root).is_none() {
        return Came::NotInstalled;
    }
    let words = match (tool.runs.contains(RELEASE), release) {
        (false, _) => tool.runs.to_owned(),
        (true, Some(release)) => tool.runs.replace(RELEASE, release),
        (true, None) => return Came::NoRelease,
    };
    match Shell::cargo(&words).run(root) {
        Ok(_) => Came::Held,
        Err(error) => Came::Failed(format!("{error:#}")),
    }
}

fn line(tool: &Tool, came: &Came) -> String {
    let Tool { package, holds, .. } = tool;
    let what = match came {
        Came::Held => "held".to_owned(),
        Came::Failed(why) => format!("FAILED ({why})"),
        Came::NotInstalled => {
            format!("NOT RUN, it is not installed (`cargo install {package}`)")
        }
        Came::NoRelease => "NOT RUN, there is no release to compare with".to_owned(),
    };
    format!("{package}: {what}: {holds}")
}

/// What the tools together came to.
fn conclude(came: &[Came]) -> Result<Outcome> {
    let of = |is_it: fn(&Came) -> bool| -> Vec<&str> {
        let those = TOOLS.iter().zip(came).filter(|(_, came)| is_it(came));
        those.map(|(tool, _)| tool.package).collect()
    };
    let failed = of(|came| matches!(came, Came::Failed(_)));
    if !failed.is_empty() {
        bail!("refused by {}", failed.join(", "));
    }
    let not_run = of(|came| matches!(came, Came::NotInstalled | Came::NoRelease));
    if not_run.is_empty() {
        return Ok(Outcome::Ran(TestCount::default()));
    }
    Ok(Outcome::NotRun(not_run.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_is_not_installed_is_named_as_not_run() {
        let tool = &TOOLS[0];
        assert_eq!(
            line(tool, &Came::NotInstalled),
            "cargo-deny: NOT RUN, it is not installed (`cargo install cargo-deny`): licences, \
             advisories, sources and versions of every dependency (deny.toml)"
        );
        assert!(line(tool, &Came::Held).starts_with("cargo-deny: held: "));
        assert!(
            line(tool, &Came::Failed("exit code 1".to_owned()))
                .starts_with("cargo-deny: FAILED (exit code 1): ")
        );
    }

    #[test]
    fn what_did_not_run_is_no_failure_and_is_no_success_either() {
        let not_run = [Came::Held, Came::NotInstalled, Came::NoRelease];
        assert_eq!(
            conclude(&not_run).expect("nothing failed"),
            Outcome::NotRun("cargo-machete, cargo-semver-checks".to_owned())
        );
        let failed = [Came::Failed("exit code 1".to_owned()), Came::NotInstalled, Came::Held];
        assert_eq!(conclude(&failed).expect_err("one failed").to_string(), "refused by cargo-deny");
    }
}
