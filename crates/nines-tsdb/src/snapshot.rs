//! Snapshots: a copy of the store at one instant, made while it goes on.
//!
//! Segments never change, so links to them are enough; what is in memory becomes a checkpoint. The copy has another
//! name until it is whole. It must not know what a chunk looks like.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::checkpoint::Checkpoint;
use crate::dictionary::{Dictionary, Rank};
use crate::files::{UNFINISHED, numbered, sync_folder, with_suffix};
use crate::head::HeadChunk;
use crate::manifest::Manifest;
use crate::scratch::Scratch;
use crate::segment::{SEGMENT, Segment};
use crate::store::{segments_dir, wal_dir};
use crate::{SnapshotError, Tsdb};

/// The number of the checkpoint in a snapshot.
const CHECKPOINT_NUMBER: u64 = 1;

/// Everything at one instant.
#[derive(Debug)]
struct Instant {
    segments: Vec<Arc<Segment>>,
    heads: Vec<(Box<[Rank]>, Vec<HeadChunk>)>,
    dictionary: Dictionary,
}

impl Tsdb {
    /// Writes a copy of the store as it is now to `target`, which must not exist. Appends and queries go on.
    ///
    /// Opening a store in `target` gives the same answers, but for exemplars.
    ///
    /// # Errors
    /// Something is there already, or the operating system refuses; then nothing is left in `target`.
    pub fn snapshot(&self, target: &Path) -> Result<(), SnapshotError> {
        if target.symlink_metadata().is_ok() {
            return Err(SnapshotError::Exists { path: target.to_owned() });
        }
        // Without maintenance no segment and no text goes away meanwhile.
        let upkeep = self.upkeep();
        let instant = self.instant();
        let unfinished = with_suffix(target, UNFINISHED);
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| SnapshotError::Failed { path, source }
        };
        fs::create_dir_all(&unfinished).map_err(failed(&unfinished))?;
        let written = instant
            .write(&unfinished)
            .and_then(|()| fs::rename(&unfinished, target))
            .and_then(|()| sync_folder(&parent_of(target)));
        drop(upkeep);
        written.map_err(|error| {
            drop(fs::remove_dir_all(&unfinished));
            failed(target)(error)
        })
    }

    fn instant(&self) -> Instant {
        // No batch is half appended while the log is locked.
        let log = self.log();
        let state = self.state();
        let mut heads = Vec::new();
        for (_, series) in state.registry.iter().filter(|(_, it)| !it.head.is_empty()) {
            let mut chunks = Vec::new();
            series.head.chunks(i64::MIN, i64::MAX, &mut chunks);
            heads.push((series.pairs.clone(), chunks));
        }
        let segments = state.segments.clone();
        drop(state);
        drop(log);
        let dictionary = self.dictionary();
        for (pairs, _) in &mut heads {
            *pairs = dictionary.ranks(pairs);
        }
        Instant { segments, heads, dictionary }
    }
}

fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

impl Instant {
    fn write(&self, dir: &Path) -> io::Result<()> {
        let (wal, segments) = (wal_dir(dir), segments_dir(dir));
        fs::create_dir_all(&wal)?;
        fs::create_dir_all(&segments)?;
        for segment in &self.segments {
            let copy = numbered(&segments, segment.number, SEGMENT);
            if fs::hard_link(&segment.path, &copy).is_err() {
                fs::copy(&segment.path, &copy)?;
                File::open(&copy)?.sync_all()?;
            }
        }
        sync_folder(&segments)?;
        self.write_heads(&wal)?;
        let numbers = self.segments.iter().map(|it| it.number).collect();
        let manifest = Manifest { checkpoint: CHECKPOINT_NUMBER, segments: numbers };
        manifest.prepare(dir)?;
        Manifest::commit(dir)
    }

    fn write_heads(&self, wal: &Path) -> io::Result<()> {
        let mut checkpoint = Checkpoint::create(wal, CHECKPOINT_NUMBER)?;
        let mut scratch = Scratch::default();
        for (wal_ref, (ranks, chunks)) in (1..).zip(&self.heads) {
            scratch.clear();
            for chunk in chunks {
                let read = chunk.read(i64::MIN, i64::MAX, &mut scratch);
                read.map_err(|it| io::Error::new(io::ErrorKind::InvalidData, it))?;
            }
            scratch.settle();
            let Scratch { samples, histograms, .. } = &scratch;
            checkpoint.add(wal_ref, self.dictionary.labels(ranks), samples, histograms)?;
        }
        checkpoint.finish().map(drop)
    }
}
