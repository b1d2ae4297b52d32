//! Who is called, in which order, and what becomes of one that fails.
//!
//! At one notice: every lock-step and free worker is given it, in order of registration; then,
//! in that order, inline consumers are called and lock-step ones waited for, and what each asked
//! for and signalled is taken. So the order of everything that follows is that of registration,
//! whatever the delivery.

pub(crate) mod bars;
pub(crate) mod closings;
pub(crate) mod consumer;
pub(crate) mod context;
pub(crate) mod desk;
mod facts;
pub(crate) mod mailbox;
pub(crate) mod notice;
mod registered;
pub(crate) mod rendezvous;
pub(crate) mod report;
pub(crate) mod saving;
pub(crate) mod subscription;
pub(crate) mod worker;

use std::sync::Arc;

use openbell_config::OnError;
use openbell_market::{BarInterval, Symbol};
use openbell_session_data::{OutsideReader, Segment};
use openbell_time::{Session, Timestamp};

use crate::consumers::closings::{ClosedRow, Closings, SeriesRoster, Wanted};
use crate::consumers::consumer::CallWindow;
use crate::consumers::context::{CallbackScope, Outbox};
use crate::consumers::desk::{Arrival, CoreDesk, Desk};
use crate::consumers::mailbox::{Left, Lost, Put};
use crate::consumers::notice::{Notice, Posted, notify_one};
pub(crate) use crate::consumers::registered::Endpoint;
use crate::consumers::registered::Registered;
use crate::consumers::rendezvous::Reply;
use crate::consumers::report::ConsumerReport;
use crate::consumers::subscription::Subscription;
use crate::consumers::worker::{Delivery, Done, Question, Work};
use crate::control::command::{Answer, SessionCommand};
use crate::control::event::{Event, Operation};
use crate::digest::Digest;
use crate::history::request::{HistorySource, StoredHistory};
use crate::layout::LayoutRule;
use crate::source::Source;
use crate::source::kept::Kept;
use crate::trading::matching::{Matching, TradeEvent};

/// A consumer that failed and whose rule stops the run.
pub(crate) struct StopsRun {
    pub(crate) consumer: String,
    pub(crate) why: String,
}

/// Whom a notice is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Audience {
    Everyone,
    /// One consumer, by its place.
    Only(usize),
}

/// A command that a consumer asked for.
pub(crate) struct Asked {
    /// Its place.
    pub(crate) consumer: usize,
    pub(crate) command: SessionCommand,
}

/// All consumers of a run, in the order in which they were registered.
#[derive(Default)]
pub(crate) struct Consumers {
    consumers: Vec<Registered>,
    roster: Arc<SeriesRoster>,
    /// The bars of the roster's series, as the next publication shows them.
    segments: Arc<Vec<Arc<Segment>>>,
    /// What consumers asked for, in order, until it is taken.
    pub(crate) asked: Vec<Asked>,
    /// Answers that consumers are to be notified of, in order.
    pub(crate) answered: Vec<(usize, SessionCommand, Answer)>,
    /// Room for the bars of the next instant, empty.
    rows: Vec<ClosedRow>,
    /// The bars of the last notice.
    closings: Arc<Closings>,
    outbox: Outbox,
    /// Whether a lock-step worker may still be missing.
    may_miss_worker: bool,
    wants_bars: bool,
    /// Whether what is told was told before, by a process that has ended since.
    is_rehearsal: bool,
}

/// One call to consumers: what it needs besides them.
pub(crate) struct Call<'h> {
    pub(crate) reader: &'h mut OutsideReader,
    pub(crate) session: Session,
    pub(crate) at: Timestamp,
    pub(crate) epoch: u64,
    pub(crate) events: &'h mut Vec<Event>,
    pub(crate) operations: &'h mut Vec<Operation>,
    pub(crate) source: &'h mut dyn Source,
    pub(crate) kept: &'h Kept,
    pub(crate) rule: &'h LayoutRule,
    pub(crate) matching: Option<&'h mut (dyn Matching + 'static)>,
    pub(crate) arrival: Arrival,
}

impl Consumers {
    /// The name under which a consumer that calls itself `asked` would be registered.
    pub(crate) fn free_name(&self, asked: &str) -> String {
        let is_taken = |name: &str| self.consumers.iter().any(|known| known.name == name);
        let mut name = asked.to_owned();
        for n in 2.. {
            if !is_taken(&name) {
                break;
            }
            name = format!("{asked}-{n}");
        }
        name
    }

    pub(crate) fn register(
        &mut self,
        name: String,
        subscription: Subscription,
        windows: Vec<CallWindow>,
        on_error: OnError,
        endpoint: Endpoint,
    ) {
        self.may_miss_worker |= matches!(endpoint, Endpoint::LockStep(_));
        let wanted = Arc::new(Wanted::of(&subscription, &self.roster));
        self.wants_bars |= !subscription.is_none();
        self.consumers.push(Registered {
            name,
            subscription,
            wanted,
            windows,
            on_error,
            emits: None,
            is_strategy: false,
            endpoint,
            strategy: None,
            is_given: false,
            failure: None,
            n_signals: 0,
            n_commands: 0,
            lost: Lost::default(),
        });
    }

    /// The consumer that was registered last is a module of the session file: it gives these signals and
    /// no others.
    pub(crate) fn last_is_module(&mut self, emits: Vec<String>, is_strategy: bool) {
        if let Some(last) = self.consumers.last_mut() {
            last.emits = Some(emits);
            last.is_strategy = is_strategy;
        }
    }

    /// The names of the session file's strategies, in order.
    pub(crate) fn strategies(&self) -> impl Iterator<Item = &str> {
        let strategies = self.consumers.iter().filter(|known| known.is_strategy);
        strategies.map(|known| known.name.as_str())
    }

    /// Whether somebody listens to bars.
    pub(crate) fn wants_bars(&self) -> bool {
        self.wants_bars
    }

    pub(crate) fn name(&self, consumer: usize) -> &str {
        &self.consumers[consumer].name
    }

    /// Whoever has an account in `matching` orders from it, those that are registered later too.
    pub(crate) fn open_accounts(&mut self, matching: &dyn Matching) {
        for known in &mut self.consumers {
            known.strategy = matching.strategy_of(&known.name);
        }
    }

    /// Where the consumer of that name stands.
    pub(crate) fn place_of(&self, name: &str) -> Option<usize> {
        self.consumers.iter().position(|known| known.name == name)
    }

    /// The windows of those that still run, with their place.
    pub(crate) fn windows(&self) -> impl Iterator<Item = (usize, &CallWindow)> {
        let running = self.consumers.iter().enumerate().filter(|(_, known)| known.runs());
        running.flat_map(|(place, known)| known.windows.iter().map(move |window| (place, window)))
    }

    /// The first consumer whose lock-step worker nobody runs yet.
    pub(crate) fn missing_worker(&mut self) -> Option<&str> {
        if !self.may_miss_worker {
            return None;
        }
        let is_empty = |known: &&Registered| match &known.endpoint {
            Endpoint::LockStep(rendezvous) => known.runs() && rendezvous.is_empty(),
            _ => false,
        };
        self.may_miss_worker = self.consumers.iter().any(|known| is_empty(&known));
        self.consumers.iter().find(is_empty).map(|known| known.name.as_str())
    }

    /// The members are `symbols`, in that order, each with `intervals`, and `segments` hold the bars of all
    /// these series: notices name bars by their place among them from now on.
    ///
    /// *Cost*: of the members nothing is made anew where they are as they were, as from day to day; a count
    /// for each segment.
    pub(crate) fn change_roster<'s>(
        &mut self,
        symbols: impl ExactSizeIterator<Item = &'s Symbol> + Clone,
        intervals: &[BarInterval],
        segments: impl Iterator<Item = &'s Arc<Segment>>,
    ) {
        self.change_segments(segments);
        if self.roster.is_of(symbols.clone(), intervals) {
            return;
        }
        let series =
            symbols.flat_map(|symbol| intervals.iter().map(|&interval| (symbol.clone(), interval)));
        // Also before anyone listens: somebody may at any instant.
        self.roster = Arc::new(SeriesRoster { series: series.collect() });
        for known in &mut self.consumers {
            known.wanted = Arc::new(Wanted::of(&known.subscription, &self.roster));
        }
    }

    /// In the memory of the list before, where no notice has it any more.
    fn change_segments<'s>(&mut self, segments: impl Iterator<Item = &'s Arc<Segment>>) {
        if Arc::get_mut(&mut self.segments).is_none() {
            self.segments = Arc::default();
        }
        if let Some(known) = Arc::get_mut(&mut self.segments) {
            known.clear();
            known.extend(segments.cloned());
        }
    }

    /// An empty list of bars, to be filled and notified of or given back.
    pub(crate) fn blank_rows(&mut self) -> Vec<ClosedRow> {
        std::mem::take(&mut self.rows)
    }

    /// Keeps the room of `rows` for the next instant.
    pub(crate) fn keep_room(&mut self, mut rows: Vec<ClosedRow>) {
        rows.clear();
        self.rows = rows;
    }

    /// The bars `rows` as a notice has them, in the memory of the last one.
    ///
    /// *Cost*: allocates only where a free consumer that is behind still holds that.
    pub(crate) fn closings(&mut self, mut rows: Vec<ClosedRow>) -> Arc<Closings> {
        if Arc::get_mut(&mut self.closings).is_none() {
            self.closings = Arc::default();
        }
        if let Some(closings) = Arc::get_mut(&mut self.closings) {
            std::mem::swap(&mut closings.rows, &mut rows);
            if !Arc::ptr_eq(&closings.roster, &self.roster) {
                closings.roster = Arc::clone(&self.roster);
            }
            if !Arc::ptr_eq(&closings.segments, &self.segments) {
                closings.segments = Arc::clone(&self.segments);
            }
        }
        self.keep_room(rows);
        Arc::clone(&self.closings)
    }

    /// Notifies `audience`, but for those that are stopped.
    ///
    /// # Errors
    ///
    /// A consumer failed whose rule stops the run; nobody after it is called.
    pub(crate) fn notify(
        &mut self,
        mut call: Call<'_>,
        audience: Audience,
        notice: &Notice,
    ) -> Result<(), StopsRun> {
        if notice.needs_view() && call.reader.view().is_err() {
            return Ok(());
        }
        let places = match audience {
            Audience::Everyone => 0..self.consumers.len(),
            Audience::Only(place) => place..place + 1,
        };
        self.give(&mut call, places.clone(), notice)?;
        let mut stops = None;
        for place in places {
            if !self.consumers[place].runs() {
                continue;
            }
            let outcome = match self.consumers[place].delivery() {
                Delivery::Inline if stops.is_none() => self.call_inline(&mut call, place, notice),
                Delivery::LockStep => self.await_step(&mut call, place),
                Delivery::Inline | Delivery::Free => continue,
            };
            // What comes after a failure that stops the run was called at the same time at most,
            // and counts no more.
            if stops.is_none()
                && let Some(outcome) = outcome
            {
                stops = self.take_outcome(place, outcome, &mut call);
            }
            self.outbox.asked.clear();
            self.outbox.signals.clear();
        }
        stops.map_or(Ok(()), Err)
    }

    /// Gives the notice to the workers, so that they work while inline consumers are called.
    fn give(
        &mut self,
        call: &mut Call<'_>,
        places: std::ops::Range<usize>,
        notice: &Notice,
    ) -> Result<(), StopsRun> {
        for place in places {
            let known = &mut self.consumers[place];
            if !known.runs() || matches!(known.endpoint, Endpoint::Inline(_)) {
                continue;
            }
            let Some(narrowed) = notice.narrowed(&known.subscription, &known.wanted) else {
                continue;
            };
            let n_bars = narrowed.n_bars(&known.wanted);
            let mut posted = Posted {
                notice: narrowed,
                wanted: Arc::clone(&known.wanted),
                at: call.at,
                session: call.session,
                epoch: call.epoch,
                is_rehearsal: self.is_rehearsal,
                held: None,
            };
            match &known.endpoint {
                Endpoint::LockStep(rendezvous) => {
                    rendezvous.give(Work::Notice(posted));
                    known.is_given = true;
                }
                Endpoint::Free(_) if self.is_rehearsal => {} // It sees *now*, not what was.
                Endpoint::Free(mailbox) => {
                    if matches!(notice, Notice::Closed) {
                        posted.held = call.reader.view().ok().map(|view| view.hold());
                    }
                    let put = mailbox.put(posted, n_bars);
                    self.take_put(place, put, call)?;
                }
                Endpoint::Inline(_) => {}
            }
        }
        Ok(())
    }

    fn call_inline(
        &mut self,
        call: &mut Call<'_>,
        place: usize,
        notice: &Notice,
    ) -> Option<Result<(), String>> {
        let Registered { name, subscription, wanted, endpoint, strategy, .. } =
            &mut self.consumers[place];
        let Endpoint::Inline(consumer) = endpoint else { return None };
        let narrowed;
        let notice = match notice {
            Notice::Bars(closings) if !wanted.includes_any(closings) => return None,
            Notice::Bars(_) => notice,
            other => {
                narrowed = other.narrowed(subscription, wanted)?;
                &narrowed
            }
        };
        let view = if notice.needs_view() { call.reader.view().ok() } else { None };
        let mut desk = CoreDesk {
            matching: call.matching.as_deref_mut(),
            strategy: *strategy,
            view,
            at: call.at,
            session: call.session,
            base: call.rule.base,
            arrival: call.arrival,
        };
        let mut history_source = StoredHistory {
            source: call.source,
            kept: call.kept,
            rule: call.rule,
            session: call.session,
        };
        let scope = CallbackScope {
            at: call.at,
            session: call.session,
            is_rehearsal: self.is_rehearsal,
            consumer: name,
            outbox: &mut self.outbox,
            history_source: &mut history_source,
            desk: &mut desk,
        };
        let consumer = consumer.as_mut();
        Some(notify_one(consumer, notice, wanted, view, scope))
    }

    /// Waits until a lock-step worker has finished what it was given, and answers what it asks
    /// meanwhile.
    fn await_step(&mut self, call: &mut Call<'_>, place: usize) -> Option<Result<(), String>> {
        let known = &mut self.consumers[place];
        let Endpoint::LockStep(rendezvous) = &known.endpoint else { return None };
        if !std::mem::take(&mut known.is_given) {
            return None;
        }
        loop {
            match rendezvous.wait() {
                Reply::Question(Question::History(asked)) => {
                    let (source, kept, rule) = (&mut *call.source, call.kept, call.rule);
                    let session = call.session;
                    let mut history_source = StoredHistory { source, kept, rule, session };
                    rendezvous.answer(worker::Reply::History(history_source.history(asked)));
                }
                Reply::Question(Question::Desk(asked)) => {
                    let mut desk = CoreDesk {
                        matching: call.matching.as_deref_mut(),
                        strategy: known.strategy,
                        view: call.reader.view().ok(),
                        at: call.at,
                        session: call.session,
                        base: call.rule.base,
                        arrival: call.arrival,
                    };
                    rendezvous.answer(worker::Reply::Desk(desk.ask(asked)));
                }
                Reply::Done(Done { outcome, outbox, .. }) => {
                    self.outbox = outbox;
                    return Some(outcome);
                }
                Reply::Gone => return Some(Err("its worker was dropped".to_owned())),
            }
        }
    }

    /// Takes what a callback asked for and said, and what became of it.
    fn take_outcome(
        &mut self,
        place: usize,
        outcome: Result<(), String>,
        call: &mut Call<'_>,
    ) -> Option<StopsRun> {
        let known = &mut self.consumers[place];
        known.n_commands += self.outbox.asked.len() as u64;
        let asked = self.outbox.asked.drain(..);
        self.asked.extend(asked.map(|command| Asked { consumer: place, command }));
        if let Some(matching) = call.matching.as_deref_mut() {
            let trades = matching.take_events();
            call.events.extend(logged(matching, trades, call.at));
        }
        let mut undeclared = None;
        for signal in self.outbox.signals.drain(..) {
            if let Some(emits) = &known.emits
                && !emits.contains(&signal.kind)
            {
                undeclared = Some(undeclared_signal(&signal.kind, emits));
                break;
            }
            known.n_signals += 1;
            call.events.push(Event::Signalled { at: call.at, signal });
        }
        let why = undeclared.or(outcome.err())?;
        let consumer = known.name.clone();
        let event = Event::ConsumerFailed { at: call.at, consumer, why: why.clone() };
        call.events.push(event);
        self.stop_consumer(place, why)
    }

    /// Takes what became of a notice for a free consumer.
    fn take_put(&mut self, place: usize, put: Put, call: &mut Call<'_>) -> Result<(), StopsRun> {
        let known = &mut self.consumers[place];
        let (at, consumer) = (call.at, known.name.clone());
        let left = match put {
            Put::Kept => return Ok(()),
            Put::Displaced(lost) => {
                if known.lost.is_nothing() {
                    call.operations.push(Operation::ConsumerLags { at, consumer });
                }
                known.lost.add(lost);
                return Ok(());
            }
            Put::Gone(left) => left,
        };
        let why = match left {
            Left::Dropped => "its worker was dropped".to_owned(),
            Left::Failed(why) => why,
        };
        call.operations.push(Operation::ConsumerFailed { at, consumer, why: why.clone() });
        self.stop_consumer(place, why).map_or(Ok(()), Err)
    }

    fn stop_consumer(&mut self, place: usize, why: String) -> Option<StopsRun> {
        let known = &mut self.consumers[place];
        known.failure = Some(why.clone());
        let (on_error, consumer) = (known.on_error, known.name.clone());
        self.wants_bars =
            self.consumers.iter().any(|known| known.runs() && !known.subscription.is_none());
        match on_error {
            OnError::StopConsumer => None,
            OnError::StopRun => Some(StopsRun { consumer, why }),
        }
    }

    /// Stops every worker: the run has ended.
    pub(crate) fn close(&self) {
        for known in &self.consumers {
            match &known.endpoint {
                Endpoint::Inline(_) => {}
                Endpoint::LockStep(rendezvous) => rendezvous.close(),
                Endpoint::Free(mailbox) => mailbox.close(),
            }
        }
    }

    /// Says whether what is told from now on was told before.
    pub(crate) fn rehearse(&mut self, is_rehearsal: bool) {
        self.is_rehearsal = is_rehearsal;
    }

    /// The figures of every consumer, in order of registration.
    pub(crate) fn reports(&self) -> Vec<ConsumerReport> {
        let report = |known: &Registered| ConsumerReport {
            name: known.name.clone(),
            delivery: known.delivery(),
            n_signals: known.n_signals,
            n_commands: known.n_commands,
            n_displaced: known.lost.n_notices,
            digest: Digest::default(), // Of the event log, which is not here.
            failure: known.failure.clone(),
        };
        self.consumers.iter().map(report).collect()
    }
}

/// What is wrong with a signal of a kind that the module has not named.
fn undeclared_signal(found: &str, emits: &[String]) -> String {
    let known = if emits.is_empty() { "none".to_owned() } else { emits.join(", ") };
    format!(
        "it signals {found:?}, which its module does not name (it names {known}); add .emits({found:?}, \
         \"…\") where it is registered"
    )
}

/// What has happened to orders, as it is logged.
pub(crate) fn logged(
    matching: &dyn Matching,
    trades: Vec<TradeEvent>,
    at: Timestamp,
) -> impl Iterator<Item = Event> {
    trades.into_iter().map(move |trade| {
        let strategy = matching.name_of(trade.strategy()).to_owned();
        Event::Traded { at, strategy, trade: Box::new(trade) }
    })
}

impl Drop for Consumers {
    fn drop(&mut self) {
        self.close();
    }
}
