//! The final bars of a recorded session, and their way into a store.
//!
//! Which rows are bars, and which of two of one stamp holds, is the engine's rule and stands there
//! alone: a run of nothing but the recorded series is given the rows in the order in which they came,
//! and its bars are read at the close. It depends on no history, module or digest, so that a recording
//! whose run cannot be repeated any more, or that is damaged, gives what can be read of it.
//!
//! Not here: how the store merges (`openbell-data-manager`).

mod admission;
mod mark;
mod merge;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openbell_coordinator::SessionCommand;
use openbell_market::{BarColumns, SeriesKey};

use crate::error::RecorderError;
use crate::file::{CommandForm, Head, RecordedLooks, RecordingReader};

pub(crate) use mark::is_stored;
pub use merge::{StoredSeries, StoredSession, into_store};

/// The final bars of one recorded session.
#[derive(Debug)]
pub struct SessionBars {
    /// The folder of the recording.
    pub folder: PathBuf,
    /// What was run.
    pub head: Head,
    /// The exchange group under which they are stored.
    pub exchange_group: String,
    /// The bars of each series: strictly ascending, with their last values.
    pub series: Vec<(SeriesKey, BarColumns)>,
    /// Rows that are no bars, by reason.
    pub rejected: BTreeMap<&'static str, u64>,
    /// The steps that were read.
    pub n_looks: u64,
    /// Why no more could be read, where the recording is damaged.
    pub damage: Option<RecorderError>,
}

/// The final bars of the session that is recorded in `folder`: for every series those of all that its
/// feed handed over in the session, late ones and revisions among them. Of a damaged recording those of
/// the steps before the damage.
///
/// A recording that is being written may be read.
///
/// # Errors
///
/// There is no recording, its head is wrong, or it names a session that cannot be laid out.
pub fn session_bars(folder: &Path) -> Result<SessionBars, RecorderError> {
    let Some(head) = Head::read(folder)? else {
        return Err(RecorderError::NotThere { folder: folder.to_owned() });
    };
    let mut bars = SessionBars {
        folder: folder.to_owned(),
        exchange_group: String::new(),
        series: Vec::new(),
        rejected: BTreeMap::new(),
        n_looks: 0,
        damage: None,
        head,
    };
    match looks_of(folder) {
        Ok((keys, looks)) => admission::admit(&mut bars, &keys, looks)?,
        Err(error @ RecorderError::Damaged { .. }) => bars.damage = Some(error),
        Err(other) => return Err(other),
    }
    Ok(bars)
}

fn looks_of(folder: &Path) -> Result<(Vec<SeriesKey>, RecordedLooks), RecorderError> {
    let reader = RecordingReader::open_damaged(folder)?;
    Ok((reader.series()?, reader.looks(Arc::new(AnyCommand))?))
}

/// Commands lead to no bars.
struct AnyCommand;

impl CommandForm for AnyCommand {
    fn text(&self, _: &SessionCommand) -> String {
        String::new()
    }

    fn command(&self, _: &str) -> Result<SessionCommand, String> {
        Ok(SessionCommand::Stop)
    }
}
