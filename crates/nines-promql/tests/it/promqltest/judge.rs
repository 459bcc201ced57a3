//! Plays a file against the evaluator and compares.

use std::collections::BTreeSet;

use nines_base::{Labels, METRIC_NAME, Sample};
use nines_promql::{
    Answer, Query, QueryError, QueryLimits, SeriesSamples, Value, VectorSample, check,
};

use super::case::{Case, When};
use super::script::{Block, Point, blocks, series, time_ms};
use crate::memory::Memory;

const TOLERANCE_RATIO: f64 = 1e-6;

#[derive(Debug)]
pub(super) enum Verdict {
    Passed,
    /// Needs native histograms.
    Native,
    Failed(String),
}

/// What was loaded.
#[derive(Debug, Default)]
struct World {
    memory: Memory,
    /// Series that hold at least one native histogram.
    native: BTreeSet<Labels>,
}

/// Line, query and verdict of every case.
pub(super) fn judge(text: &str) -> Vec<(usize, String, Verdict)> {
    let (mut world, mut verdicts) = (World::default(), Vec::new());
    for block in blocks(text) {
        if block.head.starts_with("clear") {
            world = World::default();
        } else if block.head.starts_with("load") {
            world.load(&block);
        } else {
            let case = Case::read(&block).unwrap_or_else(|| panic!("line {}", block.line));
            verdicts.push((case.line, case.query.to_owned(), world.judge(&case)));
        }
    }
    verdicts
}

impl World {
    fn load(&mut self, block: &Block<'_>) {
        let (kind, step) = block.head.split_once(' ').unwrap();
        let step_ms = time_ms(step.trim());
        for line in &block.body {
            let (labels, points) =
                series(line).unwrap_or_else(|| panic!("after {}: {line}", block.line));
            if kind == "load_with_nhcb" && labels.get("le").is_some() {
                let name = labels.value(METRIC_NAME);
                let name = name.strip_suffix("_bucket").unwrap_or(name).to_owned();
                self.native.insert(labels.with("le", "").with(METRIC_NAME, &name));
            }
            for (index, point) in points.into_iter().enumerate() {
                match point {
                    Point::None => {}
                    Point::Float(value) => {
                        let samples = self.memory.series.entry(labels.clone()).or_default();
                        samples.insert(index as i64 * step_ms, value);
                    }
                    Point::Native => {
                        self.native.insert(labels.clone());
                    }
                }
            }
        }
    }

    fn judge(&self, case: &Case<'_>) -> Verdict {
        let has_native = case.series.iter().any(|(_, points)| points.contains(&Point::Native));
        let query = check(case.query);
        if has_native || self.touches_native(case.query, query.as_ref().ok()) {
            return Verdict::Native;
        }
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

    fn touches_native(&self, text: &str, query: Option<&Query>) -> bool {
        match query {
            Some(query) => query.selectors().iter().any(|matchers| {
                self.native.iter().any(|labels| matchers.iter().all(|it| it.matches(labels)))
            }),
            // What cannot be parsed has no selectors: go by the names in it.
            None => {
                let is_word = |it: char| !(it.is_alphanumeric() || "_:.".contains(it));
                let words: BTreeSet<_> = text.split(is_word).collect();
                self.native.iter().any(|it| words.contains(it.value(METRIC_NAME)))
            }
        }
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
        for SeriesSamples { labels, samples: points, .. } in found {
            if let Some(Sample { value, .. }) = points.into_iter().find(|it| it.at_ms == at_ms) {
                samples.push(VectorSample { labels, at_ms, value, histogram: None });
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

fn notes(case: &Case<'_>, answer: &Answer) -> Result<(), Problem> {
    let pairs = [
        ("warnings", &answer.warnings, &case.warn, case.no_warn),
        ("infos", &answer.infos, &case.info, case.no_info),
    ];
    for (kind, found, expected, must_be_empty) in pairs {
        let is_missing = expected.iter().any(|text| !found.iter().any(|it| text.is_like(it)));
        if is_missing || (must_be_empty && !found.is_empty()) {
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
    let mut found: Vec<_> = found.iter().map(|it| (&it.labels, it.value)).collect();
    if !case.is_ordered {
        expected.sort_by(|one, two| one.0.cmp(two.0));
        found.sort_by(|one, two| one.0.cmp(two.0));
    }
    let is_same = expected.len() == found.len()
        && expected.iter().zip(&found).all(|((expected, points), (labels, value))| {
            expected == labels && matches!(points, [Point::Float(it)] if is_close(*value, *it))
        });
    if is_same { Ok(()) } else { problem(format!("found    {found:?}\nexpected {expected:?}")) }
}

fn matrix(
    case: &Case<'_>,
    found: &[SeriesSamples],
    (start_ms, end_ms, step_ms): (i64, i64, i64),
) -> Result<(), Problem> {
    if case.fail.is_some() {
        return problem(format!("should fail, is {found:?}"));
    }
    let mut expected = Vec::new();
    let scalar = case.scalar.map(|it| (Labels::empty(), vec![Point::Float(it)]));
    for (labels, points) in case.series.iter().chain(&scalar) {
        let times = (0..).map(|index| start_ms + step_ms * index).take_while(|it| *it <= end_ms);
        let samples = times.zip(points).filter_map(|(at_ms, point)| match point {
            Point::Float(value) => Some(Sample { at_ms, value: *value }),
            _ => None,
        });
        let samples: Vec<_> = samples.collect();
        if !samples.is_empty() {
            expected.push(SeriesSamples {
                labels: labels.clone(),
                samples,
                histograms: Vec::new(),
            });
        }
    }
    expected.sort_by(|one, two| one.labels.cmp(&two.labels));
    let is_equal = |one: &SeriesSamples, two: &SeriesSamples| {
        let close = |(one, two): (&Sample, &Sample)| {
            one.at_ms == two.at_ms && is_close(one.value, two.value)
        };
        one.labels == two.labels
            && one.samples.len() == two.samples.len()
            && one.samples.iter().zip(&two.samples).all(close)
    };
    let is_same = expected.len() == found.len()
        && expected.iter().zip(found).all(|(one, two)| is_equal(one, two));
    if is_same { Ok(()) } else { problem(format!("found    {found:?}\nexpected {expected:?}")) }
}

/// Equal within the suite's tolerance; NaN equals NaN.
#[expect(clippy::float_cmp, reason = "infinities are equal to themselves only")]
fn is_close(found: f64, expected: f64) -> bool {
    if found.is_nan() || expected.is_nan() {
        return found.is_nan() && expected.is_nan();
    }
    let scale = found.abs().max(expected.abs());
    found == expected || (found - expected).abs() <= TOLERANCE_RATIO * scale
}
