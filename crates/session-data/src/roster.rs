//! Who is on the board: the members of the session and their series, as of one publication.
//!
//! A frame never changes. Joining, leaving, a new day, a late interval and a correction each make
//! a new frame, which outsiders meet with the publication that names it; so nothing ever grows
//! inside a view that is older.

use std::sync::Arc;

use openbell_market::{BarInterval, Symbol, SymbolIdx};
use openbell_time::{Timestamp, TradingDate};

use crate::inactive::LaggingSymbol;
use crate::segment::{Segment, SeriesRole};
use crate::sync::{AtomicI64, Ordering};

/// The session a frame stands in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionFacts {
    /// Its date.
    pub date: TradingDate,
    /// Its regular open.
    pub open: Timestamp,
    /// Its regular close.
    pub close: Timestamp,
    /// Whether quality is kept; where not, it is absent.
    pub keeps_quality: bool,
}

/// One series of a member: its bars of the day, and its trailing sessions.
#[derive(Clone, Debug)]
pub struct SeriesFacts {
    /// The interval.
    pub interval: BarInterval,
    /// Base or derived.
    pub role: SeriesRole,
    /// The day's bars; `None` where only history was asked for.
    pub today: Option<Arc<Segment>>,
    /// The trailing sessions, oldest first; the day itself is never among them.
    pub trailing: Arc<[Arc<Segment>]>,
}

/// A value computed before the session and fixed for the day.
#[derive(Clone, PartialEq, Debug)]
pub struct HistoricalIndicator {
    /// The key, as `avg_volume_20_1d`.
    pub key: Arc<str>,
    /// The field's name, empty where the indicator has one value.
    pub field: Arc<str>,
    /// The value, or why there is none.
    pub value: Result<f64, Arc<str>>,
}

/// A symbol on the board.
#[derive(Debug)]
pub struct Member {
    /// The symbol.
    pub symbol: Symbol,
    /// Its place in the run.
    pub idx: SymbolIdx,
    /// How often it has joined the run, from 1; an old handle names an old generation.
    pub generation: u32,
    /// Its series, shortest interval first.
    pub series: Vec<SeriesFacts>,
    /// Indicators fixed for the day.
    pub fixed: Arc<[HistoricalIndicator]>,
    /// Up to which instant the core has worked for this member while it is catching up.
    through: Arc<DeliveredThrough>,
}

/// How far the core is with one member: behind the session clock while it catches up.
#[derive(Debug)]
pub struct DeliveredThrough(AtomicI64);

impl DeliveredThrough {
    const WITH_THE_CLOCK: i64 = i64::MAX;

    /// A member that is with the clock.
    pub fn with_the_clock() -> Arc<DeliveredThrough> {
        Arc::new(DeliveredThrough(AtomicI64::new(DeliveredThrough::WITH_THE_CLOCK)))
    }

    /// A member of which nothing is delivered yet.
    pub fn before_everything() -> Arc<DeliveredThrough> {
        Arc::new(DeliveredThrough(AtomicI64::new(i64::MIN)))
    }

    /// The core has delivered up to `instant`, which lies behind the clock.
    pub fn advance_to(&self, instant: Timestamp) {
        self.0.store(instant.as_nanos(), Ordering::Release);
    }

    /// The member is with the clock from now on.
    pub fn reach_the_clock(&self) {
        self.0.store(DeliveredThrough::WITH_THE_CLOCK, Ordering::Release);
    }

    fn instant(&self, clock: Timestamp) -> Timestamp {
        clock.min(Timestamp::from_nanos(self.0.load(Ordering::Acquire)))
    }
}

impl Member {
    /// A member of the session.
    pub fn new(
        symbol: Symbol,
        idx: SymbolIdx,
        generation: u32,
        mut series: Vec<SeriesFacts>,
        fixed: Arc<[HistoricalIndicator]>,
        through: Arc<DeliveredThrough>,
    ) -> Member {
        series.sort_by_key(|facts| facts.interval);
        Member { symbol, idx, generation, series, fixed, through }
    }

    /// The instant up to which insiders see this member when the clock stands at `clock`.
    pub(crate) fn inside_instant(&self, clock: Timestamp) -> Timestamp {
        self.through.instant(clock)
    }

    pub(crate) fn series_at(&self, interval: BarInterval) -> Option<&SeriesFacts> {
        self.series.iter().find(|facts| facts.interval == interval)
    }
}

/// The board as of one publication.
#[derive(Debug)]
pub struct Roster {
    version: u64,
    session: Option<SessionFacts>,
    members: Vec<Arc<Member>>,
    /// Position in `members` by symbol index; `ABSENT` where it is not a member.
    positions: Vec<u32>,
    withheld: Vec<LaggingSymbol>,
}

const ABSENT: u32 = u32::MAX;

impl Roster {
    /// The board before the first session: nobody.
    pub(crate) fn empty() -> Roster {
        Roster::new(0, None, Vec::new(), Vec::new())
    }

    pub(crate) fn new(
        version: u64,
        session: Option<SessionFacts>,
        mut members: Vec<Arc<Member>>,
        withheld: Vec<LaggingSymbol>,
    ) -> Roster {
        members.sort_by(|a, b| a.symbol.cmp(&b.symbol));
        let n_positions = members.iter().map(|m| m.idx.as_usize() + 1).max().unwrap_or(0);
        let mut positions = vec![ABSENT; n_positions];
        for (position, member) in members.iter().enumerate() {
            positions[member.idx.as_usize()] = position as u32;
        }
        Roster { version, session, members, positions, withheld }
    }

    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The session, or `None` before the first.
    pub fn session(&self) -> Option<&SessionFacts> {
        self.session.as_ref()
    }

    /// The members in symbol order.
    pub fn members(&self) -> &[Arc<Member>] {
        &self.members
    }

    /// The members whose data is withheld (`scope: "symbol"`), in symbol order.
    pub fn withheld(&self) -> &[LaggingSymbol] {
        &self.withheld
    }

    pub(crate) fn member(&self, symbol: &str) -> Option<&Arc<Member>> {
        let found = self.members.binary_search_by(|m| m.symbol.as_str().cmp(symbol)).ok()?;
        Some(&self.members[found])
    }

    pub(crate) fn member_at(&self, idx: SymbolIdx) -> Option<&Arc<Member>> {
        let position = *self.positions.get(idx.as_usize())?;
        self.members.get(position as usize)
    }
}
