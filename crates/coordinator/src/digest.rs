//! One number for all that a run delivered, equal on every machine.
//!
//! Hot path: [`Sequence::deliver`] is a multiplication a bar. No allocation, no lock.

use std::hash::Hasher;

use openbell_market::planted::{Planted, planted};
use openbell_market::{BarInterval, Symbol, SymbolIdx};
use openbell_processor::DaySeries;
use openbell_session_data::Rows;
use openbell_time::Timestamp;
use twox_hash::xxhash3_64::Hasher as Xxh3;
use zerocopy::IntoBytes;

/// A digest, written as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Digest(pub u64);

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// The key by which a symbol's deliveries enter the sequence: its text, so that it does not depend
/// on when or in which order symbols joined.
pub(crate) fn symbol_key(symbol: &Symbol) -> u64 {
    Xxh3::oneshot(symbol.as_str().as_bytes())
}

/// The (close, symbol) sequence of base bars as they were delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sequence(u64);

impl Sequence {
    pub(crate) fn new() -> Sequence {
        Sequence(0x9e37_79b9_7f4a_7c15)
    }

    #[inline]
    pub(crate) fn deliver(&mut self, closes_at_ns: i64, symbol_key: u64) {
        if planted(Planted::DigestIgnoresOrder) {
            self.0 = self.0.wrapping_add((closes_at_ns as u64).wrapping_mul(31) ^ symbol_key);
            return;
        }
        // Folded multiplication: the order of deliveries enters by the rotation of the state.
        let mixed = (self.0.rotate_left(23) ^ closes_at_ns as u64)
            .wrapping_mul(0xff51_afd7_ed55_8ccd)
            ^ symbol_key;
        self.0 = mixed ^ (mixed >> 29);
    }

    pub(crate) fn value(self) -> u64 {
        self.0
    }
}

pub(crate) fn hash_ints(hash: &mut Xxh3, values: &[i64]) {
    hash_words(hash, values, i64::to_le_bytes);
}

pub(crate) fn hash_floats(hash: &mut Xxh3, values: &[f64]) {
    hash_words(hash, values, f64::to_le_bytes);
}

/// Hashes `values` as little-endian words: where the machine holds them so, as they lie.
fn hash_words<T: Copy>(hash: &mut Xxh3, values: &[T], bytes_of: impl Fn(T) -> [u8; 8])
where
    [T]: IntoBytes + zerocopy::Immutable,
{
    if cfg!(target_endian = "little") {
        return hash.write(values.as_bytes());
    }
    values.iter().for_each(|&value| hash.write(&bytes_of(value)));
}

/// The digest of a series after a further session: `before` continued with all of `rows`.
fn series_digest(before: Digest, rows: &Rows<'_>) -> Digest {
    let mut hash = Xxh3::with_seed(before.0);
    hash_ints(&mut hash, rows.opens_at_ns());
    hash_ints(&mut hash, rows.closes_at_ns());
    for column in [rows.open(), rows.high(), rows.low(), rows.close(), rows.volume()] {
        hash_floats(&mut hash, column);
    }
    if let Some((n, expected)) = rows.coverage_columns() {
        hash_ints(&mut hash, n);
        hash_ints(&mut hash, expected);
    }
    for (_, _, column) in rows.indicator_columns() {
        hash_floats(&mut hash, column);
    }
    Digest(hash.finish())
}

/// The digests of all of a day's `series`, base first, each continuing that of its interval in
/// `before`.
pub(crate) fn continued_digests(
    before: &[(BarInterval, Digest)],
    series: &DaySeries,
) -> Vec<(BarInterval, Digest)> {
    let continued = series.writers().map(|writer| {
        let interval = writer.segment().shape().interval;
        let known = before.iter().find(|(known, _)| *known == interval);
        let before = known.map_or(Digest::default(), |(_, digest)| *digest);
        (interval, series_digest(before, &writer.rows()))
    });
    continued.collect()
}

/// The digest of each symbol over the sessions closed so far, by its index in the run.
#[derive(Default)]
pub(crate) struct Digests(Vec<Option<Digest>>);

impl Digests {
    pub(crate) fn insert(&mut self, idx: SymbolIdx, digest: Digest) {
        if self.0.len() <= idx.as_usize() {
            self.0.resize(idx.as_usize() + 1, None);
        }
        self.0[idx.as_usize()] = Some(digest);
    }

    pub(crate) fn get(&self, idx: SymbolIdx) -> Option<Digest> {
        self.0.get(idx.as_usize()).copied().flatten()
    }
}

/// The digest of the whole run, fed in one order.
#[derive(Clone)]
pub(crate) struct RunDigest(Xxh3);

impl RunDigest {
    pub(crate) fn new() -> RunDigest {
        RunDigest(Xxh3::new())
    }

    pub(crate) fn switch(&mut self, is_active: bool, epoch: u64, at: Timestamp) {
        self.0.write(&[u8::from(is_active)]);
        self.0.write(&epoch.to_le_bytes());
        self.0.write(&at.as_nanos().to_le_bytes());
    }

    pub(crate) fn symbol(&mut self, symbol: &Symbol, digest: Digest) {
        self.0.write(symbol.as_str().as_bytes());
        self.0.write(&digest.0.to_le_bytes());
    }

    pub(crate) fn sequence(&mut self, sequence: Sequence) {
        self.0.write(&sequence.value().to_le_bytes());
    }

    pub(crate) fn value(&self) -> Digest {
        Digest(self.0.finish())
    }
}
