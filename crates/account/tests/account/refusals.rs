//! What an account does not take, each reason with its words.

use openbell_account::{AccountLimits, AccountSettings};
use openbell_coordinator::{
    Known, Mark, Matching, NewOrder, OrderRefusal, Placement, Standing, TradingLimit,
};

use crate::support::{Desk, MINE, minute, plain, symbol, x_buy, x_sell};

#[test]
fn an_order_that_cannot_be_taken_is_refused_by_name() {
    let x = symbol("X");
    let rows: [(NewOrder, &str); 11] = [
        (x_buy(0.5), "cannot order 0.5 of X: it is less than one lot of 1"),
        (
            x_buy(f64::NAN),
            "cannot order NaN of X: a finite number is needed, and above 0 where a side is given",
        ),
        (
            x_sell(-3.0),
            "cannot order -3 of X: a finite number is needed, and above 0 where a side is given",
        ),
        (x_buy(10.0).limit(0.0), "cannot order X at 0: a finite price above 0 is needed"),
        (
            x_buy(10.0).with_stop(f64::INFINITY),
            "cannot order X at inf: a finite price above 0 is needed",
        ),
        (
            x_buy(10.0).with_stop(53.0).with_target(48.0),
            "cannot leave a stop at 53 and a target at 48 for a buy of X: the stop has to lie below the target",
        ),
        (
            x_sell(10.0).with_stop(48.0).with_target(53.0),
            "cannot leave a stop at 48 and a target at 53 for a sell of X: the stop has to lie above the target",
        ),
        (
            x_sell(10.0).reduce_only().with_stop(53.0),
            "cannot leave exits behind an order of X that only reduces a position; drop one or the other",
        ),
        (
            x_buy(10.0).on_close().until_cancelled(),
            "cannot keep an on-close order of X until it is cancelled: it fills or ends at its session's close",
        ),
        (x_buy(1e300), "cannot order 1000"),
        (
            NewOrder::to_units(&x, 0.0),
            "nothing to order of X: the position is at its target of 0 lots already",
        ),
    ];
    for (order, why) in rows {
        let mut desk = Desk::new(plain());
        let refused = desk.place(order).map_err(|refusal| refusal.to_string());
        let refused = refused.expect_err("it is refused");
        if why.starts_with("cannot order 1000") {
            assert!(refused.ends_with("no more than 9007199254740992 lots can be counted"));
        } else {
            assert_eq!(refused, why);
        }
        // It leaves no trace but its word and its count.
        assert_eq!(desk.news(), [refused]);
        assert!(!desk.accounts.watches(&x));
        assert_eq!(desk.accounts.results(252.0)[0].counts.refused, 1);
    }
}

#[test]
fn a_symbol_without_a_price_to_reckon_with_is_refused() {
    let x = symbol("X");
    let mark = |price| Standing::Priced(Mark { price, at: minute(0) });
    let rows = [
        (Standing::Absent, "cannot order X: it is no symbol of the session now; add it first"),
        (
            Standing::Unpriced,
            "cannot order X: no bar of it has closed yet, so it has no price; wait for one",
        ),
        (
            mark(-1.5),
            "cannot order X: its last price is -1.5; an account reckons with prices above 0",
        ),
    ];
    for (standing, why) in rows {
        let mut desk = Desk::new(plain());
        let known = Known { standing, ..desk.known() };
        let placement = Placement::One(NewOrder::buy(&x, 1.0));
        let refused = desk.accounts.place(MINE, placement, known);
        assert_eq!(refused.map_err(|refusal| refusal.to_string()), Err(why.to_owned()));
    }
}

#[test]
fn a_bar_without_a_price_to_reckon_with_ends_the_order() {
    let mut desk = Desk::new(plain());
    desk.order(x_buy(10.0));
    desk.bar([-2.0, 1.0, -3.0, 1.0]);
    assert_eq!(desk.news(), ["order 1 ends, price_not_positive, 10 left"]);
    assert_eq!(desk.cash(), 10_000.0);
}

#[test]
fn two_that_are_no_stop_and_limit_of_one_kind_are_no_pair() {
    let rows = [
        (x_buy(10.0).limit(49.0), x_buy(10.0).limit(48.0)),
        (x_buy(10.0).stop(52.0), x_buy(10.0).stop(53.0)),
        (x_buy(10.0).stop(52.0), x_buy(11.0).limit(49.0)),
        (x_buy(10.0).stop(52.0), x_buy(10.0).limit(49.0).with_stop(48.0)),
        (x_buy(10.0).stop(52.0), NewOrder::buy(&symbol("Y"), 10.0).limit(49.0)),
    ];
    for (stop, target) in rows {
        let mut desk = Desk::new(plain());
        let refused = desk.pair(stop, target);
        assert!(matches!(refused, Err(OrderRefusal::NoPair { .. })), "{refused:?}");
    }
}

/// Limits of 6,000 in all, 3,000 in one trade, 4,000 in one symbol, one position.
#[test]
fn the_limits_of_trading_are_held_at_the_order() {
    let limits = AccountLimits {
        max_buying_power: 6_000.0,
        max_per_trade: 3_000.0,
        max_per_symbol: 4_000.0,
        max_open_positions: 1,
    };
    let mut desk = Desk::new(AccountSettings { limits: Some(limits), ..plain() });
    let over = |refused: Result<_, OrderRefusal>| match refused {
        Err(OrderRefusal::OverLimit { limit, needed, .. }) => (limit, needed),
        other => panic!("it is over no limit: {other:?}"),
    };
    assert_eq!(over(desk.place(x_buy(61.0))), (TradingLimit::PerTrade, 3_050.0));
    desk.order(x_buy(60.0));
    assert_eq!(over(desk.place(x_buy(21.0))), (TradingLimit::PerSymbol, 4_050.0));
    desk.bar([50.0; 4]);
    assert_eq!(over(desk.place(x_buy(21.0))), (TradingLimit::PerSymbol, 4_050.0));
    let other = desk.place(NewOrder::buy(&symbol("Y"), 10.0));
    assert!(matches!(other, Err(OrderRefusal::TooManyPositions { open: 2, allowed: 1, .. })));
    // What closes is under no limit.
    desk.order(x_sell(60.0));

    let limits = AccountLimits { max_open_positions: 5, ..limits };
    let mut desk = Desk::new(AccountSettings { limits: Some(limits), ..plain() });
    desk.order(x_buy(60.0));
    desk.order(NewOrder::buy(&symbol("Y"), 60.0));
    let third = desk.place(NewOrder::buy(&symbol("Z"), 1.0));
    assert_eq!(over(third), (TradingLimit::BuyingPower, 6_050.0));
}
