//! All that a vendor's run depends on, made of a seed.

use std::fmt;
use std::ops::Range;

use openbell_time::{Nanos, Timestamp};
use openbell_vendor_sim::{Exchange, Halt, Listing, Market, Script, Speaks};
use serde_json::{Value, json};

use super::kind::{VendorKind, short_days};
use super::truth::MINUTE;
use super::weather::{Trouble, Weather};
use super::world::{Making, World};
use crate::simulation::draw::Draw;

/// The days that are short, the shortest first, with how often each is taken.
const DAYS: [&str; 6] =
    ["2025-07-02", "2025-07-02", "2025-07-02", "2025-07-03", "2025-07-07", "2025-07-08"];

/// A run with a vendor.
#[derive(Clone, Debug)]
pub struct VendorScenario {
    /// The seed, from which market and doubts follow too.
    pub seed: u64,
    /// The vendor.
    pub kind: VendorKind,
    /// How its doubts are settled.
    pub speaks: Speaks,
    /// Stretches in which a symbol does not trade.
    pub silences: Vec<Halt>,
    /// Stretches in which the exchange has halted one; where all are, its engine does not match.
    pub halts: Vec<Halt>,
    /// The session's date.
    pub date: &'static str,
    /// The session.
    pub hours: Range<Timestamp>,
    /// What is listed.
    pub listings: Vec<Listing>,
    /// Which of it is wanted, by its place.
    pub wanted: Vec<usize>,
    /// When the program starts.
    pub start: Timestamp,
    /// Our clock minus the vendor's.
    pub our_skew: Nanos,
    /// How long a message is on its way, and how much longer at most.
    pub delay: (Nanos, Nanos),
    /// What goes wrong with the network.
    pub troubles: Vec<Trouble>,
    /// What goes wrong at the exchange, as a script has it.
    pub faults: Vec<Value>,
}

fn secs(seconds: usize) -> Nanos {
    Nanos::from_secs(seconds as i64)
}

fn millis(ms: usize) -> Nanos {
    Nanos::from_nanos(ms as i64 * 1_000_000)
}

impl VendorScenario {
    /// A session without any trouble, of all names, from before its open on.
    pub fn sound(kind: VendorKind, seed: u64, date: &'static str) -> VendorScenario {
        let hours = hours(kind, date);
        let listings = listings(kind, seed, kind.names().len());
        VendorScenario {
            seed,
            kind,
            speaks: kind.speaks(seed),
            silences: Vec::new(),
            halts: Vec::new(),
            date,
            start: hours.start - secs(120),
            hours,
            wanted: (0..listings.len()).collect(),
            listings,
            our_skew: Nanos::ZERO,
            delay: (millis(20), millis(30)),
            troubles: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// The scenario of a seed.
    pub fn of(kind: VendorKind, seed: u64) -> VendorScenario {
        let draw = &mut Draw::new(seed ^ 0x76_656e_646f ^ ((kind as u64) << 56));
        let date = *draw.pick(&DAYS);
        let mut scenario = VendorScenario::sound(kind, seed, date);
        let n_wanted = draw.between(1, 3);
        let first = draw.below(2);
        scenario.wanted = (first..first + n_wanted).collect();
        let hours = scenario.hours.clone();
        let length_s = (hours.end - hours.start).as_secs() as usize;
        scenario.start = match draw.below(10) {
            0..5 => hours.start - secs(draw.between(1, 480)),
            _ => hours.start + secs(draw.below(length_s * 2 / 3)),
        };
        scenario.our_skew = scenario.drawn_skew(draw);
        scenario.delay = match draw.below(10) {
            0 => (millis(400), millis(900)),
            _ => (millis(draw.between(2, 90)), millis(draw.below(120))),
        };
        scenario.draw_troubles(draw);
        scenario.draw_faults(draw);
        scenario.draw_untraded(&mut Draw::new(seed ^ 0x756e_7472));
        scenario
    }

    /// Of some days a symbol that nobody has traded before, and perhaps nobody does.
    fn draw_untraded(&mut self, draw: &mut Draw) {
        let symbol = *draw.pick(&self.wanted);
        if symbol == 0 || !draw.chance(8) {
            return;
        }
        let length_s = (self.hours.end - self.hours.start).as_secs() as usize;
        let until = match draw.below(3) {
            0 => self.hours.end + secs(2 * 3_600),
            _ => self.hours.start + secs(draw.below(length_s)),
        };
        self.silences = vec![Halt { symbol, since: self.hours.start - secs(4 * 3_600), until }];
        // How far the vendor's figures have come is seen by one that is traded all the time.
        let busy = &mut self.listings[0];
        (busy.silent_pct, busy.trades_a_minute, busy.fewest_a_minute) = (0, 40, 40);
        if let Speaks::Binance(switches) = &mut self.speaks {
            switches.has_empty_statistics = true; // Else nothing shows that it is so.
        }
    }

    fn drawn_skew(&self, draw: &mut Draw) -> Nanos {
        let far = if self.kind == VendorKind::Alpaca { 4_000 } else { 7_000 };
        let ms = match draw.below(100) {
            0..70 => 0,
            70..97 => *draw.pick(&[300, 1_000, 2_000, 4_000]),
            _ => far,
        };
        let by = millis(ms);
        if draw.chance(50) { by } else { Nanos::ZERO - by }
    }

    fn draw_troubles(&mut self, draw: &mut Draw) {
        let first = self.start.max(self.hours.start - secs(60));
        let length_s = (self.hours.end - first).as_secs() as usize;
        for _ in 0..*draw.pick(&[0, 0, 1, 1, 2, 3]) {
            let since = first + millis(draw.below(length_s * 1_000));
            let lasts = secs(*draw.pick(&[1, 4, 8, 20, 50, 100, 200, 400]));
            let span = since..since + lasts;
            let symbol = self.listings[*draw.pick(&self.wanted)].symbol.clone();
            match draw.below(14) {
                0..3 => self.troubles.push(Trouble::Cut(span)),
                3..6 => self.troubles.push(Trouble::Dark(span)),
                6 => self.troubles.push(Trouble::Deaf(since)),
                7 => self.troubles.push(Trouble::Mute(since)),
                8 => self.troubles.push(Trouble::Stall(since..since + secs(draw.between(1, 8)))),
                9 => self.troubles.push(Trouble::NoHistory(span)),
                10 => self.troubles.push(Trouble::Silent(symbol, span)),
                11 => {
                    let span = since..since + secs(100) + lasts;
                    self.troubles.push(Trouble::Silent(symbol, span));
                }
                _ => {
                    let span = since..since + secs(draw.between(150, 320));
                    self.troubles.push(Trouble::NoHistory(span.clone()));
                    self.troubles.push(Trouble::Silent(symbol, span));
                }
            }
        }
    }

    fn draw_faults(&mut self, draw: &mut Draw) {
        let n_minutes = ((self.hours.end - self.start).as_secs() / 60) as usize + 1;
        let n_frames = match self.kind {
            VendorKind::Binance => n_minutes * (3 + 31 * self.wanted.len()),
            VendorKind::Kraken => n_minutes * (40 + 5 * self.wanted.len()),
            VendorKind::Alpaca => n_minutes * 8,
        };
        for _ in 0..*draw.pick(&[0, 0, 1, 2, 4]) {
            let at = if draw.chance(25) { draw.between(1, 12) } else { draw.between(1, n_frames) };
            let what = *draw.pick(LINE_FAULTS);
            let fault = self.line_fault(what, draw);
            let line = *draw.pick(&[1, 1, 1, 2, 2, 3]);
            self.faults.push(with(fault, &[("line", json!(line)), ("at_frame", json!(at))]));
        }
        for _ in 0..*draw.pick(&[0, 0, 1, 2, 3]) {
            let what = *draw.pick(REQUEST_FAULTS);
            let fault = request_fault(what, draw);
            self.faults.push(with(fault, &[("request", json!(draw.between(1, 14)))]));
        }
    }

    fn line_fault(&self, what: &str, draw: &mut Draw) -> Value {
        let outage = *draw.pick(&[0, 0, 3, 25, 90, 280]);
        match what {
            "cut" | "reset" | "hang" | "half_frame" => json!({"do": what, "for_s": outage}),
            "delay" => json!({"do": what, "delay_ms": *draw.pick(&[80, 900, 4_000, 15_000])}),
            "swallow" => {
                let symbol = &self.listings[*draw.pick(&self.wanted)].symbol;
                json!({"do": what, "symbol": symbol.as_str()})
            }
            "error" => json!({"do": what, "code": *draw.pick(&[400, 401, 404, 406, 407, 500])}),
            _ => json!({"do": what}),
        }
    }

    /// The session file.
    pub fn json(&self) -> String {
        let names: Vec<&str> =
            self.wanted.iter().map(|&place| self.listings[place].symbol.as_str()).collect();
        json!({
            "session_name": format!("{} seed {}", self.kind.name(), self.seed),
            "mode": "backtest",
            "exchange_group": self.kind.group(),
            "backtest_config": {"start_date": self.date, "end_date": self.date},
            "session_data_config": {
                "symbols": names, "streams": ["1m", "5m"], "base_interval": "1m",
                "indicators": {"session": [{"name": "sma", "period": 3, "interval": "1m"}]},
            },
        })
        .to_string()
    }

    /// Whether the vendor may fall silent in the middle of a bar that it tells of trade by trade: such
    /// a bar is believed to be closed without its last trades, until the history is asked.
    pub fn tells_in_part(&self) -> bool {
        let is_silent = |trouble: &Trouble| matches!(trouble, Trouble::Silent(..));
        let losing = ["swallow", "mute", "garbage", "oversize"];
        let silences = |fault: &Value| losing.iter().any(|what| fault["do"] == *what);
        self.kind == VendorKind::Kraken
            && (self.troubles.iter().any(is_silent) || self.faults.iter().any(silences))
    }

    /// Whether a connection may end of a fault long after that has struck: one whose pings are not heard
    /// lives on as long as something is said over it.
    pub fn ends_by_and_by(&self) -> bool {
        let what = ["swallow", "mute", "ping_stop"];
        let is_unheard = |trouble: &Trouble| matches!(trouble, Trouble::Mute(_));
        self.troubles.iter().any(is_unheard)
            || self.faults.iter().any(|fault| what.iter().any(|what| fault["do"] == *what))
    }

    /// The market.
    pub fn market(&self) -> Market {
        let span = self.hours.start - secs(3 * 3_600)..self.hours.end + secs(3_600);
        let market = Market::new(self.seed, self.kind.hours(), span, self.listings.clone());
        market.with_silences(self.silences.clone()).with_halts(self.halts.clone())
    }

    /// The world in which it happens.
    ///
    /// # Panics
    ///
    /// Where a fault is none.
    pub fn world(&self) -> World {
        let script = Script::read(&Value::Array(self.faults.clone()).to_string());
        let script = script.unwrap_or_else(|error| panic!("{error}"));
        World::new(Making {
            kind: self.kind,
            exchange: Exchange::new(self.market(), self.speaks.clone(), script),
            weather: Weather::new(self.troubles.clone()),
            delay: self.delay,
            our_skew: self.our_skew,
            json: &self.json(),
            start: self.start,
            seed: self.seed,
        })
    }
}

/// Faults of connections that a run is drawn from.
pub(super) const LINE_FAULTS: &[&str] = &[
    "cut",
    "cut",
    "reset",
    "hang",
    "half_frame",
    "garbage",
    "duplicate",
    "delay",
    "swallow",
    "swallow",
    "mute",
    "reorder",
    "revise",
    "replay_old",
    "ping_stop",
    "shutdown_notice",
    "error",
];

/// Faults of requests that a run is drawn from.
pub(super) const REQUEST_FAULTS: &[&str] =
    &["status", "status", "empty", "lag_rows", "truncate", "hang"];

fn request_fault(what: &str, draw: &mut Draw) -> Value {
    match what {
        "status" => match draw.below(4) {
            0 => json!({"do": what, "code": 429, "retry_after": draw.between(1, 60)}),
            1 => json!({"do": what, "code": 418, "retry_after": 120}),
            2 => json!({"do": what, "code": 500}),
            _ => json!({"do": what, "code": 503}),
        },
        "lag_rows" => json!({"do": what, "rows": draw.between(1, 4)}),
        _ => json!({"do": what}),
    }
}

fn with(mut fault: Value, fields: &[(&str, Value)]) -> Value {
    for (name, value) in fields {
        fault[*name] = value.clone();
    }
    fault
}

/// The regular hours of the vendor's session of a date.
pub fn hours(kind: VendorKind, date: &str) -> Range<Timestamp> {
    let date = date.parse().expect("a date");
    let session = short_days(kind.group()).session(date).expect("within the facts");
    let session = session.expect("a session");
    session.open..session.close
}

/// The first `n` names, drawn by seed; where the vendor needs one that always trades, the first does.
fn listings(kind: VendorKind, seed: u64, n: usize) -> Vec<Listing> {
    let listing = |(place, name): (usize, &&str)| {
        let drawn = Listing::drawn(seed, name.parse().expect("a symbol"));
        match kind {
            VendorKind::Alpaca if place == 0 => Listing { silent_pct: 0, ..drawn.of_shares() },
            VendorKind::Alpaca => drawn.of_shares(),
            VendorKind::Binance | VendorKind::Kraken => drawn,
        }
    };
    kind.names().iter().enumerate().take(n).map(listing).collect()
}

impl fmt::Display for VendorScenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = (self.start - self.hours.start).as_secs();
        writeln!(f, "{} from {from} s after the open of {}", self.kind.name(), self.date)?;
        for &place in &self.wanted {
            writeln!(f, "{:?}", self.listings[place])?;
        }
        writeln!(f, "our clock is {} ahead, {:?} on the way", self.our_skew, self.delay)?;
        writeln!(f, "{:?}", self.speaks)?;
        for trouble in &self.troubles {
            let span = trouble.span();
            let (since, until) = (span.start - self.hours.start, span.end - self.hours.start);
            writeln!(f, "from {since} to {until} after the open: {trouble:?}")?;
        }
        for fault in &self.faults {
            writeln!(f, "{fault}")?;
        }
        let n_minutes = (self.hours.end - self.hours.start).as_nanos() / MINUTE.as_nanos();
        writeln!(f, "{n_minutes} minutes")
    }
}
