//! The data folder: what an installation keeps beside its journal and its samples.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nines_engine::SECRET_BYTES;

use crate::text::hex;

/// Randomness from the edge of the process; nothing below makes its own.
#[derive(Clone)]
pub struct Random {
    /// For the API token and the installation's secret, if the folder has none yet.
    pub bytes: [u8; 2 * SECRET_BYTES],
    /// For ids and jitter.
    pub seed: u64,
}

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Random").finish_non_exhaustive()
    }
}

/// The folder of the samples in the data folder.
pub(crate) const SAMPLES: &str = "samples";

/// The paths and secrets of an opened data folder.
pub(crate) struct DataFolder {
    pub(crate) root: PathBuf,
    pub(crate) token: String,
    pub(crate) secret: [u8; SECRET_BYTES],
    /// Nothing was here before.
    pub(crate) is_fresh: bool,
}

impl DataFolder {
    pub(crate) fn samples(&self) -> PathBuf {
        self.root.join(SAMPLES)
    }

    /// Samples that wait to be sent on.
    pub(crate) fn queues(&self) -> PathBuf {
        self.root.join("forward")
    }

    /// What objectives have counted.
    pub(crate) fn counts(&self) -> PathBuf {
        self.root.join("slo.counts")
    }

    pub(crate) fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }

    pub(crate) fn token_file(&self) -> PathBuf {
        self.root.join("token")
    }

    /// Makes what is missing. The caller holds the folder's lock.
    pub(crate) fn open(root: &Path, random: &Random) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(root)?;
        let is_fresh = !root.join("token").exists();
        let (token, secret) = random.bytes.split_at(SECRET_BYTES);
        let secret = read_or_write(&root.join("secret.key"), secret)?;
        let token = read_or_write(&root.join("token"), format!("{}\n", hex(token)).as_bytes())?;
        let secret = secret.try_into().map_err(|_| {
            let problem =
                format!("secret.key does not have {SECRET_BYTES} bytes; restore it from a backup");
            io::Error::new(io::ErrorKind::InvalidData, problem)
        })?;
        let token = String::from_utf8_lossy(&token).trim().to_owned();
        if token.is_empty() {
            let problem = "the file token is empty; remove it to get a new one";
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        Ok(Self { root: root.to_owned(), token, secret, is_fresh })
    }
}

impl DataFolder {
    /// What all processes of an installation share, as one text of bytes.
    pub(crate) fn secrets(&self) -> Vec<u8> {
        [&self.secret, self.token.as_bytes()].concat()
    }

    /// The same folder with the secrets of the installation, in its files too.
    pub(crate) fn with_secrets(self, secrets: &[u8]) -> io::Result<Self> {
        if secrets == self.secrets() {
            return Ok(self);
        }
        let invalid = || {
            let problem = "the database holds something else than the secrets of an installation";
            io::Error::new(io::ErrorKind::InvalidData, problem)
        };
        let (secret, token) = secrets.split_first_chunk().ok_or_else(invalid)?;
        let token = String::from_utf8(token.to_vec()).map_err(|_| invalid())?;
        write(&self.root.join("secret.key"), secret)?;
        write(&self.root.join("token"), format!("{token}\n").as_bytes())?;
        Ok(Self { secret: *secret, token, ..self })
    }
}

/// The file's contents; `fresh` becomes its contents when there is no file, and is on the disk then.
fn read_or_write(file: &Path, fresh: &[u8]) -> io::Result<Vec<u8>> {
    const BYTES_MAX: u64 = 4_096;
    match fs::File::open(file) {
        Ok(opened) => {
            let mut bytes = Vec::new();
            opened.take(BYTES_MAX).read_to_end(&mut bytes)?;
            Ok(bytes)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            write(file, fresh)?;
            Ok(fresh.to_vec())
        }
        Err(error) => Err(error),
    }
}

/// Replaces the file; on return it is on the disk. A crash between the steps leaves the temporary file only.
fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = file.with_extension("new");
    let mut options = OpenOptions::new();
    let mut opened =
        options.write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    opened.write_all(bytes)?;
    opened.sync_all()?;
    fs::rename(&temporary, file)
}
