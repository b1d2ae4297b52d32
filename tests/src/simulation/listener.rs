//! Those who listen to a simulated run: one that writes down everything and checks that it could
//! read what it was notified of, and others that are slow, fail, or give commands.

use std::sync::{Arc, Mutex, PoisonError};

use openbell_coordinator::{
    BarClosed, Bars, Consumer, Context, Digest, OnError, Outcome, Resumed, SessionCommand, Stay,
    symbol_print,
};
use openbell_market::{BarInterval, Symbol};
use openbell_session_data::{OutsideReader, Reason};
use openbell_time::{Nanos, Timestamp, TradingDate};

use super::scenario::{Extra, Scenario};
use crate::recorder::{Notified, NotifiedBar};

/// What the consumers of a run leave for whoever steps it.
#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<Notes>>);

/// The same, taken out.
#[derive(Default)]
pub struct Notes {
    /// What it was notified of.
    pub notified: Vec<Notified>,
    /// What could not be read, or not as notified.
    pub complaints: Vec<String>,
    /// What was asked for, by whom.
    pub asked: Vec<(String, SessionCommand)>,
    /// What could be read of each symbol in the final view of a session, as a number.
    pub final_prints: Vec<(TradingDate, Symbol, Digest)>,
    /// Wall time that callbacks took.
    pub took: Nanos,
    /// Whether a consumer has failed whose rule stops the run.
    pub stops_run: bool,
}

impl Shared {
    /// Takes everything that was left since the last time, but for the prints.
    pub fn take(&self) -> Notes {
        let mut notes = self.lock();
        let final_prints = std::mem::take(&mut notes.final_prints);
        let taken = std::mem::take(&mut *notes);
        notes.final_prints = final_prints;
        taken
    }

    /// The prints of the final views.
    pub fn final_prints(&self) -> Vec<(TradingDate, Symbol, Digest)> {
        self.lock().final_prints.clone()
    }

    /// Leaves what is not as it must be.
    pub fn complain(&self, complaint: String) {
        self.lock().complaints.push(complaint);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The consumers of a scenario, the one that checks first.
pub fn consumers(
    scenario: &Scenario,
    shared: &Shared,
    reader: OutsideReader,
) -> Vec<(Box<dyn Consumer>, OnError)> {
    let listener = Listener { shared: shared.clone(), reader };
    let mut consumers: Vec<(Box<dyn Consumer>, OnError)> =
        vec![(Box::new(listener), OnError::StopRun)];
    for extra in &scenario.extras {
        let anchor = scenario.configured[0].clone();
        let base = scenario.base;
        let shared = shared.clone();
        let extra = extra.clone();
        let rule = match &extra {
            Extra::Errs(_, rule) => *rule,
            _ => OnError::StopConsumer,
        };
        let other = Other { extra, shared, anchor, base, n_calls: 0, last: None, is_over: false };
        consumers.push((Box::new(other), rule));
    }
    consumers
}

/// Writes down what it hears, and looks whether it can be read.
struct Listener {
    shared: Shared,
    reader: OutsideReader,
}

impl Listener {
    /// Market data comes with a view that anyone outside can take at this moment.
    fn receive(&mut self, context: &Context<'_>, notified: Notified) -> Outcome {
        let view = context.view();
        let mut notes = self.shared.lock();
        match self.reader.view() {
            Ok(own) if own.publication() == view.publication() && own.epoch() == view.epoch() => {}
            Ok(own) => notes.complaints.push(format!(
                "notified of publication {}, and {} is there: {notified:?}",
                view.publication(),
                own.publication()
            )),
            Err(inactive) => {
                notes.complaints.push(format!("notified {notified:?} while {inactive}"))
            }
        }
        notes.notified.push(notified);
        Ok(())
    }
}

impl Consumer for Listener {
    fn name(&self) -> &str {
        "listener"
    }

    fn session_started(&mut self, context: &mut Context<'_>) -> Outcome {
        self.receive(context, Notified::Started { at: context.view().instant() })
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        let at = context.view().instant();
        for bar in bars {
            let seen = context.view().symbol(bar.symbol.as_str()).ok();
            let seen = seen.and_then(|symbol| symbol.series(bar.interval).ok());
            let seen = seen.and_then(|series| series.today().bar(bar.sequence));
            if seen.is_none_or(|seen| seen.closes_at != bar.closes_at) {
                let complaint = format!("{bar:?} cannot be read at {at}");
                self.shared.lock().complaints.push(complaint);
            }
        }
        let bars = bars.iter().map(|bar| NotifiedBar {
            symbol: bar.symbol.clone(),
            interval: bar.interval,
            sequence: bar.sequence,
            closes_at: bar.closes_at,
        });
        let notified = Notified::Bars { at, bars: bars.collect() };
        self.receive(context, notified)
    }

    fn deactivated(&mut self, at: Timestamp, reason: &Reason) -> Outcome {
        let mut notes = self.shared.lock();
        if self.reader.view().is_ok() {
            notes
                .complaints
                .push(format!("notified at {at} that the gate is shut, and it is open"));
        }
        notes.notified.push(Notified::Deactivated { at, reason: reason.clone() });
        Ok(())
    }

    fn resumed(&mut self, context: &mut Context<'_>, resumed: &Resumed) -> Outcome {
        self.receive(context, Notified::Resumed(resumed.clone()))
    }

    fn symbol_joined(&mut self, context: &mut Context<'_>, symbol: &Symbol) -> Outcome {
        if context.view().symbol(symbol.as_str()).is_err() {
            self.shared.lock().complaints.push(format!("{symbol} joined and cannot be read"));
        }
        self.receive(context, Notified::Joined(symbol.clone()))
    }

    fn symbol_left(&mut self, _: Timestamp, symbol: &Symbol) -> Outcome {
        self.shared.lock().notified.push(Notified::Left(symbol.clone()));
        Ok(())
    }

    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        let view = context.view();
        self.receive(context, Notified::Closed { at: view.instant() })?;
        let mut notes = self.shared.lock();
        for symbol in view.symbols() {
            if let Ok(seen) = view.symbol(symbol.as_str()) {
                let print = symbol_print(&seen);
                notes.final_prints.push((context.session_date(), symbol.clone(), print));
            }
        }
        Ok(())
    }
}

/// One that misbehaves in its own way.
struct Other {
    extra: Extra,
    shared: Shared,
    anchor: Symbol,
    base: BarInterval,
    n_calls: usize,
    /// The last instant that it notified of.
    last: Option<Timestamp>,
    is_over: bool,
}

impl Other {
    fn call(&mut self) -> Outcome {
        self.n_calls += 1;
        match &self.extra {
            Extra::Slow(length) => self.shared.lock().took += *length,
            Extra::Panics(n) if self.n_calls > *n => panic!("planned panic"),
            Extra::Errs(n, rule) if self.n_calls > *n => {
                self.shared.lock().stops_run |= *rule == OnError::StopRun;
                return Err("a planned error".into());
            }
            _ => {}
        }
        Ok(())
    }
}

impl Consumer for Other {
    fn name(&self) -> &str {
        match self.extra {
            Extra::Slow(_) => "slow",
            Extra::Panics(_) => "panics",
            Extra::Errs(..) => "errs",
            Extra::Asks(_) => "asks",
        }
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        let at = context.view().instant();
        // Only in the first callback of an instant, which is that of the instant's own bars.
        let is_new = self.last.replace(at).is_none_or(|last| last < at);
        let is_anchors = |bar: BarClosed<'_>| {
            *bar.symbol == self.anchor && bar.interval == self.base && bar.closes_at == at
        };
        if let Extra::Asks(asks) = &self.extra
            && is_new
            && !self.is_over
            && bars.iter().any(is_anchors)
        {
            self.n_calls += 1;
            for (_, command) in asks.iter().filter(|(n, _)| n + 1 == self.n_calls) {
                match command {
                    SessionCommand::AddSymbols { symbols, stay: Stay::Session } => {
                        context.add_symbols(symbols.clone());
                    }
                    SessionCommand::RemoveSymbols { symbols } => {
                        context.remove_symbols(symbols.clone())
                    }
                    SessionCommand::Lock { symbol } => context.lock(symbol.clone()),
                    other => panic!("no consumer asks for {other:?}"),
                }
                self.shared.lock().asked.push(("asks".to_owned(), command.clone()));
                context.signal(&self.anchor, "asked", Some(self.n_calls as f64));
            }
            return Ok(());
        }
        if matches!(self.extra, Extra::Asks(_)) { Ok(()) } else { self.call() }
    }

    fn deactivated(&mut self, at: Timestamp, _: &Reason) -> Outcome {
        self.last = self.last.max(Some(at));
        if matches!(self.extra, Extra::Asks(_)) { Ok(()) } else { self.call() }
    }

    fn symbol_left(&mut self, _: Timestamp, symbol: &Symbol) -> Outcome {
        self.is_over |= *symbol == self.anchor;
        Ok(())
    }
}
