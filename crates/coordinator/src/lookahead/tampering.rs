//! A source whose rows are changed from an instant on, each by its own close.
//!
//! Not here: which instant ([`super::cut`]).

use std::ops::Range;

use openbell_data_manager::{DataError, Feed, FeedKind, Progress};
use openbell_market::{BarColumns, BarInterval, Ohlcv, SeriesKey, Symbol};
use openbell_time::{Calendar, Nanos, Session, SessionPart, Timestamp, TradingDate};

use super::cut::{Cut, Draw, Tamper};
use crate::digest::symbol_key;
use crate::error::UnknownSymbol;
use crate::source::Source;

/// What is done to the data of a run of a check; nothing in a run that others are held against.
///
/// A consumer that has a source of data of its own must get it through [`Tampering::over`], or the
/// check cannot see what comes from it.
#[derive(Clone)]
pub struct Tampering {
    pub(super) calendar: Calendar,
    pub(super) cut: Option<Cut>,
}

impl Tampering {
    /// None, of a run by `calendar` that others are held against.
    pub fn none(calendar: &Calendar) -> Tampering {
        Tampering { calendar: calendar.clone(), cut: None }
    }

    /// `source` with the rows that close after the cut tampered with.
    ///
    /// *Time*: a row is of the future when its own close is: its stamp and the length of its
    /// interval, cut at the end of the part of the session that it lies in; of 1d and 1w rows the
    /// close of the day and of the last day of the week. An error is of the future when the stamp
    /// from which on nothing can be read is, which is the instant at which a run meets it, and is
    /// gone then. Nothing is read ahead.
    pub fn over(&self, source: Box<dyn Source>) -> Box<dyn Source> {
        match self.cut {
            None => Box::new(Tampered { source, tampering: None }),
            Some(cut) => {
                let of = Future { calendar: self.calendar.clone(), cut };
                Box::new(Tampered { source, tampering: Some(of) })
            }
        }
    }

    /// The cut; `None` in a run that others are held against.
    pub fn cut(&self) -> Option<Cut> {
        self.cut
    }
}

/// A source in which nothing is read ahead, so that a run may end in mid-session at no cost.
struct Tampered {
    source: Box<dyn Source>,
    tampering: Option<Future>,
}

impl Source for Tampered {
    fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval> {
        self.source.intervals(symbol)
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        self.source.unknown(symbol)
    }

    /// What is there is known before a run begins, as the intervals are: a plan is not of the future.
    fn n_covered(
        &self,
        key: &SeriesKey,
        calendar: &Calendar,
        hours: &[Range<Timestamp>],
        piece: Nanos,
    ) -> Result<Option<u64>, DataError> {
        self.source.n_covered(key, calendar, hours, piece)
    }

    fn check_together(&self, keys: &[SeriesKey]) -> Result<(), DataError> {
        self.source.check_together(keys)
    }

    fn check_files(
        &self,
        key: &SeriesKey,
        range: Range<Timestamp>,
        calendar: &Calendar,
    ) -> Result<(), DataError> {
        self.source.check_files(key, range, calendar)
    }

    fn delivered(
        &mut self,
        key: &SeriesKey,
        session: TradingDate,
    ) -> Result<Option<BarColumns>, DataError> {
        self.source.delivered(key, session)
    }

    fn feed(&mut self, key: &SeriesKey, calendar: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        let feed = self.source.feed(key, calendar)?;
        let Some(future) = self.tampering.clone() else { return Ok(feed) };
        Ok(Box::new(TamperedFeed { feed, future, since: Timestamp::MIN }))
    }
}

struct TamperedFeed {
    feed: Box<dyn Feed>,
    future: Future,
    /// Where the next poll begins.
    since: Timestamp,
}

impl Feed for TamperedFeed {
    fn series(&self) -> &SeriesKey {
        self.feed.series()
    }

    fn kind(&self) -> FeedKind {
        self.feed.kind()
    }

    fn seek(&mut self, since: Timestamp) -> Result<(), DataError> {
        self.since = since;
        self.feed.seek(since)
    }

    fn poll(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        out: &mut BarColumns,
    ) -> Result<Progress, DataError> {
        let mut rows = BarColumns::default();
        let polled = self.feed.poll(now, until, &mut rows);
        let interval = self.feed.series().interval;
        for row in 0..rows.len() {
            let opens_at = rows.opens_at(row);
            if !self.future.holds(interval, opens_at) {
                out.push(opens_at, rows.ohlcv(row));
            }
        }
        let progress = polled.or_else(|error| match error.unreadable_since() {
            Some(since) if since > self.future.cut.at => Ok(Progress::stored(until, false)),
            _ => Err(error),
        })?;
        if self.future.cut.tamper == Tamper::Scrambled {
            self.future.scramble(self.feed.series(), (self.since, until), out);
        }
        self.since = self.since.max(until);
        Ok(progress)
    }

    fn ready_until(&self) -> Timestamp {
        self.feed.ready_until()
    }
}

/// What comes after a cut.
#[derive(Clone)]
struct Future {
    calendar: Calendar,
    cut: Cut,
}

impl Future {
    /// Whether a row of that stamp closes after the cut.
    fn holds(&self, interval: BarInterval, opens_at: Timestamp) -> bool {
        let cut = self.cut.at;
        let Some(clock) = interval.clock() else {
            return self.close_of_label(interval, opens_at).is_some_and(|close| close > cut);
        };
        if opens_at >= cut || opens_at + clock.length() <= cut {
            return opens_at >= cut;
        }
        // The cut lies within the row's length: its close may be that of its part.
        let part = self.parts_near(opens_at).into_iter().find(|part| part.contains(opens_at));
        part.is_none_or(|part| part.until > cut)
    }

    /// When the 1d or 1w row with that label closes; `None` where no session has it.
    fn close_of_label(&self, interval: BarInterval, label: Timestamp) -> Option<Timestamp> {
        let session = self.sessions_near(label).into_iter().find(|s| s.open == label)?;
        match interval {
            BarInterval::Week => self.week_of(session.date).last().map(|last| last.close),
            _ => Some(session.close),
        }
    }

    fn week_of(&self, date: TradingDate) -> &[Session] {
        self.calendar.sessions_of_week(date.monday()).unwrap_or_default() // Outside the facts.
    }

    /// The sessions that an instant may belong to.
    fn sessions_near(&self, instant: Timestamp) -> Vec<Session> {
        self.sessions_over(instant, instant)
    }

    fn sessions_over(&self, since: Timestamp, until: Timestamp) -> Vec<Session> {
        let first = self.calendar.local_time(since).date.plus_days(-1);
        let last = self.calendar.local_time(until).date.plus_days(1);
        let (facts_since, facts_until) = (self.calendar.facts_since(), self.calendar.until());
        let dates = first.max(facts_since)..=last.min(facts_until);
        self.calendar.sessions(dates).map(<[Session]>::to_vec).unwrap_or_default() // As above.
    }

    fn parts_near(&self, instant: Timestamp) -> Vec<SessionPart> {
        self.sessions_near(instant).iter().flat_map(all_parts).collect()
    }

    /// Appends rows in place of those of `key` that are stamped in `range` and close after the
    /// cut. What stands at a stamp depends on the seed, the series and the stamp alone.
    fn scramble(&self, key: &SeriesKey, range: (Timestamp, Timestamp), out: &mut BarColumns) {
        let instants = self.calendar.instants();
        let longest = Nanos::from_secs(8 * 86_400); // A week's row may be stamped before the cut.
        let first = (self.cut.at - longest).max(instants.start);
        let since = range.0.max(first);
        let until = range.1.min(instants.end - Nanos::from_secs(86_400));
        if since >= until {
            return;
        }
        let is_asked = |slot: &(Timestamp, Timestamp)| {
            since <= slot.0 && slot.0 < until && slot.1 > self.cut.at
        };
        for session in self.sessions_over(since, until) {
            for slot in self.slots(key.interval, &session).into_iter().filter(is_asked) {
                let step = key.interval.clock().map(|clock| clock.length());
                self.push_rows(key, slot.0, step, out);
            }
        }
    }

    /// The stamps and closes of the rows that `session` may have.
    fn slots(&self, interval: BarInterval, session: &Session) -> Vec<(Timestamp, Timestamp)> {
        let Some(clock) = interval.clock() else {
            if interval == BarInterval::DAY {
                return vec![(session.open, session.close)];
            }
            let week = self.week_of(session.date);
            let is_first = week.first().is_some_and(|first| first.date == session.date);
            let last = week.last().filter(|_| is_first);
            return last.map(|last| (session.open, last.close)).into_iter().collect();
        };
        let mut slots = Vec::new();
        for part in all_parts(session) {
            if part.until <= self.cut.at {
                continue;
            }
            let mut opens_at = part.since;
            while opens_at < part.until {
                let closes_at = (opens_at + clock.length()).min(part.until);
                slots.push((opens_at, closes_at));
                opens_at += clock.length();
            }
        }
        slots
    }

    fn push_rows(
        &self,
        key: &SeriesKey,
        opens_at: Timestamp,
        step: Option<Nanos>,
        out: &mut BarColumns,
    ) {
        let mixed = symbol_key(&key.symbol) ^ opens_at.as_nanos() as u64;
        let mut draw = Draw(self.cut.seed ^ mixed.rotate_left(17));
        let bar = other_bar(&mut draw);
        match draw.below(20) {
            0..5 => {}
            5 => out.push(opens_at, Ohlcv { high: bar.low - 1.0, ..bar }),
            6 => {
                out.push(opens_at, bar);
                out.push(opens_at, other_bar(&mut draw));
            }
            7 if step.is_some_and(|step| step > Nanos::from_secs(1)) => {
                out.push(opens_at, bar);
                out.push(opens_at + Nanos::from_secs(1), other_bar(&mut draw));
            }
            _ => out.push(opens_at, bar),
        }
    }
}

/// A sound bar, of no market.
fn other_bar(draw: &mut Draw) -> Ohlcv {
    let mut price = || 1.0 + draw.below(100_000) as f64 / 100.0;
    let (open, close) = (price(), price());
    let (high, low) = (open.max(close) + price(), open.min(close) / 2.0);
    Ohlcv { open, high, low, close, volume: draw.below(10_000) as f64 }
}

/// The parts of a session, those before and after regular hours included.
fn all_parts(session: &Session) -> Vec<SessionPart> {
    let before = session.pre_open.map(|since| SessionPart { since, until: session.open });
    let after = session.post_close.map(|until| SessionPart { since: session.close, until });
    before.into_iter().chain(session.parts()).chain(after).collect()
}
