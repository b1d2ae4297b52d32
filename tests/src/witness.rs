//! A number for everything that can be read, and a consumer that notes it at every instant.

use std::sync::{Arc, Mutex, PoisonError};

use openbell_coordinator::{BarClosed, Consumer, Context, Outcome};
use openbell_session_data::{Rows, SymbolView, View};
use openbell_time::Timestamp;

/// A number for everything that can be read of one symbol: bars, history, coverage, gaps,
/// metrics, indicators, bit for bit.
pub fn symbol_print(symbol: &SymbolView<'_>) -> u64 {
    let mut print = Print::default();
    print.text(symbol.symbol().as_str());
    for interval in symbol.intervals() {
        let Some(series) = symbol.series(interval) else { continue };
        print.text(&interval.to_string());
        print.rows(&series.today());
        for rows in series.trailing() {
            print.rows(&rows);
        }
        print.text(&format!("{:?} {:?}", series.coverage(), series.gaps()));
    }
    print.text(&format!("{:?} {:?}", symbol.metrics(), symbol.fixed_indicators()));
    print.0
}

/// A number for everything that can be read in a view.
pub fn view_print(view: &View<'_>) -> u64 {
    let mut print = Print::default();
    for symbol in view.symbols() {
        match view.symbol(symbol.as_str()) {
            Ok(symbol) => print.word(symbol_print(&symbol)),
            Err(unavailable) => print.text(&unavailable.to_string()),
        }
    }
    print.0
}

#[derive(Default)]
struct Print(u64);

impl Print {
    fn word(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn text(&mut self, text: &str) {
        self.word(text.len() as u64);
        for byte in text.bytes() {
            self.word(u64::from(byte));
        }
    }

    fn rows(&mut self, rows: &Rows<'_>) {
        self.word(rows.len() as u64);
        for stamps in [rows.opens_at_ns(), rows.closes_at_ns()] {
            stamps.iter().for_each(|&ns| self.word(ns as u64));
        }
        for values in [rows.open(), rows.high(), rows.low(), rows.close(), rows.volume()] {
            values.iter().for_each(|value| self.word(value.to_bits()));
        }
        if let Some((n, expected)) = rows.coverage_columns() {
            n.iter().chain(expected).for_each(|&count| self.word(count as u64));
        }
        for (_, _, values) in rows.indicator_columns() {
            values.iter().for_each(|value| self.word(value.to_bits()));
        }
    }
}

/// What a [`Witness`] has noted so far: an instant, and the number of its view.
#[derive(Clone, Default)]
pub struct Notes(Arc<Mutex<Vec<(Timestamp, u64)>>>);

impl Notes {
    /// Everything, in order.
    pub fn all(&self) -> Vec<(Timestamp, u64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Notes at every instant at which bars close what can be read then.
pub struct Witness(pub Notes);

impl Witness {
    fn note(&mut self, context: &mut Context<'_>) -> Outcome {
        let view = context.view();
        let mut notes = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push((view.instant(), view_print(&view)));
        Ok(())
    }
}

impl Consumer for Witness {
    fn name(&self) -> &str {
        "witness"
    }

    fn session_started(&mut self, context: &mut Context<'_>) -> Outcome {
        self.note(context)
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, _: &[BarClosed<'_>]) -> Outcome {
        self.note(context)
    }
}
