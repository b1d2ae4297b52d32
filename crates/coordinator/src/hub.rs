//! Who is called, in which order, and what becomes of one that fails.

use std::panic::{AssertUnwindSafe, catch_unwind};

use openbell_market::{BarInterval, Symbol};
use openbell_session_data::{OutsideReader, Reason};
use openbell_time::{Timestamp, TradingDate};

use crate::command::Command;
use crate::consumer::{BarClosed, Consumer, Context, OnError, Outcome, Resumed, Skipped};
use crate::event::{Event, Signal};

/// A consumer that is called on the core's thread.
struct Inline {
    consumer: Box<dyn Consumer>,
    name: String,
    on_error: OnError,
    is_stopped: bool,
}

/// A consumer that failed and whose rule stops the run.
pub(crate) struct StopsRun {
    pub(crate) consumer: String,
    pub(crate) why: String,
}

/// All consumers of a run, in the order in which they were registered.
#[derive(Default)]
pub(crate) struct Hub {
    consumers: Vec<Inline>,
    /// What consumers asked for during the step, in order.
    pub(crate) asked: Vec<(String, Command)>,
    /// What consumers said during the step, in order.
    signals: Vec<Signal>,
}

/// One call to every consumer: what it needs besides the consumer.
pub(crate) struct Call<'h> {
    pub(crate) reader: &'h mut OutsideReader,
    pub(crate) date: TradingDate,
    pub(crate) at: Timestamp,
    pub(crate) log: &'h mut Vec<Event>,
}

impl Hub {
    pub(crate) fn register(&mut self, consumer: Box<dyn Consumer>, on_error: OnError) {
        let name = consumer.name().to_owned();
        self.consumers.push(Inline { consumer, name, on_error, is_stopped: false });
    }

    /// Whether somebody listens.
    pub(crate) fn is_heard(&self) -> bool {
        self.consumers.iter().any(|inline| !inline.is_stopped)
    }

    /// Calls every consumer that still runs with a view of the current publication. A session
    /// that is inactive makes no call: nobody outside may see it.
    fn with_view(
        &mut self,
        call: &mut Call<'_>,
        mut callback: impl FnMut(&mut dyn Consumer, &mut Context<'_>) -> Outcome,
    ) -> Result<(), StopsRun> {
        let Ok(view) = call.reader.view() else { return Ok(()) };
        let mut failed = None;
        for inline in self.consumers.iter_mut().filter(|inline| !inline.is_stopped) {
            let mut context =
                Context::new(view, call.date, &inline.name, &mut self.asked, &mut self.signals);
            let consumer = inline.consumer.as_mut();
            let outcome = guarded(|| callback(consumer, &mut context));
            let stops = settle(inline, outcome, call.at, call.log);
            if stops.is_some() {
                failed = stops;
                break;
            }
        }
        for signal in self.signals.drain(..) {
            call.log.push(Event::Signalled { at: call.at, signal });
        }
        failed.map_or(Ok(()), Err)
    }

    /// Calls every consumer that still runs without a view.
    fn without_view(
        &mut self,
        at: Timestamp,
        log: &mut Vec<Event>,
        mut callback: impl FnMut(&mut dyn Consumer) -> Outcome,
    ) -> Result<(), StopsRun> {
        for inline in self.consumers.iter_mut().filter(|inline| !inline.is_stopped) {
            let consumer = inline.consumer.as_mut();
            let outcome = guarded(|| callback(consumer));
            if let Some(stops) = settle(inline, outcome, at, log) {
                return Err(stops);
            }
        }
        Ok(())
    }

    pub(crate) fn session_started(&mut self, mut call: Call<'_>) -> Result<(), StopsRun> {
        self.with_view(&mut call, |consumer, context| consumer.session_started(context))
    }

    pub(crate) fn bars_closed(
        &mut self,
        mut call: Call<'_>,
        bars: &[BarClosed<'_>],
    ) -> Result<(), StopsRun> {
        self.with_view(&mut call, |consumer, context| {
            let wanted: Vec<BarClosed<'_>>;
            let bars = if bars.iter().all(|bar| consumer.wants(bar.symbol, bar.interval)) {
                bars
            } else {
                wanted = bars
                    .iter()
                    .copied()
                    .filter(|bar| consumer.wants(bar.symbol, bar.interval))
                    .collect();
                &wanted
            };
            if bars.is_empty() { Ok(()) } else { consumer.bars_closed(context, bars) }
        })
    }

    pub(crate) fn resumed(
        &mut self,
        mut call: Call<'_>,
        epoch: u64,
        skipped: &[Skipped],
    ) -> Result<(), StopsRun> {
        let at = call.at;
        self.with_view(&mut call, |consumer, context| {
            let wants = |skipped: &&Skipped| -> bool {
                let (symbol, interval): (&Symbol, BarInterval) =
                    (&skipped.symbol, skipped.interval);
                consumer.wants(symbol, interval)
            };
            let skipped = skipped.iter().filter(wants).cloned().collect();
            consumer.resumed(context, &Resumed { epoch, at, skipped })
        })
    }

    pub(crate) fn symbol_joined(
        &mut self,
        mut call: Call<'_>,
        symbol: &Symbol,
    ) -> Result<(), StopsRun> {
        self.with_view(&mut call, |consumer, context| consumer.symbol_joined(context, symbol))
    }

    pub(crate) fn session_closed(&mut self, mut call: Call<'_>) -> Result<(), StopsRun> {
        self.with_view(&mut call, |consumer, context| consumer.session_closed(context))
    }

    pub(crate) fn deactivated(
        &mut self,
        at: Timestamp,
        log: &mut Vec<Event>,
        reason: &Reason,
    ) -> Result<(), StopsRun> {
        self.without_view(at, log, |consumer| consumer.deactivated(at, reason))
    }

    pub(crate) fn symbol_left(
        &mut self,
        at: Timestamp,
        log: &mut Vec<Event>,
        symbol: &Symbol,
    ) -> Result<(), StopsRun> {
        self.without_view(at, log, |consumer| consumer.symbol_left(at, symbol))
    }
}

/// The outcome of a callback, a panic among its errors.
fn guarded(callback: impl FnOnce() -> Outcome) -> Result<(), String> {
    // A consumer that panicked is never called again, so nobody sees what it left half done.
    match catch_unwind(AssertUnwindSafe(callback)) {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            Err(format!("panicked: {}", text.unwrap_or_else(|| "without a message".to_owned())))
        }
    }
}

fn settle(
    inline: &mut Inline,
    outcome: Result<(), String>,
    at: Timestamp,
    log: &mut Vec<Event>,
) -> Option<StopsRun> {
    let why = outcome.err()?;
    inline.is_stopped = true;
    let consumer = inline.name.clone();
    log.push(Event::ConsumerFailed { at, consumer: consumer.clone(), why: why.clone() });
    match inline.on_error {
        OnError::StopConsumer => None,
        OnError::StopRun => Some(StopsRun { consumer, why }),
    }
}
