//! Bars for the charts: kept as the run goes, within a limit, and written small.

mod block;
mod kept;
mod shelf;

pub(crate) use block::{block, deflated};
pub(crate) use kept::{Kept, power};
pub(crate) use shelf::interval_name;
pub use shelf::{Bars, Shelf, ShelfPlan};
