//! Names of files, and how a file comes into being: written aside, synced, renamed, folder synced.
//!
//! It must not know what is in them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The ending of files that are being written; found at start, they are removed.
pub(crate) const UNFINISHED: &str = "tmp";
/// The ending of files that were found damaged and are kept for people to look at.
pub(crate) const QUARANTINED: &str = "bad";
/// Names are numbers of this many digits, so that they sort.
const DIGITS: usize = 10;

/// `DIR/0000000007.wal`
pub(crate) fn numbered(dir: &Path, number: u64, extension: &str) -> PathBuf {
    dir.join(format!("{number:0DIGITS$}.{extension}"))
}

/// The same name with another ending after it.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// Sorted numbers of the files with this ending.
pub(crate) fn numbers(dir: &Path, extension: &str) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let stem = name.to_str().and_then(|it| it.strip_suffix(extension)?.strip_suffix('.'));
        numbers.extend(stem.and_then(|it| it.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Makes names in the folder survive the loss of power.
pub(crate) fn sync_folder(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Moves a damaged file out of the way; never over an earlier one.
pub(crate) fn quarantine(path: &Path) -> io::Result<PathBuf> {
    let mut moved_to = with_suffix(path, QUARANTINED);
    for number in 2_u64.. {
        if !moved_to.exists() {
            break;
        }
        moved_to = with_suffix(path, &format!("{number}.{QUARANTINED}"));
    }
    fs::rename(path, &moved_to)?;
    Ok(moved_to)
}

/// Removes a file that may be gone already.
pub(crate) fn remove_if_present(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
