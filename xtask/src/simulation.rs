//! Simulated sessions: the program of the tests package that runs them, seed by seed.

use std::path::Path;

use anyhow::Result;

use crate::command::{Shell, TestCount};
use crate::steps::{BUILD, Workspace};

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
    /// Of what kind the runs are.
    pub kind: Kind,
}

/// Of what kind the runs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Replays.
    Replay,
    /// Live sessions.
    Live,
    /// Live sessions with a vendor's client, against its simulated exchange.
    Vendor(Vendor),
    /// A short day of a vendor, with every fault at every place.
    Faults(Vendor),
    /// A day of some symbols of a vendor, whose connection breaks again and again.
    Soak(Vendor),
    /// An hour of a few over sockets.
    Sockets(Vendor),
}

/// A vendor whose client there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Vendor {
    /// Binance spot.
    Binance,
    /// Kraken spot.
    Kraken,
    /// Alpaca's stocks.
    Alpaca,
}

impl Vendor {
    /// All of them.
    pub const ALL: [Vendor; 3] = [Vendor::Binance, Vendor::Kraken, Vendor::Alpaca];

    /// Its name, as in session files.
    pub fn name(self) -> &'static str {
        match self {
            Vendor::Binance => "binance",
            Vendor::Kraken => "kraken",
            Vendor::Alpaca => "alpaca",
        }
    }
}

impl Kind {
    /// What the simulator is told.
    pub fn words(self) -> String {
        match self {
            Kind::Replay => String::new(),
            Kind::Live => "--live".to_owned(),
            Kind::Vendor(vendor) => format!("--vendor {}", vendor.name()),
            Kind::Faults(vendor) => format!("--vendor {} --faults", vendor.name()),
            Kind::Soak(vendor) => format!("--vendor {} --soak --symbols 40", vendor.name()),
            Kind::Sockets(vendor) => {
                format!("--vendor {} --soak --symbols 20 --hours 1 --sockets", vendor.name())
            }
        }
    }
}

/// How the engine is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// As the tests are: somewhat optimised, its own assertions kept.
    Tests,
    /// The same, out of the one build of the whole workspace.
    Workspace,
    /// As it is published.
    Release,
}

impl Asked {
    /// What is run, one after the other; programs are looked for in `target`.
    fn shells(self, target: &Path) -> Vec<Shell> {
        let line = "run --locked --quiet -p openbell-tests --bin simulate --";
        let mut shells = match self.build {
            Build::Tests => vec![Shell::cargo(line)],
            Build::Release => vec![Shell::cargo(&line.replace("--quiet", "--quiet --release"))],
            Build::Workspace => {
                let program = target.join("debug/simulate");
                vec![Shell::cargo(BUILD), Shell::of(program.to_string_lossy(), "")]
            }
        };
        if let Some(last) = shells.pop() {
            let words = self.kind.words();
            let last = words.split_whitespace().fold(last, |shell, word| shell.with(word));
            let mut last = last.with("--from").with(self.from.to_string());
            for (word, number) in [("--seeds", self.n_seeds), ("--minutes", self.minutes)] {
                if let Some(number) = number {
                    last = last.with(word).with(number.to_string());
                }
            }
            shells.push(last);
        }
        shells
    }
}

/// Runs the simulator.
///
/// # Errors
///
/// When a seed breaks a promise; the program has said which, and how to repeat it.
pub fn run(workspace: &Workspace, asked: Asked) -> Result<TestCount> {
    let mut count = TestCount::default();
    for shell in asked.shells(workspace.metadata.target_directory.as_std_path()) {
        count.add(shell.run(&workspace.root)?);
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked =
        Asked { n_seeds: Some(7), from: 3, minutes: None, build: Build::Tests, kind: Kind::Replay };

    fn texts(asked: Asked) -> Vec<String> {
        asked.shells(Path::new("target")).iter().map(Shell::to_string).collect()
    }

    #[test]
    fn what_is_asked_for_reaches_the_simulator() {
        assert_eq!(
            texts(ASKED),
            ["cargo run --locked --quiet -p openbell-tests --bin simulate -- --from 3 --seeds 7"]
        );
        let live = Asked { kind: Kind::Live, ..ASKED };
        let line = "cargo run --locked --quiet -p openbell-tests --bin simulate -- --live";
        assert_eq!(texts(live), [format!("{line} --from 3 --seeds 7")]);
        let vendor = Asked { kind: Kind::Vendor(Vendor::Kraken), ..ASKED };
        let line = line.replace("--live", "--vendor kraken");
        assert_eq!(texts(vendor), [format!("{line} --from 3 --seeds 7")]);
        let asked = Asked { n_seeds: None, minutes: Some(5), build: Build::Release, ..ASKED };
        assert_eq!(
            texts(asked),
            ["cargo run --locked --quiet --release -p openbell-tests --bin simulate -- \
              --from 3 --minutes 5"]
        );
    }

    #[test]
    fn out_of_the_one_build_nothing_is_built_anew() {
        assert_eq!(
            texts(Asked { build: Build::Workspace, ..ASKED }),
            [&format!("cargo {}", BUILD), "target/debug/simulate --from 3 --seeds 7"]
        );
    }
}
