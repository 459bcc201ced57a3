//! OpenSLO v1: ratio SLOs over Prometheus, read as they are.
//!
//! What cannot be carried over is a finding, never silence. Source: OpenSLO specification v1, and the rules
//! of its reference SDK.

use jiff::SignedDuration;
use nines_base::{Labels, parse_duration};
use nines_slo::{
    Alerting, CounterSli, Goal, Method, Objective, Sli, SliKind, Slo, SloName, Window,
};

use crate::draft::{Form, Noun, Page};
use crate::fields::{Fields, Text, did_you_mean};
use crate::finding::Span;
use crate::kinds::slo::{PRESET_DEFAULT, WINDOW_DEFAULT, check_window, exactly_two};
use crate::link::{GoalPlaces, SloPlaces};
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::spec::Service;
use crate::values::decimal;

/// How documents of this form say so.
pub(crate) const VERSION: &str = "openslo/v1";

const KINDS: [&str; 7] = [
    "SLO",
    "SLI",
    "Service",
    "DataSource",
    "AlertPolicy",
    "AlertCondition",
    "AlertNotificationTarget",
];
const METADATA: [&str; 4] = ["name", "displayName", "labels", "annotations"];
const SPEC: [&str; 9] = [
    "description",
    "service",
    "indicator",
    "indicatorRef",
    "timeWindow",
    "budgetingMethod",
    "objectives",
    "alertPolicies",
    "tier",
];

/// Before anything else: an SLI may be referred to before it is read.
pub(crate) fn collect(page: &mut Page<'_, '_>, document: &Node) {
    let Value::Map(entries) = &document.value else { return };
    let text = |name: &str| {
        entries.iter().find(|(key, _)| key.text == name).and_then(|(_, it)| text_of(it))
    };
    if text("apiVersion") != Some(VERSION) || text("kind") != Some("SLI") {
        return;
    }
    let field = |node: &Node, name: &str| match &node.value {
        Value::Map(it) => it.iter().find(|(key, _)| key.text == name).map(|(_, it)| it.clone()),
        _ => None,
    };
    let metadata = field(document, "metadata").and_then(|it| field(&it, "name"));
    if let (Some(name), Some(spec)) = (metadata, field(document, "spec"))
        && let Some(text) = text_of(&name)
        && page.define(Noun::Indicator, text, name.span)
    {
        let file = page.file;
        page.draft.indicators.insert(text.to_owned(), (file, spec));
    }
}

fn text_of(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// Reads a document whose `apiVersion` is OpenSLO's.
pub(crate) fn read(page: &mut Page<'_, '_>, document: &Node) {
    page.form = Form::Foreign;
    let known = ["apiVersion", "kind", "metadata", "spec"];
    let Some(fields) = page.fields(document, "an OpenSLO document", &known) else { return };
    let Some(node) = page.need(&fields, "kind", "kind: SLO") else { return };
    let Some(kind) = page.scalar(node, "`kind`") else { return };
    match kind.text {
        "SLO" => slo(page, &fields),
        "Service" => service(page, &fields),
        // Read where it is referred to.
        "SLI" => {}
        "DataSource" => ignored(page, "a DataSource", "nines reads its own store", kind.span),
        it if KINDS.contains(&it) => {
            let help = "burn alerts follow the `scaled` preset, people the routing of nines";
            ignored(page, &format!("a document of kind {it}"), help, kind.span);
        }
        it => {
            let label = did_you_mean(it, KINDS);
            let label = label.unwrap_or_else(|| "the document was not read".to_owned());
            let (kind, known, at) = (it.to_owned(), KINDS.join(", "), kind.span);
            page.draft.has_gaps = true;
            page.report(&Mistake::UnknownKind { kind, known, label, at });
        }
    }
}

fn ignored(page: &mut Page<'_, '_>, what: &str, help: &'static str, at: Span) {
    page.report(&Mistake::Ignored { what: what.to_owned(), help, at });
}

fn unsupported(page: &mut Page<'_, '_>, what: &str, help: &'static str, at: Span) {
    page.report(&Mistake::Unsupported { what: what.to_owned(), help, at });
}

fn service(page: &mut Page<'_, '_>, fields: &Fields<'_>) {
    let Some(metadata) = page.need(fields, "metadata", "metadata: {name: shop}") else { return };
    let Some(metadata) = page.fields(metadata, "metadata", &METADATA) else { return };
    let Some(name) = page.need(&metadata, "name", "name: shop") else { return };
    let Some(name) = page.name(name, "`name`") else { return };
    if page.define(Noun::Service, name.text, name.span) {
        let origin = page.origin(fields.at);
        page.draft.spec.services.push(Service {
            name: name.text.to_owned(),
            owner: None,
            depends_on: Vec::new(),
            tier: None,
            runbook: None,
            origin,
        });
    }
}

fn slo(page: &mut Page<'_, '_>, fields: &Fields<'_>) {
    let metadata = page.need(fields, "metadata", "metadata: {name: availability}");
    let metadata = metadata.and_then(|it| page.fields(it, "metadata", &METADATA));
    let labels = metadata.as_ref().map_or_else(Labels::empty, |it| page.labels(it, "labels"));
    let name = metadata.and_then(|it| {
        let node = page.need(&it, "name", "name: availability")?;
        page.name(node, "`name`")
    });
    let Some(spec) = page.need(fields, "spec", "spec: {}") else { return };
    let Some(spec) = page.fields(spec, "an OpenSLO SLO", &SPEC) else { return };
    let service = page.need(&spec, "service", "service: shop");
    let service = service.and_then(|it| page.name(it, "`service`"));
    check_method(page, &spec);
    if let Some(node) = spec.get("alertPolicies") {
        let help = "burn alerts follow the `scaled` preset, people the routing of nines";
        ignored(page, "`alertPolicies`", help, node.anchor());
    }
    let sli = indicator(page, &spec);
    let (objective, objective_at) = objectives(page, &spec);
    let window = Window::Rolling(window(page, &spec).unwrap_or(WINDOW_DEFAULT));
    let (Some(name), Some(service)) = (name, service) else { return };
    let full_name = format!("{}/{}", service.text, name.text);
    if !page.define(Noun::Slo, &full_name, name.span) {
        return;
    }
    let (Some(sli), Some(objective)) = (sli, objective) else { return };
    let alerting = Alerting::preset(PRESET_DEFAULT, &window, None);
    let place = page.place(name.span);
    let pairs = vec![place; alerting.pairs.len()];
    let objective_place = page.place(objective_at);
    let goals = vec![GoalPlaces { objective: objective_place, pairs }];
    let places = SloPlaces { name: place, alerting: None, goals };
    page.draft.slo_places.push(places);
    let origin = page.origin(fields.at);
    page.draft.spec.slos.push(Slo {
        name: SloName { service: service.text.to_owned(), slo: name.text.to_owned() },
        owner: None,
        runbook: None,
        labels,
        sli,
        method: Method::Occurrences,
        goals: vec![Goal::new(objective, window, alerting)],
        grouping: None,
        origin,
    });
}

fn check_method(page: &mut Page<'_, '_>, spec: &Fields<'_>) {
    let Some(method) = page.maybe(spec, "budgetingMethod") else { return };
    if !method.text.eq_ignore_ascii_case("occurrences") {
        let help = "use `budgetingMethod: Occurrences`";
        let what = format!("budgeting method `{}`", method.text);
        unsupported(page, &what, help, method.span);
    }
}

/// Inline or by name, not both.
fn indicator(page: &mut Page<'_, '_>, spec: &Fields<'_>) -> Option<Sli> {
    let (inline, by_name) = (spec.get("indicator"), page.maybe(spec, "indicatorRef"));
    if let (Some(_), Some(it)) = (inline, by_name) {
        let (owner, one, other) = ("an SLO", "indicator", "indicatorRef");
        page.report(&Mistake::Conflict { owner, one, other, at: it.span });
        return None;
    }
    if let Some(name) = by_name {
        return referred(page, name);
    }
    let example = "indicator: {spec: {ratioMetric: {bad: ..., total: ...}}}";
    let node = page.need(spec, "indicator", example)?;
    let fields = page.fields(node, "an indicator", &["metadata", "spec"])?;
    let node = page.need(&fields, "spec", "spec: {ratioMetric: {bad: ..., total: ...}}")?;
    indicator_spec(page, node)
}

fn referred(page: &mut Page<'_, '_>, name: Text<'_>) -> Option<Sli> {
    let Some((file, node)) = page.draft.indicators.get(name.text).cloned() else {
        let known: Vec<String> = page.draft.indicators.keys().cloned().collect();
        let label = did_you_mean(name.text, known.iter().map(String::as_str))
            .unwrap_or_else(|| "no document of kind SLI has this name".to_owned());
        let (what, word) = ("`indicatorRef`".to_owned(), name.text.to_owned());
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        page.report(&Mistake::UnknownWord { what, word, known, label, at: name.span });
        return None;
    };
    // Its mistakes are in its own file.
    let home = std::mem::replace(&mut page.file, file);
    let sli = indicator_spec(page, &node);
    page.file = home;
    sli
}

fn indicator_spec(page: &mut Page<'_, '_>, node: &Node) -> Option<Sli> {
    let known = ["description", "ratioMetric", "thresholdMetric"];
    let fields = page.fields(node, "an indicator spec", &known)?;
    if fields.get("thresholdMetric").is_some() {
        let help = "count good and total events in a `ratioMetric`";
        unsupported(page, "`thresholdMetric`", help, fields.key("thresholdMetric"));
        return None;
    }
    let node = page.need(&fields, "ratioMetric", "ratioMetric: {bad: ..., total: ...}")?;
    ratio(page, node, fields.key("ratioMetric"))
}

fn ratio(page: &mut Page<'_, '_>, node: &Node, at: Span) -> Option<Sli> {
    let known = ["counter", "good", "bad", "total", "raw", "rawType"];
    let fields = page.fields(node, "a ratio metric", &known)?;
    if fields.get("raw").is_some() {
        let help = "give `good` or `bad`, and `total`";
        unsupported(page, "a `raw` ratio", help, fields.key("raw"));
        return None;
    }
    if page.boolean(&fields, "counter") == Some(false) {
        let help = "count events with counters, and say `counter: true`";
        unsupported(page, "a ratio of gauges", help, fields.key("counter"));
        return None;
    }
    let roles = ["good", "bad", "total"];
    let two = exactly_two(page, roles.map(|it| fields.get(it).is_some()), at);
    let [good, bad, total] =
        roles.map(|role| Some(vec![metric_source(page, fields.get(role)?, role)?]));
    let found = [&good, &bad, &total].into_iter().flatten().count();
    let sli = CounterSli {
        good: good.unwrap_or_default(),
        bad: bad.unwrap_or_default(),
        total: total.unwrap_or_default(),
        scale: 0,
    };
    (two && found == 2).then(|| Sli::from(SliKind::Counter(sli)))
}

fn metric_source(
    page: &mut Page<'_, '_>,
    node: &Node,
    role: &'static str,
) -> Option<nines_slo::Selector> {
    let fields = page.fields(node, role, &["metricSource"])?;
    let example = "metricSource: {type: Prometheus, spec: {query: ...}}";
    let node = page.need(&fields, "metricSource", example)?;
    let known = ["metricSourceRef", "type", "spec"];
    let fields = page.fields(node, "a metric source", &known)?;
    if let Some(it) = page.maybe(&fields, "type")
        && !it.text.eq_ignore_ascii_case("prometheus")
    {
        let help = "only queries of type Prometheus can be read";
        unsupported(page, &format!("metric source `{}`", it.text), help, it.span);
        return None;
    }
    let node = page.need(&fields, "spec", "spec: {query: ...}")?;
    let fields = page.fields(node, "a metric source spec", &["query"])?;
    let node = page.need(&fields, "query", "query: http_requests_total")?;
    page.foreign_selector(node, "`query`")
}

/// Exactly one objective; a target is a share below 1, or a percentage below 100.
fn objectives(page: &mut Page<'_, '_>, spec: &Fields<'_>) -> (Option<Objective>, Span) {
    let nothing = (None, spec.at);
    let Some(node) = page.need(spec, "objectives", "objectives: [{target: 0.999}]") else {
        return nothing;
    };
    let Some(items) = page.list(node, "`objectives`") else { return nothing };
    page.check_length(items.len(), 1, 1, "`objectives`", spec.key("objectives"));
    let Some(first) = items.first() else { return nothing };
    let known = [
        "displayName",
        "target",
        "targetPercent",
        "op",
        "value",
        "timeSliceTarget",
        "timeSliceWindow",
        "indicator",
        "indicatorRef",
        "compositeWeight",
    ];
    let Some(fields) = page.fields(first, "an objective", &known) else { return nothing };
    for field in [
        "op",
        "value",
        "timeSliceTarget",
        "timeSliceWindow",
        "indicator",
        "indicatorRef",
        "compositeWeight",
    ] {
        if fields.get(field).is_some() {
            let what = format!("`{field}` of a ratio SLO");
            unsupported(page, &what, "remove it", fields.key(field));
        }
    }
    let (node, scale) = match (fields.get("target"), fields.get("targetPercent")) {
        (Some(_), Some(_)) => {
            let (owner, one, other) = ("an objective", "target", "targetPercent");
            let at = fields.key("targetPercent");
            page.report(&Mistake::Conflict { owner, one, other, at });
            return nothing;
        }
        (None, Some(node)) => (node, 7),
        (_, None) => match page.need(&fields, "target", "target: 0.999") {
            Some(node) => (node, 9),
            None => return nothing,
        },
    };
    let Some(text) = page.scalar(node, "`target`") else { return nothing };
    (exact_objective(page, text, scale), text.span)
}

/// From the text, so that no float rounds it.
fn exact_objective(page: &mut Page<'_, '_>, text: Text<'_>, digits: usize) -> Option<Objective> {
    let billionths = decimal(text.text, digits).filter(|it| *it < Objective::SCALE);
    let objective = billionths.and_then(|it| {
        let percent = format!("{}.{:07}%", it / 10_000_000, it % 10_000_000);
        percent.parse().ok()
    });
    if objective.is_none() {
        let range = if digits == 9 { "0 and 1, e.g. `0.999`" } else { "0 and 100, e.g. `99.9`" };
        let problem = format!("`{}` is not a target strictly between {range}", text.text);
        let label = "here".to_owned();
        page.report(&Mistake::BadObjective { problem, label, at: text.span });
    }
    objective
}

/// Exactly one window, and a rolling one.
fn window(page: &mut Page<'_, '_>, spec: &Fields<'_>) -> Option<SignedDuration> {
    let example = "timeWindow: [{duration: 28d, isRolling: true}]";
    let node = page.need(spec, "timeWindow", example)?;
    let items = page.list(node, "`timeWindow`")?;
    page.check_length(items.len(), 1, 1, "`timeWindow`", spec.key("timeWindow"));
    let known = ["duration", "isRolling", "calendar"];
    let fields = page.fields(items.first()?, "a time window", &known)?;
    let is_rolling = page.boolean(&fields, "isRolling");
    if is_rolling == Some(true) && fields.get("calendar").is_some() {
        let (owner, one, other) = ("a time window", "isRolling", "calendar");
        let at = fields.key("calendar");
        page.report(&Mistake::Conflict { owner, one, other, at });
        return None;
    }
    if is_rolling == Some(false) || fields.get("calendar").is_some() {
        unsupported(page, "a calendar window", "use a rolling one, e.g. `28d`", fields.at);
        return None;
    }
    let node = page.need(&fields, "duration", "duration: 28d")?;
    let text = page.scalar(node, "`duration`")?;
    if matches!(text.text.chars().last(), Some('M' | 'Q' | 'Y')) {
        unsupported(page, "a rolling window of months", "write days, e.g. `28d`", text.span);
        return None;
    }
    let Ok(window) = parse_duration(text.text) else { return page.duration(node, "`duration`") };
    check_window(page, window, text.span)
}
