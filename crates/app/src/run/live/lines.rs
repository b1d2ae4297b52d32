//! What a person is told while a live session runs: a line for each thing that changes what he gets.

use std::collections::BTreeMap;

use openbell_coordinator::Event;
use openbell_data_manager::live::{CloseCause, Found, LineId, Note};
use openbell_session_data::{LaggingSymbol, Reason};
use openbell_time::{Calendar, Timestamp};

use crate::table::{counted, counted_as, length};

/// Symbols that are named in one line.
const N_NAMED: usize = 4;

/// Makes lines of events and of what happens at the vendor's side.
pub(super) struct Lines {
    calendar: Calendar,
    vendor: &'static str,
    /// Bars that were caught up since the gate shut, by symbol.
    caught_up: BTreeMap<String, u64>,
    /// Since when each line is over.
    over: BTreeMap<LineId, Timestamp>,
}

impl Lines {
    pub(super) fn new(calendar: Calendar, vendor: &'static str) -> Lines {
        Lines { calendar, vendor, caught_up: BTreeMap::new(), over: BTreeMap::new() }
    }

    /// An instant as the exchange's clock shows it.
    pub(super) fn clock(&self, at: Timestamp) -> String {
        self.calendar.local_time(at).time_of_day.to_string()
    }

    /// The line of an event; none where nobody needs one.
    pub(super) fn of_event(&mut self, event: &Event) -> Option<String> {
        Some(match event {
            Event::SessionOpened { date, until, .. } => {
                self.caught_up.clear();
                format!("session {date} until {}", self.clock(*until))
            }
            Event::GateOpened { .. } => self.opened(),
            Event::GateShut { reason, .. } => format!("inactive: {}", reason_words(reason)),
            Event::CaughtUp { symbol, n_bars, .. } => {
                *self.caught_up.entry(symbol.to_string()).or_default() += n_bars;
                return None;
            }
            Event::Joined { symbol, n_backlog, generation, .. } => {
                // Those of the file join at each open, which is said by its own line.
                if *n_backlog == 0 && *generation == 1 {
                    return None;
                }
                format!("{symbol} has joined, {} caught up", counted(*n_backlog, "bar"))
            }
            Event::Left { symbol, .. } => format!("{symbol} has left"),
            Event::Corrected { symbol, kind, n_bars, first, .. } => format!(
                "{symbol}: {} {} from {} on, its series are made anew from there",
                counted(*n_bars, "bar"),
                kind.name(),
                self.clock(*first)
            ),
            Event::Rejected { symbol, reason, n_rows, first, .. } => format!(
                "{symbol}: {} rejected as {reason}, the first of {}",
                counted(*n_rows, "row"),
                self.clock(*first)
            ),
            Event::LeftOut { symbol, missing, .. } => {
                format!("{symbol} is left out of this session: it was not followed on {missing}")
            }
            Event::NoData { symbol, .. } => format!("{symbol} had no bar in the whole session"),
            Event::ConsumerFailed { consumer, why, .. } => format!("{consumer} has failed: {why}"),
            Event::SessionClosed { date, n_bars, .. } => {
                format!("session {date} is closed: {} delivered", counted(*n_bars, "bar"))
            }
            Event::Commanded { .. }
            | Event::ScheduleSkipped { .. }
            | Event::GapLeft { .. } // The vendor's note says why, too.
            | Event::Signalled { .. }
            | Event::Traded { .. }
            | Event::Completed { .. }
            | Event::Stopped { .. }
            | Event::Failed { .. } => return None,
        })
    }

    fn opened(&mut self) -> String {
        let caught_up = std::mem::take(&mut self.caught_up);
        let n_bars: u64 = caught_up.values().sum();
        match caught_up.len() {
            0 => "active".to_owned(),
            1 => format!("active: {} caught up", counted(n_bars, "bar")),
            n => format!(
                "active: {} of {} caught up",
                counted(n_bars, "bar"),
                counted(n as u64, "symbol")
            ),
        }
    }

    /// The line of something at the vendor's side; none where nobody needs one.
    pub(super) fn of_note(&mut self, at: Timestamp, note: &Note) -> Option<String> {
        let vendor = self.vendor;
        Some(match note {
            Note::LineUp { line } => match self.over.remove(line) {
                Some(since) => format!("{vendor} {line} is up again after {}", length(at - since)),
                None => format!("{vendor} {line} is up"),
            },
            Note::LineOver { why: CloseCause::Unneeded, .. } => return None,
            Note::LineOver { line, why, n_failed, .. } => {
                self.over.entry(*line).or_insert(at);
                match n_failed {
                    0 => format!("{vendor} {line} is over: {why}"),
                    n => {
                        let tries = counted_as(u64::from(*n), "try", "tries");
                        format!("{vendor} {line} is over: {why}; {tries} failed")
                    }
                }
            }
            Note::Series { key, found } => return self.of_found(key.symbol.as_str(), found),
            Note::Paused { until, said } => format!(
                "{vendor} wants its history to be left alone until {}: {said}",
                self.clock(*until)
            ),
            Note::NotAnswered { said } => format!("{vendor} has not answered: {said}"),
            Note::Undecodable { line, found } => {
                format!("{vendor} {line} said what cannot be read: {found}")
            }
            Note::Skewed { by, is_over: true } => {
                format!("this machine's clock and that of {vendor} differ by {by}")
            }
            Note::Skewed { by, is_over: false } => {
                format!("this machine's clock and that of {vendor} are near each other again: {by}")
            }
            Note::Full => format!("the core does not take what {vendor} sends: it is held back"),
            Note::Faulty { said } => {
                format!("a fault of ours: {said}; it goes on, please report it")
            }
        })
    }

    fn of_found(&self, symbol: &str, found: &Found) -> Option<String> {
        Some(match found {
            Found::Duplicate
            | Found::Old
            | Found::Behind
            | Found::CaughtUp { .. }
            | Found::Revised { .. }
            | Found::Late { .. } => return None, // Counted; what follows from them is told as an event.
            Found::SeamDiffers { opens_at, .. } => format!(
                "{symbol}: its bar of {} is another one in the stream than in the history",
                self.clock(*opens_at)
            ),
            Found::Impossible { opens_at } => {
                format!("{symbol}: its bar of {} is impossible, and dropped", self.clock(*opens_at))
            }
            Found::Silent { n_times } => format!(
                "{symbol}: a bar was at {} and not in the stream{}",
                self.vendor,
                after_silence(*n_times)
            ),
            Found::GapLeft { missing, why } => format!(
                "{symbol}: bars from {} to {} are missing for good: {why}",
                self.clock(missing.start),
                self.clock(missing.end)
            ),
        })
    }
}

/// What follows where the stream has not brought a bar for so many times in a row.
fn after_silence(n_times: u32) -> String {
    match n_times {
        1 => String::new(), // It may have been slow.
        2 => ", twice in a row; subscribed again".to_owned(),
        3 => ", three times in a row; connected again".to_owned(),
        n if n.is_multiple_of(10) => format!(", {n} times in a row; subscribed again"),
        n => format!(", {n} times in a row"),
    }
}

/// A reason with some of those who hold the gate.
pub(super) fn reason_words(reason: &Reason) -> String {
    let shortened = |holders: &[LaggingSymbol]| holders[..N_NAMED.min(holders.len())].to_vec();
    let n_more = reason.holders().len().saturating_sub(N_NAMED);
    let mut reason = reason.clone();
    if let Reason::CatchingUp { holders }
    | Reason::Late { holders }
    | Reason::Silent { holders }
    | Reason::Skewed { holders }
    | Reason::Gone { holders } = &mut reason
    {
        *holders = shortened(holders);
    }
    match n_more {
        0 => reason.to_string(),
        n => format!("{reason}, and {}", counted(n as u64, "other symbol")),
    }
}
