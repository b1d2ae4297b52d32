//! A file of lines that grows while the run goes.

use std::fmt::Display;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::exit::{Exit, Failure};

/// A file of lines; what is flushed can be read by whoever follows it.
pub(super) struct LineFile {
    path: PathBuf,
    /// What it is called in an error: "the event log".
    what: &'static str,
    out: BufWriter<File>,
}

impl LineFile {
    /// Begins the file, in place of one that is there.
    pub(super) fn create(path: &Path, what: &'static str) -> Result<LineFile, Failure> {
        let file = File::create(path).map_err(|error| cannot_write(path, what, error))?;
        Ok(LineFile { path: path.to_owned(), what, out: BufWriter::new(file) })
    }

    pub(super) fn line(&mut self, line: impl Display) -> Result<(), Failure> {
        let written = writeln!(self.out, "{line}");
        written.map_err(|error| cannot_write(&self.path, self.what, error))
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(|error| cannot_write(&self.path, self.what, error))
    }
}

fn cannot_write(path: &Path, what: &str, error: std::io::Error) -> Failure {
    Failure::new(Exit::Output, error).of(format!("cannot write {what} {}", path.display()))
}
