//! A session file on disk: read, checked, and its paths resolved against its folder.

use std::path::{Path, PathBuf};

use openbell_config::{Mode, RawSession, SessionConfig};
use openbell_coordinator::Sessions;
use openbell_time::{TimeManager, Timestamp};

use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;

const OVERLAY: &str = "session_data_config.calendar_overlay";

/// A session file that is right.
#[derive(Debug)]
pub struct SessionFile {
    /// Where it was read.
    pub path: PathBuf,
    /// Its values with their positions.
    pub raw: RawSession,
    /// What it asks for.
    pub config: SessionConfig,
}

impl SessionFile {
    /// Reads and checks the file at `path`; its warnings go to the terminal.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or is wrong; every error in it is said.
    pub fn load(path: &Path, terminal: &Terminal) -> Result<SessionFile, Failure> {
        let text = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
        let text = String::from_utf8(text).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = valid.iter().filter(|&&byte| byte == b'\n').count() + 1;
            let text = format!("{}:{line}: this is no UTF-8 text", path.display());
            Failure::says(Exit::Config, text)
        })?;
        let wrong = |errors: openbell_config::ConfigErrors| {
            let lines: Vec<String> =
                errors.into_iter().map(|error| format!("{}:{error}", path.display())).collect();
            let n_errors = lines.len();
            let head = match n_errors {
                1 => "the session file is wrong".to_owned(),
                n => format!("the session file is wrong in {n} places"),
            };
            Failure::says(Exit::Config, format!("{head}\n{}", lines.join("\n")))
        };
        let begun = text.trim_start_matches('\u{feff}').trim_start();
        let looks_like_one = begun.is_empty() || begun.starts_with(['{', '/']);
        let raw = RawSession::read(&text).map_err(wrong).map_err(|failure| {
            if looks_like_one {
                return failure;
            }
            let hint = "a session file is JSON; `openbell schema` says what it holds, and `openbell \
                        data generate` prints one";
            Failure::says(Exit::Config, format!("{failure}\n{hint}"))
        })?;
        let (config, warnings) = SessionConfig::from_raw(&raw).map_err(wrong)?;
        for warning in warnings {
            terminal.warning(&format!("{}:{warning}", path.display()));
        }
        Ok(SessionFile { path: path.to_owned(), raw, config })
    }

    /// The path of its store: `given` on the command line, else the file's own, which is relative
    /// to the file.
    ///
    /// # Errors
    ///
    /// Neither names one.
    pub fn store(&self, given: Option<&Path>) -> Result<PathBuf, Failure> {
        if let Some(given) = given {
            return Ok(given.to_owned());
        }
        match &self.config.data_config.store {
            Some(store) => Ok(self.beside(store)),
            None => Err(Failure::says(
                Exit::Config,
                format!(
                    "{} names no store; write \"data_config\": {{\"store\": \"FOLDER\"}} into it, \
                     or give --store FOLDER",
                    self.path.display()
                ),
            )),
        }
    }

    /// The calendars, with the file's overlay laid over them.
    ///
    /// # Errors
    ///
    /// An overlay that cannot be read, or is wrong.
    pub fn calendars(&self) -> Result<TimeManager, Failure> {
        let Some(text) = self.overlay_text()? else { return Ok(TimeManager::new()) };
        TimeManager::with_overlay(&text).map_err(|error| {
            let at = self.place_of(OVERLAY);
            Failure::new(Exit::Config, error).of(format!("{at}the calendar overlay is wrong"))
        })
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
    pub fn overlay_text(&self) -> Result<Option<String>, Failure> {
        let Some(path) = self.overlay_path() else { return Ok(None) };
        std::fs::read_to_string(&path).map(Some).map_err(|error| {
            let at = self.place_of(OVERLAY);
            let what = format!("{at}cannot read the calendar overlay {}", path.display());
            Failure::new(Exit::Config, error).of(what)
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
}

/// The absolute path of a folder, for what is read by another process from elsewhere.
pub fn absolute(folder: &Path) -> String {
    let path = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    path.display().to_string()
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound => "; `openbell schema` says what a session file holds",
        std::io::ErrorKind::IsADirectory => "; name a file in it",
        _ => "",
    };
    let text = format!("cannot read the session file {}: {error}{hint}", path.display());
    Failure::says(Exit::Config, text)
}
