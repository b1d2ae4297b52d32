//! What consumers are notified of, and when: bars after their publication, indicators that have
//! become ready, calls by the clock, answers.
//!
//! Hot path, as far as bars go: no allocation after warm-up, no lock, no text.

use std::collections::BTreeSet;
use std::sync::Arc;

use openbell_market::Symbol;
use openbell_time::{Calendar, Timestamp};

use super::core::Core;
use super::session::{Flow, RunningSession};
use crate::consumers::closings::{ClosedRow, Closings};
use crate::consumers::consumer::{CallWindow, Ready, Resumed, Skipped};
use crate::consumers::desk::Arrival;
use crate::consumers::notice::Notice;
use crate::consumers::{Audience, Call};
use crate::error::RunError;
use crate::layout::SessionLayout;

/// Whether consumers are told that the gate is open again where they have missed nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum EvenIfEmpty {
    Yes,
    /// They are told that the session has started.
    No,
}

impl RunningSession {
    /// Notifies every consumer.
    pub(super) fn notify(&self, core: &mut Core, notice: &Notice) -> Result<(), RunError> {
        self.notify_to(core, Audience::Everyone, notice)
    }

    pub(super) fn notify_to(
        &self,
        core: &mut Core,
        audience: Audience,
        notice: &Notice,
    ) -> Result<(), RunError> {
        let at = core.clock.now();
        let call = Call {
            reader: &mut core.reader,
            session: self.layout.session,
            at,
            epoch: core.board.epoch(),
            events: &mut core.record.events,
            operations: &mut core.record.operations,
            source: core.source.as_mut(),
            kept: &core.kept,
            rule: &core.rule,
            matching: core.trading.as_mut().map(|trading| trading.matching.as_mut()),
            arrival: match self.flow {
                Flow::Replay(_) => Arrival::Complete,
                Flow::Live(_) => Arrival::Live,
            },
        };
        let outcome = core.consumers.notify(call, audience, notice);
        outcome.map_err(|stops| RunError::Consumer { consumer: stops.consumer, at, why: stops.why })
    }

    /// Notifies consumers of what has closed at `instant` of a replay: the base bars `closed`, in
    /// symbol order, then derived ones, shortest interval first, in symbol order.
    pub(super) fn notify_closed_at(
        &mut self,
        core: &mut Core,
        instant: Timestamp,
        mut closed: Vec<ClosedRow>,
    ) -> Result<(), RunError> {
        if !core.consumers.wants_bars() {
            return Ok(());
        }
        let n_series = self.progress.n_series();
        if let Flow::Replay(replay) = &mut self.flow {
            for (agenda, series) in replay.derived.iter_mut().zip(1..) {
                agenda.take(instant.as_nanos());
                for position in agenda.taken() {
                    let sequence = self.progress.notify_next(series, position);
                    closed.push(ClosedRow::new(position * n_series + series, sequence, instant));
                }
            }
        }
        self.notify_closed(core, closed)
    }

    /// Notifies consumers of every row that they have missed of the members that `is_meant` names,
    /// without the gate having been shut: a newcomer whose backlog was no lag, or what arrived
    /// live.
    pub(super) fn notify_missed(
        &mut self,
        core: &mut Core,
        is_meant: impl Fn(&RunningSession, usize) -> bool,
    ) -> Result<(), RunError> {
        if !core.consumers.wants_bars() {
            return Ok(());
        }
        let at = core.clock.now();
        let n_series = self.progress.n_series();
        let mut missed = core.consumers.blank_rows();
        for position in 0..self.members.len() {
            if !is_meant(self, position) {
                continue;
            }
            for series in 0..n_series {
                let rows = self.members[position].rows_at(series, at);
                let n_notified = self.progress.n_notified(series, position);
                let closes = rows.closes_at_ns().iter().enumerate().skip(n_notified);
                missed.extend(closes.map(|(sequence, &closes_at_ns)| {
                    let closes_at = Timestamp::from_nanos(closes_at_ns);
                    ClosedRow::new(position * n_series + series, sequence, closes_at)
                }));
                self.progress.notify_through(series, position, rows.len());
            }
        }
        // By close, then interval, then symbol; the place says the latter two.
        missed.sort_unstable_by_key(|row| {
            let place = row.series as usize;
            (row.closes_at, place % n_series, place / n_series, row.sequence)
        });
        self.notify_closed(core, missed)
    }

    fn notify_closed(&mut self, core: &mut Core, rows: Vec<ClosedRow>) -> Result<(), RunError> {
        if rows.is_empty() {
            core.consumers.keep_room(rows);
            return Ok(());
        }
        let closings = core.consumers.closings(rows);
        let ready = self.ready_among(&closings);
        if !ready.is_empty() {
            self.notify(core, &Notice::Ready(Arc::new(ready)))?;
        }
        self.notify(core, &Notice::Bars(closings))
    }

    /// One `Resumed` with the ranges of all that consumers have missed of the members that
    /// `is_meant` names.
    pub(super) fn notify_resumed(
        &mut self,
        core: &mut Core,
        is_meant: impl Fn(&RunningSession, usize) -> bool,
        even_if_empty: EvenIfEmpty,
    ) -> Result<(), RunError> {
        let at = core.clock.now();
        let mut skipped = Vec::new();
        for position in 0..self.members.len() {
            if !is_meant(self, position) {
                continue;
            }
            for series in 0..self.progress.n_series() {
                let member = &self.members[position];
                let rows = member.rows_at(series, at);
                let n_rows = rows.len();
                let first = self.progress.n_notified(series, position);
                let Some(segment) = rows.segment().filter(|_| n_rows > first) else { continue };
                let interval = segment.shape().interval;
                let (symbol, generation) = (member.run.symbol.clone(), member.run.generation);
                skipped.push(Skipped { symbol, interval, generation, first, last: n_rows - 1 });
                self.progress.notify_through(series, position, n_rows);
            }
        }
        if skipped.is_empty() && even_if_empty == EvenIfEmpty::No {
            return Ok(());
        }
        let resumed = Resumed { epoch: core.board.epoch(), at, skipped };
        self.notify(core, &Notice::Resumed(Arc::new(resumed)))
    }

    /// Notifies consumers of those that have left and of those that have joined.
    pub(super) fn notify_membership(
        &mut self,
        core: &mut Core,
        joined: &[Symbol],
    ) -> Result<(), RunError> {
        for symbol in std::mem::take(&mut self.left_unnotified) {
            self.notify(core, &Notice::Left(symbol))?;
        }
        for symbol in joined {
            self.notify(core, &Notice::Joined(symbol.clone()))?;
        }
        Ok(())
    }

    /// Notifies consumers of the series whose indicators have values by now, bars announced or not.
    pub(super) fn notify_ready(&mut self, core: &mut Core) -> Result<(), RunError> {
        let ready = self.ready_by(core.clock.now());
        if ready.is_empty() {
            return Ok(());
        }
        self.notify(core, &Notice::Ready(Arc::new(ready)))
    }

    /// Calls those whose time it is, in order of registration. Where the gate is shut they wait
    /// for it, and are then called once.
    pub(super) fn call_scheduled(&mut self, core: &mut Core) -> Result<(), RunError> {
        let clock = core.clock.now();
        let n_due = self.calls.partition_point(|&(at, _)| at <= clock);
        if n_due == 0 || !core.board.is_active() {
            return Ok(());
        }
        let due: BTreeSet<usize> = self.calls.drain(..n_due).map(|(_, place)| place).collect();
        for place in due {
            self.notify_to(core, Audience::Only(place), &Notice::Scheduled)?;
        }
        Ok(())
    }

    /// Notifies consumers of what became of what they asked for.
    pub(super) fn notify_answers(&self, core: &mut Core) -> Result<(), RunError> {
        for (place, command, answer) in std::mem::take(&mut core.consumers.answered) {
            let notice = Notice::Answered(Arc::new((command, answer)));
            self.notify_to(core, Audience::Only(place), &notice)?;
        }
        Ok(())
    }

    /// Lays out the calls by the clock of this session.
    pub(super) fn lay_calls(&mut self, core: &Core) {
        let mut calls = Vec::new();
        for (place, window) in core.consumers.windows() {
            let instants = instants_of(window, &self.layout, &core.rule.calendar);
            calls.extend(instants.into_iter().map(|at| (at, place)));
        }
        calls.sort_unstable();
        calls.dedup();
        self.calls = calls;
    }

    /// Nobody wanted bars until now: what the session has shown is not announced afterwards.
    pub(super) fn begin_notifying(&mut self, clock: Timestamp) {
        for (position, member) in self.members.iter().enumerate() {
            for series in 0..self.progress.n_series() {
                let n_rows = member.rows_at(series, clock).len();
                self.progress.notify_through(series, position, n_rows);
            }
        }
        if let Flow::Replay(replay) = &mut self.flow {
            replay.lay_derived(&self.layout, &self.members, clock); // It stood still meanwhile.
        }
    }

    /// The series among `closings` whose indicators have values as of their bar, which they had
    /// not before.
    fn ready_among(&mut self, closings: &Closings) -> Vec<Ready> {
        let mut ready = Vec::new();
        if self.readiness.is_empty() {
            return ready;
        }
        let n_series = self.progress.n_series();
        for row in &closings.rows {
            let position = row.series as usize / n_series;
            let series = row.series as usize % n_series;
            if !self.readiness.is_done(series) {
                let member = &self.members[position];
                ready.extend(self.readiness.take_ready(member, series, row.sequence as usize));
            }
        }
        ready
    }

    /// The series whose indicators have values as of `clock`, which they had not before.
    fn ready_by(&mut self, clock: Timestamp) -> Vec<Ready> {
        let mut ready = Vec::new();
        if self.readiness.is_empty() {
            return ready;
        }
        for (position, member) in self.members.iter().enumerate() {
            if self.gate.is_feed_behind(position) {
                continue;
            }
            for series in 0..self.progress.n_series() {
                if let Some(last) = member.rows_at(series, clock).len().checked_sub(1) {
                    ready.extend(self.readiness.take_ready(member, series, last));
                }
            }
        }
        ready
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
