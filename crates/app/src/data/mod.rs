//! `openbell data`: stored bars, from the command line.

mod compact;
mod coverage;
mod delete;
mod fetch;
mod generate;
mod import;
mod ls;
mod summary;
mod verify;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use openbell_coordinator::{Source, StoreSource};
use openbell_data_manager::{DataManager, SeriesInfo, StoreOptions};
use openbell_market::{BarInterval, SeriesKey, Symbol};
use openbell_time::{Calendar, TimeManager, Timestamp, TradingDate};

use crate::exit::{Exit, Failure, Outcome};
use crate::terminal::Terminal;

/// Makes, imports, lists, checks and mends stored bars.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, subcommand_required = true)]
pub struct DataArgs {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Subcommand, Debug)]
enum DataCommand {
    Generate(generate::GenerateArgs),
    Import(Box<import::ImportArgs>),
    Fetch(Box<fetch::FetchArgs>),
    Ls(ls::LsArgs),
    Coverage(coverage::CoverageArgs),
    Verify(verify::VerifyArgs),
    Compact(compact::CompactArgs),
    Delete(delete::DeleteArgs),
}

/// Does what the command says.
pub fn data(args: &DataArgs, terminal: &mut Terminal) -> Outcome {
    match &args.command {
        DataCommand::Generate(args) => generate::generate(args, terminal),
        DataCommand::Import(args) => import::import(args, terminal),
        DataCommand::Fetch(args) => fetch::fetch(args, terminal),
        DataCommand::Ls(args) => ls::ls(args, terminal),
        DataCommand::Coverage(args) => coverage::coverage(args, terminal),
        DataCommand::Verify(args) => verify::verify(args, terminal),
        DataCommand::Compact(args) => compact::compact(args, terminal),
        DataCommand::Delete(args) => delete::delete(args, terminal),
    }
}

/// Which series of a store are meant.
#[derive(Args, Debug)]
struct Selection {
    /// Only these symbols, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "SYMBOL,...")]
    symbols: Vec<Symbol>,
    /// Only these intervals, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "INTERVAL,...")]
    intervals: Vec<BarInterval>,
    /// Only this exchange group; its calendar is that of a folder without groups.
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
}

impl Selection {
    fn includes(&self, key: &SeriesKey) -> bool {
        (self.symbols.is_empty() || self.symbols.contains(&key.symbol))
            && (self.intervals.is_empty() || self.intervals.contains(&key.interval))
    }

    /// The store, of the group only where one is named; a group that it does not hold is an error.
    fn open(&self, store: &Path) -> Result<DataManager, Failure> {
        let options = StoreOptions { exchange_group: self.group.clone() };
        let opened = DataManager::open(store, &options)?;
        let Some(group) = &self.group else { return Ok(opened) };
        let whole = DataManager::open(store, &StoreOptions::default())?.series();
        let held: BTreeSet<&str> =
            whole.iter().filter_map(|info| info.exchange_group.as_deref()).collect();
        if held.is_empty() || held.contains(group.as_str()) {
            return Ok(opened);
        }
        let held: Vec<&str> = held.into_iter().collect();
        let text =
            format!("the store {store:?} has no group {group}; it holds {}", held.join(", "));
        Err(Failure::says(Exit::Data, text))
    }

    /// The selected series of a store; a symbol or an interval that it does not hold is an error.
    fn series(&self, store: &DataManager) -> Result<Vec<SeriesInfo>, Failure> {
        for symbol in &self.symbols {
            if store.intervals(symbol).is_empty() {
                return Err(unknown_symbol(store, symbol));
            }
        }
        let (wanted, others): (Vec<_>, Vec<_>) =
            store.series().into_iter().partition(|info| self.includes(&info.key));
        if wanted.is_empty() && !others.is_empty() {
            let asked: Vec<String> = self.intervals.iter().map(ToString::to_string).collect();
            let held: BTreeSet<BarInterval> = others.iter().map(|info| info.key.interval).collect();
            let held: Vec<String> = held.iter().map(ToString::to_string).collect();
            let (asked, held) = (asked.join(", "), held.join(", "));
            let text = format!("there is no such series at {asked}; the store holds {held}");
            return Err(Failure::says(Exit::Data, text));
        }
        Ok(wanted)
    }

    /// The calendar of a series.
    fn calendar(&self, time: &TimeManager, info: &SeriesInfo) -> Result<Calendar, Failure> {
        let group = info.exchange_group.as_deref().or(self.group.as_deref());
        Ok(time.calendar(group.unwrap_or(DEFAULT_GROUP))?)
    }
}

/// The failure of a symbol that the store does not hold.
fn unknown_symbol(store: &DataManager, symbol: &Symbol) -> Failure {
    Failure::says(Exit::Data, StoreSource::new(store.clone()).unknown(symbol).to_string())
}

/// The group of bars that are stored without one.
const DEFAULT_GROUP: &str = "US_EQUITY";

/// A store on the command line.
#[derive(Args, Debug)]
struct StoreArg {
    /// The folder of the store.
    #[arg(value_name = "STORE")]
    store: PathBuf,
}

/// A range of session dates on the command line, half open.
#[derive(Args, Debug)]
struct DateRange {
    /// The first session date.
    #[arg(long, value_name = "DATE")]
    since: Option<TradingDate>,
    /// The first date that is not wanted any more.
    #[arg(long, value_name = "DATE")]
    until: Option<TradingDate>,
}

/// The first and the last of `since..until`.
fn inclusive(
    since: TradingDate,
    until: TradingDate,
) -> Result<std::ops::RangeInclusive<TradingDate>, Failure> {
    if since < until {
        return Ok(since..=until.plus_days(-1));
    }
    let text = format!("no date lies in {since}..{until}: --until is the first date not wanted");
    Err(Failure::says(Exit::Usage, text))
}

/// The session date that a stored stamp belongs to, as far as a clock can say.
fn date_of(calendar: &Calendar, interval: BarInterval, stamp: Timestamp) -> TradingDate {
    match interval.clock() {
        Some(_) => calendar.local_time(stamp).date,
        None => stamp.utc_date(),
    }
}

/// A stored stamp for people: exchange time, or the label of a 1d or 1w bar.
fn stamp_words(calendar: &Calendar, interval: BarInterval, stamp: Timestamp) -> String {
    match interval.clock() {
        Some(_) => calendar.local_time(stamp).to_string(),
        None => stamp.utc_date().to_string(),
    }
}

/// A known group, with the nearest names where it is none.
fn known_group(time: &TimeManager, group: &str) -> Result<Calendar, Failure> {
    Ok(time.calendar(group)?)
}
