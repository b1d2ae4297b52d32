//! `openbell data delete`: bars of a range, exactly.

use clap::Args;
use openbell_data_manager::{DataManager, Effect, StoreOptions, StoreWriter, stamps_of_dates};
use openbell_market::{BarInterval, SeriesKey, Symbol};
use openbell_time::{TimeManager, TradingDate};

use super::{DEFAULT_GROUP, StoreArg, inclusive};
use crate::exit::{Exit, Outcome};
use crate::table::counted;
use crate::terminal::Terminal;

/// Deletes the bars of a range of sessions.
///
/// These and no others; pre- and post-market rows of these sessions go too. On a terminal it asks
/// before it does.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct DeleteArgs {
    #[command(flatten)]
    store: StoreArg,
    /// The symbols, separated by commas.
    #[arg(long, required = true, value_delimiter = ',', value_name = "SYMBOL,...")]
    symbols: Vec<Symbol>,
    /// The intervals, separated by commas.
    #[arg(long, required = true, value_delimiter = ',', value_name = "INTERVAL,...")]
    intervals: Vec<BarInterval>,
    /// The first session date.
    #[arg(long, value_name = "DATE")]
    since: TradingDate,
    /// The first date that stays.
    #[arg(long, value_name = "DATE")]
    until: TradingDate,
    /// The exchange group.
    #[arg(long, value_name = "GROUP", default_value = DEFAULT_GROUP)]
    group: String,
    /// Does not ask, where a person is there to be asked.
    #[arg(long)]
    yes: bool,
    /// Says what would be deleted, and deletes nothing.
    #[arg(long)]
    dry_run: bool,
}

const EXAMPLES: &str = "\
Examples:
  openbell data delete bars --symbols GME --intervals 1m --since 2025-07-02 --until 2025-07-03 --dry-run
  openbell data delete bars --symbols GME --intervals 1m --since 2025-07-02 --until 2025-07-03";

/// Deletes them.
pub fn delete(args: &DeleteArgs, terminal: &mut Terminal) -> Outcome {
    let options = StoreOptions { exchange_group: Some(args.group.clone()) };
    let store = DataManager::open(&args.store.store, &options)?;
    let calendar = TimeManager::new().calendar(&args.group)?;
    let dates = inclusive(args.since, args.until)?;
    let mut keys = Vec::new();
    for symbol in &args.symbols {
        for &interval in &args.intervals {
            let key = SeriesKey { symbol: symbol.clone(), interval };
            // All of them are known before the first is touched.
            store.info(&key)?;
            keys.push(key);
        }
    }
    let mut writer = StoreWriter::open(&args.store.store)?;
    let effect = if args.dry_run { Effect::DryRun } else { Effect::Apply };
    if effect == Effect::Apply && !args.yes && terminal.can_ask() {
        let mut n_rows = 0;
        for key in &keys {
            let range = stamps_of_dates(key, dates.clone(), &calendar)?;
            n_rows += writer.delete(&args.group, key, range, Effect::DryRun)?.n_rows;
        }
        let what = format!(
            "delete {} of {}?",
            counted(n_rows, "row"),
            crate::table::counted_as(keys.len() as u64, "series", "series")
        );
        if n_rows > 0 && !terminal.is_answered_yes(&what)? {
            terminal.note("nothing was deleted");
            return Ok(Exit::Done);
        }
    }
    let mut n_rows = 0;
    for key in &keys {
        let range = stamps_of_dates(key, dates.clone(), &calendar)?;
        let report = writer.delete(&args.group, key, range, effect)?;
        n_rows += report.n_rows;
        terminal.line(format!(
            "{key}: {} {}",
            counted(report.n_rows, "row"),
            if args.dry_run { "would be deleted" } else { "deleted" },
        ))?;
        for path in &report.removed {
            terminal.line(format!("  the whole of {}", path.display()))?;
        }
        for path in &report.rewritten {
            terminal.line(format!("  some of {}", path.display()))?;
        }
    }
    if n_rows == 0 {
        terminal.flush()?;
        terminal.note("nothing lies in that range; `openbell data ls` shows what is stored");
    }
    Ok(Exit::Done)
}
