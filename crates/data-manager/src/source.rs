//! The bytes of one Parquet file, for the decoder: whole in memory where it is small, else page by
//! page, opened anew for each, so that thousands of series need no open file between two reads.

use std::io::{BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use crate::DataError;
use crate::disk::{self, FileState};

/// Files up to this size are read in one go: a month of minutes of a stock has 200 to 400 kB, and
/// a page-wise read of it costs more than its decoding.
const WHOLE_FILE_BYTES_MAX: u64 = 1 << 20;

/// Enough for the header of a page, which is read before the page itself.
const HEADER_BYTES: usize = 256;

/// Where a decoder finds the bytes of a file.
#[derive(Debug)]
pub(crate) enum FileSource {
    Whole(Bytes),
    Paged { path: PathBuf, state: FileState },
}

impl FileSource {
    /// Opens the file at `path`.
    pub(crate) fn open(path: &Path) -> Result<FileSource, DataError> {
        let state = disk::state(path)?;
        if state.n_bytes == 0 {
            return Err(DataError::EmptyFile { path: path.to_owned() });
        }
        if state.n_bytes <= WHOLE_FILE_BYTES_MAX {
            Ok(FileSource::Whole(disk::read(path)?.into()))
        } else {
            Ok(FileSource::Paged { path: path.to_owned(), state })
        }
    }
}

/// Marks the errors that are not the file's, but come from its being replaced.
#[derive(Debug, thiserror::Error)]
#[error("the file was changed while it was being read")]
pub(crate) struct Changed;

fn check_unchanged(path: &Path, state: &FileState) -> Result<(), ParquetError> {
    match disk::state(path) {
        Ok(found) if found == *state => Ok(()),
        Ok(_) => Err(ParquetError::External(Box::new(Changed))),
        Err(error) => Err(ParquetError::External(Box::new(error))),
    }
}

impl Length for FileSource {
    fn len(&self) -> u64 {
        match self {
            FileSource::Whole(bytes) => bytes.len() as u64,
            FileSource::Paged { state, .. } => state.n_bytes,
        }
    }
}

impl ChunkReader for FileSource {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> Result<Box<dyn Read>, ParquetError> {
        match self {
            FileSource::Whole(bytes) => {
                let start = usize::try_from(start)?.min(bytes.len());
                Ok(Box::new(Cursor::new(bytes.slice(start..))))
            }
            FileSource::Paged { path, state } => {
                check_unchanged(path, state)?;
                let file = disk::open_at(path, start)?;
                Ok(Box::new(BufReader::with_capacity(HEADER_BYTES, file)))
            }
        }
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        match self {
            FileSource::Whole(bytes) => bytes.get_bytes(start, length),
            FileSource::Paged { path, state } => {
                check_unchanged(path, state)?;
                // A damaged page header may name any length; no more is asked for than there is.
                if start.saturating_add(length as u64) > state.n_bytes {
                    return Err(ParquetError::EOF(format!(
                        "{length} bytes at byte {start} of a file of {}",
                        state.n_bytes
                    )));
                }
                Ok(disk::read_at(path, start, length)?.into())
            }
        }
    }
}
