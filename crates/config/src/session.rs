//! The session as it was asked for: checked words, and the rules that join the parts of the file.
//!
//! Not here: what a calendar or the stored data must say (`openbell_coordinator::Plan`): that the
//! range of days holds a session, that dated schedule entries and scanner windows lie in one, that
//! the base interval is stored, that modules are registered.

use openbell_time::{AssetClass, ExchangeGroup};

use crate::account::AccountConfig;
use crate::api::ApiConfig;
use crate::backtest::BacktestConfig;
use crate::fault::{ConfigErrors, Fault, Warning};
use crate::fields::{DEFAULT_GROUP, SESSION};
use crate::live::LiveConfig;
use crate::path::JsonPath;
use crate::raw::RawSession;
use crate::reader::{Findings, Item, Object};
use crate::remarks::Remarks;
use crate::session_data::SessionDataConfig;
use crate::trading::TradingConfig;
use crate::words::{Asked, Restart};

/// A session, as its file asks for it.
///
/// *Source*: [`SessionConfig::parse`]. The fields carry the names of the file's keys; what the
/// file leaves out has its default. It can be changed after that, as a command line does with the
/// speed; whoever changes it keeps the rules of the fields.
///
/// ```
/// use openbell_config::SessionConfig;
/// let (config, warnings) = SessionConfig::parse(r#"{
///     "session_name": "one day",
///     "mode": "backtest",
///     "backtest_config": {"start_date": "2025-07-02", "end_date": "2025-07-02"},
///     "session_data_config": {"symbols": ["aapl"], "streams": ["1m", "60m"]}
/// }"#)?;
/// assert_eq!(config.session_data_config.symbols[0].as_str(), "AAPL");
/// assert_eq!(config.session_data_config.streams[1].to_string(), "1h");
/// assert_eq!(config.session_data_config.streaming.catchup_threshold_seconds, 60);
/// assert!(warnings.is_empty());
/// # Ok::<(), openbell_config::ConfigErrors>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct SessionConfig {
    /// Where an editor finds the schema; kept.
    pub schema: Option<String>,
    /// The name in reports and logs; not blank.
    pub session_name: String,
    /// Whose calendar holds; `US_EQUITY` where the file does not say.
    pub exchange_group: ExchangeGroup,
    /// What is traded; the group's usual class where the file does not say. It fits the group.
    pub asset_class: AssetClass,
    /// Replayed or live, with what only that mode has.
    pub mode: Mode,
    /// Symbols, bars, and what is made of them.
    pub session_data_config: SessionDataConfig,
    /// Where the stored bars are.
    pub data_config: DataConfig,
    /// Limits for strategies; absent where the file gives none.
    pub trading_config: Option<TradingConfig>,
    /// A paper account; absent where strategies only signal.
    pub account: Option<AccountConfig>,
    /// Vendors; absent where the file names none.
    pub api_config: Option<ApiConfig>,
    /// Anything, for reports; absent where the file has none.
    pub metadata: Option<serde_json::Map<String, serde_json::Value>>,
    /// The file's remarks.
    pub remarks: Remarks,
}

/// How a session gets its bars.
#[derive(Clone, PartialEq, Debug)]
pub enum Mode {
    /// Stored bars are replayed.
    Backtest(BacktestConfig),
    /// Live bars are followed.
    Live(Box<LiveConfig>),
}

impl Mode {
    /// The word in session files.
    pub fn name(&self) -> &'static str {
        match self {
            Mode::Backtest(_) => "backtest",
            Mode::Live(_) => "live",
        }
    }
}

/// Where the stored bars are.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct DataConfig {
    /// The path of a store or of a flat folder of bars, as the file has it: relative to the file.
    /// Absent where the file names none; then the command line must.
    pub store: Option<String>,
    /// The object's remarks.
    pub remarks: Remarks,
}

impl SessionConfig {
    /// The session that the text of a file asks for, and what in it has no effect.
    ///
    /// Files are not touched: paths in the session stay as the text has them.
    ///
    /// # Errors
    ///
    /// All that is wrong with the text, at once, each with its place.
    pub fn parse(text: &str) -> Result<(SessionConfig, Vec<Warning>), ConfigErrors> {
        SessionConfig::from_raw(&RawSession::read(text)?)
    }

    /// The same, of a file that has been read already.
    ///
    /// # Errors
    ///
    /// All that is wrong with it.
    pub fn from_raw(raw: &RawSession) -> Result<(SessionConfig, Vec<Warning>), ConfigErrors> {
        let findings = Findings::default();
        let root = Object::open(raw.root(), JsonPath::root(), &SESSION, &findings);
        let session = match &root {
            Some(root) => read_session(root),
            None => {
                let (found, allowed) = (raw.root().snippet(), crate::Allowed::Object);
                let fault = Fault::NotAllowed { found, allowed, nearest: None };
                findings.error(&JsonPath::root(), raw.root().at, fault);
                None
            }
        };
        let (errors, warnings) = findings.into_parts();
        match (session, ConfigErrors::from_found(errors)) {
            (Some(session), None) => Ok((session, warnings)),
            (_, Some(errors)) => Err(errors),
            (None, None) => unreachable!("a session is missed only where an error was recorded"),
        }
    }
}

fn read_session(root: &Object<'_>) -> Option<SessionConfig> {
    let schema = root.optional("$schema", Item::text);
    let session_name = root.given("session_name").and_then(|item| item.text());
    let exchange_group = match root.given("exchange_group") {
        Some(item) => item.read(ExchangeGroup::named).copied(),
        None => ExchangeGroup::named(DEFAULT_GROUP).copied(),
    };
    let asset_class = read_asset_class(root, exchange_group);
    let asked = read_asked(root);
    let session_data_config = match root.given("session_data_config") {
        Some(item) => {
            item.object().and_then(|part| SessionDataConfig::read(&part, asked, exchange_group))
        }
        None => None,
    };
    let data_config = root.part("data_config").and_then(|part| {
        let store = part.optional("store", Item::text);
        let remarks = part.remarks();
        Some(DataConfig { store: store?, remarks: remarks? })
    });
    let has_strategies =
        session_data_config.as_ref().is_none_or(|part| part.strategies.iter().any(|s| s.enabled));
    let trading_config =
        root.optional("trading_config", |item| TradingConfig::read(item, has_strategies));
    let symbols = session_data_config.as_ref().map(SessionDataConfig::all_symbols);
    let account = root.optional("account", |item| {
        AccountConfig::read(item, asset_class, has_strategies, symbols.as_deref())
    });
    if asked == Some(Asked::Live) && !root.has("api_config") {
        root.missing("api_config");
    }
    let api_config =
        root.optional("api_config", |item| ApiConfig::read(item, asked, exchange_group));
    let api = api_config.as_ref().and_then(Option::as_ref);
    let mode = read_mode(root, asked, api);
    if let Some(Mode::Live(live)) = &mode
        && live.record.as_ref().is_some_and(|record| record.restart == Restart::Session)
    {
        root.given("account").inspect(|item| item.error(Fault::AccountForgotten));
    }
    let metadata = root.optional("metadata", Item::free);
    let remarks = root.remarks();
    Some(SessionConfig {
        schema: schema?,
        session_name: session_name?,
        exchange_group: exchange_group?,
        asset_class: asset_class?,
        mode: mode?,
        session_data_config: session_data_config?,
        data_config: data_config?,
        trading_config: trading_config?,
        account: account?,
        api_config: api_config?,
        metadata: metadata?,
        remarks: remarks?,
    })
}

fn read_asset_class(root: &Object<'_>, group: Option<ExchangeGroup>) -> Option<AssetClass> {
    let Some(item) = root.given("asset_class") else {
        return Some(group?.default_asset_class());
    };
    let found: AssetClass = item.word()?;
    let group = group?;
    if group.allows(found) {
        return Some(found);
    }
    let allowed = group.asset_classes.to_vec();
    item.error(Fault::AssetClassMisfit { found, group: group.name, allowed });
    None
}

fn read_asked(root: &Object<'_>) -> Option<Asked> {
    root.given("mode")?.read(|word| match word {
        "backtest" => Some(Asked::Backtest),
        "live" => Some(Asked::Live),
        _ => None,
    })
}

/// What only the mode has that is asked for; where it is not to be read, what is there is checked.
fn read_mode(root: &Object<'_>, asked: Option<Asked>, api: Option<&ApiConfig>) -> Option<Mode> {
    let of_other_mode = |field: &'static str, needed, found| {
        let fault = Fault::OtherMode { field, needed, found };
        root.given(field).inspect(|item| item.error(fault)).is_some()
    };
    let backtest = || {
        let item = root.given("backtest_config")?;
        item.object().and_then(|part| BacktestConfig::read(&part)).map(Mode::Backtest)
    };
    match asked {
        Some(Asked::Live) => {
            let is_mixed = of_other_mode("backtest_config", "backtest", "live");
            let live = LiveConfig::read(root, api)?;
            (!is_mixed).then(|| Mode::Live(Box::new(live)))
        }
        Some(Asked::Backtest) => {
            let is_mixed = of_other_mode("live_config", "live", "backtest");
            if !root.has("backtest_config") {
                root.missing("backtest_config");
            }
            backtest().filter(|_| !is_mixed)
        }
        None => {
            let _ = backtest();
            None
        }
    }
}
