//! Columns that one writer fills and any number of readers read at the same time, without locks
//! and without copying. The only unsafe code of the workspace.
//!
//! # The argument
//!
//! A block holds columns of one fixed capacity and a committed length. Three facts make every
//! access race-free:
//!
//! 1. *One writer.* A [`BlockWriter`] is made with its block and cannot be cloned; all writing
//!    goes through `&mut BlockWriter`.
//! 2. *Disjoint halves.* The writer only makes `&mut` to rows at or past the committed length;
//!    a reader only makes `&` to rows before a committed length that it has loaded. The committed
//!    length never falls while the block is shared, so no row is ever in both.
//! 3. *Order.* The writer stores the length with release after the rows are in place; a reader
//!    loads it with acquire before it makes a slice. So what it reads was written before.
//!
//! Every cell of a column is initialised, committed or not: zeroed when it is made. A block is
//! emptied, and its columns grow, only through `Arc::get_mut`, which proves that no reader holds it.
//!
//! loom checks the three facts (`tests/loom_segment.rs`): under `--cfg loom` every cell has a shadow cell
//! that loom watches, touched by each access.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::ops::Range;
use std::sync::Arc;

use crate::sync::{AtomicUsize, Ordering};

/// One column: at least the block's capacity of cells, all initialised.
struct Column<T> {
    cells: Vec<UnsafeCell<T>>,
    #[cfg(loom)]
    shadow: Vec<loom::cell::UnsafeCell<()>>,
}

/// A number that zero bytes are a value of.
///
/// # Safety
/// They are.
unsafe trait Number: Copy + Default {}

// SAFETY: every bit pattern is one.
unsafe impl Number for i64 {}

// SAFETY: every bit pattern is one.
unsafe impl Number for f64 {}

impl<T: Number> Column<T> {
    /// *Cost*: new memory comes zeroed from the system, and is written where rows are.
    fn zeroed(capacity: usize) -> Column<T> {
        let cells = Box::<[UnsafeCell<T>]>::new_zeroed_slice(capacity);
        Column {
            // SAFETY: `UnsafeCell<T>` has the layout of `T`, of which zero bytes are a value.
            cells: unsafe { cells.assume_init() }.into_vec(),
            #[cfg(loom)]
            shadow: (0..capacity).map(|_| loom::cell::UnsafeCell::new(())).collect(),
        }
    }

    /// Gives it at least `capacity` cells.
    fn grow(&mut self, capacity: usize) {
        if self.cells.len() < capacity {
            self.cells.resize_with(capacity, || UnsafeCell::new(T::default()));
        }
        #[cfg(loom)]
        self.shadow.resize_with(self.cells.len(), || loom::cell::UnsafeCell::new(()));
    }

    /// The rows before `len`.
    ///
    /// # Safety
    /// `len` is at most a committed length of this block, loaded with acquire.
    unsafe fn committed(&self, len: usize) -> &[T] {
        let cells = &self.cells[..len];
        #[cfg(loom)]
        self.shadow[..len].iter().for_each(|cell| cell.with(|_| ()));
        // SAFETY: `UnsafeCell<T>` has the layout of `T`; by the caller's word nobody writes
        // these rows any more, and their writes happened before the load of `len`.
        unsafe { std::slice::from_raw_parts(cells.as_ptr().cast::<T>(), cells.len()) }
    }

    /// The rows `rows`, to be filled.
    ///
    /// # Safety
    /// The caller is the block's one writer, `rows` begins at the committed length now, and no other
    /// slice of these rows lives.
    #[allow(clippy::mut_from_ref)] // The cells are `UnsafeCell`s; the caller vouches for the rest.
    unsafe fn uncommitted(&self, rows: Range<usize>) -> &mut [T] {
        let cells = &self.cells[rows.clone()];
        #[cfg(loom)]
        self.shadow[rows].iter().for_each(|cell| cell.with_mut(|_| ()));
        let first = cells.as_ptr().cast::<UnsafeCell<T>>();
        // SAFETY: as above; readers stay below `len`, and the caller is the only writer.
        unsafe { std::slice::from_raw_parts_mut(UnsafeCell::raw_get(first), cells.len()) }
    }
}

// SAFETY: all access from several threads goes through `committed` and `uncommitted`, whose
// callers below keep the argument at the top of this file.
unsafe impl<T: Send + Sync> Sync for Column<T> {}

/// Integer and float columns of one capacity with one committed length.
pub(crate) struct Block {
    ints: Vec<Column<i64>>,
    floats: Vec<Column<f64>>,
    capacity: usize,
    len: AtomicUsize,
}

impl Block {
    /// Rows committed so far; rows before it never change.
    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// The rows committed so far, for reading without asking again.
    pub(crate) fn committed(&self) -> Committed<'_> {
        Committed { block: self, len: self.len() }
    }

    /// Integer columns.
    pub(crate) fn n_ints(&self) -> usize {
        self.ints.len()
    }
}

/// The first so many committed rows of a block.
///
/// Made only by [`Block::committed`], which loads the length with acquire, and after that only
/// made shorter. While it lives its borrow keeps the block shared, so the length does not fall.
#[derive(Clone, Copy)]
pub(crate) struct Committed<'b> {
    block: &'b Block,
    len: usize,
}

impl<'b> Committed<'b> {
    /// Rows in it.
    pub(crate) fn len(self) -> usize {
        self.len
    }

    /// The first `len` of them, or all where there are fewer.
    pub(crate) fn first(self, len: usize) -> Committed<'b> {
        Committed { block: self.block, len: self.len.min(len) }
    }

    /// Integer column `column`.
    pub(crate) fn ints(self, column: usize) -> &'b [i64] {
        // SAFETY: `self.len` is at most a committed length loaded with acquire, as said above.
        unsafe { self.block.ints[column].committed(self.len) }
    }

    /// Float column `column`.
    pub(crate) fn floats(self, column: usize) -> &'b [f64] {
        // SAFETY: as for `ints`.
        unsafe { self.block.floats[column].committed(self.len) }
    }
}

/// The one hand that fills a block.
pub(crate) struct BlockWriter {
    block: Arc<Block>,
}

impl BlockWriter {
    /// A zeroed block of that many columns and rows, and its writer.
    pub(crate) fn new(n_ints: usize, n_floats: usize, capacity: usize) -> BlockWriter {
        BlockWriter {
            block: Arc::new(Block {
                ints: (0..n_ints).map(|_| Column::zeroed(capacity)).collect(),
                floats: (0..n_floats).map(|_| Column::zeroed(capacity)).collect(),
                capacity,
                len: AtomicUsize::new(0),
            }),
        }
    }

    /// The block, for readers.
    pub(crate) fn block(&self) -> &Arc<Block> {
        &self.block
    }

    /// Rows committed.
    pub(crate) fn len(&self) -> usize {
        self.block.len.load(Ordering::Relaxed) // The writer reads its own store.
    }

    /// Rows that still fit.
    pub(crate) fn room(&self) -> usize {
        self.block.capacity - self.len()
    }

    /// The rows that are not committed yet, column by column in order: integers, then floats.
    pub(crate) fn tails(&mut self) -> (Tails<'_, i64>, Tails<'_, f64>) {
        let rows = self.len()..self.block.capacity;
        (
            Tails { columns: self.block.ints.iter(), rows: rows.clone() },
            Tails { columns: self.block.floats.iter(), rows },
        )
    }

    /// Commits the next `n_rows` rows: from now on readers may read them.
    ///
    /// # Panics
    ///
    /// Where fewer fit.
    pub(crate) fn commit(&mut self, n_rows: usize) {
        assert!(n_rows <= self.room(), "{n_rows} rows committed with room for {}", self.room());
        self.block.len.store(self.len() + n_rows, Ordering::Release);
    }

    /// Empties the block for use again, with room for `capacity` rows. `false`, and nothing done,
    /// where a reader still holds it.
    pub(crate) fn try_empty(&mut self, capacity: usize) -> bool {
        let Some(block) = Arc::get_mut(&mut self.block) else { return false };
        block.len = AtomicUsize::new(0);
        block.capacity = capacity;
        block.ints.iter_mut().for_each(|column| column.grow(capacity));
        block.floats.iter_mut().for_each(|column| column.grow(capacity));
        true
    }
}

/// The uncommitted rows of each column of one type, in order, each column once.
pub(crate) struct Tails<'w, T> {
    columns: std::slice::Iter<'w, Column<T>>,
    rows: Range<usize>,
}

impl<'w, T: Number> Iterator for Tails<'w, T> {
    type Item = &'w mut [T];

    fn next(&mut self) -> Option<&'w mut [T]> {
        // SAFETY: `Tails` is made only by `BlockWriter::tails`, borrows the one writer mutably
        // for 'w, and yields each column once; so no other slice of these rows lives, and the
        // length cannot move meanwhile.
        self.columns.next().map(|column| unsafe { column.uncommitted(self.rows.clone()) })
    }
}
