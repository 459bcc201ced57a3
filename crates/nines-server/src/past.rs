//! How SLOs stood at an instant of the past: counted again from the samples that the store has, by the code that
//! counts them when they arrive.

use jiff::{SignedDuration, Timestamp};
use nines_base::SampleBatch;
use nines_promql::{SelectLimits, SeriesSource};
use nines_slo::{SliKind, Slo, Tracker, TrackerConfig};

use crate::app::Shared;
use crate::expected::set_forecasts;
use crate::problem::Problem;

/// The most samples that are read to count the past of one SLO again.
const SAMPLES_MAX: usize = 20_000_000;
/// The most series of them.
const SERIES_MAX: usize = 50_000;
/// Instants that are so young are answered from the live counts: nothing has left a window since.
const LIVE_MAX: SignedDuration = SignedDuration::from_secs(15);

/// Where a number of the past comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Counted while samples came.
    Live,
    /// Counted again from the samples in the store.
    Rebuilt,
}

impl Source {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Rebuilt => "rebuilt",
        }
    }
}

/// Reads a tracker that knows how `slo` stood at an instant.
///
/// # Errors
/// There are too many samples to count them again, or the store fails.
pub(crate) fn with_tracker<T>(
    app: &Shared,
    slo: &Slo,
    at: Timestamp,
    read: impl FnOnce(&Tracker, Source) -> T,
) -> Result<T, Problem> {
    // What was read by queries is not in the store as samples; its slices are kept as they were read.
    let is_kept = matches!(slo.sli.kind, SliKind::Promql(_) | SliKind::Composite(_));
    if is_kept || app.clock.now().duration_since(at) <= LIVE_MAX {
        return Ok(read(&app.metrics.tracker(), Source::Live));
    }
    Ok(read(&rebuilt(app, slo, at)?, Source::Rebuilt))
}

fn rebuilt(app: &Shared, slo: &Slo, at: Timestamp) -> Result<Tracker, Problem> {
    let selectors = app.metrics.tracker().selectors(&slo.name);
    let slos = app.engine.read(|state| state.promises.with_history(vec![slo.clone()]));
    let mut tracker = Tracker::new(slos, TrackerConfig::default());
    let limits = SelectLimits { series_max: SERIES_MAX, samples_max: SAMPLES_MAX };
    let to_ms = at.as_millisecond();
    let mut batches: Vec<SampleBatch> = Vec::new();
    for matchers in selectors {
        let found = app.metrics.store.select(&matchers, i64::MIN, to_ms, &limits);
        let found = found.map_err(|error| {
            Problem::unavailable(format!(
                "the past of {} cannot be counted again: {error}",
                slo.name
            ))
        })?;
        batches.extend(found.into_iter().map(|it| SampleBatch {
            labels: it.labels,
            samples: it.samples,
            histograms: it.histograms,
        }));
    }
    // A series that several selectors name counts once.
    batches.sort_by(|a, b| a.labels.cmp(&b.labels));
    batches.dedup_by(|a, b| a.labels == b.labels);
    tracker.observe(&batches);
    tracker.set_overlays(app.overlays());
    set_forecasts(app, &mut tracker, at);
    Ok(tracker)
}
