//! Where a replay stands: the step that is due, and what is read ahead of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openbell_coordinator::{
    Loaded, LoadingState, Look, Occasion, SessionCommand, SourceReadiness, Waited,
};
use openbell_data_manager::DataError;
use openbell_market::{BarInterval, Symbol};
use openbell_time::Timestamp;

use super::{Onward, ReplayError};
use crate::delivered::DeliveredBars;
use crate::error::RecorderError;
use crate::history::HistoryWatch;
use crate::look::{RecordedHeard, RecordedLook};

type Looks = Box<dyn Iterator<Item = Result<RecordedLook, RecorderError>> + Send>;

/// Where a replay stands.
pub(super) struct Player {
    looks: Looks,
    /// The next step, and those behind it up to the next look, the latter included.
    ahead: VecDeque<RecordedLook>,
    /// Recorded steps that were taken, those before a checkpoint among them.
    pub(super) n_taken: u64,
    /// Steps before the checkpoint that the run goes on from.
    pub(super) n_before: u64,
    /// The bars that earlier sessions of the run have closed with.
    pub(super) delivered: Option<DeliveredBars>,
    /// Whether the step that is due is stepped; else its feeds have nothing yet.
    is_due: bool,
    /// Of what the source said in the step that is due, so many answers were given.
    n_answers: usize,
    /// Symbols that are being read.
    loading: BTreeSet<Symbol>,
    /// What a step has come to that is to end the replay.
    pub(super) found: Option<ReplayError>,
    pub(super) onward: Option<Arc<dyn Onward>>,
    /// What the source offered of each symbol.
    pub(super) offers: BTreeMap<Symbol, Vec<BarInterval>>,
    /// What sees the history that is read.
    pub(super) history: Option<HistoryWatch>,
}

/// A player that the driver, the source, its feeds and the recording share; all on one thread.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Player>>);

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Player> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner) // A replay that panics goes on nowhere.
    }
}

/// The name of a recorded step.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) number: u64,
    pub(super) wall: Timestamp,
}

impl Place {
    pub(super) fn differs(self, what: String) -> ReplayError {
        ReplayError::Differs { look: self.number, wall: self.wall, what }
    }
}

impl Player {
    pub(super) fn shared(looks: Looks, onward: Option<Arc<dyn Onward>>) -> Shared {
        Shared(Arc::new(Mutex::new(Player {
            looks,
            ahead: VecDeque::new(),
            n_taken: 0,
            n_before: 0,
            delivered: None,
            is_due: false,
            n_answers: 0,
            loading: BTreeSet::new(),
            found: None,
            onward,
            offers: BTreeMap::new(),
            history: None,
        })))
    }

    /// Reads up to the next look.
    fn fill(&mut self) -> Result<(), RecorderError> {
        while !self.ahead.iter().any(|look| look.occasion == Occasion::Look) {
            let Some(look) = self.looks.next() else { break };
            self.ahead.push_back(look?);
        }
        Ok(())
    }

    /// The next step, and the steps before it at which there is nothing to do; `None` behind the last.
    pub(super) fn begin(&mut self) -> Result<Option<(Place, Option<Waited>)>, ReplayError> {
        self.fill()?;
        self.is_due = false;
        Ok(self.ahead.front().map(|look| (self.place(look.wall), look.waited)))
    }

    /// From now on the step is due. Yields its commands.
    pub(super) fn due(&mut self) -> Vec<SessionCommand> {
        self.is_due = true;
        self.ahead.front().map(|look| look.commands.clone()).unwrap_or_default()
    }

    fn place(&self, wall: Timestamp) -> Place {
        Place { number: self.n_taken + 1, wall }
    }

    /// Whether the last recorded step was taken, so that nothing is played back any more.
    pub(super) fn is_over(&mut self) -> bool {
        self.read_ahead();
        self.ahead.is_empty() && self.found.is_none()
    }

    fn read_ahead(&mut self) {
        if let Err(error) = self.fill() {
            self.found.get_or_insert(error.into());
        }
    }

    /// What is recorded of a feed in the look that is due at `now`.
    pub(super) fn heard(&self, symbol: &Symbol) -> Option<&RecordedHeard> {
        let look = self.ahead.front().filter(|look| look.occasion == Occasion::Look)?;
        look.heard.iter().find(|heard| heard.symbol == *symbol).filter(|_| self.is_due)
    }

    /// Whether a feed was asked in the look that is due at `now`.
    pub(super) fn has_news(&self, symbol: &Symbol, now: Timestamp) -> bool {
        let is_now = self.ahead.front().is_some_and(|look| look.wall == now);
        is_now && self.heard(symbol).is_some()
    }

    /// When the next look is due by the clock; never where the clock had shown that instant before and
    /// nothing was due: it was set back since, and what led to the look comes again by itself.
    pub(super) fn next_look(&self) -> Timestamp {
        let is_look = |look: &&RecordedLook| look.occasion == Occasion::Look;
        let Some(next) = self.ahead.iter().find(is_look) else { return Timestamp::MAX };
        let was_shown = self.ahead.iter().any(|step| {
            let has_waited = |waited: Waited| waited.first.max(waited.last) >= next.wall;
            step.wall > next.wall || step.waited.is_some_and(has_waited)
        });
        if was_shown { Timestamp::MAX } else { next.wall }
    }

    /// What the source said of a symbol that is to be added, or is being read.
    pub(super) fn readiness(&mut self, symbol: &Symbol) -> SourceReadiness {
        let Some(look) = self.ahead.front() else { return SourceReadiness::Ready };
        let answer = look.loading.get(self.n_answers).filter(|said| said.symbol == *symbol);
        if let Some(said) = answer {
            self.n_answers += 1;
            return match &said.state {
                LoadingState::Ready => SourceReadiness::Ready,
                LoadingState::Failed(said) => failed(said),
                LoadingState::Begun => {
                    self.loading.insert(symbol.clone());
                    STILL_LOADING
                }
            };
        }
        let ended = look.loaded.iter().find(|loaded| loaded.symbol == *symbol);
        match ended.filter(|_| self.is_due) {
            Some(Loaded { failure: Some(said), .. }) => failed(said),
            None if self.loading.contains(symbol) => STILL_LOADING,
            Some(_) | None => SourceReadiness::Ready,
        }
    }

    /// Holds the step that the engine takes against the one that is recorded; `true` where none is.
    pub(super) fn take(&mut self, now: &Look<'_>) -> Result<bool, String> {
        self.read_ahead();
        if self.found.is_some() {
            return Err("the recording cannot be read further".to_owned());
        }
        let Some(look) = self.ahead.front() else { return Ok(true) };
        let place = self.place(look.wall);
        let differs = match look.difference(now) {
            Some(what) => Some(what),
            None if !self.is_due => Some(format!("it is taken at {}, too early", now.wall)),
            None => None,
        };
        if let Some(what) = differs {
            let found = place.differs(what);
            let said = found.to_string();
            self.found = Some(found);
            return Err(said);
        }
        for loaded in &look.loaded {
            self.loading.remove(&loaded.symbol);
        }
        if let Some(history) = &self.history {
            let _ = history.take(); // It is recorded of this look.
        }
        self.ahead.pop_front();
        self.n_taken += 1;
        self.n_answers = 0;
        self.read_ahead(); // The feeds of this look are asked when the next one is due.
        Ok(false)
    }
}

const STILL_LOADING: SourceReadiness = SourceReadiness::Loading { n_read: 0, n_all: 0 };

fn failed(said: &str) -> SourceReadiness {
    SourceReadiness::Failed(DataError::Recorded { said: said.to_owned() })
}
