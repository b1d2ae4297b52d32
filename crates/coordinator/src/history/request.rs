//! History that a consumer asks for: sessions strictly before the day, of any symbol of the
//! source, a member or not.

use std::sync::Arc;

use openbell_market::{Bar, BarInterval, Symbol};
use openbell_session_data::{Rows, Segment};
use openbell_time::Session;
use thiserror::Error;

use crate::error::{RunFailure, UnknownSymbol};
use crate::history::History;
use crate::layout::LayoutRule;
use crate::plan::series::HistoryWindow;
use crate::source::Source;
use crate::source::kept::Kept;

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct HistoryRequest {
    pub(crate) symbol: Symbol,
    pub(crate) interval: BarInterval,
    pub(crate) n_sessions: u32,
}

/// The sessions before the day, oldest first.
///
/// *Shape*: one entry a session, an empty one where the symbol had no bar; of weeks one entry a
/// week that ended before the day. *Time*: nothing in it is of the day itself, or later.
#[derive(Clone, Debug)]
pub struct HistoryBars {
    segments: Arc<[Arc<Segment>]>,
}

impl HistoryBars {
    /// The sessions, oldest first.
    pub fn sessions(&self) -> impl DoubleEndedIterator<Item = Rows<'_>> + ExactSizeIterator {
        self.segments.iter().map(|segment| segment.rows())
    }

    /// All their bars, oldest first.
    pub fn bars(&self) -> impl Iterator<Item = Bar> + '_ {
        self.sessions().flat_map(|rows| rows.bars_since(0))
    }

    /// The last bar before the day, or `None` where there is none.
    pub fn latest(&self) -> Option<Bar> {
        self.sessions().rev().find_map(|rows| rows.bar(rows.len().checked_sub(1)?))
    }
}

/// Why no history came.
#[derive(Clone, PartialEq, Debug, Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The source has no such symbol.
    #[error(transparent)]
    Unknown(UnknownSymbol),
    /// Neither the interval nor one that it is made of is stored.
    #[error("the store holds neither {interval} bars of {symbol} nor {base}, from which they are made; it has {}", .found.iter().map(BarInterval::to_string).collect::<Vec<_>>().join(", "))]
    NotStored {
        /// The symbol.
        symbol: Symbol,
        /// The interval asked for.
        interval: BarInterval,
        /// The base of the run.
        base: BarInterval,
        /// What is stored.
        found: Vec<BarInterval>,
    },
    /// It could not be read.
    #[error("cannot read {interval} history of {symbol}: {}", .failure.error())]
    Unreadable {
        /// The symbol.
        symbol: Symbol,
        /// The interval.
        interval: BarInterval,
        /// What happened.
        failure: RunFailure,
    },
    /// A free consumer cannot ask: the core would have to wait for it, or it for the core.
    #[error(
        "a free consumer cannot read history; register it inline or lock-step, or configure the history, which views show"
    )]
    FreeDelivery,
    /// The run ended while it waited.
    #[error("the run has ended")]
    RunEnded,
}

/// Where a callback's history comes from.
pub(crate) trait HistorySource {
    fn history(&mut self, asked: HistoryRequest) -> Result<HistoryBars, HistoryError>;
}

/// The source itself, on the core's thread.
pub(crate) struct StoredHistory<'s> {
    pub(crate) source: &'s mut dyn Source,
    /// What the run delivered itself.
    pub(crate) kept: &'s Kept,
    pub(crate) rule: &'s LayoutRule,
    pub(crate) session: Session,
}

impl HistorySource for StoredHistory<'_> {
    fn history(&mut self, asked: HistoryRequest) -> Result<HistoryBars, HistoryError> {
        let HistoryRequest { symbol, interval, n_sessions } = asked;
        let (base, found) = (self.rule.base, self.source.intervals(&symbol));
        if found.is_empty() {
            return Err(HistoryError::Unknown(self.source.unknown(&symbol)));
        }
        let from_days = interval == BarInterval::WEEK && found.contains(&BarInterval::DAY);
        let from_base = interval.is_made_of(base) && found.contains(&base);
        if !found.contains(&interval) && !from_days && !from_base {
            return Err(HistoryError::NotStored { symbol, interval, base, found });
        }
        let window = HistoryWindow { interval, n_sessions };
        let mut history = History::new(&symbol, base, &[window], &found);
        match history.roll(&self.session, self.rule, self.source, self.kept) {
            Ok(()) => Ok(HistoryBars { segments: history.trailing(interval) }),
            Err(error) => {
                let failure = RunFailure::from(error);
                Err(HistoryError::Unreadable { symbol, interval, failure })
            }
        }
    }
}

/// No history, for free consumers.
pub(crate) struct NoHistory;

impl HistorySource for NoHistory {
    fn history(&mut self, _: HistoryRequest) -> Result<HistoryBars, HistoryError> {
        Err(HistoryError::FreeDelivery)
    }
}
