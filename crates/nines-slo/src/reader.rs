//! Which series feed an SLI, and as what.

use nines_base::{Labels, METRIC_NAME, Matcher};
use serde::{Deserialize, Serialize};

use crate::plan::{SPEED_SCALE, SUM_SCALE};
use crate::stock::PartKind;
use crate::{Selector, Sli, SliKind, SliceValue};

/// The label with a bucket's upper bound.
const LE: &str = "le";

/// What the increases of a series are for an SLI; both may be true.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Roles {
    /// They are events.
    pub(crate) whole: bool,
    /// They are the good or the bad events, or a quantity, see [`PartKind`].
    pub(crate) part: bool,
}

/// How the samples of a series are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intake {
    /// As values of a counter, in units of 10⁻ˢᶜᵃˡᵉ.
    Counter { scale: u8 },
    /// As native histograms.
    Native,
    /// Each one by itself.
    Gauge,
}

/// What a series means to an SLI.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Meaning {
    /// Nothing.
    Unrelated,
    /// A bucket of the right histogram with another bound.
    OtherBucket(f64),
    /// It is counted.
    Counted(Roles, Intake),
}

/// An SLI's definition as questions to a label set.
#[derive(Debug, Clone)]
pub(crate) enum Reader {
    Counters {
        whole: Vec<Vec<Matcher>>,
        part: Vec<Vec<Matcher>>,
        kind: PartKind,
        scale: Scale,
    },
    Histogram {
        classic: Vec<Matcher>,
        native: Vec<Matcher>,
        below: f64,
    },
    Gauges {
        matchers: Vec<Matcher>,
    },
    /// Somebody else reads it.
    Nothing,
}

/// The decimal digits that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scale {
    whole: u8,
    part: u8,
}

impl Reader {
    pub(crate) fn new(sli: &Sli) -> Self {
        match &sli.kind {
            SliKind::Histogram(it) => Self::histogram(&it.metric, &it.matchers, it.below),
            // Good and bad events together are all events.
            SliKind::Counter(it) if it.total.is_empty() => {
                let whole = [it.good.as_slice(), &it.bad].concat();
                Self::counters(&whole, &it.bad, PartKind::Bad, Scale::same(it.scale))
            }
            SliKind::Counter(it) => {
                let (part, kind) = match it.bad.as_slice() {
                    [] => (&it.good, PartKind::Good),
                    _ => (&it.bad, PartKind::Bad),
                };
                Self::counters(&it.total, part, kind, Scale::same(it.scale))
            }
            SliKind::Boolean(it) => Self::Gauges { matchers: it.selector.matchers.clone() },
            SliKind::Slices(it) => match &it.value {
                SliceValue::Average { sum, count } => {
                    let scale = Scale { whole: 0, part: SUM_SCALE };
                    Self::counters(count, sum, PartKind::Sum, scale)
                }
                SliceValue::Quantile { metric, matchers, .. } => {
                    Self::histogram(metric, matchers, it.target.value.approximate())
                }
                SliceValue::Throughput(whole) => {
                    Self::counters(whole, &[], PartKind::Bad, Scale::same(SPEED_SCALE))
                }
                SliceValue::Freshness(it) => Self::Gauges { matchers: it.matchers.clone() },
                SliceValue::Gauge { selector, .. } => {
                    Self::Gauges { matchers: selector.matchers.clone() }
                }
            },
            SliKind::Promql(_) | SliKind::Composite(_) => Self::Nothing,
        }
    }

    fn counters(whole: &[Selector], part: &[Selector], kind: PartKind, scale: Scale) -> Self {
        let matchers = |it: &[Selector]| it.iter().map(|it| it.matchers.clone()).collect();
        Self::Counters { whole: matchers(whole), part: matchers(part), kind, scale }
    }

    fn histogram(metric: &str, matchers: &[Matcher], below: f64) -> Self {
        let named = |name: &str| {
            let name = Matcher::equal(METRIC_NAME, name);
            [name].into_iter().chain(matchers.iter().cloned()).collect()
        };
        Self::Histogram {
            classic: named(&format!("{metric}_bucket")),
            native: named(metric),
            below,
        }
    }

    pub(crate) fn part_kind(&self) -> PartKind {
        match self {
            Self::Counters { kind, .. } => *kind,
            Self::Histogram { .. } => PartKind::Good,
            Self::Gauges { .. } | Self::Nothing => PartKind::Bad,
        }
    }

    /// A series that several selectors of one list match counts once.
    pub(crate) fn read(&self, labels: &Labels) -> Meaning {
        match self {
            Self::Counters { whole, part, scale, .. } => {
                let any = |it: &[Vec<Matcher>]| it.iter().any(|it| matches_all(it, labels));
                let roles = Roles { whole: any(whole), part: any(part) };
                match roles {
                    Roles { whole: false, part: false } => Meaning::Unrelated,
                    Roles { part: true, whole: false } => {
                        Meaning::Counted(roles, Intake::Counter { scale: scale.part })
                    }
                    _ => Meaning::Counted(roles, Intake::Counter { scale: scale.whole }),
                }
            }
            Self::Histogram { classic, below, .. } if matches_all(classic, labels) => {
                read_bucket(labels.value(LE), *below)
            }
            Self::Histogram { native, .. } if matches_all(native, labels) => {
                Meaning::Counted(Roles { whole: true, part: true }, Intake::Native)
            }
            Self::Gauges { matchers } if matches_all(matchers, labels) => {
                Meaning::Counted(Roles { whole: true, part: false }, Intake::Gauge)
            }
            Self::Histogram { .. } | Self::Gauges { .. } | Self::Nothing => Meaning::Unrelated,
        }
    }

    /// What to select from a store to count the past.
    pub(crate) fn selectors(&self) -> Vec<Vec<Matcher>> {
        match self {
            Self::Histogram { classic, native, .. } => vec![classic.clone(), native.clone()],
            Self::Counters { whole, part, .. } => {
                let mut selectors = whole.clone();
                selectors.extend(part.iter().filter(|it| !whole.contains(it)).cloned());
                selectors
            }
            Self::Gauges { matchers } => vec![matchers.clone()],
            Self::Nothing => Vec::new(),
        }
    }

    /// The threshold of a histogram.
    pub(crate) fn threshold(&self) -> Option<f64> {
        match self {
            Self::Histogram { below, .. } => Some(*below),
            Self::Counters { .. } | Self::Gauges { .. } | Self::Nothing => None,
        }
    }
}

impl Scale {
    fn same(digits: u8) -> Self {
        Self { whole: digits, part: digits }
    }
}

/// What a histogram's series have in common, whatever their form.
pub(crate) fn without_form(labels: &Labels) -> Labels {
    labels.filtered(|it| it != METRIC_NAME && it != LE)
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
                Meaning::Counted(roles, Intake::Counter { scale: 0 })
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
