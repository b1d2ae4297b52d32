//! The parts of the page, from the top down, each a function from the run to markup.

pub(crate) mod accounts;
pub(crate) mod charts;
pub(crate) mod consumers;
pub(crate) mod foot;
pub(crate) mod gate;
pub(crate) mod head;
pub(crate) mod quality;
pub(crate) mod sessions;
pub(crate) mod signals;
pub(crate) mod symbols;

use std::fmt::Write as _;

/// Opens a part that a reader can be sent to.
fn begin(id: &str, title: &str, out: &mut String) {
    let _ = writeln!(out, "<section id=\"{id}\"><h2>{title}</h2>"); // Writing into a string does not fail.
}

fn end(out: &mut String) {
    out.push_str("</section>\n");
}
