//! The entry of a chunk: when, how many, and what they come to.
//!
//! The summary begins with a byte of flags. Where all its numbers are whole at the chunk's scale it is kept as whole
//! numbers relative to the first value, else as floats.

use nines_base::Sample;
use nines_promql::WindowSummary;

use crate::Damage;
use crate::chunk::CHUNK_SAMPLES_MAX;
use crate::scale::{DECIMALS_MAX, as_whole, from_whole};
use crate::wire::{Reader, put_signed, put_varint};

/// What a chunk holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Numbers,
    Histograms,
}

/// What is known of a chunk without reading it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
    pub(crate) count: u32,
    /// Of the payload.
    pub(crate) bytes: u32,
    /// Of the payload.
    pub(crate) crc: u32,
    /// If the values are whole numbers of this scale.
    pub(crate) decimals: Option<u8>,
    /// Of the numbers; `None` for histograms, and where there are only staleness markers.
    pub(crate) summary: Option<WindowSummary>,
}

/// The low bits: decimals, or 7 for floats.
const FLOATS: u8 = 7;
/// The first value is the smallest, the last one the largest, and none falls.
const RISING: u8 = 1 << 3;
/// Every sample is a number, so that count and times are the chunk's.
const COMPLETE: u8 = 1 << 4;
const NO_NUMBERS: u8 = 1 << 5;
const HISTOGRAMS: u8 = 1 << 6;

impl Entry {
    /// Whether the closed range touches this chunk.
    pub(crate) fn overlaps(&self, from_ms: i64, to_ms: i64) -> bool {
        self.first_ms <= to_ms && from_ms <= self.last_ms
    }

    pub(crate) fn put(&self, before_ms: i64, out: &mut Vec<u8>) {
        put_signed(out, self.first_ms.wrapping_sub(before_ms));
        put_varint(out, self.last_ms.wrapping_sub(self.first_ms).cast_unsigned());
        put_varint(out, u64::from(self.count));
        put_varint(out, u64::from(self.bytes));
        out.extend(self.crc.to_le_bytes());
        match (self.kind, &self.summary) {
            (Kind::Histograms, _) => out.push(HISTOGRAMS),
            (Kind::Numbers, None) => out.push(NO_NUMBERS),
            (Kind::Numbers, Some(summary)) => self.put_summary(summary, out),
        }
    }

    fn put_summary(&self, it: &WindowSummary, out: &mut Vec<u8>) {
        let wholes = self.decimals.and_then(|decimals| Wholes::of(it, decimals));
        let rising = it.drops == 0.0
            && it.min.to_bits() == it.first.value.to_bits()
            && it.max.to_bits() == it.last.value.to_bits();
        let complete = it.count == u64::from(self.count)
            && (it.first.at_ms, it.last.at_ms) == (self.first_ms, self.last_ms);
        let shape = if rising { Shape::Rising } else { Shape::Any };
        let mut flags = wholes.as_ref().map_or(FLOATS, |it| it.decimals);
        flags |= if rising { RISING } else { 0 } | if complete { COMPLETE } else { 0 };
        out.push(flags);
        if !complete {
            put_varint(out, it.count);
            put_varint(out, it.first.at_ms.wrapping_sub(self.first_ms).cast_unsigned());
            put_varint(out, self.last_ms.wrapping_sub(it.last.at_ms).cast_unsigned());
        }
        match wholes {
            Some(wholes) => wholes.put(shape, it.count, out),
            None => {
                let outer = if rising { vec![] } else { vec![it.min, it.max, it.drops] };
                for value in [it.first.value, it.last.value, it.sum].into_iter().chain(outer) {
                    out.extend(value.to_le_bytes());
                }
            }
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>, before_ms: i64) -> Result<Self, Damage> {
        let first_ms = before_ms.wrapping_add(reader.signed()?);
        let last_ms = first_ms.wrapping_add_unsigned(reader.varint()?);
        let count = reader.varint()?;
        let bytes = u32::try_from(reader.varint()?).map_err(|_| Damage("a chunk is too large"))?;
        let crc = reader.u32()?;
        let flags = reader.u8()?;
        if CHUNK_SAMPLES_MAX as u64 <= count.saturating_sub(1) || last_ms < first_ms {
            return Err(Damage("an entry is impossible"));
        }
        let count = u32::try_from(count).map_err(|_| Damage("an entry is impossible"))?;
        let kind = if flags & HISTOGRAMS == 0 { Kind::Numbers } else { Kind::Histograms };
        let mut entry =
            Self { kind, first_ms, last_ms, count, bytes, crc, decimals: None, summary: None };
        if flags & (HISTOGRAMS | NO_NUMBERS) == 0 {
            entry.read_summary(flags, reader)?;
        }
        Ok(entry)
    }

    fn read_summary(&mut self, flags: u8, reader: &mut Reader<'_>) -> Result<(), Damage> {
        let (mut count, mut first_ms, mut last_ms) =
            (u64::from(self.count), self.first_ms, self.last_ms);
        if flags & COMPLETE == 0 {
            count = reader.varint()?;
            first_ms = first_ms.wrapping_add_unsigned(reader.varint()?);
            last_ms = last_ms.wrapping_sub_unsigned(reader.varint()?);
        }
        let shape = if flags & RISING == 0 { Shape::Any } else { Shape::Rising };
        let values = if flags & FLOATS == FLOATS {
            let mut float = || reader.u64().map(f64::from_bits);
            let (first, last, sum) = (float()?, float()?, float()?);
            let (min, max, drops) = match shape {
                Shape::Rising => (first, last, 0.0),
                Shape::Any => (float()?, float()?, float()?),
            };
            [first, last, min, max, sum, drops]
        } else {
            self.decimals = Some(flags & FLOATS);
            Wholes::read(flags & FLOATS, shape, count, reader)?.values()
        };
        let [first, last, min, max, sum, drops] = values;
        let at = |at_ms, value| Sample { at_ms, value };
        let (first, last) = (at(first_ms, first), at(last_ms, last));
        self.summary = Some(WindowSummary { count, first, last, min, max, sum, drops });
        Ok(())
    }
}

/// Whether smallest, largest and falls follow from first and last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Rising,
    Any,
}

/// A summary whose numbers are whole.
#[derive(Debug)]
struct Wholes {
    decimals: u8,
    first: i64,
    last: i64,
    min: i64,
    max: i64,
    sum: i64,
    drops: i64,
}

impl Wholes {
    fn of(it: &WindowSummary, decimals: u8) -> Option<Self> {
        let whole = |value| as_whole(value, decimals);
        Some(Self {
            decimals,
            first: whole(it.first.value)?,
            last: whole(it.last.value)?,
            min: whole(it.min)?,
            max: whole(it.max)?,
            sum: whole(it.sum)?,
            drops: whole(it.drops)?,
        })
    }

    fn put(&self, shape: Shape, count: u64, out: &mut Vec<u8>) {
        put_signed(out, self.first);
        put_signed(out, self.last.wrapping_sub(self.first));
        let all_first = self.first.wrapping_mul(count.cast_signed());
        put_signed(out, self.sum.wrapping_sub(all_first));
        if shape == Shape::Any {
            put_varint(out, self.first.wrapping_sub(self.min).cast_unsigned());
            put_varint(out, self.max.wrapping_sub(self.first).cast_unsigned());
            put_signed(out, self.drops);
        }
    }

    fn read(
        decimals: u8,
        shape: Shape,
        count: u64,
        reader: &mut Reader<'_>,
    ) -> Result<Self, Damage> {
        if DECIMALS_MAX < decimals {
            return Err(Damage("a value has too many decimals"));
        }
        let first = reader.signed()?;
        let last = first.wrapping_add(reader.signed()?);
        let all_first = first.wrapping_mul(count.cast_signed());
        let sum = all_first.wrapping_add(reader.signed()?);
        let (mut min, mut max, mut drops) = (first, last, 0);
        if shape == Shape::Any {
            min = first.wrapping_sub_unsigned(reader.varint()?);
            max = first.wrapping_add_unsigned(reader.varint()?);
            drops = reader.signed()?;
        }
        Ok(Self { decimals, first, last, min, max, sum, drops })
    }

    fn values(&self) -> [f64; 6] {
        [self.first, self.last, self.min, self.max, self.sum, self.drops]
            .map(|it| from_whole(it, self.decimals))
    }
}
