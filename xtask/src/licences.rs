//! The licences and sources of every package in the dependency graph, and of the front end.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::Metadata;
use serde_json::Value;
use spdx::{Expression, ParseMode};

use crate::finding::Finding;

const RULE: &str = "licences";

/// Licences that ask for no more than a notice.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages under a licence that asks for more, each with the thought.
const WITH_THOUGHT: &[(&str, &str, &str)] = &[(
    "webpki-root-certs",
    "CDLA-Permissive-2.0",
    "certificates, not code: asks for its text alone, and is built for wasm only, which nothing here is",
)];

/// Packages of the front end's tools under a licence that asks for more: none of them is shipped.
const OF_TOOLS: &[(&str, &str, &str)] =
    &[("axe-core", "MPL-2.0", "looks for faults of a page in tests; no byte of it is in a report")];

/// Where the packages of the front end are locked.
const NPM_LOCK: &str = "crates/page/web/package-lock.json";

/// A package as the check needs it.
#[derive(Debug, Clone)]
pub struct Licensed {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The SPDX expression of its manifest; absent where it names a file or nothing.
    pub licence: Option<String>,
    /// Where it comes from; absent for packages of the workspace.
    pub source: Option<String>,
}

/// Every package of the graph.
///
/// # Errors
///
/// When the graph is empty.
pub fn packages(metadata: &Metadata) -> Result<Vec<Licensed>> {
    let packages: Vec<Licensed> = metadata
        .packages
        .iter()
        .map(|package| Licensed {
            name: package.name.to_string(),
            version: package.version.to_string(),
            licence: package.license.clone(),
            source: package.source.as_ref().map(|source| source.repr.clone()),
        })
        .collect();
    ensure!(
        packages.iter().any(|package| package.source.is_some()),
        "cargo metadata lists no dependency, so no licence can be checked"
    );
    Ok(packages)
}

/// Holds licences and sources against what is allowed.
pub fn check(packages: &[Licensed]) -> Vec<Finding> {
    packages.iter().flat_map(|package| [licence(package), source(package)]).flatten().collect()
}

/// Holds the licences of the front end's packages against what is allowed: how many they are, and what is
/// found.
///
/// # Errors
///
/// When the lock cannot be read, or names no package.
pub fn check_npm(root: &Path) -> Result<(usize, Vec<Finding>)> {
    let text = std::fs::read_to_string(root.join(NPM_LOCK));
    check_lock(&text.with_context(|| format!("cannot read {NPM_LOCK}"))?)
}

fn check_lock(text: &str) -> Result<(usize, Vec<Finding>)> {
    let lock: Value =
        serde_json::from_str(text).with_context(|| format!("{NPM_LOCK} is no JSON"))?;
    let (mut n_packages, mut findings) = (0, Vec::new());
    for (place, facts) in lock["packages"].as_object().into_iter().flatten() {
        // The first entry is ours.
        let Some((_, name)) = place.rsplit_once("node_modules/") else { continue };
        n_packages += 1;
        let text = |key: &str| facts[key].as_str().map(str::to_owned);
        let is_tool = facts["dev"] == true;
        let thought = |(n, l, _): &(&str, &str, &str)| *n == name && facts["license"] == *l;
        if is_tool && OF_TOOLS.iter().any(thought) {
            continue;
        }
        let version = text("version").unwrap_or_default();
        let package =
            Licensed { name: name.to_owned(), version, licence: text("license"), source: None };
        let found = licence(&package);
        findings.extend(found.map(|found| Finding { path: NPM_LOCK.to_owned(), ..found }));
    }
    ensure!(n_packages > 0, "{NPM_LOCK} names no package, so no licence can be checked");
    Ok((n_packages, findings))
}

fn licence(package: &Licensed) -> Option<Finding> {
    let Licensed { name, version, .. } = package;
    let Some(text) = &package.licence else {
        return Some(finding(format!(
            "{name} {version} states no SPDX licence; drop it, or choose another crate"
        )));
    };
    let expression = match Expression::parse_mode(text, ParseMode::LAX) {
        Ok(expression) => expression,
        Err(error) => {
            return Some(finding(format!(
                "{name} {version} states the licence {text:?}, which is no SPDX expression: {}",
                error.reason
            )));
        }
    };
    let is_allowed = expression.evaluate(|requirement| {
        let id = requirement.license.id().map_or("", |id| id.name);
        ALLOWED.contains(&id) || WITH_THOUGHT.iter().any(|(n, l, _)| n == name && *l == id)
    });
    (!is_allowed).then(|| {
        finding(format!(
            "{name} {version} is under {text:?}; allowed are {} and their alternatives",
            ALLOWED.join(", ")
        ))
    })
}

fn source(package: &Licensed) -> Option<Finding> {
    let source = package.source.as_ref()?;
    (!source.starts_with("registry+") && !source.starts_with("sparse+")).then(|| {
        finding(format!(
            "{} {} comes from {source}; dependencies come from the registry",
            package.name, package.version
        ))
    })
}

fn finding(message: String) -> Finding {
    Finding::of_file(RULE, "Cargo.lock", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(licence: Option<&str>, source: Option<&str>) -> Licensed {
        Licensed {
            name: "frames".to_owned(),
            version: "1.2.3".to_owned(),
            licence: licence.map(str::to_owned),
            source: source.map(str::to_owned),
        }
    }

    fn messages(licence: Option<&str>) -> Vec<String> {
        check(&[package(licence, Some("registry+index"))]).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn a_choice_with_one_allowed_licence_is_allowed() {
        for licence in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0-only OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
        ] {
            assert_eq!(messages(Some(licence)), [""; 0], "{licence}");
        }
    }

    #[test]
    fn a_copyleft_licence_is_refused_with_what_is_allowed() {
        let found = messages(Some("LGPL-3.0-or-later"));
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with(
                "Cargo.lock: frames 1.2.3 is under \"LGPL-3.0-or-later\"; allowed are 0BSD, Apache-2.0,"
            ),
            "{}",
            found[0]
        );
        assert_eq!(messages(Some("MIT AND GPL-2.0-only")).len(), 1);
    }

    #[test]
    fn the_list_of_the_audit_is_the_same() {
        let text = std::fs::read_to_string(crate::source::root().join("deny.toml"));
        let text = text.expect("deny.toml is there");
        let (_, list) = text.split_once("\nallow = [\n").expect("it lists licences");
        let (list, _) = list.split_once("\n]").expect("the list ends");
        let listed: Vec<&str> =
            list.lines().map(|line| line.trim().trim_end_matches(',').trim_matches('"')).collect();
        assert_eq!(listed, ALLOWED);
    }

    #[test]
    fn the_exceptions_of_the_audit_are_the_same() {
        let text = std::fs::read_to_string(crate::source::root().join("deny.toml"));
        let text = text.expect("deny.toml is there");
        for (name, licence, _) in WITH_THOUGHT {
            let line = format!("{{ allow = [\"{licence}\"], crate = \"{name}\" }}");
            assert!(text.contains(&line), "deny.toml lacks {line}");
        }
        assert_eq!(text.matches("], crate = \"").count(), WITH_THOUGHT.len());
    }

    #[test]
    fn what_the_front_end_ships_asks_for_no_more_than_a_notice_and_a_tool_may_with_a_thought() {
        let lock = |name: &str, licence: &str, is_dev: bool| {
            let package =
                format!(r#"{{"version": "1.2.3", "license": "{licence}", "dev": {is_dev}}}"#);
            format!(r#"{{"packages": {{"": {{}}, "node_modules/{name}": {package}}}}}"#)
        };
        let found = |lock: &str| check_lock(lock).expect("a lock").1;
        assert_eq!(found(&lock("uplot", "MIT", false)), []);
        assert_eq!(found(&lock("axe-core", "MPL-2.0", true)), []);
        assert_eq!(found(&lock("other", "MPL-2.0", true)).len(), 1);
        let shipped = found(&lock("axe-core", "MPL-2.0", false));
        let message = shipped[0].to_string();
        let expected = "crates/page/web/package-lock.json: axe-core 1.2.3 is under \"MPL-2.0\"; ";
        assert!(message.starts_with(expected), "{message}");
        assert!(check_lock(r#"{"packages": {}}"#).is_err(), "a lock that names nothing");
    }

    #[test]
    fn a_package_without_a_licence_is_refused() {
        assert_eq!(
            messages(None),
            [
                "Cargo.lock: frames 1.2.3 states no SPDX licence; drop it, or choose another crate [licences]"
            ]
        );
    }

    #[test]
    fn a_package_from_a_repository_is_refused() {
        let found = check(&[package(Some("MIT"), Some("git+somewhere"))]);
        assert_eq!(
            found[0].to_string(),
            "Cargo.lock: frames 1.2.3 comes from git+somewhere; dependencies come from the registry [licences]"
        );
    }
}
