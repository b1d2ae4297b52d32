//! What a command reads and where it writes: no output is an input, before anything is opened.
//!
//! Files are compared by what they are, not by their names: links, other spellings of a path and, where
//! the file system has one name for them, other letter cases. An output over an older file that the
//! command does not read is allowed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::exit::{Exit, Failure};

/// What a command reads, with what it is called in messages.
#[derive(Clone, Debug)]
enum Input {
    File(PathBuf, &'static str),
    /// A folder of which any file may be read.
    Store(PathBuf),
}

/// Where a command writes, with the option that says so.
#[derive(Clone, Debug)]
enum Output {
    File(PathBuf, &'static str),
    /// A folder in which files are made whose names are not known before.
    Folder(PathBuf, &'static str),
}

/// The inputs and outputs of one command.
#[derive(Clone, Default, Debug)]
pub struct Outputs {
    inputs: Vec<Input>,
    outputs: Vec<Output>,
}

impl Outputs {
    /// Nothing yet.
    pub fn new() -> Outputs {
        Outputs::default()
    }

    /// Names a file that is read, and what it is: "the session file".
    #[must_use]
    pub fn reads(mut self, path: impl Into<PathBuf>, what: &'static str) -> Outputs {
        self.inputs.push(Input::File(path.into(), what));
        self
    }

    /// Names a store that is read, or written by other means.
    #[must_use]
    pub fn reads_store(mut self, folder: impl Into<PathBuf>) -> Outputs {
        self.inputs.push(Input::Store(folder.into()));
        self
    }

    /// Names a file that is written, and the option that names it.
    #[must_use]
    pub fn writes(mut self, path: impl Into<PathBuf>, option: &'static str) -> Outputs {
        self.outputs.push(Output::File(path.into(), option));
        self
    }

    /// Names a folder in which files are written, and the option that names it.
    #[must_use]
    pub fn writes_into(mut self, folder: impl Into<PathBuf>, option: &'static str) -> Outputs {
        self.outputs.push(Output::Folder(folder.into(), option));
        self
    }

    /// Holds every output against every input, and against the outputs before it.
    ///
    /// *Cost*: looks at names; the files of a store are walked only where an output is there already and
    /// has another name too.
    pub fn check(&self) -> Result<(), Failure> {
        for (i, output) in self.outputs.iter().enumerate() {
            for input in &self.inputs {
                if let Some(why) = output.meets(input) {
                    return Err(refused(output, &why));
                }
            }
            for earlier in &self.outputs[..i] {
                if is_same(output.path(), earlier.path()) {
                    return Err(refused(output, &format!("{} writes it too", earlier.option())));
                }
            }
        }
        Ok(())
    }
}

fn refused(output: &Output, why: &str) -> Failure {
    let (option, path) = (output.option(), output.path().display());
    let text =
        format!("{option} {path} is refused: {why}; nothing was written, name another place");
    Failure::says(Exit::Usage, text)
}

impl Output {
    fn path(&self) -> &Path {
        match self {
            Output::File(path, _) | Output::Folder(path, _) => path,
        }
    }

    fn option(&self) -> &'static str {
        match self {
            Output::File(_, option) | Output::Folder(_, option) => option,
        }
    }

    /// Why it may not be written beside `input`.
    fn meets(&self, input: &Input) -> Option<String> {
        match (self, input) {
            (Output::File(output, _), Input::File(read, what)) => {
                is_same(output, read).then(|| format!("it is {what}, which is read"))
            }
            (Output::File(output, _), Input::Store(store)) => (lies_in(output, store)
                || is_linked_from(output, store))
            .then(|| format!("it lies in the store {}, which is read", store.display())),
            (Output::Folder(output, _), Input::File(read, what)) => {
                lies_in(read, output).then(|| format!("{what} lies in it, which is read"))
            }
            (Output::Folder(output, _), Input::Store(store)) => {
                let (inside, around) = (lies_in(output, store), lies_in(store, output));
                let place = if inside { "it lies in" } else { "it holds" };
                (inside || around)
                    .then(|| format!("{place} the store {}, which is read", store.display()))
            }
        }
    }
}

/// Whether both are one file or folder, there or yet to be made.
fn is_same(a: &Path, b: &Path) -> bool {
    same_file::is_same_file(a, b).unwrap_or_else(|_| resolved(a) == resolved(b)) // `Err`: one is not there
}

/// Whether `path` is `folder` or lies in it.
fn lies_in(path: &Path, folder: &Path) -> bool {
    let path = resolved(path);
    path.starts_with(resolved(folder))
        || path.ancestors().any(|above| same_file::is_same_file(above, folder).unwrap_or(false)) // `Err`: as above
}

/// Whether a file that has several names has one of them in `folder`.
fn is_linked_from(path: &Path, folder: &Path) -> bool {
    if !has_other_names(path) {
        return false;
    }
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue }; // Its reader says what is wrong with it.
        for entry in entries.flatten() {
            let found = entry.path();
            if found.is_dir() {
                folders.push(found);
            } else if is_same(path, &found) {
                return true;
            }
        }
    }
    false
}

#[cfg(unix)]
fn has_other_names(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).is_ok_and(|facts| facts.is_file() && facts.nlink() > 1)
}

/// Where the number of names is not known, there may be others.
#[cfg(not(unix))]
fn has_other_names(path: &Path) -> bool {
    path.is_file()
}

/// The path without links and turns, as far as it is there; what is not there is kept as it is written.
fn resolved(path: &Path) -> PathBuf {
    let mut there = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut rest: Vec<OsString> = Vec::new();
    for _ in 0..LINKS_MAX {
        if let Ok(found) = there.canonicalize() {
            return rest.iter().rev().fold(found, |path, name| path.join(name));
        }
        // A link to what is not there yet: what is written through it lands where it leads.
        if let Ok(target) = there.read_link() {
            there = there.parent().unwrap_or(Path::new("")).join(target);
            continue;
        }
        let (Some(name), Some(above)) = (there.file_name(), there.parent()) else { break };
        rest.push(name.to_owned());
        there = above.to_owned();
    }
    rest.iter().rev().fold(there, |path, name| path.join(name))
}

/// Names and links of one path that are followed, at most.
const LINKS_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("store/1m")).unwrap();
        std::fs::write(folder.path().join("store/1m/AAPL.parquet"), "bars").unwrap();
        std::fs::write(folder.path().join("session.json"), "{}").unwrap();
        folder
    }

    fn inputs(root: &Path) -> Outputs {
        Outputs::new()
            .reads(root.join("session.json"), "the session file")
            .reads_store(root.join("store"))
    }

    #[test]
    fn an_output_over_a_file_that_is_not_read_is_allowed() {
        let folder = folder();
        let root = folder.path();
        std::fs::write(root.join("events.jsonl"), "of yesterday").unwrap();
        let outputs = inputs(root)
            .writes(root.join("events.jsonl"), "--events")
            .writes(root.join("new/events.jsonl"), "--rejects")
            .writes_into(root.join("out/bars"), "--export");
        outputs.check().unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn an_output_that_is_an_input_by_any_name_is_refused() {
        let folder = folder();
        let root = folder.path();
        let link = |from: &str, to: &str| {
            std::os::unix::fs::symlink(root.join(from), root.join(to)).unwrap()
        };
        link("session.json", "soft.json");
        link("store", "other");
        link("store/1m/NEW.parquet", "dangling");
        std::fs::hard_link(root.join("session.json"), root.join("hard.json")).unwrap();
        std::fs::hard_link(root.join("store/1m/AAPL.parquet"), root.join("bars.parquet")).unwrap();
        for name in [
            "session.json",
            "store/../session.json",
            "soft.json",
            "hard.json",
            "store/1m/AAPL.parquet",
            "store/events.jsonl",
            "other/events.jsonl",
            "dangling",
            "bars.parquet",
        ] {
            let refused = inputs(root).writes(root.join(name), "--events").check().unwrap_err();
            assert_eq!(refused.exit, Exit::Usage, "{name}");
        }
        for name in ["store", "store/out", "other", "."] {
            let refused = inputs(root).writes_into(root.join(name), "--export").check();
            assert!(refused.is_err(), "{name}");
        }
    }

    #[test]
    fn two_outputs_into_one_file_are_refused() {
        let folder = folder();
        let root = folder.path();
        let outputs = inputs(root)
            .writes(root.join("a"), "--events")
            .writes(root.join("store/../a"), "--export");
        let refused = outputs.check().unwrap_err();
        assert!(refused.to_string().contains("--events writes it too"), "{refused}");
    }
}
