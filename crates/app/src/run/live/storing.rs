//! What becomes of a session once it is closed: its bars go into the store, and recordings that are old
//! enough are deleted. On a thread of its own, so that the next session does not wait for it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use openbell_coordinator::with_causes;
use openbell_data_manager::StoreWriter;
use openbell_recorder::{RecorderError, Tidied, into_store, session_bars};
use openbell_time::TradingDate;

use super::recorded::Recorder;
use super::teller::Told;
use super::threads::Threads;
use crate::exit::Failure;
use crate::table::{bytes, count, counted};

/// What stores the bars of sessions.
pub(super) struct Storing {
    close: Sender<TradingDate>,
    /// Ends with its thread.
    ended: Receiver<()>,
}

impl Storing {
    /// A session is closed.
    pub(super) fn close(&self, session: TradingDate) {
        let _ = self.close.send(session); // Its thread lives as long as this.
    }

    /// Waits until all are stored.
    pub(super) fn finish(self) {
        drop(self.close);
        let _ = self.ended.recv(); // Nothing is sent.
    }
}

/// Stores the bars of the sessions that are closed, on a thread.
pub(super) fn store_sessions(
    recorder: &Arc<Recorder>,
    store: Option<PathBuf>,
    tell: Sender<Told>,
    threads: &mut Threads,
) -> Result<Storing, Failure> {
    let (close, closed): (Sender<TradingDate>, Receiver<TradingDate>) = channel();
    let (ending, ended) = channel();
    let recorder = Arc::clone(recorder);
    threads.run("store", move || {
        for session in closed {
            let mut lines = Vec::new();
            if let Some(store) = &store {
                lines.push(match stored(&recorder, session, store) {
                    Ok(line) => line,
                    Err(failure) => format!(
                        "warning: the bars of session {session} are not stored: {failure}; `openbell data \
                         import --recording {} --store {}` does it later",
                        recorder.folder(session).display(),
                        store.display()
                    ),
                });
            }
            lines.extend(tidied(&recorder, session));
            for line in lines {
                let _ = tell.send(Told::Line(line)); // Nobody listens once the run has ended.
            }
        }
        drop(ending);
        Ok(())
    })?;
    Ok(Storing { close, ended })
}

fn stored(recorder: &Recorder, session: TradingDate, store: &PathBuf) -> Result<String, Failure> {
    let bars = session_bars(&recorder.folder(session))?;
    let mut writer = StoreWriter::open(store)?;
    let merged = into_store(&bars, &mut writer)?;
    let counts = merged.counts();
    let mut line = format!(
        "session {session}: {} stored, {} updated, {} unchanged",
        counted(counts.added, "bar"),
        count(counts.updated),
        count(counts.unchanged)
    );
    for series in &merged.series {
        if let Err(error) = &series.merged {
            line = format!("{line}\nwarning: {} is not stored: {}", series.key, with_causes(error));
        }
    }
    Ok(line)
}

/// Deletes what is old enough. What stands in the way is said, and tried again at the next close.
fn tidied(recorder: &Recorder, session: TradingDate) -> Option<String> {
    let said = |error: RecorderError| format!("warning: no old recording is deleted: {error}");
    match recorder.tidy(session) {
        Ok(tidied) => {
            let told = tidied_words(&tidied, recorder.keep_days)?;
            let left = recorder.held().map(|held| {
                format!("; {} left, {}", counted(held.n_folders, "recording"), bytes(held.n_bytes))
            });
            Some(format!("{told}{}", left.unwrap_or_default())) // `Err`: of what was done all is said.
        }
        Err(error) => Some(said(error)),
    }
}

/// What was deleted, and what is old enough and stays; nothing where no recording is that old.
fn tidied_words(tidied: &Tidied, keep_days: u32) -> Option<String> {
    let counts = [
        (tidied.deleted.len(), "deleted"),
        (tidied.needed.len(), "kept, since the run goes on from there"),
        (tidied.not_stored.len(), "kept, since their bars are in no store"),
    ];
    let words = counts.iter().filter(|(n, _)| *n > 0);
    let words: Vec<String> = words
        .map(|(n, what)| {
            let n = counted(*n as u64, "recording");
            format!("{n} older than {keep_days} days {what}")
        })
        .collect();
    (!words.is_empty()).then(|| words.join("; "))
}
