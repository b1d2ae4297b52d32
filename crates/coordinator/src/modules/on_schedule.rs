//! A scanner on the schedule of its session file.

use openbell_market::Symbol;
use openbell_session_data::Reason;
use openbell_time::Timestamp;

use crate::consumers::bars::Bars;
use crate::consumers::consumer::{CallWindow, Consumer, Lagged, Outcome, Ready, Resumed};
use crate::consumers::context::{BeforeOpen, Context};
use crate::consumers::subscription::Subscription;
use crate::control::command::{Answer, SessionCommand};

/// A consumer that is called when its entry says, instead of when it says itself.
pub(crate) struct OnSchedule {
    pub(crate) consumer: Box<dyn Consumer>,
    pub(crate) windows: Vec<CallWindow>,
    pub(crate) is_before_open: bool,
}

impl Consumer for OnSchedule {
    fn name(&self) -> &str {
        self.consumer.name()
    }

    fn subscription(&self) -> Subscription {
        self.consumer.subscription()
    }

    fn call_windows(&self) -> Vec<CallWindow> {
        self.windows.clone()
    }

    fn before_open(&mut self, context: &mut BeforeOpen<'_>) -> Outcome {
        if self.is_before_open { self.consumer.before_open(context) } else { Ok(()) }
    }

    fn session_started(&mut self, context: &mut Context<'_>) -> Outcome {
        self.consumer.session_started(context)
    }

    fn indicators_ready(&mut self, context: &mut Context<'_>, series: &[Ready]) -> Outcome {
        self.consumer.indicators_ready(context, series)
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        self.consumer.bars_closed(context, bars)
    }

    fn scheduled(&mut self, context: &mut Context<'_>) -> Outcome {
        self.consumer.scheduled(context)
    }

    fn deactivated(&mut self, at: Timestamp, reason: &Reason) -> Outcome {
        self.consumer.deactivated(at, reason)
    }

    fn resumed(&mut self, context: &mut Context<'_>, resumed: &Resumed) -> Outcome {
        self.consumer.resumed(context, resumed)
    }

    fn symbol_joined(&mut self, context: &mut Context<'_>, symbol: &Symbol) -> Outcome {
        self.consumer.symbol_joined(context, symbol)
    }

    fn symbol_left(&mut self, at: Timestamp, symbol: &Symbol) -> Outcome {
        self.consumer.symbol_left(at, symbol)
    }

    fn answered(&mut self, at: Timestamp, command: &SessionCommand, answer: &Answer) -> Outcome {
        self.consumer.answered(at, command, answer)
    }

    fn lagged(&mut self, context: &mut Context<'_>, lagged: &Lagged) -> Outcome {
        self.consumer.lagged(context, lagged)
    }

    fn session_closed_inactive(&mut self, at: Timestamp, reason: &Reason) -> Outcome {
        self.consumer.session_closed_inactive(at, reason)
    }

    fn save(&self) -> Option<Vec<u8>> {
        self.consumer.save()
    }

    fn restore(&mut self, bytes: &[u8]) -> Outcome {
        self.consumer.restore(bytes)
    }

    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        self.consumer.session_closed(context)
    }
}
