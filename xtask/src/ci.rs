//! Everything that must hold before a change lands, in order, each step timed and repeatable.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use cargo_metadata::Metadata;

use crate::benches;
use crate::command::{Shell, TestCount};
use crate::generated::Mode;
use crate::graph::{self, Graph};
use crate::properties::Choice;
use crate::simulation::{Asked, Build};
use crate::{
    finding, layers, licences, models, properties, readme, schema, simulation, source, tidy,
};

/// Cases of each property on lag detection here; `cargo xtask proptest` runs more.
const N_CASES: u32 = 1_000;

/// Seeds that are simulated here, in about a minute; `cargo xtask simulate` runs more.
const N_SEEDS: u64 = 5_000;

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

/// What a step does.
enum Work {
    /// Other programs, one after the other.
    Commands(Vec<Shell>),
    /// A check of this program: the words after `cargo xtask`, and the check.
    Own(String, fn(&Workspace) -> Result<TestCount>),
}

/// One step.
struct Step {
    name: &'static str,
    work: Work,
}

impl Step {
    fn run(&self, workspace: &Workspace) -> Result<TestCount> {
        match &self.work {
            Work::Commands(commands) => {
                let mut count = TestCount::default();
                for command in commands {
                    count.add(command.run(&workspace.root)?);
                }
                Ok(count)
            }
            Work::Own(words, check) => {
                println!("$ cargo xtask {words}");
                check(workspace)
            }
        }
    }
}

/// Prints the steps.
pub fn list(workspace: &Workspace) {
    for step in steps(workspace) {
        match step.work {
            Work::Commands(commands) => {
                for command in commands {
                    println!("{:10} {command}", step.name);
                }
            }
            Work::Own(words, _) => println!("{:10} cargo xtask {words}", step.name),
        }
    }
}

/// Runs the steps in order, all or the one named `only`, and stops at the first that fails.
///
/// # Errors
///
/// When a step fails: its name, its place, and how to repeat it alone.
pub fn run(workspace: &Workspace, only: Option<&str>) -> Result<()> {
    let mut steps = steps(workspace);
    if let Some(only) = only {
        let names: Vec<&str> = steps.iter().map(|step| step.name).collect();
        if !names.contains(&only) {
            bail!("there is no step {only:?}; the steps are {}", names.join(", "));
        }
        steps.retain(|step| step.name == only);
    }
    let began = Instant::now();
    let mut count = TestCount::default();
    let mut times = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        println!("\n== {} ({} of {})", step.name, i + 1, steps.len());
        let step_began = Instant::now();
        let ran = step.run(workspace);
        let took = step_began.elapsed();
        println!("== {}: {}", step.name, seconds(took));
        match ran {
            Ok(ran) => count.add(ran),
            Err(error) => bail!(
                "ci stopped at {} (step {} of {}) after {}: {error:#}\nrepeat it with: cargo xtask ci --only {}",
                step.name,
                i + 1,
                steps.len(),
                seconds(began.elapsed()),
                step.name
            ),
        }
        times.push((step.name, took));
    }
    println!();
    for (name, took) in times {
        println!("{name:10} {:>10}", seconds(took));
    }
    println!("{:10} {:>10}", "together", seconds(began.elapsed()));
    println!("\n{count}");
    Ok(())
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

/// The steps: what is quick to fail comes first.
fn steps(workspace: &Workspace) -> Vec<Step> {
    let cargo = |name, line: &str| Step { name, work: Work::Commands(vec![Shell::cargo(line)]) };
    let own = |name, words: &str, check| Step { name, work: Work::Own(words.to_owned(), check) };
    vec![
        cargo("format", "fmt --all --check"),
        own("tidy", "tidy", |w| quiet(tidy::run(&w.root))),
        own("layers", "layers", |w| quiet(check_layers(w))),
        own("licences", "licences", |w| quiet(check_licences(w))),
        own("readme", "readme --check", |w| {
            quiet(readme::generated(&w.root, &w.metadata)?.bring(&w.root, Mode::Check))
        }),
        Step {
            name: "clippy",
            work: Work::Commands(vec![Shell::cargo(
                "clippy --locked --workspace --all-targets -- -D warnings",
            )]),
        },
        cargo("test", "test --locked --workspace"),
        own("models", "models", |w| models::run(&w.root, &w.metadata)),
        own("schema", "schema --check", |w| quiet(schema::generated().bring(&w.root, Mode::Check))),
        Step { name: "alone", work: Work::Commands(alone(workspace)) },
        Step {
            name: "docs",
            work: Work::Commands(vec![
                Shell::cargo("doc --locked --workspace --no-deps")
                    .with_variable("RUSTDOCFLAGS", "-D warnings"),
            ]),
        },
        Step { name: "package", work: Work::Commands(vec![package(workspace)]) },
        Step { name: "examples", work: Work::Commands(examples(workspace)) },
        cargo("example", readme::COMMANDS[0].trim_start_matches("cargo ")),
        own("proptest", &format!("proptest --cases {N_CASES}"), |w| {
            properties::run(&w.root, &w.graph, Choice::Lag, N_CASES)
        }),
        own("simulate", &format!("simulate --seeds {N_SEEDS}"), |w| {
            simulation::run(&w.root, simulated(N_SEEDS))
        }),
        own("bench", "bench --check", |w| benches::check(&w.root, &w.metadata)),
    ]
}

/// The first seeds, in the build of the tests.
fn simulated(n_seeds: u64) -> Asked {
    Asked { n_seeds: Some(n_seeds), from: 0, minutes: None, build: Build::Tests }
}

/// Holds the workspace against the table of layers.
///
/// # Errors
///
/// When an edge, a crate or a dependency breaks it.
pub fn check_layers(workspace: &Workspace) -> Result<()> {
    let seen = format!("{} crates", workspace.graph.rooms.len());
    finding::conclude("layers", &seen, layers::check(&workspace.graph, layers::LAYERS))
}

/// Holds every dependency against the licences that are allowed.
///
/// # Errors
///
/// When one has another.
pub fn check_licences(workspace: &Workspace) -> Result<()> {
    let packages = licences::packages(&workspace.metadata)?;
    let seen = format!("{} packages", packages.len());
    finding::conclude("licences", &seen, licences::check(&packages))
}

/// Each crate of ours built without the others, with the features that it has by itself.
fn alone(workspace: &Workspace) -> Vec<Shell> {
    let mut commands = Vec::new();
    for package in workspace.metadata.workspace_packages() {
        let check = || Shell::cargo("check --locked --quiet -p").with(package.name.as_str());
        commands.push(check());
        if package.features.keys().any(|feature| feature != "default") {
            commands.push(check().with("--no-default-features"));
            commands.push(check().with("--all-features"));
        }
    }
    commands
}

/// The crates that are offered, packed in the order of their dependencies. That each builds is seen
/// in the step before, so it is not built again from its package.
fn package(workspace: &Workspace) -> Shell {
    let mut shell = Shell::cargo("package --locked --workspace --no-verify --allow-dirty --quiet");
    for package in workspace.metadata.workspace_packages() {
        if package.publish.as_ref().is_some_and(|registries| registries.is_empty()) {
            shell = shell.with("--exclude").with(package.name.as_str());
        }
    }
    shell
}

/// Examples that write files: their own tests hold what they write.
const WRITING: &[&str] = &["write_example_store"];

/// Every example of a crate that is offered, run to its end.
fn examples(workspace: &Workspace) -> Vec<Shell> {
    let mut commands = Vec::new();
    for package in workspace.metadata.workspace_packages() {
        let examples = package.targets.iter().filter(|target| target.is_example());
        for example in examples.filter(|example| !WRITING.contains(&example.name.as_str())) {
            let run = Shell::cargo("run --locked --quiet -p").with(package.name.as_str());
            commands.push(run.with("--example").with(&example.name));
        }
    }
    commands
}

fn quiet(checked: Result<()>) -> Result<TestCount> {
    checked.map(|()| TestCount::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> Workspace {
        Workspace::read().expect("the workspace is there")
    }

    #[test]
    fn every_crate_is_built_alone() {
        let commands: Vec<String> = alone(&workspace()).iter().map(Shell::to_string).collect();
        for layer in layers::LAYERS {
            let command = format!("cargo check --locked --quiet -p {}", layer.package);
            assert!(commands.contains(&command), "{command}");
        }
    }

    #[test]
    fn the_examples_for_services_are_run() {
        let commands: Vec<String> = examples(&workspace()).iter().map(Shell::to_string).collect();
        for example in ["next_half_day", "embed_session", "dashboard", "push_sink"] {
            let ending = format!("--example {example}");
            assert!(commands.iter().any(|command| command.ends_with(&ending)), "{example}");
        }
        assert!(!commands.iter().any(|command| command.contains("write_example_store")));
    }

    #[test]
    fn what_is_not_offered_is_not_packed() {
        let command = package(&workspace()).to_string();
        assert!(
            command.contains("--exclude xtask") && command.contains("--exclude openbell-tests")
        );
        assert!(!command.contains("--exclude openbell-time"));
    }

    #[test]
    fn every_step_has_a_name_of_its_own() {
        let steps = steps(&workspace());
        for (i, step) in steps.iter().enumerate() {
            assert!(steps[..i].iter().all(|earlier| earlier.name != step.name), "{}", step.name);
        }
    }

    #[test]
    fn an_unknown_step_is_refused_with_those_that_there_are() {
        let error = run(&workspace(), Some("paint")).expect_err("no such step");
        assert!(
            error
                .to_string()
                .starts_with("there is no step \"paint\"; the steps are format, tidy,"),
            "{error}"
        );
    }

    #[test]
    fn a_step_that_fails_stops_the_run() {
        let step = Step { name: "a", work: Work::Own("a".to_owned(), |_| bail!("no")) };
        assert_eq!(step.run(&workspace()).expect_err("it fails").to_string(), "no");
    }
}
