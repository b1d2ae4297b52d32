//! Corrections: bars that come after something later was published, and bars whose values change.
//!
//! They never write below what is published: the symbol's series are made anew from its bars, a new
//! generation that readers find from the next publication on. Consumers are told from which sequence
//! on what they were notified of has changed.

use std::sync::Arc;

use openbell_market::BarInterval;
use openbell_time::Timestamp;

use super::core::Core;
use super::session::{RosterState, RunningSession};
use crate::consumers::notice::Notice;
use crate::control::event::{CorrectionKind, Event};
use crate::error::RunError;
use crate::gate::lag::LagChange;
use crate::symbol::live::{Corrections, Sifted};

/// Where the rows of a series end: the close of the last one.
struct Ends {
    /// Of those that consumers were notified of.
    announced_ns: Option<i64>,
    /// Of all that are made.
    made_ns: Option<i64>,
}

impl RunningSession {
    /// Makes the series of the member at `position` anew where `sifted` names corrected bars.
    pub(super) fn correct(
        &mut self,
        core: &mut Core,
        position: usize,
        sifted: Sifted,
    ) -> Result<(), RunError> {
        let first = [sifted.late.stamps_ns, sifted.revised.stamps_ns].into_iter().flatten().min();
        let Some((first_ns, _)) = first else { return Ok(()) };
        let clock = core.clock.now();
        let before: Vec<Ends> =
            (0..self.progress.n_series()).map(|series| self.ends(series, position)).collect();
        let n_delivered = self.progress.deliver_many(position, sifted.late.n_bars);
        let since = Timestamp::from_nanos(first_ns);
        self.members[position].make_anew(&self.layout, n_delivered, since, clock);
        self.roster = RosterState::Changed;
        // While the last instant settles, nothing that was delivered there is published so far.
        let is_over = clock >= self.layout.clock_until;
        let first_late_ns = sifted.late.stamps_ns.map(|(first_ns, _)| first_ns);
        let news_ns = if is_over { first_late_ns } else { sifted.news_ns };
        self.check_late(core, position, news_ns)?;
        self.check_made(core, position, &before)?;
        for (series, ends) in before.into_iter().enumerate() {
            let n_announced = self.n_closed_by(series, position, ends.announced_ns);
            self.progress.notify_through(series, position, n_announced);
        }
        self.trade_corrected(core, position, &sifted);
        self.note_corrections(core, position, CorrectionKind::Late, sifted.late);
        self.note_corrections(core, position, CorrectionKind::Revised, sifted.revised);
        Ok(())
    }

    /// Of bars that came late, those behind all that was delivered are news, the first of them stamped
    /// `news_ns`: its lag is checked as that of a bar in its turn.
    fn check_late(
        &mut self,
        core: &mut Core,
        position: usize,
        news_ns: Option<i64>,
    ) -> Result<(), RunError> {
        let Some(news_ns) = news_ns else { return Ok(()) };
        let admitted = &self.members[position].rows.live().admitted;
        let row = admitted.bars.opens_at_ns.partition_point(|&ns| ns < news_ns);
        let closes_at = Timestamp::from_nanos(admitted.closes_at_ns[row]);
        // It catches nobody up: what lies before it may be missing still.
        let is_over = self.open_time(closes_at, core.clock.now()) > core.plan.lag.threshold;
        if is_over && self.check_lag(position, closes_at, core) == LagChange::BeganLagging {
            self.begin_lagging(core)?;
        }
        Ok(())
    }

    /// Where the rows of a series end.
    fn ends(&self, series: usize, position: usize) -> Ends {
        let closes_at_ns = self.members[position].rows_at(series, Timestamp::MAX).closes_at_ns();
        let n_notified = self.progress.n_notified(series, position);
        let announced = n_notified.checked_sub(1).and_then(|last| closes_at_ns.get(last));
        Ends { announced_ns: announced.copied(), made_ns: closes_at_ns.last().copied() }
    }

    /// The rows of a series that close by an instant; none where there is no such instant.
    fn n_closed_by(&self, series: usize, position: usize, last_ns: Option<i64>) -> usize {
        let closes_at_ns = self.members[position].rows_at(series, Timestamp::MAX).closes_at_ns();
        last_ns.map_or(0, |last| closes_at_ns.partition_point(|&ns| ns <= last))
    }

    /// A window behind all that its series had, in which no bar was but those that came late, is news.
    fn check_made(
        &mut self,
        core: &mut Core,
        position: usize,
        before: &[Ends],
    ) -> Result<(), RunError> {
        let made = before.iter().enumerate().skip(1).filter_map(|(series, ends)| {
            let first = self.n_closed_by(series, position, ends.made_ns);
            let rows = self.members[position].rows_at(series, Timestamp::MAX);
            rows.closes_at_ns().get(first).copied()
        });
        match made.min() {
            Some(first_ns) => self.check_window(core, position, Timestamp::from_nanos(first_ns)),
            None => Ok(()),
        }
    }

    /// Logs corrections of one kind, and notes which announced series have changed from where on.
    fn note_corrections(
        &mut self,
        core: &mut Core,
        position: usize,
        kind: CorrectionKind,
        corrections: Corrections,
    ) {
        let Some((first_ns, last_ns)) = corrections.stamps_ns else { return };
        let member = &self.members[position];
        let symbol = &member.run.symbol;
        core.record.events.push(Event::Corrected {
            symbol: symbol.clone(),
            at: core.clock.now(),
            kind,
            n_bars: corrections.n_bars as u64,
            first: Timestamp::from_nanos(first_ns),
            last: Timestamp::from_nanos(last_ns),
        });
        let generation = member.rows.live().generation;
        let live = self.flow.live_mut();
        for (series, writer) in member.writers().enumerate() {
            let interval: BarInterval = writer.segment().shape().interval;
            let since = writer.rows().closes_at_ns().partition_point(|&ns| ns <= first_ns);
            if since < self.progress.n_notified(series, position) {
                live.correct(member.run.idx, (symbol, interval), since, generation, kind);
            }
        }
    }

    /// Notifies consumers of what was corrected of those that are not withheld.
    pub(super) fn notify_corrected(&mut self, core: &mut Core) -> Result<(), RunError> {
        let corrected = std::mem::take(&mut self.flow.live_mut().corrected);
        for correction in corrected {
            let position = self.find(&correction.notice.symbol);
            match position.ok().filter(|&at| self.members[at].run.idx == correction.idx) {
                None => {} // It has left.
                Some(at) if self.gate.is_feed_behind(at) => {
                    self.flow.live_mut().corrected.push(correction);
                }
                Some(_) => {
                    self.notify(core, &Notice::Corrected(Arc::new(correction.notice)))?;
                }
            }
        }
        Ok(())
    }
}
