//! What a strategy holds, as far as signals go: symbols with the last price that was seen of them.

use std::collections::BTreeMap;

use openbell_coordinator::Context;
use openbell_market::Symbol;

/// The side of a position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Long,
    Short,
}

/// What is to be known of all positions of a strategy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PositionRules {
    /// Positions at once; any number where there is no limit.
    pub(crate) n_max: Option<u32>,
    /// Whether a symbol is locked while it is held, so that no scanner lets it go.
    pub(crate) locks: bool,
}

/// The open positions of one strategy.
pub(crate) struct Positions {
    rules: PositionRules,
    /// The last price seen, by symbol.
    held: BTreeMap<Symbol, f64>,
    /// Held symbols that have left, that are not signalled yet.
    left: Vec<(Symbol, f64)>,
}

/// What is kept of positions over a restart: those that are held, and those that have left.
pub(crate) type KeptPositions = (BTreeMap<Symbol, f64>, Vec<(Symbol, f64)>);

impl Positions {
    /// What is kept of them.
    pub(crate) fn kept(&self) -> KeptPositions {
        (self.held.clone(), self.left.clone())
    }

    /// Takes back what was kept.
    pub(crate) fn take_back(&mut self, (held, left): KeptPositions) {
        (self.held, self.left) = (held, left);
    }

    pub(crate) fn new(rules: PositionRules) -> Positions {
        Positions { rules, held: BTreeMap::new(), left: Vec::new() }
    }

    /// A session begins: nothing is held. What was held at a close that nobody could see ended
    /// there, without a word.
    pub(crate) fn clear(&mut self) {
        self.held.clear();
        self.left.clear();
    }

    /// Opens a position where there is room: `buy` or `sell` is signalled at `price`.
    pub(crate) fn open(
        &mut self,
        context: &mut Context<'_>,
        symbol: &Symbol,
        side: Side,
        price: f64,
    ) {
        let is_full = self.rules.n_max.is_some_and(|n_max| self.held.len() >= n_max as usize);
        if is_full || self.held.contains_key(symbol) {
            return;
        }
        self.held.insert(symbol.clone(), price);
        if self.rules.locks {
            context.lock(symbol.clone());
        }
        let kind = match side {
            Side::Long => "buy",
            Side::Short => "sell",
        };
        context.signal(symbol, kind, Some(price));
    }

    /// Notes the last price of a symbol, where it is held.
    pub(crate) fn mark(&mut self, symbol: &Symbol, price: f64) {
        if let Some(last) = self.held.get_mut(symbol) {
            *last = price;
        }
    }

    /// Closes a position, where there is one: `exit` is signalled at `price`.
    pub(crate) fn close(&mut self, context: &mut Context<'_>, symbol: &Symbol, price: f64) {
        if self.held.remove(symbol).is_some() {
            if self.rules.locks {
                context.unlock(symbol.clone());
            }
            context.signal(symbol, "exit", Some(price));
        }
    }

    /// A symbol has left: its position ends at the last price that was seen, which is signalled with
    /// [`Positions::tell_left`].
    pub(crate) fn leave(&mut self, symbol: &Symbol) {
        if let Some(last) = self.held.remove(symbol) {
            self.left.push((symbol.clone(), last));
        }
    }

    /// Signals `exit` for what has left since the last callback that could.
    pub(crate) fn tell_left(&mut self, context: &mut Context<'_>) {
        for (symbol, last) in self.left.drain(..) {
            context.signal(&symbol, "exit", Some(last));
        }
    }

    /// Closes all that is open, in symbol order, at the last price of each.
    pub(crate) fn close_all(&mut self, context: &mut Context<'_>) {
        self.tell_left(context);
        let held: Vec<(Symbol, f64)> =
            self.held.iter().map(|(symbol, last)| (symbol.clone(), *last)).collect();
        for (symbol, last) in held {
            self.close(context, &symbol, last);
        }
    }
}
