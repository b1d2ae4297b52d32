//! Which bars a consumer is notified of.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use openbell_market::{BarInterval, Symbol};

type Rule = Arc<dyn Fn(&Symbol, BarInterval) -> bool + Send + Sync>;

/// The series of whose bars a consumer is notified: all, narrowed by symbol, interval, or a rule.
///
/// ```
/// use openbell_coordinator::Subscription;
/// let symbol = |text: &str| text.parse::<openbell_market::Symbol>();
/// let subscription = Subscription::all().symbols([symbol("AAPL")?]).intervals(["5m".parse()?]);
/// assert!(subscription.includes(&symbol("AAPL")?, "5m".parse()?));
/// assert!(!subscription.includes(&symbol("AAPL")?, "1m".parse()?));
/// assert!(!subscription.includes(&symbol("MSFT")?, "5m".parse()?));
/// assert!(!Subscription::none().includes(&symbol("AAPL")?, "5m".parse()?));
/// # Ok::<(), openbell_market::MarketError>(())
/// ```
#[derive(Clone)]
pub struct Subscription {
    symbols: Option<BTreeSet<Symbol>>,
    intervals: Option<Vec<BarInterval>>,
    rule: Option<Rule>,
}

impl Subscription {
    /// Every series.
    pub fn all() -> Subscription {
        Subscription { symbols: None, intervals: None, rule: None }
    }

    /// No series: the consumer is notified of the session, and of no bar.
    pub fn none() -> Subscription {
        Subscription { symbols: None, intervals: Some(Vec::new()), rule: None }
    }

    /// Of these only those of `symbols`, whenever they join.
    pub fn symbols(mut self, symbols: impl IntoIterator<Item = Symbol>) -> Subscription {
        self.symbols = Some(symbols.into_iter().collect());
        self
    }

    /// Of these only those of `intervals`.
    pub fn intervals(mut self, intervals: impl IntoIterator<Item = BarInterval>) -> Subscription {
        self.intervals = Some(intervals.into_iter().collect());
        self
    }

    /// Of these only those that `rule` includes. It is asked once for each series when members
    /// or intervals change, on the core's thread, and by whoever asks why, on theirs; it must answer the
    /// same whenever it is asked.
    pub fn matching(
        mut self,
        rule: impl Fn(&Symbol, BarInterval) -> bool + Send + Sync + 'static,
    ) -> Subscription {
        self.rule = Some(Arc::new(rule));
        self
    }

    /// Whether it includes the bars of that series.
    pub fn includes(&self, symbol: &Symbol, interval: BarInterval) -> bool {
        self.symbols.as_ref().is_none_or(|symbols| symbols.contains(symbol))
            && self.intervals.as_ref().is_none_or(|intervals| intervals.contains(&interval))
            && self.rule.as_ref().is_none_or(|rule| rule(symbol, interval))
    }

    /// The intervals that it names; none where it takes any.
    pub(crate) fn named_intervals(&self) -> &[BarInterval] {
        self.intervals.as_deref().unwrap_or_default()
    }

    /// Whether it cannot include anything.
    pub(crate) fn is_none(&self) -> bool {
        self.intervals.as_ref().is_some_and(Vec::is_empty)
            || self.symbols.as_ref().is_some_and(BTreeSet::is_empty)
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("symbols", &self.symbols)
            .field("intervals", &self.intervals)
            .field("has_rule", &self.rule.is_some())
            .finish()
    }
}
