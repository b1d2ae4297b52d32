//! What a live run took in, kept step by step, and the same run again from it.
//!
//! Not here: what a look is (`openbell-coordinator`), the event log (`openbell`).

mod disk;
mod error;
mod file;
mod look;
mod memory;
mod replay;

pub use error::{FileAction, RecorderError};
pub use file::{
    Ahead, CommandForm, Head, Keeper, ProcessRow, RecordedLooks, RecordingReader, RecordingSetup,
    RecordingWriter, Summary, Sync, list, recordings_of, run_looks, session_folder,
};
pub use look::{RecordedHeard, RecordedLook};
pub use memory::MemoryRecording;
pub use replay::{HandedOut, Onward, Repeated, Replay, ReplayError};

/// The examples of the crate's README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
