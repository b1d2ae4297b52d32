//! The files of a recording beside its database: folders, heads, locks. The only file of this crate
//! that touches the file system by itself; `SQLite` has its own.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the folders and heads of recordings are read and written here"
)]

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::error::{FileAction, RecorderError};

/// Makes a folder and those above it, where they are not there; they are on the medium then.
pub(crate) fn create_folders(folder: &Path) -> Result<(), RecorderError> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|above| !above.is_dir()).collect();
    std::fs::create_dir_all(folder).map_err(|source| failed(FileAction::Create, folder, source))?;
    missing.iter().try_for_each(|made| above(made).map_or(Ok(()), sync_folder))
}

/// The folder that has the name of this one.
fn above(path: &Path) -> Option<&Path> {
    let above = path.parent()?;
    Some(if above.as_os_str().is_empty() { Path::new(".") } else { above })
}

/// The path from the root on.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, RecorderError> {
    std::path::absolute(path).map_err(|source| failed(FileAction::Read, path, source))
}

/// Gives a folder another name beside it; it has it on the medium then.
pub(crate) fn rename_folder(from: &Path, to: &Path) -> Result<(), RecorderError> {
    std::fs::rename(from, to).map_err(|source| failed(FileAction::Rename, from, source))?;
    above(to).map_or(Ok(()), sync_folder)
}

/// Whether there is a file of that name.
pub(crate) fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// The text of a file; `None` where there is none.
pub(crate) fn read(path: &Path) -> Result<Option<String>, RecorderError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed(FileAction::Read, path, source)),
    }
}

/// Writes a file that appears whole or not at all, and is on the medium then.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), RecorderError> {
    let unfinished = path.with_extension("tmp");
    let written = File::create(&unfinished).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|source| failed(FileAction::Write, &unfinished, source))?;
    std::fs::rename(&unfinished, path).map_err(|source| failed(FileAction::Write, path, source))?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Removes a folder with all that is in it.
pub(crate) fn remove_folder(folder: &Path) -> Result<(), RecorderError> {
    std::fs::remove_dir_all(folder).map_err(|source| failed(FileAction::Remove, folder, source))
}

/// The size of all files in a folder.
pub(crate) fn n_bytes_in(folder: &Path) -> Result<u64, RecorderError> {
    let read = |source| failed(FileAction::Read, folder, source);
    let mut n_bytes = 0;
    for entry in std::fs::read_dir(folder).map_err(read)? {
        n_bytes += self::n_bytes(&entry.map_err(read)?.path());
    }
    Ok(n_bytes)
}

/// Removes a file, where it is there.
pub(crate) fn remove_file(path: &Path) -> Result<(), RecorderError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(|source| failed(FileAction::Remove, path, source)),
    }
}

/// Brings the names in a folder to the medium.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), RecorderError> {
    // Only Unix lets a folder be opened.
    let synced = if cfg!(unix) { File::open(folder).and_then(|f| f.sync_all()) } else { Ok(()) };
    synced.map_err(|source| failed(FileAction::Sync, folder, source))
}

/// Brings what was written to a file to the medium. It must be none that `SQLite` locks: to close one of
/// those lifts its locks.
pub(crate) fn sync_file(path: &Path) -> Result<(), RecorderError> {
    let synced = OpenOptions::new().write(true).open(path).and_then(|file| file.sync_data());
    match synced {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()), // Nothing is written yet.
        other => other.map_err(|source| failed(FileAction::Sync, path, source)),
    }
}

/// A file of lines that grows.
#[derive(Debug)]
pub(crate) struct LinesFile {
    path: PathBuf,
    file: File,
}

impl LinesFile {
    /// Opens the file, made where there is none. Returns what it holds, as far as that is text, and how
    /// many bytes it has. The next line goes behind its end.
    pub(crate) fn open(path: &Path) -> Result<(LinesFile, String, u64), RecorderError> {
        let opened = OpenOptions::new().create(true).read(true).append(true).open(path);
        let mut file = opened.map_err(|source| failed(FileAction::Write, path, source))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|source| failed(FileAction::Read, path, source))?;
        let n_bytes = bytes.len() as u64;
        let n_text = std::str::from_utf8(&bytes).err().map_or(bytes.len(), |e| e.valid_up_to());
        bytes.truncate(n_text);
        let text = String::from_utf8(bytes).unwrap_or_default(); // It is, as far as it goes.
        Ok((LinesFile { path: path.to_owned(), file }, text, n_bytes))
    }

    /// Writes a line behind the others.
    pub(crate) fn append(&mut self, line: &str) -> Result<(), RecorderError> {
        let written = self.file.write_all(format!("{line}\n").as_bytes());
        written.map_err(|source| failed(FileAction::Write, &self.path, source))
    }

    /// Leaves the first `n_bytes` of it.
    pub(crate) fn cut(&mut self, n_bytes: u64) -> Result<(), RecorderError> {
        self.file.set_len(n_bytes).map_err(|source| failed(FileAction::Write, &self.path, source))
    }

    /// Brings it to the medium.
    pub(crate) fn sync(&self) -> Result<(), RecorderError> {
        self.file.sync_data().map_err(|source| failed(FileAction::Sync, &self.path, source))
    }
}

/// A packed file of text that grows.
#[derive(Debug)]
pub(crate) struct PackedFile {
    path: PathBuf,
    packed: GzEncoder<File>,
}

impl PackedFile {
    /// Makes the file.
    pub(crate) fn create(path: &Path) -> Result<PackedFile, RecorderError> {
        let file = File::create_new(path);
        let file = file.map_err(|source| failed(FileAction::Create, path, source))?;
        let packed = GzEncoder::new(file, Compression::fast());
        Ok(PackedFile { path: path.to_owned(), packed })
    }

    /// Writes behind what is there.
    pub(crate) fn write(&mut self, text: &str) -> Result<(), RecorderError> {
        let written = self.packed.write_all(text.as_bytes());
        written.map_err(|source| failed(FileAction::Write, &self.path, source))
    }

    /// What is written can be read.
    pub(crate) fn flush(&mut self) -> Result<(), RecorderError> {
        self.packed.flush().map_err(|source| failed(FileAction::Write, &self.path, source))
    }

    /// Ends the file.
    pub(crate) fn finish(self) -> Result<(), RecorderError> {
        let finished = self.packed.finish().map(drop);
        finished.map_err(|source| failed(FileAction::Write, &self.path, source))
    }
}

/// The size of a file; 0 where there is none.
pub(crate) fn n_bytes(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |facts| facts.len())
}

/// The names of the folders in a folder, sorted; none where it is not there.
pub(crate) fn folders(folder: &Path) -> Result<Vec<String>, RecorderError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(failed(FileAction::Read, folder, source)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| failed(FileAction::Read, folder, source))?;
        if let (true, Ok(name)) = (entry.path().is_dir(), entry.file_name().into_string()) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The right to write to a recording, held until it is dropped; the system takes it back from a
/// process that dies.
#[derive(Debug)]
pub(crate) struct WriteLock {
    _file: File,
}

/// Takes the lock of the recording in `folder`.
pub(crate) fn lock(folder: &Path) -> Result<WriteLock, RecorderError> {
    let path = folder.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|source| failed(FileAction::Lock, &path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(WriteLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(RecorderError::Locked { folder: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(FileAction::Lock, &path, source)),
    }
}

fn failed(action: FileAction, path: &Path, source: io::Error) -> RecorderError {
    RecorderError::File { action, path: path.to_owned(), source }
}
