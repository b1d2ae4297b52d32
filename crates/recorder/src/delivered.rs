//! The bars with which earlier sessions of a run have closed, read out of their recordings once a run goes on
//! from a checkpoint.

use std::collections::BTreeMap;
use std::path::PathBuf;

use openbell_market::{BarColumns, SeriesKey};
use openbell_time::TradingDate;

use crate::bars::session_bars;

/// The bars of earlier sessions whose recordings are there.
///
/// *Cost*: the recording of a session is read when a bar of it is asked for first.
#[derive(Debug)]
pub struct DeliveredBars {
    /// The folder of each session.
    folders: BTreeMap<TradingDate, PathBuf>,
    /// Those that were read.
    read: BTreeMap<TradingDate, BTreeMap<SeriesKey, BarColumns>>,
}

impl DeliveredBars {
    pub(crate) fn of(folders: BTreeMap<TradingDate, PathBuf>) -> DeliveredBars {
        DeliveredBars { folders, read: BTreeMap::new() }
    }

    /// The bars of one series in one session, once; `None` where its recording is not there, or cannot be
    /// read: then the store has them, and whether they are the same is held against the checkpoint.
    pub(crate) fn take(&mut self, key: &SeriesKey, session: TradingDate) -> Option<BarColumns> {
        if let Some(folder) = self.folders.remove(&session) {
            let bars = session_bars(&folder).ok().filter(|bars| bars.damage.is_none());
            let series = bars.map(|bars| bars.series.into_iter().collect()).unwrap_or_default();
            self.read.insert(session, series);
        }
        self.read.get_mut(&session)?.remove(key)
    }
}
