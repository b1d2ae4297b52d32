//! Where the rows of a poll go: behind those that the caller has, or into a slice, which is one of the
//! decoder's own columns where all of them lie in one.

use std::sync::Arc;

use openbell_market::{BarColumns, BarSlice};

use crate::codec::block::pool::Pool;
use crate::codec::decode::Decoder;

/// Takes rows in order.
pub(super) trait Rows {
    /// Rows that it has.
    fn n_rows(&self) -> usize;

    /// Takes the next `n_rows` of `decoder` as they lie, where it has no other and they lie in a row group
    /// that was decoded whole; says whether it has.
    fn adopt(&mut self, n_rows: usize, decoder: &mut Decoder) -> bool;

    /// Columns to which the next `n_rows` are to be appended; new ones come from `pool`.
    fn columns(&mut self, n_rows: usize, pool: &mut Pool) -> &mut BarColumns;
}

impl Rows for BarColumns {
    fn n_rows(&self) -> usize {
        self.len()
    }

    fn adopt(&mut self, _: usize, _: &mut Decoder) -> bool {
        false
    }

    fn columns(&mut self, _: usize, _: &mut Pool) -> &mut BarColumns {
        self
    }
}

/// The rows of one poll.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Those of one row group, where there are no others.
    slice: Option<BarSlice>,
    /// Where they are put together, in columns that nobody else holds.
    own: Option<Arc<BarColumns>>,
}

impl Gathered {
    /// All of them; columns that were made for them come back to `pool` when nobody holds them.
    pub(super) fn into_slice(self, pool: &mut Pool) -> BarSlice {
        match self.own {
            None => self.slice.unwrap_or_default(), // There is none.
            Some(columns) => {
                pool.keep(&columns);
                let rows = 0..columns.len();
                BarSlice::new(columns, rows)
            }
        }
    }
}

impl Rows for Gathered {
    fn n_rows(&self) -> usize {
        let in_slice = self.slice.as_ref().map_or(0, BarSlice::len);
        self.own.as_ref().map_or(in_slice, |columns| columns.len())
    }

    fn adopt(&mut self, n_rows: usize, decoder: &mut Decoder) -> bool {
        if self.n_rows() > 0 {
            return false;
        }
        self.slice = decoder.take_slice(n_rows);
        self.slice.is_some()
    }

    fn columns(&mut self, n_rows: usize, pool: &mut Pool) -> &mut BarColumns {
        let n_all = self.n_rows() + n_rows;
        let slice = self.slice.take();
        let own = self.own.get_or_insert_with(|| {
            let mut own = pool.columns(n_all + n_all / 8); // Sessions differ in length.
            Arc::make_mut(&mut own).clear();
            own
        });
        let columns = Arc::make_mut(own);
        if let Some(slice) = slice {
            slice.copy_to(columns);
        }
        columns
    }
}
