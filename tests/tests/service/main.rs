//! A run that is served: what is answered to whom, and that nobody who asks changes it.

mod admission;
mod bars;
mod client;
mod commands;
mod connections;
mod digests;
mod nonsense;
mod served_run;
mod state;
mod streams;
