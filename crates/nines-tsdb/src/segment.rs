//! Segments: immutable files of samples, written once.
//!
//! Magic bytes, then one block per series, each at a multiple of four, then the index, then the footer. A block is a
//! CRC-32, the length of its head, the head (how many chunks, then the entries of all), and the payloads of the
//! chunks. The index (see `index`) names texts once, and per series its labels and where its block is. The footer
//! says where the index is, with its CRC-32 and its own. Everything is little-endian. The index is read into the
//! registry; blocks are read when they are asked for. This module must not know which series are in memory.

mod block;
mod index;
mod writer;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Damage;
use crate::files::numbered;
use crate::wire::Reader;

pub(crate) use block::{Block, BlockReader};
pub(crate) use index::Index;
pub(crate) use writer::SegmentWriter;

/// The ending of segment files.
pub(crate) const SEGMENT: &str = "segment";
const MAGIC: [u8; 8] = *b"NINESEG2";
const FOOTER_BYTES: usize = 40;
/// An index of more is taken for damage.
const INDEX_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// Blocks begin at multiples of this, so that 32 bits reach far.
const ALIGNMENT: u64 = 4;

/// An open segment.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) path: PathBuf,
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
    pub(crate) bytes: u64,
    /// What times in blocks are relative to.
    base_ms: i64,
    blocks_end: u64,
    file: File,
    damaged: AtomicBool,
}

/// Where a block is, and what part of its segment's time it spans. There are many, so it is small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Its number.
    pub(crate) segment: u32,
    /// In units of [`ALIGNMENT`].
    offset: u32,
    first: u16,
    last: u16,
}

/// A part of the time that a segment spans: 0 is its first sample, `u16::MAX` its last.
const WHOLE_SPAN: u16 = u16::MAX;

/// The part of the segment's span at which a time lies; times outside lie at its ends.
fn part_of(at_ms: i64, first_ms: i64, last_ms: i64, rounding: Rounding) -> u16 {
    let span = i128::from(last_ms) - i128::from(first_ms);
    if span <= 0 {
        return 0;
    }
    let offset = (i128::from(at_ms) - i128::from(first_ms)).clamp(0, span);
    let scaled = offset * i128::from(WHOLE_SPAN);
    let part = match rounding {
        Rounding::Down => scaled / span,
        Rounding::Up => (scaled + span - 1) / span,
    };
    u16::try_from(part).unwrap_or(WHOLE_SPAN)
}

#[derive(Debug, Clone, Copy)]
enum Rounding {
    Down,
    Up,
}

/// The segments that a closed range of time touches.
#[derive(Debug)]
pub(crate) struct Reach {
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    /// By rising number.
    segments: Vec<Touched>,
}

#[derive(Debug)]
struct Touched {
    number: u32,
    from: u16,
    to: u16,
    segment: Arc<Segment>,
}

impl Reach {
    pub(crate) fn new(segments: &[Arc<Segment>], from_ms: i64, to_ms: i64) -> Self {
        let touched = segments.iter().filter(|it| it.first_ms <= to_ms && from_ms <= it.last_ms);
        let touched = touched.filter_map(|it| {
            Some(Touched {
                number: u32::try_from(it.number).ok()?,
                from: part_of(from_ms, it.first_ms, it.last_ms, Rounding::Down),
                to: part_of(to_ms, it.first_ms, it.last_ms, Rounding::Up),
                segment: Arc::clone(it),
            })
        });
        Self { from_ms, to_ms, segments: touched.collect() }
    }

    /// The segment of a block that may have samples in the range.
    pub(crate) fn segment_of(&self, stored: &Stored) -> Option<&Arc<Segment>> {
        let index = self.segments.binary_search_by_key(&stored.segment, |it| it.number).ok()?;
        let it = self.segments.get(index)?;
        (stored.first <= it.to && it.from <= stored.last).then_some(&it.segment)
    }
}

/// Why a segment could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SegmentError {
    #[error("failed to read segment {path:?}")]
    Failed { path: PathBuf, source: io::Error },
    #[error("segment {path:?} is damaged; the next maintenance leaves it out")]
    Damaged { path: PathBuf, source: Damage },
}

impl Segment {
    /// Opens the file and reads its index.
    pub(crate) fn open(dir: &Path, number: u64) -> Result<(Self, Index), SegmentError> {
        let path = numbered(dir, number, SEGMENT);
        let failed = |source| SegmentError::Failed { path: path.clone(), source };
        let damaged = |source| SegmentError::Damaged { path: path.clone(), source };
        let file = File::open(&path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let footer_at = bytes
            .checked_sub(FOOTER_BYTES as u64)
            .ok_or_else(|| damaged(Damage("it is too short")))?;
        let mut footer = [0; FOOTER_BYTES];
        file.read_exact_at(&mut footer, footer_at).map_err(failed)?;
        let footer = Footer::parse(&footer).map_err(damaged)?;
        let index_fits = footer.offset.checked_add(footer.bytes) == Some(footer_at);
        if !index_fits || INDEX_BYTES_MAX < footer.bytes {
            return Err(damaged(Damage("its footer is wrong")));
        }
        let mut magic = [0; MAGIC.len()];
        file.read_exact_at(&mut magic, 0).map_err(failed)?;
        if magic != MAGIC {
            return Err(damaged(Damage("it does not begin with the magic bytes")));
        }
        let mut index = vec![0; usize::try_from(footer.bytes).unwrap_or(usize::MAX)];
        file.read_exact_at(&mut index, footer.offset).map_err(failed)?;
        if crc32fast::hash(&index) != footer.crc {
            return Err(damaged(Damage("the checksum of its index is wrong")));
        }
        let number_32 =
            u32::try_from(number).map_err(|_| damaged(Damage("its number is too large")))?;
        let index = Index::parse(&index, number_32, footer.offset).map_err(damaged)?;
        let segment = Self {
            number,
            first_ms: index.first_ms,
            last_ms: index.last_ms,
            base_ms: index.base_ms,
            bytes,
            blocks_end: footer.offset,
            file,
            damaged: AtomicBool::new(false),
            path,
        };
        Ok((segment, index))
    }

    /// Whether a read has found damage.
    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Makes an error of damage, and remembers it.
    pub(crate) fn damaged(&self, source: Damage) -> SegmentError {
        self.damaged.store(true, Ordering::Relaxed);
        SegmentError::Damaged { path: self.path.clone(), source }
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> Result<(), SegmentError> {
        let read = self.file.read_exact_at(bytes, offset);
        read.map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged(Damage("it has become shorter")),
            _ => SegmentError::Failed { path: self.path.clone(), source },
        })
    }
}

/// Where the index is.
#[derive(Debug, Clone, Copy)]
struct Footer {
    offset: u64,
    bytes: u64,
    crc: u32,
}

impl Footer {
    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FOOTER_BYTES);
        bytes.extend(self.offset.to_le_bytes());
        bytes.extend(self.bytes.to_le_bytes());
        bytes.extend(self.crc.to_le_bytes());
        bytes.extend([0; 8]); // for later versions
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes.extend(MAGIC);
        bytes
    }

    fn parse(bytes: &[u8]) -> Result<Self, Damage> {
        let mut reader = Reader::new(bytes);
        let checked = reader.bytes(FOOTER_BYTES - MAGIC.len() - 4)?;
        if reader.u32()? != crc32fast::hash(checked) || reader.array()? != MAGIC {
            return Err(Damage("it has no valid footer"));
        }
        let mut reader = Reader::new(checked);
        Ok(Self { offset: reader.u64()?, bytes: reader.u64()?, crc: reader.u32()? })
    }
}

/// Reads arbitrary bytes as the parts of a segment.
pub(crate) fn fuzz(bytes: &[u8]) {
    let blocks_end = Footer::parse(bytes).map_or(u64::MAX / 2, |it| it.offset);
    drop(Index::parse(bytes, 1, blocks_end));
    block::fuzz(bytes);
}

#[cfg(test)]
mod tests;
