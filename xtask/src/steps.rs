//! Steps that run one after the other, each timed, and repeatable alone.
//!
//! Not here: which steps there are (`ci.rs`, `nightly.rs`).

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use cargo_metadata::Metadata;

use crate::command::{Shell, TestCount};
use crate::graph::{self, Graph};
use crate::source;

/// The one build, out of which tests and programs are run: every library, program, test, bench and
/// example of the workspace.
pub const BUILD: &str = "build --locked --workspace --all-targets";

/// What the checks read: the root and what cargo says about the workspace.
pub struct Workspace {
    /// The root of the repository.
    pub root: PathBuf,
    /// What cargo says.
    pub metadata: Metadata,
    /// The same as rooms and edges.
    pub graph: Graph,
}

impl Workspace {
    /// Reads the workspace that this program was built in.
    ///
    /// # Errors
    ///
    /// When cargo cannot read it.
    pub fn read() -> Result<Self> {
        let root = source::root();
        let metadata = graph::metadata(&root)?;
        let graph = Graph::read(&metadata)?;
        Ok(Self { root, metadata, graph })
    }
}

/// What came of a step that found nothing wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It ran; how many tests, where it ran tests.
    Ran(TestCount),
    /// It could not run, for this reason.
    NotRun(String),
}

/// What a step does.
pub enum Work {
    /// Other programs, one after the other.
    Commands(Vec<Shell>),
    /// A check of this program: the words after `cargo xtask`, and the check.
    Own(String, fn(&Workspace) -> Result<Outcome>),
}

/// One step.
pub struct Step {
    /// The word by which it is chosen.
    pub name: &'static str,
    /// What it does.
    pub work: Work,
}

/// What a failure of one step means for those after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// None of them runs.
    Stop,
    /// All of them run, and the whole fails in the end.
    GoOn,
}

impl Step {
    /// A step of one cargo command.
    pub fn cargo(name: &'static str, line: &str) -> Self {
        Self { name, work: Work::Commands(vec![Shell::cargo(line)]) }
    }

    /// A step of this program.
    pub fn own(
        name: &'static str,
        words: impl Into<String>,
        check: fn(&Workspace) -> Result<Outcome>,
    ) -> Self {
        Self { name, work: Work::Own(words.into(), check) }
    }

    fn run(&self, workspace: &Workspace) -> Result<Outcome> {
        match &self.work {
            Work::Commands(commands) => {
                let mut count = TestCount::default();
                for command in commands {
                    count.add(command.run(&workspace.root)?);
                }
                Ok(Outcome::Ran(count))
            }
            Work::Own(words, check) => {
                println!("$ cargo xtask {words}");
                check(workspace)
            }
        }
    }
}

/// Prints the steps with their commands.
pub fn list(steps: &[Step]) {
    for step in steps {
        match &step.work {
            Work::Commands(commands) => {
                for command in commands {
                    println!("{:10} {command}", step.name);
                }
            }
            Work::Own(words, _) => println!("{:10} cargo xtask {words}", step.name),
        }
    }
}

/// Runs the steps of `command` in order, all or the one named `only`, and prints how long each took.
///
/// # Errors
///
/// When a step fails: its name, its place, and how to repeat it alone.
pub fn run(
    workspace: &Workspace,
    command: &str,
    mut steps: Vec<Step>,
    only: Option<&str>,
    on_failure: OnFailure,
) -> Result<()> {
    if let Some(only) = only {
        let names: Vec<&str> = steps.iter().map(|step| step.name).collect();
        if !names.contains(&only) {
            bail!("there is no step {only:?}; the steps are {}", names.join(", "));
        }
        steps.retain(|step| step.name == only);
    }
    let began = Instant::now();
    let mut count = TestCount::default();
    let mut lines = Vec::new();
    let mut failures = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        println!("\n== {} ({} of {})", step.name, i + 1, steps.len());
        let step_began = Instant::now();
        let ran = step.run(workspace);
        let took = step_began.elapsed();
        println!("== {}: {}", step.name, seconds(took));
        let note = match ran {
            Ok(Outcome::Ran(ran)) => {
                count.add(ran);
                String::new()
            }
            Ok(Outcome::NotRun(why)) => format!("  NOT RUN: {why}"),
            Err(error) => {
                let failure = format!(
                    "{command} {} at {} (step {} of {}) after {}: {error:#}\n\
                     repeat it with: cargo xtask {command} --only {}",
                    if on_failure == OnFailure::Stop { "stopped" } else { "failed" },
                    step.name,
                    i + 1,
                    steps.len(),
                    seconds(began.elapsed()),
                    step.name
                );
                if on_failure == OnFailure::Stop {
                    bail!(failure);
                }
                println!("{failure}");
                failures.push(step.name);
                "  FAILED".to_owned()
            }
        };
        lines.push(format!("{:10} {:>10}{note}", step.name, seconds(took)));
    }
    println!();
    for line in lines {
        println!("{line}");
    }
    println!("{:10} {:>10}", "together", seconds(began.elapsed()));
    println!("\n{count}");
    if !failures.is_empty() {
        bail!("{command} failed at {}", failures.join(", "));
    }
    Ok(())
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> Workspace {
        Workspace::read().expect("the workspace is there")
    }

    fn steps() -> Vec<Step> {
        vec![
            Step::own("first", "first", |_| bail!("no")),
            Step::own("second", "second", |_| bail!("neither")),
        ]
    }

    fn message(only: Option<&str>, on_failure: OnFailure) -> String {
        let ran = run(&workspace(), "ci", steps(), only, on_failure);
        ran.expect_err("both steps fail").to_string()
    }

    #[test]
    fn an_unknown_step_is_refused_with_those_that_there_are() {
        assert_eq!(
            message(Some("paint"), OnFailure::Stop),
            "there is no step \"paint\"; the steps are first, second"
        );
    }

    #[test]
    fn a_step_that_fails_stops_the_run_and_can_be_repeated_alone() {
        let message = message(None, OnFailure::Stop);
        assert!(message.starts_with("ci stopped at first (step 1 of 2) after "), "{message}");
        assert!(
            message.ends_with(": no\nrepeat it with: cargo xtask ci --only first"),
            "{message}"
        );
    }

    #[test]
    fn where_all_are_wanted_the_others_run_and_the_whole_fails() {
        assert_eq!(message(None, OnFailure::GoOn), "ci failed at first, second");
    }

    #[test]
    fn a_step_that_could_not_run_fails_nothing() {
        let steps =
            vec![Step::own("fuzz", "fuzz", |_| Ok(Outcome::NotRun("no fuzzer".to_owned())))];
        assert!(run(&workspace(), "nightly", steps, None, OnFailure::GoOn).is_ok());
    }
}
