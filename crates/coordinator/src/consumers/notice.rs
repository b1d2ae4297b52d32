//! What consumers are notified of, in one form for every delivery, and the one place that calls them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use openbell_market::Symbol;
use openbell_session_data::{HeldView, Reason, View};
use openbell_time::{Session, Timestamp};

use crate::consumers::bars::Bars;
use crate::consumers::closings::{Closings, Wanted};
use crate::consumers::consumer::{Consumer, Corrected, Outcome, Ready, Resumed};
use crate::consumers::context::{BeforeOpen, CallbackScope, Context};
use crate::consumers::subscription::Subscription;
use crate::control::command::{Answer, SessionCommand};
use crate::trading::matching::TradeEvent;

/// One notification.
#[derive(Clone)]
pub(crate) enum Notice {
    BeforeOpen,
    Started,
    Ready(Arc<Vec<Ready>>),
    Bars(Arc<Closings>),
    /// What became of orders of the account of one consumer.
    Traded(Arc<Vec<TradeEvent>>),
    Scheduled,
    Deactivated(Arc<Reason>),
    Resumed(Arc<Resumed>),
    Corrected(Arc<Corrected>),
    Joined(Symbol),
    Left(Symbol),
    Answered(Arc<(SessionCommand, Answer)>),
    Closed,
    ClosedInactive(Arc<Reason>),
}

impl Notice {
    /// Whether its callback has a view, and so passes no shut gate.
    pub(crate) fn needs_view(&self) -> bool {
        !matches!(
            self,
            Notice::BeforeOpen
                | Notice::Deactivated(_)
                | Notice::Left(_)
                | Notice::Answered(_)
                | Notice::ClosedInactive(_)
        )
    }

    /// The part of it that a consumer is notified of; `None` where that is nothing.
    pub(crate) fn narrowed(&self, subscription: &Subscription, wanted: &Wanted) -> Option<Notice> {
        match self {
            Notice::Bars(closings) => wanted.includes_any(closings).then(|| self.clone()),
            Notice::Ready(ready) if !matches!(wanted, Wanted::All) => {
                let is_wanted =
                    |ready: &&Ready| subscription.includes(&ready.symbol, ready.interval);
                let ready: Vec<Ready> = ready.iter().filter(is_wanted).cloned().collect();
                (!ready.is_empty()).then(|| Notice::Ready(Arc::new(ready)))
            }
            Notice::Resumed(resumed) if !matches!(wanted, Wanted::All) => {
                let mut resumed = Resumed::clone(resumed);
                resumed.skipped.retain(|skip| subscription.includes(&skip.symbol, skip.interval));
                Some(Notice::Resumed(Arc::new(resumed)))
            }
            Notice::Corrected(corrected) if !matches!(wanted, Wanted::All) => {
                let is_wanted = subscription.includes(&corrected.symbol, corrected.interval);
                is_wanted.then(|| self.clone())
            }
            _ => Some(self.clone()),
        }
    }

    /// Bars in it.
    pub(crate) fn n_bars(&self, wanted: &Wanted) -> u64 {
        match self {
            Notice::Bars(closings) => wanted.n_of(closings),
            Notice::Resumed(resumed) => {
                resumed.skipped.iter().map(|skipped| skipped.n_bars() as u64).sum()
            }
            _ => 0,
        }
    }
}

/// A notice on its way to a worker.
pub(crate) struct Posted {
    pub(crate) notice: Notice,
    pub(crate) wanted: Arc<Wanted>,
    pub(crate) at: Timestamp,
    pub(crate) session: Session,
    pub(crate) epoch: u64,
    pub(crate) is_rehearsal: bool,
    /// The final view of a session, for a consumer that may come after the gate has shut.
    pub(crate) held: Option<HeldView>,
}

/// Calls `consumer` with `notice`. A callback that needs a view and has none is not made: the
/// session is inactive.
///
/// # Errors
///
/// The words of an error or a panic.
pub(crate) fn notify_one<'c>(
    consumer: &mut dyn Consumer,
    notice: &Notice,
    wanted: &Wanted,
    view: Option<View<'c>>,
    scope: CallbackScope<'c>,
) -> Result<(), String> {
    let at = scope.at;
    guarded(|| match (notice, view) {
        (Notice::BeforeOpen, _) => consumer.before_open(&mut BeforeOpen::new(scope)),
        (Notice::Deactivated(reason), _) => consumer.deactivated(at, reason),
        (Notice::ClosedInactive(reason), _) => consumer.session_closed_inactive(at, reason),
        (Notice::Left(symbol), _) => consumer.symbol_left(at, symbol),
        (Notice::Answered(answered), _) => consumer.answered(at, &answered.0, &answered.1),
        (_, None) => Ok(()),
        (notice, Some(view)) => {
            let mut context = Context::new(view, scope);
            match notice {
                Notice::Started => consumer.session_started(&mut context),
                Notice::Ready(ready) => consumer.indicators_ready(&mut context, ready),
                Notice::Bars(closings) => {
                    consumer.bars_closed(&mut context, &Bars::new(closings, wanted))
                }
                Notice::Traded(events) => consumer.traded(&mut context, events),
                Notice::Scheduled => consumer.scheduled(&mut context),
                Notice::Resumed(resumed) => consumer.resumed(&mut context, resumed),
                Notice::Corrected(corrected) => consumer.corrected(&mut context, corrected),
                Notice::Joined(symbol) => consumer.symbol_joined(&mut context, symbol),
                _ => consumer.session_closed(&mut context),
            }
        }
    })
}

/// The outcome of a callback, a panic among its errors.
pub(crate) fn guarded(callback: impl FnOnce() -> Outcome) -> Result<(), String> {
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

/// What a consumer keeps in memory, a panic among its errors.
pub(crate) fn saved(consumer: &dyn Consumer) -> Result<Option<Vec<u8>>, String> {
    let mut saved = None;
    guarded(|| {
        saved = consumer.save();
        Ok(())
    })?;
    Ok(saved)
}
