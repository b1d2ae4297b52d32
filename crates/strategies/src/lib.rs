//! The strategies and scanners in the box, by the names of session files.
//!
//! [`built_in`] is the registry of all of them; a service adds its own to it. Each module's page says
//! what it reads, when it signals, and which settings its `config` takes.
//!
//! | name | kind | does |
//! |---|---|---|
//! | `moving_average_cross` | strategy | buys where a fast average of closes crosses a slow one upwards, sells where it crosses back |
//! | `opening_range_breakout` | strategy | follows the first close outside the range of the session's first minutes |
//! | `gap_scanner` | scanner | before the open picks candidates by history, at the first bar keeps those that gapped |
//! | `momentum_scanner` | scanner | by the clock keeps what has risen most, lets go of what fell, and looks at the next |
//!
//! They emit [`Signal`](openbell_coordinator::Signal)s; one of them trades on paper, by the session's
//! account. There is no way to an exchange here.
//!
//! Not here: the trait and the registry (`openbell-coordinator`), reading a universe's file (the
//! program; its text is handed in), the data (`openbell-data-manager`).

pub mod channel_breakout;
pub mod gap_scanner;
mod listed;
pub mod momentum_scanner;
pub mod moving_average_cross;
pub mod opening_range_breakout;
mod positions;
mod ranking;
mod universe;

use openbell_coordinator::Registry;

/// The registry of all modules in the box.
///
/// ```
/// let registry = openbell_strategies::built_in();
/// let names: Vec<&str> = registry.modules().map(|module| module.name()).collect();
/// assert_eq!(
///     names,
///     [
///         "channel_breakout",
///         "moving_average_cross",
///         "opening_range_breakout",
///         "gap_scanner",
///         "momentum_scanner",
///     ]
/// );
/// ```
pub fn built_in() -> Registry {
    let mut registry = Registry::new();
    registry.add(channel_breakout::module());
    registry.add(moving_average_cross::module());
    registry.add(opening_range_breakout::module());
    registry.add(gap_scanner::module());
    registry.add(momentum_scanner::module());
    registry
}

/// The examples of the crate's README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
