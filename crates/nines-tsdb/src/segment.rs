//! Segments: immutable files of samples, written once.
//!
//! Magic bytes, then one block per series, then the index, then the footer. A block is a directory of its chunks
//! (times, count, length, CRC-32) and their bytes. The index names strings once, and per series its labels, the
//! sizes of its block, its first and last time, and the directory's CRC-32. The footer says where the index is,
//! with its CRC-32 and its own. Everything is little-endian. The index is read into the registry; blocks are read
//! when they are asked for. This module must not know which series are in memory.

mod writer;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use nines_base::{Labels, Sample};

use crate::Damage;
use crate::chunk::decode;
use crate::files::numbered;
use crate::wire::Reader;

pub(crate) use writer::SegmentWriter;

/// The ending of segment files.
pub(crate) const SEGMENT: &str = "segment";
const MAGIC: [u8; 8] = *b"NINESEG1";
const FOOTER_BYTES: usize = 40;
/// An index of more is taken for damage.
const INDEX_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// An open segment.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) path: PathBuf,
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
    pub(crate) bytes: u64,
    file: File,
    damaged: AtomicBool,
}

/// Where the block of one series is, and what it spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockRef {
    offset: u64,
    bytes: u32,
    directory_bytes: u32,
    directory_crc: u32,
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
}

impl BlockRef {
    /// Whether the closed range touches this block.
    pub(crate) fn overlaps(&self, from_ms: i64, to_ms: i64) -> bool {
        self.first_ms <= to_ms && from_ms <= self.last_ms
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
    pub(crate) fn open(
        dir: &Path,
        number: u64,
    ) -> Result<(Self, Vec<(Labels, BlockRef)>), SegmentError> {
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
        let series = parse_index(&index, footer.offset).map_err(damaged)?;
        let first_ms = series.iter().map(|(_, it)| it.first_ms).min().unwrap_or(i64::MAX);
        let last_ms = series.iter().map(|(_, it)| it.last_ms).max().unwrap_or(i64::MIN);
        let damaged = AtomicBool::new(false);
        Ok((Self { number, path, first_ms, last_ms, bytes, file, damaged }, series))
    }

    /// Whether a read has found damage.
    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Adds the samples of one series in the closed range to `out`.
    pub(crate) fn read(
        &self,
        block: &BlockRef,
        from_ms: i64,
        to_ms: i64,
        out: &mut Vec<Sample>,
    ) -> Result<(), SegmentError> {
        match self.read_block(block, from_ms, to_ms, out) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(source)) => {
                self.damaged.store(true, Ordering::Relaxed);
                Err(SegmentError::Damaged { path: self.path.clone(), source })
            }
            Err(source) => Err(SegmentError::Failed { path: self.path.clone(), source }),
        }
    }

    fn read_block(
        &self,
        block: &BlockRef,
        from_ms: i64,
        to_ms: i64,
        out: &mut Vec<Sample>,
    ) -> io::Result<Result<(), Damage>> {
        let everything = from_ms <= block.first_ms && block.last_ms <= to_ms;
        let mut bytes =
            vec![0; if everything { block.bytes } else { block.directory_bytes } as usize];
        self.file.read_exact_at(&mut bytes, block.offset)?;
        let (directory, all_chunks) =
            bytes.split_at_checked(block.directory_bytes as usize).unwrap_or_default();
        if crc32fast::hash(directory) != block.directory_crc {
            return Ok(Err(Damage("the checksum of a directory is wrong")));
        }
        let mut wanted = match parse_directory(directory) {
            Ok(entries) => entries,
            Err(damage) => return Ok(Err(damage)),
        };
        wanted.retain(|it| it.first_ms <= to_ms && from_ms <= it.last_ms);
        if everything {
            return Ok(decode_chunks(&wanted, all_chunks, from_ms, to_ms, out));
        }
        let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else { return Ok(Ok(())) };
        let (start, end) = (first.offset, last.offset.saturating_add(last.bytes));
        if block.bytes as usize - directory.len() < end {
            return Ok(Err(Damage("a chunk lies outside of its block")));
        }
        let mut chunks = vec![0; end - start];
        self.file.read_exact_at(&mut chunks, block.offset + (directory.len() + start) as u64)?;
        for chunk in &mut wanted {
            chunk.offset -= start;
        }
        Ok(decode_chunks(&wanted, &chunks, from_ms, to_ms, out))
    }
}

/// One chunk within a block.
#[derive(Debug, Clone, Copy)]
struct ChunkRef {
    first_ms: i64,
    last_ms: i64,
    count: u32,
    /// From the end of the directory.
    offset: usize,
    bytes: usize,
    crc: u32,
}

fn parse_directory(bytes: &[u8]) -> Result<Vec<ChunkRef>, Damage> {
    let mut reader = Reader::new(bytes);
    let mut chunks = Vec::new();
    let (mut offset, mut before_ms) = (0_usize, 0_i64);
    for _ in 0..reader.count(8)? {
        let first_ms = before_ms.wrapping_add(reader.signed()?);
        let last_ms = first_ms.wrapping_add_unsigned(reader.varint()?);
        let count = u32::try_from(reader.varint()?).map_err(|_| Damage("a count is too large"))?;
        let bytes =
            u32::try_from(reader.varint()?).map_err(|_| Damage("a chunk is too large"))? as usize;
        chunks.push(ChunkRef { first_ms, last_ms, count, offset, bytes, crc: reader.u32()? });
        offset = offset.checked_add(bytes).ok_or(Damage("a chunk is too large"))?;
        before_ms = last_ms;
    }
    Ok(chunks)
}

fn decode_chunks(
    wanted: &[ChunkRef],
    bytes: &[u8],
    from_ms: i64,
    to_ms: i64,
    out: &mut Vec<Sample>,
) -> Result<(), Damage> {
    for chunk in wanted {
        let end = chunk.offset.checked_add(chunk.bytes);
        let bytes = end.and_then(|end| bytes.get(chunk.offset..end));
        let bytes = bytes.ok_or(Damage("a chunk lies outside of its block"))?;
        if crc32fast::hash(bytes) != chunk.crc {
            return Err(Damage("the checksum of a chunk is wrong"));
        }
        decode(&mut Reader::new(bytes), chunk.first_ms, chunk.count, from_ms, to_ms, out)?;
    }
    Ok(())
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

fn parse_index(bytes: &[u8], blocks_end: u64) -> Result<Vec<(Labels, BlockRef)>, Damage> {
    let mut reader = Reader::new(bytes);
    let mut symbols = Vec::new();
    for _ in 0..reader.count(1)? {
        symbols.push(reader.text()?);
    }
    let mut series = Vec::new();
    let mut offset = MAGIC.len() as u64;
    for _ in 0..reader.count(9)? {
        let labels = read_labels(&mut reader, &symbols)?;
        let size = |it: u64| u32::try_from(it).map_err(|_| Damage("a block is too large"));
        let directory_bytes = size(reader.varint()?)?;
        let bytes = size(reader.varint()?)?;
        let first_ms = reader.signed()?;
        let last_ms = first_ms.wrapping_add_unsigned(reader.varint()?);
        let directory_crc = reader.u32()?;
        if bytes < directory_bytes || blocks_end < offset + u64::from(bytes) {
            return Err(Damage("a block lies outside of its file"));
        }
        series.push((
            labels,
            BlockRef { offset, bytes, directory_bytes, directory_crc, first_ms, last_ms },
        ));
        offset += u64::from(bytes);
    }
    Ok(series)
}

fn read_labels(reader: &mut Reader<'_>, symbols: &[&str]) -> Result<Labels, Damage> {
    let mut pairs = Vec::new();
    for _ in 0..reader.count(2)? {
        let mut symbol = || {
            let index = usize::try_from(reader.varint()?).unwrap_or(usize::MAX);
            symbols.get(index).copied().ok_or(Damage("a label has an unknown text"))
        };
        pairs.push((symbol()?, symbol()?));
    }
    Labels::new(pairs).map_err(|_| Damage("a label set is invalid"))
}

/// Reads arbitrary bytes as the parts of a segment.
pub(crate) fn fuzz(bytes: &[u8]) {
    let blocks_end = Footer::parse(bytes).map_or(u64::MAX / 2, |it| it.offset);
    drop(parse_index(bytes, blocks_end));
    if let Ok(chunks) = parse_directory(bytes) {
        let mut out = Vec::new();
        drop(decode_chunks(&chunks, bytes, i64::MIN, i64::MAX, &mut out).map(|()| out));
    }
}

#[cfg(test)]
mod tests;
