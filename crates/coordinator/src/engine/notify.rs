//! What consumers are told, and when: bars after their publication, indicators that have become
//! ready, calls by the clock, answers.
//!
//! Hot path, as far as bars go: no allocation after warm-up, no lock, no text.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use openbell_market::SymbolIdx;
use openbell_session_data::Rows;
use openbell_time::{Calendar, Timestamp};

use super::agenda::Agenda;
use super::session::Day;
use super::{Engine, State};
use crate::consumers::consumer::{CallWindow, Ready};
use crate::error::RunError;
use crate::consumers::{Audience, Call, closed_row};
use crate::symbol::SymbolSession;
use crate::layout::SessionLayout;
use crate::consumers::notice::{ClosedRow, Closings, Notice};

impl Engine {
    /// Tells every consumer.
    pub(super) fn tell(&mut self, notice: &Notice) -> Result<(), RunError> {
        self.notify_to(Audience::Everyone, notice)
    }

    fn notify_to(&mut self, audience: Audience, notice: &Notice) -> Result<(), RunError> {
        let State::Day(day) = &self.state else { return Ok(()) };
        let call = Call {
            reader: &mut self.reader,
            session: day.layout.session,
            at: self.clock.now(),
            epoch: self.board.epoch(),
            log: &mut self.log,
            operations: &mut self.operations,
            source: self.source.as_mut(),
            rule: &self.rule,
        };
        let outcome = self.consumers.tell(call, audience, notice);
        outcome.map_err(|stops| self.stops_run(stops))
    }

    /// Tells consumers what has closed at `instant`: the base bars `told`, in symbol order, then
    /// derived ones, shortest interval first, in symbol order.
    pub(super) fn announce(
        &mut self,
        instant: Timestamp,
        mut told: Vec<ClosedRow>,
    ) -> Result<(), RunError> {
        if !self.consumers.wants_bars() {
            return Ok(());
        }
        let State::Day(day) = &mut self.state else { return Ok(()) };
        let n_each = day.layout.day.derived.len() + 1;
        for (derived, news) in day.news.iter_mut().enumerate() {
            news.agenda.take(instant.as_nanos());
            for position in news.agenda.taken() {
                let sequence = news.n_told[position] as usize;
                news.n_told[position] += 1;
                told.push(closed_row(position * n_each + derived + 1, sequence, instant));
            }
        }
        self.notify_closed(told)
    }

    /// Tells consumers what has not been announced of the lanes that `is_told` takes, without the
    /// gate having been shut: a newcomer whose backlog was no lag, or what arrived live.
    pub(super) fn announce_unannounced(
        &mut self,
        is_told: impl Fn(&SymbolSession) -> bool,
    ) -> Result<(), RunError> {
        if !self.consumers.wants_bars() {
            return Ok(());
        }
        self.keep_up();
        let at = self.clock.now();
        let State::Day(day) = &mut self.state else { return Ok(()) };
        let mut told = self.consumers.blank_rows();
        let n_each = day.layout.day.derived.len() + 1;
        let members = day.members.iter_mut().enumerate().filter(|(_, member)| is_told(member));
        for (position, member) in members {
            for series in 0..member.announced.len() {
                let place = position * n_each + series;
                unannounced(member, series, at, |sequence, closes_at| {
                    told.push(closed_row(place, sequence, closes_at));
                });
            }
        }
        day.take_over_told();
        // By close, then interval, then symbol; the place says the latter two.
        told.sort_unstable_by_key(|row| {
            let place = row.series as usize;
            (row.closes_at, place % n_each, place / n_each, row.sequence)
        });
        self.notify_closed(told)
    }

    fn notify_closed(&mut self, rows: Vec<ClosedRow>) -> Result<(), RunError> {
        if rows.is_empty() {
            self.consumers.keep_room(rows);
            return Ok(());
        }
        let closings = self.consumers.closings(rows);
        let State::Day(day) = &mut self.state else { return Ok(()) };
        let ready = day.ready_among(&closings);
        if !ready.is_empty() {
            self.tell(&Notice::Ready(Arc::new(ready)))?;
        }
        self.tell(&Notice::Bars(closings))
    }

    /// Tells which series have indicators with values by now, bars announced or not.
    pub(super) fn notify_ready(&mut self) -> Result<(), RunError> {
        let at = self.clock.now();
        let State::Day(day) = &mut self.state else { return Ok(()) };
        let ready = day.ready_now(at);
        match ready.is_empty() {
            true => Ok(()),
            false => self.tell(&Notice::Ready(Arc::new(ready))),
        }
    }

    /// Calls those whose time it is, in order of registration. Where the gate is shut they wait
    /// for it, and are then called once.
    pub(super) fn call_scheduled(&mut self) -> Result<(), RunError> {
        let clock = self.clock.now();
        let State::Day(day) = &mut self.state else { return Ok(()) };
        let n_due = day.calls.partition_point(|&(at, _)| at <= clock);
        if n_due == 0 || !self.board.is_active() {
            return Ok(());
        }
        let due: BTreeSet<usize> = day.calls.drain(..n_due).map(|(_, place)| place).collect();
        for place in due {
            self.notify_to(Audience::Only(place), &Notice::Scheduled)?;
        }
        Ok(())
    }

    /// Tells consumers what became of what they asked for.
    pub(super) fn notify_answers(&mut self) -> Result<(), RunError> {
        for (place, command, answer) in std::mem::take(&mut self.consumers.answered) {
            let notice = Notice::Answered(Arc::new((command, answer)));
            self.notify_to(Audience::Only(place), &notice)?;
        }
        Ok(())
    }

    /// Lays out the calls of this session.
    pub(super) fn lay_calls(&mut self) {
        let State::Day(day) = &mut self.state else { return };
        let mut calls = Vec::new();
        for (place, window) in self.consumers.windows() {
            let instants = instants_of(window, &day.layout, &self.rule.calendar);
            calls.extend(instants.into_iter().map(|at| (at, place)));
        }
        calls.sort_unstable();
        calls.dedup();
        day.calls = calls;
    }

    /// Nobody has listened until now: what the session has shown is not told afterwards.
    pub(super) fn begin_listening(&mut self) {
        self.keep_up();
        let at = self.clock.now();
        let State::Day(day) = &mut self.state else { return };
        for member in &mut day.members {
            for series in 0..member.announced.len() {
                member.announced[series] = member.rows_at(series, at).len();
            }
        }
        if day.is_laid && !self.is_live {
            day.lay_news(at); // It stood still while nobody listened.
        }
    }
}

/// The instants of `window` at which the clock of the session runs, its last one left out.
fn instants_of(window: &CallWindow, layout: &SessionLayout, calendar: &Calendar) -> Vec<Timestamp> {
    let mut instants = Vec::new();
    if window.every.as_nanos() <= 0 {
        return instants;
    }
    for days in [-1, 0, 1] {
        let date = layout.session.date.plus_days(days);
        let end_date = if window.end <= window.start { date.plus_days(1) } else { date };
        let bounds =
            (calendar.instant_at(date, window.start), calendar.instant_at(end_date, window.end));
        let (Some(mut at), Some(end)) = bounds else { continue };
        while at < end {
            if layout.clock_since <= at && at < layout.clock_until {
                instants.push(at);
            }
            at += window.every;
        }
    }
    instants
}

impl Day {
    /// Lays out the derived bars to come for the members as they are now; a replay only.
    pub(super) fn lay_news(&mut self, clock: Timestamp) {
        self.news.resize_with(self.layout.day.derived.len(), DerivedAgenda::default);
        let clock_ns = clock.as_nanos();
        for (derived, news) in self.news.iter_mut().enumerate() {
            let (_, segment_day) = &self.layout.day.derived[derived];
            let slots: Vec<i64> = segment_day.grid.closes_ns().collect();
            let members = self.members.iter().map(|member| {
                let rows = member.series.derived[derived].rows();
                // With a bar in each slot it closes when they do, which is in the cache.
                let closes_at_ns = match rows.len() == slots.len() {
                    true => &slots[..],
                    false => rows.closes_at_ns(),
                };
                &closes_at_ns[closes_at_ns.partition_point(|&ns| ns <= clock_ns)..]
            });
            news.agenda.lay(&slots, clock_ns, members);
        }
        self.take_over_told();
    }

    /// Goes on telling of derived bars from what the lanes have told of them.
    pub(super) fn take_over_told(&mut self) {
        for (derived, news) in self.news.iter_mut().enumerate() {
            news.n_told.clear();
            news.n_told.extend(self.members.iter().map(|member| member.announced[derived + 1] as u32));
        }
    }

    /// The series among `closings` whose indicators have values as of their bar, which they had
    /// not before.
    fn ready_among(&mut self, closings: &Closings) -> Vec<Ready> {
        let mut ready = Vec::new();
        if self.unready.is_empty() {
            return ready;
        }
        let n_each = self.layout.day.derived.len() + 1;
        for row in &closings.rows {
            let (position, series) = (row.series as usize / n_each, row.series as usize % n_each);
            if !self.unready.is_done(series) {
                let member = &self.members[position];
                ready.extend(self.unready.take_ready(member, series, row.sequence as usize));
            }
        }
        ready
    }

    fn ready_now(&mut self, at: Timestamp) -> Vec<Ready> {
        let mut ready = Vec::new();
        if self.unready.is_empty() {
            return ready;
        }
        for member in self.members.iter().filter(|member| !member.is_withheld()) {
            for series in 0..member.announced.len() {
                if let Some(last) = member.rows_at(series, at).len().checked_sub(1) {
                    ready.extend(self.unready.take_ready(member, series, last));
                }
            }
        }
        ready
    }
}

/// Yields the rows of a series that can be seen at `at` and were not announced, and marks them.
fn unannounced(
    member: &mut SymbolSession,
    series: usize,
    at: Timestamp,
    mut news: impl FnMut(usize, Timestamp),
) {
    let rows = member.rows_at(series, at);
    let (n_rows, first) = (rows.len(), member.announced[series]);
    for (sequence, &closes_at_ns) in rows.closes_at_ns().iter().enumerate().skip(first) {
        news(sequence, Timestamp::from_nanos(closes_at_ns));
    }
    member.announced[series] = n_rows;
}
