//! How rows come in a replay: they are all there, and the clock visits the instants at which one of
//! them closes or something else is due. No rule stands here.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use openbell_time::Timestamp;

use super::agenda::Agenda;
use super::progress::Progress;
use crate::layout::SessionLayout;
use crate::symbol::{NEVER, SymbolSession};

/// What comes next in a replay.
#[derive(Default)]
pub(super) struct Replay {
    /// The base bars that are to come.
    pub(super) agenda: Agenda,
    /// The derived bars that are to come, an agenda for each interval; it stands still while nobody
    /// wants bars.
    pub(super) derived: Vec<Agenda>,
    /// The members with bars that have closed by the clock and are not delivered, ascending.
    pub(super) behind: Vec<usize>,
    /// When the next bar of each of them has closed, with its position: the first is the next.
    pub(super) backlog: BinaryHeap<Reverse<(i64, usize)>>,
    /// The instants that are visited whatever the data: ends of windows, schedules, the last.
    due_ns: BTreeSet<i64>,
}

impl Replay {
    /// The next instant at which something is due; `None` after the session's last.
    pub(super) fn next_instant(&self) -> Option<Timestamp> {
        let due_ns = *self.due_ns.first()?;
        let bar_ns = self.agenda.next_ns().unwrap_or(NEVER);
        Some(Timestamp::from_nanos(bar_ns.min(due_ns)))
    }

    /// The clock stands at `instant`, the next one: takes the bars that close at it.
    pub(super) fn take(&mut self, instant: Timestamp) {
        let instant_ns = instant.as_nanos();
        if self.due_ns.first().is_some_and(|&due_ns| due_ns <= instant_ns) {
            self.due_ns.pop_first();
        }
        self.agenda.take(instant_ns);
    }

    /// Lays out what comes after `clock` for `members` as they are now.
    pub(super) fn lay(
        &mut self,
        layout: &SessionLayout,
        members: &[SymbolSession],
        progress: &Progress,
        clock: Timestamp,
    ) {
        let clock_ns = clock.as_nanos();
        let next_ns =
            |position: usize| members[position].next_close_ns(progress.n_delivered(position));
        self.behind = (0..members.len()).filter(|&at| next_ns(at) <= clock_ns).collect();
        self.backlog = self.behind.iter().map(|&at| Reverse((next_ns(at), at))).collect();
        let to_come = members.iter().map(|member| {
            let closes_at_ns = member.closes_at_ns();
            &closes_at_ns[closes_at_ns.partition_point(|&ns| ns <= clock_ns)..]
        });
        self.agenda.lay(&layout.closes_at_ns, clock_ns, to_come);
        self.lay_derived(layout, members, clock);
    }

    /// Lays out the derived bars that close after `clock`.
    pub(super) fn lay_derived(
        &mut self,
        layout: &SessionLayout,
        members: &[SymbolSession],
        clock: Timestamp,
    ) {
        self.derived.resize_with(layout.series.derived.len(), Agenda::default);
        let clock_ns = clock.as_nanos();
        for (derived, agenda) in self.derived.iter_mut().enumerate() {
            let (_, segment_grid) = &layout.series.derived[derived];
            let slots: Vec<i64> = segment_grid.grid.closes_ns().collect();
            let to_come = members.iter().map(|member| {
                let rows = member.series.derived[derived].rows();
                // With a bar in each slot it closes when they do, which is in the cache.
                let is_full = rows.len() == slots.len();
                let closes_at_ns = if is_full { &slots[..] } else { rows.closes_at_ns() };
                &closes_at_ns[closes_at_ns.partition_point(|&ns| ns <= clock_ns)..]
            });
            agenda.lay(&slots, clock_ns, to_come);
        }
    }

    /// Lays out the instants after `clock` that must be visited for the windows of `layout`, its
    /// close and last instant, and the instants `scheduled`.
    pub(super) fn lay_due(
        &mut self,
        layout: &SessionLayout,
        scheduled: impl Iterator<Item = Timestamp>,
        clock: Timestamp,
    ) {
        let ends_of_windows = layout.series.derived.iter().flat_map(|(_, segment_grid)| {
            let grid = &segment_grid.grid;
            let slots = (grid.n_closed_by(clock)..grid.n_slots()).filter_map(|n| grid.slot(n));
            slots.map(|bounds| bounds.until)
        });
        let last = [layout.session.close, layout.clock_until];
        let due = ends_of_windows.chain(scheduled).chain(last);
        let is_to_come = |instant: &Timestamp| clock < *instant && *instant <= layout.clock_until;
        self.due_ns = due.filter(is_to_come).map(Timestamp::as_nanos).collect();
    }
}
