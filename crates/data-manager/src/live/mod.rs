//! Live bars of vendors: what is the same for all of them, without a connection, a clock, a thread
//! or randomness of its own.
//!
//! Not here: a vendor's words (each is a [`Protocol`] of its own), sockets and requests (whoever runs
//! a [`Vendor`] carries them), what the engine makes of a feed.

mod asks;
mod door;
mod door_feed;
mod fetch;
mod line;
mod note;
mod order;
mod pace;
mod protocol;
pub(crate) mod rows;
mod seam;
mod settings;
mod skew;
mod traits;
mod vendor;

pub use door::{Delivery, Door, Evidence, Inlet, Wish};
pub use door_feed::DoorFeed;
pub use fetch::{Fetch, FetchEnd, Fetched, Missing, MissingCause, Step, Waiting, Wanted};
pub use note::Note;
pub use order::{AskId, Order};
pub use protocol::{
    Answer, AskFault, CloseCause, Closing, CountReach, DayCount, Doing, Doings, Frame, Heard,
    LineId, Outgoing, Protocol, Query, Request, Response,
};
pub use seam::Found;
pub use settings::Settings;
pub use traits::{
    ClosingProof, EmptyInterval, OrderPromise, Probe, Rate, Reach, VendorTraits, Winner,
};
pub use vendor::Vendor;
