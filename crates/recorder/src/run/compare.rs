//! Finds in what a recorded run differs from the one that is to be run now.

use std::collections::BTreeMap;

use openbell_config::{RawSession, SessionConfig};
use openbell_coordinator::{Source, with_causes};
use openbell_market::SeriesKey;
use openbell_time::Calendar;
use serde_json::Value;

use crate::difference::RunDifference;
use crate::file::Head;
use crate::history::HistoryRead;

/// Keys of the session file that may change while a run goes on: how it is recorded, and for how long
/// that is kept, is no part of what is run.
const MAY_CHANGE: [&str; 3] = ["$schema", "metadata", "live_config.record"];

/// What is to be run now.
#[derive(Clone, Copy, Debug)]
pub struct RunNow<'n> {
    /// The session file, as it is loaded.
    pub config: &'n Value,
    /// The text of the calendar overlay.
    pub overlay: Option<&'n str>,
    /// The texts of the files that modules name, by the path as it stands there.
    pub texts: &'n BTreeMap<String, String>,
}

/// All in which the run of `head` is another one than that of `now`.
pub(super) fn differences(head: &Head, now: &RunNow<'_>) -> Vec<RunDifference> {
    let mut found = Vec::new();
    compare(&as_read(&head.config), &as_read(now.config), "", &mut found);
    if head.overlay.as_deref() != now.overlay {
        let (was_there, is_there) = (head.overlay.is_some(), now.overlay.is_some());
        found.push(RunDifference::Overlay { was_there, is_there });
    }
    let added = now.texts.keys().filter(|path| !head.texts.contains_key(*path));
    for path in head.texts.keys().chain(added) {
        let (recorded, read) = (head.texts.get(path), now.texts.get(path));
        if recorded != read {
            let (was_there, is_there) = (recorded.is_some(), read.is_some());
            found.push(RunDifference::Text { path: path.clone(), was_there, is_there });
        }
    }
    found
}

/// The first stretch of each series that `source` has not as it was read.
pub(super) fn history_differences(
    read: &[HistoryRead],
    source: &mut dyn Source,
    calendar: &Calendar,
) -> Vec<RunDifference> {
    let mut found: BTreeMap<SeriesKey, RunDifference> = BTreeMap::new();
    for read in read {
        if found.contains_key(&read.key) {
            continue;
        }
        let now = match read.again(source, calendar) {
            Ok(now) if now == *read => continue,
            Ok(now) => Ok(now.n_rows),
            Err(error) => Err(with_causes(&error)),
        };
        let HistoryRead { key, range, n_rows, .. } = read.clone();
        let difference = RunDifference::History { key: key.clone(), range, n_rows, now };
        found.insert(key, difference);
    }
    found.into_values().collect()
}

/// A session file as this program reads it, with all its defaults: a key that another version did not
/// know is no difference. What cannot be read is taken as it stands.
fn as_read(config: &Value) -> Value {
    let raw = RawSession::read(&config.to_string());
    let read = raw.and_then(|raw| SessionConfig::from_raw(&raw));
    read.map_or_else(|_| config.clone(), |(config, _)| config.to_json())
}

fn compare(recorded: &Value, now: &Value, key: &str, found: &mut Vec<RunDifference>) {
    if recorded == now || MAY_CHANGE.contains(&key) {
        return;
    }
    match (recorded, now) {
        (Value::Object(recorded), Value::Object(now)) => {
            let added = now.keys().filter(|name| !recorded.contains_key(*name));
            for name in recorded.keys().chain(added) {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                compare_some(recorded.get(name), now.get(name), &key, found);
            }
        }
        (Value::Array(recorded), Value::Array(now)) => {
            for n in 0..recorded.len().max(now.len()) {
                compare_some(recorded.get(n), now.get(n), &format!("{key}[{n}]"), found);
            }
        }
        _ => {
            let (recorded, now) = (Some(recorded.clone()), Some(now.clone()));
            found.push(RunDifference::Config { key: key.to_owned(), recorded, now });
        }
    }
}

fn compare_some(
    recorded: Option<&Value>,
    now: Option<&Value>,
    key: &str,
    found: &mut Vec<RunDifference>,
) {
    match (recorded, now) {
        (Some(recorded), Some(now)) => compare(recorded, now, key, found),
        _ if MAY_CHANGE.contains(&key) => {}
        _ => {
            let (recorded, now) = (recorded.cloned(), now.cloned());
            found.push(RunDifference::Config { key: key.to_owned(), recorded, now });
        }
    }
}
