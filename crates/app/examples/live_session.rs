//! A live session of a service: bars of a vendor over sockets, the engine, and an outage on the way.
//! The vendor is simulated, on this machine; with another address it is the vendor.
//!
//! `cargo run -p openbell --example live_session`, for a quarter of a minute
#![expect(clippy::disallowed_methods, reason = "a service has threads")]

use std::error::Error;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use openbell_config::SessionConfig;
use openbell_coordinator::{Engine, Event, Sessions, Source, UnknownSymbol, run_by_event};
use openbell_data_manager::live::{Door, Note, Settings, Vendor};
use openbell_data_manager::{DataError, Feed, MemoryFeed};
use openbell_market::{Bar, BarColumns, BarInterval, SeriesKey, Symbol};
use openbell_time::{Calendar, Nanos, SystemWall, TimeManager, Timestamp, WaitEnd, WallClock};
use openbell_vendor_sim::{
    BinanceSwitches, Exchange, Hours, Listing, Market, Script, Server, ServerSettings, Speaks,
};
use openbell_vendors::binance::Binance;
use openbell_vendors::{Carrier, Connection, Endpoint, Names, Transport, Trust};

const SESSION: &str = r#"{
    "session_name": "coins", "mode": "backtest", "exchange_group": "CRYPTO",
    "backtest_config": { "start_date": "2025-07-02", "end_date": "2025-07-02" },
    "session_data_config": {
        "symbols": ["BTCUSDT", "ETHUSDT"], "streams": ["1s", "5s"],
        "streaming": { "catchup_threshold_seconds": 2, "settle_seconds": 1 }
    }
}"#;

/// What goes wrong at the vendor: after its 14th message the connection is cut, and nothing can be
/// reached for three seconds.
const OUTAGE: &str = r#"[{ "line": 1, "at_frame": 14, "do": "cut", "for_s": 3 }]"#;

/// The session began half a minute ago.
const BEGAN: &str = "2025-07-02T00:00:00Z";
const AGO: Nanos = Nanos::from_secs(30);
/// So long after the outage it ends by itself.
const MORE: Nanos = Nanos::from_secs(3);

/// The machine's clock, set to the day of the example. A service hands in [`SystemWall`] itself.
struct Clock {
    wall: SystemWall,
    start: Timestamp,
}

impl Clock {
    fn new(start: Timestamp) -> Arc<Clock> {
        Arc::new(Clock { wall: SystemWall::new(), start })
    }
}

impl WallClock for Clock {
    fn now(&self) -> Timestamp {
        self.start + self.wall.passed()
    }

    fn wait_until(&self, instant: Timestamp) -> WaitEnd {
        let left_ns = instant.as_nanos().saturating_sub(self.now().as_nanos());
        let left = Nanos::from_nanos(left_ns).min(Nanos::from_secs(60)); // None is longer here.
        self.wall.wait_until(self.wall.now() + left)
    }

    fn wake(&self) {
        self.wall.wake();
    }
}

/// The day comes through the door of the vendor; this service keeps no history.
struct Live(Door);

impl Source for Live {
    fn intervals(&self, _: &Symbol) -> Vec<BarInterval> {
        vec![BarInterval::SHORTEST] // One second.
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        UnknownSymbol { symbol: symbol.clone(), source: "binance".to_owned(), nearest: None }
    }

    fn feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        Ok(Box::new(MemoryFeed::new(key.clone(), BarColumns::default())))
    }

    fn day_feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        let feed = self.0.feed(key).expect("a second is an interval of the clock");
        Ok(Box::new(feed))
    }
}

/// A market of two coins that trade all the time, served as Binance serves it.
fn simulated(clock: Arc<Clock>) -> Result<Server, Box<dyn Error>> {
    let listed = |name: &str| -> Result<Listing, Box<dyn Error>> {
        let drawn = Listing::drawn(7, name.parse()?);
        Ok(Listing { silent_pct: 0, late_pct: 0, trades_a_minute: 400, ..drawn })
    };
    let span = BEGAN.parse()?..BEGAN.parse::<Timestamp>()? + Nanos::from_secs(3_600);
    let listings = vec![listed("BTCUSDT")?, listed("ETHUSDT")?];
    let market = Market::new(7, Hours::RoundTheClock, span, listings);
    let speaks =
        Speaks::Binance(BinanceSwitches { has_empty_bars: true, ..BinanceSwitches::drawn(7) });
    let exchange = Exchange::new(market, speaks, Script::read(OUTAGE)?);
    Ok(Server::bind(exchange, clock, &ServerSettings::default())?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let start = BEGAN.parse::<Timestamp>()? + AGO;
    let server = simulated(Clock::new(start))?;
    let exchange = server.control();
    let address = server.address();

    // The engine's clock, which whatever arrives wakes, and the one by which the vendor is carried.
    let wall: Arc<dyn WallClock> = Clock::new(start);
    let (door, inlet) = Door::new(Arc::clone(&wall), Door::LIMIT);
    let endpoint =
        Endpoint { stream: format!("ws://{address}/stream"), history: format!("http://{address}") };
    let binance = Binance::new(Names::default(), endpoint);
    let vendor = Vendor::new(binance, Settings::new(3), inlet);
    let transport = Transport::new(Trust::platform());
    let notes = |at: Timestamp, note: &Note| match note {
        Note::LineUp { line } => println!("{at} {line} is up"),
        Note::LineOver { line, why, .. } => println!("{at} {line} is over: {why:?}"),
        _ => {} // For a log.
    };
    let clock = Clock::new(start);
    let Connection { carriers, control } = Connection::new(vendor, &transport, clock, notes);

    let (config, _) = SessionConfig::parse(SESSION)?;
    let source = Box::new(Live(door));
    let mut engine =
        Engine::live_sessions(&config, &TimeManager::new(), source, Sessions::OfConfig)?;
    let (handle, mut reader) = (engine.handle(), engine.outside_reader());

    let (mut said, mut n_opened, mut until) = (String::new(), 0, start + Nanos::from_secs(18));
    let mut bars: Vec<Bar> = Vec::new();
    std::thread::scope(|threads| {
        threads.spawn(move || server.run());
        let carry = |carrier: Carrier| threads.spawn(move || carrier.run());
        let carrying: Vec<_> = carriers.into_iter().map(carry).collect();
        run_by_event(&mut engine, &wall, |engine| {
            // What a user of the service is served at this moment.
            let serves = match reader.view() {
                Ok(view) => {
                    let btc = view.symbol("BTCUSDT").ok().and_then(|symbol| symbol.base());
                    bars = btc.map(|series| series.since(0).collect()).unwrap_or_default();
                    "active".to_owned()
                }
                Err(inactive) => inactive.to_string(),
            };
            let kind = serves.split(" lags ").next().unwrap_or_default();
            if kind != said {
                println!("{} {serves}", wall.now());
                said = kind.to_owned();
            }
            let opened =
                engine.events().iter().filter(|event| matches!(event, Event::GateOpened { .. }));
            if opened.count() > n_opened {
                n_opened += 1;
                if n_opened == 2 {
                    until = wall.now() + MORE;
                }
            }
            if wall.now() >= until {
                drop(handle.stop()); // Its answer is the end of the run.
            }
            ControlFlow::Continue(())
        });
        control.stop();
        exchange.stop();
        carrying.into_iter().try_for_each(|thread| thread.join().expect("no carrier panics"))
    })?;

    for event in engine.events() {
        if let Event::CaughtUp { symbol, at, n_bars } = event {
            println!("{at} {symbol} caught up {n_bars} bars");
        }
    }
    if n_opened < 2 {
        return Err("the gate has not opened again after the outage".into());
    }
    let last = bars.last().ok_or("no bar was served")?.opens_at;
    let opens: Range<Timestamp> = BEGAN.parse()?..last + Nanos::from_secs(1);
    let truth =
        exchange.exchange(|exchange| exchange.market().bars(0, BarInterval::SHORTEST, opens));
    let traded: Vec<Bar> = bars.into_iter().filter(|bar| bar.ohlcv.volume > 0.0).collect();
    if traded != truth {
        return Err(format!("{} bars were served, {} traded", traded.len(), truth.len()).into());
    }
    println!("{} bars of BTCUSDT, each of them what traded, none missing", truth.len());
    Ok(())
}
