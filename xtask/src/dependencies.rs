//! Dependencies that are named and not used: in a crate's manifest, and in the workspace's list.
//!
//! A dependency of the product is used where product code under `src` names it; one of the tests,
//! where a test, a bench, an example, or a sentence of documentation does.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, Metadata, Package};

use crate::code::Place;
use crate::finding::Finding;
use crate::source::Source;

const RULE: &str = "dependencies";

/// A dependency that stays although no code names it.
#[derive(Debug)]
pub struct Unused {
    /// The package that names it in its manifest.
    pub package: &'static str,
    /// The dependency.
    pub dependency: &'static str,
    /// Why it stays.
    #[expect(dead_code, reason = "a reason is owed to the reader, not to the program")]
    pub reason: &'static str,
}

/// Every exception there is.
pub const UNUSED: &[Unused] = &[
    Unused {
        package: "openbell-benches",
        dependency: "proptest",
        reason: "laws in a file of the coordinator that benches/merge.rs takes up by its path",
    },
    Unused {
        package: "openbell-made-project",
        dependency: "serde_json",
        reason: "for its test made.rs, which lies beside its manifest",
    },
    Unused {
        package: "openbell-made-project",
        dependency: "tempfile",
        reason: "for its test made.rs, which lies beside its manifest",
    },
    Unused {
        package: "openbell-tests",
        dependency: "schemars",
        reason: "settings of modules in the guides of docs, which are its tests",
    },
];

/// A package whose code lies in another folder than its manifest.
const ELSEWHERE: (&str, &str) = ("openbell-made-project", "crates/app/template");

/// One dependency of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The package that names it.
    pub package: String,
    /// The folder of the package's code, relative to the root.
    pub folder: String,
    /// The name in the manifest.
    pub dependency: String,
    /// Whether it is compiled into the tests only.
    pub is_for_tests: bool,
}

/// Every dependency that a manifest of the workspace names; build scripts' are left out.
pub fn named(metadata: &Metadata) -> Vec<Named> {
    let root = metadata.workspace_root.as_std_path();
    let of = |package: &&Package| -> Vec<Named> {
        let folder = package.manifest_path.parent().map(|folder| folder.as_std_path());
        let folder = folder.and_then(|f| f.strip_prefix(root).ok()).unwrap_or(root);
        let mut folder = folder.to_string_lossy().replace('\\', "/");
        if package.name == ELSEWHERE.0 {
            folder = ELSEWHERE.1.to_owned();
        }
        let kept = package.dependencies.iter().filter(|d| d.kind != DependencyKind::Build);
        kept.map(|dependency| Named {
            package: package.name.to_string(),
            folder: folder.clone(),
            dependency: dependency.rename.clone().unwrap_or_else(|| dependency.name.clone()),
            is_for_tests: dependency.kind == DependencyKind::Development,
        })
        .collect()
    };
    metadata.workspace_packages().iter().flat_map(of).collect()
}

/// Holds the manifests against the code, and the workspace's list against the manifests.
pub fn check(named: &[Named], sources: &[Source], unused: &[Unused]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_excepted = |named: &Named| {
        let is_it = |u: &Unused| u.package == named.package && u.dependency == named.dependency;
        unused.iter().any(is_it)
    };
    for dependency in named {
        let manifest = format!("{}/Cargo.toml", dependency.folder);
        match (is_used(dependency, sources), is_excepted(dependency)) {
            (true, false) | (false, true) => {}
            (false, false) => findings.push(Finding::of_file(
                RULE,
                &manifest,
                format!(
                    "{} names {} and {}; drop it, or give it a line in xtask/src/dependencies.rs",
                    dependency.package,
                    dependency.dependency,
                    if dependency.is_for_tests {
                        "none of its tests, benches and examples uses it"
                    } else {
                        "its product code does not use it"
                    }
                ),
            )),
            (true, true) => findings.push(Finding::of_file(
                RULE,
                "xtask/src/dependencies.rs",
                format!(
                    "{} of {} is used by now; drop the exception",
                    dependency.dependency, dependency.package
                ),
            )),
        }
    }
    for exception in unused {
        let is_it =
            |n: &Named| n.package == exception.package && n.dependency == exception.dependency;
        if !named.iter().any(is_it) {
            findings.push(Finding::of_file(
                RULE,
                "xtask/src/dependencies.rs",
                format!(
                    "{} does not name {}; drop the exception",
                    exception.package, exception.dependency
                ),
            ));
        }
    }
    findings.extend(unlisted(named, sources));
    findings
}

/// What the workspace's list offers and no package takes.
fn unlisted(named: &[Named], sources: &[Source]) -> Vec<Finding> {
    let taken: BTreeSet<&str> = named.iter().map(|n| n.dependency.as_str()).collect();
    let Some(manifest) = sources.iter().find(|source| source.path == "Cargo.toml") else {
        let message =
            "the manifest of the workspace is not among the files, so its list is not read";
        return vec![Finding::of_file(RULE, "Cargo.toml", message)];
    };
    let lines = manifest.text.lines().enumerate();
    let list = lines
        .skip_while(|(_, line)| *line != "[workspace.dependencies]")
        .skip(1)
        .take_while(|(_, line)| !line.starts_with('['));
    list.filter_map(|(i, line)| {
        let (name, _) = line.split_once('=')?;
        let name = name.trim();
        (!taken.contains(name)).then(|| {
            let message =
                format!("no package of the workspace names {name}; drop it from the list");
            Finding::of_line(RULE, &manifest.path, i + 1, message)
        })
    })
    .collect()
}

fn is_used(named: &Named, sources: &[Source]) -> bool {
    let name = named.dependency.replace('-', "_");
    let package = format!("{}/", named.folder);
    let product = format!("{package}src/");
    let files = sources.iter().filter(|s| s.is_rust() && s.path.starts_with(&package));
    files.into_iter().any(|file| {
        let is_product = file.path.starts_with(&product);
        if named.is_for_tests {
            // Documentation is run as tests too.
            let is_documented = file.text.lines().any(|line| {
                let line = line.trim_start();
                (line.starts_with("///") || line.starts_with("//!"))
                    && line.contains(&format!("{name}::"))
            });
            return is_documented
                || names(file, &name, |place| !is_product || place == Place::Test);
        }
        is_product && names(file, &name, |place| place == Place::Product)
    })
}

/// Whether code of the file, of a place that counts, holds the word `name`.
fn names(file: &Source, name: &str, counts: impl Fn(Place) -> bool) -> bool {
    let Some(code) = &file.code else { return false };
    code.words().any(|word| word.text == name && counts(word.place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named_by_a(dependency: &str, is_for_tests: bool) -> Named {
        Named {
            package: "a".to_owned(),
            folder: "crates/a".to_owned(),
            dependency: dependency.to_owned(),
            is_for_tests,
        }
    }

    fn messages(dependency: &str, is_for_tests: bool, path: &str, text: &str) -> Vec<String> {
        let list =
            format!("[workspace.dependencies]\n{dependency} = \"1\"\n\n[profile.dev]\nx = 1\n");
        let sources = [Source::new("Cargo.toml", &list), Source::new(path, text)];
        let found = check(&[named_by_a(dependency, is_for_tests)], &sources, &[]);
        found.iter().map(Finding::to_string).collect()
    }

    #[test]
    fn a_dependency_that_product_code_names_is_used() {
        let text = "use twox_hash::XxHash3_64;";
        assert_eq!(messages("twox-hash", false, "crates/a/src/b.rs", text), [""; 0]);
    }

    #[test]
    fn a_dependency_that_no_product_code_names_is_found() {
        let expected = "crates/a/Cargo.toml: a names log and its product code does not use it; \
                        drop it, or give it a line in xtask/src/dependencies.rs [dependencies]";
        for (path, text) in [
            ("crates/a/src/b.rs", "// log::warn\nfn a() { \"log\" }"),
            ("crates/a/src/b.rs", "#[cfg(test)]\nmod tests { use log::warn; }"),
            ("crates/a/tests/b.rs", "use log::warn;"),
            ("crates/ab/src/b.rs", "use log::warn;"),
        ] {
            assert_eq!(messages("log", false, path, text), [expected], "{path}");
        }
    }

    #[test]
    fn a_dependency_of_tests_that_no_test_names_is_found() {
        for (path, text) in [
            ("crates/a/tests/b.rs", "use log::warn;"),
            ("crates/a/src/b.rs", "#[cfg(test)]\nmod tests { use log::warn; }"),
            ("crates/a/src/b.rs", "/// ```\n/// use log::warn;\n/// ```\nfn a() {}"),
        ] {
            assert_eq!(messages("log", true, path, text), [""; 0], "{text}");
        }
        assert_eq!(
            messages("log", true, "crates/a/src/b.rs", "use log::warn;"),
            [
                "crates/a/Cargo.toml: a names log and none of its tests, benches and examples uses it; \
              drop it, or give it a line in xtask/src/dependencies.rs [dependencies]"
            ]
        );
    }

    const KEPT: &[Unused] = &[Unused { package: "a", dependency: "log", reason: "a test" }];

    #[test]
    fn an_exception_lets_it_stay_until_it_is_used_or_gone() {
        let list = Source::new("Cargo.toml", "[workspace.dependencies]\n");
        let messages = |named: &[Named], text: &str| -> Vec<String> {
            let code = Source::new("crates/a/src/b.rs", text);
            let list = Source::new(&list.path, &list.text);
            check(named, &[list, code], KEPT).iter().map(Finding::to_string).collect()
        };
        let log = [named_by_a("log", false)];
        assert_eq!(messages(&log, "fn a() {}"), [""; 0]);
        assert_eq!(
            messages(&log, "use log::warn;"),
            [
                "xtask/src/dependencies.rs: log of a is used by now; drop the exception [dependencies]"
            ]
        );
        assert_eq!(
            messages(&[], "fn a() {}"),
            ["xtask/src/dependencies.rs: a does not name log; drop the exception [dependencies]"]
        );
    }

    #[test]
    fn what_the_workspace_lists_and_no_package_names_is_found_with_its_line() {
        let list =
            Source::new("Cargo.toml", "[workspace.dependencies]\nlog = \"1\"\nmap = \"2\"\n");
        let code = Source::new("crates/a/src/b.rs", "use log::warn;");
        let found = check(&[named_by_a("log", false)], &[list, code], &[]);
        assert_eq!(
            found.iter().map(Finding::to_string).collect::<Vec<_>>(),
            [
                "Cargo.toml:3: no package of the workspace names map; drop it from the list [dependencies]"
            ]
        );
    }
}
