//! How much of the equity was in positions, over the hours of the sessions.

use openbell_coordinator::saved;
use openbell_time::{Nanos, Session, Timestamp};

/// The time-weighted mean of a share that changes at marks, over sessions from open to close.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExposureMeter {
    /// Since when, in this session, and how much.
    since: Option<Timestamp>,
    share: f64,
    /// Share times seconds, and seconds of the sessions that have closed.
    exposed_s: f64,
    length_s: f64,
    open: Option<Timestamp>,
}
saved!(struct ExposureMeter { since, share, exposed_s, length_s, open });

impl ExposureMeter {
    pub(crate) fn open_session(&mut self, session: &Session) {
        self.since = Some(session.open);
        self.open = Some(session.open);
    }

    pub(crate) fn mark(&mut self, at: Timestamp, share: f64) {
        if let Some(since) = self.since {
            let length: Nanos = at - since;
            self.exposed_s += self.share * length.as_secs_f64().max(0.0);
            self.since = Some(at.max(since));
        }
        self.share = share;
    }

    pub(crate) fn close_session(&mut self, at: Timestamp, share: f64) {
        self.mark(at, share);
        if let Some(open) = self.open.take() {
            self.length_s += (at - open).as_secs_f64();
        }
        self.since = None;
    }

    pub(crate) fn mean(&self) -> Option<f64> {
        (self.length_s > 0.0).then(|| self.exposed_s / self.length_s)
    }
}
