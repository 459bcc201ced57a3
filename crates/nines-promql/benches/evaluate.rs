//! The queries of an error budget, over samples that are already decoded.

#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::ops::ControlFlow;

use divan::Bencher;
use divan::counter::ItemsCount;
use nines_base::{Labels, Matcher, Sample};
use nines_promql::{
    Answer, QueryLimits, SelectLimits, SeriesSamples, SeriesSource, SeriesView, SourceError, check,
};

fn main() {
    divan::main();
}

const SCRAPE_MS: i64 = 15_000;
const DAY_MS: i64 = 86_400_000;

/// Counters in memory, sorted by labels.
struct Source {
    series: Vec<SeriesSamples>,
}

impl SeriesSource for Source {
    fn select(
        &self,
        matchers: &[Matcher],
        from_ms: i64,
        to_ms: i64,
        limits: &SelectLimits,
    ) -> Result<Vec<SeriesSamples>, SourceError> {
        let mut found = Vec::new();
        self.visit(matchers, from_ms, to_ms, limits, &mut |it| {
            found.push(SeriesSamples {
                labels: it.labels.clone(),
                samples: it.samples.to_vec(),
                histograms: it.histograms.to_vec(),
            });
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    fn visit(
        &self,
        matchers: &[Matcher],
        from_ms: i64,
        to_ms: i64,
        _: &SelectLimits,
        visit: &mut dyn FnMut(SeriesView<'_>) -> ControlFlow<()>,
    ) -> Result<(), SourceError> {
        for SeriesSamples { labels, samples, .. } in &self.series {
            if matchers.iter().all(|it| it.matches(labels)) {
                let start = samples.partition_point(|it| it.at_ms < from_ms);
                let end = samples.partition_point(|it| it.at_ms <= to_ms);
                let samples = samples.get(start..end).unwrap_or_default();
                if visit(SeriesView { labels, samples, histograms: &[] }).is_break() {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// As many counters of errors as of all requests, a sample every 15 seconds.
fn source(series: usize, days: i64) -> Source {
    let count = days * DAY_MS / SCRAPE_MS;
    let counter = |name: &str, index: usize| {
        let (job, instance) = (format!("job-{}", index % 10), format!("host-{index:04}"));
        let pairs = [
            ("__name__", name),
            ("job", &job),
            ("instance", &instance),
            ("method", "GET"),
            ("region", "eu-1"),
            ("code", if name == "err_total" { "500" } else { "200" }),
        ];
        let mut value = 0.0;
        let samples = (0..count).map(|at| {
            // A restart per day, so that resets are part of the work.
            let restart = at % 5_760 == i64::try_from(index).unwrap() % 5_760;
            let step = (at * 7 + i64::try_from(index).unwrap()) % 13;
            value = if restart { 0.0 } else { value + f64::from(i32::try_from(step).unwrap()) };
            Sample { at_ms: at * SCRAPE_MS, value }
        });
        let labels = Labels::new(pairs).unwrap();
        SeriesSamples { labels, samples: samples.collect(), histograms: Vec::new() }
    };
    let mut series: Vec<_> = ["all_total", "err_total"]
        .into_iter()
        .flat_map(|name| (0..series).map(move |index| counter(name, index)))
        .collect();
    series.sort_by(|one, two| one.labels.cmp(&two.labels));
    Source { series }
}

fn range(bencher: Bencher<'_, '_>, text: &str, days: i64, step_ms: i64, series: usize) {
    let (source, query) = (source(series, days), check(text).unwrap());
    let run = || -> Answer {
        let (end_ms, limits) = (days * DAY_MS - SCRAPE_MS, QueryLimits::default());
        query.range(&source, 0, end_ms, step_ms, &limits).unwrap()
    };
    bencher.counter(ItemsCount::new(run().samples_read)).bench(run);
}

#[divan::bench(sample_count = 10, args = [50, 500])]
fn ratio_of_a_day_every_15_seconds(bencher: Bencher<'_, '_>, series: usize) {
    let query = "sum(rate(err_total[5m])) / sum(rate(all_total[5m]))";
    range(bencher, query, 1, SCRAPE_MS, series);
}

#[divan::bench(sample_count = 10, args = [50, 500])]
fn ratio_by_job_of_a_day_every_15_seconds(bencher: Bencher<'_, '_>, series: usize) {
    let query = "sum by (job) (rate(err_total[5m])) / on (job) sum by (job) (rate(all_total[5m]))";
    range(bencher, query, 1, SCRAPE_MS, series);
}

#[divan::bench(sample_count = 5, args = [50])]
fn ratio_of_30_days_every_hour(bencher: Bencher<'_, '_>, series: usize) {
    let query = "sum(rate(err_total[1h])) / sum(rate(all_total[1h]))";
    range(bencher, query, 30, 3_600_000, series);
}

#[divan::bench(sample_count = 10, args = [500])]
fn averages_of_a_day_every_minute(bencher: Bencher<'_, '_>, series: usize) {
    range(bencher, "avg by (job) (avg_over_time(all_total[5m]))", 1, 60_000, series);
}

#[divan::bench(sample_count = 20, args = [500])]
fn instant_ratio_of_an_hour(bencher: Bencher<'_, '_>, series: usize) {
    let source = source(series, 1);
    let query = "sum(rate(err_total[1h])) / sum(rate(all_total[1h]))";
    let query = check(query).unwrap();
    bencher.bench(|| query.instant(&source, DAY_MS / 2, &QueryLimits::default()).unwrap());
}

#[divan::bench(sample_count = 20, args = [500])]
fn instant_join(bencher: Bencher<'_, '_>, series: usize) {
    let source = source(series, 1);
    let query = check("err_total / ignoring (code) all_total").unwrap();
    bencher.bench(|| query.instant(&source, DAY_MS / 2, &QueryLimits::default()).unwrap());
}

#[divan::bench]
fn check_a_query(bencher: Bencher<'_, '_>) {
    let query = r#"sum by (job) (rate(err_total{job=~"shop|cart", code!="404"}[5m])) / on (job) group_left (team) sum by (job, team) (rate(all_total[5m])) > bool 0.001"#;
    bencher.bench(|| check(query).unwrap());
}
