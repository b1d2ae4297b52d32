//! Recordings on disk: written, killed, damaged, read again.

#![expect(
    clippy::disallowed_methods,
    reason = "files of recordings are damaged here, and copied as a killed process leaves them"
)]

mod bars;
mod checkpoints;
mod damage;
mod files;
mod histories;
mod logs;
mod power_cut;
mod runs;
mod support;
