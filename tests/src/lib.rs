//! Whole sessions as stories, through the public API only.
//!
//! [`Market`] holds the bars of a story in memory, [`Story`] is a session over them, and
//! [`Finished`] what came of it. Stories name instants by the exchange's clock.

mod market;
mod story;

pub use market::{Market, bar_at, flat};
pub use story::{Finished, Story, at, config, finish, store_engine};
