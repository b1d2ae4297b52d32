//! A mutant as a file: a head that says what is wrong and what must notice it, and a diff.

use std::collections::BTreeSet;
use std::fmt;

use crate::simulation::{Kind, Vendor};

/// Where the mutants lie.
pub const FOLDER: &str = "tests/mutants/";

/// The most lines of context around a change: more of them would break the patch at changes that do
/// not concern it.
const N_CONTEXT_MAX: usize = 3;

/// A mistake, as a patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    /// The file's name without its ending.
    pub name: String,
    /// The file, relative to the root of the repository.
    pub path: String,
    /// What is wrong, in the words of someone who finds it.
    pub sentence: String,
    /// What must notice it: each of them.
    pub caught_by: Vec<Catcher>,
    /// What the tests among them must say; absent where it is enough that they fail.
    pub says: Option<String>,
    /// Seeds within which the simulator must notice it; absent where the usual number holds.
    pub n_seeds: Option<u64>,
    /// The files that it changes, relative to the root of the repository.
    pub files: Vec<String>,
}

/// What must notice a mutant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Catcher {
    /// An invariant of the simulator.
    Invariant(String),
    /// A test.
    Test {
        /// The package that has it.
        package: String,
        /// The name of its function.
        name: String,
    },
}

impl Catcher {
    fn read(text: &str) -> Catcher {
        match text.split_once("::") {
            Some((package, path)) => {
                let name = path.rsplit("::").next().unwrap_or(path);
                Catcher::Test { package: package.to_owned(), name: name.to_owned() }
            }
            None => Catcher::Invariant(text.to_owned()),
        }
    }

    /// In which runs of the simulator an invariant is held: those of live sessions say so, and those
    /// with a vendor name it.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Catcher::Invariant(name) if name.starts_with("live ") => Some(Kind::Live),
            Catcher::Invariant(name) => {
                Some(of_vendor(name).map_or(Kind::Replay, |(vendor, _)| Kind::Vendor(vendor)))
            }
            Catcher::Test { .. } => None,
        }
    }
}

/// The vendor whose runs hold an invariant, where its name begins with one, and the rest of the name.
pub fn of_vendor(invariant: &str) -> Option<(Vendor, &str)> {
    let (first, rest) = invariant.split_once(' ')?;
    Some((Vendor::ALL.into_iter().find(|vendor| vendor.name() == first)?, rest))
}

impl fmt::Display for Catcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Catcher::Invariant(name) => f.write_str(name),
            Catcher::Test { package, name } => write!(f, "{package}::{name}"),
        }
    }
}

/// What is wrong with the file of a mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// What was found and the way out.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.message)
    }
}

/// Whether the file is a mutant, by its place and ending.
pub fn is_mutant(path: &str) -> bool {
    path.starts_with(FOLDER) && path.ends_with(".patch")
}

impl Mutant {
    /// Reads a mutant.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with its name, its head and the shape of its diff, at least one.
    pub fn read(path: &str, text: &str) -> Result<Mutant, Vec<Fault>> {
        let n_lines_of_head = text.lines().take_while(|line| !line.starts_with("diff --git "));
        let n_lines_of_head = n_lines_of_head.count();
        let mut reading = Reading::default();
        let name = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".patch");
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.is_empty() || !name.chars().all(is_plain) {
            reading
                .complain(0, "a mutant's file is named in lower case with `_` between the words");
        }
        for (i, line) in text.lines().enumerate().take(n_lines_of_head) {
            reading.head_line(i, line);
        }
        if reading.sentence.is_none() {
            let way_out = "the head has no `mutant:`; say there what a user would see go wrong";
            reading.complain(0, way_out);
        }
        if reading.caught_by.is_empty() {
            let way_out = "the head has no `caught by:`; name there an invariant of the simulator, \
                           or a test as `package::test_name`";
            reading.complain(0, way_out);
        }
        let is_invariant = |catcher: &&Catcher| matches!(catcher, Catcher::Invariant(_));
        if reading.caught_by.iter().filter(is_invariant).count() > 1 {
            let way_out =
                "the head names more than one invariant; the simulator stops at the first";
            reading.complain(0, way_out);
        }
        if reading.says.is_some() && reading.caught_by.iter().all(|c| is_invariant(&c)) {
            reading.complain(0, "the head has `says:` and names no test that could say it");
        }
        let mut hunk = Hunk::default();
        for (i, line) in text.lines().enumerate().skip(n_lines_of_head) {
            reading.diff_line(&mut hunk, i, line);
        }
        if !hunk.is_any {
            reading.complain(n_lines_of_head.saturating_sub(1), "there is no diff below the head");
        }
        reading.finish(name, path)
    }
}

/// What was read of a file so far.
#[derive(Default)]
struct Reading {
    sentence: Option<String>,
    caught_by: Vec<Catcher>,
    says: Option<String>,
    n_seeds: Option<u64>,
    files: BTreeSet<String>,
    faults: Vec<Fault>,
}

impl Reading {
    /// Notes a fault of line `i`, from 0.
    fn complain(&mut self, i: usize, message: impl Into<String>) {
        self.faults.push(Fault { line: i + 1, message: message.into() });
    }

    fn head_line(&mut self, i: usize, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.trim();
        if value.is_empty() {
            return self.complain(i, "a line of the head is `key: value`");
        }
        match key {
            "mutant" => self.sentence = Some(value.to_owned()),
            "caught by" => self.caught_by.push(Catcher::read(value)),
            "says" => self.says = Some(value.to_owned()),
            "seeds" => match value.parse() {
                Ok(n_seeds) => self.n_seeds = Some(n_seeds),
                Err(_) => self.complain(i, format!("{value:?} is no number of seeds")),
            },
            _ => self.complain(
                i,
                format!(
                    "the key {key:?} is not known; the keys are mutant, caught by, says, seeds"
                ),
            ),
        }
    }

    fn diff_line(&mut self, hunk: &mut Hunk, i: usize, line: &str) {
        if let Some(sides) = line.strip_prefix("@@ ").filter(|_| hunk.is_over()) {
            match Hunk::read(sides) {
                Some(read) => *hunk = read,
                None => self.complain(i, "the head of a hunk cannot be read"),
            }
        } else if hunk.is_over() {
            self.file_line(i, line);
        } else if let Some(n_context) = hunk.take(line) {
            let message = format!("{n_context} lines of context, {N_CONTEXT_MAX} are the most");
            self.complain(i, format!("{message}; write the patch by `git diff -U3`"));
        }
    }

    /// Reads a line between the hunks.
    fn file_line(&mut self, i: usize, line: &str) {
        let Some(file) = line.strip_prefix("--- ").or_else(|| line.strip_prefix("+++ ")) else {
            return;
        };
        match file.strip_prefix("a/").or_else(|| file.strip_prefix("b/")) {
            Some(file) if is_product(file) => {
                self.files.insert(file.to_owned());
            }
            _ => self.complain(
                i,
                format!("{file} is no file of the product; a mutant changes files of crates/*/src"),
            ),
        }
    }

    fn finish(self, name: &str, path: &str) -> Result<Mutant, Vec<Fault>> {
        match self.sentence {
            Some(sentence) if self.faults.is_empty() => Ok(Mutant {
                name: name.to_owned(),
                path: path.to_owned(),
                sentence,
                caught_by: self.caught_by,
                says: self.says,
                n_seeds: self.n_seeds,
                files: self.files.into_iter().collect(),
            }),
            _ => Err(self.faults),
        }
    }
}

/// Whether the file is code of a crate, which the tests do not check themselves by.
fn is_product(file: &str) -> bool {
    let rest = file.strip_prefix("crates/").and_then(|rest| rest.split_once('/'));
    rest.is_some_and(|(_, rest)| rest.starts_with("src/"))
}

/// Where a hunk stands.
#[derive(Default)]
struct Hunk {
    /// Whether there was a hunk at all.
    is_any: bool,
    /// Lines of the file before, and of the file after, that are still to come.
    n_left: (usize, usize),
    /// Lines of context since the last change, or since the hunk's beginning.
    n_context: usize,
    /// Whether a change came already.
    is_changed: bool,
}

impl Hunk {
    /// Reads what stands behind the first `@@` of a hunk, as `-12,7 +12,8 @@ fn a()`.
    fn read(sides: &str) -> Option<Hunk> {
        let mut sides = sides.split(' ');
        let mut n_lines = |sign| {
            let side = sides.next()?.strip_prefix(sign)?;
            side.split_once(',').map_or(Some(1), |(_, n_lines)| n_lines.parse().ok())
        };
        let n_left = (n_lines('-')?, n_lines('+')?);
        Some(Hunk { is_any: true, n_left, ..Hunk::default() })
    }

    /// Whether nothing of it is to come.
    fn is_over(&self) -> bool {
        self.n_left == (0, 0)
    }

    /// Takes a line, and returns the lines of context on one side of a change where they are too
    /// many.
    fn take(&mut self, line: &str) -> Option<usize> {
        let (before, after) = &mut self.n_left;
        let is_change = match line.as_bytes().first() {
            Some(b'-') => {
                *before = before.saturating_sub(1);
                true
            }
            Some(b'+') => {
                *after = after.saturating_sub(1);
                true
            }
            Some(b'\\') => return None, // Says that the line before ends without a line feed.
            _ => {
                (*before, *after) = (before.saturating_sub(1), after.saturating_sub(1));
                false
            }
        };
        if !is_change {
            self.n_context += 1;
            return (self.is_over() && self.n_context > N_CONTEXT_MAX).then_some(self.n_context);
        }
        // Between two changes lie the context behind the one and that before the other.
        let n_max = if self.is_changed { 2 * N_CONTEXT_MAX } else { N_CONTEXT_MAX };
        let n_context = std::mem::take(&mut self.n_context);
        self.is_changed = true;
        (n_context > n_max).then_some(n_context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "mutant: A bar is early.\ncaught by: never early: no bar before its close\n";
    const FILE: &str = "diff --git a/crates/time/src/a.rs b/crates/time/src/a.rs\n\
                        --- a/crates/time/src/a.rs\n+++ b/crates/time/src/a.rs\n";
    const HUNK: &str = "@@ -3,3 +3,3 @@ fn a() {\n a\n-b\n+c\n d\n";
    const PATH: &str = "tests/mutants/early_bar.patch";

    fn read(head: &str, file: &str, hunks: &str) -> Result<Mutant, Vec<Fault>> {
        Mutant::read(PATH, &format!("{head}\n{file}{hunks}"))
    }

    fn faults(head: &str, file: &str, hunks: &str) -> Vec<String> {
        let read = read(head, file, hunks);
        read.expect_err("it has a fault").iter().map(Fault::to_string).collect()
    }

    #[test]
    fn a_mutant_is_its_head_and_the_files_that_it_changes() {
        let head = format!(
            "{HEAD}caught by: openbell-tests::gate::the_gate_is_shut\nsays: AAPL 5m\nseeds: 50\n"
        );
        let mutant = read(&head, FILE, HUNK).expect("it is whole");
        assert_eq!(
            mutant,
            Mutant {
                name: "early_bar".to_owned(),
                path: PATH.to_owned(),
                sentence: "A bar is early.".to_owned(),
                caught_by: vec![
                    Catcher::Invariant("never early: no bar before its close".to_owned()),
                    Catcher::Test {
                        package: "openbell-tests".to_owned(),
                        name: "the_gate_is_shut".to_owned()
                    },
                ],
                says: Some("AAPL 5m".to_owned()),
                n_seeds: Some(50),
                files: vec!["crates/time/src/a.rs".to_owned()],
            }
        );
    }

    #[test]
    fn a_head_without_its_lines_is_refused() {
        assert_eq!(
            faults("", FILE, HUNK),
            [
                "1: the head has no `mutant:`; say there what a user would see go wrong",
                "1: the head has no `caught by:`; name there an invariant of the simulator, \
                 or a test as `package::test_name`",
            ]
        );
        assert_eq!(
            faults(&format!("{HEAD}caught by: nothing panics\n"), FILE, HUNK),
            ["1: the head names more than one invariant; the simulator stops at the first"]
        );
        assert_eq!(
            faults(&format!("{HEAD}says: AAPL 5m\n"), FILE, HUNK),
            ["1: the head has `says:` and names no test that could say it"]
        );
    }

    #[test]
    fn a_line_of_the_head_that_says_nothing_is_refused() {
        for (line, message) in [
            ("seeds: many", "3: \"many\" is no number of seeds"),
            ("caught:", "3: a line of the head is `key: value`"),
            (
                "why: so",
                "3: the key \"why\" is not known; the keys are mutant, caught by, says, seeds",
            ),
        ] {
            assert_eq!(faults(&format!("{HEAD}{line}\n"), FILE, HUNK), [message]);
        }
    }

    #[test]
    fn a_head_without_a_diff_is_refused() {
        assert_eq!(faults(HEAD, "", ""), ["3: there is no diff below the head"]);
    }

    #[test]
    fn a_file_outside_the_product_is_refused() {
        let file = FILE.replace("crates/time/src/a.rs", "tests/src/a.rs");
        let message = "a/tests/src/a.rs is no file of the product; \
                       a mutant changes files of crates/*/src";
        let found = faults(HEAD, &file, HUNK);
        assert_eq!(found[0], format!("5: {message}"));
        let created = FILE.replace("a/crates/time/src/a.rs\n+++", "/dev/null\n+++");
        assert!(faults(HEAD, &created, HUNK)[0].starts_with("5: /dev/null is no file"));
    }

    #[test]
    fn more_than_three_lines_of_context_are_refused() {
        let way_out = "lines of context, 3 are the most; write the patch by `git diff -U3`";
        let before = "@@ -3,5 +3,5 @@\n a\n b\n c\n d\n-e\n+f\n";
        assert_eq!(faults(HEAD, FILE, before), [format!("12: 4 {way_out}")]);
        let after = "@@ -3,5 +3,5 @@\n-a\n+f\n b\n c\n d\n e\n";
        assert_eq!(faults(HEAD, FILE, after), [format!("13: 4 {way_out}")]);
        let between = format!("@@ -3,9 +3,7 @@\n-a\n{}-e\n", " b\n".repeat(7));
        assert_eq!(faults(HEAD, FILE, &between), [format!("16: 7 {way_out}")]);
        let of_two = format!("@@ -3,8 +3,6 @@\n-a\n{}-e\n", " b\n".repeat(6));
        assert!(read(HEAD, FILE, &of_two).is_ok());
    }

    #[test]
    fn a_removed_line_that_looks_like_a_file_is_a_change() {
        let hunk = "@@ -3,2 +3 @@\n a\n--- b/tests/a\n@@ -9 +8 @@\n-a\n+b\n";
        let mutant = read(HEAD, FILE, hunk).expect("it is whole");
        assert_eq!(mutant.files, ["crates/time/src/a.rs"]);
    }

    #[test]
    fn a_name_that_is_not_in_lower_case_is_refused() {
        let read = Mutant::read("tests/mutants/EarlyBar.patch", &format!("{HEAD}{FILE}{HUNK}"));
        let message = "1: a mutant's file is named in lower case with `_` between the words";
        assert_eq!(read.expect_err("it has a fault")[0].to_string(), message);
    }
}
