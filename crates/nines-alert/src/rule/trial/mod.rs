//! Unit tests of rules: series go in, alerts and answers are compared, on virtual time.
//!
//! Source: Prometheus, "Unit testing for rules".

mod failure;
mod store;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use nines_base::{Histogram, HistogramSample, Labels, Sample, SampleBatch};
use nines_promql::{Query, QueryLimits, VectorSample};

use super::{AlertState, Environment, GroupState, RuleGroup, RuleHealth, query_vector};

pub use failure::Failure;
pub use store::MemorySeries;

/// The most evaluations of one trial.
pub const EVALUATIONS_MAX: i64 = 1_000_000;

/// One test: what is there, and what must come of it.
#[derive(Debug, Clone)]
pub struct Trial {
    /// For people; may be empty.
    pub name: String,
    /// Between two points of the series.
    pub interval: SignedDuration,
    /// From one evaluation of the rules to the next; above zero.
    pub evaluation_interval: SignedDuration,
    /// The first point is at the Unix epoch.
    pub series: Vec<InputSeries>,
    /// In any order.
    pub alerts: Vec<ExpectedAlerts>,
    /// In any order.
    pub answers: Vec<ExpectedAnswer>,
    /// `$externalLabels`
    pub external_labels: Labels,
    /// `$externalURL`
    pub external_url: String,
    /// How alike numbers must be.
    pub comparison: Comparison,
}

/// How alike numbers must be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Comparison {
    /// The same.
    #[default]
    Exact,
    /// But for what rounding does.
    Fuzzy,
}

/// A series that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct InputSeries {
    /// With its name.
    pub labels: Labels,
    /// One after each interval; `None` where there is no sample.
    pub points: Vec<Option<Point>>,
}

/// A sample without its instant.
#[derive(Debug, Clone, PartialEq)]
pub enum Point {
    /// A number, or the marker that ends a series.
    Number(f64),
    /// A native histogram.
    Histogram(Arc<Histogram>),
}

/// The alerts of one name that must fire at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpectedAlerts {
    /// Since the beginning.
    pub at: SignedDuration,
    /// The alert's name.
    pub alert: String,
    /// Labels, `alertname` included, and annotations.
    pub alerts: Vec<(Labels, BTreeMap<String, String>)>,
}

/// What a query must answer at one instant.
#[derive(Debug, Clone)]
pub struct ExpectedAnswer {
    /// Since the beginning.
    pub at: SignedDuration,
    /// The query.
    pub query: Query,
    /// Labels with their name, and values.
    pub samples: Vec<(Labels, Point)>,
}

/// Plays a trial against groups in this order; empty if everything is as expected.
pub fn run(trial: &Trial, groups: &[Arc<RuleGroup>]) -> Vec<Failure> {
    let steps = trial.length().as_millis() / trial.evaluation_interval.as_millis().max(1);
    if i128::from(EVALUATIONS_MAX) < steps {
        return vec![Failure::TooLong { evaluations: steps, limit: EVALUATIONS_MAX }];
    }
    let store = MemorySeries::default();
    let groups = groups.iter().map(|it| GroupState::new(Arc::clone(it))).collect();
    let play = Play { trial, store: &store, groups, loaded: 0, failures: Vec::new() };
    play.run()
}

impl Trial {
    /// The last instant that is looked at.
    fn length(&self) -> SignedDuration {
        let alerts = self.alerts.iter().map(|it| it.at);
        alerts.chain(self.answers.iter().map(|it| it.at)).max().unwrap_or_default()
    }
}

struct Play<'a> {
    trial: &'a Trial,
    store: &'a MemorySeries,
    groups: Vec<GroupState>,
    /// How many points of every series are there.
    loaded: usize,
    failures: Vec<Failure>,
}

impl Play<'_> {
    fn run(mut self) -> Vec<Failure> {
        let (length, step) = (self.trial.length(), self.trial.evaluation_interval);
        let mut at = SignedDuration::ZERO;
        while at <= length {
            self.load(at);
            if !self.evaluate(at) {
                return self.failures;
            }
            let next = at + step;
            let due = self.trial.alerts.iter().filter(|it| at <= it.at && it.at < next);
            for expected in due {
                self.compare_alerts(expected);
            }
            at = next;
        }
        // As in promtool, what comes after the last evaluation is not there.
        for expected in &self.trial.answers {
            self.compare_answer(expected);
        }
        self.failures
    }

    /// Makes the points up to `at` be there, as if they had just arrived.
    fn load(&mut self, at: SignedDuration) {
        let step_ms = milliseconds(self.trial.interval);
        let mut batch = Vec::new();
        let from = self.loaded;
        for series in &self.trial.series {
            let mut it = SampleBatch::new(series.labels.clone(), Vec::new());
            for (index, point) in series.points.iter().enumerate().skip(from) {
                let at_ms = i64::try_from(index).unwrap_or(i64::MAX).saturating_mul(step_ms);
                if milliseconds(at) < at_ms {
                    break;
                }
                match point {
                    None => {}
                    Some(Point::Number(value)) => it.samples.push(Sample { at_ms, value: *value }),
                    Some(Point::Histogram(histogram)) => {
                        let histogram = Arc::clone(histogram);
                        it.histograms.push(HistogramSample { at_ms, histogram });
                    }
                }
            }
            batch.push(it);
        }
        let there = milliseconds(at).checked_div(step_ms).unwrap_or(i64::MAX);
        self.loaded =
            self.loaded.max(usize::try_from(there).unwrap_or(usize::MAX).saturating_add(1));
        self.store.add(&batch);
    }

    fn environment(&self) -> Environment<'_> {
        Environment {
            source: self.store,
            sink: self.store,
            // As promtool: a subquery without a step has that of the rules.
            limits: QueryLimits {
                subquery_step_ms: milliseconds(self.trial.evaluation_interval).max(1),
                ..QueryLimits::default()
            },
            external_labels: &self.trial.external_labels,
            external_url: &self.trial.external_url,
            stopwatch: &|| SignedDuration::ZERO,
        }
    }

    /// Whether every rule could be evaluated.
    fn evaluate(&mut self, at: SignedDuration) -> bool {
        let mut groups = std::mem::take(&mut self.groups);
        let mut failed = Vec::new();
        for state in &mut groups {
            state.evaluate(Timestamp::UNIX_EPOCH + at, &self.environment());
            for (rule, known) in state.group().rules.iter().zip(state.rules()) {
                if let RuleHealth::Bad(problem) = &known.health {
                    let (rule, problem) = (rule.name.clone(), problem.clone());
                    failed.push(Failure::Rule { rule, at, problem });
                }
            }
        }
        self.groups = groups;
        let is_well = failed.is_empty();
        self.failures.append(&mut failed);
        is_well
    }

    fn compare_alerts(&mut self, expected: &ExpectedAlerts) {
        let states = self.groups.iter().flat_map(|it| it.group().rules.iter().zip(it.rules()));
        let named =
            states.filter(|(rule, _)| rule.as_alert().is_some() && rule.name == expected.alert);
        let alerts = named.flat_map(|(_, state)| state.alerting.active.values());
        let firing = alerts.filter(|it| it.state == AlertState::Firing);
        let mut found: Vec<_> =
            firing.map(|it| (it.labels.clone(), it.annotations.clone())).collect();
        let mut wanted = expected.alerts.clone();
        found.sort();
        wanted.sort();
        if found != wanted {
            let (alert, at) = (expected.alert.clone(), expected.at);
            let trial = self.trial.name.clone();
            self.failures.push(Failure::Alerts { trial, alert, at, expected: wanted, found });
        }
    }

    fn compare_answer(&mut self, expected: &ExpectedAnswer) {
        let (trial, at) = (self.trial.name.clone(), expected.at);
        let query = expected.query.text().to_owned();
        let answer = query_vector(&expected.query, milliseconds(at), &self.environment());
        let vector = match answer {
            Ok(vector) => vector,
            Err(problem) => {
                return self.failures.push(Failure::Query { trial, query, at, problem });
            }
        };
        let mut found: Vec<(Labels, Point)> = vector.into_iter().map(point).collect();
        let mut wanted = expected.samples.clone();
        found.sort_by(|one, two| one.0.cmp(&two.0));
        wanted.sort_by(|one, two| one.0.cmp(&two.0));
        let comparison = self.trial.comparison;
        let is_same = found.len() == wanted.len()
            && found
                .iter()
                .zip(&wanted)
                .all(|(one, two)| one.0 == two.0 && is_alike(&one.1, &two.1, comparison));
        if !is_same {
            self.failures.push(Failure::Answer { trial, query, at, expected: wanted, found });
        }
    }
}

fn point(it: VectorSample) -> (Labels, Point) {
    let point = it.histogram.map_or(Point::Number(it.value), Point::Histogram);
    (it.labels, point)
}

/// NaN is like NaN.
fn is_alike(one: &Point, two: &Point, comparison: Comparison) -> bool {
    const TOLERANCE_RATIO: f64 = 1e-6;
    match (one, two) {
        (Point::Number(one), Point::Number(two)) => {
            let is_same = one.to_bits() == two.to_bits() || (one.is_nan() && two.is_nan());
            let distance = (one - two).abs();
            let tolerance = match comparison {
                Comparison::Exact => 0.0,
                Comparison::Fuzzy => TOLERANCE_RATIO * one.abs().max(two.abs()),
            };
            is_same || distance <= tolerance
        }
        (Point::Histogram(one), Point::Histogram(two)) => {
            // What is expected says nothing of resets.
            let hint = one.counter_reset;
            **one == Histogram { counter_reset: hint, ..(**two).clone() }
        }
        _ => false,
    }
}

fn milliseconds(it: SignedDuration) -> i64 {
    i64::try_from(it.as_millis()).unwrap_or(i64::MAX)
}
