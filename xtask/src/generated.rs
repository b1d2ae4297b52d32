//! Text in the repository that a command writes: comparing it, and writing it.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// Whether a generated text is compared or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Fails where the file differs.
    Check,
    /// Writes the file where it differs.
    Write,
}

/// A file as it should be.
#[derive(Debug)]
pub struct Generated {
    /// The file, relative to the root.
    pub path: &'static str,
    /// The whole text that it should hold.
    pub text: String,
    /// The command that writes it.
    pub command: &'static str,
}

impl Generated {
    /// Compares the file with its text, or writes it.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or written, or is stale: the first line that differs.
    pub fn bring(&self, root: &Path, mode: Mode) -> Result<()> {
        let path = root.join(self.path);
        let found = match std::fs::read_to_string(&path) {
            Ok(found) => found,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(e).with_context(|| format!("cannot read {}", self.path)),
        };
        if found == self.text {
            println!("{}: up to date", self.path);
            return Ok(());
        }
        match mode {
            Mode::Write => {
                std::fs::write(&path, &self.text)
                    .with_context(|| format!("cannot write {}", self.path))?;
                println!("{}: written", self.path);
                Ok(())
            }
            Mode::Check => bail!("{}", self.staleness(&found)),
        }
    }

    fn staleness(&self, found: &str) -> String {
        let differs = found
            .lines()
            .zip(self.text.lines())
            .position(|(a, b)| a != b)
            .unwrap_or_else(|| found.lines().count().min(self.text.lines().count()));
        format!("{} is stale from line {}; run `{}`", self.path, differs + 1, self.command)
    }
}

/// `text`, the file at `path`, with `part` between the lines `since` and `until`.
///
/// # Errors
///
/// When it lacks one of the lines.
pub fn replaced(text: &str, path: &str, since: &str, until: &str, part: &str) -> Result<String> {
    let lacks = |line: &str| format!("{path} lacks the line {line}");
    let (before, rest) = text.split_once(since).with_context(|| lacks(since))?;
    let (_, after) = rest.split_once(until).with_context(|| lacks(until))?;
    Ok(format!("{before}{since}\n\n{part}\n{until}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_file_is_named_with_its_line_and_its_command() {
        let generated = Generated {
            path: "a.json",
            text: "{\n  1\n}\n".to_owned(),
            command: "cargo xtask schema --write",
        };
        assert_eq!(
            generated.staleness("{\n  2\n}\n"),
            "a.json is stale from line 2; run `cargo xtask schema --write`"
        );
        assert_eq!(
            generated.staleness("{\n"),
            "a.json is stale from line 2; run `cargo xtask schema --write`"
        );
        assert!(
            generated.bring(Path::new("no-such-folder"), Mode::Check).is_err(),
            "a file that is not there is stale"
        );
    }

    #[test]
    fn a_part_stands_between_its_markers() {
        let replaced = |text: &str| replaced(text, "README.md", "<since>", "<until>", "new\n");
        let expected = "# a\n<since>\n\nnew\n\n<until>\nb\n";
        assert_eq!(replaced("# a\n<since>\nold\n<until>\nb\n").expect("markers"), expected);
        assert_eq!(replaced(expected).expect("markers"), expected);
    }

    #[test]
    fn a_text_without_markers_is_refused() {
        let error = replaced("# a\n", "README.md", "<since>", "<until>", "new\n");
        let error = error.expect_err("no markers").to_string();
        assert_eq!(error, "README.md lacks the line <since>");
    }
}
