//! The files of a series, held against what is said of them and put in the order of the stamps that
//! they hold. What a feed reads is what this yields, and what a verification names is what it refuses:
//! so the two agree.
//!
//! Not here: the rows themselves, whose faults are met where they are decoded.

use std::path::PathBuf;
use std::sync::Arc;

use openbell_market::SeriesKey;
use openbell_time::{Calendar, Timestamp};
use tracing::debug;

use crate::DataError;
use crate::codec::bar_file::{BarFile, Provenance};
use crate::codec::decode::Decoder;
use crate::codec::foreign::{self, Order};
use crate::evidence::Evidence;
use crate::store::layout::{Period, SeriesFile, SeriesPlace};

/// A file of a series, and between which stamps its rows lie.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct HeldFile {
    pub(crate) path: PathBuf,
    /// The period that its name says.
    pub(crate) period: Option<Period>,
    /// The first stamp as it is written; of a file that cannot be opened the first that its name
    /// allows, and `i64::MIN` where its name says nothing.
    pub(crate) first_ns: i64,
    /// The last one, in the same way.
    pub(crate) last_ns: i64,
}

/// A file of a series that has been looked at.
pub(crate) struct Looked {
    pub(crate) file: SeriesFile,
    /// `None` where it has no row.
    pub(crate) held: Option<HeldFile>,
    /// What its metadata say; `None` where it cannot be opened, which is said when its rows are due.
    pub(crate) provenance: Option<Provenance>,
    /// Why no row of the series can be trusted.
    pub(crate) refused: Option<DataError>,
}

/// Looks at the files of a place; they come in the order in which their rows follow each other.
///
/// Those that other programs wrote are held against the sessions of `calendar`, all of them together.
///
/// *Cost*: reads the footer of each file; the stamps of those that other programs wrote.
pub(crate) fn look_at(
    place: &SeriesPlace,
    order: Order,
    calendar: Option<&Calendar>,
) -> Vec<Looked> {
    let mut evidence = calendar.map(|calendar| Evidence::new(place.key.interval, calendar));
    let of_file = |file| look_at_file(file, &place.key, order, evidence.as_mut());
    let mut all: Vec<Looked> = place.files.iter().map(of_file).collect();
    all.sort_by_key(|one| {
        let first_ns = one.held.as_ref().map_or(i64::MIN, |held| held.first_ns);
        (first_ns, one.file.path.clone())
    });
    hold_beside_each_other(&mut all, &place.key, order);
    // Of each file alone its steps have been judged. Rows outside all sessions a run counts: which
    // group they are of is its own to say.
    let objection = evidence.and_then(|evidence| evidence.displaced());
    if let (Some(objection), Some(first)) =
        (objection, all.iter_mut().find(|one| one.held.is_some()))
    {
        let path = first.file.path.clone();
        first.refused.get_or_insert(DataError::Refused { path, objection });
    }
    all
}

/// The files of a place that have rows, in order.
///
/// # Errors
///
/// The first reason for which the rows cannot be trusted: they are of another symbol or interval, out
/// of order, outside the period of their file's name, beside the sessions of `calendar`, or not all of
/// one make.
pub(crate) fn in_order(
    place: &SeriesPlace,
    order: Order,
    calendar: Option<&Calendar>,
) -> Result<Vec<HeldFile>, DataError> {
    let mut files = Vec::with_capacity(place.files.len());
    for one in look_at(place, order, calendar) {
        match one.refused {
            Some(error) => return Err(error),
            None => files.extend(one.held),
        }
    }
    Ok(files)
}

fn look_at_file(
    file: &SeriesFile,
    key: &SeriesKey,
    order: Order,
    evidence: Option<&mut Evidence>,
) -> Looked {
    let by_name = file.period.map_or((i64::MIN, i64::MAX), |period| {
        let range = period.range();
        (range.start.as_nanos(), range.end.as_nanos() - 1)
    });
    let held = |(first_ns, last_ns)| HeldFile {
        path: file.path.clone(),
        period: file.period,
        first_ns,
        last_ns,
    };
    let looked =
        |held, provenance, refused| Looked { file: file.clone(), held, provenance, refused };
    let opened = match BarFile::open(&file.path) {
        Ok(opened) => Arc::new(opened),
        Err(_) => return looked(Some(held(by_name)), None, None), // Said when its rows are due.
    };
    debug!(path = %file.path.display(), n_rows = opened.n_rows(), "file looked at");
    let provenance = Some(opened.provenance());
    match span_of(&opened, file.period, key, order, evidence) {
        Ok(Some(span)) => looked(Some(held(span)), provenance, None),
        Ok(None) => looked(None, provenance, None),
        Err(error) if error.is_of_decoding() => looked(Some(held(by_name)), provenance, None),
        Err(error) => looked(Some(held(by_name)), provenance, Some(error)),
    }
}

/// First and last stamp of a file that holds what is said of it.
fn span_of(
    file: &Arc<BarFile>,
    period: Option<Period>,
    key: &SeriesKey,
    order: Order,
    evidence: Option<&mut Evidence>,
) -> Result<Option<(i64, i64)>, DataError> {
    let decoded = foreign::check(file, key, order, evidence)?;
    let span = match decoded {
        Some(span) => Some(span),
        None => span_by_groups(file)?,
    };
    let (Some((first_ns, last_ns)), Some(period), Order::Ascending) = (span, period, order) else {
        return Ok(span);
    };
    let range = period.range();
    if range.start.as_nanos() <= first_ns && last_ns < range.end.as_nanos() {
        return Ok(span);
    }
    Err(first_outside(file, period)?)
}

/// First and last stamp by the statistics of the row groups, which follow each other; `None` where
/// there is no row.
fn span_by_groups(file: &Arc<BarFile>) -> Result<Option<(i64, i64)>, DataError> {
    let mut span: Option<(i64, i64)> = None;
    let mut row = 0;
    for group in 0..file.footer.num_row_groups() {
        let n_rows = file.group_rows(group);
        if n_rows == 0 {
            continue;
        }
        let Some((first, last)) = file.group_span(group) else {
            return foreign::decoded_span(file);
        };
        if let Some((_, before_ns)) = span
            && first.as_nanos() < before_ns
        {
            let (path, after) = (file.path.clone(), Timestamp::from_nanos(before_ns));
            return Err(DataError::Unsorted { path, row, stamp: first, after });
        }
        row += n_rows;
        let first_ns = span.map_or(first.as_nanos(), |(first_ns, _)| first_ns);
        span = Some((first_ns, last.as_nanos()));
    }
    Ok(span)
}

/// The error of the first row outside `period`.
fn first_outside(file: &Arc<BarFile>, period: Period) -> Result<DataError, DataError> {
    let mut decoder = Decoder::unchecked(Arc::clone(file));
    loop {
        let row = decoder.row();
        let stamps = decoder.stamps()?;
        let n_rows = stamps.len();
        if n_rows == 0 {
            // The statistics say that there is one.
            let (path, group) = (file.path.clone(), None);
            return Ok(DataError::FalseStatistics { path, group, row: None });
        }
        let is_outside = |&ns: &i64| !period.range().contains(&Timestamp::from_nanos(ns));
        if let Some(place) = stamps.iter().position(is_outside) {
            let (path, stamp) = (file.path.clone(), Timestamp::from_nanos(stamps[place]));
            return Ok(DataError::OutsidePeriod { path, row: row + place as u64, stamp });
        }
        decoder.skip(n_rows);
    }
}

/// Holds the files of one series against those before them.
fn hold_beside_each_other(all: &mut [Looked], key: &SeriesKey, order: Order) {
    let mut last_ns: Option<i64> = None;
    let mut first: Option<(PathBuf, Provenance)> = None;
    for one in all {
        let Some(provenance) = &one.provenance else { continue };
        let path = one.file.path.clone();
        match &first {
            None => first = Some((path.clone(), provenance.clone())),
            Some((other, of_other)) if !is_of_one_make(of_other, provenance) => {
                one.refused.get_or_insert_with(|| DataError::MixedFiles {
                    key: key.clone(),
                    first: Box::new((other.clone(), make_words(of_other))),
                    second: Box::new((path.clone(), make_words(provenance))),
                });
            }
            Some(_) => {}
        }
        let Some(held) = &one.held else { continue };
        if let (Some(last_ns), Order::Ascending) = (last_ns, order)
            && held.first_ns < last_ns
        {
            let stamp = Timestamp::from_nanos(held.first_ns);
            let after = Timestamp::from_nanos(last_ns);
            one.refused.get_or_insert(DataError::Unsorted { path, row: 0, stamp, after });
        }
        if held.last_ns < i64::MAX {
            last_ns = last_ns.max(Some(held.last_ns));
        }
    }
}

fn is_of_one_make(a: &Provenance, b: &Provenance) -> bool {
    (a.adjustment, a.is_synthetic) == (b.adjustment, b.is_synthetic)
}

fn make_words(provenance: &Provenance) -> String {
    let kind = if provenance.is_synthetic { "synthetic" } else { "real data" };
    format!("{kind}, adjusted {}", provenance.adjustment.name())
}
