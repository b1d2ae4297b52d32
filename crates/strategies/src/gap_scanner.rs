//! A gap scanner: of a large universe the few that opened far from their last close.
//!
//! Its entry needs `"pre_session": true`, and no windows.
//!
//! Before the open it reads the daily history of the whole universe, loaded or not, strictly before
//! the session, and asks for its candidates, which join at the open. What the day opens at can be
//! read of members only; so at the first instant at which bars closed it looks at its candidates'
//! first bars, signals `gap` with the percentage for those that it keeps, and lets the others go
//! again: those that it brought itself, no configured one. A candidate without a bar by then is
//! let go. A symbol of the universe that the store does not know, or holds no days of, is no
//! candidate.

use std::collections::{BTreeMap, BTreeSet};

use openbell_coordinator::{
    Added, Answer, Bars, BeforeOpen, Consumer, Context, HistoryBars, HistoryError, Module,
    ModuleContext, Outcome, SessionCommand, restored, saved, saved_bytes,
};
use openbell_market::{BarInterval, Symbol};
use openbell_time::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::ranking::best;
use crate::universe::universe;

/// The name in session files.
pub const NAME: &str = "gap_scanner";

const ABOUT: &str =
    "Before the open picks candidates by history, at the first bar keeps those that gapped.";

/// What can be set of it.
#[derive(Clone, PartialEq, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Settings {
    /// A file with a symbol a line, relative to the session file.
    pub universe: Option<String>,
    /// Symbols beside those of the file; one of the two is needed.
    pub symbols: Vec<String>,
    /// Sessions of daily history that are looked at.
    #[schemars(range(min = 1))]
    pub history_sessions: u32,
    /// The last close, at least.
    pub min_price: f64,
    /// Close times volume, on average a session, at least.
    pub min_dollar_volume: f64,
    /// Candidates of a session, the largest by dollar volume.
    #[schemars(range(min = 1))]
    pub max_candidates: usize,
    /// Distance of the open from the last close, in percent of it, up or down, at least.
    pub min_gap_pct: f64,
    /// Symbols that are kept, the widest gaps first.
    #[schemars(range(min = 1))]
    pub max_picks: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            universe: None,
            symbols: Vec::new(),
            history_sessions: 10,
            min_price: 5.0,
            min_dollar_volume: 0.0,
            max_candidates: 500,
            min_gap_pct: 2.0,
            max_picks: 10,
        }
    }
}

/// It as a module, for a registry.
pub fn module() -> Module {
    Module::scanner(NAME, ABOUT, build).emits(
        "gap",
        "The distance of the open from the last close, in percent of it, of a symbol that is kept.",
    )
}

fn build(context: &ModuleContext<'_>, settings: Settings) -> Result<Box<dyn Consumer>, String> {
    if !context.is_called_before_open() {
        return Err("it works before the open; write \"pre_session\": true".to_owned());
    }
    if context.is_called_by_clock() {
        return Err("it is not called by the clock; drop regular_session".to_owned());
    }
    let universe = universe(context, &settings.symbols, settings.universe.as_deref())?;
    Ok(Box::new(GapScanner { settings, universe, day: Day::Before, own: BTreeSet::new() }))
}

/// The session of the scanner: *before* the open it has nothing, then candidates with their last
/// closes that it *waits* to see open, then it has *decided*.
#[derive(Clone)]
enum Day {
    Before,
    Waits { last_closes: BTreeMap<Symbol, f64> },
    Decided,
}
saved!(enum Day { 0 => Before, 1 => Waits { last_closes }, 2 => Decided });

struct GapScanner {
    settings: Settings,
    universe: Vec<Symbol>,
    day: Day,
    /// Symbols that are members because it asked for them.
    own: BTreeSet<Symbol>,
}

impl Consumer for GapScanner {
    fn name(&self) -> &str {
        NAME
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(saved_bytes(&(self.day.clone(), self.own.clone())))
    }

    fn restore(&mut self, bytes: &[u8]) -> Outcome {
        (self.day, self.own) = restored(bytes)?;
        Ok(())
    }

    fn before_open(&mut self, context: &mut BeforeOpen<'_>) -> Outcome {
        self.own.clear();
        let n_sessions = self.settings.history_sessions;
        let mut by_volume = Vec::new();
        let mut last_closes = BTreeMap::new();
        for symbol in &self.universe {
            let past = match context.history(symbol, BarInterval::DAY, n_sessions) {
                Ok(past) => past,
                Err(HistoryError::Unknown(_) | HistoryError::NotStored { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            let Some(figures) = Figures::of(&past) else { continue };
            if figures.last_close >= self.settings.min_price
                && figures.dollar_volume >= self.settings.min_dollar_volume
            {
                by_volume.push((figures.dollar_volume, symbol.clone()));
                last_closes.insert(symbol.clone(), figures.last_close);
            }
        }
        let candidates = best(by_volume, self.settings.max_candidates);
        let candidates: BTreeSet<Symbol> =
            candidates.into_iter().map(|(_, symbol)| symbol).collect();
        last_closes.retain(|symbol, _| candidates.contains(symbol));
        self.day = Day::Waits { last_closes };
        if !candidates.is_empty() {
            context.add_symbols(candidates);
        }
        Ok(())
    }

    fn answered(&mut self, _: Timestamp, _: &SessionCommand, answer: &Answer) -> Outcome {
        if let Answer::Added(each) = answer {
            let added = each.iter().filter(|(_, added)| matches!(added, Added::Added { .. }));
            self.own.extend(added.map(|(symbol, _)| symbol.clone()));
        }
        Ok(())
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, _: &Bars<'_>) -> Outcome {
        if context.now() <= context.session().open {
            return Ok(()); // Before the regular open there is nothing to see of it.
        }
        let Day::Waits { last_closes } = std::mem::replace(&mut self.day, Day::Decided) else {
            return Ok(());
        };
        let mut gaps = BTreeMap::new();
        for (symbol, last_close) in &last_closes {
            let Ok(of_symbol) = context.view().symbol(symbol.as_str()) else { continue };
            let Some(metrics) = of_symbol.metrics() else { continue };
            let gap_pct = (metrics.open - last_close) / last_close * 100.0;
            if gap_pct.abs() >= self.settings.min_gap_pct {
                gaps.insert(symbol.clone(), gap_pct);
            }
        }
        let widths = gaps.iter().map(|(symbol, gap_pct)| (gap_pct.abs(), symbol.clone()));
        let picks = best(widths.collect(), self.settings.max_picks);
        for (_, symbol) in &picks {
            context.signal(symbol, "gap", gaps.get(symbol).copied());
        }
        let is_pick = |symbol: &Symbol| picks.iter().any(|(_, pick)| pick == symbol);
        let let_go: Vec<Symbol> =
            self.own.iter().filter(|symbol| !is_pick(symbol)).cloned().collect();
        if !let_go.is_empty() {
            context.remove_symbols(let_go);
        }
        Ok(())
    }
}

/// What the days before say of a symbol.
struct Figures {
    last_close: f64,
    /// Close times volume, on average a session with bars.
    dollar_volume: f64,
}

impl Figures {
    fn of(past: &HistoryBars) -> Option<Figures> {
        let last_close = past.latest()?.ohlcv.close;
        let (mut n, mut sum) = (0_u32, 0.0);
        for bar in past.bars() {
            n += 1;
            sum += bar.ohlcv.close * bar.ohlcv.volume;
        }
        Some(Figures { last_close, dollar_volume: sum / f64::from(n) })
    }
}
