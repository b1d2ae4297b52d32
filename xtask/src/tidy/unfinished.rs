//! Work that was left: macros that panic until somebody writes the code, marks, sleeping tests.

use crate::finding::Finding;
use crate::source::Source;

pub(super) const RULE: &str = "unfinished";

const MACROS: &[&str] = &["todo", "unimplemented", "dbg"];

/// Taken apart, so that this file does not find itself.
const MARKS: &[&str] =
    &[concat!("FIX", "ME"), concat!("XX", "X"), concat!("TO", "DO"), concat!("HA", "CK")];

/// What a file leaves undone.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (i, line) in source.text.lines().enumerate() {
        for mark in MARKS.iter().filter(|mark| has_word(line, mark)) {
            let message = format!("`{mark}` is work left undone; do it, or leave no mark");
            findings.push(Finding::of_line(RULE, &source.path, i + 1, message));
        }
    }
    let Some(code) = &source.code else { return findings };
    for word in code.words() {
        if word.after == Some('!') && MACROS.contains(&word.text.as_str()) {
            let message = format!("`{}!` is a leftover; write the code", word.text);
            findings.push(Finding::of_line(RULE, &source.path, word.line, message));
        }
        if word.text == "ignore" && word.before == "[" && matches!(word.after, Some(']' | '=')) {
            let message = "an ignored test proves nothing; mend it or take it out";
            findings.push(Finding::of_line(RULE, &source.path, word.line, message));
        }
    }
    findings
}

/// Whether `word` stands in the line with no letter or digit at its sides.
pub(super) fn has_word(line: &str, word: &str) -> bool {
    let is_inner = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(is_inner) && !line[at + word.len()..].starts_with(is_inner)
    })
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    const PATH: &str = "crates/time/src/clock.rs";

    #[test]
    fn a_macro_that_stands_for_missing_code_is_refused() {
        for name in ["todo", "unimplemented", "dbg"] {
            assert_eq!(
                messages(check, PATH, &format!("fn a() {{\n    {name}!()\n}}")),
                [format!("{PATH}:2: `{name}!` is a leftover; write the code [unfinished]")]
            );
        }
    }

    #[test]
    fn a_mark_is_refused_in_any_file() {
        for mark in MARKS {
            assert_eq!(
                messages(check, "README.md", &format!("# a\nb {mark}: c\n")),
                [format!(
                    "README.md:2: `{mark}` is work left undone; do it, or leave no mark [unfinished]"
                )]
            );
        }
        assert_eq!(messages(check, "README.md", "HACKING and 2XXXL\n"), [""; 0]);
    }

    #[test]
    fn an_ignored_test_is_refused() {
        assert_eq!(
            messages(check, PATH, "#[test]\n#[ignore = \"slow\"]\nfn a() {}"),
            [
                "crates/time/src/clock.rs:2: an ignored test proves nothing; mend it or take it out [unfinished]"
            ]
        );
    }
}
