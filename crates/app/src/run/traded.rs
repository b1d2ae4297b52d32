//! What paper accounts did, as the tables of an export.

use std::collections::BTreeMap;

use openbell_account::AccountResults;
use openbell_coordinator::{Event, OrderId, TradeEvent};
use openbell_data_manager::export::{Sheet, SheetColumn, SheetName};
use openbell_time::Timestamp;
use openbell_wire::trade::Order;

/// Orders, fills, positions at closes and equity of `accounts`; none without an account.
pub(super) fn sheets(accounts: &[AccountResults<'_>], orders: &Orders) -> Vec<(SheetName, Sheet)> {
    if accounts.is_empty() {
        return Vec::new();
    }
    vec![
        (SheetName::Orders, orders.sheet()),
        (SheetName::Fills, fills(accounts)),
        (SheetName::Positions, positions(accounts)),
        (SheetName::Equity, equity(accounts)),
    ]
}

/// Whose account it is: of a shared one the strategies, with a plus sign between them.
fn name(account: &AccountResults<'_>) -> String {
    account.strategies.join("+")
}

/// The orders of a run, taken or refused, in the order in which they were given.
#[derive(Default)]
pub(super) struct Orders {
    rows: Vec<OrderRow>,
    /// The row of each order that rests.
    resting: BTreeMap<OrderId, usize>,
}

struct OrderRow {
    at: Timestamp,
    strategy: String,
    id: Option<OrderId>,
    terms: Order,
    refused: Option<String>,
    /// When it ended, why, and lots that have not filled.
    end: Option<(Timestamp, &'static str, i64)>,
}

impl Orders {
    /// Takes in what `event` says of an order.
    pub(super) fn take(&mut self, event: &Event) {
        let Event::Traded { strategy, trade, .. } = event else { return };
        let (at, id, terms, refused) = match trade.as_ref() {
            TradeEvent::Placed { order, at } => {
                self.resting.insert(order.id, self.rows.len());
                (*at, Some(order.id), Order::from(order), None)
            }
            TradeEvent::Refused { order, at, why, .. } => {
                (*at, None, order.into(), Some(why.to_string()))
            }
            TradeEvent::Ended { order, at, why, unfilled, .. } => {
                if let Some(row) = self.resting.remove(order) {
                    self.rows[row].end = Some((*at, why.name(), unfilled.count()));
                }
                return;
            }
            TradeEvent::Filled(_) => return,
        };
        self.rows.push(OrderRow { at, strategy: strategy.clone(), id, terms, refused, end: None });
    }

    /// A row for each.
    fn sheet(&self) -> Sheet {
        let rows = || self.rows.iter();
        let ends = || rows().map(|row| row.end);
        let terms = || rows().map(|row| &row.terms);
        let text = |text: &str| Some(text.to_owned());
        Sheet::new(vec![
            ("at", SheetColumn::Stamps(rows().map(|row| Some(row.at)).collect())),
            ("strategy", SheetColumn::Texts(rows().map(|row| text(&row.strategy)).collect())),
            (
                "order",
                SheetColumn::Counts(rows().map(|row| Some(row.id?.number() as i64)).collect()),
            ),
            ("symbol", SheetColumn::Texts(terms().map(|terms| text(&terms.symbol)).collect())),
            ("side", SheetColumn::Texts(terms().map(|terms| terms.side.clone()).collect())),
            ("amount", SheetColumn::Doubles(terms().map(|terms| Some(terms.amount)).collect())),
            (
                "amount_of",
                SheetColumn::Texts(terms().map(|terms| text(&terms.amount_of)).collect()),
            ),
            ("kind", SheetColumn::Texts(terms().map(|terms| text(&terms.kind)).collect())),
            ("stop", SheetColumn::Doubles(terms().map(|terms| terms.stop).collect())),
            ("limit", SheetColumn::Doubles(terms().map(|terms| terms.limit).collect())),
            ("lifetime", SheetColumn::Texts(terms().map(|terms| text(&terms.lifetime)).collect())),
            (
                "reduce_only",
                SheetColumn::Flags(terms().map(|terms| Some(terms.reduce_only)).collect()),
            ),
            ("exit_stop", SheetColumn::Doubles(terms().map(|terms| terms.exit_stop).collect())),
            ("exit_target", SheetColumn::Doubles(terms().map(|terms| terms.exit_target).collect())),
            ("refused", SheetColumn::Texts(rows().map(|row| row.refused.clone()).collect())),
            ("ended_at", SheetColumn::Stamps(ends().map(|end| Some(end?.0)).collect())),
            ("ended", SheetColumn::Texts(ends().map(|end| text(end?.1)).collect())),
            ("unfilled_lots", SheetColumn::Counts(ends().map(|end| Some(end?.2)).collect())),
        ])
    }
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
