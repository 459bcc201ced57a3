//! Checkpoints: what is in memory, as records of the log that replace the log so far.
//!
//! This module must not know when one is due.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use nines_base::{HistogramSample, Sample};

use crate::files::{UNFINISHED, numbered, remove_if_present, sync_folder, with_suffix};
use crate::wal::{CHECKPOINT, RecordWriter};

/// About the size of one record.
const RECORD_BYTES: usize = 1024 * 1024;

/// A checkpoint that is being written.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    path: PathBuf,
    unfinished: PathBuf,
    folder: PathBuf,
    file: BufWriter<File>,
    writer: RecordWriter,
    bytes: u64,
}

impl Checkpoint {
    pub(crate) fn create(folder: &Path, number: u64) -> io::Result<Self> {
        let path = numbered(folder, number, CHECKPOINT);
        let unfinished = with_suffix(&path, UNFINISHED);
        let file = BufWriter::new(File::create(&unfinished)?);
        let (folder, writer) = (folder.to_owned(), RecordWriter::default());
        Ok(Self { path, unfinished, folder, file, writer, bytes: 0 })
    }

    /// Every active series is named, because later files of the log use its number.
    pub(crate) fn add<'a>(
        &mut self,
        wal_ref: u64,
        labels: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
        samples: &[Sample],
        histograms: &[HistogramSample],
    ) -> io::Result<()> {
        self.writer.define(wal_ref, labels);
        for sample in samples {
            self.writer.add(wal_ref, *sample);
            self.flush_if_long()?;
        }
        for sample in histograms {
            self.writer.add_histogram(wal_ref, sample);
            self.flush_if_long()?;
        }
        self.flush_if_long()
    }

    /// Gives back the space of a checkpoint that will not be; a start would do it too.
    pub(crate) fn abandon(folder: &Path, number: u64) {
        let path = numbered(folder, number, CHECKPOINT);
        drop(remove_if_present(&with_suffix(&path, UNFINISHED)));
        drop(remove_if_present(&path));
    }

    fn flush_if_long(&mut self) -> io::Result<()> {
        if RECORD_BYTES < self.writer.len() { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.writer.is_empty() {
            let record = self.writer.finish();
            self.bytes += record.len() as u64;
            self.file.write_all(record)?;
        }
        Ok(())
    }

    /// Returns how large it is.
    pub(crate) fn finish(mut self) -> io::Result<u64> {
        self.flush()?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        fs::rename(&self.unfinished, &self.path)?;
        sync_folder(&self.folder)?;
        Ok(self.bytes)
    }
}
