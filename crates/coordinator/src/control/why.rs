//! Why somebody gets no data: every cause looked at, from the outside in, in one fixed order.
//!
//! Not here: the list of causes (`verdict.rs`), what the core leaves to tell them by (`facts.rs`,
//! `status.rs`).

use std::fmt;

use openbell_config::nearest_name;
use openbell_market::{BarInterval, Symbol};
use openbell_session_data::{
    InactiveFacts, LaggingSymbol, OutsideReader, Reason, Unavailable, Why,
};
use openbell_time::{Nanos, Timestamp};

use crate::control::asked::Asked;
use crate::control::facts::{FactBoard, Facts};
use crate::control::status::{Phase, Status, StatusBoard, SymbolState, SymbolStatus};
use crate::control::verdict::Verdict;
use crate::control::ways_out::{WayOut, ways_out};

/// A part of the run that is looked at; in order, from the outside in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum CheckKind {
    /// The run as a whole.
    Run,
    /// The session and its hours.
    Session,
    /// Whether the clock goes on.
    Pace,
    /// The symbol, as far as it is behind.
    Symbol,
    /// The others, who may hold the gate.
    Gate,
    /// Whether bars of the symbol are owed.
    Trading,
    /// The series.
    Series,
    /// The consumer.
    Consumer,
    /// Whether bars were given up.
    Gaps,
    /// Whether a paced run waits for the wall clock.
    Wall,
}

impl CheckKind {
    /// The name in answers.
    pub fn name(self) -> &'static str {
        match self {
            CheckKind::Run => "run",
            CheckKind::Session => "session",
            CheckKind::Pace => "pace",
            CheckKind::Symbol => "symbol",
            CheckKind::Gate => "gate",
            CheckKind::Trading => "trading",
            CheckKind::Series => "series",
            CheckKind::Consumer => "consumer",
            CheckKind::Gaps => "gaps",
            CheckKind::Wall => "wall",
        }
    }
}

/// What was looked at, and what was found there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    /// What was looked at.
    pub about: CheckKind,
    /// What was found; nothing where it is ruled out as a cause.
    pub found: Option<Verdict>,
}

/// The answer to "why do I get no data?", as it stood.
#[derive(Clone, PartialEq, Debug)]
pub struct Diagnosis {
    /// What was asked.
    pub asked: Asked,
    /// The first cause that holds.
    pub verdict: Verdict,
    /// The session clock since which it is so, where that is known.
    pub since: Option<Timestamp>,
    /// All that was looked at, in order; further causes stand here.
    pub checks: Vec<Check>,
    /// What can be done, the nearest first; nothing where nothing is wrong.
    pub ways_out: Vec<WayOut>,
    /// The session clock; absent before the first session.
    pub clock: Option<Timestamp>,
    /// How often the gate has switched; odd where it is open.
    pub epoch: u64,
    /// The publication that outsiders read; absent while they are shut out.
    pub publication: Option<u64>,
    /// The status that the answer was made of.
    pub status: Status,
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.asked.symbol, &self.asked.interval) {
            (Some(symbol), Some(interval)) => write!(f, "{symbol} {interval}: ")?,
            (Some(symbol), None) => write!(f, "{symbol}: ")?,
            (None, _) => {}
        }
        self.verdict.fmt(f)
    }
}

/// What a view shows of the series that was asked about.
#[derive(Default)]
struct Seen {
    epoch: Option<u64>,
    publication: Option<u64>,
    withheld: Option<LaggingSymbol>,
    /// The intervals that the symbol has; absent where it cannot be read.
    there: Option<Vec<BarInterval>>,
    /// The interval that is meant.
    interval: Option<BarInterval>,
    /// The close of the newest bar of the day in it.
    newest: Option<Timestamp>,
    /// The close of the newest base bar of the day.
    newest_base: Option<Timestamp>,
}

/// All that an answer is made of.
struct Look<'a> {
    asked: &'a Asked,
    status: &'a Status,
    facts: &'a Facts,
    has_begun: bool,
    waits_until: Option<Timestamp>,
    seen: Seen,
}

/// The answer from what the core has left, on the thread of whoever asks.
pub(crate) fn diagnose(
    asked: Asked,
    (board, facts): (&StatusBoard, &FactBoard),
    mut reader: OutsideReader,
) -> Diagnosis {
    let seen = Seen::by(&mut reader, &asked);
    let status = board.status(reader);
    let known = facts.facts();
    let (has_begun, waits_until) = (facts.has_begun(), facts.waits_until());
    let look = Look { asked: &asked, status: &status, facts: &known, has_begun, waits_until, seen };
    let checks = look.checks();
    let verdict = checks.iter().find_map(|check| check.found.clone());
    let verdict = verdict.unwrap_or_else(|| look.nothing_is_wrong());
    let inactive = look.inactive();
    let epoch = inactive.map(|facts| facts.epoch).or(look.seen.epoch).unwrap_or(0);
    let publication = look.seen.publication.filter(|_| inactive.is_none());
    let since = look.since(&verdict);
    let (ways_out, clock) = (ways_out(&verdict, &asked), status.clock);
    Diagnosis { asked, verdict, since, checks, ways_out, clock, epoch, publication, status }
}

impl Seen {
    fn by(reader: &mut OutsideReader, asked: &Asked) -> Seen {
        let Ok(view) = reader.view() else { return Seen::default() };
        let mut seen = Seen {
            epoch: Some(view.epoch()),
            publication: Some(view.publication()),
            ..Seen::default()
        };
        let Some(symbol) = &asked.symbol else { return seen };
        match view.symbol(symbol.as_str()) {
            Ok(symbol) => {
                seen.there = Some(symbol.intervals().collect());
                let base = symbol.base();
                seen.interval = asked.interval.or(base.as_ref().map(|base| base.interval()));
                let newest = |interval| Some(symbol.series(interval).ok()?.latest()?.closes_at);
                seen.newest = seen.interval.and_then(newest);
                seen.newest_base = base.and_then(|base| newest(base.interval()));
            }
            Err(Unavailable::Withheld { .. }) => {
                let withheld = view.withheld().iter().find(|lagging| lagging.symbol == *symbol);
                seen.withheld = withheld.cloned();
            }
            Err(_) => {}
        }
        seen
    }
}

impl Look<'_> {
    fn checks(&self) -> Vec<Check> {
        let mut checks = Vec::with_capacity(10);
        let mut check = |about, found| checks.push(Check { about, found });
        check(CheckKind::Run, self.run());
        check(CheckKind::Session, self.session());
        check(CheckKind::Pace, self.pace());
        if self.asked.symbol.is_some() {
            check(CheckKind::Symbol, self.symbol());
        }
        check(CheckKind::Gate, self.gate());
        if self.asked.symbol.is_some() {
            check(CheckKind::Trading, self.trading());
            check(CheckKind::Series, self.series());
        }
        if self.asked.consumer.is_some() {
            check(CheckKind::Consumer, self.consumer());
        }
        if self.asked.symbol.is_some() {
            check(CheckKind::Gaps, self.gaps());
        }
        check(CheckKind::Wall, self.wall());
        checks
    }

    fn inactive(&self) -> Option<&InactiveFacts> {
        self.status.inactive.as_ref().map(|inactive| inactive.facts())
    }

    fn reason(&self) -> Option<&Reason> {
        self.inactive().map(|facts| &facts.reason)
    }

    fn run(&self) -> Option<Verdict> {
        let said = || self.facts.failure.clone();
        match self.status.phase {
            Phase::Failed => return Some(Verdict::RunFailed { said: said() }),
            Phase::Stopped => return Some(Verdict::RunStopped),
            Phase::Closed => return Some(Verdict::RunCompleted),
            Phase::Planned if !self.has_begun => return Some(Verdict::NotBegun),
            _ => {}
        }
        match self.reason() {
            Some(Reason::Stalled { heard_at, due_by }) => {
                Some(Verdict::Stalled { heard_at: *heard_at, due_by: *due_by })
            }
            _ if self.facts.is_rehearsing => Some(Verdict::Rehearsing),
            _ => None,
        }
    }

    fn session(&self) -> Option<Verdict> {
        let is_live = self.facts.is_live;
        let next_open = self.facts.next_open;
        match self.status.phase {
            Phase::Planned | Phase::Ready if is_live => {
                return Some(Verdict::MarketClosed { next_open });
            }
            Phase::Closing if is_live => return Some(Verdict::MarketClosed { next_open }),
            Phase::Planned | Phase::Preparing | Phase::Ready => return Some(Verdict::Preparing),
            Phase::Closing => return Some(Verdict::SessionClosed),
            // The run's end is looked at before.
            Phase::Closed | Phase::Failed | Phase::Stopped => return None,
            Phase::Streaming => {}
        }
        match self.reason() {
            Some(Reason::NotOpen) => return Some(Verdict::Starting),
            Some(Reason::Closed) => return Some(Verdict::SessionClosed),
            Some(Reason::ClockStepped { by }) => return Some(Verdict::ClockStepped { by: *by }),
            _ => {}
        }
        let rest = self.facts.session.and_then(|session| session.break_hours)?;
        let clock = self.status.clock?;
        // A bar that closes with the morning is read at the first instant of the rest.
        (rest.since < clock && clock < rest.until).then_some(Verdict::Break { until: rest.until })
    }

    fn pace(&self) -> Option<Verdict> {
        if self.status.phase.is_final() {
            return None;
        }
        let missing = self.facts.missing_worker.clone();
        let missing = missing.map(|consumer| Verdict::WaitsForSeat { consumer });
        if self.status.is_paused { Some(Verdict::Paused) } else { missing }
    }

    fn own(&self) -> Option<&SymbolStatus> {
        let asked = self.asked.symbol.as_ref()?;
        self.status.symbols.iter().find(|symbol| symbol.symbol == *asked)
    }

    /// The entry of the asked symbol among those that hold the gate or are withheld.
    fn holding(&self) -> Option<&LaggingSymbol> {
        let asked = self.asked.symbol.as_ref()?;
        let holders = self.reason().map_or(&[][..], Reason::holders);
        let holds = holders.iter().find(|holder| holder.symbol == *asked);
        holds.or(self.seen.withheld.as_ref())
    }

    fn symbol(&self) -> Option<Verdict> {
        let asked = self.asked.symbol.as_ref()?;
        let Some(own) = self.own() else { return self.absent(asked) };
        let why = self.holding().map_or(&own.why, |holding| &holding.why).clone();
        let lag = self.holding().and_then(|holding| holding.lag).unwrap_or(own.lag);
        let n_backlog = own.n_backlog;
        match (&why, own.state) {
            (_, SymbolState::Removed) => self.absent(asked),
            (Why::Down { .. }, _) => Some(Verdict::Dead { why }),
            (Why::Skewed { .. }, _) => Some(Verdict::Skewed { why }),
            (Why::Refused { .. }, _) => Some(Verdict::Gone { why }),
            (Why::Overdue { .. }, _) => Some(Verdict::Late { why }),
            (Why::Loading { .. }, SymbolState::Loading) => Some(Verdict::Loading { why }),
            (_, SymbolState::CatchingUp) => Some(Verdict::CatchingUp { lag, n_backlog }),
            (Why::Behind { .. }, _) if n_backlog > 0 => {
                Some(Verdict::CatchingUp { lag, n_backlog })
            }
            _ => self.holding().map(|_| Verdict::Withheld { lag }),
        }
    }

    /// Why a symbol is no member.
    fn absent(&self, asked: &Symbol) -> Option<Verdict> {
        if self.status.session.is_none() || self.status.phase.is_final() {
            return None; // Nobody is a member.
        }
        if let Some(said) = self.facts.not_joined.get(asked) {
            return Some(Verdict::FailedToJoin { said: said.clone() });
        }
        if let Some(&left_at) = self.facts.left.get(asked) {
            return Some(Verdict::NotAMember { left_at });
        }
        let names = self.status.symbols.iter().map(|symbol| symbol.symbol.as_str());
        let nearest = nearest_name(asked.as_str(), names).and_then(|name| name.parse().ok());
        Some(Verdict::UnknownSymbol { nearest })
    }

    fn gate(&self) -> Option<Verdict> {
        let asked = self.asked.symbol.as_ref();
        let holders = self.reason()?.holders().iter();
        let holders = holders.filter(|holder| Some(&holder.symbol) != asked);
        let holders: Vec<LaggingSymbol> = holders.cloned().collect();
        (!holders.is_empty()).then_some(Verdict::HeldByOthers { holders })
    }

    fn trading(&self) -> Option<Verdict> {
        let own = self.own()?;
        let opened_at = self.facts.session.map(|session| session.open);
        match (own.state, &own.why) {
            (SymbolState::Halted, why) => Some(Verdict::Halted { why: why.clone() }),
            (SymbolState::Quiet, Why::NoTrade { since }) => Some(Verdict::Quiet { since: *since }),
            (SymbolState::Live | SymbolState::Quiet, _) if !self.facts.is_live => {
                let since = self.seen.newest_base.or(opened_at)?;
                if self.inactive().is_some() || !self.is_overdue(since) {
                    return None;
                }
                // What a later bar would refute is not said: only what earlier sessions have shown.
                let ended = self.facts.no_data.get(&own.symbol).filter(|_| own.n_delivered == 0);
                Some(match ended {
                    Some(&(since, _)) => Verdict::DataEnded { since },
                    None => Verdict::Quiet { since },
                })
            }
            _ => None,
        }
    }

    /// Whether a replay's bar after the one that closed at `since` is missing, by more than a symbol
    /// may be behind.
    fn is_overdue(&self, since: Timestamp) -> bool {
        let Some(clock) = self.status.clock else { return false };
        let base = self.base_width();
        clock - since > base.max(self.facts.threshold)
    }

    fn base_width(&self) -> Nanos {
        let there = self.seen.there.iter().flatten();
        let widths = there.filter_map(|&interval| width_of(interval));
        widths.min().unwrap_or(Nanos::ZERO)
    }

    fn series(&self) -> Option<Verdict> {
        let there = self.seen.there.as_ref().filter(|_| self.inactive().is_none())?;
        let interval = self.seen.interval?;
        if !there.contains(&interval) {
            return Some(Verdict::NoSuchSeries { there: there.clone() });
        }
        if self.seen.newest.is_some() {
            return None;
        }
        let session = self.facts.session?;
        let ends = width_of(interval).map_or(session.close, |width| session.open + width);
        let first_close = ends.min(session.close);
        let is_due = self.status.clock.is_some_and(|clock| clock >= first_close);
        (!is_due).then_some(Verdict::NoBarYet { first_close })
    }

    fn consumer(&self) -> Option<Verdict> {
        let asked = self.asked.consumer.as_ref()?;
        let consumers = &self.facts.consumers;
        let Some(known) = consumers.iter().find(|known| known.name == *asked) else {
            let there = consumers.iter().map(|known| known.name.clone()).collect();
            return Some(Verdict::NoSuchConsumer { there });
        };
        if let Some(said) = &known.failure {
            return Some(Verdict::ConsumerFailed { said: said.clone() });
        }
        let interval = self.asked.interval.or(self.seen.interval);
        if let (Some(symbol), Some(interval)) = (&self.asked.symbol, interval)
            && !(known.includes)(symbol, interval)
        {
            return Some(Verdict::NotSubscribed);
        }
        let queue = (known.queue.as_ref()?)();
        (queue.is_full || queue.n_displaced > 0).then_some(Verdict::ConsumerBehind {
            n_waiting: queue.n_waiting,
            n_displaced: queue.n_displaced,
        })
    }

    fn gaps(&self) -> Option<Verdict> {
        let gap = self.facts.gaps.get(self.asked.symbol.as_ref()?)?;
        let (since, until, n_bars) = (gap.since, gap.until, gap.n_bars);
        Some(Verdict::GapLeft { since, until, n_bars })
    }

    fn wall(&self) -> Option<Verdict> {
        let until = self.waits_until.filter(|_| !self.facts.is_live)?;
        (self.status.phase == Phase::Streaming && self.facts.missing_worker.is_none())
            .then_some(Verdict::WaitingForPace { until })
    }

    fn nothing_is_wrong(&self) -> Verdict {
        let newest = self.seen.newest;
        let width = self.seen.interval.and_then(width_of);
        let close = self.facts.session.map(|session| session.close);
        let due = newest.zip(width).map(|(newest, width)| newest + width);
        let next_due = due.zip(close).and_then(|(due, close)| {
            let is_before = newest.is_some_and(|newest| newest < close);
            is_before.then(|| due.min(close))
        });
        Verdict::NothingIsWrong { newest, next_due }
    }

    fn since(&self, verdict: &Verdict) -> Option<Timestamp> {
        let of_symbol = || self.own().and_then(|own| own.since);
        match verdict {
            Verdict::Quiet { since } | Verdict::NotAMember { left_at: since } => Some(*since),
            Verdict::NothingIsWrong { .. } | Verdict::WaitingForPace { .. } => None,
            Verdict::Halted { .. } => of_symbol(),
            Verdict::NoSuchSeries { .. }
            | Verdict::NoBarYet { .. }
            | Verdict::GapLeft { .. }
            | Verdict::NoSuchConsumer { .. }
            | Verdict::NotSubscribed
            | Verdict::ConsumerFailed { .. }
            | Verdict::ConsumerBehind { .. } => None,
            _ => self.inactive().and_then(|facts| facts.since).or_else(of_symbol),
        }
    }
}

/// How long a bar of that interval lasts; absent where a calendar says.
fn width_of(interval: BarInterval) -> Option<Nanos> {
    Some(interval.clock()?.length())
}
