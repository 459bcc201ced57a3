//! Objectives that count in a metrics backend: short slices instead of long windows.
//!
//! Each slice is asked once. `sum by (…) (increase(…[slice]))` gives what each group of series grew by; it is added
//! to a counter of our own, which objectives read as if it had been scraped. After an outage only the slices that
//! are missing are asked, oldest first.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use nines_base::{Labels, METRIC_NAME, MatchOp, Matcher, Sample, SampleBatch, format_duration};
use nines_port::SampleSink;
use nines_promql::{SelectLimits, SeriesSource};
use nines_slo::Slo;
use tokio::sync::watch;

use crate::app::{App, Metrics};
use crate::backend::Backend;

/// How often the loop looks whether a slice is over.
const LOOK: Duration = Duration::from_secs(5);
/// A slice is asked so long after its end: its samples have arrived then. VictoriaMetrics hides the newest 30 s.
const SETTLE_MS: i64 = 45_000;
/// Slices of one request; the limit of backends is 11,000.
const SLICES_MAX: i64 = 5_000;
/// Groups of one metric; of more, the objective is too finely cut.
const GROUPS_MAX: usize = 5_000;
/// What the counters of a histogram's buckets are called.
const BUCKETS: &str = "_bucket";
/// The label with a bucket's bound: buckets are no events of one kind.
const BOUND: &str = "le";
/// Marks counters that were made from slices.
const SOURCE: &str = "nines_source";
/// The value of [`SOURCE`].
const BACKEND: &str = "backend";

/// What is asked for one metric.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Question {
    metric: String,
    /// The labels that any objective looks at: they tell the groups apart.
    by: BTreeSet<String>,
    /// Selectors of objectives, without the name.
    selectors: Vec<Vec<Matcher>>,
    /// How far back objectives look.
    span_ms: i64,
}

impl Question {
    /// The PromQL of one selector.
    fn query(&self, selector: &[Matcher], slice: &str) -> String {
        let by = self.by.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let matchers = selector.iter().map(written).collect::<Vec<_>>().join(",");
        format!("sum by ({by}) (increase({}{{{matchers}}}[{slice}]))", self.metric)
    }
}

/// As PromQL writes it.
fn written(matcher: &Matcher) -> String {
    let op = match matcher.op() {
        MatchOp::Equal => "=",
        MatchOp::NotEqual => "!=",
        MatchOp::Regex => "=~",
        MatchOp::NotRegex => "!~",
    };
    let value = serde_json::Value::from(matcher.value());
    format!("{}{op}{value}", matcher.name())
}

/// One question for each metric that objectives read, so that no series is counted in two groupings; and the
/// objectives that cannot be asked about, because they name no metric.
fn questions(slos: &[(Slo, Vec<Vec<Matcher>>)]) -> (Vec<Question>, Vec<String>) {
    let (mut questions, mut nameless) = (BTreeMap::<String, Question>::new(), Vec::new());
    for (slo, selectors) in slos {
        let windows = slo.goals.iter().map(|it| it.window.longest());
        let longest = windows.max().unwrap_or_default();
        let span_ms = i64::try_from(longest.as_millis()).unwrap_or(i64::MAX);
        for selector in selectors {
            let is_name = |it: &&Matcher| it.name() == METRIC_NAME && it.op() == MatchOp::Equal;
            let Some(name) = selector.iter().find(is_name) else {
                nameless.push(slo.name.to_string());
                continue;
            };
            let question = questions.entry(name.value().to_owned()).or_insert_with(|| Question {
                metric: name.value().to_owned(),
                by: BTreeSet::new(),
                selectors: Vec::new(),
                span_ms,
            });
            let rest: Vec<Matcher> =
                selector.iter().filter(|it| it.name() != METRIC_NAME).cloned().collect();
            question.by.extend(rest.iter().map(|it| it.name().to_owned()));
            if name.value().ends_with(BUCKETS) {
                question.by.insert(BOUND.to_owned());
            }
            question.span_ms = question.span_ms.max(span_ms);
            if !question.selectors.contains(&rest) {
                question.selectors.push(rest);
            }
        }
    }
    nameless.dedup();
    (questions.into_values().collect(), nameless)
}

/// The counter of one group.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Running {
    value: f64,
    at_ms: i64,
}

/// How far one metric is read.
#[derive(Debug, Default, PartialEq)]
struct Progress {
    counters: BTreeMap<Labels, Running>,
    /// The end of the last slice that was asked.
    done_ms: Option<i64>,
}

impl Progress {
    /// Goes on where an earlier process stopped: at the last samples of our own store.
    fn resume(metrics: &Metrics, question: &Question, now_ms: i64) -> Result<Self, String> {
        let own = [Matcher::equal(METRIC_NAME, &question.metric), Matcher::equal(SOURCE, BACKEND)];
        let limits = SelectLimits { series_max: GROUPS_MAX, samples_max: usize::MAX };
        let mut progress = Self::default();
        let from_ms = now_ms.saturating_sub(question.span_ms);
        let visited = metrics.store.visit(&own, from_ms, now_ms, &limits, &mut |it| {
            if let Some(last) = it.samples.last() {
                let Sample { at_ms, value } = *last;
                progress.counters.insert(it.labels.clone(), Running { value, at_ms });
            }
            ControlFlow::Continue(())
        });
        visited.map_err(|error| error.to_string())?;
        progress.done_ms = progress.counters.values().map(|it| it.at_ms).max();
        Ok(progress)
    }

    /// The slices that are over and not asked yet, as the ends of the first and the last; at most [`SLICES_MAX`].
    fn missing(&self, question: &Question, slice_ms: i64, now_ms: i64) -> Option<(i64, i64)> {
        let over_ms = (now_ms - SETTLE_MS).div_euclid(slice_ms) * slice_ms;
        let oldest_ms = (now_ms - question.span_ms).div_euclid(slice_ms) * slice_ms;
        let done_ms = self.done_ms.map_or(oldest_ms, |it| it.max(oldest_ms));
        let first_ms = done_ms.div_euclid(slice_ms) * slice_ms + slice_ms;
        let last_ms = over_ms.min(first_ms.saturating_add(slice_ms * (SLICES_MAX - 1)));
        (first_ms <= last_ms).then_some((first_ms, last_ms))
    }

    /// Adds what the groups grew by, and gives the new samples of their counters.
    fn add(
        &mut self,
        metric: &str,
        grown: &BTreeMap<Labels, Vec<Sample>>,
        slice_ms: i64,
    ) -> Vec<SampleBatch> {
        let batches = grown.iter().map(|(group, slices)| {
            let labels = group.with(METRIC_NAME, metric).with(SOURCE, BACKEND);
            let mut samples = Vec::with_capacity(slices.len() + 1);
            let running = self.counters.entry(labels.clone()).or_insert_with(|| {
                // A counter begins at nothing, or its first slice would not count.
                let at_ms = slices.first().map_or(0, |it| it.at_ms - slice_ms);
                samples.push(Sample { at_ms, value: 0.0 });
                Running { value: 0.0, at_ms }
            });
            for slice in slices {
                if slice.at_ms <= running.at_ms {
                    continue;
                }
                // No counter falls; what is no number is unknown, and so nothing.
                running.value += if 0.0 < slice.value { slice.value } else { 0.0 };
                running.at_ms = slice.at_ms;
                samples.push(Sample { at_ms: running.at_ms, value: running.value });
            }
            SampleBatch::new(labels, samples)
        });
        batches.filter(|it| !it.samples.is_empty()).collect()
    }

    /// A step further, if a slice is over.
    async fn go_on(
        &mut self,
        app: &App,
        backend: &Backend,
        question: &Question,
    ) -> Result<ControlFlow<()>, String> {
        let slice = backend.spec.slice;
        let slice_ms = i64::try_from(slice.as_millis()).unwrap_or(i64::MAX);
        let now_ms = app.clock.now().as_millisecond();
        let Some((first_ms, last_ms)) = self.missing(question, slice_ms, now_ms) else {
            return Ok(ControlFlow::Break(()));
        };
        // What two selectors have in common is the same group with the same slices.
        let mut grown = BTreeMap::new();
        for selector in &question.selectors {
            let query = question.query(selector, &format_duration(slice));
            let times = (first_ms, last_ms, slice_ms);
            let rows = backend.range(&query, times).await.map_err(|it| it.to_string())?;
            grown.extend(rows);
        }
        if GROUPS_MAX < grown.len() {
            let metric = &question.metric;
            return Err(format!("{metric} falls into more than {GROUPS_MAX} groups"));
        }
        let batches = self.add(&question.metric, &grown, slice_ms);
        let at = Arc::clone(app);
        let stored = tokio::task::spawn_blocking(move || at.metrics.append(&batches)).await;
        let stored = stored.map_err(|error| error.to_string())?;
        if let Err(error) = stored {
            // The counters must not run ahead of the store.
            *self = Self::resume(&app.metrics, question, now_ms)?;
            return Err(format!("{error}: {}", error.source));
        }
        self.done_ms = Some(last_ms);
        Ok(ControlFlow::Continue(()))
    }
}

/// Reads slices until `shutdown`, as long as there is a backend.
pub(crate) async fn read_slices(app: App, mut shutdown: watch::Receiver<bool>) {
    let mut reader = Reader::default();
    loop {
        tokio::select! {
            _ = shutdown.changed() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        let backend = app.loaded().backend.clone();
        let Some(backend) = backend else { continue };
        tokio::select! {
            _ = shutdown.changed() => return,
            () = reader.round(&app, &backend) => {}
        }
    }
}

/// What is known from round to round.
#[derive(Debug, Default)]
struct Reader {
    progress: BTreeMap<String, (Question, Progress)>,
    /// What did not work in the last round, so that it is told once.
    told: BTreeSet<String>,
}

impl Reader {
    async fn round(&mut self, app: &App, backend: &Backend) {
        let slos = app.spec().slos.clone();
        let slos: Vec<_> = {
            let tracker = app.metrics.tracker();
            slos.into_iter().map(|slo| (slo.clone(), tracker.selectors(&slo.name))).collect()
        };
        let (questions, nameless) = questions(&slos);
        let mut problems: BTreeSet<String> = nameless
            .iter()
            .map(|it| format!("{it} names no metric, so it cannot be counted in a metrics backend"))
            .collect();
        for question in questions {
            if let Err(problem) = self.catch_up(app, backend, question).await {
                problems.insert(problem);
            }
        }
        for problem in problems.difference(&self.told) {
            tracing::warn!("slices are missing for now: {problem}");
        }
        if problems.is_empty() && !self.told.is_empty() {
            tracing::info!("the metrics backend answers again; missing slices were read");
        }
        self.told = problems;
    }

    async fn catch_up(
        &mut self,
        app: &App,
        backend: &Backend,
        question: Question,
    ) -> Result<(), String> {
        let known = self.progress.get(&question.metric).is_some_and(|it| it.0 == question);
        if !known {
            // Another grouping makes other counters.
            let (at, asked) = (Arc::clone(app), question.clone());
            let now_ms = app.clock.now().as_millisecond();
            let resumed =
                tokio::task::spawn_blocking(move || Progress::resume(&at.metrics, &asked, now_ms));
            let progress = resumed.await.map_err(|error| error.to_string())??;
            self.progress.insert(question.metric.clone(), (question.clone(), progress));
        }
        let Some((_, progress)) = self.progress.get_mut(&question.metric) else { return Ok(()) };
        while progress.go_on(app, backend, &question).await?.is_continue() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests;
