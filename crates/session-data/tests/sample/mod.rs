//! Small segments, members and sessions, from which the tests of this folder build their boards.
#![allow(dead_code, reason = "every test file is a crate of its own and uses a part of these")]

use std::sync::Arc;

use openbell_market::{BarInterval, Grid, Ohlcv, Symbol, SymbolIdx};
use openbell_session_data::{
    DeliveredThrough, Member, Segment, SegmentGrid, SegmentShape, SegmentWriter, SeriesFacts,
    SeriesRole, SessionFacts, Visibility,
};
use openbell_time::{SessionPart, Timestamp, TradingDate};

/// The length of every base bar here, so that a session is a handful of small numbers.
pub const STEP_NS: i64 = 10;

/// The interval that the base bars here claim to have.
pub const BASE: BarInterval = BarInterval::from_mins(1).unwrap();

/// The instant `ns` nanoseconds after the epoch.
pub fn at(ns: i64) -> Timestamp {
    Timestamp::from_nanos(ns)
}

/// The half-open stretch `since..until`.
pub fn part(since: i64, until: i64) -> SessionPart {
    SessionPart { since: at(since), until: at(until) }
}

/// A base series of bars that can be seen when they close.
pub fn base_shape() -> SegmentShape {
    SegmentShape {
        interval: BASE,
        role: SeriesRole::Base,
        visibility: Visibility::AtClose,
        indicators: Arc::from([]),
    }
}

/// The day number `number`, whose base bars lie in `parts`.
pub fn day_of(number: i32, parts: Vec<SessionPart>) -> SegmentGrid {
    let grid = Grid::clock(parts, STEP_NS);
    SegmentGrid {
        session_date: TradingDate::from_days(20_000 + number),
        grid: grid.clone(),
        base_grid: grid,
    }
}

/// The day number `number` with `n_slots` base bars from `since` on.
pub fn day(number: i32, since: i64, n_slots: i64) -> SegmentGrid {
    day_of(number, vec![part(since, since + n_slots * STEP_NS)])
}

/// The session of `day`.
pub fn session(day: &SegmentGrid) -> SessionFacts {
    SessionFacts {
        date: day.session_date,
        open: day.grid.since().unwrap(),
        close: day.grid.until().unwrap(),
        keeps_quality: true,
    }
}

/// Writes and commits one base bar over `since..until` whose five values are `value`.
pub fn push(writer: &mut SegmentWriter, since: i64, until: i64, value: f64) {
    fill(writer, 0, since, until, value);
    writer.commit(1);
}

/// A bar whose five values are `value`.
fn flat(value: f64) -> Ohlcv {
    Ohlcv { open: value, high: value, low: value, close: value, volume: value }
}

/// Writes one base bar into row `row` of what is not committed yet.
pub fn fill(writer: &mut SegmentWriter, row: usize, since: i64, until: i64, value: f64) {
    let mut tail = writer.tail();
    tail.bars.write(row, at(since), flat(value));
    tail.closes_at_ns[row] = until;
}

/// The base series of `today`, without history.
pub fn base_series(today: &Arc<Segment>) -> SeriesFacts {
    SeriesFacts {
        interval: BASE,
        role: SeriesRole::Base,
        today: Some(Arc::clone(today)),
        trailing: Arc::from([]),
    }
}

/// A member that is with the clock.
pub fn member(symbol: &str, idx: u32, generation: u32, series: Vec<SeriesFacts>) -> Arc<Member> {
    Arc::new(Member::new(
        Symbol::new(symbol).unwrap(),
        SymbolIdx::new(idx),
        generation,
        series,
        Arc::from([]),
        DeliveredThrough::with_the_clock(),
    ))
}
