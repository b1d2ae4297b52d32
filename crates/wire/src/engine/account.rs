//! What accounts came to, as it is written.

use openbell_account::{
    AccountResults, AnnualReturns, BenchmarkResults, Drawdown, OrderCounts, Returns, TradeFigures,
};

use crate::account as shape;

impl From<&AccountResults<'_>> for shape::Account {
    fn from(results: &AccountResults<'_>) -> shape::Account {
        let by_symbol = results.by_symbol.iter().map(|(strategy, symbol, figures)| {
            let strategy = results.strategies[*strategy].clone();
            shape::SymbolTrades { strategy, symbol: symbol.to_string(), trades: figures.into() }
        });
        shape::Account {
            strategies: results.strategies.to_vec(),
            start: results.start,
            cash: results.end.cash,
            equity: results.end.equity,
            returns: (&results.returns).into(),
            drawdown: results.drawdown.as_ref().map(Into::into),
            exposure: results.exposure,
            turnover: results.turnover,
            orders: (&results.counts).into(),
            trades: (&results.trades).into(),
            by_symbol: by_symbol.collect(),
            benchmark: results.benchmark.as_ref().map(Into::into),
        }
    }
}

impl From<&Returns> for shape::Returns {
    fn from(returns: &Returns) -> shape::Returns {
        shape::Returns {
            sessions: returns.n_sessions as u64,
            total: returns.total,
            volatility: returns.volatility,
            sharpe: returns.sharpe,
            sortino: returns.sortino,
            annual: returns.annual.as_ref().map(Into::into),
        }
    }
}

impl From<&AnnualReturns> for shape::AnnualReturns {
    fn from(annual: &AnnualReturns) -> shape::AnnualReturns {
        let AnnualReturns { growth, volatility, sharpe, sortino } = *annual;
        shape::AnnualReturns { growth, volatility, sharpe, sortino }
    }
}

impl From<&Drawdown> for shape::Drawdown {
    fn from(drawdown: &Drawdown) -> shape::Drawdown {
        shape::Drawdown {
            depth: drawdown.depth,
            peak_at: drawdown.peak_at.to_string(),
            trough_at: drawdown.trough_at.to_string(),
            recovered_at: drawdown.recovered_at.map(|at| at.to_string()),
        }
    }
}

impl From<&OrderCounts> for shape::Orders {
    fn from(counts: &OrderCounts) -> shape::Orders {
        let OrderCounts { placed, refused, bars_revised, bars_late, fills_revised } = *counts;
        shape::Orders { placed, refused, bars_revised, bars_late, fills_revised }
    }
}

impl From<&TradeFigures> for shape::Trades {
    fn from(figures: &TradeFigures) -> shape::Trades {
        shape::Trades {
            fills: figures.n_fills,
            trades: figures.n_trades,
            wins: figures.n_wins,
            losses: figures.n_losses,
            profit: figures.profit(),
            hit_rate: figures.hit_rate(),
            profit_factor: figures.profit_factor(),
            average_win: figures.average_win(),
            average_loss: figures.average_loss(),
            commission: figures.commission,
            slippage: figures.slippage,
            traded: figures.traded,
        }
    }
}

impl From<&BenchmarkResults> for shape::Benchmark {
    fn from(benchmark: &BenchmarkResults) -> shape::Benchmark {
        shape::Benchmark {
            symbol: benchmark.symbol.to_string(),
            returns: (&benchmark.returns).into(),
            drawdown: benchmark.drawdown.as_ref().map(Into::into),
        }
    }
}
