//! What of a metrics page could be an objective: request counters with a status, and histograms of durations.

use std::collections::BTreeMap;

use nines_ingest::TextLimits;
use nines_ingest::text::{Format, parse};

/// Labels that hold an HTTP status, the usual one first.
const STATUS_LABELS: [&str; 4] = ["code", "status", "status_code", "http_status"];
/// A threshold that most people mean by fast, in seconds.
const FAST_SECONDS: f64 = 0.3;

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// A counter of requests.
    pub(super) counter: String,
    /// Its label with the status.
    pub(super) status: String,
    /// A histogram of durations in seconds, and the bucket bound nearest to 300 ms.
    pub(super) histogram: Option<(String, f64)>,
}

impl Found {
    /// The names that most exporters use.
    pub(super) fn usual() -> Self {
        Self {
            counter: "http_requests_total".to_owned(),
            status: "code".to_owned(),
            histogram: None,
        }
    }

    /// The counter and the histogram with the most requests.
    pub(super) fn in_page(text: &str) -> Option<Self> {
        let limits = TextLimits::default();
        let parsed = [Format::OpenMetrics, Format::Text];
        let samples = parsed.into_iter().find_map(|it| parse(text, it, &limits).ok())?;
        let mut counters: BTreeMap<(String, &str), f64> = BTreeMap::new();
        let mut buckets: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for sample in &samples {
            let Some(name) = sample.labels.metric_name() else { continue };
            let status = STATUS_LABELS.into_iter().find(|it| sample.labels.get(it).is_some());
            if let Some(status) = status.filter(|_| name.ends_with("_total")) {
                *counters.entry((name.to_owned(), status)).or_default() += sample.value;
            }
            if let (Some(base), Some(bound)) =
                (name.strip_suffix("_bucket"), sample.labels.get("le"))
                && base.ends_with("seconds")
                && let Ok(bound) = bound.parse::<f64>()
                && bound.is_finite()
            {
                buckets.entry(base.to_owned()).or_default().push(bound);
            }
        }
        let ((counter, status), _) = counters.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
        let histogram = buckets.into_iter().next().and_then(|(name, bounds)| {
            let distance = |it: &f64| (it - FAST_SECONDS).abs();
            let nearest = bounds.into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
            Some((name, nearest))
        });
        Some(Self { counter, status: status.to_owned(), histogram })
    }
}

#[cfg(test)]
mod tests;
