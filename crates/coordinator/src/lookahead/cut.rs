//! Where the future begins in a rerun, and what becomes of it: drawn from a seed.

use std::fmt;

use openbell_time::{Timestamp, TradingDate};

use crate::layout::SessionLayout;

/// What becomes of the rows that close after the cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tamper {
    /// There are none.
    CutOff,
    /// There are others in their place: bars with other prices, none where there was one, one
    /// where there was none, some twice, some off the grid, some that no bar can be.
    Scrambled,
}

impl fmt::Display for Tamper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tamper::CutOff => "cut off",
            Tamper::Scrambled => "scrambled",
        })
    }
}

/// An instant after which the data of a rerun are tampered with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cut {
    /// What it was drawn from: a check of one cut with this seed draws it again.
    pub seed: u64,
    /// The session that it lies in.
    pub session: TradingDate,
    /// The last instant of which the rerun must know all, and of nothing later.
    pub at: Timestamp,
    /// What becomes of the rest.
    pub tamper: Tamper,
}

/// Numbers out of a seed, each well mixed.
#[derive(Clone, Copy)]
pub(super) struct Draw(pub(super) u64);

impl Draw {
    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `n`, which is not 0.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// Of so many cuts one lies anywhere and one at the first instant, where the whole day is still to
/// come; the others where a bar may close.
const KINDS: u64 = 8;

/// The session, of `n_sessions`, that the cut of `seed` lies in.
pub(super) fn drawn_session(seed: u64, n_sessions: usize) -> usize {
    Draw(seed).below(n_sessions as u64) as usize
}

/// What becomes of the future in the cut of `seed`.
pub(super) fn drawn_tamper(seed: u64) -> Tamper {
    drawn_tamper_of(&mut Draw(!seed))
}

fn drawn_tamper_of(draw: &mut Draw) -> Tamper {
    if draw.below(2) == 0 { Tamper::CutOff } else { Tamper::Scrambled }
}

/// The cut of `seed` in the session of `layout`.
pub(super) fn drawn(seed: u64, layout: &SessionLayout) -> Cut {
    let mut draw = Draw(!seed);
    let tamper = drawn_tamper_of(&mut draw);
    let (since, until) = (layout.clock_since, layout.clock_until);
    let at = match draw.below(KINDS) {
        0 => {
            let length_ns = (until - since).as_nanos() as u64;
            Timestamp::from_nanos(since.as_nanos() + draw.below(length_ns.max(1)) as i64)
        }
        1 => since,
        _ => {
            let slot = draw.below(layout.delivered.n_slots() as u64) as usize;
            layout.delivered.slot(slot).map_or(until, |slot| slot.until)
        }
    };
    Cut { seed, session: layout.session.date, at, tamper }
}
