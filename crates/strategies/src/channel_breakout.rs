//! A channel breakout on paper: long above the highest high of the last bars, out below the lowest low of
//! fewer, with a stop left behind; held over days.
//!
//! The channels are those of R. Donchian, as in C. Faith, "Way of the Turtle", 2007, chapter 10: highs and
//! lows of the bars before the one that has just closed, reaching back over the open into the history that
//! the session configures. A purchase takes a share of the equity at the next bar's open and leaves a stop
//! below the close that called for it. It trades by the session's `account`, which refuses what it cannot
//! pay for; refusals stand in the event log and are counted in the report. `buy` and `exit` are signalled
//! with the close that called for them, `stopped` with the price of the stop's fill.

use std::collections::BTreeSet;

use openbell_coordinator::{
    Bars, Consumer, Context, Module, ModuleContext, NewOrder, OrderId, OrderKind, Outcome,
    Subscription, TradeEvent, restored, saved_bytes,
};
use openbell_session_data::SeriesView;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::listed::to_listed;

/// The name in session files.
pub const NAME: &str = "channel_breakout";

const ABOUT: &str =
    "Long above a channel of highs until a channel of lows or a stop; needs an account.";

/// What can be set of it.
#[derive(Clone, PartialEq, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Settings {
    /// The bars that the channels are made of; an interval of which the session delivers bars.
    pub interval: String,
    /// Bars of the channel of highs.
    #[schemars(range(min = 1))]
    pub highs: usize,
    /// Bars of the channel of lows.
    #[schemars(range(min = 1))]
    pub lows: usize,
    /// How far below the close the stop lies, in percent.
    #[schemars(range(min = 0.01, max = 99.0))]
    pub stop_pct: f64,
    /// The share of the equity that a purchase takes.
    #[schemars(range(min = 0.0001, max = 1.0))]
    pub share: f64,
    /// Only these, each of the session file or, with a scanner, any; all where it is not given.
    pub symbols: Option<Vec<String>>,
}

impl Default for Settings {
    fn default() -> Settings {
        let interval = "15m".to_owned();
        Settings { interval, highs: 20, lows: 10, stop_pct: 2.0, share: 0.25, symbols: None }
    }
}

/// It as a module, for a registry.
pub fn module() -> Module {
    Module::strategy(NAME, ABOUT, build)
        .emits("buy", "The close above the channel of highs.")
        .emits("exit", "The close below the channel of lows.")
        .emits("stopped", "The price at which the stop was filled.")
}

fn build(context: &ModuleContext<'_>, settings: Settings) -> Result<Box<dyn Consumer>, String> {
    let Settings { interval, highs, lows, stop_pct, share, symbols } = settings;
    if !context.has_account() {
        return Err(
            "it orders, and the session file has no account; add \"account\": {\"cash\": 100000}"
                .to_owned(),
        );
    }
    let interval = context.interval("interval", &interval)?;
    let n_bars = highs.max(lows);
    if let Some(n_most) = context.bars_within_reach(interval)
        && n_bars as u64 >= n_most
    {
        return Err(format!(
            "found a channel of {n_bars} bars; there are never more than {n_most} bars of {interval}, those \
             of one session and of the history that is configured for it; lower it, or add {interval} to \
             historical"
        ));
    }
    let subscription = Subscription::all().intervals([interval]);
    let subscription = to_listed(subscription, symbols.as_deref(), context)?;
    let below = 1.0 - stop_pct / 100.0;
    Ok(Box::new(ChannelBreakout {
        subscription,
        highs,
        lows,
        below,
        share,
        stops: BTreeSet::new(),
    }))
}

struct ChannelBreakout {
    subscription: Subscription,
    highs: usize,
    lows: usize,
    /// Where the stop lies, as a share of the close.
    below: f64,
    share: f64,
    /// The stops that rest.
    stops: BTreeSet<OrderId>,
}

impl Consumer for ChannelBreakout {
    fn name(&self) -> &str {
        NAME
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(saved_bytes(&self.stops))
    }

    fn restore(&mut self, bytes: &[u8]) -> Outcome {
        self.stops = restored(bytes)?;
        Ok(())
    }

    fn subscription(&self) -> Subscription {
        self.subscription.clone()
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        for bar in bars {
            let view = context.view();
            let symbol = view.symbol(bar.symbol.as_str())?;
            let Some(channel) = Channel::of(&symbol.series(bar.interval)?, self.highs, self.lows)
            else {
                continue;
            };
            let is_held = context.position(bar.symbol).is_some();
            let is_ordered = context
                .resting_orders()
                .iter()
                .any(|order| order.symbol == *bar.symbol && order.kind == OrderKind::Market);
            let order = if channel.breaks_out() && !is_held && !is_ordered {
                context.signal(bar.symbol, "buy", Some(channel.close));
                let entry = NewOrder::to_fraction(bar.symbol, self.share);
                entry.with_stop(channel.close * self.below)
            } else if channel.breaks_down() && is_held && !is_ordered {
                context.signal(bar.symbol, "exit", Some(channel.close));
                NewOrder::to_units(bar.symbol, 0.0).reduce_only()
            } else {
                continue;
            };
            let _ = context.order(order); // A refusal is in the event log, and counted.
        }
        Ok(())
    }

    fn traded(&mut self, context: &mut Context<'_>, events: &[TradeEvent]) -> Outcome {
        for event in events {
            match event {
                TradeEvent::Placed { order, .. } if order.entry.is_some() => {
                    self.stops.insert(order.id);
                }
                TradeEvent::Filled(fill) if self.stops.contains(&fill.order) => {
                    context.signal(&fill.symbol, "stopped", Some(fill.price()));
                }
                TradeEvent::Ended { order, .. } => {
                    self.stops.remove(order);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The bar that has just closed, beside the bars before it.
struct Channel {
    close: f64,
    highest: f64,
    lowest: f64,
}

impl Channel {
    /// `None` where there are not enough bars.
    fn of(series: &SeriesView<'_>, highs: usize, lows: usize) -> Option<Channel> {
        let n_bars = highs.max(lows) + 1;
        let mut last = Vec::with_capacity(n_bars);
        last.extend(series.last(n_bars).map(|bar| bar.ohlcv));
        if last.len() < n_bars {
            return None;
        }
        let (now, before) = last.split_last()?;
        let highest = before[before.len() - highs..].iter().map(|bar| bar.high);
        let lowest = before[before.len() - lows..].iter().map(|bar| bar.low);
        Some(Channel {
            close: now.close,
            highest: highest.fold(f64::NEG_INFINITY, f64::max),
            lowest: lowest.fold(f64::INFINITY, f64::min),
        })
    }

    fn breaks_out(&self) -> bool {
        self.close > self.highest
    }

    fn breaks_down(&self) -> bool {
        self.close < self.lowest
    }
}
