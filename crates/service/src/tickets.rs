//! Commands that were given over HTTP, and their answers, for as long as somebody may ask for them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use openbell_coordinator::Answer;
use openbell_time::{Nanos, Timestamp};
use openbell_wire::served::ticket as wire;
use tokio::sync::watch;

use crate::problem::{Code, Problem};

/// Tickets that are kept.
pub(crate) const KEPT: usize = 1_024;
/// How long one is kept.
const KEPT_FOR: Nanos = Nanos::from_secs(600);

/// What is the same in a request that is sent again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Retry {
    pub(crate) key: String,
    pub(crate) body: Vec<u8>,
}

/// A ticket that was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Opened {
    /// The command is to be given.
    New(u64),
    /// It was given before, with the same key.
    Known(u64),
}

/// The tickets of a run.
pub(crate) struct Tickets {
    run: u64,
    kept: Mutex<Kept>,
    /// Counts answers: who waits for one is told of each.
    answered: watch::Sender<u64>,
}

#[derive(Default)]
struct Kept {
    n: u64,
    tickets: VecDeque<Entry>,
}

struct Entry {
    id: u64,
    name: &'static str,
    given: Timestamp,
    retry: Option<Retry>,
    answer: Option<Answer>,
}

impl Tickets {
    pub(crate) fn new(run: u64) -> Tickets {
        Tickets { run, kept: Mutex::default(), answered: watch::Sender::new(0) }
    }

    /// A ticket for the command `name`, which is given when the wall clock shows `wall`.
    pub(crate) fn open(
        &self,
        name: &'static str,
        retry: Option<Retry>,
        wall: Timestamp,
    ) -> Result<Opened, Problem> {
        let mut kept = self.kept();
        kept.forget(wall);
        if let Some(retry) = &retry
            && let Some(before) = kept.with_key(&retry.key)
        {
            if before.retry.as_ref() != Some(retry) {
                let detail = format!(
                    "the key {:?} was sent with another body, for {}; a new command needs a new key",
                    retry.key, before.name
                );
                return Err(Problem::new(Code::BadBody, detail));
            }
            return Ok(Opened::Known(before.id));
        }
        kept.n += 1;
        let id = kept.n;
        kept.tickets.push_back(Entry { id, name, given: wall, retry, answer: None });
        Ok(Opened::New(id))
    }

    /// The command of the ticket is answered.
    pub(crate) fn answer(&self, id: u64, answer: Answer) {
        let mut kept = self.kept();
        if let Some(entry) = kept.tickets.iter_mut().find(|entry| entry.id == id) {
            entry.answer = Some(answer);
        }
        drop(kept);
        self.answered.send_modify(|n| *n += 1);
    }

    /// Commands answered so far.
    pub(crate) fn n_answered(&self) -> u64 {
        *self.answered.borrow()
    }

    /// The answer of the ticket, once it is there; `None` where there is no such ticket any more.
    pub(crate) async fn answered(&self, id: u64) -> Option<Answer> {
        let mut answers = self.answered.subscribe();
        loop {
            answers.borrow_and_update();
            let entry = self.kept().tickets.iter().find(|entry| entry.id == id)?.answer.clone();
            if entry.is_some() {
                return entry;
            }
            answers.changed().await.ok()?; // The sender lives as long as this does.
        }
    }

    /// The ticket and its answer, as far as it has come.
    pub(crate) fn ticket(&self, id: u64) -> Option<(wire::Ticket, Option<Answer>)> {
        let kept = self.kept();
        let entry = kept.tickets.iter().find(|entry| entry.id == id)?;
        let state = match entry.answer {
            Some(_) => wire::State::Answered,
            None => wire::State::Waiting,
        };
        let ticket = wire::Ticket {
            id: self.text_of(id),
            name: entry.name.to_owned(),
            state,
            answer: entry.answer.as_ref().map(Into::into),
        };
        Some((ticket, entry.answer.clone()))
    }

    /// The identity of a ticket as text.
    pub(crate) fn text_of(&self, id: u64) -> String {
        format!("{}-c{id}", self.run)
    }

    /// The ticket of that text; `None` where it is of another run, or none at all.
    pub(crate) fn id_of(&self, text: &str) -> Option<u64> {
        let (run, id) = text.split_once("-c")?;
        (run == self.run.to_string()).then(|| id.parse().ok())?
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner) // Whole at every instant.
    }
}

impl Kept {
    /// Lets go of what is old and answered, and of the oldest answered beyond those that are kept.
    fn forget(&mut self, wall: Timestamp) {
        let is_old = |entry: &Entry| entry.answer.is_some() && entry.given + KEPT_FOR <= wall;
        self.tickets.retain(|entry| !is_old(entry));
        while self.tickets.len() >= KEPT {
            match self.tickets.iter().position(|entry| entry.answer.is_some()) {
                Some(oldest) => drop(self.tickets.remove(oldest)),
                None => break, // As many wait as the core's queue takes.
            }
        }
    }

    fn with_key(&self, key: &str) -> Option<&Entry> {
        self.tickets.iter().find(|entry| entry.retry.as_ref().is_some_and(|kept| kept.key == key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * 1_000_000_000)
    }

    fn retry(key: &str, body: &str) -> Option<Retry> {
        Some(Retry { key: key.to_owned(), body: body.into() })
    }

    #[test]
    fn a_request_that_is_sent_again_gets_the_ticket_that_it_had() {
        let tickets = Tickets::new(1);
        let first = tickets.open("step", retry("a", "{}"), at(0)).unwrap();
        assert_eq!(first, Opened::New(1));
        assert_eq!(tickets.open("step", retry("a", "{}"), at(599)).unwrap(), Opened::Known(1));
        assert_eq!(tickets.open("step", retry("b", "{}"), at(599)).unwrap(), Opened::New(2));
        assert_eq!(tickets.open("step", None, at(599)).unwrap(), Opened::New(3));
        let other = tickets.open("step", retry("a", "{ }"), at(599)).unwrap_err();
        assert_eq!(other.code(), Code::BadBody);
    }

    #[test]
    fn an_answered_ticket_is_kept_ten_minutes_and_a_waiting_one_until_it_is_answered() {
        let tickets = Tickets::new(1);
        for name in ["pause", "step"] {
            let _ = tickets.open(name, None, at(0)).unwrap();
        }
        tickets.answer(1, Answer::Done);
        let _ = tickets.open("resume", None, at(599)).unwrap();
        assert!(tickets.ticket(1).is_some());
        let _ = tickets.open("resume", None, at(600)).unwrap();
        assert_eq!(tickets.ticket(1), None);
        assert_eq!(tickets.ticket(2).unwrap().0.state, wire::State::Waiting);
    }

    #[test]
    fn of_more_than_are_kept_the_oldest_answered_goes() {
        let tickets = Tickets::new(1);
        for id in 1..=KEPT as u64 {
            let _ = tickets.open("step", None, at(0)).unwrap();
            if id > 1 {
                tickets.answer(id, Answer::Done);
            }
        }
        let _ = tickets.open("step", None, at(0)).unwrap();
        assert!(tickets.ticket(1).is_some(), "it waits");
        assert_eq!(tickets.ticket(2), None);
        assert!(tickets.ticket(3).is_some());
    }

    #[test]
    fn a_ticket_of_another_run_is_none_of_this() {
        let tickets = Tickets::new(2);
        assert_eq!(tickets.text_of(7), "2-c7");
        assert_eq!(tickets.id_of("2-c7"), Some(7));
        for other in ["1-c7", "2-7", "c7", "2-cx", ""] {
            assert_eq!(tickets.id_of(other), None, "{other}");
        }
    }
}
