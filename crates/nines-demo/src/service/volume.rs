//! The folder of a service and its quota: writes beyond it fail as on a full disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::services::{DISK_BYTES_MAX, MIB};

/// The log is turned over at this size, and one old log is kept.
const LOG_BYTES_MAX: u64 = MIB;

/// How much one debug dump holds.
const DUMP_BYTES: u64 = 6 * MIB;

/// More files than a service ever has; beyond, they are not looked at.
const FILES_MAX: usize = 1024;

/// What the names of dumps begin with.
const DUMP_PREFIX: &str = "dump-";

/// A folder of which at most [`DISK_BYTES_MAX`] may be written.
#[derive(Debug)]
pub(super) struct Volume {
    folder: PathBuf,
    log: Mutex<Option<File>>,
}

impl Volume {
    /// Makes the folder, and removes the dumps that a killed process may have left.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let volume = Self { folder: folder.to_owned(), log: Mutex::new(None) };
        volume.remove_dumps()?;
        Ok(volume)
    }

    /// How much its files hold.
    pub(super) fn used_bytes(&self) -> io::Result<u64> {
        let mut used_bytes = 0;
        for entry in fs::read_dir(&self.folder)?.take(FILES_MAX) {
            // A file that has just been removed holds nothing.
            used_bytes += entry?.metadata().map_or(0, |it| it.len());
        }
        Ok(used_bytes)
    }

    /// Appends one line to the log of the service.
    pub(super) fn log(&self, line: &str) -> io::Result<()> {
        self.reserve(line.len() as u64 + 1)?;
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.folder.join("service.log");
        let file = match log.take() {
            Some(file) if file.metadata()?.len() < LOG_BYTES_MAX => file,
            Some(_) => {
                fs::rename(&path, self.folder.join("service.1.log"))?;
                open_log(&path)?
            }
            None => open_log(&path)?,
        };
        log.insert(file).write_all(format!("{line}\n").as_bytes())
    }

    /// Writes one more dump, at most as much as there is room for; says whether there was any.
    pub(super) fn write_dump(&self) -> io::Result<bool> {
        let bytes = DUMP_BYTES.min(DISK_BYTES_MAX.saturating_sub(self.used_bytes()?));
        if bytes == 0 {
            return Ok(false);
        }
        let number = self.dumps()?.len() + 1;
        let path = self.folder.join(format!("{DUMP_PREFIX}{number:04}.log"));
        fs::write(path, vec![b'.'; usize::try_from(bytes).unwrap_or(0)])?;
        Ok(true)
    }

    /// Removes all dumps.
    pub(super) fn remove_dumps(&self) -> io::Result<()> {
        self.dumps()?.into_iter().try_for_each(fs::remove_file)
    }

    fn dumps(&self) -> io::Result<Vec<PathBuf>> {
        let mut dumps = Vec::new();
        for entry in fs::read_dir(&self.folder)?.take(FILES_MAX) {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(DUMP_PREFIX) {
                dumps.push(entry.path());
            }
        }
        Ok(dumps)
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        if DISK_BYTES_MAX < self.used_bytes()? + bytes {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "the quota is used up"));
        }
        Ok(())
    }
}

fn open_log(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

#[cfg(test)]
mod tests;
