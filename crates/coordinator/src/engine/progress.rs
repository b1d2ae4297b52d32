//! How far each member is: how much of it is delivered, and of how much consumers were notified.
//!
//! Hot path: counting a bar is a load and a store without a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::control::status::Counts;

/// How far the members are, beside them, in symbol order.
pub(super) struct Progress {
    /// Base bars delivered; status polls read it. One writer.
    delivered: Counts,
    /// Rows of which consumers were notified, for each series of a member: base first, then
    /// derived, shortest first. A row counts as notified too where nobody was there to be.
    notified: Vec<Vec<u32>>,
}

impl Progress {
    /// Nobody, with `n_series` series each.
    pub(super) fn new(n_series: usize) -> Progress {
        Progress { delivered: Arc::from([]), notified: vec![Vec::new(); n_series] }
    }

    /// Members have come or gone: for each that is there now, `before` says at which position it
    /// was, or that it is new, and so at its beginning.
    pub(super) fn rearrange(&mut self, before: &[Option<usize>]) {
        let delivered = |before: &Option<usize>| before.map_or(0, |at| self.n_delivered(at) as u64);
        self.delivered = before.iter().map(delivered).map(AtomicU64::new).collect();
        for notified in &mut self.notified {
            *notified = before.iter().map(|before| before.map_or(0, |at| notified[at])).collect();
        }
    }

    /// A further series stands at `series` of each member; of its rows as many count as notified as
    /// `n_rows` lists.
    pub(super) fn insert_series(&mut self, series: usize, n_rows: Vec<u32>) {
        self.notified.insert(series, n_rows);
    }

    /// Series of each member.
    pub(super) fn n_series(&self) -> usize {
        self.notified.len()
    }

    /// Base bars delivered of a member.
    pub(super) fn n_delivered(&self, position: usize) -> usize {
        self.delivered[position].load(Ordering::Relaxed) as usize
    }

    /// A base bar of a member is delivered. Returns how many were before.
    pub(super) fn deliver(&self, position: usize) -> usize {
        // One writer: a load and a store count without a lock.
        let n_before = self.delivered[position].load(Ordering::Relaxed);
        self.delivered[position].store(n_before + 1, Ordering::Relaxed);
        n_before as usize
    }

    /// Several base bars of a member are delivered at once. Returns how many are by then.
    pub(super) fn deliver_many(&self, position: usize, n_bars: usize) -> usize {
        let n_delivered = self.n_delivered(position) + n_bars;
        self.delivered[position].store(n_delivered as u64, Ordering::Relaxed);
        n_delivered
    }

    /// The counts of delivered bars, for status polls.
    pub(super) fn counts(&self) -> Counts {
        Arc::clone(&self.delivered)
    }

    /// Rows of a series of a member of which consumers were notified.
    pub(super) fn n_notified(&self, series: usize, position: usize) -> usize {
        self.notified[series][position] as usize
    }

    /// Consumers are notified of the first `n_rows` rows of a series of a member.
    pub(super) fn notify_through(&mut self, series: usize, position: usize, n_rows: usize) {
        self.notified[series][position] = n_rows as u32;
    }

    /// Consumers are notified of one more row of a series of a member. Returns its sequence.
    pub(super) fn notify_next(&mut self, series: usize, position: usize) -> usize {
        let notified = &mut self.notified[series][position];
        *notified += 1;
        *notified as usize - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_stays_keeps_its_progress_and_who_comes_begins() {
        let mut progress = Progress::new(2);
        progress.rearrange(&[None, None]);
        assert_eq!((progress.deliver(1), progress.deliver(1)), (0, 1));
        assert_eq!((progress.notify_next(1, 1), progress.notify_next(1, 1)), (0, 1));
        progress.rearrange(&[None, Some(1), None]);
        let delivered: Vec<usize> = (0..3).map(|at| progress.n_delivered(at)).collect();
        let notified: Vec<usize> = (0..3).map(|at| progress.n_notified(1, at)).collect();
        assert_eq!((delivered, notified), (vec![0, 2, 0], vec![0, 2, 0]));
    }

    #[test]
    fn a_series_asked_for_later_counts_what_is_there_as_notified() {
        let mut progress = Progress::new(2);
        progress.rearrange(&[None]);
        progress.notify_through(1, 0, 3);
        progress.insert_series(1, vec![7]);
        assert_eq!((progress.n_notified(1, 0), progress.n_notified(2, 0)), (7, 3));
    }
}
