//! What of the bars that a calendar expects is stored: symbols by days.

use std::ops::RangeInclusive;

use openbell_market::{BarColumns, BarInterval, Gap, Grid, Quality, SeriesKey, SlotMatch};
use openbell_time::{Calendar, Session, SessionPart, Timestamp, TradingDate};

use crate::DataError;
use crate::feed::Feed;
use crate::store::DataManager;

/// What is stored of one session of one series.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionCoverage {
    /// The session; for a 1w series the Monday of the week.
    pub session_date: TradingDate,
    /// Bars that the calendar expects.
    pub expected: u32,
    /// Of these, bars that are stored, with values that a bar can have.
    pub present: u32,
    /// Runs of expected bars that are not.
    pub gaps: Vec<Gap>,
    /// Rows outside the session's hours since the session before, or off its grid.
    pub n_outside: u64,
    /// Rows that repeat the stamp of the row before them.
    pub n_duplicates: u64,
    /// Rows whose values no bar can have.
    pub n_invalid: u64,
}

impl SessionCoverage {
    /// The share of what is expected.
    pub fn quality(&self) -> Option<Quality> {
        Quality::of(self.present.into(), self.expected.into())
    }

    /// Bars in the longest gap.
    pub fn longest_gap(&self) -> u32 {
        self.gaps.iter().map(|gap| gap.n_bars).max().unwrap_or_default()
    }
}

/// What is stored of one series in a range of sessions.
#[derive(Clone, PartialEq, Debug)]
pub struct SeriesCoverage {
    /// The series.
    pub key: SeriesKey,
    /// Its sessions, in order.
    pub sessions: Vec<SessionCoverage>,
}

impl DataManager {
    /// What is stored of `key` in each session of `dates`.
    ///
    /// *Cost*: reads the rows of those sessions, one session at a time.
    ///
    /// # Errors
    ///
    /// [`DataError::Calendar`] where the calendar does not reach; those of a feed.
    pub fn coverage(
        &self,
        key: &SeriesKey,
        dates: RangeInclusive<TradingDate>,
        calendar: &Calendar,
    ) -> Result<SeriesCoverage, DataError> {
        let sessions = calendar.sessions(dates)?;
        let mut feed = self.feed(key, calendar)?;
        let mut report = SeriesCoverage { key: key.clone(), sessions: Vec::new() };
        let mut rows = BarColumns::default();
        feed.seek(sessions.first().map_or(Timestamp::MIN, first_instant))?;
        for window in windows(sessions, key.interval) {
            let (Some(first), Some(last)) = (window.first(), window.last()) else { continue };
            let until = last_instant(last);
            rows.clear();
            feed.poll(until, until, &mut rows)?;
            let parts: Vec<SessionPart> = first.parts().collect();
            let grid = Grid::of(key.interval, &parts);
            let session_date = match key.interval {
                BarInterval::Week => first.date.monday(),
                _ => first.date,
            };
            report.sessions.push(covered(session_date, &grid, &rows));
        }
        Ok(report)
    }
}

/// Sessions by themselves; for 1w bars those of each week together.
fn windows(sessions: &[Session], interval: BarInterval) -> impl Iterator<Item = &[Session]> {
    sessions
        .chunk_by(move |a, b| interval == BarInterval::WEEK && a.date.monday() == b.date.monday())
}

pub(crate) fn first_instant(session: &Session) -> Timestamp {
    session.pre_open.unwrap_or(session.open)
}

pub(crate) fn last_instant(session: &Session) -> Timestamp {
    session.post_close.unwrap_or(session.close)
}

fn covered(session_date: TradingDate, grid: &Grid, rows: &BarColumns) -> SessionCoverage {
    let mut valid: Vec<i64> = Vec::with_capacity(rows.len());
    let (mut n_outside, mut n_duplicates, mut n_invalid) = (0, 0, 0);
    for row in 0..rows.len() {
        let stamp_ns = rows.opens_at_ns[row];
        if row > 0 && rows.opens_at_ns[row - 1] == stamp_ns {
            n_duplicates += 1;
        } else if !matches!(grid.place(rows.opens_at(row)), SlotMatch::On { .. }) {
            n_outside += 1;
        } else if rows.ohlcv(row).fault().is_some() {
            n_invalid += 1;
        } else {
            valid.push(stamp_ns);
        }
    }
    let all = Timestamp::MAX; // Everything has closed that is stored.
    let (present, expected) = match grid.coverage(&valid, all) {
        Some(coverage) => (coverage.n, coverage.expected),
        None => (0, 0),
    };
    let gaps = grid.gaps(&valid, all);
    SessionCoverage { session_date, expected, present, gaps, n_outside, n_duplicates, n_invalid }
}
