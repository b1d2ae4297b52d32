//! What is to happen when: entries of one instant in the order in which they were made.

use std::collections::BTreeMap;

use openbell_time::Timestamp;

#[derive(Debug)]
pub(crate) struct Agenda<T> {
    entries: BTreeMap<(Timestamp, u64), T>,
    n_made: u64,
}

impl<T> Agenda<T> {
    pub(crate) fn new() -> Agenda<T> {
        Agenda { entries: BTreeMap::new(), n_made: 0 }
    }

    pub(crate) fn add(&mut self, at: Timestamp, entry: T) {
        self.entries.insert((at, self.n_made), entry);
        self.n_made += 1;
    }

    /// When the first entry is due.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.entries.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the first entry where it is due by `now`.
    pub(crate) fn take(&mut self, now: Timestamp) -> Option<(Timestamp, T)> {
        let entry = self.entries.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((at, _), event) = entry.remove_entry();
        Some((at, event))
    }
}
