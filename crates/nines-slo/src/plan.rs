//! What is kept to answer for an SLO: sums of events, values of slices, verdicts. Follows from its kind of SLI and
//! from its method.

use crate::history::Grains;
use crate::time::millis;
use crate::verdict::{Rules, Unit};
use crate::{
    BooleanRule, CompositeRule, GaugeBy, Method, Objective, PromqlQueries, SliKind, SliceValue,
    Slo, Target, TargetOp,
};

/// No slice is shorter.
const WIDTH_MIN_MS: i64 = 1_000;

/// Slices of composites whose SLO does not say how long they are.
const COMPOSITE_WIDTH_MS: i64 = 60_000;

/// Digits of a quantity whose mean is taken.
pub(crate) const SUM_SCALE: u8 = 6;

/// Digits of counters whose speed is taken.
pub(crate) const SPEED_SCALE: u8 = 3;

/// What is kept for an SLO.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plan {
    /// Where slices get their value from.
    pub(crate) source: Source,
    /// When a slice is good.
    pub(crate) test: Test,
    /// How slices are judged; nothing when events themselves are counted.
    pub(crate) verdicts: Option<Rules>,
    /// The share of good events that makes a slice good, in billionths; for slices that bring a share.
    pub(crate) slice_target: Option<u64>,
    /// Whether somebody else reads the slices, which are so long.
    pub(crate) read_width_ms: Option<i64>,
}

/// Where slices get their value from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Sums of events, or of a quantity beside them.
    Events,
    /// Samples, each of which is an event.
    Samples,
    /// The samples of a slice become one value.
    Gauge(GaugeBy),
    /// The last samples of series.
    Votes,
    /// Only what is recorded from outside.
    Outside,
}

/// When a slice is good.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Test {
    /// At least this share of its events, in billionths, is good.
    GoodShare(u64),
    /// It is as good as its events.
    Share,
    /// Part ÷ whole meets it.
    Mean(Target),
    /// Whole per second meets it.
    Speed(Target),
    /// The value meets it.
    Value(Target),
    /// The seconds from the value, a time, to the end of the slice meet it.
    Age(Target),
    /// So many are good.
    Votes(u32),
}

impl Plan {
    pub(crate) fn new(slo: &Slo) -> Self {
        let (source, own_test) = kind_of(&slo.sli.kind);
        let (own_width_ms, read_width_ms) = widths(&slo.sli.kind);
        let counts_events = own_test.is_none();
        let is_share = matches!(&slo.sli.kind, SliKind::Promql(it) if it.gives_shares());
        // The width of an SLI with a value per slice is its own.
        let (unit, method_width_ms) = match slo.method {
            Method::Occurrences if is_share => (Some(Unit::Share), None),
            Method::Occurrences if counts_events => (None, None),
            Method::Occurrences => (Some(Unit::Slice), None),
            Method::Timeslices { width, .. } => (Some(Unit::Slice), Some(millis(width))),
            Method::RatioTimeslices { width } => (Some(Unit::Share), Some(millis(width))),
        };
        let width_ms = own_width_ms.or(method_width_ms).unwrap_or(COMPOSITE_WIDTH_MS);
        let rules = |unit| Rules {
            width_ms: width_ms.max(WIDTH_MIN_MS),
            unit,
            no_traffic: slo.sli.data.no_traffic,
            no_data: slo.sli.data.no_data,
        };
        let test = own_test.unwrap_or_else(|| match unit {
            Some(Unit::Slice) => Test::GoodShare(slice_target(slo)),
            Some(Unit::Share) | None => Test::Share,
        });
        let slice_target = (is_share && unit == Some(Unit::Slice)).then(|| slice_target(slo));
        Self { source, test, verdicts: unit.map(rules), slice_target, read_width_ms }
    }

    /// The grains of its events, of which whole slices can be made.
    pub(crate) fn event_grains(&self, grains: Grains) -> Grains {
        match self.verdicts {
            Some(Rules { width_ms, .. }) => {
                let fitting = |grain_ms| greatest_common_divisor(grain_ms, width_ms);
                let (hot_ms, cold_ms) = (fitting(grains.hot_ms), fitting(grains.cold_ms));
                Grains { hot_ms, cold_ms, ..grains }
            }
            None => grains,
        }
    }

    pub(crate) fn keeps_events(&self) -> bool {
        matches!(self.source, Source::Events | Source::Samples)
    }
}

/// The test of an SLI with one value per slice; those that count events have none of their own.
fn kind_of(kind: &SliKind) -> (Source, Option<Test>) {
    let is_up = |op| Target { op, value: crate::Decimal::whole(1) };
    match kind {
        SliKind::Counter(_) | SliKind::Histogram(_) => (Source::Events, None),
        SliKind::Boolean(it) => match it.rule {
            BooleanRule::EachSample => (Source::Samples, None),
            BooleanRule::All { .. } => {
                (Source::Gauge(GaugeBy::Min), Some(Test::Value(is_up(TargetOp::AtLeast))))
            }
            BooleanRule::Any { .. } => {
                (Source::Gauge(GaugeBy::Max), Some(Test::Value(is_up(TargetOp::AtLeast))))
            }
            BooleanRule::Quorum { needed, .. } => (Source::Votes, Some(Test::Votes(needed))),
        },
        SliKind::Slices(it) => match &it.value {
            SliceValue::Average { .. } => (Source::Events, Some(Test::Mean(it.target))),
            SliceValue::Quantile { q, .. } => {
                let share = u64::try_from(q.billionths).unwrap_or(0);
                (Source::Events, Some(Test::GoodShare(share)))
            }
            SliceValue::Throughput(_) => (Source::Events, Some(Test::Speed(it.target))),
            SliceValue::Freshness(_) => (Source::Gauge(GaugeBy::Max), Some(Test::Age(it.target))),
            SliceValue::Gauge { by, .. } => (Source::Gauge(*by), Some(Test::Value(it.target))),
        },
        SliKind::Promql(it) => match &it.queries {
            PromqlQueries::Events { .. } => (Source::Events, None),
            PromqlQueries::Ratio(_) => (Source::Outside, Some(Test::Share)),
            PromqlQueries::Value { target, .. } => (Source::Outside, Some(Test::Value(*target))),
        },
        SliKind::Composite(_) => (Source::Outside, Some(Test::Share)),
    }
}

/// The width of slices that an SLI brings itself, and that of slices that somebody else reads.
fn widths(kind: &SliKind) -> (Option<i64>, Option<i64>) {
    match kind {
        SliKind::Boolean(it) => match it.rule {
            BooleanRule::EachSample => (None, None),
            BooleanRule::All { width }
            | BooleanRule::Any { width }
            | BooleanRule::Quorum { width, .. } => (Some(millis(width)), None),
        },
        SliKind::Slices(it) => (Some(millis(it.width)), None),
        SliKind::Promql(it) => {
            let width_ms = millis(it.width).max(WIDTH_MIN_MS);
            match it.queries {
                PromqlQueries::Events { .. } => (None, Some(width_ms)),
                PromqlQueries::Ratio(_) | PromqlQueries::Value { .. } => {
                    (Some(width_ms), Some(width_ms))
                }
            }
        }
        SliKind::Counter(_) | SliKind::Histogram(_) | SliKind::Composite(_) => (None, None),
    }
}

/// Whether a composite is put together slice by slice.
pub(crate) fn is_by_slices(rule: CompositeRule) -> bool {
    matches!(rule, CompositeRule::AnyBad | CompositeRule::AtLeast(_))
}

/// The share of good events that makes a slice good, in billionths.
pub(crate) fn slice_target(slo: &Slo) -> u64 {
    let written = match slo.method {
        Method::Timeslices { slice_target, .. } => slice_target,
        Method::Occurrences | Method::RatioTimeslices { .. } => None,
    };
    written.unwrap_or_else(|| slo.primary().latest()).promised().min(Objective::SCALE)
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests;
