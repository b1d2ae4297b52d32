//! Where the bars of a session stand, and which of them are there.

use openbell_market::{BarInterval, Gap};
use openbell_time::{Session, Timestamp};

/// The bars that one session (for 1w: one week) holds when it is full.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    /// The open of each bar, ascending.
    pub(crate) opens_ns: Vec<i64>,
    /// The close of each bar.
    closes_ns: Vec<i64>,
}

impl Grid {
    /// The grid of `session`: anchored at the start of each of its parts, cut at their ends. A day
    /// is one bar from open to close.
    pub(crate) fn of_session(session: &Session, interval: BarInterval) -> Grid {
        let mut grid = Grid { opens_ns: Vec::new(), closes_ns: Vec::new() };
        let Some(clock) = interval.clock() else {
            grid.push(session.open, session.close);
            return grid;
        };
        for part in session.parts() {
            let mut opens_at = part.since;
            while opens_at < part.until {
                let closes_at = (opens_at + clock.length()).min(part.until);
                grid.push(opens_at, closes_at);
                opens_at = closes_at;
            }
        }
        grid
    }

    fn push(&mut self, opens_at: Timestamp, closes_at: Timestamp) {
        self.opens_ns.push(opens_at.as_nanos());
        self.closes_ns.push(closes_at.as_nanos());
    }

    /// How many of its bars are among `stamps_ns`, which are ascending, and the gaps between them.
    pub(crate) fn compare(&self, stamps_ns: &[i64]) -> (u32, Vec<Gap>) {
        let mut n_present = 0;
        let mut gaps: Vec<Gap> = Vec::new();
        let mut is_gap_open = false;
        let mut next = 0;
        for (opens_ns, closes_ns) in self.opens_ns.iter().zip(&self.closes_ns) {
            next += stamps_ns[next..].partition_point(|ns| ns < opens_ns);
            if stamps_ns.get(next) == Some(opens_ns) {
                n_present += 1;
                is_gap_open = false;
                continue;
            }
            let until = Timestamp::from_nanos(*closes_ns);
            match gaps.last_mut() {
                Some(gap) if is_gap_open => {
                    gap.until = until;
                    gap.n_bars += 1;
                }
                _ => gaps.push(Gap { since: Timestamp::from_nanos(*opens_ns), until, n_bars: 1 }),
            }
            is_gap_open = true;
        }
        (n_present, gaps)
    }

    /// Bars that it holds when full.
    pub(crate) fn n_bars(&self) -> u32 {
        u32::try_from(self.opens_ns.len()).unwrap_or(u32::MAX)
    }
}
