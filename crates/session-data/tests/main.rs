//! What readers see: stories, laws, and threads.

mod laws;
mod sample;
mod switches;
mod views;
