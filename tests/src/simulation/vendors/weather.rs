//! What happens to the network and when: each of it timed, so that a judge knows the cause.

use std::ops::Range;

use openbell_market::Symbol;
use openbell_time::{Nanos, Timestamp};

/// A trouble of the network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// All connections break, and none can be made in that time.
    Cut(Range<Timestamp>),
    /// All connections die without a word, and nothing gets through in that time.
    Dark(Range<Timestamp>),
    /// Nothing of the connections that there are reaches the client any more.
    Deaf(Timestamp),
    /// Nothing of the connections that there are reaches the exchange any more.
    Mute(Timestamp),
    /// All that is sent in that time comes at its end.
    Stall(Range<Timestamp>),
    /// The history is down.
    NoHistory(Range<Timestamp>),
    /// Nothing comes of a symbol over the stream.
    Silent(Symbol, Range<Timestamp>),
}

/// What happens at once to all connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strike {
    /// Both sides know that they are over.
    Reset,
    /// Nothing gets through in either direction.
    Dies,
    /// Nothing gets through to the client.
    Deafens,
    /// Nothing gets through to the exchange.
    Silences,
}

impl Trouble {
    /// When it begins, and when the network is sound again.
    pub fn span(&self) -> Range<Timestamp> {
        match self {
            Trouble::Cut(span)
            | Trouble::Dark(span)
            | Trouble::Stall(span)
            | Trouble::NoHistory(span)
            | Trouble::Silent(_, span) => span.clone(),
            Trouble::Deaf(at) | Trouble::Mute(at) => *at..*at,
        }
    }

    fn strike(&self) -> Option<(Timestamp, Strike)> {
        match self {
            Trouble::Cut(span) => Some((span.start, Strike::Reset)),
            Trouble::Dark(span) => Some((span.start, Strike::Dies)),
            Trouble::Deaf(at) => Some((*at, Strike::Deafens)),
            Trouble::Mute(at) => Some((*at, Strike::Silences)),
            Trouble::Stall(_) | Trouble::NoHistory(_) | Trouble::Silent(..) => None,
        }
    }
}

/// The troubles of a run.
#[derive(Clone, Default, Debug)]
pub struct Weather {
    troubles: Vec<Trouble>,
    /// What is still to strike, the last first.
    strikes: Vec<(Timestamp, Strike)>,
}

impl Weather {
    /// These troubles.
    pub fn new(troubles: Vec<Trouble>) -> Weather {
        let mut strikes: Vec<_> = troubles.iter().filter_map(Trouble::strike).collect();
        strikes.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        Weather { troubles, strikes }
    }

    fn any(&self, now: Timestamp, is_it: impl Fn(&Trouble) -> bool) -> bool {
        self.troubles.iter().any(|trouble| trouble.span().contains(&now) && is_it(trouble))
    }

    /// Whether connections are refused.
    pub fn is_cut(&self, now: Timestamp) -> bool {
        self.any(now, |trouble| matches!(trouble, Trouble::Cut(_)))
    }

    /// Whether nothing gets through, and nobody is told.
    pub fn is_dark(&self, now: Timestamp) -> bool {
        self.any(now, |trouble| matches!(trouble, Trouble::Dark(_)))
    }

    /// Whether no request is answered.
    pub fn has_no_history(&self, now: Timestamp) -> bool {
        self.any(now, |trouble| matches!(trouble, Trouble::NoHistory(_)))
    }

    /// The symbols of which nothing comes.
    pub fn silent(&self, now: Timestamp) -> impl Iterator<Item = &Symbol> {
        self.troubles.iter().filter_map(move |trouble| match trouble {
            Trouble::Silent(symbol, span) if span.contains(&now) => Some(symbol),
            _ => None,
        })
    }

    /// When something that is sent now is on its way.
    pub fn free_at(&self, now: Timestamp) -> Timestamp {
        let stalls = self.troubles.iter().filter_map(|trouble| match trouble {
            Trouble::Stall(span) if span.contains(&now) => Some(span.end),
            _ => None,
        });
        stalls.max().unwrap_or(now)
    }

    /// The next instant at which something strikes.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.strikes.last().map(|(at, _)| *at)
    }

    /// What strikes by `now`.
    pub fn take_strikes(&mut self, now: Timestamp) -> Vec<Strike> {
        let mut due = Vec::new();
        while let Some((_, strike)) = self.strikes.pop_if(|(at, _)| *at <= now) {
            due.push(strike);
        }
        due
    }

    /// Since when no trouble was there at `now`; `None` where one is.
    pub fn calm_since(&self, now: Timestamp) -> Option<Timestamp> {
        let begun = self.troubles.iter().map(Trouble::span).filter(|span| span.start <= now);
        let until = begun.map(|span| span.end).max().unwrap_or(Timestamp::MIN);
        (until <= now).then_some(until)
    }

    /// For how long nothing has got through at `now`.
    pub fn out_for(&self, now: Timestamp) -> Nanos {
        let out = |trouble: &&Trouble| matches!(trouble, Trouble::Cut(_) | Trouble::Dark(_));
        let spans = self.troubles.iter().filter(out).map(Trouble::span);
        let since = spans.filter(|span| span.contains(&now)).map(|span| span.start).min();
        since.map_or(Nanos::ZERO, |since| now - since)
    }
}
