//! What happened at the vendor's side, counted for the report.

use std::collections::BTreeMap;

use openbell_data_manager::live::{CloseCause, Found, Note};

/// Counts of a run.
#[derive(Default)]
pub(super) struct Counts {
    /// Lines that came up.
    pub(super) n_up: u64,
    /// Lines that ended and were made again, by cause.
    pub(super) reconnects: BTreeMap<&'static str, u64>,
    /// Stretches whose bars will not come.
    pub(super) n_gaps: u64,
    /// Topics that were found silent.
    pub(super) n_silent: u64,
    /// What the vendor said when it refused us for good.
    pub(super) forbidden: Option<String>,
}

impl Counts {
    pub(super) fn note(&mut self, note: &Note) {
        match note {
            Note::LineUp { .. } => self.n_up += 1,
            Note::LineOver { why: CloseCause::Unneeded, .. } => {}
            Note::LineOver { why, .. } => {
                *self.reconnects.entry(why.name()).or_default() += 1;
                if let CloseCause::Forbidden(said) = why {
                    self.forbidden = Some(said.to_string());
                }
            }
            Note::Series { found: Found::GapLeft { .. }, .. } => self.n_gaps += 1,
            Note::Series { found: Found::Silent { .. }, .. } => self.n_silent += 1,
            _ => {}
        }
    }
}
