//! The simulated exchange that the program serves to itself where a session file says `sim`: whoever has
//! neither a key nor a network sees what a live session does when something goes wrong.

use std::sync::Arc;

use openbell_market::Symbol;
use openbell_time::{Nanos, SystemWall, WallClock};
use openbell_vendor_sim::{
    BinanceSwitches, Exchange, Hours, Listing, Market, Script, Server, ServerControl,
    ServerSettings, Speaks,
};

use super::threads::Threads;
use crate::exit::{Exit, Failure};

/// What the market follows from: the same trades at every start, so that a session goes on; and a topic
/// that falls silent speaks again once it is subscribed again.
const SEED: u64 = 6;

/// A simulated exchange that runs.
pub(super) struct Sim {
    /// Where it is reached, `HOST:PORT`.
    pub(super) address: String,
    control: ServerControl,
}

impl Sim {
    /// Serves a market of `symbols` that trades around the clock, on a thread.
    pub(super) fn serve(symbols: &[Symbol], threads: &mut Threads) -> Result<Sim, Failure> {
        let wall = Arc::new(SystemWall::new());
        let now = wall.now();
        let listing = |symbol: &Symbol| Listing {
            silent_pct: 0,
            late_pct: 0,
            trades_a_minute: 150,
            ..Listing::drawn(SEED, symbol.clone())
        };
        let span =
            now.utc_date().plus_days(-3).utc_midnight()..now + Nanos::from_secs(366 * 86_400);
        let listings = symbols.iter().map(listing).collect();
        let market = Market::new(SEED, Hours::RoundTheClock, span, listings);
        let switches = BinanceSwitches {
            has_empty_bars: true,
            sends_late: true,
            ..BinanceSwitches::drawn(SEED)
        };
        let exchange = Exchange::new(market, Speaks::Binance(switches), script(symbols)?);
        let settings = ServerSettings { port: 0, ..ServerSettings::default() };
        let server = Server::bind(exchange, wall, &settings)
            .map_err(|error| Failure::new(Exit::RunFailed, error))?;
        let sim = Sim { address: server.address().to_string(), control: server.control() };
        threads.run("simulated exchange", move || {
            server.run();
            Ok(())
        })?;
        Ok(sim)
    }

    pub(super) fn stop(&self) {
        self.control.stop();
    }
}

/// What goes wrong, in seconds since the exchange heard its first client: a cut, a topic that falls
/// silent, a bar that is revised.
fn script(symbols: &[Symbol]) -> Result<Script, Failure> {
    let last = symbols.last().map_or("", |symbol| symbol.as_str());
    let text = serde_json::json!([
        { "after_s": 20, "do": "cut", "for_s": 4 },
        { "after_s": 40, "do": "swallow", "symbol": last },
        { "after_s": 60, "do": "revise" },
    ]);
    Script::read(&text.to_string()).map_err(|error| Failure::new(Exit::RunFailed, error))
}
