//! Chunks in memory, of every form.
//!
//! It must not know of the order in which they were written.

use std::sync::Arc;

use nines_base::{HistogramSample, Sample};

use super::CHUNK_SAMPLES;
use crate::Damage;
use crate::chunk::{Entry, Kind, put_chunk};
use crate::growing::{Growing, decode};
use crate::histograms::{HistogramWriter, decode_histograms};
use crate::scratch::Scratch;
use crate::wire::Reader;

/// A run of samples in memory whose times rise; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct HeadChunk {
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
    form: Form,
    bytes: Arc<[u8]>,
}

#[derive(Debug, Clone, Copy)]
enum Form {
    /// A copy of a growing chunk of so many samples.
    Growing(u32),
    /// An entry and its payload.
    Sealed,
    /// So many histograms.
    Histograms(u32),
}

impl HeadChunk {
    pub(super) fn sealed(samples: &[Sample]) -> Option<Self> {
        let mut payload = Vec::new();
        let entry = put_chunk(samples, &mut payload)?;
        let mut bytes = Vec::with_capacity(payload.len() + 64);
        entry.put(0, &mut bytes);
        bytes.append(&mut payload);
        let (first_ms, last_ms) = (entry.first_ms, entry.last_ms);
        Some(Self { first_ms, last_ms, form: Form::Sealed, bytes: bytes.into() })
    }

    pub(super) fn of_histograms(writer: &HistogramWriter) -> Self {
        let HistogramWriter { bytes, count, first_ms, last_ms, .. } = writer;
        let (first_ms, last_ms, form) = (*first_ms, *last_ms, Form::Histograms(*count));
        Self { first_ms, last_ms, form, bytes: bytes.as_slice().into() }
    }

    /// A copy of a growing chunk.
    pub(super) fn of_growing(growing: &Growing) -> Option<Self> {
        let (first_ms, last_ms) = growing.bounds_ms()?;
        let form = Form::Growing(growing.count());
        Some(Self { first_ms, last_ms, form, bytes: growing.bytes().into() })
    }

    /// Whether the closed range touches this chunk.
    pub(crate) fn overlaps(&self, from_ms: i64, to_ms: i64) -> bool {
        self.first_ms <= to_ms && from_ms <= self.last_ms
    }

    pub(crate) fn has_histograms(&self) -> bool {
        matches!(self.form, Form::Histograms(_))
    }

    /// What is known without reading it.
    pub(crate) fn entry(&self) -> Option<Entry> {
        match self.form {
            Form::Sealed => Entry::read(&mut Reader::new(&self.bytes), 0).ok(),
            Form::Growing(_) | Form::Histograms(_) => None,
        }
    }

    /// Adds the samples of the closed range.
    pub(crate) fn read(&self, from_ms: i64, to_ms: i64, to: &mut Scratch) -> Result<(), Damage> {
        let mut reader = Reader::new(&self.bytes);
        let kind = if self.has_histograms() { Kind::Histograms } else { Kind::Numbers };
        to.note(kind, self.first_ms, self.last_ms);
        match self.form {
            Form::Growing(count) => {
                decode(&mut reader, self.first_ms, count, from_ms, to_ms, &mut to.samples)
            }
            Form::Sealed => {
                let entry = Entry::read(&mut reader, 0)?;
                to.decoder.decode(&entry, reader.rest(), from_ms, to_ms, &mut to.samples)
            }
            Form::Histograms(count) => {
                let out = &mut to.histograms;
                decode_histograms(&self.bytes, self.first_ms, count, from_ms, to_ms, out)
            }
        }
    }
}

/// Chunks of these samples, whose times rise.
pub(crate) fn seal_all(samples: &[Sample], histograms: &[HistogramSample]) -> Vec<HeadChunk> {
    let mut chunks: Vec<HeadChunk> =
        samples.chunks(CHUNK_SAMPLES as usize).filter_map(HeadChunk::sealed).collect();
    chunks.extend(histograms.chunks(CHUNK_SAMPLES as usize).map(|part| {
        let mut writer = HistogramWriter::default();
        for sample in part {
            writer.push(sample);
        }
        HeadChunk::of_histograms(&writer)
    }));
    chunks
}
