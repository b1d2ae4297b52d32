//! A session file on disk, as the program and services read it: paths relative to the file, the calendar
//! overlay, the texts that modules name, the modules themselves, and every error as
//! `file:line:column`.
//!
//! [`SessionFile::load`] reads and checks one; [`SessionFile::engine`] is a run of it, ready to be
//! stepped; [`SessionFile::check_lookahead`] runs it again and again without its future.
//!
//! ```no_run
//! use std::ops::ControlFlow;
//! use std::path::Path;
//!
//! use openbell_coordinator::{Registry, run};
//! use openbell_session_file::SessionFile;
//! use openbell_time::SystemWall;
//!
//! let file = SessionFile::load(Path::new("session.json"))?;
//! let mut engine = file.engine(&Registry::new())?;
//! run(&mut engine, &SystemWall::new(), |_| ControlFlow::Continue(()));
//! println!("{}", engine.report().digest);
//! # Ok::<(), openbell_session_file::SessionFileError>(())
//! ```
//!
//! Not here: what a file may say (`openbell-config`, which is handed text), what is done with it
//! (`openbell-coordinator`), exit codes and hints on the command line (`openbell`).

mod error;
mod file;
mod lookahead;
mod modules;
mod places;
mod reading;
mod registered;

pub use error::{NotRegistered, SessionFileError};
pub use file::SessionFile;
pub use lookahead::FileRuns;
pub use modules::{FileModules, KeptTexts, ModuleTexts};
pub use registered::register;

/// The examples of the crate's README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
