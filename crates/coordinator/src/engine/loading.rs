//! Symbols that were asked for and whose data the source is still reading: they are no members yet,
//! nobody waits for them, and the add stays open.

use openbell_data_manager::{DataError, FeedKind};
use openbell_market::Symbol;
use openbell_session_data::Why;

use super::core::Core;
use super::loading_symbol::LoadingSymbol;
use super::session::RunningSession;
use crate::control::command::{AddFailure, Added, Stay};
use crate::control::status::{SymbolGauge, SymbolState};
use crate::source::SourceReadiness;
use crate::source::recording::{Loaded, Loading, LoadingState};
use crate::symbol::SymbolSession;

impl Core {
    /// Whether `symbol` is to be waited for: its source is still reading. It is among those that are
    /// loading from here on.
    ///
    /// # Errors
    ///
    /// The source cannot read it.
    pub(super) fn waits_for(&mut self, symbol: &Symbol, stay: Stay) -> Result<bool, DataError> {
        if self.kind == FeedKind::Stored {
            return Ok(false); // A replay reads what it needs.
        }
        let readiness = self.source.readiness(symbol);
        if self.recording.is_some() {
            let (symbol, state) = (symbol.clone(), state_of(&readiness));
            self.asked_of.push(Loading { symbol, state });
        }
        match readiness {
            SourceReadiness::Ready => Ok(false),
            SourceReadiness::Failed(error) => Err(error),
            SourceReadiness::Loading { n_read, n_all } => {
                let gauge = SymbolGauge::new(symbol.clone(), self.next_generation(symbol));
                let clock = self.clock.now();
                gauge.show(SymbolState::Loading, &Why::Loading { n_read, n_all }, clock);
                let symbol = symbol.clone();
                self.loading.push(LoadingSymbol { symbol, stay, gauge, ended: None });
                Ok(true)
            }
        }
    }

    pub(super) fn is_loading(&self, symbol: &Symbol) -> bool {
        self.loading.iter().any(|loading| loading.symbol == *symbol)
    }

    /// Asks the source about those that are loading. Returns whether the loading of one has ended.
    pub(super) fn ask_loading(&mut self) -> bool {
        let clock = self.clock.now();
        for loading in self.loading.iter_mut().filter(|loading| loading.ended.is_none()) {
            loading.ended = match self.source.readiness(&loading.symbol) {
                SourceReadiness::Ready => Some(Ok(())),
                SourceReadiness::Failed(error) => Some(Err(error)),
                SourceReadiness::Loading { n_read, n_all } => {
                    let why = Why::Loading { n_read, n_all };
                    loading.gauge.show(SymbolState::Loading, &why, clock);
                    None
                }
            };
        }
        self.loading.iter().any(|loading| loading.ended.is_some())
    }

    /// Those whose loading has ended, as they are recorded.
    pub(super) fn loaded(&self) -> Vec<Loaded> {
        let ended = self.loading.iter().filter_map(|loading| {
            let ended = loading.ended.as_ref()?;
            let failure = ended.as_ref().err().map(DataError::to_string);
            Some(Loaded { symbol: loading.symbol.clone(), failure })
        });
        ended.collect()
    }
}

impl RunningSession {
    /// Those whose loading has ended join the members, or are answered with what went wrong.
    pub(super) fn take_loaded(&mut self, core: &mut Core) {
        let is_ended = |loading: &mut LoadingSymbol| loading.ended.is_some();
        let ended: Vec<LoadingSymbol> = core.loading.extract_if(.., is_ended).collect();
        if ended.is_empty() {
            return;
        }
        let mut newcomers: Vec<SymbolSession> = Vec::with_capacity(ended.len());
        for LoadingSymbol { symbol, stay, ended, .. } in ended {
            let loaded = match ended {
                Some(Err(error)) => Err(Added::Failed(AddFailure::Load(failure(error)))),
                Some(Ok(())) | None => self.load_newcomer(core, &symbol, stay),
            };
            match loaded {
                Ok(newcomer) => newcomers.push(newcomer),
                Err(added) => self.conclude_pending(&symbol, &added),
            }
        }
        if !newcomers.is_empty() {
            self.join_members(newcomers, core.clock.now());
        }
        self.refresh_members(core);
        self.answer_pending(core);
    }
}

fn state_of(readiness: &SourceReadiness) -> LoadingState {
    match readiness {
        SourceReadiness::Ready => LoadingState::Ready,
        SourceReadiness::Loading { .. } => LoadingState::Begun,
        SourceReadiness::Failed(error) => LoadingState::Failed(error.to_string()),
    }
}

/// What an add says of a source that cannot read a symbol.
pub(super) fn failure(error: DataError) -> crate::error::RunFailure {
    crate::error::RunError::from(error).into()
}
