//! Trades: from the first fill that opens a position to the one that closes it or turns it.
//!
//! A strategy's trade in a symbol is made of its own fills alone, also where an account is shared. What
//! comes of it is what its closing fills brought as against the average of its opening ones, slippage and
//! commission counted; a fill that turns a position pays its commission for both parts, by their lots.

use std::collections::BTreeMap;

use openbell_coordinator::saved;
use openbell_coordinator::{Fill, Lots, NotRestored, Saved, StrategyIdx};
use openbell_market::Symbol;

use crate::average::Holding;

/// Trades and costs, summed.
///
/// *Units*: money. Definitions: P. Kaufman, "Trading Systems and Methods", 6th ed. 2019, chapter 21; hit
/// rate is wins / trades, profit factor gross profit / gross loss.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct TradeFigures {
    /// Fills.
    pub n_fills: u64,
    /// Trades that are closed.
    pub n_trades: u64,
    /// Those of them that gained.
    pub n_wins: u64,
    /// Those of them that lost.
    pub n_losses: u64,
    /// What trades that gained came to.
    pub gross_profit: f64,
    /// What trades that lost came to, without its sign.
    pub gross_loss: f64,
    /// Commission of all fills.
    pub commission: f64,
    /// Slippage of all fills.
    pub slippage: f64,
    /// The value of all fills, purchases and sales.
    pub traded: f64,
}
saved!(struct TradeFigures {
    n_fills, n_trades, n_wins, n_losses, gross_profit, gross_loss, commission, slippage, traded,
});

impl TradeFigures {
    /// What closed trades came to, costs counted.
    pub fn profit(&self) -> f64 {
        self.gross_profit - self.gross_loss
    }

    /// The share of closed trades that gained; absent before the first is closed.
    pub fn hit_rate(&self) -> Option<f64> {
        (self.n_trades > 0).then(|| self.n_wins as f64 / self.n_trades as f64)
    }

    /// Gross profit over gross loss; absent before the first loss.
    pub fn profit_factor(&self) -> Option<f64> {
        (self.gross_loss > 0.0).then(|| self.gross_profit / self.gross_loss)
    }

    /// What a trade that gained came to on average.
    pub fn average_win(&self) -> Option<f64> {
        (self.n_wins > 0).then(|| self.gross_profit / self.n_wins as f64)
    }

    /// What a trade that lost came to on average, without its sign.
    pub fn average_loss(&self) -> Option<f64> {
        (self.n_losses > 0).then(|| self.gross_loss / self.n_losses as f64)
    }

    /// Commission and slippage.
    pub fn costs(&self) -> f64 {
        self.commission + self.slippage
    }

    fn close_trade(&mut self, profit: f64) {
        self.n_trades += 1;
        if profit > 0.0 {
            self.n_wins += 1;
            self.gross_profit += profit;
        } else if profit < 0.0 {
            self.n_losses += 1;
            self.gross_loss -= profit;
        }
    }

    pub(crate) fn add(&mut self, other: &TradeFigures) {
        self.n_fills += other.n_fills;
        self.n_trades += other.n_trades;
        self.n_wins += other.n_wins;
        self.n_losses += other.n_losses;
        self.gross_profit += other.gross_profit;
        self.gross_loss += other.gross_loss;
        self.commission += other.commission;
        self.slippage += other.slippage;
        self.traded += other.traded;
    }
}

/// The trades of one strategy in one symbol.
#[derive(Clone, Debug)]
struct Line {
    holding: Holding,
    /// What the open trade has come to by now.
    profit: f64,
    figures: TradeFigures,
}
saved!(struct Line { holding, profit, figures });

/// All trades of an account, by strategy and symbol.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trades {
    lines: BTreeMap<(StrategyIdx, Symbol), Line>,
}

impl Saved for Trades {
    fn write(&self, to: &mut Vec<u8>) {
        self.lines.write(to);
    }

    fn read(from: &mut &[u8]) -> Result<Trades, NotRestored> {
        BTreeMap::read(from).map(|lines| Trades { lines })
    }
}

impl Trades {
    pub(crate) fn fill(&mut self, fill: &Fill, lot: f64) {
        let key = (fill.strategy, fill.symbol.clone());
        let line = self.lines.entry(key).or_insert(Line {
            holding: Holding::NONE,
            profit: 0.0,
            figures: TradeFigures::default(),
        });
        let units = fill.lots.units(lot);
        line.figures.n_fills += 1;
        line.figures.commission += fill.commission;
        line.figures.slippage += fill.slippage * units;
        line.figures.traded += fill.price() * units;
        let taken = line.holding.take(fill.signed_lots(), fill.price());
        let closed_share = taken.closed.count() as f64 / fill.lots.count() as f64;
        line.profit += taken.gain_each * taken.closed.units(lot) - fill.commission * closed_share;
        let has_turned = taken.closed < fill.lots;
        if taken.closed > Lots::ZERO && (line.holding.lots.is_zero() || has_turned) {
            line.figures.close_trade(line.profit);
            line.profit = 0.0;
        }
        line.profit -= fill.commission * (1.0 - closed_share);
    }

    /// By strategy, then symbol.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (StrategyIdx, &Symbol, TradeFigures)> {
        self.lines.iter().map(|((strategy, symbol), line)| (*strategy, symbol, line.figures))
    }
}
