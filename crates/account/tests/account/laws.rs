//! Laws of an account, over random bars and orders of every kind.

use std::collections::BTreeMap;

use openbell_account::{
    AccountOf, AccountSettings, Accounts, Commission, Participation, ShortSales,
};
use openbell_coordinator::{
    Fill, Known, Lots, Mark, Matching, NewOrder, Order, OrderId, Placement, Standing, TradeEvent,
};
use openbell_market::{Bar, Symbol};
use openbell_time::Timestamp;
use proptest::prelude::*;

use crate::random_run::{FIRST, Run, Setup, run};
use crate::support::{bar, minute, plain, symbol};

fn settings(short: bool, costs: bool) -> AccountSettings {
    let short = if short { ShortSales::Allowed } else { ShortSales::Refused };
    let participation = Participation::OfVolume(0.25);
    let settings = AccountSettings { short, participation, ..AccountSettings::with_cash(8_192.0) };
    if !costs {
        return settings;
    }
    AccountSettings {
        commission: Commission { per_trade: 0.5, per_share: 0.25, bps: 10.0, min: 2.0 },
        slippage_bps: 5.0,
        ..settings
    }
}

fn fills(run: &Run) -> Vec<Fill> {
    let fills = run.events.iter().filter_map(|(_, event)| match event {
        TradeEvent::Filled(fill) => Some(fill.clone()),
        _ => None,
    });
    fills.collect()
}

fn bar_of(run: &Run, fill: &Fill) -> Bar {
    let found = run
        .bars
        .iter()
        .find(|(symbol, bar)| *symbol == fill.symbol && bar.opens_at == fill.bar_opens_at);
    found.expect("a fill has its bar").1
}

/// Orders by their number, and what became of each: filled lots, and what was left where it ended.
fn orders(run: &Run) -> BTreeMap<OrderId, (Order, Lots, Option<Lots>)> {
    let mut orders = BTreeMap::new();
    for (_, event) in &run.events {
        match event {
            TradeEvent::Placed { order, .. } => {
                orders.insert(order.id, (order.clone(), Lots::ZERO, None));
            }
            TradeEvent::Filled(fill) => orders.get_mut(&fill.order).unwrap().1 += fill.lots,
            TradeEvent::Ended { order, unfilled, .. } => {
                let ended = &mut orders.get_mut(order).unwrap().2;
                assert_eq!(*ended, None, "an order ends once");
                *ended = Some(*unfilled);
            }
            TradeEvent::Refused { .. } => {}
        }
    }
    orders
}

/// What a fill is but for its order's number and the publication that made it.
fn told(fill: &Fill) -> (Symbol, Lots, f64, f64, Timestamp) {
    (fill.symbol.clone(), fill.signed_lots(), fill.price(), fill.commission, fill.at)
}

fn is_near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

/// A seed that once failed.
#[test]
fn what_was_filled_dearer_than_reckoned_is_not_reserved_again_for_the_rest() {
    let run = run(&Setup::new(2_849_234_111_792_758_206, settings(false, false)));
    for shown in &run.shown {
        assert!(shown.balance.free >= -1e-9, "{shown:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn cash_plus_positions_is_equity_at_every_instant(seed: u64, short: bool, costs: bool) {
        let run = run(&Setup::new(seed, settings(short, costs)));
        let fills = fills(&run);
        for shown in &run.shown {
            let made = fills.iter().filter(|fill| fill.made_at <= shown.at);
            let (mut cash, mut held) = (8_192.0, BTreeMap::<Symbol, i64>::new());
            for fill in made {
                cash -= fill.signed_lots().count() as f64 * fill.price() + fill.commission;
                *held.entry(fill.symbol.clone()).or_default() += fill.signed_lots().count();
            }
            held.retain(|_, lots| *lots != 0);
            let mut equity = cash;
            for (symbol, lots) in &held {
                let bars = run.bars.iter().rev();
                let last = bars.clone().find(|(of, bar)| of == symbol && bar.closes_at <= shown.at);
                equity += *lots as f64 * last.unwrap().1.ohlcv.close;
            }
            prop_assert!(is_near(cash, shown.balance.cash), "{cash} {:?}", shown.balance);
            prop_assert!(is_near(equity, shown.balance.equity), "{equity} {:?}", shown.balance);
            let positions = shown.positions.iter();
            let shown_lots: BTreeMap<Symbol, i64> =
                positions.map(|it| (it.symbol.clone(), it.lots.count())).collect();
            prop_assert_eq!(held, shown_lots);
        }
    }

    #[test]
    fn fills_conserve_quantity(seed: u64, short: bool) {
        let run = run(&Setup::new(seed, settings(short, false)));
        let resting = run.accounts.resting(FIRST);
        for (id, (order, filled, ended)) in orders(&run) {
            let left = match ended {
                Some(unfilled) => unfilled,
                None => resting.iter().find(|resting| resting.id == id).expect("it rests").remaining,
            };
            match order.pair {
                // What one of a pair has filled is taken off the other.
                Some(_) => prop_assert!(filled + left <= order.ordered),
                None => prop_assert_eq!(filled + left, order.ordered),
            }
        }
    }

    #[test]
    fn no_fill_lies_outside_its_bar_or_before_its_order(seed: u64, short: bool, costs: bool) {
        let run = run(&Setup::new(seed, settings(short, costs)));
        let orders = orders(&run);
        for fill in fills(&run) {
            let bar = bar_of(&run, &fill);
            prop_assert!((bar.ohlcv.low..=bar.ohlcv.high).contains(&fill.reference_price));
            prop_assert!((bar.opens_at..=bar.closes_at).contains(&fill.at));
            prop_assert!(fill.made_at >= bar.closes_at);
            let order = &orders[&fill.order].0;
            prop_assert!(bar.opens_at >= order.given_at);
            if let openbell_coordinator::OrderKind::Limit { limit } = order.kind {
                let is_better = (limit - fill.price()) * order.side.sign() as f64;
                prop_assert!(is_better >= 0.0, "a limit is never broken");
            }
        }
    }

    #[test]
    fn a_bar_gives_no_more_than_the_share_of_its_volume(seed: u64, short: bool) {
        let run = run(&Setup::new(seed, settings(short, false)));
        let mut taken = BTreeMap::<(Symbol, Timestamp), f64>::new();
        for fill in fills(&run) {
            let of_bar = taken.entry((fill.symbol.clone(), fill.bar_opens_at)).or_default();
            *of_bar += fill.lots.count() as f64;
            prop_assert!(*of_bar <= 0.25 * bar_of(&run, &fill).ohlcv.volume);
        }
    }

    #[test]
    fn without_short_sales_neither_cash_nor_a_position_falls_below_zero(seed: u64) {
        let run = run(&Setup::new(seed, settings(false, false)));
        for shown in &run.shown {
            prop_assert!(shown.balance.cash >= 0.0 && shown.balance.free >= -1e-9, "{shown:?}");
            prop_assert!(shown.positions.iter().all(|position| position.lots > Lots::ZERO));
        }
    }

    #[test]
    fn twice_the_prices_and_cash_are_twice_the_money(seed: u64, short: bool) {
        let commission = Commission { bps: 10.0, ..Commission::NONE };
        let settings = AccountSettings { commission, slippage_bps: 5.0, ..settings(short, false) };
        let once = run(&Setup::new(seed, settings));
        let twice = run(&Setup { scale: 2.0, ..Setup::new(seed, settings) });
        let told_twice: Vec<_> = fills(&twice).iter().map(told).collect();
        let doubled = fills(&once).iter().map(|fill| {
            let (symbol, lots, price, commission, at) = told(fill);
            (symbol, lots, 2.0 * price, 2.0 * commission, at)
        }).collect::<Vec<_>>();
        prop_assert_eq!(told_twice, doubled);
        for (once, twice) in once.shown.iter().zip(&twice.shown) {
            prop_assert_eq!(2.0 * once.balance.equity, twice.balance.equity);
        }
    }

    #[test]
    fn another_future_changes_nothing_before_it(seed: u64, short: bool, since in 0_i64..40, day in 0_i64..3) {
        let since = day * 1440 + since;
        let setup = Setup::new(seed, settings(short, true));
        let (as_it_was, other) = (run(&setup), run(&Setup { other_since: Some(since), ..setup }));
        let before = |run: &Run| -> Vec<_> {
            run.events.iter().filter(|(at, _)| *at <= minute(since)).cloned().collect()
        };
        prop_assert_eq!(before(&as_it_was), before(&other));
        let shown = |run: &Run| -> Vec<_> {
            run.shown.iter().filter(|shown| shown.at <= minute(since)).cloned().collect()
        };
        prop_assert_eq!(shown(&as_it_was), shown(&other));
    }

    #[test]
    fn an_account_of_its_own_does_not_depend_on_who_else_trades(seed: u64, short: bool) {
        let setup = Setup::new(seed, settings(short, true));
        let (alone, beside) = (run(&setup), run(&Setup { has_second: true, ..setup }));
        prop_assert_eq!(&alone.shown, &beside.shown);
        let told_of = |run: &Run| -> Vec<_> {
            fills(run).iter().filter(|fill| fill.strategy == FIRST).map(told).collect()
        };
        prop_assert_eq!(told_of(&alone), told_of(&beside));
    }

    #[test]
    fn what_fills_does_not_depend_on_how_many_bars_a_publication_has(seed: u64, short: bool) {
        // The strategy acts every tenth minute; between, bars are published one by one or ten at once.
        let setup = Setup::new(seed, settings(short, true));
        let (by_five, by_ten) =
            (run(&Setup { held_back: 5, ..setup.clone() }), run(&Setup { held_back: 10, ..setup }));
        let told_of = |run: &Run| fills(run).iter().map(told).collect::<Vec<_>>();
        prop_assert_eq!(told_of(&by_five), told_of(&by_ten));
        prop_assert_eq!(by_five.shown.last(), by_ten.shown.last());
    }

    #[test]
    fn an_order_in_two_parts_comes_to_the_same(seed: u64, part in 1_u64..99) {
        let outcome = |parts: &[u64]| {
            let commission = Commission { per_share: 0.25, bps: 8.0, ..Commission::NONE };
            let settings = AccountSettings { commission, slippage_bps: 16.0, ..plain() };
            let mut accounts = Accounts::new(settings, AccountOf::EachStrategy, ["one"]).unwrap();
            for (at, is_buy) in [(0, true), (1, false)] {
                let known = Known {
                    at: minute(at),
                    settled_through: minute(at),
                    standing: Standing::Priced(Mark { price: 50.0, at: minute(at) }),
                };
                for units in parts {
                    let order = if is_buy {
                        NewOrder::buy(&symbol("X"), *units as f64).limit(51.0)
                    } else {
                        NewOrder::sell(&symbol("X"), *units as f64).stop(49.0)
                    };
                    accounts.place(FIRST, Placement::One(order), known).unwrap();
                }
                let low = 49.0 - (seed % 16) as f64 / 8.0;
                accounts.meet(&symbol("X"), &bar(at, [50.0, 52.0, low, 50.0], 1_000.0));
                accounts.publish(minute(at + 1));
            }
            let trades = accounts.results(252.0)[0].trades;
            (accounts.balance(FIRST).cash, trades.traded, trades.commission, trades.slippage)
        };
        let (whole, split) = (outcome(&[100]), outcome(&[part, 100 - part]));
        prop_assert!(is_near(whole.0, split.0) && is_near(whole.1, split.1));
        prop_assert!(is_near(whole.2, split.2) && is_near(whole.3, split.3));
        prop_assert!(whole.0 < 10_000.0);
    }

    #[test]
    fn what_trades_came_to_is_what_the_account_gained(seed: u64, short: bool, costs: bool) {
        let run = run(&Setup::new(seed, settings(short, costs)));
        let results = &run.accounts.results(252.0)[0];
        prop_assume!(results.by_symbol.len() > 1);
        let sum: f64 = fills(&run).iter().map(|fill| fill.commission).sum();
        prop_assert!(is_near(results.trades.commission, sum));
        if run.shown.last().unwrap().positions.is_empty() {
            let gained = results.end.equity - results.start;
            prop_assert!((results.trades.profit() - gained).abs() < 1e-6);
        }
    }
}

#[test]
fn random_runs_fill_orders_of_every_kind() {
    let mut kinds = BTreeMap::<&str, u64>::new();
    for seed in 0..50 {
        let run = run(&Setup::new(seed, settings(true, false)));
        let orders = orders(&run);
        for fill in fills(&run) {
            let order = &orders[&fill.order].0;
            *kinds.entry(order.kind.name()).or_default() += 1;
            if order.pair.is_some() {
                *kinds.entry("of a pair").or_default() += 1;
            }
            if order.entry.is_some() {
                *kinds.entry("exit").or_default() += 1;
            }
        }
    }
    assert_eq!(kinds.len(), 7, "{kinds:?}");
    assert!(kinds.values().all(|n| *n > 50), "{kinds:?}");
}
