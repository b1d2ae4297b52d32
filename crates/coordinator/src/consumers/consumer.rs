//! What is called as a session runs: strategies, scanners, services.
//!
//! # The order of callbacks
//!
//! In one session: [`Consumer::before_open`], while the gate is shut;
//! [`Consumer::session_started`] with the gate open at the open; then, instant by instant,
//! [`Consumer::traded`], [`Consumer::indicators_ready`], [`Consumer::bars_closed`],
//! [`Consumer::scheduled`], each only
//! where there is something to notify of; [`Consumer::session_closed`] with a final view, or
//! [`Consumer::session_closed_inactive`] where the gate is shut then. When the gate
//! shuts in mid-session [`Consumer::deactivated`]; when it opens again [`Consumer::symbol_left`] and
//! [`Consumer::symbol_joined`] for the members that changed, in symbol order, then, live,
//! [`Consumer::corrected`], then [`Consumer::resumed`], once, then [`Consumer::indicators_ready`].
//! Members that change without the gate shutting are notified of after the bars of that instant, and
//! before their own. [`Consumer::answered`] comes after a command
//! was answered, and after what the command led to.
//!
//! Of several consumers each callback goes to the one registered first, then to the next; what
//! they ask for and what they signal is taken in that order too, whatever their delivery.
//!
//! # What a callback may see
//!
//! The view of the publication it is notified of; nothing of a later one, and nothing while the
//! session is inactive: callbacks that pass a shut gate carry no market data, and have no view.
//!
//! # What an answer does
//!
//! `Ok(())`: the next callback comes when it is due. An error, and a panic: the consumer is called
//! no more, its name and words stand in the event log and the report, and by its
//! [`OnError`] the run goes on without it or fails. What it asked for and signalled in that
//! callback before it failed still counts. The others never notice.
//!
//! Not here: on which thread it is called ([`Engine::register`](crate::Engine::register) and
//! its siblings), names in session files ([`Registry`](crate::Registry)).

use openbell_market::{BarInterval, Symbol};
use openbell_session_data::Reason;
use openbell_time::{Nanos, TimeOfDay, Timestamp};

use crate::consumers::bars::Bars;
use crate::consumers::context::{BeforeOpen, Context};
use crate::consumers::subscription::Subscription;
use crate::control::command::{Answer, SessionCommand};
use crate::control::event::CorrectionKind;
use crate::trading::matching::TradeEvent;

/// A series whose indicators have values now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ready {
    /// The symbol.
    pub symbol: Symbol,
    /// The interval of the bars that the indicators are computed on.
    pub interval: BarInterval,
}

/// What of one series was not announced while the session was inactive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Skipped {
    /// The symbol.
    pub symbol: Symbol,
    /// The interval.
    pub interval: BarInterval,
    /// How often the symbol has joined the run, from 1.
    pub generation: u32,
    /// Sequence of the first bar that was not announced.
    pub first: usize,
    /// Sequence of the last one.
    pub last: usize,
}

impl Skipped {
    /// Bars in it, at least 1.
    pub fn n_bars(&self) -> usize {
        self.last - self.first + 1
    }
}

/// The gate is open again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resumed {
    /// The epoch that begins.
    pub epoch: u64,
    /// The session clock.
    pub at: Timestamp,
    /// What was not announced, in symbol order, then interval; a newcomer's backlog included, and
    /// only what the consumer has subscribed to.
    pub skipped: Vec<Skipped>,
}

/// Bars of one series that consumers were notified of are not what they were.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Corrected {
    /// The symbol.
    pub symbol: Symbol,
    /// The interval.
    pub interval: BarInterval,
    /// Rows from this sequence on may differ from those that were notified of, in number too: a bar
    /// that came late stands among them now, and those behind it have moved.
    pub since_sequence: usize,
    /// Which making of the session's series this is: 1 as it was first, one more with each
    /// correction of the symbol.
    pub generation: u32,
    /// Why.
    pub kind: CorrectionKind,
}

/// What a free consumer was not notified of, because its queue was full or it came too late.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lagged {
    /// Callbacks that were passed over, at least 1.
    pub n_notices: u64,
    /// Bars among them that it had subscribed to.
    pub n_bars: u64,
}

/// A part of every session in which a consumer is called by the clock.
///
/// *Shape*: `start..end` by the exchange's clock; an end at or before the start is an end on the
/// next day, as overnight sessions have it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallWindow {
    /// The first call.
    pub start: TimeOfDay,
    /// No call at this time or after it.
    pub end: TimeOfDay,
    /// From one call to the next; longer than zero.
    pub every: Nanos,
}

/// An error of a consumer; what becomes of the run is the consumer's rule.
pub type ConsumerError = Box<dyn std::error::Error + Send + Sync>;

/// What a callback returns.
pub type Outcome = Result<(), ConsumerError>;

/// Something that is called as the session goes.
///
/// A consumer can do nothing that an outside reader with a [`Handle`](crate::Handle) could not.
/// Every callback has a default that does nothing: write those that you need.
///
/// ```
/// use openbell_coordinator::{Bars, Consumer, Context, Outcome};
///
/// /// Says so where a bar closes above its open.
/// struct Risers;
///
/// impl Consumer for Risers {
///     fn name(&self) -> &str {
///         "risers"
///     }
///
///     fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
///         for bar in bars {
///             let symbol = context.view().symbol(bar.symbol.as_str())?;
///             if bar.close > symbol.series(bar.interval)?.today().open()[bar.sequence] {
///                 context.signal(bar.symbol, "rises", None);
///             }
///         }
///         Ok(())
///     }
/// }
/// ```
#[expect(clippy::missing_errors_doc, reason = "what an error leads to is said once, above")]
pub trait Consumer: Send {
    /// The name in logs and reports. Asked once, when it is registered; a name that is taken gets
    /// a number, as `momentum-2`.
    fn name(&self) -> &str;

    /// Which bars it wants to be notified of; by default all. Asked once, when it is registered.
    fn subscription(&self) -> Subscription {
        Subscription::all()
    }

    /// When it wants to be called by the clock; by default never. Asked once, when it is
    /// registered. Parts that a session does not have, as the afternoon of a half day, are left
    /// out of it.
    fn call_windows(&self) -> Vec<CallWindow> {
        Vec::new()
    }

    /// The session is prepared, and the gate still shut: history can be read, and symbols asked
    /// for, which then join at the open, before its first bar.
    ///
    /// *When*: once a session, before [`Consumer::session_started`]. *View*: none.
    fn before_open(&mut self, context: &mut BeforeOpen<'_>) -> Outcome {
        let _ = context;
        Ok(())
    }

    /// The session is at its open and active.
    ///
    /// *When*: once a session, with its first publication (live: the first in which every symbol
    /// is there). *View*: the members, with their history; no bar of the day yet in a replay.
    fn session_started(&mut self, context: &mut Context<'_>) -> Outcome {
        let _ = context;
        Ok(())
    }

    /// Indicators of series have values from now on: every field of every indicator on that
    /// series. It comes before the bars of the instant, so that a strategy which waits
    /// for it acts on the bar that made them ready.
    ///
    /// *When*: once for each series that the consumer has subscribed to, as long as its symbol is
    /// a member; at the first bar where history has warmed them. *View*: as for the bars. *Shape*:
    /// in the order of the bars, never empty.
    fn indicators_ready(&mut self, context: &mut Context<'_>, series: &[Ready]) -> Outcome {
        let _ = (context, series);
        Ok(())
    }

    /// Bars have closed and are published.
    ///
    /// *When*: once an instant, after its publication. *View*: that publication; `sequence` is the
    /// row in [`SeriesView::today`](openbell_session_data::SeriesView::today). *Shape*: base bars
    /// in symbol order, then derived ones, shortest interval first, in symbol order; of several
    /// closes (live, or a newcomer without lag) the earlier close first. Never empty. *Cost*: one price is
    /// read for each bar, whether or not it is looked at.
    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        let _ = (context, bars);
        Ok(())
    }

    /// Orders of this consumer's account have filled or ended, or an entry has left its exits resting.
    /// What was taken or refused at once is not told again.
    ///
    /// *When*: once a publication, before [`Consumer::corrected`], [`Consumer::resumed`] and the bars; what
    /// happened while the session was inactive comes with the publication that opens the gate. *View*:
    /// that publication. *Shape*: in the order in which it happened, never empty.
    fn traded(&mut self, context: &mut Context<'_>, events: &[TradeEvent]) -> Outcome {
        let _ = (context, events);
        Ok(())
    }

    /// It is time, by one of the [`Consumer::call_windows`].
    ///
    /// *When*: at that instant, after its bars; where the gate is shut then (live), at the next
    /// publication, once for all that was missed. *View*: that publication.
    fn scheduled(&mut self, context: &mut Context<'_>) -> Outcome {
        let _ = context;
        Ok(())
    }

    /// The gate has shut in mid-session; no market data is sent until [`Consumer::resumed`].
    ///
    /// *When*: before the bar that caused it is visible to anyone outside. *View*: none.
    fn deactivated(&mut self, at: Timestamp, reason: &Reason) -> Outcome {
        let _ = (at, reason);
        Ok(())
    }

    /// The gate is open again, and `resumed` says what was not announced: read it from the view,
    /// where wanted. There is no flood of single bars.
    ///
    /// *When*: with the publication that opens the gate; with `scope: "symbol"` also when a
    /// withheld symbol is there again. *View*: that publication.
    fn resumed(&mut self, context: &mut Context<'_>, resumed: &Resumed) -> Outcome {
        let _ = (context, resumed);
        Ok(())
    }

    /// What was announced of a series has changed (live only): a bar came late or was revised.
    /// Read anew from [`Corrected::since_sequence`] on; the rows up to the last that was announced
    /// count as announced.
    ///
    /// *When*: with the first publication that has the new values, before the bars of the instant and
    /// before [`Consumer::resumed`]. *View*: that publication.
    fn corrected(&mut self, context: &mut Context<'_>, corrected: &Corrected) -> Outcome {
        let _ = (context, corrected);
        Ok(())
    }

    /// A symbol has joined in mid-session and is published. Those that are members at the open are
    /// in the view of [`Consumer::session_started`].
    ///
    /// *When*: when it has caught up, before [`Consumer::resumed`] or the bars that say what there
    /// is of it.
    /// *View*: the first publication that has it.
    fn symbol_joined(&mut self, context: &mut Context<'_>, symbol: &Symbol) -> Outcome {
        let _ = (context, symbol);
        Ok(())
    }

    /// A symbol has left, and is in no later view.
    ///
    /// *When*: with the publication that no longer has it. *View*: none, there may be nobody left.
    fn symbol_left(&mut self, at: Timestamp, symbol: &Symbol) -> Outcome {
        let _ = (at, symbol);
        Ok(())
    }

    /// A command that this consumer asked for was answered.
    ///
    /// *When*: after the notices that it led to. *View*: none. A free consumer gives its commands as
    /// any outsider does, and is not called here.
    fn answered(&mut self, at: Timestamp, command: &SessionCommand, answer: &Answer) -> Outcome {
        let _ = (at, command, answer);
        Ok(())
    }

    /// Free delivery only: something was passed over. The view says where things stand.
    ///
    /// *When*: before the next callback that has a view. *View*: the one of now.
    fn lagged(&mut self, context: &mut Context<'_>, lagged: &Lagged) -> Outcome {
        let _ = (context, lagged);
        Ok(())
    }

    /// The session's last instant is published; this view is its final one. The gate shuts after
    /// it. Locks and unlocks asked for here are taken; other commands are refused, since no
    /// session is running any more.
    ///
    /// *When*: once a session, last. *View*: the final publication.
    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        let _ = context;
        Ok(())
    }

    /// What it keeps in memory, as bytes that [`Consumer::restore`] makes it anew from; `None`, the default,
    /// where it cannot say. A run writes a checkpoint at a session's close only where each of its consumers
    /// says what it keeps: a restart then begins there, and else repeats the run from its first session.
    /// One that keeps nothing says so with `Some(Vec::new())`.
    ///
    /// *When*: after a session has closed, and all that it led to; live, before the next step. A free
    /// consumer, which sees *now*, is not asked. *Shape*: the same state is the same bytes, so maps are
    /// written in an order. *Cost*: its length; a few kilobytes are nothing beside a session.
    ///
    /// ```
    /// use openbell_coordinator::{Consumer, Outcome, restored, saved_bytes};
    ///
    /// /// Keeps how many bars it has seen, and the sum of their closes.
    /// #[derive(Default)]
    /// struct Adding { n_bars: u64, sum: f64 }
    ///
    /// impl Consumer for Adding {
    ///     fn name(&self) -> &str {
    ///         "adding"
    ///     }
    ///
    ///     fn save(&self) -> Option<Vec<u8>> {
    ///         Some(saved_bytes(&(self.n_bars, self.sum)))
    ///     }
    ///
    ///     fn restore(&mut self, bytes: &[u8]) -> Outcome {
    ///         (self.n_bars, self.sum) = restored(bytes)?;
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let saved = Adding { n_bars: 2, sum: 20.5 }.save().ok_or("it saves")?;
    /// let mut again = Adding::default();
    /// again.restore(&saved).map_err(|error| error.to_string())?;
    /// assert_eq!((again.n_bars, again.sum), (2, 20.5));
    /// # Ok::<(), String>(())
    /// ```
    fn save(&self) -> Option<Vec<u8>> {
        None
    }

    /// Takes back what [`Consumer::save`] gave, in another process: everything that it decides by is what
    /// it was. What stands in its settings it has from them.
    ///
    /// *When*: once, when it is registered with a run that goes on from a checkpoint, before any other
    /// callback. An error refuses the restart.
    fn restore(&mut self, bytes: &[u8]) -> Outcome {
        if bytes.is_empty() { Ok(()) } else { Err("it saves, and has no restore".into()) }
    }

    /// The session has closed while it was inactive (live only: a replay always catches up), so
    /// there is no final view.
    ///
    /// *When*: once a session, last, in place of [`Consumer::session_closed`]. *View*: none.
    fn session_closed_inactive(&mut self, at: Timestamp, reason: &Reason) -> Outcome {
        let _ = (at, reason);
        Ok(())
    }
}
