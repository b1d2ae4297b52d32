//! A vendor's client against the simulated exchange, without a socket: the engine, the door, the client,
//! a network that delays, breaks and dies, and the exchange behind it.

mod kind;
mod laws;
mod network;
mod run;
mod scenario;
mod session;
mod soak;
mod socket_soak;
mod table;
mod topic;
mod truth;
mod weather;
mod world;

pub use kind::{VendorKind, short_days, short_time};
pub use laws::Judge;
pub use run::{VendorFigures, shrunk_vendor, simulate_vendor};
pub use scenario::{VendorScenario, hours};
pub use session::{Handed, Session, minute};
pub use soak::{Soak, SoakHour};
pub use socket_soak::{SocketHour, SocketSoak};
pub use table::fault_table;
pub use truth::truth;
pub use weather::{Trouble, Weather};
pub use world::{Making, World};
