//! What is taken for granted of a vendor, and whether it holds: questions to its history, and a
//! protocol that is watched while it is at work. Whoever has a network runs both.
//!
//! Not here: sockets, the wall clock, what is printed.

mod requests;
mod watched;

pub use requests::{Question, questions};
pub use watched::{Watch, Watched};

/// Something that is taken for granted, and what was found of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    /// What is taken for granted.
    pub assumption: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
}

/// Whether an assumption holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It does, by what was seen.
    Held,
    /// It does not: please report what was found.
    NotHeld,
    /// Nothing that was seen speaks of it.
    NotSeen,
}

impl Verdict {
    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Held => "held",
            Verdict::NotHeld => "not held",
            Verdict::NotSeen => "not seen",
        }
    }

    fn of(holds: bool) -> Verdict {
        if holds { Verdict::Held } else { Verdict::NotHeld }
    }
}

impl Checked {
    fn new(assumption: impl Into<String>, verdict: Verdict, found: impl Into<String>) -> Checked {
        Checked { assumption: assumption.into(), verdict, found: found.into() }
    }
}
