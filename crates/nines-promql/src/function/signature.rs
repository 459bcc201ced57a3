//! The names and types of all functions. Source: Prometheus 3, `promql/parser/functions`.

use crate::ValueType;
use crate::ValueType::{Matrix, Scalar, String, Vector};

/// What a function takes and gives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signature {
    pub(crate) name: &'static str,
    pub(crate) args: &'static [ValueType],
    /// 0: all of `args`; more: the last may be missing or come up to so many times; less: any number of times.
    pub(crate) variadic: i32,
    pub(crate) returns: ValueType,
}

/// Functions of an instant vector alone.
const OF_VECTOR: [&str; 34] = [
    "abs",
    "absent",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "ceil",
    "cos",
    "cosh",
    "deg",
    "exp",
    "floor",
    "histogram_avg",
    "histogram_count",
    "histogram_stddev",
    "histogram_stdvar",
    "histogram_sum",
    "ln",
    "log10",
    "log2",
    "rad",
    "scalar",
    "sgn",
    "sin",
    "sinh",
    "sort",
    "sort_desc",
    "sqrt",
    "start_timestamp",
    "tan",
    "tanh",
    "timestamp",
];

/// Functions of a range vector alone.
const OF_MATRIX: [&str; 24] = [
    "absent_over_time",
    "avg_over_time",
    "changes",
    "count_over_time",
    "delta",
    "deriv",
    "first_over_time",
    "idelta",
    "increase",
    "irate",
    "last_over_time",
    "mad_over_time",
    "max_over_time",
    "min_over_time",
    "present_over_time",
    "rate",
    "resets",
    "stddev_over_time",
    "stdvar_over_time",
    "sum_over_time",
    "ts_of_first_over_time",
    "ts_of_last_over_time",
    "ts_of_max_over_time",
    "ts_of_min_over_time",
];

/// Parts of a date; without an argument they are those of the evaluated time.
const OF_DATE: [&str; 8] = [
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "days_in_month",
    "hour",
    "minute",
    "month",
    "year",
];

const OTHERS: [Signature; 24] = [
    fixed("clamp", &[Vector, Scalar, Scalar], Vector),
    fixed("clamp_max", &[Vector, Scalar], Vector),
    fixed("clamp_min", &[Vector, Scalar], Vector),
    fixed("double_exponential_smoothing", &[Matrix, Scalar, Scalar], Vector),
    fixed("end", &[], Scalar),
    fixed("histogram_fraction", &[Scalar, Scalar, Vector], Vector),
    fixed("histogram_quantile", &[Scalar, Vector], Vector),
    variadic("histogram_quantiles", &[Vector, String, Scalar, Scalar], 9),
    variadic("info", &[Vector, Vector], 1),
    variadic("label_join", &[Vector, String, String, String], -1),
    fixed("label_replace", &[Vector, String, String, String, String], Vector),
    fixed("max_of", &[Scalar, Scalar], Scalar),
    fixed("min_of", &[Scalar, Scalar], Scalar),
    fixed("pi", &[], Scalar),
    fixed("predict_linear", &[Matrix, Scalar], Vector),
    fixed("quantile_over_time", &[Scalar, Matrix], Vector),
    fixed("range", &[], Scalar),
    variadic("round", &[Vector, Scalar], 1),
    variadic("sort_by_label", &[Vector, String], -1),
    variadic("sort_by_label_desc", &[Vector, String], -1),
    fixed("start", &[], Scalar),
    fixed("step", &[], Scalar),
    fixed("time", &[], Scalar),
    fixed("vector", &[Scalar], Vector),
];

const fn fixed(name: &'static str, args: &'static [ValueType], returns: ValueType) -> Signature {
    Signature { name, args, variadic: 0, returns }
}

const fn variadic(name: &'static str, args: &'static [ValueType], variadic: i32) -> Signature {
    Signature { name, args, variadic, returns: Vector }
}

/// The signature of the function of this name.
pub(crate) fn signature(name: &str) -> Option<Signature> {
    let found = |names: &[&'static str]| names.iter().find(|it| **it == name).copied();
    if name.is_empty() {
        return None;
    }
    if let Some(name) = found(&OF_DATE) {
        return Some(variadic(name, &[Vector], 1));
    }
    if let Some(name) = found(&OF_VECTOR) {
        return Some(fixed(name, &[Vector], if name == "scalar" { Scalar } else { Vector }));
    }
    if let Some(name) = found(&OF_MATRIX) {
        return Some(fixed(name, &[Matrix], Vector));
    }
    OTHERS.iter().find(|it| it.name == name).copied()
}
