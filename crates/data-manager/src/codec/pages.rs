//! The pages of a column chunk, in memory that this reader bounds and not the file: a page, a dictionary
//! or a text that claims to be larger than what it comes from is refused before room is made for it.

use std::io::{Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length, SerializedPageReader};

use crate::DataError;
use crate::codec::bytes::FileSource;
use crate::codec::unpack::Codec;
use crate::error::Unbounded;

/// The largest page that is unpacked: 8 million values, where most writers put a hundred thousand.
const PAGE_BYTES_MAX: u64 = 64 << 20;

/// Enough for what the header of a page begins with: its kind and its two sizes.
const HEAD_BYTES: u64 = 20;

/// Reads the pages of one column chunk.
pub(crate) struct Pages {
    pages: SerializedPageReader<PageSource>,
    next: Arc<NextPage>,
    /// Where the pages come as they are packed, and are unpacked here.
    codec: Option<Codec>,
}

/// What is known of the page that is read next.
#[derive(Default)]
struct NextPage {
    /// Whether its header has been read, by a look at it.
    has_header: AtomicBool,
    /// Bytes when it is unpacked, as its header says.
    n_bytes: AtomicU64,
}

impl Pages {
    /// The pages of `chunk`, at its first.
    pub(crate) fn new(
        source: &Arc<FileSource>,
        chunk: &ColumnChunkMetaData,
        n_rows: usize,
    ) -> Result<Pages, ParquetError> {
        let next = Arc::new(NextPage::default());
        let source = PageSource { file: Arc::clone(source), next: Arc::clone(&next) };
        let codec = Codec::of(chunk.compression());
        let as_packed = match codec {
            None => None,
            Some(_) => {
                let chunk = chunk.clone().into_builder();
                Some(chunk.set_compression(Compression::UNCOMPRESSED).build()?)
            }
        };
        let chunk = as_packed.as_ref().unwrap_or(chunk);
        let pages = SerializedPageReader::new(Arc::new(source), chunk, n_rows, None)?;
        Ok(Pages { pages, next, codec })
    }

    /// The page whose header was read last, unpacked.
    fn unpacked(&self, mut page: Page) -> Result<Page, ParquetError> {
        let Some(codec) = self.codec else { return Ok(page) };
        let (buf, n_levels) = match &mut page {
            Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => (buf, 0),
            Page::DataPageV2 { is_compressed: false, .. } => return Ok(page),
            Page::DataPageV2 { buf, def_levels_byte_len, rep_levels_byte_len, .. } => {
                (buf, *def_levels_byte_len as usize + *rep_levels_byte_len as usize)
            }
        };
        // Levels of the second version are never packed.
        let n_bytes = self.next.n_bytes.load(Ordering::Relaxed) as usize;
        let (levels, n_values) = (buf.get(..n_levels), n_bytes.checked_sub(n_levels));
        let (Some(levels), Some(n_values)) = (levels, n_values) else {
            let text = format!("a page of {n_bytes} bytes has {n_levels} bytes of levels");
            return Err(ParquetError::General(text));
        };
        // A page of nulls alone has no values, and nothing is packed.
        let values = match n_values {
            0 => Vec::new(),
            _ => codec.unpack(&buf[n_levels..], n_values)?,
        };
        *buf = if levels.is_empty() { values.into() } else { [levels, &values].concat().into() };
        Ok(page)
    }
}

impl Iterator for Pages {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        let Some(page) = self.pages.get_next_page()? else { return Ok(None) };
        self.unpacked(page).and_then(checked).map(Some)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        let next = self.pages.peek_next_page()?;
        self.next.has_header.store(next.is_some(), Ordering::Relaxed);
        Ok(next)
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        self.pages.skip_next_page()?;
        self.next.has_header.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn supports_deferred_dictionary(&self) -> bool {
        // Read later, its header would not be the last one that was read.
        self.codec.is_none() && self.pages.supports_deferred_dictionary()
    }

    fn take_deferred_dictionary(&mut self) -> Result<Option<Page>, ParquetError> {
        self.pages.take_deferred_dictionary()?.map(checked).transpose()
    }

    fn at_record_boundary(&mut self) -> Result<bool, ParquetError> {
        self.pages.at_record_boundary()
    }
}

/// A page whose decoding takes room in proportion to its bytes.
fn checked(page: Page) -> Result<Page, ParquetError> {
    let claim = match (&page, page.encoding()) {
        // A decoder makes room for each value of a dictionary, which takes a byte at least.
        (Page::DictionaryPage { buf, num_values, .. }, _) if *num_values as usize > buf.len() => {
            Unbounded::Dictionary { n_values: *num_values, n_bytes: buf.len() as u64 }
        }
        // They pack texts by what they share with the one before: of a few bytes becomes any length.
        (_, found @ (Encoding::DELTA_BYTE_ARRAY | Encoding::DELTA_LENGTH_BYTE_ARRAY)) => {
            Unbounded::Texts { encoding: found.to_string() }
        }
        _ => return Ok(page),
    };
    Err(claim.into_parquet())
}

/// The bytes of a file, of which each page's header is looked at before the page is read.
struct PageSource {
    file: Arc<FileSource>,
    next: Arc<NextPage>,
}

impl Length for PageSource {
    fn len(&self) -> u64 {
        self.file.len()
    }
}

impl ChunkReader for PageSource {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> Result<Box<dyn Read>, ParquetError> {
        let mut rest = self.file.get_read(start)?;
        if self.next.has_header.swap(false, Ordering::Relaxed) {
            return Ok(rest);
        }
        let mut head = Vec::with_capacity(HEAD_BYTES as usize);
        (&mut rest).take(HEAD_BYTES).read_to_end(&mut head)?;
        match unpacked_size(&head) {
            Some(n_bytes) if n_bytes > PAGE_BYTES_MAX => {
                Err(Unbounded::Page { n_bytes, n_max: PAGE_BYTES_MAX }.into_parquet())
            }
            Some(n_bytes) => {
                self.next.n_bytes.store(n_bytes, Ordering::Relaxed);
                Ok(Box::new(Cursor::new(head).chain(rest)))
            }
            None => Err(ParquetError::General(
                "the header of a page does not begin with its kind and its size".to_owned(),
            )),
        }
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        self.file.get_bytes(start, length)
    }
}

/// The second field of a page's header, in Thrift's compact form: bytes when it is unpacked.
fn unpacked_size(head: &[u8]) -> Option<u64> {
    /// The next field is the one after the last, a number of 32 bits.
    const NEXT_I32: u8 = 0x15;
    let mut bytes = head.iter().copied();
    let mut field = || -> Option<u64> {
        if bytes.next()? != NEXT_I32 {
            return None;
        }
        let mut value = 0_u64;
        for shift in (0..35).step_by(7) {
            let byte = bytes.next()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    };
    field()?;
    let zigzag = field()?;
    // A negative size is the decoder's to refuse.
    Some(if zigzag & 1 == 0 { zigzag >> 1 } else { 0 })
}

impl Unbounded {
    fn into_parquet(self) -> ParquetError {
        ParquetError::External(Box::new(self))
    }
}

/// What the decoder was told of a page, as the error of its file.
pub(crate) fn unbounded(path: &std::path::Path, error: &ParquetError) -> Option<DataError> {
    let ParquetError::External(inner) = error else { return None };
    let claim = inner.downcast_ref::<Unbounded>()?.clone();
    Some(DataError::Unbounded { path: path.to_owned(), claim })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_page_stands_behind_its_kind() {
        assert_eq!(unpacked_size(&[0x15, 0x00, 0x15, 0x80, 0x01, 0x15, 0x10]), Some(64));
        assert_eq!(unpacked_size(&[0x15, 0x04, 0x15, 0x01, 0x15, 0x10]), Some(0));
        let largest = [0x15, 0x00, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f];
        assert_eq!(unpacked_size(&largest), Some(i32::MAX as u64));
        for other in [&[0x25, 0x00, 0x15, 0x02][..], &[0x15, 0x00], &[0x15, 0x00, 0x15, 0x80]] {
            assert_eq!(unpacked_size(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_page_that_claims_more_than_is_unpacked_is_not_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let head = [0x15, 0x00, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0x15, 0x10, 0x00, 0x00];
        std::io::Write::write_all(&mut file.as_file(), &head).unwrap();
        let bytes = Arc::new(FileSource::open(file.path()).unwrap());
        let source = PageSource { file: bytes, next: Arc::default() };
        let Err(error) = source.get_read(0) else { panic!("2 GB are no page") };
        let error = unbounded(file.path(), &error).expect("a claim").to_string();
        assert!(error.contains("claims to hold 2147483647 bytes"), "{error}");
    }

    #[test]
    fn a_dictionary_has_no_more_values_than_bytes() {
        let page = |num_values, encoding| Page::DictionaryPage {
            buf: Bytes::from_static(&[0; 16]),
            num_values,
            encoding,
            is_sorted: false,
        };
        assert!(checked(page(2, Encoding::PLAIN)).is_ok());
        assert!(checked(page(u32::MAX, Encoding::PLAIN)).is_err());
        assert!(checked(page(2, Encoding::DELTA_BYTE_ARRAY)).is_err());
    }
}
