//! Contexts: where a server is, remembered in the user's state folder. A context names a file with a token and
//! never holds the token itself.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// The context of `nines serve`.
pub(crate) const DEFAULT: &str = "default";
/// The context of `nines demo`.
pub(crate) const DEMO: &str = "demo";
/// Longer is no context.
const BYTES_MAX: u64 = 64 * 1024;

/// One server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Context {
    pub(crate) url: String,
    pub(crate) token_file: PathBuf,
    /// Who acts, when a command does not say.
    pub(crate) person: Option<String>,
    /// The server's process.
    pub(crate) pid: u32,
}

/// Names are file names.
pub(crate) fn is_name(name: &str) -> bool {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    (1..=63).contains(&name.len()) && !name.starts_with('.') && name.chars().all(is_plain)
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.json"))
}

/// The context of this name, or `None` if there is none.
pub(crate) fn read(folder: &Path, name: &str) -> anyhow::Result<Option<Context>> {
    let path = file(folder, name);
    let opened = match fs::File::open(&path) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("failed to read {}", path.display()));
        }
    };
    let mut text = String::new();
    let read = opened.take(BYTES_MAX).read_to_string(&mut text);
    read.with_context(|| format!("failed to read {}", path.display()))?;
    let context = serde_json::from_str(&text);
    context.map(Some).with_context(|| format!("{} is no context; remove it", path.display()))
}

/// A context on the disk; it goes away with the server, unless another server has taken its name.
#[derive(Debug)]
pub(crate) struct Written {
    folder: PathBuf,
    name: &'static str,
    context: Context,
}

/// Remembers a server. Without a folder there is nothing to remember it in.
pub(crate) fn write(
    folder: Option<&Path>,
    name: &'static str,
    context: Context,
) -> anyhow::Result<Option<Written>> {
    let Some(folder) = folder else { return Ok(None) };
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("failed to make the folder {}", folder.display()))?;
    write_private(&file(folder, name), &serde_json::to_vec_pretty(&context)?)?;
    Ok(Some(Written { folder: folder.to_owned(), name, context }))
}

impl Written {
    /// Forgets the server.
    pub(crate) fn remove(self) {
        let Self { folder, name, context } = self;
        if read(&folder, name).is_ok_and(|it| it.as_ref() == Some(&context))
            && let Err(error) = fs::remove_file(file(&folder, name))
        {
            tracing::warn!(%error, name, "the context stays although its server is gone");
        }
    }
}

/// Writes a file that only its owner reads: whole, or not at all.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let name = path.file_name().context("a file has a name")?.to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let write = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut opened =
            options.write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        opened.write_all(bytes)?;
        fs::rename(&temporary, path)
    };
    write().with_context(|| format!("failed to write {}", path.display()))
}
