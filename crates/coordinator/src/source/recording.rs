//! The inputs of a live run, handed over step by step before anything of them is visible.
//!
//! The engine is a function of its config, its history and these inputs: handed out again at the same
//! instants, they lead to the same event log and the same digest.

use openbell_data_manager::{Link, Progress};
use openbell_market::{BarColumns, BarInterval, Symbol};
use openbell_time::{Timestamp, TradingDate};

use crate::checkpoint::{Checkpoint, NoCheckpoint};
use crate::control::command::SessionCommand;
use crate::digest::Digest;

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
    /// What the feed said of itself; where its poll failed, what is made of its link for that.
    pub said: Result<&'l Progress, &'l Link>,
}

/// What a source said of a symbol that is to be added.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LoadingState {
    /// What it needs is at hand.
    Ready,
    /// It is being read.
    Begun,
    /// It cannot be read, and why.
    Failed(String),
}

/// A symbol that is to be added, and what its source said of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Loading {
    /// The symbol.
    pub symbol: Symbol,
    /// What was said.
    pub state: LoadingState,
}

/// A symbol that was asked for and whose data has been read, or could not be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Loaded {
    /// The symbol.
    pub symbol: Symbol,
    /// What went wrong, where something did.
    pub failure: Option<String>,
}

/// In which kind of step inputs are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Occasion {
    /// A look: the feeds that have news are asked, and those whose loading has ended are taken.
    Look,
    /// Any other that changes something: commands are taken, a session is prepared or opened, or a
    /// reading of the wall clock is not believed.
    Step,
}

/// Steps in a row at which there was nothing to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waited {
    /// The instant of the wall clock at the first of them.
    pub first: Timestamp,
    /// And at the last; the same where there was one.
    pub last: Timestamp,
}

/// The inputs of one step of a live run.
///
/// A step at which there was nothing to do is none of its own. But the next reading of the wall clock
/// is held against it, and so the first and the last of those before stand in [`Look::waited`]: with
/// them the clock is believed as it was, without those between.
#[derive(Clone, Copy, Debug)]
pub struct Look<'l> {
    /// The kind of step.
    pub occasion: Occasion,
    /// The looks of the run, this one included where it is one.
    pub step: u64,
    /// The steps since the inputs before at which there was nothing to do.
    pub waited: Option<Waited>,
    /// The instant of the wall clock.
    pub wall: Timestamp,
    /// The session.
    pub session: TradingDate,
    /// The feeds that were asked, in symbol order.
    pub heard: &'l [Heard<'l>],
    /// The commands from outside that are taken in this step, in order.
    pub commands: &'l [SessionCommand],
    /// What the source has said of symbols that were to be added since the inputs before, in order.
    pub loading: &'l [Loading],
    /// The symbols whose loading has ended by this look, in the order asked.
    pub loaded: &'l [Loaded],
    /// The digest of the run before this step.
    pub digest: Digest,
    /// The entries of the event log before this step.
    pub n_events: u64,
}

/// Why a look could not be kept.
pub type RecordingError = Box<dyn std::error::Error + Send + Sync>;

/// Where the inputs of a live run are kept.
///
/// It is called on the thread that steps, before anything that the inputs lead to is visible: before the
/// publication of a look, and before a command is done and answered. What it cannot keep is not
/// published: an error shuts the gate and fails the run.
pub trait Recording: Send {
    /// Keeps the inputs of a step.
    ///
    /// # Errors
    ///
    /// They could not be kept.
    fn look(&mut self, look: &Look<'_>) -> Result<(), RecordingError>;

    /// Keeps what the run needs in order to go on from here, where a session has closed and another is to
    /// follow; where there is no checkpoint of it, why. What keeps none passes it over.
    ///
    /// *When*: before the step after the one that closed the session, when the events of that one are
    /// drained.
    ///
    /// # Errors
    ///
    /// It could not be kept.
    fn checkpoint(
        &mut self,
        checkpoint: &Result<Checkpoint, NoCheckpoint>,
    ) -> Result<(), RecordingError> {
        let _ = checkpoint;
        Ok(())
    }
}
