//! Numbers that look random and are a function of where they stand: the same on every machine, in
//! every order, for every range that is asked for. Whole numbers only.

/// One, in the fixed point of this module: 16 bits after the point.
pub(super) const ONE: i64 = 1 << 16;

/// A source of numbers, each named by a lane and a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noise {
    key: u64,
}

impl Noise {
    /// The source that `seed` and a name lead to.
    pub(super) fn new(seed: u64, name: &str) -> Noise {
        let mut key = mixed(seed);
        for byte in name.bytes() {
            key = mixed(key ^ u64::from(byte));
        }
        Noise { key }
    }

    /// A source inside this one.
    pub(super) fn inner(self, place: i64) -> Noise {
        Noise { key: mixed(self.key ^ mixed(place as u64)) }
    }

    /// 64 bits.
    pub(super) fn bits(self, lane: u32, place: i64) -> u64 {
        mixed(self.key ^ mixed(u64::from(lane) ^ mixed(place as u64)))
    }

    /// `0..n`, `n` at least 1.
    pub(super) fn below(self, lane: u32, place: i64, n: u64) -> u64 {
        self.bits(lane, place) % n.max(1)
    }

    /// `-ONE..=ONE`.
    fn signed(self, lane: u32, place: i64) -> i64 {
        self.below(lane, place, 2 * ONE as u64 + 1) as i64 - ONE
    }

    /// A path that wanders like prices do: at `place`, the sum of smooth noises with knots every
    /// 1, 2, 4 … 2^(`n_octaves` − 1) places, each as strong as the square root of its width.
    ///
    /// *Units*: of `step`, which is about how far it goes from one place to the next.
    pub(super) fn path(self, place: i64, n_octaves: u32, step: i64) -> i64 {
        (0..n_octaves)
            .map(|octave| {
                let width = 1_i64 << octave;
                let (knot, into) = (place.div_euclid(width), place.rem_euclid(width));
                let before = self.signed(octave, knot);
                let after = self.signed(octave, knot + 1);
                let value = before + (after - before) * into / width;
                // The root of a width below 2^32, with 8 bits after the point.
                let root = (width as u64 * ONE as u64).isqrt() as i64;
                step * root / 256 * value / ONE
            })
            .sum()
    }
}

/// The output function of SplitMix64 (Steele, Lea and Flood 2014): every bit of the result depends
/// on every bit of the input.
fn mixed(input: u64) -> u64 {
    let mut z = input.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_the_published_ones() {
        // First outputs of SplitMix64 seeded with 1234567.
        let mut state = 1_234_567_u64;
        let mut next = || {
            let out = mixed(state);
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            out
        };
        assert_eq!(next(), 6_457_827_717_110_365_317);
        assert_eq!(next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_path_has_no_jumps() {
        let noise = Noise::new(7, "AAPL");
        let step = 1_000;
        for place in -500..500 {
            let moved = noise.path(place + 1, 8, step) - noise.path(place, 8, step);
            assert!(moved.abs() < 20 * step, "{place}: {moved}");
        }
    }
}
