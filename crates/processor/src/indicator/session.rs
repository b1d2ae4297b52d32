//! Indicators that begin at the open: `vwap` and `twap` afresh, `pivot_points` and
//! `avg_volume_intraday` with what the sessions before were like.
//!
//! The only states that allocate after construction are those of `avg_volume_intraday`, at an
//! open and never at a bar.

use super::formula::{ABSENT, Formula, ReadyAfter, or_absent};
use super::input::{InputBar, SessionLength, SessionStart};

/// `vwap`: Σ(typical·volume)/Σ volume since the open; absent while nothing was traded.
#[derive(Clone, Debug, Default)]
pub(super) struct Vwap {
    money: f64,
    volume: f64,
}

impl Formula<1> for Vwap {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(1)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        self.money += bar.ohlcv.typical() * bar.ohlcv.volume;
        self.volume += bar.ohlcv.volume;
        [if self.volume > 0.0 { self.money / self.volume } else { ABSENT }]
    }

    fn start_session(&mut self, _start: &SessionStart) -> Option<[f64; 1]> {
        *self = Vwap::default();
        Some([ABSENT])
    }
}

/// `twap`: the mean of the closes since the open.
#[derive(Clone, Debug, Default)]
pub(super) struct Twap {
    sum: f64,
    n: f64,
}

impl Formula<1> for Twap {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(1)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        self.sum += bar.ohlcv.close;
        self.n += 1.0;
        [self.sum / self.n]
    }

    fn start_session(&mut self, _start: &SessionStart) -> Option<[f64; 1]> {
        *self = Twap::default();
        Some([ABSENT])
    }
}

/// `pivot_points`: the levels that follow from high, low and close of the last earlier session
/// that has bars.
#[derive(Clone, Debug)]
pub(super) struct PivotPoints {
    // High, low and close of the session that runs, once it has a bar.
    running: Option<(f64, f64, f64)>,
    levels: [f64; 7],
}

impl PivotPoints {
    pub(super) fn new() -> PivotPoints {
        PivotPoints { running: None, levels: [ABSENT; 7] }
    }
}

impl Formula<7> for PivotPoints {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Sessions(1)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 7] {
        let (high, low) = (bar.ohlcv.high, bar.ohlcv.low);
        let (highest, lowest) = match self.running {
            Some((highest, lowest, _)) => (
                if high > highest { high } else { highest },
                if low < lowest { low } else { lowest },
            ),
            None => (high, low),
        };
        self.running = Some((highest, lowest, bar.ohlcv.close));
        self.levels
    }

    fn start_session(&mut self, _start: &SessionStart) -> Option<[f64; 7]> {
        if let Some((h, l, c)) = self.running.take() {
            let pp = (h + l + c) / 3.0;
            self.levels = [
                pp,
                2.0 * pp - l,
                pp + (h - l),
                h + 2.0 * (pp - l),
                2.0 * pp - h,
                pp - (h - l),
                l - 2.0 * (h - pp),
            ];
        }
        Some(self.levels)
    }
}

/// `avg_volume_intraday`: for each slot the mean of its volumes in the last n sessions of normal
/// length, those left out that ended before the first bar.
///
/// *Cost*: a float for each slot of n + 2 sessions. An open costs n additions a slot; a bar costs
/// none.
#[derive(Clone, Debug)]
pub(super) struct AvgVolumeIntraday {
    n_sessions: usize,
    // Volumes by slot of the session that runs, and whether they will count.
    running: Option<(SessionLength, Box<[f64]>)>,
    // Whether there has been a bar: sessions before the first one are none of this symbol.
    has_begun: bool,
    // The last sessions that count, oldest first.
    past: std::collections::VecDeque<Box<[f64]>>,
    means: Option<Box<[f64]>>,
    n_slots: usize,
}

impl AvgVolumeIntraday {
    pub(super) fn new(n_sessions: u32, n_slots: u32) -> AvgVolumeIntraday {
        AvgVolumeIntraday {
            n_sessions: n_sessions as usize,
            running: None,
            has_begun: false,
            past: std::collections::VecDeque::new(),
            means: None,
            n_slots: n_slots as usize,
        }
    }

    /// The mean of `slot`; absent while there are fewer than n sessions, and where an ordinary
    /// session has no such slot.
    pub(super) fn slot_mean(&self, slot: u32) -> Option<f64> {
        self.means.as_ref()?.get(slot as usize).copied()
    }

    // The oldest session leaves, and its columns are used for the one that begins.
    fn columns(&mut self) -> Box<[f64]> {
        let spare = match self.running.take() {
            Some((SessionLength::Normal, volumes)) if self.has_begun => {
                self.past.push_back(volumes);
                let is_over = self.past.len() > self.n_sessions;
                if is_over { self.past.pop_front() } else { None }
            }
            Some((_, volumes)) => Some(volumes),
            None => None,
        };
        let mut volumes = spare.unwrap_or_else(|| vec![0.0; self.n_slots].into_boxed_slice());
        volumes.fill(0.0);
        volumes
    }
}

impl Formula<1> for AvgVolumeIntraday {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Sessions(self.n_sessions as u32)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        self.has_begun = true;
        if let Some((_, volumes)) = &mut self.running
            && let Some(volume) = volumes.get_mut(bar.slot as usize)
        {
            *volume += bar.ohlcv.volume;
        }
        [or_absent(self.slot_mean(bar.slot))]
    }

    fn start_session(&mut self, start: &SessionStart) -> Option<[f64; 1]> {
        let volumes = self.columns();
        self.running = Some((start.length, volumes));
        if self.past.len() == self.n_sessions {
            let means = self.means.get_or_insert_with(|| vec![0.0; self.n_slots].into());
            means.fill(0.0);
            for session in &self.past {
                for (mean, volume) in means.iter_mut().zip(session) {
                    *mean += volume;
                }
            }
            for mean in means.iter_mut() {
                *mean /= self.n_sessions as f64;
            }
        }
        // The value is that of a bar's slot, and there is no bar yet.
        Some([ABSENT])
    }
}
