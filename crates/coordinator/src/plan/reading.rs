//! What a run reads by: its plan, its layout rule and its source, handed on together.

use openbell_data_manager::FeedKind;

use crate::layout::LayoutRule;
use crate::plan::Plan;
use crate::source::Source;
use crate::source::kept::Kept;

/// What rows of a run are read by.
pub(crate) struct Reading<'r> {
    pub(crate) plan: &'r Plan,
    /// The rule of the plan with the intervals that were asked for since.
    pub(crate) rule: &'r LayoutRule,
    pub(crate) source: &'r mut dyn Source,
    pub(crate) kept: &'r Kept,
    /// How the rows of the run's own sessions come.
    pub(crate) kind: FeedKind,
}
