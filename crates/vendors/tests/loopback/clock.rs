//! The machine's clock, faster: what takes a vendor half a minute takes a test some seconds.

use openbell_time::{Nanos, SystemWall, Timestamp, WaitEnd, WallClock};

/// A clock that stood at the machine's time when it was made and goes faster since then.
pub struct Fast {
    wall: SystemWall,
    start: Timestamp,
    times: i64,
}

impl Fast {
    /// One that goes `times` as fast.
    pub fn new(times: i64) -> Fast {
        let wall = SystemWall::new();
        let start = wall.now();
        Fast { wall, start, times }
    }

    /// Another one that shows the same time: each has one waiter.
    pub fn twin(&self) -> Fast {
        let twin = Fast::new(self.times);
        Fast { start: self.now(), ..twin }
    }
}

impl WallClock for Fast {
    fn now(&self) -> Timestamp {
        self.start + Nanos::from_nanos(self.wall.passed().as_nanos() * self.times)
    }

    fn wait_until(&self, instant: Timestamp) -> WaitEnd {
        let left_ns = instant.as_nanos().saturating_sub(self.now().as_nanos()) / self.times;
        let left = Nanos::from_nanos(left_ns).min(Nanos::from_secs(60)); // No wait of a test is longer.
        self.wall.wait_until(self.wall.now() + left)
    }

    fn wake(&self) {
        self.wall.wake();
    }
}
