//! What whoever asks why a consumer hears nothing is told of it.

use std::sync::Arc;

use super::{Consumers, Endpoint};
use crate::control::facts::ConsumerFacts;

impl Consumers {
    /// The consumer that was registered last, for whoever asks why it hears nothing.
    pub(crate) fn last_facts(&self) -> Option<ConsumerFacts> {
        let last = self.consumers.last()?;
        let subscription = last.subscription.clone();
        let queue = match &last.endpoint {
            Endpoint::Inline(_) | Endpoint::LockStep(_) => None,
            Endpoint::Free(mailbox) => {
                let mailbox = Arc::clone(mailbox);
                Some(Arc::new(move || mailbox.as_it_stands()) as Arc<_>)
            }
        };
        Some(ConsumerFacts {
            name: last.name.clone(),
            includes: Arc::new(move |symbol, interval| subscription.includes(symbol, interval)),
            queue,
            failure: None,
        })
    }
}
