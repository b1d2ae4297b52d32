//! `openbell data ls`: what is stored.

use clap::Args;
use openbell_coordinator::with_causes;
use openbell_data_manager::{DataError, DataManager, SeriesInfo};
use openbell_time::TimeManager;
use serde_json::json;

use super::summary::{self, LISTED_MAX};
use super::{Selection, StoreArg, stamp_words};
use crate::exit::{Exit, Failure, Outcome};
use crate::table::{Align, Table, bytes, count, counted};
use crate::terminal::Terminal;

/// Lists what is stored.
///
/// For each series: symbol, interval, rows, first and last bar, files, size, and where it is from.
/// Times are of the exchange's clock; of 1d and 1w bars the session dates are shown. More than 50
/// series are summed up by exchange group and interval, with what is to be known of some of them;
/// with --details each is listed all the same.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct LsArgs {
    #[command(flatten)]
    store: StoreArg,
    #[command(flatten)]
    selection: Selection,
    /// Every series, however many there are.
    #[arg(long)]
    details: bool,
    /// Writes one JSON array instead of a table; every series stands in it.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  openbell data ls bars
  openbell data ls bars --symbols AAPL,MSFT --intervals 1m
  openbell data ls bars --details
      every series of thousands
  openbell data ls bars --json";

/// Files that cannot be read, of which each is named.
const WARNINGS_MAX: usize = 10;

/// Lists them.
pub fn ls(args: &LsArgs, terminal: &mut Terminal) -> Outcome {
    let store = args.selection.open(&args.store.store)?;
    let series = args.selection.series(&store)?;
    if args.json {
        let rows: Vec<serde_json::Value> = series.iter().map(as_json).collect();
        terminal.line(format!("{:#}", serde_json::Value::from(rows)))?;
        return Ok(Exit::Done);
    }
    if series.is_empty() {
        terminal.line(format!(
            "{}: no series; `openbell data generate` and `openbell data import` write some",
            args.store.store.display()
        ))?;
        return Ok(Exit::Done);
    }
    if args.details || series.len() <= LISTED_MAX {
        list(&series, args, terminal)?;
    } else {
        summary::print(&series, &args.selection, origin_words, terminal)?;
    }
    terminal.flush()?;
    let unreadable: Vec<&DataError> = series.iter().flat_map(|info| &info.unreadable).collect();
    let n_shown = if args.details { unreadable.len() } else { unreadable.len().min(WARNINGS_MAX) };
    for error in &unreadable[..n_shown] {
        terminal.warning(&with_causes(*error));
    }
    if n_shown < unreadable.len() {
        let more = counted((unreadable.len() - n_shown) as u64, "more file");
        terminal.warning(&format!("{more} cannot be read; --details names them"));
    }
    let n_strangers = store.strangers().len() as u64;
    if n_strangers > 0 {
        let files = counted(n_strangers, "other file");
        terminal.note(&format!("{files} in the folder; `openbell data verify` names them"));
    }
    warn_of_parted(&store, terminal);
    Ok(Exit::Done)
}

/// Says that folders were not taken for symbols, and why.
fn warn_of_parted(store: &DataManager, terminal: &Terminal) {
    let Some(first) = store.parted_by_time().first() else { return };
    let more = match store.parted_by_time().len() - 1 {
        0 => String::new(),
        n => format!(", as {} does", counted(n as u64, "other folder")),
    };
    terminal.warning(&format!(
        "{} parts bars by time{more}, and no name says of which symbol they are: they are not read; put the \
         folder of each symbol above those of its times, as in 1m/AAPL/2025/06",
        first.display()
    ));
}

/// A line for each series.
fn list(series: &[SeriesInfo], args: &LsArgs, terminal: &mut Terminal) -> Result<(), Failure> {
    let time = TimeManager::new();
    let mut table = Table::new([
        ("symbol", Align::Left),
        ("interval", Align::Left),
        ("rows", Align::Right),
        ("first", Align::Left),
        ("last", Align::Left),
        ("files", Align::Right),
        ("size", Align::Right),
        ("group", Align::Left),
        ("source", Align::Left),
    ]);
    for info in series {
        let calendar = args.selection.calendar(&time, info)?;
        let words = |stamp| stamp_words(&calendar, info.key.interval, stamp);
        let (first, last) = match info.span {
            Some((first, last)) => (words(first), words(last)),
            None => ("-".to_owned(), "-".to_owned()),
        };
        table.row([
            info.key.symbol.to_string(),
            info.key.interval.to_string(),
            count(info.n_rows),
            first,
            last,
            count(info.files.len() as u64),
            bytes(info.n_bytes),
            info.exchange_group.clone().unwrap_or_else(|| "-".to_owned()),
            source_words(info),
        ]);
    }
    table.print(terminal, "")?;
    let n_rows: u64 = series.iter().map(|info| info.n_rows).sum();
    let n_bytes: u64 = series.iter().map(|info| info.n_bytes).sum();
    terminal.line(format!(
        "\n{} series, {}, {}",
        series.len(),
        counted(n_rows, "row"),
        bytes(n_bytes)
    ))?;
    Ok(())
}

fn source_words(info: &SeriesInfo) -> String {
    let waived: Vec<&str> = info.provenance.waived.iter().map(|check| check.name()).collect();
    match waived.as_slice() {
        [] => origin_words(info),
        waived => format!("{}, waived: {}", origin_words(info), waived.join(" ")),
    }
}

fn origin_words(info: &SeriesInfo) -> String {
    let provider = info.provenance.provider.as_deref().unwrap_or("-");
    let adjustment = info.provenance.adjustment.name();
    match (info.provenance.is_synthetic, adjustment) {
        (true, _) => "synthetic".to_owned(),
        (false, "unstated") => provider.to_owned(),
        (false, adjustment) => format!("{provider}, {adjustment}"),
    }
}

fn as_json(info: &SeriesInfo) -> serde_json::Value {
    json!({
        "symbol": info.key.symbol.as_str(),
        "interval": info.key.interval.to_string(),
        "exchange_group": info.exchange_group,
        "rows": info.n_rows,
        "first": info.span.map(|(first, _)| first.to_string()),
        "last": info.span.map(|(_, last)| last.to_string()),
        "bytes": info.n_bytes,
        "files": info.files,
        "provider": info.provenance.provider,
        "adjustment": info.provenance.adjustment.name(),
        "synthetic": info.provenance.is_synthetic,
        "waived": info.provenance.waived.iter().map(|check| check.name()).collect::<Vec<_>>(),
        "unreadable": info.unreadable.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
