//! The tour of the README, run line by line in an empty folder.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the README is what is tested, a script in it too"
)]

use std::path::PathBuf;
use std::process::Command;

use super::other_readers::python;
use crate::support::{Call, Folder, assert_readable, commands, repository};

fn readme() -> PathBuf {
    repository().join("crates/app/README.md")
}

/// A page as it should stand, and the commands on it.
struct Found {
    page: String,
    commands: Vec<String>,
}

/// The page with its files written into `folder`, its commands run there, and what they print in
/// the place of what stands below them.
///
/// Of a block that ends with `…` only so many lines are shown. In one of `console measured` the
/// figures are of the machine. A block stays as it is, if only they differ, or how long it took; one of
/// `console network` asks a vendor, and one of `console live` reads what a live run has left: they are
/// read and not run.
fn run_through(page: &str, folder: &Folder) -> Found {
    let mut found = Found { page: String::new(), commands: Vec::new() };
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        found.page.push_str(line);
        found.page.push('\n');
        let Some(words) = line.strip_prefix("```") else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let mut text: String = block.iter().map(|line| format!("{line}\n")).collect();
        match words.split_once(' ') {
            _ if ["console network", "console live"].contains(&words) => {
                read(&block, &mut found.commands)
            }
            _ if words.starts_with("console") => {
                let now = ran(&block, text.clone(), folder, &mut found.commands);
                let same = match words {
                    "console measured" => without_figures,
                    _ => without_wall_time,
                };
                if same(&now) != same(&text) {
                    text = now;
                }
            }
            Some((_, file)) => folder.write(file, &text),
            None => {}
        }
        found.page.push_str(&text);
        found.page.push_str("```\n");
    }
    found
}

/// Takes the commands of a block for ones that the program understands.
fn read(block: &[&str], commands: &mut Vec<String>) {
    for command in block.iter().filter_map(|line| line.strip_prefix("$ openbell ")) {
        assert_readable(&format!("openbell {command}"));
        commands.push(command.to_owned());
    }
}

/// A block with what its command prints now.
fn ran(block: &[&str], text: String, folder: &Folder, commands: &mut Vec<String>) -> String {
    let command = block.first().copied().unwrap_or_default();
    let words = |rest: &str| rest.split(' ').map(str::to_owned).collect::<Vec<String>>();
    let call: Call = if let Some(script) = command.strip_prefix("$ python3 ") {
        let Some(python) = python("duckdb, polars") else { return text };
        let call = Command::new(python).arg(script).current_dir(folder.path(".")).output();
        call.expect("the interpreter was there").into()
    } else {
        let args = command.strip_prefix("$ openbell ").expect("a line with the program");
        commands.push(args.to_owned());
        let args = words(args);
        folder.run(&args.iter().map(String::as_str).collect::<Vec<&str>>())
    };
    let out = call.expect_code(0).out;
    match block.last() {
        Some(&"…") => {
            let shown: String =
                out.lines().take(block.len() - 2).map(|line| format!("{line}\n")).collect();
            format!("{command}\n{shown}…\n")
        }
        _ => format!("{command}\n{out}"),
    }
}

/// The words and the digests of a measurement, without its figures and the machine.
fn without_figures(block: &str) -> String {
    let is_digest = |word: &str| word.len() == 16 && u64::from_str_radix(word, 16).is_ok();
    let is_figure = |word: &&str| word.contains(|c: char| c.is_ascii_digit()) && !is_digest(word);
    let table = block.lines().take_while(|line| !line.starts_with("medians of"));
    table.flat_map(str::split_whitespace).filter(|word| !is_figure(word)).collect()
}

/// What differs from one run to the next is how long it took.
fn without_wall_time(text: &str) -> String {
    let cut = |line: &str| match line.split_once(" derived in ").or(line.split_once(" run in ")) {
        Some((before, _)) => format!("{before}\n"),
        None => format!("{line}\n"),
    };
    text.lines().map(cut).collect()
}

#[test]
fn the_guide_to_bars_of_a_vendor_goes_as_it_is_written() {
    let guide = repository().join("docs/bars_from_a_vendor.md");
    let page = std::fs::read_to_string(guide).expect("the guide is there");
    let found = run_through(&page, &Folder::new());
    assert!(found.page == page, "the guide is stale; it is now\n{}", found.page);
    let shows = |command: &str| found.commands.iter().any(|shown| shown.starts_with(command));
    assert!(shows("data fetch") && shows("vendor-sim") && shows("vendors doctor"));
}

#[test]
fn the_tour_of_the_readme_goes_as_it_is_written() {
    let page = std::fs::read_to_string(readme()).expect("the README is there");
    let found = run_through(&page, &Folder::new());
    if std::env::var_os("OPENBELL_WRITE_TOUR").is_some() {
        std::fs::write(readme(), &found.page).expect("it can be written");
    } else {
        assert!(
            found.page == page,
            "the README is stale; write it anew with `OPENBELL_WRITE_TOUR=1 cargo test -p openbell \
             --test integration tour`, and look at what has changed"
        );
    }
    for (command, _) in commands() {
        let is_it = |shown: &String| {
            shown
                .strip_prefix(&command)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        assert!(
            found.commands.iter().any(is_it),
            "crates/app/README.md does not show what `openbell {command}` prints; write a block \
             ```console with it (```console measured where its figures are of the machine), and \
             OPENBELL_WRITE_TOUR=1 fills it in"
        );
    }
}
