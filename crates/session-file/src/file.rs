//! A session file on disk: read, checked, and its paths resolved against its folder.

use std::path::{Path, PathBuf};

use openbell_account::FillsKept;
use openbell_config::{ConfigErrors, Mode, RawSession, SessionConfig};
use openbell_coordinator::{Engine, Registry, Sessions, StoreSource};
use openbell_data_manager::{DataManager, StoreOptions};
use openbell_time::{TimeManager, Timestamp};

use crate::error::SessionFileError;
use crate::reading;
use crate::registered::register;

const OVERLAY: &str = "session_data_config.calendar_overlay";

/// A session file that is right.
#[derive(Debug)]
pub struct SessionFile {
    /// Where it was read; paths in it are relative to its folder.
    pub path: PathBuf,
    /// Its values with their positions.
    pub raw: RawSession,
    /// What it asks for.
    pub config: SessionConfig,
    warnings: Vec<String>,
}

impl SessionFile {
    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or is wrong; every error in it is said.
    pub fn load(path: &Path) -> Result<SessionFile, SessionFileError> {
        let unreadable = |source| SessionFileError::Unreadable { path: path.to_owned(), source };
        let text = reading::bytes(path).map_err(unreadable)?;
        let text = String::from_utf8(text).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = valid.iter().filter(|&&byte| byte == b'\n').count() + 1;
            SessionFileError::NoText { path: path.to_owned(), line }
        })?;
        let begun = text.trim_start_matches('\u{feff}').trim_start();
        let looks_like_json = begun.is_empty() || begun.starts_with(['{', '/']);
        let wrong = |errors: ConfigErrors, is_json: bool| SessionFileError::Wrong {
            path: path.to_owned(),
            errors,
            is_json,
        };
        let raw = RawSession::read(&text).map_err(|errors| wrong(errors, looks_like_json))?;
        let (config, warnings) =
            SessionConfig::from_raw(&raw).map_err(|errors| wrong(errors, true))?;
        let warnings =
            warnings.iter().map(|warning| format!("{}:{warning}", path.display())).collect();
        Ok(SessionFile { path: path.to_owned(), raw, config, warnings })
    }

    /// What is right in it and has no effect, `file:line:column` before each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The path of its store: `given` by whoever runs it, else the file's own, which is relative to
    /// the file.
    ///
    /// # Errors
    ///
    /// Neither names one.
    pub fn store(&self, given: Option<&Path>) -> Result<PathBuf, SessionFileError> {
        match (given, &self.config.data_config.store) {
            (Some(given), _) => Ok(given.to_owned()),
            (None, Some(store)) => Ok(self.beside(store)),
            (None, None) => Err(SessionFileError::NoStore { path: self.path.clone() }),
        }
    }

    /// The calendars, with the file's overlay laid over them.
    ///
    /// # Errors
    ///
    /// An overlay that cannot be read, or is wrong.
    pub fn calendars(&self) -> Result<TimeManager, SessionFileError> {
        let Some(text) = self.overlay_text()? else { return Ok(TimeManager::new()) };
        let wrong =
            |source| SessionFileError::WrongOverlay { place: self.place_of(OVERLAY), source };
        TimeManager::with_overlay(&text).map_err(wrong)
    }

    /// Where the file's calendar overlay lies; absent where it names none.
    pub fn overlay_path(&self) -> Option<PathBuf> {
        let overlay = self.config.session_data_config.calendar_overlay.as_ref()?;
        Some(self.beside(overlay))
    }

    /// The text of the file's calendar overlay; absent where it names none.
    ///
    /// # Errors
    ///
    /// An overlay that cannot be read.
    pub fn overlay_text(&self) -> Result<Option<String>, SessionFileError> {
        let Some(path) = self.overlay_path() else { return Ok(None) };
        reading::text(&path).map(Some).map_err(|source| {
            let place = self.place_of(OVERLAY);
            SessionFileError::UnreadableOverlay { place, path, source }
        })
    }

    /// The sessions that it asks for, of a live one those from `now` on.
    pub fn sessions(&self, now: Timestamp) -> Sessions {
        match &self.config.mode {
            Mode::Backtest(_) => Sessions::OfConfig,
            Mode::Live(live) => Sessions::Ahead { from: now, n_sessions: live.sessions },
        }
    }

    /// `file:line:column: ` of the value at a path of the file, or nothing where it has none.
    pub fn place_of(&self, path: &str) -> String {
        match self.raw.position_of(path) {
            Some(at) => format!("{}:{at}: ", self.path.display()),
            None => String::new(),
        }
    }

    /// A path as it stands in the file, which is relative to the file.
    pub fn beside(&self, path: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }

    /// A run of a backtest's file: its store is opened, its plan made, its modules out of `registry`
    /// are registered inline, and its accounts are opened ([`register`]). Step it, or hand it to [`run`](openbell_coordinator::run).
    ///
    /// # Errors
    ///
    /// Everything that `openbell check` and `openbell plan` refuse.
    pub fn engine(&self, registry: &Registry) -> Result<Engine, SessionFileError> {
        let (store, time) = (self.open_store()?, self.calendars()?);
        let modules = self.modules(registry, &time)?;
        let source = Box::new(StoreSource::new(store));
        let mut engine =
            Engine::new(&self.config, &time, source).map_err(|errors| self.plan_error(errors))?;
        self.check_planned(engine.plan(), &modules.built)?;
        register(modules.built, &mut engine, FillsKept::All)?;
        Ok(engine)
    }

    /// Its store, opened.
    pub(crate) fn open_store(&self) -> Result<DataManager, SessionFileError> {
        let group = self.config.exchange_group.name.to_owned();
        let options = StoreOptions { exchange_group: Some(group) };
        Ok(DataManager::open(self.store(None)?, &options)?)
    }
}
