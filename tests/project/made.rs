//! What `openbell new` makes, as a person meets it: with the program that the project's own files make.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the program is run, and its files are looked at"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// A project in a folder of its own.
struct Made {
    _folder: TempDir,
    root: PathBuf,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What the project's program prints in `folder`.
fn printed(folder: &Path, args: &[&str], code: i32) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_made-project"));
    let output = command.args(args).current_dir(folder).output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}\n{err}");
    if code == 0 { out } else { err }
}

impl Made {
    fn new() -> Made {
        let folder = TempDir::new().expect("a folder");
        let source = repository().display().to_string();
        let said = printed(folder.path(), &["new", "mine", "--source", &source], 0);
        assert!(said.contains("cargo run -- run session.json"), "{said}");
        let root = folder.path().join("mine");
        Made { _folder: folder, root }
    }

    fn run(&self, args: &[&str]) -> String {
        printed(&self.root, args, 0)
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.root.join(path)).expect("it is there")
    }
}

#[test]
fn every_command_knows_the_strategy_of_the_project() {
    let made = Made::new();
    assert!(made.run(&["check", "session.json"]).contains("valid"));
    assert!(made.run(&["plan", "session.json"]).contains("9 sessions"));
    let run = made.run(&["run", "session.json", "--events", "events.jsonl", "--json"]);
    let run: Value = serde_json::from_str(&run).expect("JSON");
    let signals = run["signals"].as_array().expect("a list");
    assert!(signals.iter().any(|signal| signal["kind"] == "exit"), "{signals:?}");
    let account = &run["accounts"][0];
    assert_eq!(account["strategies"][0], "mean_reversion");
    assert!(account["trades"]["trades"].as_u64() > Some(10), "{account}");
    assert!(made.run(&["replay", "events.jsonl"]).starts_with("the same: "));
    let checked = made.run(&["check-lookahead", "session.json", "--cuts", "20"]);
    assert!(checked.contains("no look-ahead found"), "{checked}");
    let listed = made.run(&["modules"]);
    assert!(listed.contains("mean_reversion, a strategy: "), "{listed}");
    assert!(listed.contains("opening_range_breakout, a strategy: "), "{listed}");
    let completions = made.run(&["completions", "bash"]);
    assert!(completions.contains(" made-project\n"), "they are those of another program");
    assert!(made.run(&["plan", "--help"]).contains("  made-project plan session.json\n"));
}

#[test]
fn its_settings_are_in_the_schema_and_checked_at_their_place() {
    let made = Made::new();
    let schema: Value = serde_json::from_str(&made.run(&["schema"])).expect("JSON");
    let entry = &schema["properties"]["session_data_config"]["properties"]["strategies"]["items"];
    let names = &entry["properties"]["module"]["enum"];
    let place =
        names.as_array().and_then(|names| names.iter().position(|it| it == "mean_reversion"));
    let place = place.expect("it is registered");
    let settings = &entry["allOf"][place]["then"]["properties"]["config"]["properties"];
    assert_eq!(settings["max_held"]["minimum"], 1, "{settings}");

    let session = made.read("session.json");
    let wrong = session.replace("\"max_held\": 2", "\"max_held\": 0");
    std::fs::write(made.root.join("wrong.json"), wrong).expect("written");
    let said = printed(&made.root, &["check", "wrong.json"], 3);
    let place = "wrong.json:13:58: session_data_config.strategies[0].config.max_held: ";
    assert!(said.contains(place) && said.contains("found 0; at least 1 is needed"), "{said}");

    let misspelt = session.replace("\"max_held\"", "\"max_hold\"");
    std::fs::write(made.root.join("wrong.json"), misspelt).expect("written");
    let said = printed(&made.root, &["check", "wrong.json"], 3);
    assert!(said.contains("unknown key \"max_hold\"; the nearest is \"max_held\""), "{said}");
}

#[test]
fn its_files_are_those_that_are_built_and_tested_here() {
    let made = Made::new();
    let template = repository().join("crates/app/template");
    for path in
        ["src/lib.rs", "src/main.rs", "src/mean_reversion.rs", "tests/session.rs", "session.json"]
    {
        let ours = std::fs::read_to_string(template.join(path)).expect("it is there");
        assert!(made.read(path) == ours, "{path} is not the template's");
    }
    let here = include_str!("session.json").replace("../data/bar_data", "bars");
    assert_eq!(here, made.read("session.json"), "the session that is tested is the made one");
}

/// Resolves the manifest with the versions that came along; building it is for once a night.
#[test]
fn its_manifest_names_crates_that_are_there() {
    let made = Made::new();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--offline", "--format-version", "1", "--quiet"]);
    let output = cargo.current_dir(&made.root).output().expect("cargo starts");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{err}");
    let graph: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = graph["packages"].as_array().expect("a list");
    let mine = packages.iter().find(|package| package["name"] == "mine").expect("the project");
    let named = mine["dependencies"].as_array().expect("a list");
    let ours = include_str!("Cargo.toml");
    for dependency in named {
        let name = dependency["name"].as_str().expect("a name");
        assert!(ours.contains(&format!("\n{name}.workspace")), "{name} is not tested here");
    }
}

#[test]
fn a_folder_with_something_in_it_is_left_as_it_is() {
    let made = Made::new();
    let source = repository().display().to_string();
    let said = printed(&made.root, &["new", "src", "--source", &source], 2);
    assert!(said.contains("src is there already, and is not an empty folder"), "{said}");
    let said = printed(&made.root, &["new", "Mine"], 2);
    assert!(said.contains("\"Mine\" does not begin with a small letter"), "{said}");
}

/// A guide as it should stand: blocks with a file's name are that file of the project, and what stands below
/// a command is what it prints. One of `console read` is not run; of a block that ends with `…` only so many
/// lines are shown; `console wrong A B` runs with A written as B in the session file.
fn guide_of(made: &Made, page: &str) -> String {
    let mut found = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        found.push_str(&format!("{line}\n"));
        let Some(words) = line.strip_prefix("```") else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let as_it_is: String = block.iter().map(|line| format!("{line}\n")).collect();
        let words: Vec<&str> = words.split(' ').collect();
        found.push_str(&match words[..] {
            ["console"] => transcript(made, &block),
            ["console", "wrong", good, bad] => {
                let session = made.read("session.json");
                assert!(session.contains(good), "{good} is not there to be misspelt");
                let write = |text: &str| std::fs::write(made.root.join("session.json"), text);
                write(&session.replace(good, bad)).expect("written");
                let (command, args) = command_of(&block);
                let said = printed(&made.root, &args, 3);
                write(&session).expect("written");
                format!("{command}\n{said}")
            }
            [_, path] if path != "read" => without_paths(&made.read(path)),
            _ => as_it_is,
        });
        found.push_str("```\n");
    }
    found
}

fn command_of<'b>(block: &[&'b str]) -> (&'b str, Vec<&'b str>) {
    let command = block.first().expect("a command");
    let args = command.strip_prefix("$ cargo run -- ").expect("a command of the project");
    (command, args.split(' ').collect())
}

fn transcript(made: &Made, block: &[&str]) -> String {
    let (command, args) = command_of(block);
    let out = without_wall_time(&made.run(&args));
    match block.last() {
        Some(&"…") => {
            let shown: String =
                out.lines().take(block.len() - 2).map(|line| format!("{line}\n")).collect();
            format!("{command}\n{shown}…\n")
        }
        _ => format!("{command}\n{out}"),
    }
}

/// How long it took differs from run to run.
fn without_wall_time(text: &str) -> String {
    let cut = |line: &str| match line.split_once(" derived in ") {
        Some((before, _)) => format!("{before} derived in …\n"),
        None => match line.split_once(" run in ") {
            Some((before, after)) => {
                let after = after.split_once(" s, ").map_or("", |(_, after)| after);
                format!("{before} run in … s, {after}\n")
            }
            None => format!("{line}\n"),
        },
    };
    text.lines().map(cut).collect()
}

/// Where the crates of this project lie is nobody else's place.
fn without_paths(text: &str) -> String {
    let crates = repository().join("crates").display().to_string();
    text.replace(&crates, "/src/openbell/crates")
}

#[test]
fn the_guides_to_a_project_go_as_they_are_written() {
    let made = Made::new();
    for name in ["first_strategy.md", "own_binary.md"] {
        holds(name, |page| guide_of(&made, page));
    }
}

/// Holds a guide against what it should be, or writes it.
fn holds(name: &str, should_be: impl Fn(&str) -> String) {
    let path = repository().join("docs").join(name);
    let page = std::fs::read_to_string(&path).expect("the guide is there");
    let found = should_be(&page);
    if std::env::var_os("OPENBELL_WRITE_TOUR").is_some() {
        std::fs::write(&path, &found).expect("it can be written");
    } else {
        assert!(
            found == page,
            "docs/{name} is stale; write it anew with `OPENBELL_WRITE_TOUR=1 cargo test -p \
             openbell-made-project --test made`, and look at what has changed"
        );
    }
}

/// The block of that head in a page: its text, and where it stands.
fn block<'p>(page: &'p str, head: &str) -> (&'p str, std::ops::Range<usize>) {
    let since = page.find(&format!("```{head}\n")).expect("the block is there") + head.len() + 4;
    let until = since + page[since..].find("```\n").expect("it ends");
    (&page[since..until], since..until)
}

#[test]
fn the_file_of_a_backtest_goes_live_with_three_keys_changed() {
    let made = Made::new();
    holds("live_from_the_same_file.md", |page| {
        let (live, _) = block(page, "json live.json");
        std::fs::write(made.root.join("live.json"), live).expect("written");
        let (live, backtest): (Value, Value) = (
            serde_json::from_str(live).expect("JSON"),
            serde_json::from_str(&made.read("session.json")).expect("JSON"),
        );
        for same in ["session_name", "session_data_config", "account"] {
            assert_eq!(live[same], backtest[same]);
        }
        let (_, place) = block(page, "console");
        let command = ["check", "live.json"];
        let said = format!("$ cargo run -- {}\n{}", command.join(" "), made.run(&command));
        format!("{}{said}{}", &page[..place.start], &page[place.end..])
    });
}

#[test]
fn a_parameter_study_goes_as_it_is_written() {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("NOT RUN: the study reads reports by python3, which is not here");
        return;
    }
    let made = Made::new();
    holds("parameter_study.md", |page| {
        let (script, _) = block(page, "sh study.sh");
        let program = "cargo run --quiet --release --";
        assert!(script.contains(program), "it runs the project");
        let script = script.replace(program, env!("CARGO_BIN_EXE_made-project"));
        std::fs::write(made.root.join("study.sh"), script).expect("written");
        let study = Command::new("sh").arg("study.sh").current_dir(&made.root).output();
        let study = study.expect("a shell");
        assert!(study.status.success(), "{}", String::from_utf8_lossy(&study.stderr));
        let (_, place) = block(page, "text");
        let said = String::from_utf8(study.stdout).expect("text");
        format!("{}{said}{}", &page[..place.start], &page[place.end..])
    });
}

#[test]
fn what_the_readme_shows_of_a_strategy_is_the_one_that_is_made() {
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("it is there");
    let shown = readme.split("```rust,ignore\n").nth(1).expect("a block of code");
    let shown = shown.split("…\n").next().expect("it goes on in the file");
    let template = repository().join("crates/app/template/src/mean_reversion.rs");
    let template = std::fs::read_to_string(template).expect("it is there");
    let unindented: String =
        template.lines().map(|line| format!("{}\n", line.trim_start())).collect();
    let shown: String = shown.lines().map(|line| format!("{}\n", line.trim_start())).collect();
    assert!(shown.len() > 200 && unindented.contains(&shown), "{shown}");
}
