//! What paper accounts did, as the tables of an export.

use std::collections::BTreeMap;

use openbell_account::AccountResults;
use openbell_coordinator::{Event, TradeEvent};
use openbell_data_manager::export::{Sheet, SheetColumn, SheetName};
use openbell_wire::trade::Order;

/// Orders, fills, positions at closes and equity of `accounts`; none without an account.
pub(super) fn sheets(accounts: &[AccountResults<'_>], events: &[Event]) -> Vec<(SheetName, Sheet)> {
    if accounts.is_empty() {
        return Vec::new();
    }
    vec![
        (SheetName::Orders, orders(events)),
        (SheetName::Fills, fills(accounts)),
        (SheetName::Positions, positions(accounts)),
        (SheetName::Equity, equity(accounts)),
    ]
}

/// Whose account it is: of a shared one the strategies, with a plus sign between them.
fn name(account: &AccountResults<'_>) -> String {
    account.strategies.join("+")
}

/// A row for each order, taken or refused, in the order in which they were given.
fn orders(events: &[Event]) -> Sheet {
    let mut rows = Vec::new();
    let mut row_of = BTreeMap::new();
    let mut ended = BTreeMap::new();
    for event in events {
        let Event::Traded { strategy, trade, .. } = event else { continue };
        match trade.as_ref() {
            TradeEvent::Placed { order, at } => {
                row_of.insert(order.id, rows.len());
                rows.push((*at, strategy.to_string(), Some(order.id), Order::from(order), None));
            }
            TradeEvent::Refused { order, at, why, .. } => {
                rows.push((*at, strategy.to_string(), None, order.into(), Some(why.to_string())));
            }
            TradeEvent::Ended { order, at, why, unfilled, .. } => {
                let row = row_of.get(order).copied();
                ended.extend(row.map(|row| (row, (*at, why.name(), unfilled.count()))));
            }
            TradeEvent::Filled(_) => {}
        }
    }
    let ends = || (0..rows.len()).map(|row| ended.get(&row));
    let terms = || rows.iter().map(|(_, _, _, terms, _)| terms);
    let text = |text: &str| Some(text.to_owned());
    Sheet::new(vec![
        ("at", SheetColumn::Stamps(rows.iter().map(|row| Some(row.0)).collect())),
        ("strategy", SheetColumn::Texts(rows.iter().map(|row| text(&row.1)).collect())),
        (
            "order",
            SheetColumn::Counts(rows.iter().map(|row| Some(row.2?.number() as i64)).collect()),
        ),
        ("symbol", SheetColumn::Texts(terms().map(|terms| text(&terms.symbol)).collect())),
        ("side", SheetColumn::Texts(terms().map(|terms| terms.side.clone()).collect())),
        ("amount", SheetColumn::Doubles(terms().map(|terms| Some(terms.amount)).collect())),
        ("amount_of", SheetColumn::Texts(terms().map(|terms| text(&terms.amount_of)).collect())),
        ("kind", SheetColumn::Texts(terms().map(|terms| text(&terms.kind)).collect())),
        ("stop", SheetColumn::Doubles(terms().map(|terms| terms.stop).collect())),
        ("limit", SheetColumn::Doubles(terms().map(|terms| terms.limit).collect())),
        ("lifetime", SheetColumn::Texts(terms().map(|terms| text(&terms.lifetime)).collect())),
        ("reduce_only", SheetColumn::Flags(terms().map(|terms| Some(terms.reduce_only)).collect())),
        ("exit_stop", SheetColumn::Doubles(terms().map(|terms| terms.exit_stop).collect())),
        ("exit_target", SheetColumn::Doubles(terms().map(|terms| terms.exit_target).collect())),
        ("refused", SheetColumn::Texts(rows.iter().map(|row| row.4.clone()).collect())),
        ("ended_at", SheetColumn::Stamps(ends().map(|end| Some(end?.0)).collect())),
        ("ended", SheetColumn::Texts(ends().map(|end| text(end?.1)).collect())),
        ("unfilled_lots", SheetColumn::Counts(ends().map(|end| Some(end?.2)).collect())),
    ])
}

/// A row for each fill, account by account.
fn fills(accounts: &[AccountResults<'_>]) -> Sheet {
    let rows = || {
        accounts.iter().flat_map(|account| {
            account.fills.iter().map(move |record| (account, &record.fill, record.is_bar_revised))
        })
    };
    Sheet::new(vec![
        ("account", SheetColumn::Texts(rows().map(|row| Some(name(row.0))).collect())),
        (
            "strategy",
            SheetColumn::Texts(
                rows().map(|row| Some(row.0.strategy(row.1.strategy).to_owned())).collect(),
            ),
        ),
        (
            "order",
            SheetColumn::Counts(rows().map(|row| Some(row.1.order.number() as i64)).collect()),
        ),
        ("symbol", SheetColumn::Texts(rows().map(|row| Some(row.1.symbol.to_string())).collect())),
        (
            "side",
            SheetColumn::Texts(rows().map(|row| Some(row.1.side.name().to_owned())).collect()),
        ),
        ("lots", SheetColumn::Counts(rows().map(|row| Some(row.1.lots.count())).collect())),
        ("price", SheetColumn::Doubles(rows().map(|row| Some(row.1.price())).collect())),
        (
            "reference_price",
            SheetColumn::Doubles(rows().map(|row| Some(row.1.reference_price)).collect()),
        ),
        ("slippage", SheetColumn::Doubles(rows().map(|row| Some(row.1.slippage)).collect())),
        ("commission", SheetColumn::Doubles(rows().map(|row| Some(row.1.commission)).collect())),
        ("dated", SheetColumn::Stamps(rows().map(|row| Some(row.1.at)).collect())),
        ("made_at", SheetColumn::Stamps(rows().map(|row| Some(row.1.made_at)).collect())),
        ("bar_opens_at", SheetColumn::Stamps(rows().map(|row| Some(row.1.bar_opens_at)).collect())),
        (
            "moment",
            SheetColumn::Texts(rows().map(|row| Some(row.1.moment.name().to_owned())).collect()),
        ),
        ("bar_revised", SheetColumn::Flags(rows().map(|row| Some(row.2)).collect())),
    ])
}

/// A row for each position at each session's close.
fn positions(accounts: &[AccountResults<'_>]) -> Sheet {
    let rows =
        || accounts.iter().flat_map(|account| account.held.iter().map(move |held| (account, held)));
    let position = || rows().map(|(_, held)| &held.position);
    Sheet::new(vec![
        ("session_date", SheetColumn::Dates(rows().map(|row| Some(row.1.date)).collect())),
        ("account", SheetColumn::Texts(rows().map(|row| Some(name(row.0))).collect())),
        ("symbol", SheetColumn::Texts(position().map(|it| Some(it.symbol.to_string())).collect())),
        ("lots", SheetColumn::Counts(position().map(|it| Some(it.lots.count())).collect())),
        (
            "average_price",
            SheetColumn::Doubles(position().map(|it| Some(it.average_price)).collect()),
        ),
        ("mark", SheetColumn::Doubles(position().map(|it| Some(it.mark.price)).collect())),
        ("mark_at", SheetColumn::Stamps(position().map(|it| Some(it.mark.at)).collect())),
    ])
}

/// The curve of each account.
fn equity(accounts: &[AccountResults<'_>]) -> Sheet {
    let rows = || {
        accounts.iter().flat_map(|account| account.equity.iter().map(move |point| (account, point)))
    };
    Sheet::new(vec![
        ("at", SheetColumn::Stamps(rows().map(|row| Some(row.1.at)).collect())),
        ("account", SheetColumn::Texts(rows().map(|row| Some(name(row.0))).collect())),
        ("equity", SheetColumn::Doubles(rows().map(|row| Some(row.1.equity)).collect())),
        ("cash", SheetColumn::Doubles(rows().map(|row| Some(row.1.cash)).collect())),
    ])
}
