//! The workspace as `cargo metadata` tells it: our packages with what they import, and who pulls
//! in whom among all packages.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::{DepKindInfo, DependencyKind, Metadata, MetadataCommand};

/// What a dependency is compiled into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The crate itself.
    Product,
    /// Its build script.
    Build,
    /// Its tests, benches and examples.
    Tests,
}

/// One dependency, as the manifest declares it, optional or not, for whatever platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The package imported.
    pub package: String,
    /// What it is compiled into.
    pub reach: Reach,
}

/// One package of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// The package's name.
    pub package: String,
    /// Its folder, relative to the root.
    pub folder: String,
    /// What it imports, ours and others'.
    pub imports: Vec<Import>,
}

/// Our packages, and the edges that are built in between all packages.
#[derive(Debug, Default)]
pub struct Graph {
    /// Our packages, sorted by name.
    pub rooms: Vec<Room>,
    /// From a package's name to the names of those that are built into it. Two versions of one
    /// package count as one: the checks ask for names.
    built: BTreeMap<String, Vec<String>>,
}

impl Graph {
    /// Reads what cargo says about the workspace.
    ///
    /// # Errors
    ///
    /// When cargo gives no resolved graph, or an empty one.
    pub fn read(metadata: &Metadata) -> Result<Self> {
        let root = metadata.workspace_root.as_std_path();
        let mut rooms = Vec::new();
        for package in metadata.workspace_packages() {
            let folder = package.manifest_path.parent().context("a manifest lies in a folder")?;
            let folder = folder.as_std_path().strip_prefix(root).unwrap_or(folder.as_std_path());
            rooms.push(Room {
                package: package.name.to_string(),
                folder: folder.to_string_lossy().replace('\\', "/"),
                imports: package
                    .dependencies
                    .iter()
                    .map(|d| Import { package: d.name.clone(), reach: reach(d.kind) })
                    .collect(),
            });
        }
        rooms.sort_by(|a, b| a.package.cmp(&b.package));
        let resolve = metadata.resolve.as_ref().context("cargo metadata resolved no graph")?;
        let mut built: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for node in &resolve.nodes {
            let into = built.entry(metadata[&node.id].name.to_string()).or_default();
            for dependency in &node.deps {
                if dependency.dep_kinds.iter().any(is_built_in) {
                    into.push(metadata[&dependency.pkg].name.to_string());
                }
            }
        }
        ensure!(!rooms.is_empty(), "cargo metadata lists no package of the workspace");
        ensure!(built.values().any(|into| !into.is_empty()), "cargo metadata lists no dependency");
        Ok(Self { rooms, built })
    }

    /// Every package that is built into `package`, with the chain by which it comes.
    pub fn built_into(&self, package: &str) -> BTreeMap<String, Vec<String>> {
        let mut chains = BTreeMap::from([(package.to_owned(), vec![package.to_owned()])]);
        let mut waiting = VecDeque::from([package.to_owned()]);
        while let Some(name) = waiting.pop_front() {
            for next in self.built.get(&name).into_iter().flatten() {
                if !chains.contains_key(next) {
                    let mut chain = chains[&name].clone();
                    chain.push(next.clone());
                    chains.insert(next.clone(), chain);
                    waiting.push_back(next.clone());
                }
            }
        }
        chains.remove(package);
        chains
    }

    /// A graph by hand.
    #[cfg(test)]
    pub fn of(rooms: Vec<Room>, edges: &[(&str, &str)]) -> Self {
        let mut built: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (from, to) in edges {
            built.entry((*from).to_owned()).or_default().push((*to).to_owned());
        }
        Self { rooms, built }
    }
}

/// Asks cargo about the workspace.
///
/// # Errors
///
/// When cargo cannot read it.
pub fn metadata(root: &Path) -> Result<Metadata> {
    MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .other_options(["--locked".to_owned()])
        .exec()
        .context("cannot read the workspace by cargo metadata")
}

/// Whether a dependency is built into the product; loom is built into its models only.
fn is_built_in(kind: &DepKindInfo) -> bool {
    let is_for_models = kind.target.as_ref().is_some_and(|t| t.to_string() == "cfg(loom)");
    reach(kind.kind) == Reach::Product && !is_for_models
}

fn reach(kind: DependencyKind) -> Reach {
    match kind {
        DependencyKind::Development => Reach::Tests,
        DependencyKind::Build => Reach::Build,
        _ => Reach::Product,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_by_which_a_package_comes_in_is_the_shortest() {
        let edges = [("a", "b"), ("b", "c"), ("a", "c"), ("c", "a"), ("x", "y")];
        let chains = Graph::of(Vec::new(), &edges).built_into("a");
        assert_eq!(chains["c"], ["a", "c"]);
        assert_eq!(chains.keys().collect::<Vec<_>>(), ["b", "c"]);
    }

    #[test]
    fn the_workspace_is_read_with_its_folders_and_imports() {
        let metadata = metadata(&crate::source::root()).expect("the workspace is there");
        let graph = Graph::read(&metadata).expect("the workspace has packages");
        let market = graph.rooms.iter().find(|r| r.package == "openbell-market").expect("market");
        assert_eq!(market.folder, "crates/market");
        let time = Import { package: "openbell-time".to_owned(), reach: Reach::Product };
        assert!(market.imports.contains(&time));
        assert!(graph.built_into("openbell-market").contains_key("chrono-tz"));
    }

    #[test]
    fn what_the_models_need_is_not_built_into_the_product() {
        let metadata = metadata(&crate::source::root()).expect("the workspace is there");
        let graph = Graph::read(&metadata).expect("the workspace has packages");
        assert!(!graph.built_into("openbell-session-data").contains_key("loom"));
    }
}
