//! Why a row of a source did not become a bar of the session.

use std::fmt;

use crate::BarFault;

/// The named reason under which a stored or received row is counted instead of delivered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RejectReason {
    /// It opens outside the hours that the session delivers.
    OutsideHours,
    /// Its stamp is not on the interval's grid.
    OffGrid,
    /// A row with the same stamp came before it; the first counts.
    Duplicate,
    /// Its values cannot be those of a bar.
    Invalid(BarFault),
    /// It came after the books of its session were closed (live).
    Late,
}

impl RejectReason {
    /// The name in reports and logs.
    pub fn name(self) -> &'static str {
        match self {
            RejectReason::OutsideHours => "outside_hours",
            RejectReason::OffGrid => "off_grid",
            RejectReason::Duplicate => "duplicate",
            RejectReason::Invalid(BarFault::NotFinite) => "invalid_not_finite",
            RejectReason::Invalid(BarFault::HighBelowOthers) => "invalid_high_below_others",
            RejectReason::Invalid(BarFault::LowAboveOthers) => "invalid_low_above_others",
            RejectReason::Invalid(BarFault::NegativeVolume) => "invalid_negative_volume",
            RejectReason::Late => "late",
        }
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
