//! A store in memory, for trials.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use nines_base::{Histogram, HistogramSample, Labels, Matcher, Sample, SampleBatch, is_stale};
use nines_port::{Appended, RefusedSeries, SampleSink, SinkError};
use nines_promql::{SelectLimits, SeriesSamples, SeriesSource, SourceError};

/// Series in memory.
#[derive(Debug, Default)]
pub struct MemorySeries {
    series: RwLock<BTreeMap<Labels, Points>>,
}

#[derive(Debug, Default)]
struct Points {
    numbers: BTreeMap<i64, f64>,
    histograms: BTreeMap<i64, Arc<Histogram>>,
}

impl MemorySeries {
    /// Keeps samples; of several at one instant the last stays.
    #[expect(clippy::missing_panics_doc, reason = "the lock is never poisoned")]
    pub fn add(&self, batch: &[SampleBatch]) {
        let mut series = self.series.write().expect("nobody panics while holding the series");
        for it in batch.iter().filter(|it| !it.samples.is_empty() || !it.histograms.is_empty()) {
            let points = series.entry(it.labels.clone()).or_default();
            points.numbers.extend(it.samples.iter().map(|it| (it.at_ms, it.value)));
            let histograms = it.histograms.iter();
            points.histograms.extend(histograms.map(|it| (it.at_ms, Arc::clone(&it.histogram))));
        }
    }

    /// Whether another value is there at this instant.
    fn holds_another(&self, labels: &Labels, sample: Sample) -> bool {
        let series = self.series.read().expect("nobody panics while holding the series");
        let held = series.get(labels).and_then(|it| it.numbers.get(&sample.at_ms));
        held.is_some_and(|it| it.to_bits() != sample.value.to_bits())
    }
}

/// As Prometheus' store takes what rules write: of two values at one instant the first stays. A second value is
/// refused; a marker for the end is just left out.
impl SampleSink for MemorySeries {
    fn append(&self, batch: &[SampleBatch]) -> Result<Appended, SinkError> {
        let (mut taken, mut appended) = (batch.to_vec(), Appended::default());
        for it in &mut taken {
            let labels = it.labels.clone();
            let (known, new): (Vec<Sample>, Vec<Sample>) =
                it.samples.iter().partition(|sample| self.holds_another(&labels, **sample));
            it.samples = new;
            if known.iter().any(|sample| !is_stale(sample.value)) {
                let reason = "duplicate sample for timestamp".to_owned();
                appended.refused.push(RefusedSeries { labels, reason });
            }
            appended.samples += (it.samples.len() + it.histograms.len()) as u64;
        }
        self.add(&taken);
        Ok(appended)
    }
}

impl SeriesSource for MemorySeries {
    fn select(
        &self,
        matchers: &[Matcher],
        from_ms: i64,
        to_ms: i64,
        limits: &SelectLimits,
    ) -> Result<Vec<SeriesSamples>, SourceError> {
        let mut found = Vec::new();
        if to_ms < from_ms {
            return Ok(found);
        }
        let all = self.series.read().expect("nobody panics while holding the series");
        for (labels, points) in all.iter().filter(|(it, _)| matchers.iter().all(|m| m.matches(it)))
        {
            let numbers = points.numbers.range(from_ms..=to_ms);
            let samples: Vec<_> =
                numbers.map(|(at_ms, value)| Sample { at_ms: *at_ms, value: *value }).collect();
            let histograms = points
                .histograms
                .range(from_ms..=to_ms)
                .map(|(at_ms, it)| HistogramSample { at_ms: *at_ms, histogram: Arc::clone(it) });
            let histograms: Vec<_> = histograms.collect();
            if samples.is_empty() && histograms.is_empty() {
                continue;
            }
            if found.len() == limits.series_max {
                return Err(SourceError::TooManySeries { limit: limits.series_max });
            }
            found.push(SeriesSamples { labels: labels.clone(), samples, histograms });
        }
        Ok(found)
    }
}
