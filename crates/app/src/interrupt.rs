//! Ctrl-C: the first ends the run in order, the second the program.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openbell_coordinator::Handle;
use openbell_time::{SystemWall, WallClock};

use crate::exit::Exit;

/// Whether a person has asked for the end, and what is to be ended.
#[derive(Clone)]
pub(crate) struct Interrupt {
    is_asked: Arc<AtomicBool>,
    running: Arc<Mutex<Option<Running>>>,
}

/// What waits by `wall`, and is told by it; a run is told by its handle too.
struct Running {
    handle: Option<Handle>,
    wall: Arc<SystemWall>,
}

/// While it lives, an interruption stops that run, or ends that wait.
pub(crate) struct Listening(Interrupt);

impl Interrupt {
    /// Listens to the signals that ask a program to end.
    pub(crate) fn listen() -> Interrupt {
        let interrupt = Interrupt {
            is_asked: Arc::new(AtomicBool::new(false)),
            running: Arc::new(Mutex::new(None)),
        };
        let heard = interrupt.clone();
        let listening = ctrlc::set_handler(move || {
            if heard.is_asked.swap(true, Ordering::SeqCst) {
                std::process::exit(Exit::Interrupted.code().into());
            }
            match heard.running().as_ref() {
                Some(running) => {
                    if let Some(handle) = &running.handle {
                        drop(handle.stop()); // Its answer is the end of the run.
                    }
                    running.wall.wake();
                }
                None => std::process::exit(Exit::Interrupted.code().into()),
            }
        });
        if let Err(error) = listening {
            tracing::warn!("cannot listen to Ctrl-C: {error}; it ends the program at once");
        }
        interrupt
    }

    /// From now on an interruption stops the run of `handle`, which waits by `wall`.
    pub(crate) fn stops(&self, handle: Handle, wall: Arc<SystemWall>) -> Listening {
        *self.running() = Some(Running { handle: Some(handle), wall });
        Listening(self.clone())
    }

    /// From now on an interruption ends a wait by `wall` of what asks [`Interrupt::is_asked`].
    pub(crate) fn wakes(&self, wall: Arc<SystemWall>) -> Listening {
        *self.running() = Some(Running { handle: None, wall });
        Listening(self.clone())
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::SeqCst)
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        // One word is behind the lock, and whole at every instant.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        *self.0.running() = None;
    }
}
