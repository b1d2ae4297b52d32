//! The text of a CSV file: unpacked where it is packed, in UTF-8 without its byte order mark, and
//! with a count of what was read.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

use super::utf16::{ByteOrder, Utf16};
use crate::error::{IoAction, NotText};
use crate::{DataError, disk};

const BUFFER_BYTES: usize = 1 << 18;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How files begin that are no text, and are often taken for one.
const NO_TEXT: [(&[u8], NotText); 6] = [
    (b"PK\x03\x04", NotText::ZipOrWorkbook),
    (b"\xd0\xcf\x11\xe0", NotText::ZipOrWorkbook),
    (b"\x28\xb5\x2f\xfd", NotText::PackedBy("zstd")),
    (b"\xfd7zXZ\x00", NotText::PackedBy("xz")),
    (b"7z\xbc\xaf\x27\x1c", NotText::PackedBy("7z")),
    (b"PAR1", NotText::Parquet),
];

/// A file that is being read as text.
pub(super) struct Text {
    pub(super) reader: Box<dyn BufRead + Send>,
    pub(super) is_gzip: bool,
    pub(super) n_bytes_read: Arc<AtomicU64>,
}

/// Opens `path`.
pub(super) fn open(path: &Path) -> Result<Text, DataError> {
    let n_bytes_read = Arc::new(AtomicU64::new(0));
    let counted = Counted { inner: disk::open(path)?, n_bytes: n_bytes_read.clone() };
    let mut raw = BufReader::with_capacity(BUFFER_BYTES, counted);
    let head = raw.fill_buf().map_err(|source| DataError::io(IoAction::Read, path, source))?;
    let is_gzip = head.starts_with(&GZIP_MAGIC);
    let failed = |source| read_error(path, is_gzip, source);
    let mut reader: Box<dyn BufRead + Send> = if is_gzip {
        Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(raw)))
    } else {
        Box::new(raw)
    };
    let head = reader.fill_buf().map_err(failed)?;
    if let Some((_, found)) = NO_TEXT.into_iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(DataError::CsvNotText { path: path.to_owned(), found });
    }
    if let Some(order) = ByteOrder::of(head) {
        reader = Box::new(Utf16::new(reader, order));
    }
    if reader.fill_buf().map_err(failed)?.starts_with(BYTE_ORDER_MARK) {
        reader.consume(BYTE_ORDER_MARK.len());
    }
    Ok(Text { reader, is_gzip, n_bytes_read })
}

/// Reads a packed file to its end, so that nothing is imported from one that is cut short.
pub(super) fn check_whole(path: &Path) -> Result<(), DataError> {
    let mut text = open(path)?;
    if !text.is_gzip {
        return Ok(());
    }
    let unpacked = io::copy(&mut text.reader, &mut io::sink());
    unpacked.map(|_| ()).map_err(|source| read_error(path, true, source))
}

/// What a failed read of a file means.
pub(super) fn read_error(path: &Path, is_gzip: bool, source: io::Error) -> DataError {
    if is_gzip && source.raw_os_error().is_none() {
        DataError::DamagedGzip { path: path.to_owned(), source: Arc::new(source) }
    } else {
        DataError::io(IoAction::Read, path, source)
    }
}

struct Counted<R> {
    inner: R,
    n_bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_read = self.inner.read(buffer)?;
        self.n_bytes.fetch_add(n_read as u64, Ordering::Relaxed);
        Ok(n_read)
    }
}
