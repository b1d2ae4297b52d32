//! What whoever asks why a consumer hears nothing is told of it.

use std::sync::Arc;

use super::{Consumers, Endpoint};
use crate::consumers::mailbox::Standing;
use crate::control::facts::{ConsumerFacts, QueueFacts};

impl Consumers {
    /// The consumer that was registered last, for whoever asks why it hears nothing.
    pub(crate) fn last_facts(&self) -> Option<ConsumerFacts> {
        let last = self.consumers.last()?;
        let subscription = last.subscription.clone();
        let queue = match &last.endpoint {
            Endpoint::Inline(_) | Endpoint::LockStep(_) => None,
            Endpoint::Free(mailbox) => {
                let mailbox = Arc::clone(mailbox);
                Some(Arc::new(move || queue_facts(mailbox.as_it_stands())) as Arc<_>)
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

fn queue_facts(Standing { n_waiting, n_displaced, is_full }: Standing) -> QueueFacts {
    QueueFacts { n_waiting, n_displaced, is_full }
}
