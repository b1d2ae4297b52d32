//! What every indicator's code answers, and how an absent value stands inside of it.

use super::input::{InputBar, SessionStart};

/// An absent value where values stand in columns. It never leaves as a number: whoever reads a
/// state gets `None`, and stores write null for it.
pub(super) const ABSENT: f64 = f64::NAN;

/// After how much an indicator has a value at the earliest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadyAfter {
    /// After so many bars, counted from the state's first, or, for indicators that begin afresh at
    /// the open, from the session's first. For the swings: where the first bar that can be one is
    /// one.
    Bars(u32),
    /// After so many whole sessions.
    Sessions(u32),
}

/// The code of one indicator of N values.
pub(super) trait Formula<const N: usize> {
    /// After how much the first value comes.
    fn ready_after(&self) -> ReadyAfter;

    /// Takes in the next bar; the values at it, [`ABSENT`] where there is none.
    fn step(&mut self, bar: &InputBar) -> [f64; N];

    /// Takes in that a session begins; the values before its first bar where the session changes
    /// them, `None` where they stay.
    fn start_session(&mut self, _start: &SessionStart) -> Option<[f64; N]> {
        None
    }
}

/// The value, or [`ABSENT`].
#[inline]
pub(super) fn or_absent(value: Option<f64>) -> f64 {
    value.unwrap_or(ABSENT)
}

/// `value` as it leaves: what float64 cannot hold is absent, and there is but one zero.
#[inline]
pub(super) fn settled(value: f64) -> f64 {
    if value.is_finite() { value + 0.0 } else { ABSENT }
}

/// `part / whole`, and 0 where the whole is 0: nothing has moved, or nothing was traded.
#[inline]
pub(super) fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}
