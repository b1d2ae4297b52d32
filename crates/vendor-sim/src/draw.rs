//! Numbers from a seed, by place and not in a row: any of them can be asked for at any time.

/// The number that `seed` has at this place.
pub(crate) fn drawn(seed: u64, place: &[u64]) -> u64 {
    place.iter().fold(stirred(seed), |number, part| stirred(number ^ stirred(*part)))
}

/// A number below `n`, which is not 0, by a drawn one.
pub(crate) fn below(number: u64, n: u64) -> u64 {
    ((u128::from(number) * u128::from(n)) >> 64) as u64
}

/// One step of SplitMix64 (Steele, Lea and Flood 2014).
fn stirred(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_published_generator() {
        // The first output of SplitMix64 seeded with 1234567.
        assert_eq!(stirred(1_234_567), 6_457_827_717_110_365_317);
    }

    #[test]
    fn places_differ_and_bounds_hold() {
        assert_ne!(drawn(1, &[2, 3]), drawn(1, &[3, 2]));
        assert!((0..1_000).all(|place| below(drawn(7, &[place]), 6) < 6));
    }
}
