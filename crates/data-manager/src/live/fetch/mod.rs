//! The history of some series, whole: page after page, no faster than the vendor allows, and asked
//! again where an answer failed or proves nothing. It is told the time and what was answered, and says
//! what to do.
//!
//! Not here: what a store has already and what is made of the rows ([`crate::fetch`]), a series that
//! goes on as a stream (the seam).

mod course;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use openbell_market::{BarColumns, SeriesKey};
use openbell_time::{Nanos, Timestamp};

use crate::live::asks::{Asks, Question, fault_of};
use crate::live::pace::Jitter;
use crate::live::{Answer, AskFault, AskId, Protocol, Query, Request, Response, VendorTraits};
use course::Course;

/// So many failures in a row end a fetch: about two minutes without an answer. Where nothing was
/// answered yet, the address or the network is hardly right, and a quarter of a minute shows it.
const N_FAILED_MAX: u32 = 8;
const N_FAILED_MAX_AT_FIRST: u32 = 4;
/// A vendor that wants to be left alone for longer than this is not waited for.
const LONGEST_WAIT: Nanos = Nanos::from_secs(3_600);

/// What is wanted of a series.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// The series.
    pub key: SeriesKey,
    /// The opens of the bars that are wanted: stretches in time order, whole intervals, and all of them
    /// over by the time that they are asked for.
    pub stretches: Vec<Range<Timestamp>>,
}

/// What to do next.
#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    /// Take these rows, ascending and after all earlier ones of the series: they are over, and not
    /// made up; whether they are bars is for whoever takes them.
    Take {
        /// Whose.
        key: SeriesKey,
        /// The rows.
        rows: BarColumns,
    },
    /// Make this request, and tell [`Fetch::answered`].
    Ask(Request),
    /// Nothing before an instant.
    Wait {
        /// The instant.
        until: Timestamp,
        /// What for.
        why: Waiting,
    },
    /// That is all.
    Done(FetchEnd),
}

/// What is waited for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Waiting {
    /// The next request, by the vendor's limit.
    Turn,
    /// An answer that ended too early is asked for once more.
    Proof,
    /// The vendor wants to be left alone; what it said.
    LeftAlone(Arc<str>),
    /// A request failed; what was said.
    Failed(Arc<str>),
}

/// How a fetch has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FetchEnd {
    /// Everything was asked for.
    Whole,
    /// No answer could be had; what was said last.
    Failed(Arc<str>),
    /// The vendor wants to be left alone for longer than is waited for.
    LeftAlone {
        /// Until when.
        until: Timestamp,
        /// What it said.
        said: Arc<str>,
    },
}

/// Bars that were wanted and that the vendor has not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing {
    /// The opens of the bars.
    pub opens: Range<Timestamp>,
    /// Why.
    pub why: MissingCause,
}

/// Why bars cannot be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MissingCause {
    /// The vendor keeps so many of the newest bars and no older ones.
    OutOfReach {
        /// How many.
        n_rows: u32,
    },
    /// Its answers have a hole there, or end before.
    NotThere,
}

/// What a fetch has come to for one series.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fetched {
    /// The series.
    pub key: SeriesKey,
    /// Rows that were handed on.
    pub n_rows: u64,
    /// Rows that the vendor made up for intervals without a trade, and that are no bars.
    pub n_made_up: u64,
    /// Bars that cannot be had, in time order.
    pub missing: Vec<Missing>,
    /// Why the vendor refuses the series; what it said.
    pub refused: Option<Arc<str>>,
}

/// A fetch at work.
///
/// Whoever runs it does what [`Fetch::next`] says, and asks it again.
#[derive(Debug)]
pub struct Fetch<P> {
    protocol: P,
    courses: Vec<Course>,
    asks: Asks<Query>,
    jitter: Jitter,
    taken: VecDeque<(SeriesKey, BarColumns)>,
    /// The course whose question is queued or under way.
    current: Option<usize>,
    under_way: Option<AskId>,
    /// Why nothing is asked until the pause is over.
    paused_for: Option<Waiting>,
    n_failed: u32,
    has_been_answered: bool,
    over: Option<FetchEnd>,
    /// The length of all stretches.
    wanted_ns: i128,
}

impl<P: Protocol> Fetch<P> {
    /// Of nothing yet. `seed` is what waits that shall not fall together follow from.
    pub fn new(protocol: P, wanted: Vec<Wanted>, seed: u64) -> Fetch<P> {
        let asks = Asks::new(protocol.traits().requests);
        let courses: Vec<Course> = wanted.into_iter().filter_map(Course::new).collect();
        let wanted_ns = courses.iter().map(Course::left_ns).sum();
        Fetch {
            protocol,
            courses,
            asks,
            jitter: Jitter::new(seed),
            taken: VecDeque::new(),
            current: None,
            under_way: None,
            paused_for: None,
            n_failed: 0,
            has_been_answered: false,
            over: None,
            wanted_ns,
        }
    }

    /// How the vendor behaves.
    pub fn traits(&self) -> &VendorTraits {
        self.protocol.traits()
    }

    /// What to do at `now`. After [`Step::Ask`] nothing is said until it is answered.
    pub fn next(&mut self, now: Timestamp) -> Step {
        if let Some((key, rows)) = self.taken.pop_front() {
            return Step::Take { key, rows };
        }
        if let Some(over) = &self.over {
            return Step::Done(over.clone());
        }
        if self.asks.overdue(now).is_some() {
            (self.current, self.under_way) = (None, None);
            self.failed("no answer has come".into(), now);
            return self.next(now);
        }
        if self.current.is_none() {
            let next = self.courses.iter().enumerate().filter(|(_, course)| course.is_at_work());
            let next = next.min_by_key(|(idx, course)| (course.due().max(now), *idx));
            let Some((idx, course)) = next else { return Step::Done(FetchEnd::Whole) };
            if course.due() > now {
                return Step::Wait { until: course.due(), why: Waiting::Proof };
            }
            if let Some(query) = course.query(now) {
                self.asks.push(Question::new(query, Vec::new()), true);
                self.current = Some(idx);
            }
        }
        let Some(question) = self.asks.next(now) else {
            let why = self.paused_for.clone().unwrap_or(Waiting::Turn);
            return Step::Wait { until: self.asks.next_due(), why };
        };
        self.paused_for = None;
        let request = self.protocol.request(&question.what);
        self.under_way = Some(self.asks.asked(question, request.weight, now));
        Step::Ask(request)
    }

    /// What became of the request at hand: what came back, or what was said of why nothing did.
    pub fn answered(&mut self, now: Timestamp, got: Result<Response<'_>, &str>) {
        let question = self.under_way.take().and_then(|ask| self.asks.answered(ask));
        let (Some(question), Some(idx)) = (question, self.current.take()) else { return };
        let answer = match got {
            Err(said) => Err(AskFault::Failed(said.into())),
            Ok(response) => match fault_of(&response, self.protocol.traits().reset_header, now) {
                Some(fault) => Err(fault),
                None => self.protocol.answered(&question.what, now, &response),
            },
        };
        match answer {
            Ok(Answer::Bars { rows, next }) => {
                self.n_failed = 0;
                self.has_been_answered = true;
                let asked_at = question.asked_at.unwrap_or(now);
                let course = &mut self.courses[idx];
                let traits = self.protocol.traits();
                let taken = course.answered(traits, &question.what, asked_at, &rows, next);
                if !taken.is_empty() {
                    self.taken.push_back((course.key().clone(), taken));
                }
            }
            Ok(Answer::Newest(_) | Answer::DayCount(_) | Answer::First(_)) => {
                self.failed("it answers another question".into(), now);
            }
            Err(AskFault::Failed(said)) => self.failed(said, now),
            Err(AskFault::Wait { until, said }) => self.leave_alone(until, said, now),
            Err(AskFault::Refused(said)) => self.courses[idx].refuse(said),
        }
    }

    /// Asks no more for a series.
    pub fn drop_series(&mut self, key: &SeriesKey) {
        self.courses.iter_mut().filter(|course| course.key() == key).for_each(Course::give_up);
        self.taken.retain(|(of, _)| of != key);
    }

    /// The share of what was wanted that has been asked for, 0 to 1.
    pub fn share(&self) -> f64 {
        let left_ns: i128 = self.courses.iter().map(Course::left_ns).sum();
        match self.wanted_ns {
            0 => 1.0,
            wanted_ns => 1.0 - left_ns as f64 / wanted_ns as f64,
        }
    }

    /// What it has come to, series by series.
    pub fn fetched(&self) -> impl Iterator<Item = &Fetched> {
        self.courses.iter().map(Course::fetched)
    }

    fn failed(&mut self, said: Arc<str>, now: Timestamp) {
        self.n_failed += 1;
        let most = if self.has_been_answered { N_FAILED_MAX } else { N_FAILED_MAX_AT_FIRST };
        if self.n_failed > most {
            self.over = Some(FetchEnd::Failed(said));
            return;
        }
        let wait = Nanos::from_secs(1 << (self.n_failed - 1).min(5));
        self.asks.pause(now + wait, now, &mut self.jitter);
        self.paused_for = Some(Waiting::Failed(said));
    }

    fn leave_alone(&mut self, until: Timestamp, said: Arc<str>, now: Timestamp) {
        if until > now && until - now > LONGEST_WAIT {
            self.over = Some(FetchEnd::LeftAlone { until, said });
            return;
        }
        self.asks.pause(until, now, &mut self.jitter);
        self.paused_for = Some(Waiting::LeftAlone(said));
    }
}
