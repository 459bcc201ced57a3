//! Adds up what is sent as deltas, because Prometheus' counters are cumulative.
//!
//! A sum begins with the first delta that is seen, also after a restart: to a reader that is a counter that began
//! anew, and its increase counts whole. Deltas that come twice or late are not counted again.
//!
//! Source: OpenTelemetry, "Metrics Data Model", section "Sums: Delta-to-Cumulative".

use std::collections::BTreeMap;

use nines_base::Labels;

use super::model::{HistogramPoint, Point};
use super::native::Exponential;

/// Series whose sums are remembered.
const SERIES_MAX: usize = 100_000;
/// A series that sends nothing for so long is forgotten when room is needed: one hour.
const IDLE_NANOS: u64 = 3_600_000_000_000;

/// The sums so far.
#[derive(Debug, Default)]
pub(super) struct Deltas {
    sums: BTreeMap<Labels, Sum>,
    /// What each sum was before the request that is being read.
    before: Vec<(Labels, Option<Sum>)>,
    newest_nanos: u64,
}

#[derive(Debug, Clone)]
struct Sum {
    nanos: u64,
    so_far: SoFar,
}

#[derive(Debug, Clone)]
enum SoFar {
    Number(f64),
    Histogram(HistogramPoint),
    Exponential(Exponential),
}

impl Deltas {
    pub(super) fn number(
        &mut self,
        labels: &Labels,
        point: &Point,
        delta: f64,
    ) -> Result<f64, String> {
        let sum = match self.so_far(labels, point)? {
            Some(SoFar::Number(sum)) => sum + delta,
            _ => delta,
        };
        self.set(labels, point, SoFar::Number(sum));
        Ok(sum)
    }

    pub(super) fn histogram(
        &mut self,
        labels: &Labels,
        delta: &HistogramPoint,
    ) -> Result<HistogramPoint, String> {
        let sum = match self.so_far(labels, &delta.point)? {
            Some(SoFar::Histogram(sum)) if same_buckets(sum, delta) => added(sum, delta),
            _ => delta.clone(),
        };
        // What one point brought of its own must not be sent again with the sum.
        let mut kept = sum.clone();
        kept.point = Point::default();
        self.set(labels, &delta.point, SoFar::Histogram(kept));
        Ok(sum)
    }

    pub(super) fn exponential(
        &mut self,
        labels: &Labels,
        point: &Point,
        delta: Exponential,
    ) -> Result<Exponential, String> {
        let sum = match self.so_far(labels, point)? {
            Some(SoFar::Exponential(sum)) => sum.plus(&delta).unwrap_or(delta),
            _ => delta,
        };
        self.set(labels, point, SoFar::Exponential(sum.clone()));
        Ok(sum)
    }

    /// The sums of the last request are stored.
    pub(super) fn commit(&mut self) {
        self.before.clear();
    }

    /// They are not, and their deltas will come again.
    pub(super) fn roll_back(&mut self) {
        while let Some((labels, before)) = self.before.pop() {
            match before {
                Some(sum) => drop(self.sums.insert(labels, sum)),
                None => drop(self.sums.remove(&labels)),
            }
        }
    }

    fn so_far(&mut self, labels: &Labels, point: &Point) -> Result<Option<&SoFar>, String> {
        if SERIES_MAX <= self.sums.len() && !self.sums.contains_key(labels) {
            let oldest = self.newest_nanos.saturating_sub(IDLE_NANOS);
            self.sums.retain(|_, it| oldest <= it.nanos);
            if SERIES_MAX <= self.sums.len() {
                return Err(format!("more than {SERIES_MAX} series send deltas"));
            }
        }
        let Some(sum) = self.sums.get(labels) else { return Ok(None) };
        if point.nanos <= sum.nanos {
            return Err("a delta that is not newer than the last one".to_owned());
        }
        Ok(Some(&sum.so_far))
    }

    fn set(&mut self, labels: &Labels, point: &Point, so_far: SoFar) {
        self.newest_nanos = self.newest_nanos.max(point.nanos);
        let before = self.sums.insert(labels.clone(), Sum { nanos: point.nanos, so_far });
        self.before.push((labels.clone(), before));
    }
}

fn same_buckets(one: &HistogramPoint, other: &HistogramPoint) -> bool {
    let bits = |it: &HistogramPoint| it.bounds.iter().map(|it| it.to_bits()).collect::<Vec<_>>();
    one.counts.len() == other.counts.len() && bits(one) == bits(other)
}

fn added(sum: &HistogramPoint, delta: &HistogramPoint) -> HistogramPoint {
    let counts = sum.counts.iter().zip(&delta.counts);
    HistogramPoint {
        point: delta.point.clone(),
        count: sum.count.saturating_add(delta.count),
        sum: sum.sum.zip(delta.sum).map(|(sum, delta)| sum + delta),
        bounds: delta.bounds.clone(),
        counts: counts.map(|(sum, delta)| sum.saturating_add(*delta)).collect(),
    }
}
