//! A live feed that hands out what was recorded of it, look by look.

use std::cell::OnceCell;

use openbell_data_manager::{DataError, DownCause, Feed, FeedKind, Link, Progress};
use openbell_market::{BarColumns, SeriesKey};
use openbell_time::Timestamp;

use super::HandedOut;
use super::player::Shared;

/// A feed of a recorded run; behind the last recorded look it is the one that goes on.
pub(super) struct RecordedFeed {
    key: SeriesKey,
    player: Shared,
    handed_out: HandedOut,
    /// The one that goes on, once the recording is over.
    onward: OnceCell<Box<dyn Feed>>,
}

impl RecordedFeed {
    pub(super) fn new(key: SeriesKey, nth: usize, player: Shared) -> RecordedFeed {
        let (since, complete_through) = (Timestamp::MIN, Timestamp::MIN);
        let handed_out = HandedOut { nth, n_polls: 0, since, complete_through };
        RecordedFeed { key, player, handed_out, onward: OnceCell::new() }
    }

    /// The feed that goes on, where the recording is over and there is one: made once.
    fn onward(&self) -> Option<&dyn Feed> {
        if let Some(feed) = self.onward.get() {
            return Some(feed.as_ref());
        }
        let mut player = self.player.lock();
        let onward = if player.is_over() { player.onward.clone() } else { None };
        drop(player); // It may take a while to make one.
        let made = onward?.feed(&self.key, &self.handed_out);
        Some(self.onward.get_or_init(|| made).as_ref())
    }

    fn onward_mut(&mut self) -> Option<&mut Box<dyn Feed>> {
        let _ = self.onward()?;
        self.onward.get_mut()
    }
}

impl Feed for RecordedFeed {
    fn series(&self) -> &SeriesKey {
        &self.key
    }

    fn kind(&self) -> FeedKind {
        FeedKind::Live
    }

    fn seek(&mut self, since: Timestamp) -> Result<(), DataError> {
        self.handed_out.since = since;
        self.onward_mut().map_or(Ok(()), |feed| feed.seek(since))
    }

    fn poll(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        out: &mut BarColumns,
    ) -> Result<Progress, DataError> {
        if let Some(feed) = self.onward_mut() {
            return feed.poll(now, until, out);
        }
        self.handed_out.n_polls += 1;
        let player = self.player.lock();
        let Some(heard) = player.heard(&self.key.symbol) else {
            let said = format!("nothing is recorded of {} at {now}", self.key);
            return Err(DataError::Recorded { said });
        };
        out.extend_from(&heard.rows, 0..heard.rows.len());
        match &heard.said {
            Ok(progress) => {
                let through = &mut self.handed_out.complete_through;
                *through = (*through).max(progress.complete_through);
                Ok(progress.clone())
            }
            Err(link) => Err(DataError::Recorded { said: said_by(link) }),
        }
    }

    fn poll_revisions(&mut self, now: Timestamp, out: &mut BarColumns) {
        if let Some(feed) = self.onward_mut() {
            return feed.poll_revisions(now, out);
        }
        if let Some(heard) = self.player.lock().heard(&self.key.symbol) {
            out.extend_from(&heard.revisions, 0..heard.revisions.len());
        }
    }

    fn hurry(&mut self, due: Timestamp) {
        if let Some(feed) = self.onward_mut() {
            feed.hurry(due);
        }
    }

    fn has_news(&self, now: Timestamp) -> bool {
        match self.onward() {
            Some(feed) => feed.has_news(now),
            None => self.player.lock().has_news(&self.key.symbol, now),
        }
    }

    fn next_due(&self) -> Timestamp {
        match self.onward() {
            Some(feed) => feed.next_due(),
            None => self.player.lock().next_look(),
        }
    }
}

/// What a feed failed with whose link was made that of a failure.
fn said_by(link: &Link) -> String {
    match link {
        Link::Down { why: DownCause::Broken(said) | DownCause::Refused(said), .. } => {
            said.to_string()
        }
        other => other.to_string(),
    }
}
