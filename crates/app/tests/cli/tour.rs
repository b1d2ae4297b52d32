//! The tour of the README, run line by line in an empty folder.

use crate::support::{Folder, repository};

/// A block of the README between fences: the words behind the fence, and its text.
struct Block {
    words: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(words) = line.strip_prefix("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let text = text.iter().map(|line| format!("{line}\n")).collect();
            blocks.push(Block { words: words.to_owned(), text });
        }
    }
    blocks
}

/// What differs from one run to the next is how long it took.
fn without_wall_time(text: &str) -> String {
    let cut = |line: &str| match line.split_once(" derived in ") {
        Some((before, _)) => format!("{before} derived\n"),
        None => format!("{line}\n"),
    };
    text.lines().map(cut).collect()
}

#[test]
fn the_tour_of_the_readme_goes_as_it_is_written() {
    #[expect(clippy::disallowed_methods, reason = "the README is what is tested")]
    let page = std::fs::read_to_string(repository().join("crates/app/README.md"))
        .expect("the README is there");
    let folder = Folder::new();
    let mut n_commands = 0;
    for block in blocks(&page) {
        match block.words.split_once(' ') {
            Some((_, file)) => folder.write(file, &block.text),
            None if block.words == "console" => {
                let (command, shown) = block.text.split_once('\n').expect("a command and more");
                let line = command.strip_prefix("$ openbell ").expect("a line with the program");
                let args: Vec<&str> = line.split(' ').collect();
                let call = folder.run(&args).expect_code(0);
                assert_eq!(without_wall_time(&call.out), without_wall_time(shown), "{line}");
                n_commands += 1;
            }
            None => {}
        }
    }
    assert!(n_commands >= 10, "{n_commands}");
}
