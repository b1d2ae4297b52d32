//! One way to a vendor's stream: connecting, greeted, up, down until the next attempt.
//!
//! Not here: what is subscribed over it ([`crate::live::Vendor`]).

use std::sync::Arc;

use openbell_time::{Nanos, Timestamp};

use crate::feed::{DownCause, Link};
use crate::live::pace::{Backoff, Jitter, Life};
use crate::live::{CloseCause, LineId, VendorTraits};

/// Until a connection stands, and until it is greeted and logged in.
const CONNECT: Nanos = Nanos::from_secs(10);
const GREET: Nanos = Nanos::from_secs(10);
/// A vendor in maintenance, and one whose place is taken, are tried again so.
const REFUSED_WAIT: Nanos = Nanos::from_secs(30);
const TAKEN_WAIT: Nanos = Nanos::from_secs(12);
/// A place that is taken for longer is somebody else's.
const TAKEN_LIMIT: Nanos = Nanos::from_secs(120);
const FORBIDDEN_WAIT: Nanos = Nanos::from_secs(300);
/// So many messages in a minute that cannot be read end a line.
const N_UNDECODABLE: usize = 3;
const MINUTE: Nanos = Nanos::from_secs(60);

/// What is due of a line.
#[must_use]
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum LineDue {
    Nothing,
    Open,
    Ping(LineId),
    /// It has lived as long as the vendor lets it.
    Rotate,
    Over(CloseCause),
}

#[derive(Clone, PartialEq, Debug)]
enum State {
    /// Not connected, and not to be before an instant.
    Down {
        next_try: Timestamp,
    },
    Connecting {
        id: LineId,
        by: Timestamp,
    },
    Greeting {
        id: LineId,
        by: Timestamp,
    },
    Up {
        id: LineId,
        rotate_at: Timestamp,
    },
}

/// One way to a vendor's stream, over all its attempts.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    state: State,
    backoff: Backoff,
    opened_at: Timestamp,
    heard_at: Timestamp,
    pinged_at: Timestamp,
    has_delivered: bool,
    undecodable: Vec<Timestamp>,
    taken_since: Option<Timestamp>,
}

impl Line {
    pub(crate) fn new(now: Timestamp) -> Line {
        Line {
            state: State::Down { next_try: now },
            backoff: Backoff::default(),
            opened_at: now,
            heard_at: now,
            pinged_at: now,
            has_delivered: false,
            undecodable: Vec::new(),
            taken_since: None,
        }
    }

    pub(crate) fn id(&self) -> Option<LineId> {
        match self.state {
            State::Down { .. } => None,
            State::Connecting { id, .. } | State::Greeting { id, .. } | State::Up { id, .. } => {
                Some(id)
            }
        }
    }

    /// The line where subscriptions may be sent over it.
    pub(crate) fn up(&self) -> Option<LineId> {
        match self.state {
            State::Up { id, .. } => Some(id),
            _ => None,
        }
    }

    pub(crate) fn connect(&mut self, id: LineId, now: Timestamp) {
        (self.opened_at, self.has_delivered) = (now, false);
        self.undecodable.clear();
        self.state = State::Connecting { id, by: now + CONNECT };
    }

    pub(crate) fn opened(&mut self, now: Timestamp) {
        if let State::Connecting { id, .. } = self.state {
            (self.opened_at, self.heard_at, self.pinged_at) = (now, now, now);
            self.state = State::Greeting { id, by: now + GREET };
        }
    }

    pub(crate) fn ready(&mut self, now: Timestamp, traits: &VendorTraits, jitter: &mut Jitter) {
        if let State::Greeting { id, .. } = self.state {
            self.taken_since = None;
            let rotate_at = match traits.lifetime {
                Some(lifetime) => now + jitter.around(lifetime, 98, 100),
                None => Timestamp::MAX,
            };
            self.state = State::Up { id, rotate_at };
        }
    }

    pub(crate) fn heard(&mut self, now: Timestamp) {
        self.heard_at = self.heard_at.max(now);
    }

    pub(crate) fn delivered(&mut self) {
        self.has_delivered = true;
    }

    /// Something came that cannot be read; whether that is enough.
    pub(crate) fn is_noise(&mut self, now: Timestamp) -> bool {
        self.undecodable.retain(|&at| now - at < MINUTE);
        self.undecodable.push(now);
        self.undecodable.len() >= N_UNDECODABLE
    }

    /// It is to be made anew at once: the one before lives on meanwhile, or has just been left.
    pub(crate) fn renew(&mut self, now: Timestamp) {
        self.state = State::Down { next_try: now };
    }

    /// It is over: what is to be said of it, and when it is tried again.
    pub(crate) fn over(&mut self, why: &CloseCause, now: Timestamp, jitter: &mut Jitter) -> Link {
        let was_open = !matches!(self.state, State::Connecting { .. } | State::Down { .. });
        let length = if was_open { now - self.opened_at } else { Nanos::ZERO };
        let life = Life { length, has_delivered: self.has_delivered };
        let wait = match why {
            CloseCause::Leaving | CloseCause::Unneeded => Nanos::ZERO,
            CloseCause::Broken(_) | CloseCause::Silent(_) => self.backoff.wait(life, jitter),
            CloseCause::Taken(_) => jitter.around(TAKEN_WAIT, 85, 125),
            CloseCause::Refused(_) => jitter.around(REFUSED_WAIT, 100, 150),
            CloseCause::Forbidden(_) => FORBIDDEN_WAIT,
        };
        let next_try = now + wait;
        self.state = State::Down { next_try };
        let next = Some(next_try);
        match why {
            CloseCause::Silent(_) => {
                Link::Down { since: self.heard_at, why: DownCause::Silent, next_try: next }
            }
            CloseCause::Broken(said) => broken(now, Arc::clone(said), next),
            CloseCause::Leaving | CloseCause::Unneeded => {
                broken(now, "the line is made anew".into(), next)
            }
            CloseCause::Taken(said) => {
                let since = *self.taken_since.get_or_insert(now);
                let said = if now - since > TAKEN_LIMIT {
                    format!("another program uses this key: {said}").into()
                } else {
                    Arc::clone(said)
                };
                Link::Down { since: now, why: DownCause::Refused(said), next_try: next }
            }
            CloseCause::Refused(said) => {
                Link::Down { since: now, why: DownCause::Refused(Arc::clone(said)), next_try: next }
            }
            CloseCause::Forbidden(said) => Link::Gone { why: Arc::clone(said) },
        }
    }

    /// What is due.
    pub(crate) fn due(&mut self, now: Timestamp, traits: &VendorTraits) -> LineDue {
        match self.state {
            State::Down { next_try } if next_try <= now => LineDue::Open,
            State::Connecting { by, .. } if by <= now => {
                LineDue::Over(CloseCause::Broken("no connection within 10 s".into()))
            }
            State::Greeting { by, .. } if by <= now => {
                LineDue::Over(CloseCause::Silent("no greeting within 10 s".into()))
            }
            State::Greeting { id, .. } | State::Up { id, .. } => {
                if now - self.heard_at > traits.silent_after {
                    return LineDue::Over(CloseCause::Silent(Arc::from(format!(
                        "nothing is heard for {} s",
                        traits.silent_after.as_secs()
                    ))));
                }
                if traits.ping_each.is_some_and(|each| now - self.pinged_at >= each) {
                    self.pinged_at = now;
                    return LineDue::Ping(id);
                }
                match self.state {
                    State::Up { rotate_at, .. } if rotate_at <= now => LineDue::Rotate,
                    _ => LineDue::Nothing,
                }
            }
            State::Down { .. } | State::Connecting { .. } => LineDue::Nothing,
        }
    }

    pub(crate) fn next_due(&self, traits: &VendorTraits) -> Timestamp {
        let by = match self.state {
            State::Down { next_try } => return next_try,
            State::Connecting { by, .. } => return by,
            State::Greeting { by, .. } => by,
            State::Up { rotate_at, .. } => rotate_at,
        };
        let silent_at = self.heard_at + traits.silent_after + Nanos::from_nanos(1);
        let ping_at = traits.ping_each.map_or(Timestamp::MAX, |each| self.pinged_at + each);
        by.min(silent_at).min(ping_at)
    }

    /// Attempts in a row that came to nothing.
    pub(crate) fn n_failed(&self) -> u32 {
        self.backoff.n_failed()
    }
}

fn broken(since: Timestamp, said: Arc<str>, next_try: Option<Timestamp>) -> Link {
    Link::Down { since, why: DownCause::Broken(said), next_try }
}
