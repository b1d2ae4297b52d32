//! What is shown of a run: its report, and what the report does not say.

use openbell_time::{Calendar, Timestamp};
use openbell_wire::report::{Report, Session};

use crate::chart::Shelf;
use crate::moment::Clock;

/// A run to be shown.
#[derive(Debug)]
pub struct Run<'r> {
    /// What it came to.
    pub report: &'r Report,
    /// The calendar of its exchange.
    pub calendar: &'r Calendar,
    /// The program and its version.
    pub program: &'r str,
    /// `backtest` or `live`.
    pub mode: &'r str,
    /// Where its bars came from; empty where that is no folder.
    pub store: &'r str,
    /// How it is run again.
    pub command: &'r str,
    /// The session file, every field written out.
    pub config: &'r str,
    /// The accounts, in the order of [`Report::accounts`].
    pub accounts: &'r [AccountStory],
    /// When rows were rejected; empty where that was not taken down.
    pub rejected: &'r [RejectedAt],
    /// Bars for the charts.
    pub shelf: Shelf,
    /// How large the file may be, in bytes: charts are given longer bars until it fits.
    pub n_bytes_max: usize,
}

/// Between when rows of a symbol were rejected for a reason.
#[derive(Clone, PartialEq, Debug)]
pub struct RejectedAt {
    /// The symbol.
    pub symbol: String,
    /// The reason, as the report names it: `outside_hours`.
    pub reason: String,
    /// The stamp of the first of them.
    pub first: Timestamp,
    /// The stamp of the last of them.
    pub last: Timestamp,
}

/// What an account did, beside its totals.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AccountStory {
    /// The curve of its equity, in order.
    pub equity: Vec<EquityAt>,
    /// Its fills, in order.
    pub fills: Vec<FillAt>,
    /// What the benchmark was worth at sessions' closes, the first of all its open; empty without one.
    pub benchmark: Vec<EquityAt>,
}

/// What something was worth at an instant.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct EquityAt {
    /// When.
    pub at: Timestamp,
    /// Money.
    pub equity: f64,
}

/// A fill.
#[derive(Clone, PartialEq, Debug)]
pub struct FillAt {
    /// When it happened on the market.
    pub at: Timestamp,
    /// The open of the bar that filled it.
    pub bar_opens_at: Timestamp,
    /// The strategy.
    pub strategy: String,
    /// The symbol.
    pub symbol: String,
    /// `buy` or `sell`.
    pub side: String,
    /// How many units.
    pub units: f64,
    /// The price that was paid or got.
    pub price: f64,
    /// Slippage in it, of one unit.
    pub slippage: f64,
    /// Commission of the fill.
    pub commission: f64,
    /// Whether its bar was revised later.
    pub is_bar_revised: bool,
}

impl Run<'_> {
    pub(crate) fn clock(&self) -> Clock<'_> {
        Clock(self.calendar)
    }

    /// The sessions that were closed, and after them the one that was interrupted.
    pub(crate) fn sessions(&self) -> impl Iterator<Item = &Session> + Clone {
        let interrupted = self.report.interrupted.iter().map(|open| &open.session);
        self.report.sessions.iter().chain(interrupted)
    }

    /// When `session` ended: at its close, or where the run was interrupted in it.
    pub(crate) fn end_of<'s>(&'s self, session: &'s Session) -> &'s str {
        let interrupted = self.report.interrupted.as_ref();
        match interrupted.filter(|open| open.session.date == session.date) {
            Some(open) => &open.at,
            None => &session.close,
        }
    }
}

/// The consumers of the program itself, which are no part of what was run.
pub(crate) fn is_ours(consumer: &str) -> bool {
    matches!(consumer, "export" | "report")
}
