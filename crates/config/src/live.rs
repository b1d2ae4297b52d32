//! What only a live session has: whose bars it follows, for how long, and what it keeps.

use std::collections::BTreeMap;

use openbell_market::Symbol;

use crate::api::ApiConfig;
use crate::fault::Fault;
use crate::reader::{Item, Object};
use crate::remarks::Remarks;
use crate::words::{DataApi, DataFeed, RecordSync, Restart, Revisions, Word};

/// A live session: whose bars, how many sessions, and the recording.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct LiveConfig {
    /// Whose bars are followed: `api_config.data_api`. Its market is that of the exchange group.
    pub data_api: DataApi,
    /// Sessions from now, today's if it runs; at least 1, the default. Absent for `"all"`: the run has
    /// no end of its own.
    pub sessions: Option<u32>,
    /// The vendor's names of symbols for which its rule does not do.
    pub symbols: BTreeMap<Symbol, String>,
    /// Which of the vendor's data; absent for its free one. Alpaca alone has several.
    pub feed: Option<DataFeed>,
    /// The name of the environment variable that holds the id of the key; absent for the usual one.
    pub key_env: Option<String>,
    /// The name of the variable that holds the secret of the key; absent for the usual one.
    pub secret_env: Option<String>,
    /// Other addresses than the vendor's.
    pub endpoint: Option<EndpointConfig>,
    /// What becomes of bars that the vendor revises; by default they are corrected.
    pub revisions: Revisions,
    /// Seconds without a sign of life after which a connection counts as dead, 1 to 3,600; absent for
    /// the vendor's.
    pub silent_seconds: Option<f64>,
    /// Seconds after its close that a bar which has not come is asked for, 1 to 600; 10 by default.
    pub probe_seconds: f64,
    /// Seconds that our clock and the vendor's may differ by, 1 to 60; 5 by default.
    pub max_skew_seconds: f64,
    /// Minutes of market time without an active moment after which the run ends; absent for never.
    pub give_up_minutes: Option<u32>,
    /// What is kept of the run; absent where nothing is: a run that is killed cannot go on then.
    pub record: Option<RecordConfig>,
    /// The object's remarks.
    pub remarks: Remarks,
}

/// Where a vendor is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct EndpointConfig {
    /// The address of the stream, `ws://` or `wss://`.
    pub stream: String,
    /// The address of the history, `http://` or `https://`.
    pub history: String,
    /// The object's remarks.
    pub remarks: Remarks,
}

/// What is kept of a live run.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RecordConfig {
    /// The folder of recordings, as the file has it: relative to the file; `recordings` by default.
    pub folder: String,
    /// Whether what was sent and received is kept as it was, too; by default it is not.
    pub raw: bool,
    /// When it is on the medium; by default within a second.
    pub sync: RecordSync,
    /// From where a run that was ended goes on; by default as if it had not been.
    pub restart: Restart,
    /// Days that a recording is kept at least, 1 or more; 30 by default.
    pub keep_days: u32,
    /// Whether the bars of a session go into the store at its close; by default they do.
    pub store: bool,
    /// The object's remarks.
    pub remarks: Remarks,
}

impl LiveConfig {
    /// What the file's `live_config` says, of a session that follows the vendor of `api`.
    pub(crate) fn read(root: &Object<'_>, api: Option<&ApiConfig>) -> Option<LiveConfig> {
        let part = root.part("live_config")?;
        let data_api = api.and_then(|api| DataApi::named(api.data_api.as_deref()?));
        let sessions = part.given("sessions").map_or(Some(Some(1)), |item| match item.raw_text() {
            Some("all") => Some(None),
            _ => item.whole_number().map(Some),
        });
        let symbols = part.optional("symbols", Item::symbol_names).map(Option::unwrap_or_default);
        let feed = part.optional("feed", |item| read_feed(item, data_api));
        let key_env = part.optional("key_env", |item| read_variable(item, data_api));
        let secret_env = part.optional("secret_env", |item| read_variable(item, data_api));
        let endpoint = part.optional("endpoint", EndpointConfig::read);
        let revisions = part.word("revisions");
        let silent_seconds = part.optional("silent_seconds", Item::number);
        let probe_seconds = part.number("probe_seconds");
        let max_skew_seconds = part.number("max_skew_seconds");
        let give_up_minutes = part.optional("give_up_minutes", Item::whole_number);
        let record = match part.given("record") {
            Some(item) if item.is_false() => Some(None),
            Some(item) => item.object().and_then(|part| RecordConfig::read(&part)).map(Some),
            None => part.part("record").and_then(|part| RecordConfig::read(&part)).map(Some),
        };
        let remarks = part.remarks();
        Some(LiveConfig {
            data_api: data_api?,
            sessions: sessions?,
            symbols: symbols?,
            feed: feed?,
            key_env: key_env?,
            secret_env: secret_env?,
            endpoint: endpoint?,
            revisions: revisions?,
            silent_seconds: silent_seconds?,
            probe_seconds: probe_seconds?,
            max_skew_seconds: max_skew_seconds?,
            give_up_minutes: give_up_minutes?,
            record: record?,
            remarks: remarks?,
        })
    }
}

fn read_feed(item: &Item<'_>, data_api: Option<DataApi>) -> Option<DataFeed> {
    let feed = item.word()?;
    match data_api {
        Some(vendor) if !vendor.has_feeds() => {
            item.error(Fault::NotForVendor { field: "feed", vendor, why: "has one" });
            None
        }
        _ => Some(feed),
    }
}

/// The name of an environment variable. What is none is not repeated: it may be the key itself.
fn read_variable(item: &Item<'_>, data_api: Option<DataApi>) -> Option<String> {
    let name = item.text()?;
    if !is_variable_name(&name) {
        item.error(Fault::NoVariable);
        return None;
    }
    match data_api {
        Some(vendor) if !vendor.wants_key() => {
            let field = "a variable with a key";
            item.error(Fault::NotForVendor { field, vendor, why: "takes no key" });
            None
        }
        _ => Some(name),
    }
}

/// Whether `text` is written as names of environment variables are, and not as keys are, which have
/// small letters or no `_`.
///
/// ```
/// use openbell_config::is_variable_name;
/// assert!(is_variable_name("APCA_API_KEY_ID"));
/// assert!(!is_variable_name("PKABCDEF1234567890AB"));
/// ```
pub fn is_variable_name(text: &str) -> bool {
    let is_written = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    !text.is_empty()
        && text.bytes().all(is_written)
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && (text.contains('_') || text.len() < 16)
}

impl EndpointConfig {
    fn read(item: &Item<'_>) -> Option<EndpointConfig> {
        let part = item.object()?;
        let stream = part.given("stream").and_then(|item| read_address(&item, ["ws", "wss"]));
        let history = part.given("history").and_then(|item| read_address(&item, ["http", "https"]));
        let remarks = part.remarks();
        Some(EndpointConfig { stream: stream?, history: history?, remarks: remarks? })
    }
}

/// An address without a user and without parameters, which may be secrets and are not repeated.
fn read_address(item: &Item<'_>, schemes: [&'static str; 2]) -> Option<String> {
    let text = item.text()?;
    let rest = text.split_once("://").filter(|(scheme, _)| schemes.contains(scheme));
    let is_plain = |rest: &str| {
        !rest.is_empty() && !rest.contains(['@', '?', '#']) && !rest.contains(char::is_whitespace)
    };
    if rest.is_some_and(|(_, rest)| is_plain(rest)) {
        return Some(text.trim_end_matches('/').to_owned());
    }
    item.error(Fault::NoAddress { schemes });
    None
}

impl RecordConfig {
    fn read(part: &Object<'_>) -> Option<RecordConfig> {
        let folder = part.text("folder");
        let raw = part.true_or_false("raw");
        let sync = part.word("sync");
        let restart = part.word("restart");
        let keep_days = part.whole_number("keep_days");
        let store = part.true_or_false("store");
        let remarks = part.remarks();
        Some(RecordConfig {
            folder: folder?,
            raw: raw?,
            sync: sync?,
            restart: restart?,
            keep_days: keep_days?,
            store: store?,
            remarks: remarks?,
        })
    }
}
