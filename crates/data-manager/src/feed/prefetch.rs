//! The one thread of this crate: it reads stored feeds a few sessions ahead of those who poll them.
//!
//! Who waits: a poll waits while the rows that it asks for are still being read; the thread waits
//! while every feed is as far ahead as it may be. Both hand over in lots, since to wake the other
//! costs more than to read a session of one series: batches go out when a lot of them is read or
//! nothing more is to be read, used ones go back when a lot of them has come together or a poll is
//! about to wait. The inbox of the thread is not bounded by its make, but holds at most one message
//! for each batch that is out, and one for each seek.

#![expect(
    clippy::disallowed_types,
    reason = "a feed's prefetch is the one thread that a library starts"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crossbeam::channel::{Receiver, RecvError, Sender, unbounded};
use openbell_market::{BarColumns, SeriesKey};
use openbell_time::Timestamp;

use crate::DataError;
use crate::feed::{Feed, FeedKind, Progress};

/// A thread that reads ahead for any number of feeds; it ends when this is dropped.
///
/// *Example*
///
/// ```
/// use openbell_data_manager::{Feed, MemoryFeed, Prefetch};
/// use openbell_market::{BarColumns, BarInterval, Ohlcv, SeriesKey};
/// use openbell_time::Timestamp;
///
/// let key = SeriesKey { symbol: "AAPL".parse()?, interval: BarInterval::from_mins(1).unwrap() };
/// let open: Timestamp = "2025-07-02T13:30:00Z".parse()?;
/// let close: Timestamp = "2025-07-02T20:00:00Z".parse()?;
/// let mut rows = BarColumns::default();
/// rows.push(open, Ohlcv { open: 1.0, high: 1.0, low: 1.0, close: 1.0, volume: 5.0 });
///
/// let prefetch = Prefetch::start(vec![open..close], 1)?;
/// let mut feed = prefetch.feed(MemoryFeed::new(key, rows));
/// feed.seek(open)?;
/// let mut out = BarColumns::default();
/// feed.poll(close, close, &mut out)?;
/// assert_eq!(out.volume, [5.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Prefetch {
    windows: Arc<[Range<Timestamp>]>,
    inbox: Sender<Message>,
    used: Arc<Used>,
    thread: Option<JoinHandle<()>>,
}

/// Batches that go in one lot.
const LOT: usize = 32;

/// Batches that are used up and have not gone back yet.
type Used = Mutex<Vec<Return>>;

/// A batch that has been used up.
#[derive(Debug)]
struct Return {
    id: FeedId,
    seek_count: u64,
    rows: BarColumns,
}

impl Prefetch {
    /// Starts the thread. It reads the rows up to the end of each of `windows`, the sessions of a
    /// run in order; for each feed it is `n_ahead` of them ahead of the one that is being polled.
    ///
    /// `None`, and feeds are to be polled as they are, on a machine with one core and where
    /// `n_ahead` is 1: files that the system holds in memory are read faster by whoever wants the
    /// rows than handed over by another thread, by a factor of 1.1 over a year and of 1.5 and more
    /// over a month. A thread pays where the medium is slow.
    ///
    /// # Errors
    ///
    /// [`DataError::Io`] where the system gives no thread.
    pub fn start_where_useful(
        windows: Vec<Range<Timestamp>>,
        n_ahead: usize,
    ) -> Result<Option<Prefetch>, DataError> {
        match std::thread::available_parallelism() {
            _ if n_ahead <= 1 => Ok(None),
            Ok(n_cores) if n_cores.get() == 1 => Ok(None),
            _ => Prefetch::start(windows, n_ahead).map(Some),
        }
    }

    /// Starts the thread, as [`Prefetch::start_where_useful`] does where it is.
    ///
    /// # Errors
    ///
    /// [`DataError::Io`] where the system gives no thread.
    pub fn start(windows: Vec<Range<Timestamp>>, n_ahead: usize) -> Result<Prefetch, DataError> {
        let windows: Arc<[Range<Timestamp>]> = windows.into();
        let (inbox, messages) = unbounded();
        let worker = Worker {
            windows: windows.clone(),
            n_out_max: n_ahead + 1,
            slots: BTreeMap::new(),
            due: BTreeSet::new(),
            spare: Vec::new(),
            outbox: Vec::new(),
        };
        let thread = std::thread::Builder::new()
            .name("openbell-prefetch".to_owned())
            .spawn(move || worker.run(&messages))
            .map_err(|source| {
                DataError::io(crate::IoAction::Create, "prefetch thread".as_ref(), source)
            })?;
        Ok(Prefetch { windows, inbox, used: Arc::default(), thread: Some(thread) })
    }

    /// Hands `feed` to the thread, and yields one that delivers the same rows.
    ///
    /// Reading begins with the first seek or poll; seek first, or all rows before the first window
    /// are read as well. A live feed is not read ahead, and passes through.
    pub fn feed(&self, feed: impl Feed + 'static) -> PrefetchedFeed {
        if feed.kind() == FeedKind::Live {
            return PrefetchedFeed {
                key: feed.series().clone(),
                source: Source::Direct(Box::new(feed)),
            };
        }
        let key = feed.series().clone();
        // Its room is taken by the batches that are out, of which the thread keeps count.
        let (sender, batches) = unbounded();
        let inbox = self.inbox.clone();
        let id = FeedId(Arc::new(()));
        // That a thread has ended is reported by the first poll.
        let _ = inbox.send(Message::Join { id: id.clone(), feed: Box::new(feed), batches: sender });
        let ahead = Ahead {
            id,
            windows: self.windows.clone(),
            inbox,
            used: Arc::clone(&self.used),
            batches,
            seek_count: 0,
            is_started: false,
            next_window: 0,
            current: None,
            row: 0,
        };
        PrefetchedFeed { key, source: Source::Ahead(Box::new(ahead)) }
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        // A thread that has ended already cannot be asked to.
        let _ = self.inbox.send(Message::Stop);
        if let Some(thread) = self.thread.take() {
            // Its panic, were there one, has been reported by every poll.
            let _ = thread.join();
        }
    }
}

/// A stored [`Feed`] whose rows are read ahead by a [`Prefetch`].
///
/// # Errors
///
/// Beside those of the feed, [`DataError::PrefetchEnded`] once its [`Prefetch`] is gone.
#[derive(Debug)]
pub struct PrefetchedFeed {
    key: SeriesKey,
    source: Source,
}

enum Source {
    Direct(Box<dyn Feed>),
    Ahead(Box<Ahead>),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Source::Direct(_) => "Direct",
            Source::Ahead(_) => "Ahead",
        })
    }
}

/// The end of the line at which rows are taken.
struct Ahead {
    id: FeedId,
    windows: Arc<[Range<Timestamp>]>,
    inbox: Sender<Message>,
    used: Arc<Used>,
    batches: Receiver<Batch>,
    /// Batches that were read before the last seek are dropped.
    seek_count: u64,
    is_started: bool,
    /// The window up to whose end the next batch goes.
    next_window: usize,
    current: Option<Batch>,
    /// The next row of `current`.
    row: usize,
}

/// Distinguishes feeds; compared by address, which is theirs alone while it lives.
#[derive(Clone, Debug)]
struct FeedId(Arc<()>);

impl FeedId {
    fn number(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

/// All rows up to `until` that came after the batch before.
struct Batch {
    seek_count: u64,
    until: Timestamp,
    rows: BarColumns,
    outcome: Result<Progress, DataError>,
}

enum Message {
    Join {
        id: FeedId,
        feed: Box<dyn Feed>,
        batches: Sender<Batch>,
    },
    /// Begin at `since` (`None`: where the feed stands).
    Begin {
        id: FeedId,
        seek_count: u64,
        since: Option<Timestamp>,
    },
    /// Read on, past the last window.
    ReadUntil {
        id: FeedId,
        until: Timestamp,
    },
    /// Batches have been used up.
    Return {
        lot: Vec<Return>,
    },
    Leave {
        id: FeedId,
    },
    Stop,
}

impl Ahead {
    fn begin(&mut self, key: &SeriesKey, since: Option<Timestamp>) -> Result<(), DataError> {
        self.give_back();
        self.is_started = true;
        self.seek_count += 1;
        self.next_window = since.map_or(0, |since| window_after(&self.windows, since));
        self.send(key, Message::Begin { id: self.id.clone(), seek_count: self.seek_count, since })
    }

    fn send(&self, key: &SeriesKey, message: Message) -> Result<(), DataError> {
        self.inbox.send(message).map_err(|_| DataError::PrefetchEnded { key: key.clone() })
    }

    fn give_back(&mut self) {
        if let Some(batch) = self.current.take() {
            let (id, seek_count) = (self.id.clone(), batch.seek_count);
            let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            used.push(Return { id, seek_count, rows: batch.rows });
            if used.len() >= LOT {
                self.send_back(&mut used);
            }
        }
        self.row = 0;
    }

    fn send_back(&self, used: &mut Vec<Return>) {
        if !used.is_empty() {
            // A thread that has ended needs no buffers.
            let _ = self.inbox.send(Message::Return { lot: std::mem::take(used) });
        }
    }

    /// The next batch; waits for it where it is not there yet.
    fn receive(&self) -> Result<Batch, RecvError> {
        if let Ok(batch) = self.batches.try_recv() {
            return Ok(batch);
        }
        // The thread may be waiting for the very batches that have not gone back yet.
        self.send_back(&mut self.used.lock().unwrap_or_else(PoisonError::into_inner));
        self.batches.recv()
    }

    fn next_batch(&mut self, key: &SeriesKey, until: Timestamp) -> Result<(), DataError> {
        self.give_back();
        if self.next_window == self.windows.len() {
            self.send(key, Message::ReadUntil { id: self.id.clone(), until })?;
        }
        loop {
            let ended = || DataError::PrefetchEnded { key: key.clone() };
            let batch = self.receive().map_err(|_| ended())?;
            if batch.seek_count == self.seek_count {
                self.next_window = window_after(&self.windows, batch.until);
                self.current = Some(batch);
                return Ok(());
            }
        }
    }

    fn poll(
        &mut self,
        key: &SeriesKey,
        until: Timestamp,
        out: &mut BarColumns,
    ) -> Result<Progress, DataError> {
        if !self.is_started {
            self.begin(key, None)?;
        }
        loop {
            let Some(batch) = &mut self.current else {
                self.next_batch(key, until)?;
                continue;
            };
            let left = &batch.rows.opens_at_ns[self.row..];
            let n_due = left.partition_point(|&ns| ns < until.as_nanos());
            if out.is_empty() && n_due == batch.rows.len() {
                std::mem::swap(out, &mut batch.rows); // Nothing is left of it: it goes uncopied.
            } else {
                out.extend_from(&batch.rows, self.row..self.row + n_due);
                self.row += n_due;
            }
            match &batch.outcome {
                Err(error) if error.unreadable_since().is_none_or(|since| until > since) => {
                    return Err(error.clone());
                }
                // What is not known to be readable is not asked for before it is due.
                Err(_) => return Ok(Progress::stored(until, false)),
                Ok(progress) if progress.is_exhausted => {
                    let is_exhausted = self.row == batch.rows.len();
                    return Ok(Progress::stored(until, is_exhausted));
                }
                Ok(_) if until <= batch.until => return Ok(Progress::stored(until, false)),
                Ok(_) => self.next_batch(key, until)?,
            }
        }
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        // A thread that has ended keeps nothing.
        let _ = self.inbox.send(Message::Leave { id: self.id.clone() });
    }
}

impl Feed for PrefetchedFeed {
    fn series(&self) -> &SeriesKey {
        &self.key
    }

    fn kind(&self) -> FeedKind {
        match &self.source {
            Source::Direct(feed) => feed.kind(),
            Source::Ahead(_) => FeedKind::Stored,
        }
    }

    fn seek(&mut self, since: Timestamp) -> Result<(), DataError> {
        match &mut self.source {
            Source::Direct(feed) => feed.seek(since),
            Source::Ahead(ahead) => ahead.begin(&self.key, Some(since)),
        }
    }

    fn poll(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        out: &mut BarColumns,
    ) -> Result<Progress, DataError> {
        match &mut self.source {
            Source::Direct(feed) => feed.poll(now, until, out),
            Source::Ahead(ahead) => ahead.poll(&self.key, until, out),
        }
    }
}

/// What the thread keeps.
struct Worker {
    windows: Arc<[Range<Timestamp>]>,
    /// Batches that a feed may have out.
    n_out_max: usize,
    slots: BTreeMap<usize, Slot>,
    /// Feeds that may be read further, by the window that they need next: the nearest first.
    due: BTreeSet<(usize, usize)>,
    spare: Vec<BarColumns>,
    /// Batches that are read and have not gone out yet.
    outbox: Vec<(Sender<Batch>, Batch)>,
}

struct Slot {
    /// Keeps the number of the feed its own while the thread knows it.
    _id: FeedId,
    feed: Box<dyn Feed>,
    batches: Sender<Batch>,
    seek_count: u64,
    next_window: usize,
    n_out: usize,
    /// Nothing more is to be read: the feed has failed, is exhausted, or has not begun.
    is_at_rest: bool,
}

impl Worker {
    fn run(mut self, messages: &Receiver<Message>) {
        loop {
            if self.due.is_empty() || self.outbox.len() >= LOT {
                self.send_out();
            }
            let message = if self.due.is_empty() {
                match messages.recv() {
                    Ok(message) => Some(message),
                    Err(_) => return,
                }
            } else {
                messages.try_recv().ok() // `Err`: there is none, or nobody is left to send one
            };
            match message {
                Some(Message::Stop) => return,
                Some(message) => self.take(message),
                None => self.read_nearest(),
            }
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Join { id, feed, batches } => {
                let number = id.number();
                let slot = Slot {
                    _id: id,
                    feed,
                    batches,
                    seek_count: 0,
                    next_window: 0,
                    n_out: 0,
                    is_at_rest: true,
                };
                self.slots.insert(number, slot);
            }
            Message::Begin { id, seek_count, since } => self.begin(&id, seek_count, since),
            Message::ReadUntil { id, until } => self.read(id.number(), until),
            Message::Return { lot } => {
                for Return { id, seek_count, mut rows } in lot {
                    rows.clear();
                    self.spare.push(rows);
                    if let Some(slot) = self.slots.get_mut(&id.number())
                        && slot.seek_count == seek_count
                    {
                        slot.n_out -= 1;
                    }
                    self.refresh(id.number());
                }
            }
            Message::Leave { id } => {
                let number = id.number();
                self.due.retain(|(_, slot)| *slot != number);
                self.slots.remove(&number);
            }
            Message::Stop => {}
        }
    }

    fn begin(&mut self, id: &FeedId, seek_count: u64, since: Option<Timestamp>) {
        let number = id.number();
        self.due.retain(|(_, slot)| *slot != number);
        let Some(slot) = self.slots.get_mut(&number) else { return };
        slot.seek_count = seek_count;
        slot.n_out = 0;
        slot.is_at_rest = false;
        slot.next_window = 0;
        if let Some(since) = since {
            slot.next_window = window_after(&self.windows, since);
            if let Err(error) = slot.feed.seek(since) {
                let batch = slot.batch(Timestamp::MIN, BarColumns::default(), Err(error));
                self.outbox.push((slot.batches.clone(), batch));
            }
        }
        self.refresh(number);
    }

    /// Puts a feed among those that are due, if it is.
    fn refresh(&mut self, number: usize) {
        if let Some(slot) = self.slots.get(&number)
            && !slot.is_at_rest
            && slot.n_out < self.n_out_max
            && slot.next_window < self.windows.len()
        {
            self.due.insert((slot.next_window, number));
        }
    }

    fn read_nearest(&mut self) {
        if let Some((window, number)) = self.due.pop_first() {
            self.read(number, self.windows[window].end);
        }
    }

    fn read(&mut self, number: usize, until: Timestamp) {
        let mut rows = self.spare.pop().unwrap_or_default();
        let Some(slot) = self.slots.get_mut(&number) else { return };
        let outcome = slot.feed.poll(until, until, &mut rows);
        slot.next_window = window_after(&self.windows, until);
        let batch = slot.batch(until, rows, outcome);
        self.outbox.push((slot.batches.clone(), batch));
        self.refresh(number);
    }

    fn send_out(&mut self) {
        for (batches, batch) in self.outbox.drain(..) {
            // One who has left wants no rows.
            let _ = batches.send(batch);
        }
    }
}

/// The first of `windows` that ends after `instant`.
fn window_after(windows: &[Range<Timestamp>], instant: Timestamp) -> usize {
    windows.partition_point(|window| window.end <= instant)
}

impl Slot {
    /// What was read, as the next batch that is out.
    fn batch(
        &mut self,
        until: Timestamp,
        rows: BarColumns,
        outcome: Result<Progress, DataError>,
    ) -> Batch {
        self.is_at_rest = outcome.as_ref().map_or(true, |progress| progress.is_exhausted);
        self.n_out += 1;
        Batch { seek_count: self.seek_count, until, rows, outcome }
    }
}
