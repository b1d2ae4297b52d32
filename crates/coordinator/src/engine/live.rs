//! How rows come in a live session: when they come. No rule stands here.

use openbell_time::Timestamp;

/// How the rows of a live session come.
#[derive(Default)]
pub(super) struct Live {
    /// The last instant at which the feeds were looked at.
    pub(super) followed_at: Option<Timestamp>,
    /// Bars to be delivered, by close and position; recycled.
    pub(super) arrived: Vec<(i64, usize)>,
}
