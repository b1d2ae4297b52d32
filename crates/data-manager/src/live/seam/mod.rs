//! One series, between a stream that breaks and a history that lags: the one operation for start,
//! add, reconnect, resubscription, waking and restart.
//!
//! Subscribe; once the subscription is confirmed, ask the history from where the series is complete;
//! hold what the stream brings beyond that; deliver both in order, each bar once; then let the stream
//! through. A bar that the stream owes and does not bring is asked for.
//!
//! Not here: lines and requests, and how many of them a vendor allows ([`crate::live::Vendor`]).

mod history;
mod stream;
mod told;
mod untraded;
mod verified;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use openbell_market::Ohlcv;
use openbell_time::{Nanos, Timestamp};

use crate::feed::Link;
use crate::live::rows::{ceil, floor};
use crate::live::{ClosingProof, Delivery, Evidence, Heard, Probe, Settings, VendorTraits, Winner};

use told::Told;
use untraded::Untraded;
use verified::Unverified;

/// What a seam wants done.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Act {
    Deliver(Delivery),
    /// Ask the history for all bars from `since` on.
    AskBars {
        since: Timestamp,
        token: Token,
    },
    /// Ask for the newest bar.
    AskNewest {
        token: Token,
    },
    /// Ask how often it was traded within the last day.
    AskDayCount {
        token: Token,
    },
    /// Ask for the first bar that there is of it.
    AskFirst {
        token: Token,
    },
    /// Subscribe this series anew.
    Resubscribe,
    /// The line of this series brings nothing of it, whatever is tried.
    Reconnect,
    Found(Found),
}

/// The number of a question: an answer to another one than the last is of no interest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Token(u64);

/// Something to count and to log.
#[derive(Clone, PartialEq, Debug)]
pub enum Found {
    /// A bar that was delivered came again, with the same values.
    Duplicate,
    /// A bar came that lies before what is kept for comparison.
    Old,
    /// Other values of a bar that was delivered.
    Revised {
        /// Its open.
        opens_at: Timestamp,
    },
    /// A bar of which it was evident that there is none.
    Late {
        /// Its open.
        opens_at: Timestamp,
    },
    /// Stream and history differ where they meet.
    SeamDiffers {
        /// The bar's open.
        opens_at: Timestamp,
        /// As the stream has it.
        stream: Ohlcv,
        /// As the history has it.
        history: Ohlcv,
    },
    /// A bar of the stream has values or a stamp that no bar can have.
    Impossible {
        /// Its open.
        opens_at: Timestamp,
    },
    /// The history had a bar that the stream has not brought.
    Silent {
        /// How often in a row.
        n_times: u32,
    },
    /// An answer did not reach far enough to say anything.
    Behind,
    /// Bars were fetched that had been missed.
    CaughtUp {
        /// How many.
        n_bars: usize,
    },
    /// Bars are missing and will not come.
    GapLeft {
        /// The time whose bars are missing.
        missing: Range<Timestamp>,
        /// Why.
        why: Arc<str>,
    },
}

/// Where a series stands.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Stage {
    /// It is wanted, and no line has it.
    Wanted,
    /// It is subscribed, and that is not confirmed.
    Subscribed,
    /// It is confirmed, and complete to no later than `seam`, from where on the stream has all.
    CatchingUp { seam: Timestamp },
    /// The stream continues it.
    Live,
    /// The vendor refuses it.
    Gone,
}

/// What is asked of the history, and how that went.
#[derive(Clone, PartialEq, Debug)]
struct Fetch {
    due: Timestamp,
    asked: Option<Token>,
    n_tries: u32,
    n_behind: u32,
    n_failed: u32,
    /// The answer before, where a second has to confirm it, and when it was asked for.
    first: Option<(Timestamp, BTreeMap<Timestamp, Told>)>,
    /// Up to where two answers are equal that do not show themselves that they reach so far.
    settled: Option<Timestamp>,
}

/// The last bars are to be read again in the history: something of them was missed.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Reread {
    /// From where on.
    since: Timestamp,
    /// How far the series has to be complete before that is done.
    until: Timestamp,
}

/// A series.
#[derive(Debug)]
pub(crate) struct Seam {
    traits: Arc<VendorTraits>,
    settings: Settings,
    length: Nanos,
    /// The first bar wanted.
    since: Timestamp,
    /// Complete through; on the grid of the interval.
    through: Timestamp,
    /// When that was said last.
    said_at: Timestamp,
    stage: Stage,
    fetch: Fetch,
    n_tokens: u64,
    /// Closed bars of the stream past `through`.
    held: BTreeMap<Timestamp, Told>,
    /// The newest one that is not proven to be closed, where the stream sends such.
    running: Option<Heard>,
    /// The newest send time on the line.
    vendor_clock: Option<Timestamp>,
    /// The last bars delivered, to tell a repetition from a revision.
    delivered: BTreeMap<Timestamp, Told>,
    /// Those of them whose values the stream itself has revised: a history that lags has older ones.
    revised: BTreeSet<Timestamp>,
    rereads: Option<Reread>,
    unverified: Unverified,
    untraded: Untraded,
    /// Until when the subscription is to have brought something.
    prove_by: Option<Timestamp>,
    n_unproven: u32,
    /// How often in a row a bar was found that the stream has not brought.
    n_silent: u32,
    n_unsure: u32,
    n_caught_up: usize,
    /// The end of the session, once it has come.
    ends_at: Option<Timestamp>,
    /// Since when its stream is lost; absent while it is there.
    lost_since: Option<Timestamp>,
    /// What is to be said of that, and when: it may be back before anybody misses it.
    down: Option<(Timestamp, Link)>,
}

/// How many delivered bars are kept for comparison.
const N_KEPT: usize = 256;
/// How many bars may be held: a vendor that sends more floods.
const N_HELD_MAX: usize = 10_000;

/// What the end of a session owes is asked for so long after it, and each second for so long.
const SOON: Nanos = Nanos::from_secs(1);
const HURRY: Nanos = Nanos::from_secs(10);

/// A bar has been said to be closed so long after its close.
const AFTER_CLOSE: Nanos = Nanos::from_secs(5);

impl Seam {
    pub(crate) fn new(
        traits: Arc<VendorTraits>,
        settings: Settings,
        length: Nanos,
        since: Timestamp,
        n_tokens: u64,
    ) -> Seam {
        let since = ceil(since, length);
        Seam {
            traits,
            settings,
            length,
            since,
            through: since,
            said_at: Timestamp::MIN,
            stage: Stage::Wanted,
            fetch: Fetch::new(Timestamp::MIN),
            n_tokens,
            held: BTreeMap::new(),
            running: None,
            vendor_clock: None,
            delivered: BTreeMap::new(),
            revised: BTreeSet::new(),
            rereads: None,
            unverified: Unverified::none(),
            untraded: Untraded::default(),
            prove_by: None,
            n_unproven: 0,
            n_silent: 0,
            n_unsure: 0,
            n_caught_up: 0,
            ends_at: None,
            lost_since: None,
            down: None,
        }
    }

    pub(crate) fn through(&self) -> Timestamp {
        self.through
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.stage == Stage::Gone
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.stage == Stage::Wanted
    }

    pub(crate) fn awaits(&self, token: Token) -> bool {
        self.fetch.asked == Some(token)
    }

    pub(crate) fn is_live(&self) -> bool {
        self.stage == Stage::Live
    }

    /// Whether it is live, and no bar that closed by an instant is missing.
    pub(crate) fn has_all_before(&self, instant: Timestamp) -> bool {
        self.is_live() && self.through >= floor(instant, self.length)
    }

    /// The subscription is sent. Until it is confirmed nothing is asked: between an answer and a
    /// subscription that begins after it bars would be lost.
    pub(crate) fn subscribed(&mut self) {
        self.stage = Stage::Subscribed;
        self.running = None;
        self.vendor_clock = None;
        self.fetch.asked = None;
    }

    /// The subscription is confirmed: what the stream brings is whole from the interval that runs.
    pub(crate) fn confirmed(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
        if self.stage != Stage::Subscribed {
            return;
        }
        (self.lost_since, self.down) = (None, None);
        // Where our clock is behind, the interval that runs is a later one than we believe.
        let seam = floor(now + self.settings.max_skew, self.length);
        self.prove_by = Some(now + self.proof_time());
        if self.through > self.since {
            self.read_again(Timestamp::MIN); // What was revised while the stream was lost.
        }
        self.catch_up(seam, now, acts);
    }

    /// A message of the line could not be read: it may have been the last of a bar, or a revision. So
    /// the history is asked once the bar that runs is closed.
    pub(crate) fn missed(&mut self, now: Timestamp) {
        let until = floor(now + self.settings.max_skew, self.length);
        self.read_again(until);
        if self.rereads.is_some() && self.stage == Stage::Live {
            let closes_at = (self.through + self.length).max(until);
            self.fetch.due = (closes_at + AFTER_CLOSE).max(now);
        }
    }

    fn read_again(&mut self, until: Timestamp) {
        // Of a series that may never have been traded there is nothing to read, and what is owed is asked for.
        let may_be_untraded = self.traits.counts_trades && self.delivered.is_empty();
        let revises = self.traits.winner == Winner::History && !may_be_untraded;
        if revises && self.traits.revised_within > Nanos::ZERO {
            let since = self.revisable_since();
            self.rereads = Some(match self.rereads {
                Some(of) => Reread { since: of.since.min(since), until: of.until.max(until) },
                None => Reread { since, until },
            });
        }
    }

    /// The line is gone. The bar that ran is forgotten: nobody knows how it went on. That it is gone is
    /// said once it has lasted for longer than the vendor ever is silent.
    pub(crate) fn lost(&mut self, link: Link, now: Timestamp, acts: &mut Vec<Act>) {
        if self.stage == Stage::Gone {
            return;
        }
        self.stage = Stage::Wanted;
        (self.running, self.vendor_clock, self.prove_by) = (None, None, None);
        self.fetch.asked = None;
        let link = match link {
            Link::Down { since, why, next_try } => {
                // What was said since is no word of a line that is down.
                Link::Down { since: since.max(self.said_at).min(now), why, next_try }
            }
            other => return acts.push(Act::Deliver(Delivery::Link(other))),
        };
        let Link::Down { since, .. } = link else { return };
        let missed_at = *self.lost_since.get_or_insert(since) + self.traits.silent_after;
        self.down = Some((missed_at, link));
        self.say_down(now, acts);
    }

    fn say_down(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
        if let Some((_, link)) = self.down.take_if(|(missed_at, _)| *missed_at <= now) {
            acts.push(Act::Deliver(Delivery::Link(link)));
        }
    }

    /// The vendor refuses the series.
    pub(crate) fn refused(&mut self, why: Arc<str>, acts: &mut Vec<Act>) {
        self.stage = Stage::Gone;
        acts.push(Act::Deliver(Delivery::Link(Link::Gone { why })));
    }

    /// Does what is due.
    pub(crate) fn tick(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
        self.say_down(now, acts);
        if self.prove_by.is_some_and(|by| by <= now) {
            self.n_unproven += 1;
            self.prove_by = None;
            acts.push(Act::Resubscribe);
            return;
        }
        if self.fetch.asked.is_some() || self.asks_at() > now {
            return;
        }
        let is_live = self.stage == Stage::Live && self.rereads.is_none();
        match self.traits.probe {
            Probe::Newest { .. } if is_live || self.fetch.settled.is_some() => {
                let token = self.next_token();
                acts.push(Act::AskNewest { token });
            }
            _ => self.ask_bars(acts),
        }
    }

    /// The instant at which something is due.
    pub(crate) fn next_due(&self) -> Timestamp {
        let asks_at = if self.fetch.asked.is_some() { Timestamp::MAX } else { self.asks_at() };
        let missed_at = self.down.as_ref().map_or(Timestamp::MAX, |(missed_at, _)| *missed_at);
        self.prove_by.unwrap_or(Timestamp::MAX).min(asks_at).min(missed_at)
    }

    /// The session is over at `due`: what is owed by then is asked for soon, and each second.
    pub(crate) fn hurry(&mut self, due: Timestamp, now: Timestamp) {
        self.ends_at = self.ends_at.max(Some(due));
        let is_behind = self.through < floor(due, self.length);
        if is_behind && let Stage::CatchingUp { .. } = self.stage {
            self.fetch.due = self.fetch.due.min(now.max(due) + SOON);
        }
    }

    /// When a bar is asked for that closes at `owed_at`, at the end of the session.
    fn hurries_at(&self, owed_at: Timestamp) -> Timestamp {
        let Some(ends_at) = self.ends_at.filter(|&ends_at| owed_at <= ends_at) else {
            return Timestamp::MAX;
        };
        let proven_after = match self.traits.proof {
            ClosingProof::NextOrTime { after } => after,
            ClosingProof::Said => Nanos::ZERO,
        };
        let at = (ends_at + proven_after + SOON).max(self.fetch.due);
        if at <= ends_at + HURRY { at } else { Timestamp::MAX }
    }

    fn asks_at(&self) -> Timestamp {
        match self.stage {
            Stage::CatchingUp { .. } => self.fetch.due,
            Stage::Live if self.rereads.is_some() => self.fetch.due,
            Stage::Live => {
                let owed_at = self.through + self.length;
                // Ten, twenty, forty seconds after the close, and then every half minute.
                let n_waits = [1, 2, 4].get(self.n_unsure as usize).copied();
                let n_waits = n_waits.unwrap_or(1 + 3 * i64::from(self.n_unsure.saturating_sub(1)));
                let wait_ns = self.settings.probe_after.as_nanos().saturating_mul(n_waits);
                let patient = (owed_at + Nanos::from_nanos(wait_ns)).max(self.fetch.due);
                patient.min(self.hurries_at(owed_at))
            }
            Stage::Wanted | Stage::Subscribed | Stage::Gone => Timestamp::MAX,
        }
    }

    fn ask_bars(&mut self, acts: &mut Vec<Act>) {
        let token = self.next_token();
        self.fetch.n_tries += 1;
        let again_since = self.revisable_since();
        let since = self.rereads.map_or(again_since, |of| of.since.min(again_since));
        let since = self.unverified.since().unwrap_or(since).min(since);
        acts.push(Act::AskBars { since, token });
        if let Stage::CatchingUp { seam } = self.stage {
            acts.push(self.catching_up(seam));
        }
    }

    /// The first bar that the vendor may still revise.
    fn revisable_since(&self) -> Timestamp {
        ceil(self.through - self.traits.revised_within, self.length).max(self.since)
    }

    /// What the way to it does, where it is there at all.
    pub(crate) fn link(&self, now: Timestamp) -> Option<Link> {
        match self.stage {
            Stage::Live => Some(Link::Up { heard_at: now }),
            Stage::CatchingUp { seam } => Some(self.catching_up_to(seam)),
            Stage::Wanted | Stage::Subscribed | Stage::Gone => None,
        }
    }

    fn catching_up_to(&self, seam: Timestamp) -> Link {
        Link::CatchingUp { missing: self.through..seam, n_tries: self.fetch.n_tries }
    }

    fn catching_up(&self, seam: Timestamp) -> Act {
        Act::Deliver(Delivery::Link(self.catching_up_to(seam)))
    }

    fn next_token(&mut self) -> Token {
        self.n_tokens += 1;
        self.fetch.asked = Some(Token(self.n_tokens));
        Token(self.n_tokens)
    }

    fn is_answer(&mut self, token: Token) -> bool {
        let is_last = self.fetch.asked == Some(token);
        if is_last {
            self.fetch.asked = None;
        }
        is_last
    }

    /// An interval and ten seconds, then ever longer, up to ten minutes.
    fn proof_time(&self) -> Nanos {
        let first_ns = (self.length + self.settings.probe_after).as_nanos();
        let time_ns = first_ns.saturating_mul(1 << self.n_unproven.min(20));
        Nanos::from_nanos(time_ns.min(Nanos::from_secs(600).as_nanos().max(first_ns)))
    }

    fn catch_up(&mut self, seam: Timestamp, now: Timestamp, acts: &mut Vec<Act>) {
        let asked = self.fetch.asked;
        self.fetch = Fetch { asked, ..Fetch::new(now) };
        self.stage = Stage::CatchingUp { seam };
        self.drain(now, acts);
        if let Stage::CatchingUp { seam } = self.stage {
            self.end_of_catching_up(seam, now, acts);
        }
        if let Stage::CatchingUp { seam } = self.stage {
            acts.push(self.catching_up(seam));
        }
    }

    /// Goes live where nothing is missing any more.
    fn end_of_catching_up(&mut self, seam: Timestamp, now: Timestamp, acts: &mut Vec<Act>) {
        if self.through < seam {
            return;
        }
        self.drain(now, acts);
        // Where an answer has said that nothing was traded, and something was.
        let beyond = self.held.split_off(&self.through);
        for (opens_at, told) in std::mem::replace(&mut self.held, beyond) {
            self.repeated(opens_at, told, now, acts);
        }
        // What the stream may have kept to itself meanwhile nobody has asked for: a bar that is held
        // proves nothing of a hole before it.
        if let Some(newest) = self.held.keys().next_back().copied() {
            return self.catch_up(newest, now, acts);
        }
        self.stage = Stage::Live;
        self.fetch = Fetch::new(Timestamp::MIN);
        self.n_unsure = 0;
        let n_bars = std::mem::take(&mut self.n_caught_up);
        if n_bars > 0 {
            acts.push(Act::Found(Found::CaughtUp { n_bars }));
        }
        acts.push(Act::Deliver(Delivery::Link(Link::Up { heard_at: now })));
    }

    /// What is held and continues the series.
    fn drain(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
        while let Some(told) = self.held.remove(&self.through) {
            let opens_at = self.through;
            self.put(opens_at, told, now, acts);
            self.complete(opens_at + self.length, Evidence::ClosedBar, now, acts);
        }
    }

    fn put(&mut self, opens_at: Timestamp, told: Told, now: Timestamp, acts: &mut Vec<Act>) {
        self.said_at = self.said_at.max(now);
        if let Stage::CatchingUp { .. } = self.stage {
            self.n_caught_up += 1;
        }
        self.untraded.has_traded();
        self.delivered.insert(opens_at, told);
        if self.delivered.len() > N_KEPT {
            self.delivered.pop_first();
            let oldest = self.delivered.keys().next().copied().unwrap_or(opens_at);
            self.revised = self.revised.split_off(&oldest);
            self.unverified.forget_before(oldest);
        }
        self.stands(opens_at, &told, now);
        acts.push(Act::Deliver(Delivery::Row { opens_at, ohlcv: told.ohlcv }));
    }

    fn complete(
        &mut self,
        through: Timestamp,
        evidence: Evidence,
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) {
        if through > self.through {
            self.said_at = self.said_at.max(now);
            self.through = through;
            acts.push(Act::Deliver(Delivery::Complete { through, evidence }));
        }
    }
}

impl Fetch {
    fn new(due: Timestamp) -> Fetch {
        Fetch { due, asked: None, n_tries: 0, n_behind: 0, n_failed: 0, first: None, settled: None }
    }
}
