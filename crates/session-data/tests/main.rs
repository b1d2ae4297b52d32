//! What readers see: stories, laws, and threads.

mod deadline;
mod laws;
mod sample;
mod switches;
mod views;
