//! The exchange groups of a session file, and which calendar each keeps.
//!
//! Not here: what a calendar says ([`crate::Calendar`]).

/// A name under which a session file may place its symbols.
///
/// ```
/// use openbell_time::ExchangeGroup;
/// let us = ExchangeGroup::named("US_EQUITY").expect("a group");
/// assert_eq!((us.calendar, us.default_asset_class()), ("XNYS", "EQUITY"));
/// assert_eq!(us.sessions_per_year, 252);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExchangeGroup {
    /// The group's name, or the exchange's market identifier code.
    pub name: &'static str,
    /// The calendar whose facts hold its sessions.
    pub calendar: &'static str,
    /// The asset classes that fit, the default one first; never empty.
    pub asset_classes: &'static [&'static str],
    /// Sessions that make a year in annualised figures: a convention, not a count.
    pub sessions_per_year: u32,
}

const EQUITIES: &[&str] = &["EQUITY", "OPTIONS"];
const FUTURES: &[&str] = &["FUTURES", "OPTIONS"];

const fn equities(name: &'static str, calendar: &'static str) -> ExchangeGroup {
    ExchangeGroup { name, calendar, asset_classes: EQUITIES, sessions_per_year: 252 }
}

const fn futures(name: &'static str, calendar: &'static str) -> ExchangeGroup {
    ExchangeGroup { name, calendar, asset_classes: FUTURES, sessions_per_year: 260 }
}

impl ExchangeGroup {
    /// Every group, in the order of names.
    pub const ALL: &'static [ExchangeGroup] = &[
        ExchangeGroup {
            name: "24/5",
            calendar: "24/5",
            asset_classes: &["FOREX", "FUTURES"],
            sessions_per_year: 260,
        },
        ExchangeGroup {
            name: "24/7",
            calendar: "24/7",
            asset_classes: &["CRYPTO", "FUTURES"],
            sessions_per_year: 365,
        },
        futures("CMES", "CMES"),
        futures("CME_EQUITY", "CME_EQUITY"),
        futures("COMMODITIES", "CME_EQUITY"),
        ExchangeGroup {
            name: "CRYPTO",
            calendar: "24/7",
            asset_classes: &["CRYPTO", "FUTURES"],
            sessions_per_year: 365,
        },
        ExchangeGroup {
            name: "FOREX",
            calendar: "FX_NY",
            asset_classes: &["FOREX"],
            sessions_per_year: 260,
        },
        ExchangeGroup {
            name: "FX_NY",
            calendar: "FX_NY",
            asset_classes: &["FOREX"],
            sessions_per_year: 260,
        },
        futures("IEPA", "IEPA"),
        equities("NYSE_EXT", "XNYS"),
        equities("US_EQUITY", "XNYS"),
        equities("XASX", "XASX"),
        equities("XBOM", "XBOM"),
        equities("XETR", "XETR"),
        equities("XHKG", "XHKG"),
        equities("XLON", "XLON"),
        equities("XNAS", "XNYS"),
        equities("XNYS", "XNYS"),
        equities("XPAR", "XPAR"),
        equities("XSHG", "XSHG"),
        equities("XTKS", "XTKS"),
        equities("XTSE", "XTSE"),
    ];

    /// The group of that name, upper case as it is written, or `None`.
    pub fn named(name: &str) -> Option<&'static ExchangeGroup> {
        ExchangeGroup::ALL.iter().find(|group| group.name == name)
    }

    /// The asset class that is meant where none is written.
    pub fn default_asset_class(&self) -> &'static str {
        self.asset_classes.first().copied().unwrap_or_default()
    }

    /// Says whether an asset class fits the group.
    pub fn allows(&self, asset_class: &str) -> bool {
        self.asset_classes.contains(&asset_class)
    }
}
