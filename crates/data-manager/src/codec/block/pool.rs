//! Columns that are handed out in slices, and filled anew when nobody holds one any more.

use std::collections::VecDeque;
use std::sync::Arc;

use openbell_market::BarColumns;

/// Columns that are kept to be used again, at most: those of a week's sessions and of some around.
const N_KEPT_MAX: usize = 8;

/// The columns that were handed out, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Pool(VecDeque<Arc<BarColumns>>);

impl Pool {
    /// Columns that nobody else holds, with whatever rows: the oldest that were kept, where they are
    /// free, else new ones with room for `n_rows`.
    pub(crate) fn columns(&mut self, n_rows: usize) -> Arc<BarColumns> {
        let is_full = self.0.len() == N_KEPT_MAX;
        let is_free = |columns: &mut Arc<BarColumns>| Arc::get_mut(columns).is_some();
        if let Some(mut oldest) = self.0.pop_front_if(|oldest| is_full || is_free(oldest))
            && Arc::get_mut(&mut oldest).is_some()
        {
            return oldest;
        }
        Arc::new(BarColumns::with_capacity(n_rows))
    }

    /// Keeps `columns` until they are free.
    pub(crate) fn keep(&mut self, columns: &Arc<BarColumns>) {
        self.0.push_back(Arc::clone(columns));
    }

    /// Gives back `columns`, which nobody else holds, to be the next that are taken.
    pub(crate) fn give_back(&mut self, columns: Arc<BarColumns>) {
        self.0.push_front(columns);
    }
}
