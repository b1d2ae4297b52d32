//! What every feed promises, as checks that any feed can be put through.
//!
//! Each check is a law of [`Feed`]; a feed passes when [`check_all`] returns. The checks panic with
//! the law that is broken, as tests do; nothing but tests calls them.

use std::ops::Range;

use openbell_market::{BarColumns, BarSlice};
use openbell_time::{Nanos, Timestamp};

use crate::feed::{Feed, FeedKind, Link};

/// Puts the feeds that `make` yields through every check.
///
/// *Shape*: `expected` holds all rows of the source, ascending, at least three of them with two
/// different stamps; `make` yields a new feed each time, standing at its first row. For a live
/// feed `now` is an instant by which all of it has arrived; stored feeds do not look at it.
///
/// # Panics
///
/// Where a law is broken; that is its purpose.
pub fn check_all<F: Feed>(make: impl Fn() -> F, expected: &BarColumns, now: Timestamp) {
    assert!(expected.len() >= 3, "the checks need at least three rows");
    delivers_every_row_once_however_the_time_is_cut(&make, expected, now);
    keeps_what_is_not_due(&make, expected, now);
    seeks_by_row(&make, expected, now);
    appends_to_what_is_there(&make, expected, now);
    hands_out_slices_that_never_change(&make, expected, now);
    says_how_far_it_has_come(&make, expected, now);
}

/// Puts the live feeds that `make` yields through what a live feed promises beyond that, as a run
/// would look at them: at instants from `looks.start` on, up to `looks.end`.
///
/// *Shape*: `expected` holds the rows that have arrived by `looks.end`, ascending; `closes_at` says
/// when the bar of a stamp closes; `make` yields a new feed each time.
///
/// # Panics
///
/// Where a law is broken; that is its purpose.
pub fn check_live<F: Feed>(
    make: impl Fn() -> F,
    expected: &BarColumns,
    closes_at: impl Fn(Timestamp) -> Timestamp,
    looks: Range<Timestamp>,
) {
    let span_ns = (looks.end - looks.start).as_nanos();
    for n_looks in [1, 7, 61, 997] {
        let mut feed = make();
        assert_eq!(feed.kind(), FeedKind::Live, "a feed that is looked at live says that it is");
        let (out, never) = (BarColumns::default(), Timestamp::MIN);
        let mut seen = LiveLooks { out, through: never, looked_at: never };
        for look in 0..=n_looks {
            let offset = i128::from(span_ns) * i128::from(look) / i128::from(n_looks);
            let now = looks.start + Nanos::from_nanos(offset as i64);
            seen.look(&mut feed, now, looks.end, &closes_at);
        }
        let mut order: Vec<usize> = (0..seen.out.len()).collect();
        order.sort_by_key(|&row| seen.out.opens_at_ns[row]);
        let mut found = BarColumns::default();
        for row in order {
            found.extend_from(&seen.out, row..row + 1);
        }
        assert_same(&found, expected, &format!("{n_looks} looks deliver every row once"));
    }
}

/// What was seen of a live feed.
struct LiveLooks {
    out: BarColumns,
    through: Timestamp,
    looked_at: Timestamp,
}

impl LiveLooks {
    /// Looks at `feed` at the instant `now`, and holds what it says against what it said.
    fn look(
        &mut self,
        feed: &mut impl Feed,
        now: Timestamp,
        until: Timestamp,
        closes_at: impl Fn(Timestamp) -> Timestamp,
    ) {
        let has_news = feed.has_news(now);
        let (n_before, mut revised) = (self.out.len(), BarColumns::default());
        let polled = feed.poll(now, until, &mut self.out);
        let progress =
            polled.unwrap_or_else(|error| panic!("no poll of a live feed fails: {error}"));
        feed.poll_revisions(now, &mut revised);
        for row in n_before..self.out.len() {
            let closes_at = closes_at(self.out.opens_at(row));
            assert!(closes_at <= now, "the bar that closes at {closes_at} came at {now}");
            let through = self.through;
            assert!(closes_at > through, "complete through {through}, and {closes_at} came later");
        }
        for row in 0..revised.len() {
            let opens_at = revised.opens_at(row);
            let is_known = self.out.opens_at_ns.contains(&opens_at.as_nanos());
            assert!(is_known, "the row of {opens_at} takes the place of none");
        }
        let through = progress.complete_through;
        assert!(through <= now, "at {now} nothing is evidence for {through}");
        assert!(through >= self.through, "what was complete is so still");
        let was_down = matches!(progress.link, Link::Down { since, .. } if since <= self.looked_at);
        assert!(!was_down || through == self.through, "a link that is down proves nothing");
        let is_new = self.out.len() > n_before || !revised.is_empty() || through > self.through;
        assert!(
            has_news || !is_new,
            "at {now} there was news, and the feed said that there is none"
        );
        (self.through, self.looked_at) = (through, now);
    }
}

/// However polls cut the time, the rows are the same, each once, in order.
///
/// # Panics
///
/// Where the law is broken.
pub fn delivers_every_row_once_however_the_time_is_cut<F: Feed>(
    make: &impl Fn() -> F,
    expected: &BarColumns,
    now: Timestamp,
) {
    let span_ns = expected.opens_at_ns[expected.len() - 1] - expected.opens_at_ns[0] + 1;
    for n_cuts in [1, 2, 3, 7, 61] {
        let mut feed = make();
        let mut out = BarColumns::default();
        for cut in 1..=n_cuts {
            let offset = i128::from(span_ns) * i128::from(cut) / i128::from(n_cuts);
            let until = Timestamp::from_nanos(expected.opens_at_ns[0] + offset as i64);
            poll(&mut feed, now, until, &mut out);
        }
        assert_same(&out, expected, &format!("{n_cuts} polls deliver every row once"));
    }
}

/// A row stamped `until` is not delivered by a poll up to `until`, and is by the next.
///
/// # Panics
///
/// Where the law is broken.
pub fn keeps_what_is_not_due<F: Feed>(
    make: &impl Fn() -> F,
    expected: &BarColumns,
    now: Timestamp,
) {
    let mut feed = make();
    for row in 0..expected.len().min(200) {
        let mut out = BarColumns::default();
        let stamp = expected.opens_at(row);
        poll(&mut feed, now, stamp, &mut out);
        assert!(
            out.opens_at_ns.iter().all(|&ns| ns < stamp.as_nanos()),
            "a poll up to {stamp} delivers rows stamped before it only"
        );
    }
}

/// After a seek the next row is the first stamped at or after it, forwards and backwards; of a live
/// feed those stamped before it may come too, where they were not handed out so far.
///
/// # Panics
///
/// Where the law is broken.
pub fn seeks_by_row<F: Feed>(make: &impl Fn() -> F, expected: &BarColumns, now: Timestamp) {
    let mut feed = make();
    let last = expected.len() - 1;
    for row in [last / 2, 0, last, last / 3, 0] {
        for shift_ns in [0, 1, -1] {
            let since = expected.opens_at(row) + Nanos::from_nanos(shift_ns);
            let first = expected.opens_at_ns.partition_point(|&ns| ns < since.as_nanos());
            let mut wanted = BarColumns::default();
            wanted.extend_from(expected, first..expected.len());
            feed.seek(since).unwrap_or_else(|error| panic!("a feed can seek {since}: {error}"));
            let mut out = BarColumns::default();
            poll(&mut feed, now, after_last(expected), &mut out);
            if feed.kind() == FeedKind::Live {
                let all = std::mem::take(&mut out);
                let n_before = all.opens_at_ns.partition_point(|&ns| ns < since.as_nanos());
                out.extend_from(&all, n_before..all.len());
            }
            assert_same(&out, &wanted, &format!("after a seek to {since} the rows from there on"));
        }
    }
}

/// Rows are appended; what was in the columns stays.
///
/// # Panics
///
/// Where the law is broken.
pub fn appends_to_what_is_there<F: Feed>(
    make: &impl Fn() -> F,
    expected: &BarColumns,
    now: Timestamp,
) {
    let mut feed = make();
    let mut out = BarColumns::default();
    out.extend_from(expected, 0..1);
    poll(&mut feed, now, after_last(expected), &mut out);
    let mut wanted = BarColumns::default();
    wanted.extend_from(expected, 0..1);
    wanted.extend_from(expected, 0..expected.len());
    assert_same(&out, &wanted, "a poll appends");
}

/// However polls cut the time, and whichever slices are held meanwhile, they hold the rows that
/// columns would have been given, and hold them still when all is read.
///
/// # Panics
///
/// Where the law is broken.
pub fn hands_out_slices_that_never_change<F: Feed>(
    make: &impl Fn() -> F,
    expected: &BarColumns,
    now: Timestamp,
) {
    let first_ns = expected.opens_at_ns[0];
    let span_ns = expected.opens_at_ns[expected.len() - 1] - first_ns + 1;
    for (n_cuts, holds_every) in [(1, 1), (7, 1), (61, 1), (61, 2), (61, 5), (7, usize::MAX)] {
        let mut feed = make();
        let mut held: Vec<(usize, BarSlice)> = Vec::new();
        let mut n_rows = 0;
        for cut in 1..=n_cuts {
            let offset = i128::from(span_ns) * cut as i128 / n_cuts as i128;
            let until = Timestamp::from_nanos(first_ns + offset as i64);
            let (rows, polled) = feed.poll_slice(now, until);
            polled.unwrap_or_else(|error| panic!("a valid source can be polled: {error}"));
            let n_before = n_rows;
            n_rows += rows.len();
            if cut % holds_every == 0 {
                held.push((n_before, rows));
            }
        }
        assert_eq!(n_rows, expected.len(), "{n_cuts} slices deliver every row once");
        for (n_before, rows) in held {
            let (mut found, mut wanted) = (BarColumns::default(), BarColumns::default());
            rows.copy_to(&mut found);
            wanted.extend_from(expected, n_before..n_before + rows.len());
            assert_same(&found, &wanted, "a slice holds the rows that were delivered");
        }
    }
}

/// Progress never goes past `until`, does not go back, and is whole once everything is there.
///
/// # Panics
///
/// Where the law is broken.
pub fn says_how_far_it_has_come<F: Feed>(
    make: &impl Fn() -> F,
    expected: &BarColumns,
    now: Timestamp,
) {
    let mut feed = make();
    let mut out = BarColumns::default();
    let mut before = Timestamp::MIN;
    for row in [0, expected.len() / 2, expected.len() - 1] {
        let until = expected.opens_at(row);
        let progress = feed.poll(now, until, &mut out).unwrap_or_else(|error| panic!("{error}"));
        assert!(progress.complete_through <= until, "no feed is complete past what was asked");
        assert!(progress.complete_through >= before, "progress does not go back");
        assert!(!progress.is_exhausted, "a feed with a row left is not exhausted");
        before = progress.complete_through;
        if feed.kind() == FeedKind::Stored {
            assert_eq!(progress.complete_through, until, "a stored feed has what was asked for");
            assert_eq!(progress.link, Link::Stored, "a stored feed has no link that could break");
        }
    }
    let end = after_last(expected);
    let progress = feed.poll(now, end, &mut out).unwrap_or_else(|error| panic!("{error}"));
    assert_same(&out, expected, "all rows are delivered");
    if feed.kind() == FeedKind::Stored {
        assert!(progress.is_exhausted, "a stored feed without a row left is exhausted");
    }
    let n_rows = out.len();
    poll(&mut feed, now, end, &mut out);
    assert_eq!(out.len(), n_rows, "a row is delivered once");
}

fn poll<F: Feed>(feed: &mut F, now: Timestamp, until: Timestamp, out: &mut BarColumns) {
    if let Err(error) = feed.poll(now, until, out) {
        panic!("a valid source can be polled up to {until}: {error}");
    }
}

fn after_last(rows: &BarColumns) -> Timestamp {
    rows.opens_at(rows.len() - 1) + Nanos::from_nanos(1)
}

/// Compares bit for bit, so that NaN is equal to itself.
fn assert_same(found: &BarColumns, expected: &BarColumns, law: &str) {
    assert_eq!(found.opens_at_ns, expected.opens_at_ns, "{law}: stamps");
    let columns = |rows: &BarColumns| {
        [&rows.open, &rows.high, &rows.low, &rows.close, &rows.volume]
            .map(|column| column.iter().map(|value| value.to_bits()).collect::<Vec<_>>())
    };
    assert!(columns(found) == columns(expected), "{law}: values");
}
