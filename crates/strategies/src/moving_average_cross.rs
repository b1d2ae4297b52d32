//! A moving-average cross: long while a fast average of closes stands above a slow one.
//!
//! Both averages are over the last bars of the series, reaching back over the open into the
//! history that the session configures; without enough bars there is no opinion. The first opinion
//! of a session on a symbol is no cross. `buy` is signalled with the close at which fast goes above
//! slow, `exit` where it goes below again, with the session's close, and where the symbol leaves. What crossed while the session was inactive is acted on at the first bar after it.
//! With `trading_config`, at most `max_open_positions` are held.

use std::collections::BTreeMap;

use openbell_coordinator::{
    Bars, Consumer, Context, Module, ModuleContext, Outcome, Subscription, restored, saved_bytes,
};
use openbell_market::Symbol;
use openbell_session_data::SeriesView;
use openbell_time::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::listed::to_listed;
use crate::positions::{PositionRules, Positions, Side};

/// The name in session files.
pub const NAME: &str = "moving_average_cross";

const ABOUT: &str = "Long while a fast average of closes stands above a slow one.";

/// What can be set of it.
#[derive(Clone, PartialEq, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Settings {
    /// The bars that are averaged; an interval of which the session delivers bars.
    pub interval: String,
    /// Bars of the fast average.
    #[schemars(range(min = 1))]
    pub fast: usize,
    /// Bars of the slow average, more than of the fast one; no more than a session and the history
    /// configured for it hold.
    pub slow: usize,
    /// Only these, each of the session file or, with a scanner, any; all where it is not given.
    pub symbols: Option<Vec<String>>,
    /// Whether a symbol is locked while it is held, so that no scanner lets it go.
    pub lock: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { interval: "5m".to_owned(), fast: 5, slow: 20, symbols: None, lock: false }
    }
}

/// It as a module, for a registry.
pub fn module() -> Module {
    Module::strategy(NAME, ABOUT, build)
        .emits("buy", "The close at which the fast average goes above the slow one.")
        .emits("exit", "The close at which it goes below again, of the session, or the last one before the symbol left.")
}

fn build(context: &ModuleContext<'_>, settings: Settings) -> Result<Box<dyn Consumer>, String> {
    let interval = context.interval("interval", &settings.interval)?;
    if settings.slow <= settings.fast {
        let Settings { fast, slow, .. } = settings;
        return Err(format!("found fast {fast} and slow {slow}; fast < slow is needed"));
    }
    if let Some(n_bars) = context.bars_within_reach(interval)
        && settings.slow as u64 > n_bars
    {
        return Err(format!(
            "found slow {}; there are never more than {n_bars} bars of {interval} to average, those of \
             one session and of the history that is configured for it; lower it, or add {interval} to \
             historical",
            settings.slow
        ));
    }
    let subscription = Subscription::all().intervals([interval]);
    let subscription = to_listed(subscription, settings.symbols.as_deref(), context)?;
    Ok(Box::new(MovingAverageCross {
        subscription,
        fast: settings.fast,
        slow: settings.slow,
        is_above: BTreeMap::new(),
        positions: Positions::new(PositionRules {
            n_max: context.limits().map(|limits| limits.max_open_positions()),
            locks: settings.lock,
        }),
    }))
}

struct MovingAverageCross {
    subscription: Subscription,
    fast: usize,
    slow: usize,
    /// Where fast stood against slow, by symbol.
    is_above: BTreeMap<Symbol, bool>,
    positions: Positions,
}

impl Consumer for MovingAverageCross {
    fn name(&self) -> &str {
        NAME
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(saved_bytes(&(self.is_above.clone(), self.positions.kept())))
    }

    fn restore(&mut self, bytes: &[u8]) -> Outcome {
        let (is_above, positions) = restored(bytes)?;
        self.is_above = is_above;
        self.positions.take_back(positions);
        Ok(())
    }

    fn subscription(&self) -> Subscription {
        self.subscription.clone()
    }

    fn session_started(&mut self, _: &mut Context<'_>) -> Outcome {
        self.is_above.clear();
        self.positions.clear();
        Ok(())
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        self.positions.tell_left(context);
        for bar in bars {
            let view = context.view();
            let symbol = view.symbol(bar.symbol.as_str())?;
            let series = symbol.series(bar.interval)?;
            let Some(last) = series.latest() else { continue };
            let close = last.ohlcv.close;
            self.positions.mark(bar.symbol, close);
            let Some(is_above) = fast_is_above(&series, self.fast, self.slow) else { continue };
            match (self.is_above.insert(bar.symbol.clone(), is_above), is_above) {
                (Some(false), true) => {
                    self.positions.open(context, bar.symbol, Side::Long, close);
                }
                (_, false) => self.positions.close(context, bar.symbol, close),
                _ => {}
            }
        }
        Ok(())
    }

    fn symbol_left(&mut self, _: Timestamp, symbol: &Symbol) -> Outcome {
        self.is_above.remove(symbol);
        self.positions.leave(symbol);
        Ok(())
    }

    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        self.positions.close_all(context);
        Ok(())
    }
}

/// Whether the mean of the last `fast` closes is above that of the last `slow`; `None` where
/// there are fewer bars, or they are equal.
fn fast_is_above(series: &SeriesView<'_>, fast: usize, slow: usize) -> Option<bool> {
    let mut closes = Closes { n_seen: 0, slow_sum: 0.0, fast_sum: 0.0 };
    for bar in series.last(slow) {
        closes.n_seen += 1;
        closes.slow_sum += bar.ohlcv.close;
        if closes.n_seen > slow - fast {
            closes.fast_sum += bar.ohlcv.close;
        }
    }
    closes.opinion(fast, slow)
}

struct Closes {
    n_seen: usize,
    slow_sum: f64,
    fast_sum: f64,
}

impl Closes {
    fn opinion(&self, fast: usize, slow: usize) -> Option<bool> {
        if self.n_seen < slow {
            return None;
        }
        let (fast_mean, slow_mean) = (self.fast_sum / fast as f64, self.slow_sum / slow as f64);
        if fast_mean == slow_mean { None } else { Some(fast_mean > slow_mean) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_opinion_without_enough_bars_or_between_equal_means() {
        let closes = |n_seen, slow_sum, fast_sum| Closes { n_seen, slow_sum, fast_sum };
        assert_eq!(closes(3, 30.0, 20.0).opinion(2, 4), None);
        assert_eq!(closes(4, 40.0, 20.0).opinion(2, 4), None);
        // 9, 9, 11, 13: the slow mean is 10.5, the fast one 12.
        assert_eq!(closes(4, 42.0, 24.0).opinion(2, 4), Some(true));
        assert_eq!(closes(4, 42.0, 18.0).opinion(2, 4), Some(false));
    }
}
