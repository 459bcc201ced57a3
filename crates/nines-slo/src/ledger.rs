//! Events per slice, with running sums, so that any stretch of time is one subtraction.
//!
//! Slices are left-open and right-closed: an event at their end is inside. Slices live in blocks of 64. The few
//! blocks that were booked last are open, all others are packed into volumes of 16 blocks; blocks without events
//! take no room. Booking is possible in any order: a packed block is opened again. Sums are right after
//! [`Ledger::settle`], and they do not depend on what is packed.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::packed::{Bytes, Packed, SLOTS, Slots, Unpacker, pack, sum};

/// Slices in a block.
const SLICES: i64 = 64;

/// Blocks in a volume.
const BLOCKS: i64 = 16;

/// More open blocks are not kept: the newest, and one where late samples arrive.
const OPEN_MAX: usize = 2;

/// Raw sums: all events, and those that the SLI counts beside them (good or bad ones).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) whole: u64,
    pub(crate) part: u64,
}

impl Sums {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            whole: self.whole.saturating_add(other.whole),
            part: self.part.saturating_add(other.part),
        }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            whole: self.whole.saturating_sub(other.whole),
            part: self.part.saturating_sub(other.part),
        }
    }

    fn change(&mut self, by: Change) {
        self.whole = self.whole.saturating_add_signed(by.whole);
        self.part = self.part.saturating_add_signed(by.part);
    }
}

/// What one booking adds, or takes back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) whole: i64,
    pub(crate) part: i64,
}

impl Change {
    /// The same for all events and for the part.
    pub(crate) fn same(events: i64) -> Self {
        Self { whole: events, part: events }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self { whole: self.whole - other.whole, part: self.part - other.part }
    }
}

/// Sums at one grain.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    grain_ms: i64,
    volumes_max: usize,
    /// By number; only those with packed blocks.
    volumes: Vec<Volume>,
    /// The volumes before this index have a right `before`.
    settled: usize,
    /// By number, few; a block is open or packed, never both.
    open: Vec<Block>,
    /// Blocks with lower numbers were dropped; bookings into them are ignored.
    first_number: i64,
}

/// Sixteen packed blocks.
#[derive(Debug, Clone)]
struct Volume {
    /// Holds the blocks from `number` · [`BLOCKS`] on.
    number: i64,
    /// The sum of all earlier volumes.
    before: Sums,
    sum: Sums,
    /// One bit for each block that is there.
    present: u16,
    /// The blocks that are there, one after the other.
    bytes: Bytes,
}

/// An open block.
#[derive(Debug, Clone)]
struct Block {
    /// Holds the slices from `number` · [`SLICES`] on.
    number: i64,
    sum: Sums,
    slots: Box<Slots>,
}

impl Ledger {
    /// Keeps at least `span_ms` before the newest booking.
    pub(crate) fn new(grain_ms: i64, span_ms: i64) -> Self {
        assert!(0 < grain_ms, "a slice has a length");
        // One more for the unfinished volume, one for the volume that holds the far edge.
        let volumes_max = usize::try_from(span_ms / (grain_ms * SLICES * BLOCKS)).unwrap_or(0) + 2;
        Self {
            grain_ms,
            volumes_max,
            volumes: Vec::new(),
            settled: 0,
            open: Vec::new(),
            first_number: i64::MIN,
        }
    }

    pub(crate) fn grain_ms(&self) -> i64 {
        self.grain_ms
    }

    /// Stretches that begin here or later are complete.
    pub(crate) fn complete_from_ms(&self) -> i64 {
        // The slice with index i ends at i · grain, so the block begins one slice earlier.
        let slice = self.first_number.saturating_mul(SLICES).saturating_sub(1);
        slice.saturating_mul(self.grain_ms)
    }

    pub(crate) fn book(&mut self, at_ms: i64, change: Change) {
        if 2 * self.volumes_max < self.volumes.len() {
            self.drop_oldest();
        }
        let (number, slot) = self.place_of(at_ms);
        if number < self.first_number {
            return;
        }
        let index = self.open_block(number);
        let block = &mut self.open[index];
        block.sum.change(change);
        block.slots[slot].change(change);
    }

    /// The index of the open block with this number; opens it if needed, and packs another one.
    fn open_block(&mut self, number: i64) -> usize {
        let index = self.open.partition_point(|it| it.number < number);
        if self.open.get(index).is_some_and(|it| it.number == number) {
            return index;
        }
        let slots = Box::new(self.take_packed(number).unwrap_or([Sums::default(); SLOTS]));
        self.open.reserve_exact(1);
        self.open.insert(index, Block { number, sum: sum(slots.as_slice()), slots });
        if self.open.len() <= OPEN_MAX {
            return index;
        }
        // The oldest one, but not the one that is wanted.
        let packed = usize::from(index == 0);
        let block = self.open.remove(packed);
        self.pack(&block);
        index - usize::from(packed < index)
    }

    fn pack(&mut self, block: &Block) {
        if block.slots.iter().all(|it| *it == Sums::default()) {
            return;
        }
        let number = block.number.div_euclid(BLOCKS);
        let index = self.volumes.partition_point(|it| it.number < number);
        if self.volumes.get(index).is_none_or(|it| it.number != number) {
            // One by one: half of a doubled list would stay empty for a day.
            self.volumes.reserve_exact(1);
            self.volumes.insert(index, Volume::new(number));
        }
        self.volumes[index].insert(bit_of(block.number), block);
        self.settled = self.settled.min(index);
    }

    /// Takes a block out of its volume.
    fn take_packed(&mut self, number: i64) -> Option<Slots> {
        let index = self.volume_index(number.div_euclid(BLOCKS))?;
        let volume = &mut self.volumes[index];
        let slots = volume.remove(bit_of(number))?;
        if volume.present == 0 {
            self.volumes.remove(index);
        }
        self.settled = self.settled.min(index);
        Some(slots)
    }

    fn volume_index(&self, number: i64) -> Option<usize> {
        self.volumes.binary_search_by_key(&number, |it| it.number).ok()
    }

    /// Makes the running sums right, and drops what is too old.
    pub(crate) fn settle(&mut self) {
        if self.volumes_max < self.volumes.len() {
            self.drop_oldest();
        }
        for index in self.settled..self.volumes.len() {
            self.volumes[index].before = match index.checked_sub(1).map(|it| &self.volumes[it]) {
                Some(previous) => previous.before.plus(previous.sum),
                None => Sums::default(),
            };
        }
        self.settled = self.volumes.len();
    }

    fn drop_oldest(&mut self) {
        let surplus = self.volumes.len() - self.volumes_max;
        if let Some(last) = self.volumes.drain(..surplus).next_back() {
            self.first_number = (last.number + 1) * BLOCKS;
            let first_number = self.first_number;
            self.open.retain(|it| first_number <= it.number);
        }
        self.settled = 0;
    }

    /// The block and the slot of an event at `at_ms`; slice i covers ((i − 1) · grain, i · grain].
    fn place_of(&self, at_ms: i64) -> (i64, usize) {
        let slice = at_ms.saturating_sub(1).div_euclid(self.grain_ms) + 1;
        let slot = usize::try_from(slice.rem_euclid(SLICES)).expect("a remainder is not negative");
        (slice.div_euclid(SLICES), slot)
    }

    /// Everything in the slices up to the one that holds `at_ms`.
    pub(crate) fn up_to(&self, at_ms: i64) -> Sums {
        let (number, slot) = self.place_of(at_ms);
        let open = self.open.iter().take_while(|it| it.number <= number);
        open.fold(self.packed_up_to(number, slot), |before, block| {
            let is_whole = block.number < number;
            before.plus(if is_whole { block.sum } else { sum(&block.slots[..=slot]) })
        })
    }

    fn packed_up_to(&self, number: i64, slot: usize) -> Sums {
        let wanted = number.div_euclid(BLOCKS);
        let next = self.volumes.partition_point(|it| it.number <= wanted);
        match next.checked_sub(1).map(|it| &self.volumes[it]) {
            Some(volume) if volume.number == wanted => {
                volume.before.plus(volume.up_to(bit_of(number), slot))
            }
            Some(earlier) => earlier.before.plus(earlier.sum),
            None => Sums::default(),
        }
    }
}

/// The place of a block in its volume.
fn bit_of(number: i64) -> u16 {
    u16::try_from(number.rem_euclid(BLOCKS)).expect("a remainder is small")
}

impl Volume {
    fn new(number: i64) -> Self {
        let (before, sum) = (Sums::default(), Sums::default());
        Self { number, before, sum, present: 0, bytes: Bytes::default() }
    }

    fn blocks(&self) -> Blocks<'_> {
        Blocks { present: self.present, unpacker: Unpacker::new(&self.bytes) }
    }

    /// The slices up to `slot` of the block at `bit`.
    fn up_to(&self, bit: u16, slot: usize) -> Sums {
        let mut sum = Sums::default();
        for (at, packed) in self.blocks().take_while(|(at, _)| *at <= bit) {
            sum = sum.plus(if at < bit { packed.sum } else { packed.sum_to(slot) });
        }
        sum
    }

    /// The bytes before the block at `bit`, or before where it would be.
    fn offset(&self, bit: u16) -> usize {
        let earlier = (self.present & ((1 << bit) - 1)).count_ones() as usize;
        let mut unpacker = Unpacker::new(&self.bytes);
        for _ in 0..earlier {
            unpacker.next();
        }
        self.bytes.len() - unpacker.left()
    }

    fn insert(&mut self, bit: u16, block: &Block) {
        let (before, after) = self.bytes.split_at(self.offset(bit));
        let mut bytes = before.to_vec();
        pack(&block.slots, &mut bytes);
        bytes.extend(after);
        self.bytes = Bytes::from(bytes);
        self.present |= 1 << bit;
        self.sum_up();
    }

    fn remove(&mut self, bit: u16) -> Option<Slots> {
        let (_, packed) = self.blocks().find(|(at, _)| *at == bit)?;
        let slots = packed.unpack();
        let (before, rest) = self.bytes.split_at(self.offset(bit));
        let mut unpacker = Unpacker::new(rest);
        unpacker.next();
        let after = &rest[rest.len() - unpacker.left()..];
        self.bytes = Bytes::from([before, after].concat());
        self.present &= !(1 << bit);
        self.sum_up();
        Some(slots)
    }

    /// Whether the bytes are the blocks that should be there.
    fn is_whole(&self) -> bool {
        let mut blocks = self.blocks();
        let found = blocks.by_ref().filter(|(_, it)| it.is_whole()).count();
        found == self.present.count_ones() as usize && blocks.unpacker.left() == 0
    }

    fn sum_up(&mut self) {
        self.sum = self.blocks().fold(Sums::default(), |sum, (_, it)| sum.plus(it.sum));
    }
}

/// The blocks of a volume that are there, with their places.
struct Blocks<'a> {
    present: u16,
    unpacker: Unpacker<'a>,
}

impl<'a> Iterator for Blocks<'a> {
    type Item = (u16, Packed<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.present == 0 {
            return None;
        }
        let bit = u16::try_from(self.present.trailing_zeros()).expect("below 16");
        self.present &= self.present - 1;
        Some((bit, self.unpacker.next()?))
    }
}

/// A ledger as it is saved: open blocks are packed too.
#[derive(Serialize, Deserialize)]
struct Saved {
    grain_ms: i64,
    volumes_max: usize,
    first_number: i64,
    /// Number, which blocks are there, and the blocks.
    volumes: Vec<(i64, u16, Bytes)>,
    /// Number and block.
    open: Vec<(i64, Bytes)>,
}

impl Serialize for Ledger {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let volumes = self.volumes.iter().map(|it| (it.number, it.present, it.bytes.clone()));
        let open = self.open.iter().map(|it| {
            let mut bytes = Vec::new();
            pack(&it.slots, &mut bytes);
            (it.number, Bytes::from(bytes))
        });
        let (volumes, open) = (volumes.collect(), open.collect());
        let Self { grain_ms, volumes_max, first_number, .. } = *self;
        Saved { grain_ms, volumes_max, first_number, volumes, open }.serialize(serializer)
    }
}

/// What cannot be a ledger is refused.
impl<'de> Deserialize<'de> for Ledger {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let saved = Saved::deserialize(deserializer)?;
        Self::restored(saved).ok_or_else(|| D::Error::custom("these are no counts of slices"))
    }
}

impl Ledger {
    fn restored(saved: Saved) -> Option<Self> {
        let Saved { grain_ms, volumes_max, first_number, .. } = saved;
        let volumes = saved.volumes.into_iter().map(|(number, present, bytes)| {
            let (before, sum) = (Sums::default(), Sums::default());
            let mut volume = Volume { number, before, sum, present, bytes };
            volume.sum_up();
            volume.is_whole().then_some(volume)
        });
        let open = saved.open.into_iter().map(|(number, bytes)| {
            let slots = Box::new(Unpacker::new(&bytes).next()?.unpack());
            Some(Block { number, sum: sum(slots.as_slice()), slots })
        });
        let (volumes, open): (Vec<_>, Vec<_>) =
            (volumes.collect::<Option<_>>()?, open.collect::<Option<_>>()?);
        let is_sorted = volumes.is_sorted_by(|a, b| a.number < b.number)
            && open.is_sorted_by(|a, b| a.number < b.number);
        let mut ledger = Self { grain_ms, volumes_max, volumes, settled: 0, open, first_number };
        if grain_ms <= 0 || volumes_max == 0 || !is_sorted {
            return None;
        }
        ledger.settle();
        Some(ledger)
    }
}

#[cfg(test)]
mod tests;
