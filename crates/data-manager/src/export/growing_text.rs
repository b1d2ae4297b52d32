//! A text file of an export that grows while the run goes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::{AtomicFile, Disk};
use crate::{DataError, IoAction};

/// Bytes gathered before they are written.
const GATHERED_MAX: usize = 1 << 16;

/// A file of lines, of which few are in memory; it cannot be seen before it is finished, and is begun with its
/// first lines.
pub(super) struct GrowingText {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    file: Option<AtomicFile>,
    gathered: Vec<u8>,
    n_lines: u64,
}

impl GrowingText {
    /// The file that is to stand at `path`, with `head`, which counts as no line.
    pub(super) fn new(disk: &Arc<dyn Disk>, path: &Path, head: &str) -> GrowingText {
        let (disk, path) = (Arc::clone(disk), path.to_owned());
        GrowingText { disk, path, file: None, gathered: head.into(), n_lines: 0 }
    }

    /// Begins it, so that whoever cannot write learns so at once.
    pub(super) fn begin(mut self) -> Result<GrowingText, DataError> {
        self.file()?.set_aside();
        Ok(self)
    }

    fn file(&mut self) -> Result<&mut AtomicFile, DataError> {
        let file = match self.file.take() {
            Some(file) => file,
            None => AtomicFile::create(&self.disk, &self.path)?,
        };
        Ok(self.file.insert(file))
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
        self.file.take().map_or(Ok(()), AtomicFile::commit)
    }

    fn write(&mut self) -> Result<(), DataError> {
        let gathered = std::mem::take(&mut self.gathered);
        let file = self.file()?;
        let written = file.write_all(&gathered);
        written.map_err(|error| DataError::io(IoAction::Write, file.target(), error))?;
        file.set_aside();
        Ok(())
    }
}
