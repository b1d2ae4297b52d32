//! Where reference data lies: the small set of the repository, and the large one beside it.
#![allow(dead_code, reason = "each package that takes this file up uses a part of it")]
#![expect(clippy::disallowed_methods, reason = "reference data is looked for here")]

use std::path::{Path, PathBuf};

/// Which of the two a set is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// `tests/data/reference` of the repository, which is always there.
    Small,
    /// `../shared`, beside the repository, or where `OPENBELL_SHARED` says.
    Large,
}

/// A set of reference data.
#[derive(Debug, Clone)]
pub struct Reference {
    pub size: Size,
    root: PathBuf,
}

impl Reference {
    /// Bars, files for imports, and what must come of both.
    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// Tables of sessions.
    pub fn calendars(&self) -> PathBuf {
        self.root.join("calendars")
    }
}

/// The sets that are there.
///
/// # Panics
///
/// When the large one is not there and `OPENBELL_REFERENCE=required` asks for it.
pub fn references() -> Vec<Reference> {
    let root = repository().join("tests/data/reference");
    let mut sets = vec![Reference { size: Size::Small, root }];
    sets.extend(large());
    sets
}

/// The large set; where it is not there, `None`, and a line that says so.
///
/// # Panics
///
/// As [`references`].
pub fn large() -> Option<Reference> {
    let root = match std::env::var_os("OPENBELL_SHARED") {
        Some(root) => PathBuf::from(root),
        None => repository().join("../shared"),
    };
    if root.join("data").is_dir() && root.join("calendars").is_dir() {
        return Some(Reference { size: Size::Large, root });
    }
    let is_required = std::env::var_os("OPENBELL_REFERENCE").is_some_and(|it| it == "required");
    assert!(!is_required, "the large reference data is required, and {} has none", root.display());
    println!("THE LARGE REFERENCE DATA IS NOT THERE ({}): not compared with it", root.display());
    None
}

/// The root of the repository, from whichever package this file is compiled into.
fn repository() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_root = |folder: &&Path| folder.join("tests/data/reference").is_dir();
    package.ancestors().find(is_root).expect("the repository holds its small reference data")
}
