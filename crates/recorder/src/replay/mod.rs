//! A recorded run again: each recorded step is one step of an engine, whose feeds hand out what was
//! recorded of it, and which is given the commands of it.
//!
//! What a step takes in is held against the recording, so that a run that is another one is stopped at
//! the first step that differs. Where the recording ends, the run may go on with the source itself:
//! after a crash that is what it had been doing.
//!
//! Not here: where recordings are kept ([`crate::RecordingReader`], [`crate::MemoryRecording`]).

mod feed;
mod held;
mod player;
mod source;

use std::collections::BTreeMap;
use std::sync::Arc;

use openbell_coordinator::{Engine, Phase, Recording, Source, Step, Waited};
use openbell_data_manager::Feed;
use openbell_market::{BarInterval, SeriesKey, Symbol};
use openbell_time::Timestamp;
use thiserror::Error;

use crate::delivered::DeliveredBars;
use crate::error::RecorderError;
use crate::history::HistoryWatch;
use crate::look::RecordedLook;
use held::Held;
use player::{Player, Shared};
use source::RecordedSource;

/// How far a feed had come where a recording ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HandedOut {
    /// Which feed of its series it is in the run, from 0.
    pub nth: usize,
    /// Polls that were recorded of it.
    pub n_polls: usize,
    /// From when on its rows were wanted last.
    pub since: Timestamp,
    /// What was proven to be complete by then.
    pub complete_through: Timestamp,
}

/// The feeds with which a recorded run goes on where its recording ends.
pub trait Onward: Send + Sync {
    /// The feed of a series that had come so far. One that was never polled may never have been
    /// subscribed to: the process was killed before.
    fn feed(&self, key: &SeriesKey, after: &HandedOut) -> Box<dyn Feed>;
}

/// Why a recorded run cannot be repeated.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// It comes to something else than the recorded one.
    #[error("the replay differs from the recording at look {look} ({wall}): {what}")]
    Differs {
        /// The number of the step, from 1.
        look: u64,
        /// Its instant of the wall clock.
        wall: Timestamp,
        /// What differs.
        what: String,
    },
    /// The recording cannot be read further.
    #[error(transparent)]
    Unreadable(#[from] RecorderError),
}

/// What a recorded step came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Repeated {
    /// More steps are recorded.
    Goes,
    /// The recording has no further step.
    Over,
}

/// A recording, played back to one engine.
///
/// 1. [`Replay::source`] is the engine's source. 2. [`Replay::hold`] is its recording. 3.
///    [`Replay::step`], or [`Replay::run`], steps it.
pub struct Replay {
    player: Shared,
}

impl Replay {
    /// The replay of `looks`, in order.
    pub fn new(
        looks: impl Iterator<Item = Result<RecordedLook, RecorderError>> + Send + 'static,
    ) -> Replay {
        Replay { player: Player::shared(Box::new(looks), None) }
    }

    /// As [`Replay::new`]; behind the last look the feeds are those of `onward`.
    pub fn then(
        looks: impl Iterator<Item = Result<RecordedLook, RecorderError>> + Send + 'static,
        onward: Arc<dyn Onward>,
    ) -> Replay {
        Replay { player: Player::shared(Box::new(looks), Some(onward)) }
    }

    /// Offers the intervals that the source offered then ([`crate::RecordedRun::offers`]), whatever it
    /// has got since. To be said before the engine is made.
    pub fn offers(&self, offers: BTreeMap<Symbol, Vec<BarInterval>>) {
        self.player.lock().offers = offers;
    }

    /// The run goes on from a checkpoint: `n_looks` steps lie before it, and the first that is repeated is
    /// the one behind them. `delivered` has the bars that its earlier sessions have closed with.
    pub fn goes_on_behind(&self, n_looks: u64, delivered: DeliveredBars) {
        let mut player = self.player.lock();
        (player.n_taken, player.n_before) = (n_looks, n_looks);
        player.delivered = Some(delivered);
    }

    /// What is read of the history that `watch` sees while steps are repeated is recorded already, and
    /// not once more.
    pub fn watches(&self, watch: HistoryWatch) {
        self.player.lock().history = Some(watch);
    }

    /// A source whose live feeds are recorded; history comes from `history`.
    pub fn source(&self, history: Box<dyn Source>) -> Box<dyn Source> {
        Box::new(RecordedSource::new(self.player.clone(), history))
    }

    /// Holds the steps of the engine against the recording; behind its last look they go to `then`.
    pub fn hold(&self, then: Option<Box<dyn Recording>>) -> Box<dyn Recording> {
        Box::new(Held::new(self.player.clone(), then))
    }

    /// The number of recorded steps that were repeated so far.
    pub fn n_repeated(&self) -> u64 {
        let player = self.player.lock();
        player.n_taken - player.n_before
    }

    /// Repeats the next recorded step.
    ///
    /// # Errors
    ///
    /// The engine does something else, or the recording cannot be read further.
    pub fn step(&self, engine: &mut Engine) -> Result<Repeated, ReplayError> {
        let Some((look, waited)) = self.player.lock().begin()? else { return Ok(Repeated::Over) };
        if let Some(Waited { first, last }) = waited {
            let instants = [first, last];
            for &wall in if first == last { &instants[..1] } else { &instants[..] } {
                let waits = engine.step(wall);
                self.outcome()?;
                if !matches!(waits, Step::Waits { .. }) {
                    return Err(look.differs(format!("at {wall} it does not wait: {waits:?}")));
                }
            }
        }
        for command in self.player.lock().due() {
            drop(engine.handle().command(command)); // Its answer comes by the event log.
        }
        let stepped = engine.step(look.wall);
        self.outcome()?;
        if self.player.lock().n_taken >= look.number {
            return Ok(Repeated::Goes);
        }
        let found = match (stepped, engine.report().failure) {
            (_, Some(failure)) => format!("the run fails: {failure}"),
            (stepped, None) => format!("nothing is taken in, and it comes to {stepped:?}"),
        };
        Err(look.differs(found))
    }

    /// Repeats all recorded steps. Returns where the run stands then.
    ///
    /// # Errors
    ///
    /// As for [`Replay::step`].
    pub fn run(&self, engine: &mut Engine) -> Result<Phase, ReplayError> {
        while self.step(engine)? == Repeated::Goes {}
        Ok(engine.phase())
    }

    /// What was found while the engine stepped.
    fn outcome(&self) -> Result<(), ReplayError> {
        self.player.lock().found.take().map_or(Ok(()), Err)
    }
}
