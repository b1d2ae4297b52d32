//! The figures of two runs side by side.

use serde::{Deserialize, Serialize};

use crate::account::{Account, Returns};
use crate::report::Report;

/// One figure of both runs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Figure {
    /// What it is of: `run`, or the strategies of an account, a plus sign between them.
    pub of: String,
    /// Its name, as in the report.
    pub name: String,
    /// In the first; null where that has none.
    pub a: Option<f64>,
    /// In the second; null where that has none.
    pub b: Option<f64>,
}

/// All figures of either run: of the run, then account by account, those of the first before those that the
/// second has alone.
pub(super) fn beside(a: &Report, b: &Report) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut add = |of: &str, a: &[(&str, Option<f64>)], b: &[(&str, Option<f64>)]| {
        let names = a.iter().chain(b.iter().filter(|(name, _)| a.iter().all(|(is, _)| is != name)));
        for (name, _) in names {
            let value = |of: &[(&str, Option<f64>)]| of.iter().find(|(is, _)| is == name)?.1;
            let (a, b) = (value(a), value(b));
            figures.push(Figure { of: of.to_owned(), name: (*name).to_owned(), a, b });
        }
    };
    add("run", &of_run(a), &of_run(b));
    let name = |account: &Account| account.strategies.join("+");
    let of = |report: &Report, wanted: &str| {
        let account = report.accounts.iter().find(|account| name(account) == wanted);
        account.map_or_else(Vec::new, of_account)
    };
    let mut names: Vec<String> = a.accounts.iter().map(name).collect();
    for further in b.accounts.iter().map(name) {
        if !names.contains(&further) {
            names.push(further);
        }
    }
    for name in names {
        add(&name, &of(a, &name), &of(b, &name));
    }
    figures
}

fn of_run(report: &Report) -> Vec<(&'static str, Option<f64>)> {
    let signals = report.consumers.iter().map(|consumer| consumer.n_signals).sum::<u64>();
    let counts = [
        ("sessions", report.sessions.len() as u64),
        ("bars", report.n_bars),
        ("derived bars", report.n_derived),
        ("signals", signals),
    ];
    counts.into_iter().map(|(name, n)| (name, Some(n as f64))).collect()
}

fn of_account(account: &Account) -> Vec<(&'static str, Option<f64>)> {
    let Returns { total, volatility, sharpe, sortino, annual, .. } = &account.returns;
    let trades = &account.trades;
    let mut figures = vec![
        ("equity", Some(account.equity)),
        ("return", Some(*total)),
        ("volatility", *volatility),
        ("sharpe", *sharpe),
        ("sortino", *sortino),
    ];
    if let Some(annual) = annual {
        figures.extend([
            ("annual growth", Some(annual.growth)),
            ("annual volatility", Some(annual.volatility)),
            ("annual sharpe", annual.sharpe),
            ("annual sortino", annual.sortino),
        ]);
    }
    figures.extend([
        ("drawdown", Some(account.drawdown.as_ref().map_or(0.0, |fall| fall.depth))),
        ("exposure", account.exposure),
        ("turnover", account.turnover),
        ("orders", Some(account.orders.placed as f64)),
        ("refused", Some(account.orders.refused as f64)),
        ("fills", Some(trades.fills as f64)),
        ("trades", Some(trades.trades as f64)),
        ("hit rate", trades.hit_rate),
        ("profit factor", trades.profit_factor),
        ("average win", trades.average_win),
        ("average loss", trades.average_loss),
        ("profit", Some(trades.profit)),
        ("costs", Some(trades.commission + trades.slippage)),
    ]);
    figures
}
