//! A source that keeps everything in a map.

use std::collections::BTreeMap;

use nines_base::{Labels, Matcher, Sample};
use nines_promql::{SelectLimits, SeriesSamples, SeriesSource, SourceError};

/// Series with their samples by time.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) series: BTreeMap<Labels, BTreeMap<i64, f64>>,
}

impl SeriesSource for Memory {
    fn select(
        &self,
        matchers: &[Matcher],
        from_ms: i64,
        to_ms: i64,
        limits: &SelectLimits,
    ) -> Result<Vec<SeriesSamples>, SourceError> {
        let mut found = Vec::new();
        for (labels, samples) in &self.series {
            if from_ms <= to_ms && matchers.iter().all(|it| it.matches(labels)) {
                let samples = samples.range(from_ms..=to_ms);
                let samples = samples.map(|(at_ms, value)| Sample { at_ms: *at_ms, value: *value });
                let samples: Vec<_> = samples.collect();
                if !samples.is_empty() {
                    found.push(SeriesSamples {
                        labels: labels.clone(),
                        samples,
                        histograms: Vec::new(),
                    });
                }
            }
        }
        if found.len() > limits.series_max {
            return Err(SourceError::TooManySeries { limit: limits.series_max });
        }
        Ok(found)
    }
}
