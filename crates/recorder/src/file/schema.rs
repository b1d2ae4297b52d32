//! The tables of a recording, its form and its mark: a public contract (docs/recording.md).

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::disk;
use crate::error::RecorderError;

/// The form of the tables. A reader refuses another one.
pub(crate) const FORM: i64 = 1;

/// What `PRAGMA application_id` says of a recording: the letters `obrc`.
const APPLICATION: i64 = 0x6f62_7263;

/// The tables. All but `series` and `process` are only ever appended to, in the order of looks.
///
/// Prices and volumes have no declared type: with one, `SQLite` would store -0.0 as 0.
const TABLES: &str = "
CREATE TABLE look(
  number INTEGER PRIMARY KEY, kind TEXT NOT NULL, step INTEGER NOT NULL, wall INTEGER NOT NULL,
  waited_first INTEGER, waited_last INTEGER, session TEXT NOT NULL, digest TEXT NOT NULL,
  n_events INTEGER NOT NULL, print INTEGER NOT NULL);
CREATE TABLE series(id INTEGER PRIMARY KEY, symbol TEXT NOT NULL, interval TEXT NOT NULL);
CREATE TABLE row(
  look INTEGER NOT NULL, series INTEGER NOT NULL, kind TEXT NOT NULL, opens_at INTEGER NOT NULL,
  open, high, low, close, volume);
CREATE TABLE mark(
  look INTEGER NOT NULL, series INTEGER NOT NULL, complete_through INTEGER, link TEXT NOT NULL,
  at INTEGER, more TEXT);
CREATE TABLE command(look INTEGER NOT NULL, command TEXT NOT NULL);
CREATE TABLE loading(look INTEGER NOT NULL, symbol TEXT NOT NULL, said TEXT NOT NULL, why TEXT);
CREATE TABLE history(
  look INTEGER NOT NULL, symbol TEXT NOT NULL, interval TEXT NOT NULL, since INTEGER NOT NULL,
  until INTEGER NOT NULL, n_rows INTEGER NOT NULL, print INTEGER NOT NULL);
CREATE TABLE offer(look INTEGER NOT NULL, symbol TEXT NOT NULL, intervals TEXT NOT NULL);
CREATE TABLE process(
  id INTEGER PRIMARY KEY, first_look INTEGER NOT NULL, began INTEGER, ended INTEGER, why TEXT,
  digest TEXT, form INTEGER NOT NULL, program TEXT NOT NULL);
";

/// Opens the file at `path` and makes it a recording without looks.
pub(crate) fn create(path: &Path) -> Result<Connection, RecorderError> {
    let made = || {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "application_id", APPLICATION)?;
        connection.pragma_update(None, "user_version", FORM)?;
        connection.execute_batch(&format!("BEGIN;{TABLES}COMMIT;"))?;
        connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?; // The tables are on the medium.
        Ok(connection)
    };
    made().map_err(|source| database(path, source))
}

/// Removes the file at `path`, where there is one, and those beside it.
pub(crate) fn remove(path: &Path) -> Result<(), RecorderError> {
    for ending in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        disk::remove_file(Path::new(&name))?;
    }
    Ok(())
}

/// Opens the recording at `path`, which is looked through for damage.
pub(crate) fn open(path: &Path, flags: OpenFlags) -> Result<Connection, RecorderError> {
    let connection =
        Connection::open_with_flags(path, flags).map_err(|source| database(path, source))?;
    let connection = identified(connection, path)?;
    let check = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    match check.map_err(|source| database(path, source))?.as_str() {
        "ok" => Ok(connection),
        found => Err(RecorderError::Damaged { path: path.to_owned(), found: found.to_owned() }),
    }
}

/// Opens the recording at `path` for reading, whole or not: also where the file is cut off.
pub(crate) fn open_damaged(path: &Path, flags: OpenFlags) -> Result<Connection, RecorderError> {
    let connection =
        Connection::open_with_flags(path, flags).map_err(|source| database(path, source))?;
    // Else a file with fewer pages than its head says is not read at all.
    let lenient = connection.pragma_update(None, "writable_schema", "on");
    lenient.map_err(|source| database(path, source))?;
    identified(connection, path)
}

/// Holds what the file says of itself against what is read.
fn identified(connection: Connection, path: &Path) -> Result<Connection, RecorderError> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let application = number("application_id").map_err(|source| database(path, source))?;
    if application != APPLICATION {
        let found = format!("an SQLite file of another program (application {application:#x})");
        return Err(RecorderError::Foreign { path: path.to_owned(), found });
    }
    let form = number("user_version").map_err(|source| database(path, source))?;
    if form != FORM {
        return Err(RecorderError::OtherForm { path: path.to_owned(), found: form, known: FORM });
    }
    Ok(connection)
}

/// Whether the recording at `path` has no look; an error where it is none.
pub(crate) fn has_no_looks(path: &Path) -> Result<bool, RecorderError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let n: rusqlite::Result<i64> =
        connection.query_row("SELECT count(*) FROM look", [], |row| row.get(0));
    n.map(|n| n == 0).map_err(|source| database(path, source))
}

/// What an error of `SQLite` means for a recording.
pub(crate) fn database(path: &Path, source: rusqlite::Error) -> RecorderError {
    let path = path.to_owned();
    // What stands in a column is of a kind that nobody has written there.
    let is_foreign = matches!(
        source,
        rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
    );
    if is_foreign {
        return RecorderError::Damaged { path, found: source.to_string() };
    }
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            RecorderError::Foreign { path, found: "it is no SQLite file".to_owned() }
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            RecorderError::Damaged { path, found: source.to_string() }
        }
        _ => RecorderError::Database { path, source },
    }
}

/// What it means that look `look` cannot be written.
pub(crate) fn unwritten(path: &Path, look: u64, source: rusqlite::Error) -> RecorderError {
    match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            RecorderError::Full { path: path.to_owned(), look, found: source.to_string() }
        }
        _ => database(path, source),
    }
}
