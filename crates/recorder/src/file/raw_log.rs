//! All that went to a vendor and came from it, as text: packed files beside a recording, one a line and
//! hour. They are for disputes and for samples; nothing reads them again.
//!
//! Not here: what is said over lines, and whose secrets are left out of it (`openbell-vendors`).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use openbell_time::Timestamp;

use super::keeper::Kept;
use crate::disk::{self, PackedFile};
use crate::error::RecorderError;

/// The folder of the files, in that of a session.
const FOLDER: &str = "raw";

/// Which way something went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// To the vendor.
    Sent,
    /// From the vendor.
    Heard,
}

/// What went to a vendor, and came from it.
pub struct RawLog {
    kept: Arc<Kept>,
    /// The open file of each line, with its folder and hour.
    files: BTreeMap<String, (PathBuf, String, PackedFile)>,
}

impl RawLog {
    pub(super) fn new(kept: Arc<Kept>) -> RawLog {
        RawLog { kept, files: BTreeMap::new() }
    }

    /// Writes what was sent or heard at the instant `at` over `line`, into
    /// `raw/<line>-<hour>.log.gz` of the session that is recorded: the instant in nanoseconds, `>` or
    /// `<`, and the text, apart by tabs, in one line.
    ///
    /// *Cost*: without waiting for the medium.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn write(
        &mut self,
        line: &str,
        at: Timestamp,
        direction: Direction,
        text: &str,
    ) -> Result<(), RecorderError> {
        let (folder, hour) = (self.kept.folder().join(FOLDER), hour_of(at));
        let is_there =
            |(known, begun, _): &(PathBuf, String, _)| *known == folder && *begun == hour;
        if !self.files.get(line).is_some_and(is_there) {
            let file = begin(&folder, line, &hour)?;
            if let Some((.., ended)) = self.files.insert(line.to_owned(), (folder, hour, file)) {
                ended.finish()?;
            }
        }
        let Some((.., file)) = self.files.get_mut(line) else { return Ok(()) };
        let way = match direction {
            Direction::Sent => '>',
            Direction::Heard => '<',
        };
        let text = text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
        file.write(&format!("{}\t{way}\t{text}\n", at.as_nanos()))
    }

    /// What was written so far can be read by whoever opens the files: to be called once a second.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn flush(&mut self) -> Result<(), RecorderError> {
        self.files.values_mut().try_for_each(|(.., file)| file.flush())
    }

    /// Ends all files.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn finish(self) -> Result<(), RecorderError> {
        self.files.into_values().try_for_each(|(.., file)| file.finish())
    }
}

/// The hour of an instant, as it stands in names.
fn hour_of(at: Timestamp) -> String {
    at.to_string().chars().take("2026-11-30T14".len()).collect()
}

/// Begins the file of a line; one of a process before is left as it is.
fn begin(folder: &std::path::Path, line: &str, hour: &str) -> Result<PackedFile, RecorderError> {
    disk::create_folders(folder)?;
    let names = (1_u32..).map(|n| match n {
        1 => format!("{line}-{hour}.log.gz"),
        n => format!("{line}-{hour}-{n}.log.gz"),
    });
    let mut paths = names.map(|name| folder.join(name));
    let path = paths.find(|path| !disk::is_file(path)).unwrap_or_else(|| folder.join(line));
    PackedFile::create(&path)
}
