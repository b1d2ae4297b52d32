//! Strategies and scanners by name: what a session file may ask for, and how it is built.
//!
//! Not here: the modules in the box (`openbell-strategies`), reading files that a module's config
//! names (the program, by [`ModuleFiles`]).

pub(crate) mod error;
pub(crate) mod kind;
mod on_schedule;
mod settings;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use openbell_config::{OnError, ScanWindow, ScannerConfig, SessionConfig, TradingLimits};
use openbell_time::{Calendar, Session};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::consumers::consumer::{CallWindow, Consumer};
use crate::modules::error::{ModuleError, ModuleErrors};
use kind::ModuleKind;
use on_schedule::OnSchedule;
use settings::SettingsFault;

/// The text of files that a module's config names, as a universe of symbols.
pub trait ModuleFiles {
    /// The text of the file at `path`, which is relative to the session file.
    ///
    /// # Errors
    ///
    /// A sentence that names the file and what is wrong with it.
    fn text(&self, path: &str) -> Result<String, String>;
}

/// No files: for services whose modules need none.
#[derive(Clone, Copy, Debug)]
pub struct NoModuleFiles;

impl ModuleFiles for NoModuleFiles {
    fn text(&self, path: &str) -> Result<String, String> {
        Err(format!("cannot read {path}: no files are handed to modules here"))
    }
}

/// What a module is built from.
pub struct ModuleContext<'m> {
    config: &'m Map<String, Value>,
    schedule: Option<&'m ScannerConfig>,
    limits: Option<TradingLimits>,
    files: &'m dyn ModuleFiles,
    /// What was wrong when the settings were read last.
    faults: RefCell<Vec<SettingsFault>>,
}

impl<'m> ModuleContext<'m> {
    fn new(config: &'m Map<String, Value>, of: &SharedInputs<'m>) -> ModuleContext<'m> {
        let &SharedInputs { limits, files } = of;
        ModuleContext { config, schedule: None, limits, files, faults: RefCell::default() }
    }

    /// The entry's `config`, as the module's own settings: its keys are the fields of `T`, and
    /// `comment` and `note`, which stand in any object. An unknown key is refused with the nearest
    /// known one, also where `T` would pass it over.
    ///
    /// # Errors
    ///
    /// A sentence: an unknown key, a missing one, a value that is wrong. Hand it back as the
    /// factory's error: the messages then name each with its own place in the session file.
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T, String> {
        settings::read(self.config).map_err(|faults| {
            let texts: Vec<String> = faults.iter().map(SettingsFault::text).collect();
            self.faults.replace(faults);
            texts.join("; ")
        })
    }

    /// Whether the module is called before the open: a strategy always is, a scanner where its
    /// entry says so.
    pub fn is_called_before_open(&self) -> bool {
        self.schedule.is_none_or(|scanner| scanner.pre_session)
    }

    /// Whether the module is called by the clock: a scanner with windows in `regular_session`.
    pub fn is_called_by_clock(&self) -> bool {
        self.schedule.is_some_and(|scanner| !scanner.regular_session.is_empty())
    }

    /// The limits of `trading_config`; absent where the file gives none.
    pub fn limits(&self) -> Option<TradingLimits> {
        self.limits
    }

    /// The text of a file named in the settings.
    ///
    /// # Errors
    ///
    /// A sentence that names the file and what is wrong with it.
    pub fn text(&self, path: &str) -> Result<String, String> {
        self.files.text(path)
    }
}

/// What the modules of a session file share.
struct SharedInputs<'m> {
    limits: Option<TradingLimits>,
    files: &'m dyn ModuleFiles,
}

type ModuleFactory =
    Box<dyn Fn(&ModuleContext<'_>) -> Result<Box<dyn Consumer>, String> + Send + Sync>;

/// A module as it is listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Module<'r> {
    /// Strategy or scanner.
    pub kind: ModuleKind,
    /// The name that a session file asks for.
    pub name: &'r str,
    /// One sentence on what it does.
    pub about: &'r str,
}

struct Entry {
    about: String,
    factory: ModuleFactory,
}

/// The modules that session files may ask for, by kind and name.
///
/// ```
/// use openbell_coordinator::{Consumer, ModuleKind, Registry};
///
/// struct Nothing;
/// impl Consumer for Nothing {
///     fn name(&self) -> &str {
///         "nothing"
///     }
/// }
///
/// let mut registry = Registry::new();
/// registry.add(ModuleKind::Strategy, "nothing", "Does nothing.", |_| Ok(Box::new(Nothing)));
/// let names: Vec<&str> = registry.modules().map(|module| module.name).collect();
/// assert_eq!(names, ["nothing"]);
/// ```
#[derive(Default)]
pub struct Registry {
    modules: BTreeMap<(ModuleKind, String), Entry>,
}

/// A module that was built, and how it is to be registered.
pub struct BuiltModule {
    pub(crate) consumer: Box<dyn Consumer>,
    pub(crate) on_error: OnError,
}

impl Registry {
    /// A registry without modules.
    pub fn new() -> Registry {
        Registry::default()
    }

    /// Adds a module, in place of one of the same kind and name. `factory` is called for every entry
    /// of a session file that asks for it; its error is a sentence on what is wrong with the
    /// entry's `config`.
    pub fn add(
        &mut self,
        kind: ModuleKind,
        name: &str,
        about: &str,
        factory: impl Fn(&ModuleContext<'_>) -> Result<Box<dyn Consumer>, String>
        + Send
        + Sync
        + 'static,
    ) {
        let entry = Entry { about: about.to_owned(), factory: Box::new(factory) };
        self.modules.insert((kind, name.to_owned()), entry);
    }

    /// The modules: strategies, then scanners, by name.
    pub fn modules(&self) -> impl Iterator<Item = Module<'_>> {
        self.modules.iter().map(|((kind, name), entry)| Module {
            kind: *kind,
            name,
            about: &entry.about,
        })
    }

    /// Makes the modules that `config` asks for, in the order in which they are registered:
    /// scanners, then strategies, each in file order. Those that are not enabled are built too, so
    /// that their settings are checked, and left out.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them, at once.
    pub fn build(
        &self,
        config: &SessionConfig,
        calendar: &Calendar,
        files: &dyn ModuleFiles,
    ) -> Result<Vec<BuiltModule>, ModuleErrors> {
        let data = &config.session_data_config;
        let limits = config.trading_config.as_ref().and_then(|trading| trading.limits);
        let shared = SharedInputs { limits, files };
        let (mut built, mut errors) = (Vec::new(), Vec::new());
        for (entry, scanner) in data.scanners.iter().enumerate() {
            let windows = call_windows(scanner, entry, config, calendar, &mut errors);
            let context = ModuleContext::new(&scanner.config, &shared);
            let context = ModuleContext { schedule: Some(scanner), ..context };
            let kind = ModuleKind::Scanner;
            let Some(consumer) = self.built(kind, entry, &scanner.module, &context, &mut errors)
            else {
                continue;
            };
            if scanner.enabled {
                let is_before_open = scanner.pre_session;
                let consumer = Box::new(OnSchedule { consumer, windows, is_before_open });
                built.push(BuiltModule { consumer, on_error: OnError::StopRun });
            }
        }
        for (entry, strategy) in data.strategies.iter().enumerate() {
            let context = ModuleContext::new(&strategy.config, &shared);
            let kind = ModuleKind::Strategy;
            let consumer = self.built(kind, entry, &strategy.module, &context, &mut errors);
            if let Some(consumer) = consumer.filter(|_| strategy.enabled) {
                built.push(BuiltModule { consumer, on_error: strategy.on_error });
            }
        }
        if errors.is_empty() { Ok(built) } else { Err(ModuleErrors(errors)) }
    }

    fn built(
        &self,
        kind: ModuleKind,
        entry: usize,
        module: &str,
        context: &ModuleContext<'_>,
        errors: &mut Vec<ModuleError>,
    ) -> Option<Box<dyn Consumer>> {
        let path = |field: &str| format!("session_data_config.{}[{entry}].{field}", kind.list());
        let Some(found) = self.modules.get(&(kind, module.to_owned())) else {
            let known = self.modules().filter(|known| known.kind == kind);
            let known = known.map(|known| known.name.to_owned()).collect();
            let (path, module) = (path("module"), module.to_owned());
            errors.push(ModuleError::NotRegistered { path, kind, module, known });
            return None;
        };
        match (found.factory)(context) {
            Ok(consumer) => Some(consumer),
            Err(why) => {
                let place = Place { path: path("config"), kind, module };
                match context.faults.take() {
                    faults if faults.is_empty() => errors.push(place.settings(why)),
                    faults => errors.extend(faults.into_iter().map(|fault| place.fault(fault))),
                }
                None
            }
        }
    }
}

/// The settings of a module in the session file.
struct Place<'p> {
    path: String,
    kind: ModuleKind,
    module: &'p str,
}

impl Place<'_> {
    fn settings(&self, why: String) -> ModuleError {
        let (path, module) = (self.path.clone(), self.module.to_owned());
        ModuleError::BadSettings { path, kind: self.kind, module, why }
    }

    fn fault(&self, fault: SettingsFault) -> ModuleError {
        let Place { path, kind, module } = self;
        let (kind, module) = (*kind, (*module).to_owned());
        match fault {
            SettingsFault::UnknownKey { key, fault } => {
                ModuleError::UnknownKey { path: format!("{path}.{key}"), kind, module, fault }
            }
            SettingsFault::BadValue { key, why } => {
                ModuleError::BadSettings { path: format!("{path}.{key}"), kind, module, why }
            }
            SettingsFault::Whole { why } => self.settings(why),
        }
    }
}

/// The sessions of the run; none where its dates hold none, which the plan refuses.
fn sessions_of(config: &SessionConfig, calendar: &Calendar) -> Vec<Session> {
    match &config.mode {
        openbell_config::Mode::Backtest(backtest) => calendar
            .sessions(backtest.start_date..=backtest.end_date)
            .map(<[Session]>::to_vec)
            .unwrap_or_default(), // Dates beyond the facts: refused by the plan, in its words.
        openbell_config::Mode::Live => Vec::new(),
    }
}

/// The windows of a scanner, each of which lies in a session of the run. A session that is cut
/// short has those parts of them that it has.
fn call_windows(
    scanner: &ScannerConfig,
    entry: usize,
    config: &SessionConfig,
    calendar: &Calendar,
    errors: &mut Vec<ModuleError>,
) -> Vec<CallWindow> {
    let sessions = sessions_of(config, calendar);
    let mut windows = Vec::new();
    for (i, window) in scanner.regular_session.iter().enumerate() {
        let path = |field: &str| {
            format!("session_data_config.scanners[{entry}].regular_session[{i}].{field}")
        };
        let &ScanWindow { start, end, interval, .. } = window;
        let Some(clock) = interval.clock() else {
            let (path, found) = (path("interval"), interval);
            errors.push(ModuleError::NotAClockInterval { path, found });
            continue;
        };
        if let Some(first) = sessions.first()
            && !sessions.iter().any(|session| lies_in(session, window, calendar))
        {
            let time = |at| calendar.local_time(at).time_of_day;
            let (open, close) = (time(first.open), time(first.close));
            errors.push(ModuleError::WindowOutside {
                path: path("start"),
                start,
                end,
                open,
                close,
            });
        }
        windows.push(CallWindow { start, end, every: clock.length() });
    }
    windows
}

fn lies_in(session: &Session, window: &ScanWindow, calendar: &Calendar) -> bool {
    [-1, 0, 1].into_iter().any(|days| {
        let date = session.date.plus_days(days);
        let end_date = if window.end <= window.start { date.plus_days(1) } else { date };
        let start = calendar.instant_at(date, window.start);
        let end = calendar.instant_at(end_date, window.end);
        start.zip(end).is_some_and(|(start, end)| session.open <= start && end <= session.close)
    })
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.modules()).finish()
    }
}
