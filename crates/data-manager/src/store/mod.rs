//! The access path to stored bars: which series there are, and feeds of them.
//!
//! Not here: writing ([`crate::StoreWriter`]), CSV ([`crate::import`]).

pub(crate) mod coverage;
mod covered;
pub(crate) mod feed;
mod gathered;
mod guess;
pub(crate) mod held;
#[cfg(test)]
mod killed_writes;
mod labels;
pub(crate) mod layout;
pub(crate) mod maintenance;
mod parted;
pub(crate) mod rows;
mod stored_series;
pub(crate) mod verify;
pub(crate) mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use openbell_market::{Adjustment, BarColumns, BarInterval, SeriesKey, Symbol};
use openbell_time::{Calendar, Timestamp};

use crate::DataError;
use crate::codec::bar_file::{BarFile, Provenance};
use crate::codec::decode::Decoder;
use crate::codec::foreign::{self, Order};
use crate::disk;
use crate::feed::Feed;
use feed::ParquetFeed;
use held::HeldFile;
use labels::Labels;
use layout::{Found, SeriesPlace};
use stored_series::{StoredSeries, by_key};

/// How a store is opened.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct StoreOptions {
    /// The only exchange group to look at, `US_EQUITY`; `None` looks at all. A flat folder has no
    /// groups, and is read whatever this says.
    pub exchange_group: Option<String>,
}

/// What a store knows of one series.
#[derive(Clone, Debug)]
pub struct SeriesInfo {
    /// Its name.
    pub key: SeriesKey,
    /// The exchange group under which the store has it; `None` in a flat folder.
    pub exchange_group: Option<String>,
    /// Its files, in the order in which they are read.
    pub files: Vec<PathBuf>,
    /// Bytes of all files.
    pub n_bytes: u64,
    /// Rows of all readable files, duplicates and invalid ones among them.
    pub n_rows: u64,
    /// The first and the last stamp as they are written (1d and 1w: the label); `None` where
    /// there is no row.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Who supplied the values, what they are adjusted for, whether they are made up; of the first
    /// readable file.
    pub provenance: Provenance,
    /// Files that cannot be read.
    pub unreadable: Vec<DataError>,
}

/// A store of bars that is open for reading: a hive store, or a flat folder.
///
/// Recognised are `exchange_group=…/interval=…/symbol=…/*.parquet` (and one group's folder of
/// such), `<interval>/<SYMBOL>.parquet`, `<interval>/<SYMBOL>/*.parquet`, a folder named for an
/// interval with `<SYMBOL>.parquet` in it, and `<SYMBOL>.parquet` in any other folder, whose
/// interval is then the one that the file's metadata say, or else the largest one on whose grid
/// all its stamps lie.
///
/// *Cost*: opening walks names, in a hive those of the series; only files without an interval in their path
/// are looked into. The files of a series are found when it is first asked for: what is written later is
/// seen by a store that is opened later.
///
/// *Example*: see [`crate::StoreWriter`].
#[derive(Clone, Debug)]
pub struct DataManager {
    root: PathBuf,
    series: Arc<BTreeMap<SeriesKey, StoredSeries>>,
    /// Those that opening has met.
    strangers: Vec<PathBuf>,
    /// Those in the folders of series too.
    all_strangers: Arc<OnceLock<Vec<PathBuf>>>,
    parted_by_time: Vec<PathBuf>,
}

impl DataManager {
    /// Opens the store in the folder `path`.
    ///
    /// # Errors
    ///
    /// [`DataError::NoSuchStore`], [`DataError::StoreIsFile`], [`DataError::NotAStore`]; an empty
    /// folder is a store without series. Those of the file system.
    pub fn open(path: impl AsRef<Path>, options: &StoreOptions) -> Result<DataManager, DataError> {
        let root = path.as_ref();
        if !disk::is_folder(root) {
            return Err(DataError::no_store(root, disk::is_file(root)));
        }
        let mut found = layout::walk_to_series(root)?;
        let mut first_refused = None;
        for (symbol, path) in std::mem::take(&mut found.without_interval) {
            match guess::interval_of(&path) {
                Ok(Some(interval)) => found.places.push(layout::flat_place(symbol, interval, path)),
                // What is damaged is reported when it is asked for, and by verify.
                Ok(None) => found.strangers.push(path),
                Err(error) => {
                    first_refused.get_or_insert(error);
                    found.strangers.push(path);
                }
            }
        }
        let mut series = by_key(&mut found);
        if !series.values().any(StoredSeries::is_there) {
            found.strangers = all_strangers(root, &found.strangers)?;
            if !found.strangers.is_empty() {
                // A folder of bars of which none can be read is refused for what its first file says.
                return Err(first_refused.unwrap_or_else(|| not_a_store(root, &found)));
            }
        }
        if let Some(group) = &options.exchange_group {
            series.values_mut().for_each(|series| series.keep_group(group));
        }
        let Found { strangers, parted_by_time, .. } = found;
        Ok(DataManager {
            root: root.to_owned(),
            series: Arc::new(series),
            strangers,
            all_strangers: Arc::default(),
            parted_by_time,
        })
    }

    /// The folder of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The names of all series, in order.
    pub fn keys(&self) -> impl Iterator<Item = &SeriesKey> {
        self.series.iter().filter(|(_, series)| series.is_there()).map(|(key, _)| key)
    }

    /// All symbols, in order.
    pub fn symbols(&self) -> Vec<Symbol> {
        let symbols: BTreeSet<&Symbol> = self.keys().map(|key| &key.symbol).collect();
        symbols.into_iter().cloned().collect()
    }

    /// Up to three symbols of the store whose names come nearest to `asked`, the nearest first; none
    /// where it holds no symbol.
    ///
    /// *Cost*: a comparison with every symbol.
    pub fn nearest(&self, asked: &Symbol) -> Vec<Symbol> {
        guess::nearest(asked, self.symbols())
    }

    /// The intervals at which `symbol` is stored, shortest first; empty where it is not.
    ///
    /// *Cost*: a search among the series; lists the folders of this symbol, once.
    pub fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval> {
        let first = SeriesKey { symbol: symbol.clone(), interval: BarInterval::SHORTEST };
        let its = self.series.range(first..).take_while(|(key, _)| key.symbol == *symbol);
        its.filter(|(_, series)| series.is_there()).map(|(key, _)| key.interval).collect()
    }

    /// Files and folders in the store that are no part of it.
    ///
    /// *Cost*: walks all of the store, once. Where that fails, those that opening has met.
    pub fn strangers(&self) -> &[PathBuf] {
        let all = || all_strangers(&self.root, &self.strangers);
        // `Err`: a folder that cannot be listed is said by who asks for its series.
        self.all_strangers.get_or_init(|| all().unwrap_or_else(|_| self.strangers.clone()))
    }

    /// Folders among the strangers that part the bars of an interval by time, `1m/2025/06`, where a
    /// symbol's folder would stand: no name says whose bars they are, and none is read.
    pub fn parted_by_time(&self) -> &[PathBuf] {
        &self.parted_by_time
    }

    /// Why a file that is called by `symbol`, in a folder of such files, is none of the store's; absent
    /// where there is no such file.
    ///
    /// *Cost*: reads its footer.
    pub fn refusal_of(&self, symbol: &Symbol) -> Option<DataError> {
        let name = layout::flat_file_name(symbol);
        let is_its = |path: &&PathBuf| path.file_name().is_some_and(|found| found == &*name);
        BarFile::open(self.strangers.iter().find(is_its)?).err()
    }

    /// What is known of every series, in order; one that is stored twice is listed twice.
    ///
    /// *Cost*: reads the footer of every file; rows only of files without statistics.
    pub fn series(&self) -> Vec<SeriesInfo> {
        let places = self.series.values().flat_map(StoredSeries::places);
        places.map(|place| place.map_or_else(unlisted_info, info_of)).collect()
    }

    /// What is known of one series.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownSeries`], [`DataError::AmbiguousSeries`].
    pub fn info(&self, key: &SeriesKey) -> Result<SeriesInfo, DataError> {
        self.place(key).map(info_of)
    }

    /// The files of one series that may hold rows in `range`, by their first and last stamp.
    ///
    /// # Errors
    ///
    /// Those of [`DataManager::feed`].
    pub fn files(
        &self,
        key: &SeriesKey,
        range: Range<Timestamp>,
        calendar: &Calendar,
    ) -> Result<Vec<PathBuf>, DataError> {
        let slack = Labels::new(key.interval, calendar).slack().as_nanos();
        let since_ns = range.start.as_nanos().saturating_sub(slack);
        let until_ns = range.end.as_nanos().saturating_add(slack);
        let files = self.files_in_order(key, calendar)?;
        let is_wanted = |file: &&HeldFile| file.last_ns >= since_ns && file.first_ns < until_ns;
        Ok(files.iter().filter(is_wanted).map(|file| file.path.clone()).collect())
    }

    /// Opens the files of one series that hold rows in `range`, as far as their names say, and reads
    /// what they say of themselves: no row of them.
    ///
    /// *Cost*: reads the footers of those files.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownSeries`], [`DataError::AmbiguousSeries`]; that of the first file that is no
    /// file of bars.
    pub fn check_files(
        &self,
        key: &SeriesKey,
        range: Range<Timestamp>,
        calendar: &Calendar,
    ) -> Result<(), DataError> {
        for path in self.files(key, range, calendar)? {
            BarFile::open(&path)?;
        }
        Ok(())
    }

    /// How many rows of one series are stamped in `range` (1d and 1w rows with the open of their
    /// session), duplicates among them.
    ///
    /// *Cost*: decodes the stamps of the files that may hold such rows, and no value.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownSeries`], [`DataError::AmbiguousSeries`]; those of files that cannot be read.
    pub fn n_rows(
        &self,
        key: &SeriesKey,
        range: Range<Timestamp>,
        calendar: &Calendar,
    ) -> Result<u64, DataError> {
        let labels = Labels::new(key.interval, calendar);
        let since_ns = range.start.as_nanos().saturating_sub(labels.slack().as_nanos());
        let is_in = |&&ns: &&i64| range.contains(&Timestamp::from_nanos(labels.instant(ns)));
        let mut n_rows = 0;
        for path in self.files(key, range.clone(), calendar)? {
            let mut decoder = Decoder::unchecked(Arc::new(BarFile::open(&path)?));
            decoder.skip_groups_before(since_ns);
            loop {
                let stamps = decoder.stamps()?;
                let n_stamps = stamps.len();
                if n_stamps == 0 {
                    break;
                }
                n_rows += stamps.iter().filter(is_in).count() as u64;
                decoder.skip(n_stamps);
            }
        }
        Ok(n_rows)
    }

    /// A feed of one series that stands at its first row.
    ///
    /// *Cost*: when the first feed of a series is asked for, the footers of its files are read: a file
    /// holds what its rows say, not what its name does. Files that other programs wrote are held against
    /// all of their stamps, and against the sessions of `calendar`.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownSeries`] with the nearest names, [`DataError::AmbiguousSeries`]; what
    /// speaks against the files, whether their rows are asked for or not, as [`crate::verify`] names it:
    /// [`DataError::OtherSymbol`], [`DataError::OtherInterval`], [`DataError::MixedUnits`],
    /// [`DataError::MixedFiles`], [`DataError::Unsorted`], [`DataError::OutsidePeriod`],
    /// [`DataError::FalseStatistics`] and [`DataError::Refused`]. A file that cannot be decoded is an
    /// error when its rows are due.
    pub fn feed(&self, key: &SeriesKey, calendar: &Calendar) -> Result<ParquetFeed, DataError> {
        let files = self.files_in_order(key, calendar)?;
        Ok(ParquetFeed::new(key.clone(), files, Labels::new(key.interval, calendar)))
    }

    fn files_in_order(
        &self,
        key: &SeriesKey,
        calendar: &Calendar,
    ) -> Result<Arc<[HeldFile]>, DataError> {
        let (series, place) = self.stored(key)?;
        if let Some((held_against, files)) = series.in_order.get()
            && held_against == calendar.name()
        {
            return Ok(Arc::clone(files));
        }
        let files: Arc<[HeldFile]> =
            held::in_order(place, Order::Ascending, Some(calendar))?.into();
        series.in_order.get_or_init(|| (calendar.name().to_owned(), Arc::clone(&files)));
        Ok(files)
    }

    /// Appends to `out` the rows of one series that are stamped in `range` (1d and 1w rows with
    /// the open of their session), as they stand.
    ///
    /// # Errors
    ///
    /// Those of [`DataManager::feed`] and of a poll; the rows before an error are in `out`.
    pub fn read(
        &self,
        key: &SeriesKey,
        range: Range<Timestamp>,
        calendar: &Calendar,
        out: &mut BarColumns,
    ) -> Result<(), DataError> {
        let mut feed = self.feed(key, calendar)?;
        feed.seek(range.start)?;
        feed.poll(range.end, range.end, out).map(|_| ())
    }

    /// The adjustment of one series, by the metadata of its first file.
    ///
    /// # Errors
    ///
    /// Those of [`DataManager::feed`], and of the file.
    pub fn adjustment(&self, key: &SeriesKey) -> Result<Adjustment, DataError> {
        match self.place(key)?.files.first() {
            Some(file) => Ok(BarFile::open(&file.path)?.provenance().adjustment),
            None => Ok(Adjustment::Unstated),
        }
    }

    /// Checks that the series of each symbol among `keys` may be used together.
    ///
    /// # Errors
    ///
    /// [`DataError::MixedAdjustment`]; those of [`DataManager::adjustment`].
    pub fn check_together<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a SeriesKey>,
    ) -> Result<(), DataError> {
        let mut known: BTreeMap<&Symbol, (&SeriesKey, Adjustment)> = BTreeMap::new();
        for key in keys {
            let adjustment = self.adjustment(key)?;
            let (first, first_adjustment) = *known.entry(&key.symbol).or_insert((key, adjustment));
            if first_adjustment != adjustment {
                return Err(DataError::MixedAdjustment {
                    first: first.clone(),
                    first_adjustment,
                    second: key.clone(),
                    second_adjustment: adjustment,
                });
            }
        }
        Ok(())
    }

    pub(crate) fn place(&self, key: &SeriesKey) -> Result<&SeriesPlace, DataError> {
        self.stored(key).map(|(_, place)| place)
    }

    /// A series and the only place at which it was found.
    fn stored(&self, key: &SeriesKey) -> Result<(&StoredSeries, &SeriesPlace), DataError> {
        let unknown = || DataError::UnknownSeries {
            store: self.root.clone(),
            key: key.clone(),
            intervals: self.intervals(&key.symbol).iter().map(ToString::to_string).collect(),
            nearest: self.nearest(&key.symbol),
        };
        let series = self.series.get(key).ok_or_else(unknown)?;
        let places: Result<Vec<&SeriesPlace>, DataError> =
            series.places().map(|place| place.map_err(|(_, error)| error)).collect();
        match places?.as_slice() {
            [] => Err(unknown()),
            [place] => Ok((series, place)),
            places => Err(DataError::AmbiguousSeries {
                key: key.clone(),
                places: places.iter().map(|place| place.path.clone()).collect(),
            }),
        }
    }
}

/// What is known of a series whose folder cannot be listed.
fn unlisted_info((place, error): (&SeriesPlace, DataError)) -> SeriesInfo {
    let mut info = blank_info(place);
    info.unreadable.push(error);
    info
}

fn blank_info(place: &SeriesPlace) -> SeriesInfo {
    SeriesInfo {
        key: place.key.clone(),
        exchange_group: place.exchange_group.clone(),
        files: Vec::new(),
        n_bytes: 0,
        n_rows: 0,
        span: None,
        provenance: Provenance::default(),
        unreadable: Vec::new(),
    }
}

fn info_of(place: &SeriesPlace) -> SeriesInfo {
    let mut info = blank_info(place);
    let mut files = Vec::with_capacity(place.files.len());
    for file in &place.files {
        let by_name = file.period.map(|period| period.range().start);
        let first = match add_file(&mut info, &file.path) {
            Ok(span) => span.map(|(first, _)| first),
            Err(error) => {
                info.unreadable.push(error);
                by_name
            }
        };
        files.push((first, file.path.clone()));
    }
    files.sort();
    info.files = files.into_iter().map(|(_, path)| path).collect();
    info
}

/// Adds what the file at `path` says of itself; yields its span.
fn add_file(
    info: &mut SeriesInfo,
    path: &Path,
) -> Result<Option<(Timestamp, Timestamp)>, DataError> {
    info.n_bytes += disk::n_bytes(path)?;
    let file = Arc::new(BarFile::open(path)?);
    if info.n_rows == 0 {
        info.provenance = file.provenance();
    }
    info.n_rows += file.n_rows();
    let span = match file.span() {
        Some(span) => Some(span),
        None => foreign::decoded_span(&file)?
            .map(|(first, last)| (Timestamp::from_nanos(first), Timestamp::from_nanos(last))),
    };
    if let Some((first, last)) = span {
        info.span =
            Some(info.span.map_or((first, last), |(a, b): (Timestamp, Timestamp)| {
                (a.min(first), b.max(last))
            }));
    }
    Ok(span)
}

/// All strangers in the store at `root`, and those of `met` that are none by their names.
fn all_strangers(root: &Path, met: &[PathBuf]) -> Result<Vec<PathBuf>, DataError> {
    let mut all = layout::walk(root)?.strangers;
    let walked: BTreeSet<PathBuf> = all.iter().cloned().collect();
    all.extend(met.iter().filter(|path| !walked.contains(*path)).cloned());
    Ok(all)
}

fn not_a_store(root: &Path, found: &Found) -> DataError {
    const N_SHOWN: usize = 3;
    let names: Vec<String> = found
        .strangers
        .iter()
        .filter_map(|path| path.file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    let mut shown = names[..names.len().min(N_SHOWN)].join(", ");
    if names.len() > N_SHOWN {
        shown.push_str(&format!(" and {} more", names.len() - N_SHOWN));
    }
    let is_store = |path: &&PathBuf| {
        disk::is_folder(path)
            && layout::walk(path)
                .is_ok_and(|inner| !inner.places.is_empty() || !inner.without_interval.is_empty())
    };
    let nested = found.strangers.iter().filter(is_store);
    DataError::NotAStore {
        path: root.to_owned(),
        found: shown,
        nested: nested.map(|path| path.display().to_string()).collect(),
        parted_by_time: found.parted_by_time.clone(),
    }
}
