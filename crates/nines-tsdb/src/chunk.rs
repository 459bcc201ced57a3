//! Sealed chunks of numbers: an entry that says what they come to, and columns that are quick to read.
//!
//! Entry (varints; what it stands in says the time before): first time, last time, count, payload bytes, payload
//! CRC-32, then the summary. Payload: 0 if the times are at equal distances, else 1 and a column of how far each is
//! from where it would be; then the scale: 0..=6 decimals with the values that do not fit, and a column of whole
//! numbers; or 7, a shift, and a column of floats as numbers in their order. This module must not know where chunks
//! are kept.

mod entry;

use nines_base::{STALE_NAN_BITS, Sample};

use crate::Damage;
use crate::column::{put_column, read_column};
use crate::scale::{DECIMALS_MAX, as_whole, fewest_decimals, power};
use crate::summary::summarize;
use crate::wire::{Reader, low_byte, put_varint};

pub(crate) use entry::{Entry, Kind};

/// Samples of one chunk; more is damage.
pub(crate) const CHUNK_SAMPLES_MAX: usize = 1024;

const REGULAR: u8 = 0;
const IRREGULAR: u8 = 1;
const FLOATS: u8 = 7;

/// Adds the payload of a chunk, whose times rise, and returns its entry; `None` without samples.
pub(crate) fn put_chunk(samples: &[Sample], payload: &mut Vec<u8>) -> Option<Entry> {
    let (first, last) = (samples.first()?, samples.last()?);
    let start = payload.len();
    put_times(samples, first.at_ms, last.at_ms, payload);
    let decimals = put_values(samples, payload);
    let mut summary = summarize(samples);
    if let (Some(summary), Some(decimals)) = (&mut summary, decimals) {
        summary.sum = exact(summary.sum, decimals);
        summary.drops = exact(summary.drops, decimals);
    }
    let written = payload.get(start..).unwrap_or_default();
    Some(Entry {
        kind: Kind::Numbers,
        first_ms: first.at_ms,
        last_ms: last.at_ms,
        count: u32::try_from(samples.len()).expect("a chunk has at most 1024"),
        bytes: u32::try_from(written.len()).expect("a chunk has at most 1024 samples"),
        crc: crc32fast::hash(written),
        decimals,
        summary,
    })
}

/// A sum of numbers with so many decimals has no more; additions may have made it a little wrong.
fn exact(sum: f64, decimals: u8) -> f64 {
    /// Sums of a chunk up to here are less than half a whole wrong.
    const EXACT_MAX: f64 = (1_u64 << 42) as f64;
    let scaled = (sum * power(decimals)).round();
    if scaled.abs() <= EXACT_MAX { scaled / power(decimals) } else { sum }
}

/// The distance at which `count` times from first to last would be equal.
fn step_ms(first_ms: i64, last_ms: i64, count: usize) -> i64 {
    let gaps = i64::try_from(count.saturating_sub(1)).unwrap_or(i64::MAX).max(1);
    last_ms.wrapping_sub(first_ms) / gaps
}

fn put_times(samples: &[Sample], first_ms: i64, last_ms: i64, out: &mut Vec<u8>) {
    let step_ms = step_ms(first_ms, last_ms, samples.len());
    let mut expected_ms = first_ms;
    let mut offsets = Vec::with_capacity(samples.len());
    for sample in samples {
        offsets.push(sample.at_ms.wrapping_sub(expected_ms));
        expected_ms = expected_ms.wrapping_add(step_ms);
    }
    if offsets.iter().all(|it| *it == 0) {
        out.push(REGULAR);
    } else {
        out.push(IRREGULAR);
        put_column(&offsets, out);
    }
}

/// Returns the decimals, if all values but staleness markers are whole numbers of a scale.
fn put_values(samples: &[Sample], out: &mut Vec<u8>) -> Option<u8> {
    let exceptions_max = 1 + samples.len() / 32;
    let (mut decimals, mut odd) = (0, 0);
    for sample in samples {
        match fewest_decimals(sample.value, decimals) {
            Some((more, _)) => decimals = more,
            None => odd += 1,
        }
        if exceptions_max < odd {
            put_floats(samples, out);
            return None;
        }
    }
    let (mut wholes, mut exceptions) = (Vec::with_capacity(samples.len()), Vec::new());
    let mut last = samples.iter().find_map(|it| as_whole(it.value, decimals)).unwrap_or(0);
    for (index, sample) in (0_u64..).zip(samples) {
        match as_whole(sample.value, decimals) {
            Some(whole) => last = whole,
            None => exceptions.push((index, sample.value.to_bits())),
        }
        wholes.push(last);
    }
    // A value that fits few decimals may not fit more.
    if exceptions_max < exceptions.len() {
        put_floats(samples, out);
        return None;
    }
    out.push(decimals);
    put_varint(out, exceptions.len() as u64);
    let all_whole = exceptions.iter().all(|it| it.1 == STALE_NAN_BITS);
    for (index, bits) in exceptions {
        put_varint(out, index);
        out.extend(bits.to_le_bytes());
    }
    put_column(&wholes, out);
    all_whole.then_some(decimals)
}

fn put_floats(samples: &[Sample], out: &mut Vec<u8>) {
    let mut ordered: Vec<i64> = samples.iter().map(|it| in_order(it.value.to_bits())).collect();
    let shift = ordered.iter().map(|it| it.trailing_zeros()).min().unwrap_or(0).min(63);
    for number in &mut ordered {
        *number >>= shift;
    }
    out.push(FLOATS);
    out.push(low_byte(u64::from(shift)));
    put_column(&ordered, out);
}

/// Bits of floats as numbers that are close where the floats are; its own inverse.
fn in_order(bits: u64) -> i64 {
    let signed = bits.cast_signed();
    signed ^ ((signed >> 63).cast_unsigned() >> 1).cast_signed()
}

/// Reads chunks; its memory is used again and again.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    times: Vec<i64>,
    values: Vec<i64>,
}

impl Decoder {
    /// Adds the samples of the closed range to `out`.
    pub(crate) fn decode(
        &mut self,
        entry: &Entry,
        payload: &[u8],
        from_ms: i64,
        to_ms: i64,
        out: &mut Vec<Sample>,
    ) -> Result<(), Damage> {
        let count = entry.count as usize;
        if CHUNK_SAMPLES_MAX < count {
            return Err(Damage("a chunk has too many samples"));
        }
        let mut reader = Reader::new(payload);
        self.read_times(&mut reader, entry, count)?;
        let (start, end) = if from_ms <= entry.first_ms && entry.last_ms <= to_ms {
            (0, count)
        } else {
            let start = self.times.partition_point(|it| *it < from_ms);
            (start, self.times.partition_point(|it| *it <= to_ms).max(start))
        };
        self.values.resize(count, 0);
        let written = out.len();
        let scale = reader.u8()?;
        if scale == FLOATS {
            let shift = reader.u8()?;
            read_column(&mut reader, &mut self.values)?;
            self.put(start, end, out, |it| {
                f64::from_bits(
                    in_order(it.wrapping_shl(u32::from(shift)).cast_unsigned()).cast_unsigned(),
                )
            });
            return Ok(());
        }
        if DECIMALS_MAX < scale {
            return Err(Damage("a value has too many decimals"));
        }
        let mut exceptions = reader;
        let exceptions_count = reader.count(9)?;
        for _ in 0..exceptions_count {
            reader.varint()?;
            reader.u64()?;
        }
        read_column(&mut reader, &mut self.values)?;
        let power = power(scale);
        if scale == 0 {
            self.put(start, end, out, |it| it as f64);
        } else {
            self.put(start, end, out, |it| it as f64 / power);
        }
        exceptions.varint()?;
        for _ in 0..exceptions_count {
            let index = usize::try_from(exceptions.varint()?).unwrap_or(usize::MAX);
            let value = f64::from_bits(exceptions.u64()?);
            if count <= index {
                return Err(Damage("an exception lies outside of its chunk"));
            }
            if (start..end).contains(&index)
                && let Some(sample) = out.get_mut(written + index - start)
            {
                sample.value = value;
            }
        }
        Ok(())
    }

    fn read_times(
        &mut self,
        reader: &mut Reader<'_>,
        entry: &Entry,
        count: usize,
    ) -> Result<(), Damage> {
        self.times.resize(count, 0);
        match reader.u8()? {
            REGULAR => self.times.fill(0),
            IRREGULAR => read_column(reader, &mut self.times)?,
            _ => return Err(Damage("times are of an unknown kind")),
        }
        let step_ms = step_ms(entry.first_ms, entry.last_ms, count);
        let mut expected_ms = entry.first_ms;
        for time in &mut self.times {
            *time = time.wrapping_add(expected_ms);
            expected_ms = expected_ms.wrapping_add(step_ms);
        }
        Ok(())
    }

    #[inline]
    fn put(&self, start: usize, end: usize, out: &mut Vec<Sample>, value: impl Fn(i64) -> f64) {
        let times = self.times.get(start..end).unwrap_or_default();
        let values = self.values.get(start..end).unwrap_or_default();
        let samples = times.iter().zip(values);
        out.extend(samples.map(|(at_ms, it)| Sample { at_ms: *at_ms, value: value(*it) }));
    }
}

#[cfg(test)]
mod tests;
