//! A desk for stories: one symbol or two, bars by the minute, and what happened in words.

use openbell_account::{AccountOf, AccountSettings, Accounts, Participation};
use openbell_coordinator::{
    CancelRefusal, Known, Mark, Matching, NewOrder, OrderId, OrderRefusal, Placed, Placement,
    Standing, StrategyIdx, TradeEvent,
};
use openbell_market::{Bar, Ohlcv, Symbol};
use openbell_time::{Session, Timestamp, TradingDate};

/// The strategy of all stories that have one.
pub const MINE: StrategyIdx = StrategyIdx::new(0);
/// Minutes in a story's session, unless it closes earlier.
pub const SESSION: i64 = 390;

pub fn minute(n: i64) -> Timestamp {
    Timestamp::from_nanos(n * 60_000_000_000)
}

pub fn symbol(name: &str) -> Symbol {
    Symbol::new(name).expect("a name")
}

/// 10,000 in cash, no costs, any volume.
pub fn plain() -> AccountSettings {
    AccountSettings {
        participation: Participation::VolumeUnknown,
        ..AccountSettings::with_cash(10_000.0)
    }
}

pub fn bar(opens: i64, [open, high, low, close]: [f64; 4], volume: f64) -> Bar {
    let ohlcv = Ohlcv { open, high, low, close, volume };
    assert_eq!(ohlcv.fault(), None, "a story's bar is a bar");
    Bar { opens_at: minute(opens), closes_at: minute(opens + 1), ohlcv }
}

/// A session of day `day`, from its minute 0.
pub fn session(day: i64, minutes: i64) -> Session {
    let open = minute(day * 1440);
    Session {
        date: TradingDate::from_days(day as i32),
        open,
        close: minute(day * 1440 + minutes),
        break_hours: None,
        pre_open: None,
        post_close: None,
        is_early_close: false,
        is_late_open: false,
        is_projected: false,
    }
}

/// An account of one strategy over X, and what is told of it.
pub struct Desk {
    pub accounts: Accounts,
    pub now: i64,
    last: Option<Mark>,
}

impl Desk {
    /// The session is open, and X stands at 50.
    pub fn new(settings: AccountSettings) -> Desk {
        let accounts = Accounts::new(settings, AccountOf::EachStrategy, ["mine"]);
        let mut desk = Desk { accounts: accounts.expect("settings"), now: 0, last: None };
        desk.open(0);
        desk.last = Some(Mark { price: 50.0, at: minute(0) });
        desk
    }

    pub fn open(&mut self, day: i64) {
        self.now = day * 1440;
        self.accounts.open_session(&session(day, SESSION));
    }

    pub fn known(&self) -> Known {
        let at = minute(self.now);
        let standing = self.last.map_or(Standing::Unpriced, Standing::Priced);
        Known { at, settled_through: at, standing }
    }

    pub fn place(&mut self, order: NewOrder) -> Result<Placed, OrderRefusal> {
        let known = self.known();
        self.accounts.place(MINE, Placement::One(order), known)
    }

    pub fn order(&mut self, order: NewOrder) -> OrderId {
        self.place(order).expect("it is taken").first
    }

    pub fn pair(&mut self, stop: NewOrder, target: NewOrder) -> Result<Placed, OrderRefusal> {
        let known = self.known();
        self.accounts.place(MINE, Placement::Pair { stop, target }, known)
    }

    pub fn cancel(&mut self, order: OrderId) -> Result<(), CancelRefusal> {
        let known = self.known();
        self.accounts.cancel(MINE, order, known)
    }

    /// The next minute's bar of X, published at its close.
    pub fn bar(&mut self, prices: [f64; 4]) {
        self.bar_of(prices, 1_000.0);
    }

    pub fn bar_of(&mut self, prices: [f64; 4], volume: f64) {
        self.deliver(prices, volume);
        self.accounts.publish(minute(self.now));
    }

    /// The session's last bar: it is published with the close.
    pub fn last_bar(&mut self, prices: [f64; 4]) {
        self.deliver(prices, 1_000.0);
        self.accounts.close_session(minute(self.now));
    }

    fn deliver(&mut self, prices: [f64; 4], volume: f64) {
        let bar = bar(self.now, prices, volume);
        self.accounts.meet(&symbol("X"), &bar);
        self.last = Some(Mark { price: bar.ohlcv.close, at: bar.closes_at });
        self.now += 1;
    }

    pub fn locks(&self) -> bool {
        self.accounts.locked_by(&symbol("X")).is_some()
    }

    pub fn held(&self) -> i64 {
        self.accounts.position(MINE, &symbol("X")).map_or(0, |position| position.lots.count())
    }

    pub fn cash(&self) -> f64 {
        self.accounts.balance(MINE).cash
    }

    /// Fills since it was last asked, as `buy 100 at 49 inside`.
    pub fn fills(&mut self) -> Vec<String> {
        let events = self.accounts.take_events().into_iter();
        events
            .filter_map(|event| matches!(event, TradeEvent::Filled(_)).then(|| words(&event)))
            .collect()
    }

    /// All that happened since it was last asked, but for orders that were taken.
    pub fn news(&mut self) -> Vec<String> {
        let events = self.accounts.take_events().into_iter();
        events
            .filter(|event| !matches!(event, TradeEvent::Placed { .. }))
            .map(|event| words(&event))
            .collect()
    }
}

pub fn words(event: &TradeEvent) -> String {
    match event {
        TradeEvent::Placed { order, .. } => format!("{} is taken", order.id),
        TradeEvent::Refused { why, .. } => why.to_string(),
        TradeEvent::Filled(fill) => format!(
            "{} {} at {} {}",
            fill.side.name(),
            fill.lots.count(),
            fill.price(),
            fill.moment.name()
        ),
        TradeEvent::Ended { order, why, unfilled, .. } => {
            format!("{order} ends, {}, {} left", why.name(), unfilled.count())
        }
    }
}

pub fn x_buy(units: f64) -> NewOrder {
    NewOrder::buy(&symbol("X"), units)
}

pub fn x_sell(units: f64) -> NewOrder {
    NewOrder::sell(&symbol("X"), units)
}
