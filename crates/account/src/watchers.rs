//! Which accounts have to do with which symbols: a bar goes to those alone.

use std::collections::BTreeMap;

use openbell_market::Symbol;

use crate::account::Account;

/// The accounts that have to do with a symbol, by their places, in order.
#[derive(Default)]
pub(crate) struct Watchers(BTreeMap<Symbol, Vec<usize>>);

impl Watchers {
    /// Those of all `accounts`.
    pub(crate) fn of_all(accounts: &[Account]) -> Watchers {
        let mut watchers = Watchers::default();
        for (place, account) in accounts.iter().enumerate() {
            for symbol in account.watched() {
                watchers.0.entry(symbol.clone()).or_default().push(place);
            }
        }
        watchers
    }

    /// Whether no account has to do with anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that have to do with `symbol`.
    ///
    /// *Cost*: nothing while no account has to do with anything.
    pub(crate) fn of(&self, symbol: &Symbol) -> &[usize] {
        if self.0.is_empty() {
            return &[];
        }
        self.0.get(symbol).map_or(&[], Vec::as_slice)
    }

    /// The account at that place may have begun to have to do with `symbol`.
    pub(crate) fn look_at(&mut self, place: usize, account: &Account, symbol: &Symbol) {
        if !account.watches(symbol) {
            return;
        }
        let places = self.0.entry(symbol.clone()).or_default();
        if let Err(at) = places.binary_search(&place) {
            places.insert(at, place);
        }
    }

    /// Some of `accounts` have nothing to do any more with symbols that they had to do with.
    ///
    /// *Cost*: linear in all that is watched.
    pub(crate) fn let_go(&mut self, accounts: &[Account]) {
        self.0.retain(|symbol, places| {
            places.retain(|&place| accounts[place].watches(symbol));
            !places.is_empty()
        });
    }
}
