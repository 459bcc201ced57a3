//! Samples of one input, oldest first: often while they are looked at, seldom in the long past.
//!
//! A month of history at the grain of an evaluation would cost more than everything else. Counts are read at the
//! edges of windows only, so samples are as fine as evaluations there, and otherwise just close enough to be known.

use nines_base::{Labels, Sample, SampleBatch};
use nines_slo::{Slo, TrackerConfig};
use nines_spec::{SloInput, TestClock};

use crate::series::{Events, counters};
use crate::time::{floor_to, millis};
use crate::traffic::Traffic;

/// Samples are no further apart than one of these; times of day are multiples of them.
const SPACINGS_MS: [i64; 5] = [300_000, 60_000, 15_000, 5_000, 1_000];

/// The samples of one input.
#[derive(Debug)]
pub(crate) struct Feed {
    traffic: Traffic,
    counters: Vec<(Labels, Events)>,
    /// When samples arrive, rising.
    instants: Vec<i64>,
    /// How many of them have.
    fed: usize,
}

impl Feed {
    pub(crate) fn new(
        input: &SloInput,
        slo: &Slo,
        clock: &TestClock,
        config: &TrackerConfig,
    ) -> Self {
        let traffic = Traffic::new(input, clock.start);
        let counters = counters(&slo.sli.kind, &input.labels);
        let instants = instants(&traffic, slo, clock, config);
        Self { traffic, counters, instants, fed: 0 }
    }

    /// What arrives until `until_ms`.
    pub(crate) fn take(&mut self, until_ms: i64) -> Vec<SampleBatch> {
        let rest = self.instants.get(self.fed..).unwrap_or_default();
        let due = rest.get(..rest.partition_point(|it| *it <= until_ms)).unwrap_or_default();
        if due.is_empty() {
            return Vec::new();
        }
        let batch = |(labels, events): &(Labels, Events)| {
            let sample = |at_ms: &i64| Sample {
                at_ms: *at_ms,
                value: self.traffic.count(*events, *at_ms) as f64,
            };
            SampleBatch::new(labels.clone(), due.iter().map(sample).collect())
        };
        let batches = self.counters.iter().map(batch).collect();
        self.fed += due.len();
        batches
    }
}

fn instants(traffic: &Traffic, slo: &Slo, clock: &TestClock, config: &TrackerConfig) -> Vec<i64> {
    let (begin_ms, start_ms) = (traffic.begin_ms(), clock.start.as_millisecond());
    let (step_ms, run_ms) = (millis(clock.step).max(1), millis(clock.run));
    let end_ms = start_ms.saturating_add(run_ms);
    let evaluations = move || (0..=run_ms / step_ms).map(move |it| start_ms + it * step_ms);
    let stale_ms = millis(slo.sli.data.stale_after.unwrap_or(config.stale_after));
    let spacing_ms = SPACINGS_MS.into_iter().find(|it| *it <= stale_ms).unwrap_or(1_000);
    let mut instants: Vec<i64> = Vec::new();
    let mut at_ms = floor_to(begin_ms, spacing_ms) + spacing_ms;
    while at_ms <= end_ms {
        instants.push(at_ms);
        at_ms += spacing_ms;
    }
    instants.extend(traffic.edges_ms());
    instants.extend(evaluations());
    let grains = [millis(config.hot_grain), millis(config.cold_grain)];
    for length_ms in lengths_ms(slo) {
        for at_ms in evaluations() {
            instants.extend(grains.map(|it| floor_to(at_ms.saturating_sub(length_ms), it)));
        }
    }
    instants.retain(|it| (begin_ms..=end_ms).contains(it) && !traffic.is_silent(*it));
    instants.sort_unstable();
    instants.dedup();
    instants
}

/// How far back evaluations look.
fn lengths_ms(slo: &Slo) -> Vec<i64> {
    let mut lengths: Vec<i64> = Vec::new();
    for goal in &slo.goals {
        lengths.push(millis(goal.window.nominal()));
        let pairs = goal.alerting.pairs.iter();
        lengths.extend(pairs.flat_map(|it| [millis(it.long), millis(it.short)]));
    }
    lengths.sort_unstable();
    lengths.dedup();
    lengths
}

#[cfg(test)]
mod tests;
