//! What was not as expected, for people.

use std::collections::BTreeMap;
use std::fmt;

use jiff::SignedDuration;
use nines_base::{Labels, format_duration};

use super::Point;
use crate::template::{FloatForm, format_float};

/// An alert's labels and annotations.
type LabelsAndAnnotations = (Labels, BTreeMap<String, String>);

/// One thing that was not as expected.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// A rule could not be evaluated; nothing after it was.
    Rule {
        /// Its name.
        rule: String,
        /// Since the beginning.
        at: SignedDuration,
        /// Why.
        problem: String,
    },
    /// Other alerts fire.
    Alerts {
        /// The trial's name.
        trial: String,
        /// Their name.
        alert: String,
        /// Since the beginning.
        at: SignedDuration,
        /// Sorted.
        expected: Vec<LabelsAndAnnotations>,
        /// Sorted.
        found: Vec<LabelsAndAnnotations>,
    },
    /// A query cannot be answered.
    Query {
        /// The trial's name.
        trial: String,
        /// Its text.
        query: String,
        /// Since the beginning.
        at: SignedDuration,
        /// Why.
        problem: String,
    },
    /// A query answers something else.
    Answer {
        /// The trial's name.
        trial: String,
        /// Its text.
        query: String,
        /// Since the beginning.
        at: SignedDuration,
        /// Sorted by labels.
        expected: Vec<(Labels, Point)>,
        /// Sorted by labels.
        found: Vec<(Labels, Point)>,
    },
    /// The rules would be evaluated too often.
    TooLong {
        /// How often.
        evaluations: i128,
        /// At most so often.
        limit: i64,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule { rule, at, problem } => {
                write!(f, "rule: {rule}, time: {}, err: {problem}", format_duration(*at))
            }
            Self::Alerts { trial, alert, at, expected, found } => {
                named(f, trial)?;
                write!(f, "alertname: {alert}, time: {}", format_duration(*at))?;
                alerts(f, "exp", expected)?;
                alerts(f, "got", found)
            }
            Self::Query { trial, query, at, problem } => {
                named(f, trial)?;
                write!(f, "expr: {query:?}, time: {}, err: {problem}", format_duration(*at))
            }
            Self::Answer { trial, query, at, expected, found } => {
                named(f, trial)?;
                write!(f, "expr: {query:?}, time: {}", format_duration(*at))?;
                samples(f, "exp", expected)?;
                samples(f, "got", found)
            }
            Self::TooLong { evaluations, limit } => {
                write!(
                    f,
                    "the rules would be evaluated {evaluations} times, at most {limit} are done; \
                     use a longer `evaluation_interval`"
                )
            }
        }
    }
}

fn named(f: &mut fmt::Formatter<'_>, trial: &str) -> fmt::Result {
    if trial.is_empty() { Ok(()) } else { write!(f, "name: {trial}, ") }
}

fn alerts(f: &mut fmt::Formatter<'_>, word: &str, of: &[LabelsAndAnnotations]) -> fmt::Result {
    if of.is_empty() {
        return write!(f, "\n  {word}: nothing");
    }
    for (labels, annotations) in of {
        let annotations: Vec<String> =
            annotations.iter().map(|(name, it)| format!("{name}={it:?}")).collect();
        write!(f, "\n  {word}: {labels} {{{}}}", annotations.join(", "))?;
    }
    Ok(())
}

fn samples(f: &mut fmt::Formatter<'_>, word: &str, of: &[(Labels, Point)]) -> fmt::Result {
    if of.is_empty() {
        return write!(f, "\n  {word}: nothing");
    }
    for (labels, point) in of {
        match point {
            Point::Number(it) => {
                write!(f, "\n  {word}: {labels} {}", format_float(*it, FloatForm::Shortest, None))?;
            }
            Point::Histogram(it) => write!(
                f,
                "\n  {word}: {labels} a histogram of {} observations, sum {}, schema {}, {:?} and {:?}",
                it.count, it.sum, it.schema, it.positive_buckets, it.negative_buckets
            )?,
        }
    }
    Ok(())
}
