//! Rows beside those that are stored already: how many contradict them, and whether they are the same
//! rows at other stamps.

use std::collections::{BTreeMap, HashMap};

use openbell_market::{BarColumns, SeriesKey};
use openbell_time::{NANOS_PER_DAY, Nanos, Timestamp};

use super::is_too_many;
use crate::DataError;
use crate::evidence::{Check, Objection};
use crate::store::writer::StoreWriter;

/// Rows that are looked for at other stamps.
const N_SAMPLED: usize = 500;

/// So few rows at another stamp are no sign.
const N_SAMPLED_MIN: usize = 12;

/// What the stored rows say of new ones.
#[derive(Default)]
pub(crate) struct BesideStored {
    n: u64,
    n_differing: u64,
    moved: Option<Objection>,
}

impl BesideStored {
    /// Looks at some rows of a series that is stored.
    pub(crate) fn rows(
        &mut self,
        writer: &StoreWriter,
        group: &str,
        key: &SeriesKey,
        rows: &BarColumns,
    ) -> Result<(), DataError> {
        let counts = writer.compare(group, key, rows)?;
        self.n += rows.len() as u64;
        self.n_differing += counts.updated;
        if self.moved.is_none() && 2 * counts.unchanged < rows.len() as u64 {
            self.moved = moved(writer, group, key, rows)?;
        }
        Ok(())
    }

    pub(crate) fn objection(&self, waived: &[Check]) -> Option<Objection> {
        let differs = is_too_many(self.n_differing, self.n).then_some(Objection::Conflicting {
            n_such: self.n_differing,
            n: self.n,
            is_stored: true,
        });
        [self.moved.clone(), differs]
            .into_iter()
            .flatten()
            .find(|found| !waived.contains(&found.check()))
    }
}

/// Whether nearly all of `rows` are stored at another stamp, all of them as much apart.
fn moved(
    writer: &StoreWriter,
    group: &str,
    key: &SeriesKey,
    rows: &BarColumns,
) -> Result<Option<Objection>, DataError> {
    let step = (rows.len() / N_SAMPLED).max(1);
    let is_distinct = |row: &usize| rows.high[*row] > rows.low[*row];
    let sample: Vec<usize> = (0..rows.len()).step_by(step).filter(is_distinct).collect();
    if sample.len() < N_SAMPLED_MIN {
        return Ok(None);
    }
    let slack =
        Nanos::from_nanos(if key.interval.clock().is_some() { 1 } else { 8 } * NANOS_PER_DAY);
    let (first, last) = (rows.opens_at(0), rows.opens_at(rows.len() - 1));
    let since = Timestamp::from_nanos(first.as_nanos().saturating_sub(slack.as_nanos()));
    let until = Timestamp::from_nanos(last.as_nanos().saturating_add(slack.as_nanos()));
    let stored = writer.stored(group, key, since..until)?;
    let mut places: HashMap<[u64; 5], Vec<i64>> = HashMap::new();
    for row in 0..stored.len() {
        places.entry(bits(&stored, row)).or_default().push(stored.opens_at_ns[row]);
    }
    let mut by_offset: BTreeMap<i64, usize> = BTreeMap::new();
    for &row in &sample {
        for stamp_ns in places.get(&bits(rows, row)).into_iter().flatten() {
            let offset_ns = rows.opens_at_ns[row].saturating_sub(*stamp_ns);
            if offset_ns.abs() <= slack.as_nanos() {
                *by_offset.entry(offset_ns).or_default() += 1;
            }
        }
    }
    let most = by_offset.into_iter().max_by_key(|(_, n)| *n);
    Ok(most.filter(|&(offset_ns, n)| offset_ns != 0 && 10 * n >= 9 * sample.len()).map(
        |(offset_ns, _)| Objection::Stored {
            by: Nanos::from_nanos(offset_ns),
            n: sample.len() as u64,
        },
    ))
}

fn bits(rows: &BarColumns, row: usize) -> [u64; 5] {
    [rows.open[row], rows.high[row], rows.low[row], rows.close[row], rows.volume[row]]
        .map(f64::to_bits)
}
