//! What is still to be given back where a run goes on from a checkpoint, and why it cannot.

use openbell_market::{BarInterval, Symbol};
use openbell_time::TradingDate;
use thiserror::Error;

use crate::consumers::saving::SavedConsumer;
use crate::error::RunError;
use crate::saved::NotRestored;

/// Why a run cannot go on from a checkpoint.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The run has begun.
    #[error("the run has begun, and can go on from nowhere else")]
    HasBegun,
    /// The checkpoint is of a live run and this is a replay, or the other way round.
    #[error("the checkpoint of the session of {session} is that of a {} run", if *.is_live { "live" } else { "replayed" })]
    OtherKind {
        /// Its session.
        session: TradingDate,
        /// Whether it is of a live run.
        is_live: bool,
    },
    /// The sessions of the run are not those of the checkpoint.
    #[error("the session of {session} is no session of this run that another one follows")]
    OtherSessions {
        /// The session of the checkpoint.
        session: TradingDate,
    },
    /// The checkpoint cannot be read.
    #[error("the checkpoint cannot be read: {0}")]
    Damaged(#[from] NotRestored),
    /// The bars that a session of the run closed with are not there any more.
    #[error(
        "{symbol} had {needed} {interval} bars in the session of {session}, and {found} are there now, or others"
    )]
    BarsChanged {
        /// The symbol.
        symbol: Symbol,
        /// The base interval.
        interval: BarInterval,
        /// The session.
        session: TradingDate,
        /// The bars that it had.
        needed: usize,
        /// Those that are there.
        found: usize,
    },
    /// A trailing window holds other bars than it held.
    #[error("the {interval} bars of {symbol} on {session} are not those that were read before")]
    WindowChanged {
        /// The symbol.
        symbol: Symbol,
        /// The interval of the window.
        interval: BarInterval,
        /// The session.
        session: TradingDate,
    },
    /// Indicators that are made again from history are not what they were.
    #[error(
        "the indicators of {symbol}, made again from its history, are not those of the close of {session}: that history has changed"
    )]
    IndicatorsChanged {
        /// The symbol.
        symbol: Symbol,
        /// The session of the checkpoint.
        session: TradingDate,
    },
    /// History cannot be read.
    #[error(transparent)]
    Run(#[from] Box<RunError>),
    /// A consumer of the checkpoint is not registered.
    #[error("consumer {name} was there at the checkpoint, and is not now")]
    NoConsumer {
        /// Its name.
        name: String,
    },
    /// A consumer is registered that the checkpoint does not know.
    #[error("consumer {name} was not there at the checkpoint")]
    NewConsumer {
        /// Its name.
        name: String,
    },
    /// A consumer cannot take back what it saved.
    #[error("consumer {name} cannot take back what it saved: {why}")]
    Consumer {
        /// Its name.
        name: String,
        /// What it said.
        why: String,
    },
    /// There were accounts and are none, or the other way round.
    #[error("{}", if *.had { "there were accounts at the checkpoint, and there are none now" } else { "there were no accounts at the checkpoint, and there are some now" })]
    OtherAccounts {
        /// Whether there were some.
        had: bool,
    },
    /// The accounts cannot take back what they saved.
    #[error("the accounts cannot take back what they saved: {why}")]
    Accounts {
        /// What is wrong.
        why: NotRestored,
    },
}

/// What is still to be given back to consumers and accounts, as they come.
pub(super) struct Resuming {
    pub(super) consumers: Vec<SavedConsumer>,
    pub(super) accounts: Option<Vec<u8>>,
    pub(super) has_accounts: bool,
    /// What has gone wrong so far.
    pub(super) failure: Option<RestoreError>,
}

impl Resuming {
    pub(super) fn fail(&mut self, failure: RestoreError) {
        self.failure.get_or_insert(failure);
    }

    /// Whether all is as it was.
    pub(super) fn finish(mut self) -> Result<(), RestoreError> {
        if let Some(missing) = self.consumers.first() {
            let name = missing.name.clone();
            self.fail(RestoreError::NoConsumer { name });
        }
        if self.accounts.is_some() {
            self.fail(RestoreError::OtherAccounts { had: true });
        }
        self.failure.map_or(Ok(()), Err)
    }
}
