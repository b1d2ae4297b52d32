//! Whether a store is what it should be: every file opened, every row looked at.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openbell_market::{Adjustment, BarColumns, SeriesKey, Symbol};
use openbell_time::{Calendar, CalendarCursor, Timestamp};

use crate::codec::bar_file::BarFile;
use crate::codec::decode::Decoder;
use crate::codec::foreign::Order;
use crate::evidence::{Placement, placement};
use crate::store::held::{self, Looked};
use crate::store::layout::{self, Period, SeriesPlace};
use crate::store::maintenance::{CompactReport, Effect};
use crate::store::not_a_store;
use crate::store::writer::{LOCK_FILE, StoreWriter, is_same_row};
use crate::{DataError, disk};

/// Something about a file that is not as it should be.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The file or folder.
    pub path: PathBuf,
    /// What it is.
    pub kind: FindingKind,
    /// Rows, or files, that it is true of.
    pub n: u64,
    /// The first of these rows, counted from 0, and its stamp as it is written.
    pub first: Option<(u64, Timestamp)>,
}

/// What may be found.
#[derive(Clone, Debug)]
pub enum FindingKind {
    /// A file that a killed write has left; it holds nothing that the store promises to have.
    Leftover,
    /// A file or folder that is no part of a store.
    Stranger,
    /// A folder that parts the bars of an interval by time, where a symbol's folder would stand.
    PartedByTime,
    /// A file that cannot be read to its end.
    Unreadable(DataError),
    /// Rows stamped before the row above them.
    Unsorted,
    /// Rows that repeat the row above them bit for bit.
    Repeated,
    /// Rows that repeat the stamp of the row above them, with other values.
    Conflicting,
    /// Rows whose values no bar can have.
    Invalid,
    /// Rows outside the month or year that their file is named for.
    OutsidePeriod,
    /// Rows that are not on the grid of the interval.
    OffGrid,
    /// Rows outside regular sessions: pre- and post-market, or a wrong zone.
    OffSession,
    /// A file whose metadata name another symbol or interval than its path.
    Misnamed,
    /// A file whose rows contradict what is said of it: they are of another symbol or interval, stamped
    /// in two units, or of another make than the files beside it; a series that is found twice.
    Contradictory(DataError),
    /// A symbol whose series are adjusted in different ways.
    MixedAdjustment,
}

impl FindingKind {
    /// The name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            FindingKind::Leftover => "leftover",
            FindingKind::Stranger => "stranger",
            FindingKind::PartedByTime => "parted_by_time",
            FindingKind::Unreadable(_) => "unreadable",
            FindingKind::Unsorted => "unsorted",
            FindingKind::Repeated => "repeated",
            FindingKind::Conflicting => "conflicting",
            FindingKind::Invalid => "invalid",
            FindingKind::OutsidePeriod => "outside_period",
            FindingKind::OffGrid => "off_grid",
            FindingKind::OffSession => "off_session",
            FindingKind::Misnamed => "misnamed",
            FindingKind::Contradictory(_) => "contradictory",
            FindingKind::MixedAdjustment => "mixed_adjustment",
        }
    }

    /// Whether a session run on the store is worse for it. Rows off session are left out by runs
    /// in regular hours and wanted by others; strangers and folders of times are not looked at; all are
    /// reported, and are no fault.
    pub fn is_fault(&self) -> bool {
        use FindingKind::{OffSession, PartedByTime, Stranger};
        !matches!(self, OffSession | Stranger | PartedByTime)
    }
}

/// What a verification has found.
#[derive(Clone, Default, Debug)]
pub struct VerifyReport {
    /// Files of series.
    pub n_files: u64,
    /// Rows in them.
    pub n_rows: u64,
    /// In order of paths; for each file in order of kinds.
    pub findings: Vec<Finding>,
    /// Whether a writer was at work: the files that it has begun are no leftovers, and not listed.
    pub is_being_written: bool,
}

impl VerifyReport {
    /// Whether nothing is wrong.
    pub fn is_valid(&self) -> bool {
        !self.findings.iter().any(|finding| finding.kind.is_fault())
    }
}

/// What a repair has done.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct RepairReport {
    /// Leftovers that were removed.
    pub removed: Vec<PathBuf>,
    /// What was sorted, put together and put in place.
    pub compacted: CompactReport,
}

/// Looks at every file of the store or flat folder `root`. `calendar_of` yields the calendar of an
/// exchange group (`None`: of a flat folder); where it yields none, rows are not held against
/// sessions.
///
/// *Cost*: reads and decodes everything, a few thousand rows at a time.
///
/// # Errors
///
/// [`DataError::NotAStore`] where there is nothing but what is no part of one, and those of listing
/// folders; what is wrong with files are findings.
pub fn verify(
    root: &Path,
    calendar_of: &dyn Fn(Option<&str>) -> Option<Calendar>,
) -> Result<VerifyReport, DataError> {
    if !disk::is_folder(root) {
        return Err(DataError::no_store(root, disk::is_file(root)));
    }
    let mut found = layout::walk(root)?;
    let mut report = VerifyReport::default();
    if !found.leftovers.is_empty() && disk::is_locked(root, LOCK_FILE) {
        report.is_being_written = true;
        found.leftovers.clear();
    }
    let whole = |path: PathBuf, kind| Finding { path, kind, n: 1, first: None };
    report.findings.extend(found.leftovers.drain(..).map(|p| whole(p, FindingKind::Leftover)));
    for (symbol, path) in std::mem::take(&mut found.without_interval) {
        match crate::store::guess::interval_of(&path) {
            Ok(Some(interval)) => found.places.push(layout::flat_place(symbol, interval, path)),
            Ok(None) => found.strangers.push(path),
            Err(error) => report.findings.push(whole(path, FindingKind::Unreadable(error))),
        }
    }
    if found.places.is_empty() && report.findings.is_empty() && !found.strangers.is_empty() {
        return Err(not_a_store(root, &found));
    }
    report.findings.extend(found.strangers.drain(..).map(|path| {
        let is_parted = found.parted_by_time.contains(&path);
        let kind = if is_parted { FindingKind::PartedByTime } else { FindingKind::Stranger };
        whole(path, kind)
    }));
    report.findings.extend(found_twice(&found.places));
    let mut adjustments: BTreeMap<(Option<String>, Symbol), Adjustment> = BTreeMap::new();
    for place in &found.places {
        let calendar = calendar_of(place.exchange_group.as_deref());
        let mut last = BarColumns::default();
        let mut of_series = None;
        for looked in held::look_at(place, Order::Ascending, calendar.as_ref()) {
            let mut check = FileCheck::new(place, &looked, calendar.as_ref(), last);
            check.run();
            report.n_files += 1;
            report.n_rows += check.n_rows;
            report.findings.extend(check.findings);
            last = check.last;
            let adjustment = looked.provenance.map(|provenance| provenance.adjustment);
            of_series = of_series.or(adjustment.map(|adjustment| (adjustment, looked.file.path)));
        }
        if let Some((adjustment, path)) = of_series {
            let owner = (place.exchange_group.clone(), place.key.symbol.clone());
            if *adjustments.entry(owner).or_insert(adjustment) != adjustment {
                report.findings.push(whole(path, FindingKind::MixedAdjustment));
            }
        }
    }
    report.findings.sort_by(|a, b| (&a.path, a.kind.name()).cmp(&(&b.path, b.kind.name())));
    Ok(report)
}

/// Series that are found at several places, of which no run knows which to read.
fn found_twice(places: &[SeriesPlace]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut by_key: BTreeMap<&SeriesKey, Vec<&SeriesPlace>> = BTreeMap::new();
    for place in places {
        by_key.entry(&place.key).or_default().push(place);
    }
    for (key, places) in by_key {
        for place in &places {
            // One of a group is told apart by the group; a flat folder has none.
            let is_mixed_up = |other: &&&SeriesPlace| {
                let groups = (&place.exchange_group, &other.exchange_group);
                matches!(groups, (None, _) | (_, None)) || groups.0 == groups.1
            };
            let same: Vec<PathBuf> =
                places.iter().filter(is_mixed_up).map(|other| other.path.clone()).collect();
            if same.len() > 1 {
                let error = DataError::AmbiguousSeries { key: key.clone(), places: same };
                let kind = FindingKind::Contradictory(error);
                findings.push(Finding { path: place.path.clone(), kind, n: 1, first: None });
            }
        }
    }
    findings
}

impl StoreWriter {
    /// Mends what can be mended without a loss: removes what killed writes have left, and
    /// compacts (see [`StoreWriter::compact`]). Files that cannot be read, rows that no bar can be
    /// and rows that contradict each other stay as they are.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn repair(&mut self) -> Result<RepairReport, DataError> {
        let mut report = RepairReport::default();
        for leftover in layout::walk(self.root())?.leftovers {
            self.remove(&leftover)?;
            report.removed.push(leftover);
        }
        report.compacted = self.compact(Effect::Apply)?;
        Ok(report)
    }
}

/// One file under examination.
struct FileCheck<'a> {
    key: &'a SeriesKey,
    looked: &'a Looked,
    cursor: Option<CalendarCursor>,
    n_rows: u64,
    /// The last row, at first that of the file before.
    last: BarColumns,
    findings: Vec<Finding>,
}

impl<'a> FileCheck<'a> {
    fn new(
        place: &'a SeriesPlace,
        looked: &'a Looked,
        calendar: Option<&'a Calendar>,
        last: BarColumns,
    ) -> FileCheck<'a> {
        FileCheck {
            key: &place.key,
            looked,
            cursor: calendar.map(Calendar::cursor),
            n_rows: 0,
            last,
            findings: Vec::new(),
        }
    }

    fn run(&mut self) {
        if let Err(error) = self.check_rows() {
            self.note(FindingKind::Unreadable(error), None);
        }
        // What a run would say of it is named, where its rows have not shown it.
        if let Some(error) = &self.looked.refused {
            let kind = kind_of(error.clone());
            if !self.findings.iter().any(|known| known.kind.name() == kind.name()) {
                self.note(kind, None);
            }
        }
    }

    fn check_rows(&mut self) -> Result<(), DataError> {
        let mut decoder = Decoder::unchecked(Arc::new(BarFile::open(&self.looked.file.path)?));
        let mut rows = BarColumns::default();
        loop {
            rows.clear();
            let stamps = decoder.stamps()?;
            let n_rows = stamps.len();
            if n_rows == 0 {
                return Ok(());
            }
            rows.opens_at_ns.extend_from_slice(stamps);
            decoder.take(n_rows, &mut rows)?;
            let last = std::mem::take(&mut self.last);
            for row in 0..n_rows {
                let before = if row > 0 { Some((&rows, row - 1)) } else { None };
                let before = before.or_else(|| (!last.is_empty()).then_some((&last, 0)));
                self.check_row(&rows, row, before);
                self.n_rows += 1;
            }
            self.last.extend_from(&rows, n_rows - 1..n_rows);
        }
    }

    fn check_row(&mut self, rows: &BarColumns, row: usize, before: Option<(&BarColumns, usize)>) {
        let stamp = rows.opens_at(row);
        let first = Some((self.n_rows, stamp));
        if let Some((others, other)) = before {
            let before = others.opens_at(other);
            if stamp < before {
                self.note(FindingKind::Unsorted, first);
            } else if stamp == before && is_same_row(others, other, rows, row) {
                self.note(FindingKind::Repeated, first);
            } else if stamp == before {
                self.note(FindingKind::Conflicting, first);
            }
        }
        if rows.ohlcv(row).fault().is_some() {
            self.note(FindingKind::Invalid, first);
        }
        if self.looked.file.period.is_some_and(|period: Period| !period.range().contains(&stamp)) {
            self.note(FindingKind::OutsidePeriod, first);
        }
        let interval = self.key.interval;
        let placed = self.cursor.as_mut().map(|cursor| placement(cursor, interval, stamp));
        match placed {
            Some(Placement::OffGrid) => self.note(FindingKind::OffGrid, first),
            Some(Placement::OffSession) => self.note(FindingKind::OffSession, first),
            Some(Placement::OnGrid | Placement::Unknown) | None => {}
        }
    }

    /// Counts one more of a kind; of each kind the first is kept.
    fn note(&mut self, kind: FindingKind, first: Option<(u64, Timestamp)>) {
        match self.findings.iter_mut().find(|known| known.kind.name() == kind.name()) {
            Some(known) => known.n += 1,
            None => {
                let path = self.looked.file.path.clone();
                self.findings.push(Finding { path, kind, n: 1, first });
            }
        }
    }
}

/// What an error of a whole file is as a finding.
fn kind_of(error: DataError) -> FindingKind {
    match error {
        DataError::Unsorted { .. } => FindingKind::Unsorted,
        DataError::OutsidePeriod { .. } => FindingKind::OutsidePeriod,
        DataError::OtherSymbol { row: None, .. } | DataError::OtherInterval { .. } => {
            FindingKind::Misnamed
        }
        error => FindingKind::Contradictory(error),
    }
}
