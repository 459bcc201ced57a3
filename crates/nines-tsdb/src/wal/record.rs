//! The bytes of one record: a checked frame around new series and samples.
//!
//! Frame: four magic bytes, the payload's length and its CRC-32 (IEEE) over length and payload, all
//! little-endian. Payload: the new series (number, labels), the samples, the histograms (number,
//! time, [`crate::histograms`]). Each record stands for itself, so that
//! damage to one costs only that one. A sample begins with a control byte:
//!
//! | high bits | whose and when |
//! |---|---|
//! | 0 | the series after the last one, at the time of the last sample |
//! | 1 | the series after the last one; the signed distance from the time of the last sample follows |
//! | 2 | the last series, as long after the last sample as that was after the one before |
//! | 3 | the signed distances of series and time follow |
//!
//! | low bits | value |
//! |---|---|
//! | 0..=55 | eight times the number of decimals, plus how many bytes of a zigzag whole number follow |
//! | 56 | the eight bytes of the float |
//! | 57..=63 | the 1..=7 high bytes of the float; the others are zero |

use std::sync::Arc;

use nines_base::{HistogramSample, Labels, Sample};

use crate::Damage;
use crate::histograms::{put_histogram, read_histogram};
use crate::scale::{fewest_decimals, from_whole};
use crate::wire::{Reader, put_signed, put_text, put_varint, unzigzag, zigzag};

/// A batch of more bytes is refused.
pub(crate) const RECORD_BYTES_MAX: usize = 64 * 1024 * 1024;
/// No text contains the first byte, so that a damaged file can be searched for the next record.
pub(crate) const MAGIC: [u8; 4] = [0xff, b'N', b'W', 2];
pub(crate) const HEADER_BYTES: usize = 12;

const NEXT_SAME_TIME: u8 = 0;
const NEXT: u8 = 1 << 6;
const SAME_STEP: u8 = 2 << 6;
const OTHER: u8 = 3 << 6;
const FLOAT: u8 = 56;

/// What both directions remember from sample to sample.
#[derive(Debug, Clone, Copy, Default)]
struct Last {
    wal_ref: u64,
    at_ms: i64,
    /// From the sample before to the last one, if both are of one series.
    step_ms: i64,
}

/// Builds one record after another in one buffer.
#[derive(Debug, Default)]
pub(crate) struct RecordWriter {
    series: Vec<u8>,
    series_count: u64,
    samples: Vec<u8>,
    samples_count: u64,
    last: Last,
    histograms: Vec<u8>,
    histograms_count: u64,
    frame: Vec<u8>,
}

impl RecordWriter {
    /// Says what number stands for which labels.
    pub(crate) fn define<'a>(
        &mut self,
        wal_ref: u64,
        labels: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
    ) {
        self.series_count += 1;
        put_varint(&mut self.series, wal_ref);
        put_varint(&mut self.series, labels.len() as u64);
        for (name, value) in labels {
            put_text(&mut self.series, name);
            put_text(&mut self.series, value);
        }
    }

    /// Adds a sample, in any order of series and time.
    #[inline]
    pub(crate) fn add(&mut self, wal_ref: u64, sample: Sample) {
        let Last { wal_ref: last_ref, at_ms: last_ms, step_ms } = self.last;
        let out = &mut self.samples;
        out.reserve(32); // more than any sample takes
        let control = out.len();
        out.push(0);
        let distance_ms = sample.at_ms.wrapping_sub(last_ms);
        let mut step_after_ms = 0;
        let mode = if wal_ref == last_ref.wrapping_add(1) {
            if distance_ms == 0 {
                NEXT_SAME_TIME
            } else {
                put_signed(out, distance_ms);
                NEXT
            }
        } else if wal_ref == last_ref && distance_ms == step_ms {
            step_after_ms = step_ms;
            SAME_STEP
        } else {
            put_signed(out, wal_ref.wrapping_sub(last_ref).cast_signed());
            put_signed(out, distance_ms);
            step_after_ms = if wal_ref == last_ref { distance_ms } else { 0 };
            OTHER
        };
        self.last = Last { wal_ref, at_ms: sample.at_ms, step_ms: step_after_ms };
        self.samples_count += 1;
        let kind = put_value(out, sample.value);
        if let Some(byte) = out.get_mut(control) {
            *byte = mode | kind;
        }
    }

    /// Adds a histogram, as it is: a record stands for itself.
    pub(crate) fn add_histogram(&mut self, wal_ref: u64, sample: &HistogramSample) {
        self.histograms_count += 1;
        put_varint(&mut self.histograms, wal_ref);
        put_signed(&mut self.histograms, sample.at_ms);
        put_histogram(&sample.histogram, None, &mut self.histograms);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.series_count + self.samples_count + self.histograms_count == 0
    }

    /// Forgets what was added.
    pub(crate) fn clear(&mut self) {
        for bytes in [&mut self.series, &mut self.samples, &mut self.histograms] {
            bytes.clear();
        }
        (self.series_count, self.samples_count, self.histograms_count) = (0, 0, 0);
        self.last = Last::default();
    }

    /// About how many bytes the record will have.
    pub(crate) fn len(&self) -> usize {
        HEADER_BYTES + self.series.len() + self.samples.len() + self.histograms.len()
    }

    /// The record; the writer is empty again.
    pub(crate) fn finish(&mut self) -> &[u8] {
        self.frame.clear();
        self.frame.extend_from_slice(&[0; HEADER_BYTES]);
        put_varint(&mut self.frame, self.series_count);
        self.frame.append(&mut self.series);
        put_varint(&mut self.frame, self.samples_count);
        self.frame.append(&mut self.samples);
        put_varint(&mut self.frame, self.histograms_count);
        self.frame.append(&mut self.histograms);
        self.clear();
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

/// Writes the value and returns its kind, the low bits of the control byte.
#[inline]
fn put_value(out: &mut Vec<u8>, value: f64) -> u8 {
    let (kind, bytes, count) = match fewest_decimals(value, 0) {
        Some((decimals, whole)) => {
            let number = zigzag(whole);
            let count = 8 - number.leading_zeros() / 8; // at most seven: it has 54 bits
            (decimals * 8 + low_u8(count), number, count)
        }
        None => {
            let bits = value.to_bits();
            let count = 8 - bits.trailing_zeros().min(63) / 8;
            (FLOAT + low_u8(count % 8), bits >> (64 - 8 * count), count)
        }
    };
    let end = out.len() + count as usize;
    out.extend_from_slice(&bytes.to_le_bytes());
    out.truncate(end);
    kind
}

fn low_u8(value: u32) -> u8 {
    value.to_le_bytes()[0]
}

fn read_value(reader: &mut Reader<'_>, kind: u8) -> Result<f64, Damage> {
    if kind < FLOAT {
        let whole = unzigzag(read_low_bytes(reader, kind % 8)?);
        return Ok(from_whole(whole, kind / 8));
    }
    let count = if kind == FLOAT { 8 } else { kind - FLOAT };
    let bits = read_low_bytes(reader, count)? << (64 - 8 * u32::from(count));
    Ok(f64::from_bits(bits))
}

fn read_low_bytes(reader: &mut Reader<'_>, count: u8) -> Result<u64, Damage> {
    let taken = reader.bytes(usize::from(count))?;
    Ok(taken.iter().rev().fold(0, |sum, it| (sum << 8) | u64::from(*it)))
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
    /// Samples with the numbers of their series.
    pub(crate) samples: Vec<(u64, Sample)>,
    /// Histograms with the numbers of their series.
    pub(crate) histograms: Vec<(u64, HistogramSample)>,
}

impl Record {
    pub(crate) fn decode(payload: &[u8]) -> Result<Self, Damage> {
        let mut reader = Reader::new(payload);
        let mut record = Self::default();
        for _ in 0..reader.count(2)? {
            record.series.push((reader.varint()?, read_labels(&mut reader)?));
        }
        let samples_count = reader.count(1)?;
        let mut last = Last::default();
        for _ in 0..samples_count {
            record.samples.push(read_sample(&mut reader, &mut last)?);
        }
        for _ in 0..reader.count(3)? {
            let (wal_ref, at_ms) = (reader.varint()?, reader.signed()?);
            let histogram = Arc::new(read_histogram(&mut reader, None)?);
            record.histograms.push((wal_ref, HistogramSample { at_ms, histogram }));
        }
        if reader.is_empty() { Ok(record) } else { Err(Damage("more follows than it says")) }
    }
}

fn read_sample(reader: &mut Reader<'_>, last: &mut Last) -> Result<(u64, Sample), Damage> {
    let control = reader.u8()?;
    let (ref_distance, distance_ms) = match control & 0b1100_0000 {
        NEXT_SAME_TIME => (1, 0),
        NEXT => (1, reader.signed()?),
        SAME_STEP => (0, last.step_ms),
        _ => (reader.signed()?, reader.signed()?),
    };
    last.wal_ref = last.wal_ref.wrapping_add_signed(ref_distance);
    last.at_ms = last.at_ms.wrapping_add(distance_ms);
    last.step_ms = if ref_distance == 0 { distance_ms } else { 0 };
    let value = read_value(reader, control & 0b0011_1111)?;
    Ok((last.wal_ref, Sample { at_ms: last.at_ms, value }))
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
