//! One instant of the session clock.
//!
//! Hot path, down to the delivery of bars: no allocation after warm-up, no lock, no hashing of
//! text, no formatting, no `dyn` a bar.

use openbell_market::BarInterval;
use openbell_market::planted::{Planted, planted};
use openbell_time::{Nanos, Timestamp};

use super::{Engine, State};
use crate::consumer::BarClosed;
use crate::error::RunError;
use crate::hub::Call;
use crate::lag::LagChange;
use crate::lane::{Lane, NEVER};

impl Engine {
    /// Moves the clock to `instant` and does everything that is due there, in order.
    pub(super) fn visit(&mut self, instant: Timestamp) -> Result<(), RunError> {
        self.driver.advance_to(instant)?;
        self.status.record_clock(instant);
        self.deliver(instant);
        self.count_rejections()?;
        let is_last = matches!(&self.state, State::Day(day) if instant == day.layout.clock_until);
        if !(is_last && planted(Planted::LastInstantUnpublished)) {
            let _ = self.publish(); // Open already: a replay has no backlog when its clock moves.
        }
        if planted(Planted::AskedTakenLate) {
            self.take_asked()?;
            self.announce(instant)?;
            return self.take_scheduled();
        }
        if planted(Planted::ScheduleBeforeNotices) {
            self.take_scheduled()?;
        }
        self.announce(instant)?;
        self.take_scheduled()?;
        self.take_asked()
    }

    /// Delivers every bar that closes at `instant`, in symbol order. What it leads to was
    /// computed when the day was loaded; the publication lets it be seen.
    fn deliver(&mut self, instant: Timestamp) {
        let State::Day(day) = &mut self.state else { return };
        let instant_ns = instant.as_nanos();
        if day.due_ns.first().is_some_and(|&due_ns| due_ns <= instant_ns) {
            day.due_ns.pop_first();
        }
        day.delivered.clear();
        for position in 0..day.next_close_ns.len() {
            if day.next_close_ns[position] != instant_ns {
                continue;
            }
            let lane = &mut day.lanes[position];
            if lane.meter.is_check_due() {
                // At its own close a bar has no lag, and a replay visits every close.
                let change = lane.meter.check(&self.plan.lag, Nanos::ZERO);
                debug_assert_ne!(change, LagChange::BeganLagging);
            }
            lane.meter.count(&self.plan.lag);
            lane.gauge.record_delivered(lane.meter.n_delivered());
            self.sequence.deliver(instant_ns, lane.run.key);
            day.next_close_ns[position] =
                lane.sifted.closes_at_ns.get(lane.n_delivered()).copied().unwrap_or(NEVER);
            day.delivered.push(position as u32);
        }
        let n_delivered = day.delivered.len() as u64;
        day.n_bars += n_delivered;
        self.n_bars += n_delivered;
    }

    /// Tells consumers what has closed at `instant`: base bars in symbol order, then derived
    /// ones, shortest interval first, in symbol order.
    fn announce(&mut self, instant: Timestamp) -> Result<(), RunError> {
        if !self.hub.is_heard() {
            return Ok(());
        }
        let State::Day(day) = &mut self.state else { return Ok(()) };
        let mut news: Vec<(usize, usize, usize)> = Vec::new();
        for &position in &day.delivered {
            let lane = &mut day.lanes[position as usize];
            let sequence = lane.announced[0];
            lane.announced[0] += 1;
            news.push((position as usize, 0, sequence));
        }
        for (derived, (_, segment_day)) in day.layout.day.derived.iter().enumerate() {
            let grid = &segment_day.grid;
            let n_closed = grid.n_closed_by(instant);
            let closes_now = n_closed
                .checked_sub(1)
                .and_then(|slot| grid.slot(slot))
                .is_some_and(|bounds| bounds.until == instant);
            if closes_now {
                for (position, lane) in day.lanes.iter_mut().enumerate() {
                    unannounced(lane, derived + 1, instant, |sequence| {
                        news.push((position, derived + 1, sequence));
                    });
                }
            }
        }
        self.tell(&news)
    }

    /// Tells consumers what has not been announced, without the gate having been shut: a
    /// newcomer whose backlog was no lag.
    pub(super) fn announce_unannounced(&mut self) -> Result<(), RunError> {
        if !self.hub.is_heard() {
            return Ok(());
        }
        let at = self.clock.now();
        let State::Day(day) = &mut self.state else { return Ok(()) };
        let mut news: Vec<(i64, usize, usize, usize)> = Vec::new();
        for (position, lane) in day.lanes.iter_mut().enumerate() {
            for series in 0..lane.announced.len() {
                let first = lane.announced[series];
                let rows = lane.rows_at(series, at);
                for (sequence, &closes_at_ns) in rows.closes_at_ns().iter().enumerate().skip(first)
                {
                    news.push((closes_at_ns, series, position, sequence));
                }
                let n_rows = rows.len();
                lane.announced[series] = n_rows;
            }
        }
        news.sort_unstable();
        let news: Vec<_> =
            news.into_iter().map(|(_, series, lane, row)| (lane, series, row)).collect();
        self.tell(&news)
    }

    /// Calls consumers with bars given as (lane, series, sequence), in that order.
    fn tell(&mut self, news: &[(usize, usize, usize)]) -> Result<(), RunError> {
        let State::Day(day) = &self.state else { return Ok(()) };
        if news.is_empty() {
            return Ok(());
        }
        let at = self.clock.now();
        let bars: Vec<BarClosed<'_>> = news
            .iter()
            .filter_map(|&(lane, series, sequence)| {
                let lane = &day.lanes[lane];
                let rows = lane.rows_at(series, at);
                let interval: BarInterval = rows.segment()?.shape().interval;
                let closes_at = rows.bar(sequence)?.closes_at;
                Some(BarClosed { symbol: &lane.run.symbol, interval, sequence, closes_at })
            })
            .collect();
        let date = day.layout.session.date;
        let call = Call { reader: &mut self.reader, date, at, log: &mut self.log };
        let outcome = self.hub.bars_closed(call, &bars);
        drop(bars);
        outcome.map_err(|stops| self.stops_run(stops))
    }
}

/// Yields the rows of a series that can be seen at `at` and were not announced, and marks them.
fn unannounced(lane: &mut Lane, series: usize, at: Timestamp, mut news: impl FnMut(usize)) {
    let n_rows = lane.rows_at(series, at).len();
    for sequence in lane.announced[series]..n_rows {
        news(sequence);
    }
    lane.announced[series] = n_rows;
}
