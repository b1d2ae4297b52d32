//! Mutants: the product with one mistake in it, which the simulator or a test must notice.
//!
//! Each is a patch of `tests/mutants`, applied to a copy of the repository, so the files of the user
//! stay as they are. Its head names what must notice it.

mod patch;
mod renew;
mod scratch;

pub use patch::{Catcher, FOLDER, Mutant, is_mutant, of_vendor};
pub use scratch::{Effect, apply};

use std::collections::BTreeSet;
use std::fmt;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Result, bail, ensure};

use crate::command::{Captured, Shell};
use crate::simulation::{Kind, Vendor};
use crate::source;
use scratch::Scratch;

/// Seeds within which a mutant must be found, where neither its head nor the caller says another
/// number.
const N_SEEDS: u64 = 1_000;

/// Applies the mutants one after the other, all or those named `only`, and runs what must notice
/// each. Returns how many were found.
///
/// # Errors
///
/// When a mutant survives, does not apply or compile, or is noticed by something else than its head
/// says; when the copy without a mutant fails already; when there is no mutant of such a name.
pub fn run(root: &Path, seeds: Option<u64>, only: &[String]) -> Result<usize> {
    let mut mutants = chosen(read(root)?, only)?;
    // Those of one file follow each other, so that the crates below it are not built again.
    mutants.sort_by(|a, b| (&a.files, &a.name).cmp(&(&b.files, &b.name)));
    let n_seeds = |mutant: &Mutant| mutant.n_seeds.or(seeds).unwrap_or(N_SEEDS);
    let scratch = Scratch::bring(root)?;
    passes_unchanged(&scratch, &mutants, mutants.iter().map(n_seeds).max().unwrap_or(N_SEEDS))?;
    let mut n_found = 0;
    for mutant in &mutants {
        match examine(&scratch, root, mutant, n_seeds(mutant))? {
            Ok(lines) => {
                n_found += 1;
                lines.iter().for_each(|line| println!("{line}"));
            }
            Err(problem) => println!("{} {problem}", mutant.name),
        }
        std::io::stdout().flush()?;
    }
    println!("{n_found} of {} mutants are found", mutants.len());
    let n_others = mutants.len() - n_found;
    ensure!(n_others == 0, "{n_others} of {} mutants are not found as they must be", mutants.len());
    Ok(n_found)
}

/// Writes the patches, all or those named `only`, anew for the code as it is: with the context and the
/// place that their changes have now. Returns how many were not as they are now.
///
/// # Errors
///
/// When what a patch changes is another code now; when there is no mutant of such a name.
pub fn renew(root: &Path, only: &[String]) -> Result<usize> {
    renew::run(root, &chosen(read(root)?, only)?)
}

/// Reads every mutant of the repository.
fn read(root: &Path) -> Result<Vec<Mutant>> {
    let mut mutants = Vec::new();
    for path in source::paths(root)?.iter().filter(|path| is_mutant(path)) {
        let Ok(text) = std::fs::read_to_string(root.join(path)) else { continue };
        match Mutant::read(path, &text) {
            Ok(mutant) => mutants.push(mutant),
            Err(faults) => bail!("{path}:{}", faults[0]),
        }
    }
    ensure!(!mutants.is_empty(), "{FOLDER} holds no patch");
    Ok(mutants)
}

/// Those that are named `only`; all where none is.
fn chosen(mut mutants: Vec<Mutant>, only: &[String]) -> Result<Vec<Mutant>> {
    let names: Vec<&str> = mutants.iter().map(|mutant| mutant.name.as_str()).collect();
    if let Some(unknown) = only.iter().find(|only| !names.contains(&only.as_str())) {
        bail!("there is no mutant {unknown:?}; the mutants are {}", names.join(", "));
    }
    mutants.retain(|mutant| only.is_empty() || only.contains(&mutant.name));
    Ok(mutants)
}

/// Why a mutant shows nothing, or shows that something is not noticed.
#[derive(Debug, PartialEq, Eq)]
enum Problem {
    DoesNotApply { said: String },
    DoesNotCompile { said: String },
    SurvivesSeeds { n_seeds: u64, sentence: String },
    SurvivesTest { test: Catcher, sentence: String },
    CaughtByAnother { n_seeds: u64, found: String, expected: String },
    OtherWords { by: Catcher, expected: String, said: String },
    NotRun { by: Catcher, said: String },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::DoesNotApply { said } => {
                write!(f, "does not apply; renew the patch for the code as it is now\n{said}")
            }
            Problem::DoesNotCompile { said } => {
                write!(f, "does not compile, so it shows nothing; renew the patch\n{said}")
            }
            Problem::SurvivesSeeds { n_seeds, sentence } => {
                write!(f, "SURVIVES {n_seeds} seeds: {sentence}")
            }
            Problem::SurvivesTest { test, sentence } => write!(f, "SURVIVES {test}: {sentence}"),
            Problem::CaughtByAnother { n_seeds, found, expected } => write!(
                f,
                "is caught after {n_seeds} seeds by `{found}`, and its head says `{expected}`; \
                 see which of them it breaks, and name that"
            ),
            Problem::OtherWords { by, expected, said } => {
                write!(f, "is caught by {by}, which does not say {expected:?}\n{said}")
            }
            Problem::NotRun { by, said } => write!(f, "shows nothing: {by} did not run\n{said}"),
        }
    }
}

/// Runs what must notice the mutants on the copy as it is: what fails already notices nothing.
fn passes_unchanged(scratch: &Scratch, mutants: &[Mutant], n_seeds: u64) -> Result<()> {
    let catchers: BTreeSet<&Catcher> = mutants.iter().flat_map(|m| &m.caught_by).collect();
    let tests = catchers.iter().filter(|catcher| matches!(catcher, Catcher::Test { .. }));
    let of_kind = |kind| catchers.iter().find(move |catcher| catcher.kind() == Some(kind));
    let of_vendors = Vendor::ALL.into_iter().filter_map(|vendor| of_kind(Kind::Vendor(vendor)));
    let of_seeds = of_kind(Kind::Replay).into_iter().chain(of_kind(Kind::Live)).chain(of_vendors);
    for catcher in tests.chain(of_seeds) {
        match observe(scratch, catcher, n_seeds)? {
            Seen::Nothing => {}
            Seen::Uncompiled { said } => {
                bail!("the copy without a mutant does not compile\n{said}")
            }
            Seen::Invariant { found, .. } => {
                bail!("without a mutant the simulator fails already: {found}")
            }
            Seen::TestFailed { said } => {
                bail!("without a mutant {catcher} fails already\n{said}")
            }
            Seen::NotRun { said } => bail!("without a mutant {catcher} does not run\n{said}"),
        }
    }
    Ok(())
}

/// Applies one mutant, runs all that must notice it, and takes it back.
fn examine(
    scratch: &Scratch,
    root: &Path,
    mutant: &Mutant,
    n_seeds: u64,
) -> Result<Result<Vec<String>, Problem>> {
    let before = scratch.contents(&mutant.files)?;
    let patch = root.join(&mutant.path);
    let outcome = match apply(scratch.tree(), &patch, Effect::Apply)? {
        Ok(()) => noticed(scratch, mutant, n_seeds),
        Err(said) => Ok(Err(Problem::DoesNotApply { said })),
    };
    scratch.restore(&before)?;
    outcome
}

/// Runs all that must notice a mutant, and says in a line for each that it did.
fn noticed(
    scratch: &Scratch,
    mutant: &Mutant,
    n_seeds: u64,
) -> Result<Result<Vec<String>, Problem>> {
    let mut lines = Vec::new();
    for catcher in &mutant.caught_by {
        match verdict(mutant, catcher, n_seeds, observe(scratch, catcher, n_seeds)?) {
            Ok(line) => lines.push(line),
            Err(problem) => return Ok(Err(problem)),
        }
    }
    Ok(Ok(lines))
}

/// What became of a run of the simulator or of a test.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    Invariant { found: String, n_seeds: u64 },
    TestFailed { said: String },
    NotRun { said: String },
    Uncompiled { said: String },
}

fn verdict(mutant: &Mutant, by: &Catcher, n_seeds: u64, seen: Seen) -> Result<String, Problem> {
    let name = &mutant.name;
    match (by, seen) {
        (_, Seen::Uncompiled { said }) => Err(Problem::DoesNotCompile { said }),
        (_, Seen::NotRun { said }) => Err(Problem::NotRun { by: by.clone(), said }),
        (Catcher::Invariant(_), Seen::Nothing) => {
            Err(Problem::SurvivesSeeds { n_seeds, sentence: mutant.sentence.clone() })
        }
        (Catcher::Test { .. }, Seen::Nothing) => {
            let sentence = mutant.sentence.clone();
            Err(Problem::SurvivesTest { test: by.clone(), sentence })
        }
        (Catcher::Invariant(expected), Seen::Invariant { found, n_seeds })
            if *expected != found =>
        {
            Err(Problem::CaughtByAnother { n_seeds, found, expected: expected.clone() })
        }
        (_, Seen::Invariant { n_seeds, .. }) => Ok(format!("{name:26} {n_seeds:>6} seeds  {by}")),
        (_, Seen::TestFailed { said }) => match &mutant.says {
            Some(expected) if !said.contains(expected) => {
                Err(Problem::OtherWords { by: by.clone(), expected: expected.clone(), said })
            }
            _ => Ok(format!("{name:26} {:>12}  {by}", "test")),
        },
    }
}

/// Builds and runs the simulator, or a test.
fn observe(scratch: &Scratch, catcher: &Catcher, n_seeds: u64) -> Result<Seen> {
    let build = match catcher {
        Catcher::Invariant(_) => {
            Shell::cargo("build --locked --quiet -p openbell-tests --bin simulate")
        }
        Catcher::Test { package, .. } => {
            Shell::cargo("test --locked --quiet --no-run -p").with(package)
        }
    };
    let built = scratch.captured(build)?;
    if !built.succeeded {
        return Ok(Seen::Uncompiled { said: built.errors });
    }
    match catcher {
        Catcher::Invariant(_) => {
            let kind = catcher.kind().map_or(String::new(), Kind::words);
            let line = "run --locked --quiet -p openbell-tests --bin simulate --";
            let run = Shell::cargo(&format!("{line} --unshrunk {kind}"))
                .with("--seeds")
                .with(n_seeds.to_string());
            Ok(simulated(scratch.captured(run)?))
        }
        Catcher::Test { package, name } => {
            let run = Shell::cargo("test --locked --no-fail-fast -p").with(package).with(name);
            Ok(tested(scratch.captured(run)?, name))
        }
    }
}

/// What the simulator's output says.
fn simulated(ran: Captured) -> Seen {
    if ran.succeeded {
        return Seen::Nothing;
    }
    let broken = ran.output.lines().find_map(|line| {
        let (seed, found) = line.strip_prefix("seed ")?.split_once(" breaks a promise: ")?;
        Some((seed.parse::<u64>().ok()?, found.to_owned()))
    });
    match broken {
        Some((seed, found)) => Seen::Invariant { found, n_seeds: seed + 1 },
        None => Seen::NotRun { said: ran.output + &ran.errors },
    }
}

/// What a runner of tests says of those that are called `name`.
fn tested(ran: Captured, name: &str) -> Seen {
    let outcomes: Vec<&str> = ran
        .output
        .lines()
        .filter_map(|line| {
            let (path, outcome) = line.strip_prefix("test ")?.split_once(" ... ")?;
            let path = path.split(" - ").next().unwrap_or(path);
            (path.rsplit("::").next() == Some(name)).then_some(outcome)
        })
        .collect();
    if outcomes.contains(&"FAILED") {
        Seen::TestFailed { said: ran.output }
    } else if outcomes.contains(&"ok") && ran.succeeded {
        Seen::Nothing
    } else {
        Seen::NotRun { said: ran.output + &ran.errors }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVARIANT: &str = "never early: no bar before its close";

    fn invariant() -> Catcher {
        Catcher::Invariant(INVARIANT.to_owned())
    }

    fn test() -> Catcher {
        Catcher::Test { package: "openbell-tests".to_owned(), name: "the_gate_is_shut".to_owned() }
    }

    fn mutant(name: &str) -> Mutant {
        Mutant {
            name: name.to_owned(),
            path: format!("{FOLDER}{name}.patch"),
            sentence: "A bar is early.".to_owned(),
            caught_by: vec![invariant()],
            says: None,
            n_seeds: None,
            files: vec!["crates/processor/src/window.rs".to_owned()],
        }
    }

    fn ran(succeeded: bool, output: &str) -> Captured {
        Captured { succeeded, output: output.to_owned(), errors: "stack overflow\n".to_owned() }
    }

    fn broken(found: &str) -> Seen {
        simulated(ran(false, &format!("seed 4 breaks a promise: {found}\nAAPL at 09:31\n")))
    }

    /// The line of a mutant that is found, or the message of one that is not.
    fn said(mutant: &Mutant, by: &Catcher, seen: Seen) -> String {
        verdict(mutant, by, 1_000, seen).unwrap_or_else(|problem| problem.to_string())
    }

    #[test]
    fn a_mutant_is_found_by_the_invariant_or_test_of_its_head() {
        let early = mutant("early");
        let line = said(&early, &invariant(), broken(INVARIANT));
        assert_eq!(line, format!("early                           5 seeds  {INVARIANT}"));
        let line = said(&early, &test(), Seen::TestFailed { said: String::new() });
        assert_eq!(
            line,
            "early                              test  openbell-tests::the_gate_is_shut"
        );
    }

    #[test]
    fn a_mutant_that_nothing_notices_survives() {
        let early = mutant("early");
        let passed = simulated(ran(true, "seeds 1000\n"));
        assert_eq!(said(&early, &invariant(), passed), "SURVIVES 1000 seeds: A bar is early.");
        assert_eq!(
            said(&early, &test(), Seen::Nothing),
            "SURVIVES openbell-tests::the_gate_is_shut: A bar is early."
        );
    }

    #[test]
    fn an_invariant_that_the_head_does_not_name_is_told() {
        assert_eq!(
            said(&mutant("early"), &invariant(), broken("nothing panics")),
            format!(
                "is caught after 5 seeds by `nothing panics`, and its head says `{INVARIANT}`; \
                 see which of them it breaks, and name that"
            )
        );
    }

    #[test]
    fn a_test_must_say_the_words_of_the_head() {
        let failed = || Seen::TestFailed { said: "AAPL 5m: a close".to_owned() };
        let mut early = mutant("early");
        early.says = Some("AAPL 5m".to_owned());
        assert!(verdict(&early, &test(), 9, failed()).is_ok());
        early.says = Some("MSFT 5m".to_owned());
        assert_eq!(
            said(&early, &test(), failed()),
            "is caught by openbell-tests::the_gate_is_shut, which does not say \"MSFT 5m\"\n\
             AAPL 5m: a close"
        );
    }

    #[test]
    fn a_mutant_that_does_not_compile_is_told_as_that() {
        let seen = Seen::Uncompiled { said: "error[E0425]".to_owned() };
        assert_eq!(
            said(&mutant("early"), &invariant(), seen),
            "does not compile, so it shows nothing; renew the patch\nerror[E0425]"
        );
    }

    #[test]
    fn a_simulator_that_ends_without_naming_a_promise_shows_nothing() {
        assert_eq!(
            said(&mutant("early"), &invariant(), simulated(ran(false, ""))),
            format!("shows nothing: {INVARIANT} did not run\nstack overflow\n")
        );
    }

    #[test]
    fn a_test_is_found_among_the_lines_of_its_runner_by_its_whole_name() {
        let seen = |succeeded, lines| tested(ran(succeeded, lines), "the_gate_is_shut");
        assert!(matches!(
            seen(false, "test gate::the_gate_is_shut ... FAILED\n"),
            Seen::TestFailed { .. }
        ));
        assert!(matches!(
            seen(false, "test the_gate_is_shut - should panic ... FAILED\n"),
            Seen::TestFailed { .. }
        ));
        assert_eq!(seen(true, "test gate::the_gate_is_shut ... ok\n"), Seen::Nothing);
        for lines in ["", "test the_gate_is_shut_again ... FAILED\n"] {
            assert!(matches!(seen(false, lines), Seen::NotRun { .. }), "{lines}");
        }
        assert!(matches!(seen(true, "running 0 tests\n"), Seen::NotRun { .. }));
    }

    #[test]
    fn an_unknown_mutant_is_refused_with_those_that_there_are() {
        let mutants = || vec![mutant("early"), mutant("late")];
        let chosen = |only: &[&str]| {
            let only: Vec<String> = only.iter().map(|&name| name.to_owned()).collect();
            chosen(mutants(), &only)
        };
        let error = chosen(&["late", "lost"]).expect_err("no such mutant");
        assert_eq!(error.to_string(), "there is no mutant \"lost\"; the mutants are early, late");
        assert_eq!(chosen(&["late"]).expect("it is there"), [mutant("late")]);
        assert_eq!(chosen(&[]).expect("all"), mutants());
    }
}
