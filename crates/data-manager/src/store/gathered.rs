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
#[derive(Debug)]
pub(super) enum Gathered {
    /// Those of one row group, or none.
    Slice(BarSlice),
    /// They were put together, in columns that nobody else holds.
    Own(Arc<BarColumns>),
}

impl Gathered {
    /// None yet.
    pub(super) fn new() -> Gathered {
        Gathered::Slice(BarSlice::default())
    }

    /// All of them; columns that were made for them come back to `pool` when nobody holds them.
    pub(super) fn into_slice(self, pool: &mut Pool) -> BarSlice {
        match self {
            Gathered::Slice(slice) => slice,
            Gathered::Own(columns) => {
                pool.keep(&columns);
                let rows = 0..columns.len();
                BarSlice::new(columns, rows)
            }
        }
    }
}

impl Rows for Gathered {
    fn n_rows(&self) -> usize {
        match self {
            Gathered::Slice(slice) => slice.len(),
            Gathered::Own(columns) => columns.len(),
        }
    }

    fn adopt(&mut self, n_rows: usize, decoder: &mut Decoder) -> bool {
        match self {
            Gathered::Slice(slice) if slice.is_empty() => match decoder.take_slice(n_rows) {
                Some(rows) => {
                    *slice = rows;
                    true
                }
                None => false,
            },
            _ => false,
        }
    }

    fn columns(&mut self, n_rows: usize, pool: &mut Pool) -> &mut BarColumns {
        match self {
            Gathered::Own(columns) => Arc::make_mut(columns),
            Gathered::Slice(slice) => {
                let n_all = slice.len() + n_rows;
                let mut own = pool.columns(n_all + n_all / 8); // Sessions differ in length.
                let columns = Arc::make_mut(&mut own);
                columns.clear();
                slice.copy_to(columns);
                *self = Gathered::Own(own);
                self.columns(n_rows, pool)
            }
        }
    }
}
