//! One number for all that a run delivered, equal on every machine.
//!
//! Hot path: [`Sequence::deliver`] is a multiplication a bar. No allocation, no lock.

pub(crate) mod print;

use std::hash::Hasher;

use openbell_market::{BarInterval, Symbol, SymbolIdx};
use openbell_processor::SessionSeries;
use openbell_session_data::{Rows, WholeBars};
use openbell_time::Timestamp;
use twox_hash::xxhash3_64::{DEFAULT_SECRET_LENGTH, Hasher as Xxh3, RawHasher, SecretBuffer};
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

/// The key of a symbol in digests: made of its text, so that it does not depend on when or in which order
/// symbols joined.
pub(crate) fn symbol_key(symbol: &Symbol) -> u64 {
    Xxh3::oneshot(symbol.as_str().as_bytes())
}

/// What the deliveries of one symbol enter the sequence by, spread as the state is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SequenceKey(u64);

impl SequenceKey {
    pub(crate) fn of(symbol: &Symbol) -> SequenceKey {
        SequenceKey(spread(symbol_key(symbol)))
    }
}

/// The (close, symbol) sequence of base bars as they were delivered: a folded multiplication each,
/// whose state is kept [`spread`] for the next one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sequence(u64);

/// How far the state is rotated between two deliveries: so their order enters.
const TURN: u32 = 23;

/// `mixed ^ (mixed >> 29)`, rotated. It distributes over xor, so a key is spread once, ahead of
/// time, and a delivery depends on the one before by a multiplication and three steps only.
#[inline]
fn spread(mixed: u64) -> u64 {
    mixed.rotate_left(TURN) ^ (mixed >> 29 << TURN)
}

impl Sequence {
    pub(crate) fn new() -> Sequence {
        Sequence(0x9e37_79b9_7f4a_7c15_u64.rotate_left(TURN))
    }

    #[inline]
    pub(crate) fn deliver(&mut self, closes_at_ns: i64, key: SequenceKey) {
        let product = (self.0 ^ closes_at_ns as u64).wrapping_mul(0xff51_afd7_ed55_8ccd);
        self.0 = spread(product) ^ key.0;
    }

    pub(crate) fn value(self) -> u64 {
        self.0.rotate_right(TURN)
    }
}

pub(crate) fn hash_ints(hash: &mut impl Hasher, values: &[i64]) {
    hash_words(hash, values, i64::to_le_bytes);
}

pub(crate) fn hash_floats(hash: &mut impl Hasher, values: &[f64]) {
    hash_words(hash, values, f64::to_le_bytes);
}

/// Hashes `values` as little-endian words: where the machine holds them so, as they lie.
fn hash_words<T: Copy>(hash: &mut impl Hasher, values: &[T], bytes_of: impl Fn(T) -> [u8; 8])
where
    [T]: IntoBytes + zerocopy::Immutable,
{
    if cfg!(target_endian = "little") {
        return hash.write(values.as_bytes());
    }
    values.iter().for_each(|&value| hash.write(&bytes_of(value)));
}

/// The digest of a series without indicators after a further session: `before` continued with
/// `whole`.
pub(crate) fn bars_digest(before: Digest, whole: &WholeBars) -> Digest {
    let mut hash = continuing(before);
    let (bars, closes_at_ns) = (&whole.bars, &whole.closes_at_ns[..]);
    let values = [bars.open(), bars.high(), bars.low(), bars.close(), bars.volume()];
    hash_bars(&mut hash, [bars.opens_at_ns(), closes_at_ns], values);
    Digest(hash.finish())
}

/// The digest of a series of bars without indicators after one more session.
#[derive(Clone, Copy)]
pub(crate) struct BarsDigest {
    /// That of the sessions before.
    pub(crate) before: Digest,
    pub(crate) after: Digest,
}

/// The digest of a series after a further session: `before` continued with all of `rows`.
fn series_digest(before: Digest, rows: &Rows<'_>) -> Digest {
    let mut hash = continuing(before);
    let values = [rows.open(), rows.high(), rows.low(), rows.close(), rows.volume()];
    hash_bars(&mut hash, [rows.opens_at_ns(), rows.closes_at_ns()], values);
    if let Some((n, expected)) = rows.coverage_columns() {
        hash_ints(&mut hash, n);
        hash_ints(&mut hash, expected);
    }
    for (_, _, column) in rows.indicator_columns() {
        hash_floats(&mut hash, column);
    }
    Digest(hash.finish())
}

fn continuing(before: Digest) -> RawHasher<[u8; DEFAULT_SECRET_LENGTH]> {
    let secret = SecretBuffer::with_seed(before.0, [0; DEFAULT_SECRET_LENGTH]);
    RawHasher::new(secret.expect("room for a whole secret"))
}

fn hash_bars(hash: &mut impl Hasher, stamps: [&[i64]; 2], values: [&[f64]; 5]) {
    stamps.into_iter().for_each(|column| hash_ints(hash, column));
    values.into_iter().for_each(|column| hash_floats(hash, column));
}

/// The digests of all of a day's `series`, base first, each continuing that of its interval in
/// `before`; that of the base bars is `bars`, where it is known and still right.
pub(crate) fn continued_digests(
    before: &[(BarInterval, Digest)],
    series: &SessionSeries,
    bars: Option<BarsDigest>,
) -> Vec<(BarInterval, Digest)> {
    let continued = series.writers().enumerate().map(|(position, writer)| {
        let shape = writer.segment().shape();
        let before = digest_of(before, shape.interval);
        let is_known = |bars: &BarsDigest| {
            position == 0 && bars.before == before && shape.indicators.is_empty()
        };
        let after = match bars.filter(is_known) {
            Some(bars) => bars.after,
            None => series_digest(before, &writer.rows()),
        };
        (shape.interval, after)
    });
    continued.collect()
}

/// The digest of the series of `interval` among `digests`.
pub(crate) fn digest_of(digests: &[(BarInterval, Digest)], interval: BarInterval) -> Digest {
    let known = digests.iter().find(|(known, _)| *known == interval);
    known.map_or(Digest::default(), |(_, digest)| *digest)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The sequence is what it is written down to be, step by step.
        #[test]
        fn the_sequence_is_a_folded_multiplication_a_delivery(
            deliveries in proptest::collection::vec((any::<i64>(), "[A-Z]{1,4}"), 0..20),
        ) {
            let mut sequence = Sequence::new();
            let mut plain = 0x9e37_79b9_7f4a_7c15_u64;
            for (closes_at_ns, symbol) in deliveries {
                let symbol: Symbol = symbol.parse().expect("a symbol");
                sequence.deliver(closes_at_ns, SequenceKey::of(&symbol));
                let turned = plain.rotate_left(23) ^ closes_at_ns as u64;
                let mixed = turned.wrapping_mul(0xff51_afd7_ed55_8ccd) ^ symbol_key(&symbol);
                plain = mixed ^ (mixed >> 29);
                prop_assert_eq!(sequence.value(), plain);
            }
        }
    }
}
