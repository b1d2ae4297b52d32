//! Checkpoints of a run, each in the recording of the session that it was taken after: from which look on
//! the run goes on with it, or why there is none.
//!
//! Not here: what is kept in one ([`openbell_coordinator::Checkpoint`]).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use openbell_coordinator::{Checkpoint, CheckpointError, NoCheckpoint};
use openbell_market::{BarInterval, Symbol};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::folder::INPUTS;
use super::raw::intervals_text;
use super::reader::RecordingReader;
use super::schema::{database, unwritten};
use crate::error::RecorderError;

/// The table: made with the first checkpoint, so that recordings without are what they were. A row without
/// bytes says why there is no checkpoint of that close.
const TABLE: &str = "
CREATE TABLE IF NOT EXISTS checkpoint(
  look INTEGER PRIMARY KEY, session TEXT NOT NULL, offers TEXT NOT NULL, bytes BLOB, why TEXT);
";

/// The intervals that the source of a run has offered of each symbol.
pub(crate) type Offers = BTreeMap<Symbol, Vec<BarInterval>>;

/// A checkpoint of a recorded run.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct RecordedCheckpoint {
    /// The number of the last look that the run had taken.
    pub(crate) look: u64,
    pub(crate) checkpoint: Checkpoint,
    /// What the source had offered by then.
    pub(crate) offers: Offers,
}

/// What the recording of a session has of a checkpoint.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Found {
    /// The session has not closed, or was recorded by a program that keeps none.
    Nothing,
    /// There is none, and why.
    None(String),
    /// There is one.
    One(Box<RecordedCheckpoint>),
}

/// Writes what is known of a checkpoint behind the look `look`, in one transaction.
pub(super) fn write(
    connection: &Connection,
    path: &Path,
    (look, session): (u64, &str),
    offers: &Offers,
    checkpoint: &Result<Checkpoint, NoCheckpoint>,
) -> Result<(), RecorderError> {
    let offers: BTreeMap<&str, String> = offers
        .iter()
        .map(|(symbol, intervals)| (symbol.as_str(), intervals_text(intervals)))
        .collect();
    let offers = serde_json::json!(offers).to_string();
    let (bytes, why) = match checkpoint {
        Ok(checkpoint) => (Some(checkpoint.to_bytes()), None),
        Err(why) => (None, Some(why.to_string())),
    };
    let written = || {
        let behavior = TransactionBehavior::Immediate;
        let transaction = Transaction::new_unchecked(connection, behavior)?;
        transaction.execute_batch(TABLE)?;
        let insert = "INSERT OR REPLACE INTO checkpoint VALUES(?1, ?2, ?3, ?4, ?5)";
        transaction.execute(insert, params![look as i64, session, offers, bytes, why])?;
        transaction.commit()
    };
    written().map_err(|source| unwritten(path, look, source))
}

/// What the source of the run has offered by the end of the recording in `folder`: back to the last
/// checkpoint, which has what was offered before it.
pub(super) fn offers_by(folder: &Path, before: &[PathBuf]) -> Result<Offers, RecorderError> {
    let mut offers = Offers::new();
    let folders = std::iter::once(folder).chain(before.iter().rev().map(PathBuf::as_path));
    for folder in folders {
        let reader = RecordingReader::open_damaged(folder)?;
        for (symbol, intervals) in reader.offers()? {
            offers.entry(symbol).or_insert(intervals);
        }
        if let Ok(Found::One(found)) = reader.checkpoint() {
            for (symbol, intervals) in found.offers {
                offers.entry(symbol).or_insert(intervals);
            }
            break;
        }
    }
    Ok(offers)
}

impl RecordingReader {
    /// What it has of a checkpoint, the last where there are several.
    ///
    /// # Errors
    ///
    /// A checkpoint that is damaged. One of another form is none, and says so.
    pub(crate) fn checkpoint(&self) -> Result<Found, RecorderError> {
        let path = self.folder().join(INPUTS);
        let damaged = |look: i64, what: String| {
            RecorderError::damaged(&path, format!("the checkpoint behind look {look}: {what}"))
        };
        let Some((look, offers, bytes, why)) =
            self.checkpoint_row().map_err(|source| database(&path, source))?
        else {
            return Ok(Found::Nothing);
        };
        let Some(bytes) = bytes else { return Ok(Found::None(why.unwrap_or_default())) };
        let checkpoint = match Checkpoint::from_bytes(&bytes) {
            Ok(checkpoint) => checkpoint,
            Err(other @ CheckpointError::OtherForm { .. }) => {
                return Ok(Found::None(other.to_string()));
            }
            Err(error) => return Err(damaged(look, error.to_string())),
        };
        let offers = read_offers(&offers)
            .ok_or_else(|| damaged(look, format!("no source offers {offers:?}")))?;
        Ok(Found::One(Box::new(RecordedCheckpoint { look: look as u64, checkpoint, offers })))
    }

    #[expect(clippy::type_complexity, reason = "a row of the table, as it stands there")]
    fn checkpoint_row(
        &self,
    ) -> rusqlite::Result<Option<(i64, String, Option<Vec<u8>>, Option<String>)>> {
        let connection = self.connection();
        let table = "SELECT count(*) FROM sqlite_master WHERE name = 'checkpoint'";
        let n_tables: i64 = connection.query_row(table, [], |row| row.get(0))?;
        if n_tables == 0 {
            return Ok(None);
        }
        // Behind the last look that is there: a checkpoint is committed after its look.
        let last = "SELECT look, offers, bytes, why FROM checkpoint ORDER BY look DESC LIMIT 1";
        connection
            .query_row(last, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            .optional()
    }
}

fn read_offers(text: &str) -> Option<Offers> {
    let read: BTreeMap<String, String> = serde_json::from_str(text).ok()?;
    let offers = read.into_iter().map(|(symbol, intervals)| {
        let intervals = intervals.split_whitespace().map(str::parse).collect::<Result<_, _>>();
        Some((symbol.parse().ok()?, intervals.ok()?))
    });
    offers.collect()
}
