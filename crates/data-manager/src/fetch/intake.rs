//! The rows of one series on their way from a vendor into the store: judged as those of an import, and
//! written as they come.

use std::collections::BTreeMap;

use openbell_market::{BarColumns, SeriesKey};
use openbell_time::Calendar;

use super::FetchedSeries;
use crate::DataError;
use crate::codec::bar_file::Provenance;
use crate::evidence::{Check, Evidence};
use crate::import::{BesideStored, ImportReason, Row, SeriesImport};
use crate::live::Fetched;
use crate::store::writer::{StoreWriter, by_period};

/// Rows that are kept until they are written, at least.
const N_ROWS_MIN: usize = 1_000;

/// Where fetched rows go.
#[derive(Clone, Copy, Debug)]
pub struct FetchTarget<'a> {
    /// The group under which the series are stored.
    pub exchange_group: &'a str,
    /// The calendar of the group: rows are held against its sessions.
    pub calendar: &'a Calendar,
    /// Who supplies the rows, and what they mean; what is waived of the checks is said in it.
    pub provenance: &'a Provenance,
}

/// The rows of a series.
pub(super) struct Intake {
    report: SeriesImport,
    /// Rows that were not taken, by reason.
    rejected: BTreeMap<ImportReason, u64>,
    /// Why no more is taken.
    failed: Option<DataError>,
    evidence: Evidence,
    stored: BesideStored,
    /// Checks that are not held against the rows.
    waived: Vec<Check>,
    pending: BarColumns,
    /// Rows of the file at hand that are written.
    n_written: usize,
    n_taken: u64,
}

impl Intake {
    pub(super) fn new(key: SeriesKey, writer: &StoreWriter, target: &FetchTarget<'_>) -> Intake {
        let mut waived: Vec<Check> = target.provenance.waived.iter().copied().collect();
        // What length a vendor's bars have was asked for in its own words; a few bars of a thin symbol
        // may well lie five minutes apart.
        waived.push(Check::Interval);
        let (is_own, failed) = match writer.providers(target.exchange_group, &key) {
            Ok(providers) => {
                (providers.iter().all(|known| *known == target.provenance.provider), None)
            }
            Err(error) => (false, Some(error)),
        };
        if is_own {
            // Other values of the same vendor are revisions.
            waived.push(Check::Conflicting);
        }
        Intake {
            evidence: Evidence::new(key.interval, target.calendar),
            report: SeriesImport::of(key),
            rejected: BTreeMap::new(),
            failed,
            stored: BesideStored::default(),
            waived,
            pending: BarColumns::default(),
            n_written: 0,
            n_taken: 0,
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Takes the next rows, and writes what has come together.
    pub(super) fn take(
        &mut self,
        rows: &BarColumns,
        writer: &mut StoreWriter,
        target: &FetchTarget<'_>,
    ) {
        for place in 0..rows.len() {
            let ohlcv = rows.ohlcv(place);
            match ohlcv.fault() {
                None => self.pending.push(rows.opens_at(place), ohlcv),
                Some(fault) => {
                    *self.rejected.entry(ImportReason::Invalid(fault)).or_default() += 1;
                }
            }
        }
        // A file is written whole each time: so the larger it is, the more rows come together before.
        let is_next_file = by_period(&self.report.key, &self.pending).count() > 1;
        if is_next_file || self.pending.len() >= N_ROWS_MIN.max(self.n_written / 8) {
            self.write(writer, target);
        }
        if is_next_file {
            self.n_written = 0;
        }
    }

    /// Writes what is left, and says what has become of the series.
    pub(super) fn end(
        mut self,
        fetched: &Fetched,
        writer: &mut StoreWriter,
        target: &FetchTarget<'_>,
    ) -> FetchedSeries {
        self.write(writer, target);
        self.report.undeliverable = self.evidence.end_series();
        FetchedSeries {
            stored: self.report,
            n_made_up: fetched.n_made_up,
            rejected: self.rejected,
            missing: fetched.missing.clone(),
            refused: fetched.refused.clone(),
            failed: self.failed,
        }
    }

    /// Judges what has come together, and writes it.
    pub(super) fn write(&mut self, writer: &mut StoreWriter, target: &FetchTarget<'_>) {
        let rows = std::mem::take(&mut self.pending);
        if rows.is_empty() || self.failed.is_some() {
            return;
        }
        let FetchTarget { exchange_group, provenance, .. } = target;
        let judged = self.judge(&rows, writer, exchange_group);
        let merged =
            judged.and_then(|()| writer.merge(exchange_group, &self.report.key, provenance, &rows));
        match merged {
            Ok(counts) => {
                self.report.counts += counts;
                self.n_written += rows.len();
            }
            Err(error) => self.failed = Some(error),
        }
    }

    fn judge(
        &mut self,
        rows: &BarColumns,
        writer: &StoreWriter,
        exchange_group: &str,
    ) -> Result<(), DataError> {
        self.evidence.rows(&rows.opens_at_ns);
        if writer.has_series(exchange_group, &self.report.key) {
            self.stored.rows(writer, exchange_group, &self.report.key, rows)?;
        }
        let against = self.evidence.objection(&self.waived);
        if let Some(objection) = against.or_else(|| self.stored.objection(&self.waived)) {
            return Err(DataError::BatchesRefused { key: self.report.key.clone(), objection });
        }
        let noted = |place| {
            self.n_taken += 1;
            let (stamp_ns, ohlcv) = (rows.opens_at_ns[place], rows.ohlcv(place));
            Row { series: 0, line: self.n_taken, stamp_ns, ohlcv }
        };
        let noted: Vec<Row> = (0..rows.len()).map(noted).collect();
        self.report.note(&noted);
        Ok(())
    }
}
