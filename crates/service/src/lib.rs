#![doc = include_str!("../README.md")]

mod accept;
mod answer;
mod asked;
mod bucket;
mod gatekeeper;
mod log;
mod problem;
mod query;
mod router;
mod routes;
mod sampler;
mod served;
mod settings;
mod shape;
mod snapshot;
mod tickets;
mod timer;
mod token;

pub use accept::serve;
pub use log::LogTap;
pub use router::router;
pub use served::{MoreFigures, Served, ServedRun};
pub use settings::Settings;
pub use token::{Role, TokenError, Tokens};
