//! How often something may happen, and how often it did.

use std::collections::VecDeque;

use openbell_time::{Nanos, Timestamp};

/// At most so many in any stretch of a length.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    most: usize,
    length: Nanos,
    times: VecDeque<Timestamp>,
}

impl Window {
    pub(crate) fn new(most: usize, length: Nanos) -> Window {
        Window { most, length, times: VecDeque::new() }
    }

    /// Counts one more, and says whether it is within the limit.
    pub(crate) fn allows(&mut self, now: Timestamp) -> bool {
        while self.times.front().is_some_and(|&first| first + self.length <= now) {
            self.times.pop_front();
        }
        self.times.push_back(now);
        self.times.len() <= self.most
    }
}

/// What a client did at the exchange, and what it was refused.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Connections that were asked for.
    pub connects: u64,
    /// Messages and pongs that were heard.
    pub heard: u64,
    /// Requests.
    pub requests: u64,
    /// Frames that were sent.
    pub sent: u64,
    /// Connects, messages and requests beyond a limit.
    pub over_limit: u64,
    /// Connects that were refused because another one has the place: no limit is exceeded by asking
    /// whether it is free again.
    pub taken: u64,
    /// Bans: for each, the client had gone on beyond a limit.
    pub bans: u64,
}
