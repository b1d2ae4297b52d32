//! Symbols that join and leave a backtest at written times.

use std::fmt;

use openbell_market::Symbol;
use openbell_time::{TimeOfDay, TradingDate};

use crate::fault::Fault;
use crate::reader::Object;
use crate::remarks::Remarks;
use crate::symbols::read_symbols;
use crate::words::{hh_mm, read_hh_mm};

/// One entry of the schedule.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ScheduleEntry {
    /// When.
    pub at: ScheduleTime,
    /// Who joins, or who leaves.
    pub change: ScheduleChange,
    /// The object's remarks.
    pub remarks: Remarks,
}

/// A time of the exchange's clock, in every session or on one date.
///
/// ```
/// use openbell_config::ScheduleTime;
/// let dated = ScheduleTime::read("2025-07-02T12:00").unwrap();
/// assert_eq!(dated.date.unwrap().to_string(), "2025-07-02");
/// assert_eq!(ScheduleTime::read("12:00").unwrap().date, None);
/// assert_eq!(ScheduleTime::read("2025-07-02 12:00"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ScheduleTime {
    /// The civil date of the exchange's clock; absent where every session is meant that contains
    /// the time.
    pub date: Option<TradingDate>,
    /// The time.
    pub time: TimeOfDay,
}

/// Who joins, or who leaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ScheduleChange {
    /// These join; at least one, each once.
    Add {
        /// The symbols, in the order of the file.
        symbols: Vec<Symbol>,
        /// Whether they stay for later sessions; by default they last for their session.
        stay: bool,
    },
    /// These leave; at least one, each once.
    Remove {
        /// The symbols, in the order of the file.
        symbols: Vec<Symbol>,
    },
}

impl ScheduleTime {
    /// The time that `text` writes as `HH:MM` or `YYYY-MM-DDTHH:MM`; absent where it is none.
    pub fn read(text: &str) -> Option<ScheduleTime> {
        match text.split_once('T') {
            Some((date, time)) => {
                Some(ScheduleTime { date: Some(date.parse().ok()?), time: read_hh_mm(time)? })
            }
            None => Some(ScheduleTime { date: None, time: read_hh_mm(text)? }),
        }
    }
}

impl fmt::Display for ScheduleTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.date {
            Some(date) => write!(f, "{date}T{}", hh_mm(self.time)),
            None => f.write_str(&hh_mm(self.time)),
        }
    }
}

impl ScheduleEntry {
    pub(crate) fn read(entry: &Object<'_>) -> Option<ScheduleEntry> {
        let at = entry.given("at").and_then(|item| item.read(ScheduleTime::read));
        let stay = entry.true_or_false("stay");
        let change = match (entry.given("add"), entry.given("remove")) {
            (Some(add), None) => read_symbols(&add)
                .zip(stay)
                .map(|(symbols, stay)| ScheduleChange::Add { symbols, stay }),
            (None, Some(remove)) => {
                if let (Some(true), Some(item)) = (stay, entry.given("stay")) {
                    item.error(Fault::StayWithoutAdd);
                }
                read_symbols(&remove).map(|symbols| ScheduleChange::Remove { symbols })
            }
            (add, remove) => {
                // What stands in them is checked all the same.
                for item in add.iter().chain(&remove) {
                    read_symbols(item);
                }
                entry.error(Fault::AddOrRemove { both: add.is_some() });
                None
            }
        };
        let remarks = entry.remarks();
        Some(ScheduleEntry { at: at?, change: change?, remarks: remarks? })
    }
}
