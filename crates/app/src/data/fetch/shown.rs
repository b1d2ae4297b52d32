//! What is said of a fetch: what is asked for and cannot be had before, what became of it after.

use std::ops::Range;

use openbell_coordinator::with_causes;
use openbell_data_manager::DataError;
use openbell_data_manager::fetch::{FetchReport, FetchedSeries, ToFetch};
use openbell_data_manager::live::{Missing, MissingCause, VendorTraits};
use openbell_market::{BarInterval, SeriesKey};
use openbell_time::{Calendar, Timestamp};

use super::FetchArgs;
use crate::data::import::{N_SERIES_SHOWN, warn_of};
use crate::data::stamp_words;
use crate::exit::Failure;
use crate::table::{count, counted};
use crate::terminal::Terminal;

/// Stretches that are named one by one.
const N_STRETCHES_SHOWN: usize = 3;

pub(super) fn before(
    args: &FetchArgs,
    to_fetch: &[ToFetch],
    traits: &VendorTraits,
    calendar: &Calendar,
    now: Timestamp,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    for to_fetch in to_fetch.iter().take(N_SERIES_SHOWN) {
        let key = &to_fetch.wanted.key;
        let whose = format!("{key} of {} from {}", args.vendor.group(), traits.name);
        terminal.line(format!("{whose}: {}", asked_words(to_fetch, calendar)))?;
    }
    let n_more = to_fetch.len().saturating_sub(N_SERIES_SHOWN);
    if n_more > 0 {
        terminal.line(format!("and {} more series", count(n_more as u64)))?;
    }
    terminal.flush()?;
    let length = args.interval.clock().map(|clock| clock.length());
    let since = length.and_then(|length| traits.history_since(length, now));
    let is_beyond = |to_fetch: &ToFetch| {
        let first = to_fetch.wanted.stretches.first();
        first.is_some_and(|first| since.is_some_and(|since| first.start < since))
    };
    if let (Some(since), Some(n_rows)) = (since, traits.n_history_rows)
        && to_fetch.iter().any(is_beyond)
    {
        terminal.warning(&format!(
            "{} keeps the newest {n_rows} bars of {}: what opens before {} cannot be had",
            traits.name,
            args.interval,
            stamp_words(calendar, args.interval, since),
        ));
    }
    Ok(())
}

fn asked_words(to_fetch: &ToFetch, calendar: &Calendar) -> String {
    let ToFetch { wanted, n_sessions, n_stored, n_intervals } = to_fetch;
    let sessions = counted(*n_sessions as u64, "session");
    if wanted.stretches.is_empty() {
        return format!("{sessions}, stored whole; nothing is asked for");
    }
    let interval = wanted.key.interval;
    let shown = wanted.stretches.iter().take(N_STRETCHES_SHOWN);
    let mut stretches: Vec<String> =
        shown.map(|stretch| stretch_words(stretch, interval, calendar)).collect();
    let n_more = wanted.stretches.len().saturating_sub(N_STRETCHES_SHOWN);
    if n_more > 0 {
        stretches.push(format!("{} more", count(n_more as u64)));
    }
    format!(
        "{sessions}, {} stored whole; asked for: {}; {}",
        count(*n_stored as u64),
        stretches.join(", "),
        counted(*n_intervals, "interval")
    )
}

/// The first and the last bar of a stretch.
fn stretch_words(stretch: &Range<Timestamp>, interval: BarInterval, calendar: &Calendar) -> String {
    let words = |stamp| stamp_words(calendar, interval, stamp);
    let Some(clock) = interval.clock() else { return words(stretch.start) };
    format!("{} to {}", words(stretch.start), words(stretch.end - clock.length()))
}

pub(super) fn after(
    args: &FetchArgs,
    report: &FetchReport,
    calendar: &Calendar,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    for series in report.series.iter().take(N_SERIES_SHOWN) {
        show_series(series, calendar, terminal)?;
    }
    terminal.flush()?;
    for series in &report.series {
        for missing in series.missing.iter().take(N_STRETCHES_SHOWN) {
            warn_of_missing(args, &series.stored.key, missing, calendar, terminal);
        }
        let n_more = series.missing.len().saturating_sub(N_STRETCHES_SHOWN);
        if n_more > 0 {
            let key = &series.stored.key;
            terminal
                .warning(&format!("{key}: {} more are not there", counted(n_more as u64, "gap")));
        }
    }
    warn_of(report.series.iter().map(|series| &series.stored), "row", calendar, terminal);
    Ok(())
}

fn show_series(
    series: &FetchedSeries,
    calendar: &Calendar,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let FetchedSeries { stored, n_made_up, rejected, .. } = series;
    let (key, counts) = (&stored.key, stored.counts);
    let n_rejected: u64 = rejected.values().sum();
    let n_rows = counts.added + counts.updated + counts.unchanged + n_rejected;
    let is_told_elsewhere = series.refused.is_some() || series.failed.is_some();
    if n_rows == 0 && *n_made_up == 0 && (series.missing.is_empty() || is_told_elsewhere) {
        return Ok(()); // Nothing was asked for, or nothing came of it.
    }
    terminal.line(format!(
        "{key}: {}: {} added, {} updated, {} unchanged, {} rejected",
        counted(n_rows, "row"),
        count(counts.added),
        count(counts.updated),
        count(counts.unchanged),
        count(n_rejected),
    ))?;
    if let Some((first, last)) = stored.span {
        let [first, last] = [first, last].map(|stamp| stamp_words(calendar, key.interval, stamp));
        terminal.line(format!("  {first} to {last}, exchange time"))?;
    }
    if *n_made_up > 0 {
        let rows = counted(*n_made_up, "row");
        terminal.line(format!("  no bars, made up for intervals without a trade: {rows}"))?;
    }
    for (reason, n_rows) in rejected {
        terminal.line(format!("  rejected as {reason}: {}", counted(*n_rows, "row")))?;
    }
    Ok(())
}

fn warn_of_missing(
    args: &FetchArgs,
    key: &SeriesKey,
    missing: &Missing,
    calendar: &Calendar,
    terminal: &Terminal,
) {
    let name = args.vendor.name();
    let stretch = stretch_words(&missing.opens, key.interval, calendar);
    terminal.warning(&match missing.why {
        MissingCause::OutOfReach { n_rows } => {
            format!("{key}: {stretch} cannot be had: {name} keeps the newest {n_rows} bars")
        }
        MissingCause::NotThere => format!("{key}: {name} has no bars of {stretch}"),
    });
}

/// Why the rows of a series are not stored, with the option that insists.
pub(super) fn failure(error: &DataError, key: &SeriesKey, args: &FetchArgs) -> String {
    let text = format!("{key} of {} is not stored: {}", args.vendor.name(), with_causes(error));
    match error {
        DataError::BatchesRefused { objection, .. } => {
            format!("{text} (--force {} stores it as it is)", objection.check())
        }
        _ => text,
    }
}
