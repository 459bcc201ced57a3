//! SLIs of one value per slice: average, quantile, throughput, freshness, gauge.

use nines_base::{METRIC_NAME, MatchOp, Matcher};
use nines_slo::{Decimal, GaugeBy, Selector, SliKind, SliceValue, SlicesSli, TargetOp};

use crate::draft::Page;
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::shape::{Field, Pattern, SELECTOR, Shape, TARGET, Type};

use super::event::{MATCH, METRIC, SELECTORS, match_of, metric};
use super::place_of;
use super::sli::{WIDTH, width};
use super::target::{self, Unit};

const VALUES: [&str; 5] = ["average", "quantile", "throughput", "freshness", "gauge"];
const GAUGES: [(&str, GaugeBy); 4] = [
    ("min", GaugeBy::Min),
    ("max", GaugeBy::Max),
    ("average", GaugeBy::Average),
    ("last", GaugeBy::Last),
];

pub(super) static SLICES: Shape = Shape::new(
    "a slices SLI",
    &[
        Field::new(
            "average",
            Type::AnyOf(&[Type::Like(&SELECTOR), Type::Map(&AVERAGE)]),
            "The increase of a sum divided by that of a count; a histogram's name stands for both.",
        ),
        Field::new("quantile", Type::Map(&QUANTILE), "A quantile of a histogram."),
        Field::new("throughput", SELECTORS, "The increase of counters per second."),
        Field::new(
            "freshness",
            Type::Like(&SELECTOR),
            "The time since the Unix time that a gauge shows.",
        ),
        Field::new("gauge", Type::Map(&GAUGE), "The least, greatest, mean or last value of a gauge."),
        Field::new(
            "target",
            Type::Like(&TARGET),
            "When a slice is good: a comparison with a number, a duration or a rate, such as `< 300ms` or \
             `>= 1000/s`.",
        )
        .needed("target: '< 300ms'"),
        WIDTH,
    ],
)
.one_of(&VALUES);

static AVERAGE: Shape = Shape::new(
    "an average",
    &[
        Field::new("sum", SELECTORS, "Counters of the quantity, summed.")
            .needed("sum: http_request_duration_seconds_sum"),
        Field::new("count", SELECTORS, "Counters of the events, summed.")
            .needed("count: http_request_duration_seconds_count"),
    ],
);
static Q: Pattern =
    Pattern { noun: "a decimal between 0 and 1", regex: "^\\+?0+\\.[0-9]{1,9}$", example: "0.99" };
static QUANTILE: Shape = Shape::new(
    "a quantile",
    &[
        Field::new("q", Type::Like(&Q), "Which one, between 0 and 1.").needed("q: 0.99"),
        Field::new("metric", Type::Like(&METRIC), "The histogram, without `_bucket`.")
            .needed("metric: http_request_duration_seconds"),
        Field::new("match", MATCH, "What else its series must match; not `le`."),
    ],
);
static GAUGE: Shape = Shape::new(
    "a gauge",
    &[
        Field::new("min", Type::Like(&SELECTOR), "The least value in the slice."),
        Field::new("max", Type::Like(&SELECTOR), "The greatest value in the slice."),
        Field::new("average", Type::Like(&SELECTOR), "The mean of all values in the slice."),
        Field::new("last", Type::Like(&SELECTOR), "The latest value in the slice."),
    ],
)
.one_of(&["min", "max", "average", "last"]);

pub(super) fn read(page: &mut Page<'_, '_>, node: &Node) -> Option<SliKind> {
    let fields = page.shape(node, &SLICES)?;
    let width = width(page, &fields);
    let chosen = page.chosen(&fields);
    let unit = match chosen {
        Some(("throughput", _)) => Unit::Rate,
        Some(("freshness", _)) => Unit::Time,
        _ => Unit::OfMetric,
    };
    let target = page.needed(&fields, "target").and_then(|it| target::read(page, it, unit));
    let (name, node) = chosen?;
    let value = match name {
        "average" => average(page, node),
        "quantile" => quantile(page, node),
        "throughput" => Some(page.selectors(node, "`throughput`"))
            .filter(|it| !it.is_empty())
            .map(SliceValue::Throughput),
        "freshness" => page.one_selector(node, "`freshness`").map(SliceValue::Freshness),
        _ => gauge(page, node),
    };
    let (value, target, width) = (value?, target?, width?);
    let is_upward = matches!(target.op, TargetOp::Above | TargetOp::AtLeast);
    let only_down = match value {
        SliceValue::Quantile { .. } => Some("a quantile is good when it is low"),
        SliceValue::Freshness(_) => Some("what is older is not fresher"),
        _ => None,
    };
    if let (true, Some(problem)) = (is_upward, only_down) {
        let node = fields.get("target")?;
        let (text, at) = (page.scalar(node, "`target`")?.text.to_owned(), node.span);
        let help = "turn the sign, e.g. `'< 2h'`".to_owned();
        page.report(&Mistake::BadTarget { text, problem, help, at });
        return None;
    }
    if target.value.billionths < 0 && !matches!(value, SliceValue::Gauge { .. }) {
        let (what, at) = ("`target`".to_owned(), place_of(&fields, "target"));
        page.report(&Mistake::OutOfRange { what, range: "not negative here".to_owned(), at });
        return None;
    }
    Some(SliKind::Slices(SlicesSli { value, target, width }))
}

/// The two counters of a histogram or summary, or their common name.
fn average(page: &mut Page<'_, '_>, node: &Node) -> Option<SliceValue> {
    let Value::Map(_) = node.value else {
        let both = page.one_selector(node, "`average`")?;
        let (sum, count) = (part_of(&both, "_sum"), part_of(&both, "_count"));
        return Some(SliceValue::Average { sum: vec![sum?], count: vec![count?] });
    };
    let fields = page.shape(node, &AVERAGE)?;
    let sum = page.needed(&fields, "sum").map(|it| page.selectors(it, "`sum`"));
    let count = page.needed(&fields, "count").map(|it| page.selectors(it, "`count`"));
    let (sum, count) = (sum?, count?);
    (!sum.is_empty() && !count.is_empty()).then_some(SliceValue::Average { sum, count })
}

/// `http_request_duration_seconds{job="a"}` with `_sum` behind the metric's name.
fn part_of(both: &Selector, suffix: &str) -> Option<Selector> {
    let is_name = |it: &&Matcher| it.name() == METRIC_NAME && it.op() == MatchOp::Equal;
    let name = both.matchers.iter().find(is_name)?.value();
    let full = format!("{name}{suffix}");
    let matchers = both
        .matchers
        .iter()
        .map(|it| if is_name(&it) { Matcher::equal(METRIC_NAME, &full) } else { it.clone() });
    Some(Selector { text: both.text.replacen(name, &full, 1), matchers: matchers.collect() })
}

fn quantile(page: &mut Page<'_, '_>, node: &Node) -> Option<SliceValue> {
    let fields = page.shape(node, &QUANTILE)?;
    let q = page.needed(&fields, "q").and_then(|it| {
        let text = page.scalar(it, "`q`")?;
        let q = text.text.parse::<Decimal>().ok();
        let q = q.filter(|it| (1..Decimal::SCALE).contains(&it.billionths));
        if q.is_none() {
            let (what, range) =
                ("`q`".to_owned(), "strictly between 0 and 1, e.g. `0.99`".to_owned());
            page.report(&Mistake::OutOfRange { what, range, at: text.span });
        }
        q
    });
    let metric = page.needed(&fields, "metric").and_then(|it| metric(page, it));
    let matchers = match fields.get("match") {
        Some(it) => match_of(page, it),
        None => Some(Vec::new()),
    };
    Some(SliceValue::Quantile { q: q?, metric: metric?, matchers: matchers? })
}

fn gauge(page: &mut Page<'_, '_>, node: &Node) -> Option<SliceValue> {
    let fields = page.shape(node, &GAUGE)?;
    let (name, node) = page.chosen(&fields)?;
    let by = GAUGES.iter().find(|(it, _)| *it == name).map(|(_, by)| *by)?;
    let selector = page.one_selector(node, &format!("`{name}`"))?;
    Some(SliceValue::Gauge { selector, by })
}
