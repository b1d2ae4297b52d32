//! Looks at the run while somebody streams, and tells all streams when there is something new: no
//! stream looks by itself, and where there is none nobody looks.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openbell_coordinator::Phase;
use openbell_time::Timestamp;
use tokio::sync::watch;

use crate::timer::rest;

/// From one look at the log to the next.
const LOOK_EACH: Duration = Duration::from_millis(10);
/// Looks from one look at the state to the next: four a second.
const STATE_EACH: u64 = 25;

/// What was seen last.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Seen {
    pub(crate) n_events: u64,
    pub(crate) state: Option<State>,
}

/// What of the state tells streams that it is another one.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct State {
    pub(crate) phase: Phase,
    pub(crate) is_paused: bool,
    pub(crate) clock: Option<Timestamp>,
    pub(crate) epoch: Option<u64>,
    pub(crate) publication: Option<u64>,
}

/// What is looked at.
pub(crate) trait Looked: Send + Sync + 'static {
    /// Events so far. *Cost*: one load.
    fn n_events(&self) -> u64;
    /// The state as it stands.
    fn state(&self) -> State;
}

/// Who looks.
pub(crate) struct Sampler {
    seen: watch::Sender<Seen>,
    streams: Mutex<Streams>,
}

#[derive(Default)]
struct Streams {
    n: usize,
    is_looking: bool,
}

/// A stream that is counted among those that look; dropped when it ends.
pub(crate) struct Watching {
    sampler: Arc<Sampler>,
    pub(crate) seen: watch::Receiver<Seen>,
}

impl Sampler {
    pub(crate) fn new() -> Arc<Sampler> {
        let seen = watch::Sender::new(Seen { n_events: 0, state: None });
        Arc::new(Sampler { seen, streams: Mutex::default() })
    }

    /// Streams at present.
    pub(crate) fn n_streams(&self) -> usize {
        self.streams().n
    }

    /// A further stream; `None` where `most` are there already.
    ///
    /// It is called within tokio's runtime: the first stream starts who looks.
    pub(crate) fn watch(
        self: &Arc<Sampler>,
        looked: Arc<dyn Looked>,
        most: usize,
    ) -> Option<Watching> {
        let mut streams = self.streams();
        if streams.n >= most {
            return None;
        }
        streams.n += 1;
        if !std::mem::replace(&mut streams.is_looking, true) {
            tokio::spawn(Arc::clone(self).look(looked));
        }
        Some(Watching { sampler: Arc::clone(self), seen: self.seen.subscribe() })
    }

    async fn look(self: Arc<Sampler>, looked: Arc<dyn Looked>) {
        for n_looks in 0_u64.. {
            {
                let mut streams = self.streams();
                if streams.n == 0 {
                    streams.is_looking = false;
                    return;
                }
            }
            let state = n_looks.is_multiple_of(STATE_EACH).then(|| looked.state());
            let n_events = looked.n_events();
            self.seen.send_if_modified(|seen| {
                let now = Seen { n_events, state: state.or(seen.state) };
                std::mem::replace(seen, now) != now
            });
            rest(LOOK_EACH).await;
        }
    }

    fn streams(&self) -> std::sync::MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner) // Two words, whole at every instant.
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.sampler.streams().n -= 1;
    }
}
