//! Test files that a test binary is made of: one that is neither a module of another nor a target of
//! its own would never run, and nobody would miss it.

use crate::finding::Finding;
use crate::source::Source;

pub(super) const RULE: &str = "linked";

/// Whether the file lies right in the `tests` folder of a package.
pub(super) fn reads(source: &Source) -> bool {
    source.is_rust() && parts(&source.path).is_some()
}

/// The test files that nothing takes up.
pub(super) fn missing(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| reads(source)) {
        let Some((package, name)) = parts(&source.path) else { continue };
        let text_of = |path: String| {
            sources.iter().find(|s| s.path == path).map_or("", |found| found.text.as_str())
        };
        let manifest = text_of(format!("{package}/Cargo.toml"));
        let is_target = manifest.contains(&format!("path = \"tests/{name}.rs\""))
            || !manifest.contains("autotests = false");
        let root = text_of(format!("{package}/tests/main.rs"));
        let is_module = root.lines().any(|line| line == format!("mod {name};"));
        if !is_target && !is_module {
            findings.push(Finding::of_file(
                RULE,
                &source.path,
                format!(
                    "no test binary takes this file up; write `mod {name};` in {package}/tests/main.rs"
                ),
            ));
        }
    }
    findings
}

/// The package's folder and the file's name without its ending.
fn parts(path: &str) -> Option<(&str, &str)> {
    let (folder, file) = path.rsplit_once('/')?;
    Some((folder.strip_suffix("/tests")?, file.strip_suffix(".rs")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_file_that_nothing_takes_up_is_found() {
        let sources = [
            Source::new(
                "crates/a/Cargo.toml",
                "autotests = false\n[[test]]\npath = \"tests/main.rs\"\n[[test]]\npath = \"tests/apart.rs\"\n",
            ),
            Source::new("crates/a/tests/main.rs", "//! All.\n\nmod gate;\n"),
            Source::new("crates/a/tests/gate.rs", ""),
            Source::new("crates/a/tests/apart.rs", ""),
            Source::new("crates/a/tests/late.rs", ""),
            Source::new("crates/a/tests/folder/mod.rs", ""),
            Source::new("crates/b/Cargo.toml", "[package]\n"),
            Source::new("crates/b/tests/any.rs", ""),
        ];
        let found: Vec<String> = missing(&sources).iter().map(Finding::to_string).collect();
        assert_eq!(
            found,
            ["crates/a/tests/late.rs: no test binary takes this file up; \
              write `mod late;` in crates/a/tests/main.rs [linked]"]
        );
    }
}
