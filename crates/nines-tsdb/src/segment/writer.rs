//! Writing a segment: series by series, then index and footer. The file has another name until it is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use nines_base::{HistogramSample, Sample};

use super::index::IndexWriter;
use super::{ALIGNMENT, Footer, MAGIC, Rounding, SEGMENT, part_of};
use crate::chunk::{CHUNK_SAMPLES_MAX, Entry, Kind, put_chunk};
use crate::column::varint_bytes;
use crate::dictionary::{Dictionary, Rank};
use crate::files::{UNFINISHED, numbered, remove_if_present, with_suffix};
use crate::histograms::HistogramWriter;
use crate::settle::Timed;
use crate::wire::put_varint;

const BUFFER_BYTES: usize = 256 * 1024;
/// Histograms are large, so fewer of them are a chunk.
const CHUNK_HISTOGRAMS: usize = 128;

/// A segment that is being written.
#[derive(Debug)]
pub(crate) struct SegmentWriter {
    pub(crate) number: u64,
    path: PathBuf,
    unfinished: PathBuf,
    file: BufWriter<File>,
    offset: u64,
    base_ms: i64,
    series: Vec<Written>,
    /// Of all series, one after the other.
    ranks: Vec<Rank>,
    head: Vec<u8>,
    payload: Vec<u8>,
}

#[derive(Debug)]
struct Written {
    ranks_end: usize,
    units: u64,
    first_ms: i64,
    last_ms: i64,
}

impl SegmentWriter {
    /// `base_ms` should be near to the times of the samples.
    pub(crate) fn create(dir: &Path, number: u64, base_ms: i64) -> io::Result<Self> {
        let path = numbered(dir, number, SEGMENT);
        let unfinished = with_suffix(&path, UNFINISHED);
        let mut file = BufWriter::with_capacity(BUFFER_BYTES, File::create(&unfinished)?);
        file.write_all(&MAGIC)?;
        Ok(Self {
            number,
            path,
            unfinished,
            file,
            offset: MAGIC.len() as u64,
            base_ms,
            series: Vec::new(),
            ranks: Vec::new(),
            head: Vec::new(),
            payload: Vec::new(),
        })
    }

    /// Adds a series, in the order of labels; the times of its samples rise. Without samples nothing is added.
    pub(crate) fn add(
        &mut self,
        ranks: &[Rank],
        samples: &[Sample],
        histograms: &[HistogramSample],
    ) -> io::Result<()> {
        let bounds = [bounds_ms(samples), bounds_ms(histograms)].into_iter().flatten();
        let Some((first_ms, last_ms)) = bounds.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) else {
            return Ok(());
        };
        if u32::try_from(self.offset / ALIGNMENT).is_err() {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "a segment is full"));
        }
        let bytes = self.write_block(samples, histograms)?;
        self.offset += bytes;
        self.ranks.extend_from_slice(ranks);
        let (ranks_end, units) = (self.ranks.len(), bytes / ALIGNMENT);
        self.series.push(Written { ranks_end, units, first_ms, last_ms });
        Ok(())
    }

    fn write_block(
        &mut self,
        samples: &[Sample],
        histograms: &[HistogramSample],
    ) -> io::Result<u64> {
        let (mut entries, mut before_ms) = (Vec::new(), self.base_ms);
        let mut count = 0;
        self.payload.clear();
        let mut note = |entry: Entry| {
            entry.put(before_ms, &mut entries);
            before_ms = entry.last_ms;
            count += 1;
        };
        for part in samples.chunks(CHUNK_SAMPLES_MAX) {
            put_chunk(part, &mut self.payload).into_iter().for_each(&mut note);
        }
        for part in histograms.chunks(CHUNK_HISTOGRAMS) {
            put_histograms(part, &mut self.payload).into_iter().for_each(&mut note);
        }
        let mut counted = Vec::with_capacity(entries.len() + 8);
        put_varint(&mut counted, count);
        counted.append(&mut entries);
        // Zeros at the end of the head, where the checksum covers them, align the next block.
        let bytes = |head: usize| 4 + varint_bytes(head as u64) + head + self.payload.len();
        while !(bytes(counted.len()) as u64).is_multiple_of(ALIGNMENT) {
            counted.push(0);
        }
        self.head.clear();
        put_varint(&mut self.head, counted.len() as u64);
        self.head.append(&mut counted);
        self.file.write_all(&crc32fast::hash(&self.head).to_le_bytes())?;
        self.file.write_all(&self.head)?;
        self.file.write_all(&self.payload)?;
        Ok((4 + self.head.len() + self.payload.len()) as u64)
    }

    /// Writes the rest, syncs, and gives the file its name. The folder is the caller's to sync.
    ///
    /// Returns nothing if no series was added; then there is no file either.
    pub(crate) fn finish(mut self, dictionary: &Dictionary) -> io::Result<Option<u64>> {
        if self.series.is_empty() {
            self.abandon();
            return Ok(None);
        }
        let index = self.index(dictionary);
        let footer =
            Footer { offset: self.offset, bytes: index.len() as u64, crc: crc32fast::hash(&index) };
        self.file.write_all(&index)?;
        self.file.write_all(&footer.to_bytes())?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        fs::rename(&self.unfinished, &self.path)?;
        Ok(Some(self.number))
    }

    fn index(&self, dictionary: &Dictionary) -> Vec<u8> {
        let first_ms = self.series.iter().map(|it| it.first_ms).min().unwrap_or(0);
        let last_ms = self.series.iter().map(|it| it.last_ms).max().unwrap_or(0);
        let mut used = self.ranks.clone();
        used.sort_unstable();
        used.dedup();
        let texts: Vec<(&str, &str)> =
            used.iter().map(|it| dictionary.texts(*it).unwrap_or_default()).collect();
        let local: Vec<u32> = self
            .ranks
            .iter()
            .map(|it| used.partition_point(|other| other < it))
            .map(|it| u32::try_from(it).unwrap_or(u32::MAX))
            .collect();
        let mut index = IndexWriter::new(self.base_ms, first_ms, last_ms);
        index.texts(&texts, self.series.len() as u64);
        let mut start = 0;
        for series in &self.series {
            let pairs = local.get(start..series.ranks_end).unwrap_or_default();
            let first = part_of(series.first_ms, first_ms, last_ms, Rounding::Down);
            let last = part_of(series.last_ms, first_ms, last_ms, Rounding::Up);
            index.series(pairs, series.units, first, last);
            start = series.ranks_end;
        }
        index.finish()
    }

    /// Removes what was written; a later start would do it too.
    pub(crate) fn abandon(self) {
        drop(remove_if_present(&self.unfinished));
    }
}

fn bounds_ms(samples: &[impl Timed]) -> Option<(i64, i64)> {
    Some((samples.first()?.at_ms(), samples.last()?.at_ms()))
}

fn put_histograms(histograms: &[HistogramSample], payload: &mut Vec<u8>) -> Option<Entry> {
    let (first_ms, last_ms) = bounds_ms(histograms)?;
    let mut writer = HistogramWriter::default();
    for sample in histograms {
        writer.push(sample);
    }
    payload.extend_from_slice(&writer.bytes);
    Some(Entry {
        kind: Kind::Histograms,
        first_ms,
        last_ms,
        count: writer.count,
        bytes: u32::try_from(writer.bytes.len()).expect("histograms have a limit of buckets"),
        crc: crc32fast::hash(&writer.bytes),
        decimals: None,
        summary: None,
    })
}
