//! What paper accounts came to, as tables.

use std::io;

use openbell_account::{AccountResults, Drawdown, Returns, TradeFigures};

use super::RunFacts;
use crate::table::{Align, Table, count, counted};
use crate::terminal::{Ink, Terminal};

/// Lines of strategies and symbols that are shown one by one.
const LINES_SHOWN: usize = 20;

/// Prints what each account came to, beside its benchmark, and its trades by strategy and symbol.
pub fn print(facts: &RunFacts<'_>, terminal: &mut Terminal) -> io::Result<()> {
    if facts.accounts.is_empty() {
        return Ok(());
    }
    for table in [worth(facts.accounts), risk(facts), trades(facts.accounts)] {
        if !table.is_empty() {
            terminal.line("")?;
            table.print(terminal, "")?;
        }
    }
    let n_lines: usize = facts.accounts.iter().map(|account| account.by_symbol.len()).sum();
    if n_lines > LINES_SHOWN {
        let more = count((n_lines - LINES_SHOWN) as u64);
        terminal.line(format!("and {more} more; --json has them all"))?;
    }
    for account in facts.accounts {
        remarks(account, terminal)?;
    }
    Ok(())
}

/// Whose account it is.
fn name(account: &AccountResults<'_>) -> String {
    match account.strategies {
        [one] => one.clone(),
        _ => "all strategies".to_owned(),
    }
}

fn worth(accounts: &[AccountResults<'_>]) -> Table {
    let mut table = Table::new([
        ("account", Align::Left),
        ("start", Align::Right),
        ("equity", Align::Right),
        ("cash", Align::Right),
        ("exposure", Align::Right),
        ("turnover", Align::Right),
        ("orders", Align::Right),
        ("refused", Align::Right),
    ]);
    for account in accounts {
        table.row([
            name(account),
            money(account.start),
            money(account.end.equity),
            money(account.end.cash),
            account.exposure.map_or_else(none, percent),
            account.turnover.map_or_else(none, |turnover| format!("{turnover:.2}")),
            count(account.counts.placed),
            count(account.counts.refused),
        ]);
    }
    table
}

/// Return and risk, of a year where enough sessions have closed; what was bought and held stands below
/// the accounts.
fn risk(facts: &RunFacts<'_>) -> Table {
    let is_annual = facts.accounts.iter().all(|account| account.returns.annual.is_some());
    let mut table = Table::new([
        (if is_annual { "in a year" } else { "by session" }, Align::Left),
        ("return", Align::Right),
        ("volatility", Align::Right),
        ("Sharpe", Align::Right),
        ("Sortino", Align::Right),
        ("in all", Align::Right),
        ("drawdown", Align::Right),
        ("from", Align::Left),
        ("to", Align::Left),
        ("recovered", Align::Left),
    ]);
    let mut row = |name: String, returns: &Returns, drawdown: Option<&Drawdown>| {
        let [growth, volatility, sharpe, sortino] = of_length(returns, is_annual);
        let at = |at| facts.calendar.local_time(at).to_string();
        let [depth, peak, trough, recovered] = match drawdown {
            Some(fall) => [
                percent(fall.depth),
                at(fall.peak_at),
                at(fall.trough_at),
                fall.recovered_at.map_or_else(none, at),
            ],
            None => [none(), none(), none(), none()],
        };
        let of_all = signed_percent(returns.total);
        table.row([
            name, growth, volatility, sharpe, sortino, of_all, depth, peak, trough, recovered,
        ]);
    };
    for account in facts.accounts {
        row(name(account), &account.returns, account.drawdown.as_ref());
    }
    // It is the same for all of them.
    if let Some(held) = facts.accounts.iter().find_map(|account| account.benchmark.as_ref()) {
        row(format!("{} held", held.symbol), &held.returns, held.drawdown.as_ref());
    }
    table
}

/// Return, volatility, Sharpe and Sortino: of a year, or of a session.
fn of_length(returns: &Returns, is_annual: bool) -> [String; 4] {
    let ratio = |value: Option<f64>| value.map_or_else(none, |value| format!("{value:.2}"));
    match returns.annual.filter(|_| is_annual) {
        Some(annual) => [
            signed_percent(annual.growth),
            percent(annual.volatility),
            ratio(annual.sharpe),
            ratio(annual.sortino),
        ],
        None => {
            let n = returns.n_sessions.max(1) as f64;
            let growth = (1.0 + returns.total).max(0.0).powf(1.0 / n) - 1.0;
            [
                signed_percent(growth),
                returns.volatility.map_or_else(none, percent),
                ratio(returns.sharpe),
                ratio(returns.sortino),
            ]
        }
    }
}

fn trades(accounts: &[AccountResults<'_>]) -> Table {
    let mut table = Table::new([
        ("trades of", Align::Left),
        ("in", Align::Left),
        ("fills", Align::Right),
        ("closed", Align::Right),
        ("hit rate", Align::Right),
        ("profit", Align::Right),
        ("factor", Align::Right),
        ("average win", Align::Right),
        ("average loss", Align::Right),
        ("costs", Align::Right),
    ]);
    let mut row = |strategy: String, symbol: String, figures: &TradeFigures| {
        table.row([
            strategy,
            symbol,
            count(figures.n_fills),
            count(figures.n_trades),
            figures.hit_rate().map_or_else(none, percent),
            money(figures.profit()),
            figures.profit_factor().map_or_else(none, |factor| format!("{factor:.2}")),
            figures.average_win().map_or_else(none, money),
            figures.average_loss().map_or_else(none, money),
            money(figures.costs()),
        ]);
    };
    let mut n_left = LINES_SHOWN;
    for account in accounts {
        for (strategy, symbol, figures) in account.by_symbol.iter().take(n_left) {
            row(account.strategies[*strategy].clone(), symbol.to_string(), figures);
        }
        n_left = n_left.saturating_sub(account.by_symbol.len());
        if account.by_symbol.len() > 1 {
            row(name(account), "all".to_owned(), &account.trades);
        }
    }
    table
}

/// What else whoever reads the figures should know.
fn remarks(account: &AccountResults<'_>, terminal: &mut Terminal) -> io::Result<()> {
    let counts = account.counts;
    if counts.fills_revised > 0 {
        let text = format!(
            "{}: {} in bars that were revised afterwards; over the corrected bars it may fill otherwise",
            name(account),
            counted(counts.fills_revised, "fill"),
        );
        terminal.line(terminal.paint(Ink::Warning, &text))?;
    }
    if counts.bars_late > 0 {
        let late = counted(counts.bars_late, "bar");
        terminal.line(format!("{}: {late} came too late to fill anything", name(account)))?;
    }
    Ok(())
}

fn none() -> String {
    "-".to_owned()
}

/// Money with two decimals, and a comma for each thousand.
fn money(value: f64) -> String {
    let cents = format!("{:.2}", value.abs());
    let (whole, cents) = cents.split_once('.').unwrap_or((&cents, "00"));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), count); // `Err`: more than a u64
    let is_negative =
        value < 0.0 && cents.bytes().chain(whole.bytes()).any(|b| (b'1'..=b'9').contains(&b));
    format!("{}{whole}.{cents}", if is_negative { "-" } else { "" })
}

fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

fn signed_percent(share: f64) -> String {
    format!("{:+.2}%", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_cents_and_thousands_and_nothing_has_no_sign() {
        for (value, text) in [
            (0.0, "0.00"),
            (-0.001, "0.00"),
            (-0.01, "-0.01"),
            (1_234_567.891, "1,234,567.89"),
            (-999.995, "-1,000.00"),
        ] {
            assert_eq!(money(value), text);
        }
    }
}
