//! One series on its way: where it has come, and what of an answer is over, there, and the last word.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use openbell_market::{BarColumns, Ohlcv, SeriesKey};
use openbell_time::{Nanos, Timestamp};

use super::{Fetched, Missing, MissingCause, Wanted};
use crate::live::rows::{floor, over_before};
use crate::live::{Closing, EmptyInterval, Heard, Query, Reach, VendorTraits};

/// What ended so long ago is asked for with its end. What did not is asked for without one, so that the
/// row that runs, or that follows, shows how far the history has come.
const LONG_AGO: Nanos = Nanos::from_secs(86_400);
/// How long after an answer that ended too early the next one is asked for, to see whether it is so:
/// of what is long ago, and of what has just been.
const APART: (Nanos, Nanos) = (Nanos::from_secs(2), Nanos::from_secs(10));
/// No stamp lies further ahead.
const FAR: Nanos = Nanos::from_secs(86_400);
/// So many pages in a row without a row of what is wanted go in a circle.
const N_IDLE_PAGES_MAX: u32 = 100;

#[derive(Debug)]
pub(super) struct Course {
    length: Nanos,
    /// What is still wanted; the first begins where its answers have come.
    stretches: VecDeque<Range<Timestamp>>,
    /// The next page, where the vendor counts them.
    page: Option<Query>,
    n_idle_pages: u32,
    due: Timestamp,
    /// When the vendor first said that nothing more is there.
    ended_at: Option<Timestamp>,
    fetched: Fetched,
}

impl Course {
    /// `None` of a series without a clock, which no vendor has.
    pub(super) fn new(wanted: Wanted) -> Option<Course> {
        let length = wanted.key.interval.clock()?.length();
        let fetched = Fetched {
            key: wanted.key,
            n_rows: 0,
            n_made_up: 0,
            missing: Vec::new(),
            refused: None,
        };
        let stretches = wanted.stretches.into_iter().filter(|stretch| !stretch.is_empty());
        Some(Course {
            length,
            stretches: stretches.collect(),
            page: None,
            n_idle_pages: 0,
            due: Timestamp::MIN,
            ended_at: None,
            fetched,
        })
    }

    pub(super) fn key(&self) -> &SeriesKey {
        &self.fetched.key
    }

    pub(super) fn fetched(&self) -> &Fetched {
        &self.fetched
    }

    pub(super) fn is_at_work(&self) -> bool {
        !self.stretches.is_empty()
    }

    pub(super) fn due(&self) -> Timestamp {
        self.due
    }

    pub(super) fn left_ns(&self) -> i128 {
        let length = |stretch: &Range<Timestamp>| (stretch.end - stretch.start).as_nanos();
        self.stretches.iter().map(|stretch| i128::from(length(stretch))).sum()
    }

    pub(super) fn refuse(&mut self, said: Arc<str>) {
        self.fetched.refused = Some(said);
        self.give_up();
    }

    pub(super) fn give_up(&mut self) {
        self.stretches.clear();
    }

    pub(super) fn query(&self, now: Timestamp) -> Option<Query> {
        let stretch = self.stretches.front()?;
        let is_long_ago = |end: Timestamp| end + LONG_AGO <= now;
        self.page.clone().or_else(|| {
            Some(Query::Bars {
                key: self.key().clone(),
                since: stretch.start,
                until: Some(stretch.end).filter(|&end| is_long_ago(end)),
                page: None,
            })
        })
    }

    /// Takes an answer to `query`, asked at `asked_at`; yields the rows of it that are wanted and over.
    pub(super) fn answered(
        &mut self,
        traits: &VendorTraits,
        query: &Query,
        asked_at: Timestamp,
        rows: &[Heard],
        next: Option<Query>,
    ) -> BarColumns {
        let Some(stretch) = self.stretches.front().cloned() else { return BarColumns::default() };
        let is_placed =
            |row: &&Heard| row.opens_at >= stretch.start && row.opens_at <= asked_at + FAR;
        let rows: Vec<Heard> = rows.iter().filter(is_placed).copied().collect();
        let since = self.admit_what_is_out_of_reach(traits, &stretch, asked_at, &rows);
        let is_open_ended = matches!(query, Query::Bars { until: None, .. });
        let over = match traits.reach {
            Reach::RunningRow if is_open_ended => over_before(&rows, self.length),
            // What is long ago is over, and where only closed bars are told all of them are.
            Reach::RunningRow | Reach::TwiceEqual { .. } => Timestamp::MAX,
        };
        let mut reached = since;
        let mut bars: BTreeMap<Timestamp, Ohlcv> = BTreeMap::new();
        for row in &rows {
            if row.opens_at >= stretch.end {
                reached = stretch.end;
            } else if row.opens_at < over && row.closing != Closing::Running {
                reached = reached.max(floor(row.opens_at, self.length) + self.length);
                if traits.is_made_up(row) {
                    self.fetched.n_made_up += 1;
                } else {
                    bars.entry(row.opens_at).or_insert(row.ohlcv);
                }
            }
        }
        if over < Timestamp::MAX {
            // Nothing lies between the row that runs and the one before.
            reached = reached.max(over);
        }
        let reached = reached.min(stretch.end);
        if traits.empty == EmptyInterval::Bar {
            self.name_holes(since..reached, &bars);
        }
        self.go_on(traits, query, asked_at, reached, next);
        self.fetched.n_rows += bars.len() as u64;
        let mut taken = BarColumns::with_capacity(bars.len());
        bars.into_iter().for_each(|(opens_at, ohlcv)| taken.push(opens_at, ohlcv));
        taken
    }

    /// Yields from where on the history has what is wanted.
    fn admit_what_is_out_of_reach(
        &mut self,
        traits: &VendorTraits,
        stretch: &Range<Timestamp>,
        asked_at: Timestamp,
        rows: &[Heard],
    ) -> Timestamp {
        let until = traits.out_of_reach(self.length, stretch.start, asked_at, rows);
        let (Some(until), Some(n_rows)) = (until, traits.n_history_rows) else {
            return stretch.start;
        };
        let until = until.min(stretch.end);
        self.miss(stretch.start..until, MissingCause::OutOfReach { n_rows });
        until
    }

    /// Moves on to `reached`, and says what is asked for next and when.
    fn go_on(
        &mut self,
        traits: &VendorTraits,
        query: &Query,
        asked_at: Timestamp,
        reached: Timestamp,
        next: Option<Query>,
    ) {
        let Some(stretch) = self.stretches.front_mut() else { return };
        let is_news = reached > stretch.start;
        stretch.start = reached;
        let left = stretch.clone();
        (self.page, self.due) = (None, asked_at);
        if left.is_empty() {
            return self.end_stretch();
        }
        match next {
            Some(next) if matches!(next, Query::Bars { page: Some(_), .. }) => {
                self.n_idle_pages = if is_news { 0 } else { self.n_idle_pages + 1 };
                self.page = Some(next);
                if self.n_idle_pages > N_IDLE_PAGES_MAX {
                    self.refuse("its pages go in a circle".into());
                }
            }
            Some(_) if is_news => self.ended_at = None,
            _ => self.says_that_is_all(traits, query, asked_at, is_news, left),
        }
    }

    /// An answer that ends before what is wanted is believed when it comes a second time.
    fn says_that_is_all(
        &mut self,
        traits: &VendorTraits,
        query: &Query,
        asked_at: Timestamp,
        is_news: bool,
        left: Range<Timestamp>,
    ) {
        let is_long_ago = matches!(query, Query::Bars { until: Some(_), .. });
        let apart = if is_long_ago { APART.0 } else { APART.1 };
        match self.ended_at.filter(|_| !is_news) {
            Some(ended_at) if asked_at >= ended_at + apart => {
                let is_quiet = traits.empty == EmptyInterval::NoBar
                    && matches!(traits.reach, Reach::TwiceEqual { .. });
                if !is_quiet {
                    self.miss(left, MissingCause::NotThere);
                }
                self.end_stretch();
            }
            Some(ended_at) => self.due = ended_at + apart,
            None => {
                self.ended_at = Some(asked_at);
                self.due = asked_at + apart;
            }
        }
    }

    fn end_stretch(&mut self) {
        self.stretches.pop_front();
        (self.page, self.ended_at, self.n_idle_pages) = (None, None, 0);
    }

    /// Names the intervals of `opens` that have no row.
    fn name_holes(&mut self, opens: Range<Timestamp>, bars: &BTreeMap<Timestamp, Ohlcv>) {
        let mut expected = opens.start;
        for &opens_at in bars.keys() {
            self.miss(expected..floor(opens_at, self.length), MissingCause::NotThere);
            expected = floor(opens_at, self.length) + self.length;
        }
        self.miss(expected..opens.end, MissingCause::NotThere);
    }

    fn miss(&mut self, opens: Range<Timestamp>, why: MissingCause) {
        if opens.is_empty() {
            return;
        }
        match self.fetched.missing.last_mut() {
            Some(last) if last.opens.end == opens.start && last.why == why => {
                last.opens.end = opens.end;
            }
            _ => self.fetched.missing.push(Missing { opens, why }),
        }
    }
}
