//! What answers of the history prove, and what of them is delivered.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use openbell_time::{Nanos, Timestamp};

use super::stream::FAR;
use super::told::{Teller, Told};
use super::{Act, Found, HURRY, SOON, Seam, Stage, Token};
use crate::live::rows::{floor, over_before};
use crate::live::{EmptyInterval, Evidence, Heard, Probe, Reach, Winner};

impl Seam {
    /// All that the history has from the place asked for on, asked for at `asked_at`.
    pub(crate) fn answered(
        &mut self,
        token: Token,
        asked_at: Timestamp,
        rows: &[Heard],
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) {
        if !self.is_answer(token) {
            return;
        }
        let is_empty = rows.is_empty();
        let is_placed = |row: &&Heard| row.opens_at >= self.since && row.opens_at <= now + FAR;
        let rows: Vec<Heard> = rows.iter().filter(is_placed).copied().collect();
        let rows = rows.as_slice();
        let bars: BTreeMap<Timestamp, Told> = rows
            .iter()
            .filter(|row| !self.traits.is_made_up(row) && self.is_placed(row.opens_at, now))
            .map(|row| (row.opens_at, Told::by_history(row)))
            .collect();
        self.admit_what_is_out_of_reach(asked_at, rows, now, acts);
        let (before, was_reread) = (self.through, self.rereads.is_some());
        let verifies = self.unverified.is_asked_by(token);
        self.unverified.is_answered(asked_at);
        let is_twice = matches!(self.traits.reach, Reach::TwiceEqual { .. });
        let reached = if verifies && is_twice && self.stage == Stage::Live {
            self.compared(&bars)
        } else {
            self.reached(asked_at, rows, &bars)
        };
        self.revise_by(&bars, before.min(reached), now, acts);
        let is_compared = reached >= before;
        if is_compared {
            self.verified(asked_at);
        } else if verifies {
            self.unverified.is_behind(now);
        }
        let reached = reached.max(before);
        let whole = self.whole(reached, &bars);
        let n_bars = self.deliver(whole, &bars, now, acts);
        if whole > before {
            let is_quiet = n_bars == 0 && self.stage == Stage::Live;
            let evidence =
                if is_quiet { Evidence::NothingTraded } else { Evidence::HistoryReaches };
            self.complete(whole, evidence, now, acts);
        }
        let n_bars = n_bars + self.continue_with(&bars, asked_at, now, acts);
        self.drain(now, acts);
        if is_compared {
            self.rereads.take_if(|of| of.until <= self.through);
        }
        // The source has come so far, and has a hole before that.
        let has_hole = match self.stage {
            Stage::CatchingUp { seam } => whole < reached && reached >= seam,
            Stage::Live => whole < reached,
            Stage::Wanted | Stage::Subscribed | Stage::Gone => false,
        };
        match self.stage {
            // It may be that nobody has ever traded it, or had not by then.
            _ if is_empty && self.asks_for_count() => {
                let token = self.next_token();
                acts.push(Act::AskDayCount { token });
            }
            _ if has_hole && self.asks_for_first() => {
                let token = self.next_token();
                acts.push(Act::AskFirst { token });
            }
            Stage::CatchingUp { seam } => {
                self.answered_while_catching_up(seam, has_hole, &bars, now, acts);
            }
            Stage::Live if verifies && self.through == before => {}
            Stage::Live if was_reread => self.fetch.due = now + Nanos::from_secs(8),
            Stage::Live => self.probed(before, n_bars, now, acts),
            Stage::Wanted | Stage::Subscribed | Stage::Gone => {}
        }
    }

    /// The newest bar of the series and of the one that trades always, where the vendor knows them.
    pub(crate) fn newest(
        &mut self,
        token: Token,
        own: Option<Timestamp>,
        reference: Option<Timestamp>,
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) {
        if !self.is_answer(token) {
            return;
        }
        let is_near = |opens_at: &Timestamp| *opens_at <= now + FAR;
        let (own, reference) = (own.filter(is_near), reference.filter(is_near));
        let before = self.through;
        let settled = self.fetch.settled.take().unwrap_or(Timestamp::MAX);
        let reached = reference.map_or(Timestamp::MIN, |opens_at| opens_at + self.length);
        if own.is_some_and(|opens_at| opens_at >= before) {
            self.ask_bars(acts);
            return;
        }
        self.complete(reached.min(settled), Evidence::NothingTraded, now, acts);
        self.drain(now, acts);
        match self.stage {
            Stage::CatchingUp { seam } => {
                self.answered_while_catching_up(seam, false, &BTreeMap::new(), now, acts);
            }
            Stage::Live => self.probed(before, 0, now, acts),
            Stage::Wanted | Stage::Subscribed | Stage::Gone => {}
        }
    }

    /// Nothing was answered. `wait_until` is when the vendor wants to be asked again, where it says.
    pub(crate) fn failed(
        &mut self,
        token: Token,
        wait_until: Option<Timestamp>,
        said: &Arc<str>,
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) {
        if !self.is_answer(token) {
            return;
        }
        if self.stage == Stage::Live && self.unverified.is_asked_by(token) {
            let until = wait_until.unwrap_or(now + self.settings.retry_each);
            return self.unverified.put_off(until);
        }
        match (self.stage, wait_until) {
            (stage, Some(until)) => {
                self.fetch.due = until;
                if stage == Stage::Live {
                    // Nothing could be said of what is missing: no later bar says it instead.
                    self.n_unsure = self.n_unsure.saturating_add(1);
                }
            }
            (Stage::CatchingUp { seam }, None) => {
                self.count_failure(seam, &BTreeMap::new(), said, now, acts);
            }
            (_, None) if self.rereads.is_some() => self.fetch.due = now + self.settings.retry_each,
            (_, None) => self.unsure(now, acts),
        }
    }

    pub(super) fn answered_while_catching_up(
        &mut self,
        seam: Timestamp,
        has_hole: bool,
        bars: &BTreeMap<Timestamp, Told>,
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) {
        if self.through >= seam {
            self.end_of_catching_up(seam, now, acts);
        } else if has_hole {
            let said = Arc::from("the history has a hole there");
            self.count_failure(seam, bars, &said, now, acts);
        } else {
            acts.push(Act::Found(Found::Behind));
            let wait = match (self.traits.reach, &self.fetch.first) {
                _ if self.fetch.settled.is_some() => Nanos::ZERO,
                (Reach::TwiceEqual { apart, .. }, Some((asked_at, _))) => *asked_at + apart - now,
                _ => Nanos::from_secs(1 << self.fetch.n_behind.min(3)),
            };
            self.fetch.n_behind += 1;
            self.fetch.due = now + wait;
        }
    }

    pub(super) fn count_failure(
        &mut self,
        seam: Timestamp,
        bars: &BTreeMap<Timestamp, Told>,
        said: &Arc<str>,
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) {
        self.fetch.n_failed += 1;
        self.fetch.due = now + self.settings.retry_each;
        if self.fetch.n_failed <= self.settings.n_retries {
            return;
        }
        // Each round takes away one hole before the seam.
        while self.through < seam {
            let next = bars.range(self.through..).next().map(|(&opens_at, _)| opens_at);
            let held = self.held.keys().next().copied();
            let until = [next, held, Some(seam)].into_iter().flatten().min().unwrap_or(seam);
            self.give_up(self.through..until, Arc::clone(said), now, acts);
            // The last row of an answer may still run.
            let last = bars.keys().next_back().copied().unwrap_or(Timestamp::MIN);
            let whole = self.whole(last.min(seam), bars);
            self.deliver(whole, bars, now, acts);
            self.complete(whole, Evidence::HistoryReaches, now, acts);
            self.drain(now, acts);
        }
        self.end_of_catching_up(seam, now, acts);
    }

    fn give_up(
        &mut self,
        missing: Range<Timestamp>,
        why: Arc<str>,
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) {
        if missing.start < missing.end {
            let (since, through) = (missing.start, missing.end);
            acts.push(Act::Found(Found::GapLeft { missing, why }));
            self.complete(through, Evidence::GivenUp { since }, now, acts);
        }
    }

    /// A history that has the newest rows only cannot have what lies before them.
    fn admit_what_is_out_of_reach(
        &mut self,
        asked_at: Timestamp,
        rows: &[Heard],
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) {
        let until = self.traits.out_of_reach(self.length, self.through, asked_at, rows);
        if let (Some(until), Some(n_rows)) = (until, self.traits.n_history_rows) {
            let why = format!("{} has no more than {n_rows} bars of it", self.traits.name);
            self.give_up(self.through..until, why.into(), now, acts);
        }
    }

    /// Up to which open the answer is the last word.
    fn reached(
        &mut self,
        asked_at: Timestamp,
        rows: &[Heard],
        bars: &BTreeMap<Timestamp, Told>,
    ) -> Timestamp {
        match self.traits.reach {
            Reach::RunningRow => over_before(rows, self.length),
            Reach::TwiceEqual { after, apart } => {
                let is_later = |first_at: Timestamp| asked_at - first_at >= apart;
                match self.fetch.first.take() {
                    Some((first_at, first)) if is_later(first_at) => {
                        let settled = floor(first_at - after, self.length);
                        let span = self.through..settled.max(self.through);
                        let is_equal = within(&first, &span).eq(within(bars, &span));
                        if is_equal {
                            self.shown(settled, bars)
                        } else {
                            self.fetch.first = Some((asked_at, bars.clone()));
                            self.through
                        }
                    }
                    Some(first) => {
                        self.fetch.first = Some(first);
                        self.through
                    }
                    None => {
                        self.fetch.first = Some((asked_at, bars.clone()));
                        self.through
                    }
                }
            }
        }
    }

    /// Equal answers may both be old: what they show themselves counts, and for the rest another
    /// series has to show that the source has come so far.
    fn shown(&mut self, settled: Timestamp, bars: &BTreeMap<Timestamp, Told>) -> Timestamp {
        let Probe::Newest { .. } = self.traits.probe else { return settled };
        let newest = bars.keys().next_back();
        let shown = newest.map_or(Timestamp::MIN, |&opens_at| opens_at + self.length);
        if shown < settled {
            self.fetch.settled = Some(settled);
        }
        shown.min(settled)
    }

    /// Up to where nothing is missing in `bars` and in what is held, no further than `reached`. Before
    /// the first trade of all there is no bar.
    pub(super) fn whole(&self, reached: Timestamp, bars: &BTreeMap<Timestamp, Told>) -> Timestamp {
        match self.traits.empty {
            EmptyInterval::NoBar => reached,
            EmptyInterval::Bar => {
                let first = [bars.range(self.through..).next(), self.held.first_key_value()];
                let first = first.into_iter().flatten().map(|(&opens_at, _)| opens_at).min();
                let mut whole = match first {
                    Some(first) if self.untraded.is_known() => first.min(reached),
                    _ => self.through,
                };
                while whole < reached
                    && (bars.contains_key(&whole) || self.held.contains_key(&whole))
                {
                    whole += self.length;
                }
                whole
            }
        }
    }

    /// Delivers what `bars` and what is held have up to `until`; yields how many bars with a trade
    /// `bars` brought of which the stream has said nothing.
    pub(super) fn deliver(
        &mut self,
        until: Timestamp,
        bars: &BTreeMap<Timestamp, Told>,
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) -> usize {
        let beyond = self.held.split_off(&until);
        let held = std::mem::replace(&mut self.held, beyond);
        let mut merged: BTreeMap<Timestamp, Told> = bars
            .range(self.through..until.max(self.through))
            .map(|(&at, &bar)| (at, bar))
            .collect();
        let is_owed = |(opens_at, told): &(&Timestamp, &Told)| {
            !held.contains_key(opens_at) && self.is_owed(**opens_at, told)
        };
        let n_bars = merged.iter().filter(is_owed).count();
        for (opens_at, stream) in held {
            let history = *merged.get(&opens_at).unwrap_or(&stream);
            if !history.same(&stream) {
                let (stream, history) = (stream.ohlcv, history.ohlcv);
                acts.push(Act::Found(Found::SeamDiffers { opens_at, stream, history }));
            }
            let winner = match self.traits.winner {
                Winner::History if !history.is_older_than(&stream) => history,
                Winner::Stream | Winner::History => stream,
            };
            merged.insert(opens_at, winner);
        }
        for (opens_at, told) in merged {
            self.put(opens_at, told, now, acts);
        }
        n_bars
    }

    /// Whether the stream would have said something of a bar: it has a trade, and is not the one that
    /// the stream has brought and not proven to be closed.
    fn is_owed(&self, opens_at: Timestamp, told: &Told) -> bool {
        let is_running = self.running.is_some_and(|running| running.opens_at == opens_at);
        told.n_trades != Some(0) && !is_running
    }

    /// A row of the history that continues the series is a closed bar, whether or not the answer is
    /// the last word: where only closed ones are in it.
    fn continue_with(
        &mut self,
        bars: &BTreeMap<Timestamp, Told>,
        asked_at: Timestamp,
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) -> usize {
        let Reach::TwiceEqual { after, .. } = self.traits.reach else { return 0 };
        // Nobody waits so long for the last bars of a session.
        let ends_at = self.ends_at;
        let is_old = |closes_at| {
            let after = if ends_at >= Some(closes_at) { SOON } else { after };
            closes_at + after <= asked_at
        };
        let mut n_bars = 0;
        while let Some(&told) = bars.get(&self.through)
            && is_old(self.through + self.length)
        {
            let opens_at = self.through;
            self.held.remove(&opens_at);
            n_bars += 1;
            self.put(opens_at, told, now, acts);
            self.complete(opens_at + self.length, Evidence::ClosedBar, now, acts);
        }
        n_bars
    }

    /// A probe has come back.
    pub(super) fn probed(
        &mut self,
        before: Timestamp,
        n_bars: usize,
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) {
        if self.through == before {
            self.unsure(now, acts);
            return;
        }
        (self.prove_by, self.n_unproven, self.n_unsure) = (None, 0, 0);
        if n_bars == 0 {
            return;
        }
        self.n_silent += 1;
        acts.push(Act::Found(Found::Silent { n_times: self.n_silent }));
        match self.n_silent {
            2 => acts.push(Act::Resubscribe),
            3 => acts.push(Act::Reconnect),
            n if n.is_multiple_of(10) => acts.push(Act::Resubscribe),
            _ => {}
        }
    }

    fn unsure(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
        // What is asked in a hurry makes nobody wait longer for what is asked later.
        let is_hurried = self.ends_at.is_some_and(|ends_at| now <= ends_at + HURRY);
        self.n_unsure = match self.n_unsure {
            0 => 1,
            n if is_hurried => n,
            n => n.saturating_add(1),
        };
        self.fetch.due = now + Nanos::from_secs(1);
        acts.push(Act::Found(Found::Behind));
    }

    /// Bars that were delivered, as the history has them by now.
    fn revise_by(
        &mut self,
        bars: &BTreeMap<Timestamp, Told>,
        until: Timestamp,
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) {
        for (&opens_at, &told) in bars.range(..until) {
            let known = self.delivered.get(&opens_at);
            let is_known = known.is_some_and(|known| known.same(&told));
            let is_newer = known.is_some_and(|known| known.is_older_than(&told));
            let is_final = self.traits.winner == Winner::Stream
                && known.is_none_or(|known| known.by == Teller::Stream);
            if !is_known && !is_final && (is_newer || !self.revised.contains(&opens_at)) {
                self.repeated(opens_at, told, now, acts);
            }
        }
    }
}

/// The bars that open in a time, bit for bit.
fn within(
    bars: &BTreeMap<Timestamp, Told>,
    span: &Range<Timestamp>,
) -> impl Iterator<Item = (Timestamp, [u64; 5])> {
    bars.range(span.clone()).map(|(&opens_at, told)| (opens_at, told.bits()))
}
