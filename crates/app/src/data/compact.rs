//! `openbell data compact`: small files into large ones, and unsorted ones into sorted ones.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use openbell_data_manager::import::{
    CopyReport, CopyStamps, CopyTarget, ImportZone, Importer, StampedAt,
};
use openbell_data_manager::{
    Check, CompactReport, DataError, DataManager, Effect, Objection, SeriesInfo, StoreOptions,
    StoreWriter,
};

use openbell_time::Calendar;

use super::import::{StampedAtArg, shift};
use super::{DEFAULT_GROUP, StoreArg};
use crate::exit::{Exit, Failure, Outcome};
use crate::outputs::Outputs;
use crate::stamp_options::{stamp_options, zone_of_exchange};
use crate::table::{count, counted};
use crate::terminal::Terminal;

/// Puts small files together, and sorts.
///
/// Every series of a store is brought into one sorted file for each month, of 1d and 1w bars for each
/// year. With --into, the series of a foreign folder are copied into such a store: sorted, whatever
/// order their rows and files are in, brought to the open of their bars where their stamps mean something
/// else, and held against interval and sessions as an import is.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct CompactArgs {
    #[command(flatten)]
    store: StoreArg,
    /// Copies its series into this store, and leaves the folder as it is.
    #[arg(long, value_name = "STORE")]
    into: Option<PathBuf>,
    /// The exchange group of series that are copied from a folder without groups.
    #[arg(long, value_name = "GROUP", default_value = DEFAULT_GROUP)]
    group: String,
    /// Copies although this check of the rows speaks against it; it is said in the stored files.
    #[arg(long, value_name = "CHECK", value_delimiter = ',', requires = "into")]
    force: Vec<Check>,
    #[command(flatten)]
    stamps: StampArgs,
    /// Says what would be done, and does nothing.
    #[arg(long)]
    dry_run: bool,
}

/// What the stamps of a folder mean, where that is not the open of the bar in UTC.
#[derive(Args, Debug)]
#[command(next_help_heading = "Timestamps, with --into")]
struct StampArgs {
    /// Which end of the bar is stamped [default: open].
    #[arg(long, value_enum, value_name = "END", requires = "into")]
    stamped_at: Option<StampedAtArg>,
    /// The zone whose clock the stamps show, although they are taken for UTC: America/New_York, +05:30.
    #[arg(long, allow_hyphen_values = true, requires = "into")]
    zone: Option<ImportZone>,
    /// Seconds added to every stamp.
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true, requires = "into")]
    shift_seconds: Option<i64>,
}

const EXAMPLES: &str = "\
Examples:
  openbell data compact bars --dry-run
  openbell data compact bars
  openbell data compact downloads --into bars --group US_EQUITY
  openbell data compact closes --into bars --stamped-at close";

/// Compacts it.
pub fn compact(args: &CompactArgs, terminal: &mut Terminal) -> Outcome {
    // Opened for reading first: a folder that is not there is not to be made.
    let store = DataManager::open(&args.store.store, &StoreOptions::default())?;
    if let Some(into) = &args.into {
        Outputs::new().reads_store(&args.store.store).writes_into(into, "--into").check()?;
        return copy(args, &store, into, terminal);
    }
    if store.keys().next().is_some() && store.series().iter().all(|s| s.exchange_group.is_none()) {
        let text = format!(
            "{} is a folder of other programs' files, which stay as they are; --into STORE copies \
             its series into a store",
            args.store.store.display()
        );
        return Err(Failure::says(Exit::Usage, text));
    }
    let effect = if args.dry_run { Effect::DryRun } else { Effect::Apply };
    let report = StoreWriter::open(&args.store.store)?.compact(effect)?;
    let CompactReport { dissolved, rewritten, conflicting } = &report;
    let (gone, anew) = if args.dry_run {
        ("would be dissolved", "would be rewritten")
    } else {
        ("dissolved", "rewritten")
    };
    for path in dissolved {
        terminal.line(format!("{gone}  {}", path.display()))?;
    }
    for path in rewritten {
        terminal.line(format!("{anew}  {}", path.display()))?;
    }
    terminal.line(format!(
        "{}: {} {gone}, {} {anew}",
        args.store.store.display(),
        counted(dissolved.len() as u64, "file"),
        counted(rewritten.len() as u64, "file"),
    ))?;
    terminal.flush()?;
    for (path, n_rows) in conflicting {
        terminal.warning(&format!(
            "{} is left alone: {} of it have other values than the store",
            path.display(),
            counted(*n_rows, "row"),
        ));
    }
    Ok(if conflicting.is_empty() { Exit::Done } else { Exit::Data })
}

fn copy(
    args: &CompactArgs,
    store: &DataManager,
    into: &std::path::Path,
    terminal: &mut Terminal,
) -> Outcome {
    let time = openbell_time::TimeManager::new();
    super::known_group(&time, &args.group)?;
    let series: Vec<_> = store.series();
    if args.dry_run {
        for info in &series {
            terminal.line(format!("would be copied  {} {} rows", info.key, count(info.n_rows)))?;
        }
        return Ok(Exit::Done);
    }
    let mut writer = StoreWriter::open(into)?;
    let waived: BTreeSet<Check> = args.force.iter().copied().collect();
    let mut exit = Exit::Done;
    for info in &series {
        let exchange_group = info.exchange_group.as_deref().unwrap_or(&args.group);
        let calendar = super::known_group(&time, exchange_group)?;
        let stamps = CopyStamps {
            zone: args.stamps.zone,
            shift: shift(args.stamps.shift_seconds.unwrap_or(0)),
            stamped_at: args.stamps.stamped_at.map_or(StampedAt::Open, StampedAtArg::end),
        };
        let target = CopyTarget { exchange_group, calendar: &calendar, waived: &waived, stamps };
        match Importer::new(&mut writer).copy_series(store, &info.key, &target) {
            Ok(report) => exit = exit.and(show(info, &report, terminal)?),
            // One that is refused does not keep the others out.
            Err(error) => {
                terminal.flush()?;
                let failure = with_way_out(error, &calendar);
                terminal.error(&format!("{}: {failure}", info.key));
                exit = exit.and(failure.exit);
            }
        }
    }
    Ok(exit)
}

/// Says what a copy came to; one of rows that are all rejected is none.
fn show(info: &SeriesInfo, report: &CopyReport, terminal: &mut Terminal) -> Outcome {
    let CopyReport { n_rows, was_unsorted, rejected, counts } = report;
    terminal.line(format!(
        "{}: {} added, {} updated, {} unchanged{}",
        info.key,
        count(counts.added),
        count(counts.updated),
        count(counts.unchanged),
        if *was_unsorted { ", sorted" } else { "" },
    ))?;
    for (reason, n_rows) in rejected {
        terminal.line(format!("  rejected as {reason}: {}", counted(*n_rows, "row")))?;
    }
    let n_copied = counts.added + counts.updated + counts.unchanged;
    Ok(if n_copied == 0 && *n_rows > 0 { Exit::Data } else { Exit::Done })
}

/// The failure of a series that cannot be copied, with the options that help.
fn with_way_out(error: DataError, calendar: &Calendar) -> Failure {
    let DataError::Refused { objection, .. } = &error else { return error.into() };
    let check = objection.check();
    let fits = match objection {
        Objection::Interval { steps, .. } | Objection::Together { steps, .. } => {
            steps.interval().map(|interval| format!("put it into a folder named {interval}"))
        }
        _ => stamp_options(objection)
            .map(|options| format!("{options}{}", zone_of_exchange(objection, calendar))),
    };
    let fits = fits.map(|fits| format!("{fits}; ")).unwrap_or_default();
    Failure::says(Exit::Data, format!("{error} ({fits}--force {check} copies it as it is)"))
}
