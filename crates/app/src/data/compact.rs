//! `openbell data compact`: small files into large ones, and unsorted ones into sorted ones.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use openbell_data_manager::import::{CopyReport, CopyTarget, Importer};
use openbell_data_manager::{
    Check, CompactReport, DataError, DataManager, Effect, Objection, SeriesInfo, StoreOptions,
    StoreWriter,
};

use super::{DEFAULT_GROUP, StoreArg};
use crate::exit::{Exit, Failure, Outcome};
use crate::outputs::Outputs;
use crate::table::{count, counted};
use crate::terminal::Terminal;

/// Puts small files together, and sorts.
///
/// Every series of a store is brought into one sorted file for each month, of 1d and 1w bars for each
/// year. With --into, the series of a foreign folder are copied into such a store: sorted, whatever
/// order their rows and files are in, and held against interval and sessions as an import is.
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
    /// Says what would be done, and does nothing.
    #[arg(long)]
    dry_run: bool,
}

const EXAMPLES: &str = "\
Examples:
  openbell data compact bars --dry-run
  openbell data compact bars
  openbell data compact downloads --into bars --group US_EQUITY";

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
        let target = CopyTarget { exchange_group, calendar: &calendar, waived: &waived };
        match Importer::new(&mut writer).copy_series(store, &info.key, &target) {
            Ok(report) => exit = exit.and(show(info, &report, terminal)?),
            // One that is refused does not keep the others out.
            Err(error) => {
                terminal.flush()?;
                let failure = with_way_out(error);
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
fn with_way_out(error: DataError) -> Failure {
    let DataError::Refused { objection, .. } = &error else { return error.into() };
    let check = objection.check();
    let fits = match (objection, check) {
        (Objection::Interval { steps, .. } | Objection::Together { steps, .. }, _) => {
            match steps.interval() {
                Some(interval) => format!("put it into a folder named {interval}; "),
                None => String::new(),
            }
        }
        (_, Check::Zone) => "--group GROUP, where it is another exchange's; ".to_owned(),
        _ => String::new(),
    };
    Failure::says(Exit::Data, format!("{error} ({fits}--force {check} copies it as it is)"))
}
