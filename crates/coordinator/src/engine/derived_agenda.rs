//! The derived bars that are to come in a replay, and how far they are notified.

use super::agenda::Agenda;

/// The bars of one derived interval that are to come, and what was told of it; a replay only.
#[derive(Default)]
pub(super) struct DerivedAgenda {
    agenda: Agenda,
    /// Rows told of each member, beside the lanes.
    pub(super) n_told: Vec<u32>,
}
