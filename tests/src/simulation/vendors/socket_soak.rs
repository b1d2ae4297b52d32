//! The same day over sockets: the exchange listens on this machine, its clock and ours go faster than the
//! machine's, and threads carry what is said. What the process holds in memory and how many descriptors it
//! has open is told each hour.
#![expect(
    clippy::disallowed_methods,
    reason = "a soak starts threads, and asks the system what it takes"
)]

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use openbell_data_manager::Feed as _;
use openbell_data_manager::live::{Door, DoorFeed, Found, Note, Settings, Vendor};
use openbell_market::{BarColumns, Ohlcv, SeriesKey, Symbol};
use openbell_time::{Nanos, SystemWall, Timestamp, WaitEnd, WallClock};
use openbell_vendor_sim::{
    Exchange, Hours, Listing, Market, Script, Server, ServerControl, ServerSettings,
};
use openbell_vendors::{Connection, Transport, Trust};

use super::kind::VendorKind;
use super::session::minute;
use super::soak::{CALM, Soak};
use crate::simulation::draw::Draw;
use crate::simulation::violation::{Kept, keep};

const START: &str = "2025-07-09T00:00:00Z";
const HOUR: Nanos = Nanos::from_secs(3_600);
/// What happened in an hour is looked at so long after it, when bars are not revised any more, and once
/// every symbol is complete beyond it.
const SETTLED: Nanos = Nanos::from_secs(600);
/// Who has not caught up by so long after it never will.
const PATIENCE: Nanos = Nanos::from_secs(2 * 3_600);
/// A pause of the machine is so many times as long by these clocks: a line counts as silent later.
const SILENT_AFTER: Nanos = Nanos::from_secs(120);

/// A day of many symbols over sockets.
#[derive(Clone, Copy, Debug)]
pub struct SocketSoak {
    /// The day.
    pub soak: Soak,
    /// How many times as fast as the machine's the clocks go.
    pub times: i64,
}

/// What has gone by at the end of an hour, and what the process takes then.
#[derive(Clone, Copy, Default, Debug)]
pub struct SocketHour {
    /// Hours that have gone by.
    pub n_hours: u32,
    /// Bars that were handed over.
    pub n_bars: u64,
    /// Requests.
    pub n_requests: u64,
    /// Connections.
    pub n_connects: u64,
    /// Bars that were named as missing.
    pub n_named: usize,
    /// What the process holds in main memory; absent where the system does not say.
    pub resident_kb: Option<u64>,
    /// How many descriptors it has open; absent where the system does not say.
    pub n_descriptors: Option<usize>,
}

/// The machine's clock, faster, and set to the day.
struct Fast {
    wall: SystemWall,
    start: Timestamp,
    times: i64,
}

impl Fast {
    fn new(start: Timestamp, times: i64) -> Fast {
        Fast { wall: SystemWall::new(), start, times }
    }

    /// Another one that shows the same time: each has one waiter.
    fn twin(&self) -> Arc<Fast> {
        Arc::new(Fast::new(self.now(), self.times))
    }
}

impl WallClock for Fast {
    fn now(&self) -> Timestamp {
        self.start + Nanos::from_nanos(self.wall.passed().as_nanos() * self.times)
    }

    fn wait_until(&self, instant: Timestamp) -> WaitEnd {
        let left_ns = instant.as_nanos().saturating_sub(self.now().as_nanos()) / self.times;
        let left = Nanos::from_nanos(left_ns).min(Nanos::from_secs(60)); // None is longer here.
        self.wall.wait_until(self.wall.now() + left)
    }

    fn wake(&self) {
        self.wall.wake();
    }
}

/// One symbol.
struct Followed {
    place: usize,
    feed: DoorFeed,
    through: Timestamp,
    /// What has come and is not compared yet.
    rows: BTreeMap<Timestamp, Ohlcv>,
}

/// Bars that the client has given up.
type Named = Arc<Mutex<BTreeMap<Symbol, Vec<Range<Timestamp>>>>>;

struct Day {
    kind: VendorKind,
    market: Market,
    clock: Arc<Fast>,
    followed: Vec<Followed>,
    named: Named,
    exchange: ServerControl,
    hour: SocketHour,
    start: Timestamp,
}

impl SocketSoak {
    /// Runs it, and tells each hour.
    ///
    /// # Errors
    ///
    /// A bar of the truth that is neither there nor named, or one that comes twice.
    ///
    /// # Panics
    ///
    /// Where nothing can be listened at, or a thread of the client panics.
    pub fn run(&self, told: impl FnMut(SocketHour)) -> Kept<SocketHour> {
        let start: Timestamp = START.parse().expect("an instant");
        let kind = self.soak.kind;
        let scenario = self.soak.scenario();
        let span = start - HOUR..start + HOUR + Nanos::from_secs(86_400);
        let market = Market::new(self.soak.seed, Hours::RoundTheClock, span, scenario.listings);
        let script = Script::read(&self.script()).unwrap_or_else(|error| panic!("{error}"));
        let exchange = Exchange::new(market.clone(), scenario.speaks, script);
        let clock = Fast::new(start, self.times);
        let server = Server::bind(exchange, clock.twin(), &ServerSettings::default());
        let server = server.unwrap_or_else(|error| panic!("{error}"));
        let (address, exchange) = (server.address(), server.control());
        let serving = thread::spawn(move || server.run());

        let wall = clock.twin();
        let (door, inlet) = Door::new(Arc::clone(&wall) as Arc<dyn WallClock>, Door::LIMIT);
        let settings =
            Settings { silent_after: Some(SILENT_AFTER), ..Settings::new(self.soak.seed) };
        let vendor = Vendor::new(kind.client_at(&address.to_string()), settings, inlet);
        let named = Named::default();
        let notes = Arc::clone(&named);
        let note = move |_, note: &Note| {
            if let Note::Series { key, found: Found::GapLeft { missing, .. } } = note {
                let mut named = notes.lock().unwrap_or_else(PoisonError::into_inner);
                named.entry(key.symbol.clone()).or_default().push(missing.clone());
            }
        };
        let transport = Transport::new(Trust::platform());
        let connection = Connection::new(vendor, &transport, clock.twin(), note);
        let carry = |carrier: openbell_vendors::Carrier| thread::spawn(move || carrier.run());
        let carrying: Vec<_> = connection.carriers.into_iter().map(carry).collect();

        let follow = |(place, listing): (usize, &Listing)| {
            let key = SeriesKey { symbol: listing.symbol.clone(), interval: minute() };
            let mut feed = door.feed(&key).expect("an interval of the clock");
            feed.seek(start).expect("a door opens");
            Followed { place, feed, through: Timestamp::MIN, rows: BTreeMap::new() }
        };
        let followed = market.listings().iter().enumerate().map(follow).collect();
        let mut day = Day {
            kind,
            market,
            clock: wall,
            followed,
            named,
            exchange,
            hour: SocketHour::default(),
            start,
        };
        let kept = day.go(self.soak.n_hours, told);
        connection.control.stop();
        for thread in carrying {
            thread.join().expect("no carrier panics").unwrap_or_else(|fault| panic!("{fault}"));
        }
        day.exchange.stop();
        serving.join().expect("the exchange does not panic");
        kept.map(|()| day.hour)
    }

    /// A cut or a hang every one to thirty minutes, but for the last ones.
    fn script(&self) -> String {
        let draw = &mut Draw::new(self.soak.seed ^ 0x736f_636b);
        let length_s = 3_600 * u64::from(self.soak.n_hours) - CALM.as_secs() as u64;
        let (mut faults, mut at_s) = (Vec::new(), 0);
        loop {
            at_s += draw.between(60, 1_800) as u64;
            if at_s > length_s {
                return serde_json::Value::Array(faults).to_string();
            }
            let what = if draw.below(3) == 0 { "hang" } else { "cut" };
            let for_s = draw.between(1, 90);
            faults.push(serde_json::json!({"after_s": at_s, "do": what, "for_s": for_s}));
        }
    }
}

impl Day {
    fn go(&mut self, n_hours: u32, mut told: impl FnMut(SocketHour)) -> Kept<()> {
        while self.hour.n_hours < n_hours {
            let hour_end = self.start + Nanos::from_secs(3_600 * i64::from(self.hour.n_hours + 1));
            while self.clock.now() < hour_end + SETTLED || self.n_behind(hour_end) > 0 {
                let _ = self.clock.wait_until(self.clock.now() + Nanos::from_secs(1)); // Or woken.
                self.take()?;
                keep(
                    "J: caught up between two cuts",
                    self.clock.now() < hour_end + PATIENCE,
                    || {
                        let (n_behind, counts) =
                            (self.n_behind(hour_end), self.exchange.exchange(Exchange::counts));
                        format!("{n_behind} are not complete through {hour_end}; {counts:?}")
                    },
                )?;
            }
            self.compare(hour_end - HOUR..hour_end)?;
            self.hour.n_hours += 1;
            let counts = self.exchange.exchange(Exchange::counts);
            (self.hour.n_requests, self.hour.n_connects) = (counts.requests, counts.connects);
            (self.hour.resident_kb, self.hour.n_descriptors) = (resident_kb(), n_descriptors());
            told(self.hour);
        }
        Ok(())
    }

    /// How many are not complete through an instant.
    fn n_behind(&self, through: Timestamp) -> usize {
        self.followed.iter().filter(|followed| followed.through < through).count()
    }

    fn take(&mut self) -> Kept<()> {
        let now = self.clock.now();
        for followed in self.followed.iter_mut().filter(|followed| followed.feed.has_news(now)) {
            let (mut rows, mut revised) = (BarColumns::default(), BarColumns::default());
            let polled = followed.feed.poll(now, Timestamp::MAX, &mut rows);
            let progress = polled.expect("a live feed reports a link, and no error");
            followed.through = progress.complete_through;
            followed.feed.poll_revisions(now, &mut revised);
            for row in 0..rows.len() {
                self.hour.n_bars += 1;
                let before = followed.rows.insert(rows.opens_at(row), rows.ohlcv(row));
                keep("A: a bar is handed over once", before.is_none(), || {
                    format!("{} {}", followed.feed.series(), rows.opens_at(row))
                })?;
            }
            for row in 0..revised.len() {
                followed.rows.insert(revised.opens_at(row), revised.ohlcv(row));
            }
        }
        Ok(())
    }

    /// Holds the bars that open in `opens` against the truth, and forgets them.
    fn compare(&mut self, opens: Range<Timestamp>) -> Kept<()> {
        let named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        let lengths = named.values().flatten().map(|of| (of.end - of.start).as_secs() / 60);
        self.hour.n_named = lengths.sum::<i64>() as usize;
        for followed in &mut self.followed {
            let symbol = followed.feed.series().symbol.clone();
            let gaps = named.get(&symbol).map_or(&[][..], Vec::as_slice);
            for bar in self.market.bars(followed.place, minute(), opens.clone()) {
                let met = followed.rows.remove(&bar.opens_at);
                let is_named = gaps.iter().any(|gap| gap.contains(&bar.opens_at));
                let is_there = met == Some(bar.ohlcv) || (met.is_none() && is_named);
                keep("A: every bar of the truth is there, or named", is_there, || {
                    format!("{symbol} {}: {met:?}, due {:?}", bar.opens_at, bar.ohlcv)
                })?;
            }
            let later = followed.rows.split_off(&opens.end);
            let left = std::mem::replace(&mut followed.rows, later);
            // Where each interval has a bar, those without a trade have no volume.
            let is_flat = |bar: &Ohlcv| self.kind == VendorKind::Binance && bar.volume == 0.0;
            let beside = left.iter().find(|(_, bar)| !is_flat(bar));
            keep("A: there is no bar beside the truth", beside.is_none(), || {
                format!("{symbol}: {beside:?}")
            })?;
        }
        Ok(())
    }
}

/// What this process holds in main memory; `None` where the system does not say.
fn resident_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?; // `None`: another system.
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok() // `None`: as above.
}

/// How many descriptors this process has open; `None` where the system does not say.
fn n_descriptors() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count()) // `None`: as above.
}
