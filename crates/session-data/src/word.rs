//! The one word that publishes: active flag, epoch and publication number.

/// Active flag (1 bit), epoch (23 bits), publication (40 bits), as one atomic word holds them.
///
/// *Units*: the epoch counts switches of the gate, the publication the steps by which what
/// outsiders may see has grown. Forty bits of publications last 34,000 years of seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Word {
    pub(crate) is_active: bool,
    pub(crate) epoch: u64,
    pub(crate) publication: u64,
}

const PUBLICATION_BITS: u32 = 40;
const EPOCH_BITS: u32 = 23;
const PUBLICATION_MASK: u64 = (1 << PUBLICATION_BITS) - 1;
const EPOCH_MASK: u64 = (1 << EPOCH_BITS) - 1;

impl Word {
    /// A word that no board ever holds: active, and nothing published.
    pub(crate) const NEVER: u64 = 1 << 63;

    /// # Panics
    ///
    /// When a run has switched eight million times or published a trillion times.
    pub(crate) fn pack(self) -> u64 {
        assert!(self.epoch <= EPOCH_MASK, "the gate has switched {} times", self.epoch);
        assert!(self.publication <= PUBLICATION_MASK, "publication {}", self.publication);
        u64::from(self.is_active) << 63 | self.epoch << PUBLICATION_BITS | self.publication
    }

    pub(crate) fn unpack(word: u64) -> Word {
        Word {
            is_active: word >> 63 == 1,
            epoch: word >> PUBLICATION_BITS & EPOCH_MASK,
            publication: word & PUBLICATION_MASK,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_unpacks_to_what_was_packed() {
        for is_active in [false, true] {
            for epoch in [0, 1, EPOCH_MASK] {
                for publication in [0, 1, PUBLICATION_MASK] {
                    let word = Word { is_active, epoch, publication };
                    assert_eq!(Word::unpack(word.pack()), word);
                }
            }
        }
    }
}
