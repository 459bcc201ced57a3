//! A source that keeps everything in maps.

use std::collections::BTreeMap;
use std::sync::Arc;

use nines_base::{Histogram, HistogramSample, Labels, Matcher, Sample};
use nines_promql::{SelectLimits, SeriesSamples, SeriesSource, SourceError};

/// Series with their samples by time.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) series: BTreeMap<Labels, Stored>,
}

/// The samples of one series, by time.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    pub(crate) floats: BTreeMap<i64, f64>,
    pub(crate) histograms: BTreeMap<i64, Arc<Histogram>>,
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
        for (labels, stored) in &self.series {
            if to_ms < from_ms || !matchers.iter().all(|it| it.matches(labels)) {
                continue;
            }
            let floats = stored.floats.range(from_ms..=to_ms);
            let samples: Vec<_> =
                floats.map(|(at_ms, value)| Sample { at_ms: *at_ms, value: *value }).collect();
            let histograms = stored.histograms.range(from_ms..=to_ms);
            let histograms: Vec<_> = histograms
                .map(|(at_ms, it)| HistogramSample { at_ms: *at_ms, histogram: Arc::clone(it) })
                .collect();
            if !samples.is_empty() || !histograms.is_empty() {
                found.push(SeriesSamples { labels: labels.clone(), samples, histograms });
            }
        }
        if found.len() > limits.series_max {
            return Err(SourceError::TooManySeries { limit: limits.series_max });
        }
        Ok(found)
    }
}
