//! A copy of the repository in which mutants are built, with a target folder of its own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::command::{Captured, Shell};
use crate::source;

/// Where the copy and its target folder lie, from the root of the repository.
const FOLDER: &str = "target/mutants";

/// The copy.
pub(super) struct Scratch {
    tree: PathBuf,
    target: PathBuf,
}

/// What files held before a mutant was applied.
pub(super) type Contents = Vec<(PathBuf, Vec<u8>)>;

impl Scratch {
    /// Brings the copy up to what lies in `root`: tracked files and new ones, as they are there now.
    ///
    /// A file that is the same already is not written, so cargo builds only what has changed.
    pub(super) fn bring(root: &Path) -> Result<Scratch> {
        let folder = root.join(FOLDER);
        let scratch = Scratch { tree: folder.join("tree"), target: folder.join("target") };
        let paths = source::paths(root)?;
        copy(root, &scratch.tree, &paths)?;
        Ok(scratch)
    }

    /// The root of the copy.
    pub(super) fn tree(&self) -> &Path {
        &self.tree
    }

    /// Runs a command of cargo in the copy without a word.
    pub(super) fn captured(&self, shell: Shell) -> Result<Captured> {
        let target = self.target.to_string_lossy();
        shell.with_variable("CARGO_TARGET_DIR", target).captured(&self.tree)
    }

    /// What `files` hold now.
    pub(super) fn contents(&self, files: &[String]) -> Result<Contents> {
        let mut contents = Vec::new();
        for file in files {
            let path = self.tree.join(file);
            let bytes =
                std::fs::read(&path).with_context(|| format!("cannot read the copy of {file}"))?;
            contents.push((path, bytes));
        }
        Ok(contents)
    }

    /// Writes back what files held.
    pub(super) fn restore(&self, contents: &Contents) -> Result<()> {
        for (path, bytes) in contents {
            write(path, bytes)?;
        }
        Ok(())
    }
}

/// Makes `tree` hold `paths` of `root`, and nothing else.
fn copy(root: &Path, tree: &Path, paths: &[String]) -> Result<()> {
    let mut kept = BTreeSet::new();
    for path in paths {
        // A file that is deleted and not yet committed is still listed.
        let Ok(bytes) = std::fs::read(root.join(path)) else { continue };
        let target = tree.join(path);
        if !std::fs::read(&target).is_ok_and(|held| held == bytes) {
            write(&target, &bytes)?;
        }
        kept.insert(target);
    }
    remove_others(tree, &kept)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(cannot)?;
    }
    std::fs::write(path, bytes).with_context(cannot)
}

/// Removes every file below `folder` that is not `kept`.
fn remove_others(folder: &Path, kept: &BTreeSet<PathBuf>) -> Result<()> {
    let cannot = || format!("cannot tidy up {}", folder.display());
    for entry in std::fs::read_dir(folder).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        let path = entry.path();
        if entry.file_type().with_context(cannot)?.is_dir() {
            remove_others(&path, kept)?;
        } else if !kept.contains(&path) {
            std::fs::remove_file(&path).with_context(cannot)?;
        }
    }
    Ok(())
}

/// Whether a patch is applied, or only tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The files are changed.
    Apply,
    /// Nothing is written.
    DryRun,
}

/// Applies `patch` to the files below `folder`; where it does not apply, yields what git says.
///
/// # Errors
///
/// When git cannot be started.
pub fn apply(folder: &Path, patch: &Path, effect: Effect) -> Result<Result<(), String>> {
    let mut shell = Shell::of("git", "apply --whitespace=nowarn");
    if effect == Effect::DryRun {
        shell = shell.with("--check");
    }
    // In a folder within a repository git would pass over the files, and say nothing: the search for
    // one ends here.
    if let Some(above) = folder.parent() {
        shell = shell.with_variable("GIT_CEILING_DIRECTORIES", above.to_string_lossy());
    }
    let applied = shell.with(patch.to_string_lossy()).captured(folder)?;
    Ok(if applied.succeeded { Ok(()) } else { Err(applied.errors.trim_end().to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "mutant: b is c.\n\n\
                         diff --git a/crates/time/src/a.rs b/crates/time/src/a.rs\n\
                         --- a/crates/time/src/a.rs\n+++ b/crates/time/src/a.rs\n\
                         @@ -1,3 +1,3 @@\n a\n-b\n+c\n d\n";

    fn text(path: &Path) -> Option<String> {
        std::fs::read_to_string(path).ok()
    }

    #[test]
    fn a_copy_holds_the_files_of_now_and_leaves_the_same_ones_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let (root, tree) = (folder.path().join("root"), folder.path().join("tree"));
        let paths = ["same", "folder/changed", "deleted"].map(str::to_owned);
        for path in &paths {
            write(&root.join(path), b"before").expect("it is written");
        }
        copy(&root, &tree, &paths).expect("it is copied");
        let written_at = |path: &str| std::fs::metadata(tree.join(path)).and_then(|m| m.modified());
        let same = written_at("same").expect("it is there");
        write(&root.join("folder/changed"), b"after").expect("it is written");
        std::fs::remove_file(root.join("deleted")).expect("it is there");
        write(&tree.join("folder/stray"), b"of an earlier run").expect("it is written");

        copy(&root, &tree, &paths).expect("it is copied");
        assert_eq!(text(&tree.join("folder/changed")).as_deref(), Some("after"));
        assert_eq!(written_at("same").expect("it is there"), same);
        assert_eq!(text(&tree.join("deleted")), None);
        assert_eq!(text(&tree.join("folder/stray")), None);
    }

    #[test]
    fn a_patch_is_applied_below_its_folder_though_a_repository_lies_around_it() {
        let folder = tempfile::tempdir().expect("a folder");
        Shell::of("git", "init --quiet").output(folder.path()).expect("git is there");
        let tree = folder.path().join("target/mutants/tree");
        let (file, patch) = (tree.join("crates/time/src/a.rs"), folder.path().join("a.patch"));
        write(&file, b"a\nb\nd\n").expect("it is written");
        write(&patch, PATCH.as_bytes()).expect("it is written");
        let scratch = Scratch { target: tree.join("target"), tree };
        let files = ["crates/time/src/a.rs".to_owned()];
        let before = scratch.contents(&files).expect("it is there");

        let applied = |effect| apply(scratch.tree(), &patch, effect).expect("git is there");
        assert_eq!(applied(Effect::DryRun), Ok(()));
        assert_eq!(text(&file).as_deref(), Some("a\nb\nd\n"));
        assert_eq!(applied(Effect::Apply), Ok(()));
        assert_eq!(text(&file).as_deref(), Some("a\nc\nd\n"));
        let said = applied(Effect::DryRun).expect_err("it is applied already");
        assert!(said.contains("crates/time/src/a.rs"), "{said}");
        scratch.restore(&before).expect("it is written");
        assert_eq!(text(&file).as_deref(), Some("a\nb\nd\n"));
    }
}
