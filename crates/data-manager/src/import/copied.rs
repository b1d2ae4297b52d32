//! Series of foreign folders and of other stores into the store: sorted where they are not, and judged
//! as the rows of a CSV file are, before the first is written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use openbell_market::{BarColumns, Ohlcv, SeriesKey};
use openbell_time::{Calendar, Nanos};

use super::form::{EpochUnit, StampForm};
use super::options::{CsvOptions, ImportZone, RowOrder, StampedAt};
use super::report::{ImportReason, SeriesImport};
use super::sorted::{Row, Sorted, Sorter};
use super::stamp::StampReader;
use super::{
    ImportTarget, Importer, Judged, Pending, SymbolChoice, columns_of, conflicting_objection,
};
use crate::DataError;
use crate::codec::bar_file::{BarFile, Provenance};
use crate::codec::decode::Decoder;
use crate::codec::foreign::Order;
use crate::evidence::Check;
use crate::store::DataManager;
use crate::store::held::{self, HeldFile};
use crate::store::writer::{MergeCounts, join_providers};

/// Where copied series go.
#[derive(Clone, Copy, Debug)]
pub struct CopyTarget<'a> {
    /// The group under which the series are stored.
    pub exchange_group: &'a str,
    /// The calendar of the group: rows are held against its sessions.
    pub calendar: &'a Calendar,
    /// Checks that are waived, beside those that the files themselves say were.
    pub waived: &'a BTreeSet<Check>,
    /// What its stamps mean.
    pub stamps: CopyStamps,
}

/// What the stamps of copied rows mean; by default what every file of bars is taken to say: instants at
/// which bars open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CopyStamps {
    /// The zone whose clock the stamps show, although they are taken for UTC.
    pub zone: Option<ImportZone>,
    /// Added to every stamp.
    pub shift: Nanos,
    /// Which end of the bar is stamped.
    pub stamped_at: StampedAt,
}

impl Default for CopyStamps {
    fn default() -> CopyStamps {
        CopyStamps { zone: None, shift: Nanos::ZERO, stamped_at: StampedAt::Open }
    }
}

impl CopyStamps {
    /// What reads them; `None` where they are stored as they are.
    fn reader(self, key: &SeriesKey, calendar: &Calendar) -> Option<StampReader> {
        let CopyStamps { zone, shift, stamped_at } = self;
        let options = CsvOptions { zone, shift, stamped_at, ..CsvOptions::new(key.interval) };
        let reader = || StampReader::new(FORM, RowOrder::OldestFirst, &options, calendar);
        (self != CopyStamps::default()).then(reader)
    }
}

/// How a decoder hands out stamps.
const FORM: StampForm = StampForm::Epoch(EpochUnit::Nanos);

/// What a copy has read and done.
#[derive(Clone, PartialEq, Debug)]
pub struct CopyReport {
    /// Rows read.
    pub n_rows: u64,
    /// Whether rows were not in the order of their stamps; what is stored is.
    pub was_unsorted: bool,
    /// Rows that were not copied, by reason.
    pub rejected: BTreeMap<ImportReason, u64>,
    /// What became of the others.
    pub counts: MergeCounts,
}

/// What is known of the rows before they are judged.
#[derive(Default)]
struct Gathered {
    n_rows: u64,
    was_unsorted: bool,
    rejected: BTreeMap<ImportReason, u64>,
}

impl Importer<'_> {
    /// Copies the series `key` of `source`, whose files may be in any order within and among
    /// themselves. Of rows with one stamp the first counts.
    ///
    /// *Cost*: a million rows in memory, more in scratch files beside the store.
    ///
    /// # Errors
    ///
    /// Those of files that cannot be read, that are not what is said of them, and of
    /// [`DataError::Refused`], before anything is written; those of
    /// [`StoreWriter::merge`](crate::StoreWriter::merge).
    pub fn copy_series(
        &mut self,
        source: &DataManager,
        key: &SeriesKey,
        target: &CopyTarget<'_>,
    ) -> Result<CopyReport, DataError> {
        let place = source.place(key)?;
        let files = held::in_order(place, Order::Any, None)?;
        let provenance = provenance_of(&files, target.waived)?;
        let mut stamps = target.stamps.reader(key, target.calendar);
        let (mut rows, mut gathered) = self.gather(&files, stamps.as_mut())?;
        let refused = |objection| DataError::Refused { path: place.path.clone(), objection };
        let waived: Vec<Check> = provenance.waived.iter().copied().collect();
        let noted = stamps.map(|stamps| stamps.noted);
        if let Some(objection) =
            noted.and_then(|noted| noted.objection(&FORM, key.interval, gathered.n_rows, &waived))
        {
            return Err(refused(objection));
        }
        let n_conflicts = count_repeats(&mut rows, &mut gathered.rejected)?;
        if let Some(objection) = conflicting_objection(n_conflicts, gathered.n_rows, &waived) {
            return Err(refused(objection));
        }
        let target = ImportTarget {
            exchange_group: target.exchange_group,
            calendar: target.calendar,
            symbols: &SymbolChoice::Only(key.symbol.clone()),
            provenance: &provenance,
        };
        let mut report = [SeriesImport::of(key.clone())];
        self.judge(&mut rows, &target, &waived, &mut report).map_err(|judged| match judged {
            Judged::Against(objection) => refused(objection),
            Judged::Failed(error) => error,
        })?;
        let mut pending = Pending::default();
        let mut firsts = Firsts::default();
        rows.each(|some| {
            let batch = columns_of(&firsts.of(some, &mut |_| {}));
            pending.rows.extend_from(&batch, 0..batch.len());
            pending.write_whole_periods(self.writer, &target, &mut report)
        })?;
        pending.write(self.writer, &target, &mut report)?;
        let Gathered { n_rows, was_unsorted, rejected } = gathered;
        let [SeriesImport { counts, .. }] = report;
        Ok(CopyReport { n_rows, was_unsorted, rejected, counts })
    }

    /// The rows of all `files` that are bars, to be gone through in the order of their stamps.
    fn gather(
        &self,
        files: &[HeldFile],
        mut restamp: Option<&mut StampReader>,
    ) -> Result<(Sorted, Gathered), DataError> {
        let mut gathered = Gathered::default();
        let mut sorter = Sorter::new(self.writer.root(), self.n_rows_max);
        let mut last_ns = i64::MIN;
        let mut rows = BarColumns::default();
        for file in files {
            let mut decoder = Decoder::unchecked(Arc::new(BarFile::open(&file.path)?));
            loop {
                rows.clear();
                let stamps = decoder.stamps()?;
                let n_rows = stamps.len();
                if n_rows == 0 {
                    break;
                }
                rows.opens_at_ns.extend_from_slice(stamps);
                decoder.take(n_rows, &mut rows)?;
                for row in 0..n_rows {
                    let (stamp_ns, ohlcv) = (rows.opens_at_ns[row], rows.ohlcv(row));
                    gathered.was_unsorted |= stamp_ns < last_ns;
                    last_ns = stamp_ns;
                    gathered.n_rows += 1;
                    let line = gathered.n_rows;
                    let meant = match (ohlcv.fault(), &mut restamp) {
                        (Some(fault), _) => Err(ImportReason::Invalid(fault)),
                        (None, None) => Ok(stamp_ns),
                        (None, Some(stamps)) => stamps.raw_ns(stamp_ns, line),
                    };
                    match meant {
                        Ok(stamp_ns) => sorter.push(Row { series: 0, line, stamp_ns, ohlcv })?,
                        Err(reason) => count(&mut gathered.rejected, reason),
                    }
                }
            }
        }
        Ok((sorter.finish(), gathered))
    }
}

fn count(rejected: &mut BTreeMap<ImportReason, u64>, reason: ImportReason) {
    *rejected.entry(reason).or_default() += 1;
}

/// What the files say of their values, all of one make; and what is waived in addition.
fn provenance_of(files: &[HeldFile], waived: &BTreeSet<Check>) -> Result<Provenance, DataError> {
    let mut all: Option<Provenance> = None;
    for file in files {
        let of_file = BarFile::open(&file.path)?.provenance();
        all = Some(match all {
            None => of_file,
            Some(before) => Provenance {
                provider: join_providers(before.provider, &of_file.provider),
                waived: &before.waived | &of_file.waived,
                ..of_file
            },
        });
    }
    let mut all = all.unwrap_or_default();
    all.waived.extend(waived);
    Ok(all)
}

/// Counts rows that repeat a stamp; yields how many of them have other values.
fn count_repeats(
    rows: &mut Sorted,
    rejected: &mut BTreeMap<ImportReason, u64>,
) -> Result<u64, DataError> {
    let mut firsts = Firsts::default();
    rows.each(|some| {
        firsts.of(some, &mut |reason| count(rejected, reason));
        Ok(())
    })?;
    Ok(rejected.get(&ImportReason::Conflicting).copied().unwrap_or_default())
}

/// Of rows with one stamp the first.
#[derive(Default)]
struct Firsts {
    last: Option<Row>,
}

impl Firsts {
    /// The first rows of their stamps among `some`; each other one is handed to `repeats`.
    fn of(&mut self, some: &[Row], repeats: &mut dyn FnMut(ImportReason)) -> Vec<Row> {
        let mut firsts = Vec::with_capacity(some.len());
        for row in some {
            match &self.last {
                Some(last) if last.stamp_ns == row.stamp_ns => {
                    let is_same = bits(&last.ohlcv) == bits(&row.ohlcv);
                    repeats(if is_same {
                        ImportReason::Duplicate
                    } else {
                        ImportReason::Conflicting
                    });
                }
                _ => {
                    self.last = Some(*row);
                    firsts.push(*row);
                }
            }
        }
        firsts
    }
}

fn bits(ohlcv: &Ohlcv) -> [u64; 5] {
    [ohlcv.open, ohlcv.high, ohlcv.low, ohlcv.close, ohlcv.volume].map(f64::to_bits)
}

#[cfg(test)]
mod tests {
    use openbell_time::Timestamp;

    use super::*;
    use crate::store::StoreOptions;
    use crate::store::writer::StoreWriter;

    /// Minutes in no order, some of them twice, in three files that overlap.
    fn shuffled(folder: &std::path::Path) {
        let open: Timestamp = "2025-07-02T13:30:00Z".parse().unwrap();
        for file in 0..3 {
            let mut rows = BarColumns::default();
            for n in 0..130_i64 {
                let minute = (n * 89 + file * 41) % 390;
                let price = 10.0 + minute as f64;
                let bar = Ohlcv { open: price, high: price, low: price, close: price, volume: 1.0 };
                rows.push(open + openbell_time::Nanos::from_secs(60 * minute), bar);
            }
            let key =
                SeriesKey { symbol: "AAPL".parse().unwrap(), interval: "1m".parse().unwrap() };
            let path = folder.join("1m/AAPL").join(format!("{file}.parquet"));
            let disk: Arc<dyn crate::disk::Disk> = Arc::new(crate::disk::RealDisk);
            let mut out = crate::disk::AtomicFile::create(&disk, &path).unwrap();
            crate::codec::encode::write_bars(&mut out, &key, &Provenance::default(), &rows)
                .unwrap();
            out.commit().unwrap();
        }
    }

    #[test]
    fn rows_in_no_order_are_copied_in_many_runs_as_in_one() {
        let folder = tempfile::tempdir().unwrap();
        shuffled(folder.path());
        let source = DataManager::open(folder.path(), &StoreOptions::default()).unwrap();
        let key = source.keys().next().unwrap().clone();
        let calendar = openbell_time::TimeManager::new().calendar("US_EQUITY").unwrap();
        let copied = |n_rows_max: usize| {
            let into = tempfile::tempdir().unwrap();
            let mut writer = StoreWriter::open(into.path()).unwrap();
            let mut importer = Importer { n_rows_max, ..Importer::new(&mut writer) };
            let (exchange_group, waived) = ("US_EQUITY", &BTreeSet::new());
            let stamps = CopyStamps::default();
            let target = CopyTarget { exchange_group, calendar: &calendar, waived, stamps };
            let report = importer.copy_series(&source, &key, &target).unwrap();
            let store = DataManager::open(into.path(), &StoreOptions::default()).unwrap();
            let mut rows = BarColumns::default();
            store.read(&key, Timestamp::MIN..Timestamp::MAX, &calendar, &mut rows).unwrap();
            (report, rows)
        };
        let (report, rows) = copied(10_000);
        assert!(report.was_unsorted && rows.opens_at_ns.is_sorted());
        assert_eq!((report.n_rows, report.counts.added), (390, rows.len() as u64));
        assert_eq!(report.rejected[&ImportReason::Duplicate], 390 - report.counts.added);
        for n_rows_max in [7, 50, 130, 389] {
            assert!(copied(n_rows_max) == (report.clone(), rows.clone()), "{n_rows_max} at a time");
        }
    }
}
