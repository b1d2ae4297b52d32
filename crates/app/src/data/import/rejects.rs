//! The file of rejected rows.

use std::path::{Path, PathBuf};

use openbell_data_manager::import::RejectedRow;

use crate::exit::{Exit, Failure};

/// The file of rejected rows.
pub(super) struct Rejects {
    path: PathBuf,
    writer: csv::Writer<std::fs::File>,
}

impl Rejects {
    pub(super) fn create(path: &Path) -> Result<Rejects, Failure> {
        let writer = csv::Writer::from_path(path).map_err(|error| cannot_write(path, error))?;
        let mut rejects = Rejects { path: path.to_owned(), writer };
        rejects.record(&["file", "line", "column", "value", "reason"])?;
        Ok(rejects)
    }

    pub(super) fn write(&mut self, row: &RejectedRow) -> Result<(), Failure> {
        let file = row.file.display().to_string();
        let line = row.line.to_string();
        self.record(&[&file, &line, row.column, &row.value, row.reason.name()])
    }

    fn record(&mut self, cells: &[&str]) -> Result<(), Failure> {
        self.writer.write_record(cells).map_err(|error| cannot_write(&self.path, error))
    }

    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.writer.flush().map_err(|error| cannot_write(&self.path, error))
    }
}

fn cannot_write(path: &Path, error: impl Into<anyhow::Error>) -> Failure {
    Failure::new(Exit::Output, error).of(format!("cannot write {}", path.display()))
}
