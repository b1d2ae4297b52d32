//! A text file of an export that grows while the run goes.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use crate::disk::{AtomicFile, Disk};
use crate::{DataError, IoAction};

/// Bytes gathered before they are written.
const GATHERED_MAX: usize = 1 << 16;

/// A file of lines, of which few are in memory; it cannot be seen before it is finished.
pub(super) struct GrowingText {
    file: AtomicFile,
    gathered: Vec<u8>,
    n_lines: u64,
}

impl GrowingText {
    /// Begins the file that is to stand at `path`, with `head`, which counts as no line.
    pub(super) fn create(
        disk: &Arc<dyn Disk>,
        path: &Path,
        head: &str,
    ) -> Result<GrowingText, DataError> {
        let mut file = AtomicFile::create(disk, path)?;
        file.set_aside();
        Ok(GrowingText { file, gathered: head.into(), n_lines: 0 })
    }

    /// Appends a line, which brings its own end.
    pub(super) fn line(&mut self, line: &str) -> Result<(), DataError> {
        self.gathered.extend_from_slice(line.as_bytes());
        self.n_lines += 1;
        if self.gathered.len() >= GATHERED_MAX { self.write() } else { Ok(()) }
    }

    /// Lines appended so far.
    pub(super) fn n_lines(&self) -> u64 {
        self.n_lines
    }

    /// Puts the file in its place.
    pub(super) fn finish(mut self) -> Result<(), DataError> {
        self.write()?;
        self.file.commit()
    }

    fn write(&mut self) -> Result<(), DataError> {
        let written = self.file.write_all(&self.gathered);
        written.map_err(|error| DataError::io(IoAction::Write, self.file.target(), error))?;
        self.file.set_aside();
        self.gathered.clear();
        Ok(())
    }
}
