//! Snapshots as files: written beside, synced, renamed; the newest few are kept. What is in them is not known here.
//!
//! A file ends with the CRC-32 of what is before it, little-endian. One that is damaged is passed over.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Older ones are removed.
const KEPT: usize = 3;
const ENDING: &str = "snapshot";

/// The folder of an engine's snapshots.
#[derive(Debug, Clone)]
pub struct SnapshotFiles {
    folder: PathBuf,
}

impl SnapshotFiles {
    /// Snapshots live below the data folder.
    pub fn new(data_folder: &Path) -> Self {
        Self { folder: data_folder.join("snapshots") }
    }

    /// Saves the snapshot after record `seq`; on return it is on the disk.
    ///
    /// # Errors
    /// The file system failed; the snapshots that there were are untouched.
    pub fn save(&self, seq: u64, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let file = self.folder.join(format!("{seq:020}.{ENDING}"));
        let temporary = file.with_extension("new");
        let mut opened = File::create(&temporary)?;
        opened.write_all(bytes)?;
        opened.write_all(&crc32fast::hash(bytes).to_le_bytes())?;
        opened.sync_all()?;
        fs::rename(&temporary, &file)?;
        File::open(&self.folder)?.sync_all()?;
        for old in self.files()?.iter().rev().skip(KEPT) {
            fs::remove_file(old)?;
        }
        Ok(())
    }

    /// The newest snapshot that is whole, if there is one.
    pub fn newest(&self) -> Option<Vec<u8>> {
        let files = self.files().ok()?;
        files.iter().rev().find_map(|it| whole(fs::read(it).ok()?))
    }

    /// Oldest first: the names hold the sequence number in full width.
    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|it| it == ENDING) {
                files.push(path);
            }
        }
        files.sort_unstable();
        Ok(files)
    }
}

/// What is before the checksum, if they fit each other.
fn whole(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let (contents, checksum) = bytes.split_last_chunk()?;
    let fits = crc32fast::hash(contents) == u32::from_le_bytes(*checksum);
    bytes.truncate(contents.len());
    fits.then_some(bytes)
}

#[cfg(test)]
mod tests;
