//! Where the threads of one vendor meet: the vendor behind one lock that nobody holds while waiting
//! for anything, and the queues to those who carry its orders out.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam::channel::{Receiver, Sender, unbounded};
use crossbeam::queue::SegQueue;
use openbell_data_manager::live::{
    AskId, LineId, Note, Order, Outgoing, Protocol, Request, Vendor,
};
use openbell_time::{Nanos, Timestamp, WallClock};
use secrecy::SecretString;

use super::passage::{Passage, Tap, Way};
use super::{Controlled, InternalFault};
use crate::{Courier, SecretHeaders, Transport};

/// More panics than so many are the end.
const N_FAULTS: u32 = 3;
/// After a panic, what is due is not tried again before.
const AFTER_FAULT: Nanos = Nanos::from_secs(1);

/// Whoever is told of what happens.
pub(super) type Notes = Box<dyn Fn(Timestamp, &Note) + Send + Sync>;

/// A line that is to be opened.
pub(super) struct Open {
    pub(super) line: LineId,
    pub(super) url: String,
    pub(super) mailbox: Arc<Mailbox>,
}

/// A request that is to be made.
pub(super) struct Ask {
    pub(super) ask: AskId,
    pub(super) request: Request,
}

/// What a line is to send, and whether it is to be left.
///
/// *Shape*: no longer than what the vendor's limit of messages lets through while a line stalls.
#[derive(Default)]
pub(super) struct Mailbox {
    outgoing: SegQueue<Outgoing>,
    is_left: AtomicBool,
}

impl Mailbox {
    pub(super) fn next(&self) -> Option<Outgoing> {
        self.outgoing.pop()
    }

    pub(super) fn is_left(&self) -> bool {
        self.is_left.load(Ordering::Acquire)
    }

    fn leave(&self) {
        self.is_left.store(true, Ordering::Release);
    }
}

pub(super) struct Desk<P> {
    state: Mutex<State<P>>,
    pub(super) clock: Arc<dyn WallClock>,
    pub(super) courier: Courier,
    notes: Notes,
    tap: Option<Tap>,
    name: &'static str,
}

struct State<P> {
    vendor: Vendor<P>,
    /// When something is due at the vendor.
    due: Timestamp,
    lines: BTreeMap<LineId, Arc<Mailbox>>,
    /// Absent once it is over. At most one request is under way, and a line or two a slot.
    queues: Option<(Sender<Open>, Sender<Ask>)>,
    n_faults: u32,
    failure: Option<InternalFault>,
}

impl<P: Protocol> Desk<P> {
    pub(super) fn new(
        vendor: Vendor<P>,
        name: &'static str,
        transport: &Transport,
        clock: Arc<dyn WallClock>,
        (notes, tap): (Notes, Option<Tap>),
    ) -> (Desk<P>, Receiver<Open>, Receiver<Ask>) {
        vendor.wake_by(Arc::clone(&clock));
        let ((opens, to_open), (asks, to_ask)) = (unbounded(), unbounded());
        let state = State {
            vendor,
            due: Timestamp::MIN,
            lines: BTreeMap::new(),
            queues: Some((opens, asks)),
            n_faults: 0,
            failure: None,
        };
        let courier = Courier::new(transport);
        (Desk { state: Mutex::new(state), clock, courier, notes, tap, name }, to_open, to_ask)
    }

    /// The instant at which something is due; `None` once it is over.
    pub(super) fn due(&self) -> Option<Timestamp> {
        let state = self.lock();
        state.queues.as_ref().map(|_| state.due)
    }

    /// Why it is over, where that was not wished.
    pub(super) fn failure(&self) -> Option<InternalFault> {
        self.lock().failure.clone()
    }

    /// Tells the vendor of something about `line`, has it do what is due, and gives its orders out.
    pub(super) fn tell(&self, line: Option<LineId>, what: impl FnOnce(&mut Vendor<P>, Timestamp)) {
        let (now, notes) = {
            let mut state = self.lock();
            if state.queues.is_none() {
                return;
            }
            let now = self.clock.now(); // Under the lock, so in order.
            let due_before = state.due;
            let told = catch_unwind(AssertUnwindSafe(|| {
                what(&mut state.vendor, now);
                state.vendor.tick(now)
            }));
            match told {
                Ok(due) => state.due = due,
                Err(panic) => self.panicked(&mut state, line, now, &*panic),
            }
            state.give_out();
            if state.due < due_before {
                self.clock.wake();
            }
            (now, state.vendor.take_notes())
        };
        self.note(now, &notes);
    }

    /// Tells whoever wants to hear of it that something has passed.
    pub(super) fn passed(&self, way: Way, is_heard: bool, text: impl FnOnce() -> String) {
        if let Some(tap) = &self.tap {
            tap(&Passage { at: self.clock.now(), way, is_heard, text: text() });
        }
    }

    /// A line is over, and was not left; what was said.
    pub(super) fn closed(&self, line: LineId, said: &str) {
        self.passed(Way::Line(line), true, || format!("over: {said}"));
        self.lock().lines.remove(&line);
        self.tell(Some(line), |vendor, now| vendor.closed(line, now, said));
    }

    /// Code that carries for the vendor has panicked.
    pub(super) fn carrier_panicked(&self, line: Option<LineId>, panic: &(dyn Any + Send)) {
        let (now, notes) = {
            let mut state = self.lock();
            let now = self.clock.now();
            self.panicked(&mut state, line, now, panic);
            state.give_out();
            (now, state.vendor.take_notes())
        };
        self.clock.wake();
        self.note(now, &notes);
    }

    /// The login of this moment, for the line that sends it.
    pub(super) fn login(&self) -> Option<SecretString> {
        let mut login = None;
        self.lock().vendor.protocol().login(&mut |text| login = Some(text.into()));
        login
    }

    /// The secret headers of this moment, for the request that goes out with them.
    pub(super) fn secrets(&self) -> SecretHeaders {
        SecretHeaders::of(self.lock().vendor.protocol())
    }

    fn panicked(
        &self,
        state: &mut State<P>,
        line: Option<LineId>,
        now: Timestamp,
        panic: &(dyn Any + Send),
    ) {
        let said = panic.downcast_ref::<&str>().map(|said| (*said).to_owned());
        let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
        let said = said.unwrap_or_else(|| "a panic without words".to_owned());
        state.n_faults += 1;
        state.due = now + AFTER_FAULT;
        let made_anew = catch_unwind(AssertUnwindSafe(|| state.vendor.faulty(line, now, &said)));
        if made_anew.is_err() || state.n_faults > N_FAULTS {
            let (vendor, n_times) = (self.name, state.n_faults);
            let fault = InternalFault { vendor, n_times, said: said.into() };
            state.vendor.give_up(&fault.to_string());
            state.failure = Some(fault);
            self.end(state);
        }
    }

    fn end(&self, state: &mut State<P>) {
        state.queues = None;
        for mailbox in state.lines.values() {
            mailbox.leave();
        }
        self.courier.stop();
        self.clock.wake();
    }

    fn note(&self, now: Timestamp, notes: &[Note]) {
        notes.iter().for_each(|note| (self.notes)(now, note));
    }

    fn lock(&self) -> MutexGuard<'_, State<P>> {
        // Panics of the vendor are caught within; what else stands there is whole at every instant.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Protocol> State<P> {
    /// Gives the vendor's orders to those who carry them out; nobody is waited for.
    fn give_out(&mut self) {
        let Some((opens, asks)) = &self.queues else { return };
        for order in self.vendor.take_orders() {
            match order {
                Order::Open { line, url } => {
                    let mailbox = Arc::new(Mailbox::default());
                    self.lines.insert(line, Arc::clone(&mailbox));
                    // Whoever opens ends after the queue, so it is taken.
                    let _ = opens.send(Open { line, url, mailbox });
                }
                Order::Send { line, message } => {
                    if let Some(mailbox) = self.lines.get(&line) {
                        mailbox.outgoing.push(message);
                    }
                }
                Order::Close { line } => {
                    if let Some(mailbox) = self.lines.remove(&line) {
                        mailbox.leave();
                    }
                }
                Order::Ask { ask, request } => {
                    let _ = asks.send(Ask { ask, request }); // As above.
                }
            }
        }
    }
}

impl<P: Protocol> Controlled for Desk<P> {
    fn stop(&self) {
        let mut state = self.lock();
        self.end(&mut state);
    }

    fn skew(&self) -> Option<Nanos> {
        self.lock().vendor.skew()
    }
}
