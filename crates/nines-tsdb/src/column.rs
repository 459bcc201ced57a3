//! Columns: whole numbers that lie close to each other, in few bits.
//!
//! A column is kept as it is, as differences, or as differences of differences, whichever is smallest; then in blocks
//! of numbers that are as wide as most of them need, above a common base. The few that do not fit are listed behind
//! their block. So a counter reset costs a few bytes, and reading has hardly a branch. Arithmetic wraps on both
//! sides, so that any numbers work. This module must not know what the numbers mean.

use crate::Damage;
use crate::bits::{mask, pack, packed_bytes, unpack, width_of};
use crate::wire::{Reader, low_byte, put_signed, zigzag};

/// Numbers of one block; positions in it are bytes.
pub(crate) const BLOCK: usize = 128;
/// Set in the width of a block that has exceptions.
const HAS_EXCEPTIONS: u8 = 0x80;
/// At most one number in so many is listed.
const EXCEPTIONS_PART: usize = 4;
/// How often differences can be taken.
const ORDERS: usize = 3;

/// Adds a column of at least one number.
pub(crate) fn put_column(numbers: &[i64], out: &mut Vec<u8>) {
    let mut best = Level::of(numbers.to_vec(), Vec::new());
    for _ in 1..ORDERS {
        let next = best.differences();
        if best.bytes <= next.bytes {
            break; // what does not get smaller once does not get smaller twice
        }
        best = next;
    }
    let Level { firsts, residuals, plans, .. } = best;
    out.push(low_byte(firsts.len() as u64));
    for first in firsts {
        put_signed(out, first);
    }
    residuals.chunks(BLOCK).zip(&plans).for_each(|(block, plan)| plan.put(block, out));
}

/// A column after some differences were taken, and how its blocks would be kept.
#[derive(Debug)]
struct Level {
    /// The first number before each taking of differences.
    firsts: Vec<i64>,
    residuals: Vec<i64>,
    plans: Vec<Plan>,
    bytes: usize,
}

impl Level {
    fn of(residuals: Vec<i64>, firsts: Vec<i64>) -> Self {
        let plans: Vec<Plan> = residuals.chunks(BLOCK).map(Plan::of).collect();
        let heads: usize = firsts.iter().map(|it| signed_bytes(*it)).sum();
        let bytes = heads + plans.iter().map(|it| it.bytes).sum::<usize>();
        Self { firsts, residuals, plans, bytes }
    }

    fn differences(&self) -> Self {
        let mut firsts = self.firsts.clone();
        firsts.extend(self.residuals.first());
        let later = self.residuals.get(1..).unwrap_or_default();
        let pairs = self.residuals.iter().zip(later);
        Self::of(pairs.map(|(a, b)| b.wrapping_sub(*a)).collect(), firsts)
    }
}

/// Fills `out` with a column of as many numbers.
pub(crate) fn read_column(reader: &mut Reader<'_>, out: &mut [i64]) -> Result<(), Damage> {
    let order = usize::from(reader.u8()?);
    if ORDERS <= order {
        return Err(Damage("a column is of an unknown order"));
    }
    let mut firsts = [0; ORDERS];
    let heads = order.min(out.len());
    for first in firsts.iter_mut().take(heads) {
        *first = reader.signed()?;
    }
    let (_, residuals) = out.split_at_mut(heads);
    for block in residuals.chunks_mut(BLOCK) {
        read_block(reader, block)?;
    }
    match (order, out) {
        (1, [first, rest @ ..]) => {
            *first = firsts[0];
            add_up(firsts[0], rest);
        }
        (2, [first]) => *first = firsts[0],
        (2, [first, second, rest @ ..]) => {
            (*first, *second) = (firsts[0], firsts[0].wrapping_add(firsts[1]));
            add_up_twice(*second, firsts[1], rest);
        }
        _ => {}
    }
    Ok(())
}

fn add_up(mut sum: i64, numbers: &mut [i64]) {
    for number in numbers {
        sum = sum.wrapping_add(*number);
        *number = sum;
    }
}

fn add_up_twice(mut sum: i64, mut difference: i64, numbers: &mut [i64]) {
    for number in numbers {
        difference = difference.wrapping_add(*number);
        sum = sum.wrapping_add(difference);
        *number = sum;
    }
}

/// How one block is kept, and how many bytes it takes.
#[derive(Debug, Clone, Copy)]
struct Plan {
    base: i64,
    width: u8,
    bytes: usize,
}

impl Plan {
    /// The cheapest width with the base at the smallest number, or with the largest number at the top.
    fn of(block: &[i64]) -> Self {
        let min = block.iter().copied().min().unwrap_or(0);
        let max = block.iter().copied().max().unwrap_or(0);
        let full = width_of(distance(min, max));
        let mut best = Self::sized(block.len(), min, full, 0);
        for anchor in [Anchor::Min(min), Anchor::Max(max)] {
            // Without a quarter or less in the outer half, no narrower width can pay.
            let outer = block.iter().filter(|it| full <= width_of(anchor.distance(**it)));
            if full != 0 && outer.count() <= block.len() / EXCEPTIONS_PART {
                best = best.or_narrower(block, full, anchor);
            }
        }
        best
    }

    /// The cheapest of this and all narrower widths with this anchor.
    fn or_narrower(self, block: &[i64], full: u8, anchor: Anchor) -> Self {
        let mut counts = [0_usize; 65];
        for number in block {
            let width = usize::from(width_of(anchor.distance(*number)));
            if let Some(count) = counts.get_mut(width) {
                *count += 1;
            }
        }
        let mut best = self;
        let (mut exceptions, mut exception_bytes) = (0, 0);
        for width in (0..full).rev() {
            let wider = counts.get(usize::from(width) + 1).copied().unwrap_or(0);
            exceptions += wider;
            exception_bytes += wider * (1 + usize::from(width + 2).div_ceil(7));
            if block.len() / EXCEPTIONS_PART < exceptions {
                break;
            }
            let plan = Self::sized(block.len(), anchor.base(width), width, exception_bytes + 1);
            if plan.bytes < best.bytes {
                best = plan;
            }
        }
        best
    }

    fn sized(count: usize, base: i64, width: u8, exception_bytes: usize) -> Self {
        let bytes = 1 + signed_bytes(base) + packed_bytes(count, width) + exception_bytes;
        Self { base, width, bytes }
    }

    fn put(&self, block: &[i64], out: &mut Vec<u8>) {
        let mut packed = [0; BLOCK];
        let mut exceptions = Vec::new();
        for ((slot, number), position) in packed.iter_mut().zip(block).zip(0_u8..) {
            let above = number.wrapping_sub(self.base);
            if above.cast_unsigned() <= mask(self.width) {
                *slot = above.cast_unsigned();
            } else {
                exceptions.push((position, above));
            }
        }
        let has_exceptions = if exceptions.is_empty() { 0 } else { HAS_EXCEPTIONS };
        out.push(self.width | has_exceptions);
        put_signed(out, self.base);
        if !exceptions.is_empty() {
            out.push(low_byte(exceptions.len() as u64));
        }
        pack(packed.get(..block.len()).unwrap_or_default(), self.width, out);
        for (position, above) in exceptions {
            out.push(position);
            put_signed(out, above);
        }
    }
}

#[inline]
fn distance(lower: i64, upper: i64) -> u64 {
    upper.wrapping_sub(lower).cast_unsigned()
}

#[derive(Debug, Clone, Copy)]
enum Anchor {
    Min(i64),
    Max(i64),
}

impl Anchor {
    #[inline]
    fn distance(self, number: i64) -> u64 {
        match self {
            Self::Min(min) => distance(min, number),
            Self::Max(max) => distance(number, max),
        }
    }

    fn base(self, width: u8) -> i64 {
        match self {
            Self::Min(min) => min,
            Self::Max(max) => max.wrapping_sub(mask(width).cast_signed()),
        }
    }
}

fn read_block(reader: &mut Reader<'_>, block: &mut [i64]) -> Result<(), Damage> {
    let control = reader.u8()?;
    let width = control & !HAS_EXCEPTIONS;
    if 64 < width {
        return Err(Damage("a block is too wide"));
    }
    let base = reader.signed()?;
    let exceptions = if control == width { 0 } else { reader.u8()? };
    let packed = reader.padded(packed_bytes(block.len(), width))?;
    unpack(packed, width, base, block);
    for _ in 0..exceptions {
        let place = block.get_mut(usize::from(reader.u8()?));
        *place.ok_or(Damage("an exception lies outside of its block"))? =
            base.wrapping_add(reader.signed()?);
    }
    Ok(())
}

/// What [`put_signed`] takes.
fn signed_bytes(value: i64) -> usize {
    varint_bytes(zigzag(value))
}

/// What [`put_varint`] takes.
pub(crate) fn varint_bytes(value: u64) -> usize {
    usize::from(width_of(value | 1)).div_ceil(7)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn check(numbers: &[i64]) -> usize {
        let mut bytes = Vec::new();
        put_column(numbers, &mut bytes);
        let length = bytes.len();
        for trailing in [0, 20] {
            bytes.resize(length + trailing, 0xff);
            let mut out = vec![0; numbers.len()];
            let mut reader = Reader::new(&bytes);
            read_column(&mut reader, &mut out).unwrap();
            assert_eq!(out, numbers);
            assert_eq!(reader.padded(trailing).map(<[u8]>::len), Ok(trailing));
        }
        length
    }

    #[test]
    fn columns_that_people_meet_are_small() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut counter = 1_000_000;
        let mut walk = || {
            counter += 700 + random.i64(0..100);
            counter
        };
        let counters: Vec<i64> = (0..1_000).map(|_| walk()).collect();
        assert!(check(&counters) < 920); // seven bits each
        let reset: Vec<i64> = counters
            .iter()
            .enumerate()
            .map(|(i, it)| if i < 500 { *it } else { it - 1_300_000 })
            .collect();
        assert!(check(&reset) < check(&counters) + 12, "a reset costs little");
        assert!(check(&(0..1_000).map(|it| it * it * 3).collect::<Vec<_>>()) < 40);
        assert!(check(&[5; 1_000]) < 30);
        assert_eq!(check(&[0]), 2); // the order and the number
    }

    proptest! {
        #[test]
        fn any_numbers_come_back(
            numbers in vec(prop_oneof![4 => 0..9_i64, 1 => any::<i64>(), 1 => -300..-1_i64], 1..400)
        ) {
            check(&numbers);
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in vec(any::<u8>(), 0..300), count in 0..300_usize) {
            read_column(&mut Reader::new(&bytes), &mut vec![0; count]).ok();
        }
    }
}
