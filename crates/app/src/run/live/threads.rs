//! The threads of a live run: each with a name, all of them waited for.

use std::thread::{self, JoinHandle};

use crate::exit::{Exit, Failure};

/// Threads that run beside the core.
#[derive(Default)]
pub(super) struct Threads {
    running: Vec<JoinHandle<Result<(), Failure>>>,
}

impl Threads {
    /// Runs `work` on a thread of that name.
    pub(super) fn run(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<(), Failure> + Send + 'static,
    ) -> Result<(), Failure> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work).map_err(|error| {
            Failure::new(Exit::RunFailed, error).of(format!("cannot start the thread {name:?}"))
        })?;
        self.running.push(thread);
        Ok(())
    }

    /// Waits for all of them.
    ///
    /// # Errors
    ///
    /// The first failure among them.
    pub(super) fn join(self) -> Result<(), Failure> {
        let mut first = Ok(());
        for thread in self.running {
            match thread.join() {
                Ok(ended) => first = first.and(ended),
                Err(panicked) => std::panic::resume_unwind(panicked),
            }
        }
        first
    }
}
