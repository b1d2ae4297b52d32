//! Each rule of the account with its rows: what is ordered, the bar, what comes of it.

use crate::support::{Desk, MINE, SESSION, bar, minute, plain, symbol, x_buy, x_sell};
use openbell_account::{AccountSettings, Commission, FillRecord, Participation, ShortSales};
use openbell_coordinator::{Fill, Matching, NewOrder, OrderRefusal};

/// An order of 10 and the bar that it meets: the price and the place of its fill, or nothing. X stands
/// at 50, and 10 are held where it is a sale.
#[rustfmt::skip]
const ONE_ORDER_ONE_BAR: &[(&str, [f64; 4], &str)] = &[
    // order                  open  high  low   close   fill
    ("buy market",           [51.0, 53.0, 49.0, 52.0], "51 open"),
    ("sell market",          [51.0, 53.0, 49.0, 52.0], "51 open"),
    // A limit: through it, not only to it; at the open where that is better.
    ("buy limit 49",         [50.0, 51.0, 49.0, 50.0], "-"),
    ("buy limit 49",         [50.0, 51.0, 48.9, 50.0], "49 inside"),
    ("buy limit 49",         [49.0, 51.0, 49.0, 50.0], "49 open"),
    ("buy limit 49",         [48.0, 51.0, 47.0, 50.0], "48 open"),
    ("buy limit 49",         [50.0, 51.0, 49.5, 50.0], "-"),
    ("sell limit 52",        [51.0, 52.0, 50.0, 51.0], "-"),
    ("sell limit 52",        [51.0, 52.1, 50.0, 51.0], "52 inside"),
    ("sell limit 52",        [52.0, 52.0, 50.0, 51.0], "52 open"),
    ("sell limit 52",        [54.0, 55.0, 53.0, 54.0], "54 open"),
    // A stop: a touch is enough; at the open where that is worse.
    ("buy stop 52",          [51.0, 51.9, 50.0, 51.0], "-"),
    ("buy stop 52",          [51.0, 52.0, 50.0, 51.0], "52 inside"),
    ("buy stop 52",          [54.0, 55.0, 53.0, 54.0], "54 open"),
    ("sell stop 49",         [50.0, 51.0, 49.1, 50.0], "-"),
    ("sell stop 49",         [50.0, 51.0, 49.0, 50.0], "49 inside"),
    ("sell stop 49",         [47.0, 50.0, 46.0, 48.0], "47 open"),
    // A stop-limit: triggered by the open, it is a limit for that bar; inside, not yet.
    ("buy stop 52 limit 53", [51.0, 52.5, 50.0, 51.0], "-"),
    ("buy stop 52 limit 53", [52.0, 55.0, 51.0, 54.0], "52 open"),
    ("buy stop 52 limit 53", [54.0, 55.0, 52.5, 54.0], "53 inside"),
    ("buy stop 52 limit 53", [54.0, 55.0, 53.0, 54.0], "-"),
    ("sell stop 49 limit 48",[47.0, 48.0, 46.0, 47.0], "-"),
    ("sell stop 49 limit 48",[47.0, 48.1, 46.0, 47.0], "48 inside"),
    ("sell stop 49 limit 48",[49.0, 50.0, 46.0, 47.0], "49 open"),
];

#[test]
fn an_order_fills_in_a_bar_as_its_row_says() {
    for (order, prices, expected) in ONE_ORDER_ONE_BAR {
        let words: Vec<&str> = order.split(' ').collect();
        let mut desk = Desk::new(plain());
        let amount = 10.0;
        if words[0] == "sell" {
            desk.order(x_buy(amount));
            desk.bar([50.0; 4]);
            desk.fills();
        }
        let given = if words[0] == "sell" { x_sell(amount) } else { x_buy(amount) };
        let price = |at: usize| words[at].parse::<f64>().expect("a price");
        desk.order(match words[1..] {
            ["market"] => given,
            ["limit", _] => given.limit(price(2)),
            ["stop", _] => given.stop(price(2)),
            _ => given.stop_limit(price(2), price(4)),
        });
        desk.bar(*prices);
        let fills = desk.fills();
        let expected: Vec<String> = match *expected {
            "-" => Vec::new(),
            fill => {
                let (price, moment) = fill.split_once(' ').expect("two words");
                vec![format!("{} 10 at {price} {moment}", words[0])]
            }
        };
        assert_eq!(fills, expected, "{order} in {prices:?}");
    }
}

#[test]
fn an_order_never_meets_a_bar_that_opened_before_it() {
    let mut desk = Desk::new(plain());
    desk.bar([50.0, 55.0, 45.0, 50.0]);
    desk.order(x_buy(10.0).limit(49.0));
    // The same bar once more, as a late one: it opened before the order.
    desk.accounts.meet(&symbol("X"), &bar(0, [50.0, 55.0, 45.0, 50.0], 1_000.0));
    desk.accounts.publish(minute(1));
    assert_eq!(desk.fills(), [""; 0]);
    desk.bar([50.0, 50.0, 48.0, 50.0]);
    assert_eq!(desk.fills(), ["buy 10 at 49 inside"]);
}

#[test]
fn a_fill_is_dated_its_open_and_counted_with_the_publication() {
    let mut desk = Desk::new(plain());
    desk.order(x_buy(10.0));
    desk.accounts.meet(&symbol("X"), &bar(0, [51.0, 53.0, 50.0, 52.0], 1_000.0));
    // Delivered, and not published: the order is open still.
    assert_eq!((desk.cash(), desk.held()), (10_000.0, 0));
    assert_eq!(desk.accounts.resting(MINE).len(), 1);
    desk.accounts.publish(minute(1));
    assert_eq!((desk.cash(), desk.held()), (9_490.0, 10));
    assert_eq!(desk.accounts.balance(MINE).equity, 10_010.0);
    let fill = &desk.accounts.results(252.0)[0].fills[0].fill;
    assert_eq!((fill.at, fill.made_at), (minute(0), minute(1)));
}

#[test]
fn a_stop_limit_that_is_triggered_inside_fills_from_the_next_bar_on() {
    let mut desk = Desk::new(plain());
    desk.order(x_buy(10.0).stop_limit(52.0, 53.0));
    desk.bar([51.0, 52.5, 50.0, 51.0]);
    assert_eq!(desk.fills(), [""; 0]);
    desk.bar([51.5, 51.5, 51.0, 51.0]);
    assert_eq!(desk.fills(), ["buy 10 at 51.5 open"]);
}

#[test]
fn a_cancel_is_for_bars_that_open_at_or_after_it_and_an_earlier_fill_wins() {
    let mut desk = Desk::new(plain());
    // In the middle of a minute: its bar is still to come, and fills.
    let id = desk.order(x_buy(10.0).limit(49.0));
    let mut known = desk.known();
    known.at = minute(0) + openbell_time::Nanos::from_secs(30);
    desk.accounts.cancel(MINE, id, known).unwrap();
    assert!(desk.accounts.cancel(MINE, id, known).is_err());
    desk.bar([50.0, 50.0, 48.0, 50.0]);
    assert_eq!(desk.fills(), ["buy 10 at 49 inside"]);
    // At the instant at which all that opened before has come: it takes effect at once.
    let id = desk.order(x_buy(10.0).limit(49.0));
    desk.cancel(id).unwrap();
    assert_eq!(desk.news(), ["order 2 ends, cancelled, 10 left"]);
    desk.bar([50.0, 50.0, 48.0, 50.0]);
    assert_eq!((desk.fills().len(), desk.cancel(id).is_err()), (0, true));
    // The bar that opens at the cancel is none of it.
    let id = desk.order(x_buy(10.0).limit(49.0));
    let mut known = desk.known();
    known.settled_through = minute(0);
    desk.accounts.cancel(MINE, id, known).unwrap();
    desk.bar([50.0, 50.0, 48.0, 50.0]);
    assert_eq!(desk.news(), ["order 3 ends, cancelled, 10 left"]);
}

/// Of a thin symbol no bar may come for long: the cancel takes effect once none can that opened before it.
#[test]
fn a_cancel_that_waits_ends_when_no_bar_before_it_can_come() {
    let mut desk = Desk::new(plain());
    let id = desk.order(x_buy(10.0).limit(49.0));
    assert!(desk.accounts.awaited().is_empty(), "it rests, and is not cancelled");
    let mut known = desk.known();
    known.at = minute(0) + openbell_time::Nanos::from_secs(30);
    desk.accounts.cancel(MINE, id, known).unwrap();
    assert_eq!(desk.accounts.awaited(), [symbol("X")]);
    for (through, news) in [(0, &[][..]), (1, &["order 1 ends, cancelled, 10 left"])] {
        desk.accounts.settle(&symbol("X"), minute(through));
        desk.accounts.publish(minute(2));
        assert_eq!(desk.news(), news, "settled through minute {through}");
    }
    assert!(desk.accounts.awaited().is_empty());
}

/// A pair around 10 that are held at 50, stop 48 and target 53, and the bar that it meets.
#[rustfmt::skip]
const PAIRS: &[([f64; 4], &[&str])] = &[
    // open  high  low   close
    ([50.0, 52.0, 49.0, 50.0], &[]),
    ([50.0, 54.0, 49.0, 50.0], &["sell 10 at 53 inside"]),
    ([50.0, 52.0, 48.0, 50.0], &["sell 10 at 48 inside"]),
    // Both are touched inside: it is the stop.
    ([50.0, 54.0, 47.0, 50.0], &["sell 10 at 48 inside"]),
    // The open decides before anything inside does.
    ([55.0, 56.0, 47.0, 50.0], &["sell 10 at 55 open"]),
    ([46.0, 54.0, 45.0, 50.0], &["sell 10 at 46 open"]),
];

#[test]
fn of_a_pair_one_fills_and_both_touched_is_the_stop() {
    for (prices, expected) in PAIRS {
        let mut desk = Desk::new(plain());
        desk.order(x_buy(10.0));
        desk.bar([50.0; 4]);
        desk.news();
        desk.pair(x_sell(10.0).stop(48.0), x_sell(10.0).limit(53.0)).unwrap();
        desk.bar(*prices);
        let fills = desk.fills();
        assert_eq!(fills, *expected, "{prices:?}");
        assert_eq!(desk.accounts.resting(MINE).len(), if fills.is_empty() { 2 } else { 0 });
    }
}

/// An entry at a limit of 49 or at the market with a stop at 48 and a target at 53 behind it, and the bar
/// in which it fills.
#[rustfmt::skip]
const ENTRIES: &[(&str, [f64; 4], &[&str])] = &[
    // At the open the whole bar counts.
    ("market",   [50.0, 54.0, 49.0, 50.0], &["buy 10 at 50 open", "sell 10 at 53 inside"]),
    ("market",   [50.0, 54.0, 48.0, 50.0], &["buy 10 at 50 open", "sell 10 at 48 inside"]),
    ("market",   [50.0, 52.0, 49.0, 50.0], &["buy 10 at 50 open"]),
    ("market",   [47.0, 52.0, 46.0, 50.0], &["buy 10 at 47 open", "sell 10 at 47 open"]),
    ("limit",    [48.5, 54.0, 48.2, 50.0], &["buy 10 at 48.5 open", "sell 10 at 53 inside"]),
    // Inside, the stop counts and the target does not.
    ("limit",    [50.0, 54.0, 48.5, 50.0], &["buy 10 at 49 inside"]),
    ("limit",    [50.0, 54.0, 48.0, 50.0], &["buy 10 at 49 inside", "sell 10 at 48 inside"]),
    // A stop that was not there at the open is not filled by it.
    ("stop",     [47.0, 51.0, 46.0, 50.0], &["buy 10 at 51 inside", "sell 10 at 48 inside"]),
    // At the close, neither.
    ("on_close", [50.0, 54.0, 47.0, 49.0], &["buy 10 at 49 close"]),
];

#[test]
fn exits_count_from_where_their_entry_filled() {
    for (entry, prices, expected) in ENTRIES {
        let mut desk = Desk::new(plain());
        let order = x_buy(10.0).with_stop(48.0).with_target(53.0);
        desk.order(match *entry {
            "market" => order,
            "limit" => order.limit(49.0),
            "stop" => order.stop(51.0),
            _ => order.on_close(),
        });
        match *entry {
            "on_close" => desk.last_bar(*prices),
            _ => desk.bar(*prices),
        }
        assert_eq!(desk.fills(), *expected, "{entry} in {prices:?}");
    }
}

#[test]
fn an_exit_rests_over_days_and_fills_at_a_gap() {
    let mut desk = Desk::new(plain());
    desk.order(x_buy(10.0).with_stop(48.0));
    desk.bar([50.0; 4]);
    desk.last_bar([50.0; 4]);
    assert!(desk.locks());
    desk.news();
    desk.open(1);
    desk.bar([45.0, 46.0, 44.0, 45.0]);
    assert_eq!(desk.news(), ["sell 10 at 45 open", "order 2 ends, filled, 0 left"]);
    assert!(!desk.locks() && !desk.accounts.watches(&symbol("X")));
}

#[test]
fn exits_end_when_the_position_is_closed_by_another_order() {
    let mut desk = Desk::new(plain());
    desk.order(x_buy(10.0).with_stop(48.0).with_target(53.0));
    desk.bar([50.0; 4]);
    desk.news();
    desk.order(x_sell(10.0));
    desk.bar([51.0; 4]);
    assert_eq!(
        desk.news(),
        [
            "sell 10 at 51 open",
            "order 4 ends, filled, 0 left",
            "order 2 ends, nothing_to_reduce, 10 left",
            "order 3 ends, nothing_to_reduce, 10 left",
        ]
    );
}

#[test]
fn a_reduce_only_order_never_opens_the_other_side() {
    let mut desk = Desk::new(AccountSettings { short: ShortSales::Allowed, ..plain() });
    desk.order(x_buy(10.0));
    desk.bar([50.0; 4]);
    desk.order(x_sell(25.0).reduce_only());
    desk.news();
    desk.bar([50.0; 4]);
    assert_eq!(desk.news(), ["sell 10 at 50 open", "order 2 ends, nothing_to_reduce, 15 left"]);
    assert_eq!(desk.held(), 0);
}

#[test]
fn what_is_not_held_is_sold_only_where_short_sales_are_allowed() {
    let mut desk = Desk::new(plain());
    assert!(matches!(desk.place(x_sell(10.0)), Err(OrderRefusal::ShortNotAllowed { .. })));
    desk.order(x_buy(10.0));
    desk.bar([50.0; 4]);
    desk.order(x_sell(6.0));
    // Four are left that are in no other order.
    assert!(matches!(desk.place(x_sell(5.0)), Err(OrderRefusal::ShortNotAllowed { .. })));
    desk.order(x_sell(4.0));

    let mut desk = Desk::new(AccountSettings { short: ShortSales::Allowed, ..plain() });
    desk.order(x_sell(100.0));
    desk.bar([50.0; 4]);
    let balance = desk.accounts.balance(MINE);
    // 100 at 50 brought 5,000, and are covered by 5,000 more.
    assert_eq!((balance.cash, balance.equity, balance.free), (15_000.0, 10_000.0, 5_000.0));
    assert!(matches!(desk.place(x_sell(101.0)), Err(OrderRefusal::NotEnoughCash { .. })));
    desk.order(x_buy(100.0));
    desk.bar([60.0; 4]);
    assert_eq!((desk.cash(), desk.held()), (9_000.0, 0));
}

#[test]
fn an_on_close_order_fills_at_the_close_of_the_last_bar_or_ends_with_a_reason() {
    let mut desk = Desk::new(plain());
    desk.order(x_buy(10.0).on_close());
    desk.bar([50.0, 55.0, 45.0, 51.0]);
    assert_eq!(desk.fills(), [""; 0]);
    desk.last_bar([51.0, 53.0, 50.0, 52.0]);
    assert_eq!(desk.fills(), ["buy 10 at 52 close"]);

    // A thin symbol: no bar opens after the order any more, whether or not the last one was met.
    for has_met in [false, true] {
        let mut desk = Desk::new(plain());
        if has_met {
            desk.order(x_buy(10.0));
        }
        desk.bar([50.0; 4]);
        desk.news();
        let id = desk.order(x_buy(10.0).on_close());
        desk.accounts.close_session(minute(SESSION));
        assert_eq!(desk.news(), [format!("{id} ends, no_bar_after_it, 10 left")]);
    }
}

#[test]
fn an_order_of_the_session_ends_with_it_and_one_given_after_belongs_to_the_next() {
    let mut desk = Desk::new(plain());
    desk.order(x_buy(10.0).limit(40.0));
    desk.order(x_buy(10.0).limit(41.0).until_cancelled());
    desk.last_bar([50.0; 4]);
    assert_eq!(desk.news(), ["order 1 ends, session_over, 10 left"]);
    let next = desk.order(x_buy(10.0));
    desk.open(1);
    desk.bar([52.0, 53.0, 51.0, 52.0]);
    assert_eq!(desk.fills(), ["buy 10 at 52 open"]);
    assert_eq!(next.number(), 3);
    assert_eq!(desk.accounts.resting(MINE).len(), 1);
    assert!(desk.locks());
}

#[test]
fn sessions_that_adjoin_hand_an_order_on_at_the_instant_between_them() {
    // A market that never closes: the order is given at the close, which is the next open.
    let mut desk = Desk::new(plain());
    desk.now = 1439;
    desk.last_bar([50.0; 4]);
    desk.order(x_buy(10.0));
    desk.open(1);
    desk.bar([51.0; 4]);
    assert_eq!(desk.fills(), ["buy 10 at 51 open"]);
}

#[test]
fn bars_of_a_day_fill_at_the_next_days_open() {
    let mut desk = Desk::new(plain());
    let day = |n: i64, open: f64| openbell_market::Bar {
        opens_at: minute(n * 1440),
        closes_at: minute(n * 1440 + SESSION),
        ohlcv: openbell_market::Ohlcv {
            open,
            high: open + 1.0,
            low: open - 1.0,
            close: open,
            volume: 1e3,
        },
    };
    desk.accounts.meet(&symbol("X"), &day(0, 50.0));
    desk.accounts.close_session(minute(SESSION));
    desk.now = SESSION;
    desk.order(x_buy(10.0));
    desk.open(1);
    desk.accounts.meet(&symbol("X"), &day(1, 55.0));
    desk.accounts.close_session(minute(1440 + SESSION));
    assert_eq!(desk.fills(), ["buy 10 at 55 open"]);
}

#[test]
fn orders_share_a_bars_volume_in_order_of_arrival_and_the_rest_stays() {
    let settings = AccountSettings { participation: Participation::OfVolume(0.1), ..plain() };
    let mut desk = Desk::new(settings);
    desk.order(x_buy(8.0).limit(49.0));
    desk.order(x_buy(8.0));
    desk.bar_of([50.0, 50.0, 48.0, 50.0], 109.0);
    // 10 of 109: eight for the first, two for the second.
    assert_eq!(desk.fills(), ["buy 8 at 49 inside", "buy 2 at 50 open"]);
    desk.bar_of([51.0; 4], 0.0);
    assert_eq!(desk.fills(), [""; 0]);
    desk.bar_of([52.0; 4], 1_000.0);
    assert_eq!(desk.fills(), ["buy 6 at 52 open"]);
}

#[test]
fn a_stop_that_volume_holds_back_goes_on_at_the_market_and_its_target_has_ended() {
    let settings = AccountSettings { participation: Participation::OfVolume(0.1), ..plain() };
    let mut desk = Desk::new(settings);
    desk.order(x_buy(10.0).with_stop(48.0).with_target(53.0));
    desk.bar_of([50.0; 4], 1_000.0);
    desk.news();
    desk.bar_of([49.0, 54.0, 47.0, 48.0], 40.0);
    assert_eq!(desk.news(), ["order 3 ends, pair_done, 10 left", "sell 4 at 48 inside"]);
    desk.bar_of([55.0, 56.0, 54.0, 55.0], 1_000.0);
    assert_eq!(desk.news(), ["sell 6 at 55 open", "order 2 ends, filled, 0 left"]);
}

#[test]
fn a_target_that_volume_holds_back_leaves_its_stop_as_much() {
    let settings = AccountSettings { participation: Participation::OfVolume(0.1), ..plain() };
    let mut desk = Desk::new(settings);
    desk.order(x_buy(10.0).with_stop(48.0).with_target(53.0));
    desk.bar_of([50.0; 4], 1_000.0);
    desk.news();
    desk.bar_of([50.0, 54.0, 49.0, 50.0], 40.0);
    assert_eq!(desk.news(), ["sell 4 at 53 inside"]);
    desk.bar_of([50.0, 51.0, 47.0, 50.0], 1_000.0);
    assert_eq!(
        desk.news(),
        ["order 3 ends, pair_done, 6 left", "sell 6 at 48 inside", "order 2 ends, filled, 0 left"]
    );
}

#[test]
fn cash_is_reserved_at_the_order_and_checked_again_at_the_fill() {
    let mut desk = Desk::new(plain());
    desk.order(x_buy(150.0));
    assert_eq!(desk.accounts.balance(MINE).free, 2_500.0);
    assert_eq!(
        desk.place(x_buy(51.0)).map_err(|why| why.to_string()),
        Err("cannot order X: 2550.00 is needed, 2500.00 is free".to_owned())
    );
    desk.order(x_buy(50.0));
    desk.news();
    // It opens at 60: 200 would cost 12,000.
    desk.bar([60.0; 4]);
    assert_eq!(
        desk.news(),
        [
            "buy 125 at 60 open",
            "order 1 ends, short_of_cash, 25 left",
            "buy 41 at 60 open",
            "order 3 ends, short_of_cash, 9 left",
        ]
    );
    assert_eq!((desk.cash(), desk.held()), (40.0, 166));
}

#[test]
fn what_a_sale_brings_is_spent_by_no_fill_of_the_same_publication() {
    let mut desk = Desk::new(plain());
    desk.order(x_buy(200.0));
    desk.bar([50.0; 4]);
    assert_eq!(desk.cash(), 0.0);
    desk.order(x_sell(100.0));
    assert!(desk.place(x_buy(1.0)).is_err());
    desk.bar([50.0; 4]);
    assert_eq!(desk.accounts.balance(MINE).free, 5_000.0);

    // A purchase that opens dearer than it was reserved for, beside a sale of the same minute.
    desk.order(x_sell(100.0));
    let known = desk.known();
    let y = NewOrder::buy(&symbol("Y"), 100.0);
    desk.accounts.place(MINE, openbell_coordinator::Placement::One(y), known).unwrap();
    desk.news();
    desk.accounts.meet(&symbol("Y"), &bar(desk.now, [60.0; 4], 1_000.0));
    desk.bar([50.0; 4]);
    assert_eq!(
        desk.fills(),
        ["buy 83 at 60 open", "sell 100 at 50 open"],
        "in whichever order they come"
    );
    desk.order(x_buy(10.0));
    desk.bar([50.0; 4]);
    desk.order(x_sell(10.0));
    let y = NewOrder::buy(&symbol("Y"), 90.0);
    let known = desk.known();
    desk.accounts.place(MINE, openbell_coordinator::Placement::One(y), known).unwrap();
    desk.news();
    // 4,520 are there, and 500 that come with the sale.
    let at = desk.now;
    desk.accounts.meet(&symbol("X"), &bar(at, [50.0; 4], 1_000.0));
    desk.accounts.meet(&symbol("Y"), &bar(at, [60.0; 4], 1_000.0));
    desk.accounts.publish(minute(at + 1));
    assert_eq!(desk.fills(), ["sell 10 at 50 open", "buy 75 at 60 open"]);
}

#[test]
fn a_target_orders_what_leads_to_it_rounded_toward_zero() {
    let x = symbol("X");
    let rows = [
        (NewOrder::to_units(&x, 25.9), "buy 15 at 50 open"),
        (NewOrder::to_units(&x, 0.0), "sell 10 at 50 open"),
        (NewOrder::to_fraction(&x, 0.5), "buy 90 at 50 open"),
        (NewOrder::to_fraction(&x, 0.0279), "sell 5 at 50 open"),
    ];
    for (order, expected) in rows {
        let mut desk = Desk::new(plain());
        desk.order(x_buy(10.0));
        desk.bar([50.0; 4]);
        desk.news();
        desk.order(order.clone());
        desk.bar([50.0; 4]);
        assert_eq!(desk.fills(), [expected], "{order:?}");
    }
    let mut desk = Desk::new(plain());
    let refused = desk.place(NewOrder::to_fraction(&x, 0.001));
    assert!(matches!(refused, Err(OrderRefusal::AlreadyThere { .. })));
}

#[test]
fn costs_are_counted_once_an_order_and_slippage_spares_limits() {
    let commission = Commission { per_trade: 1.0, per_share: 0.5, bps: 100.0, min: 0.0 };
    let settings = AccountSettings {
        commission,
        slippage_bps: 200.0,
        participation: Participation::OfVolume(0.01),
        ..plain()
    };
    let mut desk = Desk::new(settings);
    desk.order(x_buy(10.0));
    desk.bar_of([50.0; 4], 400.0);
    desk.bar_of([50.0; 4], 600.0);
    // Four, then six, each at 50 and 2 % of it: 51. The order pays 1 once, 0.5 a share, 1 % of 510.
    let results = desk.accounts.results(252.0);
    let paid: Vec<String> = results[0]
        .fills
        .iter()
        .map(|FillRecord { fill, .. }| {
            let Fill { reference_price, slippage, commission, .. } = fill;
            format!("{reference_price} + {slippage}, {commission:.2}")
        })
        .collect();
    assert_eq!(paid, ["50 + 1, 5.04", "50 + 1, 6.06"]);
    assert_eq!(format!("{:.2}", desk.cash()), "9478.90");
    desk.order(x_sell(10.0).limit(49.0));
    desk.bar_of([50.0; 4], 1_000.0);
    let results = desk.accounts.results(252.0);
    assert_eq!(results[0].fills[2].fill.slippage, 0.0);
    // 500 − 510 − 11.1 − (1 + 5 + 5).
    assert!((results[0].trades.profit() - -32.1).abs() < 1e-9);
}

#[test]
fn a_minimum_is_an_orders_and_not_a_fills() {
    let commission = Commission { per_share: 0.1, min: 2.0, ..Commission::NONE };
    let participation = Participation::OfVolume(0.01);
    let mut desk = Desk::new(AccountSettings { commission, participation, ..plain() });
    desk.order(x_buy(30.0));
    desk.bar_of([50.0; 4], 1_000.0);
    desk.bar_of([50.0; 4], 2_000.0);
    let results = desk.accounts.results(252.0);
    let paid: Vec<f64> = results[0].fills.iter().map(|it| it.fill.commission).collect();
    assert_eq!(paid, [2.0, 1.0]);
}

#[test]
fn a_revised_bar_changes_marks_and_no_fill_and_a_late_one_matches_nothing() {
    let mut desk = Desk::new(plain());
    desk.order(x_buy(10.0));
    desk.bar([50.0, 53.0, 49.0, 52.0]);
    desk.accounts.revise(&symbol("X"), &bar(0, [60.0, 63.0, 59.0, 62.0], 1.0));
    assert_eq!(desk.accounts.balance(MINE).equity, 10_120.0);
    desk.order(x_buy(10.0).limit(40.0));
    desk.bar([52.0; 4]);
    desk.accounts.count_late(&symbol("X"));
    let results = &desk.accounts.results(252.0)[0];
    assert_eq!(results.fills.len(), 1);
    assert_eq!(results.fills[0].fill.reference_price, 50.0);
    assert!(results.fills[0].is_bar_revised);
    let counts = results.counts;
    assert_eq!((counts.bars_revised, counts.fills_revised, counts.bars_late), (1, 1, 1));
}

#[test]
fn a_late_bar_matches_nothing_and_is_counted() {
    let mut desk = Desk::new(plain());
    desk.order(x_buy(10.0).limit(49.0));
    desk.now = 1;
    desk.bar([50.0; 4]);
    // The minute before it, which the order would have met.
    desk.accounts.meet(&symbol("X"), &bar(0, [50.0, 50.0, 48.0, 50.0], 1_000.0));
    desk.accounts.publish(minute(2));
    assert_eq!(desk.news(), [""; 0]);
    assert_eq!(desk.accounts.results(252.0)[0].counts.bars_late, 1);
}

#[test]
fn a_symbol_that_leaves_ends_its_orders() {
    let mut desk = Desk::new(plain());
    desk.order(x_buy(10.0).limit(40.0));
    assert!(!desk.locks());
    desk.accounts.symbol_left(&symbol("X"), minute(0));
    assert_eq!(desk.news(), ["order 1 ends, symbol_left, 10 left"]);
}

#[test]
fn coins_are_counted_in_small_lots() {
    let mut desk = Desk::new(AccountSettings { lot: 1e-8, ..plain() });
    desk.order(x_buy(0.3));
    desk.bar([50.0; 4]);
    assert_eq!(
        (desk.held(), format!("{:.6}", desk.cash())),
        (30_000_000, "9985.000000".to_owned())
    );
}
