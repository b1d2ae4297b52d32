//! `unsafe` lives in one module; everywhere else the compiler's word is enough.

use crate::finding::Finding;
use crate::source::Source;

pub(super) const RULE: &str = "unsafe";

/// The one file, whose head holds the argument that loom checks.
const HOME: &str = "crates/session-data/src/block.rs";

/// Every `unsafe`, and every lifting of the compiler's ban, outside that file.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let Some(code) = &source.code else { return Vec::new() };
    if source.path == HOME {
        return Vec::new();
    }
    code.words()
        .filter(|word| {
            word.text == "unsafe" || (word.text == "unsafe_code" && word.after != Some('='))
        })
        .map(|word| {
            let message =
                format!("`{}` outside of {HOME}; build on what that file offers", word.text);
            Finding::of_line(RULE, &source.path, word.line, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    #[test]
    fn unsafe_outside_its_module_is_refused() {
        let text = "\nfn a() { unsafe { b() } }";
        assert_eq!(
            messages(check, "crates/time/src/clock.rs", text),
            ["crates/time/src/clock.rs:2: `unsafe` outside of crates/session-data/src/block.rs; \
              build on what that file offers [unsafe]"]
        );
        assert_eq!(messages(check, HOME, text), [""; 0]);
    }

    #[test]
    fn the_compilers_ban_is_not_lifted_elsewhere() {
        assert_eq!(messages(check, "crates/time/src/lib.rs", "#![allow(unsafe_code)]").len(), 1);
    }

    #[test]
    fn the_one_file_is_still_there() {
        assert!(crate::source::root().join(HOME).is_file(), "{HOME} moved: the rule must follow");
    }
}
