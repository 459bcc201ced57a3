//! The bytes of one record: a checked frame around new series and samples.
//!
//! Frame: four magic bytes, the payload's length and its CRC-32 (IEEE) over length and payload, all
//! little-endian. Payload: the new series (number, labels), then a base time, then per series its number, how many
//! samples, the first time relative to the base, and the samples as in [`crate::chunk`].

use nines_base::{Labels, Sample};

use crate::Damage;
use crate::chunk::{Encoder, decode};
use crate::wire::{Reader, put_signed, put_text, put_varint};

/// A batch of more bytes is refused.
pub(crate) const RECORD_BYTES_MAX: usize = 64 * 1024 * 1024;
/// No text contains the first byte, so that a damaged file can be searched for the next record.
pub(crate) const MAGIC: [u8; 4] = [0xff, b'N', b'W', 1];
pub(crate) const HEADER_BYTES: usize = 12;

/// Builds one record after another in one buffer.
#[derive(Debug, Default)]
pub(crate) struct RecordWriter {
    series: Vec<u8>,
    series_count: u64,
    runs: Vec<u8>,
    runs_count: u64,
    base_ms: Option<i64>,
    encoder: Encoder,
    frame: Vec<u8>,
}

impl RecordWriter {
    /// Says what number stands for which labels.
    pub(crate) fn define(&mut self, wal_ref: u64, labels: &Labels) {
        self.series_count += 1;
        put_varint(&mut self.series, wal_ref);
        put_varint(&mut self.series, labels.len() as u64);
        for (name, value) in labels.iter() {
            put_text(&mut self.series, name);
            put_text(&mut self.series, value);
        }
    }

    /// Adds samples of one series, in any order of time.
    pub(crate) fn add(&mut self, wal_ref: u64, samples: &[Sample]) {
        self.encoder.clear();
        for sample in samples {
            self.encoder.push(*sample);
        }
        let first_ms = self.encoder.first_ms();
        let base_ms = *self.base_ms.get_or_insert(first_ms);
        self.runs_count += 1;
        put_varint(&mut self.runs, wal_ref);
        put_varint(&mut self.runs, u64::from(self.encoder.count()));
        put_signed(&mut self.runs, first_ms.wrapping_sub(base_ms));
        self.runs.extend_from_slice(self.encoder.bytes());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.series_count == 0 && self.runs_count == 0
    }

    /// About how many bytes the record will have.
    pub(crate) fn len(&self) -> usize {
        HEADER_BYTES + self.series.len() + self.runs.len()
    }

    /// The record; the writer is empty again.
    pub(crate) fn finish(&mut self) -> &[u8] {
        self.frame.clear();
        self.frame.extend_from_slice(&[0; HEADER_BYTES]);
        put_varint(&mut self.frame, self.series_count);
        self.frame.append(&mut self.series);
        put_signed(&mut self.frame, self.base_ms.take().unwrap_or(0));
        put_varint(&mut self.frame, self.runs_count);
        self.frame.append(&mut self.runs);
        (self.series_count, self.runs_count) = (0, 0);
        if let Some((header, payload)) = self.frame.split_first_chunk_mut::<HEADER_BYTES>() {
            // Records of 4 GiB do not get further than the limit of the log.
            let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes();
            let checksum = checksum(length, payload).to_le_bytes();
            let bytes = MAGIC.into_iter().chain(length).chain(checksum);
            header.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        }
        &self.frame
    }
}

fn checksum(length: [u8; 4], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(payload);
    hasher.finalize()
}

/// What one record says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Record {
    /// New numbers and their labels.
    pub(crate) series: Vec<(u64, Labels)>,
    /// Numbers of series, and how many of `samples` are theirs.
    pub(crate) runs: Vec<(u64, usize)>,
    pub(crate) samples: Vec<Sample>,
}

impl Record {
    pub(crate) fn decode(payload: &[u8]) -> Result<Self, Damage> {
        let mut reader = Reader::new(payload);
        let mut record = Self::default();
        for _ in 0..reader.count(2)? {
            record.series.push((reader.varint()?, read_labels(&mut reader)?));
        }
        let base_ms = reader.signed()?;
        for _ in 0..reader.count(3)? {
            let wal_ref = reader.varint()?;
            let mut ahead = reader;
            let count = ahead.count(1)?; // a sample has at least its control byte
            let count_u32 = u32::try_from(count).map_err(|_| Damage("a count is too large"))?;
            reader = ahead;
            let first_ms = base_ms.wrapping_add(reader.signed()?);
            decode(&mut reader, first_ms, count_u32, i64::MIN, i64::MAX, &mut record.samples)?;
            record.runs.push((wal_ref, count));
        }
        if reader.is_empty() { Ok(record) } else { Err(Damage("more follows than it says")) }
    }

    /// The samples of each series.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (u64, &[Sample])> {
        let mut rest = self.samples.as_slice();
        self.runs.iter().map(move |(wal_ref, count)| {
            let (samples, others) = rest.split_at_checked(*count).unwrap_or_default();
            rest = others;
            (*wal_ref, samples)
        })
    }
}

pub(crate) fn read_labels(reader: &mut Reader<'_>) -> Result<Labels, Damage> {
    let mut pairs = Vec::new();
    for _ in 0..reader.count(2)? {
        pairs.push((reader.text()?, reader.text()?));
    }
    Labels::new(pairs).map_err(|_| Damage("a label set is invalid"))
}

/// The payload of the record at the start of `bytes`, if there is a whole and valid one.
pub(crate) fn unframe(bytes: &[u8]) -> Result<&[u8], Damage> {
    let mut reader = Reader::new(bytes);
    if reader.array()? != MAGIC {
        return Err(Damage("it does not begin with the magic bytes"));
    }
    let length = reader.array()?;
    let expected = reader.u32()?;
    let length_bytes = u32::from_le_bytes(length) as usize;
    if RECORD_BYTES_MAX < length_bytes {
        return Err(Damage("its length is too large"));
    }
    let payload = reader.bytes(length_bytes)?;
    if checksum(length, payload) == expected {
        Ok(payload)
    } else {
        Err(Damage("its checksum is wrong"))
    }
}

#[cfg(test)]
mod tests;
