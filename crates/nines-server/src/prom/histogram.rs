//! Native histograms in answers: count, sum, and the buckets that hold something.

use nines_base::{BucketSpan, CUSTOM_SCHEMA, Histogram};

use super::json;

/// Whether a border belongs to its bucket, in the numbers of the HTTP API.
///
/// Source: Prometheus, "HTTP API", section "Native histograms".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Borders {
    OpenLeft = 0,
    OpenRight = 1,
    Closed = 3,
}

/// One bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bucket {
    borders: Borders,
    lower: f64,
    upper: f64,
    count: f64,
}

/// `{"count":"…","sum":"…","buckets":[…]}`; empty buckets are left out.
pub(super) fn write(out: &mut Vec<u8>, histogram: &Histogram) {
    out.extend_from_slice(br#"{"count":""#);
    json::number(out, histogram.count);
    out.extend_from_slice(br#"","sum":""#);
    json::number(out, histogram.sum);
    out.push(b'"');
    let buckets = buckets(histogram);
    if !buckets.is_empty() {
        out.extend_from_slice(br#","buckets":["#);
        for (index, bucket) in buckets.iter().enumerate() {
            if 0 < index {
                out.push(b',');
            }
            out.push(b'[');
            json::integer(out, bucket.borders as i64);
            for value in [bucket.lower, bucket.upper, bucket.count] {
                out.extend_from_slice(br#",""#);
                json::number(out, value);
                out.push(b'"');
            }
            out.push(b']');
        }
        out.push(b']');
    }
    out.push(b'}');
}

/// From the smallest values to the largest.
fn buckets(histogram: &Histogram) -> Vec<Bucket> {
    let threshold = histogram.zero_threshold;
    let of_negative = |(index, count)| {
        let Bucket { lower, upper, .. } = positive(histogram, index, count);
        Bucket { borders: Borders::OpenRight, lower: -upper, upper: -lower, count }
    };
    let negative = indexed(&histogram.negative_spans, &histogram.negative_buckets);
    let mut buckets: Vec<Bucket> = negative.map(of_negative).collect();
    buckets.reverse();
    for it in &mut buckets {
        if it.upper < 0.0 && -threshold < it.upper {
            it.upper = -threshold;
        }
    }
    let zero = Bucket {
        borders: Borders::Closed,
        lower: -threshold,
        upper: threshold,
        count: histogram.zero_count,
    };
    buckets.push(zero);
    let positives = indexed(&histogram.positive_spans, &histogram.positive_buckets);
    buckets.extend(positives.map(|(index, count)| {
        let bucket = positive(histogram, index, count);
        let is_cut = 0.0 < bucket.lower && bucket.lower < threshold;
        if is_cut { Bucket { lower: threshold, ..bucket } } else { bucket }
    }));
    buckets.retain(|it| it.count != 0.0);
    buckets
}

/// Each bucket's index and count.
fn indexed(spans: &[BucketSpan], counts: &[f64]) -> impl Iterator<Item = (i64, f64)> {
    let mut next = 0_i64;
    let indexes = spans.iter().flat_map(move |span| {
        let first = next + i64::from(span.offset);
        next = first + i64::from(span.length);
        first..next
    });
    indexes.zip(counts.iter().copied())
}

fn positive(histogram: &Histogram, index: i64, count: f64) -> Bucket {
    if histogram.schema == CUSTOM_SCHEMA {
        let border = |at: i64| {
            let at = usize::try_from(at).ok()?;
            histogram.custom_values.get(at).copied()
        };
        let lower =
            if index == 0 { f64::NEG_INFINITY } else { border(index - 1).unwrap_or(f64::INFINITY) };
        let upper = border(index).unwrap_or(f64::INFINITY);
        // The first one goes down to minus infinity, which it contains.
        let borders = if index == 0 { Borders::Closed } else { Borders::OpenLeft };
        return Bucket { borders, lower, upper, count };
    }
    let upper = exponential_border(index, histogram.schema);
    let lower = exponential_border(index - 1, histogram.schema);
    Bucket { borders: Borders::OpenLeft, lower, upper, count }
}

/// The upper border of the bucket with this index: 2 to the power of `index · 2^-schema`.
///
/// The bucket in which the largest number lies ends there, and the next one, of infinity, at infinity.
fn exponential_border(index: i64, schema: i32) -> f64 {
    let (whole, part) = if schema <= 0 {
        (index.checked_shl(schema.unsigned_abs()).unwrap_or(i64::MAX), 0.0)
    } else {
        let parts = 1_i64 << schema.min(52);
        (index.div_euclid(parts), index.rem_euclid(parts) as f64 / parts as f64)
    };
    if whole == 1_024 && part <= 0.0 {
        return f64::MAX;
    }
    let whole = i32::try_from(whole).unwrap_or(if whole < 0 { i32::MIN } else { i32::MAX });
    // In two steps, so that the smallest numbers do not vanish on the way.
    part.exp2()
        * f64::from(whole.div_euclid(2)).exp2()
        * f64::from(whole - whole.div_euclid(2)).exp2()
}

#[cfg(test)]
mod tests;
