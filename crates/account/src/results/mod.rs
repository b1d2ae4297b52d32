//! What an account came to.

pub(crate) mod benchmark;
pub(crate) mod drawdown;
pub(crate) mod exposure;
pub(crate) mod record;
pub(crate) mod returns;
pub(crate) mod trades;

use openbell_coordinator::saved;
use openbell_coordinator::{Balance, StrategyIdx};
use openbell_market::Symbol;

use benchmark::BenchmarkResults;
use drawdown::Drawdown;
use record::{EquityPoint, FillRecord, HeldAtClose};
use returns::Returns;
use trades::TradeFigures;

/// Orders of an account, counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OrderCounts {
    /// Orders that were taken; exits that an entry leaves are not among them.
    pub placed: u64,
    /// Orders that were refused when they were given; a pair counts once.
    pub refused: u64,
    /// Published bars that were revised while the account was there.
    pub bars_revised: u64,
    /// Bars that came after something later of their symbol, and matched nothing.
    pub bars_late: u64,
    /// Fills whose bar was revised later; they stand as they were made.
    pub fills_revised: u64,
}
saved!(struct OrderCounts { placed, refused, bars_revised, bars_late, fills_revised });

/// What an account came to.
///
/// *Units*: money in the currency of the prices, shares as fractions: 0.1 is 10 %.
#[derive(Clone, PartialEq, Debug)]
pub struct AccountResults<'r> {
    /// The strategies whose account it is.
    pub strategies: &'r [String],
    /// Cash at the start.
    pub start: f64,
    /// Cash and equity as of now.
    pub end: Balance,
    /// Return and risk by session, beside [`AccountResults::benchmark`].
    pub returns: Returns,
    /// The deepest fall from a peak, over every mark; absent where equity never fell.
    pub drawdown: Option<Drawdown>,
    /// The time-weighted mean of what all positions were worth as a share of equity, over the hours of
    /// the sessions; absent before the first session has closed.
    pub exposure: Option<f64>,
    /// The value of all fills, purchases and sales, over the mean of equity at sessions' closes; absent
    /// before the first.
    pub turnover: Option<f64>,
    /// Trades and costs of all together.
    pub trades: TradeFigures,
    /// The same by strategy, then symbol; the strategy by its place in
    /// [`AccountResults::strategies`].
    pub by_symbol: Vec<(usize, &'r Symbol, TradeFigures)>,
    /// Orders and corrections.
    pub counts: OrderCounts,
    /// All fills, in order; with [`FillsKept::OfSession`](crate::FillsKept::OfSession) those of the last session.
    pub fills: &'r [FillRecord],
    /// The curve of equity, as fine as it is kept.
    pub equity: &'r [EquityPoint],
    /// What was held at each session's close.
    pub held: &'r [HeldAtClose],
    /// Buying and holding the benchmark instead.
    pub benchmark: Option<BenchmarkResults>,
}

impl AccountResults<'_> {
    /// The name of a strategy whose account it is, by its place among all of the run.
    pub fn strategy(&self, strategy: StrategyIdx) -> &str {
        &self.strategies[place_of(self.strategies, strategy)]
    }
}

/// Where a strategy of the run stands among `strategies`, those of one account: an account of one has it at
/// place 0, whichever of the run it is.
pub(crate) fn place_of(strategies: &[String], strategy: StrategyIdx) -> usize {
    if strategies.len() == 1 { 0 } else { strategy.as_usize() }
}
