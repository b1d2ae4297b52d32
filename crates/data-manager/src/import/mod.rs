//! CSV files of every make, and series of foreign folders, into the store: nothing is dropped without
//! being counted, and nothing is guessed without being shown.
//!
//! Rows may come in any order; files may be larger than memory. Of rows with one stamp the first
//! counts. A file is read to its end, and held against what its rows show, before anything is written.

mod beside;
mod closes;
mod columns;
mod copied;
mod findings;
mod form;
mod labels;
mod layout;
mod line;
mod names;
mod noted;
mod number;
mod open;
mod options;
mod quotes;
mod reading;
mod report;
mod seen;
mod sorted;
mod stamp;
mod utf16;
mod zones;

use std::collections::BTreeSet;
use std::path::Path;

use openbell_market::{BarColumns, BarFault, BarInterval, Ohlcv, SeriesKey, Symbol};
use openbell_time::{Calendar, Timestamp};
use tracing::{debug, info, info_span};

use crate::codec::bar_file::Provenance;
use crate::evidence::{Check, Evidence, Objection};
use crate::store::rows::keep;
use crate::store::writer::{MergeCounts, StoreWriter, by_period};
use crate::{DataError, disk};
pub(crate) use beside::BesideStored;
use columns::VolumePlace;
use layout::{Known, Layout};
use line::{Cells, Rows};
use reading::{Ended, Read, Reading};
pub(crate) use sorted::Row;
use sorted::Sorted;
use stamp::StampReader;

pub use copied::{CopyReport, CopyStamps, CopyTarget};
pub use findings::Finding;
pub use form::{EpochUnit, StampForm};
pub use options::{
    ColumnRef, CsvOptions, Decimal, ImportZone, RowOrder, StampedAt, VolumeSource, WrittenOffset,
};
pub use report::{
    ImportProgress, ImportReason, ImportReport, Preview, PreviewRow, ReadAs, RejectedRow,
    SeriesImport,
};

/// Rows in memory: 64 MB.
const N_ROWS_MAX: usize = 1 << 20;

/// Rejected rows that are held back until it is clear how the file is read.
const N_HELD_MAX: usize = 100_000;

/// Rows between two reports of progress.
const PROGRESS_ROWS: u64 = 1 << 16;

/// Contradictory rows that are rejected one by one; more of them, and more than a thousandth, speak
/// against the file.
const N_CONFLICTS_MAX: u64 = 3;

/// Whose rows a file holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SymbolChoice {
    /// This one's alone: where the file has a column of symbols, the rows that name it, be it in another
    /// spelling.
    Only(Symbol),
    /// Those that its column of symbols names; where it has none, this one's.
    InFile(Option<Symbol>),
}

impl SymbolChoice {
    fn named(&self) -> Option<&Symbol> {
        match self {
            SymbolChoice::Only(symbol) => Some(symbol),
            SymbolChoice::InFile(symbol) => symbol.as_ref(),
        }
    }
}

/// Where imported rows go.
#[derive(Clone, Copy, Debug)]
pub struct ImportTarget<'a> {
    /// The group under which the series are stored.
    pub exchange_group: &'a str,
    /// The calendar of the group: rows are held against its sessions.
    pub calendar: &'a Calendar,
    /// Whose rows they are.
    pub symbols: &'a SymbolChoice,
    /// Who supplies the rows, and what they mean; what is waived of the checks is said in it.
    pub provenance: &'a Provenance,
}

/// How the first `n_rows` of `path` would be read; nothing is written.
///
/// # Errors
///
/// Those of a file that cannot be read, and of guesses that cannot be made
/// ([`DataError::CsvNotText`], [`DataError::CsvColumnNotFound`], [`DataError::CsvColumnTwice`],
/// [`DataError::CsvVolumeAmbiguous`], [`DataError::CsvColumnOrder`], [`DataError::CsvSymbolNeeded`],
/// [`DataError::CsvStampsUnknown`], [`DataError::CsvStampsAmbiguous`],
/// [`DataError::CsvFormatReadsNone`], [`DataError::CsvZoneNeeded`], [`DataError::CsvDatesOnly`]).
pub fn preview(
    path: &Path,
    options: &CsvOptions,
    target: &ImportTarget<'_>,
    n_rows: usize,
) -> Result<Preview, DataError> {
    let known = Known { symbol: target.symbols.named().map(Symbol::to_string), ..Known::default() };
    let mut reader = RowReader::open(path, options, target.calendar, &known)?;
    let mut rows = Vec::new();
    while rows.len() < n_rows {
        let Some(line) = reader.next_row()? else { break };
        let written = reader.written();
        let read = reader.read_row(line);
        let read = read.map(|(stamp_ns, ohlcv)| (Timestamp::from_nanos(stamp_ns), ohlcv));
        let read = read.map_err(|fault| fault.into_row(path, line));
        rows.push(PreviewRow { line, written, read });
    }
    Ok(Preview { read_as: reader.layout.read_as, rows })
}

/// What is called while an import goes on.
pub struct Listeners<'a> {
    /// Called once before rows are read, with the options and guesses by which they are.
    pub reads: &'a mut dyn FnMut(&ReadAs),
    /// Called with every row that is not imported.
    pub rejected: &'a mut dyn FnMut(&RejectedRow),
    /// Called now and then with how far it has come.
    pub progress: &'a mut dyn FnMut(ImportProgress),
}

/// Imports the files of one command, one after the other.
///
/// A file is read to its end and held against its rows before the first is written: one that is refused
/// leaves the store as it was. Of rows of one stamp the first counts, in the file before as well.
pub struct Importer<'w> {
    writer: &'w mut StoreWriter,
    /// Series of which rows were written.
    written: BTreeSet<SeriesKey>,
    n_rows_max: usize,
}

impl<'w> Importer<'w> {
    /// Into the store of `writer`.
    pub fn new(writer: &'w mut StoreWriter) -> Importer<'w> {
        Importer { writer, written: BTreeSet::new(), n_rows_max: N_ROWS_MAX }
    }

    /// Imports `path`, which may be a stream.
    ///
    /// *Cost*: a million rows in memory, more in scratch files beside the store, and a few bytes for
    /// each stamp. Each file of the store is written whole or not at all.
    ///
    /// # Errors
    ///
    /// Those of [`preview`], [`DataError::DamagedGzip`], [`DataError::Refused`],
    /// [`DataError::CsvSymbolColumnNeeded`], [`DataError::CsvNoSuchSymbol`] and
    /// [`DataError::CsvSecondHeader`] before anything is written; those of [`StoreWriter::merge`].
    pub fn import(
        &mut self,
        path: &Path,
        options: &CsvOptions,
        target: &ImportTarget<'_>,
        mut listeners: Listeners<'_>,
    ) -> Result<ImportReport, DataError> {
        let _import = info_span!("import", file = %path.display()).entered();
        let spool = if disk::is_stream(path) { Some(disk::spooled(path)?) } else { None };
        let file: &Path = spool.as_deref().unwrap_or(path);
        open::check_whole(file)?;
        let symbol = target.symbols.named().map(Symbol::to_string);
        let mut known = Known { symbol, ..Known::default() };
        let scratch = self.writer.root().to_owned();
        let read = loop {
            let reading = Reading::new(file, options, target, &known, &scratch, self.n_rows_max)?;
            match reading.run(&mut listeners)? {
                Ended::Read(read) => break *read,
                Ended::Anew(learned) => {
                    debug!(?learned, "all rows show another way to read the file");
                    known = learned;
                }
            }
        };
        self.write(path, options, target, read, &mut listeners)
    }

    /// Holds the rows against each other, the calendar and the store, and writes them.
    fn write(
        &mut self,
        path: &Path,
        options: &CsvOptions,
        target: &ImportTarget<'_>,
        read: Read,
        listeners: &mut Listeners<'_>,
    ) -> Result<ImportReport, DataError> {
        let Read { read_as, n_rows, mut rejected, series, mut rows, noted, n_conflicts } = read;
        debug!(?read_as, "file read");
        let waived: Vec<Check> = target.provenance.waived.iter().copied().collect();
        let refused = |objection| DataError::Refused { path: path.to_owned(), objection };
        let against = noted.objection(&read_as.timestamp_form, options.interval, n_rows, &waived);
        if let Some(objection) = against {
            return Err(refused(objection));
        }
        if let Some(objection) = conflicting_objection(n_conflicts, n_rows, &waived) {
            return Err(refused(objection));
        }
        let interval = options.interval;
        let mut report: Vec<SeriesImport> = series
            .into_iter()
            .map(|symbol| SeriesImport::of(SeriesKey { symbol, interval }))
            .collect();
        self.judge(&mut rows, target, &waived, &mut report).map_err(|judged| match judged {
            Judged::Against(objection) => refused(objection),
            Judged::Failed(error) => error,
        })?;
        let mut pending = Pending::default();
        rows.each(|some| {
            let series = some[0].series as usize;
            if pending.series != series {
                pending.write(self.writer, target, &mut report)?;
                pending.series = series;
            }
            let key = &report[series].key;
            let mut batch = columns_of(some);
            if self.written.contains(key) {
                // The first counts, also where it stands in the file before.
                let differing = self.writer.differing(target.exchange_group, key, &batch)?;
                for &place in &differing {
                    *rejected.entry(ImportReason::Conflicting).or_default() += 1;
                    (listeners.rejected)(&conflicting(path, &some[place], interval));
                }
                let is_kept = |row: &usize| differing.binary_search(row).is_err();
                let kept: Vec<usize> = (0..batch.len()).filter(is_kept).collect();
                keep(&mut batch, &kept);
            }
            pending.rows.extend_from(&batch, 0..batch.len());
            pending.write_whole_periods(self.writer, target, &mut report)
        })?;
        pending.write(self.writer, target, &mut report)?;
        self.written.extend(report.iter().map(|series| series.key.clone()));
        let report =
            ImportReport { file: path.to_owned(), read_as, n_rows, rejected, series: report };
        let MergeCounts { added, updated, unchanged } = report.counts();
        let n_rejected = report.n_rejected();
        info!(n_rows, added, updated, unchanged, n_rejected, "file imported");
        Ok(report)
    }

    /// Holds all rows against the calendar and the store.
    fn judge(
        &mut self,
        rows: &mut Sorted,
        target: &ImportTarget<'_>,
        waived: &[Check],
        report: &mut [SeriesImport],
    ) -> Result<(), Judged> {
        let Some(interval) = report.first().map(|series| series.key.interval) else {
            return Ok(());
        };
        let mut evidence = Evidence::new(interval, target.calendar);
        let mut stored = BesideStored::default();
        let mut stamps = Vec::new();
        let mut last = None;
        rows.each(|some| {
            let series = some[0].series as usize;
            if let Some(last) = last.replace(series)
                && last != series
            {
                report[last].undeliverable = evidence.end_series();
            }
            stamps.clear();
            stamps.extend(some.iter().map(|row| row.stamp_ns));
            evidence.rows(&stamps);
            let of = &mut report[series];
            of.note(some);
            let group = target.exchange_group;
            if self.writer.has_series(group, &of.key) {
                stored.rows(self.writer, group, &of.key, &columns_of(some))?;
            }
            Ok(())
        })
        .map_err(Judged::Failed)?;
        if let Some(last) = last {
            report[last].undeliverable = evidence.end_series();
        }
        let against = evidence.objection(waived).or_else(|| stored.objection(waived));
        against.map_or(Ok(()), |objection| Err(Judged::Against(objection)))
    }
}

/// Rows of one series that are judged and not written: the last file of each write is not yet whole,
/// and no file is written twice.
#[derive(Default)]
struct Pending {
    series: usize,
    rows: BarColumns,
}

impl Pending {
    fn write_whole_periods(
        &mut self,
        writer: &mut StoreWriter,
        target: &ImportTarget<'_>,
        report: &mut [SeriesImport],
    ) -> Result<(), DataError> {
        let n_whole = by_period(&report[self.series].key, &self.rows).last();
        let n_whole = n_whole.map_or(0, |(_, range)| range.start);
        if n_whole > 0 {
            let mut whole = BarColumns::with_capacity(n_whole);
            whole.extend_from(&self.rows, 0..n_whole);
            let mut rest = BarColumns::default();
            rest.extend_from(&self.rows, n_whole..self.rows.len());
            self.rows = whole;
            self.write(writer, target, report)?;
            self.rows = rest;
        }
        Ok(())
    }

    fn write(
        &mut self,
        writer: &mut StoreWriter,
        target: &ImportTarget<'_>,
        report: &mut [SeriesImport],
    ) -> Result<(), DataError> {
        let ImportTarget { exchange_group, provenance, .. } = target;
        if !self.rows.is_empty() {
            let of = &mut report[self.series];
            of.counts += writer.merge(exchange_group, &of.key, provenance, &self.rows)?;
            self.rows.clear();
        }
        Ok(())
    }
}

fn columns_of(rows: &[Row]) -> BarColumns {
    let mut columns = BarColumns::with_capacity(rows.len());
    rows.iter().for_each(|row| columns.push(Timestamp::from_nanos(row.stamp_ns), row.ohlcv));
    columns
}

/// Why rows are not written.
enum Judged {
    Against(Objection),
    Failed(DataError),
}

/// What contradictory rows of one import say, where they are no accident.
fn conflicting_objection(n_such: u64, n: u64, waived: &[Check]) -> Option<Objection> {
    let is_refused = is_too_many(n_such, n) && !waived.contains(&Check::Conflicting);
    is_refused.then_some(Objection::Conflicting { n_such, n, is_stored: false })
}

/// Whether contradictory rows are no accident.
fn is_too_many(n_conflicts: u64, n_rows: u64) -> bool {
    n_conflicts > N_CONFLICTS_MAX && 1_000 * n_conflicts > n_rows
}

fn conflicting(path: &Path, row: &Row, interval: BarInterval) -> RejectedRow {
    let stamp = Timestamp::from_nanos(row.stamp_ns);
    let value = match interval.clock() {
        Some(_) => stamp.to_string(),
        None => stamp.utc_date().to_string(),
    };
    let reason = ImportReason::Conflicting;
    RejectedRow { file: path.to_owned(), line: row.line, column: "ts", value, reason }
}

/// The rows of a file, one after the other.
struct RowReader<'a> {
    path: &'a Path,
    layout: Layout,
    rows: Rows<Box<dyn std::io::BufRead + Send>>,
    n_bytes_read: std::sync::Arc<std::sync::atomic::AtomicU64>,
    cells: Cells,
    stamps: StampReader,
    price_scale: number::Scale,
    /// A header further down that does not say what the first one says.
    second_header: Option<u64>,
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
    fn open(
        path: &'a Path,
        options: &CsvOptions,
        calendar: &Calendar,
        known: &Known,
    ) -> Result<RowReader<'a>, DataError> {
        let layout = Layout::of(path, options, calendar, known)?;
        let text = open::open(path)?;
        let failed = |source| open::read_error(path, text.is_gzip, source);
        let mut rows = Rows::new(text.reader, &[layout.delimiter]);
        rows.skip(layout.read_as.n_lines_before).map_err(failed)?;
        let form = layout.read_as.timestamp_form.clone();
        let mut reader = RowReader {
            path,
            stamps: StampReader::new(form, layout.read_as.order, options, calendar),
            rows,
            n_bytes_read: text.n_bytes_read,
            cells: Cells::default(),
            price_scale: number::Scale::of(options.price_scale),
            second_header: None,
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

    fn read_row(&mut self, line: u64) -> Result<(i64, Ohlcv), RowFault> {
        let columns = &self.layout.columns;
        let date = text_of(&self.cells, "ts", columns.ts)?;
        let stamp_ns = match columns.time {
            None => self.stamps.stamp_ns(date, line),
            Some(time) => {
                let time = text_of(&self.cells, "time", time)?;
                self.stamps.stamp_ns(&self.layout.time_of_day.joined(date, Some(time)), line)
            }
        };
        let stamp_ns = stamp_ns.map_err(|reason| {
            self.note_header(line);
            RowFault::new("ts", self.written(), reason)
        })?;
        let [open, high, low, close] = self.layout.columns.prices;
        let ohlcv = Ohlcv {
            open: self.price("open", open)?,
            high: self.price("high", high)?,
            low: self.price("low", low)?,
            close: self.price("close", close)?,
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

    /// Looks whether a row without a stamp is a header that names the columns otherwise.
    fn note_header(&mut self, line: u64) {
        let texts = self.cells.to_texts();
        let Some(header) = self.layout.read_as.header.as_ref().filter(|_| names::are_names(&texts))
        else {
            return;
        };
        let plain =
            |names: &[String]| names.iter().map(|name| names::plain(name)).collect::<Vec<_>>();
        if plain(header) != plain(&texts) {
            self.second_header.get_or_insert(line);
        }
    }

    fn volume(&self, idx: usize) -> Result<f64, RowFault> {
        let text = text_of(&self.cells, "volume", idx)?;
        number::parse_volume(text, self.layout.read_as.decimal)
            .ok_or_else(|| RowFault::new("volume", text.to_owned(), ImportReason::NotANumber))
    }

    fn price(&self, column: &'static str, idx: usize) -> Result<f64, RowFault> {
        let text = text_of(&self.cells, column, idx)?;
        number::parse(text, self.layout.read_as.decimal)
            .map(|number| self.price_scale.scaled(number))
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

    /// Rows of two months in a fixed shuffle, every tenth twice.
    fn shuffled() -> String {
        let first: Timestamp = "2025-06-29T00:00:00Z".parse().unwrap();
        let mut text = "ts,open,high,low,close,volume\n".to_owned();
        for n in 0..4_000_i64 {
            let minute = n * 2_749 % 4_000;
            let stamp = first + openbell_time::Nanos::from_secs(60 * minute);
            text.push_str(&format!("{stamp},1,9,1,{},1\n", 1 + minute % 7));
            if n % 10 == 0 {
                text.push_str(&format!("{stamp},1,9,1,{},1\n", 1 + minute % 7));
            }
        }
        text
    }

    #[test]
    fn a_file_in_many_chunks_is_imported_as_in_one() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(shuffled().as_bytes()).unwrap();
        let symbol: Symbol = "AAPL".parse().unwrap();
        let options = CsvOptions::new("1m".parse().unwrap());
        let (provenance, symbols) = (Provenance::default(), SymbolChoice::Only(symbol));
        let calendar = &openbell_time::TimeManager::new().calendar("CRYPTO").unwrap();
        let target = ImportTarget {
            exchange_group: "CRYPTO",
            calendar,
            symbols: &symbols,
            provenance: &provenance,
        };
        let import = |n_rows_max| {
            let folder = tempfile::tempdir().unwrap();
            let mut writer = StoreWriter::open(folder.path()).unwrap();
            let mut importer = Importer { n_rows_max, ..Importer::new(&mut writer) };
            let (reads, rejected, progress) = (&mut |_: &_| {}, &mut |_: &_| {}, &mut |_| {});
            let listeners = Listeners { reads, rejected, progress };
            let report = importer.import(file.path(), &options, &target, listeners).unwrap();
            let files: Vec<Vec<u8>> = crate::store::layout::walk(folder.path()).unwrap().places[0]
                .files
                .iter()
                .map(|file| disk::read(&file.path).unwrap())
                .collect();
            (report, files)
        };
        let (in_one, in_many) = (import(N_ROWS_MAX), import(300));
        assert_eq!(in_one.0.counts(), MergeCounts { added: 4_000, ..MergeCounts::default() });
        assert_eq!(in_one.0.rejected[&ImportReason::Duplicate], 400);
        assert_eq!(in_one.0, in_many.0);
        assert!(in_one.1 == in_many.1, "the store is the same");
    }
}
