//! What goes to a vendor and comes from it, kept on request beside the recording, on a thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, sync_channel};
use std::time::Duration;

use openbell_recorder::{Direction, RawLog, RecorderError};
use openbell_time::{SystemWall, WallClock};
use openbell_vendors::{Passage, Way};

use super::teller::Told;
use super::threads::Threads;
use crate::exit::Failure;
use crate::table::counted;

/// So much waits to be written; what comes then is counted, and nobody waits.
const N_WAITING: usize = 1 << 16;

/// How often what is written can be read.
const FLUSH_EACH: Duration = Duration::from_secs(1);

/// What hears of all that passes, and has it written to `log`. Where that fails it is told of once, and
/// nothing more is kept: the run does not need it.
pub(super) fn keeping(
    mut log: RawLog,
    tell: Sender<Told>,
    threads: &mut Threads,
) -> Result<impl Fn(&Passage) + Send + Sync + 'static, Failure> {
    let (keep, kept) = sync_channel::<Passage>(N_WAITING);
    let n_lost = Arc::new(AtomicU64::new(0));
    let lost = Arc::clone(&n_lost);
    threads.run("raw frames", move || {
        let wrote = (|| {
            loop {
                match kept.recv_timeout(FLUSH_EACH) {
                    Ok(passage) => write(&mut log, &passage)?,
                    Err(RecvTimeoutError::Timeout) => log.flush()?,
                    Err(RecvTimeoutError::Disconnected) => return log.finish(),
                }
                let n_lost = lost.swap(0, Ordering::Relaxed);
                if n_lost > 0 {
                    let said = format!("{} not kept: the disk is slow", counted(n_lost, "message"));
                    log.write("requests", SystemWall::new().now(), Direction::Heard, &said)?;
                }
            }
        })();
        if let Err(error) = wrote {
            let said = format!("what goes to the vendor is not kept any more: {error}");
            let _ = tell.send(Told::Line(said)); // Nobody listens once the run has ended.
        }
        Ok(())
    })?;
    Ok(move |passage: &Passage| {
        if keep.try_send(passage.clone()).is_err() {
            n_lost.fetch_add(1, Ordering::Relaxed);
        }
    })
}

fn write(log: &mut RawLog, passage: &Passage) -> Result<(), RecorderError> {
    let line = match passage.way {
        Way::Line(line) => format!("line-{}", line.0),
        Way::Requests => "requests".to_owned(),
    };
    let direction = if passage.is_heard { Direction::Heard } else { Direction::Sent };
    log.write(&line, passage.at, direction, &passage.text)
}
