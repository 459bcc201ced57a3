//! SLIs that count events: counters, histograms, and series of 0 and 1.

use nines_base::{METRIC_NAME, Matcher, parse_duration};
use nines_promql::parse_selector;
use nines_slo::{BooleanRule, BooleanSli, CounterSli, HistogramSli, SliKind};

use crate::draft::Page;
use crate::fields::Text;
use crate::finding::Span;
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::query::SELECTORS_MAX;
use crate::shape::{Field, Pattern, SELECTOR, Shape, Type};
use crate::values::MATCHERS_MAX;

use super::place_of;
use super::sli::{WIDTH, width};

/// Counters keep at most so many decimals.
const SCALE_MAX: u32 = 9;
/// The most places of a quorum.
const QUORUM_MAX: u32 = 1_000;

pub(super) const SELECTORS: Type = Type::AnyOf(&[
    Type::Like(&SELECTOR),
    Type::List { of: &Type::Like(&SELECTOR), min: 1, max: SELECTORS_MAX },
]);
pub(super) const MATCH: Type = Type::AnyOf(&[
    Type::Like(&MATCHERS),
    Type::Names(&Type::Text),
    Type::List { of: &Type::Text, min: 0, max: MATCHERS_MAX },
]);
static MATCHERS: Pattern = Pattern {
    noun: "matchers in braces",
    regex: "^\\s*\\{[^$]*\\}\\s*$",
    example: "{job=\"search\"}",
};
pub(super) static METRIC: Pattern = Pattern {
    noun: "a metric name",
    regex: "^[a-zA-Z_:][a-zA-Z0-9_:]*$",
    example: "http_request_duration_seconds",
};
static THRESHOLD: Pattern =
    Pattern { noun: "a duration or a number", regex: "^[0-9.]", example: "300ms" };
static PER_SLICE: Pattern = Pattern {
    noun: "`all`, `any` or a quorum",
    regex: "^(all|any|[0-9]+ +of +[0-9]+)$",
    example: "2 of 3",
};

pub(super) static COUNTER: Shape = Shape::new(
    "a counter SLI",
    &[
        Field::new("good", SELECTORS, "Counters of good events, summed."),
        Field::new("bad", SELECTORS, "Counters of bad events, summed."),
        Field::new("total", SELECTORS, "Counters of all events, summed."),
        Field::new(
            "scale",
            Type::Whole { min: 0, max: SCALE_MAX as u64 },
            "Decimals that are kept, for counters that do not count in whole numbers.",
        )
        .default("0"),
    ],
);

pub(super) static HISTOGRAM: Shape = Shape::new(
    "a histogram SLI",
    &[
        Field::new("metric", Type::Like(&METRIC), "The histogram, without `_bucket`.")
            .needed("metric: http_request_duration_seconds"),
        Field::new("match", MATCH, "What else its series must match; not `le`."),
        Field::new(
            "below",
            Type::Like(&THRESHOLD),
            "Observations at or below it are good: a duration for metrics in seconds, or a number in the unit of \
             the metric; a bound of the buckets.",
        )
        .needed("below: 300ms"),
    ],
);

pub(super) static BOOLEAN: Shape = Shape::new(
    "a boolean SLI",
    &[
        Field::new("selector", Type::Like(&SELECTOR), "Gauges or probes that are 1 or 0.")
            .needed("selector: probe_success{job=\"blackbox\"}"),
        Field::new(
            "per_slice",
            Type::Like(&PER_SLICE),
            "Makes every slice one event: good when `all` or `any` samples in it are 1, or `2 of 3` series. \
             Without it each sample is an event.",
        ),
        WIDTH,
    ],
);

pub(super) fn counter(page: &mut Page<'_, '_>, node: &Node, at: Span) -> Option<SliKind> {
    let fields = page.shape(node, &COUNTER)?;
    let roles = ["good", "bad", "total"].map(|it| fields.get(it));
    let two = exactly_two(page, roles.map(|it| it.is_some()), at);
    let [good, bad, total] = ["good", "bad", "total"].map(|role| {
        let node = fields.get(role);
        node.map(|it| page.selectors(it, &format!("`{role}`"))).unwrap_or_default()
    });
    let scale = page.whole_number(&fields, "scale", 0, SCALE_MAX).unwrap_or(0);
    let scale = u8::try_from(scale).expect("at most SCALE_MAX");
    let found = [&good, &bad, &total].into_iter().filter(|it| !it.is_empty()).count();
    (two && found == 2).then_some(SliKind::Counter(CounterSli { good, bad, total, scale }))
}

/// Whether two of good, bad and total are given; reports when not.
pub(super) fn exactly_two(page: &mut Page<'_, '_>, given: [bool; 3], at: Span) -> bool {
    let (found, advice) = match given.into_iter().filter(|it| *it).count() {
        2 => return true,
        3 => ("three", "remove one of them"),
        1 => ("one", "add another one"),
        _ => ("none", "write `bad` and `total`"),
    };
    page.report(&Mistake::TwoOfThree { found, advice, at });
    false
}

pub(super) fn histogram(page: &mut Page<'_, '_>, node: &Node) -> Option<SliKind> {
    let fields = page.shape(node, &HISTOGRAM)?;
    let metric = page.needed(&fields, "metric").and_then(|it| metric(page, it));
    let matchers = match fields.get("match") {
        Some(it) => match_of(page, it),
        None => Some(Vec::new()),
    };
    let below = page.needed(&fields, "below").and_then(|it| below(page, it));
    Some(SliKind::Histogram(HistogramSli { metric: metric?, matchers: matchers?, below: below? }))
}

/// The name of a histogram.
pub(super) fn metric(page: &mut Page<'_, '_>, node: &Node) -> Option<String> {
    let Text { text, span } = page.scalar(node, "`metric`")?;
    let is_start = |it: char| it.is_ascii_alphabetic() || matches!(it, '_' | ':');
    let is_metric =
        text.starts_with(is_start) && text.chars().all(|it| is_start(it) || it.is_ascii_digit());
    if !is_metric {
        let rule = "a metric's name alone; conditions belong into `match`";
        page.report(&Mistake::BadName { name: text.to_owned(), rule, at: span });
        return None;
    }
    if let Some(base) = text.strip_suffix("_bucket") {
        let base = base.to_owned();
        let problem = format!("`metric` is the histogram `{base}`, not its buckets");
        let help = "leave out `_bucket`";
        page.report(&Mistake::BadHistogram { problem, help, at: span });
        return Some(base);
    }
    Some(text.to_owned())
}

/// Conditions beside a metric's name.
pub(super) fn match_of(page: &mut Page<'_, '_>, node: &Node) -> Option<Vec<Matcher>> {
    if let Value::Map(_) | Value::List(_) = node.value {
        let matchers = page.matchers(node)?;
        return without_bound(page, matchers, node.anchor());
    }
    let query = page.scalar(node, "`match`")?;
    // A selector must name something, and here the metric's name stands beside it.
    let braced = query.text.trim().strip_prefix('{').and_then(|it| it.strip_suffix('}'));
    let selector = braced.map(|it| format!("histogram{{{it}}}"));
    match selector.as_deref().map(parse_selector) {
        Some(Ok(mut matchers)) => {
            matchers.retain(|it| it.name() != METRIC_NAME);
            without_bound(page, matchers, query.span)
        }
        Some(Err(error)) => {
            let (problem, help) = crate::values::explain_query(&error);
            page.bad_part(query, problem, help);
            None
        }
        None => {
            let problem = "`match` is written in braces".to_owned();
            let help = "write the matchers alone, e.g. `{service=\"search\"}`".to_owned();
            page.bad_part(query, problem, help);
            None
        }
    }
}

/// `le` is chosen by the threshold.
fn without_bound(
    page: &mut Page<'_, '_>,
    matchers: Vec<Matcher>,
    at: Span,
) -> Option<Vec<Matcher>> {
    if matchers.iter().all(|it| it.name() != "le") {
        return Some(matchers);
    }
    let problem = "`match` must not say anything about `le`".to_owned();
    let help = "the threshold chooses the bucket";
    page.report(&Mistake::BadHistogram { problem, help, at });
    None
}

/// `300ms`, for metrics in seconds, or a number in the unit of the metric.
fn below(page: &mut Page<'_, '_>, node: &Node) -> Option<f64> {
    let Text { text, span } = page.scalar(node, "`below`")?;
    let below = match &node.value {
        Value::Number(it) => it.parse::<f64>().ok(),
        // Through the decimal text, so that `300ms` is the same float as the bound `0.3`.
        _ => parse_duration(text).ok().and_then(|it| {
            let millis = it.as_millis();
            format!("{}.{:03}", millis / 1_000, millis % 1_000).parse().ok()
        }),
    };
    if below.is_none_or(|it| !it.is_finite() || it <= 0.0) {
        let problem = format!("`{text}` is not a threshold");
        let help =
            "write a duration such as `300ms`, or a positive number in the unit of the metric";
        page.report(&Mistake::BadHistogram { problem, help, at: span });
        return None;
    }
    below
}

/// A selector alone, or with what makes a slice good.
pub(super) fn boolean(page: &mut Page<'_, '_>, node: &Node) -> Option<SliKind> {
    let Value::Map(_) = node.value else {
        let selector = page.one_selector(node, "`boolean`")?;
        return Some(SliKind::Boolean(BooleanSli { selector, rule: BooleanRule::EachSample }));
    };
    let fields = page.shape(node, &BOOLEAN)?;
    let selector = page.needed(&fields, "selector");
    let selector = selector.and_then(|it| page.one_selector(it, "`selector`"));
    let written = page.maybe(&fields, "per_slice");
    let Some(written) = written else {
        if fields.get("width").is_some() {
            let (what, at) = ("`width`".to_owned(), fields.key("width"));
            let help = "without `per_slice` each sample is an event, however long a slice is";
            page.report(&Mistake::Ignored { what, help, at });
        }
        let rule = BooleanRule::EachSample;
        return Some(SliKind::Boolean(BooleanSli { selector: selector?, rule }));
    };
    let width = width(page, &fields);
    let rule = match written.text {
        "all" => Some(BooleanRule::All { width: width? }),
        "any" => Some(BooleanRule::Any { width: width? }),
        text => match quorum(text) {
            Some((needed, of)) => Some(BooleanRule::Quorum { needed, of, width: width? }),
            None => {
                let (what, at) = ("`per_slice`".to_owned(), place_of(&fields, "per_slice"));
                let range = "`all`, `any`, or a quorum such as `2 of 3`".to_owned();
                page.report(&Mistake::OutOfRange { what, range, at });
                None
            }
        },
    };
    Some(SliKind::Boolean(BooleanSli { selector: selector?, rule: rule? }))
}

/// `2 of 3`: at least one, and not more than there are.
pub(super) fn quorum(text: &str) -> Option<(u32, u32)> {
    let (needed, of) = text.split_once(" of ")?;
    let (needed, of) = (needed.trim().parse().ok()?, of.trim().parse().ok()?);
    (0 < needed && needed <= of && of <= QUORUM_MAX).then_some((needed, of))
}
