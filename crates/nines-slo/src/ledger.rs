//! Events per slice, with running sums, so that any stretch of time is one subtraction.
//!
//! Slices are left-open and right-closed: an event at their end is inside. Slices live in blocks; blocks
//! without events take no room. Booking is possible in any order; sums are right after [`Ledger::settle`].

/// Slices in a block.
const SLICES: i64 = 64;

/// The same number, as the length of an array.
const SLOTS: usize = 64;

/// Raw sums: all events, and those that the SLI counts beside them (good or bad ones).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) whole: u64,
    pub(crate) part: u64,
}

impl Sums {
    fn plus(self, other: Self) -> Self {
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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
    blocks_max: usize,
    /// By number; only those with bookings.
    blocks: Vec<Block>,
    /// The blocks before this index have a right `before`.
    settled: usize,
    /// Blocks with lower numbers were dropped; bookings into them are ignored.
    first_number: i64,
}

#[derive(Debug, Clone)]
struct Block {
    /// Holds the slices from `number` · [`SLICES`] on.
    number: i64,
    /// The sum of all earlier blocks.
    before: Sums,
    sum: Sums,
    slices: Box<[Sums; SLOTS]>,
}

impl Ledger {
    /// Keeps at least `span_ms` before the newest booking.
    pub(crate) fn new(grain_ms: i64, span_ms: i64) -> Self {
        assert!(0 < grain_ms, "a slice has a length");
        // One more for the unfinished block, one for the block that holds the far edge.
        let blocks_max = usize::try_from(span_ms / (grain_ms * SLICES)).unwrap_or(0) + 2;
        Self { grain_ms, blocks_max, blocks: Vec::new(), settled: 0, first_number: i64::MIN }
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
        let slice = self.slice_of(at_ms);
        let number = slice.div_euclid(SLICES);
        if number < self.first_number {
            return;
        }
        let index = self.block_index(number);
        let block = &mut self.blocks[index];
        block.sum.change(change);
        let slot = usize::try_from(slice.rem_euclid(SLICES)).expect("a remainder is not negative");
        block.slices[slot].change(change);
        self.settled = self.settled.min(index + 1);
        if 2 * self.blocks_max < self.blocks.len() {
            self.drop_oldest();
        }
    }

    /// The index of the block with this number; makes it if needed.
    fn block_index(&mut self, number: i64) -> usize {
        if let Some(last) = self.blocks.last()
            && last.number == number
        {
            return self.blocks.len() - 1;
        }
        let index = self.blocks.partition_point(|it| it.number < number);
        if self.blocks.get(index).is_none_or(|it| it.number != number) {
            let slices = Box::new([Sums::default(); SLOTS]);
            let empty = Sums::default();
            self.blocks.insert(index, Block { number, before: empty, sum: empty, slices });
            self.settled = self.settled.min(index);
        }
        index
    }

    /// Makes the running sums right, and drops what is too old.
    pub(crate) fn settle(&mut self) {
        if self.blocks_max < self.blocks.len() {
            self.drop_oldest();
        }
        for index in self.settled..self.blocks.len() {
            self.blocks[index].before = match index.checked_sub(1).map(|it| &self.blocks[it]) {
                Some(previous) => previous.before.plus(previous.sum),
                None => Sums::default(),
            };
        }
        self.settled = self.blocks.len();
    }

    fn drop_oldest(&mut self) {
        let surplus = self.blocks.len() - self.blocks_max;
        if let Some(last) = self.blocks.drain(..surplus).next_back() {
            self.first_number = last.number + 1;
        }
        self.settled = 0;
    }

    /// The slice that holds an event at `at_ms`; slice i covers ((i − 1) · grain, i · grain].
    fn slice_of(&self, at_ms: i64) -> i64 {
        at_ms.saturating_sub(1).div_euclid(self.grain_ms) + 1
    }

    /// Everything in the slices up to the one that holds `at_ms`.
    pub(crate) fn up_to(&self, at_ms: i64) -> Sums {
        let slice = self.slice_of(at_ms);
        let number = slice.div_euclid(SLICES);
        let next = self.blocks.partition_point(|it| it.number <= number);
        let Some(block) = next.checked_sub(1).and_then(|it| self.blocks.get(it)) else {
            return Sums::default();
        };
        if block.number < number {
            return block.before.plus(block.sum);
        }
        let slot = usize::try_from(slice.rem_euclid(SLICES)).expect("a remainder is not negative");
        block.slices[..=slot].iter().fold(block.before, |sum, it| sum.plus(*it))
    }
}

#[cfg(test)]
mod tests;
