//! CSV files of every make into the store: nothing is dropped without being counted, and nothing
//! is guessed without being shown.
//!
//! Rows may come in any order; files may be larger than memory. Of rows with one stamp the first
//! counts. A packed file is read to its end before anything is written.

mod columns;
mod form;
mod layout;
mod line;
mod names;
mod number;
mod open;
mod options;
mod quotes;
mod report;
mod seen;
mod stamp;
mod utf16;
mod zones;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;

use openbell_market::{BarColumns, BarFault, Ohlcv, SeriesKey};
use openbell_time::Timestamp;

use crate::codec::bar_file::Provenance;
use crate::store::rows::sort_by_stamp;
use crate::store::writer::{MergeCounts, StoreWriter};
use crate::{DataError, disk};
use columns::VolumePlace;
use layout::Layout;
use line::{Cells, Rows};
use seen::Seen;
use stamp::StampReader;

pub use form::{EpochUnit, StampForm};
pub use options::{
    ColumnRef, CsvOptions, Decimal, ImportZone, RowOrder, StampedAt, VolumeSource, WrittenOffset,
};
pub use report::{
    ImportProgress, ImportReason, ImportReport, Preview, PreviewRow, ReadAs, RejectedRow,
};

/// Rows that are sorted and written together: about 100 MB.
const CHUNK_ROWS: usize = 2_000_000;

/// Rows between two reports of progress.
const PROGRESS_ROWS: u64 = 1 << 16;

/// Where imported rows go.
#[derive(Clone, Copy, Debug)]
pub struct ImportTarget<'a> {
    /// The group under which the series is stored.
    pub exchange_group: &'a str,
    /// The series; its interval must be that of the options.
    pub key: &'a SeriesKey,
    /// Who supplies the rows, and what they mean.
    pub provenance: &'a Provenance,
}

/// How the first `n_rows` of `path` would be read; nothing is written.
///
/// # Errors
///
/// Those of a file that cannot be read, and of guesses that cannot be made
/// ([`DataError::CsvNotText`], [`DataError::CsvColumnNotFound`], [`DataError::CsvColumnTwice`],
/// [`DataError::CsvStampsUnknown`], [`DataError::CsvStampsAmbiguous`],
/// [`DataError::CsvFormatReadsNone`], [`DataError::CsvZoneNeeded`], [`DataError::CsvDatesOnly`]).
pub fn preview(path: &Path, options: &CsvOptions, n_rows: usize) -> Result<Preview, DataError> {
    let mut reader = RowReader::open(path, options)?;
    let mut rows = Vec::new();
    while rows.len() < n_rows {
        let Some(line) = reader.next_row()? else { break };
        let written = reader.written();
        let read = reader.read_row();
        let read = read.map(|(stamp_ns, ohlcv)| (Timestamp::from_nanos(stamp_ns), ohlcv));
        let read = read.map_err(|fault| fault.into_row(path, line));
        rows.push(PreviewRow { line, written, read });
    }
    Ok(Preview { read_as: reader.layout.read_as, rows })
}

/// Imports `path` into the store of `writer`. `rejected` is called with every row that is not imported,
/// `progress` now and then how far it has come.
///
/// *Cost*: two million rows in memory, and a bit for each row. Rows are written in chunks of that
/// size; each is written whole or not at all.
///
/// # Errors
///
/// Those of [`preview`] before anything is written, [`DataError::DamagedGzip`] among them; those of
/// [`StoreWriter::merge`].
///
/// # Panics
///
/// Where the interval of the target is not that of the options.
pub fn import_csv(
    path: &Path,
    options: &CsvOptions,
    target: &ImportTarget<'_>,
    writer: &mut StoreWriter,
    rejected: &mut dyn FnMut(&RejectedRow),
    progress: &mut dyn FnMut(ImportProgress),
) -> Result<ImportReport, DataError> {
    let listeners = Listeners { rejected, progress };
    import_in_chunks(path, options, target, writer, listeners, CHUNK_ROWS)
}

/// What is called while an import goes on.
struct Listeners<'a> {
    rejected: &'a mut dyn FnMut(&RejectedRow),
    progress: &'a mut dyn FnMut(ImportProgress),
}

fn import_in_chunks(
    path: &Path,
    options: &CsvOptions,
    target: &ImportTarget<'_>,
    writer: &mut StoreWriter,
    listeners: Listeners<'_>,
    chunk_rows: usize,
) -> Result<ImportReport, DataError> {
    assert_eq!(target.key.interval, options.interval, "a file is imported at its own interval");
    let Listeners { rejected, progress } = listeners;
    open::check_whole(path)?;
    let n_bytes_total = disk::n_bytes(path)?;
    let mut reader = RowReader::open(path, options)?;
    let mut seen = Seen::new(options.interval);
    let mut chunk = Chunk { rows: BarColumns::default(), counts: MergeCounts::default() };
    let mut n_rows = 0;
    let mut by_reason: BTreeMap<ImportReason, u64> = BTreeMap::new();
    let mut span: Option<(i64, i64)> = None;
    while let Some(line) = reader.next_row()? {
        n_rows += 1;
        let read = reader.read_row().and_then(|(stamp_ns, ohlcv)| {
            if seen.insert(stamp_ns) {
                Ok((stamp_ns, ohlcv))
            } else {
                Err(RowFault::new("ts", reader.written(), ImportReason::Duplicate))
            }
        });
        match read {
            Ok((stamp_ns, ohlcv)) => {
                span = Some(span.map_or((stamp_ns, stamp_ns), |(first, last)| {
                    (first.min(stamp_ns), last.max(stamp_ns))
                }));
                chunk.rows.push(Timestamp::from_nanos(stamp_ns), ohlcv);
                if chunk.rows.len() == chunk_rows {
                    chunk.write(target, writer)?;
                }
            }
            Err(fault) => {
                *by_reason.entry(fault.reason).or_default() += 1;
                rejected(&fault.into_row(path, line));
            }
        }
        if n_rows % PROGRESS_ROWS == 0 {
            let n_bytes = reader.n_bytes_read.load(Ordering::Relaxed);
            progress(ImportProgress { n_rows, n_bytes, n_bytes_total });
        }
    }
    chunk.write(target, writer)?;
    progress(ImportProgress { n_rows, n_bytes: n_bytes_total, n_bytes_total });
    Ok(ImportReport {
        file: path.to_owned(),
        read_as: reader.layout.read_as,
        n_rows,
        rejected: by_reason,
        counts: chunk.counts,
        span: span.map(|(a, b)| (Timestamp::from_nanos(a), Timestamp::from_nanos(b))),
    })
}

/// Rows on their way into the store.
struct Chunk {
    rows: BarColumns,
    counts: MergeCounts,
}

impl Chunk {
    fn write(
        &mut self,
        target: &ImportTarget<'_>,
        writer: &mut StoreWriter,
    ) -> Result<(), DataError> {
        sort_by_stamp(&mut self.rows);
        let ImportTarget { exchange_group, key, provenance } = target;
        self.counts += writer.merge(exchange_group, key, provenance, &self.rows)?;
        self.rows.clear();
        Ok(())
    }
}

/// The rows of a file, one after the other.
struct RowReader<'a> {
    path: &'a Path,
    layout: Layout,
    rows: Rows<Box<dyn std::io::BufRead + Send>>,
    n_bytes_read: std::sync::Arc<std::sync::atomic::AtomicU64>,
    cells: Cells,
    stamps: StampReader,
    /// The symbol of the first row, where rows have one.
    symbol: Option<Vec<u8>>,
}

/// What is wrong with a row.
#[derive(Debug)]
struct RowFault {
    column: &'static str,
    value: String,
    reason: ImportReason,
}

impl RowFault {
    fn new(column: &'static str, value: String, reason: ImportReason) -> RowFault {
        RowFault { column, value, reason }
    }

    fn into_row(self, file: &Path, line: u64) -> RejectedRow {
        let RowFault { column, value, reason } = self;
        RejectedRow { file: file.to_owned(), line, column, value, reason }
    }
}

impl<'a> RowReader<'a> {
    fn open(path: &'a Path, options: &CsvOptions) -> Result<RowReader<'a>, DataError> {
        let layout = Layout::of(path, options)?;
        let text = open::open(path)?;
        let failed = |source| open::read_error(path, text.is_gzip, source);
        let mut rows = Rows::new(text.reader, &[layout.delimiter]);
        rows.skip(layout.read_as.n_lines_before).map_err(failed)?;
        let form = layout.read_as.timestamp_form.clone();
        let mut reader = RowReader {
            path,
            stamps: StampReader::new(form, layout.read_as.order, options),
            rows,
            n_bytes_read: text.n_bytes_read,
            cells: Cells::default(),
            symbol: None,
            layout,
        };
        if reader.layout.read_as.header.is_some() {
            reader.next_row()?;
        }
        Ok(reader)
    }

    /// Goes to the next row; yields the line on which it stands.
    fn next_row(&mut self) -> Result<Option<u64>, DataError> {
        let is_gzip = self.layout.read_as.is_gzip;
        let failed = |source| open::read_error(self.path, is_gzip, source);
        let Some((number, row)) = self.rows.next_row().map_err(failed)? else {
            return Ok(None);
        };
        self.cells.split(row, self.layout.delimiter);
        Ok(Some(number))
    }

    /// The stamp of the row as it is written.
    fn written(&self) -> String {
        self.layout.columns.stamp(&self.cells, self.layout.time_of_day)
    }

    fn read_row(&mut self) -> Result<(i64, Ohlcv), RowFault> {
        self.check_symbol()?;
        let columns = &self.layout.columns;
        let date = text_of(&self.cells, "ts", columns.ts)?;
        let stamp_ns = match columns.time {
            None => self.stamps.stamp_ns(date),
            Some(time) => {
                let time = text_of(&self.cells, "time", time)?;
                self.stamps.stamp_ns(&self.layout.time_of_day.joined(date, Some(time)))
            }
        };
        let stamp_ns = stamp_ns.map_err(|reason| RowFault::new("ts", self.written(), reason))?;
        let [open, high, low, close] = self.layout.columns.prices;
        let ohlcv = Ohlcv {
            open: self.number("open", open)?,
            high: self.number("high", high)?,
            low: self.number("low", low)?,
            close: self.number("close", close)?,
            volume: match self.layout.columns.volume {
                VolumePlace::Column(idx) => self.volume(idx)?,
                VolumePlace::Constant(volume) => volume,
            },
        };
        match ohlcv.fault() {
            None => Ok((stamp_ns, ohlcv)),
            Some(fault) => Err(self.invalid(&ohlcv, fault)),
        }
    }

    /// A file is imported into one series, that of the symbol of its first row.
    fn check_symbol(&mut self) -> Result<(), RowFault> {
        let Some(idx) = self.layout.columns.symbol else { return Ok(()) };
        let found = self.cells.bytes(idx);
        let first = self.symbol.get_or_insert_with(|| found.to_vec());
        if first == found {
            return Ok(());
        }
        let shown = String::from_utf8_lossy(found).into_owned();
        Err(RowFault::new("symbol", shown, ImportReason::OtherSymbol))
    }

    fn volume(&self, idx: usize) -> Result<f64, RowFault> {
        let text = text_of(&self.cells, "volume", idx)?;
        number::parse_volume(text, self.layout.read_as.decimal)
            .ok_or_else(|| RowFault::new("volume", text.to_owned(), ImportReason::NotANumber))
    }

    fn number(&self, column: &'static str, idx: usize) -> Result<f64, RowFault> {
        let text = text_of(&self.cells, column, idx)?;
        number::parse(text, self.layout.read_as.decimal)
            .ok_or_else(|| RowFault::new(column, text.to_owned(), ImportReason::NotANumber))
    }

    fn invalid(&self, ohlcv: &Ohlcv, fault: BarFault) -> RowFault {
        let (column, value) = match fault {
            BarFault::HighBelowOthers => ("high", ohlcv.high),
            BarFault::LowAboveOthers => ("low", ohlcv.low),
            BarFault::NegativeVolume => ("volume", ohlcv.volume),
            BarFault::NotFinite => {
                let values = [
                    ("open", ohlcv.open),
                    ("high", ohlcv.high),
                    ("low", ohlcv.low),
                    ("close", ohlcv.close),
                    ("volume", ohlcv.volume),
                ];
                values.into_iter().find(|(_, value)| !value.is_finite()).unwrap_or(values[0])
            }
        };
        RowFault::new(column, value.to_string(), ImportReason::Invalid(fault))
    }
}

fn text_of<'c>(cells: &'c Cells, column: &'static str, idx: usize) -> Result<&'c str, RowFault> {
    match cells.text(idx) {
        Some("") => Err(RowFault::new(column, String::new(), ImportReason::Missing)),
        Some(text) => Ok(text),
        None => {
            let shown = String::from_utf8_lossy(cells.bytes(idx)).into_owned();
            Err(RowFault::new(column, shown, ImportReason::NotText))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// Rows of two months in a fixed shuffle, every tenth twice with other values.
    fn shuffled() -> String {
        let first: Timestamp = "2025-06-29T00:00:00Z".parse().unwrap();
        let mut text = "ts,open,high,low,close,volume\n".to_owned();
        for n in 0..4_000_i64 {
            let minute = n * 2_749 % 4_000;
            let stamp = first + openbell_time::Nanos::from_secs(60 * minute);
            text.push_str(&format!("{stamp},1,9,1,{},1\n", 1 + minute % 7));
            if n % 10 == 0 {
                text.push_str(&format!("{stamp},1,9,1,8,1\n"));
            }
        }
        text
    }

    #[test]
    fn a_file_in_many_chunks_is_imported_as_in_one() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(shuffled().as_bytes()).unwrap();
        let key = SeriesKey { symbol: "AAPL".parse().unwrap(), interval: "1m".parse().unwrap() };
        let options = CsvOptions::new(key.interval);
        let provenance = Provenance::default();
        let target = ImportTarget { exchange_group: "CRYPTO", key: &key, provenance: &provenance };
        let import = |chunk_rows| {
            let folder = tempfile::tempdir().unwrap();
            let mut writer = StoreWriter::open(folder.path()).unwrap();
            let listeners = Listeners { rejected: &mut |_| {}, progress: &mut |_| {} };
            let report = import_in_chunks(
                file.path(),
                &options,
                &target,
                &mut writer,
                listeners,
                chunk_rows,
            )
            .unwrap();
            let files: Vec<Vec<u8>> = crate::store::layout::walk(folder.path()).unwrap().places[0]
                .files
                .iter()
                .map(|file| disk::read(&file.path).unwrap())
                .collect();
            (report, files)
        };
        let (in_one, in_many) = (import(CHUNK_ROWS), import(300));
        assert_eq!(in_one.0.counts, MergeCounts { added: 4_000, ..MergeCounts::default() });
        assert_eq!(in_one.0.rejected[&ImportReason::Duplicate], 400);
        assert_eq!(in_one.0, in_many.0);
        assert!(in_one.1 == in_many.1, "the store is the same");
    }
}
