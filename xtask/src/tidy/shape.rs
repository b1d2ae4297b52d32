//! The shape of a file: its first line, its length, the ends of its lines.

use crate::finding::Finding;
use crate::source::Source;

pub(super) const HEAD: &str = "head";
pub(super) const LENGTH: &str = "length";
pub(super) const SPACES: &str = "spaces";

/// The most lines that a file may have before its tests.
const N_LINES_MAX: usize = 600;

/// The words by which a long file's head gives its reason.
const REASON: &str = "stays whole";

/// What a crate's root may begin with instead: its README is its documentation.
const README: &str = "#![doc = include_str!(";

/// Programs that the compiler must refuse; their names say why, and the messages that are compared
/// count their lines.
const REFUSED: &str = "/tests/refused/";

/// The first line says what the file knows.
pub(super) fn head(source: &Source) -> Vec<Finding> {
    let first = source.text.lines().next().unwrap_or_default();
    let has_head = first.strip_prefix("//!").is_some_and(|rest| !rest.trim().is_empty());
    let is_refused = source.path.contains(REFUSED);
    if has_head || is_refused || (source.path.ends_with("/lib.rs") && first.starts_with(README)) {
        return Vec::new();
    }
    vec![Finding::of_line(
        HEAD,
        &source.path,
        1,
        "the first line is not `//!` with the one thing that this file knows",
    )]
}

/// A file of more than 600 lines before its tests says why it stays whole.
pub(super) fn length(source: &Source) -> Vec<Finding> {
    let n_lines = source
        .text
        .lines()
        .position(|line| line.trim() == "#[cfg(test)]")
        .unwrap_or_else(|| source.text.lines().count());
    let has_reason = source
        .text
        .lines()
        .take_while(|line| line.starts_with("//!"))
        .any(|line| line.contains(REASON));
    if n_lines <= N_LINES_MAX || has_reason {
        return Vec::new();
    }
    vec![Finding::of_file(
        LENGTH,
        &source.path,
        format!(
            "{n_lines} lines before its tests, {N_LINES_MAX} are the most; split it by noun, \
             or say in its `//!` why it {REASON}"
        ),
    )]
}

/// Whether the spaces of a file stand for nothing but space: in tables that are parted by tabs, tabs
/// are meant, and in a patch an empty line of context is a space.
pub(super) fn has_visible_spaces(source: &Source) -> bool {
    ![".tsv", ".patch"].iter().any(|ending| source.path.ends_with(ending))
}

/// Lines end where their text ends, without tabs, and the last one ends too.
pub(super) fn spaces(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut complain = |line: usize, message: &str| {
        findings.push(Finding::of_line(SPACES, &source.path, line, message));
    };
    for (i, line) in source.text.split('\n').enumerate() {
        if line.ends_with('\r') {
            complain(
                i + 1,
                "the line ends with a carriage return; `.gitattributes` asks for `\\n`",
            );
        } else if line.ends_with([' ', '\t']) {
            complain(i + 1, "space at the end of the line");
        } else if line.contains('\t') {
            complain(i + 1, "a tab; write spaces");
        }
    }
    if !source.text.is_empty() && !source.text.ends_with('\n') {
        complain(source.text.lines().count(), "the last line has no end");
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    const PATH: &str = "crates/time/src/clock.rs";

    #[test]
    fn a_file_without_a_head_is_refused() {
        assert_eq!(messages(head, PATH, "//! The session clock.\n"), [""; 0]);
        let readme = "#![doc = include_str!(\"../README.md\")]\n";
        assert_eq!(messages(head, "crates/time/src/lib.rs", readme), [""; 0]);
        assert_eq!(messages(head, "crates/time/tests/refused/a.rs", "fn main() {}\n"), [""; 0]);
        for text in ["use a::b;\n", "\n//! Late.\n", "//!\n", ""] {
            assert_eq!(
                messages(head, PATH, text),
                ["crates/time/src/clock.rs:1: the first line is not `//!` \
                  with the one thing that this file knows [head]"]
            );
        }
    }

    #[test]
    fn a_long_file_splits_or_gives_its_reason() {
        let long = format!("//! A table.\n{}", "fn a() {}\n".repeat(600));
        assert_eq!(
            messages(length, PATH, &long),
            ["crates/time/src/clock.rs: 601 lines before its tests, 600 are the most; \
              split it by noun, or say in its `//!` why it stays whole [length]"]
        );
        let reasoned = long.replace("A table.", "A table, which stays whole: one row a year.");
        assert_eq!(messages(length, PATH, &reasoned), [""; 0]);
        let tested = format!("//! A.\n#[cfg(test)]\n{}", "fn a() {}\n".repeat(600));
        assert_eq!(messages(length, PATH, &tested), [""; 0]);
    }

    #[test]
    fn tables_and_patches_keep_their_spaces() {
        for path in ["tests/data/a.tsv", "tests/mutants/a.patch"] {
            assert!(!has_visible_spaces(&Source::new(path, " \n")), "{path}");
        }
        assert!(has_visible_spaces(&Source::new("README.md", " \n")));
    }

    #[test]
    fn spaces_that_nobody_sees_are_refused_with_their_line() {
        for (text, message) in [
            ("a\nb \n", "2: space at the end of the line"),
            ("a\tb\n", "1: a tab; write spaces"),
            ("a\r\n", "1: the line ends with a carriage return; `.gitattributes` asks for `\\n`"),
            ("a\nb", "2: the last line has no end"),
        ] {
            let expected = format!("README.md:{message} [spaces]");
            assert_eq!(messages(spaces, "README.md", text), [expected]);
        }
    }
}
