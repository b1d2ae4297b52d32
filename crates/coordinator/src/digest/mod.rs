//! One number for all that a run delivered, equal on every machine.
//!
//! It comes in parts ([`DigestParts`]), so that two runs that differ can say in what.
//!
//! Hot path: [`Delivered::add`] is two additions a bar, [`Sequence::deliver_instant`] two multiplications
//! an instant. No allocation, no lock.

pub(crate) mod print;

use std::hash::Hasher;

use openbell_market::{BarInterval, Symbol, SymbolIdx};
use openbell_processor::SessionSeries;
use openbell_session_data::{Rows, WholeBars};
use openbell_time::Timestamp;
use twox_hash::xxhash3_64::{DEFAULT_SECRET_LENGTH, Hasher as Xxh3, RawHasher, SecretBuffer};
use zerocopy::IntoBytes;

use crate::saved;
use crate::saved::{NotRestored, Saved};

/// A digest, written as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Digest(pub u64);

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Saved for Digest {
    fn write(&self, to: &mut Vec<u8>) {
        self.0.write(to);
    }

    fn read(from: &mut &[u8]) -> Result<Digest, NotRestored> {
        u64::read(from).map(Digest)
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// The form in which digests are made. Digests of two forms cannot be compared: logs and recordings carry
/// the number, and another one is refused. In form 1 the sequence was folded bar by bar, and the digest had
/// no parts.
pub const DIGEST_FORM: u32 = 2;

/// What the digest of a run is made of.
///
/// ```
/// use openbell_coordinator::{Digest, DigestParts};
///
/// let run = DigestParts { series: Digest(1), sequence: Digest(2), gate: Digest(3) };
/// let other = DigestParts { gate: Digest(4), ..run };
/// assert_ne!(run.whole(), other.whole());
/// assert_eq!(run.difference(&run), None);
/// assert_eq!(run.difference(&other), Some("gate"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DigestParts {
    /// The values of all series of the sessions that were closed, by symbol.
    pub series: Digest,
    /// Which base bar was delivered when: the (close, symbol) sequence.
    pub sequence: Digest,
    /// The switches of the gate, each with its epoch and the session clock.
    pub gate: Digest,
}

impl DigestParts {
    /// The digest of the run.
    pub fn whole(&self) -> Digest {
        let mut hash = Xxh3::new();
        for part in [self.series, self.sequence, self.gate] {
            hash.write(&part.0.to_le_bytes());
        }
        Digest(hash.finish())
    }

    /// The name of the first part in which two runs differ; `None` where they are the same.
    pub fn difference(&self, other: &DigestParts) -> Option<&'static str> {
        let parts = [
            ("series", self.series, other.series),
            ("sequence", self.sequence, other.sequence),
            ("gate", self.gate, other.gate),
        ];
        parts.into_iter().find(|(_, ours, theirs)| ours != theirs).map(|(name, ..)| name)
    }
}

/// The key of a symbol in digests: made of its text, so that it does not depend on when or in which order
/// symbols joined.
pub(crate) fn symbol_key(symbol: &Symbol) -> u64 {
    Xxh3::oneshot(symbol.as_str().as_bytes())
}

/// What the deliveries of one symbol enter the sequence by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SequenceKey(u64);

impl SequenceKey {
    pub(crate) fn of(symbol: &Symbol) -> SequenceKey {
        SequenceKey(symbol_key(symbol))
    }
}

/// The symbols whose bars of one close were delivered, in symbol order: the sum of their keys and how many
/// they are. Nothing of one bar waits for the one before.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Delivered {
    keys: u64,
    n: u64,
}
saved!(struct Delivered { keys, n });

impl Delivered {
    #[inline]
    pub(crate) fn add(&mut self, key: SequenceKey) {
        self.keys = self.keys.wrapping_add(key.0);
        self.n += 1;
    }

    /// How many bars.
    pub(crate) fn n(self) -> u64 {
        self.n
    }
}

/// The (close, symbol) sequence of base bars as they were delivered, instant by instant: a folded
/// multiplication for each run of bars of one close in symbol order. A bar of another close, or of a symbol
/// that does not come after the one before it, begins the next run, so the order of two bars enters also
/// within an instant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sequence {
    /// The runs that are over.
    state: u64,
    /// The run that bars which come one by one may go on.
    open: Option<OpenRun>,
}
saved!(struct Sequence { state, open });

/// A run of bars that came one by one, and may go on.
#[derive(Clone, PartialEq, Eq, Debug)]
struct OpenRun {
    closes_at_ns: i64,
    /// The symbol of its last bar.
    last: Symbol,
    delivered: Delivered,
}
saved!(struct OpenRun { closes_at_ns, last, delivered });

impl Sequence {
    pub(crate) fn new() -> Sequence {
        Sequence { state: 0x9e37_79b9_7f4a_7c15, open: None }
    }

    /// All bars that close at `closes_at_ns` were delivered, in symbol order; nothing where there is none.
    #[inline]
    pub(crate) fn deliver_instant(&mut self, closes_at_ns: i64, delivered: Delivered) {
        if delivered.n == 0 {
            return;
        }
        if let Some(run) = self.open.take() {
            self.state = folded(self.state, run.closes_at_ns, run.delivered);
        }
        self.state = folded(self.state, closes_at_ns, delivered);
    }

    /// One bar of `symbol` was delivered, which enters by `key`.
    pub(crate) fn deliver(&mut self, closes_at_ns: i64, symbol: &Symbol, key: SequenceKey) {
        match &mut self.open {
            Some(run) if run.closes_at_ns == closes_at_ns && run.last < *symbol => {
                run.last = symbol.clone();
                run.delivered.add(key);
            }
            _ => {
                self.state = self.value();
                let mut delivered = Delivered::default();
                delivered.add(key);
                self.open = Some(OpenRun { closes_at_ns, last: symbol.clone(), delivered });
            }
        }
    }

    pub(crate) fn value(&self) -> u64 {
        match &self.open {
            None => self.state,
            Some(run) => folded(self.state, run.closes_at_ns, run.delivered),
        }
    }
}

/// `state` after a further run of bars.
fn folded(state: u64, closes_at_ns: i64, Delivered { keys, n }: Delivered) -> u64 {
    let turned = state.rotate_left(23) ^ closes_at_ns as u64;
    let mixed = turned.wrapping_mul(0xff51_afd7_ed55_8ccd) ^ keys;
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xc4ce_b9fe_1a85_ec53) ^ n;
    mixed ^ (mixed >> 32)
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
pub(crate) fn series_digest(before: Digest, rows: &Rows<'_>) -> Digest {
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
#[derive(Clone, Default)]
pub(crate) struct Digests(Vec<Option<Digest>>);

impl Saved for Digests {
    fn write(&self, to: &mut Vec<u8>) {
        self.0.write(to);
    }

    fn read(from: &mut &[u8]) -> Result<Digests, NotRestored> {
        Vec::read(from).map(Digests)
    }
}

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

/// The digest of the whole run, each part fed in one order. What is fed continues the number that stood
/// before it, so that the two numbers are all that a run which goes on elsewhere needs.
#[derive(Clone, Copy)]
pub(crate) struct RunDigest {
    series: Digest,
    gate: Digest,
}
saved!(struct RunDigest { series, gate });

impl RunDigest {
    pub(crate) fn new() -> RunDigest {
        RunDigest { series: Digest::default(), gate: Digest::default() }
    }

    pub(crate) fn switch(&mut self, is_active: bool, epoch: u64, at: Timestamp) {
        let mut hash = continuing(self.gate);
        hash.write(&[u8::from(is_active)]);
        hash.write(&epoch.to_le_bytes());
        hash.write(&at.as_nanos().to_le_bytes());
        self.gate = Digest(hash.finish());
    }

    pub(crate) fn symbol(&mut self, symbol: &Symbol, digest: Digest) {
        let mut hash = continuing(self.series);
        hash.write(symbol.as_str().as_bytes());
        hash.write(&digest.0.to_le_bytes());
        self.series = Digest(hash.finish());
    }

    /// The parts, with the deliveries of `sequence`.
    pub(crate) fn parts(&self, sequence: &Sequence) -> DigestParts {
        DigestParts { series: self.series, sequence: Digest(sequence.value()), gate: self.gate }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn one_by_one(deliveries: &[(i64, Symbol)]) -> u64 {
        let mut sequence = Sequence::new();
        for (closes_at_ns, symbol) in deliveries {
            sequence.deliver(*closes_at_ns, symbol, SequenceKey::of(symbol));
        }
        sequence.value()
    }

    fn instants(closes: Vec<(i64, BTreeSet<String>)>) -> Vec<(i64, Vec<Symbol>)> {
        let symbols = |names: BTreeSet<String>| {
            let mut symbols: Vec<Symbol> =
                names.iter().map(|name| name.parse().expect("a symbol")).collect();
            symbols.sort();
            symbols
        };
        closes.into_iter().map(|(at, names)| (at, symbols(names))).collect()
    }

    fn some_instants() -> impl Strategy<Value = Vec<(i64, BTreeSet<String>)>> {
        let names = proptest::collection::btree_set("[A-Z]{1,3}", 1..6);
        proptest::collection::vec((any::<i64>(), names), 1..8)
            .prop_filter("closes differ from one to the next", |instants| {
                instants.windows(2).all(|pair| pair[0].0 != pair[1].0)
            })
    }

    proptest! {
        /// A replay hands over whole instants, catch-up and live bar by bar: the sequence is the same.
        #[test]
        fn bars_one_by_one_and_by_instant_are_one_sequence(closes in some_instants()) {
            let instants = instants(closes);
            let mut by_instant = Sequence::new();
            let mut deliveries = Vec::new();
            for (closes_at_ns, symbols) in &instants {
                let mut delivered = Delivered::default();
                for symbol in symbols {
                    delivered.add(SequenceKey::of(symbol));
                    deliveries.push((*closes_at_ns, symbol.clone()));
                }
                by_instant.deliver_instant(*closes_at_ns, delivered);
            }
            prop_assert_eq!(one_by_one(&deliveries), by_instant.value());
        }

        /// Also of one instant: what is delivered in another order is another sequence.
        #[test]
        fn two_bars_that_are_swapped_are_another_sequence(
            closes in some_instants(), at in any::<proptest::sample::Index>(),
        ) {
            let instants = instants(closes);
            let deliveries: Vec<(i64, Symbol)> = instants
                .iter()
                .flat_map(|(at, symbols)| symbols.iter().map(|symbol| (*at, symbol.clone())))
                .collect();
            prop_assume!(deliveries.len() > 1);
            let first = at.index(deliveries.len() - 1);
            let mut swapped = deliveries.clone();
            swapped.swap(first, first + 1);
            prop_assert_ne!(one_by_one(&deliveries), one_by_one(&swapped));
        }
    }
}
