//! The rows of a live symbol in its session: those that have arrived, each in its place or rejected,
//! and how far they are proven to be complete.

use std::collections::VecDeque;
use std::ops::Range;

use openbell_config::Revisions;
use openbell_data_manager::{Link, Progress, Trading};
use openbell_market::{BarColumns, Ohlcv, RejectReason, SlotMatch};
use openbell_processor::SymbolProcessor;
use openbell_session_data::Why;
use openbell_time::{Nanos, Timestamp};

use crate::layout::SessionLayout;
use crate::report::LiveReport;
use crate::source::admission::{Admitted, Rejected};
use crate::symbol::checkpoints::Checkpoints;

/// How far ahead of our clock a source may say that it is complete and be believed when the clock has
/// come so far: its clock may be that much ahead. What lies further ahead is no evidence, ever.
pub(crate) const MAX_SKEW: Nanos = Nanos::from_secs(5);

/// What has arrived of one live symbol.
pub(crate) struct LiveRows {
    /// The state at the session's start, for building the session anew when a bar is corrected.
    pub(crate) start: SymbolProcessor,
    /// States within the session.
    pub(crate) checkpoints: Checkpoints,
    /// The instant up to which it is proven that every bar there is has arrived.
    pub(crate) complete_through: Timestamp,
    /// What the source has said to be complete through and our clock has not come to, ascending: no
    /// more than it says within the skew that it may have.
    ahead: VecDeque<Timestamp>,
    /// What the source said so far ahead that it is no evidence.
    distrusted: Option<Timestamp>,
    /// Stretches whose bars the source has given up, in the order in which it said so.
    pub(crate) given_up: Vec<Range<Timestamp>>,
    pub(crate) link: Link,
    pub(crate) trading: Trading,
    /// Windows that end at or before it are closed.
    pub(crate) closed_through: Timestamp,
    /// The bars of the session that have arrived, delivered or not.
    pub(crate) admitted: Admitted,
    /// Rows of this look, as they arrive; recycled.
    pub(crate) arrived: BarColumns,
    /// Rows of this look that take the place of others; recycled.
    pub(crate) revised: BarColumns,
    /// Why it is where it is, and since when.
    pub(crate) why: Why,
    /// What the feed says of itself in this look, or the link where it failed; `None` where it was
    /// not asked.
    pub(crate) said: Option<Result<Progress, Link>>,
    /// Whether it was asked in this session.
    pub(crate) is_heard: bool,
    /// Whether it was behind at any time of this look.
    pub(crate) is_behind: bool,
    /// Whether its last poll failed.
    pub(crate) has_failed: bool,
    /// Which making of the session's series this is, from 1.
    pub(crate) generation: u32,
    pub(crate) counts: LiveCounts,
}

/// What became of the rows that a feed has handed over in one session.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct LiveCounts {
    /// All rows.
    pub(crate) n_handed: u64,
    /// Rows that came after something later was published, and took their place.
    pub(crate) n_late: u64,
    /// Rows that took the place of another.
    pub(crate) n_revised: u64,
    /// Bars that were delivered while the symbol was behind.
    pub(crate) n_caught_up: u64,
    /// Of these, those of the present time behind.
    pub(crate) n_behind: u64,
}

impl LiveCounts {
    /// What stands in the report, of which the series know how many bars are proven to be none.
    pub(crate) fn report(&self) -> LiveReport {
        let LiveCounts { n_handed, n_late, n_revised, n_caught_up, n_behind } = *self;
        let n_caught_up = n_caught_up + n_behind;
        LiveReport { n_handed, n_late, n_revised, n_caught_up, n_no_trade: None }
    }
}

/// What the rows of one look came to, beside those that wait to be delivered.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Sifted {
    /// Bars that came late: they stand among the delivered ones now.
    pub(crate) late: Corrections,
    /// Delivered bars whose values have changed.
    pub(crate) revised: Corrections,
    /// The stamps of those.
    pub(crate) revised_ns: Vec<i64>,
    /// The stamp of the first late bar that lies behind all that was delivered.
    pub(crate) news_ns: Option<i64>,
}

/// Corrected bars of one kind.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Corrections {
    pub(crate) n_bars: usize,
    /// The stamps of the first and of the last; `None` where there are none.
    pub(crate) stamps_ns: Option<(i64, i64)>,
}

impl Corrections {
    fn count(&mut self, stamp_ns: i64) {
        self.n_bars += 1;
        let (first_ns, last_ns) = self.stamps_ns.unwrap_or((stamp_ns, stamp_ns));
        self.stamps_ns = Some((first_ns.min(stamp_ns), last_ns.max(stamp_ns)));
    }
}

/// A row that opens a slot of the session.
#[derive(Clone, Copy)]
struct Candidate {
    opens_at_ns: i64,
    closes_at_ns: i64,
    ohlcv: Ohlcv,
}

impl LiveRows {
    pub(crate) fn new(start: SymbolProcessor, since: Timestamp) -> LiveRows {
        LiveRows {
            start,
            checkpoints: Checkpoints::default(),
            complete_through: since,
            ahead: VecDeque::new(),
            distrusted: None,
            given_up: Vec::new(),
            link: Link::Stored,
            trading: Trading::Normal,
            closed_through: since,
            admitted: Admitted::default(),
            arrived: BarColumns::default(),
            revised: BarColumns::default(),
            why: Why::Behind { complete_through: None },
            said: None,
            is_heard: false,
            is_behind: false,
            has_failed: false,
            generation: 1,
            counts: LiveCounts::default(),
        }
    }

    /// Takes what the feed says of itself at the instant `now` of our clock; yields what it has given
    /// up and had not said before.
    pub(crate) fn note(&mut self, said: Progress, now: Timestamp) -> Vec<Range<Timestamp>> {
        let mut given_up = said.given_up;
        given_up.retain(|of| of.start < of.end && !self.given_up.contains(of));
        self.given_up.extend_from_slice(&given_up);
        (self.link, self.trading) = (said.link, said.trading);
        let through = said.complete_through;
        if through <= now {
            if self.distrusted != Some(through) {
                self.complete_through = self.complete_through.max(through);
            }
        } else if through <= now + MAX_SKEW && self.distrusted != Some(through) {
            if self.ahead.back().is_none_or(|&last| last < through) {
                self.ahead.push_back(through);
            }
        } else {
            self.distrusted = Some(through);
        }
        given_up
    }

    /// Whether any of what lies between two instants is given up.
    pub(crate) fn has_given_up(&self, since: Timestamp, until: Timestamp) -> bool {
        self.given_up.iter().any(|of| of.start < until && since < of.end)
    }

    /// Whether the exchange has halted it.
    pub(crate) fn is_halted(&self) -> bool {
        matches!(self.trading, Trading::Halted { .. })
    }

    /// Our clock stands at `now`: what was said ahead of it is evidence once it has come so far.
    pub(crate) fn reach(&mut self, now: Timestamp) {
        while let Some(through) = self.ahead.pop_front_if(|through| *through <= now) {
            self.complete_through = self.complete_through.max(through);
        }
    }

    /// The next instant at which something that the source has said ahead becomes evidence.
    pub(crate) fn next_due(&self) -> Timestamp {
        self.ahead.front().copied().unwrap_or(Timestamp::MAX)
    }

    /// The bar in `slot` is delivered. Where nothing is missing before it, all is complete through
    /// its close.
    pub(crate) fn continue_through(&mut self, layout: &SessionLayout, closes_at: Timestamp) {
        if layout.delivered.next_close_after(self.complete_through) == Some(closes_at) {
            self.complete_through = closes_at;
        }
    }

    /// Of the first `n_delivered` bars those that follow what is complete without a hole make it
    /// complete: one that came late may have filled the hole before others that were delivered.
    pub(crate) fn continue_over(&mut self, layout: &SessionLayout, n_delivered: usize) {
        let closes_at_ns = &self.admitted.closes_at_ns[..n_delivered];
        let through_ns = self.complete_through.as_nanos();
        let after = closes_at_ns.partition_point(|&ns| ns <= through_ns);
        for &ns in &closes_at_ns[after..] {
            if layout.delivered.next_close_after(self.complete_through)
                != Some(Timestamp::from_nanos(ns))
            {
                break;
            }
            self.complete_through = Timestamp::from_nanos(ns);
        }
    }

    /// Bars after the first `n_delivered` that may be delivered at `clock`: they have closed, and
    /// nothing before them is missing, or it has had until `settled` to come.
    pub(crate) fn n_deliverable(
        &self,
        layout: &SessionLayout,
        n_delivered: usize,
        clock: Timestamp,
        settled: Timestamp,
    ) -> usize {
        let closes_at_ns = &self.admitted.closes_at_ns[n_delivered..];
        let opens_at_ns = &self.admitted.bars.opens_at_ns[n_delivered..];
        let mut through = self.complete_through;
        let mut next = layout.delivered.next_close_after(through);
        let mut n_bars = 0;
        for (&closes_ns, &opens_ns) in closes_at_ns.iter().zip(opens_at_ns) {
            let closes_at = Timestamp::from_nanos(closes_ns);
            let continues = opens_ns <= through.as_nanos() || next == Some(closes_at);
            if closes_at > clock || !(continues || closes_at <= settled) {
                break;
            }
            if next == Some(closes_at) {
                through = closes_at;
                next = layout.delivered.next_close_after(through);
            }
            n_bars += 1;
        }
        n_bars
    }

    /// Brings the rows of this look to their places, or counts why they have none. Of the bars,
    /// `n_delivered` are delivered; those that came late or were revised are found. Where `revisions`
    /// are only counted, a delivered bar stays as it was told.
    ///
    /// *Cost*: a comparison for each row that was there already; those that come between others are
    /// merged once, however many they are.
    pub(crate) fn sift(
        &mut self,
        layout: &SessionLayout,
        now: Timestamp,
        n_delivered: usize,
        revisions: Revisions,
    ) -> Sifted {
        let candidates = self.candidates(layout, now);
        let published_ns = n_delivered.checked_sub(1);
        let published_ns = published_ns.map_or(i64::MIN, |row| self.admitted.bars.opens_at_ns[row]);
        let mut sifted = Sifted::default();
        let mut between: Vec<Candidate> = Vec::new();
        for candidate in candidates {
            let stamp_ns = candidate.opens_at_ns;
            let is_published = stamp_ns <= published_ns || self.has_closed_over(stamp_ns, layout);
            let stamps = &self.admitted.bars.opens_at_ns;
            let is_last = stamps.last().is_none_or(|&last_ns| last_ns < stamp_ns);
            let known = if is_last { Err(stamps.len()) } else { stamps.binary_search(&stamp_ns) };
            let twin = between.last_mut().filter(|last| last.opens_at_ns == stamp_ns);
            match (known, twin) {
                (Ok(row), _) if self.admitted.bars.ohlcv(row) == candidate.ohlcv => {
                    self.reject(stamp_ns, now, RejectReason::Duplicate);
                }
                (Ok(row), _) => {
                    self.counts.n_revised += 1;
                    let is_told = stamp_ns <= published_ns;
                    if is_told && revisions == Revisions::Apply {
                        sifted.revised.count(stamp_ns);
                        sifted.revised_ns.push(stamp_ns);
                    }
                    if !is_told || revisions == Revisions::Apply {
                        replace(&mut self.admitted.bars, row, candidate.ohlcv);
                    }
                }
                (Err(_), Some(twin)) if twin.ohlcv == candidate.ohlcv => {
                    self.reject(stamp_ns, now, RejectReason::Duplicate);
                }
                (Err(_), Some(twin)) => {
                    twin.ohlcv = candidate.ohlcv;
                    self.counts.n_revised += 1;
                }
                (Err(_), None) => {
                    if is_published {
                        self.counts.n_late += 1;
                        sifted.late.count(stamp_ns);
                        if stamp_ns > published_ns {
                            sifted.news_ns.get_or_insert(stamp_ns);
                        }
                    }
                    if is_last && between.is_empty() {
                        self.push(candidate);
                    } else {
                        between.push(candidate);
                    }
                }
            }
        }
        if !between.is_empty() {
            self.merge(&between);
        }
        sifted
    }

    /// The rows of this look that open a slot of the session, by stamp; of equal ones in order of
    /// arrival. The others are rejected.
    fn candidates(&mut self, layout: &SessionLayout, now: Timestamp) -> Vec<Candidate> {
        let (arrived, revised) =
            (std::mem::take(&mut self.arrived), std::mem::take(&mut self.revised));
        let mut candidates = Vec::with_capacity(arrived.len() + revised.len());
        for rows in [&arrived, &revised] {
            for row in 0..rows.len() {
                let (opens_at, ohlcv) = (rows.opens_at(row), rows.ohlcv(row));
                let opens_at_ns = opens_at.as_nanos();
                let place = layout.delivered.place(opens_at);
                match (place, ohlcv.fault()) {
                    _ if opens_at < layout.rows_since => {
                        self.reject(opens_at_ns, now, RejectReason::Late);
                    }
                    (SlotMatch::On { closes_at, .. }, None) => {
                        let closes_at_ns = closes_at.as_nanos();
                        candidates.push(Candidate { opens_at_ns, closes_at_ns, ohlcv });
                    }
                    (SlotMatch::On { .. }, Some(fault)) => {
                        self.reject(opens_at_ns, now, RejectReason::Invalid(fault));
                    }
                    (SlotMatch::OffGrid, _) => self.reject(opens_at_ns, now, RejectReason::OffGrid),
                    (SlotMatch::Outside, _) => {
                        self.reject(opens_at_ns, now, RejectReason::OutsideHours);
                    }
                }
            }
        }
        if !candidates.is_sorted_by_key(|candidate| candidate.opens_at_ns) {
            candidates.sort_by_key(|candidate| candidate.opens_at_ns); // Stable.
        }
        (self.arrived, self.revised) = (arrived, revised);
        candidates
    }

    fn reject(&mut self, opens_at_ns: i64, known_at: Timestamp, reason: RejectReason) {
        let opens_at = Timestamp::from_nanos(opens_at_ns);
        self.admitted.rejected.push(Rejected { opens_at, known_at, reason });
    }

    fn push(&mut self, candidate: Candidate) {
        let opens_at = Timestamp::from_nanos(candidate.opens_at_ns);
        self.admitted.bars.push(opens_at, candidate.ohlcv);
        self.admitted.closes_at_ns.push(candidate.closes_at_ns);
    }

    /// Puts bars, ascending and of stamps that are not there, among those that are.
    fn merge(&mut self, between: &[Candidate]) {
        let before = std::mem::take(&mut self.admitted);
        let Admitted { bars, closes_at_ns, rejected } = before;
        self.admitted.rejected = rejected;
        let mut from = 0;
        for candidate in between {
            let at =
                from + bars.opens_at_ns[from..].partition_point(|&ns| ns < candidate.opens_at_ns);
            self.admitted.bars.extend_from(&bars, from..at);
            self.admitted.closes_at_ns.extend_from_slice(&closes_at_ns[from..at]);
            self.push(*candidate);
            from = at;
        }
        self.admitted.bars.extend_from(&bars, from..bars.len());
        self.admitted.closes_at_ns.extend_from_slice(&closes_at_ns[from..]);
    }

    /// Whether a window that a bar stamped `opens_at_ns` belongs to has been closed.
    fn has_closed_over(&self, opens_at_ns: i64, layout: &SessionLayout) -> bool {
        let opens_at = Timestamp::from_nanos(opens_at_ns);
        opens_at < self.closed_through
            && layout.series.derived.iter().any(|(_, day)| {
                let window = day.grid.slot_around(opens_at);
                window.is_some_and(|window| window.until <= self.closed_through)
            })
    }
}

/// The values of row `row` are `ohlcv` from now on.
fn replace(bars: &mut BarColumns, row: usize, ohlcv: Ohlcv) {
    let Ohlcv { open, high, low, close, volume } = ohlcv;
    (bars.open[row], bars.high[row], bars.low[row]) = (open, high, low);
    (bars.close[row], bars.volume[row]) = (close, volume);
}
