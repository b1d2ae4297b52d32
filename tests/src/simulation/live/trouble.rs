//! The kinds of trouble that a live scenario may have. Each is drawn from numbers of its own, so that
//! a scenario without one of them is otherwise the same: that is how a failing one is made simpler.

use std::fmt;

use crate::simulation::draw::Draw;

/// What may go wrong, or be asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// Bars come after the mark that proves them absent.
    LateRows,
    /// Bars never come, though a mark says that all did.
    Holes,
    /// Bars are said anew with other values.
    Revisions,
    /// Bars are said twice.
    Duplicates,
    /// Bars come ahead of their close.
    EarlyRows,
    /// Rows that are no bars of the session.
    BadRows,
    /// Much of the day is sent again.
    Resent,
    /// The link is down; then what was missed comes from history.
    Outages,
    /// Nothing comes of a topic, and its link is up.
    SilentTopics,
    /// The vendor says that the clocks differ.
    SaidSkew,
    /// Polls fail.
    PollFailures,
    /// The vendor refuses a symbol for good.
    Gone,
    /// A mark lies ahead of the clock.
    MarksAhead,
    /// The exchange halts a symbol.
    Halts,
    /// Feeds that take a while to begin.
    SlowStarts,
    /// Our clock is ahead or behind by a little, all the time.
    OurSkew,
    /// The machine sleeps.
    Sleep,
    /// The clock is set back or ahead, and corrected later.
    Steps,
    /// Single readings of the clock are wild.
    WildReadings,
    /// Symbols come and go.
    Changes,
    /// Intervals and indicators are asked for late.
    Asks,
    /// The run begins at any instant.
    AnyStart,
    /// The process is started again on a later day, or in mid-session.
    Restarts,
    /// A history ends before the sessions of the run do.
    ShortHistory,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Trouble; 24] = [
        Trouble::LateRows,
        Trouble::Holes,
        Trouble::Revisions,
        Trouble::Duplicates,
        Trouble::EarlyRows,
        Trouble::BadRows,
        Trouble::Resent,
        Trouble::Outages,
        Trouble::SilentTopics,
        Trouble::SaidSkew,
        Trouble::PollFailures,
        Trouble::Gone,
        Trouble::MarksAhead,
        Trouble::Halts,
        Trouble::SlowStarts,
        Trouble::OurSkew,
        Trouble::Sleep,
        Trouble::Steps,
        Trouble::WildReadings,
        Trouble::Changes,
        Trouble::Asks,
        Trouble::AnyStart,
        Trouble::Restarts,
        Trouble::ShortHistory,
    ];

    /// The numbers of this kind in the scenario of `seed`, and of its symbol `n`.
    pub fn draw(self, seed: u64, n: usize) -> Draw {
        Draw::new(seed ^ (((self as u64) << 8 | n as u64) + 1).wrapping_mul(0xd6e8_feb8_6659_fd93))
    }
}

/// Kinds of trouble.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Troubles(u32);

impl Troubles {
    /// All of them.
    pub const EVERY: Troubles = Troubles(u32::MAX);

    /// Whether `kind` is among them.
    pub fn has(self, kind: Trouble) -> bool {
        self.0 & (1 << kind as u32) != 0
    }

    /// The same without `kind`.
    pub fn without(self, kind: Trouble) -> Troubles {
        Troubles(self.0 & !(1 << kind as u32))
    }
}

impl fmt::Display for Troubles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = Trouble::ALL.iter().filter(|kind| self.has(**kind));
        let kinds: Vec<String> = kinds.map(|kind| format!("{kind:?}")).collect();
        f.write_str(&kinds.join(" "))
    }
}
