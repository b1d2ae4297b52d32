//! Strategies and scanners by name: what a session file may ask for, and how it is built.
//!
//! Not here: the modules in the box (`openbell-strategies`), reading files that a module's config
//! names (the program, by [`ModuleFiles`]).

mod context;
pub(crate) mod error;
pub(crate) mod kind;
mod limits;
mod module;
mod offer;
mod on_schedule;
mod setting;
mod settings;

use std::collections::BTreeMap;
use std::fmt;

use openbell_config::{Mode, OnError, ScanWindow, ScannerConfig, SessionConfig};
use openbell_session_data::{HistoricalHandle, IndicatorHandle};
use openbell_time::{Calendar, Session};

use crate::consumers::consumer::{CallWindow, Consumer};
use crate::modules::error::{ModuleError, ModuleErrors};
use crate::plan::Plan;
pub use context::ModuleContext;
use context::SharedInputs;
use kind::ModuleKind;
pub use limits::Limits;
use limits::LimitsRead;
pub use module::{Emitted, Module, NoSettings};
pub use offer::AskedInVain;
use offer::Offer;
use on_schedule::OnSchedule;
pub use setting::Setting;
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

/// The modules that session files may ask for, by kind and name.
///
/// ```
/// use openbell_coordinator::{Consumer, Module, ModuleContext, NoSettings, Registry};
///
/// struct Nothing;
/// impl Consumer for Nothing {
///     fn name(&self) -> &str {
///         "nothing"
///     }
/// }
///
/// fn build(_: &ModuleContext<'_>, _: NoSettings) -> Result<Box<dyn Consumer>, String> {
///     Ok(Box::new(Nothing))
/// }
///
/// let mut registry = Registry::new();
/// registry.add(Module::strategy("nothing", "Does nothing.", build));
/// let names: Vec<&str> = registry.modules().map(Module::name).collect();
/// assert_eq!(names, ["nothing"]);
/// ```
#[derive(Default)]
pub struct Registry {
    modules: BTreeMap<(ModuleKind, String), Module>,
}

/// A module that was built, and how it is to be registered.
pub struct BuiltModule {
    pub(crate) consumer: Box<dyn Consumer>,
    pub(crate) on_error: OnError,
    /// The signals that it may give.
    pub(crate) emits: Vec<String>,
    pub(crate) kind: ModuleKind,
    entry: usize,
    module: String,
    limits_read: LimitsRead,
}

/// The limits of the `trading_config` of `config` that none of its `modules` reads, by name: they
/// have no effect. An account keeps them all.
pub fn idle_limits(config: &SessionConfig, modules: &[BuiltModule]) -> Vec<&'static str> {
    let limits = config.trading_config.as_ref().and_then(|trading| trading.limits);
    if limits.is_none() || config.account.is_some() {
        return Vec::new();
    }
    let read = modules.iter().map(|module| module.limits_read);
    read.fold(LimitsRead::default(), LimitsRead::and).idle()
}

impl Plan {
    /// The value of a session indicator of that name, `sma_20_5m` or `macd_5m.signal`, to be read with
    /// [`SymbolView::indicator`](openbell_session_data::SymbolView): for consumers that are registered by
    /// hand; a module has the same from its [`ModuleContext`].
    ///
    /// # Errors
    ///
    /// The session has no such value, with the nearest that it has.
    pub fn indicator(&self, name: &str) -> Result<IndicatorHandle, AskedInVain> {
        offer::session_indicator(name, self.indicators().iter().copied())
    }

    /// The same of a value that is computed before the session and fixed for the day.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn historical_indicator(&self, name: &str) -> Result<HistoricalHandle, AskedInVain> {
        offer::historical_indicator(name, self.historical().iter().copied())
    }

    /// Refuses modules that ask for bars that this plan never delivers: what a module's subscription
    /// names is held against the base and the derived intervals, and one that includes no bar of any
    /// symbol could never speak. Where a scanner can bring symbols in, any symbol may come.
    ///
    /// # Errors
    ///
    /// Everything that is asked in vain, at once.
    pub fn check_modules(&self, modules: &[BuiltModule]) -> Result<(), ModuleErrors> {
        let vain = modules.iter().filter_map(|built| {
            let vain = offer::check_planned(self, &built.consumer.subscription()).err()?;
            Some(Place::of(built.kind, built.entry, &built.module).vain(vain))
        });
        let errors: Vec<ModuleError> = vain.collect();
        if errors.is_empty() { Ok(()) } else { Err(ModuleErrors(errors)) }
    }
}

impl Registry {
    /// A registry without modules.
    pub fn new() -> Registry {
        Registry::default()
    }

    /// Adds a module, in place of one of the same kind and name.
    pub fn add(&mut self, module: Module) {
        self.modules.insert((module.kind(), module.name().to_owned()), module);
    }

    /// The modules: strategies, then scanners, by name.
    pub fn modules(&self) -> impl Iterator<Item = &Module> {
        self.modules.values()
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
        let sessions = sessions_of(config, calendar);
        let longest = sessions.iter().max_by_key(|s| s.close - s.open).copied();
        let (offer, has_account) = (Offer::of(config), config.account.is_some());
        let shared = SharedInputs { data, offer, longest, limits, has_account, files };
        let (mut built, mut errors) = (Vec::new(), Vec::new());
        for (entry, scanner) in data.scanners.iter().enumerate() {
            let windows = call_windows(scanner, entry, &sessions, calendar, &mut errors);
            let mut context = ModuleContext::new(&scanner.config, &shared, scanner.enabled);
            context.schedule = Some(scanner);
            let place = Place::of(ModuleKind::Scanner, entry, &scanner.module);
            let Some(module) = self.built(place, &context, OnError::StopRun, &mut errors) else {
                continue;
            };
            if scanner.enabled {
                let (is_before_open, consumer) = (scanner.pre_session, module.consumer);
                let consumer = Box::new(OnSchedule { consumer, windows, is_before_open });
                built.push(BuiltModule { consumer, ..module });
            }
        }
        for (entry, strategy) in data.strategies.iter().enumerate() {
            let context = ModuleContext::new(&strategy.config, &shared, strategy.enabled);
            let place = Place::of(ModuleKind::Strategy, entry, &strategy.module);
            let module = self.built(place, &context, strategy.on_error, &mut errors);
            built.extend(module.filter(|_| strategy.enabled));
        }
        if errors.is_empty() { Ok(built) } else { Err(ModuleErrors(errors)) }
    }

    fn built(
        &self,
        place: Place<'_>,
        context: &ModuleContext<'_>,
        on_error: OnError,
        errors: &mut Vec<ModuleError>,
    ) -> Option<BuiltModule> {
        let Place { kind, entry, module } = place;
        let Some(found) = self.modules.get(&(kind, module.to_owned())) else {
            let known = self.modules().filter(|known| known.kind() == kind);
            let known = known.map(|known| known.name().to_owned()).collect();
            let (path, module) = (place.path("module"), module.to_owned());
            errors.push(ModuleError::NotRegistered { path, kind, module, known });
            return None;
        };
        let consumer = match found.build(context) {
            Ok(consumer) => consumer,
            Err(why) => {
                match context.faults.take() {
                    faults if faults.is_empty() => errors.push(place.settings(why)),
                    faults => errors.extend(faults.into_iter().map(|fault| place.fault(fault))),
                }
                return None;
            }
        };
        if context.is_enabled
            && let Err(vain) = context.shared.offer.check_subscription(&consumer.subscription())
        {
            errors.push(place.vain(vain));
            return None;
        }
        let (module, limits_read) = (module.to_owned(), context.limits_read.get());
        let emits = found.emitted().iter().map(|emitted| emitted.kind.clone()).collect();
        Some(BuiltModule { consumer, on_error, emits, kind, entry, module, limits_read })
    }
}

/// An entry of the session file that asks for a module.
#[derive(Clone, Copy)]
struct Place<'p> {
    kind: ModuleKind,
    entry: usize,
    module: &'p str,
}

impl<'p> Place<'p> {
    fn of(kind: ModuleKind, entry: usize, module: &'p str) -> Place<'p> {
        Place { kind, entry, module }
    }

    fn path(&self, field: &str) -> String {
        format!("session_data_config.{}[{}].{field}", self.kind.list(), self.entry)
    }

    fn settings(&self, why: String) -> ModuleError {
        let (path, module) = (self.path("config"), self.module.to_owned());
        ModuleError::BadSettings { path, kind: self.kind, module, why }
    }

    fn vain(&self, vain: AskedInVain) -> ModuleError {
        let (path, module) = (self.path("config"), self.module.to_owned());
        ModuleError::AskedInVain { path, kind: self.kind, module, vain: Box::new(vain) }
    }

    fn fault(&self, fault: SettingsFault) -> ModuleError {
        let (kind, module) = (self.kind, self.module.to_owned());
        let of_key = |key: String| self.path(&format!("config.{key}"));
        match fault {
            SettingsFault::UnknownKey { key, fault } => {
                ModuleError::UnknownKey { path: of_key(key), kind, module, fault }
            }
            SettingsFault::BadValue { key, why } => {
                ModuleError::BadSettings { path: of_key(key), kind, module, why }
            }
            SettingsFault::Whole { why } => self.settings(why),
        }
    }
}

/// The sessions of the run; none where its dates hold none, which the plan refuses. Of a live run, which
/// begins at any day, those of the last year that the calendar knows.
fn sessions_of(config: &SessionConfig, calendar: &Calendar) -> Vec<Session> {
    let dates = match &config.mode {
        Mode::Backtest(backtest) => backtest.start_date..=backtest.end_date,
        Mode::Live(_) => {
            let last = calendar.known_through();
            last.plus_days(-365).max(calendar.facts_since())..=last
        }
    };
    // Dates beyond the facts: refused by the plan, in its words.
    calendar.sessions(dates).map(<[Session]>::to_vec).unwrap_or_default()
}

/// The windows of a scanner, each of which lies in a session of the run. A session that is cut
/// short has those parts of them that it has.
fn call_windows(
    scanner: &ScannerConfig,
    entry: usize,
    sessions: &[Session],
    calendar: &Calendar,
    errors: &mut Vec<ModuleError>,
) -> Vec<CallWindow> {
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
