//! What happened at the vendor's side, counted for the report.

use std::collections::{BTreeMap, BTreeSet};

use openbell_data_manager::live::{CloseCause, Found, LineId, Note};

/// Counts of a run.
#[derive(Default)]
pub(super) struct Counts {
    /// Lines that came up.
    pub(super) n_up: u64,
    /// Lines that ended and were made again, by cause.
    pub(super) reconnects: BTreeMap<&'static str, u64>,
    /// Stretches whose bars will not come.
    pub(super) n_gaps: u64,
    /// How often a topic was found silent, by symbol.
    pub(super) suspects: BTreeMap<String, u64>,
    /// Bars that the vendor's history brought.
    pub(super) n_backfilled: u64,
    /// The lines that are up.
    up: BTreeSet<LineId>,
    /// What the vendor said when it refused us for good.
    pub(super) forbidden: Option<String>,
}

impl Counts {
    /// Whether a line is up.
    pub(super) fn is_up(&self) -> bool {
        !self.up.is_empty()
    }

    /// How often a topic was found silent.
    pub(super) fn n_silent(&self) -> u64 {
        self.suspects.values().sum()
    }

    pub(super) fn note(&mut self, note: &Note) {
        match note {
            Note::LineUp { line } => {
                self.n_up += 1;
                self.up.insert(*line);
            }
            Note::LineOver { why: CloseCause::Unneeded, line, .. } => {
                self.up.remove(line);
            }
            Note::LineOver { why, line, .. } => {
                self.up.remove(line);
                *self.reconnects.entry(why.name()).or_default() += 1;
                if let CloseCause::Forbidden(said) = why {
                    self.forbidden = Some(said.to_string());
                }
            }
            Note::Series { found: Found::GapLeft { .. }, .. } => self.n_gaps += 1,
            Note::Series { found: Found::Silent { .. }, key } => {
                *self.suspects.entry(key.symbol.to_string()).or_default() += 1;
            }
            Note::Series { found: Found::CaughtUp { n_bars }, .. } => {
                self.n_backfilled += *n_bars as u64;
            }
            _ => {}
        }
    }
}
