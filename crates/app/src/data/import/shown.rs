//! What is said of an import: how a file is read, what became of its rows, and what is strange in them.

use std::path::Path;

use openbell_data_manager::import::{
    CsvOptions, Decimal, ImportReport, ImportTarget, ReadAs, RowOrder, SeriesImport, StampForm,
    StampedAt, SymbolChoice, preview,
};
use openbell_market::Symbol;
use openbell_time::{Calendar, Timestamp};

use super::ways_out::with_options;
use crate::data::stamp_words;
use crate::exit::Failure;
use crate::table::{Align, Table, count, counted};
use crate::terminal::Terminal;

/// Rows that a preview shows.
const PREVIEW_ROWS: usize = 5;

/// Series of a file that are reported one by one.
pub(in crate::data) const N_SERIES_SHOWN: usize = 10;

pub(super) fn read_as_words(read_as: &ReadAs, options: &CsvOptions) -> String {
    let delimiter = match read_as.delimiter {
        '\t' => "tab".to_owned(),
        other => format!("{other:?}"),
    };
    let columns: Vec<String> =
        read_as.columns.iter().map(|(what, column)| format!("{what}={column}")).collect();
    let zone = match (read_as.zone, &read_as.timestamp_form) {
        (Some(zone), _) => format!(" in {zone}"),
        (None, StampForm::Local(_)) if options.interval.clock().is_some() => {
            " with their own offsets".to_owned()
        }
        (None, _) => String::new(),
    };
    let end = match options.stamped_at {
        StampedAt::Open => "",
        StampedAt::Close => ", stamped at the close",
    };
    let mut words = match read_as.n_lines_before {
        0 => String::new(),
        n_lines => format!("{} before the table; ", counted(n_lines as u64, "line")),
    };
    words += &format!(
        "{}; cells apart by {delimiter}; {}; stamps {}{zone}{end}; {}; decimal {}",
        if read_as.header.is_some() { "with header" } else { "no header" },
        columns.join(" "),
        read_as.timestamp_form,
        match read_as.order {
            RowOrder::OldestFirst => "oldest first",
            RowOrder::NewestFirst => "newest first",
        },
        match read_as.decimal {
            Decimal::Point => "point",
            Decimal::Comma => "comma",
        },
    );
    if let Some(volume) = read_as.constant_volume {
        words.push_str(&format!("; volume {volume} throughout"));
    }
    if read_as.is_gzip {
        words.push_str("; gzip");
    }
    words
}

/// A zone that was named and is not used was named for a reason.
pub(super) fn warn_of_zone(read_as: &ReadAs, options: &CsvOptions, terminal: &Terminal) {
    if options.zone.is_some() && read_as.zone.is_none() && options.interval.clock().is_some() {
        let why = match &read_as.timestamp_form {
            StampForm::Epoch(_) | StampForm::NamedEpoch(_) => {
                "the stamps count from 1970 in UTC; --shift-seconds moves them where they do not"
            }
            _ => "the stamps carry offsets of their own; --override-offset reads them in the zone",
        };
        terminal.warning(&format!("--zone is not used: {why}"));
    }
}

pub(super) fn show_preview(
    file: &Path,
    target: &ImportTarget<'_>,
    options: &CsvOptions,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let calendar = target.calendar;
    let preview = preview(file, options, target, PREVIEW_ROWS)
        .map_err(|error| with_options(error, calendar))?;
    let interval = options.interval;
    let whose = whose(target, &preview.read_as);
    terminal.line(format!("{}: {whose} {interval}, nothing is written", file.display()))?;
    terminal.line(format!("  read as  {}", read_as_words(&preview.read_as, options)))?;
    terminal.flush()?;
    warn_of_zone(&preview.read_as, options, terminal);
    let mut table = Table::new([
        ("line", Align::Right),
        ("written", Align::Left),
        ("exchange time", Align::Left),
        ("UTC", Align::Left),
        ("open", Align::Right),
        ("high", Align::Right),
        ("low", Align::Right),
        ("close", Align::Right),
        ("volume", Align::Right),
        ("", Align::Left),
    ]);
    for row in &preview.rows {
        let (line, written) = (count(row.line), row.written.clone());
        match &row.read {
            Ok((stamp, bar)) => {
                let prices = [bar.open, bar.high, bar.low, bar.close, bar.volume];
                let utc = match interval.clock() {
                    Some(_) => stamp.to_string(),
                    None => "a session date".to_owned(),
                };
                let cells = [line, written, stamp_words(calendar, interval, *stamp), utc];
                table.row(cells.into_iter().chain(prices.map(|value| value.to_string())));
            }
            Err(rejected) => {
                let blank = std::iter::repeat_n(String::new(), 6);
                let why = format!("{} {:?}", rejected.column, rejected.value);
                let cells = [line, written, "rejected".to_owned()];
                let reason = format!("{}: {why}", rejected.reason);
                table.row(cells.into_iter().chain(blank).chain([reason]));
            }
        }
    }
    table.print(terminal, "  ")?;
    Ok(())
}

/// Whose rows a file holds, in words.
pub(super) fn whose(target: &ImportTarget<'_>, read_as: &ReadAs) -> String {
    let has_symbols = read_as.columns.iter().any(|(what, _)| *what == "symbol");
    match target.symbols {
        SymbolChoice::Only(symbol) => symbol.to_string(),
        _ if has_symbols => "each symbol in it,".to_owned(),
        SymbolChoice::InFile(symbol) => symbol.as_ref().map(Symbol::to_string).unwrap_or_default(),
    }
}

pub(super) fn show_report(
    report: &ImportReport,
    calendar: &Calendar,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let counts = report.counts();
    terminal.line(format!(
        "  {}: {} added, {} updated, {} unchanged, {} rejected",
        counted(report.n_rows, "row"),
        count(counts.added),
        count(counts.updated),
        count(counts.unchanged),
        count(report.n_rejected()),
    ))?;
    let words = |interval, (first, last): (Timestamp, Timestamp)| {
        let [first, last] = [first, last].map(|stamp| stamp_words(calendar, interval, stamp));
        format!("{first} to {last}, exchange time")
    };
    if let ([series], Some(span)) = (report.series.as_slice(), report.span()) {
        terminal.line(format!("  {}", words(series.key.interval, span)))?;
    }
    if report.series.len() > 1 {
        for series in report.series.iter().take(N_SERIES_SHOWN) {
            let n_rows = series.counts.added + series.counts.updated + series.counts.unchanged;
            let span = series.span.map(|span| words(series.key.interval, span)).unwrap_or_default();
            terminal.line(format!("  {}: {}, {span}", series.key, counted(n_rows, "row")))?;
        }
        let n_more = report.series.len().saturating_sub(N_SERIES_SHOWN);
        if n_more > 0 {
            terminal.line(format!("  and {} more", count(n_more as u64)))?;
        }
    }
    for (reason, n_rows) in &report.rejected {
        terminal.line(format!("  rejected as {reason}: {}", counted(*n_rows, "row")))?;
    }
    Ok(())
}

/// What is stored and will not be delivered, or is hardly true.
pub(super) fn warn(report: &ImportReport, calendar: &Calendar, terminal: &Terminal) {
    warn_of(&report.series, "line", calendar, terminal);
}

/// What is stored of some series and will not be delivered, or is hardly true; a row is counted by
/// `place`: as a line, or as a row.
pub(in crate::data) fn warn_of<'a>(
    series: impl IntoIterator<Item = &'a SeriesImport>,
    place: &str,
    calendar: &Calendar,
    terminal: &Terminal,
) {
    let mut n_said = 0;
    for series in series {
        let SeriesImport { key, undeliverable, findings, .. } = series;
        let words = |stamp| stamp_words(calendar, key.interval, stamp);
        if n_said >= N_SERIES_SHOWN {
            break;
        }
        if let Some(first) = undeliverable.first {
            n_said += 1;
            terminal.warning(&format!(
                "{key}: no session delivers {}: {} off the grid of {}, {} outside all hours, the first at {}",
                counted(undeliverable.n(), "row"),
                count(undeliverable.n_off_grid),
                key.interval,
                count(undeliverable.n_outside),
                words(first),
            ));
        }
        for finding in findings {
            n_said += 1;
            terminal.warning(&format!(
                "{key}: {}: {}, the first on {place} {}, {}, {}",
                finding.suspicion,
                counted(finding.n, "row"),
                count(finding.line),
                words(finding.stamp),
                finding.value,
            ));
        }
    }
}
