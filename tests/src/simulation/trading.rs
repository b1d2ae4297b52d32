//! Accounts in simulated runs: every fill is held against the bars of the market itself, and the books against
//! the fills; consumers on threads of their own trade the same.

use std::any::Any;
use std::collections::BTreeMap;

use openbell_account::{AccountOf, AccountSettings, Accounts, Commission};
use openbell_coordinator::{
    Engine, Event, Fill, Moment, OnError, Order, OrderId, OrderKind, SessionCommand, Side, StepAt,
    TradeEvent,
};
use openbell_market::Symbol;
use openbell_time::Timestamp;

use super::oracle::{ExpectedBar, Oracle};
use super::scenario::Scenario;
use super::threaded;
use super::violation::{Kept, Violation, keep, n_sessions};
use crate::market::time;
use crate::trader::Trader;

/// The cash of each account.
const CASH: f64 = 20_000.0;

/// What a fill may differ by from what its prices say: rounding alone.
const ROUNDING: f64 = 1e-6;

/// Runs `scenario` with an account, and holds what it did against the market. Returns the sessions that were
/// compared.
pub fn with_accounts(scenario: &Scenario, commands: &[(StepAt, SessionCommand)]) -> Kept<u64> {
    let (inline, lock_step) =
        (traded(scenario, commands, false)?, traded(scenario, commands, true)?);
    let (events, others) = (inline.events(), lock_step.events());
    let n_same = events.iter().zip(others).take_while(|(a, b)| a == b).count();
    let what = "one truth: what is traded is the same inline and lock-step";
    keep(what, n_same == events.len().max(others.len()), || {
        format!("inline {:?}, lock-step {:?}", events.get(n_same), others.get(n_same))
    })?;
    let n_compared = n_sessions(events) + n_sessions(others);
    Ledger::of(scenario, events)?.compare(inline)?;
    Ok(n_compared)
}

/// Accounts whose costs and slippage are not nothing.
pub fn accounts() -> Box<Accounts> {
    let settings = AccountSettings {
        commission: Commission { per_share: 0.005, min: 1.0, ..Commission::NONE },
        slippage_bps: 1.0,
        ..AccountSettings::with_cash(CASH)
    };
    let accounts = Accounts::new(settings, AccountOf::EachStrategy, [Trader::NAME]);
    Box::new(accounts.unwrap_or_else(|error| panic!("{error}")))
}

fn traded(
    scenario: &Scenario,
    commands: &[(StepAt, SessionCommand)],
    is_lock_step: bool,
) -> Kept<Engine> {
    let mut config = scenario.config();
    if let openbell_config::Mode::Backtest(backtest) = &mut config.mode {
        backtest.speed_multiplier = 0.0;
    }
    let engine = Engine::new(&config, time(), Box::new(scenario.source()));
    let mut engine = engine.map_err(|errors| Violation {
        invariant: "a good plan is taken",
        found: errors.to_string(),
    })?;
    engine.open_accounts(accounts());
    let symbols = scenario.symbols.iter().map(|symbol| symbol.name.clone()).collect();
    let trader = Box::new(Trader::new(scenario.base, symbols));
    let workers = if is_lock_step {
        vec![engine.register_lock_step(trader, OnError::StopRun)]
    } else {
        engine.register(trader, OnError::StopRun);
        Vec::new()
    };
    Ok(threaded::run(engine, workers, commands))
}

/// The books as they follow from the fills and the market.
struct Ledger<'s> {
    scenario: &'s Scenario,
    oracle: Oracle<'s>,
    /// What rests, with the instant at which it was given.
    orders: BTreeMap<OrderId, (Order, Timestamp)>,
    cash: f64,
    lots: BTreeMap<Symbol, i64>,
    /// Cash and lots at each session's close.
    closes: Vec<(Timestamp, f64, BTreeMap<Symbol, i64>)>,
}

impl<'s> Ledger<'s> {
    fn of(scenario: &'s Scenario, events: &[Event]) -> Kept<Ledger<'s>> {
        let mut ledger = Ledger {
            scenario,
            oracle: Oracle::new(scenario),
            orders: BTreeMap::new(),
            cash: CASH,
            lots: BTreeMap::new(),
            closes: Vec::new(),
        };
        for event in events {
            match event {
                Event::Traded { at, trade, .. } => ledger.take(*at, trade)?,
                Event::SessionClosed { at, .. } => {
                    ledger.closes.push((*at, ledger.cash, ledger.lots.clone()));
                }
                _ => {}
            }
        }
        Ok(ledger)
    }

    fn take(&mut self, at: Timestamp, trade: &TradeEvent) -> Kept<()> {
        match trade {
            TradeEvent::Placed { order, at } => {
                self.orders.insert(order.id, (order.clone(), *at));
            }
            TradeEvent::Filled(fill) => self.fill(at, fill)?,
            TradeEvent::Refused { .. } | TradeEvent::Ended { .. } => {}
        }
        Ok(())
    }

    /// A fill lies in a bar of the market that opened at or after its order, and is told with that bar.
    fn fill(&mut self, at: Timestamp, fill: &Fill) -> Kept<()> {
        let bar = self.bar_of(&fill.symbol, fill.bar_opens_at);
        keep("trading: a fill is of a bar of the market", bar.is_some(), || format!("{fill:?}"))?;
        let Some((day, bar)) = bar else { return Ok(()) };
        let (price, ohlcv) = (fill.reference_price, bar.ohlcv);
        let lies_in = ohlcv.low - ROUNDING <= price && price <= ohlcv.high + ROUNDING;
        keep("trading: a fill lies in its bar", lies_in, || format!("{fill:?} of {bar:?}"))?;
        // On-close orders fill with the session's last publication, whatever bar was the last.
        let due = match fill.moment {
            Moment::Close => self.scenario.stretch.days[day].close(),
            Moment::Open | Moment::Inside => bar.closes_at,
        };
        keep(
            "trading: a fill is made with the publication of its bar",
            at == due && fill.made_at == due,
            || format!("at {at}, due {due}: {fill:?} of {bar:?}"),
        )?;
        let given = self.orders.get(&fill.order);
        keep("trading: what fills was placed", given.is_some(), || format!("{fill:?}"))?;
        if let Some((order, given_at)) = given {
            // What an entry leaves behind is placed with its fill, in its bar.
            let is_exit = order.entry.is_some();
            let opens_late = bar.opens_at >= *given_at || is_exit && bar.closes_at >= *given_at;
            keep("trading: no fill in a bar that opened before its order", opens_late, || {
                format!("given at {given_at}: {fill:?}")
            })?;
            if let OrderKind::Limit { limit } = order.kind {
                let is_kept = match fill.side {
                    Side::Buy => fill.price() <= limit + ROUNDING,
                    Side::Sell => fill.price() >= limit - ROUNDING,
                };
                keep("trading: a limit is kept", is_kept, || format!("{fill:?} of {order:?}"))?;
            }
        }
        self.cash -= fill.signed_lots().count() as f64 * fill.price() + fill.commission;
        *self.lots.entry(fill.symbol.clone()).or_default() += fill.signed_lots().count();
        Ok(())
    }

    /// The base bar of the market with that stamp, and its session.
    fn bar_of(&self, symbol: &Symbol, opens_at: Timestamp) -> Option<(usize, ExpectedBar)> {
        let position = self.scenario.symbols.iter().position(|known| known.name == *symbol)?;
        self.scenario.run.clone().find_map(|day| {
            let series = self.oracle.series(day, position, self.scenario.base);
            let bar = series.bars.iter().find(|bar| bar.opens_at == opens_at);
            bar.map(|bar| (day, *bar))
        })
    }

    /// The close of the last regular base bar of the market that has closed by `at`.
    fn mark_of(&self, symbol: &Symbol, at: Timestamp) -> f64 {
        let position = self.scenario.symbols.iter().position(|known| known.name == *symbol);
        let days = self.scenario.run.clone().rev();
        let of_day = |day: usize| {
            let parts = &self.scenario.stretch.days[day].parts;
            let is_regular =
                |at: Timestamp| parts.iter().any(|(since, until)| *since <= at && at < *until);
            let series = self.oracle.series(day, position?, self.scenario.base);
            let mut bars = series.bars.iter().rev();
            let last = bars.find(|bar| bar.closes_at <= at && is_regular(bar.opens_at));
            last.map(|bar| bar.ohlcv.close)
        };
        days.filter_map(of_day).next().unwrap_or(0.0)
    }

    /// Cash and positions are equity, at each close and at the end.
    fn compare(&self, mut engine: Engine) -> Kept<()> {
        let matching: Box<dyn Any> = engine.close_accounts().expect("accounts were opened");
        let accounts: Box<Accounts> = matching.downcast().expect("they are what was given");
        let results = accounts.results(252.0).remove(0);
        let same = |a: f64, b: f64| (a - b).abs() <= ROUNDING * CASH;
        let met = results.end.cash;
        keep("trading: cash is what the fills leave", same(met, self.cash), || {
            format!("{met}, and {} by the fills", self.cash)
        })?;
        let held: BTreeMap<Symbol, i64> = self
            .lots
            .iter()
            .filter(|(_, lots)| **lots != 0)
            .map(|(s, n)| (s.clone(), *n))
            .collect();
        for (at, cash, lots) in &self.closes {
            // The curve has the regular close, whatever hours follow.
            let point = results.equity.iter().rev().find(|point| point.at <= *at);
            let marked_at = point.map_or(*at, |point| point.at);
            let worth: f64 =
                lots.iter().map(|(symbol, n)| *n as f64 * self.mark_of(symbol, marked_at)).sum();
            let is_kept =
                point.is_some_and(|it| same(it.cash, *cash) && same(it.equity, cash + worth));
            keep("trading: equity is cash and positions at each close", is_kept, || {
                format!("at {at}: {point:?}; cash {cash}, {worth} in {lots:?}; at the end {held:?}")
            })?;
        }
        Ok(())
    }
}
