//! `openbell vendor-sim`: a simulated exchange to try clients on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use openbell_market::Symbol;
use openbell_time::{Nanos, SystemWall, WallClock};
use openbell_vendor_sim::{
    AlpacaSwitches, Exchange, Hours, Listing, Market, Script, Server, ServerSettings, Speaks,
};

use crate::exit::{Exit, Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::table::counted;
use crate::terminal::Terminal;

/// Serves a simulated exchange on this machine, to try a client on.
///
/// It speaks as a vendor does, over websockets and HTTP at 127.0.0.1, of a market that is made up from
/// a seed and trades around the clock, now. It keeps the vendor's limits, and bans whoever goes on
/// beyond them. What the vendor's documentation leaves open is settled by the seed, so that a client
/// which works with several seeds works with whatever the vendor does. A script says what goes wrong,
/// at which frame of which connection and at which request.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct VendorSimArgs {
    /// Whose protocol is spoken.
    #[arg(long, value_enum, default_value_t = Vendor::Binance, value_name = "VENDOR")]
    speaks: Vendor,
    /// What goes wrong: a JSON list of faults.
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// The port at 127.0.0.1; 0 takes any that is free.
    #[arg(long, default_value_t = 8780, value_name = "PORT")]
    port: u16,
    /// What is traded, by names of the vendor; three of its own by default.
    #[arg(long, value_delimiter = ',', value_name = "SYMBOL,...")]
    symbols: Vec<String>,
    /// What the market, and all that the vendor's documentation leaves open, follow from.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Ends by itself after so many seconds; without, Ctrl-C ends it.
    #[arg(long = "for", value_name = "SECONDS")]
    for_seconds: Option<u32>,
}

/// A vendor whose protocol is spoken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Vendor {
    /// Binance spot.
    Binance,
    /// Kraken spot, websocket v2.
    Kraken,
    /// Alpaca market data v2.
    Alpaca,
}

const EXAMPLES: &str = "\
Examples:
  openbell vendor-sim
  openbell vendor-sim --speaks kraken --symbols BTC/USD,ETH/USD --port 0
  openbell vendor-sim --speaks alpaca --script outage.json --for 600

A script is a list such as
  [{ \"line\": 1, \"at_frame\": 40, \"do\": \"cut\", \"for_s\": 20 },
   { \"line\": 2, \"at_frame\": 60, \"do\": \"swallow\", \"symbol\": \"BTCUSDT\" },
   { \"request\": 3, \"do\": \"status\", \"code\": 429, \"retry_after\": 5 }]
where connections, the frames that are sent on each, and requests are counted from 1; \"after_s\": 20 in the
place of line and at_frame is 20 seconds after the first connection. At a frame:
cut, reset, hang, half_frame (each with for_s: not to be reached for so long), garbage, oversize,
duplicate, reorder, replay_old, delay (delay_ms), swallow (symbol), mute, ping_stop, revise, clock
(by_s), shutdown_notice, error (code). At a request: status (code, retry_after), truncate, hang,
empty, lag_rows (rows), clock (by_s).";

/// Serves until Ctrl-C, or for as long as it was asked to.
pub fn vendor_sim(args: &VendorSimArgs, terminal: &mut Terminal) -> Outcome {
    let script = match &args.script {
        Some(path) => read(path)?,
        None => Script::none(),
    };
    let n_faults = script.n_faults();
    let symbols = args.symbols()?;
    let wall = Arc::new(SystemWall::new());
    let exchange = Exchange::new(args.market(&symbols, wall.as_ref()), args.protocol(), script);
    let settings = ServerSettings { port: args.port, ..ServerSettings::default() };
    let server = Server::bind(exchange, Arc::clone(&wall) as Arc<dyn WallClock>, &settings)
        .map_err(|error| Failure::new(Exit::RunFailed, error))?;
    let interrupt = Interrupt::listen();
    let _listening = interrupt.wakes(Arc::clone(&wall));

    let names: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
    let faults = match n_faults {
        0 => "nothing goes wrong".to_owned(),
        n => counted(n as u64, "fault"),
    };
    terminal.line(format!("{} simulated: {}; {faults}", args.speaks.name(), names.join(", ")))?;
    args.speaks.tell_where(&server.address().to_string(), terminal)?;
    terminal.flush()?;
    let control = server.control();
    let until = args.for_seconds.map(|seconds| Nanos::from_secs(seconds.into()));
    server.run_while(|| !interrupt.is_asked() && until.is_none_or(|until| wall.passed() < until));

    let counts = control.exchange(Exchange::counts);
    terminal.line(format!(
        "{}, {} heard, {} sent, {}; {} over a limit, {}",
        counted(counts.connects, "connection"),
        counted(counts.heard, "message"),
        counts.sent,
        counted(counts.requests, "request"),
        counts.over_limit,
        counted(counts.bans, "ban"),
    ))?;
    Ok(if interrupt.is_asked() { Exit::Interrupted } else { Exit::Done })
}

fn read(path: &Path) -> Result<Script, Failure> {
    let unreadable = || format!("cannot read {}", path.display());
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(Exit::Config, error).of(unreadable()))?;
    Script::read(&text)
        .map_err(|error| Failure::new(Exit::Config, error).of(path.display().to_string()))
}

impl VendorSimArgs {
    fn symbols(&self) -> Result<Vec<Symbol>, Failure> {
        let own = self.speaks.symbols().map(str::to_owned);
        let names = if self.symbols.is_empty() { &own[..] } else { &self.symbols };
        let mut symbols: Vec<Symbol> = Vec::new();
        for name in names {
            let symbol =
                name.parse::<Symbol>().map_err(|error| Failure::new(Exit::Usage, error))?;
            if symbols.contains(&symbol) {
                return Err(Failure::says(Exit::Usage, format!("{symbol} is named twice")));
            }
            symbols.push(symbol);
        }
        Ok(symbols)
    }

    /// A market that trades now, with three days behind it.
    fn market(&self, symbols: &[Symbol], wall: &dyn WallClock) -> Market {
        const DAY: Nanos = Nanos::from_secs(86_400);
        let now = wall.now();
        let begun = now.utc_date().plus_days(-3).utc_midnight();
        let listing = |symbol: &Symbol| {
            let drawn = Listing::drawn(self.seed, symbol.clone());
            if self.speaks == Vendor::Alpaca { drawn.of_shares() } else { drawn }
        };
        let listings = symbols.iter().map(listing).collect();
        let year = Nanos::from_nanos(DAY.as_nanos() * 366);
        Market::new(self.seed, Hours::RoundTheClock, begun..now + year, listings)
    }

    fn protocol(&self) -> Speaks {
        match self.speaks {
            Vendor::Binance => Speaks::binance(self.seed),
            Vendor::Kraken => Speaks::kraken(self.seed),
            Vendor::Alpaca => Speaks::Alpaca(AlpacaSwitches::drawn(self.seed)),
        }
    }
}

impl Vendor {
    fn name(self) -> &'static str {
        match self {
            Vendor::Binance => "binance",
            Vendor::Kraken => "kraken",
            Vendor::Alpaca => "alpaca",
        }
    }

    fn symbols(self) -> [&'static str; 3] {
        match self {
            Vendor::Binance => ["BTCUSDT", "ETHUSDT", "SOLUSDT"],
            Vendor::Kraken => ["BTC/USD", "ETH/USD", "SOL/USD"],
            Vendor::Alpaca => ["AAPL", "MSFT", "SPY"],
        }
    }

    /// Says how a client finds it.
    fn tell_where(self, address: &str, terminal: &mut Terminal) -> std::io::Result<()> {
        let stream = match self {
            Vendor::Binance => "/stream",
            Vendor::Kraken | Vendor::Alpaca => "/v2",
        };
        terminal.line(format!("  stream   ws://{address}{stream}"))?;
        terminal.line(format!("  history  http://{address}"))?;
        if self == Vendor::Alpaca {
            terminal.line("  key      key, with the secret secret: a free account")?;
        }
        terminal.line(
            "A client is pointed at both in the place of the vendor's own, the program by `--endpoint` \
             with the second; Ctrl-C ends it.",
        )
    }
}
