//! A column chunk of float64 without nulls and without a dictionary: its pages are the values.
//!
//! Hot path. This is how this crate writes prices, and a reader that goes from one of thousands of
//! series to the next finds here the next values behind one pointer; the general reader of a column
//! follows several, each to memory that has left the cache since the day before.

use bytes::{Buf, Bytes};
use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;

use crate::codec::pages::Pages;

/// Bytes of a value.
const WIDTH: usize = size_of::<f64>();

/// Reads the values of one such column chunk.
pub(crate) struct PlainColumn {
    pages: Pages,
    /// What is left of the page that is open: values as they are written, little-endian.
    rest: Bytes,
}

impl PlainColumn {
    /// Whether the footer says that `chunk`, which has no nulls, is one.
    pub(crate) fn holds(chunk: &ColumnChunkMetaData) -> bool {
        // The levels of a column without nulls are none, however they would be coded.
        let is_plain = |coding| matches!(coding, Encoding::PLAIN | Encoding::RLE);
        chunk.column_type() == Type::DOUBLE
            && chunk.dictionary_page_offset().is_none()
            && chunk.encodings().all(is_plain)
    }

    /// The reader of the chunk with these `pages`, at its first value.
    pub(crate) fn new(pages: Pages) -> PlainColumn {
        PlainColumn { pages, rest: Bytes::new() }
    }

    /// Leaves out the next `n_values`. *Cost*: pages that are left out whole are not decompressed.
    pub(crate) fn skip(&mut self, n_values: usize) -> Result<(), ParquetError> {
        let mut n_left = n_values;
        while n_left > 0 {
            if self.rest.is_empty() {
                let n_in_page = self.pages.peek_next_page()?.and_then(|page| page.num_levels);
                if n_in_page.is_some_and(|n| n <= n_left) {
                    self.pages.skip_next_page()?;
                    n_left -= n_in_page.unwrap_or(0);
                    continue;
                }
                self.open_page(n_left)?;
            }
            let n_there = n_left.min(self.rest.len() / WIDTH);
            self.rest.advance(n_there * WIDTH);
            n_left -= n_there;
        }
        Ok(())
    }

    /// Appends the next `n_values` to `out`.
    pub(crate) fn read(&mut self, n_values: usize, out: &mut Vec<f64>) -> Result<(), ParquetError> {
        let mut n_left = n_values;
        while n_left > 0 {
            if self.rest.is_empty() {
                self.open_page(n_left)?;
            }
            let (values, _) = self.rest.as_chunks();
            let values = &values[..n_left.min(values.len())];
            out.extend(values.iter().map(|&bytes| f64::from_le_bytes(bytes)));
            n_left -= values.len();
            self.rest.advance(size_of_val(values));
            if self.rest.is_empty() {
                self.rest = Bytes::new(); // The next page, of whichever column, takes its place.
            }
        }
        Ok(())
    }

    /// Opens the next page that has values, of which `n_left` are missed.
    fn open_page(&mut self, n_left: usize) -> Result<(), ParquetError> {
        while self.rest.is_empty() {
            let Some(page) = self.pages.get_next_page()? else {
                return Err(ParquetError::EOF(format!("{n_left} more values were expected")));
            };
            self.rest = values_of(page)?;
        }
        Ok(())
    }
}

/// The bytes of the values in `page`.
fn values_of(page: Page) -> Result<Bytes, ParquetError> {
    let n_values = page.num_values() as usize;
    if page.encoding() != Encoding::PLAIN {
        let found = page.encoding();
        return Err(ParquetError::General(format!("a page is {found}, its column chunk plain")));
    }
    let values = match page {
        Page::DataPage { buf, .. } => buf,
        Page::DataPageV2 { mut buf, rep_levels_byte_len, def_levels_byte_len, .. } => {
            let n_levels = rep_levels_byte_len as usize + def_levels_byte_len as usize;
            buf.split_off(n_levels.min(buf.len()))
        }
        Page::DictionaryPage { .. } => Bytes::new(),
    };
    if values.len() != n_values * WIDTH {
        let found = values.len();
        return Err(ParquetError::EOF(format!("{n_values} values in {found} bytes")));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::basic::Compression;
    use parquet::data_type::DoubleType;
    use parquet::file::properties::{WriterProperties, WriterVersion};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use proptest::prelude::*;

    use super::*;
    use crate::codec::bytes::FileSource;

    /// A file with one column, and its reader.
    fn column_of(
        values: &[f64],
        page_rows: usize,
        version: WriterVersion,
    ) -> (tempfile::NamedTempFile, PlainColumn) {
        let schema = parse_message_type("message m { required double open; }").expect("a schema");
        let properties = WriterProperties::builder()
            .set_writer_version(version)
            .set_dictionary_enabled(false)
            .set_encoding(Encoding::PLAIN)
            .set_compression(Compression::LZ4_RAW)
            .set_data_page_row_count_limit(page_rows)
            .set_write_batch_size(page_rows)
            .build();
        let file = tempfile::NamedTempFile::new().expect("a file");
        let mut writer =
            SerializedFileWriter::new(file.as_file(), Arc::new(schema), Arc::new(properties))
                .expect("a writer");
        let mut group = writer.next_row_group().expect("a group");
        let mut column = group.next_column().expect("a column").expect("one");
        column.typed::<DoubleType>().write_batch(values, None, None).expect("written");
        column.close().expect("closed");
        group.close().expect("closed");
        let footer = writer.close().expect("closed");
        let chunk = footer.row_group(0).column(0);
        assert!(PlainColumn::holds(chunk));
        let source = Arc::new(FileSource::open(file.path()).expect("a source"));
        let pages = Pages::new(&source, chunk, values.len());
        (file, PlainColumn::new(pages.expect("pages")))
    }

    proptest! {
            /// Whatever is skipped and read, and wherever pages end, the values are those of their
            /// places; past the last there are none.
            #[test]
            fn values_are_those_of_their_places(
                n_values in 1_usize..200,
                page_rows in 1_usize..50,
                is_second_version in any::<bool>(),
                steps in proptest::collection::vec((any::<bool>(), 0_usize..60), 1..12),
            ) {
                let values: Vec<f64> = (0..n_values).map(|row| row as f64 + 0.25).collect();
                let version = if is_second_version {
    WriterVersion::PARQUET_2_0
    } else {
    WriterVersion::PARQUET_1_0
    };
                let (_file, mut column) = column_of(&values, page_rows, version);
                let mut row = 0;
                for (is_read, n_rows) in steps {
                    let mut out = vec![-1.0];
                    let outcome = if is_read {
    column.read(n_rows, &mut out)
    } else {
    column.skip(n_rows)
    };
                    if row + n_rows > n_values {
                        prop_assert!(outcome.is_err());
                        break;
                    }
                    prop_assert!(outcome.is_ok());
                    if is_read {
                        prop_assert_eq!(&out[1..], &values[row..row + n_rows]);
                    }
                    row += n_rows;
                }
            }
        }
}
