//! What is planned, and the sessions of its calendar.

use serde::{Deserialize, Serialize};

/// What a run is going to do: the answer of `/v1/plan`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlannedRun {
    /// The interval that feeds deliver.
    pub base: String,
    /// The intervals that are derived, shortest first.
    pub derived: Vec<String>,
    /// The symbols of the session file, in symbol order.
    pub symbols: Vec<String>,
    /// The indicators, by their names.
    pub indicators: Vec<String>,
    /// The dates of its sessions, oldest first.
    pub sessions: Vec<String>,
}

/// The sessions of a run on the exchange's calendar: the answer of `/v1/calendar`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RunCalendar {
    /// The exchange group.
    pub exchange_group: String,
    /// The calendar.
    pub name: String,
    /// Its time zone, as `America/New_York`.
    pub zone: String,
    /// Sessions later than this date are made by rule.
    pub known_through: String,
    /// The sessions, oldest first.
    pub sessions: Vec<Hours>,
}

/// The hours of one session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hours {
    /// The date.
    pub date: String,
    /// The open.
    pub open: String,
    /// The close.
    pub close: String,
    /// The break; null where trading does not stop.
    pub break_hours: Option<Break>,
    /// Whether it closes earlier than usual.
    pub is_early_close: bool,
    /// Whether it opens later than usual.
    pub is_late_open: bool,
    /// Whether it is made by rule.
    pub is_projected: bool,
}

/// A stretch in the session in which trading stops.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Break {
    /// From when.
    pub since: String,
    /// Until when.
    pub until: String,
}
