//! Blocks of slices as few bytes: what is kept of the past. It must not know times.
//!
//! A block is two columns of 64 counts each. A column is its least count and, for each count, how much more it is,
//! in as many bits as the greatest of them needs (frame of reference). Where most counts are 0 (rare errors, scrapes
//! that are farther apart than slices) a mask says which are not, and only those are kept.

use std::fmt;
use std::ops::Deref;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ledger::Sums;

/// Slices in a block.
pub(crate) const SLOTS: usize = 64;

/// Raw counts of the slices of one block.
pub(crate) type Slots = [Sums; SLOTS];

/// A byte of a column's head: only the counts that are not 0 are kept, and a mask says which.
const MASKED: u8 = 0x80;

/// So many bits lie within eight bytes, wherever in a byte they begin.
const NARROW: u32 = 56;

/// The sum of some slices.
pub(crate) fn sum(slots: &[Sums]) -> Sums {
    slots.iter().fold(Sums::default(), |sum, it| sum.plus(*it))
}

/// A block as bytes.
pub(crate) fn pack(slots: &Slots) -> Vec<u8> {
    let mut bytes = Vec::new();
    pack_column(&slots.map(|it| it.whole), &mut bytes);
    pack_column(&slots.map(|it| it.part), &mut bytes);
    bytes
}

/// A block that is still packed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packed<'a> {
    whole: Column<'a>,
    part: Column<'a>,
}

/// The head of a column, and its bits.
#[derive(Debug, Clone, Copy)]
struct Column<'a> {
    least: u64,
    width: u32,
    /// The slots whose counts are kept; all others are 0.
    mask: u64,
    bits: &'a [u8],
}

impl<'a> Packed<'a> {
    /// Nothing when the bytes are no block.
    pub(crate) fn new(mut bytes: &'a [u8]) -> Option<Self> {
        let packed = Self { whole: Column::take(&mut bytes)?, part: Column::take(&mut bytes)? };
        bytes.is_empty().then_some(packed)
    }

    /// The sum of the slots up to `last`.
    pub(crate) fn sum_to(&self, last: usize) -> Sums {
        Sums { whole: self.whole.sum_to(last), part: self.part.sum_to(last) }
    }

    pub(crate) fn unpack(&self) -> Slots {
        let mut slots = [Sums::default(); SLOTS];
        self.whole.each(|slot, count| slots[slot].whole = count);
        self.part.each(|slot, count| slots[slot].part = count);
        slots
    }
}

impl<'a> Column<'a> {
    /// The column at the front, which is taken away.
    fn take(bytes: &mut &'a [u8]) -> Option<Self> {
        let head = take_bytes(bytes, 1)?.first().copied()?;
        let width = u32::from(head & !MASKED);
        if u64::BITS < width {
            return None;
        }
        let least = take_varint(bytes)?;
        let mask = match head & MASKED {
            0 => u64::MAX,
            _ => u64::from_le_bytes(take_bytes(bytes, 8)?.try_into().ok()?),
        };
        let bits = take_bytes(bytes, bytes_of(mask, width))?;
        Some(Self { least, width, mask, bits })
    }
}

fn take_bytes<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

impl Column<'_> {
    /// The sum of the slots up to `last`.
    fn sum_to(&self, last: usize) -> u64 {
        let kept = (self.mask & (u64::MAX >> (SLOTS - 1 - last))).count_ones();
        let mut sum = self.least.saturating_mul(u64::from(kept));
        match self.width {
            0 => {}
            1..=NARROW => sum = sum.saturating_add(self.narrow_excess(kept)),
            _ => sum = (0..kept).fold(sum, |sum, it| sum.saturating_add(self.excess(it))),
        }
        sum
    }

    /// The sum of the first so many counts above the least, several of one word at a time: sums of the past are made
    /// of these. At most 64 counts of [`NARROW`] bits, so that nothing overflows.
    fn narrow_excess(&self, kept: u32) -> u64 {
        let (mask, per_word) = ((1_u64 << self.width) - 1, NARROW / self.width);
        let (mut sum, mut index) = (0_u64, 0);
        while index < kept {
            let mut word = self.word(index * self.width);
            let count = per_word.min(kept - index);
            for _ in 0..count {
                sum += word & mask;
                word >>= self.width;
            }
            index += count;
        }
        sum
    }

    /// At least [`NARROW`] bits from one on, lowest first.
    fn word(&self, first_bit: u32) -> u64 {
        let rest = self.bits.get((first_bit / u8::BITS) as usize..).unwrap_or_default();
        let word = match rest.first_chunk::<8>() {
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => {
                let mut bytes = [0; 8];
                bytes[..rest.len()].copy_from_slice(rest);
                u64::from_le_bytes(bytes)
            }
        };
        word >> (first_bit % u8::BITS)
    }

    /// Every count that is kept, in the order of the slots.
    fn each(&self, mut visit: impl FnMut(usize, u64)) {
        let kept = (0..SLOTS).filter(|it| self.mask >> it & 1 == 1);
        for (slot, index) in kept.zip(0..) {
            visit(slot, self.least.saturating_add(self.excess(index)));
        }
    }

    /// How much more than the least the count at this index is: `width` bits, lowest first.
    fn excess(&self, index: u32) -> u64 {
        let (first_bit, mask) = (index * self.width, (1_u128 << self.width) - 1);
        let rest = self.bits.get((first_bit / u8::BITS) as usize..).unwrap_or_default();
        // Bits that begin inside of a byte may reach into a ninth one.
        let word = match rest.first_chunk::<16>() {
            Some(bytes) => u128::from_le_bytes(*bytes),
            None => {
                let mut bytes = [0; 16];
                bytes[..rest.len()].copy_from_slice(rest);
                u128::from_le_bytes(bytes)
            }
        };
        u64::try_from(word >> (first_bit % u8::BITS) & mask).expect("at most 64 bits")
    }
}

fn pack_column(counts: &[u64; SLOTS], bytes: &mut Vec<u8>) {
    let dense = Frame::new(counts, u64::MAX);
    let present = counts.iter().rev().fold(0, |mask, it| mask << 1 | u64::from(*it != 0));
    let sparse = Frame::new(counts, present);
    let is_sparse = sparse.bytes() + 8 < dense.bytes();
    let (frame, mode) = if is_sparse { (sparse, MASKED) } else { (dense, 0) };
    bytes.push(u8::try_from(frame.width).expect("at most 64") | mode);
    put_varint(bytes, frame.least);
    if mode == MASKED {
        bytes.extend(frame.mask.to_le_bytes());
    }
    frame.write(counts, bytes);
}

/// How a column is packed.
#[derive(Clone, Copy)]
struct Frame {
    mask: u64,
    least: u64,
    width: u32,
}

impl Frame {
    fn new(counts: &[u64; SLOTS], mask: u64) -> Self {
        let kept = || counts.iter().enumerate().filter(|(slot, _)| mask >> slot & 1 == 1);
        let least = kept().map(|(_, it)| *it).min().unwrap_or(0);
        let greatest = kept().map(|(_, it)| *it).max().unwrap_or(0);
        Self { mask, least, width: u64::BITS - (greatest - least).leading_zeros() }
    }

    fn bytes(self) -> usize {
        bytes_of(self.mask, self.width)
    }

    fn write(self, counts: &[u64; SLOTS], bytes: &mut Vec<u8>) {
        let (mut buffer, mut held) = (0_u128, 0);
        for (slot, count) in counts.iter().enumerate() {
            if self.mask >> slot & 1 == 1 {
                buffer |= u128::from(count - self.least) << held;
                held += self.width;
                while u8::BITS <= held {
                    bytes.push(lowest_byte(buffer));
                    buffer >>= u8::BITS;
                    held -= u8::BITS;
                }
            }
        }
        if 0 < held {
            bytes.push(lowest_byte(buffer));
        }
    }
}

fn lowest_byte(buffer: u128) -> u8 {
    u8::try_from(buffer & 0xff).expect("one byte")
}

fn bytes_of(mask: u64, width: u32) -> usize {
    let bits = mask.count_ones() * width;
    bits.div_ceil(u8::BITS) as usize
}

/// Bytes that are saved as bytes, not as a list of numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bytes(Box<[u8]>);

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into_boxed_slice())
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes::from(bytes.to_vec()))
            }

            // Formats without bytes write lists of numbers.
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Bytes, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = list.next_element()? {
                    bytes.push(byte);
                }
                Ok(Bytes::from(bytes))
            }
        }
        deserializer.deserialize_bytes(Reader)
    }
}

/// Seven bits a byte, lowest first; the eighth says that there is more (LEB128).
fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while 0x7f < value {
        bytes.push(lowest_byte(u128::from(value)) | 0x80);
        value >>= 7;
    }
    bytes.push(lowest_byte(u128::from(value)));
}

/// The number at the front, which is taken away; nothing when there is none.
fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..u64::BITS).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        let low = u64::from(first & 0x7f);
        // The tenth byte has room for one bit.
        if low << shift >> shift != low {
            return None;
        }
        value |= low << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests;
