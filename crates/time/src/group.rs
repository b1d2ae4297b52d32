//! The exchange groups of a session file, and which calendar each keeps.
//!
//! Not here: what a calendar says ([`crate::Calendar`]).

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

impl AssetClass {
    /// The word in session files.
    pub const fn name(self) -> &'static str {
        match self {
            AssetClass::Equity => "EQUITY",
            AssetClass::Crypto => "CRYPTO",
            AssetClass::Forex => "FOREX",
            AssetClass::Futures => "FUTURES",
            AssetClass::Options => "OPTIONS",
        }
    }
}

impl fmt::Display for AssetClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name under which a session file may place its symbols.
///
/// ```
/// use openbell_time::{AssetClass, ExchangeGroup};
/// let us = ExchangeGroup::named("US_EQUITY").expect("a group");
/// assert_eq!((us.calendar, us.default_asset_class()), ("XNYS", AssetClass::Equity));
/// assert_eq!(us.sessions_per_year, 252);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExchangeGroup {
    /// The group's name, or the exchange's market identifier code.
    pub name: &'static str,
    /// The calendar whose facts hold its sessions.
    pub calendar: &'static str,
    /// What its calendar is called: the code of the exchange where the group is one, else the name of
    /// the facts.
    pub calendar_name: &'static str,
    /// The asset classes that fit, the default one first; never empty.
    pub asset_classes: &'static [AssetClass],
    /// Sessions that make a year in annualised figures: a convention, not a count.
    pub sessions_per_year: u32,
}

const EQUITIES: &[AssetClass] = &[AssetClass::Equity, AssetClass::Options];
const FUTURES: &[AssetClass] = &[AssetClass::Futures, AssetClass::Options];
const CRYPTO: &[AssetClass] = &[AssetClass::Crypto, AssetClass::Futures];
const FOREX: &[AssetClass] = &[AssetClass::Forex];

/// A group whose calendar is called as the group is.
const fn group(
    name: &'static str,
    calendar: &'static str,
    asset_classes: &'static [AssetClass],
    sessions_per_year: u32,
) -> ExchangeGroup {
    ExchangeGroup { name, calendar, calendar_name: name, asset_classes, sessions_per_year }
}

const fn equities(name: &'static str, calendar: &'static str) -> ExchangeGroup {
    group(name, calendar, EQUITIES, 252)
}

const fn futures(name: &'static str, calendar: &'static str) -> ExchangeGroup {
    group(name, calendar, FUTURES, 260)
}

/// A group of exchanges, whose calendar keeps the name of its facts.
const fn of_many(of_one: ExchangeGroup) -> ExchangeGroup {
    ExchangeGroup { calendar_name: of_one.calendar, ..of_one }
}

impl ExchangeGroup {
    /// Every group, in the order of names.
    pub const ALL: &'static [ExchangeGroup] = &[
        group("24/5", "24/5", &[AssetClass::Forex, AssetClass::Futures], 260),
        group("24/7", "24/7", CRYPTO, 365),
        futures("CMES", "CMES"),
        futures("CME_EQUITY", "CME_EQUITY"),
        of_many(futures("COMMODITIES", "CME_EQUITY")),
        of_many(group("CRYPTO", "24/7", CRYPTO, 365)),
        of_many(group("FOREX", "FX_NY", FOREX, 260)),
        group("FX_NY", "FX_NY", FOREX, 260),
        futures("IEPA", "IEPA"),
        equities("NYSE_EXT", "XNYS"),
        of_many(equities("US_EQUITY", "XNYS")),
        equities("XAMS", "XAMS"),
        equities("XASX", "XASX"),
        equities("XBOM", "XBOM"),
        equities("XBRU", "XBRU"),
        equities("XCSE", "XCSE"),
        equities("XDUB", "XDUB"),
        equities("XETR", "XETR"),
        equities("XHEL", "XHEL"),
        equities("XHKG", "XHKG"),
        equities("XJSE", "XJSE"),
        equities("XKRX", "XKRX"),
        equities("XLIS", "XLIS"),
        equities("XLON", "XLON"),
        equities("XMAD", "XMAD"),
        equities("XMIL", "XMIL"),
        equities("XNAS", "XNYS"),
        equities("XNSE", "XNSE"),
        equities("XNYS", "XNYS"),
        equities("XNZE", "XNZE"),
        equities("XOSL", "XOSL"),
        equities("XPAR", "XPAR"),
        equities("XSES", "XSES"),
        equities("XSHE", "XSHG"),
        equities("XSHG", "XSHG"),
        equities("XSTO", "XSTO"),
        equities("XSWX", "XSWX"),
        equities("XTAI", "XTAI"),
        equities("XTKS", "XTKS"),
        equities("XTSE", "XTSE"),
        equities("XWAR", "XWAR"),
    ];

    /// The group of that name, upper case as it is written, or `None`.
    pub fn named(name: &str) -> Option<&'static ExchangeGroup> {
        ExchangeGroup::ALL.iter().find(|group| group.name == name)
    }

    /// The asset class that is meant where none is written.
    pub fn default_asset_class(&self) -> AssetClass {
        self.asset_classes[0]
    }

    /// Says whether an asset class fits the group.
    pub fn allows(&self, asset_class: AssetClass) -> bool {
        self.asset_classes.contains(&asset_class)
    }
}
