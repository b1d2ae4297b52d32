//! The bars of one symbol in one session.

use openbell_market::{BarColumns, Ohlcv};
use openbell_time::{Session, Timestamp};

use super::noise::{Noise, ONE};
use super::plan::{Flaw, SymbolPlan};

/// Octaves of the path over days: knots up to 64 days apart.
const DAY_OCTAVES: u32 = 7;

/// Lanes of the noise of a session, beside the octaves of its path.
const OPEN: u32 = 100;
const HIGH: u32 = 101;
const LOW: u32 = 102;
const VOLUME: u32 = 103;
const PRESENT: u32 = 104;
const GAP_START: u32 = 105;
const GAP_LENGTH: u32 = 106;
const EXTENDED: u32 = 107;

/// Makes the bars of one symbol, session by session.
#[derive(Clone, Debug)]
pub(super) struct SessionMaker<'a> {
    plan: &'a SymbolPlan,
    noise: Noise,
}

/// The bars of one session that stand on its grid, and the way to their values.
struct Grid {
    session: Session,
    noise: Noise,
    n_bars: u32,
    n_octaves: u32,
    open_level: i64,
    close_level: i64,
    /// How far the price goes in one bar.
    step: i64,
    /// The sum of [`volume_weight`] over the session.
    weight: u64,
}

impl<'a> SessionMaker<'a> {
    pub(super) fn new(seed: u64, plan: &'a SymbolPlan) -> SessionMaker<'a> {
        SessionMaker { plan, noise: Noise::new(seed, plan.symbol.as_str()) }
    }

    /// Appends the bars of `session`, flaws applied.
    pub(super) fn bars(&self, session: &Session, out: &mut BarColumns) {
        let grid = self.grid(session);
        let missing = self.missing(&grid);
        self.extended(&grid, session.pre_open.map(|pre| pre..session.open), out);
        let mut idx = 0;
        self.each_open(session, |opens_at| {
            let is_missing =
                missing.iter().any(|gap| gap.contains(&idx)) || self.thinned_out(grid.noise, idx);
            if !is_missing {
                out.push(opens_at, self.bar(&grid, idx));
            }
            idx += 1;
        });
        self.extended(&grid, session.post_close.map(|post| session.close..post), out);
    }

    /// The whole session as one bar, as it would be without flaws.
    pub(super) fn day(&self, session: &Session) -> Ohlcv {
        let grid = self.grid(session);
        let mut day = self.bar(&grid, 0);
        for idx in 1..grid.n_bars {
            let bar = self.bar(&grid, idx);
            day.high = day.high.max(bar.high);
            day.low = day.low.min(bar.low);
            day.close = bar.close;
            day.volume += bar.volume;
        }
        day
    }

    fn grid(&self, session: &Session) -> Grid {
        let mut n_bars = 0_u32;
        self.each_open(session, |_| n_bars += 1);
        let n_bars = n_bars.max(1);
        // An open and a close for each day, so that there is a step over night as well.
        let half_day = 2 * i64::from(session.date.as_days());
        let day_step = i64::from(self.plan.volatility_bp) * ONE / 10_000;
        let level = |half_day: i64| {
            let factor = (ONE + self.noise.path(half_day, DAY_OCTAVES, day_step)).max(ONE / 8);
            self.plan.price_ticks.min(1 << 40) as i64 * factor
        };
        let open_level = level(half_day);
        let root = (u64::from(n_bars) * ONE as u64).isqrt() as i64;
        Grid {
            session: *session,
            noise: self.noise.inner(session.date.as_days().into()),
            n_bars,
            n_octaves: n_bars.ilog2(),
            open_level,
            close_level: level(half_day + 1),
            step: open_level / 10_000 * i64::from(self.plan.volatility_bp) * 256 / root / 2,
            weight: (0..n_bars).map(|idx| volume_weight(idx, n_bars)).sum(),
        }
    }

    /// Calls `visit` with the open of every bar of the session's parts.
    fn each_open(&self, session: &Session, mut visit: impl FnMut(Timestamp)) {
        let length = self.plan.interval.length();
        for part in session.parts() {
            let mut opens_at = part.since;
            while opens_at < part.until {
                visit(opens_at);
                opens_at += length;
            }
        }
    }

    /// The price at the start of bar `idx`, in ticks with a fraction.
    fn price(&self, grid: &Grid, idx: u32) -> i64 {
        let way = grid.close_level - grid.open_level;
        let straight = grid.open_level + way / i64::from(grid.n_bars) * i64::from(idx);
        let wandered = grid.noise.path(idx.into(), grid.n_octaves, grid.step);
        (straight + wandered).max(ONE)
    }

    fn bar(&self, grid: &Grid, idx: u32) -> Ohlcv {
        let wick =
            |lane| grid.noise.below(lane, idx.into(), grid.step.unsigned_abs().max(1)) as i64;
        let opened = self.price(grid, idx) + (wick(OPEN) - grid.step / 2) / 4;
        let closed = self.price(grid, idx + 1);
        let high = opened.max(closed) + wick(HIGH) / 2;
        let low = opened.min(closed) - wick(LOW) / 2;
        let share = self.plan.session_volume.saturating_mul(volume_weight(idx, grid.n_bars));
        let volume = share / grid.weight.max(1);
        // Between half and one and a half times its share.
        let volume = volume / 2 + grid.noise.below(VOLUME, idx.into(), volume.max(1));
        Ohlcv {
            open: self.in_currency(opened),
            high: self.in_currency(high),
            low: self.in_currency(low),
            close: self.in_currency(closed),
            volume: volume.max(1) as f64 / ten_to(self.plan.volume_decimals),
        }
    }

    /// Rounded to whole ticks. A division is rounded the same on every machine.
    fn in_currency(&self, ticks: i64) -> f64 {
        let whole = ((ticks + ONE / 2) / ONE).max(1);
        whole as f64 / ten_to(self.plan.price_decimals)
    }

    /// The stretches of bars that are missing in this session.
    fn missing(&self, grid: &Grid) -> Vec<std::ops::Range<u32>> {
        let today = grid.session.date;
        let mut missing = Vec::new();
        for flaw in &self.plan.flaws {
            match *flaw {
                Flaw::Gaps { n_gaps, n_bars_max } => {
                    for gap in 0..n_gaps {
                        let place = i64::from(gap);
                        let first = grid.noise.below(GAP_START, place, grid.n_bars.into()) as u32;
                        let length = grid.noise.below(GAP_LENGTH, place, n_bars_max.into()) as u32;
                        missing.push(first..first + length + 1);
                    }
                }
                Flaw::Halt { date, first_bar, n_bars } if date == today => {
                    missing.push(first_bar..first_bar.saturating_add(n_bars));
                }
                Flaw::StartsLate { date, first_bar } if date == today => missing.push(0..first_bar),
                Flaw::EndsEarly { date, n_bars } if date == today => missing.push(n_bars..u32::MAX),
                Flaw::Silent { date } if date == today => missing.push(0..u32::MAX),
                _ => {}
            }
        }
        missing
    }

    fn thinned_out(&self, noise: Noise, idx: u32) -> bool {
        self.plan.flaws.iter().any(|flaw| match flaw {
            Flaw::Thin { one_in } => noise.below(PRESENT, idx.into(), (*one_in).into()) != 0,
            _ => false,
        })
    }

    /// Appends bars of the hours around the session, where the plan has such.
    fn extended(
        &self,
        grid: &Grid,
        hours: Option<std::ops::Range<Timestamp>>,
        out: &mut BarColumns,
    ) {
        let one_in = self.plan.flaws.iter().find_map(|flaw| match flaw {
            Flaw::ExtendedHours { one_in } => Some(*one_in),
            _ => None,
        });
        let is_silent = self.plan.flaws.contains(&Flaw::Silent { date: grid.session.date });
        let (Some(hours), Some(one_in), false) = (hours, one_in, is_silent) else { return };
        let (edge_idx, is_pre) =
            if hours.end == grid.session.open { (0, true) } else { (grid.n_bars - 1, false) };
        let edge = self.bar(grid, edge_idx);
        let price = if is_pre { edge.open } else { edge.close };
        let mut opens_at = hours.start;
        while opens_at < hours.end {
            let minute = opens_at.as_secs();
            let is_close_print = opens_at == grid.session.close;
            if is_close_print || grid.noise.below(EXTENDED, minute, one_in.into()) == 0 {
                let share = if is_close_print { 10 } else { 50_000 };
                let volume = (self.plan.session_volume / share).max(1) as f64;
                let volume = volume / ten_to(self.plan.volume_decimals);
                let flat = Ohlcv { open: price, high: price, low: price, close: price, volume };
                out.push(opens_at, flat);
            }
            opens_at += self.plan.interval.length();
        }
    }
}

/// How much of a session's volume is traded in a bar, beside the others: five times as much at the
/// open and the close as at noon; a session of more than 1,000 bars has no such humps.
fn volume_weight(idx: u32, n_bars: u32) -> u64 {
    if n_bars > 1_000 {
        return 1_024;
    }
    let (idx, n_bars) = (u64::from(idx), u64::from(n_bars));
    // From noon, 0, to the open and the close, 1,024.
    let from_noon = (2 * idx + 1).abs_diff(n_bars) * 1_024 / n_bars;
    1_024 + 4 * (from_noon * from_noon / 1_024 * from_noon / 1_024)
}

/// 10 to the power of `decimals`, exactly.
fn ten_to(decimals: u32) -> f64 {
    10_u64.saturating_pow(decimals) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_traded_at_the_open_and_the_close_than_at_noon() {
        let at = |idx| volume_weight(idx, 390);
        assert!(at(0) > 4 * at(195) && at(389) > 4 * at(195));
    }
}
