//! One consumer that is registered: how it is reached, what it wants, and what it has done so far.

use std::sync::Arc;

use openbell_config::OnError;

use crate::consumers::closings::Wanted;
use crate::consumers::consumer::{CallWindow, Consumer};
use crate::consumers::mailbox::{Lost, Mailbox};
use crate::consumers::notice::Posted;
use crate::consumers::subscription::Subscription;
use crate::consumers::worker::{Delivery, LockStep};
use crate::trading::order::StrategyIdx;

/// How one consumer is reached.
pub(crate) enum Endpoint {
    Inline(Box<dyn Consumer>),
    LockStep(Arc<LockStep>),
    Free(Arc<Mailbox<Posted>>),
}

pub(super) struct Registered {
    pub(super) name: String,
    pub(super) subscription: Subscription,
    pub(super) wanted: Arc<Wanted>,
    pub(super) windows: Vec<CallWindow>,
    pub(super) on_error: OnError,
    /// The signals that it may give; absent where nobody has said, and any may come.
    pub(super) emits: Option<Vec<String>>,
    /// Whether it is a strategy of the session file.
    pub(super) is_strategy: bool,
    pub(super) endpoint: Endpoint,
    /// Whose account it orders from, where it has one.
    pub(super) strategy: Option<StrategyIdx>,
    /// Whether its lock-step worker has work that was not waited for yet.
    pub(super) is_given: bool,
    /// Why it is called no more.
    pub(super) failure: Option<String>,
    pub(super) n_signals: u64,
    pub(super) n_commands: u64,
    pub(super) lost: Lost,
}

impl Registered {
    pub(super) fn delivery(&self) -> Delivery {
        match self.endpoint {
            Endpoint::Inline(_) => Delivery::Inline,
            Endpoint::LockStep(_) => Delivery::LockStep,
            Endpoint::Free(_) => Delivery::Free,
        }
    }

    pub(super) fn runs(&self) -> bool {
        self.failure.is_none()
    }
}
