//! Where a series lies: folders and file names of the hive store and of flat folders.

use std::path::{Path, PathBuf};

use openbell_market::{BarInterval, SeriesKey, Symbol};
use openbell_time::{NANOS_PER_DAY, Timestamp, TradingDate};

use crate::DataError;
use crate::disk;
pub(crate) use crate::store::parted::PARQUET;
use crate::store::parted::{self, is_date, is_time_folder};

/// The month or year of UTC that one file of the store holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Period {
    Month { year: i32, month: u32 },
    Year { year: i32 },
}

impl Period {
    /// The period of the file that holds a bar of `interval` stamped `stamp`: a month, for 1d and
    /// 1w bars a year.
    pub(crate) fn of(interval: BarInterval, stamp: Timestamp) -> Period {
        let (year, month, _) = stamp.utc_date().ymd();
        match interval {
            BarInterval::Clock(_) => Period::Month { year, month },
            BarInterval::Day | BarInterval::Week => Period::Year { year },
        }
    }

    /// The period that a file name says, `2025-06.parquet` or `2025.parquet`.
    pub(crate) fn from_file_name(name: &str) -> Option<Period> {
        let stem = name.strip_suffix(PARQUET)?;
        let number = |text: &str, n_digits: usize| -> Option<i32> {
            let is_number = text.len() == n_digits && text.bytes().all(|b| b.is_ascii_digit());
            if is_number { text.parse().ok() } else { None } // `None`: another kind of name
        };
        match stem.split_once('-') {
            None => Some(Period::Year { year: number(stem, 4)? }),
            Some((year, month)) => {
                let (year, month) = (number(year, 4)?, number(month, 2)? as u32);
                (1..=12).contains(&month).then_some(Period::Month { year, month })
            }
        }
    }

    /// The name of its file.
    pub(crate) fn file_name(self) -> String {
        match self {
            Period::Month { year, month } => format!("{year:04}-{month:02}{PARQUET}"),
            Period::Year { year } => format!("{year:04}{PARQUET}"),
        }
    }

    /// `since..until` in the stamps that are written.
    pub(crate) fn range(self) -> std::ops::Range<Timestamp> {
        let first_of = |year, month| match TradingDate::from_ymd(year, month, 1) {
            Some(date) => midnight(date),
            None => Timestamp::MAX,
        };
        match self {
            Period::Month { year, month: 12 } => first_of(year, 12)..first_of(year + 1, 1),
            Period::Month { year, month } => first_of(year, month)..first_of(year, month + 1),
            Period::Year { year } => first_of(year, 1)..first_of(year + 1, 1),
        }
    }
}

/// 00:00 UTC of a date, held inside what can be named.
fn midnight(date: TradingDate) -> Timestamp {
    Timestamp::from_nanos(i64::from(date.as_days()).saturating_mul(NANOS_PER_DAY))
}

/// One file of a series.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct SeriesFile {
    /// The period that its name says; first, so that files sort by it.
    pub(crate) period: Option<Period>,
    pub(crate) path: PathBuf,
}

/// One place at which a series was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SeriesPlace {
    pub(crate) key: SeriesKey,
    /// `None` in a flat folder.
    pub(crate) exchange_group: Option<String>,
    /// The folder of its files, or its only file.
    pub(crate) path: PathBuf,
    /// In order of their periods and names.
    pub(crate) files: Vec<SeriesFile>,
}

/// The folder of a series in a hive store.
pub(crate) fn hive_folder(store: &Path, exchange_group: &str, key: &SeriesKey) -> PathBuf {
    store
        .join(format!("exchange_group={exchange_group}"))
        .join(format!("interval={}", key.interval))
        .join(format!("symbol={}", key.symbol.to_path_segment()))
}

/// The name of the file of `symbol` in a flat folder: never one that begins with a point, which many
/// programs do not list, and never a date.
pub(crate) fn flat_file_name(symbol: &Symbol) -> String {
    let segment = symbol.to_path_segment();
    match segment.chars().next() {
        Some(first) if first == '.' || is_date(&segment) => {
            format!("%{:02X}{}{PARQUET}", u32::from(first), &segment[first.len_utf8()..])
        }
        _ => format!("{segment}{PARQUET}"),
    }
}

/// The symbol for which a file or folder of a flat folder is named.
fn symbol_of(name: &str) -> Option<Symbol> {
    if is_date(name) {
        return None; // By dates other programs part what they write: the rows are of any symbol.
    }
    Symbol::from_path_segment(name).ok() // `None`: it is named for something else
}

/// What a walk through a folder has found.
#[derive(Default, Debug)]
pub(crate) struct Found {
    pub(crate) places: Vec<SeriesPlace>,
    /// Places of a hive whose folders were not listed, because only names were asked for.
    pub(crate) unlisted: Vec<SeriesPlace>,
    /// Parquet files in the root of a flat folder, whose interval no path says.
    pub(crate) without_interval: Vec<(Symbol, PathBuf)>,
    /// Names that are no part of a store, in the order in which they were met.
    pub(crate) strangers: Vec<PathBuf>,
    /// Those of them that part the bars of an interval by time, where a symbol's folder would stand.
    pub(crate) parted_by_time: Vec<PathBuf>,
    /// Files that a killed write has left.
    pub(crate) leftovers: Vec<PathBuf>,
    depth: Depth,
}

/// How far down a walk goes in a hive.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Depth {
    /// To the files of each series.
    #[default]
    Files,
    /// To the folders of the series.
    Series,
}

/// Walks the folder `root` by names alone; no file is opened.
pub(crate) fn walk(root: &Path) -> Result<Found, DataError> {
    walk_to(Depth::Files, root)
}

/// As [`walk`], but for the folders of series in a hive, which are not listed.
///
/// *Cost*: linear in the series of a hive, whatever files they have.
pub(crate) fn walk_to_series(root: &Path) -> Result<Found, DataError> {
    walk_to(Depth::Series, root)
}

/// A place that was not listed, with its files; there may be none.
pub(crate) fn files_of(place: &SeriesPlace) -> Result<SeriesPlace, DataError> {
    let mut files = Vec::new();
    Found::default().walk_files(&place.path, 0, &mut files)?;
    files.sort();
    Ok(SeriesPlace { files, ..place.clone() })
}

fn walk_to(depth: Depth, root: &Path) -> Result<Found, DataError> {
    let mut found = Found { depth, ..Found::default() };
    for entry in disk::list(root)? {
        let path = root.join(&entry.name);
        if found.is_hidden(&path, &entry) {
            continue;
        }
        if !entry.is_folder {
            match entry.name.strip_suffix(PARQUET).and_then(symbol_of) {
                Some(symbol) => found.without_interval.push((symbol, path)),
                None => found.strangers.push(path),
            }
        } else if let Some(group) = entry.name.strip_prefix("exchange_group=") {
            for interval in disk::list(&path)? {
                found.walk_hive_interval(Some(group), &path, &interval)?;
            }
        } else if entry.name.starts_with("interval=") {
            // The root is one group's folder of a store.
            let group = root.file_name().and_then(|name| name.to_str());
            let group = group.and_then(|name| name.strip_prefix("exchange_group="));
            found.walk_hive_interval(group, root, &entry)?;
        } else if let Ok(interval) = entry.name.parse() {
            found.walk_flat_interval(&path, interval)?;
        } else {
            found.strangers.push(path);
        }
    }
    // A folder that is itself named for an interval says it for the files in it.
    let own_name = root.file_name().and_then(|name| name.to_str());
    if let Some(interval) = own_name.and_then(|name| name.parse::<BarInterval>().ok()) {
        for (symbol, path) in std::mem::take(&mut found.without_interval) {
            found.places.push(flat_place(symbol, interval, path));
        }
    }
    Ok(found)
}

/// Folders by which a series is parted, one in the other: year, month, day.
const TIME_FOLDERS_MAX: usize = 3;

fn holds_bars(folder: &Path) -> Result<bool, DataError> {
    Ok(disk::list(folder)?.iter().any(|entry| !entry.is_folder && entry.name.ends_with(PARQUET)))
}

pub(crate) fn flat_place(symbol: Symbol, interval: BarInterval, path: PathBuf) -> SeriesPlace {
    SeriesPlace {
        key: SeriesKey { symbol, interval },
        exchange_group: None,
        files: vec![SeriesFile { period: None, path: path.clone() }],
        path,
    }
}

impl Found {
    /// Notes a hidden name; it is a leftover where a write would have made it.
    fn is_hidden(&mut self, path: &Path, entry: &disk::Entry) -> bool {
        // `.SPX.parquet` is the file of an index, `._SPX.parquet` one that a system writes beside it.
        let is_beside = entry.name.starts_with("._");
        let is_bars = !entry.is_folder && !is_beside && entry.name.ends_with(PARQUET);
        let is_hidden = !is_bars && entry.name.starts_with('.');
        if is_hidden && !entry.is_folder && entry.name.ends_with(disk::UNFINISHED) {
            self.leftovers.push(path.to_owned());
        }
        is_hidden
    }

    fn walk_hive_interval(
        &mut self,
        group: Option<&str>,
        folder: &Path,
        entry: &disk::Entry,
    ) -> Result<(), DataError> {
        let path = folder.join(&entry.name);
        if self.is_hidden(&path, entry) {
            return Ok(());
        }
        let interval = entry.name.strip_prefix("interval=").map(str::parse::<BarInterval>);
        let Some(Ok(interval)) = interval.filter(|_| entry.is_folder) else {
            self.strangers.push(path);
            return Ok(());
        };
        for series in disk::list(&path)? {
            let series_path = path.join(&series.name);
            if self.is_hidden(&series_path, &series) {
                continue;
            }
            let symbol = series.name.strip_prefix("symbol=").map(Symbol::from_path_segment);
            match symbol.filter(|_| series.is_folder) {
                Some(Ok(symbol)) => {
                    let key = SeriesKey { symbol, interval };
                    let exchange_group = group.map(str::to_owned);
                    match self.depth {
                        Depth::Files => self.walk_series(exchange_group, key, series_path)?,
                        Depth::Series => {
                            let (path, files) = (series_path, Vec::new());
                            self.unlisted.push(SeriesPlace { key, exchange_group, path, files });
                        }
                    }
                }
                _ => self.strangers.push(series_path),
            }
        }
        Ok(())
    }

    fn walk_flat_interval(
        &mut self,
        folder: &Path,
        interval: BarInterval,
    ) -> Result<(), DataError> {
        for entry in disk::list(folder)? {
            let path = folder.join(&entry.name);
            // `.SPX` is the folder of an index where bars are in it, and hidden where none are.
            let is_of_bars = entry.is_folder && holds_bars(&path)?;
            if !is_of_bars && self.is_hidden(&path, &entry) {
                continue;
            }
            if entry.is_folder {
                if parted::is_of_many(&entry.name, &disk::list(&path)?) {
                    self.parted_by_time.push(path.clone());
                    self.strangers.push(path);
                    continue;
                }
                match symbol_of(&entry.name) {
                    Some(symbol) => self.walk_series(None, SeriesKey { symbol, interval }, path)?,
                    None => self.strangers.push(path),
                }
            } else {
                match entry.name.strip_suffix(PARQUET).and_then(symbol_of) {
                    Some(symbol) => self.places.push(flat_place(symbol, interval, path)),
                    None => self.strangers.push(path),
                }
            }
        }
        Ok(())
    }

    /// The files in a series' folder, and in folders below that part it by time.
    fn walk_files(
        &mut self,
        folder: &Path,
        depth: usize,
        files: &mut Vec<SeriesFile>,
    ) -> Result<(), DataError> {
        for entry in disk::list(folder)? {
            let path = folder.join(&entry.name);
            if self.is_hidden(&path, &entry) {
                continue;
            }
            if entry.is_folder && depth < TIME_FOLDERS_MAX && is_time_folder(&entry.name) {
                self.walk_files(&path, depth + 1, files)?;
            } else if entry.is_folder || !entry.name.ends_with(PARQUET) {
                self.strangers.push(path);
            } else {
                let named = Period::from_file_name(&entry.name);
                files.push(SeriesFile { period: named.filter(|_| depth == 0), path });
            }
        }
        Ok(())
    }

    fn walk_series(
        &mut self,
        exchange_group: Option<String>,
        key: SeriesKey,
        path: PathBuf,
    ) -> Result<(), DataError> {
        let mut files = Vec::new();
        self.walk_files(&path, 0, &mut files)?;
        files.sort();
        if !files.is_empty() {
            self.places.push(SeriesPlace { key, exchange_group, path, files });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_lies_in_the_file_of_its_month_and_a_day_in_that_of_its_year() {
        let stamp: Timestamp = "2025-06-30T23:59:00Z".parse().unwrap();
        let minute = Period::of("1m".parse().unwrap(), stamp);
        assert_eq!(minute.file_name(), "2025-06.parquet");
        assert_eq!(minute.range().end.to_string(), "2025-07-01T00:00:00Z");
        assert_eq!(Period::of(BarInterval::DAY, stamp).file_name(), "2025.parquet");
    }

    #[test]
    fn the_file_of_a_symbol_is_never_hidden_never_a_date_and_names_it_again() {
        let symbols =
            [".SPX", "..", "../X", "A/../B", "^GSPC", "2025-06-02", "20250602", "2025-06"];
        for text in symbols.into_iter().chain(["7203", "2025", "BRK.B", "-X", "1D", "20251399"]) {
            let symbol: Symbol = text.parse().unwrap();
            let name = flat_file_name(&symbol);
            let stem = name.strip_suffix(PARQUET).unwrap();
            assert!(!name.starts_with('.') && !name.contains('/'), "{name}");
            assert_eq!(symbol_of(stem), Some(symbol), "{name}");
        }
        for stem in ["2025-06-02", "20250602", "2025-06", "2025_06_02", "2025.06.02", "%+1X", ""] {
            assert_eq!(symbol_of(stem), None, "{stem}");
        }
    }

    #[test]
    fn a_period_is_named_by_its_own_file_name_and_by_no_other() {
        for name in ["2025-06.parquet", "1999.parquet", "2025-12.parquet"] {
            assert_eq!(Period::from_file_name(name).unwrap().file_name(), name);
        }
        for name in
            ["2025-13.parquet", "25-06.parquet", "2025-6.parquet", "part-0.parquet", "2025-06"]
        {
            assert_eq!(Period::from_file_name(name), None, "{name}");
        }
    }
}
