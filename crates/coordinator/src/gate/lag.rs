//! When a symbol lags, and when it is caught up: the rule, and the state of one symbol.
//!
//! Hot path. No allocation, no lock, no `dyn`, no formatting.
//!
//! Not here: what it means for the session ([`crate::gate`]), how many bars are delivered (the
//! engine's progress, which hands the number in).

use openbell_time::Nanos;

/// The numbers of the rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LagRule {
    /// Over this a symbol lags; equal is not over.
    pub threshold: Nanos,
    /// At or under this a lagging symbol is caught up.
    pub recovery: Nanos,
    /// A symbol that does not lag is checked at every so many bars, its first included.
    pub check_interval: u32,
}

/// Whether a symbol lags.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LagState {
    /// Its last check was at or under the recovery threshold, or its backlog is empty.
    CaughtUp,
    /// A check found it over the threshold, and none since at or under the recovery threshold.
    Lagging,
}

/// What a check changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum LagChange {
    /// Nothing.
    Unchanged,
    /// The symbol lags from now on.
    BeganLagging,
    /// The symbol is caught up from now on.
    CaughtUp,
}

/// Whether one symbol lags in one session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LagMeter {
    /// The multiple of the check interval that is at or after the number of bars asked of last.
    next_check: u64,
    state: LagState,
}

impl LagMeter {
    /// A symbol of which nothing is delivered yet: its first bar will be checked.
    pub const fn new() -> LagMeter {
        LagMeter { next_check: 0, state: LagState::CaughtUp }
    }

    /// Whether it lags.
    pub const fn state(&self) -> LagState {
        self.state
    }

    /// Whether the bar about to be delivered, before which `n_delivered` were, is checked: the
    /// number is a multiple of the check interval, or the symbol lags already.
    ///
    /// *Cost*: a division once in a check interval, and where bars were delivered unasked.
    #[inline]
    pub fn is_check_due(&mut self, rule: &LagRule, n_delivered: u64) -> bool {
        if n_delivered > self.next_check {
            self.next_check = n_delivered.next_multiple_of(u64::from(rule.check_interval));
        }
        n_delivered == self.next_check || self.state == LagState::Lagging
    }

    /// Compares `lag`, the session clock minus the close of the bar about to be delivered in
    /// open-market time.
    pub fn check(&mut self, rule: &LagRule, lag: Nanos) -> LagChange {
        match self.state {
            LagState::CaughtUp if lag > rule.threshold => {
                self.state = LagState::Lagging;
                LagChange::BeganLagging
            }
            LagState::Lagging if lag <= rule.recovery => {
                self.state = LagState::CaughtUp;
                LagChange::CaughtUp
            }
            _ => LagChange::Unchanged,
        }
    }

    /// The symbol's backlog is empty: it is caught up at once.
    pub fn empty_backlog(&mut self) -> LagChange {
        match self.state {
            LagState::Lagging => {
                self.state = LagState::CaughtUp;
                LagChange::CaughtUp
            }
            LagState::CaughtUp => LagChange::Unchanged,
        }
    }
}

impl Default for LagMeter {
    fn default() -> LagMeter {
        LagMeter::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RULE: LagRule = LagRule {
        threshold: Nanos::from_secs(60),
        recovery: Nanos::from_secs(60),
        check_interval: 10,
    };

    /// Delivers a bar for each lag, in seconds, and lists the positions that were checked.
    fn checked(meter: &mut LagMeter, rule: &LagRule, lags_s: &[i64]) -> Vec<usize> {
        let mut positions = Vec::new();
        for (position, &lag_s) in lags_s.iter().enumerate() {
            if meter.is_check_due(rule, position as u64) {
                positions.push(position);
                let _change = meter.check(rule, Nanos::from_secs(lag_s));
            }
        }
        positions
    }

    #[test]
    fn the_first_the_eleventh_and_the_twenty_first_bar_are_checked() {
        assert_eq!(checked(&mut LagMeter::new(), &RULE, &[0; 25]), [0, 10, 20]);
    }

    #[test]
    fn a_lagging_symbol_is_checked_at_every_bar_until_it_is_caught_up() {
        let lags = [300, 240, 180, 120, 60, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(checked(&mut LagMeter::new(), &RULE, &lags), [0, 1, 2, 3, 4, 10]);
    }

    #[test]
    fn fifty_nine_and_sixty_seconds_are_fine_and_sixty_one_is_lag() {
        for (lag_s, state) in
            [(59, LagState::CaughtUp), (60, LagState::CaughtUp), (61, LagState::Lagging)]
        {
            let mut meter = LagMeter::new();
            let _ = checked(&mut meter, &RULE, &[lag_s]);
            assert_eq!(meter.state(), state, "{lag_s} s");
        }
        let wide = LagRule { threshold: Nanos::from_secs(120), ..RULE };
        for (lag_s, state) in [(120, LagState::CaughtUp), (121, LagState::Lagging)] {
            let mut meter = LagMeter::new();
            let _ = checked(&mut meter, &wide, &[lag_s]);
            assert_eq!(meter.state(), state, "{lag_s} s");
        }
    }

    #[test]
    fn between_the_two_thresholds_a_symbol_stays_what_it_was() {
        let rule = LagRule { recovery: Nanos::from_secs(30), check_interval: 1, ..RULE };
        let mut meter = LagMeter::new();
        let mut states = Vec::new();
        for (n_delivered, lag_s) in [59, 61, 60, 31, 30, 31, 60, 61].into_iter().enumerate() {
            assert!(meter.is_check_due(&rule, n_delivered as u64));
            let _change = meter.check(&rule, Nanos::from_secs(lag_s));
            states.push(meter.state() == LagState::Lagging);
        }
        assert_eq!(states, [false, true, true, true, false, false, false, true]);
    }

    proptest! {
        /// The rule of DESIGN 6 once more, as plainly as it can be written; between two bars of a
        /// backlog others may have been delivered at their own close, unchecked.
        #[test]
        fn the_meter_agrees_with_the_plain_rule(
            bars in proptest::collection::vec((0_i64..200, 0_u64..30), 0..200),
            threshold_s in 1_i64..150,
            recovery_share in 0_i64..=100,
            check_interval in 1_u32..=100,
            is_dense in any::<bool>(),
        ) {
            let rule = LagRule {
                threshold: Nanos::from_secs(threshold_s),
                recovery: Nanos::from_secs(threshold_s * recovery_share / 100),
                check_interval,
            };
            let mut meter = LagMeter::new();
            let mut lags = false;
            let mut n_delivered = 0;
            for &(lag_s, n_between) in &bars {
                let due = n_delivered % u64::from(check_interval) == 0 || lags;
                prop_assert_eq!(meter.is_check_due(&rule, n_delivered), due);
                if due {
                    let lag = Nanos::from_secs(lag_s);
                    if lag > rule.threshold { lags = true } else if lag <= rule.recovery { lags = false }
                    let _change = meter.check(&rule, lag);
                }
                n_delivered += if is_dense { 1 } else { 1 + n_between };
                prop_assert_eq!(meter.state() == LagState::Lagging, lags);
            }
        }
    }
}
