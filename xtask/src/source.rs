//! The files of the repository, as git lists them: tracked, or new and not ignored.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::code::{Code, Place};

/// A file with its text; for Rust, its code.
#[derive(Debug)]
pub struct Source {
    /// Relative to the root of the repository, with `/`.
    pub path: String,
    /// The whole text.
    pub text: String,
    /// What Rust reads; absent for other files and for Rust that cannot be read.
    pub code: Option<Code>,
    /// Why the code could not be read; absent where it could, or where there is none.
    pub unreadable: Option<String>,
}

impl Source {
    /// A file of the given path and text.
    pub fn new(path: &str, text: &str) -> Self {
        let (code, unreadable) = match path.ends_with(".rs").then(|| Code::read(text)) {
            Some(Ok(code)) => (Some(code), None),
            Some(Err(error)) => (None, Some(format!("{error:#}"))),
            None => (None, None),
        };
        Self { path: path.to_owned(), text: text.to_owned(), code, unreadable }
    }

    /// Whether the file is Rust.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether all of the file is for tests, benches or examples, by its place.
    pub fn is_test_file(&self) -> bool {
        let path = format!("/{}", self.path);
        ["/tests/", "/benches/", "/examples/"].iter().any(|folder| path.contains(folder))
            || path.ends_with("/tests.rs")
    }

    /// The place of a piece of code of this file: what the code says, unless the whole file is
    /// test code.
    pub fn place(&self, place: Place) -> Place {
        if self.is_test_file() { Place::Test } else { place }
    }
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The paths of the repository's files, relative to `root`, in byte order: tracked, or new and not
/// ignored. One that is deleted and not yet committed is among them.
///
/// # Errors
///
/// When git cannot list the files, or lists none.
pub fn paths(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("cannot list the files of the repository: git did not start")?;
    if !output.status.success() {
        bail!(
            "cannot list the files of the repository: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let listed = std::str::from_utf8(&output.stdout)?.split('\0');
    let mut paths: Vec<String> = listed.filter(|p| !p.is_empty()).map(str::to_owned).collect();
    paths.sort_unstable();
    paths.dedup();
    ensure!(!paths.is_empty(), "git lists no file in {}", root.display());
    Ok(paths)
}

/// Reads every text file of the repository, in byte order of the path.
///
/// Files that are not UTF-8 (Parquet, archives) are left out.
///
/// # Errors
///
/// When git cannot list the files, or lists none.
pub fn read_all(root: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in paths(root)? {
        // A file that is deleted and not yet committed is still listed.
        let Ok(bytes) = std::fs::read(root.join(&path)) else { continue };
        if let Ok(text) = String::from_utf8(bytes) {
            sources.push(Source::new(&path, &text));
        }
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_file_is_among_the_files_of_the_repository() {
        let sources = read_all(&root()).expect("the repository is there");
        let this = sources.iter().find(|s| s.path == "xtask/src/source.rs").expect("this file");
        assert!(this.code.is_some());
    }

    #[test]
    fn a_file_in_a_tests_folder_is_test_code() {
        for path in [
            "tests/src/lib.rs",
            "crates/time/tests/a.rs",
            "crates/time/src/tests.rs",
            "crates/time/benches/a.rs",
        ] {
            assert!(Source::new(path, "").is_test_file(), "{path}");
        }
        assert!(!Source::new("crates/time/src/clock.rs", "").is_test_file());
    }
}
