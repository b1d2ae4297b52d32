//! A feed whose source breaks at an instant of the story.

use openbell_data_manager::{DataError, Feed, FeedKind, MemoryFeed, Progress};
use openbell_market::{BarColumns, SeriesKey};
use openbell_time::Timestamp;

/// The error of a source that says `why`.
pub(crate) fn said(why: &str) -> DataError {
    DataError::SourceFailed { said: why.to_owned() }
}

/// A feed of which rows stamped from an instant on cannot be read.
pub(crate) struct BreakingFeed {
    pub(crate) feed: MemoryFeed,
    pub(crate) since: Timestamp,
    /// What the source says then.
    pub(crate) why: &'static str,
}

impl Feed for BreakingFeed {
    fn series(&self) -> &SeriesKey {
        self.feed.series()
    }

    fn kind(&self) -> FeedKind {
        self.feed.kind()
    }

    fn seek(&mut self, since: Timestamp) -> Result<(), DataError> {
        self.feed.seek(since)
    }

    fn poll(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        out: &mut BarColumns,
    ) -> Result<Progress, DataError> {
        let progress = self.feed.poll(now, until.min(self.since), out)?;
        if until <= self.since {
            return Ok(progress);
        }
        let (key, since) = (self.series().clone(), Some(self.since));
        Err(DataError::SeriesUnreadable { key, since, source: Box::new(said(self.why)) })
    }
}
