//! The bars that stages are run on: of a store, or made up in a folder that is gone afterwards.

use std::path::{Path, PathBuf};

use openbell_config::SessionConfig;
use openbell_coordinator::{Engine, StoreSource};
use openbell_data_manager::generate::{Flaw, MarketPlan, SymbolPlan, generate};
use openbell_data_manager::{DataError, DataManager, Feed, StoreOptions, StoreWriter};
use openbell_market::{BarColumns, BarInterval, SeriesKey, Symbol};
use openbell_time::{Calendar, Session, TimeManager, TradingDate};
use serde_json::{Value, json};

use super::yardstick::Columns;
use crate::exit::{Exit, Failure};
use crate::planned::plan_failure;

/// The group of what is made up.
const GROUP: &str = "US_EQUITY";
/// The date before which the sessions of what is made up lie.
const UNTIL: &str = "2025-08-30";
/// Its seed.
const SEED: u64 = 1;

/// How bars are laid into files.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
pub enum Files {
    /// A file for each month, as the store writes them.
    #[default]
    Month,
    /// A file for each session, as other programs leave them.
    Day,
}

/// What is made up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size {
    /// Symbols, at least 1.
    pub n_symbols: usize,
    /// Sessions, at least 1.
    pub n_sessions: usize,
    /// How its minutes lie in files.
    pub files: Files,
    /// Keeps about one bar in so many; `None` keeps them all.
    pub thin: Option<u32>,
}

/// Where the bars come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// They were made up.
    Generated(Files),
    /// They lie in a store.
    Store(PathBuf),
}

/// What a run does with the bars.
#[derive(Clone, PartialEq, Debug)]
pub struct Load {
    /// Derives the longer ones of 5m, 15m and 1h.
    pub derives: bool,
    /// Indicators of the session, as a session file asks for them.
    pub indicators: Vec<Value>,
    /// Further keys of `session_data_config`, or others in place of the market's.
    pub more: Vec<(&'static str, Value)>,
    /// The first date that is run; `None` for all of the market.
    pub since: Option<TradingDate>,
}

impl Load {
    /// The base series and nothing else.
    pub const BASE: Load =
        Load { derives: false, indicators: Vec::new(), more: Vec::new(), since: None };
}

/// Bars to measure on.
pub struct Market {
    store: DataManager,
    time: TimeManager,
    calendar: Calendar,
    group: String,
    /// Where they come from.
    pub origin: Origin,
    /// In symbol order.
    pub symbols: Vec<Symbol>,
    /// The interval that is read.
    pub base: BarInterval,
    /// In order, at least one.
    pub sessions: Vec<Session>,
    /// Its end is the end of what was made up.
    _folder: Option<tempfile::TempDir>,
}

impl Market {
    /// Makes up minutes of US stocks: `S0000`, `S0001` and so on, over the last sessions of August
    /// 2025 and before it. The same size is the same market on every machine.
    ///
    /// *Cost*: writes it into the system's folder for temporary files; it is gone when the market
    /// is dropped.
    ///
    /// # Errors
    ///
    /// A folder that cannot be made or written.
    pub fn generate(size: &Size) -> Result<Market, Failure> {
        let folder = tempfile::tempdir().map_err(|error| {
            Failure::new(Exit::Data, error).of("cannot make a folder for the bars")
        })?;
        let symbols: Vec<Symbol> = (0..size.n_symbols)
            .map(|n| format!("S{n:04}").parse())
            .collect::<Result<_, _>>()
            .map_err(|error| Failure::new(Exit::Usage, error))?;
        let time = TimeManager::new();
        let calendar = time.calendar(GROUP)?;
        let until: TradingDate = UNTIL.parse()?;
        let sessions = calendar.sessions_before(until, size.n_sessions)?.to_vec();
        let flaws: Vec<Flaw> = size.thin.map(|one_in| Flaw::Thin { one_in }).into_iter().collect();
        let liquid = |symbol: &Symbol| SymbolPlan {
            flaws: flaws.clone(),
            ..SymbolPlan::liquid(symbol.clone())
        };
        let base = BarInterval::Clock(liquid(&symbols[0]).interval);
        let plan = |sessions: &[Session]| MarketPlan {
            exchange_group: GROUP.to_owned(),
            seed: SEED,
            first: sessions[0].date,
            last: sessions[sessions.len() - 1].date,
            symbols: symbols.iter().map(liquid).collect(),
        };
        match size.files {
            Files::Month => {
                let mut writer = StoreWriter::open(folder.path())?;
                generate(&plan(&sessions), &calendar, &mut writer)?;
            }
            Files::Day => {
                for session in &sessions {
                    // A store of its own for each day; its files then go under the day's name.
                    let day = folder.path().join(format!(".{}", session.date));
                    generate(
                        &plan(std::slice::from_ref(session)),
                        &calendar,
                        &mut StoreWriter::open(&day)?,
                    )?;
                    adopt_day(&day, folder.path(), session.date).map_err(|error| {
                        Failure::new(Exit::Data, error).of("cannot lay out files of days")
                    })?;
                }
            }
        }
        Ok(Market {
            store: DataManager::open(folder.path(), &StoreOptions::default())?,
            time,
            calendar,
            group: GROUP.to_owned(),
            origin: Origin::Generated(size.files),
            symbols,
            base,
            sessions,
            _folder: Some(folder),
        })
    }

    /// The first `n_symbols` symbols of the store in `folder`, over the last `n_sessions` sessions
    /// that it has; of the intervals of seconds, minutes and hours the one that most symbols have,
    /// of equals the shortest.
    ///
    /// # Errors
    ///
    /// A folder that is no store, or has no such bars; an unknown group.
    pub fn of_store(
        folder: &Path,
        group: &str,
        n_symbols: usize,
        n_sessions: usize,
    ) -> Result<Market, Failure> {
        let time = TimeManager::new();
        let calendar = time.calendar(group)?;
        let options = StoreOptions { exchange_group: Some(group.to_owned()) };
        let store = DataManager::open(folder, &options)?;
        let nothing = || {
            let text = format!(
                "{} holds no {group} bars of seconds, minutes or hours to measure on",
                folder.display()
            );
            Failure::says(Exit::Data, text)
        };
        let mut intervals: Vec<(BarInterval, usize)> = Vec::new();
        for key in store.keys().filter(|key| key.interval.clock().is_some()) {
            match intervals.iter_mut().find(|(interval, _)| *interval == key.interval) {
                Some((_, n)) => *n += 1,
                None => intervals.push((key.interval, 1)),
            }
        }
        intervals.sort_by_key(|&(interval, n)| (std::cmp::Reverse(n), interval));
        let base = intervals.first().ok_or_else(nothing)?.0;
        let keys = store.keys().filter(|key| key.interval == base).take(n_symbols);
        let symbols: Vec<Symbol> = keys.map(|key| key.symbol.clone()).collect();
        let mut last = None;
        for symbol in &symbols {
            let info = store.info(&SeriesKey { symbol: symbol.clone(), interval: base })?;
            last = last.max(info.span.map(|(_, last)| last));
        }
        let after = calendar.local_time(last.ok_or_else(nothing)?).date.plus_days(1);
        let sessions = calendar.sessions_before(after, n_sessions)?.to_vec();
        Ok(Market {
            store,
            time,
            calendar,
            group: group.to_owned(),
            origin: Origin::Store(folder.to_owned()),
            symbols,
            base,
            sessions,
            _folder: None,
        })
    }

    /// Decodes every bar by the `parquet` crate alone, symbol by symbol, and does nothing with it: the
    /// yardstick. Returns how many rows there were: all of the row groups in which there are such bars.
    ///
    /// # Errors
    ///
    /// Those of the store; a file that cannot be decoded.
    pub fn decode_by_parquet(&self) -> Result<u64, Failure> {
        let within = self.sessions[0].open..self.sessions[self.sessions.len() - 1].close;
        let mut columns = Columns::default();
        let mut n_rows = 0;
        for symbol in &self.symbols {
            let key = SeriesKey { symbol: symbol.clone(), interval: self.base };
            for path in self.store.files(&key, within.clone(), &self.calendar)? {
                n_rows += columns.decode(&path, &within)?;
            }
        }
        Ok(n_rows)
    }

    /// Decodes every bar by the store's feeds, symbol by symbol, and does nothing with it. Returns how
    /// many there were.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn decode(&self) -> Result<u64, DataError> {
        let mut rows = BarColumns::default();
        let mut n_bars = 0;
        for symbol in &self.symbols {
            let key = SeriesKey { symbol: symbol.clone(), interval: self.base };
            let mut feed = self.store.feed(&key, &self.calendar)?;
            feed.seek(self.sessions[0].open)?;
            for session in &self.sessions {
                rows.clear();
                feed.poll(session.close, session.close, &mut rows)?;
                n_bars += rows.len() as u64;
            }
        }
        Ok(n_bars)
    }

    /// Which of 5m, 15m and 1h can be derived.
    pub fn derivable(&self) -> Vec<BarInterval> {
        let minutes = [5, 15, 60].into_iter().filter_map(BarInterval::from_mins);
        minutes.filter(|longer| self.base < *longer && longer.is_made_of(self.base)).collect()
    }

    /// The session file of a run over it.
    ///
    /// # Errors
    ///
    /// Keys of `load` that a session file cannot have.
    pub fn config(&self, load: &Load) -> Result<SessionConfig, Failure> {
        let mut streams = vec![self.base.to_string()];
        if load.derives {
            streams.extend(self.derivable().iter().map(ToString::to_string));
        }
        let symbols: Vec<&str> = self.symbols.iter().map(Symbol::as_str).collect();
        let mut data = json!({ "symbols": symbols, "streams": streams });
        if !load.indicators.is_empty() {
            data["indicators"] = json!({ "session": load.indicators });
        }
        for (key, value) in &load.more {
            data[*key] = value.clone();
        }
        let (first, last) = (self.sessions[0].date, self.sessions[self.sessions.len() - 1].date);
        let first = load.since.unwrap_or(first);
        let file = json!({
            "session_name": "bench",
            "mode": "backtest",
            "exchange_group": self.group,
            "backtest_config": { "start_date": first.to_string(), "end_date": last.to_string() },
            "session_data_config": data,
        });
        let (config, _) = SessionConfig::parse(&file.to_string())
            .map_err(|errors| Failure::says(Exit::Config, errors))?;
        Ok(config)
    }

    /// A run of `config` over it, planned and not begun.
    ///
    /// # Errors
    ///
    /// Every reason for which it cannot begin.
    pub fn engine(&self, config: &SessionConfig) -> Result<Engine, Failure> {
        let source = Box::new(StoreSource::new(self.store.clone()));
        Engine::new(config, &self.time, source).map_err(|errors| plan_failure(&errors, &[]))
    }

    /// The store.
    pub fn store(&self) -> &DataManager {
        &self.store
    }

    /// The calendar.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }
}

/// Moves every file of the store `day` to its place in `store`, under the name of the date.
fn adopt_day(day: &Path, store: &Path, date: TradingDate) -> std::io::Result<()> {
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        std::fs::create_dir_all(store.join(&folder))?;
        for entry in std::fs::read_dir(day.join(&folder))? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(folder.join(entry.file_name()));
            } else if entry.path().extension().is_some_and(|ending| ending == "parquet") {
                let name = format!("{date}.parquet");
                std::fs::rename(entry.path(), store.join(&folder).join(name))?;
            }
        }
    }
    std::fs::remove_dir_all(day)
}
