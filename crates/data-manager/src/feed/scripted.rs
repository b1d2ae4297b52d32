//! A live feed that follows a script: what arrives, and when. It lets rules about lateness, silence,
//! lost connections and corrections be tested with a driven clock.
//!
//! It shares no assumption of the engine: a bar says nothing but itself, and is handed out when the
//! script says, also ahead of its close.

use std::collections::VecDeque;

use openbell_market::{BarColumns, Ohlcv, SeriesKey};
use openbell_time::{Nanos, Timestamp};

use crate::DataError;
use crate::feed::{DownCause, Feed, FeedKind, Link, LinkStep, Progress, Trading};

/// Something that a live source says.
#[derive(Clone, PartialEq, Debug)]
pub enum Arrival {
    /// A bar, which says nothing about the bars before it; see [`ScriptedFeed::continuous`].
    Bar {
        /// Its stamp.
        opens_at: Timestamp,
        /// Its values.
        ohlcv: Ohlcv,
    },
    /// Other values of a bar that came before.
    Revision {
        /// The stamp of that bar.
        opens_at: Timestamp,
        /// Its values from now on.
        ohlcv: Ohlcv,
    },
    /// A sign of life, which says nothing about bars.
    Heartbeat,
    /// The source has sent every bar that closes at or before an instant.
    CompleteThrough(Timestamp),
    /// What the link is doing from now on, until the script says another thing.
    /// [`Link::Up`] leaves it to the heartbeat.
    Link(Link),
    /// Whether the instrument trades from now on.
    Trading(Trading),
    /// The source fails; what it says later arrives after the next seek only.
    Failure(String),
    /// The source has nothing to say any more.
    End,
}

/// A live [`Feed`] that says what its script says, at the instants that the script names.
///
/// Rows that arrive late come late: live, the order is that of arrival. The link counts as down when
/// nothing has arrived for longer than the heartbeat.
///
/// *Example*
///
/// ```
/// use openbell_data_manager::{Arrival, DownCause, Feed, Link, ScriptedFeed};
/// use openbell_market::{BarColumns, BarInterval, SeriesKey};
/// use openbell_time::{Nanos, Timestamp};
///
/// let key = SeriesKey { symbol: "AAPL".parse()?, interval: BarInterval::from_mins(1).unwrap() };
/// let at = |text: &str| text.parse::<Timestamp>();
/// let open = at("2025-07-02T13:30:00Z")?;
/// let heard_at = at("2025-07-02T13:30:20Z")?;
/// let mut feed = ScriptedFeed::new(key, open, Nanos::from_secs(30));
/// feed.arrives(heard_at, Arrival::Heartbeat);
///
/// let mut out = BarColumns::default();
/// let progress = feed.poll(at("2025-07-02T13:30:50Z")?, open, &mut out)?;
/// assert_eq!(progress.link, Link::Up { heard_at });
/// let progress = feed.poll(at("2025-07-02T13:30:51Z")?, open, &mut out)?;
/// let (since, why) = (heard_at, DownCause::Silent);
/// assert_eq!(progress.link, Link::Down { since, why, next_try: None });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ScriptedFeed {
    key: SeriesKey,
    subscribed_at: Timestamp,
    heartbeat: Nanos,
    is_continuous: bool,
    /// By the instant of arrival.
    script: Vec<Line>,
    /// Lines that have been heard.
    n_heard: usize,
    /// The failure that polls report until the next seek: the line at `n_heard`.
    has_failed: bool,
    polled_at: Timestamp,
    said: Said,
}

#[derive(Clone, Debug)]
struct Line {
    arrives_at: Timestamp,
    arrival: Arrival,
}

/// What the lines heard come to.
#[derive(Clone, Debug)]
struct Said {
    complete_through: Timestamp,
    link: Option<Link>,
    trading: Trading,
    heard_at: Option<Timestamp>,
    is_ended: bool,
    /// Rows that no poll has asked for so far, in order of arrival.
    rows: VecDeque<(Timestamp, Ohlcv)>,
    revisions: VecDeque<(Timestamp, Ohlcv)>,
}

impl ScriptedFeed {
    /// A feed whose subscription is confirmed at `subscribed_at`, so that it owes nothing before
    /// that instant, and whose source is silent when it has said nothing for longer than
    /// `heartbeat`.
    pub fn new(key: SeriesKey, subscribed_at: Timestamp, heartbeat: Nanos) -> ScriptedFeed {
        let said = Said {
            complete_through: Timestamp::MIN,
            link: None,
            trading: Trading::Normal,
            heard_at: None,
            is_ended: false,
            rows: VecDeque::new(),
            revisions: VecDeque::new(),
        };
        ScriptedFeed {
            key,
            subscribed_at,
            heartbeat,
            is_continuous: false,
            script: Vec::new(),
            n_heard: 0,
            has_failed: false,
            polled_at: Timestamp::MIN,
            said,
        }
    }

    /// From now on each [`Arrival::Bar`] is evidence for all time up to its close, as that of a vendor
    /// who leaves none out and sends them in order; but not while the script says that the link is
    /// anything but up.
    pub fn continuous(&mut self) -> &mut ScriptedFeed {
        self.is_continuous = true;
        self
    }

    /// Adds a line to the script; lines of one instant arrive in the order in which they were
    /// added. A line that is added for an instant before the last poll arrives with the next.
    pub fn arrives(&mut self, arrives_at: Timestamp, arrival: Arrival) -> &mut ScriptedFeed {
        let at = self.script.partition_point(|line| line.arrives_at <= arrives_at);
        self.script.insert(at.max(self.n_heard), Line { arrives_at, arrival });
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

    /// Hears the lines that have arrived by `now`, up to a failure.
    fn hear(&mut self, now: Timestamp) {
        self.polled_at = self.polled_at.max(now);
        while let Some(line) = self.script.get(self.n_heard)
            && line.arrives_at <= now
            && !self.has_failed
        {
            let (arrives_at, arrival) = (line.arrives_at, line.arrival.clone());
            if let Arrival::Failure(_) = arrival {
                self.has_failed = true;
                return;
            }
            self.n_heard += 1;
            self.said.heard_at = self.said.heard_at.max(Some(arrives_at));
            match arrival {
                Arrival::Bar { opens_at, ohlcv } => {
                    let is_up = matches!(self.said.link, None | Some(Link::Up { .. }));
                    if self.is_continuous && is_up {
                        self.complete(self.close_of(opens_at));
                    }
                    self.said.rows.push_back((opens_at, ohlcv));
                }
                Arrival::Revision { opens_at, ohlcv } => {
                    self.said.revisions.push_back((opens_at, ohlcv));
                }
                Arrival::CompleteThrough(through) => self.complete(through),
                Arrival::Link(link) => self.said.link = Some(link),
                Arrival::Trading(trading) => self.said.trading = trading,
                Arrival::End => self.said.is_ended = true,
                Arrival::Heartbeat | Arrival::Failure(_) => {}
            }
        }
    }

    fn complete(&mut self, through: Timestamp) {
        self.said.complete_through = self.said.complete_through.max(through);
    }

    /// The instant after which the source counts as silent, as far as is heard.
    fn silent_after(&self) -> Timestamp {
        let heard_at = self.heard_at();
        heard_at.checked_add(self.heartbeat).unwrap_or(Timestamp::MAX)
    }

    fn heard_at(&self) -> Timestamp {
        self.said.heard_at.unwrap_or(self.subscribed_at).max(self.subscribed_at)
    }

    fn link(&self, now: Timestamp) -> Link {
        let heard_at = self.heard_at();
        match &self.said.link {
            Some(link) if !matches!(link, Link::Up { .. }) => link.clone(),
            _ if now < self.subscribed_at => {
                Link::Starting { since: Timestamp::MIN, step: LinkStep::Subscribing }
            }
            _ if now > self.silent_after() && !self.said.is_ended => {
                Link::Down { since: heard_at, why: DownCause::Silent, next_try: None }
            }
            _ => Link::Up { heard_at },
        }
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
        if std::mem::take(&mut self.has_failed) {
            self.n_heard += 1;
        }
        let heard = self.script[..self.n_heard].iter().filter_map(|line| match line.arrival {
            Arrival::Bar { opens_at, ohlcv } if since <= opens_at => Some((opens_at, ohlcv)),
            _ => None,
        });
        self.said.rows = heard.collect();
        Ok(())
    }

    fn poll(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        out: &mut BarColumns,
    ) -> Result<Progress, DataError> {
        self.hear(now);
        self.said.rows.retain(|&(opens_at, ohlcv)| {
            let is_due = opens_at < until;
            if is_due {
                out.push(opens_at, ohlcv);
            }
            !is_due
        });
        if self.has_failed
            && let Some(Line { arrival: Arrival::Failure(said), .. }) =
                self.script.get(self.n_heard)
        {
            let error = DataError::SourceFailed { said: said.clone() };
            return Err(error.in_series(&self.key, None));
        }
        let owes_since = if now < self.subscribed_at { Timestamp::MIN } else { self.subscribed_at };
        Ok(Progress {
            given_up: Vec::new(),
            complete_through: self.said.complete_through.max(owes_since).min(until),
            link: self.link(now),
            trading: self.said.trading.clone(),
            is_exhausted: self.said.is_ended && self.said.rows.is_empty(),
        })
    }

    fn poll_revisions(&mut self, now: Timestamp, out: &mut BarColumns) {
        self.hear(now);
        for (opens_at, ohlcv) in self.said.revisions.drain(..) {
            out.push(opens_at, ohlcv);
        }
    }

    fn has_news(&self, now: Timestamp) -> bool {
        let next = self.script.get(self.n_heard).map(|line| line.arrives_at);
        self.has_failed || next.is_some_and(|at| at <= now) || self.next_due() <= now
    }

    fn next_due(&self) -> Timestamp {
        let (polled_at, silent_after) = (self.polled_at, self.silent_after());
        if polled_at < self.subscribed_at {
            self.subscribed_at
        } else if polled_at <= silent_after && silent_after < Timestamp::MAX {
            silent_after + Nanos::from_nanos(1)
        } else {
            Timestamp::MAX
        }
    }
}
