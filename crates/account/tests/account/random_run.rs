//! A run out of a seed: bars of two symbols, and orders of every kind at random.

use std::collections::BTreeMap;

use openbell_account::{AccountOf, AccountSettings, Accounts};
use openbell_coordinator::{
    Balance, Known, Mark, Matching, NewOrder, OrderId, Placement, Position, Standing, StrategyIdx,
    TradeEvent,
};
use openbell_market::{Bar, Ohlcv, Symbol};
use openbell_time::Timestamp;

use crate::support::{minute, session, symbol};

/// Minutes in a session, and sessions.
pub const MINUTES: i64 = 40;
pub const DAYS: i64 = 3;

/// Numbers out of a seed: splitmix64, so that a seed is a run on every machine.
#[derive(Clone)]
pub struct Seeded(u64);

impl Seeded {
    pub fn new(seed: u64) -> Seeded {
        Seeded(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// The bars of two symbols, by the minute; some are missing. Prices are whole eighths.
pub fn bars(seed: u64) -> Vec<(Symbol, Bar)> {
    let mut random = Seeded::new(seed);
    let mut bars = Vec::new();
    let mut last = [400_i64, 800];
    for day in 0..DAYS {
        for n in 0..MINUTES {
            for (which, name) in ["X", "Y"].iter().enumerate() {
                if random.below(8) == 0 {
                    continue;
                }
                let mut around =
                    |of: i64, by: u64| of + random.below(2 * by + 1) as i64 - by as i64;
                let open = around(last[which], if n == 0 { 24 } else { 4 }).max(80);
                let close = around(open, 8).max(80);
                let high = open.max(close) + random.below(9) as i64;
                let low = open.min(close) - random.below(9) as i64;
                last[which] = close;
                let eighths = |price: i64| price as f64 / 8.0;
                let ohlcv = Ohlcv {
                    open: eighths(open),
                    high: eighths(high),
                    low: eighths(low),
                    close: eighths(close),
                    volume: random.below(400) as f64,
                };
                let opens = day * 1440 + n;
                bars.push((
                    symbol(name),
                    Bar { opens_at: minute(opens), closes_at: minute(opens + 1), ohlcv },
                ));
            }
        }
    }
    bars
}

/// What a strategy does at an instant.
#[derive(Clone, Debug)]
pub enum Act {
    Place(Placement),
    /// The one of its own orders, counted round.
    Cancel(u64),
}

/// What a strategy does after each publication, by what it was given there; prices are offsets of whole
/// eighths from the mark, so that all of it can be scaled.
pub fn acts(random: &mut Seeded, marks: &BTreeMap<Symbol, Mark>) -> Vec<Act> {
    let mut acts = Vec::new();
    while random.below(4) == 0 {
        let name = if random.below(2) == 0 { "X" } else { "Y" };
        let (kind, units, by) = (random.below(12), 1 + random.below(60), 1 + random.below(12));
        let (is_buy, modifier, further) =
            (random.below(2) == 0, random.below(6), 1 + random.below(12));
        let Some(mark) = marks.get(&symbol(name)) else { continue };
        let (by, further) = (mark.price * by as f64 / 512.0, mark.price * further as f64 / 512.0);
        let given = |is_buy: bool| {
            if is_buy {
                NewOrder::buy(&symbol(name), units as f64)
            } else {
                NewOrder::sell(&symbol(name), units as f64)
            }
        };
        let sign = if is_buy { 1.0 } else { -1.0 };
        let (better, worse) = (mark.price - sign * by, mark.price + sign * by);
        let order = match kind {
            0 | 1 => given(is_buy),
            2 | 3 => given(is_buy).limit(better),
            4 => given(is_buy).limit(worse),
            5 => given(is_buy).stop(worse),
            6 => given(is_buy).stop_limit(worse, worse + sign * further),
            7 => given(is_buy).on_close(),
            8 => NewOrder::to_fraction(&symbol(name), sign * by / mark.price * 16.0),
            9 => NewOrder::to_units(&symbol(name), 0.0),
            10 => {
                acts.push(Act::Cancel(units));
                continue;
            }
            _ => {
                let (stop, target) = (given(is_buy).stop(worse), given(is_buy).limit(better));
                let (stop, target) = match modifier {
                    0 => (stop, target),
                    _ => (stop.until_cancelled().reduce_only(), target.reduce_only()),
                };
                acts.push(Act::Place(Placement::Pair { stop, target }));
                continue;
            }
        };
        let order = match modifier {
            0 if kind != 7 => order.until_cancelled(),
            1 => order.reduce_only(),
            2 | 3 => order.with_stop(better - sign * further).with_target(worse + sign * further),
            4 => order.with_stop(better - sign * further),
            _ => order,
        };
        acts.push(Act::Place(Placement::One(order)));
    }
    acts
}

/// How a run goes.
#[derive(Clone)]
pub struct Setup {
    pub seed: u64,
    pub settings: AccountSettings,
    /// Prices and cash are that many times as high.
    pub scale: f64,
    /// The second strategy orders too.
    pub has_second: bool,
    /// Bars that open at this instant or later are others.
    pub other_since: Option<i64>,
    /// Publications that are left out: bars are handed over, and published with the next one.
    pub held_back: i64,
}

impl Setup {
    pub fn new(seed: u64, settings: AccountSettings) -> Setup {
        let (scale, has_second, other_since, held_back) = (1.0, false, None, 1);
        Setup { seed, settings, scale, has_second, other_since, held_back }
    }
}

/// What a publication showed of the first strategy's account.
#[derive(Clone, PartialEq, Debug)]
pub struct Shown {
    pub at: Timestamp,
    pub balance: Balance,
    pub positions: Vec<Position>,
}

/// A run that is over.
pub struct Run {
    pub bars: Vec<(Symbol, Bar)>,
    /// All events with the instant at which they could be taken.
    pub events: Vec<(Timestamp, TradeEvent)>,
    pub shown: Vec<Shown>,
    pub accounts: Accounts,
}

pub const FIRST: StrategyIdx = StrategyIdx::new(0);
const SECOND: StrategyIdx = StrategyIdx::new(1);

pub fn run(setup: &Setup) -> Run {
    let mut market = bars(setup.seed);
    if let Some(since) = setup.other_since {
        let others = bars(setup.seed ^ 0xFFFF);
        market.retain(|(_, bar)| bar.opens_at < minute(since));
        market.extend(others.into_iter().filter(|(_, bar)| bar.opens_at >= minute(since)));
    }
    for (_, bar) in &mut market {
        let Ohlcv { open, high, low, close, .. } = &mut bar.ohlcv;
        for price in [open, high, low, close] {
            *price *= setup.scale;
        }
    }
    let settings = AccountSettings { cash: setup.settings.cash * setup.scale, ..setup.settings };
    let accounts = Accounts::new(settings, AccountOf::EachStrategy, ["first", "second"]);
    let mut trader = Trader {
        accounts: accounts.expect("settings"),
        first: Seeded::new(setup.seed ^ 1),
        second: Seeded::new(setup.seed ^ 2),
        has_second: setup.has_second,
        marks: BTreeMap::new(),
    };
    let (mut events, mut shown, mut next) = (Vec::new(), Vec::new(), 0);
    for day in 0..DAYS {
        trader.accounts.open_session(&session(day, MINUTES));
        for n in 1..=MINUTES {
            let at = minute(day * 1440 + n);
            while let Some((symbol, bar)) = market.get(next).filter(|(_, bar)| bar.closes_at <= at)
            {
                trader.accounts.meet(symbol, bar);
                let mark = Mark { price: bar.ohlcv.close, at: bar.closes_at };
                trader.marks.insert(symbol.clone(), mark);
                next += 1;
            }
            if n == MINUTES {
                trader.accounts.close_session(at);
            } else if n % setup.held_back == 0 {
                trader.accounts.publish(at);
            } else {
                continue;
            }
            let (balance, positions) =
                (trader.accounts.balance(FIRST), trader.accounts.positions(FIRST));
            shown.push(Shown { at, balance, positions });
            events.extend(trader.accounts.take_events().into_iter().map(|event| (at, event)));
            // Where publications are held back, the strategy is called every tenth minute all the same.
            if setup.held_back == 1 || n % 10 == 0 {
                trader.act(at);
            }
            events.extend(trader.accounts.take_events().into_iter().map(|event| (at, event)));
        }
    }
    Run { bars: market, events, shown, accounts: trader.accounts }
}

struct Trader {
    accounts: Accounts,
    first: Seeded,
    second: Seeded,
    has_second: bool,
    marks: BTreeMap<Symbol, Mark>,
}

impl Trader {
    fn act(&mut self, at: Timestamp) {
        for act in acts(&mut self.first, &self.marks) {
            self.give(FIRST, act, at);
        }
        if self.has_second {
            for act in acts(&mut self.second, &self.marks) {
                self.give(SECOND, act, at);
            }
        }
    }

    fn give(&mut self, strategy: StrategyIdx, act: Act, at: Timestamp) {
        let known = |symbol: &Symbol, marks: &BTreeMap<Symbol, Mark>| Known {
            at,
            settled_through: at,
            standing: marks.get(symbol).map_or(Standing::Unpriced, |mark| Standing::Priced(*mark)),
        };
        // Whether it is taken is in the events: a refusal is as good an answer as any.
        match act {
            Act::Place(placement) => {
                let (Placement::One(order) | Placement::Pair { stop: order, .. }) = &placement;
                let known = known(&order.symbol, &self.marks);
                let _ = self.accounts.place(strategy, placement, known);
            }
            Act::Cancel(which) => {
                let resting = self.accounts.resting(strategy);
                let Some(order) = resting.get(which as usize % resting.len().max(1)) else {
                    return;
                };
                let (id, known): (OrderId, Known) = (order.id, known(&order.symbol, &self.marks));
                let _ = self.accounts.cancel(strategy, id, known); // As above.
            }
        }
    }
}
