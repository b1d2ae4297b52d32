//! What a front end is built to, held against its sources by hashes: a changed source with an old build,
//! or a build that was changed by hand, would go out unnoticed.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::finding::Finding;
use crate::source::Source;

pub(super) const RULE: &str = "built";

/// The file that names sources and outputs with their hashes.
const MANIFEST: &str = "/dist/manifest.json";
const COMMAND: &str = "run `cargo xtask page`";
/// What a build may weigh: a file of its own, in bytes.
const SIZES: [(&str, usize); 2] = [("report.js", 120_000), ("report.css", 24_000)];

pub(super) fn reads(source: &Source) -> bool {
    source.path.ends_with(MANIFEST)
}

/// Files that differ from what the manifests say, are named nowhere, or are too large.
pub(super) fn stale(sources: &[Source]) -> Vec<Finding> {
    let manifests = sources.iter().filter(|source| reads(source));
    manifests.flat_map(|manifest| check(manifest, sources)).collect()
}

fn check(manifest: &Source, sources: &[Source]) -> Vec<Finding> {
    let folder = manifest.path.trim_end_matches(MANIFEST);
    let mut findings = Vec::new();
    let mut say = |path: &str, message: String| {
        findings.push(Finding::of_file(RULE, path, message));
    };
    let Ok(facts) = serde_json::from_str::<Value>(&manifest.text) else {
        say(&manifest.path, format!("it is no JSON; {COMMAND}"));
        return findings;
    };
    let named = |part: &str, place: &str| -> BTreeMap<String, String> {
        let entries = facts[part].as_object().into_iter().flatten();
        let path = |name: &str| format!("{folder}/{place}{name}");
        entries.map(|(name, hash)| (path(name), hash.as_str().unwrap_or_default().into())).collect()
    };
    let (inputs, outputs) = (named("sources", ""), named("outputs", "dist/"));
    if inputs.is_empty() || outputs.is_empty() {
        say(&manifest.path, format!("it names no source or no output; {COMMAND}"));
    }
    for (path, hash) in inputs.iter().chain(&outputs) {
        match sources.iter().find(|source| source.path == *path) {
            None => {
                say(path, format!("{} names it, and it is not there; {COMMAND}", manifest.path))
            }
            Some(source) if hash_of(&source.text) != *hash => {
                say(path, format!("it is not what was built; {COMMAND}"));
            }
            Some(_) => {}
        }
    }
    let is_ours = |source: &&Source| source.path.starts_with(&format!("{folder}/src/"));
    for source in sources.iter().filter(is_ours) {
        if !inputs.contains_key(&source.path) {
            say(&source.path, format!("{} does not name it; {COMMAND}", manifest.path));
        }
    }
    for (name, n_bytes_max) in SIZES {
        let path = format!("{folder}/dist/{name}");
        let built = sources.iter().find(|source| source.path == path);
        if let Some(built) = built.filter(|built| built.text.len() > n_bytes_max) {
            let n = built.text.len();
            say(
                &path,
                format!("it has {n} bytes, {n_bytes_max} are the most: it is in every report"),
            );
        }
    }
    findings
}

fn hash_of(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(script: &str, source: &str) -> Vec<String> {
        let (a, b) = (hash_of("const a = 1;\n"), hash_of("a\n"));
        let manifest =
            format!(r#"{{"sources": {{"src/a.ts": "{a}"}}, "outputs": {{"report.js": "{b}"}}}}"#);
        let sources = [
            Source::new("web/dist/manifest.json", &manifest),
            Source::new("web/src/a.ts", source),
            Source::new("web/dist/report.js", script),
        ];
        stale(&sources).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn a_build_that_is_that_of_its_sources_has_nothing_to_say() {
        assert_eq!(found("a\n", "const a = 1;\n"), Vec::<String>::new());
    }

    #[test]
    fn a_changed_source_and_an_output_changed_by_hand_are_found() {
        assert_eq!(
            found("b\n", "const a = 2;\n"),
            [
                "web/src/a.ts: it is not what was built; run `cargo xtask page` [built]",
                "web/dist/report.js: it is not what was built; run `cargo xtask page` [built]",
            ]
        );
    }

    #[test]
    fn a_source_that_is_not_built_and_a_build_that_is_too_large_are_found() {
        let large = "a".repeat(120_001);
        let sources = [
            Source::new("web/dist/manifest.json", "{}"),
            Source::new("web/src/new.ts", ""),
            Source::new("web/dist/report.js", &large),
        ];
        let found: Vec<String> = stale(&sources).iter().map(Finding::to_string).collect();
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[1].starts_with("web/src/new.ts: web/dist/manifest.json does not name it"));
        assert!(found[2].contains("it has 120001 bytes, 120000 are the most"), "{found:?}");
    }
}
