//! The runs of a look-ahead check over a session file.

use std::ops::ControlFlow;

use openbell_account::FillsKept;
use openbell_coordinator::{
    ConsumerError, Engine, LookaheadCheck, LookaheadError, LookaheadReport, LookaheadSetup,
    Registry, Source, StoreSource, Tampering,
};
use openbell_data_manager::{DataError, DataManager};
use openbell_time::TimeManager;

use crate::error::SessionFileError;
use crate::file::SessionFile;
use crate::modules::{KeptTexts, ModuleTexts};
use crate::registered::register;

/// What a [`LookaheadCheck`] runs again and again: a store, and the modules of a session file, made anew
/// for every run.
pub struct FileRuns<'f> {
    file: &'f SessionFile,
    registry: &'f Registry,
    time: &'f TimeManager,
    store: DataManager,
    texts: ModuleTexts,
}

impl<'f> FileRuns<'f> {
    /// Those of `file` over `store`, with modules out of `registry`. `time` is that of the file.
    ///
    /// # Errors
    ///
    /// Modules that cannot be built.
    pub fn new(
        file: &'f SessionFile,
        registry: &'f Registry,
        time: &'f TimeManager,
        store: DataManager,
    ) -> Result<FileRuns<'f>, SessionFileError> {
        let texts = file.modules(registry, time)?.texts;
        Ok(FileRuns { file, registry, time, store, texts })
    }
}

impl LookaheadSetup for FileRuns<'_> {
    fn source(&mut self) -> Result<Box<dyn Source>, DataError> {
        Ok(Box::new(StoreSource::new(self.store.clone())))
    }

    fn register(&mut self, engine: &mut Engine, _: &Tampering) -> Result<(), ConsumerError> {
        // The file's own dates, whatever part of them is run: windows are checked by them.
        let config = &self.file.config;
        let calendar = self.time.calendar(config.exchange_group.name)?;
        let built = self.registry.build(config, &calendar, &KeptTexts(&self.texts));
        let built = built.map_err(|errors| self.file.modules_error(errors))?;
        self.file.check_planned(engine.plan(), &built)?;
        Ok(register(built, engine, FillsKept::OfSession)?)
    }
}

impl SessionFile {
    /// Runs a backtest's file again and again without its future, `n_cuts` times: nothing that could be
    /// seen before a cut may depend on a bar that closes after it.
    ///
    /// # Errors
    ///
    /// The run cannot begin. What is found is no error: it stands in the report.
    pub fn check_lookahead(
        &self,
        registry: &Registry,
        n_cuts: u32,
    ) -> Result<LookaheadReport, SessionFileError> {
        let time = self.calendars()?;
        let mut runs = FileRuns::new(self, registry, &time, self.open_store()?)?;
        let check = LookaheadCheck { n_cuts, ..LookaheadCheck::of(&self.config, &time) };
        check
            .run(&mut runs, |_| ControlFlow::Continue(()))
            .map_err(|error| self.lookahead_error(error))
    }

    /// Why a check could not be made, with the place in the file where it has one.
    pub fn lookahead_error(&self, error: LookaheadError) -> SessionFileError {
        match error {
            LookaheadError::Plan(errors) => self.plan_error(errors),
            LookaheadError::Data(error) => SessionFileError::Data(*error),
            other => SessionFileError::Lookahead(other),
        }
    }
}
