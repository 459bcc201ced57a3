//! Which series feed an SLI, and as what.

use nines_base::{Labels, METRIC_NAME, Matcher};
use serde::{Deserialize, Serialize};

use crate::{Selector, Sli, SliKind};

/// The label with a bucket's upper bound.
const LE: &str = "le";

/// What the increases of a series are for an SLI; both may be true.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Roles {
    /// They are events.
    pub(crate) whole: bool,
    /// They are the good or the bad events, see [`PartKind`].
    pub(crate) part: bool,
}

/// What is counted beside all events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartKind {
    Good,
    Bad,
}

/// What a series means to an SLI.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Meaning {
    /// Nothing.
    Unrelated,
    /// A bucket of the right histogram with another bound.
    OtherBucket(f64),
    /// It is counted.
    Counted(Roles),
}

/// An SLI's definition as questions to a label set.
#[derive(Debug, Clone)]
pub(crate) enum Reader {
    Counters { whole: Vec<Vec<Matcher>>, part: Vec<Vec<Matcher>>, kind: PartKind },
    Buckets { matchers: Vec<Matcher>, below: f64 },
}

impl Reader {
    pub(crate) fn new(sli: &Sli) -> Self {
        let matchers = |it: &[Selector]| it.iter().map(|it| it.matchers.clone()).collect();
        match &sli.kind {
            SliKind::Histogram(it) => {
                let name = Matcher::equal(METRIC_NAME, &format!("{}_bucket", it.metric));
                let matchers = [name].into_iter().chain(it.matchers.iter().cloned()).collect();
                Self::Buckets { matchers, below: it.below }
            }
            // Good and bad events together are all events.
            SliKind::Counter(it) if it.total.is_empty() => {
                let (whole, part) = ([it.good.as_slice(), &it.bad].concat(), matchers(&it.bad));
                Self::Counters { whole: matchers(&whole), part, kind: PartKind::Bad }
            }
            SliKind::Counter(it) => {
                let (part, kind) = match it.bad.as_slice() {
                    [] => (&it.good, PartKind::Good),
                    _ => (&it.bad, PartKind::Bad),
                };
                Self::Counters { whole: matchers(&it.total), part: matchers(part), kind }
            }
            SliKind::Boolean(_)
            | SliKind::Slices(_)
            | SliKind::Promql(_)
            | SliKind::Composite(_) => {
                Self::Counters { whole: Vec::new(), part: Vec::new(), kind: PartKind::Bad }
            }
        }
    }

    pub(crate) fn part_kind(&self) -> PartKind {
        match self {
            Self::Counters { kind, .. } => *kind,
            Self::Buckets { .. } => PartKind::Good,
        }
    }

    /// A series that several selectors of one list match counts once.
    pub(crate) fn read(&self, labels: &Labels) -> Meaning {
        match self {
            Self::Counters { whole, part, .. } => {
                let any = |it: &[Vec<Matcher>]| it.iter().any(|it| matches_all(it, labels));
                let roles = Roles { whole: any(whole), part: any(part) };
                if roles == Roles::default() { Meaning::Unrelated } else { Meaning::Counted(roles) }
            }
            Self::Buckets { matchers, below } if matches_all(matchers, labels) => {
                read_bucket(labels.value(LE), *below)
            }
            Self::Buckets { .. } => Meaning::Unrelated,
        }
    }

    /// What to select from a store to count the past.
    pub(crate) fn selectors(&self) -> Vec<Vec<Matcher>> {
        match self {
            Self::Buckets { matchers, .. } => vec![matchers.clone()],
            Self::Counters { whole, part, .. } => {
                let mut selectors = whole.clone();
                selectors.extend(part.iter().filter(|it| !whole.contains(it)).cloned());
                selectors
            }
        }
    }
}

fn matches_all(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|it| it.matches(labels))
}

/// `le` is compared as a number: `1` equals `1.0`.
fn read_bucket(le: &str, below: f64) -> Meaning {
    match le.parse::<f64>() {
        Ok(bound) if bound.is_nan() => Meaning::Unrelated,
        Ok(bound) => {
            let roles = Roles { whole: bound == f64::INFINITY, part: same_number(bound, below) };
            if roles == Roles::default() {
                Meaning::OtherBucket(bound)
            } else {
                Meaning::Counted(roles)
            }
        }
        Err(_) => Meaning::Unrelated,
    }
}

#[expect(clippy::float_cmp, reason = "both are read from text, so equal numbers are the same bits")]
fn same_number(a: f64, b: f64) -> bool {
    a == b
}

#[cfg(test)]
mod tests;
