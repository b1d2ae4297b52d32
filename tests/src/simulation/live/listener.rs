//! A consumer of a live run that holds the order and the time of what it is notified of.

use std::collections::BTreeMap;

use openbell_coordinator::{Bars, Consumer, Context, Corrected, Outcome, Resumed};
use openbell_market::Symbol;
use openbell_session_data::Reason;
use openbell_time::{Nanos, Timestamp};

use super::truth::TrueDay;
use super::vendor::Shared;
use crate::simulation::violation::{Kept, Violation, keep};

/// What the listener has heard of the session, and what broke a promise.
#[derive(Default)]
pub struct Noted {
    is_active: bool,
    /// Who is there, with the generation of its corrections.
    members: BTreeMap<Symbol, u32>,
    /// The instant and the rank of the last notice of each symbol.
    last: BTreeMap<Symbol, (Timestamp, Rank)>,
    /// Whether the last session closed with its gate open.
    pub closed_active: bool,
    /// The first promise that was broken.
    pub broken: Option<Violation>,
    /// Ranges that were told of at once.
    pub n_ranges: u64,
    /// Corrections.
    pub n_corrected: u64,
    /// Bars that were told of one by one.
    pub n_told: u64,
}

/// The order of the notices of one publication.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Rank {
    Left,
    Joined,
    Corrected,
    Resumed,
    Bars,
}

/// The consumer.
pub struct Listener {
    noted: Shared<Noted>,
    days: Vec<TrueDay>,
    threshold: Nanos,
}

impl Listener {
    /// One that knows the hours of `days`, and what it writes down.
    pub fn new(days: Vec<TrueDay>, threshold: Nanos) -> (Listener, Shared<Noted>) {
        let noted = Shared::new(Noted::default());
        (Listener { noted: noted.clone(), days, threshold }, noted)
    }

    fn note(&self, check: impl FnOnce(&mut Noted) -> Kept<()>) -> Outcome {
        let mut noted = self.noted.lock();
        if let Err(violation) = check(&mut noted) {
            noted.broken.get_or_insert(violation);
        }
        Ok(())
    }

    fn lag(&self, closes_at: Timestamp, at: Timestamp) -> Nanos {
        let day = self.days.iter().find(|day| closes_at <= day.close());
        day.map_or(Nanos::ZERO, |day| day.open_time(closes_at, at))
    }
}

impl Noted {
    fn follow(&mut self, at: Timestamp, symbol: &Symbol, rank: Rank) -> Kept<()> {
        let before = self.last.insert(symbol.clone(), (at, rank));
        keep(
            "live in order: left, joined, corrected, resumed, then bars",
            before.is_none_or(|(then, before)| then < at || before <= rank),
            || format!("at {at}: {symbol}: {rank:?} after {before:?}"),
        )
    }

    fn active(&self, what: &str, at: Timestamp) -> Kept<()> {
        keep("live in silence: no notice while inactive", self.is_active, || {
            format!("at {at}: {what}")
        })
    }

    fn of_member(&self, symbol: &Symbol, what: &str) -> Kept<()> {
        keep(
            "live membership: no notice of a symbol that is not there",
            self.members.contains_key(symbol),
            || format!("{symbol}: {what}"),
        )
    }
}

impl Consumer for Listener {
    fn name(&self) -> &str {
        "listener"
    }

    fn session_started(&mut self, context: &mut Context<'_>) -> Outcome {
        let view = context.view();
        let shown = view.symbols().filter(|symbol| view.symbol(symbol.as_str()).is_ok());
        let members = shown.map(|symbol| (symbol.clone(), 0)).collect();
        self.note(|noted| {
            noted.is_active = true;
            noted.members = members;
            noted.last.clear();
            Ok(())
        })
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        let at = context.view().instant();
        self.note(|noted| {
            noted.active("bars", at)?;
            for bar in bars {
                noted.n_told += 1;
                noted.follow(at, bar.symbol, Rank::Bars)?;
                noted.of_member(bar.symbol, "a bar")?;
                let (lag, limit) = (self.lag(bar.closes_at, at), self.threshold);
                keep("live as news: no bar is told one by one that lags", lag <= limit, || {
                    format!("at {at}: {bar:?} lags {lag}, over {limit}")
                })?;
                keep(
                    "live never early: no bar is told before its close",
                    bar.closes_at <= at,
                    || format!("at {at}: {bar:?}"),
                )?;
            }
            Ok(())
        })
    }

    fn deactivated(&mut self, at: Timestamp, reason: &Reason) -> Outcome {
        self.note(|noted| {
            noted.active(&format!("deactivated: {reason}"), at)?;
            noted.is_active = false;
            Ok(())
        })
    }

    fn resumed(&mut self, context: &mut Context<'_>, resumed: &Resumed) -> Outcome {
        let at = context.view().instant();
        self.note(|noted| {
            noted.is_active = true;
            for skipped in &resumed.skipped {
                noted.n_ranges += 1;
                noted.follow(at, &skipped.symbol, Rank::Resumed)?;
                noted.of_member(&skipped.symbol, "a range")?;
            }
            Ok(())
        })
    }

    fn corrected(&mut self, context: &mut Context<'_>, corrected: &Corrected) -> Outcome {
        let at = context.view().instant();
        self.note(|noted| {
            noted.n_corrected += 1;
            noted.follow(at, &corrected.symbol, Rank::Corrected)?;
            noted.of_member(&corrected.symbol, "a correction")?;
            let known = noted.members.entry(corrected.symbol.clone()).or_default();
            let is_new = corrected.generation >= 2 && corrected.generation >= *known;
            let before = std::mem::replace(known, corrected.generation);
            keep("live corrections: their generation goes up", is_new, || {
                format!("at {at}: {corrected:?} after generation {before}")
            })
        })
    }

    fn symbol_joined(&mut self, context: &mut Context<'_>, symbol: &Symbol) -> Outcome {
        let at = context.view().instant();
        self.note(|noted| {
            noted.follow(at, symbol, Rank::Joined)?;
            let was_there = noted.members.insert(symbol.clone(), 0).is_some();
            keep("live membership: joined once", !was_there, || format!("at {at}: {symbol} joined"))
        })
    }

    fn symbol_left(&mut self, at: Timestamp, symbol: &Symbol) -> Outcome {
        self.note(|noted| {
            noted.follow(at, symbol, Rank::Left)?;
            let was_there = noted.members.remove(symbol).is_some();
            keep("live membership: left once", was_there, || format!("at {at}: {symbol} left"))
        })
    }

    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        let at = context.view().instant();
        self.note(|noted| {
            noted.active("session closed", at)?;
            noted.is_active = false;
            noted.closed_active = true;
            Ok(())
        })
    }

    fn session_closed_inactive(&mut self, _: Timestamp, _: &Reason) -> Outcome {
        self.note(|noted| {
            noted.is_active = false;
            noted.closed_active = false;
            Ok(())
        })
    }
}
