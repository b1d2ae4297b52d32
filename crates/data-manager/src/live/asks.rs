//! The requests to a vendor: one at a time, the urgent first, never more than its limit, and none
//! while it wants to be left alone.

use std::collections::VecDeque;
use std::sync::Arc;

use openbell_market::SeriesKey;
use openbell_time::{Nanos, Timestamp};

use crate::live::pace::{Bucket, Jitter};
use crate::live::seam::Token;
use crate::live::{AskFault, AskId, Heard, Query, Rate, Response};

/// A request that is not answered by then has failed, whatever becomes of it.
const ANSWER: Nanos = Nanos::from_secs(30);
/// How long to leave a vendor alone that says that it is too much, and not for how long.
const LEFT_ALONE: Nanos = Nanos::from_secs(60);
/// A history of more pages goes in circles.
const N_PAGES_MAX: u32 = 2_000;

/// A question, of one or more series where it is one of history.
#[derive(Clone, Debug)]
pub(crate) struct Question<W> {
    pub(crate) what: W,
    pub(crate) of: Vec<(SeriesKey, Token)>,
    /// When its first page was asked for.
    pub(crate) asked_at: Option<Timestamp>,
    /// The rows of the pages so far.
    pub(crate) rows: Vec<Heard>,
    pub(crate) n_pages: u32,
}

#[derive(Debug)]
struct UnderWay<W> {
    ask: AskId,
    by: Timestamp,
    question: Question<W>,
}

/// The requests to one vendor.
#[derive(Debug)]
pub(crate) struct Asks<W> {
    urgent: VecDeque<Question<W>>,
    probes: VecDeque<Question<W>>,
    under_way: Option<UnderWay<W>>,
    bucket: Bucket,
    paused_until: Timestamp,
    n_asked: u64,
}

impl<W> Question<W> {
    pub(crate) fn new(what: W, of: Vec<(SeriesKey, Token)>) -> Question<W> {
        Question { what, of, asked_at: None, rows: Vec::new(), n_pages: 0 }
    }

    /// Takes a page; the question for the next one where there is one.
    pub(crate) fn turn(&mut self, rows: Vec<Heard>, next: Option<Query>) -> Option<Query> {
        self.rows.extend(rows);
        self.n_pages += 1;
        next.filter(|_| self.n_pages < N_PAGES_MAX)
    }
}

impl<W> Asks<W> {
    pub(crate) fn new(rate: Rate) -> Asks<W> {
        Asks {
            urgent: VecDeque::new(),
            probes: VecDeque::new(),
            under_way: None,
            bucket: Bucket::new(rate),
            paused_until: Timestamp::MIN,
            n_asked: 0,
        }
    }

    /// Bars that are missing go before bars that are probed for.
    pub(crate) fn push(&mut self, question: Question<W>, is_urgent: bool) {
        if is_urgent { &mut self.urgent } else { &mut self.probes }.push_back(question);
    }

    /// The rest of what was under way, before anything else.
    pub(crate) fn push_page(&mut self, question: Question<W>) {
        self.urgent.push_front(question);
    }

    /// The next question that may be asked now; its weight is to be told by [`Asks::asked`].
    pub(crate) fn next(&mut self, now: Timestamp) -> Option<Question<W>> {
        if self.under_way.is_some() || self.free_at() > now {
            return None;
        }
        self.urgent.pop_front().or_else(|| self.probes.pop_front())
    }

    pub(crate) fn asked(
        &mut self,
        mut question: Question<W>,
        weight: u32,
        now: Timestamp,
    ) -> AskId {
        self.bucket.take(now, weight);
        question.asked_at = question.asked_at.or(Some(now));
        self.n_asked += 1;
        let ask = AskId(self.n_asked);
        self.under_way = Some(UnderWay { ask, by: now + ANSWER, question });
        ask
    }

    /// The question that `ask` was for, where it still waits.
    pub(crate) fn answered(&mut self, ask: AskId) -> Option<Question<W>> {
        self.under_way.take_if(|under_way| under_way.ask == ask).map(|found| found.question)
    }

    /// The question whose answer does not come.
    pub(crate) fn overdue(&mut self, now: Timestamp) -> Option<Question<W>> {
        self.under_way.take_if(|under_way| under_way.by <= now).map(|found| found.question)
    }

    /// Leaves the vendor alone until an instant and a little longer; yields until when.
    pub(crate) fn pause(
        &mut self,
        until: Timestamp,
        now: Timestamp,
        jitter: &mut Jitter,
    ) -> Timestamp {
        let length = until.max(now) - now;
        let paused_until = now + jitter.around(length, 100, 110);
        self.paused_until = self.paused_until.max(paused_until);
        self.paused_until
    }

    pub(crate) fn next_due(&self) -> Timestamp {
        match &self.under_way {
            Some(under_way) => under_way.by,
            None if self.urgent.is_empty() && self.probes.is_empty() => Timestamp::MAX,
            None => self.free_at(),
        }
    }

    /// Our clock was set: what was reckoned by it is void.
    pub(crate) fn forget(&mut self, now: Timestamp, rate: Rate) {
        self.bucket = Bucket::new(rate);
        self.bucket.take(now, rate.burst);
        self.paused_until = self.paused_until.min(now + LEFT_ALONE);
        if let Some(under_way) = &mut self.under_way {
            under_way.question.asked_at = None;
            under_way.by = now + ANSWER;
        }
    }

    /// Whether nothing is asked, and nothing waits to be.
    pub(crate) fn are_idle(&self) -> bool {
        self.under_way.is_none() && self.urgent.is_empty() && self.probes.is_empty()
    }

    /// The instant from which on something may be asked.
    pub(crate) fn free_at(&self) -> Timestamp {
        self.bucket.free_at(1).max(self.paused_until)
    }
}

/// What a status says by itself, the same at every vendor.
pub(crate) fn fault_of(
    response: &Response<'_>,
    reset_header: Option<&str>,
    now: Timestamp,
) -> Option<AskFault> {
    let said = || Arc::from(format!("HTTP {}: {}", response.status, shortened(response.body)));
    match response.status {
        418 | 429 => {
            Some(AskFault::Wait { until: wait_of(response, reset_header, now), said: said() })
        }
        503 if response.header("retry-after").is_some() => {
            Some(AskFault::Wait { until: wait_of(response, reset_header, now), said: said() })
        }
        408 | 500.. => Some(AskFault::Failed(said())),
        _ => None,
    }
}

fn wait_of(response: &Response<'_>, reset_header: Option<&str>, now: Timestamp) -> Timestamp {
    let whole = |name: &str| response.header(name)?.parse::<i64>().ok().filter(|n| *n >= 0);
    if let Some(seconds) = whole("retry-after") {
        // Nobody is banned for longer than a month.
        return now + Nanos::from_secs(seconds.min(31 * 86_400));
    }
    let reset_at = reset_header.and_then(whole).and_then(Timestamp::from_secs);
    reset_at
        .filter(|&at| at > now && at - now < Nanos::from_secs(86_400))
        .unwrap_or(now + LEFT_ALONE)
}

fn shortened(body: &str) -> String {
    body.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(0) + Nanos::from_secs(seconds)
    }

    #[test]
    fn the_vendors_own_word_decides_how_long_it_is_left_alone() {
        let fault = |status, name: &str, value: &str| {
            let headers = [(name.to_owned(), value.to_owned())];
            fault_of(
                &Response { status, headers: &headers, body: "no" },
                Some("X-Reset"),
                at(1_000),
            )
        };
        let wait = |seconds, status| {
            Some(AskFault::Wait { until: at(seconds), said: format!("HTTP {status}: no").into() })
        };
        assert_eq!(fault(418, "retry-after", "120"), wait(1_120, 418));
        assert_eq!(fault(429, "Retry-After", " 7 "), wait(1_007, 429));
        assert_eq!(fault(503, "Retry-After", "7"), wait(1_007, 503));
        assert_eq!(fault(429, "x-reset", "1033"), wait(1_033, 429));
        assert_eq!(fault(429, "Date", "today"), wait(1_060, 429));
        assert_eq!(fault(429, "Retry-After", "-1"), wait(1_060, 429));
        assert_eq!(fault(502, "Retry-After", "7"), Some(AskFault::Failed("HTTP 502: no".into())));
        assert_eq!(fault(200, "a", "b"), None);
        assert_eq!(fault(404, "a", "b"), None, "the vendor's file reads that");
    }
}
