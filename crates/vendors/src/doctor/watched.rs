//! A vendor's protocol at work, and what is seen of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openbell_data_manager::live::{
    Answer, AskFault, CloseCause, Closing, ClosingProof, Doing, Doings, EmptyInterval, Frame,
    Heard, LineId, Note, Protocol, Query, Request, Response, VendorTraits,
};
use openbell_market::SeriesKey;
use openbell_time::{Nanos, Timestamp};

use super::{Checked, Verdict};

/// How long a confirmation may take.
const ACKNOWLEDGED: Nanos = Nanos::from_secs(5);
/// How far the vendor's clock may differ before it is said.
const SKEW: Nanos = Nanos::from_secs(1);

/// What is seen of a protocol at work; copies look at the same.
#[derive(Clone, Default, Debug)]
pub struct Watch(Arc<Mutex<Seen>>);

/// A protocol that is watched.
#[derive(Debug)]
pub struct Watched<P> {
    inner: P,
    watch: Watch,
}

#[derive(Default, Debug)]
struct Seen {
    n_opened: u32,
    opened_at: Option<Timestamp>,
    subscribed_at: BTreeMap<SeriesKey, Timestamp>,
    acknowledged_after: BTreeMap<SeriesKey, Nanos>,
    refused: Vec<String>,
    n_closed_rows: u64,
    n_running_rows: u64,
    n_unsaid_rows: u64,
    /// The opens of closed rows, and of those that do not say it.
    opens: BTreeMap<SeriesKey, BTreeSet<Timestamp>>,
    closed_opens: BTreeMap<SeriesKey, BTreeSet<Timestamp>>,
    /// Rows that open later than they were heard, by more than clocks differ.
    n_ahead: u64,
    heard_at: Option<Timestamp>,
    longest_silence: Nanos,
    n_frames: u64,
    /// Our clock minus the vendor's, and the shortest way.
    skew: Option<Nanos>,
    unreadable: Vec<String>,
    /// Lines that were lost, and why, as far as it was said.
    n_lost: u32,
    ended: Vec<String>,
    last_at: Option<Timestamp>,
}

impl Watch {
    /// Watches `protocol`.
    pub fn over<P: Protocol>(&self, protocol: P) -> Watched<P> {
        Watched { inner: protocol, watch: self.clone() }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // What was seen is whole at every instant, whoever panicked beside it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what whoever runs the protocol has noted: why a line is over.
    pub fn noted(&self, note: &Note) {
        if let Note::LineOver { why, .. } = note {
            self.seen().ended.push(words(why));
        }
    }

    /// What has been seen by `now`, against what is taken for granted.
    pub fn judged(&self, traits: &VendorTraits, key: &SeriesKey, now: Timestamp) -> Vec<Checked> {
        let seen = self.seen();
        if seen.n_opened == 0 {
            let found = "no connection was made";
            return vec![Checked::new("the stream is connected", Verdict::NotHeld, found)];
        }
        let length = key.interval.clock().map_or(Nanos::ZERO, |clock| clock.length());
        let watched = seen.opened_at.map_or(Nanos::ZERO, |opened_at| now - opened_at);
        let is_long = watched > length + length;
        let mut checked = vec![
            Checked::new(
                "the stream is connected",
                Verdict::Held,
                format!("{} connections, {} messages", seen.n_opened, seen.n_frames),
            ),
            seen.acknowledged(key),
            seen.closing(traits, is_long),
            Checked::new(
                "a bar is stamped with its open",
                if seen.opens.is_empty() {
                    Verdict::NotSeen
                } else {
                    Verdict::of(seen.n_ahead == 0)
                },
                format!("{} of the rows lie ahead of our clock", seen.n_ahead),
            ),
            seen.clock(),
            Checked::new(
                "every message can be read",
                Verdict::of(seen.unreadable.is_empty()),
                seen.unreadable.first().cloned().unwrap_or_else(|| "all of them".to_owned()),
            ),
            Checked::new(
                "the connection stays",
                Verdict::of(seen.n_lost == 0 && seen.ended.is_empty()),
                match seen.ended.first() {
                    Some(why) => format!("{} lost, the first because: {why}", seen.n_lost),
                    None => format!("{} lost", seen.n_lost),
                },
            ),
        ];
        if traits.empty == EmptyInterval::Bar {
            checked.push(seen.order(key, length));
        }
        if traits.ping_each.is_none() {
            let silence = seen.silence_until(now);
            checked.push(Checked::new(
                format!("a message comes within {}", traits.silent_after),
                // A ping is none of the messages seen here; a line on which nothing at all comes is
                // ended, and does not stay.
                if silence <= traits.silent_after { Verdict::Held } else { Verdict::NotSeen },
                format!("the longest time between two messages was {silence}"),
            ));
        }
        checked
    }
}

impl Seen {
    fn acknowledged(&self, key: &SeriesKey) -> Checked {
        let assumption = format!("a subscription is acknowledged within {ACKNOWLEDGED}");
        match (self.acknowledged_after.get(key), self.refused.first()) {
            (Some(after), _) => Checked::new(
                assumption,
                Verdict::of(*after <= ACKNOWLEDGED),
                format!("after {after}"),
            ),
            (None, Some(said)) => {
                Checked::new(assumption, Verdict::NotHeld, format!("it was refused: {said}"))
            }
            (None, None) => Checked::new(assumption, Verdict::NotHeld, "it never was"),
        }
    }

    /// What is proof that a bar is closed.
    fn closing(&self, traits: &VendorTraits, is_long: bool) -> Checked {
        let found = format!(
            "{} rows say closed, {} say running, {} say nothing",
            self.n_closed_rows, self.n_running_rows, self.n_unsaid_rows
        );
        match traits.proof {
            ClosingProof::Said => {
                let verdict = match (self.n_closed_rows, self.n_unsaid_rows) {
                    (_, 1..) => Verdict::NotHeld,
                    (1.., 0) => Verdict::Held,
                    // A symbol that does not trade may have none.
                    (0, 0) if is_long && self.n_running_rows > 0 => Verdict::NotHeld,
                    (0, 0) => Verdict::NotSeen,
                };
                Checked::new("a bar that is closed says so", verdict, found)
            }
            ClosingProof::NextOrTime { .. } => {
                let n_said = self.n_closed_rows + self.n_running_rows;
                let verdict = match (n_said, self.n_unsaid_rows) {
                    (1.., _) => Verdict::NotHeld,
                    (0, 1..) => Verdict::Held,
                    (0, 0) => Verdict::NotSeen,
                };
                Checked::new("no bar says whether it is closed", verdict, found)
            }
        }
    }

    fn order(&self, key: &SeriesKey, length: Nanos) -> Checked {
        let opens: Vec<Timestamp> =
            self.closed_opens.get(key).into_iter().flatten().copied().collect();
        let holes = opens.windows(2).filter(|pair| pair[1] - pair[0] != length).count();
        let assumption = "closed bars follow each other without a hole";
        let verdict = match opens.len() {
            0 | 1 => Verdict::NotSeen,
            _ => Verdict::of(holes == 0),
        };
        Checked::new(assumption, verdict, format!("{} bars, {holes} holes", opens.len()))
    }

    fn clock(&self) -> Checked {
        let assumption = format!("the vendor's clock and ours differ by no more than {SKEW}");
        match self.skew {
            // What is heard late only seems to be: the smallest difference counts.
            Some(skew) => Checked::new(
                assumption,
                Verdict::of(skew <= SKEW && skew >= Nanos::ZERO - SKEW),
                format!("ours minus the vendor's is {skew} at most: the way is in it"),
            ),
            None => Checked::new(assumption, Verdict::NotSeen, "no message tells it"),
        }
    }

    fn silence_until(&self, now: Timestamp) -> Nanos {
        let last = self.heard_at.map_or(Nanos::ZERO, |heard_at| now - heard_at);
        self.longest_silence.max(last)
    }

    fn heard(&mut self, now: Timestamp) {
        if let Some(before) = self.heard_at.replace(now) {
            self.longest_silence = self.longest_silence.max(now - before);
        }
        self.n_frames += 1;
        self.last_at = Some(now);
    }

    fn row(&mut self, key: &SeriesKey, row: &Heard, now: Timestamp) {
        self.opens.entry(key.clone()).or_default().insert(row.opens_at);
        self.n_ahead += u64::from(row.opens_at > now + ACKNOWLEDGED);
        match row.closing {
            Closing::Closed => {
                self.n_closed_rows += 1;
                self.closed_opens.entry(key.clone()).or_default().insert(row.opens_at);
            }
            Closing::Running => self.n_running_rows += 1,
            Closing::Unsaid => self.n_unsaid_rows += 1,
        }
    }

    fn done(&mut self, doing: &Doing, now: Timestamp) {
        match doing {
            Doing::Subscribed { key, .. } => {
                if let Some(asked_at) = self.subscribed_at.get(key) {
                    let after = now - *asked_at;
                    self.acknowledged_after.entry(key.clone()).or_insert(after);
                }
            }
            Doing::NotSubscribed { said, .. } => self.refused.push(said.to_string()),
            Doing::Row { key, row } => self.row(key, row, now),
            Doing::SentAt { at, .. } => {
                let difference = now - *at;
                self.skew = Some(self.skew.map_or(difference, |skew| skew.min(difference)));
            }
            Doing::Undecodable { found, .. } => self.unreadable.push(found.to_string()),
            Doing::Close { why, .. } => self.ended.push(words(why)),
            Doing::Send { .. }
            | Doing::Ready { .. }
            | Doing::EndMark { .. }
            | Doing::Trading { .. } => {}
        }
    }
}

fn words(why: &CloseCause) -> String {
    match why {
        CloseCause::Leaving => "the vendor is about to end it".to_owned(),
        CloseCause::Unneeded => "it was not needed any more".to_owned(),
        CloseCause::Broken(said)
        | CloseCause::Silent(said)
        | CloseCause::Taken(said)
        | CloseCause::Refused(said)
        | CloseCause::Forbidden(said) => said.to_string(),
    }
}

impl<P: Protocol> Watched<P> {
    /// Looks at what the protocol makes of something, and hands it on.
    fn look(&mut self, now: Timestamp, out: &mut Doings, act: impl FnOnce(&mut P, &mut Doings)) {
        let mut doings = Doings::default();
        act(&mut self.inner, &mut doings);
        let mut seen = self.watch.seen();
        for doing in doings.take() {
            seen.done(&doing, now);
            out.push(doing);
        }
    }
}

impl<P: Protocol> Protocol for Watched<P> {
    fn traits(&self) -> &VendorTraits {
        self.inner.traits()
    }

    fn stream_url(&self) -> String {
        self.inner.stream_url()
    }

    fn opened(&mut self, line: LineId, now: Timestamp, out: &mut Doings) {
        {
            let mut seen = self.watch.seen();
            seen.n_opened += 1;
            seen.opened_at.get_or_insert(now);
            (seen.heard_at, seen.last_at) = (Some(now), Some(now));
        }
        self.look(now, out, |inner, out| inner.opened(line, now, out));
    }

    fn subscribe(&mut self, line: LineId, keys: &[SeriesKey], out: &mut Doings) {
        {
            let mut seen = self.watch.seen();
            let at = seen.last_at.unwrap_or(Timestamp::MIN);
            for key in keys {
                seen.subscribed_at.insert(key.clone(), at);
            }
        }
        self.inner.subscribe(line, keys, out);
    }

    fn unsubscribe(&mut self, line: LineId, keys: &[SeriesKey], out: &mut Doings) {
        self.inner.unsubscribe(line, keys, out);
    }

    fn heard(&mut self, line: LineId, now: Timestamp, frame: Frame<'_>, out: &mut Doings) {
        self.watch.seen().heard(now);
        self.look(now, out, |inner, out| inner.heard(line, now, frame, out));
    }

    fn ping(&mut self, line: LineId, now: Timestamp, out: &mut Doings) {
        self.inner.ping(line, now, out);
    }

    fn closed(&mut self, line: LineId) {
        self.watch.seen().n_lost += 1;
        self.inner.closed(line);
    }

    fn request(&mut self, query: &Query) -> Request {
        self.inner.request(query)
    }

    fn answered(
        &mut self,
        query: &Query,
        now: Timestamp,
        response: &Response<'_>,
    ) -> Result<Answer, AskFault> {
        self.inner.answered(query, now, response)
    }

    fn clock_request(&self) -> Option<Request> {
        self.inner.clock_request()
    }

    fn clock_answered(&self, response: &Response<'_>) -> Result<Timestamp, AskFault> {
        self.inner.clock_answered(response)
    }

    fn login(&self, send: &mut dyn FnMut(&str)) {
        self.inner.login(send);
    }

    fn sign(&self, header: &mut dyn FnMut(&str, &str)) {
        self.inner.sign(header);
    }
}
