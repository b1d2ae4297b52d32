//! The bars of a run for its charts, collected session by session within a limit of memory.
//!
//! Each symbol is kept at one interval, the shortest that lets all of them fit; an interval with indicators
//! of its own is kept beside it, and the base bars of sessions in which something happened to a symbol.

use std::collections::BTreeMap;
use std::ops::Range;

use openbell_time::Timestamp;

use super::kept::{Kept, KeptBar, fold};

/// Numbers that are kept for each byte of the file: a bar of six takes 6.4 to 8.2 bytes in it.
const CELLS_PER_BYTE: f64 = 0.75;
/// Numbers that are kept at most, whatever the file may be: four bytes each.
const CELLS_MAX: usize = 5_000_000;
/// Of these, the share for the base bars of sessions in which something happened.
const NOTED_SHARE: f64 = 0.3;
/// Intervals that bars are folded to, in seconds.
const WIDTHS: [u32; 12] = [1, 5, 15, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];
const CELLS_OF_BAR: f64 = 6.0;

/// What is known before a run of the bars that will come.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ShelfPlan {
    /// The base interval, in seconds.
    pub base_s: u64,
    /// Symbols that take part from the start.
    pub n_symbols: usize,
    /// Sessions.
    pub n_sessions: usize,
    /// The length of a session, in seconds.
    pub session_s: u64,
    /// How large the file may be, in bytes.
    pub n_bytes_max: usize,
}

/// The bars of one series in one session; columns of one length, in order.
#[derive(Clone, Debug, Default)]
pub struct Bars<'b> {
    /// The interval, in seconds.
    pub interval_s: u64,
    /// When each opens, in nanoseconds since 1970.
    pub opens_at_ns: &'b [i64],
    /// Opens.
    pub open: &'b [f64],
    /// Highs.
    pub high: &'b [f64],
    /// Lows.
    pub low: &'b [f64],
    /// Closes.
    pub close: &'b [f64],
    /// Volumes.
    pub volume: &'b [f64],
    /// Indicator fields by name; NaN where there is no value.
    pub indicators: Vec<(String, &'b [f64])>,
}

/// Bars for charts.
///
/// *Cost*: a pass over the base bars of a session at its close; memory of at most 24 MB.
#[derive(Clone, PartialEq, Debug)]
pub struct Shelf {
    n_cells_max: usize,
    base_s: u32,
    width_s: u32,
    session_opens_s: Vec<u32>,
    whole: BTreeMap<String, Kept>,
    indicated: BTreeMap<(String, u32), Kept>,
    noted: BTreeMap<String, Kept>,
    n_cells_noted: usize,
    n_cells: usize,
    /// Symbols that were left out, the last first.
    left_out: Vec<String>,
}

impl Shelf {
    /// An empty shelf for a run of that size.
    ///
    /// ```
    /// use openbell_page::{Shelf, ShelfPlan};
    /// let day = ShelfPlan {
    ///     base_s: 60, n_symbols: 1, n_sessions: 1, session_s: 23_400, n_bytes_max: 5_000_000,
    /// };
    /// assert_eq!(Shelf::new(day).width_s(), 60); // 390 bars fit as they are.
    /// let year = ShelfPlan { n_symbols: 100, n_sessions: 252, ..day };
    /// assert_eq!(Shelf::new(year).width_s(), 1_800); // 9,828,000 bars do not, 327,600 do.
    /// ```
    pub fn new(plan: ShelfPlan) -> Shelf {
        let n_cells_max = ((plan.n_bytes_max as f64 * CELLS_PER_BYTE) as usize).min(CELLS_MAX);
        let base_s = u32::try_from(plan.base_s).unwrap_or(u32::MAX).max(1);
        let n_sessions = plan.n_symbols as f64 * plan.n_sessions as f64;
        let n_cells = |width_s: u32| {
            n_sessions * (plan.session_s as f64 / f64::from(width_s)).ceil() * CELLS_OF_BAR
        };
        let room = |width_s: u32| {
            let share = if width_s == base_s { 1.0 } else { 1.0 - NOTED_SHARE };
            n_cells_max as f64 * share
        };
        let widths = widths(base_s);
        let fits = widths.iter().find(|width_s| n_cells(**width_s) <= room(**width_s));
        let width_s = fits.or(widths.last()).copied().unwrap_or(base_s);
        Shelf {
            n_cells_max,
            base_s,
            width_s,
            session_opens_s: Vec::new(),
            whole: BTreeMap::new(),
            indicated: BTreeMap::new(),
            noted: BTreeMap::new(),
            n_cells_noted: 0,
            n_cells: 0,
            left_out: Vec::new(),
        }
    }

    /// The interval at which every symbol is kept, in seconds.
    pub fn width_s(&self) -> u32 {
        self.width_s
    }

    /// A session that opened at `open` is about to be added.
    pub fn begin_session(&mut self, open: Timestamp) {
        self.session_opens_s.push(seconds_of(open.as_nanos()));
    }

    /// Adds what was there of a symbol at the close of the session that was begun last, the base series
    /// first. Where `is_noted`, something happened to it, and its base bars are kept where there is room.
    pub fn add(&mut self, symbol: &str, series: &[Bars<'_>], is_noted: bool) {
        let Some((base, derived)) = series.split_first() else { return };
        if self.left_out.iter().any(|known| known == symbol) {
            return;
        }
        let began = self.session_opens_s.last().copied().unwrap_or(0);
        let whole = self.whole.entry(symbol.to_owned()).or_default();
        let before = whole.n_cells();
        let first = whole.len();
        fold(bars_of(base), self.width_s, |_| began..u32::MAX, whole);
        if self.width_s == self.base_s {
            indicate(whole, first, base);
        }
        self.n_cells += whole.n_cells() - before;
        let beside = if self.width_s == self.base_s { derived } else { series };
        for bars in beside.iter().filter(|bars| !bars.indicators.is_empty()) {
            let interval_s = u32::try_from(bars.interval_s).unwrap_or(u32::MAX);
            if interval_s >= self.width_s {
                let kept = self.indicated.entry((symbol.to_owned(), interval_s));
                self.n_cells += append(kept.or_default(), bars);
            }
        }
        let room = self.n_cells_max as f64 * NOTED_SHARE - self.n_cells_noted as f64;
        if is_noted && self.width_s > self.base_s && base.open.len() as f64 * CELLS_OF_BAR <= room {
            let kept = self.noted.entry(symbol.to_owned()).or_default();
            let added = append(kept, base);
            self.n_cells += added;
            self.n_cells_noted += added;
        }
        while self.n_cells > self.n_cells_max && self.coarsen() {}
    }

    /// Makes it smaller: longer intervals, and where there is none, fewer symbols. Returns whether there
    /// was something to be left out.
    pub(crate) fn coarsen(&mut self) -> bool {
        let next = widths(self.base_s).into_iter().find(|width_s| *width_s > self.width_s);
        match next {
            Some(width_s) => self.fold_all(width_s),
            None => {
                // Half of them at a time: each round writes the rest again.
                let n_left = self.whole.len() / 2;
                let names: Vec<String> = self.whole.keys().skip(n_left).cloned().collect();
                for name in names.into_iter().rev() {
                    self.whole.remove(&name);
                    self.noted.remove(&name);
                    self.indicated.retain(|(symbol, _), _| *symbol != name);
                    self.left_out.push(name);
                }
            }
        }
        let before = self.n_cells;
        self.n_cells_noted = self.noted.values().map(Kept::n_cells).sum();
        let all = self.whole.values().chain(self.indicated.values());
        self.n_cells = all.map(Kept::n_cells).sum::<usize>() + self.n_cells_noted;
        self.n_cells < before || next.is_some()
    }

    fn fold_all(&mut self, width_s: u32) {
        let session_of = |opens_s| session_of(&self.session_opens_s, opens_s);
        for kept in self.whole.values_mut() {
            let mut folded = Kept::default();
            fold(kept.bars(), width_s, session_of, &mut folded);
            folded.is_rounded |= kept.is_rounded;
            *kept = folded;
        }
        self.width_s = width_s;
        self.indicated.retain(|(_, interval_s), _| *interval_s >= width_s);
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty()
    }

    /// Symbols of which nothing is kept, in order.
    pub(crate) fn left_out(&self) -> usize {
        self.left_out.len()
    }

    /// Whether bars had to be folded.
    pub(crate) fn is_folded(&self) -> bool {
        self.width_s > self.base_s
    }

    pub(crate) fn base_s(&self) -> u32 {
        self.base_s
    }

    /// The symbols, in order.
    pub(crate) fn symbols(&self) -> impl Iterator<Item = &str> {
        self.whole.keys().map(String::as_str)
    }

    /// All sessions of a symbol, at one interval.
    pub(crate) fn whole(&self, symbol: &str) -> Option<&Kept> {
        self.whole.get(symbol)
    }

    /// Every series of `symbol`, with its interval and whether it is of all sessions.
    pub(crate) fn series(&self, symbol: &str) -> Vec<(u32, &Kept, bool)> {
        let whole = self.whole.get(symbol).map(|kept| (self.width_s, kept, true));
        let noted = self.noted.get(symbol).map(|kept| (self.base_s, kept, false));
        let indicated =
            self.indicated.range((symbol.to_owned(), 0)..=(symbol.to_owned(), u32::MAX));
        let indicated = indicated.map(|((_, interval_s), kept)| (*interval_s, kept, true));
        whole.into_iter().chain(indicated).chain(noted).collect()
    }

    /// The sessions' bars of a symbol, one each.
    pub(crate) fn by_session(&self, symbol: &str) -> Option<Kept> {
        let kept = self.whole.get(symbol)?;
        let session_of = |opens_s| session_of(&self.session_opens_s, opens_s);
        let mut folded = Kept::default();
        // No session is longer than a day.
        fold(kept.bars(), 86_400, session_of, &mut folded);
        Some(folded)
    }
}

/// The session in which a bar lies that opens at `opens_s`: from its open to that of the next.
fn session_of(session_opens_s: &[u32], opens_s: u32) -> Range<u32> {
    let n = session_opens_s.partition_point(|open| *open <= opens_s);
    let began = n.checked_sub(1).map_or(opens_s, |last| session_opens_s[last]);
    began..session_opens_s.get(n).copied().unwrap_or(u32::MAX)
}

/// The base interval and the longer ones that it divides.
fn widths(base_s: u32) -> Vec<u32> {
    let longer = WIDTHS.into_iter().filter(|width_s| *width_s > base_s && width_s % base_s == 0);
    std::iter::once(base_s).chain(longer).collect()
}

/// An interval as it is called: `5m`, and a day `1d`.
pub(crate) fn interval_name(width_s: u32) -> String {
    match width_s {
        86_400.. => format!("{}d", width_s / 86_400),
        3_600.. if width_s.is_multiple_of(3_600) => format!("{}h", width_s / 3_600),
        60.. if width_s.is_multiple_of(60) => format!("{}m", width_s / 60),
        _ => format!("{width_s}s"),
    }
}

fn seconds_of(at_ns: i64) -> u32 {
    u32::try_from(at_ns / 1_000_000_000).unwrap_or(0) // `Err`: before 1970 or after 2106
}

fn bars_of<'b>(bars: &'b Bars<'_>) -> impl Iterator<Item = KeptBar> + 'b {
    let columns = [bars.high.len(), bars.low.len(), bars.close.len(), bars.volume.len()];
    let n = columns.into_iter().fold(bars.opens_at_ns.len().min(bars.open.len()), usize::min);
    (0..n).map(|i| KeptBar {
        opens_s: seconds_of(bars.opens_at_ns[i]),
        prices: [bars.open[i], bars.high[i], bars.low[i], bars.close[i]],
        volume: bars.volume[i],
    })
}

fn indicate(kept: &mut Kept, first: usize, bars: &Bars<'_>) {
    for (name, values) in &bars.indicators {
        kept.indicate(first, name, values);
    }
    kept.level();
}

/// Appends bars with their indicators as they are; returns how many numbers more are kept.
fn append(kept: &mut Kept, bars: &Bars<'_>) -> usize {
    let (before, first) = (kept.n_cells(), kept.len());
    for bar in bars_of(bars) {
        kept.push(bar);
    }
    indicate(kept, first, bars);
    kept.n_cells() - before
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_NS: i64 = 86_400_000_000_000;

    fn plan() -> ShelfPlan {
        ShelfPlan { base_s: 60, n_symbols: 1, n_sessions: 1, session_s: 600, n_bytes_max: 100_000 }
    }

    fn add(shelf: &mut Shelf, symbol: &str, day: i64, is_noted: bool) {
        let opens: Vec<i64> = (0..10).map(|i| day * DAY_NS + i * 60_000_000_000).collect();
        let prices: Vec<f64> = (0..10).map(|i| 100.0 + i as f64).collect();
        let (p, sma) = (&prices[..], vec![f64::NAN; 10]);
        let indicators = vec![("sma".to_owned(), &sma[..])];
        let bars = Bars {
            interval_s: 60,
            opens_at_ns: &opens,
            open: p,
            high: p,
            low: p,
            close: p,
            volume: p,
            indicators,
        };
        shelf.add(symbol, &[bars], is_noted);
    }

    #[test]
    fn what_fits_is_kept_as_it_was_delivered() {
        let mut shelf = Shelf::new(plan());
        shelf.begin_session(Timestamp::from_nanos(0));
        add(&mut shelf, "A", 0, false);
        let [(60, kept, true)] = shelf.series("A")[..] else { panic!("one series of a minute") };
        assert_eq!((kept.len(), kept.indicators.len()), (10, 1));
    }

    #[test]
    fn more_symbols_than_were_planned_are_folded_and_none_is_lost() {
        let mut shelf = Shelf::new(ShelfPlan { n_bytes_max: 1_000, ..plan() });
        for day in 0..2 {
            shelf.begin_session(Timestamp::from_nanos(day * DAY_NS));
            for symbol in ["A", "B", "C", "D", "E", "F"] {
                add(&mut shelf, symbol, day, false);
            }
        }
        assert!(shelf.is_folded() && shelf.left_out() == 0);
        assert_eq!(shelf.symbols().count(), 6);
        let by_session = shelf.by_session("F").expect("it is kept");
        let close =
            f64::from(by_session.prices[3][1]) / super::super::kept::power(by_session.decimals);
        assert_eq!((by_session.len(), close), (2, 109.0));
    }

    #[test]
    fn a_session_in_which_something_happened_is_kept_bar_by_bar() {
        let mut shelf = Shelf::new(ShelfPlan { n_sessions: 1_000, n_bytes_max: 25_000, ..plan() });
        assert_eq!(shelf.width_s(), 300);
        for day in 0..3 {
            shelf.begin_session(Timestamp::from_nanos(day * DAY_NS));
            add(&mut shelf, "A", day, day == 1);
        }
        let series = shelf.series("A");
        let lengths: Vec<_> =
            series.iter().map(|(width, kept, whole)| (*width, kept.len(), *whole)).collect();
        assert_eq!(lengths, [(300, 6, true), (60, 10, false)]);
        assert_eq!(i64::from(series[1].1.opens_s[0]), 86_400);
    }
}
