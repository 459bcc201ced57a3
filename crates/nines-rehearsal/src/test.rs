//! `nines test`: one unit test is played, and what it expects is compared with what is there.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use nines_alert::rule::trial::{InputSeries, Point};
use nines_base::HistogramSample;
use nines_base::{Sample, SampleBatch};
use nines_slo::TrackerConfig;
use nines_spec::{TestCase, TestInput};

use crate::feed::{Feed, evaluations};
use crate::time::{instant, millis};
use crate::{RehearsalError, Setup, Stage};

mod compare;
mod describe;
mod happen;

/// Every test has the same ids.
const SEED: u64 = 1;

/// What came of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The test's name.
    pub name: String,
    /// What was not as expected, oldest first; empty when it passed.
    pub failures: Vec<Failure>,
}

/// One thing that was not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// When it was looked at.
    pub at: Timestamp,
    /// What was looked at: `alerts`, `pages`, `not_paged`, `budgets`, `states`, `decisions`; or what was to happen
    /// and was refused.
    pub what: &'static str,
    /// Where it was expected: `file:line`.
    pub place: String,
    /// What was expected, one thing a line.
    pub expected: Vec<String>,
    /// What was there, one thing a line.
    pub got: Vec<String>,
    /// How it came to be so.
    pub why: Vec<String>,
}

/// `14:11 alerts (checkout_test.yaml:14)`, and below it what was expected, what was there, and why.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, what, place, expected, got, why } = self;
        write!(f, "{at} {what} ({place})")?;
        for (name, lines) in [("expected", expected), ("got", got), ("why", why)] {
            let nothing = ["nothing".to_owned()];
            let lines = if lines.is_empty() && name != "why" { &nothing } else { lines.as_slice() };
            for (index, line) in lines.iter().enumerate() {
                let name = if index == 0 { name } else { "" };
                write!(f, "\n  {name:<9} {line}")?;
            }
        }
        Ok(())
    }
}

/// Plays a test.
///
/// # Errors
/// The engine stopped, which is a mistake of nines and none of the test.
pub fn play(case: &TestCase, setup: &Setup) -> Result<Verdict, RehearsalError> {
    let config = TrackerConfig::default();
    let instants = evaluations(&case.clock);
    let (clock, slos) = (&case.clock, &setup.slos);
    let mut feeds = Vec::new();
    let mut series = Vec::new();
    for input in &case.inputs {
        match input {
            TestInput::Slo(it) => {
                let slo = slos.iter().find(|slo| slo.name == it.slo);
                feeds.extend(slo.map(|slo| Feed::new(it, slo, &instants, &config)));
            }
            TestInput::Series(it) => series.push(it),
        }
    }
    let mut stage = Stage::open(setup.clone(), config, SEED, clock.start)?;
    let mut expected = case.expectations.iter().peekable();
    let mut happenings = case.happenings.iter().peekable();
    let (mut pages_seen, mut failures) = (0, Vec::new());
    let step_ms = millis(clock.step).max(1);
    for (step, now_ms) in instants.iter().copied().enumerate() {
        let now = instant(now_ms);
        while let Some(it) = happenings.next_if(|it| it.at <= now) {
            failures.extend(happen::play(it, &mut stage)?);
        }
        let mut batch: BTreeMap<_, SampleBatch> = BTreeMap::new();
        let arrived = feeds.iter_mut().flat_map(|it| it.take(now_ms));
        let points = series.iter().filter_map(|it| point(it, step, now_ms));
        for it in arrived.chain(points) {
            batch.entry(it.labels.clone()).or_insert(it);
        }
        stage.feed(&batch.into_values().collect::<Vec<_>>());
        stage.step(now)?;
        let next = instant(now_ms.saturating_add(step_ms));
        while let Some(it) = expected.next_if(|it| it.at < next) {
            while let Some(it) = happenings.next_if(|happening| happening.at <= it.at) {
                failures.extend(happen::play(it, &mut stage)?);
            }
            failures.extend(compare::compare(it, &mut stage, now, &mut pages_seen)?);
        }
    }
    Ok(Verdict { name: case.name.clone(), failures })
}

/// The sample of a series in this step.
fn point(series: &InputSeries, step: usize, at_ms: i64) -> Option<SampleBatch> {
    let point = series.points.get(step)?.as_ref()?;
    let mut batch = SampleBatch::new(series.labels.clone(), Vec::new());
    match point {
        Point::Number(value) => batch.samples.push(Sample { at_ms, value: *value }),
        Point::Histogram(it) => {
            batch.histograms.push(HistogramSample { at_ms, histogram: Arc::clone(it) });
        }
    }
    Some(batch)
}

#[cfg(test)]
mod tests;
