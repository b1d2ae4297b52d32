//! The only file of this crate that touches the file system.
//!
//! Reading is plain functions. Writing goes through [`Disk`], so that a test can end a write at
//! any of its steps ([`crate::disk::AtomicFile`] says which there are).

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the store's files are read and written here"
)]

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::error::{DataError, IoAction};

/// One name in a folder.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) is_folder: bool,
}

/// What distinguishes one state of a file from another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FileState {
    pub(crate) n_bytes: u64,
    pub(crate) modified: Option<SystemTime>,
}

/// The names in a folder, sorted; names that are no UTF-8 are no names of ours and are left out.
pub(crate) fn list(folder: &Path) -> Result<Vec<Entry>, DataError> {
    let failed = |source| DataError::io(IoAction::List, folder, source);
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        // A link counts as what it leads to; of all others the folder itself says what they are.
        let kind = entry.file_type().map_err(failed)?;
        let is_folder = if kind.is_symlink() {
            std::fs::metadata(entry.path()).is_ok_and(|facts| facts.is_dir())
        } else {
            kind.is_dir()
        };
        entries.push(Entry { name, is_folder });
    }
    entries.sort();
    Ok(entries)
}

/// Whether there is a folder of that name.
pub(crate) fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// Whether there is a file of that name.
pub(crate) fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// The size of a file.
pub(crate) fn n_bytes(path: &Path) -> Result<u64, DataError> {
    let facts = std::fs::metadata(path);
    Ok(facts.map_err(|source| DataError::io(IoAction::Read, path, source))?.len())
}

/// A file that is open for reading at any place.
pub(crate) struct OpenFile(File);

impl OpenFile {
    /// Opens the file at `path`.
    pub(crate) fn open(path: &Path) -> io::Result<OpenFile> {
        Ok(OpenFile(File::open(path)?))
    }

    /// Its state: of the file that was opened, whatever has taken its place since.
    pub(crate) fn state(&self) -> io::Result<FileState> {
        let facts = self.0.metadata()?;
        Ok(FileState { n_bytes: facts.len(), modified: facts.modified().ok() }) // `None`: a system without times
    }

    /// The file from byte `offset` on.
    pub(crate) fn at(mut self, offset: u64) -> io::Result<impl Read + Send + 'static> {
        self.0.seek(SeekFrom::Start(offset))?;
        Ok(self.0)
    }

    /// Fills `bytes` with it from byte `offset` on.
    pub(crate) fn fill_at(mut self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.0.seek(SeekFrom::Start(offset))?;
        self.0.read_exact(bytes)
    }

    /// `n_bytes` of it from byte `offset` on.
    pub(crate) fn read_at(self, offset: u64, n_bytes: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(n_bytes);
        let n_read = self.at(offset)?.take(n_bytes as u64).read_to_end(&mut bytes)?;
        if n_read == n_bytes {
            Ok(bytes)
        } else {
            Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("{n_bytes} bytes were expected at byte {offset}, {n_read} are there"),
            ))
        }
    }
}

/// All bytes of a file.
#[cfg(test)]
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    std::fs::read(path).map_err(|source| DataError::io(IoAction::Read, path, source))
}

/// A file from its first byte on.
pub(crate) fn open(path: &Path) -> Result<impl Read + Send + 'static, DataError> {
    File::open(path).map_err(|source| DataError::io(IoAction::Read, path, source))
}

/// A file without a name, which is gone when it is closed.
pub(crate) type Scratch = File;

/// Makes a scratch file on the disk of `folder`.
pub(crate) fn scratch(folder: &Path) -> io::Result<Scratch> {
    tempfile::tempfile_in(folder)
}

/// Whether there is something at `path` that can be read once only: standard input, a pipe.
pub(crate) fn is_stream(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|facts| !facts.is_file() && !facts.is_dir())
}

/// What a stream holds, as a file that is removed when it is dropped.
pub(crate) fn spooled(path: &Path) -> Result<tempfile::TempPath, DataError> {
    let failed = |source| DataError::io(IoAction::Read, path, source);
    let mut spool = tempfile::NamedTempFile::new().map_err(failed)?;
    io::copy(&mut File::open(path).map_err(failed)?, spool.as_file_mut()).map_err(failed)?;
    Ok(spool.into_temp_path())
}

/// A file being written.
pub(crate) trait DiskFile: Write + Send {
    /// Brings all that was written to the medium.
    fn sync(&mut self) -> io::Result<()>;
}

/// The steps of which every write consists.
pub(crate) trait Disk: Send + Sync {
    /// Makes a folder and those above it, where they are not there.
    fn create_folders(&self, folder: &Path) -> io::Result<()>;
    /// Makes an empty file, or empties the one that is there.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file that is there, to write after its last byte.
    fn append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Gives a file another name, in one step; what had that name is gone.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Brings the names in a folder to the medium.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// The file system of the machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RealDisk;

impl DiskFile for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

impl Disk for RealDisk {
    fn create_folders(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(File::create(path)?))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(OpenOptions::new().append(true).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        // Only Unix lets a folder be opened; elsewhere the rename itself is durable.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }
}

/// The right to write to a store, held until it is dropped; the system takes it back from a process
/// that dies.
#[derive(Debug)]
pub(crate) struct WriteLock {
    _file: File,
}

/// Takes the lock of the store in `folder`.
pub(crate) fn lock(folder: &Path, name: &str) -> Result<WriteLock, DataError> {
    let path = folder.join(name);
    let failed = |source| DataError::io(IoAction::Lock, &path, source);
    let file =
        OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(WriteLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(DataError::StoreLocked { path: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Whether another writer holds the lock of the store in `folder`; no where the system does not say.
pub(crate) fn is_locked(folder: &Path, name: &str) -> bool {
    let file = File::open(folder.join(name));
    file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// The ending of files that are being written, and of those that a killed write has left.
pub(crate) const UNFINISHED: &str = ".tmp";

/// A file that appears whole or not at all.
///
/// Its steps: make the folders, make a hidden file beside the target, write, sync, rename over the
/// target, sync the folder. Dropped before [`AtomicFile::commit`], it removes what it has written.
pub(crate) struct AtomicFile {
    disk: Arc<dyn Disk>,
    target: PathBuf,
    unfinished: PathBuf,
    /// `None` while it is set aside, and when it is done.
    file: Option<Box<dyn DiskFile>>,
    is_done: bool,
}

impl AtomicFile {
    /// Begins the file that is to stand at `target`.
    pub(crate) fn create(disk: &Arc<dyn Disk>, target: &Path) -> Result<AtomicFile, DataError> {
        let folder = folder_of(target);
        disk.create_folders(folder)
            .map_err(|source| DataError::io(IoAction::Create, folder, source))?;
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let unfinished = folder.join(format!(".{name}{UNFINISHED}"));
        let file = disk
            .create(&unfinished)
            .map_err(|source| DataError::io(IoAction::Create, &unfinished, source))?;
        let (disk, target) = (disk.clone(), target.to_owned());
        Ok(AtomicFile { disk, target, unfinished, file: Some(file), is_done: false })
    }

    /// Closes the file for now; the next write opens it again. So thousands can be begun at once.
    pub(crate) fn set_aside(&mut self) {
        self.file = None;
    }

    /// The place at which it is to stand.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    fn file(&mut self) -> io::Result<&mut Box<dyn DiskFile>> {
        match &mut self.file {
            Some(file) => Ok(file),
            none => Ok(none.insert(self.disk.append(&self.unfinished)?)),
        }
    }

    /// Puts the file in its place.
    pub(crate) fn commit(mut self) -> Result<(), DataError> {
        self.file()
            .and_then(|file| file.flush().and_then(|()| file.sync()))
            .map_err(|source| DataError::io(IoAction::Sync, &self.unfinished, source))?;
        self.file = None;
        self.disk
            .rename(&self.unfinished, &self.target)
            .map_err(|source| DataError::io(IoAction::Rename, &self.unfinished, source))?;
        self.is_done = true;
        let folder = folder_of(&self.target);
        self.disk
            .sync_folder(folder)
            .map_err(|source| DataError::io(IoAction::Sync, folder, source))
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.file {
            Some(file) => file.flush(),
            None => Ok(()),
        }
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.is_done {
            self.file = None;
            // A leftover is found and named by verify; there is no caller to inform here.
            let _ = self.disk.remove(&self.unfinished);
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
