//! Random series: counters that restart, histograms, gauges with gaps and ends, strange numbers.

use std::time::SystemTime;

use fastrand::Rng;
use nines_base::{Labels, Sample, SampleBatch, stale_marker};

/// From one sample to the next.
pub(crate) const INTERVAL_MS: i64 = 15_000;
/// Samples of a series without gaps: four hours.
pub(crate) const SAMPLES: i64 = 960;
/// Where counters begin.
const START: f64 = 1e7;
/// What one request spans.
const REQUEST_MS: usize = 1_800_000;
/// No border of a window lies on a sample: borders are whole seconds, or seven seconds after a multiple of 15.
const PHASE_MS: i64 = 3_700;

/// A whole number of hours ago, so that the newest sample is not in the future.
pub(crate) fn first_ms() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let now_ms = i64::try_from(now.as_millis()).unwrap();
    now_ms / 3_600_000 * 3_600_000 - SAMPLES * INTERVAL_MS
}

pub(crate) fn batches(first_ms: i64, rng: &mut Rng) -> Vec<SampleBatch> {
    let mut batches = Vec::new();
    let mut add = |pairs: &[(&str, &str)], values: Vec<Option<f64>>| {
        let samples = values.into_iter().enumerate().filter_map(|(index, value)| {
            let index = i64::try_from(index).unwrap();
            Some(Sample { at_ms: first_ms + PHASE_MS + index * INTERVAL_MS, value: value? })
        });
        let labels = Labels::new(pairs.iter().copied()).unwrap();
        batches.push(SampleBatch::new(labels, samples.collect()));
    };
    for job in ["api", "web"] {
        for instance in ["a:1", "b:1", "c:2"] {
            for code in ["200", "404", "500"] {
                let labels = [
                    ("__name__", "requests_total"),
                    ("job", job),
                    ("instance", instance),
                    ("code", code),
                ];
                add(&labels, counter(rng));
            }
            add(
                &[("__name__", "errors_total"), ("job", job), ("instance", instance)],
                counter(rng),
            );
            let info = [
                ("__name__", "target_version"),
                ("job", job),
                ("instance", instance),
                ("version", "v2"),
            ];
            add(&info, (0..SAMPLES).map(|_| Some(1.0)).collect());
            let bounds = ["0.1", "0.5", "1", "2.5", "+Inf"];
            for (bound, values) in bounds.iter().zip(histogram(rng, bounds.len())) {
                let labels = [
                    ("__name__", "latency_seconds_bucket"),
                    ("job", job),
                    ("instance", instance),
                    ("le", *bound),
                ];
                add(&labels, values);
            }
            for zone in ["x", "y"] {
                let labels = [
                    ("__name__", "temperature"),
                    ("job", job),
                    ("instance", instance),
                    ("zone", zone),
                ];
                add(&labels, gauge(rng));
            }
        }
        add(&[("__name__", "strange"), ("job", job)], strange(rng));
    }
    batches
}

/// All series half an hour after half an hour: Prometheus takes no sample that is much older than its newest.
pub(crate) fn in_order(batches: &[SampleBatch]) -> Vec<Vec<SampleBatch>> {
    let times = batches.iter().flat_map(|it| &it.samples).map(|it| it.at_ms);
    let (first_ms, last_ms) = (times.clone().min().unwrap(), times.max().unwrap());
    (first_ms..=last_ms)
        .step_by(REQUEST_MS)
        .map(|from_ms| {
            let to_ms = from_ms + i64::try_from(REQUEST_MS).unwrap();
            let part = batches.iter().map(|it| {
                let within = it.samples.iter().filter(|it| (from_ms..to_ms).contains(&it.at_ms));
                SampleBatch::new(it.labels.clone(), within.copied().collect())
            });
            part.filter(|it| !it.samples.is_empty()).collect()
        })
        .collect()
}

/// Restarts now and then, without gaps.
fn counter(rng: &mut Rng) -> Vec<Option<f64>> {
    let mut value = START + f64::from(rng.u32(0..1_000));
    let busy = rng.u32(2..200);
    (0..SAMPLES)
        .map(|_| {
            value = if rng.u32(0..300) == 0 { 0.0 } else { value + f64::from(rng.u32(0..busy)) };
            Some(value)
        })
        .collect()
}

/// Cumulative buckets.
fn histogram(rng: &mut Rng, buckets: usize) -> Vec<Vec<Option<f64>>> {
    let mut counts = vec![START; buckets];
    let mut columns = vec![Vec::new(); buckets];
    for _ in 0..SAMPLES {
        let mut all = 0.0;
        for (count, column) in counts.iter_mut().zip(&mut columns) {
            // What is in a bucket is in all larger ones.
            all += f64::from(rng.u32(0..10));
            *count += all;
            column.push(Some(*count));
        }
    }
    columns
}

/// Walks, pauses without a marker, and ends with one.
fn gauge(rng: &mut Rng) -> Vec<Option<f64>> {
    let mut value = rng.f64() * 50.0 - 10.0;
    let mut away = 0;
    (0..SAMPLES)
        .map(|_| {
            value += rng.f64() * 2.0 - 1.0;
            if 0 < away {
                away -= 1;
                return None;
            }
            match rng.u32(0..400) {
                0 => {
                    away = rng.u32(1..60);
                    None
                }
                1 => {
                    away = rng.u32(1..60);
                    Some(stale_marker())
                }
                _ => Some((value * 1_000.0).round() / 1_000.0),
            }
        })
        .collect()
}

fn strange(rng: &mut Rng) -> Vec<Option<f64>> {
    let values = [0.0, -0.0, 1.0, -1.5, 1e300, -1e-300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    (0..SAMPLES).map(|_| rng.choice(values)).collect()
}
