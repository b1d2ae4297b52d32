//! The one place that reads files beside the store: the session file, and those that it names.
#![expect(
    clippy::disallowed_methods,
    reason = "a session file lies on disk, and so do the files that it names"
)]

use std::io;
use std::path::Path;

/// The bytes of the file at `path`.
pub(crate) fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path)
}

/// The text of the file at `path`.
pub(crate) fn text(path: &Path) -> io::Result<String> {
    std::fs::read_to_string(path)
}
