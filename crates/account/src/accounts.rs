//! All accounts of a run: one for each strategy, or one for all of them.

use openbell_coordinator::{
    Balance, CancelRefusal, Known, Matching, NotRestored, Order, OrderId, OrderRefusal, Placed,
    Placement, Position, Saved, StrategyIdx, TradeEvent, saved_bytes,
};
use openbell_market::{Bar, Symbol};
use openbell_time::{Session, Timestamp};

use crate::account::{Account, Shared};
use crate::results::AccountResults;
use crate::results::benchmark::Benchmark;
use crate::results::record::FillsKept;
use crate::settings::{AccountOf, AccountSettings, SettingsError};
use crate::watchers::Watchers;

/// All accounts of a run.
///
/// A bar is kept as it is handed over and met with the publication, so that nothing of it can be read
/// before; bars of symbols that no account has to do with are passed over.
///
/// ```
/// use openbell_account::{AccountOf, Accounts, AccountSettings};
/// use openbell_coordinator::{Known, Mark, Matching, NewOrder, Placement, Standing, StrategyIdx};
/// use openbell_market::{Bar, Ohlcv, Symbol};
/// use openbell_time::Timestamp;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let minute = |n: i64| Timestamp::from_nanos(n * 60_000_000_000);
/// let (aapl, strategy) = (Symbol::new("AAPL")?, StrategyIdx::new(0));
/// let mut accounts =
///     Accounts::new(AccountSettings::with_cash(10_000.0), AccountOf::EachStrategy, ["mine"])?;
///
/// // At 10:00 AAPL stands at 50; ten shares are bought at the open of the next bar, 51.
/// let known = Known {
///     at: minute(600),
///     settled_through: minute(600),
///     standing: Standing::Priced(Mark { price: 50.0, at: minute(600) }),
/// };
/// accounts.place(strategy, Placement::One(NewOrder::buy(&aapl, 10.0)), known)?;
/// let ohlcv = Ohlcv { open: 51.0, high: 53.0, low: 50.5, close: 52.0, volume: 1_000.0 };
/// accounts.meet(&aapl, &Bar { opens_at: minute(600), closes_at: minute(601), ohlcv });
/// accounts.publish(minute(601));
///
/// let balance = accounts.balance(strategy);
/// assert_eq!(balance.cash, 10_000.0 - 10.0 * 51.0);
/// assert_eq!(balance.equity, 10_000.0 + 10.0 * (52.0 - 51.0));
/// # Ok(())
/// # }
/// ```
pub struct Accounts {
    of: AccountOf,
    strategies: Vec<String>,
    accounts: Vec<Account>,
    watchers: Watchers,
    next_order: u64,
    /// Bars that were handed over and are not published yet, in order.
    bars: Vec<(Symbol, Bar)>,
    events: Vec<TradeEvent>,
    benchmark: Option<Benchmark>,
}

impl Accounts {
    /// Accounts for strategies of these names, in that order.
    ///
    /// # Errors
    ///
    /// The first setting that breaks its rule.
    pub fn new<N: Into<String>>(
        settings: AccountSettings,
        of: AccountOf,
        strategies: impl IntoIterator<Item = N>,
    ) -> Result<Accounts, SettingsError> {
        settings.check()?;
        let strategies: Vec<String> = strategies.into_iter().map(Into::into).collect();
        let n_accounts = match of {
            AccountOf::EachStrategy => strategies.len(),
            AccountOf::Session => 1,
        };
        Ok(Accounts {
            of,
            strategies,
            accounts: (0..n_accounts).map(|_| Account::new(settings)).collect(),
            watchers: Watchers::default(),
            next_order: 1,
            bars: Vec::new(),
            events: Vec::new(),
            benchmark: None,
        })
    }

    /// The same, beside buying and holding `symbol`: its bars are watched from the first on.
    pub fn beside(self, symbol: Symbol) -> Accounts {
        Accounts { benchmark: Some(Benchmark::new(symbol)), ..self }
    }

    /// The same, keeping no more fills than `kept`.
    pub fn keeping(mut self, kept: FillsKept) -> Accounts {
        for account in &mut self.accounts {
            account.record.fills_kept = kept;
        }
        self
    }

    /// What each account came to, in order of its first strategy. `sessions_per_year` is the calendar's.
    ///
    /// *Cost*: linear in sessions, strategies and symbols.
    pub fn results(&self, sessions_per_year: f64) -> Vec<AccountResults<'_>> {
        let beside = self.benchmark.as_ref().and_then(|it| it.results(sessions_per_year));
        let results = self.accounts.iter().enumerate().map(|(place, account)| {
            let strategies = match self.of {
                AccountOf::EachStrategy => &self.strategies[place..=place],
                AccountOf::Session => &self.strategies[..],
            };
            account.record.results(strategies, account.balance(), sessions_per_year, beside.clone())
        });
        results.collect()
    }

    fn place_of(&self, strategy: StrategyIdx) -> usize {
        assert!(
            strategy.as_usize() < self.strategies.len(),
            "an order comes from one of the strategies that the accounts were made for"
        );
        match self.of {
            AccountOf::EachStrategy => strategy.as_usize(),
            AccountOf::Session => 0,
        }
    }

    fn account(&self, strategy: StrategyIdx) -> &Account {
        &self.accounts[self.place_of(strategy)]
    }

    /// Hands the bars that were delivered to the accounts.
    fn meet_all(&mut self, at: Timestamp) {
        let mut bars = std::mem::take(&mut self.bars);
        for (symbol, bar) in &bars {
            if let Some(benchmark) = &mut self.benchmark {
                benchmark.see(symbol, bar);
            }
            let mut shared =
                Shared { next_order: &mut self.next_order, events: &mut self.events, at };
            for &place in self.watchers.of(symbol) {
                self.accounts[place].meet(symbol, bar, &mut shared);
            }
        }
        bars.clear();
        self.bars = bars;
    }

    /// Lets each account do what may end what it has to do with a symbol.
    fn for_each(&mut self, at: Timestamp, mut act: impl FnMut(&mut Account, &mut Shared<'_>)) {
        let (next_order, events) = (&mut self.next_order, &mut self.events);
        let mut shared = Shared { next_order, events, at };
        let mut n_let_go = 0;
        for account in &mut self.accounts {
            let n_before = account.n_watched();
            act(account, &mut shared);
            n_let_go += n_before - account.n_watched();
        }
        if n_let_go > 0 {
            self.watchers.let_go(&self.accounts);
        }
    }
}

impl Matching for Accounts {
    fn strategy_of(&self, name: &str) -> Option<StrategyIdx> {
        let place = self.strategies.iter().position(|known| known == name)?;
        Some(StrategyIdx::new(place as u32))
    }

    fn name_of(&self, strategy: StrategyIdx) -> &str {
        &self.strategies[strategy.as_usize()]
    }

    fn open_session(&mut self, session: &Session) {
        for account in &mut self.accounts {
            account.open_session(session);
        }
    }

    fn watches_any(&self) -> bool {
        self.benchmark.is_some() || !self.watchers.is_empty()
    }

    fn watches(&self, symbol: &Symbol) -> bool {
        self.benchmark.as_ref().is_some_and(|benchmark| benchmark.is_of(symbol))
            || !self.watchers.of(symbol).is_empty()
    }

    fn locked_by(&self, symbol: &Symbol) -> Option<StrategyIdx> {
        let place = self.accounts.iter().position(|account| account.locks(symbol))?;
        // A shared account is that of its first strategy.
        Some(StrategyIdx::new(place as u32))
    }

    fn meet(&mut self, symbol: &Symbol, bar: &Bar) {
        if self.watches(symbol) {
            self.bars.push((symbol.clone(), *bar));
        }
    }

    fn awaited(&self) -> Vec<Symbol> {
        let mut symbols: Vec<Symbol> =
            self.accounts.iter().flat_map(Account::awaited).cloned().collect();
        symbols.sort_unstable();
        symbols.dedup();
        symbols
    }

    fn settle(&mut self, symbol: &Symbol, through: Timestamp) {
        for account in &mut self.accounts {
            account.settle(symbol, through);
        }
    }

    fn publish(&mut self, at: Timestamp) {
        self.meet_all(at);
        self.for_each(at, Account::publish);
    }

    fn revise(&mut self, symbol: &Symbol, bar: &Bar) {
        for account in &mut self.accounts {
            account.revise(symbol, bar);
        }
    }

    fn count_late(&mut self, symbol: &Symbol) {
        for account in &mut self.accounts {
            if account.watches(symbol) {
                account.record.count_late();
            }
        }
    }

    fn symbol_left(&mut self, symbol: &Symbol, at: Timestamp) {
        self.for_each(at, |account, shared| account.symbol_left(symbol, shared));
    }

    fn close_session(&mut self, at: Timestamp) {
        self.meet_all(at);
        self.for_each(at, Account::close_session);
        if let Some(benchmark) = &mut self.benchmark {
            benchmark.close_session();
        }
    }

    fn place(
        &mut self,
        strategy: StrategyIdx,
        placement: Placement,
        known: Known,
    ) -> Result<Placed, OrderRefusal> {
        let place = self.place_of(strategy);
        let (next_order, events) = (&mut self.next_order, &mut self.events);
        let mut shared = Shared { next_order, events, at: known.at };
        let symbol = placement.symbol().clone();
        let placed = self.accounts[place].place(strategy, placement, known, &mut shared);
        self.watchers.look_at(place, &self.accounts[place], &symbol);
        placed
    }

    fn cancel(
        &mut self,
        strategy: StrategyIdx,
        order: OrderId,
        known: Known,
    ) -> Result<(), CancelRefusal> {
        let place = self.place_of(strategy);
        let (next_order, events) = (&mut self.next_order, &mut self.events);
        let mut shared = Shared { next_order, events, at: known.at };
        self.accounts[place].cancel(strategy, order, known, &mut shared)
    }

    fn balance(&self, strategy: StrategyIdx) -> Balance {
        self.account(strategy).balance()
    }

    fn position(&self, strategy: StrategyIdx, symbol: &Symbol) -> Option<Position> {
        self.account(strategy).position(symbol)
    }

    fn positions(&self, strategy: StrategyIdx) -> Vec<Position> {
        self.account(strategy).positions()
    }

    fn resting(&self, strategy: StrategyIdx) -> Vec<Order> {
        self.account(strategy).resting(strategy)
    }

    fn take_events(&mut self) -> Vec<TradeEvent> {
        std::mem::take(&mut self.events)
    }

    fn save(&self) -> Option<Vec<u8>> {
        // Who watches what follows from the accounts.
        let Accounts { of, strategies, accounts, watchers: _, next_order, bars, events, benchmark } =
            self;
        if !(bars.is_empty() && events.is_empty()) {
            return None; // No session has just closed.
        }
        let mut bytes = saved_bytes(&(*of, strategies.clone(), *next_order));
        accounts.iter().for_each(|account| account.write(&mut bytes));
        benchmark.is_some().write(&mut bytes);
        if let Some(benchmark) = benchmark {
            benchmark.write(&mut bytes);
        }
        Some(bytes)
    }

    fn restore(&mut self, mut bytes: &[u8]) -> Result<(), NotRestored> {
        let from = &mut bytes;
        let (of, strategies, next_order) = <(AccountOf, Vec<String>, u64)>::read(from)?;
        if of != self.of || strategies != self.strategies {
            return Err(NotRestored::NoSuch { what: "accounts of these strategies" });
        }
        self.next_order = next_order;
        for account in &mut self.accounts {
            account.read(from)?;
        }
        self.watchers = Watchers::of_all(&self.accounts);
        if bool::read(from)? != self.benchmark.is_some() {
            return Err(NotRestored::NoSuch { what: "accounts with this benchmark" });
        }
        if let Some(benchmark) = &mut self.benchmark {
            benchmark.read(from)?;
        }
        if bytes.is_empty() { Ok(()) } else { Err(NotRestored::LeftOver { n_bytes: bytes.len() }) }
    }
}
