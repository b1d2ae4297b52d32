//! Vendors and the simulated exchange over sockets of this machine: what is lost, broken, slow or
//! untrusted there, and that the bars are all there afterwards.
//!
//! Waits are for events. A test whose event does not come fails after a minute.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // Tests start threads.

mod clock;
mod courier;
mod faults;
mod secrets;
mod session;
mod sim;
mod stopping;
mod trust;
