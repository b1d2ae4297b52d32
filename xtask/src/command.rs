//! Commands of other programs: printed as a person can repeat them, run, and their tests counted.

use std::fmt;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// A command with the variables it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shell {
    program: String,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
}

impl Shell {
    /// `cargo` with the words of `line`, parted by spaces.
    pub fn cargo(line: &str) -> Self {
        Self::of("cargo", line)
    }

    /// A program with the words of `line`, parted by spaces.
    pub fn of(program: impl Into<String>, line: &str) -> Self {
        Self {
            program: program.into(),
            arguments: line.split_whitespace().map(str::to_owned).collect(),
            variables: Vec::new(),
        }
    }

    /// The command with one more argument.
    #[must_use]
    pub fn with(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// The command with a variable of its environment.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Prints the command, runs it in `root`, passes its output on, and counts what its test
    /// runners say.
    ///
    /// # Errors
    ///
    /// When it does not start, or ends with another code than 0.
    pub fn run(&self, root: &Path) -> Result<TestCount> {
        println!("$ {self}");
        std::io::stdout().flush()?;
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(root)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", self.program))?;
        let output = child.stdout.take().context("the child's output is piped")?;
        let mut count = TestCount::default();
        for line in BufReader::new(output).split(b'\n') {
            let line = line.context("cannot read the command's output")?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            count.read_line(&line);
        }
        let status = child.wait()?;
        if !status.success() {
            match status.code() {
                Some(code) => bail!("exit code {code}"),
                None => bail!("ended by a signal"),
            }
        }
        Ok(count)
    }

    /// Runs the command in `root` without a word, and yields how it ended and what it printed.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn captured(&self, root: &Path) -> Result<Captured> {
        let output = Command::new(&self.program)
            .args(&self.arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(root)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot start {}", self.program))?;
        Ok(Captured {
            succeeded: output.status.success(),
            output: String::from_utf8_lossy(&output.stdout).into_owned(),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Runs the command in `root` without a word and yields what it prints.
    ///
    /// # Errors
    ///
    /// When it does not start, fails, or prints no text.
    pub fn output(&self, root: &Path) -> Result<String> {
        let output = Command::new(&self.program)
            .args(&self.arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(root)
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("cannot start {}", self.program))?;
        if !output.status.success() {
            bail!("`{self}` ended with {}", output.status);
        }
        String::from_utf8(output.stdout).with_context(|| format!("`{self}` printed no text"))
    }
}

impl Shell {
    /// What the command prints, without a word of its errors; absent where it does not start or
    /// fails, as where it is not installed.
    pub fn quiet_output(&self, root: &Path) -> Option<String> {
        let captured = self.captured(root).ok()?; // What does not start is not installed.
        captured.succeeded.then_some(captured.output)
    }
}

impl fmt::Display for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.variables {
            write!(f, "{name}={} ", quoted(value))?;
        }
        f.write_str(&self.program)?;
        for argument in &self.arguments {
            write!(f, " {}", quoted(argument))?;
        }
        Ok(())
    }
}

fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// How a command ended, and what it printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// Whether it ended with code 0.
    pub succeeded: bool,
    /// Its standard output; what is no text is replaced.
    pub output: String,
    /// Its standard error, likewise.
    pub errors: String,
}

/// How many tests ran, by the closing lines of the runners.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct TestCount {
    /// Tests that passed.
    pub n_passed: u64,
    /// Tests that failed.
    pub n_failed: u64,
}

impl TestCount {
    /// Adds a line of output, where it closes a run of tests.
    fn read_line(&mut self, line: &str) {
        let Some(rest) = line.trim().strip_prefix("test result: ") else { return };
        let Some((_, counts)) = rest.split_once(". ") else { return };
        for part in counts.split("; ") {
            match part.split_once(' ') {
                Some((n, "passed")) => self.n_passed += n.parse::<u64>().unwrap_or(0),
                Some((n, "failed")) => self.n_failed += n.parse::<u64>().unwrap_or(0),
                _ => {}
            }
        }
    }

    /// Adds the tests of another run.
    pub fn add(&mut self, other: Self) {
        self.n_passed += other.n_passed;
        self.n_failed += other.n_failed;
    }
}

impl fmt::Display for TestCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.n_passed, self.n_failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_printed_as_a_shell_reads_it() {
        let shell = Shell::cargo("test -p a").with("it's").with_variable("RUSTFLAGS", "--cfg loom");
        assert_eq!(shell.to_string(), r"RUSTFLAGS='--cfg loom' cargo test -p a 'it'\''s'");
    }

    #[test]
    fn the_closing_lines_of_test_runs_are_added_up() {
        let mut count = TestCount::default();
        for line in [
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s",
            "test result: FAILED. 2 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out",
            "the test result: ok. 9 passed;",
        ] {
            count.read_line(line);
        }
        assert_eq!(count.to_string(), "5 passed, 4 failed");
    }

    #[test]
    fn a_command_that_fails_is_an_error_with_its_code() {
        let root = crate::source::root();
        let error = Shell::cargo("no-such-command").run(&root).expect_err("cargo refuses it");
        assert_eq!(error.to_string(), "exit code 101");
        assert!(Shell::cargo("--version").run(&root).is_ok());
    }

    #[test]
    fn a_captured_command_tells_how_it_ended_and_what_it_printed() {
        let root = crate::source::root();
        let ran = Shell::cargo("--version").captured(&root).expect("cargo is there");
        assert!(ran.succeeded && ran.output.starts_with("cargo "), "{ran:?}");
        let refused = Shell::cargo("no-such-command").captured(&root).expect("cargo is there");
        assert!(!refused.succeeded && refused.errors.contains("no-such-command"), "{refused:?}");
    }
}
