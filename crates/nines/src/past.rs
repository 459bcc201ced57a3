//! Samples of the past from a running server: raw, by its Prometheus API, so that any server of that API will do.

use std::ops::Range;

use jiff::{SignedDuration, Timestamp};
use nines_alert::rule::trial::MemorySeries;
use nines_base::{Labels, Matcher, Sample, SampleBatch, format_duration};
use nines_slo::{Tracker, TrackerConfig};
use nines_spec::Spec;
use serde::Deserialize;

use crate::client::Client;
use crate::exit::{Exit, Failure};

/// So much is asked at once.
const CHUNK: SignedDuration = SignedDuration::from_hours(6);
/// No more samples are kept in memory.
const SAMPLES_MAX: usize = 100_000_000;

/// One answer.
#[derive(Debug, Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    result: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    metric: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    values: Vec<(f64, String)>,
}

/// Everything that the objectives of `spec` read in a range, and in their windows before it.
pub(crate) fn fetch(
    client: &Client,
    spec: &Spec,
    range: Range<Timestamp>,
) -> anyhow::Result<MemorySeries> {
    let tracker = Tracker::new(spec.slos.clone(), TrackerConfig::default());
    let mut selectors: Vec<String> = Vec::new();
    let mut longest = SignedDuration::ZERO;
    for slo in &spec.slos {
        longest = slo.goals.iter().map(|it| it.window.longest()).fold(longest, SignedDuration::max);
        selectors.extend(tracker.selectors(&slo.name).iter().map(|it| selector(it)));
    }
    selectors.sort();
    selectors.dedup();
    let series = MemorySeries::default();
    let (first, mut kept) = (range.start.saturating_sub(longest)?, 0);
    for selector in &selectors {
        let mut to = range.end;
        while first < to {
            let batches = chunk(client, selector, to)?;
            kept += batches.iter().map(|it| it.samples.len()).sum::<usize>();
            if SAMPLES_MAX < kept {
                let message = format!("there are more than {SAMPLES_MAX} samples; use --since");
                return Err(Failure::new(Exit::Invalid, message).into());
            }
            series.add(&batches);
            to = to.saturating_sub(CHUNK)?;
        }
    }
    Ok(series)
}

/// `{__name__="http_requests_total",code=~"5.."}`
fn selector(matchers: &[Matcher]) -> String {
    let matchers: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    format!("{{{}}}", matchers.join(","))
}

/// The raw samples of the chunk that ends at `to`: a range selector, asked at one instant.
fn chunk(client: &Client, selector: &str, to: Timestamp) -> anyhow::Result<Vec<SampleBatch>> {
    let query = format!("{selector}[{}]", format_duration(CHUNK));
    let time = format!("{}", to.as_millisecond() as f64 / 1e3);
    let value = client.get("/api/v1/query", &[("query", &query), ("time", &time)])?;
    let answer: Answer = client.read(value)?;
    answer.data.result.into_iter().map(batch).collect()
}

fn batch(row: Row) -> anyhow::Result<SampleBatch> {
    let sample = |(seconds, value): &(f64, String)| {
        #[expect(clippy::cast_possible_truncation, reason = "an instant of this age fits")]
        let at_ms = (seconds * 1e3).round() as i64;
        // `NaN`, `+Inf` and `-Inf` read as they are written.
        Some(Sample { at_ms, value: value.parse().ok()? })
    };
    let samples = row.values.iter().filter_map(sample).collect();
    Ok(SampleBatch::new(Labels::new(row.metric)?, samples))
}

#[cfg(test)]
mod tests;
