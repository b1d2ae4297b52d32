//! A run as one HTML file that is opened by a double click: what happened, tables, drawings and charts.
//!
//! [`page`] takes a [`Run`] and returns the file. It asks for nothing, from nowhere: its style, its
//! script and its data are in it. Text and tables are plain HTML, which is read, searched and printed
//! without the script; the script draws the large chart, of bars that a [`Shelf`] has kept as the run
//! went.
//!
//! The front end is built by `cargo xtask page` out of `web/src`; what it is built to is committed, so that
//! nobody needs node to build the crate.
//!
//! Not here: files, the run itself, the report as JSON (`openbell-wire`) or for a terminal (`openbell`).

mod assets;
mod chart;
mod curve;
mod gate;
mod markup;
mod moment;
mod page;
mod run;
mod section;
mod svg;
mod table;

pub use chart::{Bars, Shelf, ShelfPlan};
pub use page::page;
pub use run::{AccountStory, EquityAt, FillAt, RejectedAt, Run};

/// The examples of the crate's README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
