//! The inputs of a live run, handed over look by look before anything of them is visible.
//!
//! The engine is a function of its config, its history and these inputs: handed out again at the same
//! instants, they lead to the same event log and the same digest.

use openbell_data_manager::Progress;
use openbell_market::{BarColumns, BarInterval, Symbol};
use openbell_time::{Timestamp, TradingDate};

use crate::control::command::SessionCommand;

/// What one feed handed over in a look.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'l> {
    /// The symbol.
    pub symbol: &'l Symbol,
    /// The interval of its rows.
    pub interval: BarInterval,
    /// Rows, as they arrived.
    pub rows: &'l BarColumns,
    /// Rows that take the place of others.
    pub revisions: &'l BarColumns,
    /// What the feed said of itself; absent where its poll failed.
    pub progress: Option<&'l Progress>,
}

/// A symbol that was asked for and whose data has been read, or could not be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Loaded {
    /// The symbol.
    pub symbol: Symbol,
    /// What went wrong, where something did.
    pub failure: Option<String>,
}

/// The inputs of one look, or, where no feed was asked, commands that were taken between looks.
#[derive(Clone, Copy, Debug)]
pub struct Look<'l> {
    /// The step of the run that it is.
    pub step: u64,
    /// The instant of the wall clock.
    pub wall: Timestamp,
    /// The session.
    pub session: TradingDate,
    /// The feeds that were asked, in symbol order.
    pub heard: &'l [Heard<'l>],
    /// The commands from outside that were taken since the look before, in order.
    pub commands: &'l [SessionCommand],
    /// The symbols whose loading has ended by this look, in the order asked.
    pub loaded: &'l [Loaded],
}

/// Why a look could not be kept.
pub type RecordingError = Box<dyn std::error::Error + Send + Sync>;

/// Where the inputs of a live run are kept.
///
/// It is called once a look, on the thread that steps, before the publication that the look leads
/// to. What it cannot keep is not published: an error shuts the gate and fails the run.
pub trait Recording: Send {
    /// Keeps the inputs of a look.
    ///
    /// # Errors
    ///
    /// They could not be kept.
    fn look(&mut self, look: &Look<'_>) -> Result<(), RecordingError>;
}
