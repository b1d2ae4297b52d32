//! The one word that publishes: active flag, epoch and publication number.

/// Active flag (1 bit), epoch (29 bits), publication (34 bits), as one atomic word holds them.
///
/// *Units*: the epoch counts switches of the gate, the publication the steps by which what
/// outsiders may see has grown. A switch a second uses up the epochs in 17 years; fifty publications
/// a second use up theirs in ten.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Word {
    pub(crate) is_active: bool,
    pub(crate) epoch: u64,
    pub(crate) publication: u64,
}

const PUBLICATION_BITS: u32 = 34;
const EPOCH_BITS: u32 = 29;
const PUBLICATION_MASK: u64 = (1 << PUBLICATION_BITS) - 1;
const EPOCH_MASK: u64 = (1 << EPOCH_BITS) - 1;

impl Word {
    /// A word that no board ever holds: active, and nothing published.
    pub(crate) const NEVER: u64 = 1 << 63;

    /// The word of the next publication, which is active; `None` where there is no number left for
    /// it. One that opens the gate also needs the number of the switch that shuts it, so that a gate
    /// that is open can always be shut.
    pub(crate) fn published(self) -> Option<Word> {
        let epoch = self.epoch + u64::from(!self.is_active);
        let publication = self.publication + 1;
        let has_numbers = epoch < EPOCH_MASK && publication <= PUBLICATION_MASK;
        has_numbers.then_some(Word { is_active: true, epoch, publication })
    }

    /// The word that shuts the gate; where it is shut already, the same.
    pub(crate) fn shut(self) -> Word {
        Word { is_active: false, epoch: self.epoch + u64::from(self.is_active), ..self }
    }

    /// A shut word from which the gate can be opened, and shut, once more.
    pub(crate) fn nearly_spent(self) -> Word {
        Word { is_active: false, epoch: EPOCH_MASK - 3, ..self }
    }

    /// # Panics
    ///
    /// Where a number has more bits than its place: [`Word::published`] makes none.
    pub(crate) fn pack(self) -> u64 {
        assert!(self.epoch <= EPOCH_MASK, "an epoch fits its bits: {}", self.epoch);
        assert!(self.publication <= PUBLICATION_MASK, "a publication fits: {}", self.publication);
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

#[cfg(all(test, not(loom)))]
pub(crate) mod tests {
    use super::*;

    /// An open gate with one number left to publish by.
    pub(crate) fn last_to_publish() -> Word {
        Word { is_active: true, epoch: 1, publication: PUBLICATION_MASK - 1 }
    }

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

    #[test]
    fn epochs_and_publications_outlast_ten_years_of_a_switch_a_second() {
        const TEN_YEARS_S: u64 = 10 * 366 * 86_400;
        let word = Word { is_active: false, epoch: TEN_YEARS_S, publication: 50 * TEN_YEARS_S };
        let opened = word.published().expect("a number is left");
        assert_eq!(Word::unpack(opened.pack()), opened);
        assert_eq!(opened.shut().epoch, TEN_YEARS_S + 2);
    }

    #[test]
    fn an_open_gate_always_has_the_number_that_shuts_it() {
        let open = Word::unpack(7).nearly_spent().published().expect("the last opening");
        let shut = open.shut();
        assert_eq!(Word::unpack(shut.pack()), shut);
        assert_eq!(shut.shut(), shut, "shut already");
        assert_eq!(shut.published(), None);
        let last = last_to_publish().published().expect("the last publication");
        assert_eq!(last.published(), None);
        assert_eq!(last.shut().epoch, 2);
    }
}
