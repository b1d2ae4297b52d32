//! Rows in memory, put in order.

use openbell_market::BarColumns;

use crate::store::writer::is_same_row;

/// Puts `rows` in the order of their stamps; rows with equal ones keep theirs.
pub(crate) fn sort_by_stamp(rows: &mut BarColumns) {
    if rows.opens_at_ns.is_sorted() {
        return;
    }
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&row| rows.opens_at_ns[row]);
    keep(rows, &order);
}

/// Takes out of sorted `rows` those that repeat the row before them bit for bit; yields how many
/// rows are left that repeat its stamp with other values.
pub(crate) fn drop_repeats(rows: &mut BarColumns) -> u64 {
    let mut kept: Vec<usize> = Vec::with_capacity(rows.len());
    let mut n_conflicts = 0;
    for row in 0..rows.len() {
        match kept.last() {
            Some(&last) if rows.opens_at_ns[last] == rows.opens_at_ns[row] => {
                if !is_same_row(rows, last, rows, row) {
                    n_conflicts += 1;
                    kept.push(row);
                }
            }
            _ => kept.push(row),
        }
    }
    if kept.len() < rows.len() {
        keep(rows, &kept);
    }
    n_conflicts
}

/// Makes `rows` those that `order` names, in its order.
pub(crate) fn keep(rows: &mut BarColumns, order: &[usize]) {
    rows.opens_at_ns = order.iter().map(|&row| rows.opens_at_ns[row]).collect();
    for column in [&mut rows.open, &mut rows.high, &mut rows.low, &mut rows.close, &mut rows.volume]
    {
        *column = order.iter().map(|&row| column[row]).collect();
    }
}
