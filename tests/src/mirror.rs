//! A consumer that follows its notices and nothing else: what it has read by them is the session.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use openbell_coordinator::{Bars, Consumer, Context, Corrected, Outcome, Resumed};
use openbell_market::{Bar, BarInterval, Symbol};
use openbell_time::Timestamp;

type Series = BTreeMap<(Symbol, BarInterval), Vec<Bar>>;

/// The rows that a [`Mirror`] has read, by series.
#[derive(Clone, Default)]
pub struct Mirrored(Arc<Mutex<Series>>);

impl Mirrored {
    /// What it has read of the session so far.
    pub fn series(&self) -> Series {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn with<T>(&self, work: impl FnOnce(&mut Series) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Reads each row once, when it is notified of it, and anew what was corrected. A row that is
/// announced twice, left out, or not there is its error; so is a final view that holds anything else
/// than what it has read of a symbol that is shown.
#[derive(Default)]
pub struct Mirror {
    mirrored: Mirrored,
}

impl Mirror {
    /// One that has read nothing.
    pub fn new() -> (Mirror, Mirrored) {
        let mirrored = Mirrored::default();
        (Mirror { mirrored: mirrored.clone() }, mirrored)
    }

    fn read(
        &self,
        context: &Context<'_>,
        (symbol, interval): (&Symbol, BarInterval),
        first: usize,
        last: usize,
    ) -> Outcome {
        let symbol_view = context.view().symbol(symbol.as_str())?;
        let series = symbol_view.series(interval)?;
        let rows: Vec<Bar> = series.since(first).take(last + 1 - first).collect();
        self.mirrored.with(|all| {
            let known = all.entry((symbol.clone(), interval)).or_default();
            if known.len() != first {
                return Err(format!("{symbol} {interval}: row {first} after {}", known.len()));
            }
            if rows.len() != last + 1 - first {
                return Err(format!("{symbol} {interval}: rows {first} to {last} are not there"));
            }
            known.extend(rows);
            Ok(())
        })?;
        Ok(())
    }
}

impl Consumer for Mirror {
    fn name(&self) -> &str {
        "mirror"
    }

    fn session_started(&mut self, _: &mut Context<'_>) -> Outcome {
        self.mirrored.with(BTreeMap::clear);
        Ok(())
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        for bar in bars {
            self.read(context, (bar.symbol, bar.interval), bar.sequence, bar.sequence)?;
        }
        Ok(())
    }

    fn resumed(&mut self, context: &mut Context<'_>, resumed: &Resumed) -> Outcome {
        for skipped in &resumed.skipped {
            let series = (&skipped.symbol, skipped.interval);
            self.read(context, series, skipped.first, skipped.last)?;
        }
        Ok(())
    }

    fn corrected(&mut self, context: &mut Context<'_>, corrected: &Corrected) -> Outcome {
        let key = (corrected.symbol.clone(), corrected.interval);
        let symbol_view = context.view().symbol(corrected.symbol.as_str())?;
        let series = symbol_view.series(corrected.interval)?;
        self.mirrored.with(|all| {
            let known = all.entry(key).or_default();
            let Some(last) = known.last().map(|bar| bar.closes_at) else {
                return Err(format!("{corrected:?}: nothing of it was announced"));
            };
            known.truncate(corrected.since_sequence);
            let anew = series.since(known.len()).take_while(|bar| bar.closes_at <= last);
            known.extend(anew);
            Ok(())
        })?;
        Ok(())
    }

    fn symbol_left(&mut self, _: Timestamp, symbol: &Symbol) -> Outcome {
        self.mirrored.with(|all| all.retain(|(known, _), _| known != symbol));
        Ok(())
    }

    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        let view = context.view();
        for ((symbol, interval), known) in self.mirrored.series() {
            let Ok(symbol_view) = view.symbol(symbol.as_str()) else { continue }; // Withheld.
            let series = symbol_view.series(interval)?;
            let due: Vec<Bar> = series.since(0).collect();
            if due != known {
                let differs = due.iter().zip(&known).position(|(a, b)| a != b);
                let (n_due, n_known) = (due.len(), known.len());
                return Err(format!(
                    "{symbol} {interval}: {n_known} rows were announced of {n_due}; first other: \
                     {differs:?}"
                )
                .into());
            }
        }
        Ok(())
    }
}
