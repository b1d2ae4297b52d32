//! A strategy that orders everything that can be ordered, by the bars that it hears and nothing else.

use openbell_coordinator::{Bars, Consumer, Context, NewOrder, Outcome, Subscription};
use openbell_market::{BarInterval, Symbol};

/// What is ordered in turn: entries with exits left behind, limits, stops, on-close orders, orders that flatten;
/// the oldest that rests is cancelled. A refusal is in the event log.
///
/// # Errors
///
/// A cancel of an order that rests is refused.
pub fn order_in_turn(
    turn: u64,
    context: &mut Context<'_>,
    symbol: &Symbol,
    close: f64,
    rises: bool,
) -> Outcome {
    let held = context.position(symbol).map_or(0.0, |position| position.lots.units(1.0));
    let resting = context.resting_orders();
    let order = match turn % 7 {
        0 if held == 0.0 => {
            NewOrder::to_fraction(symbol, 0.25).with_stop(close * 0.999).with_target(close * 1.002)
        }
        1 if held == 0.0 && rises => NewOrder::buy(symbol, 5.0).limit(close - 0.05),
        2 if held == 0.0 => NewOrder::buy(symbol, 5.0).stop(close + 0.1).with_stop(close - 0.2),
        3 => NewOrder::to_units(symbol, 0.0),
        4 => NewOrder::buy(symbol, 3.0).on_close(),
        5 => {
            // One that was cancelled before may wait for its bar.
            if let Some(oldest) = resting.first().filter(|order| order.symbol == *symbol) {
                let _ = context.cancel(oldest.id);
            }
            return Ok(());
        }
        _ => return Ok(()),
    };
    let _ = context.order(order);
    Ok(())
}

/// Orders in turn at every base bar of the symbols that it may trade.
pub struct Trader {
    base: BarInterval,
    /// Symbols that nobody wants to let go: what is held locks its symbol.
    symbols: Vec<Symbol>,
    n_bars: u64,
    last: Option<f64>,
}

impl Trader {
    /// The name of its account.
    pub const NAME: &'static str = "trader";

    /// One that trades `symbols` by their bars of `base`.
    pub fn new(base: BarInterval, symbols: Vec<Symbol>) -> Trader {
        Trader { base, symbols, n_bars: 0, last: None }
    }
}

impl Consumer for Trader {
    fn name(&self) -> &str {
        Trader::NAME
    }

    fn subscription(&self) -> Subscription {
        Subscription::all().intervals([self.base])
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        for bar in bars {
            if self.symbols.contains(bar.symbol) {
                self.n_bars += 1;
                let rises = self.last.replace(bar.close).is_some_and(|last| bar.close > last);
                order_in_turn(self.n_bars, context, bar.symbol, bar.close, rises)?;
            }
        }
        Ok(())
    }
}
