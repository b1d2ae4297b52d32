//! Everything that must hold before a change lands: which steps there are, and in which order.
//!
//! Every step that runs tests or programs takes them from one build of the whole workspace, so that
//! no dependency is built again for another choice of packages, and with them of features.
//!
//! Not here: the long campaigns, whether each crate builds alone, and the tests of features (`nightly.rs`).

use std::path::Path;

use anyhow::Result;
use cargo_metadata::{Metadata, Package};

use crate::command::{Shell, TestCount};
use crate::generated::Mode;
use crate::properties::Choice;
use crate::simulation::{Asked, Build, Kind};
use crate::steps::{self, BUILD, OnFailure, Outcome, Step, Work, Workspace};
use crate::{
    benches, dependencies, finding, floors, layers, licences, models, properties, readme, schema,
    simulation, source, tidy,
};

/// Cases of each property on lag detection here; `cargo xtask nightly` runs more.
const N_CASES: u32 = 1_000;

/// Seeds of live sessions that are simulated here, in less; `cargo xtask nightly` runs more.
const N_LIVE_SEEDS: u64 = 2_500;

/// Seeds that are simulated here, in about a minute; `cargo xtask nightly` runs more.
const N_SEEDS: u64 = 2_500;

/// Asks the tests for the large reference data, which lies beside the repository.
const REFERENCE: (&str, &str) = ("OPENBELL_REFERENCE", "required");

/// The documentation. Examples are named so that cargo takes the dependencies with the features that
/// clippy has checked them with, instead of checking them once more.
const DOCS: &str = "doc --locked --workspace --no-deps --lib --bins --examples";

/// Prints the steps.
pub fn list(workspace: &Workspace) {
    steps::list(&steps(workspace));
}

/// Runs the steps in order, all or the one named `only`, and stops at the first that fails.
///
/// # Errors
///
/// When a step fails: its name, its place, and how to repeat it alone.
pub fn run(workspace: &Workspace, only: Option<&str>) -> Result<()> {
    steps::run(workspace, "ci", steps(workspace), only, OnFailure::Stop)?;
    if !has_reference(&workspace.root) {
        println!(
            "\nTHE LARGE REFERENCE DATA WAS NOT THERE (../shared): \
             the suites compared with the small set of tests/data/reference alone"
        );
    }
    Ok(())
}

/// The steps: what is quick to fail comes first.
fn steps(workspace: &Workspace) -> Vec<Step> {
    let commands = |name, commands| Step { name, work: Work::Commands(commands) };
    vec![
        Step::cargo("format", "fmt --all --check"),
        Step::own("tidy", "tidy", |w| quiet(tidy::run(&w.root))),
        Step::own("layers", "layers", |w| quiet(check_layers(w))),
        Step::own("licences", "licences", |w| quiet(check_licences(w))),
        Step::own("readme", "readme --check", |w| {
            quiet(readme::generated(&w.root, &w.metadata)?.bring(&w.root, Mode::Check))
        }),
        Step::own("schema", "schema --check", |w| {
            quiet(schema::generated().bring(&w.root, Mode::Check))
        }),
        Step::cargo("clippy", "clippy --locked --workspace --all-targets -- -D warnings"),
        commands("docs", vec![Shell::cargo(DOCS).with_variable("RUSTDOCFLAGS", "-D warnings")]),
        commands("package", vec![package(&workspace.metadata)]),
        Step::cargo("build", BUILD),
        commands("test", vec![test(&workspace.root)]),
        commands("examples", examples(&workspace.metadata)),
        Step::own("proptest", format!("proptest --cases {N_CASES}"), |w| {
            properties::run(&w.root, &w.graph, Choice::Lag, N_CASES).map(Outcome::Ran)
        }),
        Step::own("simulate", format!("simulate --seeds {N_SEEDS}"), |w| {
            simulation::run(w, seeds(N_SEEDS, Kind::Replay)).map(Outcome::Ran)
        }),
        Step::own("simulate live", format!("simulate --live --seeds {N_LIVE_SEEDS}"), |w| {
            simulation::run(w, seeds(N_LIVE_SEEDS, Kind::Live)).map(Outcome::Ran)
        }),
        Step::own("models", "models", |w| models::run(&w.root, &w.metadata).map(Outcome::Ran)),
        commands("example", example(workspace.metadata.target_directory.as_std_path())),
        Step::own("bench", "bench --check", |w| {
            benches::check(&w.root, &w.metadata, benches::Build::Workspace).map(Outcome::Ran)
        }),
    ]
}

/// The first `n_seeds` of that kind, out of the one build.
pub fn seeds(n_seeds: u64, kind: Kind) -> Asked {
    Asked { n_seeds: Some(n_seeds), from: 0, minutes: None, build: Build::Workspace, kind }
}

/// The session that the README shows, out of the one build; programs are looked for in `target`.
fn example(target: &Path) -> Vec<Shell> {
    let program = target.join("debug/openbell");
    let asked = readme::COMMANDS[0].split_once(" -- ").map_or("", |(_, asked)| asked);
    vec![Shell::cargo(BUILD), Shell::of(program.to_string_lossy(), asked)]
}

/// Holds the workspace against the table of layers, the folders of its crates against circles, and
/// the manifests against what is used.
///
/// # Errors
///
/// When an edge, a crate, a dependency or a folder breaks it, or no code was read.
pub fn check_layers(workspace: &Workspace) -> Result<()> {
    let sources = source::read_all(&workspace.root)?;
    let mut findings = layers::check(&workspace.graph, layers::LAYERS);
    let (circles, n_modules) = floors::check(&sources, floors::TOGETHER);
    findings.extend(circles);
    let named = dependencies::named(&workspace.metadata);
    findings.extend(dependencies::check(&named, &sources, dependencies::UNUSED));
    anyhow::ensure!(n_modules > 0, "no module of a crate was read, so no circle can be seen");
    let seen = format!(
        "{} crates of {n_modules} modules, {} dependencies",
        workspace.graph.rooms.len(),
        named.len()
    );
    finding::conclude("layers", &seen, findings)
}

/// Holds every dependency against the licences that are allowed.
///
/// # Errors
///
/// When one has another.
pub fn check_licences(workspace: &Workspace) -> Result<()> {
    let packages = licences::packages(&workspace.metadata)?;
    let (n_npm, of_npm) = licences::check_npm(&workspace.root)?;
    let seen = format!("{} packages, {n_npm} of the front end", packages.len());
    let mut findings = licences::check(&packages);
    findings.extend(of_npm);
    finding::conclude("licences", &seen, findings)
}

/// Whether the large reference data lies beside the repository.
fn has_reference(root: &Path) -> bool {
    root.join("../shared/data").is_dir()
}

/// Every test, with the large reference data demanded where it is there.
fn test(root: &Path) -> Shell {
    let shell = Shell::cargo("test --locked --workspace");
    if has_reference(root) { shell.with_variable(REFERENCE.0, REFERENCE.1) } else { shell }
}

/// The crates that are offered to others.
fn offered(metadata: &Metadata) -> Vec<&Package> {
    let is_offered = |package: &&Package| package.publish.as_ref().is_none_or(|to| !to.is_empty());
    metadata.workspace_packages().into_iter().filter(is_offered).collect()
}

/// Each crate that is offered, built without the others, with the features that it has by itself.
pub fn alone(metadata: &Metadata) -> Vec<Shell> {
    let mut commands = Vec::new();
    for package in offered(metadata) {
        let check = || Shell::cargo("check --locked --quiet -p").with(package.name.as_str());
        commands.push(check());
        if package.features.get("default").is_some_and(|features| !features.is_empty()) {
            commands.push(check().with("--no-default-features"));
        }
        if package.features.keys().any(|feature| feature != "default") {
            commands.push(check().with("--all-features"));
        }
    }
    commands
}

/// The tests of each crate that is offered and has features which it does not have by itself: those of
/// what only they bring are not among the tests of the workspace.
pub fn with_features(metadata: &Metadata) -> Vec<Shell> {
    let test = |package: &&Package| {
        Shell::cargo("test --locked --all-features -p").with(package.name.as_str())
    };
    let has_more = |package: &&Package| package.features.keys().any(|name| name != "default");
    offered(metadata).iter().filter(|package| has_more(package)).map(test).collect()
}

/// The crates that are offered, packed in the order of their dependencies. They are built where they
/// lie, so none is built again from its package.
fn package(metadata: &Metadata) -> Shell {
    let offered: Vec<&str> =
        offered(metadata).iter().map(|package| package.name.as_str()).collect();
    let mut shell = Shell::cargo("package --locked --workspace --no-verify --allow-dirty --quiet");
    for package in metadata.workspace_packages() {
        if !offered.contains(&package.name.as_str()) {
            shell = shell.with("--exclude").with(package.name.as_str());
        }
    }
    shell
}

/// Examples that write files: their own tests hold what they write.
const WRITING: &[&str] = &["write_example_store"];

/// Every example, run to its end out of the one build.
fn examples(metadata: &Metadata) -> Vec<Shell> {
    let mut commands = vec![Shell::cargo(BUILD)];
    let folder = metadata.target_directory.join("debug/examples");
    for package in metadata.workspace_packages() {
        for example in package.targets.iter().filter(|target| target.is_example()) {
            if !WRITING.contains(&example.name.as_str()) {
                commands.push(Shell::of(folder.join(&example.name), ""));
            }
        }
    }
    commands
}

fn quiet(checked: Result<()>) -> Result<Outcome> {
    checked.map(|()| Outcome::Ran(TestCount::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> Workspace {
        Workspace::read().expect("the workspace is there")
    }

    fn texts(commands: &[Shell]) -> Vec<String> {
        commands.iter().map(Shell::to_string).collect()
    }

    #[test]
    fn every_crate_that_is_offered_is_built_alone() {
        let commands = texts(&alone(&workspace().metadata));
        for layer in layers::LAYERS {
            let command = format!("cargo check --locked --quiet -p {}", layer.package);
            assert_eq!(
                commands.contains(&command),
                layer.folder.starts_with("crates/"),
                "{command}"
            );
        }
        let whole = "cargo check --locked --quiet -p openbell-data-manager --all-features";
        assert!(commands.iter().any(|command| command == whole), "{commands:?}");
    }

    #[test]
    fn the_tests_of_features_are_run_where_a_crate_has_some() {
        let commands = texts(&with_features(&workspace().metadata));
        let of = |package| format!("cargo test --locked --all-features -p openbell-{package}");
        assert_eq!(commands, ["data-manager", "wire"].map(of));
    }

    #[test]
    fn the_examples_for_services_are_run() {
        let commands = texts(&examples(&workspace().metadata));
        assert_eq!(commands[0], format!("cargo {BUILD}"));
        for example in ["next_half_day", "embed_session", "dashboard", "push_sink", "live_session"]
        {
            let ending = format!("/examples/{example}");
            assert!(commands.iter().any(|command| command.ends_with(&ending)), "{example}");
        }
        assert!(!commands.iter().any(|command| command.contains("write_example_store")));
    }

    #[test]
    fn the_session_of_the_readme_is_run_out_of_the_one_build() {
        let run = "t/debug/openbell run session_configs/example_session.json";
        assert_eq!(texts(&example(Path::new("t"))), [format!("cargo {BUILD}"), run.to_owned()]);
    }

    #[test]
    fn what_is_not_offered_is_not_packed() {
        let command = package(&workspace().metadata).to_string();
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
    fn the_large_reference_data_is_demanded_where_it_is_there() {
        let root = source::root();
        let asks = test(&root).to_string().starts_with("OPENBELL_REFERENCE=required ");
        assert_eq!(asks, has_reference(&root));
        assert_eq!(
            test(Path::new("no-such-folder")).to_string(),
            "cargo test --locked --workspace"
        );
    }
}
