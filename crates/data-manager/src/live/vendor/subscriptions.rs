//! Subscriptions: sent in batches, confirmed, refused, sent again.

use std::sync::Arc;

use openbell_market::SeriesKey;
use openbell_time::{Nanos, Timestamp};

use super::{Member, Subscription, Vendor};
use crate::live::{CloseCause, LineId, Protocol};

/// A subscription that is not confirmed by then is sent once again, and then the line is made anew.
pub(super) const CONFIRM: Nanos = Nanos::from_secs(5);

impl<P: Protocol> Vendor<P> {
    pub(super) fn check_confirmations(&mut self, now: Timestamp) {
        let mut overdue = Vec::new();
        for member in self.series.values_mut() {
            if let Subscription::Sent { at, n_times } = member.subscription
                && at + CONFIRM <= now
            {
                match n_times {
                    1 => member.subscription = Subscription::Due,
                    _ => overdue.extend(self.slots[member.slot].line.id()),
                }
                member.is_alone |= n_times == 1;
            }
        }
        for line in overdue {
            let why = CloseCause::Silent("a subscription is not confirmed".into());
            self.close_line(line, &why, now);
        }
    }

    pub(super) fn send_subscriptions(&mut self, slot: usize, now: Timestamp) {
        let Some(line) = self.slots[slot].line.up() else { return };
        while self.slots[slot].messages.free_at(1) <= now {
            let keys = self.next_batch(slot);
            let left = &mut self.slots[slot].left;
            if !left.is_empty() {
                let n_left = left.len().min(self.traits.batch);
                let keys: Vec<SeriesKey> = left.drain(..n_left).collect();
                self.protocol.unsubscribe(line, &keys, &mut self.doings);
            } else if !keys.is_empty() {
                for key in &keys {
                    let Some(member) = self.series.get_mut(key) else { continue };
                    let n_times = if member.is_alone { 2 } else { 1 };
                    member.subscription = Subscription::Sent { at: now, n_times };
                    if self.slots[slot].leaving.is_none() || member.seam.is_wanted() {
                        member.seam.subscribed();
                    }
                }
                self.protocol.subscribe(line, &keys, &mut self.doings);
            } else {
                return;
            }
            self.follow(now);
        }
    }

    /// What is subscribed by one message: who was refused in company goes alone.
    fn next_batch(&self, slot: usize) -> Vec<SeriesKey> {
        let is_due = |member: &Member| {
            member.slot == slot
                && member.subscription == Subscription::Due
                && !member.seam.is_gone()
        };
        let mut due = self.series.iter().filter(|(_, member)| is_due(member));
        let company = due.clone().filter(|(_, member)| !member.is_alone);
        let batch: Vec<SeriesKey> =
            company.take(self.traits.batch).map(|(key, _)| key.clone()).collect();
        if batch.is_empty() {
            due.next().map(|(key, _)| key.clone()).into_iter().collect()
        } else {
            batch
        }
    }

    pub(super) fn confirmed(&mut self, line: LineId, key: &SeriesKey, now: Timestamp) {
        let Some(member) = self.series.get_mut(key) else { return };
        let is_ours = self.slots[member.slot].line.id() == Some(line);
        if is_ours && let Subscription::Sent { .. } = member.subscription {
            member.subscription = Subscription::Confirmed { at: now };
            member.is_alone = false;
            self.with(key, now, |seam, acts| seam.confirmed(now, acts));
        }
    }

    pub(super) fn not_subscribed(
        &mut self,
        line: LineId,
        key: &SeriesKey,
        said: Arc<str>,
        now: Timestamp,
    ) {
        let Some(member) = self.series.get_mut(key) else { return };
        if self.slots[member.slot].line.id() != Some(line) {
            return;
        }
        if member.is_alone {
            member.subscription = Subscription::Refused;
            self.with(key, now, |seam, acts| seam.refused(said, acts));
        } else {
            member.is_alone = true;
            member.subscription = Subscription::Due;
        }
    }

    pub(super) fn resubscribe(&mut self, key: &SeriesKey) {
        if let Some(member) = self.series.get_mut(key) {
            member.subscription = Subscription::Due;
            self.slots[member.slot].left.push(key.clone());
        }
    }
}
