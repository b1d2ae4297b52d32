//! Buys what closes below its lower Bollinger band, and lets go of it at the middle.

use std::collections::BTreeSet;

use openbell_coordinator::{Bars, Consumer, Context, Module, ModuleContext, Outcome, Subscription};
use openbell_market::Symbol;
use openbell_session_data::IndicatorHandle;
use schemars::JsonSchema;
use serde::Deserialize;

/// What can be set in a session file.
#[derive(Deserialize, JsonSchema)]
struct Settings {
    /// The bands: the key of a `bbands` indicator of the session.
    bands: String,
    /// Symbols that are held at once.
    #[schemars(range(min = 1))]
    max_held: usize,
}

/// The strategy as session files ask for it.
pub fn module() -> Module {
    Module::strategy("mean_reversion", "Buys below the bands, lets go at the middle.", build)
        .emits("buy", "A close below the lower band.")
        .emits("exit", "A close above the middle; without a value, at the end of the session.")
}

fn build(context: &ModuleContext<'_>, settings: Settings) -> Result<Box<dyn Consumer>, String> {
    let Settings { bands, max_held } = settings;
    let lower = context.indicator("bands", &format!("{bands}.lower"))?;
    let middle = context.indicator("bands", &format!("{bands}.middle"))?;
    Ok(Box::new(MeanReversion { lower, middle, max_held, held: BTreeSet::new() }))
}

struct MeanReversion {
    lower: IndicatorHandle,
    middle: IndicatorHandle,
    max_held: usize,
    held: BTreeSet<Symbol>,
}

impl Consumer for MeanReversion {
    fn name(&self) -> &str {
        "mean_reversion"
    }

    fn subscription(&self) -> Subscription {
        Subscription::all().intervals([self.lower.interval()])
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        for bar in bars {
            let symbol = context.view().symbol(bar.symbol.as_str())?;
            let lower = symbol.indicator_at(self.lower, bar.sequence)?;
            let middle = symbol.indicator_at(self.middle, bar.sequence)?;
            let (Some(lower), Some(middle)) = (lower, middle) else { continue }; // Not ready yet.
            let close = symbol.series(bar.interval)?.today().close()[bar.sequence];
            if close < lower && self.held.len() < self.max_held {
                if self.held.insert(bar.symbol.clone()) {
                    context.signal(bar.symbol, "buy", Some(close));
                }
            } else if close > middle && self.held.remove(bar.symbol) {
                context.signal(bar.symbol, "exit", Some(close));
            }
        }
        Ok(())
    }

    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        for symbol in std::mem::take(&mut self.held) {
            context.signal(&symbol, "exit", None);
        }
        Ok(())
    }
}
