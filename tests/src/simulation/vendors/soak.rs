//! A day of many symbols, whose connection breaks every one to thirty minutes: every bar is there at its
//! end, and nothing piles up.

use std::collections::BTreeMap;
use std::ops::Range;

use openbell_data_manager::live::{Found, Note};
use openbell_market::Symbol;
use openbell_time::{Nanos, Timestamp};
use openbell_vendor_sim::{Listing, Speaks};

use super::kind::VendorKind;
use super::scenario::VendorScenario;
use super::truth::{MINUTE, truth};
use super::weather::Trouble;
use super::world::World;
use crate::simulation::draw::Draw;
use crate::simulation::violation::{Kept, keep};

/// A day of full length.
const DAY: &str = "2025-07-09";
/// What breaks in the last minutes need not be put right at the end.
pub(super) const CALM: Nanos = Nanos::from_secs(300);

/// A day of many symbols.
#[derive(Clone, Copy, Debug)]
pub struct Soak {
    /// The vendor.
    pub kind: VendorKind,
    /// How many symbols.
    pub n_symbols: usize,
    /// How many hours of the session.
    pub n_hours: u32,
    /// What all that is drawn follows from.
    pub seed: u64,
}

/// What has gone by at the end of an hour.
#[derive(Clone, Copy, Default, Debug)]
pub struct SoakHour {
    /// Hours that have gone by.
    pub n_hours: u32,
    /// Bars that were handed over.
    pub n_bars: usize,
    /// Texts that reached the client.
    pub n_texts: u64,
    /// Requests.
    pub n_requests: u64,
    /// Connections.
    pub n_connects: u64,
    /// Bars that were named as missing.
    pub n_named: usize,
}

impl Soak {
    pub(super) fn scenario(&self) -> VendorScenario {
        let mut scenario = VendorScenario::sound(self.kind, self.seed, DAY);
        let first = self.kind.names()[0];
        let quote = match self.kind {
            VendorKind::Binance => "USDT",
            VendorKind::Kraken => "/USD",
            VendorKind::Alpaca => "",
        };
        // The first one trades in each minute, which Alpaca's probes are held against.
        let name = |n: usize| if n == 0 { first.to_owned() } else { format!("S{n:03}{quote}") };
        let listing = |n| {
            let drawn = Listing::drawn(self.seed, name(n).parse().expect("a symbol"));
            let drawn = if self.kind == VendorKind::Alpaca { drawn.of_shares() } else { drawn };
            let silent_pct = if n == 0 { 0 } else { drawn.silent_pct };
            Listing { late_pct: 0, silent_pct, ..drawn }
        };
        scenario.listings = (0..self.n_symbols).map(listing).collect();
        scenario.wanted = (0..self.n_symbols).collect();
        if let Speaks::Alpaca(switches) = &mut scenario.speaks {
            switches.most_symbols = None; // A plan for so many.
        }
        scenario.troubles = self.cuts(&scenario.hours);
        scenario
    }

    fn cuts(&self, hours: &Range<Timestamp>) -> Vec<Trouble> {
        let draw = &mut Draw::new(self.seed ^ 0x736f_616b);
        let (mut cuts, mut at) = (Vec::new(), hours.start);
        loop {
            at += Nanos::from_secs(draw.between(60, 1_800) as i64);
            let lasts = Nanos::from_secs(draw.between(1, 90) as i64);
            if at + lasts + CALM > self.end(hours) {
                return cuts;
            }
            cuts.push(match draw.below(3) {
                0 => Trouble::Dark(at..at + lasts),
                _ => Trouble::Cut(at..at + lasts),
            });
        }
    }

    fn end(&self, hours: &Range<Timestamp>) -> Timestamp {
        (hours.start + Nanos::from_secs(3_600 * i64::from(self.n_hours))).min(hours.end)
    }

    /// Runs it, and tells each hour.
    ///
    /// # Errors
    ///
    /// A bar of the truth that is neither there nor named.
    pub fn run(&self, mut told: impl FnMut(SoakHour)) -> Kept<SoakHour> {
        let scenario = self.scenario();
        let mut world = scenario.world();
        let mut named: BTreeMap<Symbol, Vec<Range<Timestamp>>> = BTreeMap::new();
        let mut hour = SoakHour::default();
        let end = self.end(&scenario.hours);
        while world.now < end {
            hour.n_hours += 1;
            let until = scenario.hours.start + Nanos::from_secs(3_600 * i64::from(hour.n_hours));
            world.go(until.min(end));
            for (_, note) in world.notes.drain(..) {
                if let Note::Series { key, found: Found::GapLeft { missing, .. } } = note {
                    hour.n_named += ((missing.end - missing.start).as_secs() / 60) as usize;
                    named.entry(key.symbol).or_default().push(missing);
                }
            }
            world.network.said.clear();
            hour.count(&world);
            told(hour);
        }
        for (place, listing) in scenario.listings.iter().enumerate() {
            let opens = scenario.hours.start..end - MINUTE - MINUTE;
            let due = truth(self.kind, world.network.exchange.market(), place, opens);
            let handed = world.session.handed.lock();
            let of_symbol = handed.get(&listing.symbol);
            let gaps = named.get(&listing.symbol).map_or(&[][..], Vec::as_slice);
            for bar in due {
                let met = of_symbol.and_then(|of| of.rows.get(&bar.opens_at)).copied();
                let is_named = gaps.iter().any(|gap| gap.contains(&bar.opens_at));
                let is_there = met == Some(bar.ohlcv) || (met.is_none() && is_named);
                keep("A: every bar of the truth is there, or named", is_there, || {
                    format!("{} {}: {met:?}, due {:?}", listing.symbol, bar.opens_at, bar.ohlcv)
                })?;
            }
        }
        Ok(hour)
    }
}

impl SoakHour {
    fn count(&mut self, world: &World) {
        self.n_bars = world.session.handed.lock().values().map(|of| of.rows.len()).sum();
        self.n_texts = world.network.traffic.n_texts;
        self.n_requests = world.network.traffic.n_requests;
        self.n_connects = world.network.exchange.counts().connects;
    }
}
