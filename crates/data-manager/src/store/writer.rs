//! Rows into the store: merged by stamp into the files of their months or years, each replaced in
//! one step.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openbell_market::{BarColumns, SeriesKey};
use openbell_time::Timestamp;
use tracing::info;

use crate::DataError;
use crate::codec::bar_file::{BarFile, Provenance};
use crate::codec::decode::{Decoder, StampBounds};
use crate::codec::encode;
use crate::disk::{self, AtomicFile, Disk, RealDisk, WriteLock};
use crate::store::layout::{self, Period};

/// The name of the lock file in the root of a store.
pub(crate) const LOCK_FILE: &str = ".openbell.lock";

/// Rows that are held at once where a file is rewritten: six months of seconds around the clock, 800 MB.
const REWRITE_ROWS_MAX: u64 = 1 << 24;

/// Rows for which room is made because a footer claims them; for more it is made as they come.
const CAPACITY_ROWS_MAX: u64 = 1 << 16;

/// What a merge has done.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct MergeCounts {
    /// Rows whose stamp the store did not have.
    pub added: u64,
    /// Rows whose stamp the store had, with other values; they have taken its place.
    pub updated: u64,
    /// Rows that the store had, bit for bit.
    pub unchanged: u64,
}

impl std::ops::AddAssign for MergeCounts {
    fn add_assign(&mut self, other: MergeCounts) {
        self.added += other.added;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
    }
}

/// The right to write to one hive store; there is one at a time, over all processes.
///
/// *Example*
///
/// ```
/// use openbell_data_manager::{DataManager, Provenance, StoreOptions, StoreWriter};
/// use openbell_market::{BarColumns, BarInterval, Ohlcv, SeriesKey};
///
/// let folder = tempfile::tempdir()?;
/// let key = SeriesKey { symbol: "AAPL".parse()?, interval: BarInterval::from_mins(1).unwrap() };
/// let mut rows = BarColumns::default();
/// let bar = Ohlcv { open: 10.0, high: 12.0, low: 9.0, close: 11.0, volume: 300.0 };
/// rows.push("2025-07-02T13:30:00Z".parse()?, bar);
///
/// let mut writer = StoreWriter::open(folder.path())?;
/// let counts = writer.merge("US_EQUITY", &key, &Provenance::default(), &rows)?;
/// assert_eq!((counts.added, counts.updated, counts.unchanged), (1, 0, 0));
/// let again = writer.merge("US_EQUITY", &key, &Provenance::default(), &rows)?;
/// assert_eq!((again.added, again.updated, again.unchanged), (0, 0, 1));
///
/// let store = DataManager::open(folder.path(), &StoreOptions::default())?;
/// assert_eq!(store.series()[0].n_rows, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct StoreWriter {
    root: PathBuf,
    disk: Arc<dyn Disk>,
    _lock: WriteLock,
}

impl std::fmt::Debug for StoreWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreWriter").field("root", &self.root).finish_non_exhaustive()
    }
}

impl StoreWriter {
    /// Opens the store in `root` for writing, and makes it where there is none.
    ///
    /// # Errors
    ///
    /// [`DataError::StoreLocked`] while another writer is open, here or in another process;
    /// [`DataError::StoreIsFile`]; [`DataError::Io`].
    pub fn open(root: impl AsRef<Path>) -> Result<StoreWriter, DataError> {
        StoreWriter::open_on(Arc::new(RealDisk), root.as_ref())
    }

    pub(crate) fn open_on(disk: Arc<dyn Disk>, root: &Path) -> Result<StoreWriter, DataError> {
        if disk::is_file(root) {
            return Err(DataError::StoreIsFile { path: root.to_owned() });
        }
        disk.create_folders(root)
            .map_err(|source| DataError::io(crate::IoAction::Create, root, source))?;
        let lock = disk::lock(root, LOCK_FILE)?;
        Ok(StoreWriter { root: root.to_owned(), disk, _lock: lock })
    }

    /// The folder of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Merges `rows` into the series `key` of `exchange_group`: a row whose stamp is there already
    /// takes the place of the stored one. Files of which no row changes are left alone.
    ///
    /// *Shape*: `rows` are strictly ascending; 1d and 1w rows are stamped with their label, the
    /// session date (1w: the Monday) at 00:00 UTC. *Cost*: reads and writes whole months (1d and
    /// 1w: years).
    ///
    /// # Errors
    ///
    /// [`DataError::RowsNotAscending`] and [`DataError::NotStorable`] before anything is written;
    /// [`DataError::MixedAdjustment`] and [`DataError::SyntheticMixed`] where the stored rows are
    /// of another kind, also before; those of the file system, after which every file is the old
    /// one or the new one.
    pub fn merge(
        &mut self,
        exchange_group: &str,
        key: &SeriesKey,
        provenance: &Provenance,
        rows: &BarColumns,
    ) -> Result<MergeCounts, DataError> {
        check_rows(key, rows)?;
        let folder = layout::hive_folder(&self.root, exchange_group, key);
        self.check_series(&folder, key, provenance)?;
        let mut counts = MergeCounts::default();
        for (period, range) in by_period(key, rows) {
            let target = folder.join(period.file_name());
            counts += self.merge_file(&target, key, provenance, rows, range)?;
        }
        Ok(counts)
    }

    /// Whether something is stored of a series.
    pub(crate) fn has_series(&self, exchange_group: &str, key: &SeriesKey) -> bool {
        disk::is_folder(&layout::hive_folder(&self.root, exchange_group, key))
    }

    /// What a merge of `rows` would do; nothing is written.
    pub(crate) fn compare(
        &self,
        exchange_group: &str,
        key: &SeriesKey,
        rows: &BarColumns,
    ) -> Result<MergeCounts, DataError> {
        let mut counts = MergeCounts::default();
        let mut each = |_: usize, is_same: Option<bool>| match is_same {
            None => counts.added += 1,
            Some(true) => counts.unchanged += 1,
            Some(false) => counts.updated += 1,
        };
        self.each_beside(exchange_group, key, rows, &mut each)?;
        Ok(counts)
    }

    /// The places of `rows` whose stamp is stored with other values.
    pub(crate) fn differing(
        &self,
        exchange_group: &str,
        key: &SeriesKey,
        rows: &BarColumns,
    ) -> Result<Vec<usize>, DataError> {
        let mut differing = Vec::new();
        let mut each = |row: usize, is_same: Option<bool>| {
            if is_same == Some(false) {
                differing.push(row);
            }
        };
        self.each_beside(exchange_group, key, rows, &mut each)?;
        Ok(differing)
    }

    /// Says of each of `rows` whether its stamp is stored, and if so whether with the same values.
    fn each_beside(
        &self,
        exchange_group: &str,
        key: &SeriesKey,
        rows: &BarColumns,
        each: &mut dyn FnMut(usize, Option<bool>),
    ) -> Result<(), DataError> {
        let folder = layout::hive_folder(&self.root, exchange_group, key);
        for (period, range) in by_period(key, rows) {
            let path = folder.join(period.file_name());
            let stored = if disk::is_file(&path) {
                read_all(&Arc::new(BarFile::open(&path)?))?
            } else {
                BarColumns::default()
            };
            let mut next = 0;
            for row in range {
                let stamp_ns = rows.opens_at_ns[row];
                next += stored.opens_at_ns[next..].partition_point(|&at| at < stamp_ns);
                let is_there = stored.opens_at_ns.get(next) == Some(&stamp_ns);
                each(row, is_there.then(|| is_same_row(&stored, next, rows, row)));
            }
        }
        Ok(())
    }

    /// The stored rows of a series whose written stamps lie in `range`.
    pub(crate) fn stored(
        &self,
        exchange_group: &str,
        key: &SeriesKey,
        range: Range<Timestamp>,
    ) -> Result<BarColumns, DataError> {
        let folder = layout::hive_folder(&self.root, exchange_group, key);
        let mut stored = BarColumns::default();
        let mut at = range.start;
        while at < range.end {
            let period = Period::of(key.interval, at);
            let path = folder.join(period.file_name());
            if disk::is_file(&path) {
                let rows = read_all(&Arc::new(BarFile::open(&path)?))?;
                let first = rows.opens_at_ns.partition_point(|&ns| ns < range.start.as_nanos());
                let until = rows.opens_at_ns.partition_point(|&ns| ns < range.end.as_nanos());
                stored.extend_from(&rows, first..until.max(first));
            }
            at = period.range().end;
        }
        Ok(stored)
    }

    /// Who supplied what is stored of a series, file by file; nothing where nothing is stored.
    pub(crate) fn providers(
        &self,
        exchange_group: &str,
        key: &SeriesKey,
    ) -> Result<Vec<Option<String>>, DataError> {
        let folder = layout::hive_folder(&self.root, exchange_group, key);
        if !disk::is_folder(&folder) {
            return Ok(Vec::new());
        }
        let entries = disk::list(&folder)?.into_iter();
        let files = entries.filter(|entry| Period::from_file_name(&entry.name).is_some());
        files
            .map(|entry| Ok(BarFile::open(&folder.join(&entry.name))?.provenance().provider))
            .collect()
    }

    /// Compares the kind of what is stored with the kind of what is to be.
    pub(crate) fn check_series(
        &self,
        folder: &Path,
        key: &SeriesKey,
        provenance: &Provenance,
    ) -> Result<(), DataError> {
        if !disk::is_folder(folder) {
            return Ok(());
        }
        for entry in disk::list(folder)? {
            if Period::from_file_name(&entry.name).is_none() {
                continue;
            }
            let path = folder.join(&entry.name);
            let stored = BarFile::open(&path)?.provenance();
            if stored.is_synthetic != provenance.is_synthetic {
                return Err(DataError::SyntheticMixed { path, is_synthetic: stored.is_synthetic });
            }
            if stored.adjustment != provenance.adjustment {
                return Err(DataError::MixedAdjustment {
                    first: key.clone(),
                    first_adjustment: stored.adjustment,
                    second: key.clone(),
                    second_adjustment: provenance.adjustment,
                });
            }
            // All files of a series are written by this crate with one kind: one says it for all.
            break;
        }
        Ok(())
    }

    pub(crate) fn merge_file(
        &self,
        target: &Path,
        key: &SeriesKey,
        provenance: &Provenance,
        rows: &BarColumns,
        range: std::ops::Range<usize>,
    ) -> Result<MergeCounts, DataError> {
        let mut new = BarColumns::with_capacity(range.len());
        if !disk::is_file(target) {
            new.extend_from(rows, range.clone());
            self.replace(target, key, provenance, &new)?;
            return Ok(MergeCounts { added: range.len() as u64, ..MergeCounts::default() });
        }
        let file = Arc::new(BarFile::open(target)?);
        let stored = read_all(&file)?;
        let (merged, counts) = merge(&stored, rows, range);
        if counts.added + counts.updated > 0 {
            let provenance = Provenance {
                provider: join_providers(file.provenance().provider, &provenance.provider),
                waived: &file.provenance().waived | &provenance.waived,
                ..provenance.clone()
            };
            self.replace(target, key, &provenance, &merged)?;
        }
        Ok(counts)
    }

    /// Removes a file of the store.
    pub(crate) fn remove(&self, path: &Path) -> Result<(), DataError> {
        self.disk
            .remove(path)
            .map_err(|source| DataError::io(crate::IoAction::Remove, path, source))
    }

    /// Puts `rows` in the place of whatever stands at `target`.
    pub(crate) fn replace(
        &self,
        target: &Path,
        key: &SeriesKey,
        provenance: &Provenance,
        rows: &BarColumns,
    ) -> Result<(), DataError> {
        let mut file = AtomicFile::create(&self.disk, target)?;
        encode::write_bars(&mut file, key, provenance, rows)
            .map_err(|error| encode_error(target, error))?;
        file.commit()?;
        info!(path = %target.display(), n_rows = rows.len(), "file written");
        Ok(())
    }
}

/// The error of a write that went through the encoder.
pub(crate) fn encode_error(target: &Path, error: parquet::errors::ParquetError) -> DataError {
    let source = match error {
        parquet::errors::ParquetError::External(inner) => match inner.downcast() {
            Ok(io) => *io,
            Err(other) => std::io::Error::other(other),
        },
        other => std::io::Error::other(other),
    };
    DataError::io(crate::IoAction::Write, target, source)
}

/// All rows of one file, ascending.
fn read_all(file: &Arc<BarFile>) -> Result<BarColumns, DataError> {
    rest_of(Decoder::new(file.clone(), StampBounds::ASCENDING))
}

/// All rows of one file, in whatever order they stand.
pub(crate) fn read_as_they_stand(file: &Arc<BarFile>) -> Result<BarColumns, DataError> {
    rest_of(Decoder::unchecked(file.clone()))
}

fn rest_of(mut decoder: Decoder) -> Result<BarColumns, DataError> {
    let n_rows = decoder.file().n_rows();
    if n_rows > REWRITE_ROWS_MAX {
        let (path, n_max) = (decoder.file().path.clone(), REWRITE_ROWS_MAX);
        return Err(DataError::TooLargeToRewrite { path, n_rows, n_max });
    }
    let mut rows = BarColumns::with_capacity(n_rows.min(CAPACITY_ROWS_MAX) as usize);
    loop {
        let stamps = decoder.stamps()?;
        if stamps.is_empty() {
            return Ok(rows);
        }
        let n_rows = stamps.len();
        rows.opens_at_ns.extend_from_slice(stamps);
        decoder.take(n_rows, &mut rows)?;
    }
}

/// Both, in the order of stamps; where both have a stamp, the new row. A duplicate among the
/// stored rows stays where the new ones do not name its stamp.
fn merge(
    stored: &BarColumns,
    new: &BarColumns,
    range: std::ops::Range<usize>,
) -> (BarColumns, MergeCounts) {
    let mut merged = BarColumns::with_capacity(stored.len() + range.len());
    let mut counts = MergeCounts::default();
    let mut next_stored = 0;
    for row in range {
        let stamp = new.opens_at_ns[row];
        let n_before =
            stored.opens_at_ns[next_stored..].partition_point(|&stored_at| stored_at < stamp);
        merged.extend_from(stored, next_stored..next_stored + n_before);
        next_stored += n_before;
        let n_same = stored.opens_at_ns[next_stored..].partition_point(|&at| at == stamp);
        if n_same == 0 {
            counts.added += 1;
        } else if n_same == 1 && is_same_row(stored, next_stored, new, row) {
            counts.unchanged += 1;
        } else {
            counts.updated += 1;
        }
        next_stored += n_same;
        merged.extend_from(new, row..row + 1);
    }
    merged.extend_from(stored, next_stored..stored.len());
    (merged, counts)
}

pub(crate) fn is_same_row(a: &BarColumns, row_a: usize, b: &BarColumns, row_b: usize) -> bool {
    let bits = |rows: &BarColumns, row: usize| {
        [rows.open[row], rows.high[row], rows.low[row], rows.close[row], rows.volume[row]]
            .map(f64::to_bits)
    };
    bits(a, row_a) == bits(b, row_b)
}

/// The rows of each period, in order.
pub(crate) fn by_period<'a>(
    key: &'a SeriesKey,
    rows: &'a BarColumns,
) -> impl Iterator<Item = (Period, Range<usize>)> + 'a {
    let mut first = 0;
    std::iter::from_fn(move || {
        if first == rows.len() {
            return None;
        }
        let period = Period::of(key.interval, rows.opens_at(first));
        let until_ns = period.range().end.as_nanos();
        let n_rows = rows.opens_at_ns[first..].partition_point(|&ns| ns < until_ns).max(1);
        let range = first..first + n_rows;
        first += n_rows;
        Some((period, range))
    })
}

fn check_rows(key: &SeriesKey, rows: &BarColumns) -> Result<(), DataError> {
    for row in 0..rows.len() {
        let stamp = rows.opens_at(row);
        if row > 0 && stamp <= rows.opens_at(row - 1) {
            let after = rows.opens_at(row - 1);
            return Err(DataError::RowsNotAscending { key: key.clone(), row, stamp, after });
        }
        let not_storable =
            |reason| Err(DataError::NotStorable { key: key.clone(), row, stamp, reason });
        if stamp.as_nanos() % 1_000 != 0 {
            return not_storable("its stamp is no whole microsecond");
        }
        if key.interval.clock().is_none() && stamp != stamp.utc_date().utc_midnight() {
            return not_storable("a 1d or 1w bar is stamped with its session date at 00:00 UTC");
        }
        if rows.ohlcv(row).fault().is_some() {
            return not_storable("its values cannot be those of a bar");
        }
    }
    Ok(())
}

/// The providers of a file to which rows of another one were added, `a+b`.
pub(crate) fn join_providers(stored: Option<String>, new: &Option<String>) -> Option<String> {
    match (stored, new) {
        (Some(stored), Some(new)) if !stored.split('+').any(|one| one == new) => {
            Some(format!("{stored}+{new}"))
        }
        (Some(stored), _) => Some(stored),
        (None, new) => new.clone(),
    }
}
