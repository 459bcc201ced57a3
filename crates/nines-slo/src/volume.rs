//! Sixteen packed blocks that follow each other, any of them read at once. It must not know times.
//!
//! Before the blocks stands a head for each that is there: where it begins, and the sums of the blocks before it.
//! Heads are as narrow as the largest of them allows.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ledger::Sums;
use crate::packed::{Bytes, Packed, SLOTS, Slots, pack, sum};

/// Blocks in a volume.
pub(crate) const BLOCKS: usize = 16;

/// What a head says about where its block begins: a block takes little more than 1 KiB.
const OFFSET_BYTES: usize = 2;

/// Sixteen blocks, of which only those with events are there.
#[derive(Debug, Clone)]
pub(crate) struct Volume {
    /// Volumes are numbered like blocks.
    pub(crate) number: i64,
    /// The sum of all earlier volumes; whoever holds them keeps it.
    pub(crate) before: Sums,
    pub(crate) sum: Sums,
    shape: Shape,
    /// Heads, then blocks.
    bytes: Bytes,
}

/// How the bytes are to be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Shape {
    /// One bit for each block that is there.
    present: u16,
    /// The bytes of the sums in a head.
    whole_bytes: u8,
    part_bytes: u8,
}

/// A block on its way into a volume.
struct Part<'a> {
    place: usize,
    sum: Sums,
    bytes: &'a [u8],
}

impl Volume {
    pub(crate) fn new(number: i64) -> Self {
        let (before, sum, shape) = (Sums::default(), Sums::default(), Shape::default());
        Self { number, before, sum, shape, bytes: Bytes::default() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.shape.present == 0
    }

    /// The events of the slices up to `slot` of the block at `place`.
    pub(crate) fn up_to(&self, place: usize, slot: usize) -> Sums {
        let index = self.shape.index(place);
        let Some((_, before)) = self.head(index) else { return self.sum };
        match self.block(index).filter(|_| self.shape.has(place)) {
            Some(block) => before.plus(block.sum_to(slot)),
            None => before,
        }
    }

    /// Puts a block to its place, which is free.
    pub(crate) fn insert(&mut self, place: usize, slots: &Slots) {
        let bytes = pack(slots);
        let mut parts = self.parts();
        let new = Part { place, sum: sum(slots), bytes: &bytes };
        parts.insert(self.shape.index(place), new);
        let assembled = Self::assembled(self.number, &parts);
        *self = Self { before: self.before, ..assembled };
    }

    /// Takes a block away.
    pub(crate) fn remove(&mut self, place: usize) -> Option<Slots> {
        let index = self.shape.index(place);
        let slots = self.block(index).filter(|_| self.shape.has(place))?.unpack();
        let mut parts = self.parts();
        parts.remove(index);
        let assembled = Self::assembled(self.number, &parts);
        *self = Self { before: self.before, ..assembled };
        Some(slots)
    }

    fn assembled(number: i64, parts: &[Part<'_>]) -> Self {
        let total = parts.iter().fold(Sums::default(), |sum, it| sum.plus(it.sum));
        let present = parts.iter().fold(0, |present, it| present | 1 << it.place);
        let (whole_bytes, part_bytes) = (width(total.whole), width(total.part));
        let shape = Shape { present, whole_bytes, part_bytes };
        let blocks: usize = parts.iter().map(|it| it.bytes.len()).sum();
        let mut bytes = Vec::with_capacity(shape.heads_bytes() + blocks);
        let (mut offset, mut before) = (shape.heads_bytes(), Sums::default());
        for it in parts {
            let fits =
                u16::try_from(offset).expect("sixteen blocks and heads take less than 64 KiB");
            bytes.extend(fits.to_le_bytes());
            bytes.extend(before.whole.to_le_bytes().iter().take(whole_bytes.into()));
            bytes.extend(before.part.to_le_bytes().iter().take(part_bytes.into()));
            offset += it.bytes.len();
            before = before.plus(it.sum);
        }
        for it in parts {
            bytes.extend(it.bytes);
        }
        Self { number, before: Sums::default(), sum: total, shape, bytes: Bytes::from(bytes) }
    }

    fn parts(&self) -> Vec<Part<'_>> {
        let places = (0..BLOCKS).filter(|it| self.shape.has(*it));
        let part = |(index, place)| {
            let (_, before) = self.head(index)?;
            let after = self.head(index + 1).map_or(self.sum, |(_, it)| it);
            Some(Part { place, sum: after.minus(before), bytes: self.block_bytes(index)? })
        };
        places.enumerate().filter_map(part).collect()
    }

    /// Where the block at this index begins, and the sum of the blocks before it.
    fn head(&self, index: usize) -> Option<(usize, Sums)> {
        if self.shape.count() <= index {
            return None;
        }
        let Shape { whole_bytes, part_bytes, .. } = self.shape;
        let head = self.bytes.get(index * self.shape.head_bytes()..)?;
        let (offset, rest) = head.split_at_checked(OFFSET_BYTES)?;
        let (whole, rest) = rest.split_at_checked(whole_bytes.into())?;
        let part = rest.get(..part_bytes.into())?;
        let offset = usize::try_from(number(offset)).ok()?;
        Some((offset, Sums { whole: number(whole), part: number(part) }))
    }

    fn block_bytes(&self, index: usize) -> Option<&[u8]> {
        let (from, _) = self.head(index)?;
        let to = self.head(index + 1).map_or(self.bytes.len(), |(it, _)| it);
        self.bytes.get(from..to)
    }

    fn block(&self, index: usize) -> Option<Packed<'_>> {
        Packed::new(self.block_bytes(index)?)
    }

    /// With its sum, if the bytes are the blocks that should be there.
    fn checked(mut self) -> Option<Self> {
        let count = self.shape.count();
        let heads = (0..count).map(|it| self.head(it)).collect::<Option<Vec<_>>>()?;
        let rises =
            heads.is_sorted_by(|a, b| a.0 < b.0 && a.1.whole <= b.1.whole && a.1.part <= b.1.part);
        let begins = heads.first().is_none_or(|it| it.0 == self.shape.heads_bytes());
        let blocks = (0..count).all(|it| self.block(it).is_some());
        if !(rises && begins && blocks) {
            return None;
        }
        self.sum = match (heads.last(), count.checked_sub(1).and_then(|it| self.block(it))) {
            (Some((_, before)), Some(block)) => before.plus(block.sum_to(SLOTS - 1)),
            _ => Sums::default(),
        };
        Some(self)
    }
}

impl Shape {
    fn has(self, place: usize) -> bool {
        self.present >> place & 1 == 1
    }

    fn count(self) -> usize {
        self.present.count_ones() as usize
    }

    /// How many blocks are there before this place.
    fn index(self, place: usize) -> usize {
        (self.present & ((1 << place) - 1)).count_ones() as usize
    }

    fn head_bytes(self) -> usize {
        OFFSET_BYTES + usize::from(self.whole_bytes) + usize::from(self.part_bytes)
    }

    fn heads_bytes(self) -> usize {
        self.count() * self.head_bytes()
    }
}

/// As many bytes as the number needs.
fn width(number: u64) -> u8 {
    let bits = u64::BITS - number.leading_zeros();
    u8::try_from(bits.div_ceil(u8::BITS)).expect("at most 8")
}

/// The number that these bytes are, lowest first.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, it| number << u8::BITS | u64::from(*it))
}

/// Its number, its shape, its bytes; sums are found again.
impl Serialize for Volume {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.number, self.shape, &self.bytes).serialize(serializer)
    }
}

/// What cannot be a volume is refused.
impl<'de> Deserialize<'de> for Volume {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (number, shape, bytes) = Deserialize::deserialize(deserializer)?;
        let volume = Self { shape, bytes, ..Self::new(number) };
        volume.checked().ok_or_else(|| D::Error::custom("these are no packed blocks"))
    }
}

#[cfg(test)]
mod tests;
