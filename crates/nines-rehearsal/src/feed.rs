//! Samples of one input, oldest first: often while they are looked at, seldom in the long past.
//!
//! A month of history at the grain of an evaluation would cost more than everything else. Counts are read at the
//! edges of windows only, so samples are as fine as evaluations there, and otherwise just close enough to be known.

use nines_base::{Labels, Sample, SampleBatch};
use nines_slo::{Slo, TrackerConfig};
use nines_spec::{SloInput, TestClock};

use crate::series::{Events, counters};
use crate::time::{floor_to, instant, millis};
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
    /// `evaluations` rise; the first is when the history is over.
    pub(crate) fn new(
        input: &SloInput,
        slo: &Slo,
        evaluations: &[i64],
        config: &TrackerConfig,
    ) -> Self {
        let start_ms = evaluations.first().copied().unwrap_or_default();
        let traffic = Traffic::new(input, instant(start_ms));
        let counters = counters(&slo.sli.kind, &input.labels);
        let instants = instants(&traffic, slo, evaluations, config);
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

/// When a test is judged.
pub(crate) fn evaluations(clock: &TestClock) -> Vec<i64> {
    let (start_ms, step_ms) = (clock.start.as_millisecond(), millis(clock.step).max(1));
    (0..=millis(clock.run) / step_ms).map(|it| start_ms + it * step_ms).collect()
}

fn instants(traffic: &Traffic, slo: &Slo, evaluations: &[i64], config: &TrackerConfig) -> Vec<i64> {
    let begin_ms = traffic.begin_ms();
    let end_ms = evaluations.last().copied().unwrap_or(begin_ms);
    let stale_ms = millis(slo.sli.data.stale_after.unwrap_or(config.stale_after));
    let spacing_ms = SPACINGS_MS.into_iter().find(|it| *it <= stale_ms).unwrap_or(1_000);
    let mut instants: Vec<i64> = Vec::new();
    let mut at_ms = floor_to(begin_ms, spacing_ms) + spacing_ms;
    while at_ms <= end_ms {
        instants.push(at_ms);
        at_ms += spacing_ms;
    }
    instants.extend(traffic.edges_ms());
    instants.extend(evaluations);
    let grains = [millis(config.hot_grain), millis(config.cold_grain)];
    for length_ms in lengths_ms(slo) {
        for at_ms in evaluations {
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
