//! `openbell data compact`: small files into large ones.

use std::path::PathBuf;

use clap::Args;
use openbell_data_manager::{CompactReport, DataManager, Effect, StoreOptions, StoreWriter};

use super::{DEFAULT_GROUP, StoreArg};
use crate::exit::{Exit, Outcome};
use crate::outputs::Outputs;
use crate::table::{count, counted};
use crate::terminal::Terminal;

/// Puts small files together.
///
/// Every series of a store is brought into one file for each month, of 1d and 1w bars for each
/// year. With --into, the series of a foreign folder are copied into such a store.
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
    for info in &series {
        let group = info.exchange_group.as_deref().unwrap_or(&args.group);
        let counts = writer.copy_series(store, &info.key, group)?;
        terminal.line(format!(
            "{}: {} added, {} updated, {} unchanged",
            info.key,
            count(counts.added),
            count(counts.updated),
            count(counts.unchanged),
        ))?;
    }
    Ok(Exit::Done)
}
