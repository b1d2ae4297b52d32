//! Simulated sessions: the program of the tests package that runs them, seed by seed.

use std::path::Path;

use anyhow::Result;

use crate::command::{Shell, TestCount};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// How many seeds; the program's own number where it is absent.
    pub n_seeds: Option<u64>,
    /// The first seed.
    pub from: u64,
    /// Minutes after which no further seed is begun.
    pub minutes: Option<u64>,
    /// In which build.
    pub build: Build,
}

/// How the engine is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// As the tests are: somewhat optimised, its own assertions kept.
    Tests,
    /// As it is published.
    Release,
}

impl Asked {
    fn shell(self) -> Shell {
        let build = match self.build {
            Build::Tests => "",
            Build::Release => "--release",
        };
        let line = format!("run --locked --quiet {build} -p openbell-tests");
        let mut shell = Shell::cargo(&line).with("--bin").with("simulate").with("--");
        shell = shell.with("--from").with(self.from.to_string());
        for (word, number) in [("--seeds", self.n_seeds), ("--minutes", self.minutes)] {
            if let Some(number) = number {
                shell = shell.with(word).with(number.to_string());
            }
        }
        shell
    }
}

/// Runs the simulator.
///
/// # Errors
///
/// When a seed breaks a promise; the program has said which, and how to repeat it.
pub fn run(root: &Path, asked: Asked) -> Result<TestCount> {
    asked.shell().run(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked = Asked { n_seeds: Some(7), from: 3, minutes: None, build: Build::Tests };

    #[test]
    fn what_is_asked_for_reaches_the_simulator() {
        assert_eq!(
            ASKED.shell().to_string(),
            "cargo run --locked --quiet -p openbell-tests --bin simulate -- --from 3 --seeds 7"
        );
        let asked = Asked { n_seeds: None, minutes: Some(5), build: Build::Release, ..ASKED };
        assert_eq!(
            asked.shell().to_string(),
            "cargo run --locked --quiet --release -p openbell-tests --bin simulate -- \
             --from 3 --minutes 5"
        );
    }
}
