//! Counting the past of objectives, and keeping what was counted over a restart.

use std::collections::BTreeSet;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use nines_base::{Labels, SampleBatch};
use nines_promql::{SelectLimits, SeriesSource};
use nines_slo::SloName;
use tokio::sync::watch;

use crate::app::{App, Metrics};

/// Samples that are counted at once; ingest waits meanwhile.
const CHUNK_SAMPLES: usize = 200_000;

/// An objective is fed by fewer series; more than this is a mistake.
const SERIES_MAX: usize = 100_000;

/// Objectives that are saved at once; ingest waits meanwhile.
const SAVED_AT_ONCE: usize = 32;

/// Samples that come later than this make saved counts worthless; so much is replayed at a start.
const LATE_MAX_MS: i64 = 60 * 60 * 1_000;

/// Counts are saved at least so long after the last time, and at most so long.
const PAUSE_MIN: Duration = Duration::from_mins(5);
const PAUSE_MAX: Duration = Duration::from_hours(1);

/// The first time after a start comes sooner, since the past was counted just now.
const FIRST_PAUSE: Duration = Duration::from_secs(30);

/// Between the two, no more is written on average than this in a second.
const BYTES_PER_SECOND: u64 = 256 << 10;

/// Goes on with saved counts and counts what came since; what was not saved is counted from its beginning.
pub(crate) fn count_past(metrics: &Metrics, now_ms: i64) -> Result<(), String> {
    let names: Vec<SloName> = metrics.tracker().slos().map(|it| it.name.clone()).collect();
    let (mut saved, mut replay_from_ms) = (BTreeSet::new(), i64::MIN);
    if let Some((from_ms, slos)) = metrics.checkpoint.load() {
        saved = metrics.tracker().restore(slos).into_iter().collect();
        replay_from_ms = from_ms;
    }
    let (known, fresh): (Vec<_>, Vec<_>) = names.into_iter().partition(|it| saved.contains(it));
    tracing::info!(saved = known.len(), counted = fresh.len(), "objectives count on");
    back_fill(metrics, &fresh, i64::MIN, now_ms)?;
    back_fill(metrics, &known, replay_from_ms, now_ms)
}

/// Counts what the store holds for these objectives since `from_ms`. Ingest goes on meanwhile, so the caller locks
/// nothing; samples that arrive twice count once.
pub(crate) fn back_fill(
    metrics: &Metrics,
    names: &[SloName],
    from_ms: i64,
    now_ms: i64,
) -> Result<(), String> {
    // One series is in memory at a time, however long it is.
    let limits = SelectLimits { series_max: SERIES_MAX, samples_max: usize::MAX };
    let mut counted = BTreeSet::<Labels>::new();
    let (mut chunk, mut chunk_samples) = (Vec::<SampleBatch>::new(), 0);
    for name in names {
        let selectors = metrics.tracker().selectors(name);
        if selectors.is_empty() {
            continue;
        }
        // All are known before the first is counted: which of two forms of a histogram counts depends on it.
        for labels in metrics.store.series(&selectors, from_ms, now_ms, SERIES_MAX) {
            metrics.tracker().watches(&labels);
        }
        for matchers in selectors {
            let visited = metrics.store.visit(&matchers, from_ms, now_ms, &limits, &mut |it| {
                if counted.insert(it.labels.clone()) {
                    chunk_samples += it.samples.len() + it.histograms.len();
                    let (labels, samples) = (it.labels.clone(), it.samples.to_vec());
                    chunk.push(SampleBatch { labels, samples, histograms: it.histograms.to_vec() });
                }
                if CHUNK_SAMPLES <= chunk_samples {
                    metrics.tracker().observe(&std::mem::take(&mut chunk));
                    chunk_samples = 0;
                }
                ControlFlow::Continue(())
            });
            visited.map_err(|error| error.to_string())?;
        }
    }
    metrics.tracker().observe(&chunk);
    Ok(())
}

/// Saves the counts as of now; returns how many bytes they are.
pub(crate) fn save_counts(metrics: &Metrics, now_ms: i64) -> io::Result<u64> {
    let names: Vec<SloName> = metrics.tracker().slos().map(|it| it.name.clone()).collect();
    let parts = names.chunks(SAVED_AT_ONCE).map(|names| metrics.tracker().save(names));
    let from_ms = now_ms.saturating_sub(LATE_MAX_MS);
    let saved = metrics.checkpoint.save(from_ms, parts, || metrics.store.sync())?;
    Ok(saved.unwrap_or(0))
}

/// Saves the counts now and then until `shutdown`.
pub(crate) async fn keep_counts(app: App, mut shutdown: watch::Receiver<bool>) {
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::select! {
            _ = shutdown.changed() => return,
            () = tokio::time::sleep(pause) => {}
        }
        let (at, now_ms) = (Arc::clone(&app), app.clock.now().as_millisecond());
        let saved = tokio::task::spawn_blocking(move || save_counts(&at.metrics, now_ms)).await;
        pause = match saved {
            Ok(Ok(bytes)) => pause_after(bytes),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the counts of objectives were not saved");
                PAUSE_MIN
            }
            Err(error) => {
                tracing::error!(%error, "saving the counts of objectives panicked");
                PAUSE_MAX
            }
        };
    }
}

fn pause_after(bytes: u64) -> Duration {
    Duration::from_secs(bytes / BYTES_PER_SECOND).clamp(PAUSE_MIN, PAUSE_MAX)
}

#[cfg(test)]
#[test]
fn the_more_there_is_to_save_the_more_seldom_it_is() {
    assert_eq!(pause_after(0), PAUSE_MIN);
    assert_eq!(pause_after(128 << 20), Duration::from_secs(512));
    assert_eq!(pause_after(u64::MAX), PAUSE_MAX);
}
