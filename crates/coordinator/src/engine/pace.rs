//! How fast the session clock may go: it decides only about waiting, and so about no digest.

use openbell_time::{Nanos, Timestamp};

use crate::control::command::{Answer, PaceCommand, Refusal};

/// The pace of a run.
pub(super) struct Pace {
    /// 0 as fast as possible, N times real time.
    speed: f64,
    /// Where wall and session clock stood together: at the open, a resume, a change of speed.
    anchor: Option<Anchor>,
    /// The last reading of the wall clock.
    last_wall: Option<Timestamp>,
    is_paused: bool,
    /// Instants that a paused run may still visit.
    n_single: u32,
    /// The last instant that may be visited, after a command to run until then.
    until: Option<Timestamp>,
    worst_overrun: Nanos,
}

#[derive(Clone, Copy)]
struct Anchor {
    wall: Timestamp,
    clock: Timestamp,
}

/// Whether an instant may be visited.
pub(super) enum Admission {
    /// It may.
    Now,
    /// Not before that instant of the wall clock.
    NotBefore(Timestamp),
    /// Not while paused.
    Paused,
}

impl Pace {
    pub(super) fn new(speed: f64) -> Pace {
        Pace {
            speed,
            anchor: None,
            last_wall: None,
            is_paused: false,
            n_single: 0,
            until: None,
            worst_overrun: Nanos::ZERO,
        }
    }

    pub(super) fn is_paused(&self) -> bool {
        self.is_paused
    }

    pub(super) fn worst_overrun(&self) -> Nanos {
        self.worst_overrun
    }

    /// Both clocks stand together from here on.
    pub(super) fn anchor(&mut self, wall: Timestamp, clock: Timestamp) {
        self.anchor = Some(Anchor { wall, clock });
        self.last_wall = Some(wall);
    }

    /// The wall clock stands at `wall`. Where that lies before its last reading it was set back, and
    /// the anchor with it: what was waited for stays as far away as it was.
    fn read(&mut self, wall: Timestamp) {
        if let (Some(anchor), Some(last)) = (&mut self.anchor, self.last_wall)
            && wall < last
        {
            anchor.wall = anchor.wall - (last - wall);
        }
        self.last_wall = Some(wall);
    }

    /// Takes a command: the session clock stands at `clock`, the wall clock at `wall`.
    pub(super) fn take(
        &mut self,
        command: PaceCommand,
        wall: Timestamp,
        clock: Timestamp,
    ) -> Answer {
        let refusal = match command {
            PaceCommand::Pause => self.is_paused.then_some(Refusal::AlreadyPaused),
            PaceCommand::Resume | PaceCommand::Step => {
                (!self.is_paused).then_some(Refusal::NotPaused)
            }
            PaceCommand::RunUntil { until } => {
                (until <= clock).then_some(Refusal::NotAhead { clock })
            }
            PaceCommand::ChangeSpeed { multiplier } => {
                let is_speed = multiplier.is_finite() && multiplier >= 0.0;
                (!is_speed).then_some(Refusal::BadSpeed)
            }
        };
        if let Some(refusal) = refusal {
            return Answer::Refused(refusal);
        }
        match command {
            PaceCommand::Pause => self.pause(),
            PaceCommand::Resume => self.resume(wall, clock),
            PaceCommand::Step => self.n_single += 1,
            PaceCommand::RunUntil { until } => {
                self.resume(wall, clock);
                self.until = Some(until);
            }
            PaceCommand::ChangeSpeed { multiplier } => {
                self.speed = multiplier;
                self.anchor(wall, clock);
            }
        }
        Answer::Done
    }

    fn pause(&mut self) {
        self.is_paused = true;
        self.until = None;
    }

    fn resume(&mut self, wall: Timestamp, clock: Timestamp) {
        self.is_paused = false;
        self.n_single = 0; // A step that was not taken by now is no step into the next pause.
        self.until = None;
        self.anchor(wall, clock);
    }

    /// Whether `instant` may be visited when the wall clock stands at `wall`.
    pub(super) fn admits(&mut self, instant: Timestamp, wall: Timestamp) -> Admission {
        self.read(wall);
        if self.until.is_some_and(|until| instant > until) {
            self.pause();
        }
        if self.is_paused {
            if self.n_single == 0 {
                return Admission::Paused;
            }
            self.n_single -= 1; // A single step is taken at once, whatever the pace.
            return Admission::Now;
        }
        let Some(due) = self.due(instant) else { return Admission::Now };
        if wall < due {
            return Admission::NotBefore(due);
        }
        self.worst_overrun = self.worst_overrun.max(wall - due);
        Admission::Now
    }

    /// Whether the session may be closed when its last instant, at `clock`, was visited: a run that
    /// is paused there stands there, with the gate open, and a single step goes over the close.
    pub(super) fn admits_close(&mut self, clock: Timestamp, next_open: Option<Timestamp>) -> bool {
        let stands_here = |until: Timestamp| until <= clock || next_open.is_some_and(|n| until < n);
        if self.until.is_some_and(stands_here) {
            self.pause();
        }
        if !self.is_paused {
            return true;
        }
        let may = self.n_single > 0;
        self.n_single -= u32::from(may);
        may
    }

    /// The instant of the wall clock at which `instant` is due; `None` where it is at once.
    fn due(&self, instant: Timestamp) -> Option<Timestamp> {
        let anchor = self.anchor.filter(|_| self.speed > 0.0)?;
        let session_ns = (instant - anchor.clock).as_nanos() as f64;
        Some(anchor.wall + Nanos::from_nanos((session_ns / self.speed) as i64))
    }
}
