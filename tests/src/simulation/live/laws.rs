//! What must hold at every look of a live run, by what the vendors have said and by our clock alone.
//!
//! Not here: what must hold at the close of a session ([`super::books`]).

use openbell_config::GateScope;
use openbell_coordinator::{Answer, Phase, SessionCommand, SymbolState, SymbolStatus, Ticket};
use openbell_data_manager::Link;
use openbell_market::{BarInterval, Symbol};
use openbell_session_data::{InsideView, SymbolView};
use openbell_time::{Nanos, Timestamp};

use super::drive::LegRun;
use super::wall::{JITTER, Reading, Worth};
use super::witness::Witness;
use crate::simulation::days::windows;
use crate::simulation::violation::{Kept, keep};

/// Where nothing arrives and nothing is due, nothing is looked at for so long.
const HEARTBEAT: Nanos = Nanos::from_secs(1);

/// Looks that find everyone with the clock before an add must have been answered.
const N_FRESH_LOOKS: usize = 3;

impl LegRun<'_> {
    /// Holds the promises after a look.
    pub(super) fn check_look(
        &mut self,
        reading: Reading,
        worth: Worth,
        was_streaming: bool,
    ) -> Kept<()> {
        let is_streaming = self.engine.phase() == Phase::Streaming;
        let clock = self.engine.clock().now();
        let is_active = self.outside.view().is_ok();
        self.check_clock(reading, worth, clock, was_streaming && is_streaming)?;
        if worth != Worth::Believed {
            keep("live never stale: inactive while the clock is in doubt", !is_active, || {
                format!("{reading:?} is {worth:?}")
            })?;
            self.last.was_active = false;
            return Ok(());
        }
        self.check_session(reading, is_streaming)?;
        if !is_streaming {
            keep("live never stale: inactive while no session is open", !is_active, || {
                format!("{reading:?}, {}", self.engine.phase().name())
            })?;
            return Ok(());
        }
        if self.last.wall.is_some_and(|wall| reading.wall <= wall) {
            return Ok(()); // Our clock has shown that time before.
        }
        self.last.wall = Some(reading.wall);
        let inside = self.inside.view();
        let members: Vec<Symbol> = inside.symbols().cloned().collect();
        for symbol in &members {
            let witness = self.witness(symbol);
            keep("live never missing: every feed is asked", witness.is_some(), || {
                format!("{reading:?}: {symbol}")
            })?;
            self.check_taken(symbol, reading)?;
            if let (Some(witness), Some(shown)) = (witness, inside.symbol(symbol.as_str())) {
                self.check_rows(witness, &shown, reading, clock)?;
            }
        }
        self.check_states(&inside, reading, clock)?;
        self.check_outside(&inside, &members, reading, clock)?;
        self.check_gate(&members, reading, clock)?;
        self.last.was_active = self.outside.view().is_ok();
        self.last.members = members.iter().map(|symbol| self.place(symbol)).collect();
        self.last.clock = Some(clock);
        Ok(())
    }

    /// The session clock goes with the wall, never back, never past the session, and never after a
    /// reading that nothing confirms.
    fn check_clock(
        &self,
        reading: Reading,
        worth: Worth,
        clock: Timestamp,
        goes_on: bool,
    ) -> Kept<()> {
        let (Some(before), true, Some(day)) = (self.last.clock, goes_on, self.day()) else {
            return Ok(());
        };
        let close = self.scenario.days[day].close();
        let (least, due) = match worth {
            Worth::Believed => {
                let due = before.max(reading.wall.min(close));
                (before.max(due - HEARTBEAT), due)
            }
            Worth::Doubted | Worth::Behind => (before, before),
        };
        let is_right = least <= clock && clock <= due;
        keep("live clock: it goes with the wall and never back", is_right, || {
            format!("{reading:?} is {worth:?}: the session clock is {clock}, {due} due")
        })
    }

    /// The session that runs is that of the hour.
    fn check_session(&self, reading: Reading, is_streaming: bool) -> Kept<()> {
        let Some(day) = self.day() else { return Ok(()) };
        let known = &self.scenario.days[day];
        let is_open = reading.wall >= known.open();
        keep("live sessions: each opens at its time", is_open == is_streaming, || {
            format!("{reading:?}: session {} is open: {is_streaming}", known.date)
        })?;
        // A run that was asleep over the close, or began after it, asks for what is owed then.
        let patience = self.scenario.patience() + JITTER;
        let over_since = self.last.over_since.filter(|_| is_streaming);
        let is_due = over_since.is_none_or(|since| reading.wall < since + patience);
        keep("live sessions: each closes when what is owed has had its time", is_due, || {
            format!("{reading:?}: session {} is open", known.date)
        })
    }

    /// What has arrived was taken.
    fn check_taken(&self, symbol: &Symbol, reading: Reading) -> Kept<()> {
        let last = self.place(symbol).map(|place| self.vendors.subscriptions.lock()[place].clone());
        // What follows a failure comes with the next look.
        let has_failed = self
            .witness(symbol)
            .is_some_and(|witness| witness.link.is_none() && witness.heard_at == reading.wall);
        let is_left = last.is_some_and(|known| known.lock().has_more(reading.at));
        keep("live never missing: what has arrived is taken", has_failed || !is_left, || {
            format!("{reading:?}: {symbol}")
        })
    }

    /// The rows of a member: those handed over, at their close, with the values last said.
    pub(super) fn check_rows(
        &self,
        witness: &Witness<'_>,
        shown: &SymbolView<'_>,
        reading: Reading,
        clock: Timestamp,
    ) -> Kept<()> {
        let name = shown.symbol();
        let Some(base) = shown.base() else { return Ok(()) };
        let rows = base.today();
        let mut last = Timestamp::MIN;
        for bar in rows.bars_since(0) {
            let known = witness.bars.get(&bar.opens_at);
            let is_handed = known.is_some();
            keep(
                "live never early: nothing is visible before it was handed over",
                is_handed,
                || format!("{reading:?}: {name} {}", bar.opens_at),
            )?;
            let is_same = known.is_some_and(|known| *known == (bar.closes_at, bar.ohlcv));
            keep("live values: a bar has its close and the values last said", is_same, || {
                format!("{reading:?}: {name} {bar:?}, said {known:?}")
            })?;
            keep(
                "live never early: no bar is visible before its close",
                bar.closes_at <= clock,
                || format!("{reading:?}: {name} {bar:?} at {clock}"),
            )?;
            keep("live in order: bars ascend, each once", last < bar.opens_at, || {
                format!("{reading:?}: {name} {bar:?} after {last}")
            })?;
            last = bar.opens_at;
        }
        let (n_rows, n_proven) = (rows.len(), witness.n_proven(clock));
        keep("live never missing: what is proven is delivered", n_rows >= n_proven, || {
            format!("{reading:?}: {name} has {n_rows} bars of {n_proven}")
        })?;
        for interval in self.derived() {
            if let Ok(series) = shown.series(interval) {
                let closes_at_ns = series.today().closes_at_ns();
                self.check_windows(witness, (name, interval), closes_at_ns, (reading, clock))?;
            }
        }
        Ok(())
    }

    /// What the status says of each member is what is the matter with it, and quiet is proven.
    fn check_states(&self, inside: &InsideView, reading: Reading, clock: Timestamp) -> Kept<()> {
        use SymbolState::{CatchingUp, Dead, Gone, Halted, Late, Live, Loading, Quiet, Skewed};
        let threshold = Nanos::from_secs(self.scenario.thresholds.0 as i64);
        let recovery = Nanos::from_secs(self.scenario.thresholds.1 as i64);
        for status in self.engine.handle().status().symbols {
            let shown = inside.symbol(status.symbol.as_str());
            let (Some(witness), Some(shown)) = (self.witness(&status.symbol), shown) else {
                continue;
            };
            let open = witness.day.open();
            let through = witness.through(clock);
            let last = shown.base().and_then(|base| base.today().closes_at_ns().last().copied());
            let last = last.map_or(open, Timestamp::from_nanos);
            let next = witness.day.slots.iter().find(|(_, closes_at)| *closes_at > last);
            let is_quiet = next.is_some_and(|(_, closes_at)| *closes_at <= through);
            let is_overdue = witness.overdue(clock) > threshold;
            let is_behind = witness.day.open_time(through, clock) > recovery;
            let due: &[SymbolState] = match &witness.link {
                None | Some(Link::Down { .. }) => &[Dead],
                Some(Link::Gone { .. }) => &[Gone],
                Some(Link::Skewed { .. }) if !witness.is_reachable() => &[Skewed],
                _ if !witness.has_begun() => &[CatchingUp, Loading, Late],
                _ if witness.is_halted => &[Halted],
                _ if is_overdue => &[Late, CatchingUp],
                _ if is_behind && is_quiet => &[Quiet, Late, CatchingUp],
                _ if is_behind => &[Live, Late, CatchingUp],
                _ if is_quiet => &[Quiet],
                _ => &[Live],
            };
            keep("live states: each is what is the matter", due.contains(&status.state), || {
                let SymbolStatus { symbol, state, why, .. } = &status;
                let link = &witness.link;
                format!(
                    "{reading:?}: {symbol} is {state:?} ({why}), {due:?} due; {through} {link:?}"
                )
            })?;
        }
        Ok(())
    }

    /// The windows of a derived series that have closed.
    fn check_windows(
        &self,
        witness: &Witness<'_>,
        (name, interval): (&Symbol, BarInterval),
        closes_at_ns: &[i64],
        (reading, clock): (Reading, Timestamp),
    ) -> Kept<()> {
        let Some(day) = self.day() else { return Ok(()) };
        let through = witness.through(clock).min(clock);
        let known = &self.scenario.stretch.days[day];
        let settle = Nanos::from_secs(self.scenario.settle_s as i64);
        let last = closes_at_ns.last().copied().map_or(Timestamp::MIN, Timestamp::from_nanos);
        keep("live never early: no window is visible before its close", last <= clock, || {
            format!("{reading:?}: {name} {interval} {last} at {clock}")
        })?;
        let may_be = last <= through || last + settle <= reading.wall;
        keep(
            "live never early: no window is visible before it is complete or settled",
            may_be,
            || format!("{reading:?}: {name} {interval} {last}, complete through {through}"),
        )?;
        let due = windows(&known.parts, interval).into_iter().filter(|&(since, until)| {
            until <= through && witness.bars.range(since..until).next().is_some()
        });
        let n_due = due.count();
        let is_there = closes_at_ns.len() >= n_due;
        keep("live never missing: the windows of what is proven are closed", is_there, || {
            format!("{reading:?}: {name} {interval} has {} of {n_due}", closes_at_ns.len())
        })
    }

    /// Outsiders see what the inside has, and nothing of those that are withheld.
    fn check_outside(
        &mut self,
        inside: &InsideView,
        members: &[Symbol],
        reading: Reading,
        clock: Timestamp,
    ) -> Kept<()> {
        let Ok(view) = self.outside.view() else { return Ok(()) };
        let instant = view.instant();
        keep("live never early: no view is of a later time", instant <= clock, || {
            format!("{reading:?}: {instant} at {clock}")
        })?;
        let is_of_now = instant == clock;
        let is_over = reading.wall >= self.scenario.days[self.first + self.n_closed].close();
        keep("live never stale: an active session is of now", is_of_now || is_over, || {
            format!("{reading:?}: {instant} at {clock}")
        })?;
        for symbol in members {
            let (Some(inside), Ok(outside)) =
                (inside.symbol(symbol.as_str()), view.symbol(symbol.as_str()))
            else {
                continue;
            };
            for interval in outside.intervals() {
                let (Ok(inside), Ok(outside)) = (inside.series(interval), outside.series(interval))
                else {
                    continue;
                };
                let (n_met, n_due) = (outside.today().len(), inside.today().len());
                keep(
                    "live publication: outsiders see what there is",
                    !is_of_now || n_met == n_due,
                    || format!("{reading:?}: {symbol} {interval} {n_met} of {n_due}"),
                )?;
            }
        }
        Ok(())
    }

    /// The gate: shut over what is overdue, open over what is not.
    fn check_gate(&mut self, members: &[Symbol], reading: Reading, clock: Timestamp) -> Kept<()> {
        let Some(day) = self.day() else { return Ok(()) };
        let is_over = reading.wall >= self.scenario.days[day].close();
        let (threshold, recovery) = self.scenario.thresholds;
        let (threshold, recovery) = (threshold as i64, recovery as i64);
        let (mut all_fresh, mut all_kept) = (true, true);
        let active = self.outside.view().ok().map(|view| {
            let withheld: Vec<Symbol> = view.withheld().iter().map(|h| h.symbol.clone()).collect();
            let shown: Vec<bool> =
                members.iter().map(|m| view.symbol(m.as_str()).is_ok()).collect();
            (withheld, shown)
        });
        for (n, symbol) in members.iter().enumerate() {
            let Some(witness) = self.witness(symbol) else { continue };
            let overdue = witness.overdue(clock);
            let is_visible = active.as_ref().is_some_and(|(_, shown)| shown[n]);
            let facts = || {
                let through = witness.through(clock);
                let (link, is_halted) = (&witness.link, witness.is_halted);
                format!(
                    "{reading:?}, clock {clock}: {symbol} is complete through {through}, overdue \
                     {overdue}, halted {is_halted}, {link:?}; {:?}",
                    self.engine.handle().status().inactive.map(|inactive| inactive.to_string())
                )
            };
            let is_late = overdue > Nanos::from_secs(threshold);
            keep("live never stale: shut over what is overdue", !(is_late && is_visible), facts)?;
            let is_reachable = witness.is_reachable();
            keep(
                "live never stale: shut over a link that is down",
                is_reachable || !is_visible,
                facts,
            )?;
            let behind = witness.day.open_time(witness.through(clock), clock);
            let is_with_clock = witness.is_halted || behind <= Nanos::from_secs(recovery);
            let is_fresh = witness.has_begun() && is_reachable && is_with_clock;
            let is_new_lag = witness.news.iter().any(|&closes_at| {
                witness.day.open_time(closes_at, clock) > Nanos::from_secs(threshold)
            });
            // What this look has brought proves something, and was not known when it began.
            let was_late =
                witness.overdue_after(witness.was_through, clock) > Nanos::from_secs(threshold);
            let is_kept =
                is_reachable && witness.has_begun() && !is_late && !was_late && !is_new_lag;
            (all_fresh, all_kept) = (all_fresh && is_fresh, all_kept && is_kept);
            if self.scenario.scope == GateScope::Symbol && !is_over && active.is_some() {
                let is_withheld = !is_visible;
                keep(
                    "live active: nobody is withheld without cause",
                    !(is_fresh && is_withheld),
                    facts,
                )?;
            }
        }
        let is_active = active.is_some();
        let facts = || {
            let inactive = self.engine.handle().status().inactive;
            format!(
                "{reading:?}, clock {clock}: {:?}",
                inactive.map(|inactive| inactive.to_string())
            )
        };
        if self.scenario.scope == GateScope::Symbol && !is_over {
            keep("live active: one symbol never shuts the gate", is_active, facts)?;
        }
        if !is_over {
            keep(
                "live active: open when everyone is with the clock",
                is_active || !all_fresh,
                facts,
            )?;
        }
        let places = members.iter().map(|symbol| self.place(symbol));
        let stays =
            self.last.was_active && self.last.members.iter().copied().eq(places) && all_kept;
        keep("live active: open while nothing is overdue", is_active || !stays, facts)?;
        for witness in self.witnesses.iter_mut().flatten() {
            witness.was_through = witness.through(clock);
        }
        self.check_tickets(members, all_fresh && !is_over, reading)
    }

    /// An add is answered when its symbol is with the clock.
    fn check_tickets(&mut self, members: &[Symbol], is_fresh: bool, reading: Reading) -> Kept<()> {
        let is_stopped = |(_, ticket, _): &&(SessionCommand, Ticket, usize)| {
            ticket.try_answer() == Some(Answer::Stopped)
        };
        let stopped = self.tickets.iter().find(is_stopped);
        keep("live tickets: none is stopped while the run goes on", stopped.is_none(), || {
            format!("{reading:?}: {:?}", stopped.map(|(command, ..)| command))
        })?;
        self.tickets.retain(|(_, ticket, _)| ticket.try_answer().is_none());
        for (command, _, n_looks) in &mut self.tickets {
            let is_there = match command {
                SessionCommand::AddSymbols { symbols, .. } => {
                    symbols.iter().all(|symbol| members.contains(symbol))
                }
                _ => true,
            };
            *n_looks += usize::from(is_fresh && is_there);
            keep(
                "live tickets: answered when all are with the clock",
                *n_looks < N_FRESH_LOOKS,
                || format!("{reading:?}: {command:?}"),
            )?;
        }
        Ok(())
    }
}
