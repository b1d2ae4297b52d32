//! What a live run took in, kept step by step, and the same run again from it.
//!
//! Not here: what a look is (`openbell-coordinator`), what stands in the event log (`openbell`).

mod bars;
mod delivered;
mod difference;
mod disk;
mod error;
mod file;
mod history;
mod look;
mod memory;
mod replay;
mod run;

pub use bars::{SessionBars, StoredSeries, StoredSession, into_store, session_bars};
pub use delivered::DeliveredBars;
pub use difference::{RunDifference, RunDifferences};
pub use error::{FileAction, RecorderError};
pub use file::{
    Ahead, CommandForm, Direction, Durability, Head, Keeper, LogTail, ProcessRow, RawLog,
    RecordedLooks, RecordingReader, RecordingSetup, RecordingWriter, RunLog, RunLooks, RunSession,
    Summary, list, recordings_of, run_looks, run_sessions, session_folder,
};
pub use history::{HistoryRead, HistoryWatch};
pub use look::{RecordedHeard, RecordedLook};
pub use memory::MemoryRecording;
pub use replay::{HandedOut, Onward, Repeated, Replay, ReplayError};
pub use run::{
    Held, MovedAside, RecordedRun, RestartFrom, RunNow, Tidied, held, last_run, make_way, tidy,
};

/// The examples of the crate's README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
