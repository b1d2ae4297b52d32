//! Merges the final bars of a session into a store.

use openbell_data_manager::{DataError, MergeCounts, Provenance, StoreWriter};
use openbell_market::{Adjustment, SeriesKey};

use super::SessionBars;
use super::mark::Mark;
use crate::disk;
use crate::error::RecorderError;

/// What the merge of one series has done.
#[derive(Debug)]
pub struct StoredSeries {
    /// The series.
    pub key: SeriesKey,
    /// Its bars, by what became of them; or why none was stored.
    pub merged: Result<MergeCounts, DataError>,
}

/// What the merge of a session has done.
#[derive(Debug)]
pub struct StoredSession {
    /// Its series.
    pub series: Vec<StoredSeries>,
    /// Whether all that is recorded is in the store now; then the recording is marked as stored.
    pub is_whole: bool,
}

impl StoredSession {
    /// What became of the bars of all series that were stored.
    pub fn counts(&self) -> MergeCounts {
        let mut counts = MergeCounts::default();
        self.series.iter().filter_map(|s| s.merged.as_ref().ok()).for_each(|n| counts += *n);
        counts
    }
}

/// Merges the final bars of a session into the store of `writer`: raw, supplied by the vendor of the
/// recording, as *recorded*. Done again it changes nothing: bars that are there are counted as
/// unchanged, or as updated where something came since. A series that the store refuses does not keep
/// the others out. Where all is stored, `stored.json` in the recording's folder says so.
///
/// # Errors
///
/// The mark cannot be written.
pub fn into_store(
    bars: &SessionBars,
    writer: &mut StoreWriter,
) -> Result<StoredSession, RecorderError> {
    let vendor = bars.head.vendor.as_deref().unwrap_or("unnamed feed");
    let provenance = Provenance {
        provider: Some(format!("{vendor} (recorded)")),
        adjustment: Adjustment::Raw,
        is_synthetic: bars.head.is_synthetic,
        ..Provenance::default()
    };
    let merged = bars.series.iter().map(|(key, rows)| StoredSeries {
        key: key.clone(),
        merged: writer.merge(&bars.exchange_group, key, &provenance, rows),
    });
    let series: Vec<StoredSeries> = merged.collect();
    let is_whole = bars.damage.is_none() && series.iter().all(|series| series.merged.is_ok());
    if is_whole {
        let store = disk::absolute(writer.root())?.display().to_string();
        Mark { n_looks: bars.n_looks, store }.write(&bars.folder)?;
    }
    Ok(StoredSession { series, is_whole })
}
