//! Buys what closes below its lower Bollinger band, and sells it above the middle.

use openbell_coordinator::{
    Bars, Consumer, Context, Module, ModuleContext, NewOrder, Outcome, Subscription,
};
use openbell_session_data::IndicatorHandle;
use schemars::JsonSchema;
use serde::Deserialize;

/// What can be set in a session file.
#[derive(Deserialize, JsonSchema)]
struct Settings {
    /// The bands: the key of a `bbands` indicator of the session.
    bands: String,
    /// Symbols that are held at once, each with an equal share of the equity.
    #[schemars(range(min = 1))]
    max_held: usize,
}

/// The strategy as session files ask for it.
pub fn module() -> Module {
    Module::strategy("mean_reversion", "Buys below the bands, sells above the middle.", build)
        .emits("buy", "A close below the lower band.")
        .emits("exit", "A close above the middle.")
}

fn build(context: &ModuleContext<'_>, settings: Settings) -> Result<Box<dyn Consumer>, String> {
    let Settings { bands, max_held } = settings;
    let lower = context.indicator("bands", &format!("{bands}.lower"))?;
    let middle = context.indicator("bands", &format!("{bands}.middle"))?;
    Ok(Box::new(MeanReversion { lower, middle, max_held }))
}

struct MeanReversion {
    lower: IndicatorHandle,
    middle: IndicatorHandle,
    max_held: usize,
}

impl Consumer for MeanReversion {
    fn name(&self) -> &str {
        "mean_reversion"
    }

    fn subscription(&self) -> Subscription {
        Subscription::all().intervals([self.lower.interval()])
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(Vec::new()) // What it decides by stands in the view and in its account.
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        for bar in bars {
            let symbol = context.view().symbol(bar.symbol.as_str())?;
            let lower = symbol.indicator_at(self.lower, bar.sequence)?;
            let middle = symbol.indicator_at(self.middle, bar.sequence)?;
            let (Some(lower), Some(middle)) = (lower, middle) else { continue }; // Not ready yet.
            let is_held = context.position(bar.symbol).is_some();
            if bar.close < lower && !is_held && context.positions().len() < self.max_held {
                context.signal(bar.symbol, "buy", Some(bar.close));
                let share = 0.95 / self.max_held as f64; // A little is left for costs.
                let _ = context.order(NewOrder::to_fraction(bar.symbol, share)); // Refusals are logged.
            } else if bar.close > middle && is_held {
                context.signal(bar.symbol, "exit", Some(bar.close));
                let _ = context.order(NewOrder::to_units(bar.symbol, 0.0).reduce_only());
            }
        }
        Ok(())
    }
}
