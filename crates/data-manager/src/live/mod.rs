//! Live bars of vendors: what is the same for all of them, without a connection, a clock, a thread
//! or randomness of its own.
//!
//! Not here: a vendor's words (each is a [`Protocol`] of its own), sockets and requests (whoever runs
//! a [`Vendor`] carries them), what the engine makes of a feed.

mod order;
mod protocol;
mod traits;

pub use order::{AskId, Order};
pub use protocol::{
    Answer, AskFault, CloseCause, Closing, Doing, Doings, Frame, Heard, LineId, Outgoing, Protocol,
    Query, Request, Response,
};
pub use traits::{
    ClosingProof, EmptyInterval, OrderPromise, Probe, Rate, Reach, VendorTraits, Winner,
};
