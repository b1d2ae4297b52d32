//! One numbered step by which what outsiders may see grows.

use openbell_time::Timestamp;

/// One publication: what a view is cut at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Publication {
    pub(crate) number: u64,
    pub(crate) epoch: u64,
    pub(crate) instant: Timestamp,
}
