//! What was seen before its time, in words.

use std::fmt;

use openbell_time::Timestamp;

use super::cut::Cut;
use super::difference::Difference;

/// Why a rerun shows something else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// It depends on what came later in the data.
    Lookahead,
    /// It is not even the same over the same data: something is kept from an earlier run, or is
    /// read that is not the session's.
    Unrepeatable,
}

/// Something that a rerun shows otherwise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The cut of the rerun that showed it; its seed makes it again.
    pub cut: Cut,
    /// The session clock at which it showed.
    pub at: Timestamp,
    /// Why.
    pub cause: Cause,
    /// Whose it is, what it is, and what was seen with and without the future.
    pub difference: Difference,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { subject, what, with, without } = &self.difference;
        let (ours, theirs) = match self.cause {
            Cause::Lookahead => ("with all data", "without the future"),
            Cause::Unrepeatable => ("in the first run", "in a later run over the same data"),
        };
        write!(f, "{}: {subject}: {what}: ", self.at)?;
        write!(f, "{ours} {}, ", with.as_deref().unwrap_or("nothing"))?;
        write!(f, "{theirs} {}", without.as_deref().unwrap_or("nothing"))?;
        write!(f, " ({} after {}, seed {})", self.cut.tamper, self.cut.at, self.cut.seed)
    }
}
