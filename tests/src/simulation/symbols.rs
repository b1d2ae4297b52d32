//! The symbols of a simulated market, and their rows with everything that rows can be.

use std::sync::Arc;

use openbell_market::{BarColumns, Ohlcv, Symbol};
use openbell_time::{Nanos, Timestamp};

use super::days::{Stretch, slots};
use super::draw::Draw;

/// How the series of a symbol fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Breakage {
    /// They cannot be opened.
    CannotOpen,
    /// They vanish: rows stamped then or later cannot be read.
    VanishesAt(Timestamp),
    /// A row goes back in time, and ends what can be read.
    UnsortedAt(Timestamp),
}

/// A symbol of the market.
#[derive(Clone, Debug)]
pub struct SimSymbol {
    /// Its name.
    pub name: Symbol,
    /// What it is like, for whoever reads of a failure.
    pub temper: &'static str,
    /// Its base rows as they are stored; `None` where the store has other intervals of it only.
    pub rows: Option<Arc<BarColumns>>,
    /// Stored 1d rows, which say something else than its base rows do.
    pub daily: Option<Arc<BarColumns>>,
    /// How it fails.
    pub breakage: Option<Breakage>,
}

impl SimSymbol {
    /// From when on its base rows cannot be read; [`Timestamp::MAX`] where they all can.
    pub fn unreadable_since(&self) -> Timestamp {
        match self.breakage {
            None => Timestamp::MAX,
            Some(Breakage::CannotOpen) => Timestamp::MIN,
            Some(Breakage::VanishesAt(since) | Breakage::UnsortedAt(since)) => since,
        }
    }
}

/// The market that symbols are drawn in.
pub struct Floor<'f> {
    /// The sessions.
    pub stretch: &'f Stretch,
    /// Sessions of the run, by position.
    pub run: std::ops::Range<usize>,
    /// The length of a base bar.
    pub step: Nanos,
}

/// How a symbol trades: a name, and how many of a hundred of its bars are there.
const TEMPERS: [(&str, usize); 6] =
    [("dense", 100), ("dense", 97), ("gappy", 70), ("thin", 12), ("rare", 2), ("silent", 0)];

impl Floor<'_> {
    /// A symbol of that name; a sound one has base rows that can be opened.
    pub fn symbol(&self, name: &str, is_sound: bool, draw: &mut Draw) -> SimSymbol {
        let &(temper, density) = draw.pick(&TEMPERS);
        let flaws = if draw.chance(40) { draw.between(1, 8) } else { 0 };
        let mut rows = BarColumns::default();
        let mut price = draw.between(1_000, 90_000) as i64;
        for day in 0..self.stretch.days.len() {
            self.day(day, density, flaws, &mut price, &mut rows, draw);
        }
        let has_base = !draw.chance(3) || is_sound;
        let has_daily = !has_base || draw.chance(40);
        let mut symbol = SimSymbol {
            name: name.parse().expect("a symbol"),
            temper,
            rows: None,
            daily: has_daily.then(|| Arc::new(self.daily(draw))),
            breakage: None,
        };
        if draw.chance(8) && !is_sound {
            symbol.breakage = self.breakage(&mut rows, draw);
        }
        if has_base {
            symbol.rows = Some(Arc::new(rows));
        }
        symbol
    }

    /// The rows of one day: late or early, halted, absent, flawed.
    fn day(
        &self,
        day: usize,
        density: usize,
        flaws: usize,
        price: &mut i64,
        rows: &mut BarColumns,
        draw: &mut Draw,
    ) {
        if draw.chance(6) {
            return; // Without data that day.
        }
        let parts = self.stretch.delivered(day, self.stretch.has_extended_hours());
        let regular = (self.stretch.days[day].open(), self.stretch.days[day].close());
        let slots = slots(&parts, self.step);
        let n_slots = slots.len();
        let late = if draw.chance(15) { draw.below(n_slots) } else { 0 };
        let early = if draw.chance(15) { draw.below(n_slots) } else { n_slots };
        let halt = if draw.chance(15) { draw.below(n_slots) } else { n_slots };
        let halted = halt..halt + draw.below(n_slots / 3 + 1);
        // Many slots: most of them stay empty, so that a session of seconds has no more bars.
        let density = density * 400 / n_slots.max(400);
        for (slot, &(opens_at, _)) in slots.iter().enumerate() {
            let is_regular = regular.0 <= opens_at && opens_at < regular.1;
            let density = if is_regular { density } else { density / 8 };
            if slot < late || slot >= early || halted.contains(&slot) || !draw.chance(density) {
                continue;
            }
            let bar = bar(price, draw);
            let flawed = draw.chance(flaws);
            if flawed && draw.chance(30) {
                rows.push(opens_at, invalid(bar, draw));
                continue;
            }
            rows.push(opens_at, bar);
            if flawed && draw.chance(50) {
                rows.push(opens_at, self::bar(price, draw));
            } else if flawed && self.step > Nanos::from_secs(1) {
                rows.push(opens_at + Nanos::from_secs(1), self::bar(price, draw));
            }
        }
        if flaws > 0 && !self.stretch.is_round_the_clock() {
            // The print at the close, and one after all hours.
            let last = parts[parts.len() - 1].1;
            let after = if draw.chance(50) { Nanos::ZERO } else { self.step };
            rows.push(last + after, bar(price, draw));
        }
    }

    /// Rows of 1d, labelled with the open of their session; also of days that are still to come.
    fn daily(&self, draw: &mut Draw) -> BarColumns {
        let mut rows = BarColumns::default();
        for day in &self.stretch.days {
            let mut price = draw.between(100_000, 200_000) as i64;
            rows.push(day.open(), bar(&mut price, draw));
        }
        rows
    }

    /// A way to fail within the hours of the run.
    fn breakage(&self, rows: &mut BarColumns, draw: &mut Draw) -> Option<Breakage> {
        if draw.chance(30) {
            return Some(Breakage::CannotOpen);
        }
        let day = &self.stretch.days[draw.between(self.run.start, self.run.end - 1)];
        let length_s = (day.close() - day.open()).as_secs() as usize;
        let at = day.open() + Nanos::from_secs(draw.between(length_s / 8, length_s / 8 * 6) as i64);
        if draw.chance(50) {
            return Some(Breakage::VanishesAt(at));
        }
        let row = rows.opens_at_ns.partition_point(|&ns| ns < at.as_nanos());
        if row == 0 || row + 1 >= rows.len() || rows.opens_at(row - 1) < day.open() {
            return None;
        }
        // The row goes back behind the one before it.
        let after = rows.opens_at(row - 1);
        rows.opens_at_ns[row] = after.as_nanos() - 1;
        Some(Breakage::UnsortedAt(after + Nanos::from_nanos(1)))
    }
}

/// A sound bar near `price`, in cents.
pub(super) fn bar(price: &mut i64, draw: &mut Draw) -> Ohlcv {
    let open = *price;
    let close = (open + draw.between(0, 40) as i64 - 20).max(100);
    let high = open.max(close) + draw.below(15) as i64;
    let low = open.min(close) - draw.below(15) as i64;
    *price = close;
    let cents = |cents: i64| cents as f64 / 100.0;
    let volume = draw.below(900) as f64;
    Ohlcv { open: cents(open), high: cents(high), low: cents(low), close: cents(close), volume }
}

/// Values that no bar can have.
fn invalid(mut bar: Ohlcv, draw: &mut Draw) -> Ohlcv {
    match draw.below(4) {
        0 => bar.close = f64::NAN,
        1 => bar.high = bar.low - 1.0,
        2 => bar.low = bar.high + 1.0,
        _ => bar.volume = -1.0,
    }
    bar
}
