//! The counts of all objectives on the disk, so that a start replays minutes instead of months.
//!
//! One file, written beside and renamed; a cache that may be thrown away at any time, since raw samples give the same
//! counts. It holds, in records with checksums: who wrote it and from when samples must be replayed, then a few
//! objectives each. A sample that is older than what is replayed would be missed, so its arrival removes the file
//! before the sample is stored. It must not know what is in the counts.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard};

use nines_slo::SavedSlo;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// To be raised with every change of what is saved.
const FORMAT: u32 = 1;

const MAGIC: &[u8; 8] = b"ninesSLO";

/// No record is longer: a few objectives with a year of minutes.
const RECORD_BYTES_MAX: u32 = 256 << 20;

/// The first record.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    format: u32,
    /// Another program may keep its counts in another shape.
    program: String,
    replay_from_ms: i64,
}

/// The file, and what is known of it.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    file: PathBuf,
    /// Samples at or before this instant are not replayed when the file is read.
    horizon_ms: AtomicI64,
    state: Mutex<State>,
    /// Held while the file is written.
    writing: Mutex<()>,
}

#[derive(Debug)]
struct State {
    /// A sample came while the file was written that it may miss.
    is_spoiled: bool,
}

impl Checkpoint {
    pub(crate) fn new(file: PathBuf) -> Self {
        let horizon_ms = AtomicI64::new(i64::MIN);
        let state = Mutex::new(State { is_spoiled: false });
        Self { file, horizon_ms, state, writing: Mutex::default() }
    }

    /// To be told before samples are stored, and again when they are counted: the earliest of them is as old as this.
    pub(crate) fn arriving(&self, earliest_ms: i64) {
        if self.horizon_ms.load(Ordering::Acquire) < earliest_ms {
            return;
        }
        let mut state = self.state();
        state.is_spoiled = true;
        self.horizon_ms.store(i64::MIN, Ordering::Release);
        match fs::remove_file(&self.file) {
            Ok(()) => tracing::info!("late samples came; the next start counts the past again"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::warn!(%error, "saved counts that miss samples cannot be removed");
            }
        }
    }

    /// Writes `parts`, each as of when it is asked for. `sync` makes durable what they have counted. Returns how long
    /// the file is; nothing when a sample came meanwhile that it would miss.
    ///
    /// # Errors
    /// The file system failed; the file that there was is untouched.
    pub(crate) fn save(
        &self,
        replay_from_ms: i64,
        parts: impl Iterator<Item = Vec<SavedSlo>>,
        sync: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<Option<u64>> {
        let writing = self.writing.lock().expect("whoever writes does not panic");
        self.state().is_spoiled = false;
        self.horizon_ms.fetch_max(replay_from_ms, Ordering::AcqRel);
        let temporary = self.file.with_extension("new");
        let written = write(&temporary, replay_from_ms, parts);
        let written = written.and_then(|bytes| sync().map(|()| bytes))?;
        let state = self.state();
        if state.is_spoiled {
            fs::remove_file(&temporary)?;
            return Ok(None);
        }
        fs::rename(&temporary, &self.file)?;
        drop((state, writing));
        if let Some(folder) = self.file.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(Some(written))
    }

    /// From when samples must be replayed, and the objectives that can be read.
    pub(crate) fn load(&self) -> Option<(i64, impl Iterator<Item = SavedSlo> + use<>)> {
        let mut records = Records::open(&self.file)?;
        let head: Head = records.next_record()?;
        if (head.format, head.program.as_str()) != (FORMAT, env!("CARGO_PKG_VERSION")) {
            return None;
        }
        self.horizon_ms.store(head.replay_from_ms, Ordering::Release);
        let parts = std::iter::from_fn(move || records.next_record::<Vec<SavedSlo>>());
        Some((head.replay_from_ms, parts.flatten()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("a flag does not panic")
    }
}

fn write(
    file: &Path,
    replay_from_ms: i64,
    parts: impl Iterator<Item = Vec<SavedSlo>>,
) -> io::Result<u64> {
    let mut out = BufWriter::new(File::create(file)?);
    out.write_all(MAGIC)?;
    let program = env!("CARGO_PKG_VERSION").to_owned();
    let mut bytes = write_record(&mut out, &Head { format: FORMAT, program, replay_from_ms })?;
    for part in parts {
        bytes += write_record(&mut out, &part)?;
    }
    out.into_inner()?.sync_all()?;
    Ok(bytes)
}

/// Length, checksum, contents.
fn write_record(out: &mut impl Write, record: &impl Serialize) -> io::Result<u64> {
    let bytes = rmp_serde::to_vec(record).map_err(io::Error::other)?;
    let length = u32::try_from(bytes.len()).ok().filter(|it| *it <= RECORD_BYTES_MAX);
    let length =
        length.ok_or_else(|| io::Error::other("the counts of an objective are too long"))?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(&crc32fast::hash(&bytes).to_le_bytes())?;
    out.write_all(&bytes)?;
    Ok(u64::from(length))
}

/// The records of a file, up to the first that is damaged.
struct Records {
    reader: BufReader<File>,
}

impl Records {
    fn open(file: &Path) -> Option<Self> {
        let mut reader = BufReader::new(File::open(file).ok()?);
        let mut magic = [0; MAGIC.len()];
        reader.read_exact(&mut magic).ok()?;
        (magic == *MAGIC).then_some(Self { reader })
    }

    fn next_record<T: DeserializeOwned>(&mut self) -> Option<T> {
        let mut head = [0; 8];
        self.reader.read_exact(&mut head).ok()?;
        let ([length, checksum], []) = head.as_chunks::<4>() else { return None };
        let (length, checksum) = (u32::from_le_bytes(*length), u32::from_le_bytes(*checksum));
        if RECORD_BYTES_MAX < length {
            return None;
        }
        let mut bytes = Vec::new();
        self.reader.by_ref().take(length.into()).read_to_end(&mut bytes).ok()?;
        let is_whole = bytes.len() == length as usize && crc32fast::hash(&bytes) == checksum;
        if !is_whole {
            tracing::warn!("the saved counts are damaged; some objectives are counted again");
            return None;
        }
        rmp_serde::from_slice(&bytes).ok()
    }
}

#[cfg(test)]
mod tests;
