//! What comes next in a session: which members' bars close when.
//!
//! Hot path. A member that has a bar in every slot costs two entries a session, not one a bar; what
//! is visited is a word for 64 members, whoever of them has a bar. No allocation after it is
//! laid out, no lock, no search.

/// The instants at which bars close, and whose bars they are.
///
/// *Ordering*: by close, then by position among the members, which is symbol order.
#[derive(Default)]
pub(super) struct Agenda {
    /// When each slot closes, ascending.
    closes_ns: Vec<i64>,
    /// Words that hold a bit for each member.
    n_words: usize,
    /// For each slot, the members whose run of bars begins with it or has ended before it.
    turns: Vec<u64>,
    /// The members that have a bar in `next_slot`.
    here: Vec<u64>,
    /// The first slot not taken in which a member has a bar; past the last where there is none.
    next_slot: usize,
    /// The members whose bars were taken last.
    taken: Vec<u64>,
}

impl Agenda {
    /// Lays out what comes after `clock_ns`. For each member `closes_at_ns` lists when its bars
    /// that are to come close: ascending, each the close of a slot.
    ///
    /// *Cost*: a few steps for a member whose bars fill their slots; else linear in runs of bars.
    pub(super) fn lay<'c>(
        &mut self,
        slot_closes_ns: &[i64],
        clock_ns: i64,
        members: impl ExactSizeIterator<Item = &'c [i64]>,
    ) {
        self.closes_ns.clear();
        self.closes_ns.extend_from_slice(slot_closes_ns);
        self.n_words = members.len().div_ceil(64);
        self.turns.clear();
        self.turns.resize(self.n_words * (self.closes_ns.len() + 1), 0);
        self.taken.clear();
        for (position, closes_at_ns) in members.enumerate() {
            self.enter(position, closes_at_ns);
        }
        self.next_slot = self.closes_ns.partition_point(|&ns| ns <= clock_ns);
        self.here.clear();
        self.here.resize(self.n_words, 0);
        self.turn();
    }

    /// Enters the bars of one member, run by run.
    fn enter(&mut self, position: usize, closes_at_ns: &[i64]) {
        let mut rest = closes_at_ns;
        let mut from = 0;
        while let (Some(&first_ns), Some(&last_ns)) = (rest.first(), rest.last()) {
            let first = from + self.closes_ns[from..].partition_point(|&ns| ns < first_ns);
            let slots = &self.closes_ns[first..];
            let is_one_run = slots.get(rest.len() - 1) == Some(&last_ns);
            let n_in_run = if is_one_run {
                rest.len()
            } else {
                rest.iter().zip(slots).take_while(|(bar, slot)| bar == slot).count()
            };
            self.flip(position, first);
            self.flip(position, first + n_in_run);
            from = first + n_in_run;
            rest = &rest[n_in_run.max(1)..];
        }
    }

    fn flip(&mut self, position: usize, slot: usize) {
        self.turns[slot * self.n_words + position / 64] ^= 1 << (position % 64);
    }

    /// Goes on to the first slot from `next_slot` on in which a member has a bar.
    fn turn(&mut self) {
        while self.next_slot < self.closes_ns.len() {
            let first = self.next_slot * self.n_words;
            let turns = &self.turns[first..first + self.n_words];
            let mut any = 0;
            for (here, turn) in self.here.iter_mut().zip(turns) {
                *here ^= turn;
                any |= *here;
            }
            if any != 0 {
                return;
            }
            self.next_slot += 1;
        }
    }

    /// When the next bar closes; `None` where none follows.
    pub(super) fn next_ns(&self) -> Option<i64> {
        self.closes_ns.get(self.next_slot).copied()
    }

    /// Takes the bars that close at `instant_ns`, where they are the next.
    pub(super) fn take(&mut self, instant_ns: i64) {
        self.taken.clear();
        if self.next_ns() == Some(instant_ns) {
            self.taken.extend_from_slice(&self.here);
            self.next_slot += 1;
            self.turn();
        }
    }

    /// The members whose bars were taken last, in order.
    pub(super) fn taken(&self) -> impl Iterator<Item = usize> {
        self.taken.iter().enumerate().flat_map(|(word_idx, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
                rest &= rest - 1;
                Some(word_idx * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What a plain sort of all (close, position) pairs after the clock yields.
        #[test]
        fn the_agenda_yields_what_a_sort_yields(
            steps in proptest::collection::vec(1_i64..4, 1..40),
            has_bar in proptest::collection::vec(proptest::collection::vec(any::<bool>(), 40), 0..130),
            is_dense in any::<bool>(),
            clock_slot in 0_usize..40,
        ) {
            let slot_closes_ns: Vec<i64> = steps
                .iter()
                .scan(100, |at, step| { *at += step; Some(*at) })
                .collect();
            let clock_ns = slot_closes_ns.get(clock_slot).copied().unwrap_or(0);
            let members: Vec<Vec<i64>> = has_bar
                .iter()
                .map(|has_bar| {
                    let bars = slot_closes_ns.iter().zip(has_bar);
                    let bars = bars.filter(|&(&ns, &has)| (has || is_dense) && ns > clock_ns);
                    bars.map(|(&ns, _)| ns).collect()
                })
                .collect();
            let mut sorted: Vec<(i64, usize)> = Vec::new();
            for (position, bars) in members.iter().enumerate() {
                sorted.extend(bars.iter().map(|&ns| (ns, position)));
            }
            sorted.sort_unstable();

            let mut agenda = Agenda::default();
            agenda.lay(&slot_closes_ns, clock_ns, members.iter().map(Vec::as_slice));
            let mut yielded = Vec::new();
            while let Some(ns) = agenda.next_ns() {
                agenda.take(ns - 1);
                prop_assert_eq!(agenda.taken().count(), 0);
                agenda.take(ns);
                yielded.extend(agenda.taken().map(|position| (ns, position)));
            }
            prop_assert_eq!(yielded, sorted);
        }
    }
}
