//! What consumers are notified of, in one form for every delivery, and the one place that calls them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use openbell_market::{BarInterval, Symbol};
use openbell_session_data::{HeldView, Reason, View};
use openbell_time::{Session, Timestamp};

use crate::consumers::bars::Bars;
use crate::consumers::consumer::{Consumer, Corrected, Outcome, Ready, Resumed};
use crate::consumers::context::{BeforeOpen, CallbackScope, Context};
use crate::consumers::subscription::Subscription;
use crate::control::command::{Answer, SessionCommand};
use crate::trading::matching::TradeEvent;

/// The series of all members, in symbol order, then base first and derived ones, shortest first.
#[derive(Default)]
pub(crate) struct SeriesRoster {
    pub(crate) series: Vec<(Symbol, BarInterval)>,
}

impl SeriesRoster {
    /// Whether it is that of `symbols`, each with `intervals`.
    pub(crate) fn is_of<'s>(
        &self,
        symbols: impl ExactSizeIterator<Item = &'s Symbol>,
        intervals: &[BarInterval],
    ) -> bool {
        let of_each = self.series.chunks_exact(intervals.len());
        self.series.len() == symbols.len() * intervals.len()
            && self.series.iter().zip(intervals).all(|((_, is), wanted)| is == wanted)
            && of_each.zip(symbols).all(|(series, symbol)| series[0].0 == *symbol)
    }
}

/// A bar that has closed, by its series' place in the roster.
#[derive(Clone, Copy)]
pub(crate) struct ClosedRow {
    pub(crate) series: u32,
    pub(crate) sequence: u32,
    pub(crate) closes_at: Timestamp,
    /// The close price, as it is published.
    pub(crate) close: f64,
}

/// The bars of one instant that consumers are notified of, in order.
#[derive(Default)]
pub(crate) struct Closings {
    pub(crate) roster: Arc<SeriesRoster>,
    pub(crate) rows: Vec<ClosedRow>,
}

/// Which series of a roster a consumer has subscribed to.
pub(crate) enum Wanted {
    All,
    None,
    These(Vec<bool>),
}

impl Wanted {
    pub(crate) fn of(subscription: &Subscription, roster: &SeriesRoster) -> Wanted {
        if subscription.is_none() {
            return Wanted::None;
        }
        let series = roster.series.iter();
        let these: Vec<bool> =
            series.map(|(symbol, interval)| subscription.includes(symbol, *interval)).collect();
        match (these.iter().all(|&is| is), these.iter().any(|&is| is)) {
            (true, _) => Wanted::All,
            (false, false) => Wanted::None,
            (false, true) => Wanted::These(these),
        }
    }

    pub(crate) fn includes(&self, row: &ClosedRow) -> bool {
        match self {
            Wanted::All => true,
            Wanted::None => false,
            Wanted::These(these) => these.get(row.series as usize).copied().unwrap_or(false),
        }
    }

    /// How many of these bars it includes.
    pub(crate) fn n_of(&self, closings: &Closings) -> u64 {
        match self {
            Wanted::All => closings.rows.len() as u64,
            Wanted::None => 0,
            Wanted::These(_) => {
                closings.rows.iter().filter(|row| self.includes(row)).count() as u64
            }
        }
    }

    /// Whether it includes one of these bars.
    pub(crate) fn includes_any(&self, closings: &Closings) -> bool {
        match self {
            Wanted::All => !closings.rows.is_empty(),
            Wanted::None => false,
            Wanted::These(_) => closings.rows.iter().any(|row| self.includes(row)),
        }
    }
}

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
