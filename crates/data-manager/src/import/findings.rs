//! Values that are bars and hardly true: they are imported, since negative, zero, tiny and huge prices
//! are real, and said.

use openbell_time::Timestamp;

use super::sorted::Row;
use crate::evidence::{Suspicion, suspicion};

/// Bars that are suspicious in one way.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Finding {
    /// In which.
    pub suspicion: Suspicion,
    /// How many there are.
    pub n: u64,
    /// The line of the first.
    pub line: u64,
    /// Its stamp.
    pub stamp: Timestamp,
    /// The value that is.
    pub value: f64,
}

/// Looks for such bars in the rows of a series, in order.
#[derive(Clone, PartialEq, Default, Debug)]
pub(super) struct Findings {
    found: Vec<Finding>,
    last_close: Option<f64>,
}

impl Findings {
    pub(super) fn rows(&mut self, rows: &[Row]) {
        for row in rows {
            let ohlcv = &row.ohlcv;
            let found = suspicion(ohlcv, self.last_close.replace(ohlcv.close));
            let Some((suspicion, value)) = found else { continue };
            match self.found.iter_mut().find(|known| known.suspicion == suspicion) {
                Some(known) => known.n += 1,
                None => {
                    let (line, stamp) = (row.line, Timestamp::from_nanos(row.stamp_ns));
                    self.found.push(Finding { suspicion, n: 1, line, stamp, value });
                }
            }
        }
    }

    pub(super) fn found(&self) -> &[Finding] {
        &self.found
    }
}
