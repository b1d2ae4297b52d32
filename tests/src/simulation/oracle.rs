//! What a run must show, straight from the rows of the market: bars, windows, coverage, gaps,
//! metrics and trailing sessions, each made anew from all rows, without state.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use openbell_market::{BarFault, BarInterval, Coverage, Gap, Ohlcv, RejectReason};
use openbell_time::{Nanos, Timestamp};

use super::days::{slots, windows};
use super::scenario::Scenario;

/// A bar that must be there.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedBar {
    /// Its stamp.
    pub opens_at: Timestamp,
    /// The instant from which it can be read.
    pub closes_at: Timestamp,
    /// Its values.
    pub ohlcv: Ohlcv,
    /// Base bars in it, of how many.
    pub coverage: Coverage,
}

/// All bars of one series and session, in order.
#[derive(Debug, Default)]
pub struct ExpectedSeries {
    /// The bars.
    pub bars: Vec<ExpectedBar>,
    /// When the windows of the interval close, empty ones included, and the base bars that each
    /// expects.
    pub windows: Vec<(Timestamp, u32)>,
}

/// A row that must be rejected.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedRejection {
    /// From when on a run may know of it.
    pub known_at: Timestamp,
    /// Why.
    pub reason: RejectReason,
}

impl ExpectedSeries {
    /// Bars that can be read at `as_of`.
    pub fn n_visible(&self, as_of: Timestamp) -> usize {
        self.bars.partition_point(|bar| bar.closes_at <= as_of)
    }

    /// The coverage at `as_of`, absent while no window has closed.
    pub fn coverage(&self, as_of: Timestamp, regular: (Timestamp, Timestamp)) -> Option<Coverage> {
        let closed = self.windows.iter().filter(|(closes_at, _)| *closes_at <= as_of);
        let expected: u32 = closed.clone().map(|(_, expected)| expected).sum();
        // Pre- and post-market bars are in the base series only, and are not expected.
        let is_regular = |bar: &&ExpectedBar| regular.0 < bar.closes_at && bar.opens_at < regular.1;
        let visible = &self.bars[..self.n_visible(as_of)];
        let n = visible.iter().filter(is_regular).map(|bar| bar.coverage.n).sum();
        (closed.count() > 0).then_some(Coverage { n, expected })
    }
}

/// Answers for one scenario; each is made once.
pub struct Oracle<'s> {
    scenario: &'s Scenario,
    made: RefCell<HashMap<(usize, usize, BarInterval), Rc<ExpectedSeries>>>,
}

impl<'s> Oracle<'s> {
    /// The oracle of `scenario`.
    pub fn new(scenario: &'s Scenario) -> Oracle<'s> {
        Oracle { scenario, made: RefCell::new(HashMap::new()) }
    }

    /// The regular hours of `day`.
    pub fn regular(&self, day: usize) -> (Timestamp, Timestamp) {
        let known = &self.scenario.stretch.days[day];
        (known.open(), known.close())
    }

    /// The first and the last instant of the session clock of `day`.
    pub fn clock(&self, day: usize) -> (Timestamp, Timestamp) {
        let parts = self.scenario.stretch.delivered(day, self.scenario.extended);
        (parts[0].0, parts[parts.len() - 1].1)
    }

    /// One series of one symbol in one session.
    pub fn series(&self, day: usize, symbol: usize, interval: BarInterval) -> Rc<ExpectedSeries> {
        let key = (day, symbol, interval);
        if let Some(made) = self.made.borrow().get(&key) {
            return Rc::clone(made);
        }
        let made = Rc::new(if interval == self.scenario.base {
            self.base(day, symbol)
        } else {
            self.derived(day, symbol, interval)
        });
        self.made.borrow_mut().insert(key, Rc::clone(&made));
        made
    }

    fn step(&self) -> Nanos {
        self.scenario.base.clock().map_or(Nanos::ZERO, |clock| clock.length())
    }

    /// The rows of `symbol` that can be read and belong to `day`, with their values.
    fn rows(&self, day: usize, symbol: usize) -> Vec<(Timestamp, Ohlcv)> {
        let scenario = self.scenario;
        let known = &scenario.symbols[symbol];
        let Some(rows) = &known.rows else { return Vec::new() };
        let whole = scenario.stretch.delivered(day, scenario.stretch.has_extended_hours());
        let since = whole[0].0;
        // Prints after the last hour belong to the day, where there is room before the next.
        let room = if scenario.stretch.is_round_the_clock() { 0 } else { 2 * 3600 };
        let until = whole[whole.len() - 1].1 + Nanos::from_secs(room);
        let n_ascending = rows.opens_at_ns.windows(2).take_while(|pair| pair[0] <= pair[1]).count();
        let unreadable = known.unreadable_since();
        (0..rows.len().min(n_ascending + 1))
            .map(|row| (rows.opens_at(row), rows.ohlcv(row)))
            .filter(|(at, _)| since <= *at && *at < until && *at < unreadable)
            .collect()
    }

    /// What becomes of each row of a day.
    pub fn sifted(&self, day: usize, symbol: usize) -> (Vec<ExpectedBar>, Vec<ExpectedRejection>) {
        let parts = self.scenario.stretch.delivered(day, self.scenario.extended);
        let slots = slots(&parts, self.step());
        let mut bars: Vec<ExpectedBar> = Vec::new();
        let mut rejections = Vec::new();
        for (opens_at, ohlcv) in self.rows(day, symbol) {
            let slot = slots.binary_search_by_key(&opens_at, |slot| slot.0);
            let is_within = parts.iter().any(|part| part.0 <= opens_at && opens_at < part.1);
            let is_double = bars.last().is_some_and(|last| last.opens_at == opens_at);
            let reason = match (slot, fault(&ohlcv)) {
                (Err(_), _) if is_within => RejectReason::OffGrid,
                (Err(_), _) => RejectReason::OutsideHours,
                _ if is_double => RejectReason::Duplicate,
                (_, Some(fault)) => RejectReason::Invalid(fault),
                (Ok(slot), None) => {
                    let closes_at = slots[slot].1;
                    let coverage = Coverage { n: 1, expected: 1 };
                    bars.push(ExpectedBar { opens_at, closes_at, ohlcv, coverage });
                    continue;
                }
            };
            let known_at = opens_at + self.step();
            rejections.push(ExpectedRejection { known_at, reason });
        }
        (bars, rejections)
    }

    fn base(&self, day: usize, symbol: usize) -> ExpectedSeries {
        let parts = &self.scenario.stretch.days[day].parts;
        let windows = slots(parts, self.step()).into_iter().map(|(_, until)| (until, 1));
        ExpectedSeries { bars: self.sifted(day, symbol).0, windows: windows.collect() }
    }

    fn derived(&self, day: usize, symbol: usize, interval: BarInterval) -> ExpectedSeries {
        let stretch = self.scenario.stretch;
        if interval != BarInterval::WEEK {
            let parts = &stretch.days[day].parts;
            let windows = windows(parts, interval);
            return self.folded(&[day], symbol, &windows);
        }
        let days: Vec<usize> = stretch.week_of(day).collect();
        let (first, last) = (days[0], days[days.len() - 1]);
        if last != day {
            return ExpectedSeries::default(); // The week closes with a later session.
        }
        let window = (stretch.days[first].open(), stretch.days[last].close());
        self.folded(&days, symbol, &[window])
    }

    /// The bars of `windows`, each folded from the regular base bars that open in it.
    fn folded(
        &self,
        days: &[usize],
        symbol: usize,
        windows: &[(Timestamp, Timestamp)],
    ) -> ExpectedSeries {
        let mut series = ExpectedSeries::default();
        let mut base: Vec<ExpectedBar> = Vec::new();
        let mut expected: Vec<Timestamp> = Vec::new();
        for &day in days {
            let known = &self.scenario.stretch.days[day];
            let of_day = self.series(day, symbol, self.scenario.base);
            let is_regular = |bar: &&ExpectedBar| {
                known.parts.iter().any(|p| p.0 <= bar.opens_at && bar.opens_at < p.1)
            };
            base.extend(of_day.bars.iter().filter(is_regular).copied());
            expected.extend(slots(&known.parts, self.step()).into_iter().map(|slot| slot.0));
        }
        for &(since, until) in windows {
            let is_in = |at: Timestamp| since <= at && at < until;
            let n_expected = expected.iter().filter(|at| is_in(**at)).count() as u32;
            series.windows.push((until, n_expected));
            let bars: Vec<&ExpectedBar> = base.iter().filter(|bar| is_in(bar.opens_at)).collect();
            let (Some(first), Some(last)) = (bars.first(), bars.last()) else { continue };
            let ohlcv = Ohlcv {
                open: first.ohlcv.open,
                high: bars.iter().map(|bar| bar.ohlcv.high).fold(f64::MIN, f64::max),
                low: bars.iter().map(|bar| bar.ohlcv.low).fold(f64::MAX, f64::min),
                close: last.ohlcv.close,
                volume: bars.iter().map(|bar| bar.ohlcv.volume).sum(),
            };
            let coverage = Coverage { n: bars.len() as u32, expected: n_expected };
            series.bars.push(ExpectedBar { opens_at: since, closes_at: until, ohlcv, coverage });
        }
        series
    }

    /// The regular slots without a bar that have closed by `as_of`.
    pub fn gaps(&self, day: usize, symbol: usize, as_of: Timestamp) -> Vec<Gap> {
        let base = self.series(day, symbol, self.scenario.base);
        let parts = &self.scenario.stretch.days[day].parts;
        let mut gaps: Vec<Gap> = Vec::new();
        let mut was_missing = false;
        for (since, until) in slots(parts, self.step()) {
            if until > as_of {
                break;
            }
            let is_there = base.bars.binary_search_by_key(&since, |bar| bar.opens_at).is_ok();
            match gaps.last_mut() {
                _ if is_there => {}
                Some(gap) if was_missing => {
                    gap.until = until;
                    gap.n_bars += 1;
                }
                _ => gaps.push(Gap { since, until, n_bars: 1 }),
            }
            was_missing = !is_there;
        }
        gaps
    }

    /// The bars of the trailing sessions of `interval` before `day`, session by session.
    pub fn trailing(&self, day: usize, symbol: usize, interval: BarInterval) -> Vec<Vec<Ohlcv>> {
        let n_sessions = self.scenario.history.0;
        let daily = self.scenario.symbols[symbol].daily.as_ref();
        let mut sessions: Vec<Vec<Ohlcv>> = Vec::new();
        for back in (1..=n_sessions).rev() {
            let Some(past) = day.checked_sub(back) else {
                sessions.push(Vec::new()); // Before all rows.
                continue;
            };
            let bars = match daily.filter(|_| interval == BarInterval::DAY) {
                Some(rows) => vec![rows.ohlcv(past)],
                None => {
                    let series = self.series(past, symbol, interval);
                    series.bars.iter().map(|bar| bar.ohlcv).collect()
                }
            };
            sessions.push(bars);
        }
        sessions
    }
}

/// What is wrong with a row's values.
fn fault(bar: &Ohlcv) -> Option<BarFault> {
    let all = [bar.open, bar.high, bar.low, bar.close, bar.volume];
    if all.iter().any(|value| !value.is_finite()) {
        Some(BarFault::NotFinite)
    } else if [bar.open, bar.low, bar.close].iter().any(|&price| price > bar.high) {
        Some(BarFault::HighBelowOthers)
    } else if [bar.open, bar.close].iter().any(|&price| price < bar.low) {
        Some(BarFault::LowAboveOthers)
    } else if bar.volume < 0.0 {
        Some(BarFault::NegativeVolume)
    } else {
        None
    }
}
