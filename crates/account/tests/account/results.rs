//! What an account came to, reckoned by hand.

use crate::support::{Desk, MINE, SESSION, bar, minute, plain, session, symbol, x_buy, x_sell};
use openbell_account::{
    AccountOf, AccountSettings, Accounts, Commission, Curve, N_SESSIONS_ANNUALISED, Returns,
};
use openbell_coordinator::{Known, Mark, Matching, NewOrder, Placement, Standing, StrategyIdx};

/// Two days of ten minutes that hold 100 of X for five of them.
#[test]
fn figures_of_two_days_are_those_of_pencil_and_paper() {
    let commission = Commission { per_trade: 1.0, ..Commission::NONE };
    let mut accounts =
        Accounts::new(AccountSettings { commission, ..plain() }, AccountOf::EachStrategy, ["mine"])
            .unwrap()
            .beside(symbol("X"));
    let closes = [[50.0, 52.0, 54.0, 51.0], [51.0, 50.0, 53.0, 53.0]];
    for (day, closes) in closes.iter().enumerate() {
        let day = day as i64;
        accounts.open_session(&session(day, 4));
        let mut last = if day == 0 { 50.0 } else { 51.0 };
        for (n, close) in closes.iter().enumerate() {
            let at = day * 1440 + n as i64;
            if n == 1 {
                let standing = Standing::Priced(Mark { price: last, at: minute(at) });
                let known = Known { at: minute(at), settled_through: minute(at), standing };
                let order = match day {
                    0 => NewOrder::buy(&symbol("X"), 100.0),
                    _ => NewOrder::sell(&symbol("X"), 100.0),
                };
                accounts.place(MINE, Placement::One(order), known).unwrap();
            }
            let (high, low) = (last.max(*close), last.min(*close));
            accounts.meet(&symbol("X"), &bar(at, [last, high, low, *close], 1_000.0));
            match n {
                3 => accounts.close_session(minute(at + 1)),
                _ => accounts.publish(minute(at + 1)),
            }
            last = *close;
        }
    }
    let results = &accounts.results(252.0)[0];
    // Bought at 50 and sold at 51, 1 paid each time.
    assert_eq!(results.end.equity, 10_098.0);
    assert_eq!((results.trades.n_trades, results.trades.n_wins), (1, 1));
    assert_eq!((results.trades.profit(), results.trades.costs()), (98.0, 2.0));
    assert_eq!((results.trades.hit_rate(), results.trades.profit_factor()), (Some(1.0), None));
    assert_eq!((results.trades.average_win(), results.trades.average_loss()), (Some(98.0), None));
    // 5,000 bought and 5,100 sold, over the mean of 10,099 and 10,098.
    assert_eq!(results.turnover, Some(10_100.0 / 10_098.5));
    // Closes of 10,099 and 10,098 from 10,000.
    assert_eq!(results.returns.total, 10_098.0 / 10_000.0 - 1.0);
    assert_eq!(results.returns.n_sessions, 2);
    assert_eq!(results.returns.annual, None);
    // From 10,399 (54) to 10,099 (51) and back to no more than 10,098.
    let drawdown = results.drawdown.unwrap();
    assert!((drawdown.depth - (1.0 - 10_098.0 / 10_399.0)).abs() < 1e-12);
    assert_eq!((drawdown.peak_at, drawdown.trough_at), (minute(3), minute(1442)));
    assert_eq!(drawdown.recovered_at, None);
    // Two of four minutes held on the first day (5,200 of 10,199, then 5,400 of 10,399), counted from one
    // mark to the next; on the second two, at 51 and then 51.
    let shares = [5_200.0 / 10_199.0, 5_400.0 / 10_399.0, 5_100.0 / 10_099.0, 5_100.0 / 10_099.0];
    assert!((results.exposure.unwrap() - shares.iter().sum::<f64>() / 8.0).abs() < 1e-12);
    let held: Vec<(i64, f64)> = results
        .held
        .iter()
        .map(|held| (held.position.lots.count(), held.position.mark.price))
        .collect();
    assert_eq!(held, [(100, 51.0)]);
    assert_eq!(results.equity.len(), 2);
    let beside = results.benchmark.as_ref().unwrap();
    // From the first open, 50, to 53.
    assert_eq!(beside.returns.total, 53.0 / 50.0 - 1.0);
    assert_eq!(beside.drawdown.unwrap().depth, 1.0 - 50.0 / 54.0);
}

#[test]
fn trades_that_gain_and_lose_are_told_apart_with_costs_counted() {
    // In at, out at, of eight; each order pays 1.
    let trades = [(50.0, 53.0), (50.0, 49.0), (50.0, 50.25), (50.0, 50.125)];
    let commission = Commission { per_trade: 1.0, ..Commission::NONE };
    let mut desk = Desk::new(AccountSettings { commission, ..plain() });
    for (bought, sold) in trades {
        desk.order(x_buy(8.0));
        desk.bar([bought; 4]);
        desk.order(x_sell(8.0));
        desk.bar([sold; 4]);
    }
    // 24 − 2, −8 − 2, 2 − 2, 1 − 2.
    let results = desk.accounts.results(252.0);
    let trades = results[0].trades;
    assert_eq!((trades.n_trades, trades.n_wins), (4, 1));
    assert_eq!(trades.average_win(), Some(22.0));
    assert_eq!(trades.average_loss(), Some(5.5));
    assert_eq!(trades.profit(), desk.cash() - 10_000.0);
}

#[test]
fn a_fill_that_turns_a_position_closes_one_trade_and_opens_the_next() {
    let settings = AccountSettings { short: openbell_account::ShortSales::Allowed, ..plain() };
    let commission = Commission { per_share: 0.5, ..Commission::NONE };
    let mut desk = Desk::new(AccountSettings { commission, ..settings });
    desk.order(x_buy(10.0));
    desk.bar([50.0; 4]);
    desk.order(x_sell(40.0));
    desk.bar([52.0; 4]);
    // 10 × 2, less 5 for the purchase and a quarter of 20 for the sale.
    assert_eq!(desk.accounts.results(252.0)[0].trades.profit(), 10.0);
    desk.order(x_buy(30.0));
    desk.bar([51.0; 4]);
    // 30 × 1, less three quarters of 20 and 15: nothing.
    let trades = desk.accounts.results(252.0)[0].trades;
    assert_eq!((trades.n_trades, trades.profit()), (2, 10.0));
}

#[test]
fn figures_are_annualised_from_sixty_sessions_on() {
    let closes: Vec<f64> = (1..=60).map(|n| if n % 2 == 0 { 121.0 } else { 110.0 }).collect();
    assert_eq!(Returns::of(110.0, &closes[..59], 252.0).annual, None);
    let returns = Returns::of(110.0, &closes, 252.0);
    let annual = returns.annual.unwrap();
    assert_eq!(N_SESSIONS_ANNUALISED, 60);
    // 60 sessions brought 10 %: 252 of them bring 1.1 to the power of 4.2.
    assert!((annual.growth - 0.492_276_423_671).abs() < 1e-9);
    assert_eq!(annual.sharpe.unwrap(), returns.sharpe.unwrap() * 252.0_f64.sqrt());
}

#[test]
fn what_never_moved_has_no_ratio_and_what_is_lost_no_growth() {
    let still = Returns::of(100.0, &[100.0; 60], 252.0);
    assert_eq!((still.total, still.volatility, still.sharpe), (0.0, Some(0.0), None));
    assert_eq!(still.annual.unwrap().growth, 0.0);
    let mut closes = [100.0; 60];
    closes[59] = -5.0;
    let lost = Returns::of(100.0, &closes, 252.0);
    assert_eq!((lost.total, lost.annual.unwrap().growth), (-1.05, -1.0));
    let none = Returns::of(100.0, &[], 252.0);
    assert_eq!((none.total, none.volatility, none.sortino), (0.0, None, None));
}

#[test]
fn the_curve_is_kept_by_session_or_by_publication() {
    for (curve, expected) in [(Curve::Session, 1), (Curve::Publication, 3)] {
        let mut desk = Desk::new(AccountSettings { curve, ..plain() });
        desk.bar([50.0; 4]);
        desk.order(x_buy(10.0));
        desk.bar([50.0; 4]);
        desk.bar([51.0; 4]);
        desk.last_bar([52.0; 4]);
        let results = &desk.accounts.results(252.0)[0];
        assert_eq!(results.equity.len(), expected);
        let last = results.equity.last().unwrap();
        assert_eq!((last.at, last.cash, last.equity), (minute(4), 9_500.0, 10_020.0));
    }
}

#[test]
fn strategies_have_an_account_each_or_share_one() {
    let x = symbol("X");
    let (first, second) = (StrategyIdx::new(0), StrategyIdx::new(1));
    let run = |of| {
        let mut accounts = Accounts::new(plain(), of, ["first", "second"]).unwrap();
        accounts.open_session(&session(0, SESSION));
        let standing = Standing::Priced(Mark { price: 50.0, at: minute(0) });
        let known = Known { at: minute(0), settled_through: minute(0), standing };
        let buy = |units| Placement::One(NewOrder::buy(&x, units));
        accounts.place(first, buy(150.0), known).unwrap();
        let of_second = accounts.place(second, buy(100.0), known).is_ok();
        accounts.meet(&x, &bar(0, [50.0; 4], 1_000.0));
        accounts.close_session(minute(1));
        let held = accounts.position(second, &x).map_or(0, |position| position.lots.count());
        (of_second, held, accounts.results(252.0).len())
    };
    assert_eq!(run(AccountOf::EachStrategy), (true, 100, 2));
    // The first has taken three quarters of what they share.
    assert_eq!(run(AccountOf::Session), (false, 150, 1));
}
