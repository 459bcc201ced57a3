//! Writing a segment: series by series, then index and footer. The file has another name until it is whole.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use nines_base::{Labels, Sample};

use super::{Footer, MAGIC, SEGMENT};
use crate::chunk::encode;
use crate::files::{UNFINISHED, numbered, remove_if_present, with_suffix};
use crate::wire::{put_signed, put_text, put_varint};

/// Samples of one chunk in a segment.
const SEGMENT_CHUNK_SAMPLES: usize = 480;
const BUFFER_BYTES: usize = 256 * 1024;

/// A segment that is being written.
#[derive(Debug)]
pub(crate) struct SegmentWriter {
    pub(crate) number: u64,
    path: PathBuf,
    unfinished: PathBuf,
    file: BufWriter<File>,
    offset: u64,
    symbols: BTreeMap<String, u64>,
    /// In the order of their numbers.
    symbol_texts: Vec<u8>,
    series_count: u64,
    series: Vec<u8>,
}

impl SegmentWriter {
    pub(crate) fn create(dir: &Path, number: u64) -> io::Result<Self> {
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
            symbols: BTreeMap::new(),
            symbol_texts: Vec::new(),
            series_count: 0,
            series: Vec::new(),
        })
    }

    /// Adds a series; its samples' times rise, and there is at least one.
    pub(crate) fn add(&mut self, labels: &Labels, samples: &[Sample]) -> io::Result<()> {
        let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return Ok(()) };
        let chunks = encode(samples, SEGMENT_CHUNK_SAMPLES);
        let mut directory = Vec::new();
        put_varint(&mut directory, chunks.len() as u64);
        let mut before_ms = 0_i64;
        for chunk in &chunks {
            put_signed(&mut directory, chunk.first_ms.wrapping_sub(before_ms));
            put_varint(&mut directory, chunk.last_ms.wrapping_sub(chunk.first_ms).cast_unsigned());
            put_varint(&mut directory, u64::from(chunk.count));
            put_varint(&mut directory, chunk.bytes.len() as u64);
            directory.extend(crc32fast::hash(&chunk.bytes).to_le_bytes());
            before_ms = chunk.last_ms;
        }
        self.file.write_all(&directory)?;
        let mut bytes = directory.len();
        for chunk in &chunks {
            self.file.write_all(&chunk.bytes)?;
            bytes += chunk.bytes.len();
        }
        self.offset += bytes as u64;

        self.series_count += 1;
        put_varint(&mut self.series, labels.len() as u64);
        for (name, value) in labels.iter() {
            let (name, value) = (self.symbol(name), self.symbol(value));
            put_varint(&mut self.series, name);
            put_varint(&mut self.series, value);
        }
        put_varint(&mut self.series, directory.len() as u64);
        put_varint(&mut self.series, bytes as u64);
        put_signed(&mut self.series, first.at_ms);
        put_varint(&mut self.series, last.at_ms.wrapping_sub(first.at_ms).cast_unsigned());
        self.series.extend(crc32fast::hash(&directory).to_le_bytes());
        Ok(())
    }

    fn symbol(&mut self, text: &str) -> u64 {
        if let Some(number) = self.symbols.get(text) {
            return *number;
        }
        let number = self.symbols.len() as u64;
        self.symbols.insert(text.to_owned(), number);
        put_text(&mut self.symbol_texts, text);
        number
    }

    /// Writes the rest, syncs, and gives the file its name. The folder is the caller's to sync.
    pub(crate) fn finish(mut self) -> io::Result<u64> {
        let mut index = Vec::new();
        put_varint(&mut index, self.symbols.len() as u64);
        index.append(&mut self.symbol_texts);
        put_varint(&mut index, self.series_count);
        index.append(&mut self.series);
        let footer =
            Footer { offset: self.offset, bytes: index.len() as u64, crc: crc32fast::hash(&index) };
        self.file.write_all(&index)?;
        self.file.write_all(&footer.to_bytes())?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        fs::rename(&self.unfinished, &self.path)?;
        Ok(self.number)
    }

    /// Removes what was written; a later start would do it too.
    pub(crate) fn abandon(self) {
        drop(remove_if_present(&self.unfinished));
    }
}
