//! A live feed that follows a script: what arrives, and when. It lets rules about lateness,
//! silence and lost connections be tested with a driven clock.

use openbell_market::{BarColumns, Ohlcv, SeriesKey};
use openbell_time::{Nanos, Timestamp};

use crate::DataError;
use crate::feed::{Connection, Feed, FeedKind, Progress};

/// Something that a live source says.
#[derive(Clone, PartialEq, Debug)]
pub enum Arrival {
    /// A bar; the source is complete through its close.
    Bar {
        /// Its stamp.
        opens_at: Timestamp,
        /// Its values.
        ohlcv: Ohlcv,
    },
    /// A sign of life, which says nothing about bars.
    Heartbeat,
    /// The source has sent every bar that closes at or before an instant.
    CompleteThrough(Timestamp),
    /// The source fails; what it says later arrives after the next seek only.
    Failure(String),
    /// The source has nothing to say any more.
    End,
}

/// A live [`Feed`] that says what its script says, at the instants that the script names.
///
/// Rows that arrive late come late: live, the order is that of arrival. The connection counts as
/// silent when nothing has arrived for longer than the heartbeat.
///
/// *Example*
///
/// ```
/// use openbell_data_manager::{Arrival, Connection, Feed, ScriptedFeed};
/// use openbell_market::{BarColumns, BarInterval, SeriesKey};
/// use openbell_time::{Nanos, Timestamp};
///
/// let key = SeriesKey { symbol: "AAPL".parse()?, interval: BarInterval::from_mins(1).unwrap() };
/// let at = |text: &str| text.parse::<Timestamp>();
/// let open = at("2025-07-02T13:30:00Z")?;
/// let mut feed = ScriptedFeed::new(key, open, Nanos::from_secs(30));
/// feed.arrives(at("2025-07-02T13:30:20Z")?, Arrival::Heartbeat);
///
/// let mut out = BarColumns::default();
/// let progress = feed.poll(at("2025-07-02T13:30:50Z")?, open, &mut out)?;
/// assert_eq!(progress.connection, Connection::Alive);
/// let progress = feed.poll(at("2025-07-02T13:30:51Z")?, open, &mut out)?;
/// assert_eq!(progress.connection, Connection::Silent { since: at("2025-07-02T13:30:20Z")? });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ScriptedFeed {
    key: SeriesKey,
    subscribed_at: Timestamp,
    heartbeat: Nanos,
    script: Vec<Line>,
    /// Failures on lines before it are reported no more.
    forgiven: usize,
    /// The failure that polls report until the next seek.
    reported: Option<usize>,
}

#[derive(Clone, Debug)]
struct Line {
    arrives_at: Timestamp,
    arrival: Arrival,
    is_delivered: bool,
}

impl ScriptedFeed {
    /// A feed whose subscription is confirmed at `subscribed_at`, so that it owes nothing before
    /// that instant, and whose source is silent when it has said nothing for longer than
    /// `heartbeat`.
    pub fn new(key: SeriesKey, subscribed_at: Timestamp, heartbeat: Nanos) -> ScriptedFeed {
        ScriptedFeed {
            key,
            subscribed_at,
            heartbeat,
            script: Vec::new(),
            forgiven: 0,
            reported: None,
        }
    }

    /// Adds a line to the script; lines of one instant arrive in the order in which they were
    /// added.
    pub fn arrives(&mut self, arrives_at: Timestamp, arrival: Arrival) -> &mut ScriptedFeed {
        let at = self.script.partition_point(|line| line.arrives_at <= arrives_at);
        self.script.insert(at, Line { arrives_at, arrival, is_delivered: false });
        self
    }

    /// Adds a line for each of `rows`: each arrives `delay` after its close.
    pub fn arrive_after_close(&mut self, rows: &BarColumns, delay: Nanos) -> &mut ScriptedFeed {
        for row in 0..rows.len() {
            let opens_at = rows.opens_at(row);
            let bar = Arrival::Bar { opens_at, ohlcv: rows.ohlcv(row) };
            self.arrives(self.close_of(opens_at) + delay, bar);
        }
        self
    }

    fn close_of(&self, opens_at: Timestamp) -> Timestamp {
        match self.key.interval.clock() {
            Some(clock) => opens_at + clock.length(),
            None => opens_at,
        }
    }

    /// The first failure among the lines that arrived by `now` that no seek has forgiven.
    fn failure(&self, n_heard: usize) -> Option<usize> {
        let is_failure = |line: &Line| matches!(line.arrival, Arrival::Failure(_));
        let first = self.forgiven.min(n_heard);
        self.script[first..n_heard].iter().position(is_failure).map(|n| first + n)
    }
}

impl Feed for ScriptedFeed {
    fn series(&self) -> &SeriesKey {
        &self.key
    }

    fn kind(&self) -> FeedKind {
        FeedKind::Live
    }

    fn seek(&mut self, since: Timestamp) -> Result<(), DataError> {
        for line in &mut self.script {
            if let Arrival::Bar { opens_at, .. } = line.arrival {
                line.is_delivered = opens_at < since;
            }
        }
        if let Some(failed) = self.reported.take() {
            self.forgiven = failed + 1;
        }
        Ok(())
    }

    fn poll(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        out: &mut BarColumns,
    ) -> Result<Progress, DataError> {
        let n_arrived = self.script.partition_point(|line| line.arrives_at <= now);
        let failure = self.failure(n_arrived);
        let n_heard = failure.unwrap_or(n_arrived);
        let mut complete_through = self.subscribed_at;
        let mut is_ended = false;
        let mut n_waiting = 0;
        for idx in 0..n_heard {
            match self.script[idx].arrival {
                Arrival::Bar { opens_at, ohlcv } => {
                    complete_through = complete_through.max(self.close_of(opens_at));
                    let line = &mut self.script[idx];
                    if !line.is_delivered && opens_at < until {
                        out.push(opens_at, ohlcv);
                        line.is_delivered = true;
                    }
                    n_waiting += usize::from(!line.is_delivered);
                }
                Arrival::CompleteThrough(through) => {
                    complete_through = complete_through.max(through);
                }
                Arrival::End => is_ended = true,
                Arrival::Heartbeat | Arrival::Failure(_) => {}
            }
        }
        if let Some(failed) = failure
            && let Arrival::Failure(said) = &self.script[failed].arrival
        {
            let error = DataError::SourceFailed { said: said.clone() };
            self.reported = Some(failed);
            return Err(error.in_series(&self.key, None));
        }
        let heard_at = self.script[..n_heard].last().map(|line| line.arrives_at);
        let heard_at = heard_at.unwrap_or(self.subscribed_at).max(self.subscribed_at);
        let silent_after = heard_at.checked_add(self.heartbeat).unwrap_or(Timestamp::MAX);
        let is_silent = now > silent_after && !is_ended;
        Ok(Progress {
            complete_through: complete_through.min(until),
            connection: if is_silent {
                Connection::Silent { since: heard_at }
            } else {
                Connection::Alive
            },
            is_exhausted: is_ended && n_waiting == 0,
        })
    }
}
