//! Waiting: for a while, or for something for at most a while. No answer's data depends on it.

#![expect(clippy::disallowed_methods, reason = "timeouts and heartbeats of connections")]

use std::future::Future;
use std::time::Duration;

/// Waits so long.
pub(crate) async fn rest(length: Duration) {
    tokio::time::sleep(length).await;
}

/// What `work` yields; `None` where it takes longer.
pub(crate) async fn within<T>(length: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(length, work).await.ok() // An error says that the time is over.
}
