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

/// Whose bars a live session follows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DataApi {
    /// Binance spot.
    Binance,
    /// Kraken spot.
    Kraken,
    /// Alpaca, US equities.
    Alpaca,
    /// The simulated exchange, which is made up and trades around the clock.
    Sim,
}

/// Which of Alpaca's data.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DataFeed {
    /// Trades of one exchange, without a plan.
    Iex,
    /// Trades of all exchanges.
    Sip,
    /// The same, a quarter of an hour later.
    DelayedSip,
    /// A made-up symbol that trades around the clock.
    Test,
}

/// What becomes of bars that the vendor revises.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Revisions {
    /// They are corrected, and all that is made of them.
    Apply,
    /// They are counted, and stay as they were told first.
    Count,
}

/// When a recording is on the medium.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RecordSync {
    /// Within a second.
    Normal,
    /// Before anything of a look is visible.
    Full,
}

/// Whose a paper account is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AccountOf {
    /// Each strategy has its own: switching one off changes no other's.
    Strategy,
    /// All strategies of the session share one.
    Session,
}

/// How fine the curve of an account's equity is kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EquityCurve {
    /// A point at each session's close.
    Session,
    /// A point at each publication at which something is held or ordered.
    Publication,
}

/// From where a run that was ended goes on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Restart {
    /// From its first session: as if it had not been ended.
    Run,
    /// From the session that runs: strategies have forgotten what was before.
    Session,
}

impl DataApi {
    /// The name of the group that its bars belong to.
    pub fn group(self) -> &'static str {
        match self {
            DataApi::Binance | DataApi::Kraken | DataApi::Sim => "CRYPTO",
            DataApi::Alpaca => "US_EQUITY",
        }
    }

    /// Whether its bars are those of sessions of `group`: they have the same calendar.
    pub fn fits(self, group: ExchangeGroup) -> bool {
        ExchangeGroup::named(self.group()).is_some_and(|own| own.calendar == group.calendar)
    }

    /// Whether it has several kinds of data to choose from.
    pub fn has_feeds(self) -> bool {
        self == DataApi::Alpaca
    }

    /// Whether it wants a key.
    pub fn wants_key(self) -> bool {
        self == DataApi::Alpaca
    }
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

impl Word for DataApi {
    const ALL: &'static [(&'static str, DataApi)] = &[
        ("binance", DataApi::Binance),
        ("kraken", DataApi::Kraken),
        ("alpaca", DataApi::Alpaca),
        ("sim", DataApi::Sim),
    ];
}

impl Word for DataFeed {
    const ALL: &'static [(&'static str, DataFeed)] = &[
        ("iex", DataFeed::Iex),
        ("sip", DataFeed::Sip),
        ("delayed_sip", DataFeed::DelayedSip),
        ("test", DataFeed::Test),
    ];
}

impl Word for Revisions {
    const ALL: &'static [(&'static str, Revisions)] =
        &[("apply", Revisions::Apply), ("count", Revisions::Count)];
}

impl Word for RecordSync {
    const ALL: &'static [(&'static str, RecordSync)] =
        &[("normal", RecordSync::Normal), ("full", RecordSync::Full)];
}

impl Word for AccountOf {
    const ALL: &'static [(&'static str, AccountOf)] =
        &[("strategy", AccountOf::Strategy), ("session", AccountOf::Session)];
}

impl Word for EquityCurve {
    const ALL: &'static [(&'static str, EquityCurve)] =
        &[("session", EquityCurve::Session), ("publication", EquityCurve::Publication)];
}

impl Word for Restart {
    const ALL: &'static [(&'static str, Restart)] =
        &[("run", Restart::Run), ("session", Restart::Session)];
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

displayed_as_in_the_file!(
    Hours,
    GateScope,
    OnError,
    DataApi,
    DataFeed,
    Revisions,
    RecordSync,
    Restart,
    AccountOf,
    EquityCurve
);

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
