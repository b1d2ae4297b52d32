//! A consumer that writes down what it hears.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use openbell_coordinator::{Bars, Consumer, Context, Outcome, Resumed};
use openbell_market::{BarInterval, Symbol};
use openbell_session_data::Reason;
use openbell_time::Timestamp;

/// A bar that was announced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotifiedBar {
    /// The symbol.
    pub symbol: Symbol,
    /// The interval.
    pub interval: BarInterval,
    /// Row of the session in that series.
    pub sequence: usize,
    /// When it closed.
    pub closes_at: Timestamp,
}

/// One callback.
#[derive(Clone, PartialEq, Debug)]
pub enum Notified {
    /// The session is at its open.
    Started {
        /// The instant of the view.
        at: Timestamp,
    },
    /// Bars have closed.
    Bars {
        /// The instant of the view.
        at: Timestamp,
        /// Which.
        bars: Vec<NotifiedBar>,
    },
    /// The gate has shut.
    Deactivated {
        /// The session clock.
        at: Timestamp,
        /// Why.
        reason: Reason,
    },
    /// The gate is open again.
    Resumed(Resumed),
    /// A symbol has joined.
    Joined(Symbol),
    /// A symbol has left.
    Left(Symbol),
    /// The session is closed.
    Closed {
        /// The instant of the final view.
        at: Timestamp,
    },
}

/// What a [`Recorder`] was notified of so far.
#[derive(Clone, Default)]
pub struct Record(Arc<Mutex<Vec<Notified>>>);

impl Record {
    /// Everything, in order.
    pub fn all(&self) -> Vec<Notified> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many callbacks there were.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether it was notified of nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Each series of the session with the sequences that were announced, in the order in which
    /// they were, a `Resumed` counted bar by bar. A symbol that left begins anew.
    pub fn announced(&self) -> BTreeMap<(Symbol, BarInterval), Vec<usize>> {
        let mut announced: BTreeMap<(Symbol, BarInterval), Vec<usize>> = BTreeMap::new();
        for notified in self.all() {
            match notified {
                Notified::Bars { bars, .. } => {
                    for bar in bars {
                        announced.entry((bar.symbol, bar.interval)).or_default().push(bar.sequence);
                    }
                }
                Notified::Resumed(resumed) => {
                    for skipped in resumed.skipped {
                        let series = (skipped.symbol, skipped.interval);
                        announced.entry(series).or_default().extend(skipped.first..=skipped.last);
                    }
                }
                Notified::Left(symbol) => announced.retain(|(known, _), _| *known != symbol),
                _ => {}
            }
        }
        announced
    }

    fn push(&self, notified: Notified) -> Outcome {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(notified);
        Ok(())
    }
}

/// Writes down what it hears.
pub struct Recorder(pub Record);

impl Consumer for Recorder {
    fn name(&self) -> &str {
        "recorder"
    }

    fn session_started(&mut self, context: &mut Context<'_>) -> Outcome {
        self.0.push(Notified::Started { at: context.view().instant() })
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        let bars = bars.iter().map(|bar| NotifiedBar {
            symbol: bar.symbol.clone(),
            interval: bar.interval,
            sequence: bar.sequence,
            closes_at: bar.closes_at,
        });
        self.0.push(Notified::Bars { at: context.view().instant(), bars: bars.collect() })
    }

    fn deactivated(&mut self, at: Timestamp, reason: &Reason) -> Outcome {
        self.0.push(Notified::Deactivated { at, reason: reason.clone() })
    }

    fn resumed(&mut self, _: &mut Context<'_>, resumed: &Resumed) -> Outcome {
        self.0.push(Notified::Resumed(resumed.clone()))
    }

    fn symbol_joined(&mut self, _: &mut Context<'_>, symbol: &Symbol) -> Outcome {
        self.0.push(Notified::Joined(symbol.clone()))
    }

    fn symbol_left(&mut self, _: Timestamp, symbol: &Symbol) -> Outcome {
        self.0.push(Notified::Left(symbol.clone()))
    }

    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        self.0.push(Notified::Closed { at: context.view().instant() })
    }
}
