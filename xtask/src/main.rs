//! `cargo xtask`: everything that is done to the repository, with nothing to install.
//!
//! Not here: what the program does (`crates/app`), and how a session is tested (`tests`).

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "runs other programs, times them, and reads the repository"
)]

mod audit;
mod benches;
mod ci;
mod code;
mod command;
mod dependencies;
mod finding;
mod floors;
mod fuzzing;
mod generated;
mod graph;
mod layers;
mod licences;
mod models;
mod mutants;
mod nightly;
mod page;
mod properties;
mod readme;
mod release;
mod schema;
mod simulation;
mod source;
mod steps;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::benches::Effort;
use crate::generated::Mode;
use crate::properties::Choice;
use crate::simulation::{Asked, Build, Kind, Vendor};
use crate::steps::Workspace;

/// The checks of the repository, and what else is done to it.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Runs everything that must hold before a change lands, and stops at the first failure.
    Ci {
        /// Prints the steps with their commands and runs none.
        #[arg(long, conflicts_with = "only")]
        list: bool,
        /// Runs one step.
        #[arg(long, value_name = "STEP")]
        only: Option<String>,
    },
    /// Runs the long campaigns: more seeds, more cases, the fuzz targets, the audit; every one of
    /// them, whatever the others find.
    Nightly {
        /// Prints the steps with their commands and runs none.
        #[arg(long, conflicts_with = "only")]
        list: bool,
        /// Runs one step.
        #[arg(long, value_name = "STEP")]
        only: Option<String>,
    },
    /// Runs the tools of others that are installed, on licences, advisories, dependencies and public
    /// items, and names those that are not.
    Audit,
    /// Holds the crate graph against the table of layers, the folders of each crate against circles,
    /// and the manifests against dependencies that nothing uses.
    Layers,
    /// Holds the files against the house rules that clippy cannot see.
    Tidy,
    /// Holds every dependency's licence and source against what is allowed.
    Licences,
    /// Runs the loom models.
    Models,
    /// Runs the property tests on lag detection and the gate, with many cases: about a minute.
    Proptest {
        /// The cases of each property.
        #[arg(long, value_name = "N", default_value_t = 100_000)]
        cases: u32,
        /// Runs every property test of the workspace.
        #[arg(long)]
        all: bool,
    },
    /// Runs simulated sessions, each seed a market, a config, users and faults of its own.
    Simulate {
        /// How many seeds; a thousand, or as many as fit into the minutes.
        #[arg(long, value_name = "N")]
        seeds: Option<u64>,
        /// The first seed.
        #[arg(long, value_name = "SEED", default_value_t = 0)]
        from: u64,
        /// Begins no further seed after so many minutes.
        #[arg(long, value_name = "M")]
        minutes: Option<u64>,
        /// Builds the engine as it is published; else as the tests do, with its assertions kept.
        #[arg(long)]
        release: bool,
        /// Runs live sessions: scripted vendors, clocks that step, nights and restarts.
        #[arg(long)]
        live: bool,
        /// Runs live sessions with a vendor's client against its simulated exchange, over a network
        /// that breaks.
        #[arg(long, value_name = "VENDOR", conflicts_with = "live")]
        vendor: Option<Vendor>,
        /// Runs a short day of the vendor with every fault at every message and every request.
        #[arg(long, requires = "vendor", conflicts_with_all = ["seeds", "from", "minutes"])]
        faults: bool,
        /// Runs it on a copy of the repository with each patch of tests/mutants in turn: a mistake in
        /// the product, which must be noticed by what the patch's head names.
        #[arg(long, conflicts_with_all = ["from", "minutes", "release", "live", "vendor"])]
        mutants: bool,
        /// Takes one of the mutants, the file's name without its ending; several times, several.
        #[arg(long, value_name = "NAME", requires = "mutants")]
        only: Vec<String>,
        /// Runs nothing, and writes the patches anew for the code as it is now.
        #[arg(long, requires = "mutants", conflicts_with = "seeds")]
        renew: bool,
    },
    /// Runs the benches.
    Bench {
        /// Runs each of them once, to see that it still runs, and holds what the hot path costs
        /// against benches/bounds.json.
        #[arg(long)]
        check: bool,
        /// Holds it in the build that is published; else in one that is quicker to make.
        #[arg(long, requires = "check")]
        release: bool,
        /// Writes what `openbell bench` says on this machine into the README, and runs no bench.
        #[arg(long, conflicts_with = "check")]
        write: bool,
    },
    /// Runs the fuzz targets; needs a nightly compiler and cargo-fuzz, and is no part of ci.
    Fuzz {
        /// How long each target runs, in seconds.
        #[arg(long, value_name = "N", default_value_t = 60)]
        seconds: u32,
    },
    /// Builds the front end of the report, with node, into the files that are committed.
    Page {
        /// Builds it, and fails where what is committed differs.
        #[arg(long, conflicts_with = "test")]
        check: bool,
        /// Does that too, and opens reports in a browser.
        #[arg(long)]
        test: bool,
    },
    /// Builds the program as it is published, packs it with its guides, session files and a small market,
    /// and tries the archive in an empty folder.
    Release {
        /// Where the archive is put; `target/archives`, where the repository's target folder is.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Compares the session file's JSON Schema with what the config crate says, or writes it.
    Schema(Bring),
    /// Compares the README's table of crates with the crates, or writes it.
    Readme(Bring),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Bring {
    /// Fails where the file is stale.
    #[arg(long)]
    check: bool,
    /// Writes the file.
    #[arg(long)]
    write: bool,
}

impl Bring {
    fn mode(&self) -> Mode {
        if self.write { Mode::Write } else { Mode::Check }
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    let workspace = Workspace::read()?;
    let root = &workspace.root;
    match task {
        Task::Ci { list: true, .. } => ci::list(&workspace),
        Task::Ci { only, .. } => ci::run(&workspace, only.as_deref())?,
        Task::Nightly { list: true, .. } => nightly::list(&workspace),
        Task::Nightly { only, .. } => nightly::run(&workspace, only.as_deref())?,
        Task::Audit => {
            audit::run(root)?;
        }
        Task::Layers => ci::check_layers(&workspace)?,
        Task::Tidy => tidy::run(root)?,
        Task::Licences => ci::check_licences(&workspace)?,
        Task::Models => {
            models::run(root, &workspace.metadata)?;
        }
        Task::Proptest { cases, all } => {
            let choice = if all { Choice::All } else { Choice::Lag };
            let count = properties::run(root, &workspace.graph, choice, cases)?;
            println!("{count}");
        }
        Task::Simulate { renew: true, only, .. } => {
            mutants::renew(root, &only)?;
        }
        Task::Simulate { mutants: true, seeds, only, .. } => {
            mutants::run(root, seeds, &only)?;
        }
        Task::Simulate { seeds, from, minutes, release, live, vendor, faults, .. } => {
            let build = if release { Build::Release } else { Build::Tests };
            let kind = match vendor {
                Some(vendor) if faults => Kind::Faults(vendor),
                Some(vendor) => Kind::Vendor(vendor),
                None if live => Kind::Live,
                None => Kind::Replay,
            };
            simulation::run(&workspace, Asked { n_seeds: seeds, from, minutes, build, kind })?;
        }
        Task::Bench { write: true, .. } => benches::shown(root)?.bring(root, Mode::Write)?,
        Task::Bench { check: true, release, .. } => {
            let build = if release { benches::Build::Release } else { benches::Build::Workspace };
            benches::check(root, &workspace.metadata, build)?;
        }
        Task::Bench { .. } => {
            benches::run(root, &workspace.metadata, Effort::Measured)?;
        }
        Task::Fuzz { seconds } => fuzzing::run(root, seconds)?,
        Task::Page { check, test } => {
            let asked = match (test, check) {
                (true, _) => page::Asked::Test,
                (false, true) => page::Asked::Check,
                (false, false) => page::Asked::Build,
            };
            page::run(root, asked)?;
        }
        Task::Release { out } => {
            release::make(&workspace, out)?;
        }
        Task::Schema(bring) => schema::generated().bring(root, bring.mode())?,
        Task::Readme(bring) => {
            readme::generated(root, &workspace.metadata)?.bring(root, bring.mode())?;
        }
    }
    Ok(())
}
