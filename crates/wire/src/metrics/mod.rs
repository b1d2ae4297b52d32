//! The figures of a running session as Prometheus metrics.
//!
//! [`Figures`] are plain values; [`prometheus_text()`] writes them in the text format of version 0.0.4,
//! which a file that grows stale and a scrape by HTTP share. `docs/metrics.md` explains each
//! ([`CATALOGUE`] is the list): a name, a label and their meaning stay what they are.
//!
//! Labels are of closed lists, but for symbols, consumers, kinds of signals and connections. How many
//! symbols have series is [`SymbolSeries`]; kinds of signals and suspected topics beyond a hundred are
//! `other`. No path, host, key or text of a vendor is ever a label.
//!
//! Not here: who gathers the figures, the file, the server.

mod catalogue;
mod distribution;
mod figures;
mod page;

use std::sync::Arc;

use prometheus_client::encoding::prometheus_text;
use prometheus_client::registry::Registry;

pub use catalogue::{CATALOGUE, Kind, Metric, PHASES, REASONS};
pub use distribution::Distribution;
pub use figures::{
    BuildFigures, ConsumerFigures, FeedFigures, Figures, LiveFigures, ProcessFigures,
    RecordingFigures, RequestEnd, RunFigures, SessionFigures, SymbolFigures, SymbolSeries,
    VendorFigures,
};

/// So many kinds of signals, and so many symbols with suspected topics, have a series of their own.
pub const N_OWN: usize = 100;
/// The label of all beyond.
pub const OTHER: &str = "other";

/// The `Content-Type` of [`prometheus_text()`].
pub const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// The figures in Prometheus' text format.
///
/// *Shape*: each metric once, in the order of [`CATALOGUE`], with its HELP and TYPE lines; what is not
/// known is left out.
///
/// *Cost*: linear in the series; allocates.
///
/// ```
/// use openbell_wire::metrics::{Figures, RunFigures, prometheus_text};
///
/// let run = RunFigures { phase: "streaming", reason: Some("late"), ..RunFigures::default() };
/// let text = prometheus_text(Figures { run, ..Figures::default() });
/// assert!(text.contains("\nopenbell_session_active 0\n"));
/// assert!(text.contains("\nopenbell_session_inactive_reason{reason=\"late\"} 1\n"));
/// ```
pub fn prometheus_text(figures: impl Into<Arc<Figures>>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(page::Page(figures.into())));
    let mut text = String::new();
    // A String takes everything, and no figure refuses to be written.
    prometheus_text::encode(&mut text, &registry).expect("metrics are written into memory");
    text
}
