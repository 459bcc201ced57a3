//! Plays a file against the evaluator and compares.

use std::collections::BTreeMap;
use std::sync::Arc;

use nines_base::{Labels, METRIC_NAME, Sample};
use nines_promql::{
    Answer, Query, QueryError, QueryLimits, SeriesSamples, Value, VectorSample, check,
};

use super::case::{Case, When};
use super::native::{self, Part};
use super::script::{Block, Point, blocks, series, time_ms};
use crate::memory::Memory;

const TOLERANCE_RATIO: f64 = 1e-6;

#[derive(Debug)]
pub(super) enum Verdict {
    Passed,
    Failed(String),
}

/// What was loaded.
#[derive(Debug, Default)]
struct World {
    memory: Memory,
}

/// One case with its verdict.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) line: usize,
    pub(super) query: String,
    /// Whether native histograms were loaded for it or are expected.
    pub(super) is_native: bool,
    pub(super) verdict: Verdict,
}

/// Every case of a file.
pub(super) fn judge(text: &str) -> Vec<Judged> {
    let (mut world, mut verdicts) = (World::default(), Vec::new());
    for block in blocks(text) {
        if block.head.starts_with("clear") {
            world = World::default();
        } else if block.head.starts_with("load") {
            world.load(&block);
        } else {
            let case = Case::read(&block).unwrap_or_else(|| panic!("line {}", block.line));
            verdicts.push(Judged {
                line: case.line,
                query: case.query.to_owned(),
                is_native: world.touches_native(&case),
                verdict: world.judge(&case),
            });
        }
    }
    verdicts
}

impl World {
    fn load(&mut self, block: &Block<'_>) {
        let (kind, step) = block.head.split_once(' ').unwrap();
        let step_ms = time_ms(step.trim());
        let mut classic = BTreeMap::<Labels, Vec<Labels>>::new();
        for line in &block.body {
            let (labels, points) =
                series(line).unwrap_or_else(|| panic!("after {}: {line}", block.line));
            if let Some(base) = classic_base(&labels) {
                classic.entry(base).or_default().push(labels.clone());
            }
            self.store(&labels, points, step_ms);
        }
        if kind == "load_with_nhcb" {
            for (base, parts) in classic {
                if parts.iter().any(|it| it.get("le").is_some()) {
                    self.convert(&base, &parts);
                }
            }
        }
    }

    fn store(&mut self, labels: &Labels, points: Vec<Point>, step_ms: i64) {
        let stored = self.memory.series.entry(labels.clone()).or_default();
        let mut previous = None;
        for (index, point) in points.into_iter().enumerate() {
            let at_ms = index as i64 * step_ms;
            match point {
                Point::None => {}
                Point::Float(value) => {
                    stored.floats.insert(at_ms, value);
                    previous = None;
                }
                Point::Native(it) => {
                    let histogram = native::stored(&it.histogram, previous.as_ref());
                    previous = Some(it.histogram.clone());
                    stored.histograms.insert(at_ms, Arc::new(histogram));
                }
            }
        }
    }

    /// Adds a classic histogram as a native one.
    fn convert(&mut self, base: &Labels, parts: &[Labels]) {
        let parts = parts.iter().map(|labels| {
            let name = labels.value(METRIC_NAME);
            Part {
                bound: labels.get("le").and_then(|it| it.parse().ok()),
                is_sum: name.ends_with("_sum"),
                is_count: name.ends_with("_count"),
                values: &self.memory.series[labels].floats,
            }
        });
        let found = native::from_classic(&parts.collect::<Vec<_>>());
        let stored = self.memory.series.entry(base.clone()).or_default();
        let mut previous = None;
        for (at_ms, histogram) in found {
            let kept = native::stored(&histogram, previous.as_ref());
            previous = Some(histogram);
            stored.histograms.insert(at_ms, Arc::new(kept));
        }
    }

    fn judge(&self, case: &Case<'_>) -> Verdict {
        let query = check(case.query);
        match query.map_err(Problem::Query).and_then(|it| self.compare(case, &it)) {
            Ok(()) => Verdict::Passed,
            Err(Problem::Query(error)) if case.fail.is_some() => {
                let text = error.to_string();
                if case.fail.as_ref().is_some_and(|it| it.is_like(&text)) {
                    return Verdict::Passed;
                }
                Verdict::Failed(format!("fails as {text:?}, expected {:?}", case.fail))
            }
            Err(Problem::Query(error)) => Verdict::Failed(format!("error: {error}")),
            Err(Problem::Result(text)) => Verdict::Failed(text),
        }
    }

    fn touches_native(&self, case: &Case<'_>) -> bool {
        let is_native = |point: &Point| matches!(point, Point::Native(_));
        let is_expected = case.series.iter().any(|(_, points)| points.iter().any(is_native));
        let is_read = check(case.query).is_ok_and(|query| {
            query.selectors().iter().any(|matchers| {
                self.memory.series.iter().any(|(labels, stored)| {
                    !stored.histograms.is_empty() && matchers.iter().all(|it| it.matches(labels))
                })
            })
        });
        is_expected || is_read
    }

    fn compare(&self, case: &Case<'_>, query: &Query) -> Result<(), Problem> {
        let limits = QueryLimits::default();
        match case.when {
            When::Instant(at_ms) => {
                let answer = query.instant(&self.memory, at_ms, &limits)?;
                notes(case, &answer)?;
                instant(case, &answer.value)?;
                self.around(case, query, at_ms)
            }
            When::Range { start_ms, end_ms, step_ms } => {
                let answer = query.range(&self.memory, start_ms, end_ms, step_ms, &limits)?;
                notes(case, &answer)?;
                let Value::Matrix(found) = &answer.value else { return problem("no matrix") };
                matrix(case, found, (start_ms, end_ms, step_ms))
            }
        }
    }

    /// The same as the middle step of a range query.
    fn around(&self, case: &Case<'_>, query: &Query, at_ms: i64) -> Result<(), Problem> {
        const MINUTE_MS: i64 = 60_000;
        // What asks for the range itself cannot be the same.
        let asks_range =
            ["start()", "end()", "step()", "range()"].iter().any(|it| case.query.contains(it));
        if case.is_ordered || case.string.is_some() || case.points_at.is_some() || asks_range {
            return Ok(());
        }
        let (start_ms, end_ms) = (at_ms - MINUTE_MS, at_ms + MINUTE_MS);
        let answer =
            query.range(&self.memory, start_ms, end_ms, MINUTE_MS, &QueryLimits::default())?;
        let Value::Matrix(found) = answer.value else { return problem("no matrix") };
        let mut samples = Vec::new();
        for SeriesSamples { labels, samples: floats, histograms } in found {
            let float = floats.into_iter().find(|it| it.at_ms == at_ms).map(|it| it.value);
            let native = histograms.into_iter().find(|it| it.at_ms == at_ms);
            let histogram = native.map(|it| it.histogram);
            if float.is_some() || histogram.is_some() {
                let value = float.unwrap_or(f64::NAN);
                samples.push(VectorSample { labels, at_ms, value, histogram });
            }
        }
        let value = match (case.scalar, &samples[..]) {
            (Some(_), [only]) => Value::Scalar(Sample { at_ms, value: only.value }),
            _ => Value::Vector(samples),
        };
        instant(case, &value).map_err(|it| match it {
            Problem::Result(text) => Problem::Result(format!("as a range query: {text}")),
            it @ Problem::Query(_) => it,
        })
    }
}

enum Problem {
    Query(QueryError),
    Result(String),
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

fn problem<T>(text: impl Into<String>) -> Result<T, Problem> {
    Err(Problem::Result(text.into()))
}

/// Every expected note is there, and every note that is there is expected, if any is.
fn notes(case: &Case<'_>, answer: &Answer) -> Result<(), Problem> {
    let pairs = [
        ("warnings", &answer.warnings, &case.warn, case.no_warn),
        ("infos", &answer.infos, &case.info, case.no_info),
    ];
    for (kind, found, expected, must_be_empty) in pairs {
        let is_missing = expected.iter().any(|text| !found.iter().any(|it| text.is_like(it)));
        let is_surprising = !expected.is_empty()
            && found.iter().any(|it| !expected.iter().any(|text| text.is_like(it)));
        if is_missing || is_surprising || (must_be_empty && !found.is_empty()) {
            return problem(format!("{kind} are {found:?}, expected {expected:?}"));
        }
    }
    Ok(())
}

fn instant(case: &Case<'_>, value: &Value) -> Result<(), Problem> {
    if case.fail.is_some() {
        return problem(format!("should fail, is {value:?}"));
    }
    match (value, case.scalar, &case.string) {
        (Value::Scalar(found), Some(expected), _) if is_close(found.value, expected) => Ok(()),
        (Value::String { value, .. }, _, Some(expected)) if value == expected => Ok(()),
        (Value::Matrix(found), None, None) => {
            matrix(case, found, case.points_at.unwrap_or_default())
        }
        (Value::Vector(found), None, None) => vector(case, found),
        _ => problem(format!("found {value:?}")),
    }
}

fn vector(case: &Case<'_>, found: &[VectorSample]) -> Result<(), Problem> {
    let mut expected: Vec<_> =
        case.series.iter().map(|(labels, points)| (labels, &points[..])).collect();
    let mut found: Vec<_> = found.iter().collect();
    if !case.is_ordered {
        expected.sort_by(|one, two| one.0.cmp(two.0));
        found.sort_by(|one, two| one.labels.cmp(&two.labels));
    }
    let is_same = expected.len() == found.len()
        && expected.iter().zip(&found).all(|((labels, points), it)| {
            **labels == it.labels
                && match (points, &it.histogram) {
                    ([Point::Float(expected)], None) => is_close(it.value, *expected),
                    ([Point::Native(expected)], Some(found)) => native::is_close(found, expected),
                    _ => false,
                }
        });
    if is_same { Ok(()) } else { problem(format!("found    {found:?}\nexpected {expected:?}")) }
}

/// Points by time.
type Expected<'a> = Vec<(i64, &'a Point)>;

fn matrix(
    case: &Case<'_>,
    found: &[SeriesSamples],
    (start_ms, end_ms, step_ms): (i64, i64, i64),
) -> Result<(), Problem> {
    if case.fail.is_some() {
        return problem(format!("should fail, is {found:?}"));
    }
    let mut expected = Vec::<(&Labels, Expected<'_>)>::new();
    let scalar = case.scalar.map(|it| (Labels::empty(), vec![Point::Float(it)]));
    for (labels, points) in case.series.iter().chain(&scalar) {
        let times = (0..).map(|index| start_ms + step_ms * index).take_while(|it| *it <= end_ms);
        let points: Vec<_> = times.zip(points).filter(|(_, it)| **it != Point::None).collect();
        if !points.is_empty() {
            expected.push((labels, points));
        }
    }
    expected.sort_by(|one, two| one.0.cmp(two.0));
    let is_equal = |(labels, points): &(&Labels, Expected<'_>), found: &SeriesSamples| {
        **labels == found.labels
            && points.len() == found.samples.len() + found.histograms.len()
            && points.iter().all(|(at_ms, point)| match point {
                Point::None => true,
                Point::Float(expected) => found
                    .samples
                    .iter()
                    .any(|it| it.at_ms == *at_ms && is_close(it.value, *expected)),
                Point::Native(expected) => found
                    .histograms
                    .iter()
                    .any(|it| it.at_ms == *at_ms && native::is_close(&it.histogram, expected)),
            })
    };
    let is_same = expected.len() == found.len()
        && expected.iter().zip(found).all(|(one, two)| is_equal(one, two));
    if is_same { Ok(()) } else { problem(format!("found    {found:?}\nexpected {expected:?}")) }
}

/// The base of a classic histogram's series, if it is one.
fn classic_base(labels: &Labels) -> Option<Labels> {
    let name = labels.value(METRIC_NAME);
    let base = match labels.get("le") {
        Some(_) => name.strip_suffix("_bucket")?,
        None => name.strip_suffix("_sum").or_else(|| name.strip_suffix("_count"))?,
    };
    Some(labels.with("le", "").with(METRIC_NAME, base))
}

/// Equal within the suite's tolerance; NaN equals NaN.
#[expect(clippy::float_cmp, reason = "infinities are equal to themselves only")]
pub(super) fn is_close(found: f64, expected: f64) -> bool {
    if found.is_nan() || expected.is_nan() {
        return found.is_nan() && expected.is_nan();
    }
    let scale = found.abs().max(expected.abs());
    found == expected || (found - expected).abs() <= TOLERANCE_RATIO * scale
}
