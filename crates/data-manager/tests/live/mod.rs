//! Live bars: the stories of what goes wrong between a vendor and the core, each with its values, and
//! laws over random outages. What stands at the other end is a market with a truth of its own.

mod clocks;
mod close;
mod door;
mod exchange;
mod laws;
mod lines;
mod seams;
mod untraded;
mod words;
mod world;
