//! Changes to a store that add no data: small files put together, misplaced rows put where they
//! belong, ranges deleted.
//!
//! Not here: series copied out of foreign folders ([`crate::import`]).

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openbell_market::{BarColumns, SeriesKey};
use openbell_time::{Calendar, Timestamp};

use crate::DataError;
use crate::codec::bar_file::{BarFile, Provenance};
use crate::store::layout::{self, Period, SeriesPlace};
use crate::store::rows::{drop_repeats, sort_by_stamp};
use crate::store::writer::{StoreWriter, by_period, is_same_row, read_as_they_stand};

/// Whether something is done, or only said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// It is done.
    Apply,
    /// Only what would be done is found out.
    DryRun,
}

/// What a compaction has done, or would do.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct CompactReport {
    /// Files whose rows stand in the files of their periods now; they are gone.
    pub dissolved: Vec<PathBuf>,
    /// Files that were written anew: sorted, without repeated rows, without rows of other periods.
    pub rewritten: Vec<PathBuf>,
    /// Files that were left alone, because they give other values for a stamp that is there
    /// already, and for how many.
    pub conflicting: Vec<(PathBuf, u64)>,
}

/// What a deletion has done, or would do.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct DeleteReport {
    /// Rows deleted.
    pub n_rows: u64,
    /// Files that have lost some of their rows.
    pub rewritten: Vec<PathBuf>,
    /// Files that have lost all of them, and are gone.
    pub removed: Vec<PathBuf>,
}

impl StoreWriter {
    /// Brings every series of the store into one file for each month or year: dissolves files with
    /// other names, sorts, takes out rows that repeat another bit for bit, and moves rows that
    /// stand in the file of another period. Where two rows of one stamp differ, the file that
    /// holds the second is left alone and named.
    ///
    /// *Cost*: reads every file; one file and one period in memory.
    ///
    /// # Errors
    ///
    /// Those of files that cannot be read, and of the file system. Rows are written to their new
    /// place before they leave the old one; a compaction that was killed is finished by the next.
    pub fn compact(&mut self, effect: Effect) -> Result<CompactReport, DataError> {
        let mut report = CompactReport::default();
        for place in layout::walk(self.root())?.places {
            if place.exchange_group.is_some() {
                for file in &place.files {
                    self.compact_file(&place, &file.path, file.period, effect, &mut report)?;
                }
            }
        }
        Ok(report)
    }

    fn compact_file(
        &mut self,
        place: &SeriesPlace,
        path: &Path,
        own: Option<Period>,
        effect: Effect,
        report: &mut CompactReport,
    ) -> Result<(), DataError> {
        let own = own.filter(|period| {
            // A year among months is a file like any other.
            let first = period.range().start;
            Period::of(place.key.interval, first) == *period
        });
        let file = Arc::new(BarFile::open(path)?);
        let provenance = file.provenance();
        let mut rows = read_as_they_stand(&file)?;
        let n_before = rows.len();
        let was_sorted = rows.opens_at_ns.is_sorted();
        sort_by_stamp(&mut rows);
        let mut n_conflicts = drop_repeats(&mut rows);
        let is_whole = was_sorted && rows.len() == n_before;

        let mut here = BarColumns::default();
        let mut elsewhere: Vec<(PathBuf, BarColumns)> = Vec::new();
        for (period, range) in by_period(&place.key, &rows) {
            if Some(period) == own {
                here.extend_from(&rows, range);
                continue;
            }
            let target = place.path.join(period.file_name());
            let mut moved = BarColumns::default();
            moved.extend_from(&rows, range);
            n_conflicts += self.conflicts(&target, &moved)?;
            elsewhere.push((target, moved));
        }
        if n_conflicts > 0 {
            report.conflicting.push((path.to_owned(), n_conflicts));
            return Ok(());
        }
        if own.is_some() && is_whole && elsewhere.is_empty() {
            return Ok(());
        }
        self.check_series(&place.path, &place.key, &provenance)?;
        if effect == Effect::Apply {
            for (target, moved) in &elsewhere {
                self.merge_into(target, &place.key, &provenance, moved)?;
            }
        }
        if own.is_some() && !here.is_empty() {
            if effect == Effect::Apply {
                self.replace(path, &place.key, &provenance, &here)?;
            }
            report.rewritten.push(path.to_owned());
        } else {
            if effect == Effect::Apply {
                self.remove(path)?;
            }
            report.dissolved.push(path.to_owned());
        }
        Ok(())
    }

    /// Rows of `target` that have the stamp of one of `rows` and other values.
    fn conflicts(&self, target: &Path, rows: &BarColumns) -> Result<u64, DataError> {
        if !crate::disk::is_file(target) {
            return Ok(0);
        }
        let stored = read_as_they_stand(&Arc::new(BarFile::open(target)?))?;
        let mut n_conflicts = 0;
        for row in 0..stored.len() {
            if let Ok(same) = rows.opens_at_ns.binary_search(&stored.opens_at_ns[row]) {
                n_conflicts += u64::from(!is_same_row(&stored, row, rows, same));
            }
        }
        Ok(n_conflicts)
    }

    fn merge_into(
        &mut self,
        target: &Path,
        key: &SeriesKey,
        provenance: &Provenance,
        rows: &BarColumns,
    ) -> Result<(), DataError> {
        self.merge_file(target, key, provenance, rows, 0..rows.len()).map(|_| ())
    }

    /// Deletes the rows of one series whose written stamp (1d and 1w: the label) lies in `range`,
    /// and no other.
    ///
    /// # Errors
    ///
    /// Those of files that cannot be read, and of the file system; every file is then the old one
    /// or the new one.
    pub fn delete(
        &mut self,
        exchange_group: &str,
        key: &SeriesKey,
        range: Range<Timestamp>,
        effect: Effect,
    ) -> Result<DeleteReport, DataError> {
        let folder = layout::hive_folder(self.root(), exchange_group, key);
        let mut report = DeleteReport::default();
        let places = layout::walk(self.root())?.places;
        let files = places.iter().filter(|place| place.path == folder).flat_map(|p| &p.files);
        for file in files {
            let held = file.period.map(Period::range);
            if held.is_some_and(|held| held.end <= range.start || held.start >= range.end) {
                continue;
            }
            let opened = Arc::new(BarFile::open(&file.path)?);
            let rows = read_as_they_stand(&opened)?;
            let mut kept = BarColumns::default();
            for row in 0..rows.len() {
                if !range.contains(&rows.opens_at(row)) {
                    kept.extend_from(&rows, row..row + 1);
                }
            }
            let n_deleted = (rows.len() - kept.len()) as u64;
            if n_deleted == 0 {
                continue;
            }
            report.n_rows += n_deleted;
            let is_emptied = kept.is_empty();
            if effect == Effect::Apply && is_emptied {
                self.remove(&file.path)?;
            } else if effect == Effect::Apply {
                self.replace(&file.path, key, &opened.provenance(), &kept)?;
            }
            let changed = if is_emptied { &mut report.removed } else { &mut report.rewritten };
            changed.push(file.path.clone());
        }
        Ok(report)
    }
}

/// `since..until` of written stamps that hold the bars of the sessions of `dates`: all hours
/// around them for clock intervals, the labels for 1d and 1w.
///
/// # Errors
///
/// [`DataError::Calendar`] where the calendar does not reach.
pub fn stamps_of_dates(
    key: &SeriesKey,
    dates: std::ops::RangeInclusive<openbell_time::TradingDate>,
    calendar: &Calendar,
) -> Result<Range<Timestamp>, DataError> {
    if key.interval.clock().is_none() {
        return Ok(dates.start().utc_midnight()..dates.end().plus_days(1).utc_midnight());
    }
    let sessions = calendar.sessions(dates.clone())?;
    let since = sessions.first().map(|session| session.pre_open.unwrap_or(session.open));
    let until = sessions.last().map(|session| session.post_close.unwrap_or(session.close));
    match (since, until) {
        (Some(since), Some(until)) => Ok(since..until),
        _ => {
            let midnight = dates.start().utc_midnight();
            Ok(midnight..midnight)
        }
    }
}
