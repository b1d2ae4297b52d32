//! A list of symbols, as session files write it.

use openbell_market::Symbol;

use crate::reader::Item;

/// The symbols of a list, each once.
pub(crate) fn read_symbols(item: &Item<'_>) -> Option<Vec<Symbol>> {
    item.distinct(Item::symbol, Symbol::to_string)
}
