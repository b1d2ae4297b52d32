//! The long campaigns: what holds over more cases, more time, or tools of others than a change can
//! wait for.
//!
//! Not here: what must hold before a change lands (`ci.rs`).

use anyhow::Result;

use crate::command::{Shell, TestCount};
use crate::simulation::{Asked, Kind, Vendor};
use crate::steps::{self, OnFailure, Outcome, Step, Work, Workspace};
use crate::{audit, benches, ci, fuzzing, mutants, properties, readme, release, simulation};

/// Seeds of simulated live sessions.
const N_LIVE_SEEDS: u64 = 100_000;

/// Seeds of sessions with each vendor's client.
const N_VENDOR_SEEDS: u64 = 10_000;

/// Seeds of simulated sessions.
const N_SEEDS: u64 = 50_000;

/// Cases of each property on lag detection and the gate.
const N_CASES: u32 = 100_000;

/// Seconds of each fuzz target.
const N_SECONDS: u32 = 60;

/// Prints the steps.
pub fn list(workspace: &Workspace) {
    steps::list(&steps(workspace));
}

/// Runs every step, or the one named `only`; a failure stops none of the others.
///
/// # Errors
///
/// When a step failed.
pub fn run(workspace: &Workspace, only: Option<&str>) -> Result<()> {
    steps::run(workspace, "nightly", steps(workspace), only, OnFailure::GoOn)
}

fn steps(workspace: &Workspace) -> Vec<Step> {
    vec![
        Step::own("mutants", "simulate --mutants", |w| {
            mutants::run(&w.root, None, &[]).map(|_| Outcome::Ran(TestCount::default()))
        }),
        Step::own("simulate", format!("simulate --seeds {N_SEEDS}"), |w| {
            simulation::run(w, ci::seeds(N_SEEDS, Kind::Replay)).map(Outcome::Ran)
        }),
        Step::own("simulate live", format!("simulate --live --seeds {N_LIVE_SEEDS}"), |w| {
            simulation::run(w, ci::seeds(N_LIVE_SEEDS, Kind::Live)).map(Outcome::Ran)
        }),
        Step::own(
            "vendors",
            format!(
                "simulate --vendor … --seeds {N_VENDOR_SEEDS}, --faults, and a day of 40 symbols"
            ),
            |w| vendors(w).map(Outcome::Ran),
        ),
        Step::own("proptest", format!("proptest --cases {N_CASES}"), |w| {
            properties::run(&w.root, &w.graph, properties::Choice::Lag, N_CASES).map(Outcome::Ran)
        }),
        Step { name: "alone", work: Work::Commands(ci::alone(&workspace.metadata)) },
        Step { name: "features", work: Work::Commands(ci::with_features(&workspace.metadata)) },
        Step { name: "project", work: Work::Commands(project(workspace)) },
        Step::own("release", "release", |w| {
            release::make(w, None).map(|_| Outcome::Ran(TestCount::default()))
        }),
        // As the README has it and as it is published; `ci` runs both out of the build of its tests.
        Step::cargo("example", readme::COMMANDS[0].trim_start_matches("cargo ")),
        Step::own("bench", "bench --check --release", |w| {
            benches::check(&w.root, &w.metadata, benches::Build::Release).map(Outcome::Ran)
        }),
        Step::own("fuzz", format!("fuzz --seconds {N_SECONDS}"), |w| {
            if let Some(why) = fuzzing::missing(&w.root) {
                return Ok(Outcome::NotRun(why));
            }
            fuzzing::run(&w.root, N_SECONDS).map(|()| Outcome::Ran(TestCount::default()))
        }),
        Step::own("audit", "audit", |w| audit::run(&w.root)),
    ]
}

/// A project as `openbell new` makes it, built, run and tested as it lies, with its own profile; `ci` takes
/// its files into the one build.
fn project(workspace: &Workspace) -> Vec<Shell> {
    let target = workspace.metadata.target_directory.as_str();
    let folder = format!("{target}/project/first-project");
    let in_project = |words: &str| {
        let shell =
            Shell::cargo(words).with("--manifest-path").with(format!("{folder}/Cargo.toml"));
        shell.with_variable("CARGO_TARGET_DIR", format!("{target}/project/target"))
    };
    vec![
        Shell::of("rm", "-rf").with(&folder),
        Shell::cargo("run --locked --quiet --package openbell -- new").with(&folder),
        in_project("run --quiet").with("--").with("run").with(format!("{folder}/session.json")),
        in_project("test"),
    ]
}

/// The campaign of each vendor, its short day with every fault at every place, and a whole day of 40
/// symbols whose connection breaks every one to thirty minutes, and an hour of twenty over sockets.
fn vendors(workspace: &Workspace) -> Result<TestCount> {
    let mut count = TestCount::default();
    for vendor in Vendor::ALL {
        count.add(simulation::run(workspace, ci::seeds(N_VENDOR_SEEDS, Kind::Vendor(vendor)))?);
        let faults = Asked { n_seeds: None, ..ci::seeds(0, Kind::Faults(vendor)) };
        count.add(simulation::run(workspace, faults)?);
        let soak = Asked { n_seeds: None, ..ci::seeds(0, Kind::Soak(vendor)) };
        count.add(simulation::run(workspace, soak)?);
        let sockets = Asked { n_seeds: None, ..ci::seeds(0, Kind::Sockets(vendor)) };
        count.add(simulation::run(workspace, sockets)?);
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_campaigns_are_all_there() {
        let workspace = Workspace::read().expect("the workspace is there");
        let names: Vec<&str> = steps(&workspace).iter().map(|step| step.name).collect();
        assert_eq!(
            names,
            [
                "mutants",
                "simulate",
                "simulate live",
                "vendors",
                "proptest",
                "alone",
                "features",
                "project",
                "release",
                "example",
                "bench",
                "fuzz",
                "audit"
            ]
        );
    }
}
