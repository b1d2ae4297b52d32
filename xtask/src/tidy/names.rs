//! Names: modules that are drawers instead of things, verbs that say nothing, new managers.

use crate::code::{Owner, Word};
use crate::finding::Finding;
use crate::source::Source;

pub(super) const RULE: &str = "names";

const DRAWERS: &[&str] =
    &["util", "utils", "helper", "helpers", "common", "misc", "base", "impl", "types"];

const MANAGERS: &[&str] = &["TimeManager", "DataManager"];

/// The names that a file defines and should not.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let file = source.path.rsplit('/').next().and_then(|name| name.strip_suffix(".rs"));
    let folders = source.path.split('/').rev().skip(1);
    for name in file.into_iter().chain(folders) {
        if DRAWERS.contains(&name) {
            findings.push(Finding::of_file(RULE, &source.path, drawer(name)));
        }
    }
    let Some(code) = &source.code else { return findings };
    findings.extend(code.words().filter_map(|word| {
        let message = complaint(&word)?;
        Some(Finding::of_line(RULE, &source.path, word.line, message))
    }));
    findings
}

fn complaint(word: &Word) -> Option<String> {
    let name = word.text.as_str();
    match word.before.as_str() {
        "mod" if DRAWERS.contains(&name) && word.after == Some('{') => Some(drawer(name)),
        "fn" if word.owner == Owner::Here => verb(name),
        "struct" | "enum" | "trait" | "type"
            if name.ends_with("Manager") && !MANAGERS.contains(&name) =>
        {
            Some(format!("`{name}`: only {} manage; name the thing", MANAGERS.join(" and ")))
        }
        _ => None,
    }
}

fn drawer(name: &str) -> String {
    format!("the module name `{name}` is a drawer; name it after the thing it knows")
}

fn verb(name: &str) -> Option<String> {
    let rest = |prefix: &str| name.strip_prefix(prefix);
    if let Some(rest) = rest("get_") {
        Some(format!("`{name}`: a function that answers is a noun, such as `{rest}`"))
    } else if name == "set_aside" {
        // Says what is done.
        None
    } else if let Some(rest) = rest("set_") {
        Some(format!("`{name}`: say what is done, such as `change_{rest}`"))
    } else if let Some(rest) = rest("test_") {
        Some(format!("`{name}`: a test's name is a sentence about behaviour, such as `{rest}`"))
    } else if ["process", "run_internal"].contains(&name)
        || ["process_", "handle_", "do_"].iter().any(|prefix| name.starts_with(prefix))
    {
        Some(format!("`{name}` says that something is done, not what; name the deed"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    const PATH: &str = "crates/time/src/clock.rs";

    #[test]
    fn a_drawer_is_refused_as_file_and_as_module() {
        assert_eq!(
            messages(check, "crates/time/src/util.rs", ""),
            ["crates/time/src/util.rs: the module name `util` is a drawer; \
              name it after the thing it knows [names]"]
        );
        assert_eq!(messages(check, "crates/time/tests/common/mod.rs", "").len(), 1);
        assert_eq!(messages(check, PATH, "mod helpers { }").len(), 1);
    }

    #[test]
    fn a_verb_that_says_nothing_is_refused_with_a_better_one() {
        for (text, message) in [
            ("fn get_lag() {}", "`get_lag`: a function that answers is a noun, such as `lag`"),
            ("fn set_speed() {}", "`set_speed`: say what is done, such as `change_speed`"),
            (
                "fn handle_bar() {}",
                "`handle_bar` says that something is done, not what; name the deed",
            ),
            (
                "fn process_bar() {}",
                "`process_bar` says that something is done, not what; name the deed",
            ),
            (
                "fn test_lag() {}",
                "`test_lag`: a test's name is a sentence about behaviour, such as `lag`",
            ),
        ] {
            let expected = format!("{PATH}:1: {message} [names]");
            assert_eq!(messages(check, PATH, text), [expected]);
        }
        let nouns = "fn settle() { x.get_mut(); } fn processor() {} fn handle() -> Handle {} \
                     fn set_aside() {}";
        assert_eq!(messages(check, PATH, nouns), [""; 0]);
    }

    #[test]
    fn the_words_of_anothers_trait_are_its_own() {
        let text = "impl<T: Fn()> ChunkReader for A<T> { fn get_bytes(&self) {} }";
        assert_eq!(messages(check, PATH, text), [""; 0]);
        assert_eq!(messages(check, PATH, "impl A { fn get_bytes(&self) {} }").len(), 1);
        assert_eq!(messages(check, PATH, "trait A { fn get_bytes(&self); }").len(), 1);
    }

    #[test]
    fn a_third_manager_is_refused() {
        assert_eq!(
            messages(check, PATH, "pub struct TimeManager; pub struct GateManager;"),
            [
                "crates/time/src/clock.rs:1: `GateManager`: only TimeManager and DataManager manage; \
              name the thing [names]"
            ]
        );
    }
}
