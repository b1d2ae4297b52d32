//! The inputs of one step of a live run as values of their own, to be kept and handed out again.

use openbell_coordinator::{
    Digest, Heard, Loaded, Loading, Look, Occasion, Recording, RecordingError, SessionCommand,
    Waited,
};
use openbell_data_manager::{Link, Progress};
use openbell_market::{BarColumns, BarInterval, Symbol};
use openbell_time::{Timestamp, TradingDate};

/// What one feed handed over in a look; see [`Heard`].
#[derive(Clone, PartialEq, Debug)]
pub struct RecordedHeard {
    /// The symbol.
    pub symbol: Symbol,
    /// The interval of its rows.
    pub interval: BarInterval,
    /// Rows, as they arrived.
    pub rows: BarColumns,
    /// Rows that take the place of others.
    pub revisions: BarColumns,
    /// What the feed said of itself, or what is made of its link where its poll failed.
    pub said: Result<Progress, Link>,
}

/// The inputs of one step; see [`Look`].
#[derive(Clone, PartialEq, Debug)]
pub struct RecordedLook {
    /// The kind of step.
    pub occasion: Occasion,
    /// The looks of the run, this one included where it is one.
    pub step: u64,
    /// The steps since the inputs before at which there was nothing to do.
    pub waited: Option<Waited>,
    /// The instant of the wall clock.
    pub wall: Timestamp,
    /// The session.
    pub session: TradingDate,
    /// The feeds that were asked, in symbol order.
    pub heard: Vec<RecordedHeard>,
    /// The commands from outside that are taken in this step, in order.
    pub commands: Vec<SessionCommand>,
    /// What the source has said of symbols that were to be added since the inputs before.
    pub loading: Vec<Loading>,
    /// The symbols whose loading has ended by this look.
    pub loaded: Vec<Loaded>,
    /// The digest of the run before this step.
    pub digest: Digest,
    /// The entries of the event log before this step.
    pub n_events: u64,
}

impl RecordedHeard {
    /// A copy of what was heard.
    fn of(heard: &Heard<'_>) -> RecordedHeard {
        RecordedHeard {
            symbol: heard.symbol.clone(),
            interval: heard.interval,
            rows: heard.rows.clone(),
            revisions: heard.revisions.clone(),
            said: heard.said.cloned().map_err(Clone::clone),
        }
    }

    /// What differs from what is heard now; `None` where nothing does.
    fn difference(&self, now: &Heard<'_>) -> Option<&'static str> {
        if self.symbol != *now.symbol || self.interval != now.interval {
            return Some("the series that was asked");
        }
        if !are_same(&self.rows, now.rows) {
            return Some("its rows");
        }
        if !are_same(&self.revisions, now.revisions) {
            return Some("its revisions");
        }
        let said = self.said.as_ref();
        (said != now.said).then_some("what its feed said of itself")
    }
}

impl RecordedLook {
    /// A copy of the inputs of a step.
    pub fn of(look: &Look<'_>) -> RecordedLook {
        RecordedLook {
            occasion: look.occasion,
            step: look.step,
            waited: look.waited,
            wall: look.wall,
            session: look.session,
            heard: look.heard.iter().map(RecordedHeard::of).collect(),
            commands: look.commands.to_vec(),
            loading: look.loading.to_vec(),
            loaded: look.loaded.to_vec(),
            digest: look.digest,
            n_events: look.n_events,
        }
    }

    /// Hands it over to another recording.
    ///
    /// # Errors
    ///
    /// It could not be kept there.
    pub fn hand_to(&self, recording: &mut dyn Recording) -> Result<(), RecordingError> {
        let heard = self.heard.iter().map(|heard| Heard {
            symbol: &heard.symbol,
            interval: heard.interval,
            rows: &heard.rows,
            revisions: &heard.revisions,
            said: heard.said.as_ref(),
        });
        recording.look(&Look {
            occasion: self.occasion,
            step: self.step,
            waited: self.waited,
            wall: self.wall,
            session: self.session,
            heard: &heard.collect::<Vec<_>>(),
            commands: &self.commands,
            loading: &self.loading,
            loaded: &self.loaded,
            digest: self.digest,
            n_events: self.n_events,
        })
    }

    /// In what the step `now` differs from this one, in words; `None` where it is the same.
    pub fn difference(&self, now: &Look<'_>) -> Option<String> {
        let differs = |what: &str, recorded: &dyn std::fmt::Debug, now: &dyn std::fmt::Debug| {
            Some(format!("{what}: recorded {recorded:?}, now {now:?}"))
        };
        if self.digest != now.digest {
            return differs("the digest of the run before it", &self.digest, &now.digest);
        }
        if self.n_events != now.n_events {
            return differs("the number of events before it", &self.n_events, &now.n_events);
        }
        if self.session != now.session {
            return differs("the session", &self.session, &now.session);
        }
        let kind = |occasion, step, waited, wall| (occasion, step, waited, wall);
        let recorded = kind(self.occasion, self.step, self.waited, self.wall);
        let met = kind(now.occasion, now.step, now.waited, now.wall);
        if recorded != met {
            return differs("what is done", &recorded, &met);
        }
        if self.commands != now.commands {
            return differs("the commands", &self.commands, &now.commands);
        }
        if self.loading != now.loading {
            return differs("what the source said of symbols", &self.loading, &now.loading);
        }
        if self.loaded != now.loaded {
            return differs("the symbols that are loaded", &self.loaded, &now.loaded);
        }
        self.heard_difference(now.heard)
    }

    fn heard_difference(&self, now: &[Heard<'_>]) -> Option<String> {
        for (recorded, heard) in self.heard.iter().zip(now) {
            if let Some(what) = recorded.difference(heard) {
                let (known, met) = (&recorded.symbol, heard.symbol);
                return Some(format!("{what}: recorded of {known}, now of {met}"));
            }
        }
        let (recorded, met) = (self.heard.len(), now.len());
        (recorded != met).then(|| format!("the feeds asked: recorded {recorded}, now {met}"))
    }
}

/// Whether the rows are the same to the last bit, where what is no number is as good as another.
fn are_same(one: &BarColumns, other: &BarColumns) -> bool {
    let bits = |columns: &BarColumns| {
        let BarColumns { open, high, low, close, volume, .. } = columns;
        let all = [open, high, low, close, volume].into_iter().flatten();
        let bits = |value: &f64| if value.is_nan() { f64::NAN } else { *value }.to_bits();
        all.map(bits).collect::<Vec<u64>>()
    };
    one.opens_at_ns == other.opens_at_ns && bits(one) == bits(other)
}
