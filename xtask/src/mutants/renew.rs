//! Renews patches whose surroundings have changed: each is merged into a copy of the repository, and
//! what it changes there is written with three lines of context.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::patch::Mutant;
use super::scratch::Scratch;
use crate::command::Shell;

/// What became of a patch.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// It is as it was.
    Same,
    /// It is written anew.
    Renewed,
    /// The code that it changes is another now; git's words.
    Lost(String),
}

/// Renews the patches of `mutants` below `root`. Returns how many were written anew.
///
/// # Errors
///
/// When the place of a patch is not found, after all others are renewed.
pub(super) fn run(root: &Path, mutants: &[Mutant]) -> Result<usize> {
    let scratch = Scratch::bring(root)?;
    let copy = Versioned::of(root, scratch.tree())?;
    let (mut n_renewed, mut n_lost) = (0, 0);
    for mutant in mutants {
        match renew(&copy, &root.join(&mutant.path))? {
            Outcome::Same => {}
            Outcome::Renewed => {
                n_renewed += 1;
                println!("{} is renewed", mutant.name);
            }
            Outcome::Lost(said) => {
                n_lost += 1;
                println!("{} has lost its place; make the mistake anew\n{said}", mutant.name);
            }
        }
    }
    println!("{n_renewed} of {} patches are renewed", mutants.len());
    ensure!(n_lost == 0, "{n_lost} of {} patches have lost their place", mutants.len());
    Ok(n_renewed)
}

fn renew(copy: &Versioned, path: &Path) -> Result<Outcome> {
    let cannot = || format!("cannot renew {}", path.display());
    let text = std::fs::read_to_string(path).with_context(cannot)?;
    let diff = match copy.changed_by(path)? {
        Ok(diff) => diff,
        Err(said) => return Ok(Outcome::Lost(said)),
    };
    let renewed = head(&text).to_owned() + &diff;
    if renewed == text {
        return Ok(Outcome::Same);
    }
    std::fs::write(path, renewed).with_context(cannot)?;
    Ok(Outcome::Renewed)
}

/// What stands before the diff.
fn head(text: &str) -> &str {
    text.find("diff --git ").map_or(text, |at| &text[..at])
}

/// The copy under the eyes of git, which has the files that patches were made on among its objects.
/// It has an index of its own: that of the repository, and its branches, stay as they are.
struct Versioned<'t> {
    tree: &'t Path,
    git_dir: String,
    /// What the copy holds without a patch, as an object of git.
    state: String,
}

impl Versioned<'_> {
    fn of<'t>(root: &Path, tree: &'t Path) -> Result<Versioned<'t>> {
        let git_dir = Shell::of("git", "rev-parse --absolute-git-dir").output(root)?;
        let git_dir = git_dir.trim_end().to_owned();
        let mut copy = Versioned { tree, git_dir, state: String::new() };
        copy.git("add --all --force .").output(tree)?;
        copy.state = copy.git("write-tree").output(tree)?.trim_end().to_owned();
        Ok(copy)
    }

    fn git(&self, line: &str) -> Shell {
        let index = self.tree.with_extension("index");
        Shell::of("git", line)
            .with_variable("GIT_DIR", self.git_dir.as_str())
            .with_variable("GIT_WORK_TREE", self.tree.to_string_lossy())
            .with_variable("GIT_INDEX_FILE", index.to_string_lossy())
    }

    /// What the patch at `path` changes in the copy, which then is as before; where it cannot be
    /// applied, yields what git says.
    fn changed_by(&self, path: &Path) -> Result<Result<String, String>> {
        let merged = self.applied("apply --3way --whitespace=nowarn", path)?;
        if merged.is_ok() {
            return Ok(merged);
        }
        // Without the file that it was made on, or beside another change.
        let near = self.applied("apply -C1 --whitespace=nowarn", path)?;
        Ok(near.or(merged))
    }

    fn applied(&self, line: &str, path: &Path) -> Result<Result<String, String>> {
        let applied = self.git(line).with(path.to_string_lossy()).captured(self.tree)?;
        let diff = "diff -U3 --no-color --no-ext-diff --src-prefix=a/ --dst-prefix=b/";
        let diff = self.git(diff).with(&self.state).output(self.tree)?;
        self.git("read-tree --reset -u").with(&self.state).output(self.tree)?;
        Ok(if applied.succeeded { Ok(diff) } else { Err(applied.errors.trim_end().to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: [&str; 9] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "end"];

    /// A repository with a file of the product and a mutant of it: `five` is `FIVE`.
    fn repository(folder: &Path) -> (std::path::PathBuf, std::path::PathBuf) {
        let git = |line: &str| Shell::of("git", line).output(folder).expect("git is there");
        let (file, patch) = (folder.join("crates/time/src/a.rs"), folder.join("a.patch"));
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("it is made");
        git("init --quiet");
        std::fs::write(&file, lines(&CODE)).expect("it is written");
        git("add crates");
        std::fs::write(&file, lines(&CODE).replace("five", "FIVE")).expect("it is written");
        let text = format!("mutant: 5 is FIVE.\ncaught by: a law\n\n{}", git("diff -U3"));
        std::fs::write(&patch, text).expect("it is written");
        (file, patch)
    }

    fn lines(lines: &[&str]) -> String {
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// What becomes of the patch where the file holds `code` now, and the patch then.
    fn renewed(code: &str) -> (Outcome, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, patch) = repository(folder.path());
        std::fs::write(&file, code).expect("it is written");
        let scratch = Scratch::bring(folder.path()).expect("it is copied");
        let copy = Versioned::of(folder.path(), scratch.tree()).expect("git is there");
        let outcome = renew(&copy, &patch).expect("git is there");
        let copied = scratch.tree().join("crates/time/src/a.rs");
        assert_eq!(std::fs::read_to_string(copied).expect("it is there"), code);
        assert_eq!(std::fs::read_to_string(&file).expect("it is there"), code);
        (outcome, std::fs::read_to_string(&patch).expect("it is there"))
    }

    #[test]
    fn a_patch_gets_the_context_and_the_place_of_now_and_keeps_its_head() {
        let now = lines(&CODE).replace("three", "iii").replace("one", "zero\none");
        let (outcome, patch) = renewed(&now);
        assert_eq!(outcome, Outcome::Renewed);
        assert!(patch.starts_with("mutant: 5 is FIVE.\ncaught by: a law\n\ndiff --git a/crates/"));
        let hunk = "@@ -3,7 +3,7 @@ one\n two\n iii\n four\n-five\n+FIVE\n six\n seven\n eight\n";
        assert!(patch.contains(hunk), "{patch}");
    }

    #[test]
    fn a_patch_that_fits_is_left_alone() {
        assert_eq!(renewed(&lines(&CODE)).0, Outcome::Same);
    }

    #[test]
    fn a_patch_without_its_place_is_told_and_left_alone() {
        let (outcome, patch) = renewed(&lines(&CODE).replace("five", "v"));
        let Outcome::Lost(said) = outcome else { panic!("{outcome:?}") };
        assert!(said.contains("crates/time/src/a.rs"), "{said}");
        assert!(patch.contains("\n four\n-five\n+FIVE\n"), "{patch}");
    }
}
