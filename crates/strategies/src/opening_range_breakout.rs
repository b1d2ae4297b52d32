//! An opening-range breakout: the range of a session's first minutes, and the first close outside.
//!
//! The range is the high and low of the base bars that closed by the open plus `minutes`; without a
//! bar among them there is none that day. After it, the first base bar that closes above the high
//! signals `buy`, the first below the low `sell`, with its close: one of the two for each symbol
//! and session. `exit` comes with the session's close, and where the symbol leaves. A
//! symbol that joins later has the same range, from its own bars of that time, and is followed from
//! its joining on. With `trading_config`, at most `max_open_positions` are held.

use std::collections::BTreeMap;

use openbell_coordinator::{
    BarClosed, Bars, Consumer, Context, Module, ModuleContext, Outcome, Subscription, restored,
    saved, saved_bytes,
};
use openbell_market::Symbol;
use openbell_session_data::Rows;
use openbell_time::{Nanos, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::listed::to_listed;
use crate::positions::{PositionRules, Positions, Side};

/// The name in session files.
pub const NAME: &str = "opening_range_breakout";

const ABOUT: &str = "Follows the first close outside the range of the first minutes.";

/// What can be set of it.
#[derive(Clone, PartialEq, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Settings {
    /// Length of the range from the session's open in minutes; shorter than the session.
    #[schemars(range(min = 1))]
    pub minutes: u32,
    /// Whether a close below the range is followed too.
    pub both_ways: bool,
    /// Only these, each of the session file or, with a scanner, any; all where it is not given.
    pub symbols: Option<Vec<String>>,
    /// Whether a symbol is locked while it is held, so that no scanner lets it go.
    pub lock: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { minutes: 15, both_ways: true, symbols: None, lock: false }
    }
}

/// It as a module, for a registry.
pub fn module() -> Module {
    Module::strategy(NAME, ABOUT, build)
        .emits("buy", "The first close above the range.")
        .emits("sell", "The first close below it.")
        .emits("exit", "The session's close, or the last one before the symbol left.")
}

fn build(context: &ModuleContext<'_>, settings: Settings) -> Result<Box<dyn Consumer>, String> {
    let length = Nanos::from_secs(i64::from(settings.minutes) * 60);
    if let Some(longest) = context.longest_session()
        && length >= longest
    {
        return Err(format!(
            "found minutes {}; the sessions of this run are open for {} at most, and no bar closes after \
             the range; fewer are needed",
            settings.minutes,
            longest.as_nanos() / 60_000_000_000
        ));
    }
    let subscription = Subscription::all();
    let subscription = to_listed(subscription, settings.symbols.as_deref(), context)?;
    Ok(Box::new(OpeningRangeBreakout {
        subscription,
        length,
        both_ways: settings.both_ways,
        days: BTreeMap::new(),
        positions: Positions::new(PositionRules {
            n_max: context.limits().map(|limits| limits.max_open_positions()),
            locks: settings.lock,
        }),
    }))
}

/// A symbol's day: *watched* for a close outside its range, or *done*.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Day {
    Watched { range: Range },
    Done,
}
saved!(enum Day { 0 => Watched { range }, 1 => Done });

#[derive(Clone, Copy, PartialEq, Debug)]
struct Range {
    high: f64,
    low: f64,
}
saved!(struct Range { high, low });

struct OpeningRangeBreakout {
    subscription: Subscription,
    length: Nanos,
    both_ways: bool,
    days: BTreeMap<Symbol, Day>,
    positions: Positions,
}

impl Consumer for OpeningRangeBreakout {
    fn name(&self) -> &str {
        NAME
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(saved_bytes(&(self.days.clone(), self.positions.kept())))
    }

    fn restore(&mut self, bytes: &[u8]) -> Outcome {
        let (days, positions) = restored(bytes)?;
        self.days = days;
        self.positions.take_back(positions);
        Ok(())
    }

    fn subscription(&self) -> Subscription {
        self.subscription.clone()
    }

    fn session_started(&mut self, _: &mut Context<'_>) -> Outcome {
        self.days.clear();
        self.positions.clear();
        Ok(())
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        self.positions.tell_left(context);
        let session = context.session();
        let ends_at = session.open + self.length;
        let is_after =
            |bar: &BarClosed<'_>| ends_at < bar.closes_at && bar.closes_at <= session.close;
        for bar in bars.iter().filter(is_after) {
            let of_symbol = context.view().symbol(bar.symbol.as_str())?;
            let Some(base) = of_symbol.base().filter(|base| base.interval() == bar.interval) else {
                continue;
            };
            let rows = base.today();
            self.positions.mark(bar.symbol, rows.close()[bar.sequence]);
            let day = *self.days.entry(bar.symbol.clone()).or_insert_with(|| {
                let range = range_of(&rows, session.open, ends_at);
                range.map_or(Day::Done, |range| Day::Watched { range })
            });
            let Day::Watched { range } = day else { continue };
            let close = rows.close()[bar.sequence];
            let side = match close {
                close if close > range.high => Side::Long,
                close if close < range.low && self.both_ways => Side::Short,
                _ => continue,
            };
            self.days.insert(bar.symbol.clone(), Day::Done);
            self.positions.open(context, bar.symbol, side, close);
        }
        Ok(())
    }

    fn symbol_left(&mut self, _: Timestamp, symbol: &Symbol) -> Outcome {
        self.days.remove(symbol);
        self.positions.leave(symbol);
        Ok(())
    }

    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        self.positions.close_all(context);
        Ok(())
    }
}

/// The range of the rows that opened at `since` or later and closed by `until`; `None` without
/// one.
fn range_of(rows: &Rows<'_>, since: Timestamp, until: Timestamp) -> Option<Range> {
    let first = rows.opens_at_ns().partition_point(|&ns| ns < since.as_nanos());
    let end = rows.closes_at_ns().partition_point(|&ns| ns <= until.as_nanos());
    if first >= end {
        return None;
    }
    let high = rows.high()[first..end].iter().copied().fold(f64::MIN, f64::max);
    let low = rows.low()[first..end].iter().copied().fold(f64::MAX, f64::min);
    Some(Range { high, low })
}
