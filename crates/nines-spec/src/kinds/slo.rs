//! Kind `SLO`, in our own form.

use jiff::SignedDuration;
use nines_base::{Labels, METRIC_NAME, Matcher, format_duration, parse_duration};
use nines_promql::parse_selector;
use nines_slo::{
    CounterSli, Goal, HistogramSli, Method, Objective, ObjectiveError, Preset, Sli, SliKind, Slo,
    SloName, Window,
};

use crate::draft::{Noun, Page};
use crate::fields::{Fields, Text};
use crate::finding::Span;
use crate::link::{GoalPlaces, SloPlaces};
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::values::decimal;

use super::Envelope;

mod alerting;

/// The shortest window: below an hour there is no burn to speak of.
const WINDOW_MIN: SignedDuration = SignedDuration::from_hours(1);
/// The longest window: a year and a bit.
const WINDOW_MAX: SignedDuration = SignedDuration::from_hours(400 * 24);
/// Without `window`: four whole weeks.
pub(crate) const WINDOW_DEFAULT: SignedDuration = SignedDuration::from_hours(28 * 24);

const FIELDS: [&str; 6] = ["sli", "objective", "objectives", "window", "windows", "alerting"];
/// What slo.md names and this version does not evaluate yet.
const LATER: [&str; 4] = ["by", "alert_on", "method", "history"];
const KINDS_LATER: [&str; 4] = ["boolean", "slices", "promql", "composite"];
const LATER_HELP: &str = "remove it; evaluated are counter and histogram SLIs with one objective over one rolling window";

pub(super) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let known: Vec<&str> = FIELDS.into_iter().chain(LATER).collect();
    let metadata = document.metadata.as_ref();
    let name = metadata.and_then(|it| name(page, it));
    let owner = metadata.and_then(|it| page.maybe(it, "owner")).map(|it| it.text.to_owned());
    let runbook = metadata.and_then(|it| page.maybe(it, "runbook"));
    let labels = metadata.map_or_else(Labels::empty, |it| page.labels(it, "labels"));
    if let Some(runbook) = runbook {
        page.refer(Noun::Runbook, runbook.text, runbook.span, "its alerts would have no runbook");
    }
    let Some(spec) = page.fields(document.spec, "SLO spec", &known) else { return };
    unsupported(page, &spec, &LATER);
    let sli = page.need(&spec, "sli", "sli: {counter: {bad: ..., total: ...}}");
    let sli = sli.and_then(|it| self::sli(page, it));
    let (objective, objective_at) = objective(page, &spec);
    let window = Window::Rolling(window(page, &spec).unwrap_or(WINDOW_DEFAULT));
    let at = name.as_ref().map_or(spec.at, |(_, it)| it.span);
    let (alerting, pair_places) = alerting::read(page, spec.get("alerting"), &window, at);
    let (Some((name, written)), Some(sli), Some(objective)) = (name, sli, objective) else {
        return;
    };
    let places = SloPlaces {
        name: page.place(written.span),
        alerting: spec.get("alerting").map(|it| page.place(it.anchor())),
        goals: vec![GoalPlaces {
            objective: page.place(objective_at),
            pairs: pair_places.into_iter().map(|it| page.place(it)).collect(),
        }],
    };
    page.draft.slo_places.push(places);
    page.draft.spec.slos.push(Slo {
        name,
        owner,
        runbook: runbook.map(|it| it.text.to_owned()),
        labels,
        sli,
        method: Method::Occurrences,
        goals: vec![Goal::new(objective, window, alerting)],
        grouping: None,
        origin: document.origin.clone(),
    });
}

fn name<'n>(page: &mut Page<'_, '_>, metadata: &Fields<'n>) -> Option<(SloName, Text<'n>)> {
    let node = page.need(metadata, "name", "name: checkout/availability")?;
    let text = page.scalar(node, "`name`")?;
    let Ok(name) = text.text.parse::<SloName>() else {
        let rule = "`service/slo`, each of 1 to 63 letters, digits, `-`, `_` or `.`";
        page.report(&Mistake::BadName { name: text.text.to_owned(), rule, at: text.span });
        return None;
    };
    page.define(Noun::Slo, text.text, text.span).then_some((name, text))
}

/// Fields that are understood, but that nothing would act on.
fn unsupported(page: &mut Page<'_, '_>, fields: &Fields<'_>, later: &[&str]) {
    for field in later.iter().filter(|it| fields.get(it).is_some()) {
        let (what, at) = (format!("`{field}`"), fields.key(field));
        page.report(&Mistake::Unsupported { what, help: LATER_HELP, at });
    }
}

fn sli(page: &mut Page<'_, '_>, node: &Node) -> Option<Sli> {
    kind(page, node).map(Sli::from)
}

fn kind(page: &mut Page<'_, '_>, node: &Node) -> Option<SliKind> {
    let known: Vec<&str> =
        ["counter", "histogram"].into_iter().chain(KINDS_LATER).chain(["no_data"]).collect();
    let fields = page.fields(node, "an SLI", &known)?;
    unsupported(page, &fields, &KINDS_LATER);
    if let Some(node) = fields.get("no_data") {
        page.word(node, "`no_data`", &[("ignore", ())]);
    }
    match (fields.get("counter"), fields.get("histogram")) {
        (Some(_), Some(_)) => {
            let (owner, one, other) = ("an SLI", "counter", "histogram");
            let at = fields.key("histogram");
            page.report(&Mistake::Conflict { owner, one, other, at });
            None
        }
        (Some(it), None) => counter(page, it, fields.key("counter")),
        (None, Some(it)) => histogram(page, it),
        (None, None) if KINDS_LATER.iter().any(|it| fields.get(it).is_some()) => None,
        (None, None) => {
            page.need(&fields, "counter", "counter: {bad: ..., total: ...}");
            None
        }
    }
}

fn counter(page: &mut Page<'_, '_>, node: &Node, at: Span) -> Option<SliKind> {
    let fields = page.fields(node, "a counter SLI", &["good", "bad", "total"])?;
    let roles = ["good", "bad", "total"].map(|it| fields.get(it));
    let two = exactly_two(page, roles.map(|it| it.is_some()), at);
    let [good, bad, total] = ["good", "bad", "total"].map(|role| {
        let node = fields.get(role);
        node.map(|it| page.selectors(it, &format!("`{role}`"))).unwrap_or_default()
    });
    let found = [&good, &bad, &total].into_iter().filter(|it| !it.is_empty()).count();
    (two && found == 2).then_some(SliKind::Counter(CounterSli { good, bad, total, scale: 0 }))
}

/// Whether two of good, bad and total are given; reports when not.
pub(crate) fn exactly_two(page: &mut Page<'_, '_>, given: [bool; 3], at: Span) -> bool {
    let (found, advice) = match given.into_iter().filter(|it| *it).count() {
        2 => return true,
        3 => ("three", "remove one of them"),
        1 => ("one", "add another one"),
        _ => ("none", "write `bad` and `total`"),
    };
    page.report(&Mistake::TwoOfThree { found, advice, at });
    false
}

fn histogram(page: &mut Page<'_, '_>, node: &Node) -> Option<SliKind> {
    let fields = page.fields(node, "a histogram SLI", &["metric", "match", "below"])?;
    let metric = page.need(&fields, "metric", "metric: http_request_duration_seconds");
    let metric = metric.and_then(|it| self::metric(page, it));
    let matchers = match fields.get("match") {
        Some(it) => match_of(page, it),
        None => Some(Vec::new()),
    };
    let below = page.need(&fields, "below", "below: 300ms").and_then(|it| below(page, it));
    Some(SliKind::Histogram(HistogramSli { metric: metric?, matchers: matchers?, below: below? }))
}

fn metric(page: &mut Page<'_, '_>, node: &Node) -> Option<String> {
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

fn match_of(page: &mut Page<'_, '_>, node: &Node) -> Option<Vec<Matcher>> {
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

/// `le` is chosen by `below`.
fn without_bound(
    page: &mut Page<'_, '_>,
    matchers: Vec<Matcher>,
    at: Span,
) -> Option<Vec<Matcher>> {
    if matchers.iter().all(|it| it.name() != "le") {
        return Some(matchers);
    }
    let problem = "`match` must not say anything about `le`".to_owned();
    let help = "`below` chooses the bucket";
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

/// The objective, and its place.
fn objective(page: &mut Page<'_, '_>, spec: &Fields<'_>) -> (Option<Objective>, Span) {
    let (short, long) = (spec.get("objective"), spec.get("objectives"));
    if let (Some(_), Some(_)) = (short, long) {
        let (owner, one, other) = ("an SLO", "objective", "objectives");
        let at = spec.key("objectives");
        page.report(&Mistake::Conflict { owner, one, other, at });
    }
    if short.is_some() || long.is_none() {
        let node = page.need(spec, "objective", "objective: 99.9%");
        let at = node.map_or(spec.at, |it| it.span);
        return (node.and_then(|it| target(page, it)), at);
    }
    let items = long.and_then(|it| page.list(it, "`objectives`")).unwrap_or_default();
    let at = spec.key("objectives");
    page.check_length(items.len(), 1, 1, "`objectives`", at);
    let Some(first) = items.first() else { return (None, at) };
    let known = ["name", "target", "window", "alerts", "effective"];
    let Some(fields) = page.fields(first, "an objective", &known) else { return (None, at) };
    unsupported(page, &fields, &["window", "alerts", "effective"]);
    page.maybe(&fields, "name");
    let Some(node) = page.need(&fields, "target", "target: 99.9%") else { return (None, at) };
    (target(page, node), node.span)
}

fn target(page: &mut Page<'_, '_>, node: &Node) -> Option<Objective> {
    let Text { text, span } = page.scalar(node, "`objective`")?;
    let error = match text.parse() {
        Ok(objective) => return Some(objective),
        Err(error) => error,
    };
    let label = match &error {
        ObjectiveError::NotAPercentage { .. } => meant(text),
        ObjectiveError::OutOfRange => {
            Some("there would be no promise, or more than all".to_owned())
        }
        _ => None,
    };
    let label = label.unwrap_or_else(|| "here".to_owned());
    page.report(&Mistake::BadObjective { problem: error.to_string(), label, at: span });
    None
}

/// `0.9995` and `99.95` mean `99.95%`.
fn meant(text: &str) -> Option<String> {
    let billionths = match decimal(text, 9)? {
        it if it < Objective::SCALE => it,
        it => it / 100,
    };
    let percent = format!("{}.{:07}%", billionths / 10_000_000, billionths % 10_000_000);
    let objective: Objective = percent.parse().ok()?;
    Some(format!("did you mean `{objective}`?"))
}

fn window(page: &mut Page<'_, '_>, spec: &Fields<'_>) -> Option<SignedDuration> {
    if let (Some(_), Some(_)) = (spec.get("window"), spec.get("windows")) {
        let (owner, one, other) = ("an SLO", "window", "windows");
        let at = spec.key("windows");
        page.report(&Mistake::Conflict { owner, one, other, at });
    }
    let node = match (spec.get("window"), spec.get("windows")) {
        (Some(node), _) => node,
        (None, Some(list)) => {
            let items = page.list(list, "`windows`")?;
            page.check_length(items.len(), 1, 1, "`windows`", list.span);
            items.first()?
        }
        (None, None) => return None,
    };
    if let Value::Map(_) = node.value {
        let (what, at) = ("a calendar window".to_owned(), node.anchor());
        page.report(&Mistake::Unsupported { what, help: LATER_HELP, at });
        return None;
    }
    let window = page.duration(node, "`window`")?;
    check_window(page, window, node.span)
}

pub(crate) fn check_window(
    page: &mut Page<'_, '_>,
    window: SignedDuration,
    at: Span,
) -> Option<SignedDuration> {
    if (WINDOW_MIN..=WINDOW_MAX).contains(&window) {
        return Some(window);
    }
    let (min, max) = (format_duration(WINDOW_MIN), format_duration(WINDOW_MAX));
    page.report(&Mistake::BadWindow { min, max, at });
    None
}

/// The preset that holds when nothing is said.
pub(crate) const PRESET_DEFAULT: Preset = Preset::Scaled;
