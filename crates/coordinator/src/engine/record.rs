//! What a run has come to: its logs, its digests, its counts.

use std::collections::BTreeMap;

use openbell_market::{BarInterval, Symbol};
use openbell_time::{Nanos, Timestamp, TradingDate};

use super::emitted::{Emitted, OfConsumer};
use super::trace::trace;
use crate::consumers::report::ConsumerReport;
use crate::control::command::StepAt;
use crate::control::event::{Event, Operation};
use crate::control::signal::Signal;
use crate::control::status::Phase;
use crate::digest::{Digest, DigestParts, Digests, RunDigest, Sequence};
use crate::error::RunFailure;
use crate::report::{Interrupted, Report, SessionReport};
use crate::saved;

/// What a run has come to.
pub(super) struct Record {
    pub(super) events: Vec<Event>,
    pub(super) operations: Vec<Operation>,
    pub(super) digest: RunDigest,
    pub(super) sequence: Sequence,
    pub(super) digests: Digests,
    pub(super) sessions: Vec<SessionReport>,
    pub(super) n_sessions_closed: usize,
    /// The session that was open when the run was stopped.
    pub(super) interrupted: Option<Interrupted>,
    pub(super) failure: Option<RunFailure>,
    pub(super) n_steps: u64,
    /// A step, and how many commands were taken after it.
    taken_after: (u64, u32),
    pub(super) n_bars: u64,
    pub(super) n_derived: u64,
    /// Events that were drained.
    n_drained: u64,
    /// Events whose log line is written, and that are in the digests of consumers.
    n_traced: usize,
    /// What consumers have emitted by then.
    emitted: Emitted,
    /// Operations that whoever asks why is told of.
    n_operations_told: usize,
    /// The session that they are of.
    traced_session: Option<TradingDate>,
}

/// What a checkpoint keeps of what the run has come to.
pub(super) struct RecordPart {
    digest: RunDigest,
    sequence: Sequence,
    digests: Digests,
    n_sessions_closed: usize,
    n_steps: u64,
    taken_after: (u64, u32),
    n_bars: u64,
    n_derived: u64,
    n_events: u64,
    emitted: BTreeMap<String, OfConsumer>,
}
saved!(struct RecordPart {
    digest, sequence, digests, n_sessions_closed, n_steps, taken_after, n_bars, n_derived, n_events,
    emitted,
});

impl Record {
    pub(super) fn new() -> Record {
        Record {
            events: Vec::new(),
            operations: Vec::new(),
            digest: RunDigest::new(),
            sequence: Sequence::new(),
            digests: Digests::default(),
            sessions: Vec::new(),
            n_sessions_closed: 0,
            interrupted: None,
            failure: None,
            n_steps: 0,
            taken_after: (0, 0),
            n_bars: 0,
            n_derived: 0,
            n_drained: 0,
            n_traced: 0,
            emitted: Emitted::default(),
            n_operations_told: 0,
            traced_session: None,
        }
    }

    /// What a checkpoint keeps of it, the events before it among it.
    pub(super) fn part(&self) -> RecordPart {
        let mut emitted = self.emitted.clone();
        emitted.take_in(&self.events[self.n_traced..]);
        RecordPart {
            digest: self.digest,
            sequence: self.sequence.clone(),
            digests: self.digests.clone(),
            n_sessions_closed: self.n_sessions_closed,
            n_steps: self.n_steps,
            taken_after: self.taken_after,
            n_bars: self.n_bars,
            n_derived: self.n_derived,
            n_events: self.n_events(),
            emitted: emitted.of_consumers(),
        }
    }

    /// Goes on from a checkpoint of `session`: what was before stands elsewhere.
    pub(super) fn restore(&mut self, part: RecordPart, session: TradingDate) {
        *self = Record {
            digest: part.digest,
            sequence: part.sequence,
            digests: part.digests,
            n_sessions_closed: part.n_sessions_closed,
            n_steps: part.n_steps,
            taken_after: part.taken_after,
            n_bars: part.n_bars,
            n_derived: part.n_derived,
            n_drained: part.n_events,
            emitted: Emitted::of(part.emitted),
            traced_session: Some(session),
            ..Record::new()
        };
    }

    /// Writes the log lines of the events that are new, of the run that is called `name`, and takes them
    /// into the digests of consumers.
    pub(super) fn trace(&mut self, name: &str) {
        if self.n_traced < self.events.len() {
            self.emitted.take_in(&self.events[self.n_traced..]);
            trace(name, &mut self.traced_session, &self.events[self.n_traced..]);
            self.n_traced = self.events.len();
        }
    }

    /// The events whose log line is not written yet, and the operations that came since this was asked
    /// last.
    pub(super) fn untold(&mut self) -> (&[Event], &[Operation]) {
        let n_told = std::mem::replace(&mut self.n_operations_told, self.operations.len());
        let operations = self.operations.get(n_told..).unwrap_or_default();
        (&self.events[self.n_traced.min(self.events.len())..], operations)
    }

    /// The digest of the run so far, in its parts.
    pub(super) fn digest_so_far(&self) -> DigestParts {
        self.digest.parts(&self.sequence)
    }

    /// How many entries the event log has so far, drained ones among them.
    pub(super) fn n_events(&self) -> u64 {
        self.n_drained + self.events.len() as u64
    }

    /// The events so far, which are kept no longer.
    pub(super) fn drain_events(&mut self) -> Vec<Event> {
        self.emitted.take_in(&self.events[self.n_traced..]);
        self.n_traced = 0;
        self.n_drained += self.events.len() as u64;
        std::mem::take(&mut self.events)
    }

    /// The operations so far, which are kept no longer.
    pub(super) fn drain_operations(&mut self) -> Vec<Operation> {
        self.n_operations_told = 0;
        std::mem::take(&mut self.operations)
    }

    /// The place in the run at which the next command is taken.
    pub(super) fn step_at(&self, clock: Timestamp, session: TradingDate) -> StepAt {
        let (step, n_taken) = self.taken_after;
        let order = if step == self.n_steps { n_taken } else { 0 };
        StepAt { step: self.n_steps, order, clock, session }
    }

    /// A command of the session was taken there.
    pub(super) fn count_taken(&mut self, taken: StepAt) {
        self.taken_after = (taken.step, taken.order + 1);
    }

    /// The run so far, with `sessions` of it.
    pub(super) fn report(
        &self,
        phase: Phase,
        base: BarInterval,
        sessions: Vec<SessionReport>,
        mut consumers: Vec<ConsumerReport>,
        digests: Vec<(Symbol, Digest)>,
        overrun: Nanos,
    ) -> Report {
        let interrupted = self.interrupted.clone();
        let mut emitted = self.emitted.clone();
        emitted.take_in(&self.events[self.n_traced..]); // Of a step that is not over.
        for consumer in &mut consumers {
            consumer.digest = emitted.digest(&consumer.name);
        }
        let digest_parts = self.digest_so_far();
        let n_derived = interrupted.as_ref().map_or(0, |open| open.session.n_derived());
        Report {
            phase,
            failure: self.failure.clone(),
            base,
            sessions,
            interrupted,
            consumers,
            signals: self.events.iter().filter_map(signalled).collect(),
            digests,
            digest: digest_parts.whole(),
            digest_parts,
            n_bars: self.n_bars,
            n_derived: self.n_derived + n_derived,
            n_steps: self.n_steps,
            overrun,
        }
    }
}

fn signalled(event: &Event) -> Option<(Timestamp, Signal)> {
    match event {
        Event::Signalled { at, signal } => Some((*at, signal.clone())),
        _ => None,
    }
}
