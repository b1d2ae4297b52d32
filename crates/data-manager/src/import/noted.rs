//! What is strange about the stamps of a file: how often, and where first.

use openbell_market::BarInterval;

use super::form::{EpochUnit, StampForm};
use crate::evidence::{Check, Objection, StepLength};

/// How often something was met, and where first.
#[derive(Clone, Default, Debug)]
pub(super) struct Met {
    n: u64,
    /// As it is written, and its line.
    first: Option<(String, u64)>,
}

impl Met {
    fn add(&mut self, text: &str, line: u64) {
        self.n += 1;
        self.first.get_or_insert_with(|| (text.to_owned(), line));
    }
}

/// Strange things, one by one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Strange {
    /// A whole number with the digits of another unit.
    Unit(EpochUnit),
    /// An abbreviation that the exchange's clock did not show then.
    Abbreviation,
    /// An instant whose session by the exchange's hours is not the one of its date.
    Label,
    /// A date, although its close is said to be stamped.
    StampedAt,
    /// A date, although a zone is named.
    Zone,
    /// A week that is named by one of its middle days.
    Week,
    /// Another instant than that of the row before, in the same session or week, so much apart.
    Together(i64),
}

/// All that was strange in a file.
#[derive(Clone, Default, Debug)]
pub(super) struct Noted {
    unit: Met,
    found_unit: Option<EpochUnit>,
    abbreviation: Met,
    label: Met,
    stamped_at: Met,
    zone: Met,
    week: Met,
    together: Met,
    step_ns: i64,
}

impl Noted {
    pub(super) fn add(&mut self, strange: Strange, text: &str, line: u64) {
        let met = match strange {
            Strange::Unit(found) => {
                self.found_unit.get_or_insert(found);
                &mut self.unit
            }
            Strange::Abbreviation => &mut self.abbreviation,
            Strange::Label => &mut self.label,
            Strange::StampedAt => &mut self.stamped_at,
            Strange::Zone => &mut self.zone,
            Strange::Week => &mut self.week,
            Strange::Together(step_ns) => {
                self.step_ns = step_ns;
                &mut self.together
            }
        };
        met.add(text, line);
    }

    /// What of it speaks against how a file of `n` rows was read.
    pub(super) fn objection(
        &self,
        form: &StampForm,
        interval: BarInterval,
        n: u64,
        waived: &[Check],
    ) -> Option<Objection> {
        let first = |met: &Met| met.first.clone().unwrap_or_default();
        let mut found = Vec::new();
        // What is guessed reads every row; what is named, most of them.
        let is_guessed = matches!(form, StampForm::Epoch(_));
        if let Some(unit) = self.found_unit
            && (is_guessed || 2 * self.unit.n > n)
        {
            let asked = form.unit().map_or("", EpochUnit::name);
            let (n_such, first) = (self.unit.n, first(&self.unit));
            found.push(Objection::Unit { n_such, n, asked, found: unit.name(), first });
        }
        if self.abbreviation.n > 0 {
            let (n_such, first) = (self.abbreviation.n, first(&self.abbreviation));
            found.push(Objection::Abbreviation { n_such, first });
        }
        if 10 * self.together.n > n {
            let (n_such, steps) = (self.together.n, StepLength::Clock(self.step_ns));
            found.push(Objection::Together { asked: interval, steps, n_such, n });
        }
        for (met, what) in [(&self.stamped_at, Check::StampedAt), (&self.zone, Check::Zone)] {
            if met.n > 0 {
                found.push(Objection::NoEffect { what, first: first(met) });
            }
        }
        if self.label.n > 0 {
            let (n_such, first) = (self.label.n, first(&self.label));
            found.push(Objection::Label { n_such, n, first });
        }
        if 2 * self.week.n > n {
            let (n_such, first) = (self.week.n, first(&self.week));
            found.push(Objection::Week { n_such, n, first });
        }
        found.into_iter().find(|objection| !waived.contains(&objection.check()))
    }
}
