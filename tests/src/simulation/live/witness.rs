//! What is known of one symbol in one session from what its feed has handed over: which bars there
//! must be, what became of every row, and how far the series is proven to be complete.

use std::collections::BTreeMap;

use openbell_data_manager::{Link, Progress, Trading};
use openbell_market::Ohlcv;
use openbell_time::{Nanos, Timestamp};

use super::truth::TrueDay;
use super::vendor::Poll;

/// How far ahead of our clock a mark may lie and be evidence once that has come so far.
const SKEW: Nanos = Nanos::from_secs(5);

/// What became of the rows that were handed over, counted by what they are.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// All rows.
    pub n_handed: u64,
    /// The same as before.
    pub n_duplicate: u64,
    /// Other values of a stamp that came before.
    pub n_revised: u64,
    /// Values that no bar can have.
    pub n_invalid: u64,
    /// Within the hours, and not at a slot's start.
    pub n_off_grid: u64,
    /// Of another time: late, or outside the hours.
    pub n_elsewhere: u64,
    /// Of these, stamps of earlier sessions' hours.
    pub n_of_earlier: u64,
    /// Bars for which something gave a reason to publish what comes after them.
    pub n_may_be_late: u64,
}

/// What is known of one symbol in one session.
#[derive(Clone, Debug)]
pub struct Witness<'s> {
    /// The session as it is.
    pub day: &'s TrueDay,
    /// The close of the session before.
    before: Timestamp,
    settle: Nanos,
    /// The bars by stamp, with their close: the values last handed over.
    pub bars: BTreeMap<Timestamp, (Timestamp, Ohlcv)>,
    /// Counts.
    pub counts: Counts,
    /// What marks were said, and whether they are evidence.
    said: Vec<(Timestamp, bool)>,
    /// Proven by marks.
    mark: Timestamp,
    /// The link as it was last said to be; `None` where the poll failed, or there was none.
    pub link: Option<Link>,
    /// Whether it is halted.
    pub is_halted: bool,
    /// What our clock showed at the last poll.
    pub heard_at: Timestamp,
    /// The closes of bars that the last poll was first to hand over.
    pub news: Vec<Timestamp>,
    /// How far it was proven at the look before.
    pub was_through: Timestamp,
    /// Whether a bar changed with the last poll.
    pub has_changed: bool,
}

fn is_sound(bar: &Ohlcv) -> bool {
    bar.high >= bar.open.max(bar.close) && bar.low <= bar.open.min(bar.close) && bar.low <= bar.high
}

impl<'s> Witness<'s> {
    /// Nothing is known of `day`, which follows a session that closed at `before`.
    pub fn new(day: &'s TrueDay, before: Timestamp, settle: Nanos) -> Witness<'s> {
        Witness {
            day,
            before,
            settle,
            bars: BTreeMap::new(),
            counts: Counts::default(),
            said: Vec::new(),
            mark: Timestamp::MIN,
            link: None,
            is_halted: false,
            heard_at: Timestamp::MIN,
            news: Vec::new(),
            has_changed: false,
            was_through: Timestamp::MIN,
        }
    }

    /// Takes what a poll handed over.
    pub fn hear(&mut self, poll: &Poll) {
        self.heard_at = poll.when.wall;
        self.news.clear();
        self.has_changed = false;
        let (last, mark) = (self.bars.keys().next_back().copied(), self.mark);
        for &(opens_at, ohlcv) in poll.rows.iter().chain(&poll.revised) {
            self.take(opens_at, ohlcv, (last, mark), poll.when.wall);
        }
        self.link = None;
        if let Some(Progress { complete_through, link, trading, .. }) = &poll.said {
            self.link = Some(link.clone());
            self.is_halted = matches!(trading, Trading::Halted { .. });
            if self.said.iter().all(|(known, _)| known != complete_through) {
                self.said.push((*complete_through, *complete_through <= poll.when.wall + SKEW));
            }
        }
    }

    fn take(
        &mut self,
        opens_at: Timestamp,
        ohlcv: Ohlcv,
        (last, mark): (Option<Timestamp>, Timestamp),
        wall: Timestamp,
    ) {
        self.counts.n_handed += 1;
        let is_within =
            self.day.slots.iter().any(|&(since, until)| since <= opens_at && opens_at < until);
        match self.day.close_of(opens_at) {
            None if is_within => self.counts.n_off_grid += 1,
            None => {
                self.counts.n_elsewhere += 1;
                self.counts.n_of_earlier += u64::from(opens_at < self.before);
            }
            Some(_) if !is_sound(&ohlcv) => self.counts.n_invalid += 1,
            Some(closes_at) => match self.bars.insert(opens_at, (closes_at, ohlcv)) {
                Some((_, known)) if known == ohlcv => self.counts.n_duplicate += 1,
                Some(_) => {
                    self.counts.n_revised += 1;
                    self.has_changed = true;
                }
                None => {
                    let is_passed = last.is_some_and(|last| opens_at < last)
                        || closes_at <= mark
                        || wall > closes_at + self.settle;
                    self.counts.n_may_be_late += u64::from(is_passed);
                    self.news.push(closes_at);
                    self.has_changed = true;
                }
            },
        }
    }

    /// Our clock shows `wall`: marks that it has reached are evidence.
    pub fn reach(&mut self, wall: Timestamp) {
        let reached = self.said.iter().filter(|(mark, is_evidence)| *is_evidence && *mark <= wall);
        self.mark = reached.map(|(mark, _)| *mark).max().unwrap_or(Timestamp::MIN).max(self.mark);
    }

    /// The instant up to which it is proven, when the session clock stands at `clock`, that every bar
    /// there is has been handed over: by a mark, or by bars that follow it without a hole.
    pub fn through(&self, clock: Timestamp) -> Timestamp {
        let mut through = self.mark;
        let first = self.day.slots.partition_point(|&(_, closes_at)| closes_at <= through);
        for &(opens_at, closes_at) in &self.day.slots[first..] {
            if closes_at > clock || !self.bars.contains_key(&opens_at) {
                break;
            }
            through = closes_at;
        }
        through
    }

    /// For how long the first bar that nothing is known of is overdue at `clock`.
    pub fn overdue(&self, clock: Timestamp) -> Nanos {
        self.overdue_after(self.through(clock), clock)
    }

    /// The same where it is proven up to `through`.
    pub fn overdue_after(&self, through: Timestamp, clock: Timestamp) -> Nanos {
        if self.is_halted {
            return Nanos::ZERO;
        }
        let next = self.day.slots.partition_point(|&(_, closes_at)| closes_at <= through);
        let due = self.day.slots.get(next);
        due.map_or(Nanos::ZERO, |&(_, closes_at)| self.day.open_time(closes_at, clock))
    }

    /// Whether the way to the vendor is open, as far as is said.
    pub fn is_reachable(&self) -> bool {
        match &self.link {
            None | Some(Link::Down { .. } | Link::Gone { .. }) => false,
            Some(Link::Skewed { by }) => by.as_nanos().abs() <= SKEW.as_nanos(),
            Some(_) => true,
        }
    }

    /// Whether the subscription has been answered.
    pub fn has_begun(&self) -> bool {
        self.link.is_some() && !matches!(self.link, Some(Link::Starting { .. }))
    }

    /// The bars that must be visible to the inside at `clock`: those proven in order.
    pub fn n_proven(&self, clock: Timestamp) -> usize {
        let through = self.through(clock).min(clock);
        self.bars.values().filter(|(closes_at, _)| *closes_at <= through).count()
    }
}
