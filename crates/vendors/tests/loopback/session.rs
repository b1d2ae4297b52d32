//! A vendor that is carried over sockets, and what comes through its door.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use openbell_data_manager::live::{Door, DoorFeed, Note, Protocol, Settings, Vendor};
use openbell_data_manager::{Feed as _, Link, Progress};
use openbell_market::{BarColumns, Ohlcv, SeriesKey};
use openbell_time::{Nanos, SystemWall, Timestamp, WallClock};
use openbell_vendor_sim::{KrakenSwitches, Speaks};
use openbell_vendors::alpaca::{Alpaca, Source};
use openbell_vendors::binance::Binance;
use openbell_vendors::kraken::Kraken;
use openbell_vendors::{
    Connection, Control, InternalFault, KeyPair, Names, Passage, Transport, Trust,
};

use super::clock::Fast;
use super::sim::{Authority, Setup, Sim};
use crate::support::key;

/// A vendor at work on threads, and one of its series.
pub struct Session {
    pub control: Control,
    pub rows: BTreeMap<Timestamp, Ohlcv>,
    pub progress: Progress,
    wall: Arc<Fast>,
    feed: DoorFeed,
    notes: Arc<Mutex<Vec<Note>>>,
    passed: Arc<Mutex<Vec<Passage>>>,
    threads: Vec<JoinHandle<Result<(), InternalFault>>>,
}

impl Session {
    /// Follows `key` from `since` on.
    pub fn begin<P: Protocol + 'static>(
        protocol: P,
        transport: &Transport,
        clock: &Fast,
        key: &SeriesKey,
        since: Timestamp,
    ) -> Session {
        let wall = Arc::new(clock.twin());
        let (door, inlet) = Door::new(Arc::clone(&wall) as Arc<dyn WallClock>, Door::LIMIT);
        let vendor = Vendor::new(protocol, Settings::new(7), inlet);
        let notes: Arc<Mutex<Vec<Note>>> = Arc::default();
        let (told, waker) = (Arc::clone(&notes), Arc::clone(&wall));
        let passed: Arc<Mutex<Vec<Passage>>> = Arc::default();
        let kept = Arc::clone(&passed);
        let notes_to = move |_, note: &Note| {
            told.lock().unwrap_or_else(PoisonError::into_inner).push(note.clone());
            waker.wake(); // Somebody may wait for just that.
        };
        let tap = move |passage: &Passage| {
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(passage.clone());
        };
        let clock = Arc::new(clock.twin());
        let connection = Connection::tapped(vendor, transport, clock, notes_to, tap);
        let run = |carrier: openbell_vendors::Carrier| thread::spawn(move || carrier.run());
        let threads = connection.carriers.into_iter().map(run).collect();
        let mut feed = door.feed(key).unwrap();
        feed.seek(since).unwrap();
        let progress = feed.poll(wall.now(), Timestamp::MAX, &mut BarColumns::default()).unwrap();
        let (control, rows) = (connection.control, BTreeMap::new());
        Session { control, rows, progress, wall, feed, notes, passed, threads }
    }

    /// Takes what comes until `is_there`, which is an event and no time.
    pub fn until(&mut self, what: &str, mut is_there: impl FnMut(&Session) -> bool) {
        let patience = SystemWall::new();
        loop {
            let now = self.wall.now();
            let (mut rows, mut revised) = (BarColumns::default(), BarColumns::default());
            self.progress = self.feed.poll(now, Timestamp::MAX, &mut rows).unwrap();
            self.feed.poll_revisions(now, &mut revised);
            for row in 0..rows.len() {
                let before = self.rows.insert(rows.opens_at(row), rows.ohlcv(row));
                assert_eq!(before, None, "twice: {}", rows.opens_at(row));
            }
            for row in 0..revised.len() {
                self.rows.insert(revised.opens_at(row), revised.ohlcv(row));
            }
            if is_there(self) {
                return;
            }
            let link = &self.progress.link;
            let (through, notes) = (self.progress.complete_through, self.notes());
            assert!(
                patience.passed() < Nanos::from_secs(60),
                "not there: {what}; complete through {through}, {link:?}, {notes:#?}"
            );
            let _ = self.wall.wait_until(now + Nanos::from_secs(5)); // Or until it is woken.
        }
    }

    /// What went to the vendor and came from it, so far.
    pub fn passed(&self) -> Vec<Passage> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes what comes until all bars that close by `instant` are there.
    pub fn until_complete(&mut self, instant: Timestamp) {
        self.until("bars", |session| session.progress.complete_through >= instant);
    }

    pub fn until_note(&mut self, what: &str, is_it: impl Fn(&Note) -> bool) -> Note {
        let mut found = None;
        self.until(what, |session| {
            found = session.notes().into_iter().find(&is_it);
            found.is_some()
        });
        found.expect("it is there")
    }

    pub fn notes(&self) -> Vec<Note> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn link(&self) -> &Link {
        &self.progress.link
    }

    /// Ends it, and yields what its carriers say.
    pub fn end(mut self) -> Vec<Result<(), InternalFault>> {
        self.control.stop();
        self.threads.drain(..).map(|thread| thread.join().expect("no carrier panics")).collect()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.control.stop();
        for thread in self.threads.drain(..) {
            let _ = thread.join(); // A test that fails says why by itself.
        }
    }
}

pub fn binance(sim: &Sim) -> Binance {
    Binance::new(Names::default(), sim.endpoint("/stream", ""))
}

pub fn kraken(sim: &Sim) -> Kraken {
    Kraken::new(Names::default(), sim.endpoint("/v2", "/0/public"))
}

pub fn alpaca(sim: &Sim, key: KeyPair) -> Alpaca {
    Alpaca::new(Names::default(), sim.endpoint("/v2", ""), Source::Iex, key)
}

/// Ten minutes before, on a whole minute.
pub fn before(sim: &Sim) -> Timestamp {
    let minute_ns = 60_000_000_000;
    let now_ns = sim.clock.now().as_nanos();
    Timestamp::from_nanos(now_ns - now_ns % minute_ns - 10 * minute_ns)
}

/// Follows minutes of a vendor's symbol from ten minutes ago on, and holds them against the truth.
fn check_minutes<P: Protocol + 'static>(sim: &Sim, protocol: P, trust: Trust, symbol: &str) {
    let key = key(symbol, "1m");
    let since = before(sim);
    let mut session = Session::begin(protocol, &sim.transport(trust), &sim.clock, &key, since);
    let until = since + Nanos::from_secs(11 * 60);
    session.until_complete(until);
    let truth = sim.truth(key.interval, since..until);
    assert_eq!(truth.len(), 11);
    for bar in truth {
        assert_eq!(session.rows.get(&bar.opens_at), Some(&bar.ohlcv), "{}", bar.opens_at);
    }
    assert!(session.end().into_iter().all(|ended| ended.is_ok()));
    let counts = sim.control.exchange(|exchange| exchange.counts());
    assert_eq!((counts.over_limit, counts.bans), (0, 0));
}

#[test]
fn minutes_of_binance_come_whole_from_its_history_and_its_stream() {
    let sim = Setup { times: 20, ..Setup::binance() }.serve();
    check_minutes(&sim, binance(&sim), Trust::platform(), "BTCUSDT");
}

#[test]
fn minutes_of_kraken_come_whole_from_its_history_and_its_stream() {
    let switches = KrakenSwitches { n_snapshot: 12, ..KrakenSwitches::drawn(3) };
    let sim = Setup { times: 20, ..Setup::of(Speaks::Kraken(switches), &["BTC/USD"]) }.serve();
    check_minutes(&sim, kraken(&sim), Trust::platform(), "BTC/USD");
}

#[test]
fn minutes_of_alpaca_come_whole_after_a_login_over_tls() {
    let authority = Authority::new();
    let sim = Setup::alpaca().certified(authority.identity("localhost")).serve();
    let key = KeyPair::new("key", "secret");
    check_minutes(&sim, alpaca(&sim, key), authority.trust(), "AAPL");
}

#[test]
fn bytes_that_come_one_by_one_through_tls_are_whole_messages_and_answers() {
    let authority = Authority::new();
    let setup = Setup { n_bytes_a_write: Some(1), times: 20, ..Setup::binance() };
    let sim = setup.certified(authority.identity("localhost")).serve();
    check_minutes(&sim, binance(&sim), authority.trust(), "BTCUSDT");
}
