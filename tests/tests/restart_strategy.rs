//! The strategy of the stories of restarts.

use openbell_coordinator::{
    Bars, Consumer, Context, Corrected, NewOrder, Outcome, Resumed, TradeEvent, restored,
    saved_bytes,
};
use openbell_market::Symbol;
use openbell_tests::series;

/// A strategy with state: it adds up what it sees, and signals the sum with every third bar. On paper it buys
/// and sells one symbol, with stops left behind, orders that stay over the night, and cancels.
#[derive(Default)]
pub struct Adding {
    n_bars: u64,
    sum: f64,
}

impl Adding {
    fn see(&mut self, context: &mut Context<'_>, symbol: &Symbol, sequence: usize) {
        let view = context.view();
        let bar = view.symbol(symbol.as_str()).ok();
        let bar = bar.and_then(|shown| shown.base()?.today().bar(sequence));
        self.sum += bar.map_or(0.0, |bar| bar.ohlcv.close);
        self.n_bars += 1;
        if self.n_bars.is_multiple_of(3) {
            context.signal(symbol, "sum", Some(self.sum));
        }
        if let Some(bar) = bar.filter(|_| symbol.as_str() == "AAA") {
            self.trade(context, symbol, bar.ohlcv.close);
        }
    }

    fn trade(&self, context: &mut Context<'_>, symbol: &Symbol, close: f64) {
        let order = match self.n_bars % 7 {
            0 => NewOrder::to_fraction(symbol, 0.3).with_stop(close * 0.999),
            3 => NewOrder::to_units(symbol, 0.0).reduce_only(),
            4 => NewOrder::buy(symbol, 3.0).limit(close - 0.05).until_cancelled(),
            5 => {
                if let Some(oldest) = context.resting_orders().first() {
                    let _ = context.cancel(oldest.id); // It may be cancelled already.
                }
                return;
            }
            _ => return,
        };
        let _ = context.order(order); // A refusal is in the event log, which is compared.
    }
}

impl Consumer for Adding {
    fn name(&self) -> &str {
        "adding"
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        for bar in bars.iter().filter(|bar| bar.interval == series("AAA 1m").interval) {
            self.see(context, bar.symbol, bar.sequence);
        }
        Ok(())
    }

    fn resumed(&mut self, context: &mut Context<'_>, resumed: &Resumed) -> Outcome {
        for skipped in resumed.skipped.iter().filter(|s| s.interval == series("AAA 1m").interval) {
            (skipped.first..=skipped.last).for_each(|n| self.see(context, &skipped.symbol, n));
        }
        Ok(())
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(saved_bytes(&(self.n_bars, self.sum)))
    }

    fn restore(&mut self, bytes: &[u8]) -> Outcome {
        (self.n_bars, self.sum) = restored(bytes)?;
        Ok(())
    }

    fn corrected(&mut self, context: &mut Context<'_>, corrected: &Corrected) -> Outcome {
        context.signal(&corrected.symbol, "corrected", Some(self.sum));
        Ok(())
    }

    fn traded(&mut self, context: &mut Context<'_>, events: &[TradeEvent]) -> Outcome {
        for event in events {
            if let TradeEvent::Filled(fill) = event {
                let cash = context.balance().map(|balance| balance.cash);
                context.signal(&fill.symbol, fill.side.name(), cash);
            }
        }
        Ok(())
    }
}
