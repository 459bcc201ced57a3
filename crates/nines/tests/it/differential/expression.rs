//! Random expressions and random times.

use fastrand::Rng;

use super::data::{INTERVAL_MS, SAMPLES};

/// Operators in each other.
const DEPTH_MAX: u32 = 3;
/// Whole seconds after a multiple of 15: no sample is there.
const PHASE_S: i64 = 7;

/// Which series an expression may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Counters without gaps.
    Counters,
    /// Everything but the series of strange numbers.
    Ordinary,
    All,
}

/// An instant or a range, as the path of a request.
pub(crate) fn request(first_ms: i64, rng: &mut Rng) -> String {
    let interval_s = INTERVAL_MS / 1_000;
    let at = |rng: &mut Rng| first_ms / 1_000 + rng.i64(-20..SAMPLES + 40) * interval_s + PHASE_S;
    if rng.bool() {
        return format!("/api/v1/query?time={}", at(rng));
    }
    let (start, step) = (at(rng), choice(rng, &[15, 30, 60, 300, 900]));
    let end = start + rng.i64(0..60) * step;
    format!("/api/v1/query_range?start={start}&end={end}&step={step}")
}

/// An expression whose value is an instant vector, or a scalar.
pub(crate) fn expression(rng: &mut Rng) -> String {
    match rng.u32(0..12) {
        0..=3 => windows(rng, DEPTH_MAX, Kind::All),
        4..=6 => aggregation(rng, DEPTH_MAX, Kind::All),
        7..=8 => binary(rng),
        9 => function(rng, DEPTH_MAX, Kind::All),
        10 => quantile(rng),
        _ => leaf(rng, Kind::All),
    }
}

/// Never a scalar, which cannot be aggregated.
fn vector(rng: &mut Rng, depth: u32, kind: Kind) -> String {
    match rng.u32(0..4) {
        0 if 0 < depth => windows(rng, depth, kind),
        1 if 0 < depth => aggregation(rng, depth, kind),
        2 if 0 < depth => function(rng, depth, kind),
        _ => leaf(rng, kind),
    }
}

fn leaf(rng: &mut Rng, kind: Kind) -> String {
    let at = choice(rng, &["", "", "", "", "", "", " @ end()", " @ start()"]);
    format!("{}{}{at}", selector(rng, kind), offset(rng))
}

/// Series of one name.
fn selector(rng: &mut Rng, kind: Kind) -> String {
    let metrics: [(&str, &[&str]); 6] = [
        ("requests_total", &["job", "instance", "code"]),
        ("errors_total", &["job", "instance"]),
        ("latency_seconds_bucket", &["job", "instance", "le"]),
        ("temperature", &["job", "instance", "zone"]),
        ("target_version", &["job", "instance", "version"]),
        ("strange", &["job"]),
    ];
    let count = match kind {
        Kind::Counters => 3,
        Kind::Ordinary => 5,
        Kind::All => 6,
    };
    let (name, labels) = choice(rng, &metrics[..count]);
    let mut matchers = Vec::new();
    for label in labels {
        if rng.u32(0..4) == 0 {
            matchers.push(matcher(rng, label));
        }
    }
    format!("{name}{{{}}}", matchers.join(","))
}

fn matcher(rng: &mut Rng, label: &str) -> String {
    let values: &[&str] = match label {
        "job" => &["api", "web", "none", ""],
        "instance" => &["a:1", "b:1", "c:2"],
        "code" => &["200", "404", "500"],
        "zone" => &["x", "y"],
        "le" => &["0.1", "1", "+Inf"],
        _ => &["v2"],
    };
    let value = choice(rng, values);
    match rng.u32(0..4) {
        0 => format!("{label}=\"{value}\""),
        1 => format!("{label}!=\"{value}\""),
        2 => {
            let pattern = choice(rng, &[".*", ".+", "a.*|b.*", "[2-4]0.", "api|web", ".*:1"]);
            format!("{label}=~\"{pattern}\"")
        }
        _ => {
            let pattern = choice(rng, &["", "a.*", "4..", "api", ".*2"]);
            format!("{label}!~\"{pattern}\"")
        }
    }
}

fn offset(rng: &mut Rng) -> &'static str {
    choice(rng, &["", "", "", "", "", " offset 1m", " offset -5m", " offset 1h"])
}

const WINDOWS: [&str; 6] = ["1m", "90s", "5m", "10m", "1h", "30s"];

fn windows(rng: &mut Rng, depth: u32, kind: Kind) -> String {
    let of = |rng: &mut Rng, kind| {
        if rng.u32(0..4) == 0 { subquery(rng, depth, kind) } else { range(rng, kind) }
    };
    match rng.u32(0..10) {
        0 => {
            let all: &[&str] = if kind == Kind::All { &["-1", "2"] } else { &["0", "1"] };
            let q = choice(rng, &[&["0", "0.5", "0.9", "1"], all].concat());
            format!("quantile_over_time({q}, {})", of(rng, kind))
        }
        1 => {
            let seconds = choice(rng, &["60", "3600", "-300"]);
            format!("predict_linear({}, {seconds})", of(rng, Kind::Ordinary))
        }
        2 => format!("absent_over_time({})", of(rng, kind)),
        3 | 4 => format!("{}({})", choice(rng, &["rate", "increase"]), range(rng, Kind::Counters)),
        5 => {
            let functions = ["stddev_over_time", "stdvar_over_time", "deriv"];
            format!("{}({})", choice(rng, &functions), of(rng, Kind::Ordinary))
        }
        _ => {
            let functions = [
                "delta",
                "irate",
                "idelta",
                "resets",
                "changes",
                "avg_over_time",
                "sum_over_time",
                "min_over_time",
                "max_over_time",
                "count_over_time",
                "last_over_time",
                "present_over_time",
            ];
            format!("{}({})", choice(rng, &functions), of(rng, kind))
        }
    }
}

fn range(rng: &mut Rng, kind: Kind) -> String {
    format!("{}[{}]{}", selector(rng, kind), choice(rng, &WINDOWS), offset(rng))
}

fn subquery(rng: &mut Rng, depth: u32, kind: Kind) -> String {
    let inner = match rng.u32(0..3) {
        // What is computed from counters is no counter.
        0 if kind != Kind::Counters => format!("rate({})", range(rng, Kind::Counters)),
        1 if kind != Kind::Counters => aggregation(rng, depth.saturating_sub(2), kind),
        _ => format!("{}{}", selector(rng, kind), offset(rng)),
    };
    let window = choice(rng, &["10m", "1h", "5m"]);
    let step = choice(rng, &["", "1m", "30s", "2m"]);
    format!("({inner})[{window}:{step}]{}", offset(rng))
}

fn grouping(rng: &mut Rng, words: [&str; 2]) -> String {
    let labels =
        choice(rng, &["", "job", "instance", "job, instance", "code", "zone", "le", "none"]);
    format!("{} ({labels})", choice(rng, &words))
}

fn aggregation(rng: &mut Rng, depth: u32, kind: Kind) -> String {
    let depth = depth.saturating_sub(1);
    let by = if rng.u32(0..4) == 0 { String::new() } else { grouping(rng, ["by", "without"]) };
    match rng.u32(0..10) {
        0 => {
            let q = choice(rng, &["0", "0.25", "0.99", "1"]);
            format!("quantile {by} ({q}, {})", vector(rng, depth, kind))
        }
        1 => {
            // The value becomes a text, so its last digit counts.
            format!("count_values {by} (\"value\", round({}))", leaf(rng, Kind::Ordinary))
        }
        2 | 3 => {
            let operator = choice(rng, &["stddev", "stdvar"]);
            format!("{operator} {by} ({})", vector(rng, depth, Kind::Ordinary))
        }
        _ => {
            let operators = ["sum", "avg", "min", "max", "count", "group"];
            format!("{} {by} ({})", choice(rng, &operators), vector(rng, depth, kind))
        }
    }
}

fn binary(rng: &mut Rng) -> String {
    let operators =
        ["+", "-", "*", "/", "^", "==", "!=", ">", "<", ">=", "<=", "> bool", "<= bool"];
    let operator = choice(rng, &operators);
    let left = vector(rng, DEPTH_MAX - 1, Kind::All);
    match rng.u32(0..7) {
        0 => format!("{left} {operator} {}", choice(rng, &["0", "1", "2.5", "-3", "Inf"])),
        1 => format!("{} {operator} {left}", choice(rng, &["0", "1", "100"])),
        2 => {
            let set = choice(rng, &["and", "or", "unless"]);
            let right = vector(rng, DEPTH_MAX - 1, Kind::All);
            format!("{left} {set} {} {right}", grouping(rng, ["on", "ignoring"]))
        }
        3 => {
            let (left, right) = (selector(rng, Kind::All), selector(rng, Kind::All));
            let many = choice(rng, &["group_left ()", "group_right ()", "group_left (version)"]);
            format!("{left} {} on (job, instance) {many} {right}", choice(rng, &["*", "-", "/"]))
        }
        4 => {
            let right = vector(rng, DEPTH_MAX - 1, Kind::All);
            let operator = choice(rng, &["+", "-", "*", "/", "^", "> bool", "<= bool"]);
            format!("{left} {operator} {} {right}", grouping(rng, ["on", "ignoring"]))
        }
        // The remainder hangs on the last digit, so it is taken of what was stored.
        5 => format!("{} % {}", leaf(rng, Kind::All), choice(rng, &["7", "-0.5", "Inf", "0"])),
        _ => format!("{left} {operator} {left}"),
    }
}

fn function(rng: &mut Rng, depth: u32, kind: Kind) -> String {
    let ordinary = ["abs", "ceil", "floor", "sgn", "round", "deg", "-", "+", "sort"];
    // These make infinite numbers, or none, of ordinary ones.
    let others =
        ["exp", "ln", "log2", "log10", "sqrt", "atan", "cosh", "sort_desc", "absent", "ln", "exp"];
    let functions =
        if kind == Kind::All { [&ordinary[..], &others].concat() } else { ordinary.to_vec() };
    let depth = depth.saturating_sub(1);
    match rng.u32(0..10) {
        0 => format!("clamp({}, 0, 10)", vector(rng, depth, kind)),
        1 => format!("clamp_min({}, {})", vector(rng, depth, kind), choice(rng, &["1", "-1"])),
        2 => {
            let of = vector(rng, depth, kind);
            format!("label_replace({of}, \"new\", \"$1\", \"instance\", \"(.*):.*\")")
        }
        3 => format!(
            "label_join({}, \"new\", \"-\", \"job\", \"instance\")",
            vector(rng, depth, kind)
        ),
        4 if kind == Kind::All => format!("vector(scalar({}))", vector(rng, depth, kind)),
        5 => format!("round({}, {})", vector(rng, depth, kind), choice(rng, &["0.5", "10"])),
        6 => {
            let functions =
                ["hour", "minute", "day_of_week", "day_of_month", "days_in_month", "month", "year"];
            let of =
                choice(rng, &["vector(time())", "temperature * 86400", "timestamp(temperature)"]);
            format!("{}({of})", choice(rng, &functions))
        }
        7 => format!("timestamp({}{})", selector(rng, kind), offset(rng)),
        _ => format!("{}({})", choice(rng, &functions), vector(rng, depth, kind)),
    }
}

fn quantile(rng: &mut Rng) -> String {
    let q = choice(rng, &["0", "0.5", "0.9", "0.99", "1"]);
    let window = choice(rng, &WINDOWS);
    match rng.u32(0..3) {
        0 => format!("histogram_quantile({q}, rate(latency_seconds_bucket[{window}]))"),
        1 => format!(
            "histogram_quantile({q}, sum by (le, job) (rate(latency_seconds_bucket[{window}])))"
        ),
        _ => format!("histogram_quantile({q}, sum by (le) (latency_seconds_bucket))"),
    }
}

fn choice<T: Copy>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.usize(..of.len())]
}
