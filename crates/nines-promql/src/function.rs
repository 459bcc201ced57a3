//! The functions of the language: their names, types and what they compute.

mod signature;

use std::f64::consts::PI;

pub(crate) use signature::{Signature, signature};

use crate::ValueType;
use crate::calendar;
use crate::plan::Node;

/// What a function does; the evaluator knows how each kind gets its arguments.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Function {
    /// Value by value.
    Map(fn(f64) -> f64),
    /// Value by value, with scalars of the same step; `None` leaves the value out.
    MapWith(fn(f64, &[f64]) -> Option<f64>),
    /// Value by value, or of the time of the step if there is no vector.
    Calendar(fn(f64) -> f64),
    /// A scalar of scalars.
    Scalars(fn(&[f64]) -> f64),
    /// A window of samples to one value.
    Window(WindowFunction),
    /// A scalar that only depends on the query's times.
    Clock(Clock),
    Timestamp,
    /// When a counter began; no source says so, so there never is a value.
    StartTimestamp,
    Vector,
    Scalar,
    Absent,
    AbsentOverTime,
    LabelReplace,
    LabelJoin,
    Sort(Direction),
    SortByLabel(Direction),
    HistogramQuantile,
    HistogramQuantiles,
    HistogramFraction,
    /// Its second argument is always there in a plan, and only its matchers count.
    Info,
    /// One number of a native histogram.
    OfHistogram(fn(&nines_base::Histogram) -> f64),
}

/// What is made of the samples of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WindowFunction {
    Rate(RateKind),
    Irate,
    Idelta,
    Fold(Fold),
    Changes,
    Resets,
    Deriv,
    PredictLinear,
    Smoothing,
    Quantile,
    Mad,
    Stddev,
    Stdvar,
    TimeOf(Extreme),
}

/// Growth over a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RateKind {
    /// Of a counter, per second.
    Rate,
    /// Of a counter.
    Increase,
    /// Of anything.
    Delta,
}

impl RateKind {
    /// Whether a falling value is a restart.
    pub(crate) fn is_counter(self) -> bool {
        self != Self::Delta
    }
}

/// One number that a summary of a window can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fold {
    Sum,
    Avg,
    Min,
    Max,
    Count,
    Present,
    First,
    Last,
}

/// One sample of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extreme {
    First,
    Last,
    Min,
    Max,
}

impl WindowFunction {
    /// Whether the value is one of the samples, so that it keeps the name.
    pub(crate) fn keeps_name(self) -> bool {
        matches!(self, Self::Fold(Fold::First | Fold::Last))
    }

    /// Whether a name that is not one of a counter is worth a remark.
    pub(crate) fn expects_counter(self) -> bool {
        matches!(self, Self::Rate(RateKind::Rate | RateKind::Increase))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    Time,
    Start,
    End,
    Step,
    Range,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

impl Function {
    /// The function of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        named_math(name)
            .or_else(|| named_calendar(name))
            .or_else(|| named_window(name).map(Self::Window))
            .or_else(|| named_scalar(name))
            .or_else(|| named_other(name))
    }

    /// The type of the value.
    pub(crate) fn value_type(&self) -> ValueType {
        match self {
            Self::Scalars(_) | Self::Clock(_) | Self::Scalar => ValueType::Scalar,
            _ => ValueType::Vector,
        }
    }

    /// Whether the value differs between steps although its arguments do not.
    pub(crate) fn depends_on_time(&self, first: Option<&Node>) -> bool {
        match self {
            Self::Clock(it) => *it == Clock::Time,
            // A stored sample has a time of its own; everything else has that of the step.
            Self::Timestamp => !matches!(first.map(Node::unshared), Some(Node::Selector(_))),
            Self::Calendar(_) => first.is_none(),
            Self::Window(it) => *it == WindowFunction::PredictLinear,
            _ => false,
        }
    }

    /// Whether the last sample before a range is of use.
    pub(crate) fn allows_anchored(self) -> bool {
        self.allows_smoothed()
            || matches!(self, Self::Window(WindowFunction::Changes | WindowFunction::Resets))
    }

    /// Whether values between samples are of use.
    pub(crate) fn allows_smoothed(self) -> bool {
        matches!(self, Self::Window(WindowFunction::Rate(_)))
    }
}

/// The smaller value. A NaN wins over every number, and infinity over that (as upstream).
fn smaller(one: f64, two: f64) -> f64 {
    match (one, two) {
        (f64::NEG_INFINITY, _) | (_, f64::NEG_INFINITY) => f64::NEG_INFINITY,
        _ if one.is_nan() || two.is_nan() => f64::NAN,
        _ if one.total_cmp(&two).is_le() => one,
        _ => two,
    }
}

/// The larger value, by the same rules.
fn larger(one: f64, two: f64) -> f64 {
    -smaller(-one, -two)
}

fn of_two(values: &[f64], choose: fn(f64, f64) -> f64) -> f64 {
    values.iter().copied().reduce(choose).unwrap_or(f64::NAN)
}

fn named_scalar(name: &str) -> Option<Function> {
    Some(match name {
        "pi" => Function::Scalars(|_| PI),
        "max_of" => Function::Scalars(|it| of_two(it, larger)),
        "min_of" => Function::Scalars(|it| of_two(it, smaller)),
        "time" => Function::Clock(Clock::Time),
        "start" => Function::Clock(Clock::Start),
        "end" => Function::Clock(Clock::End),
        "step" => Function::Clock(Clock::Step),
        "range" => Function::Clock(Clock::Range),
        "scalar" => Function::Scalar,
        _ => return None,
    })
}

fn named_other(name: &str) -> Option<Function> {
    Some(match name {
        "timestamp" => Function::Timestamp,
        "start_timestamp" => Function::StartTimestamp,
        "vector" => Function::Vector,
        "absent" => Function::Absent,
        "absent_over_time" => Function::AbsentOverTime,
        "label_replace" => Function::LabelReplace,
        "label_join" => Function::LabelJoin,
        "sort" => Function::Sort(Direction::Ascending),
        "sort_desc" => Function::Sort(Direction::Descending),
        "sort_by_label" => Function::SortByLabel(Direction::Ascending),
        "sort_by_label_desc" => Function::SortByLabel(Direction::Descending),
        "histogram_quantile" => Function::HistogramQuantile,
        "histogram_quantiles" => Function::HistogramQuantiles,
        "histogram_fraction" => Function::HistogramFraction,
        "info" => Function::Info,
        "histogram_avg" => Function::OfHistogram(|it| it.sum / it.count),
        "histogram_count" => Function::OfHistogram(|it| it.count),
        "histogram_sum" => Function::OfHistogram(|it| it.sum),
        "histogram_stddev" => Function::OfHistogram(|it| crate::histogram::variance(it).sqrt()),
        "histogram_stdvar" => Function::OfHistogram(crate::histogram::variance),
        _ => return None,
    })
}

fn named_window(name: &str) -> Option<WindowFunction> {
    Some(match name {
        "rate" => WindowFunction::Rate(RateKind::Rate),
        "increase" => WindowFunction::Rate(RateKind::Increase),
        "delta" => WindowFunction::Rate(RateKind::Delta),
        "irate" => WindowFunction::Irate,
        "idelta" => WindowFunction::Idelta,
        "sum_over_time" => WindowFunction::Fold(Fold::Sum),
        "avg_over_time" => WindowFunction::Fold(Fold::Avg),
        "min_over_time" => WindowFunction::Fold(Fold::Min),
        "max_over_time" => WindowFunction::Fold(Fold::Max),
        "count_over_time" => WindowFunction::Fold(Fold::Count),
        "present_over_time" => WindowFunction::Fold(Fold::Present),
        "first_over_time" => WindowFunction::Fold(Fold::First),
        "last_over_time" => WindowFunction::Fold(Fold::Last),
        "changes" => WindowFunction::Changes,
        "resets" => WindowFunction::Resets,
        "deriv" => WindowFunction::Deriv,
        "predict_linear" => WindowFunction::PredictLinear,
        "double_exponential_smoothing" => WindowFunction::Smoothing,
        "quantile_over_time" => WindowFunction::Quantile,
        "mad_over_time" => WindowFunction::Mad,
        "stddev_over_time" => WindowFunction::Stddev,
        "stdvar_over_time" => WindowFunction::Stdvar,
        "ts_of_first_over_time" => WindowFunction::TimeOf(Extreme::First),
        "ts_of_last_over_time" => WindowFunction::TimeOf(Extreme::Last),
        "ts_of_max_over_time" => WindowFunction::TimeOf(Extreme::Max),
        "ts_of_min_over_time" => WindowFunction::TimeOf(Extreme::Min),
        _ => return None,
    })
}

fn named_math(name: &str) -> Option<Function> {
    let map: fn(f64) -> f64 = match name {
        "abs" => f64::abs,
        "acos" => f64::acos,
        "acosh" => f64::acosh,
        "asin" => f64::asin,
        "asinh" => f64::asinh,
        "atan" => f64::atan,
        "atanh" => f64::atanh,
        "ceil" => f64::ceil,
        "cos" => f64::cos,
        "cosh" => f64::cosh,
        "deg" => |it| it * 180.0 / PI,
        "exp" => f64::exp,
        "floor" => f64::floor,
        "ln" => f64::ln,
        "log10" => f64::log10,
        "log2" => f64::log2,
        "rad" => |it| it * PI / 180.0,
        "sgn" => |it| if it == 0.0 || it.is_nan() { it } else { it.signum() },
        "sin" => f64::sin,
        "sinh" => f64::sinh,
        "sqrt" => f64::sqrt,
        "tan" => f64::tan,
        "tanh" => f64::tanh,
        _ => return named_math_with(name),
    };
    Some(Function::Map(map))
}

fn named_math_with(name: &str) -> Option<Function> {
    let map: fn(f64, &[f64]) -> Option<f64> = match name {
        "clamp" => |it, scalars| match scalars {
            [min, max] if max < min => None,
            [min, max] => Some(larger(*min, smaller(*max, it))),
            _ => None,
        },
        "clamp_max" => |it, max| Some(smaller(max.first().copied()?, it)),
        "clamp_min" => |it, min| Some(larger(min.first().copied()?, it)),
        "round" => |it, to| {
            // Multiplying with the inverse gives fewer strange digits than dividing (as upstream).
            let inverse = 1.0 / to.first().copied().unwrap_or(1.0);
            Some((it * inverse + 0.5).floor() / inverse)
        },
        _ => return None,
    };
    Some(Function::MapWith(map))
}

fn named_calendar(name: &str) -> Option<Function> {
    let part: fn(f64) -> f64 = match name {
        "minute" => calendar::minute,
        "hour" => calendar::hour,
        "day_of_week" => calendar::day_of_week,
        "day_of_month" => calendar::day_of_month,
        "day_of_year" => calendar::day_of_year,
        "days_in_month" => calendar::days_in_month,
        "month" => calendar::month,
        "year" => calendar::year,
        _ => return None,
    };
    Some(Function::Calendar(part))
}
