//! Chunks of native histograms: the first as it is, each other as what changed since the one before.
//!
//! Per histogram: a signed distance in time (for the first: from the chunk's first time) and a byte of flags. Without
//! `SAME_SHAPE` the shape follows: schema, zero threshold, spans, custom values. Then the sum, the other counts and
//! the buckets: as signed differences of whole numbers with `WHOLE`, else as floats. An ending of the series is one
//! byte. This module must not know where chunks are kept.

use std::sync::Arc;

use nines_base::{BucketSpan, CounterReset, Histogram, HistogramSample, stale_marker};

use crate::Damage;
use crate::scale::as_whole;
use crate::wire::{Reader, put_signed, put_varint};

/// Buckets of one histogram, far more than senders make; more is damage.
pub(crate) const BUCKETS_MAX: usize = 16 * 1024;

const RESETS: u8 = 3;
const SAME_SHAPE: u8 = 1 << 2;
const WHOLE: u8 = 1 << 3;
const STALE: u8 = 1 << 4;

/// Whether reading would take the histogram for damage.
pub(crate) fn are_buckets_few(it: &Histogram) -> bool {
    let buckets = [it.positive_buckets.len(), it.negative_buckets.len(), it.custom_values.len()];
    let spans = [it.positive_spans.len(), it.negative_spans.len()];
    buckets.into_iter().chain(spans).all(|it| it <= BUCKETS_MAX)
}

/// Adds one histogram after another.
#[derive(Debug, Clone, Default)]
pub(crate) struct HistogramWriter {
    pub(crate) bytes: Vec<u8>,
    pub(crate) count: u32,
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
    previous: Option<Arc<Histogram>>,
}

impl HistogramWriter {
    pub(crate) fn push(&mut self, sample: &HistogramSample) {
        if self.count == 0 {
            (self.first_ms, self.last_ms) = (sample.at_ms, sample.at_ms);
        }
        put_signed(&mut self.bytes, sample.at_ms.wrapping_sub(self.last_ms));
        put_histogram(&sample.histogram, self.previous.as_deref(), &mut self.bytes);
        self.last_ms = sample.at_ms;
        self.count += 1;
        if !sample.histogram.is_stale() {
            self.previous = Some(Arc::clone(&sample.histogram));
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Reads `count` histograms and keeps those in the closed range.
pub(crate) fn decode_histograms(
    bytes: &[u8],
    first_ms: i64,
    count: u32,
    from_ms: i64,
    to_ms: i64,
    out: &mut Vec<HistogramSample>,
) -> Result<(), Damage> {
    let mut reader = Reader::new(bytes);
    let (mut at_ms, mut previous) = (first_ms, None);
    for _ in 0..count {
        at_ms = at_ms.wrapping_add(reader.signed()?);
        if to_ms < at_ms {
            return Ok(());
        }
        let histogram = Arc::new(read_histogram(&mut reader, previous.as_deref())?);
        if !histogram.is_stale() {
            previous = Some(Arc::clone(&histogram));
        }
        if from_ms <= at_ms {
            out.push(HistogramSample { at_ms, histogram });
        }
    }
    Ok(())
}

/// Writes a histogram, in relation to another if there is one.
pub(crate) fn put_histogram(it: &Histogram, previous: Option<&Histogram>, out: &mut Vec<u8>) {
    if it.is_stale() {
        out.push(STALE);
        return;
    }
    let base = previous.filter(|other| has_shape(it, other));
    let reset = match it.counter_reset {
        CounterReset::Unknown => 0,
        CounterReset::Reset => 1,
        CounterReset::NotReset => 2,
        CounterReset::Gauge => 3,
    };
    let wholes = counts(it).map(|it| as_whole(it, 0)).collect::<Option<Vec<i64>>>();
    let flags = reset
        | if base.is_some() { SAME_SHAPE } else { 0 }
        | if wholes.is_some() { WHOLE } else { 0 };
    out.push(flags);
    if base.is_none() {
        put_shape(it, out);
    }
    out.extend(it.sum.to_le_bytes());
    match wholes {
        Some(wholes) => {
            let befores = base.into_iter().flat_map(counts).map(|it| as_whole(it, 0).unwrap_or(0));
            for (whole, before) in wholes.into_iter().zip(befores.chain(std::iter::repeat(0))) {
                put_signed(out, whole.wrapping_sub(before));
            }
        }
        None => counts(it).for_each(|it| out.extend(it.to_le_bytes())),
    }
}

fn has_shape(it: &Histogram, other: &Histogram) -> bool {
    let bits = |it: &Histogram| -> Vec<u64> {
        let floats = it.custom_values.iter().chain([&it.zero_threshold]);
        floats.map(|it| it.to_bits()).collect()
    };
    it.schema == other.schema
        && it.positive_spans == other.positive_spans
        && it.negative_spans == other.negative_spans
        && it.positive_buckets.len() == other.positive_buckets.len()
        && it.negative_buckets.len() == other.negative_buckets.len()
        && bits(it) == bits(other)
}

/// All counts in a fixed order.
fn counts(it: &Histogram) -> impl Iterator<Item = f64> {
    let buckets = it.positive_buckets.iter().chain(&it.negative_buckets).copied();
    [it.count, it.zero_count].into_iter().chain(buckets)
}

fn put_shape(it: &Histogram, out: &mut Vec<u8>) {
    put_signed(out, i64::from(it.schema));
    out.extend(it.zero_threshold.to_le_bytes());
    for spans in [&it.positive_spans, &it.negative_spans] {
        put_varint(out, spans.len() as u64);
        for span in spans {
            put_signed(out, i64::from(span.offset));
            put_varint(out, u64::from(span.length));
        }
    }
    put_varint(out, it.positive_buckets.len() as u64);
    put_varint(out, it.negative_buckets.len() as u64);
    put_varint(out, it.custom_values.len() as u64);
    it.custom_values.iter().for_each(|it| out.extend(it.to_le_bytes()));
}

/// Reads a histogram that [`put_histogram`] wrote in relation to `previous`.
pub(crate) fn read_histogram(
    reader: &mut Reader<'_>,
    previous: Option<&Histogram>,
) -> Result<Histogram, Damage> {
    let flags = reader.u8()?;
    if flags & STALE != 0 {
        return Ok(Histogram::stale());
    }
    let base = if flags & SAME_SHAPE == 0 {
        None
    } else {
        Some(previous.ok_or(Damage("a histogram continues none"))?)
    };
    let mut it = match base {
        Some(base) => base.clone(),
        None => read_shape(reader)?,
    };
    it.sum = float(reader)?;
    if it.sum.to_bits() == stale_marker().to_bits() {
        return Err(Damage("a histogram has the sum of an ending"));
    }
    it.counter_reset = match flags & RESETS {
        0 => CounterReset::Unknown,
        1 => CounterReset::Reset,
        2 => CounterReset::NotReset,
        _ => CounterReset::Gauge,
    };
    let counts = [&mut it.count, &mut it.zero_count].into_iter();
    for count in counts.chain(&mut it.positive_buckets).chain(&mut it.negative_buckets) {
        *count = if flags & WHOLE == 0 {
            float(reader)?
        } else {
            let before = as_whole(*count, 0).unwrap_or(0);
            before.wrapping_add(reader.signed()?) as f64
        };
    }
    Ok(it)
}

fn float(reader: &mut Reader<'_>) -> Result<f64, Damage> {
    reader.u64().map(f64::from_bits)
}

fn read_shape(reader: &mut Reader<'_>) -> Result<Histogram, Damage> {
    let mut it = Histogram::stale();
    let schema = reader.signed()?;
    it.schema = i32::try_from(schema).map_err(|_| Damage("a schema is too large"))?;
    it.zero_threshold = float(reader)?;
    for spans in [&mut it.positive_spans, &mut it.negative_spans] {
        for _ in 0..reader.count(2)? {
            let offset = i32::try_from(reader.signed()?);
            let length = u32::try_from(reader.varint()?);
            let (Ok(offset), Ok(length)) = (offset, length) else {
                return Err(Damage("a span is too large"));
            };
            spans.push(BucketSpan { offset, length });
        }
    }
    let (positive, negative) = (reader.varint()?, reader.varint()?);
    let custom = reader.count(8)?;
    for _ in 0..custom {
        it.custom_values.push(float(reader)?);
    }
    for (buckets, count) in
        [(&mut it.positive_buckets, positive), (&mut it.negative_buckets, negative)]
    {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if BUCKETS_MAX < count {
            return Err(Damage("a histogram has too many buckets"));
        }
        buckets.resize(count, 0.0);
    }
    Ok(it)
}

#[cfg(test)]
mod tests;
