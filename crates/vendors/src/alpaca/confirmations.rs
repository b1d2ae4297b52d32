//! Which series a list of subscriptions confirms. Alpaca numbers nothing: it answers each message, in
//! order, with all that is subscribed by then.

use std::collections::VecDeque;

use openbell_market::SeriesKey;

/// What a line was asked for and has not answered.
#[derive(Default, Debug)]
pub(super) struct Confirmations(VecDeque<Asked>);

#[derive(Debug)]
enum Asked {
    For(Vec<SeriesKey>),
    ToEnd,
}

/// What a list says of a series.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Confirmed {
    /// It is in it.
    Subscribed(SeriesKey),
    /// It was asked for, and is not in it.
    Missing(SeriesKey),
}

impl Confirmations {
    /// `keys` were asked for by one message. Where they had been asked for before and nothing was
    /// said, nothing is waited for any more: the one list answers both.
    pub fn asked(&mut self, keys: &[SeriesKey]) {
        self.0.retain_mut(|asked| match asked {
            Asked::For(before) => {
                before.retain(|key| !keys.contains(key));
                !before.is_empty()
            }
            Asked::ToEnd => true,
        });
        self.0.push_back(Asked::For(keys.to_vec()));
    }

    /// Some were given back by one message.
    pub fn given_back(&mut self) {
        self.0.push_back(Asked::ToEnd);
    }

    /// Whether series were asked for, and nothing was said.
    pub fn is_waiting(&self) -> bool {
        self.0.iter().any(|asked| matches!(asked, Asked::For(_)))
    }

    /// A list has come; `has` says what is in it.
    ///
    /// It answers the first message. Should one that gives back not be answered, the list of the
    /// next one is known by its containing all that was asked for.
    pub fn list(&mut self, has: impl Fn(&SeriesKey) -> bool) -> Vec<Confirmed> {
        let mut is_answer = true;
        while let Some(Asked::ToEnd) = self.0.front() {
            self.0.pop_front();
            is_answer = false;
        }
        let Some(Asked::For(keys)) = self.0.pop_front_if(|asked| match asked {
            Asked::For(keys) => is_answer || keys.iter().all(&has),
            Asked::ToEnd => false,
        }) else {
            return Vec::new();
        };
        let confirmed =
            |key| if has(&key) { Confirmed::Subscribed(key) } else { Confirmed::Missing(key) };
        keys.into_iter().map(confirmed).collect()
    }

    /// The first message that asks for something was refused: yields what it asked for.
    pub fn refused(&mut self) -> Vec<SeriesKey> {
        let first = self.0.iter().position(|asked| matches!(asked, Asked::For(_)));
        match first.and_then(|at| self.0.remove(at)) {
            Some(Asked::For(keys)) => keys,
            _ => Vec::new(),
        }
    }
}
