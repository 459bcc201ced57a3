//! Exponential histograms, and how they become native ones.
//!
//! OpenTelemetry's bucket `i` holds `(base^i, base^(i+1)]`, Prometheus' `(base^(i-1), base^i]`: one apart.
//!
//! Source: OpenTelemetry, "Metrics Data Model", section "ExponentialHistogram".

use std::collections::BTreeMap;

use nines_base::{BucketSpan, Histogram};

use super::model::{Buckets, ExponentialPoint};
use crate::histogram::check;

/// The finest buckets that native histograms have; finer ones are put together.
const SCALE_MAX: i32 = 8;
/// The coarsest ones.
const SCALE_MIN: i32 = -4;
/// When a library does not say how near to zero zero is. Source: Prometheus, "OTLP receiver".
const ZERO_THRESHOLD: f64 = 1e-128;

/// A histogram that can be added to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Exponential {
    scale: i32,
    zero_threshold: f64,
    zero_count: u64,
    count: u64,
    sum: f64,
    /// By OpenTelemetry's index; none is zero.
    positive: BTreeMap<i32, u64>,
    negative: BTreeMap<i32, u64>,
}

impl Exponential {
    pub(super) fn new(point: &ExponentialPoint) -> Result<Self, String> {
        let scale = point.scale.min(SCALE_MAX);
        if scale < SCALE_MIN {
            return Err(format!("a histogram of scale {}; {SCALE_MIN} is the lowest", point.scale));
        }
        let shift = point.scale.saturating_sub(scale).unsigned_abs().min(31);
        let given = point.zero_threshold;
        Ok(Self {
            scale,
            zero_threshold: if 0.0 < given { given } else { ZERO_THRESHOLD },
            zero_count: point.zero_count,
            count: point.count,
            sum: point.sum,
            positive: indexed(&point.positive, shift)?,
            negative: indexed(&point.negative, shift)?,
        })
    }

    /// Both together; nothing when they cannot be, because zero is not the same in them.
    pub(super) fn plus(&self, other: &Self) -> Option<Self> {
        if self.zero_threshold.to_bits() != other.zero_threshold.to_bits() {
            return None;
        }
        let scale = self.scale.min(other.scale);
        let (one, two) = (self.scaled(scale), other.scaled(scale));
        let both = |one: &BTreeMap<i32, u64>, two: &BTreeMap<i32, u64>| {
            let mut out = one.clone();
            for (index, count) in two {
                add(&mut out, *index, *count);
            }
            out
        };
        Some(Self {
            scale,
            zero_threshold: self.zero_threshold,
            zero_count: self.zero_count.saturating_add(other.zero_count),
            count: self.count.saturating_add(other.count),
            sum: self.sum + other.sum,
            positive: both(&one.positive, &two.positive),
            negative: both(&one.negative, &two.negative),
        })
    }

    fn scaled(&self, scale: i32) -> Self {
        let shift = (self.scale - scale).unsigned_abs();
        let shifted = |buckets: &BTreeMap<i32, u64>| {
            let mut out = BTreeMap::new();
            for (index, count) in buckets {
                add(&mut out, index >> shift, *count);
            }
            out
        };
        let (positive, negative) = (shifted(&self.positive), shifted(&self.negative));
        Self { scale, positive, negative, ..self.clone() }
    }

    pub(super) fn to_histogram(&self) -> Result<Histogram, String> {
        let (positive_spans, positive_buckets) = spans(&self.positive);
        let (negative_spans, negative_buckets) = spans(&self.negative);
        let histogram = Histogram {
            schema: self.scale,
            zero_threshold: self.zero_threshold,
            zero_count: self.zero_count as f64,
            count: self.count as f64,
            sum: self.sum,
            positive_spans,
            positive_buckets,
            negative_spans,
            negative_buckets,
            ..Histogram::stale()
        };
        check(&histogram).map(|()| histogram)
    }
}

fn add(buckets: &mut BTreeMap<i32, u64>, index: i32, count: u64) {
    let it = buckets.entry(index).or_insert(0);
    *it = it.saturating_add(count);
}

fn indexed(buckets: &Buckets, shift: u32) -> Result<BTreeMap<i32, u64>, String> {
    let mut out = BTreeMap::new();
    for (place, count) in (0_i64..).zip(&buckets.counts) {
        // The last one has no neighbour for Prometheus' index.
        let index =
            i32::try_from(i64::from(buckets.offset) + place).ok().filter(|it| *it < i32::MAX);
        let index = index.ok_or("a histogram with buckets beyond every number")?;
        if 0 < *count {
            add(&mut out, index >> shift, *count);
        }
    }
    Ok(out)
}

/// As runs of neighbours, with Prometheus' index.
fn spans(buckets: &BTreeMap<i32, u64>) -> (Vec<BucketSpan>, Vec<f64>) {
    let mut spans: Vec<BucketSpan> = Vec::new();
    let mut next = 0;
    for index in buckets.keys().map(|it| it + 1) {
        match spans.last_mut() {
            Some(span) if index == next => span.length += 1,
            last => {
                let offset = if last.is_some() { index.saturating_sub(next) } else { index };
                spans.push(BucketSpan { offset, length: 1 });
            }
        }
        next = index.saturating_add(1);
    }
    (spans, buckets.values().map(|it| *it as f64).collect())
}
