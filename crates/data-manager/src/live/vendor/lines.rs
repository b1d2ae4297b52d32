//! Lines: made, left for others, lost, and what is said of that.

use std::sync::Arc;

use openbell_time::{Nanos, Timestamp};

use super::questions::CLOCK_AGAIN;
use super::{Slot, Subscription, Vendor};
use crate::feed::{DownCause, Link};
use crate::live::line::LineDue;
use crate::live::pace::Bucket;
use crate::live::rows::floor;
use crate::live::{CloseCause, Delivery, LineId, Note, Order, Outgoing, Protocol};

/// A line that is to be left gives way at the latest then.
const HANDOVER: Nanos = Nanos::from_secs(300);

impl<P: Protocol> Vendor<P> {
    pub(super) fn tick_line(&mut self, slot: usize, now: Timestamp) {
        let is_wanted = self.series.values().any(|member| member.slot == slot);
        if !is_wanted {
            let lines: Vec<LineId> = self.slots[slot].lines().collect();
            for line in lines {
                self.close_line(line, &CloseCause::Unneeded, now);
            }
            self.slots[slot].left.clear();
            return;
        }
        match self.slots[slot].line.due(now, &self.traits) {
            LineDue::Nothing => {}
            LineDue::Open if self.is_full => {}
            LineDue::Open => {
                let line = LineId(self.n_lines);
                self.n_lines += 1;
                self.slots[slot].line.connect(line, now);
                self.slots[slot].messages = Bucket::new(self.traits.messages);
                let url = self.protocol.stream_url();
                self.orders.push(Order::Open { line, url });
            }
            LineDue::Ping(line) => {
                self.protocol.ping(line, now, &mut self.doings);
                self.follow(now);
            }
            LineDue::Rotate => self.rotate(slot, now),
            LineDue::Over(why) => {
                if let Some(line) = self.slots[slot].line.id() {
                    self.close_line(line, &why, now);
                }
            }
        }
    }

    pub(super) fn send(&mut self, slot: usize, line: LineId, message: Outgoing, now: Timestamp) {
        self.slots[slot].messages.take(now, 1);
        self.orders.push(Order::Send { line, message });
    }

    /// Makes another line: before this one is left where the vendor allows two, else after.
    pub(super) fn rotate(&mut self, slot: usize, now: Timestamp) {
        let Some(line) = self.slots[slot].line.up() else { return };
        if self.traits.n_lines == 1 {
            return self.close_line(line, &CloseCause::Leaving, now);
        }
        if let Some((before, _)) = self.slots[slot].leaving {
            self.end_leaving(slot, before);
        }
        self.slots[slot].leaving = Some((line, now + HANDOVER));
        self.slots[slot].line.renew(now);
        for member in self.members_of(slot) {
            if member.subscription != Subscription::Refused {
                member.subscription = Subscription::Due;
            }
        }
    }

    /// Leaves the line before, once all is confirmed over the new one and that has all from there on.
    pub(super) fn hand_over(&mut self, slot: usize, now: Timestamp) {
        let Some((line, by)) = self.slots[slot].leaving else { return };
        let margin = self.settings.max_skew;
        let is_done = self.members_of(slot).all(|member| match member.subscription {
            Subscription::Confirmed { at } => {
                member.seam.through() >= floor(at + margin, member.length)
            }
            Subscription::Refused => true,
            Subscription::Due | Subscription::Sent { .. } => false,
        });
        if is_done || by <= now {
            self.line_over(line, &CloseCause::Leaving, now);
            self.orders.push(Order::Close { line });
        }
    }

    fn end_leaving(&mut self, slot: usize, line: LineId) {
        self.slots[slot].leaving = None;
        self.protocol.closed(line);
    }

    pub(super) fn close_line(&mut self, line: LineId, why: &CloseCause, now: Timestamp) {
        self.line_over(line, why, now);
        self.orders.push(Order::Close { line });
    }

    pub(super) fn line_over(&mut self, line: LineId, why: &CloseCause, now: Timestamp) {
        let Some(slot) = self.slot_of(line) else { return };
        if self.slots[slot].line.id() != Some(line) {
            // The one that is left: whoever has no confirmed place on the new one has lost its stream.
            self.end_leaving(slot, line);
            return self.go_on_over_the_new_line(slot, now);
        }
        self.protocol.closed(line);
        let link = self.slots[slot].line.over(why, now, &mut self.jitter);
        let n_failed = self.slots[slot].line.n_failed();
        self.notes.push(Note::LineOver { line, why: why.clone(), link: link.clone(), n_failed });
        let still_served = self.slots[slot].leaving.is_some();
        let keys = self.keys_of(slot);
        for key in keys {
            let Some(member) = self.series.get_mut(&key) else { continue };
            if member.subscription != Subscription::Refused {
                member.subscription = Subscription::Due;
            }
            if !still_served {
                let mut acts = Vec::new();
                member.seam.lost(link.clone(), now, &mut acts);
                self.act(&key, acts, now);
            }
        }
        self.slots[slot].left.clear();
    }

    /// The line before is gone while another one stands: what is confirmed there may have begun after
    /// the last bar that came over the one before, so it catches up.
    fn go_on_over_the_new_line(&mut self, slot: usize, now: Timestamp) {
        for key in self.keys_of(slot) {
            let Some(member) = self.series.get_mut(&key) else { continue };
            let mut acts = Vec::new();
            match member.subscription {
                Subscription::Confirmed { at } => {
                    let begun_at = floor(at + self.settings.max_skew, member.length);
                    if member.seam.through() < begun_at {
                        member.seam.subscribed();
                        member.seam.confirmed(at, &mut acts);
                    }
                }
                Subscription::Sent { .. } => member.seam.subscribed(),
                Subscription::Due => {
                    let why = DownCause::Broken("its line was left".into());
                    let link = Link::Down { since: now, why, next_try: None };
                    member.seam.lost(link, now, &mut acts);
                }
                Subscription::Refused => {}
            }
            self.act(&key, acts, now);
        }
    }

    /// The core is too slow: every line is closed, and what is missed is fetched later.
    pub(super) fn stop_taking_in(&mut self, now: Timestamp) {
        self.is_full = true;
        self.notes.push(Note::Full);
        let lines: Vec<LineId> = self.slots.iter().flat_map(Slot::lines).collect();
        let why = CloseCause::Refused("this program does not keep up with what comes".into());
        for line in lines {
            self.close_line(line, &why, now);
        }
    }

    pub(super) fn ready(&mut self, line: LineId, now: Timestamp) {
        if let Some(slot) = self.slot_of(line)
            && self.slots[slot].line.id() == Some(line)
        {
            self.slots[slot].line.ready(now, &self.traits, &mut self.jitter);
            self.notes.push(Note::LineUp { line });
            self.clock_due = now;
        }
    }

    /// The vendor's clock, by a message, or by an answer to what was asked at `asked_at`.
    pub(super) fn clock_told(
        &mut self,
        at: Timestamp,
        asked_at: Option<Timestamp>,
        now: Timestamp,
    ) {
        self.skew.heard(at, asked_at, now);
        let by = self.skew.by().unwrap_or(Nanos::ZERO);
        let is_over = self.skew.is_over(self.settings.max_skew);
        if self.is_in_doubt() {
            self.clock_due = self.clock_due.min(now + CLOCK_AGAIN);
        }
        if is_over != self.is_skewed {
            self.is_skewed = is_over;
            self.clock_due = self.clock_due.min(now + CLOCK_AGAIN);
            self.notes.push(Note::Skewed { by, is_over });
            for (key, member) in &self.series {
                if let Some(link) = member.seam.link(now) {
                    let link = if is_over { Link::Skewed { by } } else { link };
                    self.inlet.push(key, [Delivery::Link(link)]);
                }
            }
        }
    }

    pub(super) fn clock_heard(
        &mut self,
        line: LineId,
        at: Timestamp,
        asked_at: Option<Timestamp>,
        now: Timestamp,
    ) {
        self.clock_told(at, asked_at, now);
        if let Some(slot) = self.slot_of(line) {
            for key in self.keys_of(slot) {
                self.with(&key, now, |seam, acts| seam.clock_heard(at, now, acts));
            }
        }
    }

    pub(super) fn noise(&mut self, line: LineId, found: Arc<str>, now: Timestamp) {
        self.notes.push(Note::Undecodable { line, found });
        let Some(slot) = self.slot_of(line) else { return };
        for member in self.members_of(slot) {
            member.seam.missed(now);
        }
        if self.slots[slot].line.is_noise(now) {
            self.close_line(line, &CloseCause::Broken("it sends what cannot be read".into()), now);
        }
    }
}
