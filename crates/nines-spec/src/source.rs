//! Files as text: finding them in a folder, and the limits on them.
//!
//! The only part of this crate that touches a disk. It must not know what the files mean.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The most files of one configuration.
pub const FILES_MAX: usize = 2_000;
/// The most bytes of one file.
pub const FILE_BYTES_MAX: usize = 1 << 20;
/// The deepest folder below the configuration folder.
pub const FOLDER_DEPTH_MAX: usize = 16;

/// One file of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Path below the configuration folder, with `/` as separator.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// What is wrong with a file before anybody reads its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    /// Left out.
    TooLarge { bytes: u64 },
    /// Kept with replacement characters; the first bad byte.
    NotUtf8 { at: usize },
    /// This file and all after it were left out.
    TooMany,
}

/// The files of a folder, sorted by path, and what is wrong with some of them.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) damages: Vec<(usize, Damage)>,
}

/// Why a configuration folder cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Nothing is there.
    #[error("the configuration folder {path:?} does not exist")]
    Missing {
        /// As it was given.
        path: PathBuf,
    },
    /// Something in it cannot be opened.
    #[error("cannot read {path:?}")]
    Unreadable {
        /// The file or folder in question.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// All `.yaml`, `.yml` and `.md` files below `root`, or the one file that `root` is.
///
/// Names that begin with a dot are left out, so `.git` is, and so are links to folders: they may run in circles.
pub(crate) fn load(root: &Path) -> Result<Loaded, ReadError> {
    let kind = match fs::metadata(root) {
        Ok(kind) => kind,
        Err(source) if source.kind() == io::ErrorKind::NotFound => {
            return Err(ReadError::Missing { path: root.to_owned() });
        }
        Err(source) => return Err(ReadError::Unreadable { path: root.to_owned(), source }),
    };
    let mut found = Vec::new();
    if kind.is_dir() {
        walk(root, "", 0, &mut found)?;
    } else {
        let name = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
        found.push((name, root.to_owned()));
    }
    found.sort();
    let mut loaded = Loaded::default();
    for (name, path) in found {
        let index = loaded.files.len();
        if index == FILES_MAX {
            loaded.files.push(SourceFile { path: name, text: String::new() });
            loaded.damages.push((index, Damage::TooMany));
            break;
        }
        load_file(&mut loaded, name, &path)?;
    }
    Ok(loaded)
}

/// Adds one file under this name.
pub(crate) fn load_file(loaded: &mut Loaded, name: String, path: &Path) -> Result<(), ReadError> {
    let index = loaded.files.len();
    let unreadable = |source| ReadError::Unreadable { path: path.to_owned(), source };
    let bytes = fs::metadata(path).map_err(unreadable)?.len();
    if (FILE_BYTES_MAX as u64) < bytes {
        loaded.files.push(SourceFile { path: name, text: String::new() });
        loaded.damages.push((index, Damage::TooLarge { bytes }));
        return Ok(());
    }
    let text = match String::from_utf8(fs::read(path).map_err(unreadable)?) {
        Ok(text) => text,
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            loaded.damages.push((index, Damage::NotUtf8 { at }));
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        }
    };
    loaded.files.push(SourceFile { path: name, text });
    Ok(())
}

/// Adds (name below the root, path) of each file that matters.
fn walk(
    folder: &Path,
    prefix: &str,
    depth: usize,
    found: &mut Vec<(String, PathBuf)>,
) -> Result<(), ReadError> {
    let unreadable = |source| ReadError::Unreadable { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // One more than allowed is enough to know that there are too many.
        if name.starts_with('.') || FILES_MAX * 2 < found.len() {
            continue;
        }
        let kind = entry.file_type().map_err(unreadable)?;
        let below = format!("{prefix}{name}");
        if kind.is_dir() && depth < FOLDER_DEPTH_MAX {
            walk(&entry.path(), &format!("{below}/"), depth + 1, found)?;
        } else if !kind.is_dir() && is_wanted(&name) && entry.path().is_file() {
            found.push((below, entry.path()));
        }
    }
    Ok(())
}

fn is_wanted(name: &str) -> bool {
    is_yaml(name) || is_markdown(name)
}

/// Whether the name says YAML.
pub(crate) fn is_yaml(name: &str) -> bool {
    has_extension(name, &["yaml", "yml"])
}

/// Whether the name says Markdown.
pub(crate) fn is_markdown(name: &str) -> bool {
    has_extension(name, &["md"])
}

fn has_extension(name: &str, wanted: &[&str]) -> bool {
    name.rsplit_once('.').is_some_and(|(_, it)| wanted.contains(&it.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests;
