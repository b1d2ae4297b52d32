//! What vendors' clients make of the simulated exchange: stories, every fault at every place, campaigns.

mod faults;
mod seeds;
mod stories;
mod support;
mod table;
