//! The floors of each crate: modules that stand side by side in one folder import each other in one
//! direction only.
//!
//! At every level of a crate's `src`, the modules of a folder (files, and folders with all that is in
//! them) must form no circle. The file that a folder begins with (`lib.rs`, `main.rs`, `mod.rs`) is
//! no floor: what it re-exports counts as taken from where it is defined. Test code does not count.
//!
//! Not here: edges between crates (`layers.rs`), and calls of methods, which no path shows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::code::{Code, PathUse, Place};
use crate::finding::Finding;
use crate::source::Source;

const RULE: &str = "floors";

/// Modules of one folder that may import each other.
#[derive(Debug)]
pub struct Together {
    /// The folder, relative to the root of the repository.
    pub folder: &'static str,
    /// The modules, each of which reaches every other.
    pub modules: &'static [&'static str],
    /// Why they are one floor.
    #[expect(dead_code, reason = "a reason is owed to the reader, not to the program")]
    pub reason: &'static str,
}

/// Every exception there is.
pub const TOGETHER: &[Together] = &[
    Together {
        folder: "crates/time/src",
        modules: &["date", "error", "timestamp"],
        reason: "a date and an instant convert into each other, and the error names both",
    },
    Together {
        folder: "crates/market/src/indicator",
        modules: &["catalogue", "error", "historical", "spec"],
        reason: "the catalogue refuses a name with the error that lists the catalogue",
    },
    Together {
        folder: "crates/session-data/src",
        modules: &["board", "reader", "series_reader"],
        reason: "the board makes the readers that read it",
    },
];

/// A module by its names from the root of its crate; the root itself has none.
type Module = Vec<String>;

/// One file as the rule reads it.
struct File<'a> {
    path: &'a str,
    paths: Vec<PathUse>,
    /// The names that it defines.
    defined: BTreeSet<String>,
}

/// The files of one crate by their modules.
struct Crate<'a> {
    /// The folder of its root file.
    folder: String,
    files: BTreeMap<Module, File<'a>>,
}

/// Who takes what of whom: one line of one file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Taking {
    path: String,
    line: usize,
    what: String,
}

/// Of one folder: from each module to those that it takes something of, and the first place of it.
type Edges = BTreeMap<String, BTreeMap<String, Taking>>;

/// Holds every crate's folders against the rule; yields the findings and the number of modules read.
pub fn check(sources: &[Source], together: &[Together]) -> (Vec<Finding>, usize) {
    let mut findings = Vec::new();
    let mut levels: BTreeMap<String, Edges> = BTreeMap::new();
    let mut n_modules = 0;
    for found in crates(sources) {
        n_modules += found.files.len();
        for (folder, edges) in found.levels() {
            levels.insert(folder, edges);
        }
    }
    for allowed in together {
        let none = Edges::new();
        let edges = levels.get(allowed.folder).unwrap_or(&none);
        if !is_circle(edges, allowed.modules) {
            findings.push(Finding::of_file(
                RULE,
                "xtask/src/floors.rs",
                format!(
                    "{} of {} need not be one floor any more; drop the exception",
                    allowed.modules.join(", "),
                    allowed.folder
                ),
            ));
        }
    }
    for (folder, edges) in &levels {
        let groups: Vec<&[&str]> =
            together.iter().filter(|t| t.folder == folder).map(|t| t.modules).collect();
        for circle in circles(edges, &groups) {
            findings.push(finding(folder, &circle));
        }
    }
    (findings, n_modules)
}

/// The crates among the files: each `src` with a root file, and each program in `src/bin`.
fn crates(sources: &[Source]) -> Vec<Crate<'_>> {
    let mut crates: BTreeMap<String, Crate<'_>> = BTreeMap::new();
    for source in sources {
        let Some(code) = &source.code else { continue };
        let Some((folder, module)) = placed(&source.path) else { continue };
        // Where a crate has both, the program's root begins another crate, which has no modules.
        if source.path.ends_with("/main.rs")
            && sources.iter().any(|s| s.path == folder.clone() + "/lib.rs")
        {
            continue;
        }
        let file = File { path: &source.path, paths: code.paths(), defined: defined(code) };
        let found = crates
            .entry(folder.clone())
            .or_insert_with(|| Crate { folder, files: BTreeMap::new() });
        found.files.insert(module, file);
    }
    let mut crates: Vec<Crate<'_>> = crates.into_values().collect();
    for found in &mut crates {
        found.drop_tests(sources);
    }
    crates
}

/// The folder of the root file of the crate that a file is part of, and its module.
fn placed(path: &str) -> Option<(String, Module)> {
    let (package, inside) = match path.strip_prefix("src/") {
        Some(inside) => ("", inside),
        None => path.split_once("/src/")?,
    };
    let mut folder = format!("{package}/src");
    let mut names: Vec<&str> = inside.strip_suffix(".rs")?.split('/').collect();
    if names[0] == "bin" {
        let program = names.get(1)?;
        folder = format!("{folder}/bin/{program}");
        names.drain(..2);
    }
    if matches!(names.last(), Some(&("lib" | "main" | "mod"))) {
        names.pop();
    }
    Some((folder, names.into_iter().map(str::to_owned).collect()))
}

/// The names after `fn`, `struct` and the like.
fn defined(code: &Code) -> BTreeSet<String> {
    const BEFORE: [&str; 8] = ["fn", "struct", "enum", "union", "trait", "type", "const", "static"];
    code.words()
        .filter(|word| BEFORE.contains(&word.before.as_str()))
        .map(|word| word.text)
        .collect()
}

impl Crate<'_> {
    /// Leaves out the modules that are compiled for tests only, with all below them.
    fn drop_tests(&mut self, sources: &[Source]) {
        let is_declared_for_tests = |module: &Module| {
            let Some((name, parent)) = module.split_last() else { return false };
            let Some(parent) = self.files.get(parent) else { return false };
            let code = sources.iter().find(|s| s.path == parent.path).and_then(|s| s.code.as_ref());
            code.is_some_and(|code| {
                code.words().any(|word| {
                    word.before == "mod" && word.text == *name && word.place == Place::Test
                })
            })
        };
        let for_tests: Vec<Module> =
            self.files.keys().filter(|module| is_declared_for_tests(module)).cloned().collect();
        self.files.retain(|module, _| !for_tests.iter().any(|root| module.starts_with(root)));
    }

    /// The edges of each folder, by the folder's path.
    fn levels(&self) -> BTreeMap<String, Edges> {
        let mut levels: BTreeMap<String, Edges> = BTreeMap::new();
        for (module, file) in &self.files {
            for path in file.paths.iter().filter(|path| path.place == Place::Product) {
                let Some(target) = self.resolved(module, &path.segments, 0) else { continue };
                let shared = module.iter().zip(&target).take_while(|(a, b)| a == b).count();
                let (Some(from), Some(to)) = (module.get(shared), target.get(shared)) else {
                    continue; // One stands above the other.
                };
                let mut folder = self.folder.clone();
                for name in &module[..shared] {
                    folder = format!("{folder}/{name}");
                }
                let taking = Taking {
                    path: file.path.to_owned(),
                    line: path.line,
                    what: path.segments.join("::"),
                };
                let edges = levels.entry(folder).or_default();
                edges.entry(from.clone()).or_default().entry(to.clone()).or_insert(taking);
            }
        }
        levels
    }

    /// The module in which what a path names is defined; absent for paths out of the crate.
    fn resolved(&self, module: &Module, segments: &[String], depth: usize) -> Option<Module> {
        let (mut at, mut rest) = self.begun(module, segments)?;
        while let Some((name, further)) = rest.split_first() {
            let mut below = at.clone();
            below.push(name.clone());
            if !self.files.contains_key(&below) {
                break;
            }
            (at, rest) = (below, further);
        }
        let Some(name) = rest.first() else { return Some(at) };
        let file = self.files.get(&at)?;
        // A chain of re-exports that is longer is a circle of them, which rustc refuses.
        if file.defined.contains(name) || depth > 8 {
            return Some(at);
        }
        for path in file.paths.iter().filter(|path| path.segments != segments) {
            let named = match path.segments.split_last() {
                Some((glob, before)) if glob == "*" => {
                    [before, std::slice::from_ref(name)].concat()
                }
                _ if path.name == *name => path.segments.clone(),
                _ => continue,
            };
            let is_glob = named != path.segments;
            if let Some(found) = self.resolved(&at, &named, depth + 1)
                && (!is_glob || self.files.get(&found).is_some_and(|f| f.defined.contains(name)))
            {
                return Some(found);
            }
        }
        Some(at)
    }

    /// Where a path begins, and what is left of it.
    fn begun<'s>(&self, module: &Module, segments: &'s [String]) -> Option<(Module, &'s [String])> {
        let (first, mut rest) = segments.split_first()?;
        let mut at = module.clone();
        match first.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => {
                at.pop()?;
                while rest.first().is_some_and(|next| next == "super") {
                    at.pop()?;
                    rest = &rest[1..];
                }
            }
            _ => {
                let mut below = module.clone();
                below.push(first.clone());
                self.files.get(&below)?;
                rest = segments;
            }
        }
        Some((at, rest))
    }
}

/// The modules that are reached from `from`, by the shortest way to each; without `from` itself,
/// unless a circle leads back.
fn ways(edges: &Edges, from: &str) -> BTreeMap<String, Vec<Taking>> {
    let mut ways: BTreeMap<String, Vec<Taking>> = BTreeMap::new();
    let mut waiting = VecDeque::from([from.to_owned()]);
    while let Some(module) = waiting.pop_front() {
        let way = ways.get(&module).cloned().unwrap_or_default();
        for (next, taking) in edges.get(&module).into_iter().flatten() {
            if !ways.contains_key(next) {
                let mut longer = way.clone();
                longer.push(taking.clone());
                ways.insert(next.clone(), longer);
                if next != from {
                    waiting.push_back(next.clone());
                }
            }
        }
    }
    ways
}

/// Whether each of the modules reaches every other by them alone.
fn is_circle(edges: &Edges, modules: &[&str]) -> bool {
    let mut among = edges.clone();
    among.retain(|from, _| modules.contains(&from.as_str()));
    for to in among.values_mut() {
        to.retain(|to, _| modules.contains(&to.as_str()));
    }
    modules.iter().all(|from| {
        let ways = ways(&among, from);
        modules.iter().all(|to| ways.contains_key(*to))
    })
}

/// A circle: the modules in their order, and what leads from each to the next.
type Circle = (Vec<String>, Vec<Taking>);

/// The shortest circle through each module that is in one and in none of those before; modules of a
/// group count as one.
fn circles(edges: &Edges, groups: &[&[&str]]) -> Vec<Circle> {
    let floor = |module: &String| match groups.iter().find(|g| g.contains(&module.as_str())) {
        Some(group) => group.join("+"),
        None => module.clone(),
    };
    let mut floors = Edges::new();
    for (from, to) in edges {
        for (to, taking) in to {
            let (from, to) = (floor(from), floor(to));
            if from != to {
                floors.entry(from).or_default().entry(to).or_insert_with(|| taking.clone());
            }
        }
    }
    let mut circles: Vec<Circle> = Vec::new();
    for from in floors.keys() {
        if circles.iter().any(|(modules, _)| modules.contains(from)) {
            continue;
        }
        if let Some(way) = ways(&floors, from).remove(from) {
            let mut modules = vec![from.clone()];
            for taking in &way {
                let last = &modules[modules.len() - 1];
                let next = floors[last].iter().find(|(_, t)| *t == taking).map(|(to, _)| to);
                modules.extend(next.cloned());
            }
            circles.push((modules, way));
        }
    }
    circles
}

fn finding(folder: &str, (modules, way): &Circle) -> Finding {
    let takings: Vec<String> = way
        .iter()
        .map(|taking| {
            let inside = taking.path.strip_prefix(folder).unwrap_or(&taking.path);
            format!("{}:{} takes {}", inside.trim_start_matches('/'), taking.line, taking.what)
        })
        .collect();
    Finding::of_line(
        RULE,
        &way[0].path,
        way[0].line,
        format!(
            "{} form a circle in {folder}: {}; move what is taken to the lower of them, or below",
            modules.join(" -> "),
            takings.join(", ")
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: &[Together] = &[];

    fn messages(files: &[(&str, &str)], together: &[Together]) -> Vec<String> {
        let sources: Vec<Source> = files
            .iter()
            .map(|(path, text)| Source::new(&format!("crates/a/src/{path}"), text))
            .collect();
        check(&sources, together).0.iter().map(Finding::to_string).collect()
    }

    #[test]
    fn a_circle_is_told_with_the_lines_that_make_it() {
        let files = [
            ("lib.rs", "mod gate; mod plan; mod symbol;"),
            ("gate/mod.rs", "mod lag;"),
            ("gate/lag.rs", "use crate::plan::Plan;\nuse crate::symbol;"),
            ("plan.rs", "pub struct Plan;\nfn a() { crate::symbol::b() }"),
            ("symbol/mod.rs", "pub mod row;\npub fn b() {}"),
            ("symbol/row.rs", "// none\n\nuse super::super::gate::lag;"),
        ];
        assert_eq!(
            messages(&files, NONE),
            [
                "crates/a/src/gate/lag.rs:2: gate -> symbol -> gate form a circle in crates/a/src: \
              gate/lag.rs:2 takes crate::symbol, symbol/row.rs:3 takes super::super::gate::lag; \
              move what is taken to the lower of them, or below [floors]",
                "crates/a/src/plan.rs:2: plan -> symbol -> gate -> plan form a circle in crates/a/src: \
              plan.rs:2 takes crate::symbol::b, symbol/row.rs:3 takes super::super::gate::lag, \
              gate/lag.rs:1 takes crate::plan::Plan; \
              move what is taken to the lower of them, or below [floors]"
            ]
        );
    }

    #[test]
    fn floors_that_import_downwards_only_have_no_finding() {
        let files = [
            ("lib.rs", "mod low; mod high; pub use high::High; pub use low::Low;"),
            ("low.rs", "pub struct Low;"),
            ("high.rs", "use crate::Low; pub struct High(Low);"),
        ];
        assert_eq!(messages(&files, NONE), [""; 0]);
    }

    #[test]
    fn what_a_root_file_exports_again_is_taken_from_where_it_is_defined() {
        let files = [
            ("lib.rs", "mod low; mod high; pub use high::*; pub use low::Inner as Low;"),
            ("low.rs", "use crate::High; pub struct Inner;"),
            ("high/mod.rs", "mod one; pub use self::one::High;"),
            ("high/one.rs", "use crate::Low; pub struct High;"),
        ];
        assert_eq!(
            messages(&files, NONE),
            ["crates/a/src/high/one.rs:1: high -> low -> high form a circle in crates/a/src: \
              high/one.rs:1 takes crate::Low, low.rs:1 takes crate::High; \
              move what is taken to the lower of them, or below [floors]"]
        );
    }

    #[test]
    fn modules_inside_a_folder_form_no_circle_either() {
        let files = [
            ("lib.rs", "mod folder;"),
            ("folder/mod.rs", "mod one; mod two; pub struct Whole; use one::One; use two::Two;"),
            ("folder/one.rs", "use super::Whole; use super::two::Two; pub struct One;"),
            ("folder/two.rs", "pub struct Two; fn a(b: super::One) {}"),
        ];
        assert_eq!(
            messages(&files, NONE),
            ["crates/a/src/folder/one.rs:1: one -> two -> one form a circle in \
              crates/a/src/folder: one.rs:1 takes super::two::Two, two.rs:1 takes super::One; \
              move what is taken to the lower of them, or below [floors]"]
        );
    }

    #[test]
    fn code_under_a_test_attribute_does_not_count() {
        let files = [
            ("lib.rs", "mod low; mod high;\n#[cfg(test)]\nmod laws;"),
            ("low.rs", "pub struct Low;\n#[cfg(test)]\nmod tests { use crate::high::High; }"),
            ("high.rs", "use crate::low::Low; pub struct High;"),
            ("laws.rs", "use crate::high::High;"),
        ];
        assert_eq!(messages(&files, NONE), [""; 0]);
    }

    const PAIR: &[Together] =
        &[Together { folder: "crates/a/src", modules: &["one", "two"], reason: "a test" }];

    #[test]
    fn modules_that_are_one_floor_may_import_each_other_and_no_one_above() {
        let mut files = vec![
            ("lib.rs", "mod one; mod two; mod three;"),
            ("one.rs", "use crate::two::Two; pub struct One;"),
            ("two.rs", "use crate::one::One; pub struct Two;"),
            ("three.rs", "use crate::one::One; pub struct Three;"),
        ];
        assert_eq!(messages(&files, PAIR), [""; 0]);
        files[2].1 = "use crate::one::One; use crate::three::Three; pub struct Two;";
        assert_eq!(
            messages(&files, PAIR),
            ["crates/a/src/two.rs:1: one+two -> three -> one+two form a circle in crates/a/src: \
              two.rs:1 takes crate::three::Three, three.rs:1 takes crate::one::One; \
              move what is taken to the lower of them, or below [floors]"]
        );
    }

    #[test]
    fn an_exception_that_nothing_needs_is_refused() {
        let files = [("lib.rs", "mod one; mod two;"), ("one.rs", "use crate::two::Two;")];
        assert_eq!(
            messages(&files, PAIR),
            ["xtask/src/floors.rs: one, two of crates/a/src need not be one floor any more; \
              drop the exception [floors]"]
        );
    }
}
