//! Whole sessions as stories, through the public API only.
//!
//! [`Market`] holds the bars of a story in memory, [`Story`] is a session over them, and
//! [`Finished`] what came of it. A [`Recorder`] writes down what it hears, a [`Witness`] what can
//! be read at every instant, a [`Collector`] every bar. Stories name instants by the exchange's clock.

mod collector;
mod market;
mod recorder;
mod story;
mod witness;

pub use collector::{CollectedBar, Collection, Collector, Series};
pub use market::{Fault, Market, bar_at, flat};
pub use recorder::{Heard, HeardBar, Record, Recorder};
pub use story::{Finished, Story, at, config, dated, finish, minute, store_engine, sym, syms};
pub use witness::{Notes, Witness, symbol_print, view_print};
