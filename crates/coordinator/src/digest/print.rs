//! One number for all that can be read of a symbol or in a view, bit for bit.
//!
//! Not here: the digest of a run, which is part of the promises ([`crate::Digest`] is how both are
//! written).

use std::fmt::Debug;
use std::hash::Hasher;

use openbell_session_data::{Rows, SymbolView, View};
use twox_hash::xxhash3_64::Hasher as Xxh3;

use crate::digest::{Digest, hash_floats, hash_ints};

/// A number for everything that can be read of one symbol: bars of the day and of the sessions
/// before it, coverage, gaps, metrics, indicators, bars that are forming.
///
/// *Time*: depends on what the view shows, and so on nothing later than its instant. *Cost*: linear
/// in all rows that can be read, history included.
pub fn symbol_print(symbol: &SymbolView<'_>) -> Digest {
    let mut print = Print::default();
    print.symbol(symbol);
    print.digest()
}

/// A number for everything that can be read in a view: each member as [`symbol_print`] has it, or
/// that it is withheld.
pub fn view_print(view: &View<'_>) -> Digest {
    let mut print = Print::default();
    for name in view.symbols() {
        match view.symbol(name.as_str()) {
            Ok(symbol) => print.symbol(&symbol),
            Err(unavailable) => print.text(&unavailable.to_string()),
        }
    }
    print.digest()
}

/// The print of what was read so far.
#[derive(Default)]
pub(crate) struct Print(Xxh3);

impl Print {
    pub(crate) fn digest(&self) -> Digest {
        Digest(self.0.finish())
    }

    pub(crate) fn words(&mut self, words: &[i64]) {
        hash_ints(&mut self.0, words);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.words(&[text.len() as i64]);
        self.0.write(text.as_bytes());
    }

    pub(crate) fn value(&mut self, value: &impl Debug) {
        self.text(&format!("{value:?}"));
    }

    pub(crate) fn symbol(&mut self, symbol: &SymbolView<'_>) {
        self.text(symbol.symbol().as_str());
        for interval in symbol.intervals() {
            let Ok(series) = symbol.series(interval) else { continue };
            self.value(&interval);
            for rows in series.trailing() {
                self.rows(&rows, 0);
            }
            self.rows(&series.today(), 0);
            self.value(&(
                series.coverage(),
                series.gaps(),
                symbol.forming_bar(interval).ok().flatten(),
            ));
        }
        self.value(&(symbol.metrics(), symbol.historical_indicators()));
    }

    /// The rows from `first` on.
    pub(crate) fn rows(&mut self, rows: &Rows<'_>, first: usize) {
        self.words(&[rows.len() as i64, first as i64]);
        for stamps in [rows.opens_at_ns(), rows.closes_at_ns()] {
            hash_ints(&mut self.0, &stamps[first..]);
        }
        for values in [rows.open(), rows.high(), rows.low(), rows.close(), rows.volume()] {
            hash_floats(&mut self.0, &values[first..]);
        }
        if let Some((n, expected)) = rows.coverage_columns() {
            hash_ints(&mut self.0, &n[first..]);
            hash_ints(&mut self.0, &expected[first..]);
        }
        for (_, _, values) in rows.indicator_columns() {
            hash_floats(&mut self.0, &values[first..]);
        }
    }
}
