//! What a paper account came to.

use serde::{Deserialize, Serialize};

/// An account. Money is in the currency of the prices, shares are fractions: 0.1 is 10 %.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Account {
    /// The strategies whose account it is.
    pub strategies: Vec<String>,
    /// Cash at the start.
    pub start: f64,
    /// Cash at the end.
    pub cash: f64,
    /// Cash and all positions at their last prices.
    pub equity: f64,
    /// Return and risk by session.
    pub returns: Returns,
    /// The deepest fall of equity from a peak; null where it never fell.
    pub drawdown: Option<Drawdown>,
    /// The mean over the hours of the sessions of what positions were worth as a share of equity; null
    /// before the first session has closed.
    pub exposure: Option<f64>,
    /// The value of all fills over the mean of equity at sessions' closes; null before the first.
    pub turnover: Option<f64>,
    /// Orders and corrections, counted.
    pub orders: Orders,
    /// Trades and costs of all together.
    pub trades: Trades,
    /// The same by strategy and symbol.
    pub by_symbol: Vec<SymbolTrades>,
    /// Buying and holding instead; null where the session file names no benchmark, or it had no bar.
    pub benchmark: Option<Benchmark>,
}

/// Return and risk.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Returns {
    /// Sessions that have closed.
    pub sessions: u64,
    /// From the start to the last close.
    pub total: f64,
    /// Standard deviation of a session's return; null before the second session.
    pub volatility: Option<f64>,
    /// The mean return over it; null where there is none, or it is 0.
    pub sharpe: Option<f64>,
    /// The mean return over what it fell short of 0; null where no session lost.
    pub sortino: Option<f64>,
    /// The same for a year; null before sixty sessions.
    pub annual: Option<AnnualReturns>,
}

/// Return and risk in a year.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AnnualReturns {
    /// The return.
    pub growth: f64,
    /// The volatility.
    pub volatility: f64,
    /// The Sharpe ratio.
    pub sharpe: Option<f64>,
    /// The Sortino ratio.
    pub sortino: Option<f64>,
}

/// A fall from a peak.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Drawdown {
    /// How deep, as a share of the peak.
    pub depth: f64,
    /// When it stood at the peak last.
    pub peak_at: String,
    /// When it stood lowest.
    pub trough_at: String,
    /// When it stood at the peak again; null where it does not yet.
    pub recovered_at: Option<String>,
}

/// Orders of an account, counted.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Orders {
    /// Taken.
    pub placed: u64,
    /// Refused when they were given.
    pub refused: u64,
    /// Published bars that were revised.
    pub bars_revised: u64,
    /// Bars that came too late to match anything.
    pub bars_late: u64,
    /// Fills whose bar was revised later.
    pub fills_revised: u64,
}

/// Trades: from the fill that opens a position to the one that closes it. What comes of one has its
/// costs counted.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Trades {
    /// Fills.
    pub fills: u64,
    /// Trades that are closed.
    pub trades: u64,
    /// Those that gained.
    pub wins: u64,
    /// Those that lost.
    pub losses: u64,
    /// What closed trades came to.
    pub profit: f64,
    /// The share of closed trades that gained; null before the first.
    pub hit_rate: Option<f64>,
    /// What was gained over what was lost; null before the first loss.
    pub profit_factor: Option<f64>,
    /// What a trade that gained came to on average.
    pub average_win: Option<f64>,
    /// What a trade that lost came to on average, without its sign.
    pub average_loss: Option<f64>,
    /// Commission of all fills.
    pub commission: f64,
    /// Slippage of all fills.
    pub slippage: f64,
    /// The value of all fills.
    pub traded: f64,
}

/// The trades of one strategy in one symbol.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SymbolTrades {
    /// The strategy.
    pub strategy: String,
    /// The symbol.
    pub symbol: String,
    /// Its trades and costs.
    #[serde(flatten)]
    pub trades: Trades,
}

/// Buying one symbol at its first open and holding it, without costs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Benchmark {
    /// The symbol.
    pub symbol: String,
    /// Return and risk by session.
    pub returns: Returns,
    /// The deepest fall from a peak; null where it never fell.
    pub drawdown: Option<Drawdown>,
}
