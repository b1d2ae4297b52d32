//! The tour of the README, run line by line in an empty folder.
#![expect(clippy::disallowed_methods, reason = "the README is what is tested")]

use std::path::PathBuf;

use crate::support::{Folder, repository};

fn readme() -> PathBuf {
    repository().join("crates/app/README.md")
}

/// The page as it should stand: its files written into `folder`, its commands run there, and what
/// they print in the place of what stands below them; and how many commands there were.
fn run_through(page: &str, folder: &Folder) -> (String, usize) {
    let (mut found, mut n_commands) = (String::new(), 0);
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        found.push_str(line);
        found.push('\n');
        let Some(words) = line.strip_prefix("```") else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let mut text: String = block.iter().map(|line| format!("{line}\n")).collect();
        if let Some((_, file)) = words.split_once(' ') {
            folder.write(file, &text);
        } else if words == "console" {
            let command = block.first().copied().unwrap_or_default();
            let args = command.strip_prefix("$ openbell ").expect("a line with the program");
            let call = folder.run(&args.split(' ').collect::<Vec<&str>>()).expect_code(0);
            text = format!("{command}\n{}", call.out);
            n_commands += 1;
        }
        found.push_str(&text);
        found.push_str("```\n");
    }
    (found, n_commands)
}

/// What differs from one run to the next is how long it took.
fn without_wall_time(text: &str) -> String {
    let cut = |line: &str| match line.split_once(" derived in ") {
        Some((before, _)) => format!("{before} derived\n"),
        None => format!("{line}\n"),
    };
    let page: String = text.lines().map(cut).collect();
    let blocks = page.split("```").map(|block| match block.contains("$ openbell bench") {
        true => without_figures(block),
        false => block.to_owned(),
    });
    blocks.collect::<Vec<String>>().join("```")
}

/// The words and the digests of what `openbell bench` prints, without its figures and the machine.
fn without_figures(block: &str) -> String {
    let is_digest = |word: &str| word.len() == 16 && u64::from_str_radix(word, 16).is_ok();
    let is_figure = |word: &&str| word.contains(|c: char| c.is_ascii_digit()) && !is_digest(word);
    let table = block.lines().take_while(|line| !line.starts_with("medians of"));
    table.flat_map(str::split_whitespace).filter(|word| !is_figure(word)).collect()
}

#[test]
fn the_tour_of_the_readme_goes_as_it_is_written() {
    let page = std::fs::read_to_string(readme()).expect("the README is there");
    let (found, n_commands) = run_through(&page, &Folder::new());
    if std::env::var_os("OPENBELL_WRITE_TOUR").is_some() {
        std::fs::write(readme(), found).expect("it can be written");
        return;
    }
    assert!(
        without_wall_time(&found) == without_wall_time(&page),
        "the README is stale; write it anew with `OPENBELL_WRITE_TOUR=1 cargo test -p openbell \
         --test cli tour`, and look at what has changed"
    );
    assert!(n_commands >= 10, "{n_commands}");
}
