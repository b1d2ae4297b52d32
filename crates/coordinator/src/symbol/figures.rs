//! What a stored session of one symbol comes to, computed while its rows are in the cache: it is
//! asked for at the close, when they no longer are.

use openbell_market::BarInterval;
use openbell_processor::SessionSeries;
use openbell_session_data::{coverage_of, gaps_of};
use openbell_time::Timestamp;

use crate::digest::{BarsDigest, Digest, continued_digests};
use crate::report::SeriesReport;

/// The figures of one session of one symbol.
pub(crate) struct SessionFigures {
    /// The digests of its series, base first, over the run up to its end.
    pub(crate) digests: Vec<(BarInterval, Digest)>,
    /// Its series as of `reported_at`.
    pub(crate) series: Vec<SeriesReport>,
    pub(crate) reported_at: Timestamp,
}

impl SessionFigures {
    /// Those of `series`, whose digests up to the session are `before`, with its end at `at`; the
    /// digest of its base bars may be known already.
    pub(crate) fn of(
        series: &SessionSeries,
        before: &[(BarInterval, Digest)],
        bars: Option<BarsDigest>,
        at: Timestamp,
        keeps_quality: bool,
    ) -> SessionFigures {
        SessionFigures {
            digests: continued_digests(before, series, bars),
            series: series_reports(series, at, keeps_quality),
            reported_at: at,
        }
    }
}

/// The figures of `series` as of `at`, base first.
pub(crate) fn series_reports(
    series: &SessionSeries,
    at: Timestamp,
    keeps_quality: bool,
) -> Vec<SeriesReport> {
    let of_writers = series.writers().enumerate();
    let reports = of_writers.map(|(position, writer)| {
        let rows = writer.rows_at(at);
        let coverage = if keeps_quality { coverage_of(&rows, at) } else { None };
        let gaps = if keeps_quality && position == 0 { gaps_of(&rows, at) } else { Vec::new() };
        // Of equals `max_by_key` takes the last one.
        let longest_gap = gaps.into_iter().rev().max_by_key(|gap| gap.n_bars);
        let interval = writer.segment().shape().interval;
        SeriesReport { interval, n_bars: rows.len() as u64, coverage, longest_gap }
    });
    reports.collect()
}

/// How many base bars that close by `through` are expected and not there at `at`.
pub(crate) fn n_absent(series: &SessionSeries, through: Timestamp, at: Timestamp) -> u32 {
    let rows = series.base.rows_at(at);
    let Some(segment) = rows.segment() else { return 0 };
    // A live bar can be read later than it closes: what has closed is not what was visible then.
    let n_closed = rows.closes_at_ns().partition_point(|&ns| ns <= through.as_nanos());
    let coverage = segment.day().grid.coverage(&rows.opens_at_ns()[..n_closed], through);
    coverage.map_or(0, |coverage| coverage.expected - coverage.n)
}
