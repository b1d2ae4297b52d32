//! A disk that fails at a chosen step, and the tests that end writes at every one of them.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use openbell_market::{BarColumns, Ohlcv, SeriesKey};
use openbell_time::{Nanos, TimeManager, Timestamp};

use crate::disk::{Disk, DiskFile, RealDisk};
use crate::export::{ExportBars, QualityRow, RunExport};
use crate::{
    DataError, DataManager, Effect, FindingKind, Provenance, StoreOptions, StoreWriter, verify,
};

/// What happens at the chosen step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    /// The process dies: nothing that follows happens, half of a write is done.
    Killed,
    /// The system refuses, as it does when the disk is full; what follows happens.
    Refused,
}

/// The machine's disk, until step `fails_at`.
struct FaultyDisk {
    steps: Arc<AtomicUsize>,
    fails_at: usize,
    fault: Fault,
}

struct FaultyFile {
    inner: Box<dyn DiskFile>,
    steps: Arc<AtomicUsize>,
    fails_at: usize,
    fault: Fault,
}

fn step(steps: &AtomicUsize, fails_at: usize, fault: Fault) -> io::Result<()> {
    let step = steps.fetch_add(1, Ordering::Relaxed);
    let is_failing = match fault {
        Fault::Killed => step >= fails_at,
        Fault::Refused => step == fails_at,
    };
    if is_failing {
        Err(io::Error::new(io::ErrorKind::StorageFull, "no room left"))
    } else {
        Ok(())
    }
}

impl FaultyDisk {
    fn failing_at(fails_at: usize, fault: Fault) -> (Arc<dyn Disk>, Arc<AtomicUsize>) {
        let steps = Arc::new(AtomicUsize::new(0));
        (Arc::new(FaultyDisk { steps: steps.clone(), fails_at, fault }), steps)
    }

    fn step(&self) -> io::Result<()> {
        step(&self.steps, self.fails_at, self.fault)
    }

    fn wrap(&self, inner: Box<dyn DiskFile>) -> Box<dyn DiskFile> {
        let (steps, fails_at, fault) = (self.steps.clone(), self.fails_at, self.fault);
        Box::new(FaultyFile { inner, steps, fails_at, fault })
    }
}

impl Disk for FaultyDisk {
    fn create_folders(&self, folder: &Path) -> io::Result<()> {
        self.step()?;
        RealDisk.create_folders(folder)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.step()?;
        Ok(self.wrap(RealDisk.create(path)?))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.step()?;
        Ok(self.wrap(RealDisk.append(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        RealDisk.rename(from, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.step()?;
        RealDisk.sync_folder(folder)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        RealDisk.remove(path)
    }
}

impl Write for FaultyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(error) = step(&self.steps, self.fails_at, self.fault) {
            if self.steps.load(Ordering::Relaxed) == self.fails_at + 1 {
                self.inner.write_all(&bytes[..bytes.len() / 2])?;
            }
            return Err(error);
        }
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl DiskFile for FaultyFile {
    fn sync(&mut self) -> io::Result<()> {
        step(&self.steps, self.fails_at, self.fault)?;
        self.inner.sync()
    }
}

fn key() -> SeriesKey {
    SeriesKey { symbol: "AAPL".parse().unwrap(), interval: "1m".parse().unwrap() }
}

/// Minutes over the end of June, priced `price`.
fn rows(n_rows: i64, price: f64) -> BarColumns {
    let first: Timestamp = "2025-06-30T22:00:00Z".parse().unwrap();
    let mut rows = BarColumns::default();
    for n in 0..n_rows {
        let bar = Ohlcv { open: price, high: price, low: price, close: price, volume: 1.0 };
        rows.push(first + Nanos::from_secs(60 * n), bar);
    }
    rows
}

fn merge(disk: Arc<dyn Disk>, root: &Path, rows: &BarColumns) -> Result<(), DataError> {
    let mut writer = StoreWriter::open_on(disk, root)?;
    writer.merge("US_EQUITY", &key(), &Provenance::default(), rows).map(|_| ())
}

/// Every file below `root` but the lock.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in crate::disk::list(&folder).unwrap() {
            let path = folder.join(&entry.name);
            if entry.is_folder {
                folders.push(path);
            } else if entry.name != crate::store::writer::LOCK_FILE {
                let bytes = crate::disk::read(&path).unwrap();
                files.insert(path.strip_prefix(root).unwrap().to_owned(), bytes);
            }
        }
    }
    files
}

/// The files of a store after each of the merges.
fn store_after(merges: &[BarColumns]) -> BTreeMap<PathBuf, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    for rows in merges {
        merge(Arc::new(RealDisk), folder.path(), rows).unwrap();
    }
    files(folder.path())
}

fn is_leftover(path: &Path) -> bool {
    path.to_string_lossy().ends_with(crate::disk::UNFINISHED)
}

#[test]
fn a_merge_killed_at_any_step_leaves_every_file_old_or_new_and_verify_names_the_rest() {
    let (old_rows, new_rows) = (rows(240, 1.0), rows(300, 2.0));
    let old = store_after(std::slice::from_ref(&old_rows));
    let new = store_after(&[old_rows.clone(), new_rows.clone()]);
    let mut n_points = 0;
    let mut n_leftovers = 0;
    for fails_at in 0.. {
        let folder = tempfile::tempdir().unwrap();
        merge(Arc::new(RealDisk), folder.path(), &old_rows).unwrap();
        let (disk, steps) = FaultyDisk::failing_at(fails_at, Fault::Killed);
        let outcome = merge(disk, folder.path(), &new_rows);
        if steps.load(Ordering::Relaxed) <= fails_at {
            assert!(outcome.is_ok());
            break;
        }
        n_points += 1;
        let found = files(folder.path());
        for (path, bytes) in found.iter().filter(|(path, _)| !is_leftover(path)) {
            let is_old_or_new = old.get(path) == Some(bytes) || new.get(path) == Some(bytes);
            assert!(is_old_or_new, "killed at step {fails_at}: {}", path.display());
        }
        assert!(old.keys().all(|path| found.contains_key(path)), "killed at step {fails_at}");

        let leftovers = found.keys().filter(|path| is_leftover(path)).count();
        n_leftovers += leftovers;
        let report = verify(folder.path(), &|_| None).unwrap();
        let named = report.findings.iter().filter(|f| matches!(f.kind, FindingKind::Leftover));
        assert_eq!(named.count(), leftovers, "killed at step {fails_at}");
        assert_eq!(report.findings.len(), leftovers, "killed at step {fails_at}");

        let mut writer = StoreWriter::open(folder.path()).unwrap();
        assert_eq!(writer.repair().unwrap().removed.len(), leftovers);
        drop(writer);
        merge(Arc::new(RealDisk), folder.path(), &new_rows).unwrap();
        assert!(files(folder.path()) == new, "killed at step {fails_at}, then merged again");
    }
    println!("killed at {n_points} points, {n_leftovers} of them left a file");
    assert!(n_points >= 14 && n_leftovers >= 6, "{n_points} points, {n_leftovers} leftovers");
}

/// A store with a month in one file, and more of that month in a small one.
fn store_with_a_small_file() -> tempfile::TempDir {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (all, mut later) = (rows(300, 1.0), BarColumns::default());
    merge(Arc::new(RealDisk), folder.path(), &rows(200, 1.0)).unwrap();
    later.extend_from(&all, 200..300);
    merge(Arc::new(RealDisk), other.path(), &later).unwrap();
    let (path, bytes) = files(other.path()).pop_first().unwrap();
    let small = folder.path().join(path).with_file_name("part-0.parquet");
    let mut file = RealDisk.create(&small).unwrap();
    file.write_all(&bytes).unwrap();
    folder
}

fn stored(root: &Path) -> BarColumns {
    let store = DataManager::open(root, &StoreOptions::default()).unwrap();
    let calendar = TimeManager::new().calendar("US_EQUITY").unwrap();
    let mut out = BarColumns::default();
    store.read(&key(), Timestamp::MIN..Timestamp::MAX, &calendar, &mut out).unwrap();
    out
}

#[test]
fn a_compaction_killed_at_any_step_loses_no_row_and_is_finished_by_a_repair() {
    let mut n_points = 0;
    for fails_at in 0.. {
        let folder = store_with_a_small_file();
        let (disk, steps) = FaultyDisk::failing_at(fails_at, Fault::Killed);
        let outcome =
            StoreWriter::open_on(disk, folder.path()).and_then(|mut w| w.compact(Effect::Apply));
        if steps.load(Ordering::Relaxed) <= fails_at {
            assert!(outcome.is_ok());
            break;
        }
        n_points += 1;
        StoreWriter::open(folder.path()).unwrap().repair().unwrap();
        assert_eq!(stored(folder.path()), rows(300, 1.0), "killed at step {fails_at}");
        assert!(verify(folder.path(), &|_| None).unwrap().is_valid(), "killed at step {fails_at}");
        StoreWriter::open(folder.path()).unwrap().compact(Effect::Apply).unwrap();
        assert_eq!(files(folder.path()).len(), 2, "killed at step {fails_at}");
    }
    assert!(n_points >= 7, "{n_points} points");
}

#[test]
fn a_deletion_killed_at_any_step_leaves_every_file_old_or_new_and_is_given_again() {
    // The end of June, and the beginning of July: one file goes, of one something stays.
    let stamps = rows(300, 1.0).opens_at_ns;
    let range = Timestamp::from_nanos(stamps[0])..Timestamp::from_nanos(stamps[200]);
    let delete = |disk: Arc<dyn Disk>, root: &Path| {
        let mut writer = StoreWriter::open_on(disk, root)?;
        writer.delete("US_EQUITY", &key(), range.clone(), Effect::Apply)
    };
    let after = tempfile::tempdir().unwrap();
    merge(Arc::new(RealDisk), after.path(), &rows(300, 1.0)).unwrap();
    let old = files(after.path());
    delete(Arc::new(RealDisk), after.path()).unwrap();
    let new = files(after.path());
    assert_eq!((old.len(), new.len()), (2, 1));
    let mut n_points = 0;
    for fails_at in 0.. {
        let folder = tempfile::tempdir().unwrap();
        merge(Arc::new(RealDisk), folder.path(), &rows(300, 1.0)).unwrap();
        let (disk, steps) = FaultyDisk::failing_at(fails_at, Fault::Killed);
        let outcome = delete(disk, folder.path());
        if steps.load(Ordering::Relaxed) <= fails_at {
            assert!(outcome.is_ok());
            break;
        }
        n_points += 1;
        for (path, bytes) in files(folder.path()).iter().filter(|(path, _)| !is_leftover(path)) {
            let is_old_or_new = old.get(path) == Some(bytes) || new.get(path) == Some(bytes);
            assert!(is_old_or_new, "killed at step {fails_at}: {}", path.display());
        }
        StoreWriter::open(folder.path()).unwrap().repair().unwrap();
        delete(Arc::new(RealDisk), folder.path()).unwrap();
        assert!(files(folder.path()) == new, "killed at step {fails_at}, then deleted again");
    }
    assert!(n_points >= 7, "{n_points} points");
}

#[test]
fn a_full_disk_is_an_error_and_the_store_is_as_it_was() {
    let (old_rows, new_rows) = (rows(60, 1.0), rows(60, 2.0));
    let old = store_after(std::slice::from_ref(&old_rows));
    let new = store_after(&[old_rows.clone(), new_rows.clone()]);
    for fails_at in 0.. {
        let folder = tempfile::tempdir().unwrap();
        merge(Arc::new(RealDisk), folder.path(), &old_rows).unwrap();
        let (disk, steps) = FaultyDisk::failing_at(fails_at, Fault::Refused);
        let outcome = merge(disk, folder.path(), &new_rows);
        if steps.load(Ordering::Relaxed) <= fails_at {
            break;
        }
        let error = outcome.unwrap_err();
        assert!(matches!(error, DataError::Io { .. }), "refused at step {fails_at}: {error}");
        let found = files(folder.path());
        // The last step brings the new name to the disk: by then the new file is there.
        assert!(found == old || found == new, "refused at step {fails_at}: {:?}", found.keys());
    }
}

#[test]
fn an_export_killed_at_any_step_leaves_whole_files_only() {
    let (rows, counts) = (rows(40, 1.0), vec![1; 40]);
    let write = |disk: Arc<dyn Disk>, root: &Path| -> Result<(), DataError> {
        let mut export = RunExport::create_on(disk, root, "a run")?;
        let session_date = "2025-06-30".parse().unwrap();
        let bars = ExportBars { bars: rows.as_rows(), n: &counts, expected: &counts };
        export.append_bars(&key(), session_date, &bars)?;
        let row =
            QualityRow { key: key(), session_date, expected: 40, present: 40, longest_gap: 0 };
        export.append_quality(&row)?;
        export.finish().map(|_| ())
    };
    let folder = tempfile::tempdir().unwrap();
    write(Arc::new(RealDisk), folder.path()).unwrap();
    let whole = files(folder.path());
    let mut n_points = 0;
    for fails_at in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let (disk, steps) = FaultyDisk::failing_at(fails_at, Fault::Killed);
        let outcome = write(disk, folder.path());
        if steps.load(Ordering::Relaxed) <= fails_at {
            assert!(outcome.is_ok());
            break;
        }
        n_points += 1;
        assert!(outcome.is_err(), "killed at step {fails_at}");
        for (path, bytes) in files(folder.path()) {
            assert!(is_leftover(&path) || whole.get(&path) == Some(&bytes), "{}", path.display());
        }
    }
    assert!(n_points >= 12, "{n_points} points");
}
