//! What is counted: the kinds of SLIs, and what missing data mean. Plain data.
//!
//! Whatever its kind, an SLI ends as whole numbers of all and of bad events per slice of time.

use jiff::SignedDuration;
use nines_base::Matcher;
use serde::{Deserialize, Serialize};

use crate::{Decimal, SloName};

/// A rule that turns samples into good and total counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Sli {
    /// What is read, and when it is good.
    pub kind: SliKind,
    /// What it means when there is nothing to read.
    pub data: DataRules,
}

impl From<SliKind> for Sli {
    /// With the usual rules for missing data.
    fn from(kind: SliKind) -> Self {
        Self { kind, data: DataRules::default() }
    }
}

/// What is read, and when it is good.
#[derive(Debug, Clone, PartialEq)]
pub enum SliKind {
    /// Events counted by counters.
    Counter(CounterSli),
    /// Observations of a histogram at or below a threshold.
    Histogram(HistogramSli),
    /// Series of 0 and 1.
    Boolean(BooleanSli),
    /// One value per slice against a target; every slice is one event.
    Slices(SlicesSli),
    /// Any PromQL, evaluated once per slice by whoever feeds the tracker.
    Promql(PromqlSli),
    /// Other SLOs together.
    Composite(CompositeSli),
}

/// Exactly two of the three are given; the third follows.
#[derive(Debug, Clone, PartialEq)]
pub struct CounterSli {
    /// Counters of good events, summed.
    pub good: Vec<Selector>,
    /// Counters of bad events, summed.
    pub bad: Vec<Selector>,
    /// Counters of all events, summed.
    pub total: Vec<Selector>,
    /// Decimal digits of a counter that are kept: each cumulative value is rounded to 10⁻ˢᶜᵃˡᵉ once, and events
    /// are counted in that unit. 0 for counters of whole events, at most 9.
    pub scale: u8,
}

/// Observations at or below `below` are good. In a classic histogram it must be a bucket's bound; in a native one
/// the largest bound that is not above it is used.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramSli {
    /// Without `_bucket`, such as `http_request_duration_seconds`.
    pub metric: String,
    /// What else its series must match; not `le`.
    pub matchers: Vec<Matcher>,
    /// The threshold, in the unit of the metric; compared with `le` as a number.
    pub below: f64,
}

/// 1 is good, 0 is bad; other values are no samples of it.
#[derive(Debug, Clone, PartialEq)]
pub struct BooleanSli {
    /// The gauges or probes.
    pub selector: Selector,
    /// What makes an event.
    pub rule: BooleanRule,
}

/// What is one event of a [`BooleanSli`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BooleanRule {
    /// Each sample.
    EachSample,
    /// Each slice; good when every sample in it is 1.
    All {
        /// The length of a slice.
        width: SignedDuration,
    },
    /// Each slice; good when at least one sample in it is 1.
    Any {
        /// The length of a slice.
        width: SignedDuration,
    },
    /// Each slice; good when the last samples of at least `needed` series in it are 1.
    Quorum {
        /// So many must be good, at least 1.
        needed: u32,
        /// So many series are expected; those that are missing are not good.
        of: u32,
        /// The length of a slice.
        width: SignedDuration,
    },
}

/// One value per slice against a target.
#[derive(Debug, Clone, PartialEq)]
pub struct SlicesSli {
    /// What is looked at.
    pub value: SliceValue,
    /// When it is good.
    pub target: Target,
    /// The length of a slice.
    pub width: SignedDuration,
}

/// The value of a slice.
#[derive(Debug, Clone, PartialEq)]
pub enum SliceValue {
    /// The increase of `sum` ÷ the increase of `count`, such as the average latency.
    Average {
        /// Counters of a quantity, summed; each value is rounded to 10⁻⁶ once.
        sum: Vec<Selector>,
        /// Counters of events, summed.
        count: Vec<Selector>,
    },
    /// A quantile of a histogram. It meets `< t` exactly when the share `q` of all observations lies at or below
    /// the bucket bound `t`; so only "at most" targets make sense, and `t` must be a bound.
    Quantile {
        /// Between 0 and 1, such as 0.99.
        q: Decimal,
        /// Without `_bucket`.
        metric: String,
        /// What else its series must match; not `le`.
        matchers: Vec<Matcher>,
    },
    /// The increase of counters per second.
    Throughput(Vec<Selector>),
    /// The seconds that have passed since the Unix time that a gauge shows; the latest of several series.
    Freshness(Selector),
    /// A gauge.
    Gauge {
        /// Which; samples of several series are taken together.
        selector: Selector,
        /// How the samples of a slice become one value.
        by: GaugeBy,
    },
}

/// How the samples of a slice become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GaugeBy {
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The mean.
    Average,
    /// The latest.
    Last,
}

/// When a value is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// How it is compared.
    pub op: TargetOp,
    /// With what; durations are seconds.
    pub value: Decimal,
}

/// How a value is compared with a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetOp {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
}

/// Queries that are evaluated once per slice, with `$slice` as their range; never over the window of an SLO.
#[derive(Debug, Clone, PartialEq)]
pub struct PromqlSli {
    /// What they give.
    pub queries: PromqlQueries,
    /// The length of a slice.
    pub width: SignedDuration,
}

impl PromqlSli {
    /// Whether a slice has a share of good events rather than events, or a verdict.
    pub fn gives_shares(&self) -> bool {
        matches!(self.queries, PromqlQueries::Ratio(_))
    }
}

/// What the queries of a [`PromqlSli`] give.
#[derive(Debug, Clone, PartialEq)]
pub enum PromqlQueries {
    /// The good and all events of a slice; each is rounded to a whole number.
    Events {
        /// Good events.
        good: String,
        /// All events.
        total: String,
    },
    /// The share of good events, 0 to 1; every slice is one event, or one share (see [`crate::Method`]).
    Ratio(String),
    /// A value against a target; every slice is one event.
    Value {
        /// The value.
        query: String,
        /// When it is good.
        target: Target,
    },
}

/// Other SLOs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompositeSli {
    /// Which, and how much each counts; at most 64.
    pub members: Vec<Member>,
    /// How they are put together.
    pub rule: CompositeRule,
    /// What happens when one of them has no data.
    pub on_missing: OnMissing,
}

/// One part of a composite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Which SLO; its first objective and window.
    pub slo: SloName,
    /// Positive; weights are divided by their sum.
    pub weight: Decimal,
}

/// How the members of a composite are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompositeRule {
    /// It burns as fast as Σ weight × burn of the members.
    Weighted,
    /// A slice is bad when it is bad for any member.
    AnyBad,
    /// The bad share is Σ weight × bad share of the members.
    Missing,
    /// A slice is good when it is good for at least so many members.
    AtLeast(u32),
}

/// What happens to a composite when a member has no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnMissing {
    /// It has no data either.
    NoData,
    /// The others count alone, with weights that add up again.
    Drop,
}

/// Series of one kind, as in PromQL, with the text that was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Selector {
    /// As it was written.
    pub text: String,
    /// All must match; one of them names the metric.
    pub matchers: Vec<Matcher>,
}

/// What it means when there is nothing to read (slo design, "No data, no traffic, absent numerator").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataRules {
    /// A slice in which series are fresh and nothing increased; only for slices, not for occurrences.
    pub no_traffic: NoTraffic,
    /// A slice without samples.
    pub no_data: NoData,
    /// Without a sample for longer than this there are no data. Nothing means as the tracker's configuration says.
    pub stale_after: Option<SignedDuration>,
    /// Evaluation waits so long for late targets. Nothing means as the tracker's configuration says.
    pub settle: Option<SignedDuration>,
    /// An alert fires after so long without data; nothing means never.
    pub alert_after: Option<SignedDuration>,
}

impl Default for DataRules {
    fn default() -> Self {
        Self {
            no_traffic: NoTraffic::Good,
            no_data: NoData::Ignore,
            stale_after: None,
            settle: None,
            alert_after: Some(SignedDuration::from_mins(10)),
        }
    }
}

/// What a slice without traffic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoTraffic {
    /// A good slice.
    Good,
    /// A bad slice.
    Bad,
    /// No slice.
    Ignore,
}

/// What a slice without data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoData {
    /// No slice; less of the window is known.
    Ignore,
    /// A good slice.
    Good,
    /// A bad slice.
    Bad,
    /// As the slice before it.
    Carry {
        /// After so long there is nothing to carry any more.
        at_most: SignedDuration,
    },
}
