//! One session: its instants, its parts, and what phase an instant has beside it.
//!
//! Not here: which dates have one, and what lies between two ([`crate::Calendar`]).

use crate::{Nanos, Timestamp, TradingDate};

/// What a market is doing at an instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum MarketPhase {
    /// Nothing trades.
    Closed,
    /// The pre-market of a session: from its pre open until its open.
    Pre,
    /// Regular hours.
    Regular,
    /// The break inside a session (Tokyo's lunch).
    Break,
    /// The post-market of a session: from its close until its post close.
    Post,
}

impl MarketPhase {
    /// The lower-case word: `closed`, `pre`, `regular`, `break`, `post`.
    pub const fn word(self) -> &'static str {
        match self {
            MarketPhase::Closed => "closed",
            MarketPhase::Pre => "pre",
            MarketPhase::Regular => "regular",
            MarketPhase::Break => "break",
            MarketPhase::Post => "post",
        }
    }
}

impl std::fmt::Display for MarketPhase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// The time inside a session in which nothing trades, `[since, until)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Break {
    /// The first instant that is shut.
    pub since: Timestamp,
    /// The first instant that is open again.
    pub until: Timestamp,
}

/// A stretch of regular hours without a break, `[since, until)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct SessionPart {
    /// The first instant that is open.
    pub since: Timestamp,
    /// The first instant that is not.
    pub until: Timestamp,
}

impl SessionPart {
    /// How long it is open.
    pub fn length(&self) -> Nanos {
        self.until - self.since
    }

    /// Is this instant in `[since, until)`?
    pub fn contains(&self, instant: Timestamp) -> bool {
        self.since <= instant && instant < self.until
    }
}

/// One trading day of one exchange.
///
/// *Time*: all instants are of the schedule, so a whole session may be known in advance; what was
/// cut short or delayed unannounced stands with its scheduled hours.
///
/// ```
/// use openbell_time::{Nanos, TimeManager};
/// let tokyo = TimeManager::new().calendar("XTKS")?;
/// let session = tokyo.session("2022-06-01".parse()?)?.expect("a Wednesday");
/// // 09:00 to 15:00 in Tokyo, which is nine hours ahead of UTC, and lunch from 11:30 to 12:30.
/// assert_eq!(session.open.to_string(), "2022-06-01T00:00:00Z");
/// assert_eq!(session.close.to_string(), "2022-06-01T06:00:00Z");
/// assert_eq!(session.open_length(), Nanos::from_secs(5 * 3600));
/// let parts: Vec<_> = session.parts().map(|part| part.length().as_secs()).collect();
/// assert_eq!(parts, [9_000, 9_000]);
/// # Ok::<(), openbell_time::TimeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Session {
    /// The exchange's own date; of a session that starts the evening before, the date on which it
    /// closes.
    pub date: TradingDate,
    /// The first instant of regular hours.
    pub open: Timestamp,
    /// The first instant after regular hours; after `open`.
    pub close: Timestamp,
    /// The break, strictly inside `[open, close)`; absent where trading does not stop.
    pub break_hours: Option<Break>,
    /// Where the pre-market starts, before `open`; absent where the calendar knows none.
    pub pre_open: Option<Timestamp>,
    /// Where the post-market ends, after `close`; absent where the calendar knows none.
    pub post_close: Option<Timestamp>,
    /// The close is announced for an earlier time than usual.
    pub is_early_close: bool,
    /// The open is announced for a later time than usual.
    pub is_late_open: bool,
    /// Made by rule for a date that the facts do not reach: announcements to come may change it.
    pub is_projected: bool,
}

impl Session {
    /// Yields the stretches of regular hours, in order.
    ///
    /// *Shape*: one, or two where there is a break.
    pub fn parts(&self) -> impl Iterator<Item = SessionPart> + use<> {
        let (first, second) = match self.break_hours {
            None => (SessionPart { since: self.open, until: self.close }, None),
            Some(shut) => (
                SessionPart { since: self.open, until: shut.since },
                Some(SessionPart { since: shut.until, until: self.close }),
            ),
        };
        std::iter::once(first).chain(second)
    }

    /// How long regular hours last, the break not counted.
    pub fn open_length(&self) -> Nanos {
        let shut = self.break_hours.map_or(Nanos::ZERO, |shut| shut.until - shut.since);
        self.close - self.open - shut
    }

    /// Says whether regular hours, and no break, hold at this instant.
    pub fn is_open_at(&self, instant: Timestamp) -> bool {
        self.phase_at(instant) == MarketPhase::Regular
    }

    /// The phase of this session at an instant; [`MarketPhase::Closed`] before its pre open and from its
    /// post close on, whatever the neighbouring sessions are doing.
    pub fn phase_at(&self, instant: Timestamp) -> MarketPhase {
        if instant < self.open {
            return match self.pre_open {
                Some(pre_open) if pre_open <= instant => MarketPhase::Pre,
                _ => MarketPhase::Closed,
            };
        }
        if instant >= self.close {
            return match self.post_close {
                Some(post_close) if instant < post_close => MarketPhase::Post,
                _ => MarketPhase::Closed,
            };
        }
        match self.break_hours {
            Some(shut) if shut.since <= instant && instant < shut.until => MarketPhase::Break,
            _ => MarketPhase::Regular,
        }
    }

    /// Regular time that has passed in `[since, until)`.
    pub(crate) fn open_time_until(&self, until: Timestamp) -> Nanos {
        let until = until.clamp(self.open, self.close);
        let shut = self
            .break_hours
            .map_or(Nanos::ZERO, |shut| until.clamp(shut.since, shut.until) - shut.since);
        until - self.open - shut
    }
}
