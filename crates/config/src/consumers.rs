//! Scanners and strategies: the code that is notified of bars, by its registered name.
//!
//! Not here: which names are registered, and whether a window lies inside a session
//! (`openbell_coordinator`).

use openbell_market::BarInterval;
use openbell_time::{ExchangeGroup, TimeManager, TimeOfDay};

use crate::fault::Fault;
use crate::reader::Object;
use crate::remarks::Remarks;
use crate::words::OnError;

/// One scanner.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct ScannerConfig {
    /// Its registered name; not blank.
    pub module: String,
    /// Whether it runs; by default it does.
    pub enabled: bool,
    /// Whether it is called once before the open; by default it is not. At least one of this and
    /// `regular_session` is there.
    pub pre_session: bool,
    /// The windows in which it is called, in the order of the file.
    pub regular_session: Vec<ScanWindow>,
    /// Its own settings; empty by default.
    pub config: serde_json::Map<String, serde_json::Value>,
    /// The object's remarks.
    pub remarks: Remarks,
}

/// A window in which a scanner is called.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ScanWindow {
    /// The first call, by the exchange's clock.
    pub start: TimeOfDay,
    /// No call at or after this time; later than the start within the session, which of an
    /// overnight session may be an earlier time of day.
    pub end: TimeOfDay,
    /// From one call to the next: seconds, minutes or hours.
    pub interval: BarInterval,
    /// The object's remarks.
    pub remarks: Remarks,
}

/// One strategy.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct StrategyConfig {
    /// Its registered name; not blank.
    pub module: String,
    /// Whether it runs; by default it does.
    pub enabled: bool,
    /// Its own settings; empty by default.
    pub config: serde_json::Map<String, serde_json::Value>,
    /// What an error in it ends; by default the run.
    pub on_error: OnError,
    /// The object's remarks.
    pub remarks: Remarks,
}

impl ScannerConfig {
    pub(crate) fn read(entry: &Object<'_>, group: Option<ExchangeGroup>) -> Option<ScannerConfig> {
        let module = entry.given("module").and_then(|item| item.text());
        let enabled = entry.true_or_false("enabled");
        let pre_session = entry.true_or_false("pre_session");
        let regular_session =
            entry.objects("regular_session", |window| ScanWindow::read(&window, group));
        let config = entry.free("config");
        let remarks = entry.remarks();
        if let (Some(false), Some([])) = (pre_session, regular_session.as_deref()) {
            entry.error(Fault::NeverRuns);
        }
        Some(ScannerConfig {
            module: module?,
            enabled: enabled?,
            pre_session: pre_session?,
            regular_session: regular_session?,
            config: config?,
            remarks: remarks?,
        })
    }
}

impl ScanWindow {
    fn read(window: &Object<'_>, group: Option<ExchangeGroup>) -> Option<ScanWindow> {
        let start = window.given("start").and_then(|item| item.time_of_day());
        let end_item = window.given("end");
        let end = end_item.as_ref().and_then(|item| item.time_of_day());
        if let (Some(start), Some(end), Some(item)) = (start, end, &end_item)
            && end <= start
            && (end == start || !group.is_none_or(is_overnight))
        {
            item.error(Fault::WindowEndsEarly { start, end });
        }
        let interval = window.given("interval").and_then(|item| item.interval());
        let remarks = window.remarks();
        Some(ScanWindow { start: start?, end: end?, interval: interval?, remarks: remarks? })
    }
}

/// Whether sessions of the group begin on the evening before their date.
fn is_overnight(group: ExchangeGroup) -> bool {
    let Ok(calendar) = TimeManager::new().calendar(group.name) else { return true };
    calendar
        .next_session(calendar.facts_since())
        .is_ok_and(|session| calendar.local_time(session.open).date < session.date)
}

impl StrategyConfig {
    pub(crate) fn read(entry: &Object<'_>) -> Option<StrategyConfig> {
        let module = entry.given("module").and_then(|item| item.text());
        let enabled = entry.true_or_false("enabled");
        let config = entry.free("config");
        let on_error = entry.word("on_error");
        let remarks = entry.remarks();
        Some(StrategyConfig {
            module: module?,
            enabled: enabled?,
            config: config?,
            on_error: on_error?,
            remarks: remarks?,
        })
    }
}
