//! The market that is spoken of: what traded, when, and when it became known.

mod candle;
mod listing;
mod trades;

use std::ops::Range;

use openbell_market::{Bar, BarInterval};
use openbell_time::{Nanos, SessionPart, Timestamp};

pub(crate) use candle::Candle;
pub use listing::{Halt, Listing};
pub(crate) use trades::Trade;

use crate::hours::Hours;
use trades::Tape;

/// One minute: the step in which trades are drawn.
pub(crate) const MINUTE: Nanos = Nanos::from_secs(60);

/// A market by its seed: the same seed, hours and listings are the same trades.
///
/// *Cost*: nothing is stored; the trades of a minute are drawn when it is asked for.
///
/// ```
/// use openbell_market::BarInterval;
/// use openbell_vendor_sim::{Hours, Listing, Market};
/// let span = "2025-07-02T00:00:00Z".parse()?.."2025-07-03T00:00:00Z".parse()?;
/// let listing = Listing { silent_pct: 0, ..Listing::drawn(7, "BTCUSDT".parse()?) };
/// let market = Market::new(7, Hours::RoundTheClock, span.clone(), vec![listing]);
/// let minutes = market.bars(0, BarInterval::from_mins(1).unwrap(), span.clone());
/// let day = market.bars(0, BarInterval::DAY, span);
/// assert_eq!((minutes.len(), day.len()), (1_440, 1));
/// assert_eq!(day[0].ohlcv.close, minutes[1_439].ohlcv.close);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Market {
    tape: Tape,
}

/// What is taken into account of what traded before an instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Known {
    /// All trades before it.
    Traded(Timestamp),
    /// Those that were reported before it.
    Reported(Timestamp),
}

impl Market {
    /// The market of a seed, which trades in `span` alone.
    pub fn new(seed: u64, hours: Hours, span: Range<Timestamp>, listings: Vec<Listing>) -> Market {
        let (halts, silences, late) = (Vec::new(), Vec::new(), Vec::new());
        Market { tape: Tape { seed, hours, span, listings, halts, silences, late } }
    }

    /// The same with trading halts, in which their symbol does not trade.
    #[must_use]
    pub fn with_halts(mut self, halts: Vec<Halt>) -> Market {
        self.tape.halts = halts;
        self
    }

    /// The same with stretches in which a symbol does not trade though it could: nobody says so.
    #[must_use]
    pub fn with_silences(mut self, silences: Vec<Halt>) -> Market {
        self.tape.silences = silences;
        self
    }

    /// What is traded; a symbol is named by its place here.
    pub fn listings(&self) -> &[Listing] {
        &self.tape.listings
    }

    /// Its trading halts.
    pub fn halts(&self) -> &[Halt] {
        &self.tape.halts
    }

    /// When it trades at all.
    pub fn span(&self) -> &Range<Timestamp> {
        &self.tape.span
    }

    /// The truth: the bars of a symbol that open in a range, with all that traded, however late it
    /// became known.
    ///
    /// *Shape*: ascending; no bar where nothing traded. A day or a week bears the stamp of its first
    /// midnight.
    pub fn bars(&self, symbol: usize, interval: BarInterval, opens: Range<Timestamp>) -> Vec<Bar> {
        let mut bars = Vec::new();
        let mut slot = self.slot_around(interval, opens.start.max(self.tape.span.start));
        while slot.since < opens.end.min(self.tape.span.end) {
            if opens.contains(&slot.since)
                && let Some(candle) = self.candle(symbol, slot, Known::Traded(Timestamp::MAX))
            {
                bars.push(candle.bar());
            }
            slot = self.slot_around(interval, slot.until);
        }
        bars
    }

    /// The bounds of the bar around an instant.
    pub(crate) fn slot_around(&self, interval: BarInterval, instant: Timestamp) -> SessionPart {
        let hours = &self.tape.hours;
        match interval {
            BarInterval::Clock(clock) => slot_of(clock.length(), instant),
            BarInterval::Day => {
                SessionPart { since: hours.midnight(instant, 0), until: hours.midnight(instant, 1) }
            }
            BarInterval::Week => {
                let n_days = hours.days_from_monday(instant);
                SessionPart {
                    since: hours.midnight(instant, -n_days),
                    until: hours.midnight(instant, 7 - n_days),
                }
            }
        }
    }

    /// What is known of a bar, or `None` where nothing is known to have traded.
    pub(crate) fn candle(&self, symbol: usize, slot: SessionPart, known: Known) -> Option<Candle> {
        let listing = &self.tape.listings[symbol];
        let mut candle: Option<Candle> = None;
        let mut minute = slot_of(MINUTE, slot.since.max(self.tape.span.start)).since;
        while minute < slot.until.min(self.tape.span.end) && known.may_reach(minute) {
            for trade in self.tape.minute(symbol, minute) {
                if slot.contains(trade.at) && known.has(&trade) {
                    match &mut candle {
                        Some(candle) => candle.add(&trade),
                        None => candle = Some(Candle::of(&trade, slot, listing)),
                    }
                }
            }
            minute += MINUTE;
        }
        candle
    }

    /// As [`Market::candle`], and flat at the last price where nothing traded; `None` before the
    /// first trade of all.
    pub(crate) fn candle_or_flat(
        &self,
        symbol: usize,
        slot: SessionPart,
        known: Known,
    ) -> Option<Candle> {
        self.candle(symbol, slot, known).or_else(|| {
            let last = self.last_trade_before(symbol, slot.since, known)?;
            Some(Candle::flat(last.price, slot, &self.tape.listings[symbol]))
        })
    }

    /// The last trade before an instant that is known.
    fn last_trade_before(&self, symbol: usize, before: Timestamp, known: Known) -> Option<Trade> {
        let mut minute = slot_of(MINUTE, before).since;
        while minute + MINUTE > self.tape.span.start {
            let trades = self.tape.minute(symbol, minute);
            let is_before = |trade: &&Trade| trade.at < before && known.has(trade);
            if let Some(trade) = trades.iter().rev().find(is_before) {
                return Some(*trade);
            }
            minute = minute - MINUTE;
        }
        None
    }

    /// The trades of one minute, in the order of trading.
    pub(crate) fn trades(&self, symbol: usize, minute: Timestamp) -> Vec<Trade> {
        self.tape.minute(symbol, minute)
    }

    /// Adds a trade to what traded, that becomes known later than all others.
    pub(crate) fn report_late(&mut self, symbol: usize, at: Timestamp, reported_at: Timestamp) {
        self.tape.add_late(symbol, at, reported_at);
    }

    /// The halt of a symbol at an instant.
    pub(crate) fn halt_at(&self, symbol: usize, instant: Timestamp) -> Option<&Halt> {
        self.tape.halts.iter().find(|halt| halt.symbol == symbol && halt.contains(instant))
    }

    /// A number of the market's seed for something beside its trades.
    pub(crate) fn drawn(&self, place: &[u64]) -> u64 {
        crate::draw::drawn(self.tape.seed ^ 0x5eed, place)
    }
}

impl Known {
    /// All trades at it or before.
    pub(crate) fn traded_by(now: Timestamp) -> Known {
        Known::Traded(now + Nanos::from_nanos(1))
    }

    /// Those that were reported at it or before.
    pub(crate) fn reported_by(now: Timestamp) -> Known {
        Known::Reported(now + Nanos::from_nanos(1))
    }

    fn has(self, trade: &Trade) -> bool {
        match self {
            Known::Traded(before) => trade.at < before,
            Known::Reported(before) => trade.reported_at < before,
        }
    }

    /// Whether something may be known of the minute that begins at this instant.
    fn may_reach(self, minute: Timestamp) -> bool {
        let (Known::Traded(before) | Known::Reported(before)) = self;
        minute < before
    }
}

/// The slot of that length, counted from the epoch, around an instant.
pub(crate) fn slot_of(length: Nanos, instant: Timestamp) -> SessionPart {
    let offset_ns = instant.as_nanos().rem_euclid(length.as_nanos());
    let since = instant - Nanos::from_nanos(offset_ns);
    SessionPart { since, until: since + length }
}
