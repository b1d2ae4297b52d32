//! The process and the program, for their metrics.

use openbell_time::Timestamp;
use openbell_wire::metrics::{BuildFigures, ProcessFigures};

use crate::memory;

/// What the program is.
pub(crate) fn build_figures() -> BuildFigures {
    BuildFigures {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        rustc: env!("OPENBELL_RUSTC").to_owned(),
        revision: String::new(),
    }
}

/// The process, as the system sees it, which began then; absent where the system does not say.
pub(crate) fn figures(began: Timestamp) -> Option<ProcessFigures> {
    Some(ProcessFigures {
        cpu_s: cpu_time::ProcessTime::now().as_duration().as_secs_f64(),
        resident_bytes: memory::of_line("VmRSS")?,
        n_open_fds: std::fs::read_dir("/proc/self/fd").ok()?.count() as u64,
        began_s: began.as_nanos() as f64 / 1e9,
    })
}
