//! Opening a store: lock, manifest, segments, then the log. Damage becomes findings, not refusals.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};
use std::sync::{Mutex, RwLock};

use super::{Log, State, Tsdb};
use crate::files::{UNFINISHED, numbered, numbers, quarantine, remove_if_present};
use crate::maintain::{Upkeep, attach};
use crate::manifest::{MANIFEST, Manifest};
use crate::postings::SeriesId;
use crate::segment::{SEGMENT, Segment, SegmentError};
use crate::wal::{CHECKPOINT, LOG, Record, Wal, scan};
use crate::{Damage, Finding, OpenError, Options};

const LOCK: &str = "lock";
/// Longer than any process number.
const PID_BYTES_MAX: u64 = 20;

pub(crate) fn wal_dir(dir: &Path) -> PathBuf {
    dir.join("wal")
}

pub(crate) fn segments_dir(dir: &Path) -> PathBuf {
    dir.join("segments")
}

impl Tsdb {
    /// Opens the store in `dir`, which is made if it does not exist.
    ///
    /// What was not as it was left is told by the findings; the store works without it.
    ///
    /// # Errors
    /// Another process has it, or the operating system refuses.
    pub fn open(dir: &Path, options: Options) -> Result<(Self, Vec<Finding>), OpenError> {
        for folder in [dir.to_owned(), wal_dir(dir), segments_dir(dir)] {
            fs::create_dir_all(&folder).map_err(failed("create", &folder))?;
        }
        let lock = lock(dir)?;
        let mut findings = Vec::new();
        let mut manifest = read_manifest(dir, &mut findings)?;
        remove_leftovers(dir, &manifest).map_err(failed("remove unfinished files from", dir))?;
        let next_segment = manifest.segments.last().unwrap_or(&0) + 1;
        let mut state = State::default();
        load_segments(dir, &mut manifest, &mut state, &mut findings)?;
        // A store without a manifest is a damaged one, so a new store gets its first at once.
        if !findings.is_empty() || !dir.join(MANIFEST).exists() {
            let written = manifest.prepare(dir).and_then(|()| Manifest::commit(dir));
            written.map_err(failed("write the manifest in", dir))?;
        }
        let replayed = replay(dir, &manifest, &options, &mut state, &mut findings)?;
        let upkeep = Upkeep::new(manifest, next_segment, replayed.checkpoint_bytes);
        let store = Self {
            dir: dir.to_owned(),
            options,
            _lock: lock,
            upkeep: Mutex::new(upkeep),
            log: Mutex::new(Log::new(replayed.wal)),
            state: RwLock::new(state),
            exemplars: Mutex::default(),
            known_labels: Mutex::default(),
            samples_appended: AtomicU64::new(0),
            appending: AtomicU64::new(0),
            oldest_ms: AtomicI64::new(i64::MIN),
            settled_ms: AtomicI64::new(i64::MIN),
            late_samples: AtomicU64::new(0),
            synced: Mutex::new(0),
            log_is_suspect: AtomicBool::new(false),
        };
        // Nobody has told the time yet; the newest sample is not later.
        store.oldest_kept_ms(i64::MAX);
        Ok((store, findings))
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::Failed { action, path, source }
}

/// Holds the folder for this process and leaves its number for others to name.
fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join(LOCK);
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = open.map_err(failed("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let read = file.take(PID_BYTES_MAX).read_to_string(&mut pid);
            let known = read.is_ok() && pid.trim().parse::<u32>().is_ok();
            let holder = if known {
                format!("process {}", pid.trim())
            } else {
                "another process".to_owned()
            };
            return Err(OpenError::Locked { folder: dir.to_owned(), holder });
        }
        Err(TryLockError::Error(source)) => return Err(failed("lock", &path)(source)),
    }
    let written = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    // A full disk must not keep the store from starting: the number is only for people.
    drop(written);
    Ok(file)
}

/// Reads the manifest; a lost one is made from the files, which is safe because equal samples are one sample.
fn read_manifest(dir: &Path, findings: &mut Vec<Finding>) -> Result<Manifest, OpenError> {
    let path = dir.join(MANIFEST);
    let damage = match Manifest::read(dir).map_err(failed("read", &path))? {
        Some(Ok(manifest)) => return Ok(manifest),
        Some(Err(damage)) => damage,
        None => Damage("it is missing"),
    };
    let list =
        |folder: PathBuf, extension| numbers(&folder, extension).map_err(failed("list", &folder));
    let checkpoint = list(wal_dir(dir), CHECKPOINT)?.last().copied().unwrap_or(0);
    let manifest = Manifest { checkpoint, segments: list(segments_dir(dir), SEGMENT)? };
    if manifest != Manifest::default() {
        findings.push(Finding::ManifestRebuilt { file: path, damage });
    }
    Ok(manifest)
}

/// Removes what a crash left between two steps of a cut.
fn remove_leftovers(dir: &Path, manifest: &Manifest) -> io::Result<()> {
    let (wal, segments) = (wal_dir(dir), segments_dir(dir));
    for folder in [&wal, &segments] {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|it| it == UNFINISHED) {
                remove_if_present(&path)?;
            }
        }
    }
    for number in numbers(&segments, SEGMENT)? {
        if manifest.segments.binary_search(&number).is_err() {
            remove_if_present(&numbered(&segments, number, SEGMENT))?;
        }
    }
    remove_old_logs(&wal, manifest.checkpoint)
}

/// Removes what the checkpoint replaces.
pub(crate) fn remove_old_logs(wal_dir: &Path, checkpoint: u64) -> io::Result<()> {
    for number in numbers(wal_dir, LOG)?.into_iter().filter(|it| *it <= checkpoint) {
        remove_if_present(&numbered(wal_dir, number, LOG))?;
    }
    for number in numbers(wal_dir, CHECKPOINT)?.into_iter().filter(|it| *it != checkpoint) {
        remove_if_present(&numbered(wal_dir, number, CHECKPOINT))?;
    }
    Ok(())
}

fn load_segments(
    dir: &Path,
    manifest: &mut Manifest,
    state: &mut State,
    findings: &mut Vec<Finding>,
) -> Result<(), OpenError> {
    let folder = segments_dir(dir);
    for number in std::mem::take(&mut manifest.segments) {
        match Segment::open(&folder, number) {
            Ok((segment, index)) => {
                attach(state, segment, &index);
                manifest.segments.push(number);
            }
            Err(SegmentError::Damaged { path, source: damage }) => {
                let moved_to = quarantine(&path).map_err(failed("rename", &path))?;
                findings.push(Finding::DamagedSegment { file: path, moved_to, damage });
            }
            Err(SegmentError::Failed { path: file, source })
                if source.kind() == io::ErrorKind::NotFound =>
            {
                findings.push(Finding::MissingSegment { file });
            }
            Err(SegmentError::Failed { path, source }) => {
                return Err(failed("read", &path)(source));
            }
        }
    }
    Ok(())
}

#[derive(Debug)]
struct Replayed {
    wal: Wal,
    checkpoint_bytes: u64,
}

/// Reads the checkpoint and what came after it into the head.
fn replay(
    dir: &Path,
    manifest: &Manifest,
    options: &Options,
    state: &mut State,
    findings: &mut Vec<Finding>,
) -> Result<Replayed, OpenError> {
    let folder = wal_dir(dir);
    let mut replay = Replay { state, refs: HashMap::new(), next_ref: 1 };
    let mut checkpoint_bytes = 0;
    if manifest.checkpoint != 0 {
        let path = numbered(&folder, manifest.checkpoint, CHECKPOINT);
        checkpoint_bytes = replay.file(&path, findings)?;
    }
    let mut expected = manifest.checkpoint + 1;
    let (mut earlier_bytes, mut length, mut last) = (0, 0, expected);
    for number in numbers(&folder, LOG).map_err(failed("list", &folder))? {
        if number != expected {
            findings.push(Finding::MissingLog { file: numbered(&folder, expected, LOG) });
        }
        earlier_bytes += length;
        length = replay.file(&numbered(&folder, number, LOG), findings)?;
        (last, expected) = (number, number.saturating_add(1));
    }
    let next_ref = replay.next_ref;
    let all = state.registry.ids().to_vec();
    state.registry.tidy(all);
    let opened = Wal::open(&folder, last, length, options.wal_file_bytes_max);
    let mut wal = opened.map_err(failed("open the write-ahead log in", &folder))?;
    wal.next_ref = next_ref;
    wal.set_earlier_bytes(earlier_bytes);
    Ok(Replayed { wal, checkpoint_bytes })
}

#[derive(Debug)]
struct Replay<'a> {
    state: &'a mut State,
    refs: HashMap<u64, SeriesId>,
    next_ref: u64,
}

impl Replay<'_> {
    /// Reads one file and returns its valid length; a missing file is a finding.
    fn file(&mut self, path: &Path, findings: &mut Vec<Finding>) -> Result<u64, OpenError> {
        let mut unknown = 0;
        let scanned = match scan(path, &mut |record| unknown += self.record(record)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                findings.push(Finding::MissingLog { file: path.to_owned() });
                return Ok(0);
            }
            other => other.map_err(failed("read", path))?,
        };
        findings.extend(scanned.findings);
        if 0 < unknown {
            findings.push(Finding::UnknownSeries { file: path.to_owned(), samples: unknown });
        }
        Ok(scanned.length)
    }

    /// Applies one record and returns how many samples belong to no known series.
    fn record(&mut self, record: &Record) -> u64 {
        let registry = &mut self.state.registry;
        for (wal_ref, labels) in &record.series {
            let id = registry.get_or_insert(labels);
            // A series that was forgotten and came back has several numbers; all of them stay valid.
            if registry.get(id).is_some_and(|it| it.wal_ref.is_none()) {
                registry.activate(id, *wal_ref);
            }
            self.refs.insert(*wal_ref, id);
            self.next_ref = self.next_ref.max(wal_ref.saturating_add(1));
        }
        let mut unknown = 0;
        for (wal_ref, sample) in &record.samples {
            match self.refs.get(wal_ref).and_then(|it| registry.get_mut(*it)) {
                Some(series) => series.head.push(*sample),
                None => {
                    unknown += 1;
                    // Its number must not be given to another series.
                    self.next_ref = self.next_ref.max(wal_ref.saturating_add(1));
                }
            }
        }
        for (wal_ref, sample) in &record.histograms {
            match self.refs.get(wal_ref).and_then(|it| registry.get_mut(*it)) {
                Some(series) => series.head.push_histogram(sample),
                None => {
                    unknown += 1;
                    self.next_ref = self.next_ref.max(wal_ref.saturating_add(1));
                }
            }
        }
        unknown
    }
}
