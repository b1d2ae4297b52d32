//! What happened at a vendor's side, for its log and its figures; no rule follows from it.

use std::sync::Arc;

use openbell_market::SeriesKey;
use openbell_time::{Nanos, Timestamp};

use crate::feed::Link;
use crate::live::seam::Found;
use crate::live::{CloseCause, LineId};

/// Something that happened at a vendor's side.
#[derive(Clone, PartialEq, Debug)]
pub enum Note {
    /// A line is up.
    LineUp {
        /// Which.
        line: LineId,
    },
    /// A line is over.
    LineOver {
        /// Which.
        line: LineId,
        /// Why.
        why: CloseCause,
        /// What is said of it.
        link: Link,
        /// Attempts in a row that came to nothing.
        n_failed: u32,
    },
    /// Something was found of a series.
    Series {
        /// Which.
        key: SeriesKey,
        /// What.
        found: Found,
    },
    /// The vendor's history is left alone.
    Paused {
        /// Until when.
        until: Timestamp,
        /// What the vendor said.
        said: Arc<str>,
    },
    /// A request came to nothing.
    NotAnswered {
        /// What was said.
        said: Arc<str>,
    },
    /// What came over a line could not be read.
    Undecodable {
        /// Which.
        line: LineId,
        /// The beginning of it.
        found: Arc<str>,
    },
    /// Our clock and the vendor's are further apart than the settings allow, or no longer so.
    Skewed {
        /// Our clock minus the vendor's.
        by: Nanos,
        /// Whether they are.
        is_over: bool,
    },
    /// The core does not take what has come: nothing is taken in until it does.
    Full,
    /// Code of ours that works for the vendor has panicked, and goes on.
    Faulty {
        /// What it said.
        said: Arc<str>,
    },
}
