//! What can go wrong in a run.

use std::fmt;
use std::sync::Arc;

use openbell_data_manager::{DataError, FeedKind};
use openbell_market::{BarInterval, Symbol};
use openbell_session_data::Exhausted;
use openbell_time::{TimeError, Timestamp, TradingDate};
use thiserror::Error;

/// An error of this crate.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// The calendar could not answer.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// The source could not be read.
    #[error(transparent)]
    Data(Box<DataError>),
    /// A joined symbol could not be loaded for a session.
    #[error("cannot load {symbol} for the session of {session}: {source}")]
    Load {
        /// The symbol.
        symbol: Symbol,
        /// The session.
        session: TradingDate,
        /// What happened.
        #[source]
        source: Box<RunError>,
    },
    /// A joined symbol's source broke in mid-session.
    #[error("cannot read {symbol} past {at}: {source}")]
    Read {
        /// The symbol.
        symbol: Symbol,
        /// The first instant for which nothing can be read.
        at: Timestamp,
        /// What happened.
        #[source]
        source: Box<DataError>,
    },
    /// The store has no base for a symbol that is to join.
    #[error("{symbol} has no {base} bars in the store, which this run is based on; it has {}", .found.iter().map(BarInterval::to_string).collect::<Vec<_>>().join(", "))]
    NoBase {
        /// The symbol.
        symbol: Symbol,
        /// The base of the run.
        base: BarInterval,
        /// What is there.
        found: Vec<BarInterval>,
    },
    /// The source delivers a symbol in the other way than the run needs: a replay reads stored
    /// feeds, a live run live ones.
    #[error("{symbol} cannot join: the run needs a {} feed, and the source has a {} one", kind_name(*.needed), kind_name(*.found))]
    WrongFeed {
        /// The symbol.
        symbol: Symbol,
        /// What the run needs.
        needed: FeedKind,
        /// What the source has.
        found: FeedKind,
    },
    /// The history source of a symbol that was no member in an earlier session of a live run does not
    /// reach that session, so that the symbol cannot be as if it had always been there.
    #[error(
        "{symbol} cannot be as if it had always been there: its history ends before the session of {session}, in which it was no member; bring its bars into the store first"
    )]
    HistoryEnds {
        /// The symbol.
        symbol: Symbol,
        /// The first session that is missing.
        session: TradingDate,
    },
    /// The inputs of a look could not be kept, so that nothing of it may be shown.
    #[error("cannot record the look at {at}: {why}; what cannot be recorded is not published")]
    Recording {
        /// The instant of the wall clock.
        at: Timestamp,
        /// What the recording said.
        why: String,
    },
    /// The run cannot go on from its checkpoint.
    #[error(transparent)]
    Restore(Box<dyn std::error::Error + Send + Sync>),
    /// The run has gone on for so long that its board has no number left to publish by.
    #[error(transparent)]
    Exhausted(#[from] Exhausted),
    /// A consumer failed, and its rule stops the run.
    #[error("consumer {consumer} failed at {at}: {why}")]
    Consumer {
        /// Its name.
        consumer: String,
        /// The session clock.
        at: Timestamp,
        /// What it said.
        why: String,
    },
}

/// Why a run failed: the error that ended it.
///
/// Cheap to clone. Two failures are equal where they say the same.
#[derive(Clone, Debug)]
pub struct RunFailure(Arc<RunError>);

impl From<RunError> for RunFailure {
    fn from(error: RunError) -> RunFailure {
        RunFailure(Arc::new(error))
    }
}

impl RunFailure {
    /// The error.
    pub fn error(&self) -> &RunError {
        &self.0
    }
}

impl fmt::Display for RunFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&with_causes(self.0.as_ref()))
    }
}

impl PartialEq for RunFailure {
    fn eq(&self, other: &RunFailure) -> bool {
        self.to_string() == other.to_string()
    }
}

/// The sentence of an error with those of its causes that it does not say itself.
pub fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = inner.source();
    }
    text
}

/// A symbol that a source does not have.
///
/// ```
/// use openbell_coordinator::UnknownSymbol;
/// let (symbol, nearest) = ("APPL".parse()?, Some(vec!["AAPL".parse()?]));
/// let unknown = UnknownSymbol { symbol, source: "the vendor".to_owned(), nearest };
/// assert_eq!(unknown.to_string(), "the vendor has no symbol APPL; the nearest are AAPL");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownSymbol {
    /// The symbol.
    pub symbol: Symbol,
    /// What the source is called in a sentence: `the store "bars"`.
    pub source: String,
    /// The names that come nearest among those that the source has, none where it has no symbol at
    /// all; `None` where it cannot list its symbols.
    pub nearest: Option<Vec<Symbol>>,
}

impl std::error::Error for UnknownSymbol {}

impl fmt::Display for UnknownSymbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UnknownSymbol { symbol, source, nearest } = self;
        write!(f, "{source} has no symbol {symbol}")?;
        match nearest.as_deref() {
            None => Ok(()),
            Some([]) => f.write_str("; it holds no symbol"),
            Some(names) => {
                let names: Vec<&str> = names.iter().map(Symbol::as_str).collect();
                write!(f, "; the nearest are {}", names.join(", "))
            }
        }
    }
}

/// One reason for which a run cannot begin.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The calendar could not answer.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// The range of dates holds no session.
    #[error("{calendar} has no session from {start} to {end}; the next one is {next}")]
    NoSession {
        /// The calendar.
        calendar: String,
        /// First date asked for.
        start: TradingDate,
        /// Last date asked for.
        end: TradingDate,
        /// The first session after.
        next: TradingDate,
    },
    /// A configured symbol is not known to the source.
    #[error(transparent)]
    UnknownSymbol(UnknownSymbol),
    /// No stored interval yields an asked one.
    #[error("cannot make {asked} bars for {symbol}: the store holds {}; ask for another interval or import one that divides it", list(.found))]
    NoBaseInterval {
        /// The symbol.
        symbol: Symbol,
        /// The intervals asked for.
        asked: String,
        /// What is stored.
        found: Vec<BarInterval>,
    },
    /// The configured base is not stored.
    #[error("base_interval {base} does not do for {symbol}: the store holds {}", list(.found))]
    BaseNotStored {
        /// The base.
        base: BarInterval,
        /// The symbol.
        symbol: Symbol,
        /// What is stored.
        found: Vec<BarInterval>,
    },
    /// The configured base does not yield an asked interval.
    #[error("base_interval {base} does not do for {symbol}: it does not yield all of {asked}")]
    BaseYieldsNot {
        /// The base.
        base: BarInterval,
        /// The symbol.
        symbol: Symbol,
        /// The intervals asked for.
        asked: String,
    },
    /// Symbols have no stored base in common.
    #[error(
        "no stored interval of all symbols yields {asked}: {found}; configure base_interval, or import a common one"
    )]
    NoCommonBase {
        /// The intervals asked for.
        asked: String,
        /// Each symbol with what is stored.
        found: String,
    },
    /// A dated schedule entry lies outside its session.
    #[error("symbol_schedule[{entry}] at {at} lies outside the session of its date")]
    ScheduleOutside {
        /// Position in the file, from 0.
        entry: usize,
        /// As written.
        at: String,
    },
    /// The days before the run that an entry of the history asks for begin before the calendar does.
    #[error("{source}; ask for fewer, or begin later")]
    HistoryBeforeFacts {
        /// Position in `historical.data`, from 0.
        entry: usize,
        /// What the calendar says.
        #[source]
        source: TimeError,
    },
    /// The days before the run that an indicator asks for begin before the calendar does.
    #[error("{source}; give the indicator a shorter period, or begin later")]
    IndicatorBeforeFacts {
        /// Position in `indicators.historical`, from 0.
        entry: usize,
        /// What the calendar says.
        #[source]
        source: TimeError,
    },
    /// A series cannot be opened.
    #[error("cannot open {symbol} {interval}: {source}")]
    Unreadable {
        /// The symbol.
        symbol: Symbol,
        /// The interval.
        interval: BarInterval,
        /// What happened.
        #[source]
        source: Box<DataError>,
    },
    /// The source cannot read ahead.
    #[error(transparent)]
    Data(Box<DataError>),
    /// The config asks for a live session, which has no dates, and is planned as one that has.
    #[error(
        "mode is \"live\": such a session has no dates to replay (`openbell run` follows it); \"mode\": \"backtest\" with backtest_config replays stored bars"
    )]
    NoDates,
}

/// Every reason for which a run cannot begin, at once.
#[derive(Debug, Error)]
#[error("the run cannot begin:{}", .0.iter().map(|e| format!("\n  - {e}")).collect::<String>())]
pub struct PlanErrors(pub Vec<PlanError>);

fn kind_name(kind: FeedKind) -> &'static str {
    match kind {
        FeedKind::Stored => "stored",
        FeedKind::Live => "live",
    }
}

fn list(intervals: &[BarInterval]) -> String {
    if intervals.is_empty() {
        return "nothing".to_owned();
    }
    intervals.iter().map(BarInterval::to_string).collect::<Vec<_>>().join(", ")
}

impl From<DataError> for RunError {
    fn from(error: DataError) -> RunError {
        RunError::Data(Box::new(error))
    }
}

impl From<DataError> for PlanError {
    fn from(error: DataError) -> PlanError {
        PlanError::Data(Box::new(error))
    }
}
