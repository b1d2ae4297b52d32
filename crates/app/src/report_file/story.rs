//! What accounts did, as a report shows it.

use openbell_account::AccountResults;
use openbell_page::{AccountStory, EquityAt, FillAt};

use crate::report::RunFacts;

/// The accounts of a run, beside what the benchmark was worth.
pub(super) fn stories(facts: &RunFacts<'_>, benchmark: &[EquityAt]) -> Vec<AccountStory> {
    let lot = facts.config.account.as_ref().map_or(1.0, |account| account.lot);
    facts.accounts.iter().map(|account| story(account, lot, benchmark)).collect()
}

fn story(account: &AccountResults<'_>, lot: f64, benchmark: &[EquityAt]) -> AccountStory {
    let equity = account.equity.iter().map(|it| EquityAt { at: it.at, equity: it.equity });
    let fills = account.fills.iter().map(|record| {
        let fill = &record.fill;
        FillAt {
            at: fill.at,
            bar_opens_at: fill.bar_opens_at,
            strategy: account.strategy(fill.strategy).to_owned(),
            symbol: fill.symbol.to_string(),
            side: fill.side.name().to_owned(),
            units: fill.lots.units(lot),
            price: fill.price(),
            slippage: fill.slippage,
            commission: fill.commission,
            is_bar_revised: record.is_bar_revised,
        }
    });
    AccountStory { equity: equity.collect(), fills: fills.collect(), benchmark: benchmark.to_vec() }
}
