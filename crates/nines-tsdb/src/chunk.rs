//! Chunks: a run of samples of one series as a few bytes per sample.
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
//! | 0..=47 | the last whole number plus this zigzag difference; 0 is also "the same bits as before" |
//! | 48..=53 | the last whole number plus a zigzag difference of 1..=6 bytes |
//! | 54 | a byte with the new number of decimals, then the whole number as zigzag varint |
//! | 55..=62 | the bits of the previous value, exclusive-or 1..=8 bytes |
//!
//! "Whole number" is the value times ten to the number of decimals, so that counters and short decimals both cost
//! one to three bytes. Only exact conversions are used: every bit pattern comes back. This module must not know
//! where chunks are kept.

use nines_base::Sample;

use crate::Damage;
use crate::scale::{DECIMALS_MAX, as_whole, fewest_decimals, from_whole};
use crate::wire::{Reader, put_signed, put_varint, unzigzag, zigzag};

const DELTA_INLINE: u8 = 48;
const DELTA_BYTES_MAX: u8 = 6;
const RESCALE: u8 = DELTA_INLINE + DELTA_BYTES_MAX;

const TIME_SAME: u8 = 0;
const TIME_1_BYTE: u8 = 1 << 6;
const TIME_VARINT: u8 = 2 << 6;
const TIME_2_BYTES: u8 = 3 << 6;

/// An immutable run of samples. The times may be in any order in a record of the log, and rise elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Of the first sample.
    pub(crate) first_ms: i64,
    /// Of the last sample.
    pub(crate) last_ms: i64,
    /// How many samples.
    pub(crate) count: u32,
    /// What [`decode`] reads.
    pub(crate) bytes: Box<[u8]>,
}

impl Chunk {
    /// Whether the closed range touches this chunk, whose times rise.
    pub(crate) fn overlaps(&self, from_ms: i64, to_ms: i64) -> bool {
        self.first_ms <= to_ms && from_ms <= self.last_ms
    }

    /// Adds the samples of the closed range to `out`.
    pub(crate) fn decode(
        &self,
        from_ms: i64,
        to_ms: i64,
        out: &mut Vec<Sample>,
    ) -> Result<(), Damage> {
        decode(&mut Reader::new(&self.bytes), self.first_ms, self.count, from_ms, to_ms, out)
    }
}

/// What both directions must remember from sample to sample.
#[derive(Debug, Clone, Copy, Default)]
struct Previous {
    at_ms: i64,
    delta_ms: i64,
    bits: u64,
    whole: i64,
    decimals: u8,
}

/// Makes a chunk, one sample at a time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Encoder {
    first_ms: i64,
    count: u32,
    previous: Previous,
    bytes: Vec<u8>,
}

impl Encoder {
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    pub(crate) fn first_ms(&self) -> i64 {
        self.first_ms
    }

    /// Forgets everything but the memory that it holds.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        (self.first_ms, self.count, self.previous) = (0, 0, Previous::default());
    }

    /// A copy of what was pushed so far.
    pub(crate) fn to_chunk(&self) -> Chunk {
        let bytes = self.bytes.as_slice().into();
        Chunk { first_ms: self.first_ms, last_ms: self.previous.at_ms, count: self.count, bytes }
    }

    pub(crate) fn push(&mut self, sample: Sample) {
        if self.count == 0 {
            self.first_ms = sample.at_ms;
            self.previous.at_ms = sample.at_ms;
        }
        self.count += 1;
        let control = self.bytes.len();
        self.bytes.push(0);
        let time = self.push_time(sample.at_ms);
        let value = self.push_value(sample.value);
        if let Some(byte) = self.bytes.get_mut(control) {
            *byte = time | value;
        }
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
            let delta_bytes = bytes_of(delta);
            if delta != 0 && delta_bytes <= DELTA_BYTES_MAX.min(changed_bytes) {
                self.previous.whole = whole;
                self.put_low_bytes(delta, delta_bytes);
                return DELTA_INLINE - 1 + delta_bytes;
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
        self.bytes.extend(value.to_le_bytes().iter().take(usize::from(count)));
    }
}

/// How many low bytes hold all set bits.
fn bytes_of(value: u64) -> u8 {
    let bits = u64::BITS - value.leading_zeros();
    u8::try_from(bits.div_ceil(8)).expect("at most eight")
}

/// Reads `count` samples and keeps those in the closed range; stops after it, because times rise.
///
/// With the widest range it reads everything, also times that do not rise.
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
        DELTA_INLINE..RESCALE => low_bytes(reader, control - DELTA_INLINE + 1)?,
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

/// Encodes samples whose times rise, at most `samples_max` per chunk.
pub(crate) fn encode(samples: &[Sample], samples_max: usize) -> Vec<Chunk> {
    let encode_one = |part: &[Sample]| {
        let mut encoder = Encoder::default();
        for sample in part {
            encoder.push(*sample);
        }
        encoder.to_chunk()
    };
    samples.chunks(samples_max).map(encode_one).collect()
}

/// Sorts by time; of samples with equal times the last one wins.
pub(crate) fn settle(samples: &mut Vec<Sample>) {
    if samples.is_sorted_by(|a, b| a.at_ms < b.at_ms) {
        return;
    }
    samples.sort_by_key(|it| it.at_ms); // stable: later writes stay later
    samples.dedup_by(|later, kept| {
        let same = later.at_ms == kept.at_ms;
        if same {
            kept.value = later.value;
        }
        same
    });
}

#[cfg(test)]
mod tests;
