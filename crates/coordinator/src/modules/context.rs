//! What a module is built from: what its entry asks for, held against what the session has.

use std::cell::{Cell, RefCell};

use openbell_config::{ScannerConfig, SessionDataConfig, TradingLimits};
use openbell_market::{BarInterval, Symbol};
use openbell_session_data::{HistoricalHandle, IndicatorHandle};
use openbell_time::{Nanos, Session};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::ModuleFiles;
use super::limits::{Limits, LimitsRead};
use super::offer::{self, AskedInVain, Offer};
use super::setting::Setting;
use super::settings::{self, SettingsFault};

/// What a module is built from.
pub struct ModuleContext<'m> {
    config: &'m Map<String, Value>,
    pub(super) schedule: Option<&'m ScannerConfig>,
    pub(super) shared: &'m SharedInputs<'m>,
    /// What was wrong when the settings were read last, and what they ask for in vain.
    pub(super) faults: RefCell<Vec<SettingsFault>>,
    /// Whether it runs: what is asked for by one that does not, nobody misses.
    pub(super) is_enabled: bool,
    pub(super) limits_read: Cell<LimitsRead>,
}

impl<'m> ModuleContext<'m> {
    pub(super) fn new(
        config: &'m Map<String, Value>,
        shared: &'m SharedInputs<'m>,
        is_enabled: bool,
    ) -> ModuleContext<'m> {
        let (faults, limits_read) = (RefCell::default(), Cell::default());
        ModuleContext { config, schedule: None, shared, faults, is_enabled, limits_read }
    }

    /// The entry's `config` as the settings of the module; what is wrong with them is kept for the
    /// messages, each fault with its own key.
    pub(super) fn settings<S: DeserializeOwned>(&self, known: &[Setting]) -> Result<S, String> {
        settings::read(self.config, known).map_err(|faults| {
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

    /// The bar interval that the setting `setting` names, of which the session delivers bars.
    ///
    /// *Time*: an interval that is delivered only where it is the run's base passes here; with a
    /// store that has another base, [`Plan::check_modules`](crate::Plan::check_modules) refuses it.
    ///
    /// # Errors
    ///
    /// A text that is no interval; one of which there will be no bars, with the nearest of those of
    /// which there are. Hand it back as the factory's error.
    pub fn interval(&self, setting: &str, text: &str) -> Result<BarInterval, String> {
        let interval: BarInterval = text.parse().map_err(|error| format!("{setting}: {error}"))?;
        self.offered(setting, || (), |offer| offer.check_interval(interval))?;
        Ok(interval)
    }

    /// The value of a session indicator that the setting `setting` names, `sma_20_5m` or
    /// `macd_5m.signal`: read it with [`SymbolView::indicator`](openbell_session_data::SymbolView), where
    /// it costs an index and is absent only while it is not ready.
    ///
    /// # Errors
    ///
    /// The session has no such value, with the nearest that it has. Hand it back as the factory's error.
    pub fn indicator(&self, setting: &str, name: &str) -> Result<IndicatorHandle, String> {
        // One that does not run is made and dropped: its handles are never read.
        let unread = || IndicatorHandle::new(BarInterval::DAY, 0);
        self.offered(setting, unread, |offer| offer.session_indicator(name))
    }

    /// The same of a value that is computed before the session and fixed for the day.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn historical_indicator(
        &self,
        setting: &str,
        name: &str,
    ) -> Result<HistoricalHandle, String> {
        let unread = || HistoricalHandle::new(name, "");
        self.offered(setting, unread, |offer| offer.historical_indicator(name))
    }

    /// The symbols that the setting `setting` lists, each of which can be a member of the session: it
    /// stands in the file, or a scanner may bring it in.
    ///
    /// # Errors
    ///
    /// A text that is no symbol; one that never comes, with the one that may be meant. Hand it back
    /// as the factory's error.
    pub fn symbols(&self, setting: &str, names: &[String]) -> Result<Vec<Symbol>, String> {
        let symbol = |name: &String| {
            let symbol = Symbol::new(name).map_err(|error| format!("{setting}: {error}"))?;
            self.offered(setting, || (), |offer| offer.check_symbol(&symbol))?;
            Ok(symbol)
        };
        names.iter().map(symbol).collect()
    }

    fn offered<T>(
        &self,
        setting: &str,
        unread: impl FnOnce() -> T,
        find: impl FnOnce(&Offer<'_>) -> Result<T, AskedInVain>,
    ) -> Result<T, String> {
        if !self.is_enabled {
            return Ok(unread());
        }
        find(&self.shared.offer).map_err(|vain| {
            let (key, why) = (setting.to_owned(), vain.to_string());
            let text = format!("{key}: {why}");
            self.faults.borrow_mut().push(SettingsFault::BadValue { key, why });
            text
        })
    }

    /// How long the longest session of the run is open; absent where its dates hold none, which the
    /// plan refuses.
    pub fn longest_session(&self) -> Option<Nanos> {
        self.shared.longest.map(|session| session.close - session.open)
    }

    /// How many bars of `interval` a view reaches back over at most, at the close of the longest
    /// session: those of the session, and those of the history that is configured. Absent for days
    /// and weeks.
    pub fn bars_within_reach(&self, interval: BarInterval) -> Option<u64> {
        let (data, longest) = (self.shared.data, self.shared.longest.as_ref()?);
        offer::bars_within_reach(data, longest, interval)
    }

    /// The limits of `trading_config`; absent where the file gives none. A limit that no module reads
    /// has no effect, and [`idle_limits`](crate::idle_limits) names it.
    pub fn limits(&self) -> Option<Limits<'_>> {
        let limits = self.shared.limits?;
        Some(Limits { limits, read: &self.limits_read })
    }

    /// Whether strategies of the session have an account to order from.
    pub fn has_account(&self) -> bool {
        self.shared.has_account
    }

    /// The text of a file named in the settings.
    ///
    /// # Errors
    ///
    /// A sentence that names the file and what is wrong with it.
    pub fn text(&self, path: &str) -> Result<String, String> {
        self.shared.files.text(path)
    }
}

/// What the modules of a session file share.
pub(super) struct SharedInputs<'m> {
    pub(super) data: &'m SessionDataConfig,
    pub(super) offer: Offer<'m>,
    /// The longest session of the run.
    pub(super) longest: Option<Session>,
    pub(super) limits: Option<TradingLimits>,
    pub(super) has_account: bool,
    pub(super) files: &'m dyn ModuleFiles,
}
