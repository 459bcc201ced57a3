//! An SLI as PromQL of Prometheus: what happened in one step of time.
//!
//! Increases are the difference of two instants, not `increase()`: differences add up to what happened, whatever
//! the interval of the scrapes, while `increase()` extrapolates every step anew. Prometheus 2 and 3 disagree about
//! whether a range holds its left edge, so a range is as much shorter as makes them agree.

use jiff::SignedDuration;
use nines_base::{Matcher, format_duration};
use nines_promql::ValueType;
use nines_slo::{
    BooleanRule, BooleanSli, CounterSli, Decimal, GaugeBy, HistogramSli, PromqlQueries, PromqlSli,
    Selector, SliKind, SliceValue, SlicesSli, Target, TargetOp,
};

/// What stands for the length of a slice in PromQL of SLIs.
pub(crate) const SLICE: &str = "$slice";

/// How one step of an SLI is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// All events of the step.
    pub(crate) total: String,
    /// The bad ones; [`TOTAL`] stands for the series that records `total`.
    pub(crate) bad: String,
    /// What one event is.
    pub(crate) unit: Unit,
}

/// What one event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Event,
    Slice,
}

/// Stands for the recorded total in [`Step::bad`].
pub(crate) const TOTAL: &str = "\u{1}";

/// Why an SLI has no PromQL, or not all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) what: &'static str,
    pub(crate) why: &'static str,
    pub(crate) instead: &'static str,
}

/// Series are summed over everything but these labels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grain<'a> {
    pub(crate) by: &'a [String],
    /// The length of a step.
    pub(crate) width: SignedDuration,
}

impl Grain<'_> {
    /// What happened in one step.
    pub(crate) fn step(self, kind: &SliKind) -> Result<Step, Gap> {
        match kind {
            SliKind::Counter(it) => Ok(self.counter(it)),
            SliKind::Histogram(it) => Ok(self.histogram(it)),
            SliKind::Boolean(it) => Ok(self.boolean(it)),
            SliKind::Slices(it) => Ok(self.slices(it)),
            SliKind::Promql(it) => Ok(self.promql(it)),
            SliKind::Composite(_) => Err(Gap {
                what: "the composite",
                why: "rules know no other SLOs",
                instead: "its members are exported; alert on them",
            }),
        }
    }

    fn counter(self, sli: &CounterSli) -> Step {
        let [good, bad, total] = [&sli.good, &sli.bad, &sli.total].map(Vec::as_slice);
        let (all, bad) = match (total, bad) {
            ([], _) => (self.increase(&[good, bad].concat()), self.or_none(&self.increase(bad))),
            (_, []) => (self.increase(total), self.rest(&self.or_none(&self.increase(good)))),
            _ => (self.increase(total), self.or_none(&self.increase(bad))),
        };
        Step { total: all, bad, unit: Unit::Event }
    }

    fn histogram(self, sli: &HistogramSli) -> Step {
        let good = self.increase(&[bucket(&sli.metric, &sli.matchers, &bound(sli.below))]);
        let total = self.increase(&[named(&format!("{}_count", sli.metric), &sli.matchers)]);
        Step { total, bad: self.rest(&self.or_none(&good)), unit: Unit::Event }
    }

    fn boolean(self, sli: &BooleanSli) -> Step {
        let (series, range) = (&sli.selector.text, self.range());
        let over = |function: &str, within: &str| {
            self.fold(function, &format!("{within}({series}{range})"))
        };
        let of_slices = |bad: String, total: String| Step { total, bad, unit: Unit::Slice };
        // One for every slice with samples.
        let each = || format!("{} >= bool 0", over("count", "count_over_time"));
        match sli.rule {
            BooleanRule::EachSample => {
                let all = over("sum", "count_over_time");
                let good = over("sum", "sum_over_time");
                Step { total: all, bad: self.rest(&good), unit: Unit::Event }
            }
            BooleanRule::All { .. } => {
                of_slices(format!("{} < bool 1", over("min", "min_over_time")), each())
            }
            BooleanRule::Any { .. } => {
                of_slices(format!("{} < bool 1", over("max", "max_over_time")), each())
            }
            BooleanRule::Quorum { needed, .. } => {
                let good = over("sum", "last_over_time");
                of_slices(format!("{good} < bool {needed}"), each())
            }
        }
    }

    fn slices(self, sli: &SlicesSli) -> Step {
        let (value, known) = match &sli.value {
            SliceValue::Average { sum, count } => {
                let count = self.increase(count);
                (format!("{} / {count}", self.increase(sum)), count)
            }
            SliceValue::Quantile { q, metric, matchers } => {
                let good =
                    self.increase(&[bucket(metric, matchers, &decimal_bound(sli.target.value))]);
                let total = self.increase(&[named(&format!("{metric}_count"), matchers)]);
                // The quantile lies at or below the bound when this share does.
                let bad = format!("{good} / {total} < bool {q}");
                return Step { total: format!("{total} >= bool 0"), bad, unit: Unit::Slice };
            }
            SliceValue::Throughput(counters) => {
                let count = self.increase(counters);
                (format!("{count} / {}", seconds(self.width)), count)
            }
            SliceValue::Freshness(selector) => {
                let latest = self.fold("max", &selector.text);
                (format!("time() - {latest}"), latest)
            }
            SliceValue::Gauge { selector, by } => {
                let value = self.gauge(&selector.text, *by);
                (value.clone(), value)
            }
        };
        let bad = format!("({value}) {}", fails(sli.target));
        // Any value counts as one slice, whatever its sign.
        Step { total: format!("({known}) * 0 + 1"), bad, unit: Unit::Slice }
    }

    fn gauge(self, series: &str, by: GaugeBy) -> String {
        let range = self.range();
        let over = |function: &str, within: &str| {
            self.fold(function, &format!("{within}({series}{range})"))
        };
        match by {
            GaugeBy::Min => over("min", "min_over_time"),
            GaugeBy::Max => over("max", "max_over_time"),
            GaugeBy::Average => {
                format!("{} / {}", over("sum", "sum_over_time"), over("sum", "count_over_time"))
            }
            GaugeBy::Last => over("avg", "last_over_time"),
        }
    }

    fn promql(self, sli: &PromqlSli) -> Step {
        let query = |it: &str| {
            let text = it.replace(SLICE, &format_duration(self.width));
            let text = text.trim();
            let is_scalar =
                nines_promql::check(text).is_ok_and(|it| it.value_type() == ValueType::Scalar);
            let text = if is_scalar { format!("vector({text})") } else { text.to_owned() };
            self.fold("sum", &format!("\n{text}\n"))
        };
        match &sli.queries {
            PromqlQueries::Events { good, total } => Step {
                total: format!("round({})", query(total)),
                bad: self.rest(&self.or_none(&format!("round({})", query(good)))),
                unit: Unit::Event,
            },
            PromqlQueries::Ratio(ratio) => Step {
                total: format!("({}) * 0 + 1", query(ratio)),
                bad: format!("clamp(1 - {}, 0, 1)", query(ratio)),
                unit: Unit::Slice,
            },
            PromqlQueries::Value { query: it, target } => Step {
                total: format!("({}) * 0 + 1", query(it)),
                bad: format!("{} {}", query(it), fails(*target)),
                unit: Unit::Slice,
            },
        }
    }

    /// What counters grew by in one step, with resets; the first value of a series is only a beginning.
    fn increase(self, counters: &[Selector]) -> String {
        let each = |it: &Selector| {
            let (series, before) =
                (&it.text, format!("{} offset {}", it.text, format_duration(self.width)));
            format!("{series} - {before} >= 0\n  or\n  {series} and {before} > {series}")
        };
        if let [only] = counters {
            return self.fold("sum", &format!("\n  {}\n", each(only)));
        }
        // Series of two counters may have equal labels; a number keeps them apart.
        let parts = counters.iter().enumerate().map(|(index, it)| {
            format!("label_replace(\n  {},\n  \"nines_part\", \"{index}\", \"\", \"\")", each(it))
        });
        self.fold("sum", &parts.collect::<Vec<_>>().join("\nor\n"))
    }

    fn fold(self, function: &str, inner: &str) -> String {
        match self.by {
            [] => format!("{function}({inner})"),
            by => format!("{function} by ({}) ({inner})", by.join(", ")),
        }
    }

    fn on(self) -> String {
        format!("on ({})", self.by.join(", "))
    }

    /// 0 where only the total is known.
    fn or_none(self, part: &str) -> String {
        format!("{part}\nor {} {TOTAL} * 0", self.on())
    }

    /// What is not good is bad, and never fewer than none.
    fn rest(self, good: &str) -> String {
        format!("clamp_min(\n{TOTAL} - {} (\n{good}\n), 0)", self.on())
    }

    /// The samples of one step, the same ones in every version.
    fn range(self) -> String {
        let just_under = self.width - SignedDuration::from_millis(1);
        format!("[{}]", format_duration(just_under))
    }
}

fn named(metric: &str, matchers: &[Matcher]) -> Selector {
    let text = if matchers.is_empty() {
        metric.to_owned()
    } else {
        let matchers: Vec<String> = matchers.iter().map(ToString::to_string).collect();
        format!("{metric}{{{}}}", matchers.join(","))
    };
    Selector { text, matchers: matchers.to_vec() }
}

fn bucket(metric: &str, matchers: &[Matcher], bound: &str) -> Selector {
    let le = Matcher::new("le", nines_base::MatchOp::Regex, bound);
    let le = le.expect("a number is a regular expression");
    let matchers: Vec<Matcher> = matchers.iter().cloned().chain([le]).collect();
    named(&format!("{metric}_bucket"), &matchers)
}

/// The ways in which clients write a bound: `1` is also `1.0`, a million is also `1e+06`.
fn bound(below: f64) -> String {
    let plain = format!("{below}");
    let mut ways = vec![plain.replace('.', "\\.")];
    if !plain.contains('.') {
        ways.push(format!("{plain}\\.0"));
    }
    if !(0.000_1..1e6).contains(&below) {
        let exponent = format!("{below:e}");
        let (digits, power) = exponent.split_once('e').unwrap_or((exponent.as_str(), "0"));
        let (sign, power) = match power.strip_prefix('-') {
            Some(it) => ("-", it),
            None => ("\\+", power),
        };
        ways.push(format!("{}e{sign}{power:0>2}", digits.replace('.', "\\.")));
    }
    ways.join("|")
}

fn decimal_bound(value: Decimal) -> String {
    value.to_string().parse().map_or_else(|_| value.to_string(), bound)
}

/// The comparison that a bad value fulfils.
fn fails(target: Target) -> String {
    let op = match target.op {
        TargetOp::Below => ">=",
        TargetOp::AtMost => ">",
        TargetOp::Above => "<=",
        TargetOp::AtLeast => "<",
    };
    format!("{op} bool {}", target.value)
}

fn seconds(width: SignedDuration) -> String {
    let millis = i64::try_from(width.as_millis()).unwrap_or(i64::MAX);
    Decimal { billionths: i128::from(millis) * 1_000_000 }.to_string()
}

#[cfg(test)]
mod tests;
