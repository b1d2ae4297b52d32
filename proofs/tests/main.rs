//! The board's threads in every order under loom, with `--cfg loom` as `cargo xtask models` builds
//! it; without, the programs that the compiler must refuse.

#[cfg(loom)]
mod board;
#[cfg(not(loom))]
mod refused;
#[cfg(loom)]
#[path = "../../crates/session-data/tests/sample/mod.rs"]
mod sample;
#[cfg(loom)]
mod segment;
