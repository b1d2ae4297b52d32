//! States of a live symbol within its session, from which its series can be made anew after a
//! correction without going back to the session's start.

use openbell_processor::SymbolProcessor;
use openbell_time::Timestamp;

/// Bars from one state to the next.
const STEP: usize = 32;

/// States of a symbol within its session, oldest first. The further back, the fewer there are: most
/// corrections are of the last minutes.
#[derive(Default)]
pub(crate) struct Checkpoints(Vec<Checkpoint>);

/// The state of a symbol after some of its bars.
pub(crate) struct Checkpoint {
    /// Base bars that were appended.
    pub(crate) n_bars: usize,
    /// Rows of every series, base first.
    pub(crate) n_rows: Vec<usize>,
    /// Windows that ended at or before it were closed.
    closed_through: Timestamp,
    pub(crate) processor: SymbolProcessor,
}

impl Checkpoints {
    /// Whether a state with `n_bars` bars is one to be kept.
    pub(crate) fn is_due(n_bars: usize) -> bool {
        n_bars > 0 && n_bars.is_multiple_of(STEP)
    }

    /// The next number of bars after `n_bars` whose state is one to be kept.
    pub(crate) fn due_after(n_bars: usize) -> usize {
        (n_bars / STEP + 1) * STEP
    }

    /// Keeps a state, the latest.
    pub(crate) fn keep(
        &mut self,
        n_rows: Vec<usize>,
        closed_through: Timestamp,
        processor: SymbolProcessor,
    ) {
        let n_bars = n_rows[0];
        let is_worth = |kept: &Checkpoint| {
            let (age, nth) = ((n_bars - kept.n_bars) / STEP, kept.n_bars / STEP);
            age <= 2 << nth.trailing_zeros()
        };
        self.0.retain(is_worth);
        self.0.push(Checkpoint { n_bars, n_rows, closed_through, processor });
    }

    /// The latest state that a bar stamped `opens_at`, in row `row` of the base, has not gone into;
    /// those after it are dropped.
    pub(crate) fn back_to(&mut self, row: usize, opens_at: Timestamp) -> Option<&Checkpoint> {
        let is_before = |kept: &Checkpoint| kept.n_bars <= row && kept.closed_through <= opens_at;
        let n_kept = self.0.iter().rposition(is_before).map_or(0, |last| last + 1);
        self.0.truncate(n_kept);
        self.0.last()
    }

    /// Other series are made from now on.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use openbell_market::BarInterval;
    use openbell_processor::IndicatorSet;

    use super::*;

    #[test]
    fn recent_states_are_dense_old_ones_are_few_and_none_is_later_than_what_is_corrected() {
        let base = BarInterval::from_mins(1).expect("an interval");
        let processor = SymbolProcessor::new(base, &[], |_| IndicatorSet::default());
        let at = |bar: usize| Timestamp::from_nanos(bar as i64);
        let mut kept = Checkpoints::default();
        for n_bars in (0..23_400).filter(|&n_bars| Checkpoints::is_due(n_bars)) {
            kept.keep(vec![n_bars], at(n_bars), processor.clone());
        }
        assert!(kept.0.len() < 30, "{}", kept.0.len());
        assert!(kept.0.iter().rev().take(2).all(|kept| kept.n_bars > 23_400 - 3 * STEP));
        for row in [23_390, 23_300, 20_000, 9_000] {
            let found = kept.back_to(row, at(row)).expect("a state").n_bars;
            assert!(found <= row && row - found <= row.max(23_390) - row + 8_192, "{row}: {found}");
        }
        assert!(kept.back_to(5, at(5)).is_none());
    }

    #[test]
    fn a_state_whose_windows_had_closed_over_a_bar_is_none_to_go_back_to() {
        let base = BarInterval::from_mins(1).expect("an interval");
        let processor = SymbolProcessor::new(base, &[], |_| IndicatorSet::default());
        let at = Timestamp::from_nanos;
        let mut kept = Checkpoints::default();
        kept.keep(vec![32], at(32), processor.clone());
        kept.keep(vec![64], at(90), processor);
        assert_eq!(kept.back_to(64, at(90)).map(|kept| kept.n_bars), Some(64));
        assert_eq!(kept.back_to(64, at(70)).map(|kept| kept.n_bars), Some(32));
    }
}
