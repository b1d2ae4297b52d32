//! What a run did, in numbers.

use std::collections::BTreeMap;

use openbell_market::{BarInterval, Coverage, Gap, RejectReason, Symbol};
use openbell_session_data::Reason;
use openbell_time::{Nanos, Timestamp, TradingDate};

use crate::consumers::report::ConsumerReport;
use crate::control::signal::Signal;
use crate::control::status::Phase;
use crate::digest::{Digest, DigestParts};
use crate::error::RunFailure;
use crate::history::held::HistoryReport;

/// One switch of the gate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GateSwitch {
    /// The session clock.
    pub at: Timestamp,
    /// The epoch that begins.
    pub epoch: u64,
    /// Why it shut; `None` where it opened.
    pub reason: Option<Reason>,
}

/// One series of one symbol in one session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeriesReport {
    /// The interval.
    pub interval: BarInterval,
    /// Bars visible at the close.
    pub n_bars: u64,
    /// Base bars seen and expected; absent where quality is not kept.
    pub coverage: Option<Coverage>,
    /// The longest run of expected bars of a base series that are missing, the first of equals;
    /// absent where none is, and where quality is not kept.
    pub longest_gap: Option<Gap>,
}

/// One symbol in one session, as it stood at the close (or when it left).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SymbolReport {
    /// The symbol.
    pub symbol: Symbol,
    /// Its series, base first.
    pub series: Vec<SeriesReport>,
    /// Its trailing windows, shortest interval first.
    pub history: Vec<HistoryReport>,
    /// Rows rejected, by reason.
    pub rejected: BTreeMap<RejectReason, u64>,
    /// What became of the rows that its feed handed over; absent in a replay.
    pub live: Option<LiveReport>,
    /// Whether it left before the close.
    pub has_left: bool,
}

impl SymbolReport {
    /// Expected base bars that are not there, and of which nobody has said that nothing was traded;
    /// absent while nothing is expected, and without quality. Stored rows do not tell the two
    /// apart.
    pub fn n_missing(&self) -> Option<u32> {
        let base = self.series.first()?.coverage?;
        let n_no_trade = self.live.and_then(|live| live.n_no_trade).unwrap_or(0);
        Some(base.expected - base.n - n_no_trade)
    }
}

/// What became of the rows that a live feed has handed over in one session.
///
/// They add up: bars delivered in their turn (the base series' bars without the late ones), late
/// ones, revised ones and rejected ones are all that were handed over.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct LiveReport {
    /// Rows handed over.
    pub n_handed: u64,
    /// Bars that came after something later was published: corrections.
    pub n_late: u64,
    /// Rows that took the place of another: corrections.
    pub n_revised: u64,
    /// Of the bars delivered in their turn, those that were delivered while the symbol was behind.
    pub n_caught_up: u64,
    /// Expected base bars of which the feed has proven that nothing was traded; absent without
    /// quality. They are expected all the same: quality says what is there.
    pub n_no_trade: Option<u32>,
}

impl LiveReport {
    /// Bars that were delivered in their turn, of `n_bars` of the base series.
    pub fn n_delivered(&self, n_bars: u64) -> u64 {
        n_bars - self.n_late
    }
}

/// One session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionReport {
    /// Its date.
    pub date: TradingDate,
    /// Its regular open.
    pub open: Timestamp,
    /// Its regular close.
    pub close: Timestamp,
    /// Whether it closes early.
    pub is_early_close: bool,
    /// Base bars delivered in their turn; those that came late are counted with their symbol.
    pub n_bars: u64,
    /// The symbols that took part, in symbol order.
    pub symbols: Vec<SymbolReport>,
    /// The switches of the gate, in order.
    pub switches: Vec<GateSwitch>,
}

/// The session that was open when the run was stopped, as it stood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interrupted {
    /// The session clock: what closes later is not in it.
    pub at: Timestamp,
    /// The session up to then, of the symbols that had joined. Quality is of what was expected by
    /// then.
    pub session: SessionReport,
}

/// The whole run so far.
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    /// Where it stands.
    pub phase: Phase,
    /// Why it failed, where it did.
    pub failure: Option<RunFailure>,
    /// The base interval.
    pub base: BarInterval,
    /// The sessions that were closed, in order.
    pub sessions: Vec<SessionReport>,
    /// The session that was open when the run was stopped; absent where none was.
    pub interrupted: Option<Interrupted>,
    /// The consumers, in the order in which they were registered.
    pub consumers: Vec<ConsumerReport>,
    /// What was signalled, in order, with the session clock.
    pub signals: Vec<(Timestamp, Signal)>,
    /// The digest of each symbol's series over the run, in symbol order.
    pub digests: Vec<(Symbol, Digest)>,
    /// The digest of the run.
    pub digest: Digest,
    /// What it is made of.
    pub digest_parts: DigestParts,
    /// Base bars delivered.
    pub n_bars: u64,
    /// Derived bars made, as visible at the closes and where the run was stopped.
    pub n_derived: u64,
    /// Steps taken.
    pub n_steps: u64,
    /// The worst lateness of a paced run; zero where it kept its pace.
    pub overrun: Nanos,
}

impl Report {
    /// The sessions that were closed, and after them the one that was interrupted.
    pub fn all_sessions(&self) -> impl Iterator<Item = &SessionReport> {
        let interrupted = self.interrupted.iter().map(|interrupted| &interrupted.session);
        self.sessions.iter().chain(interrupted)
    }
}

impl SessionReport {
    /// Derived bars visible at its end.
    pub(crate) fn n_derived(&self) -> u64 {
        let derived = self.symbols.iter().flat_map(|symbol| symbol.series.iter().skip(1));
        derived.map(|series| series.n_bars).sum()
    }
}
