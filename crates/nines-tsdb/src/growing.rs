//! The growing chunk of a series: samples are added at its end, a few bytes each.
//!
//! Each sample begins with a control byte. Its two high bits say how the time goes on, the six low ones how the
//! value does:
//!
//! | high bits | the distance to the previous sample changes by |
//! |---|---|
//! | 0 | nothing |
//! | 1 | one signed byte |
//! | 2 | a zigzag varint |
//! | 3 | two signed bytes |
//!
//! | low bits | value |
//! |---|---|
//! | 0..=41 | the last whole number plus this zigzag difference; 0 is also "the same bits as before" |
//! | 42..=49 | plus 42, plus 256 times (these bits minus 42), plus a byte |
//! | 50..=54 | the last whole number plus a zigzag difference of 2..=6 bytes |
//! | 55 | a byte with the new number of decimals, then the whole number as zigzag varint |
//! | 56..=63 | the bits of the previous value, exclusive-or 1..=8 bytes |
//!
//! "Whole number" is the value times ten to the number of decimals, so that counters and short decimals both cost
//! one to three bytes. Only exact conversions are used: every bit pattern comes back. This module must not know
//! what becomes of it when it is full.

use nines_base::Sample;

use crate::Damage;
use crate::scale::{DECIMALS_MAX, as_whole, fewest_decimals, from_whole};
use crate::wire::{Reader, put_signed, put_varint, unzigzag, zigzag};

/// More than nearly all samples take; where it is not enough, the buffer grows as any does.
const SAMPLE_BYTES_USUAL: usize = 12;

const DELTA_INLINE: u8 = 42;
/// Two bytes hold the steps of most counters.
const DELTA_SHORT_MAX: u64 = 8 * 256;
const DELTA_2_BYTES: u8 = DELTA_INLINE + 8;
const DELTA_BYTES_MAX: u8 = 6;
const RESCALE: u8 = DELTA_2_BYTES + DELTA_BYTES_MAX - 1;

const TIME_SAME: u8 = 0;
const TIME_1_BYTE: u8 = 1 << 6;
const TIME_VARINT: u8 = 2 << 6;
const TIME_2_BYTES: u8 = 3 << 6;

/// What both directions must remember from sample to sample.
#[derive(Debug, Clone, Copy, Default)]
struct Previous {
    at_ms: i64,
    delta_ms: i64,
    bits: u64,
    whole: i64,
    decimals: u8,
    /// How many samples there are.
    count: u16,
    /// Whether this is a sample that was pushed, now or before the chunk was emptied.
    started: bool,
}

/// Samples whose times rise.
#[derive(Debug, Clone, Default)]
pub(crate) struct Growing {
    first_ms: i64,
    previous: Previous,
    bytes: Vec<u8>,
}

impl Growing {
    pub(crate) fn count(&self) -> u32 {
        u32::from(self.previous.count)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// First and last time.
    pub(crate) fn bounds_ms(&self) -> Option<(i64, i64)> {
        (self.previous.count != 0).then_some((self.first_ms, self.previous.at_ms))
    }

    /// Whether a sample of this time would be later than all that were ever pushed.
    #[inline]
    pub(crate) fn is_next(&self, at_ms: i64) -> bool {
        !self.previous.started || self.previous.at_ms < at_ms
    }

    /// Whether this is the newest sample already, as when a sender tries again.
    pub(crate) fn is_newest(&self, sample: Sample) -> bool {
        self.previous.count != 0
            && self.previous.at_ms == sample.at_ms
            && self.previous.bits == sample.value.to_bits()
    }

    /// Forgets the samples, but not the newest time. Memory is kept for the first half of as many.
    pub(crate) fn clear(&mut self) {
        self.bytes = Vec::with_capacity(self.bytes.len() / 2);
        let Previous { at_ms, started, .. } = self.previous;
        self.previous = Previous { at_ms, started, ..Previous::default() };
    }

    /// Adds a sample whose time [`Self::is_next`].
    #[inline]
    pub(crate) fn push(&mut self, sample: Sample) {
        if self.previous.count == 0 {
            self.first_ms = sample.at_ms;
            self.previous.at_ms = sample.at_ms;
            self.previous.started = true;
        }
        self.previous.count += 1;
        if self.bytes.capacity() - self.bytes.len() < SAMPLE_BYTES_USUAL {
            self.grow();
        }
        let control = self.bytes.len();
        self.bytes.push(0);
        let time = self.push_time(sample.at_ms);
        let value = self.push_value(sample.value);
        if let Some(byte) = self.bytes.get_mut(control) {
            *byte = time | value;
        }
    }

    /// By a quarter, because a hundred thousand half-empty buffers are a lot.
    #[cold]
    fn grow(&mut self) {
        let more = (self.bytes.capacity() / 4).max(SAMPLE_BYTES_USUAL).next_multiple_of(16);
        self.bytes.reserve_exact(self.bytes.capacity() - self.bytes.len() + more);
    }

    fn push_time(&mut self, at_ms: i64) -> u8 {
        // Wrapping on both sides, so that any two times work.
        let delta_ms = at_ms.wrapping_sub(self.previous.at_ms);
        let change = delta_ms.wrapping_sub(self.previous.delta_ms);
        (self.previous.at_ms, self.previous.delta_ms) = (at_ms, delta_ms);
        if change == 0 {
            TIME_SAME
        } else if let Ok(byte) = i8::try_from(change) {
            self.bytes.push(byte.cast_unsigned());
            TIME_1_BYTE
        } else if let Ok(bytes) = i16::try_from(change) {
            self.bytes.extend_from_slice(&bytes.to_le_bytes());
            TIME_2_BYTES
        } else {
            put_signed(&mut self.bytes, change);
            TIME_VARINT
        }
    }

    fn push_value(&mut self, value: f64) -> u8 {
        let bits = value.to_bits();
        let changed = bits ^ self.previous.bits;
        self.previous.bits = bits;
        if changed == 0 {
            return 0;
        }
        let changed_bytes = bytes_of(changed);
        if let Some(whole) = as_whole(value, self.previous.decimals) {
            let delta = zigzag(whole - self.previous.whole);
            if let Ok(inline @ 1..DELTA_INLINE) = u8::try_from(delta) {
                self.previous.whole = whole;
                return inline;
            }
            let short = delta.wrapping_sub(u64::from(DELTA_INLINE));
            if delta != 0 && short < DELTA_SHORT_MAX {
                let [low, high, ..] = short.to_le_bytes();
                self.previous.whole = whole;
                self.bytes.push(low);
                return DELTA_INLINE + high;
            }
            let delta_bytes = bytes_of(delta).max(2);
            if delta != 0 && delta_bytes <= DELTA_BYTES_MAX.min(changed_bytes) {
                self.previous.whole = whole;
                self.put_low_bytes(delta, delta_bytes);
                return DELTA_2_BYTES - 2 + delta_bytes;
            }
        } else if let Some((decimals, whole)) = fewest_decimals(value, self.previous.decimals + 1) {
            (self.previous.decimals, self.previous.whole) = (decimals, whole);
            self.bytes.push(decimals);
            put_varint(&mut self.bytes, zigzag(whole));
            return RESCALE;
        }
        self.put_low_bytes(changed, changed_bytes);
        RESCALE + changed_bytes
    }

    fn put_low_bytes(&mut self, value: u64, count: u8) {
        let end = self.bytes.len() + usize::from(count);
        self.bytes.extend_from_slice(&value.to_le_bytes());
        self.bytes.truncate(end);
    }
}

/// How many low bytes hold all set bits.
fn bytes_of(value: u64) -> u8 {
    let bits = u64::BITS - value.leading_zeros();
    u8::try_from(bits.div_ceil(8)).expect("at most eight")
}

/// Reads `count` samples and keeps those in the closed range; stops after it, because times rise.
pub(crate) fn decode(
    reader: &mut Reader<'_>,
    first_ms: i64,
    count: u32,
    from_ms: i64,
    to_ms: i64,
    out: &mut Vec<Sample>,
) -> Result<(), Damage> {
    let mut previous = Previous { at_ms: first_ms, ..Previous::default() };
    for _ in 0..count {
        let control = reader.u8()?;
        let change = match control & 0b1100_0000 {
            TIME_SAME => 0,
            TIME_1_BYTE => i64::from(reader.u8()?.cast_signed()),
            TIME_2_BYTES => i64::from(i16::from_le_bytes(reader.array()?)),
            _ => reader.signed()?,
        };
        previous.delta_ms = previous.delta_ms.wrapping_add(change);
        previous.at_ms = previous.at_ms.wrapping_add(previous.delta_ms);
        read_value(reader, control & 0b0011_1111, &mut previous)?;
        if to_ms < previous.at_ms {
            return Ok(());
        }
        if from_ms <= previous.at_ms {
            out.push(Sample { at_ms: previous.at_ms, value: f64::from_bits(previous.bits) });
        }
    }
    Ok(())
}

#[inline]
fn read_value(reader: &mut Reader<'_>, control: u8, previous: &mut Previous) -> Result<(), Damage> {
    let delta = match control {
        0 => return Ok(()),
        1..DELTA_INLINE => u64::from(control),
        DELTA_INLINE..DELTA_2_BYTES => {
            let high = u64::from(control - DELTA_INLINE) << 8;
            (high | u64::from(reader.u8()?)) + u64::from(DELTA_INLINE)
        }
        DELTA_2_BYTES..RESCALE => low_bytes(reader, control - DELTA_2_BYTES + 2)?,
        RESCALE => {
            previous.decimals = reader.u8()?;
            previous.whole = 0;
            reader.varint()?
        }
        _ => {
            previous.bits ^= low_bytes(reader, control - RESCALE)?;
            return Ok(());
        }
    };
    previous.whole = previous.whole.wrapping_add(unzigzag(delta));
    if DECIMALS_MAX < previous.decimals {
        return Err(Damage("a value has too many decimals"));
    }
    previous.bits = from_whole(previous.whole, previous.decimals).to_bits();
    Ok(())
}

#[inline]
fn low_bytes(reader: &mut Reader<'_>, count: u8) -> Result<u64, Damage> {
    let mut bytes = [0; 8];
    let taken = reader.bytes(usize::from(count))?;
    bytes.get_mut(..taken.len()).ok_or(Damage("a value is too long"))?.copy_from_slice(taken);
    Ok(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests;
