//! Reading one block: its head, then the payloads that are asked for.
//!
//! Buffers are used again and again. It must not know the index.

use std::sync::Arc;

use super::{ALIGNMENT, Segment, SegmentError, Stored};
use crate::Damage;
use crate::chunk::{Entry, Kind};
use crate::histograms::decode_histograms;
use crate::scratch::Scratch;
use crate::wire::Reader;

/// The first read of a block: the whole of most blocks, the head of large ones.
const FIRST_READ_BYTES: u64 = 8 * 1024;
/// A head of more is taken for damage.
const HEAD_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The checksum and the longest length.
const PREFIX_BYTES: usize = 14;

/// The head of a block.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) segment: Arc<Segment>,
    /// Where the payloads begin.
    payloads_at: u64,
    /// Each with the offset of its payload from there.
    pub(crate) entries: Vec<(Entry, u64)>,
}

/// Reads blocks.
#[derive(Debug, Default)]
pub(crate) struct BlockReader {
    /// What was read last, and where it begins in the file.
    bytes: Vec<u8>,
    at: u64,
    /// Whose bytes these are.
    number: u64,
}

impl BlockReader {
    /// Reads the head of a block.
    pub(crate) fn open(
        &mut self,
        segment: &Arc<Segment>,
        stored: &Stored,
    ) -> Result<Block, SegmentError> {
        let start = u64::from(stored.offset) * ALIGNMENT;
        let length = segment.blocks_end.saturating_sub(start).min(FIRST_READ_BYTES);
        self.read(segment, start, length)?;
        let (head_at, head_bytes) = prefix(&self.bytes).map_err(|it| segment.damaged(it))?;
        let whole = (head_at + head_bytes) as u64;
        if length < whole {
            if segment.blocks_end < start.saturating_add(whole) {
                return Err(segment.damaged(Damage("a block lies outside of its file")));
            }
            self.read(segment, start, whole)?;
        }
        let entries = parse_head(&self.bytes, head_at, head_bytes, segment.base_ms);
        let entries = entries.map_err(|it| segment.damaged(it))?;
        Ok(Block { segment: Arc::clone(segment), payloads_at: start + whole, entries })
    }

    fn read(&mut self, segment: &Segment, at: u64, length: u64) -> Result<(), SegmentError> {
        self.number = 0; // until it is there
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        // Only more is cleared; what is there is overwritten.
        self.bytes.resize(length, 0);
        segment.read_at(&mut self.bytes, at)?;
        (self.at, self.number) = (at, segment.number);
        Ok(())
    }

    /// Makes sure that the payloads of these chunks, which follow each other, are in memory.
    pub(crate) fn fetch(
        &mut self,
        block: &Block,
        chunks: std::ops::Range<usize>,
    ) -> Result<(), SegmentError> {
        let entries = block.entries.get(chunks).unwrap_or_default();
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(()) };
        let start = block.payloads_at + first.1;
        let end = block.payloads_at + last.1 + u64::from(last.0.bytes);
        let is_here = self.number == block.segment.number
            && self.at <= start
            && end <= self.at + self.bytes.len() as u64;
        if is_here {
            return Ok(());
        }
        if block.segment.blocks_end < end {
            return Err(block.segment.damaged(Damage("a chunk lies outside of its file")));
        }
        self.read(&block.segment, start, end - start)
    }

    /// Adds the samples of one fetched chunk in the closed range.
    pub(crate) fn decode(
        &self,
        block: &Block,
        chunk: usize,
        from_ms: i64,
        to_ms: i64,
        to: &mut Scratch,
    ) -> Result<(), SegmentError> {
        let Some((entry, offset)) = block.entries.get(chunk) else { return Ok(()) };
        to.note(entry.kind, entry.first_ms, entry.last_ms);
        let start = (block.payloads_at + offset).checked_sub(self.at);
        let rest = start.and_then(|it| self.bytes.get(usize::try_from(it).ok()?..));
        let decoded = decode(entry, rest.unwrap_or_default(), from_ms, to_ms, to);
        decoded.map_err(|it| block.segment.damaged(it))
    }

    /// Adds all samples of the block in the closed range.
    pub(crate) fn read_all(
        &mut self,
        segment: &Arc<Segment>,
        stored: &Stored,
        from_ms: i64,
        to_ms: i64,
        to: &mut Scratch,
    ) -> Result<(), SegmentError> {
        let block = self.open(segment, stored)?;
        let wanted = |it: &(Entry, u64)| it.0.overlaps(from_ms, to_ms);
        let Some(first) = block.entries.iter().position(wanted) else { return Ok(()) };
        let end = block.entries.iter().rposition(wanted).unwrap_or(first) + 1;
        self.fetch(&block, first..end)?;
        for index in first..end {
            if to.is_over_limit() {
                break;
            }
            if block.entries.get(index).is_some_and(wanted) {
                self.decode(&block, index, from_ms, to_ms, to)?;
            }
        }
        Ok(())
    }
}

fn decode(
    entry: &Entry,
    rest: &[u8],
    from_ms: i64,
    to_ms: i64,
    to: &mut Scratch,
) -> Result<(), Damage> {
    let payload = rest.get(..entry.bytes as usize).ok_or(Damage("a chunk is not whole"))?;
    if crc32fast::hash(payload) != entry.crc {
        return Err(Damage("the checksum of a chunk is wrong"));
    }
    match entry.kind {
        // What follows in memory is passed too: columns are read in wide steps.
        Kind::Numbers => to.decoder.decode(entry, rest, from_ms, to_ms, &mut to.samples),
        Kind::Histograms => {
            let (first_ms, count) = (entry.first_ms, entry.count);
            decode_histograms(payload, first_ms, count, from_ms, to_ms, &mut to.histograms)
        }
    }
}

/// Where the head begins, and its length.
fn prefix(bytes: &[u8]) -> Result<(usize, usize), Damage> {
    let mut reader = Reader::new(bytes.get(..PREFIX_BYTES.min(bytes.len())).unwrap_or_default());
    let before = reader.rest().len();
    reader.u32()?;
    let head_bytes = usize::try_from(reader.varint()?).unwrap_or(usize::MAX);
    if HEAD_BYTES_MAX < head_bytes {
        return Err(Damage("the head of a block is too large"));
    }
    Ok((before - reader.rest().len(), head_bytes))
}

fn parse_head(
    bytes: &[u8],
    head_at: usize,
    head_bytes: usize,
    base_ms: i64,
) -> Result<Vec<(Entry, u64)>, Damage> {
    let checked = bytes.get(4..head_at + head_bytes).ok_or(Damage("a head is not whole"))?;
    if Reader::new(bytes).u32()? != crc32fast::hash(checked) {
        return Err(Damage("the checksum of a head is wrong"));
    }
    let head = bytes.get(head_at..head_at + head_bytes).unwrap_or_default();
    let mut reader = Reader::new(head);
    let count = reader.count(9)?;
    let mut entries = Vec::with_capacity(count);
    let (mut before_ms, mut offset) = (base_ms, 0);
    for _ in 0..count {
        let entry = Entry::read(&mut reader, before_ms)?;
        before_ms = entry.last_ms;
        entries.push((entry, offset));
        offset += u64::from(entry.bytes);
    }
    Ok(entries)
}

/// Reads arbitrary bytes as a block.
pub(super) fn fuzz(bytes: &[u8]) {
    if let Ok((head_at, head_bytes)) = prefix(bytes) {
        drop(parse_head(bytes, head_at, head_bytes, 0));
    }
    if let Ok(entry) = Entry::read(&mut Reader::new(bytes), 0) {
        let mut scratch = Scratch::default();
        let decoded =
            scratch.decoder.decode(&entry, bytes, i64::MIN, i64::MAX, &mut scratch.samples);
        decoded.unwrap_or_default();
    }
    decode_histograms(bytes, 0, 100, i64::MIN, i64::MAX, &mut Vec::new()).unwrap_or_default();
}
