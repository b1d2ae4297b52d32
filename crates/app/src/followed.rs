//! What a live session is made of: its own bars through a door, the days before from the store.

use std::ops::Range;
use std::path::Path;

use openbell_config::LiveConfig;
use openbell_coordinator::{Source, StoreSource, UnknownSymbol};
use openbell_data_manager::live::{Door, Protocol};
use openbell_data_manager::{DataError, DataManager, Feed, MemoryFeed};
use openbell_market::{BarColumns, BarInterval, SeriesKey, Symbol};
use openbell_session_file::SessionFile;
use openbell_time::{Calendar, Timestamp};

use crate::exit::{Exit, Failure};
use crate::session_file::absolute;
use crate::stored;
use crate::vendors::VendorName;

/// The interval that the vendor is asked for: the file's, or the longest of the vendor's of which every
/// other can be made. The file that is run, and kept, says it.
pub(crate) fn choose_base(
    file: &mut SessionFile,
    live: &LiveConfig,
) -> Result<BarInterval, Failure> {
    let protocol = VendorName::of(live.data_api).mute();
    let traits = protocol.traits();
    let asked = file.config.session_data_config.intervals();
    let fits = |base: &BarInterval| asked.iter().all(|interval| interval.is_made_of(*base));
    let chosen = match file.config.session_data_config.base_interval {
        Some(base) => Some(base).filter(|base| traits.intervals.contains(base)),
        None => traits.intervals.iter().copied().filter(fits).max(),
    };
    let Some(base) = chosen else {
        let has: Vec<String> = traits.intervals.iter().map(ToString::to_string).collect();
        let key = match file.config.session_data_config.base_interval {
            Some(_) => "session_data_config.base_interval",
            None => "session_data_config.streams",
        };
        let text = format!(
            "{}{key}: {} has bars of {}, and none of them yields what is asked for",
            file.place_of(key),
            traits.name,
            has.join(", ")
        );
        return Err(Failure::says(Exit::Config, text));
    };
    file.config.session_data_config.base_interval = Some(base);
    Ok(base)
}

/// The store that the file names; absent where it names none, or none is there yet.
pub(crate) fn store_of(
    file: &SessionFile,
    given: Option<&Path>,
) -> Result<(String, Option<DataManager>), Failure> {
    if given.is_none() && file.config.data_config.store.is_none() {
        return Ok((String::new(), None));
    }
    let folder = file.store(given)?;
    let store = stored::where_there(&folder, file.config.exchange_group.name)?;
    Ok((absolute(&folder), store))
}

/// Where a live session gets its bars from. A recorded one has them from its recording, and the days
/// before from here.
pub(crate) struct Followed {
    /// Absent where the session has none: then there are no days before.
    store: Option<StoreSource>,
    /// The interval that the vendor delivers.
    base: BarInterval,
    vendor: &'static str,
    /// Absent where the session is recorded.
    door: Option<Door>,
}

impl Followed {
    /// The days before of a session whose base is `base`.
    pub(crate) fn recorded(store: Option<StoreSource>, base: BarInterval) -> Followed {
        Followed { store, base, vendor: "the recording", door: None }
    }

    /// The same, with the session's own bars of `vendor` through `door`.
    pub(crate) fn live(
        store: Option<StoreSource>,
        base: BarInterval,
        vendor: &'static str,
        door: Door,
    ) -> Followed {
        Followed { store, base, vendor, door: Some(door) }
    }

    /// The store, where it holds that series.
    fn store_of(&self, key: &SeriesKey) -> Option<&StoreSource> {
        self.store.as_ref().filter(|store| store.intervals(&key.symbol).contains(&key.interval))
    }
}

impl Source for Followed {
    /// What is stored, and what the vendor delivers.
    fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval> {
        let mut intervals =
            self.store.as_ref().map(|store| store.intervals(symbol)).unwrap_or_default();
        intervals.push(self.base);
        intervals.sort_unstable();
        intervals.dedup();
        intervals
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        UnknownSymbol { symbol: symbol.clone(), source: self.vendor.to_owned(), nearest: None }
    }

    fn check_together(&self, keys: &[SeriesKey]) -> Result<(), DataError> {
        let Some(store) = &self.store else { return Ok(()) };
        let stored: Vec<SeriesKey> =
            keys.iter().filter(|key| self.store_of(key).is_some()).cloned().collect();
        store.check_together(&stored)
    }

    fn check_files(
        &self,
        key: &SeriesKey,
        range: Range<Timestamp>,
        calendar: &Calendar,
    ) -> Result<(), DataError> {
        self.store_of(key).map_or(Ok(()), |store| store.check_files(key, range, calendar))
    }

    fn feed(&mut self, key: &SeriesKey, calendar: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        let is_stored = self.store_of(key).is_some();
        match &mut self.store {
            Some(store) if is_stored => store.feed(key, calendar),
            _ => Ok(Box::new(MemoryFeed::new(key.clone(), BarColumns::default()))),
        }
    }

    fn day_feed(
        &mut self,
        key: &SeriesKey,
        calendar: &Calendar,
    ) -> Result<Box<dyn Feed>, DataError> {
        match self.door.as_ref().and_then(|door| door.feed(key)) {
            Some(feed) => Ok(Box::new(feed)),
            None => self.feed(key, calendar),
        }
    }
}
