//! A configuration that is sent to the server instead of lying in a folder of its machine: numbered revisions
//! in the data folder, one of which decides.
//!
//! A revision is a folder that nobody changes any more. The link `current` names the one that decides and is
//! replaced at once, so that a reader sees one revision or the other. It must not know what files mean.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use nines_spec::SourceFile;
use serde::Serialize;

/// The folder in the data folder.
const FOLDER: &str = "config";
/// So many revisions are kept; the one that decides always is.
const KEPT_MAX: usize = 50;

/// The revisions of one server.
#[derive(Debug)]
pub(crate) struct Revisions {
    root: PathBuf,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Revision {
    pub(crate) number: u32,
    /// Whether it decides.
    pub(crate) is_current: bool,
}

impl Revisions {
    /// Makes what is missing; the first revision is empty. Plans of an earlier process are forgotten.
    pub(crate) fn open(data_dir: &Path) -> io::Result<Self> {
        let it = Self { root: data_dir.join(FOLDER) };
        fs::create_dir_all(it.revisions())?;
        match fs::remove_dir_all(it.staging()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::create_dir_all(it.staging())?;
        if fs::symlink_metadata(it.live()).is_err() {
            fs::create_dir_all(it.folder(0))?;
            it.point_to(0)?;
        }
        Ok(it)
    }

    /// The folder to read from.
    pub(crate) fn live(&self) -> PathBuf {
        self.root.join("current")
    }

    fn revisions(&self) -> PathBuf {
        self.root.join("revisions")
    }

    fn staging(&self) -> PathBuf {
        self.root.join("staged")
    }

    fn folder(&self, number: u32) -> PathBuf {
        self.revisions().join(format!("{number:06}"))
    }

    /// The revision that decides.
    pub(crate) fn current(&self) -> io::Result<u32> {
        let target = fs::read_link(self.live())?;
        let number = target.file_name().and_then(|it| it.to_str()).and_then(|it| it.parse().ok());
        number.ok_or_else(|| io::Error::other(format!("{target:?} is no revision")))
    }

    /// Oldest first.
    pub(crate) fn list(&self) -> io::Result<Vec<Revision>> {
        let current = self.current()?;
        let mut numbers = Vec::new();
        for entry in fs::read_dir(self.revisions())? {
            numbers.extend(entry?.file_name().to_str().and_then(|it| it.parse::<u32>().ok()));
        }
        numbers.sort_unstable();
        let revision = |number: u32| Revision { number, is_current: number == current };
        Ok(numbers.into_iter().map(revision).collect())
    }

    /// Writes files where they can be read and judged, before anything decides by them.
    pub(crate) fn stage(&self, id: &str, files: &[SourceFile]) -> io::Result<PathBuf> {
        let folder = self.staging().join(id);
        fs::create_dir(&folder)?;
        for file in files {
            let path = folder.join(&file.path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            let mut opened = fs::File::create_new(&path)?;
            opened.write_all(file.text.as_bytes())?;
            opened.sync_all()?;
        }
        sync(&folder)?;
        Ok(folder)
    }

    /// The files of a plan that nobody wants any more.
    pub(crate) fn discard(&self, id: &str) {
        if let Err(error) = fs::remove_dir_all(self.staging().join(id)) {
            tracing::warn!(%error, id, "the files of an old plan stay until the next start");
        }
    }

    /// As [`Self::discard`], of a plan that may not be there.
    pub(crate) fn discard_quietly(&self, id: &str) {
        if self.staging().join(id).exists() {
            self.discard(id);
        }
    }

    /// Makes staged files the newest revision, which does not decide yet.
    pub(crate) fn promote(&self, id: &str) -> io::Result<u32> {
        let last = self.list()?.last().map_or(0, |it| it.number);
        fs::rename(self.staging().join(id), self.folder(last + 1))?;
        sync(&self.revisions())?;
        Ok(last + 1)
    }

    /// Makes another copy of a kept revision the newest one; nothing when it is not kept.
    pub(crate) fn repeat(&self, number: u32) -> io::Result<Option<u32>> {
        let folder = self.folder(number);
        if !folder.is_dir() {
            return Ok(None);
        }
        let last = self.list()?.last().map_or(0, |it| it.number);
        let id = format!("r-{}", last + 1);
        copy(&folder, &self.staging().join(&id))?;
        self.promote(&id).map(Some)
    }

    /// From here on this revision decides.
    pub(crate) fn point_to(&self, number: u32) -> io::Result<()> {
        let next = self.root.join("current.new");
        match fs::remove_file(&next) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        symlink(Path::new("revisions").join(format!("{number:06}")), &next)?;
        fs::rename(&next, self.live())?;
        sync(&self.root)
    }

    /// Forgets the oldest revisions beyond the limit.
    pub(crate) fn forget(&self) -> io::Result<()> {
        let revisions = self.list()?;
        let surplus = revisions.len().saturating_sub(KEPT_MAX);
        for old in revisions.iter().take(surplus).filter(|it| !it.is_current) {
            fs::remove_dir_all(self.folder(old.number))?;
        }
        Ok(())
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
            fs::File::open(&target)?.sync_all()?;
        }
    }
    Ok(())
}

/// Why a path cannot be one of a configuration's files; nothing when it can.
pub(crate) fn path_problem(path: &str) -> Option<&'static str> {
    let is_plain = |it: Component<'_>| match it {
        Component::Normal(name) => name.to_str().is_some_and(|it| !it.starts_with('.')),
        _ => false,
    };
    let kinds = ["yaml", "yml", "md"];
    let kind = path.rsplit_once('.').map(|(_, it)| it.to_ascii_lowercase());
    if path.is_empty() || path.contains(['\0', '\\']) || !Path::new(path).components().all(is_plain)
    {
        Some("a path goes down from the configuration folder, without `.`, `..` and hidden names")
    } else if kind.is_none_or(|it| !kinds.contains(&it.as_str())) {
        Some("a configuration has .yaml, .yml and .md files")
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
