//! A momentum scanner: by the clock, it keeps what has risen most since the open, lets go of what
//! has not, and looks at the next of its universe.
//!
//! Its entry needs windows in `regular_session`, as `{"start": "09:35", "end": "10:31", "interval":
//! "5m"}`: every five minutes from 09:35 to 10:30; and no `"pre_session": true`.
//!
//! At its first call in a session it puts the universe in order by the rise over the history,
//! strictly before the session, and asks for the first `watch` of them. At every later call it looks
//! at those that are members: what has risen enough is signalled `momentum` with the percentage,
//! once, the highest first, and is kept; those of the others that stand at or under `let_go_pct`, or
//! have no bar yet, are let go (they leave the session where it brought them itself), and as many of
//! the next in order are asked for.

use std::collections::{BTreeSet, VecDeque};

use openbell_coordinator::{
    Added, Answer, Consumer, Context, HistoryError, Module, ModuleContext, Outcome, SessionCommand,
    Subscription, restored, saved, saved_bytes,
};
use openbell_market::{BarInterval, Symbol};
use openbell_time::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::ranking::best;
use crate::universe::universe;

/// The name in session files.
pub const NAME: &str = "momentum_scanner";

const ABOUT: &str =
    "By the clock keeps what has risen most, lets go of what fell, and looks at the next.";

/// What can be set of it.
#[derive(Clone, PartialEq, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Settings {
    /// A file with a symbol a line, relative to the session file.
    pub universe: Option<String>,
    /// Symbols beside those of the file; one of the two is needed.
    pub symbols: Vec<String>,
    /// Sessions of daily history by which the universe is put in order.
    #[schemars(range(min = 1))]
    pub history_sessions: u32,
    /// Symbols of its own that it looks at at once.
    #[schemars(range(min = 1))]
    pub watch: usize,
    /// Rise since the open, in percent, from which it picks a symbol.
    pub min_return_pct: f64,
    /// Rise at or under which it lets go of one, in percent; at most `min_return_pct`.
    pub let_go_pct: f64,
    /// Symbols picked in a session.
    #[schemars(range(min = 1))]
    pub max_picks: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            universe: None,
            symbols: Vec::new(),
            history_sessions: 5,
            watch: 20,
            min_return_pct: 1.0,
            let_go_pct: 0.0,
            max_picks: 5,
        }
    }
}

/// It as a module, for a registry.
pub fn module() -> Module {
    Module::scanner(NAME, ABOUT, build)
        .emits("momentum", "The rise since the open, in percent, of a symbol that is picked.")
}

fn build(context: &ModuleContext<'_>, settings: Settings) -> Result<Box<dyn Consumer>, String> {
    if !context.is_called_by_clock() {
        return Err("it works by the clock; give it windows in regular_session".to_owned());
    }
    if context.is_called_before_open() {
        return Err("it does nothing before the open; drop \"pre_session\": true".to_owned());
    }
    if settings.let_go_pct > settings.min_return_pct {
        let Settings { let_go_pct, min_return_pct, .. } = settings;
        return Err(format!(
            "found let_go_pct {let_go_pct}; at most min_return_pct {min_return_pct} is needed"
        ));
    }
    let universe = universe(context, &settings.symbols, settings.universe.as_deref())?;
    Ok(Box::new(MomentumScanner { settings, universe, day: None }))
}

/// What the scanner knows in one session, from its first call on.
#[derive(Default)]
struct Day {
    /// Those that were not looked at yet, in order.
    next: VecDeque<Symbol>,
    /// Those that it looks at and has not picked.
    watched: BTreeSet<Symbol>,
    /// Those among them, and the picks, that are members because it asked for them.
    own: BTreeSet<Symbol>,
    n_picks: usize,
}
saved!(struct Day { next, watched, own, n_picks });

struct MomentumScanner {
    settings: Settings,
    universe: Vec<Symbol>,
    day: Option<Day>,
}

impl Consumer for MomentumScanner {
    fn name(&self) -> &str {
        NAME
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(saved_bytes(&self.day))
    }

    fn restore(&mut self, bytes: &[u8]) -> Outcome {
        self.day = restored(bytes)?;
        Ok(())
    }

    fn subscription(&self) -> Subscription {
        Subscription::none() // It looks when it is called.
    }

    fn session_started(&mut self, _: &mut Context<'_>) -> Outcome {
        self.day = None;
        Ok(())
    }

    fn scheduled(&mut self, context: &mut Context<'_>) -> Outcome {
        let mut day = match self.day.take() {
            Some(day) => day,
            None => Day { next: self.ordered(context)?.into(), ..Day::default() },
        };
        self.look(&mut day, context);
        self.ask_for_next(&mut day, context);
        self.day = Some(day);
        Ok(())
    }

    fn answered(&mut self, _: Timestamp, _: &SessionCommand, answer: &Answer) -> Outcome {
        if let (Answer::Added(each), Some(day)) = (answer, &mut self.day) {
            for (symbol, added) in each {
                match added {
                    Added::Added { .. } => drop(day.own.insert(symbol.clone())),
                    Added::AlreadyPresent => {}
                    _ => drop(day.watched.remove(symbol)), // It is not there to be looked at.
                }
            }
        }
        Ok(())
    }

    fn symbol_left(&mut self, _: Timestamp, symbol: &Symbol) -> Outcome {
        if let Some(day) = &mut self.day {
            day.watched.remove(symbol);
            day.own.remove(symbol);
        }
        Ok(())
    }
}

impl MomentumScanner {
    /// The universe by the rise over the history, the highest first; without those that have no
    /// history.
    fn ordered(
        &self,
        context: &mut Context<'_>,
    ) -> Result<Vec<Symbol>, openbell_coordinator::ConsumerError> {
        let mut by_rise = Vec::new();
        for symbol in &self.universe {
            let n_sessions = self.settings.history_sessions;
            let past = match context.history(symbol, BarInterval::DAY, n_sessions) {
                Ok(past) => past,
                Err(HistoryError::Unknown(_) | HistoryError::NotStored { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            let (first, last) = (past.bars().next(), past.latest());
            if let (Some(first), Some(last)) = (first, last) {
                by_rise.push((rise_pct(first.ohlcv.open, last.ohlcv.close), symbol.clone()));
            }
        }
        let n_all = by_rise.len();
        Ok(best(by_rise, n_all).into_iter().map(|(_, symbol)| symbol).collect())
    }

    /// Picks what has risen, and lets go of what has not.
    fn look(&self, day: &mut Day, context: &mut Context<'_>) {
        let (mut risen, mut fallen) = (Vec::new(), Vec::new());
        for symbol in &day.watched {
            let of_symbol = context.view().symbol(symbol.as_str()).ok();
            let metrics = of_symbol.and_then(|of_symbol| of_symbol.metrics());
            let pct = metrics.map(|metrics| rise_pct(metrics.open, metrics.last));
            match pct {
                Some(pct) if pct >= self.settings.min_return_pct => {
                    risen.push((pct, symbol.clone()));
                }
                Some(pct) if pct > self.settings.let_go_pct => {}
                _ => fallen.push(symbol.clone()),
            }
        }
        let room = self.settings.max_picks.saturating_sub(day.n_picks);
        for (pct, symbol) in best(risen, room) {
            context.signal(&symbol, "momentum", Some(pct));
            day.watched.remove(&symbol);
            day.n_picks += 1;
        }
        // What others have brought stays for them, and is looked at no more all the same: so it
        // makes no difference here who brought it.
        day.watched.retain(|symbol| !fallen.contains(symbol));
        fallen.retain(|symbol| day.own.remove(symbol));
        if !fallen.is_empty() {
            context.remove_symbols(fallen);
        }
    }

    fn ask_for_next(&self, day: &mut Day, context: &mut Context<'_>) {
        let room = self.settings.watch.saturating_sub(day.watched.len());
        let asked: Vec<Symbol> = day.next.drain(..room.min(day.next.len())).collect();
        if !asked.is_empty() {
            day.watched.extend(asked.iter().cloned());
            context.add_symbols(asked);
        }
    }
}

fn rise_pct(from: f64, to: f64) -> f64 {
    (to - from) / from * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_is_in_percent_of_where_it_began() {
        assert_eq!(rise_pct(80.0, 82.0), 2.5);
        assert_eq!(rise_pct(80.0, 78.0), -2.5);
    }
}
