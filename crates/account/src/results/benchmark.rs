//! Buying one symbol at its first open and holding it, without costs.

use openbell_coordinator::{NotRestored, Saved};
use openbell_market::{Bar, Symbol};

use super::drawdown::{Drawdown, DrawdownMeter};
use super::returns::Returns;

/// What buying and holding came to.
#[derive(Clone, PartialEq, Debug)]
pub struct BenchmarkResults {
    /// The symbol.
    pub symbol: Symbol,
    /// Return and risk by session, from the open of its first bar.
    pub returns: Returns,
    /// The deepest fall from a peak, by closes of base bars.
    pub drawdown: Option<Drawdown>,
}

/// A symbol that is bought and held.
#[derive(Clone, Debug)]
pub(crate) struct Benchmark {
    symbol: Symbol,
    /// The open of its first bar, and the close of its last.
    prices: Option<(f64, f64)>,
    closes: Vec<f64>,
    drawdown: DrawdownMeter,
}

impl Benchmark {
    pub(crate) fn new(symbol: Symbol) -> Benchmark {
        Benchmark { symbol, prices: None, closes: Vec::new(), drawdown: DrawdownMeter::default() }
    }

    /// Writes all that it has seen.
    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        let Benchmark { symbol, prices, closes, drawdown } = self;
        symbol.write(to);
        prices.write(to);
        closes.write(to);
        drawdown.write(to);
    }

    /// Takes back what [`Benchmark::write`] wrote, of the same symbol.
    pub(crate) fn read(&mut self, from: &mut &[u8]) -> Result<(), NotRestored> {
        if Symbol::read(from)? != self.symbol {
            return Err(NotRestored::NoSuch { what: "benchmark of this symbol" });
        }
        self.prices = Saved::read(from)?;
        self.closes = Saved::read(from)?;
        self.drawdown = Saved::read(from)?;
        Ok(())
    }

    pub(crate) fn is_of(&self, symbol: &Symbol) -> bool {
        self.symbol == *symbol
    }

    pub(crate) fn see(&mut self, symbol: &Symbol, bar: &Bar) {
        if !self.is_of(symbol) {
            return;
        }
        let first = match self.prices {
            Some((first, _)) => first,
            None => {
                self.drawdown.mark(bar.opens_at, bar.ohlcv.open);
                bar.ohlcv.open
            }
        };
        self.prices = Some((first, bar.ohlcv.close));
        self.drawdown.mark(bar.closes_at, bar.ohlcv.close);
    }

    pub(crate) fn close_session(&mut self) {
        self.closes.extend(self.prices.map(|(_, last)| last));
    }

    pub(crate) fn results(&self, sessions_per_year: f64) -> Option<BenchmarkResults> {
        let (first, _) = self.prices?;
        Some(BenchmarkResults {
            symbol: self.symbol.clone(),
            returns: Returns::of(first, &self.closes, sessions_per_year),
            drawdown: self.drawdown.deepest(),
        })
    }
}
