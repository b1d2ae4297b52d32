//! The log of events as it is served: appended to by the core's thread, read by cursors.
//!
//! The core leaves copies of its events and goes on; whoever reads makes lines of them. Nobody waits
//! for a reader, and no reader has a queue.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openbell_coordinator::{Event, Status};
use openbell_market::BarInterval;
use openbell_time::Timestamp;
use openbell_wire::engine::{RunTally, event_line};
use openbell_wire::metrics::{RunFigures, SymbolFigures};
use serde_json::Value;

/// Lines are kept up to so many bytes; then the oldest go.
const BYTES_KEPT: usize = 256 << 20;

/// So many events wait for a reader; then the core's thread makes lines of them.
const WAITING: usize = 1 << 16;

/// The core's end of the served log: where the program leaves what happened in the run.
///
/// *Cost*: for each event a copy, under a lock that nobody holds for longer than an exchange of lists.
/// Where nobody has read for 65,536 events, these are made into lines here.
///
/// ```
/// use openbell_coordinator::Event;
/// use openbell_service::LogTap;
///
/// let tap = LogTap::new("2025-07-02T13:29:00Z".parse()?);
/// let at = "2025-07-02T13:30:00Z".parse()?;
/// tap.append(&[Event::GateOpened { at, epoch: 1 }], at);
/// assert_eq!(tap.n_events(), 1);
/// # Ok::<(), openbell_time::TimeError>(())
/// ```
#[derive(Clone)]
pub struct LogTap(Arc<Log>);

/// The log of one run.
pub(crate) struct Log {
    waiting: Mutex<Vec<(Event, Timestamp)>>,
    n_events: AtomicU64,
    ring: Mutex<Ring>,
    report: Mutex<Option<Arc<Value>>>,
}

/// A line of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LogLine {
    /// Its position in the log of the run, from 0.
    pub(crate) position: u64,
    pub(crate) text: Arc<str>,
}

/// Lines that were asked for.
#[derive(Debug)]
pub(crate) struct LogPage {
    /// The first that is kept at all.
    pub(crate) first: u64,
    pub(crate) lines: Vec<LogLine>,
    /// The position at which to go on reading.
    pub(crate) next: u64,
}

struct Ring {
    first: u64,
    lines: VecDeque<Arc<str>>,
    n_bytes: usize,
    bytes_kept: usize,
    tally: RunTally,
}

impl LogTap {
    /// A log without events, of a run that begins when the wall clock shows `wall`.
    pub fn new(wall: Timestamp) -> LogTap {
        LogTap::keeping(wall, BYTES_KEPT)
    }

    fn keeping(wall: Timestamp, bytes_kept: usize) -> LogTap {
        let (lines, tally) = (VecDeque::new(), RunTally::new(wall));
        LogTap(Arc::new(Log {
            waiting: Mutex::new(Vec::new()),
            n_events: AtomicU64::new(0),
            ring: Mutex::new(Ring { first: 0, lines, n_bytes: 0, bytes_kept, tally }),
            report: Mutex::new(None),
        }))
    }

    /// Leaves events that are new, in order; the wall clock shows `wall`. *Cost*: nothing where there are
    /// none.
    pub fn append(&self, events: &[Event], wall: Timestamp) {
        if events.is_empty() {
            return;
        }
        let n_waiting = {
            let mut waiting = lock(&self.0.waiting);
            waiting.extend(events.iter().map(|event| (event.clone(), wall)));
            waiting.len()
        };
        self.0.n_events.fetch_add(events.len() as u64, Ordering::Release);
        if n_waiting >= WAITING {
            drop(self.0.brought_up());
        }
    }

    /// Leaves what the run came to, as JSON; no event comes after it.
    pub fn end(&self, report: Value) {
        *lock(&self.0.report) = Some(Arc::new(report));
    }

    /// The events so far.
    pub fn n_events(&self) -> u64 {
        self.0.n_events()
    }

    pub(crate) fn log(&self) -> Arc<Log> {
        Arc::clone(&self.0)
    }
}

impl Log {
    pub(crate) fn n_events(&self) -> u64 {
        self.n_events.load(Ordering::Acquire)
    }

    /// What the run came to; absent while it goes on.
    pub(crate) fn report(&self) -> Option<Arc<Value>> {
        lock(&self.report).clone()
    }

    /// The first position that is kept.
    pub(crate) fn first(&self) -> u64 {
        self.brought_up().first
    }

    /// The lines from position `since` on, at most `n_most` of them and `bytes_most` bytes, but one where
    /// there is one; those alone whose event is one of `kinds`, where these are given.
    pub(crate) fn read(
        &self,
        since: u64,
        (n_most, bytes_most): (usize, usize),
        kinds: Option<&[&str]>,
    ) -> LogPage {
        let ring = self.brought_up();
        let mut page =
            LogPage { first: ring.first, lines: Vec::new(), next: since.max(ring.first) };
        let mut n_bytes = 0;
        let skipped = usize::try_from(page.next - ring.first).unwrap_or(usize::MAX);
        for text in ring.lines.iter().skip(skipped) {
            let is_asked = kinds.is_none_or(|kinds| kinds.contains(&kind_of(text)));
            let is_full = page.lines.len() == n_most
                || (n_bytes + text.len() > bytes_most && !page.lines.is_empty());
            if is_asked && is_full {
                break;
            }
            if is_asked {
                n_bytes += text.len();
                page.lines.push(LogLine { position: page.next, text: Arc::clone(text) });
            }
            page.next += 1;
        }
        page
    }

    /// What the events and `status` add up to, as [`RunTally::figures`].
    pub(crate) fn figures(
        &self,
        status: &Status,
        base: BarInterval,
        wall: Timestamp,
    ) -> (RunFigures, Vec<SymbolFigures>) {
        self.brought_up().tally.figures(status, base, wall)
    }

    /// The ring with all lines that there are.
    fn brought_up(&self) -> MutexGuard<'_, Ring> {
        // The ring first, so that two who read keep the order of the events.
        let mut ring = lock(&self.ring);
        let new = std::mem::take(&mut *lock(&self.waiting));
        for (event, wall) in &new {
            ring.tally.event(event, *wall);
            ring.push(event_line(event).into());
        }
        ring
    }
}

impl Ring {
    fn push(&mut self, line: Arc<str>) {
        self.n_bytes += line.len();
        self.lines.push_back(line);
        while self.n_bytes > self.bytes_kept && self.lines.len() > 1 {
            let oldest = self.lines.pop_front();
            self.n_bytes -= oldest.map_or(0, |line| line.len());
            self.first += 1;
        }
    }
}

/// The name of the event of a line, which begins with it.
fn kind_of(line: &str) -> &str {
    let rest = line.strip_prefix("{\"event\":\"").unwrap_or_default();
    rest.split('"').next().unwrap_or_default()
}

/// Every value here is whole at each instant, whoever panicked beside it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_nanos(minute * 60_000_000_000)
    }

    fn opened(epoch: u64) -> Event {
        Event::GateOpened { at: at(epoch as i64), epoch }
    }

    fn shut(epoch: u64) -> Event {
        let reason = openbell_session_data::Reason::NotOpen;
        Event::GateShut { at: at(epoch as i64), epoch, reason }
    }

    fn positions(page: &LogPage) -> Vec<u64> {
        page.lines.iter().map(|line| line.position).collect()
    }

    #[test]
    fn a_cursor_reads_every_line_once_and_in_order_whatever_comes_between() {
        let tap = LogTap::new(at(0));
        let log = tap.log();
        let (mut next, mut seen) = (0, Vec::new());
        for n in 1..=100 {
            tap.append(&[opened(n), shut(n)], at(n as i64));
            if n % 7 == 0 {
                let page = log.read(next, (5, usize::MAX), None);
                seen.extend(positions(&page));
                next = page.next;
            }
        }
        while next < log.n_events() {
            let page = log.read(next, (5, usize::MAX), None);
            seen.extend(positions(&page));
            next = page.next;
        }
        assert_eq!(seen, (0..200).collect::<Vec<u64>>());
    }

    #[test]
    fn a_line_is_that_of_the_event_file() {
        let tap = LogTap::new(at(0));
        tap.append(&[opened(1)], at(1));
        let page = tap.log().read(0, (1, usize::MAX), None);
        assert_eq!(page.lines[0].text.as_ref(), event_line(&opened(1)));
    }

    #[test]
    fn kinds_choose_lines_and_the_cursor_goes_over_the_others() {
        let tap = LogTap::new(at(0));
        tap.append(&[opened(1), shut(2), opened(3), shut(4)], at(1));
        let page = tap.log().read(0, (10, usize::MAX), Some(&["gate_shut"]));
        assert_eq!((positions(&page), page.next), (vec![1, 3], 4));
        let one = tap.log().read(0, (1, usize::MAX), Some(&["gate_shut"]));
        assert_eq!((positions(&one), one.next), (vec![1], 3));
    }

    #[test]
    fn a_page_ends_at_its_bytes_but_has_one_line() {
        let tap = LogTap::new(at(0));
        tap.append(&[opened(1), opened(2)], at(1));
        assert_eq!(positions(&tap.log().read(0, (10, 1), None)), [0]);
    }

    #[test]
    fn what_does_not_fit_goes_from_the_front_and_the_rest_keeps_its_place() {
        let line = event_line(&opened(1)).len();
        let tap = LogTap::keeping(at(0), 3 * line);
        for n in 1..=9 {
            tap.append(&[opened(n)], at(1));
        }
        let page = tap.log().read(0, (10, usize::MAX), None);
        assert_eq!((page.first, positions(&page), page.next), (6, vec![6, 7, 8], 9));
    }

    #[test]
    fn events_that_nobody_reads_do_not_pile_up_beside_the_ring() {
        let tap = LogTap::keeping(at(0), 1024);
        for _ in 0..40 {
            let many: Vec<Event> = (0..4096).map(opened).collect();
            tap.append(&many, at(1));
        }
        assert!(lock(&tap.0.waiting).len() < WAITING);
        assert!(lock(&tap.0.ring).n_bytes <= 1024);
        assert_eq!(tap.n_events(), 40 * 4096);
    }
}
