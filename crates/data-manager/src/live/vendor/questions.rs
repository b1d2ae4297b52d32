//! What is asked of the history, for whom, and who is told the answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use openbell_market::{BarInterval, SeriesKey};
use openbell_time::Timestamp;

use super::Vendor;
use crate::live::asks::Question;
use crate::live::seam::Token;
use crate::live::{Answer, AskFault, Note, Order, Probe, Protocol, Query};

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
                self.asks.push(Question::new(Query::Newest { keys }, of.to_vec()), false);
            }
        }
    }

    /// Has the bars that have waited longest verified, where the vendor has nothing else to answer.
    fn verify(&mut self, now: Timestamp) {
        if !self.asks.are_idle() || self.asks.free_at() > now {
            return;
        }
        let due = self.series.iter().filter(|(_, member)| member.seam.verifies_at() <= now);
        let next = due.min_by_key(|(_, member)| member.seam.verified_at());
        if let Some(key) = next.map(|(key, _)| key.clone()) {
            self.with(&key, now, |seam, acts| seam.verify(acts));
        }
    }

    /// When that is due; what else is asked comes back before.
    pub(super) fn verifies_at(&self) -> Timestamp {
        if !self.asks.are_idle() {
            return Timestamp::MAX;
        }
        let due = self.series.values().map(|member| member.seam.verifies_at()).min();
        due.map_or(Timestamp::MAX, |due| due.max(self.asks.free_at()))
    }

    /// Asks what is next, but for what nobody waits for any more.
    pub(super) fn ask(&mut self, now: Timestamp) {
        while let Some(question) = self.asks.next(now) {
            let is_awaited = question.of.iter().any(|(key, token)| {
                self.series.get(key).is_some_and(|member| member.seam.awaits(*token))
            });
            if is_awaited {
                let request = self.protocol.request(&question.query);
                let ask = self.asks.asked(question, request.weight, now);
                self.orders.push(Order::Ask { ask, request });
            }
        }
    }

    fn due_series(&self, now: Timestamp) -> Vec<SeriesKey> {
        let due = self.series.iter().filter(|(_, member)| member.seam.next_due() <= now);
        due.map(|(key, _)| key.clone()).collect()
    }

    pub(super) fn understood(&mut self, mut question: Question, answer: Answer, now: Timestamp) {
        match answer {
            Answer::Bars { rows, next } => {
                if let Some(next) = question.turn(rows, next) {
                    question.query = next;
                    return self.asks.push_page(question);
                }
                let asked_at = question.asked_at.unwrap_or(now);
                for (key, token) in &question.of {
                    self.with(key, now, |seam, acts| {
                        seam.answered(*token, asked_at, &question.rows, now, acts);
                    });
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

    pub(super) fn not_answered(&mut self, question: &Question, fault: AskFault, now: Timestamp) {
        let (wait_until, said) = match fault {
            AskFault::Failed(said) => (None, said),
            AskFault::Wait { until, said } => {
                let until = self.asks.pause(until, now, &mut self.jitter);
                self.notes.push(Note::Paused { until, said: Arc::clone(&said) });
                (Some(until), said)
            }
            AskFault::Refused(said) => {
                if let Query::Bars { key, .. } = &question.query {
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
