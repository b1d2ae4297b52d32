//! The words of a session file that are neither symbols, intervals nor dates.

use std::fmt;

/// What is traded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AssetClass {
    /// Shares and funds.
    Equity,
    /// Cryptocurrencies.
    Crypto,
    /// Currency pairs.
    Forex,
    /// Futures.
    Futures,
    /// Options on any of these.
    Options,
}

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
        ("EQUITY", AssetClass::Equity),
        ("CRYPTO", AssetClass::Crypto),
        ("FOREX", AssetClass::Forex),
        ("FUTURES", AssetClass::Futures),
        ("OPTIONS", AssetClass::Options),
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
                pub fn as_str(self) -> &'static str {
                    match <$word as Word>::ALL.iter().find(|(_, word)| *word == self) {
                        Some((name, _)) => name,
                        None => unreachable!("every word stands in its list"),
                    }
                }
            }

            impl fmt::Display for $word {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.pad(self.as_str())
                }
            }
        )+
    };
}

displayed_as_in_the_file!(AssetClass, Hours, GateScope, OnError);

/// The name of a group of exchanges that share a calendar, or of one exchange (its MIC).
///
/// ```
/// use openbell_config::{AssetClass, ExchangeGroup};
/// let group = ExchangeGroup::named("CRYPTO").unwrap();
/// assert_eq!(group.asset_classes(), [AssetClass::Crypto]);
/// assert_eq!(ExchangeGroup::named("crypto"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeGroup(&'static str);

impl ExchangeGroup {
    /// US shares, the group of a file that names none.
    pub const US_EQUITY: ExchangeGroup = ExchangeGroup("US_EQUITY");

    const ALL: &'static [(&'static str, &'static [AssetClass])] = &[
        ("US_EQUITY", SHARES),
        ("CRYPTO", &[AssetClass::Crypto]),
        ("FOREX", &[AssetClass::Forex]),
        ("COMMODITIES", FUTURES),
        ("CME_EQUITY", FUTURES),
    ];

    /// The group of that name; absent where no calendar has it.
    pub fn named(name: &str) -> Option<ExchangeGroup> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(known, _)| ExchangeGroup(known))
    }

    /// The names of all groups.
    pub fn names() -> Vec<&'static str> {
        Self::ALL.iter().map(|(name, _)| *name).collect()
    }

    /// The name in session files, store paths and the calendars.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The classes of what is traded there, the usual one first; never empty.
    pub fn asset_classes(self) -> &'static [AssetClass] {
        Self::ALL.iter().find(|(name, _)| *name == self.0).map_or(SHARES, |(_, classes)| classes)
    }
}

const SHARES: &[AssetClass] = &[AssetClass::Equity, AssetClass::Options];
const FUTURES: &[AssetClass] = &[AssetClass::Futures, AssetClass::Options];

impl fmt::Display for ExchangeGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl fmt::Debug for ExchangeGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A time of the exchange's clock, to the minute.
///
/// *Units*: minutes since midnight, 0 to 1,439. Which instant that is on a date is the calendar's
/// to say.
///
/// ```
/// use openbell_config::ClockTime;
/// assert_eq!(ClockTime::read("12:00").unwrap().as_minutes(), 720);
/// assert_eq!(ClockTime::read("9:30"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClockTime(u16);

impl ClockTime {
    /// The time that `text` writes as `HH:MM`, 00:00 to 23:59; absent where it is none.
    pub fn read(text: &str) -> Option<ClockTime> {
        let &[h1, h2, b':', m1, m2] = text.as_bytes() else { return None };
        if ![h1, h2, m1, m2].iter().all(u8::is_ascii_digit) {
            return None;
        }
        let number = |tens: u8, ones: u8| u16::from(tens - b'0') * 10 + u16::from(ones - b'0');
        let (hour, minute) = (number(h1, h2), number(m1, m2));
        (hour <= 23 && minute <= 59).then_some(ClockTime(hour * 60 + minute))
    }

    /// Minutes since midnight.
    pub const fn as_minutes(self) -> u16 {
        self.0
    }

    /// The hour, 0 to 23.
    pub const fn hour(self) -> u16 {
        self.0 / 60
    }

    /// The minute of the hour, 0 to 59.
    pub const fn minute(self) -> u16 {
        self.0 % 60
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour(), self.minute())
    }
}

impl fmt::Debug for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
