//! What is wrong with a session file: every error with its place, what was found and what is
//! allowed.

use std::fmt;

use openbell_market::indicator::IndicatorError;
use openbell_market::{BarInterval, Symbol};
use openbell_time::{AssetClass, TimeOfDay, TradingDate};
use thiserror::Error;

use crate::path::JsonPath;
use crate::position::Position;
use crate::speed::SPEED_MIN;
use crate::words::{DataApi, hh_mm};

/// Everything that is wrong with a session file.
///
/// *Shape*: at least one error, in the order of the file. Displayed, one line each:
/// `line:column: path: what is wrong`, so that a program that puts the file's name and a colon
/// before each makes them clickable.
#[derive(Clone, PartialEq, Debug)]
pub struct ConfigErrors(Vec<ConfigError>);

/// One thing that is wrong, and where.
#[derive(Clone, PartialEq, Debug, Error)]
#[error("{at}: {path}: {fault}")]
pub struct ConfigError {
    /// The way to the value, or to the key that is missing.
    pub path: JsonPath,
    /// Where it begins; for a missing key, where the object begins that lacks it.
    pub at: Position,
    /// What is wrong with it.
    #[source]
    pub fault: Fault,
}

/// Something that is right but has no effect.
#[derive(Clone, PartialEq, Debug)]
pub struct Warning {
    /// The way to the value.
    pub path: JsonPath,
    /// Where it begins.
    pub at: Position,
    /// Why it has no effect.
    pub reason: Idle,
}

/// Why a value that is right has no effect.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Idle {
    /// Only a live session looks at it, and this is a backtest.
    LiveOnly,
    /// Only strategies look at it, and there is none.
    NoStrategies,
    /// There is nothing in it.
    Nothing,
    /// What it switches is not there in this build.
    NotComputed,
    /// The symbol that is to be added is one of `symbols`, and nothing in the file removes it.
    AddsNothing {
        /// The symbol.
        symbol: Symbol,
    },
    /// Nothing in the file brings in the symbol that is to be removed.
    RemovesNothing {
        /// The symbol.
        symbol: Symbol,
    },
}

/// What is wrong with one value of a session file.
#[derive(Clone, PartialEq, Debug, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The text is no JSON.
    #[error("this is no JSON: {reason}")]
    Syntax {
        /// What the reader of JSON says.
        reason: String,
    },
    /// No field has that name.
    #[error("unknown key {found:?}; the nearest is {nearest:?} (known here: {})", Listed(known))]
    UnknownKey {
        /// The key.
        found: String,
        /// The known key that is most like it.
        nearest: &'static str,
        /// All that are known in that object.
        known: Vec<&'static str>,
    },
    /// The key belongs to another object.
    #[error("key {found:?} does not belong here; move it to {place}")]
    MisplacedKey {
        /// The key.
        found: String,
        /// The path at which it is known.
        place: String,
    },
    /// The key is one of an older format.
    #[error("key {found:?} is of an older format; {successor}")]
    ObsoleteKey {
        /// The key.
        found: String,
        /// What to write today.
        successor: &'static str,
    },
    /// The key stands twice in one object.
    #[error(
        "key {found:?} stands here a second time, the first is at {first}; drop one of the two"
    )]
    DuplicateKey {
        /// The key.
        found: String,
        /// Where it stood first.
        first: Position,
    },
    /// A required key is missing.
    #[error("missing; {allowed} is required")]
    MissingKey {
        /// What it may hold.
        allowed: Allowed,
    },
    /// The value is not one of those allowed.
    #[error("found {found}; {allowed} is allowed{}", meant(*nearest))]
    NotAllowed {
        /// The value as the file has it, cut where it is long.
        found: String,
        /// What is allowed.
        allowed: Allowed,
        /// The allowed word that is like it, if one is.
        nearest: Option<&'static str>,
    },
    /// The value is right and cannot be used yet.
    #[error("{found} cannot be used: {reason}")]
    Refused {
        /// The value as the file has it.
        found: String,
        /// What is missing.
        reason: NotYet,
    },
    /// The same thing stands twice in one list.
    #[error("{item} stands twice in this list, first at {first}; drop one of the two")]
    DuplicateItem {
        /// The thing, as it is written in canonical form.
        item: String,
        /// Where it stood first.
        first: Position,
    },
    /// The end comes before the start.
    #[error("found {end}, which is before start_date {start}; a day on or after it is allowed")]
    EndBeforeStart {
        /// The first day of the run.
        start: TradingDate,
        /// The last one.
        end: TradingDate,
    },
    /// A symbol recovers at more lag than the one at which it is lagging.
    #[error(
        "found {found}; 0 to catchup_threshold_seconds, which is {threshold}, is allowed: a symbol has recovered at or under it"
    )]
    RecoveryAboveThreshold {
        /// The recovery threshold, in seconds.
        found: u32,
        /// The catch-up threshold, in seconds.
        threshold: u32,
    },
    /// A symbol is named that the session never has.
    #[error("found {found}, which is in neither symbols nor symbol_schedule{}", meant_symbol(nearest.as_ref()))]
    UnknownSymbol {
        /// The symbol.
        found: Symbol,
        /// The symbol of the session that is most like it.
        nearest: Option<Symbol>,
    },
    /// What is traded is not traded there.
    #[error("found {found}; {group} trades {}", Listed(allowed))]
    AssetClassMisfit {
        /// The asset class.
        found: AssetClass,
        /// The exchange group's name.
        group: &'static str,
        /// The classes that fit it.
        allowed: Vec<AssetClass>,
    },
    /// The vendor's market is another one.
    #[error(
        "found {found}, whose bars are those of {needed}, and exchange_group is {group}; one of the two is to be another"
    )]
    VendorMisfit {
        /// The vendor.
        found: DataApi,
        /// The group of its bars.
        needed: &'static str,
        /// The session's group.
        group: &'static str,
    },
    /// The field is for other vendors.
    #[error("{field} is not for {vendor}, which {why}; drop it")]
    NotForVendor {
        /// The field.
        field: &'static str,
        /// The vendor of the session.
        vendor: DataApi,
        /// Why it has no use for it.
        why: &'static str,
    },
    /// What is to name an environment variable does not, and may be a secret.
    #[error(
        "this is no name of an environment variable (capital letters, digits and _), and may be the key itself; write the name of the variable that holds the key, and keep the key out of the file"
    )]
    NoVariable,
    /// What is to be an address is none, or has something secret in it.
    #[error(
        "this is no address as it is needed here: {}://HOST[:PORT][/PATH] or {}://..., without a user and without parameters",
        schemes[0], schemes[1]
    )]
    NoAddress {
        /// The schemes that it may begin with.
        schemes: [&'static str; 2],
    },
    /// The field is for the other mode.
    #[error("{field} is for a {needed} session only, and mode is {found:?}; drop it")]
    OtherMode {
        /// The field.
        field: &'static str,
        /// The mode that it is for.
        needed: &'static str,
        /// The mode of the session.
        found: &'static str,
    },
    /// A configured base interval cannot yield a requested one.
    #[error(
        "found {base}, of which no {interval} bars can be made ({asked_at} asks for them); choose a base that divides {interval}, or drop it"
    )]
    BaseTooLong {
        /// The base.
        base: BarInterval,
        /// The interval that it does not divide.
        interval: BarInterval,
        /// The path that asks for it.
        asked_at: JsonPath,
    },
    /// A schedule entry neither adds nor removes, or does both.
    #[error(
        "found {}; one of the two is required",
        if *both { "both \"add\" and \"remove\"" } else { "neither \"add\" nor \"remove\"" }
    )]
    AddOrRemove {
        /// Whether it does both.
        both: bool,
    },
    /// A removal is to stay.
    #[error(
        "\"stay\" belongs to \"add\"; a configured symbol that was removed is back next session"
    )]
    StayWithoutAdd,
    /// A scanner is never called.
    #[error(
        "the scanner would never run; \"pre_session\": true or a \"regular_session\" is required"
    )]
    NeverRuns,
    /// A window of time ends before it starts.
    #[error(
        "found {}, which is not after start {}; a later time is allowed",
        hh_mm(*end),
        hh_mm(*start)
    )]
    WindowEndsEarly {
        /// Its start.
        start: TimeOfDay,
        /// Its end.
        end: TimeOfDay,
    },
    /// Some limits of trading are given and others are not.
    #[error("the limits go together, all or none; missing: {}", Listed(missing))]
    LimitsIncomplete {
        /// Those that are missing.
        missing: Vec<&'static str>,
    },
    /// A limit is greater than the buying power.
    #[error("found {found}; at most max_buying_power, which is {max_buying_power}, is allowed")]
    AboveBuyingPower {
        /// The limit.
        found: f64,
        /// The buying power.
        max_buying_power: f64,
    },
    /// An account would be lost with the strategies' memory.
    #[error(
        "live_config.record.restart is \"session\", with which strategies forget what was, and an account is never forgotten; write \"restart\": \"run\", or drop the account"
    )]
    AccountForgotten,
    /// A share is asked for of volume that bars do not have.
    #[error("found {found}, and volume_unknown is true; only 1 is allowed: an order fills whole")]
    ShareOfUnknownVolume {
        /// The share.
        found: f64,
    },
    /// An indicator cannot be computed as it is written.
    #[error(transparent)]
    Indicator(#[from] IndicatorError),
}

/// What is not there yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum NotYet {
    /// Quotes among the streams.
    #[error("there are no quotes in this build; drop it")]
    Quotes,
    /// Orders.
    #[error("there is no way to trade in this build; drop it")]
    Trading,
}

/// What a value may be.
///
/// *Shape*: displayed as the middle of a sentence, `a whole number of 1 to 100`.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Allowed {
    /// Any text.
    Text,
    /// A text with something in it.
    NotBlank,
    /// `true` or `false`.
    TrueOrFalse,
    /// A whole number between the two, both included.
    WholeNumber {
        /// The least.
        min: u32,
        /// The greatest.
        max: u32,
    },
    /// How many times real time: 0, or at least [`SPEED_MIN`](crate::SPEED_MIN).
    Speed,
    /// A finite number above 0.
    AboveZero,
    /// A finite number of at least 0.
    AtLeastZero,
    /// A number between the two, both included.
    NumberIn {
        /// The least.
        min: u32,
        /// The greatest.
        max: u32,
    },
    /// The name of an environment variable.
    VariableName,
    /// `false`.
    False,
    /// Any finite number.
    Number,
    /// One of these words.
    Words(Vec<&'static str>),
    /// A date, `YYYY-MM-DD`.
    Date,
    /// A bar interval.
    Interval,
    /// A bar interval of seconds, minutes or hours.
    ClockInterval,
    /// A symbol.
    Symbol,
    /// A time of the exchange's clock, `HH:MM`.
    ClockTime,
    /// A time of the exchange's clock, with or without a date.
    ScheduleTime,
    /// A list, also an empty one.
    List,
    /// A list with something in it.
    NotEmptyList,
    /// An object.
    Object,
    /// The first or the second.
    Either(Box<Allowed>, Box<Allowed>),
    /// Nothing: `null`, or a blank text.
    Nothing,
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Allowed::Text => f.write_str("a text"),
            Allowed::NotBlank => f.write_str("a text that is not blank"),
            Allowed::TrueOrFalse => f.write_str("true or false"),
            Allowed::WholeNumber { min, max: u32::MAX } => {
                write!(f, "a whole number of at least {min}")
            }
            Allowed::WholeNumber { min, max } => write!(f, "a whole number of {min} to {max}"),
            Allowed::Speed => write!(f, "0, or a number of at least {SPEED_MIN},"),
            Allowed::AboveZero => f.write_str("a number above 0"),
            Allowed::AtLeastZero => f.write_str("a number of at least 0"),
            Allowed::NumberIn { min, max } => write!(f, "a number of {min} to {max}"),
            Allowed::VariableName => f.write_str("the name of an environment variable"),
            Allowed::False => f.write_str("false"),
            Allowed::Number => f.write_str("a number"),
            Allowed::Words(words) => match words.as_slice() {
                [word] => write!(f, "{word:?}"),
                words => write!(f, "one of {}", Quoted(words)),
            },
            Allowed::Date => f.write_str("a date as YYYY-MM-DD"),
            Allowed::Interval => {
                f.write_str("a bar interval (1s, 5m, 1h, at most 24h, or 1d or 1w)")
            }
            Allowed::ClockInterval => f.write_str("a bar interval of 1s to 24h"),
            Allowed::Symbol => f.write_str("a symbol (1 to 32 of A-Z 0-9 . _ ^ = / -)"),
            Allowed::ClockTime => f.write_str("a time of the exchange's clock as HH:MM"),
            Allowed::ScheduleTime => {
                f.write_str("a time of the exchange's clock as HH:MM or YYYY-MM-DDTHH:MM")
            }
            Allowed::List => f.write_str("a list"),
            Allowed::NotEmptyList => f.write_str("a list with at least one entry"),
            Allowed::Object => f.write_str("an object"),
            Allowed::Either(one, other) => write!(f, "{one} or {other}"),
            Allowed::Nothing => f.write_str("null or \"\""),
        }
    }
}

impl ConfigErrors {
    pub(crate) fn one(error: ConfigError) -> ConfigErrors {
        ConfigErrors(vec![error])
    }

    /// `errors` in the order of the file, or `None` where there are none.
    pub(crate) fn from_found(mut errors: Vec<ConfigError>) -> Option<ConfigErrors> {
        errors.sort_by(|a, b| (a.at, &a.path).cmp(&(b.at, &b.path)));
        if errors.is_empty() { None } else { Some(ConfigErrors(errors)) }
    }

    /// The errors, in the order of the file; at least one.
    pub fn as_slice(&self) -> &[ConfigError] {
        &self.0
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if i == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

impl<'a> IntoIterator for &'a ConfigErrors {
    type Item = &'a ConfigError;
    type IntoIter = std::slice::Iter<'a, ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.at, self.path, self.reason)
    }
}

impl fmt::Display for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Idle::LiveOnly => f.write_str("has no effect in a backtest"),
            Idle::NoStrategies => f.write_str("has no effect: the session has no strategies"),
            Idle::Nothing => f.write_str("has no effect: there is nothing in it"),
            Idle::NotComputed => f.write_str(
                "has no effect: the quality of the days before is not computed; `openbell data \
                 coverage` reports it",
            ),
            Idle::AddsNothing { symbol } => write!(
                f,
                "adds {symbol}, which is in symbols from the start, and no \"remove\" of this file takes it out"
            ),
            Idle::RemovesNothing { symbol } => write!(
                f,
                "removes {symbol}, which is in neither symbols nor an \"add\" of this file"
            ),
        }
    }
}

struct Listed<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for Listed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, word) in self.0.iter().enumerate() {
            write!(f, "{}{word}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

struct Quoted<'a>(&'a [&'static str]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, word) in self.0.iter().enumerate() {
            write!(f, "{}{word:?}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map(|word| format!("; did you mean {word:?}?")).unwrap_or_default()
}

fn meant_symbol(nearest: Option<&Symbol>) -> String {
    nearest.map(|symbol| format!("; did you mean {symbol}?")).unwrap_or_default()
}
