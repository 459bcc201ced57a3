//! The functions of the language: their names, types and what they compute.

mod window;

use std::f64::consts::PI;

pub(crate) use window::Window;

use crate::ValueType;
use crate::calendar;

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
    /// Reads only native histograms, which no source delivers yet: always empty.
    OfNativeHistogram,
}

/// A function of a window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WindowFunction {
    /// The window and the scalar arguments of the step; `None` leaves the step out.
    pub(crate) apply: fn(&Window<'_>, &[f64]) -> Option<f64>,
    /// Why these scalars cannot be used, if so.
    pub(crate) refuse: fn(&[f64]) -> Option<String>,
    /// The value is one of the samples, so it keeps the name.
    pub(crate) name: NameRule,
    /// What to tell the user.
    pub(crate) remark: Remark,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameRule {
    Keep,
    Drop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remark {
    None,
    /// The input should be a counter by its name.
    ExpectsCounter,
    /// The first scalar is a quantile.
    ExpectsQuantile,
    /// The value depends on the time of the step, not on the window alone.
    DependsOnTime,
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
        named_math(name).or_else(|| named_calendar(name)).or_else(|| window::named(name)).or_else(
            || {
                Some(match name {
                    "pi" => Self::Scalars(|_| PI),
                    "max_of" => Self::Scalars(|it| fold_of(it, |value, best| value > best)),
                    "min_of" => Self::Scalars(|it| fold_of(it, |value, best| value < best)),
                    "time" => Self::Clock(Clock::Time),
                    "start" => Self::Clock(Clock::Start),
                    "end" => Self::Clock(Clock::End),
                    "step" => Self::Clock(Clock::Step),
                    "range" => Self::Clock(Clock::Range),
                    "timestamp" => Self::Timestamp,
                    "vector" => Self::Vector,
                    "scalar" => Self::Scalar,
                    "absent" => Self::Absent,
                    "absent_over_time" => Self::AbsentOverTime,
                    "label_replace" => Self::LabelReplace,
                    "label_join" => Self::LabelJoin,
                    "sort" => Self::Sort(Direction::Ascending),
                    "sort_desc" => Self::Sort(Direction::Descending),
                    "sort_by_label" => Self::SortByLabel(Direction::Ascending),
                    "sort_by_label_desc" => Self::SortByLabel(Direction::Descending),
                    "histogram_quantile" => Self::HistogramQuantile,
                    "histogram_quantiles" => Self::HistogramQuantiles,
                    "histogram_fraction" => Self::HistogramFraction,
                    "info" => Self::Info,
                    "histogram_avg" | "histogram_count" | "histogram_stddev"
                    | "histogram_stdvar" | "histogram_sum" => Self::OfNativeHistogram,
                    _ => return None,
                })
            },
        )
    }

    /// The type of the value.
    pub(crate) fn value_type(&self) -> ValueType {
        match self {
            Self::Scalars(_) | Self::Clock(_) | Self::Scalar => ValueType::Scalar,
            _ => ValueType::Vector,
        }
    }

    /// Whether the value differs between steps although its arguments do not.
    pub(crate) fn depends_on_time(&self, arguments: usize) -> bool {
        match self {
            Self::Clock(it) => *it == Clock::Time,
            Self::Timestamp => true,
            Self::Calendar(_) => arguments == 0,
            Self::Window(it) => it.remark == Remark::DependsOnTime,
            _ => false,
        }
    }
}

/// The best of the values; NaN if any of them is.
fn fold_of(values: &[f64], is_better: fn(f64, f64) -> bool) -> f64 {
    if values.iter().any(|it| it.is_nan()) {
        return f64::NAN;
    }
    let better = |best: f64, value: f64| if is_better(value, best) { value } else { best };
    values.iter().copied().reduce(better).unwrap_or(f64::NAN)
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
            [min, max] => Some(clamp(it, *min, *max)),
            _ => None,
        },
        "clamp_max" => |it, max| Some(clamp(it, f64::NEG_INFINITY, max.first().copied()?)),
        "clamp_min" => |it, min| Some(clamp(it, min.first().copied()?, f64::INFINITY)),
        "round" => |it, to| {
            // Multiplying with the inverse gives fewer strange digits than dividing (as upstream).
            let inverse = 1.0 / to.first().copied().unwrap_or(1.0);
            Some((it * inverse + 0.5).floor() / inverse)
        },
        _ => return None,
    };
    Some(Function::MapWith(map))
}

/// NaN if any of them is.
fn clamp(value: f64, min: f64, max: f64) -> f64 {
    if value.is_nan() || min.is_nan() || max.is_nan() { f64::NAN } else { value.min(max).max(min) }
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
