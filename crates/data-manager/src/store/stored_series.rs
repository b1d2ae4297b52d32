//! The series of a store: their places by name, and their files, which are found when a series is first
//! asked for. A run over one symbol does not list the folders of five thousand.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use openbell_market::SeriesKey;

use crate::DataError;
use crate::store::held::HeldFile;
use crate::store::layout::{Found, SeriesPlace, files_of};

/// A series, found at one place or at several, at which nobody knows what to read.
#[derive(Default, Debug)]
pub(super) struct StoredSeries {
    places: Vec<StoredPlace>,
    /// The files of the one place, in order, and the name of the calendar that they were held against;
    /// found when a feed is first asked for.
    pub(super) in_order: OnceLock<(String, Arc<[HeldFile]>)>,
}

/// A place, as far as it is known.
#[derive(Debug)]
enum StoredPlace {
    /// Its files were found where its name was.
    Known(SeriesPlace),
    /// Its folder is listed when it is first asked for.
    Named { place: SeriesPlace, listed: OnceLock<Result<SeriesPlace, DataError>> },
}

impl StoredPlace {
    /// The place with its files, of which there may be none.
    fn listed(&self) -> Result<&SeriesPlace, DataError> {
        match self {
            StoredPlace::Known(place) => Ok(place),
            StoredPlace::Named { place, listed } => {
                let listed = listed.get_or_init(|| files_of(place));
                listed.as_ref().map_err(DataError::clone)
            }
        }
    }

    fn of(&self) -> &SeriesPlace {
        match self {
            StoredPlace::Known(place) | StoredPlace::Named { place, .. } => place,
        }
    }
}

impl StoredSeries {
    /// The places at which it has files; of one whose folder cannot be listed why.
    ///
    /// *Cost*: lists the folders of the series once.
    pub(super) fn places(
        &self,
    ) -> impl Iterator<Item = Result<&SeriesPlace, (&SeriesPlace, DataError)>> {
        let all =
            self.places.iter().map(|place| place.listed().map_err(|error| (place.of(), error)));
        all.filter(|place| !matches!(place, Ok(place) if place.files.is_empty()))
    }

    /// Leaves out the places of other exchange groups than `group`; a flat folder has none.
    pub(super) fn keep_group(&mut self, group: &str) {
        self.places
            .retain(|place| place.of().exchange_group.as_deref().is_none_or(|its| its == group));
    }

    /// Whether there is a place with files, or one that cannot be listed.
    pub(super) fn is_there(&self) -> bool {
        self.places().next().is_some()
    }
}

/// All series at the places that a walk has `found`, which it leaves without.
pub(super) fn by_key(found: &mut Found) -> BTreeMap<SeriesKey, StoredSeries> {
    let known = std::mem::take(&mut found.places).into_iter().map(StoredPlace::Known);
    let named = std::mem::take(&mut found.unlisted).into_iter();
    let named = named.map(|place| StoredPlace::Named { place, listed: OnceLock::new() });
    let mut series: BTreeMap<SeriesKey, StoredSeries> = BTreeMap::new();
    for place in known.chain(named) {
        series.entry(place.of().key.clone()).or_default().places.push(place);
    }
    series
}
