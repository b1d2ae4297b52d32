//! The bytes of one Parquet file, for the decoder: read as they are needed, the file opened anew
//! for each read, so that thousands of series need no open file between two reads.
//!
//! What is read in one go is a small file, or the end of a larger one, where its footer lies, and
//! then a row group at a time, as long as that is small; only of larger ones page by page.

use std::cell::Cell;
use std::io::{BufReader, Cursor, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use crate::DataError;
use crate::disk::{FileState, OpenFile};

/// Files up to this size are read in one go: a day of minutes, a few years of days.
const WHOLE_FILE_BYTES_MAX: u64 = 64 << 10;

/// Of a larger file the end: the footer of a month of minutes takes a tenth of it.
const FOOTER_BYTES: u64 = 16 << 10;

/// Row groups up to this size are read in one go: reading one page by page costs more than its
/// decoding.
const GROUP_BYTES_MAX: u64 = 1 << 20;

/// Enough for the header of a page, which is read before the page itself.
const HEADER_BYTES: usize = 256;

thread_local! {
    /// What a row group is read into by each feed that is polled on a thread: up to 1 MB, once.
    static GROUP_BYTES: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Where a decoder finds the bytes of a file.
#[derive(Clone, Debug)]
pub(crate) struct FileSource {
    path: Arc<PathBuf>,
    state: FileState,
    /// The place and the bytes of what has been read already.
    held: Option<(u64, Bytes)>,
}

impl FileSource {
    /// Opens the file at `path`, and holds the whole of a small one, of others the end.
    pub(crate) fn open(path: &Path) -> Result<FileSource, DataError> {
        let failed = |source| DataError::io(crate::IoAction::Read, path, source);
        let file = OpenFile::open(path).map_err(failed)?;
        let state = file.state().map_err(failed)?;
        if state.n_bytes == 0 {
            return Err(DataError::EmptyFile { path: path.to_owned() });
        }
        let is_small = state.n_bytes <= WHOLE_FILE_BYTES_MAX;
        let n_held = if is_small { state.n_bytes } else { FOOTER_BYTES };
        let first = state.n_bytes - n_held;
        let bytes = file.read_at(first, n_held as usize).map_err(failed)?;
        let held = Some((first, bytes.into()));
        Ok(FileSource { path: Arc::new(path.to_owned()), state, held })
    }

    /// Lets go of what it holds, but for the whole of a small file.
    pub(crate) fn release(&mut self) {
        self.held.take_if(|(first, _)| *first > 0);
    }

    /// The same file, of which the bytes `range` are held where they are few enough.
    pub(crate) fn holding(&self, range: Range<u64>) -> Result<FileSource, ParquetError> {
        let n_bytes = range.end.saturating_sub(range.start);
        let mut source = self.clone();
        if self.held(range.start, n_bytes).is_none()
            && n_bytes <= GROUP_BYTES_MAX
            && range.end <= self.state.n_bytes
        {
            source.held = Some((range.start, self.read(range.start, n_bytes as usize)?));
        }
        Ok(source)
    }

    /// What `look` makes of the bytes `range`, which lie in memory of this thread while it looks; `None`
    /// where they cannot be read, or are too many.
    pub(crate) fn with_bytes<R>(
        &self,
        range: Range<u64>,
        look: impl FnOnce(&[u8]) -> R,
    ) -> Option<R> {
        let n_bytes = range.end.checked_sub(range.start)?;
        if let Some(held) = self.held(range.start, n_bytes) {
            return Some(look(&held));
        }
        if n_bytes > GROUP_BYTES_MAX || range.end > self.state.n_bytes {
            return None;
        }
        let mut buffer = GROUP_BYTES.take();
        if buffer.len() < n_bytes as usize {
            buffer.resize(n_bytes as usize, 0);
        }
        let bytes = &mut buffer[..n_bytes as usize];
        let read = self.open_unchanged().and_then(|file| Ok(file.fill_at(range.start, bytes)?));
        let looked = read.is_ok().then(|| look(bytes)); // `Err`: said by who reads it page by page
        GROUP_BYTES.set(buffer);
        looked
    }

    /// `n_bytes` from byte `start` on, where they are held.
    fn held(&self, start: u64, n_bytes: u64) -> Option<Bytes> {
        let (first, bytes) = self.held.as_ref()?;
        let from = usize::try_from(start.checked_sub(*first)?).ok()?;
        let until = from.checked_add(usize::try_from(n_bytes).ok()?)?;
        (until <= bytes.len()).then(|| bytes.slice(from..until))
    }

    fn read(&self, start: u64, n_bytes: usize) -> Result<Bytes, ParquetError> {
        Ok(self.open_unchanged()?.read_at(start, n_bytes)?.into())
    }

    /// The file, where it is still the one whose footer was read.
    fn open_unchanged(&self) -> Result<OpenFile, ParquetError> {
        let file = OpenFile::open(&self.path)?;
        if file.state()? == self.state {
            Ok(file)
        } else {
            Err(ParquetError::External(Box::new(Changed)))
        }
    }
}

/// Marks the errors that are not the file's, but come from its being replaced.
#[derive(Debug, thiserror::Error)]
#[error("the file was changed while it was being read")]
pub(crate) struct Changed;

impl Length for FileSource {
    fn len(&self) -> u64 {
        self.state.n_bytes
    }
}

impl ChunkReader for FileSource {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> Result<Box<dyn Read>, ParquetError> {
        let until = self.held.as_ref().map_or(0, |(first, bytes)| first + bytes.len() as u64);
        if let Some(rest) = self.held(start, until.saturating_sub(start))
            && !rest.is_empty()
        {
            return Ok(Box::new(Cursor::new(rest)));
        }
        let file = self.open_unchanged()?.at(start)?;
        Ok(Box::new(BufReader::with_capacity(HEADER_BYTES, file)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        if let Some(bytes) = self.held(start, length as u64) {
            return Ok(bytes);
        }
        // A damaged page header may name any length; no more is asked for than there is.
        if start.saturating_add(length as u64) > self.state.n_bytes {
            return Err(ParquetError::EOF(format!(
                "{length} bytes at byte {start} of a file of {}",
                self.state.n_bytes
            )));
        }
        self.read(start, length)
    }
}
