//! What is asked of the history, for whom, and who is told the answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use openbell_market::{BarInterval, SeriesKey};
use openbell_time::{Nanos, Timestamp};

use super::Vendor;
use crate::live::asks::Question;
use crate::live::seam::Token;
use crate::live::{Answer, AskFault, Note, Order, Probe, Protocol, Query};

/// What is asked of a vendor.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Asked {
    History(Query),
    /// What its clock shows.
    Clock,
}

/// A vendor's clock is asked for at each connection, and then each ten minutes; each minute where it is
/// not known, or too far from ours.
const CLOCK_EACH: Nanos = Nanos::from_secs(600);
pub(super) const CLOCK_AGAIN: Nanos = Nanos::from_secs(60);

impl<P: Protocol> Vendor<P> {
    pub(super) fn tick_series(&mut self, now: Timestamp) {
        for key in self.due_series(now) {
            self.with(&key, now, |seam, acts| seam.tick(now, acts));
        }
        self.verify(now);
        let Probe::Newest { reference } = &self.traits.probe else { return };
        let mut probes: BTreeMap<BarInterval, Vec<(SeriesKey, Token)>> = BTreeMap::new();
        for (key, token) in self.probes.drain(..) {
            probes.entry(key.interval).or_default().push((key, token));
        }
        for (interval, of) in probes {
            for of in of.chunks(self.traits.batch) {
                let asked_along = SeriesKey { symbol: reference.clone(), interval };
                let mut keys: Vec<SeriesKey> = of.iter().map(|(key, _)| key.clone()).collect();
                if !keys.contains(&asked_along) {
                    keys.push(asked_along);
                }
                let query = Asked::History(Query::Newest { keys });
                self.asks.push(Question::new(query, of.to_vec()), false);
            }
        }
    }

    /// Asks for the vendor's clock, where that can be asked for: quiet series tell nothing of it.
    pub(super) fn ask_for_clock(&mut self, now: Timestamp) {
        if self.clock_due > now {
            return;
        }
        self.clock_due = now + if self.is_in_doubt() { CLOCK_AGAIN } else { CLOCK_EACH };
        if self.protocol.clock_request().is_some() {
            self.asks.push(Question::new(Asked::Clock, Vec::new()), true);
        } else {
            self.clock_due = Timestamp::MAX;
        }
    }

    /// Whether the clocks differ by more than is allowed, or may do so.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.is_skewed || self.skew.at_most() > Some(self.settings.max_skew)
    }

    /// Has the bars that have waited longest verified, where the vendor has nothing else to answer.
    fn verify(&mut self, now: Timestamp) {
        if self.verification_free_at() > now {
            return;
        }
        let due = self.series.iter().filter(|(_, member)| member.seam.verifies_at() <= now);
        let next = due.min_by_key(|(_, member)| member.seam.verified_at());
        if let Some(key) = next.map(|(key, _)| key.clone()) {
            self.verifies_from = now + self.traits.verifies_each;
            self.with(&key, now, |seam, acts| seam.verify(acts));
        }
    }

    fn verification_free_at(&self) -> Timestamp {
        // What is asked comes back, and is followed by this.
        let free_at = if self.asks.are_idle() { self.asks.free_at() } else { Timestamp::MAX };
        free_at.max(self.verifies_from)
    }

    /// When that is due.
    pub(super) fn verifies_at(&self) -> Timestamp {
        let due = self.series.values().map(|member| member.seam.verifies_at()).min();
        due.map_or(Timestamp::MAX, |due| due.max(self.verification_free_at()))
    }

    /// Asks what is next, but for what nobody waits for any more.
    pub(super) fn ask(&mut self, now: Timestamp) {
        while let Some(question) = self.asks.next(now) {
            let is_awaited = question.of.iter().any(|(key, token)| {
                self.series.get(key).is_some_and(|member| member.seam.awaits(*token))
            });
            let request = match &question.what {
                Asked::Clock => self.protocol.clock_request(),
                Asked::History(query) => is_awaited.then(|| self.protocol.request(query)),
            };
            if let Some(request) = request {
                let ask = self.asks.asked(question, request.weight, now);
                self.orders.push(Order::Ask { ask, request });
            }
        }
    }

    fn due_series(&self, now: Timestamp) -> Vec<SeriesKey> {
        let due = self.series.iter().filter(|(_, member)| member.seam.next_due() <= now);
        due.map(|(key, _)| key.clone()).collect()
    }

    pub(super) fn understood(
        &mut self,
        mut question: Question<Asked>,
        answer: Answer,
        now: Timestamp,
    ) {
        match answer {
            Answer::Bars { rows, next } => {
                if let Some(next) = question.turn(rows, next) {
                    question.what = Asked::History(next);
                    return self.asks.push_page(question);
                }
                let asked_at = question.asked_at.unwrap_or(now);
                for (key, token) in &question.of {
                    self.with(key, now, |seam, acts| {
                        seam.answered(*token, asked_at, &question.rows, now, acts);
                    });
                }
            }
            Answer::DayCount(count) => {
                let asked_at = question.asked_at.unwrap_or(now);
                // Our clock may be ahead of the vendor's by so much.
                let ahead = self.skew.at_most().max(Some(self.settings.max_skew));
                let known_at = asked_at - ahead.unwrap_or(Nanos::ZERO);
                for (key, token) in &question.of {
                    self.with(key, now, |seam, acts| {
                        seam.counted(*token, known_at, count, now, acts);
                    });
                }
            }
            Answer::First(first) => {
                for (key, token) in &question.of {
                    self.with(key, now, |seam, acts| seam.first(*token, first, now, acts));
                }
            }
            Answer::Newest(opens) => {
                let of = |key: &SeriesKey| {
                    opens.iter().find(|(found, _)| found == key).map(|&(_, opens_at)| opens_at)
                };
                let Probe::Newest { reference } = &self.traits.probe else { return };
                let reference = reference.clone();
                for (key, token) in &question.of {
                    let always = SeriesKey { symbol: reference.clone(), interval: key.interval };
                    let (own, always) = (of(key), of(&always));
                    self.with(key, now, |seam, acts| seam.newest(*token, own, always, now, acts));
                }
            }
        }
    }

    pub(super) fn not_answered(
        &mut self,
        question: &Question<Asked>,
        fault: AskFault,
        now: Timestamp,
    ) {
        if question.what == Asked::Clock {
            self.clock_due = now + CLOCK_AGAIN;
        }
        let (wait_until, said) = match fault {
            AskFault::Failed(said) => (None, said),
            AskFault::Wait { until, said } => {
                let until = self.asks.pause(until, now, &mut self.jitter);
                self.notes.push(Note::Paused { until, said: Arc::clone(&said) });
                (Some(until), said)
            }
            AskFault::Refused(said) => {
                if let Asked::History(Query::Bars { key, .. }) = &question.what {
                    return self.with(key, now, |seam, acts| seam.refused(said, acts));
                }
                (None, said)
            }
        };
        self.notes.push(Note::NotAnswered { said: Arc::clone(&said) });
        for (key, token) in &question.of {
            self.with(key, now, |seam, acts| seam.failed(*token, wait_until, &said, now, acts));
        }
    }
}
