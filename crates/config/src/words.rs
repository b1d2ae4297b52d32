//! The words of a session file that are neither symbols, intervals nor dates; and the times of the
//! exchange's clock.

use std::fmt;

use openbell_time::{AssetClass, ExchangeGroup, TimeOfDay};

/// Which bars of a trading day are delivered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Hours {
    /// From the regular open to the close.
    Regular,
    /// Pre- and post-market bars too; what is derived stays anchored to the regular open.
    Extended,
}

/// Whom a lagging symbol withholds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum GateScope {
    /// The whole session.
    Session,
    /// That symbol only.
    Symbol,
}

/// What an error in a strategy ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OnError {
    /// The run.
    StopRun,
    /// That strategy; the run goes on without it.
    StopConsumer,
}

/// Which of the two modes the file asks for; where it says neither, there is none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Backtest,
    Live,
}

/// A word of a closed list, as the file spells it.
pub(crate) trait Word: Copy + 'static {
    const ALL: &'static [(&'static str, Self)];

    fn names() -> Vec<&'static str> {
        Self::ALL.iter().map(|(name, _)| *name).collect()
    }

    fn named(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, word)| *word)
    }
}

impl Word for AssetClass {
    const ALL: &'static [(&'static str, AssetClass)] = &[
        (AssetClass::Equity.name(), AssetClass::Equity),
        (AssetClass::Crypto.name(), AssetClass::Crypto),
        (AssetClass::Forex.name(), AssetClass::Forex),
        (AssetClass::Futures.name(), AssetClass::Futures),
        (AssetClass::Options.name(), AssetClass::Options),
    ];
}

impl Word for Hours {
    const ALL: &'static [(&'static str, Hours)] =
        &[("regular", Hours::Regular), ("extended", Hours::Extended)];
}

impl Word for GateScope {
    const ALL: &'static [(&'static str, GateScope)] =
        &[("session", GateScope::Session), ("symbol", GateScope::Symbol)];
}

impl Word for OnError {
    const ALL: &'static [(&'static str, OnError)] =
        &[("stop_run", OnError::StopRun), ("stop_consumer", OnError::StopConsumer)];
}

macro_rules! displayed_as_in_the_file {
    ($($word:ident),+) => {
        $(
            impl $word {
                /// The word in session files.
                pub fn name(self) -> &'static str {
                    match <$word as Word>::ALL.iter().find(|(_, word)| *word == self) {
                        Some((name, _)) => name,
                        None => unreachable!("every word stands in its list"),
                    }
                }
            }

            impl fmt::Display for $word {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.pad(self.name())
                }
            }
        )+
    };
}

displayed_as_in_the_file!(Hours, GateScope, OnError);

/// The names of all groups, in their order.
pub(crate) fn group_names() -> Vec<&'static str> {
    ExchangeGroup::ALL.iter().map(|group| group.name).collect()
}

/// The time that `text` writes as `HH:MM`; absent where it is none.
pub(crate) fn read_hh_mm(text: &str) -> Option<TimeOfDay> {
    if text.len() == "HH:MM".len() { text.parse().ok() } else { None }
}

/// The time as [`read_hh_mm`] reads it.
pub(crate) fn hh_mm(time: TimeOfDay) -> String {
    let minutes = time.as_secs() / 60;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_with_two_digits_each() {
        for time in ["00:00", "09:30", "23:59"] {
            assert_eq!(read_hh_mm(time).map(hh_mm).as_deref(), Some(time));
        }
        for text in ["9:30", "24:00", "12:60", "12:00:00", "12.00", "", "-1:00"] {
            assert_eq!(read_hh_mm(text), None, "{text:?}");
        }
    }
}
