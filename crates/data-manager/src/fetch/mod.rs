//! A vendor's history into the store: what is lacking is asked for, judged as the rows of an import are,
//! and written as it comes. A fetch that was killed goes on where the store ends.
//!
//! Not here: one vendor's pages, limits and refusals ([`crate::live::Fetch`]), sockets and the wall
//! clock (whoever runs it has an [`Asker`]).

mod intake;
mod wanted;

use std::collections::BTreeMap;
use std::sync::Arc;

use openbell_market::SeriesKey;
use openbell_time::{Nanos, Timestamp};

use crate::DataError;
use crate::import::{ImportReason, SeriesImport};
use crate::live::{Fetch, FetchEnd, Fetched, Missing, Protocol, Request, Response, Step, Waiting};
use crate::store::writer::StoreWriter;
use intake::Intake;

pub use intake::FetchTarget;
pub use wanted::{FetchSpan, ToFetch};

/// Before a wait that is longer, what has come is written.
const LONG_WAIT: Nanos = Nanos::from_secs(2);

/// Who makes requests, and has the time.
pub trait Asker {
    /// The present instant.
    fn now(&self) -> Timestamp;

    /// Waits for an instant; yields whether to go on after it.
    fn wait(&mut self, until: Timestamp, why: &Waiting) -> GoOn;

    /// Makes a request, and hands what came back to `answered` with the instant at which it did, or what
    /// was said of why nothing came.
    fn ask(&mut self, request: &Request, answered: &mut Answered<'_>);

    /// Called after each answer with how far the fetch has come, 0 to 1; yields whether to go on.
    fn has_come(&mut self, share: f64) -> GoOn;

    /// Whether whoever answers has said that its bars are made up, as a simulated exchange does: then
    /// the stored files say so too.
    fn is_synthetic(&self) -> bool {
        false
    }
}

/// Who is told what came back to a request, once.
pub type Answered<'a> = dyn FnMut(Timestamp, Result<Response<'_>, &str>) + 'a;

/// Whether to go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GoOn {
    /// Yes.
    Yes,
    /// No: somebody wants the end. What has come is written.
    No,
}

/// What a fetch has come to.
#[derive(Debug)]
pub struct FetchReport {
    /// Series by series, in the order in which they were asked for.
    pub series: Vec<FetchedSeries>,
    /// How it has ended.
    pub ended: FetchReportEnd,
}

/// How a fetch has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FetchReportEnd {
    /// By itself, or because the vendor does not answer.
    Vendor(FetchEnd),
    /// Because somebody wanted the end.
    Interrupted,
}

/// What a fetch has come to for one series.
#[derive(Debug)]
pub struct FetchedSeries {
    /// What became of its rows in the store; of what is suspicious, the line is the row's number.
    pub stored: SeriesImport,
    /// Rows that the vendor made up for intervals without a trade, and that are no bars.
    pub n_made_up: u64,
    /// Rows that cannot be bars, by reason.
    pub rejected: BTreeMap<ImportReason, u64>,
    /// Bars that cannot be had, in time order.
    pub missing: Vec<Missing>,
    /// Why the vendor refuses the series; what it said.
    pub refused: Option<Arc<str>>,
    /// Why its rows are not stored, from the first that are not on.
    pub failed: Option<DataError>,
}

/// Runs a fetch to its end, into the store of `writer`.
///
/// An error of one series ends that series; what is said of it is in the report.
///
/// *Cost*: blocks as long as `asker` does; some thousand rows of each series in memory.
pub fn fetch<P: Protocol>(
    fetch: &mut Fetch<P>,
    asker: &mut impl Asker,
    writer: &mut StoreWriter,
    target: &FetchTarget<'_>,
) -> FetchReport {
    let mut intakes: BTreeMap<SeriesKey, Intake> = BTreeMap::new();
    let mut provenance = target.provenance.clone();
    let ended = loop {
        provenance.is_synthetic |= asker.is_synthetic();
        let target = &FetchTarget { provenance: &provenance, ..*target };
        match fetch.next(asker.now()) {
            Step::Take { key, rows } => {
                let new = || Intake::new(key.clone(), writer, target);
                let intake = intakes.entry(key.clone()).or_insert_with(new);
                intake.take(&rows, writer, target);
                if intake.has_failed() {
                    fetch.drop_series(&key);
                }
            }
            Step::Ask(request) => {
                asker.ask(&request, &mut |now, got| fetch.answered(now, got));
                if asker.has_come(fetch.share()) == GoOn::No {
                    break FetchReportEnd::Interrupted;
                }
            }
            Step::Wait { until, why } => {
                if until > asker.now() + LONG_WAIT {
                    intakes.values_mut().for_each(|intake| intake.write(writer, target));
                }
                if asker.wait(until, &why) == GoOn::No {
                    break FetchReportEnd::Interrupted;
                }
            }
            Step::Done(end) => break FetchReportEnd::Vendor(end),
        }
    };
    let target = &FetchTarget { provenance: &provenance, ..*target };
    let mut end = |fetched: &Fetched| {
        let intake = intakes.remove(&fetched.key);
        let new = || Intake::new(fetched.key.clone(), writer, target);
        intake.unwrap_or_else(new).end(fetched, writer, target)
    };
    FetchReport { series: fetch.fetched().map(&mut end).collect(), ended }
}
