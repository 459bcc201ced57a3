//! Pyrra: `ServiceLevelObjective` resources of `pyrra.dev/v1alpha1`.
//!
//! Source: the documentation of Pyrra's API and its table of windows, which stretch with the objective's own.

use jiff::SignedDuration;
use nines_base::{Labels, METRIC_NAME, MatchOp};
use nines_promql::parse_selector;
use nines_slo::{
    AlertMode, AlertOn, Alerting, BooleanRule, BooleanSli, BurnFactor, BurnPair, CounterSli,
    Grouping, Guard, HistogramSli, Selector, Severity, SliKind,
};

use super::foreign::{Subject, goal, histogram, percentage};
use super::{Importing, unlist};
use crate::draft::Page;
use crate::fields::{Fields, Text};
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::values::names_metric;

/// Labels with this prefix belong to the SLO, others to Kubernetes.
const LABEL_PREFIX: &str = "pyrra.dev/";
/// Groups of one SLO.
const GROUPS_MAX: usize = 100;
/// The most labels of a group.
const GROUP_LABELS_MAX: usize = 8;

/// Severity, hold, long and short for four weeks in minutes, factor.
const ROWS: [(Severity, i64, i64, i64, u64); 4] = [
    (Severity::Page, 2, 60, 5, 14),
    (Severity::Page, 15, 360, 30, 7),
    (Severity::Ticket, 60, 1_440, 120, 2),
    (Severity::Ticket, 180, 5_760, 360, 1),
];
const FOUR_WEEKS_MINUTES: i64 = 28 * 24 * 60;

pub(super) fn read(importing: &mut Importing<'_, '_>, nodes: &[(usize, Node)]) {
    for (file, node) in nodes {
        for node in unlist(node) {
            one(importing, *file, node);
        }
    }
}

fn one(importing: &mut Importing<'_, '_>, file: usize, node: &Node) {
    let mut page = importing.page(file);
    let known = ["apiVersion", "kind", "metadata", "spec", "status"];
    let Some(fields) = page.fields(node, "a document of Pyrra", &known) else { return };
    let kind = page.need(&fields, "kind", "kind: ServiceLevelObjective");
    if kind.and_then(|it| page.word(it, "`kind`", &[("ServiceLevelObjective", ())])).is_none() {
        return;
    }
    let Some(metadata) = page.need(&fields, "metadata", "metadata: {name: availability}") else {
        return;
    };
    // Everything that Kubernetes adds.
    let Some(metadata) = page.fields(metadata, "metadata", &[]) else { return };
    let name = page.need(&metadata, "name", "name: availability");
    let name = name.and_then(|it| page.scalar(it, "`name`"));
    let namespace = page.maybe(&metadata, "namespace");
    let Some(spec) = page.need(&fields, "spec", "spec: {target: '99.9', window: 4w, ...}") else {
        return;
    };
    let known = [
        "description",
        "target",
        "window",
        "indicator",
        "alerting",
        "performanceOverAccuracy",
        "partial_response_strategy",
    ];
    let Some(spec) = page.fields(spec, "an objective of Pyrra", &known) else { return };
    let target = page.need(&spec, "target", "target: '99.9'");
    let target = target.and_then(|it| page.scalar(it, "`target`"));
    let target = target.and_then(|it| percentage(&mut page, it));
    let window = page.need(&spec, "window", "window: 4w");
    let window = window.and_then(|it| page.duration(it, "`window`"));
    let indicator = page.need(&spec, "indicator", "indicator: {ratio: {errors: ..., total: ...}}");
    let Some(name) = name else { return };
    let (service, slo) = names(name, namespace);
    let Some(subject) = importing.subject(file, service, slo) else { return };
    let labels = labels(importing, &subject, &metadata, namespace);
    lose(importing, &subject, &spec);
    let found = indicator.and_then(|it| self::indicator(importing, &subject, it));
    let (Some((kind, grouping)), Some(target), Some(window)) = (found, target, window) else {
        return;
    };
    let alerting = alerting(importing, &subject, &spec, window);
    importing.add(&subject, kind, labels, vec![goal(target, window, alerting)]);
    if let Some(slo) = importing.slos.last_mut().filter(|it| it.name == subject.name) {
        slo.grouping = grouping;
        if spec.get("alerting").is_some_and(|it| is_false(it, "absent")) {
            slo.sli.data.alert_after = None;
        }
    }
}

fn is_false(node: &Node, field: &str) -> bool {
    let value = super::foreign::field(node, field).map(|it| &it.value);
    matches!(value, Some(Value::Bool(it)) if it.eq_ignore_ascii_case("false"))
}

/// Pyrra has no services: the namespace stands for one, or the first word of the name.
fn names<'n>(name: Text<'n>, namespace: Option<Text<'n>>) -> (Text<'n>, Text<'n>) {
    match (namespace, name.text.split_once('-')) {
        (Some(it), _) => (it, name),
        (None, Some((service, slo))) => {
            (Text { text: service, ..name }, Text { text: slo, ..name })
        }
        (None, None) => (name, Text { text: "objective", ..name }),
    }
}

fn labels(
    importing: &mut Importing<'_, '_>,
    subject: &Subject,
    metadata: &Fields<'_>,
    namespace: Option<Text<'_>>,
) -> Labels {
    let mut labels =
        namespace.map_or_else(Labels::empty, |it| Labels::empty().with("namespace", it.text));
    let Some(Value::Map(entries)) = metadata.get("labels").map(|it| &it.value) else {
        return labels;
    };
    for (key, value) in entries {
        let Some(text) = importing.page(subject.file).scalar(value, "a label") else { continue };
        match key.text.strip_prefix(LABEL_PREFIX) {
            Some(name) if crate::values::is_label_name(name) => {
                labels = labels.with(name, text.text)
            }
            _ => {
                let what = format!("label `{}`", key.text);
                let why = "it is about the resource, not about the alerts";
                importing.lose(
                    subject,
                    key.span,
                    &what,
                    why,
                    "add it to `metadata.labels` if you route by it",
                );
            }
        }
    }
    labels
}

fn lose(importing: &mut Importing<'_, '_>, subject: &Subject, spec: &Fields<'_>) {
    importing.lose_field(
        subject,
        spec,
        "description",
        "an SLO of nines has no description",
        "keep it as a comment",
    );
    let why = "nines counts exactly and reads no window twice";
    importing.lose_field(subject, spec, "performanceOverAccuracy", why, "nothing is needed");
    let why = "nines writes no rules for Thanos";
    importing.lose_field(
        subject,
        spec,
        "partial_response_strategy",
        why,
        "export rules and set it there",
    );
}

fn indicator(
    importing: &mut Importing<'_, '_>,
    subject: &Subject,
    node: &Node,
) -> Option<(SliKind, Option<Grouping>)> {
    const KINDS: [&str; 4] = ["ratio", "latency", "latencyNative", "bool_gauge"];
    let mut page = importing.page(subject.file);
    let fields = page.fields_beside(node, "an indicator of Pyrra", &KINDS, &["boolGauge"])?;
    let given: Vec<&'static str> =
        KINDS.into_iter().chain(["boolGauge"]).filter(|it| fields.get(it).is_some()).collect();
    let [kind] = given.as_slice() else {
        match given.as_slice() {
            [one, other, ..] => {
                let (owner, one, other) = ("an indicator of Pyrra", *one, *other);
                let at = fields.key(other);
                page.report(&Mistake::Conflict { owner, one, other, at });
            }
            _ => {
                page.need(&fields, "ratio", "ratio: {errors: {metric: ...}, total: {metric: ...}}");
            }
        }
        return None;
    };
    let node = fields.get(kind)?;
    match *kind {
        "ratio" => {
            let ratio = page.fields(node, "a ratio of Pyrra", &["errors", "total", "grouping"])?;
            let bad = metric(&mut page, &ratio, "errors");
            let total = metric(&mut page, &ratio, "total");
            let grouping = grouping(&mut page, &ratio);
            let (bad, total) = (vec![bad?], vec![total?]);
            let counter = CounterSli { good: Vec::new(), bad, total, scale: 0 };
            Some((SliKind::Counter(counter), grouping))
        }
        "latency" => {
            let latency =
                page.fields(node, "a latency of Pyrra", &["success", "total", "grouping"])?;
            let good = metric(&mut page, &latency, "success");
            let total = metric(&mut page, &latency, "total");
            let grouping = grouping(&mut page, &latency);
            let (good, total) = (good?, total?);
            if !good.matchers.iter().any(|it| it.name() == "le") {
                let problem = "`success` names no bucket".to_owned();
                let help = "add its bound, e.g. `le=\"0.3\"`";
                let at = latency.key("success");
                page.report(&Mistake::BadHistogram { problem, help, at });
                return None;
            }
            // Other than one histogram's bucket and count it is still a ratio of two counters.
            let kind = histogram(&good, &total).unwrap_or_else(|| {
                SliKind::Counter(CounterSli {
                    good: vec![good],
                    bad: Vec::new(),
                    total: vec![total],
                    scale: 0,
                })
            });
            Some((kind, grouping))
        }
        "latencyNative" => {
            let native =
                page.fields(node, "a native latency of Pyrra", &["total", "latency", "grouping"])?;
            let total = metric(&mut page, &native, "total");
            let latency = page.need(&native, "latency", "latency: 300ms");
            let latency = latency.and_then(|it| page.duration(it, "`latency`"));
            let grouping = grouping(&mut page, &native);
            let (total, latency) = (total?, latency?);
            let named =
                |it: &&nines_base::Matcher| it.name() == METRIC_NAME && it.op() == MatchOp::Equal;
            let metric = total.matchers.iter().find(named)?.value().to_owned();
            let matchers =
                total.matchers.into_iter().filter(|it| it.name() != METRIC_NAME).collect();
            // Through the decimal text, so that `300ms` is the same float as the bound `0.3`.
            let millis = latency.as_millis();
            let below = format!("{}.{:03}", millis / 1_000, millis % 1_000).parse().ok()?;
            Some((SliKind::Histogram(HistogramSli { metric, matchers, below }), grouping))
        }
        _ => {
            let gauge = page.fields(node, "a boolean gauge of Pyrra", &["metric", "grouping"])?;
            let selector = page.need(&gauge, "metric", "metric: probe_success");
            let selector = selector.and_then(|it| page.scalar(it, "`metric`"));
            let selector = selector.and_then(|it| plain(&mut page, it));
            let grouping = grouping(&mut page, &gauge);
            let boolean = BooleanSli { selector: selector?, rule: BooleanRule::EachSample };
            Some((SliKind::Boolean(boolean), grouping))
        }
    }
}

fn metric(page: &mut Page<'_, '_>, fields: &Fields<'_>, role: &'static str) -> Option<Selector> {
    let node = page.need(fields, role, "total: {metric: http_requests_total}")?;
    let query = page.fields(node, "a query of Pyrra", &["metric"])?;
    let node = page.need(&query, "metric", "metric: http_requests_total")?;
    let text = page.scalar(node, "`metric`")?;
    plain(page, text)
}

/// Pyrra takes selectors alone.
fn plain(page: &mut Page<'_, '_>, text: Text<'_>) -> Option<Selector> {
    match parse_selector(text.text) {
        Ok(matchers) if names_metric(&matchers) => {
            Some(Selector { text: text.text.trim().to_owned(), matchers })
        }
        _ => page.foreign_query(text),
    }
}

/// Every group has an objective of its own, and alerts.
fn grouping(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Option<Grouping> {
    let by: Vec<String> =
        page.texts(fields, "grouping").into_iter().map(|it| it.text.to_owned()).collect();
    page.check_length(by.len(), 0, GROUP_LABELS_MAX, "`grouping`", fields.key("grouping"));
    (!by.is_empty()).then_some(Grouping { by, limit: GROUPS_MAX, alert_on: AlertOn::Group })
}

fn alerting(
    importing: &mut Importing<'_, '_>,
    subject: &Subject,
    spec: &Fields<'_>,
    window: SignedDuration,
) -> Alerting {
    let mut is_on = true;
    if let Some(node) = spec.get("alerting") {
        let mut page = importing.page(subject.file);
        let known = ["disabled", "burnrates", "absent", "name", "absentName"];
        if let Some(it) = page.fields(node, "alerting of Pyrra", &known) {
            is_on = page.boolean(&it, "disabled") != Some(true)
                && page.boolean(&it, "burnrates") != Some(false);
            let instead = "route by `service` and `slo`";
            importing.lose_field(
                subject,
                &it,
                "name",
                "burn alerts of nines are called `SLOBurn`",
                instead,
            );
            let why = "missing data are the alert `SLONoData`";
            importing.lose_field(subject, &it, "absentName", why, instead);
        }
    }
    let minutes = window.as_mins();
    let stretched = |it: i64| {
        // Halves go up, as in the original.
        let rounded = (2 * it * minutes + FOUR_WEEKS_MINUTES) / (2 * FOUR_WEEKS_MINUTES);
        SignedDuration::from_mins(rounded)
    };
    let pair = |&(severity, hold, long, short, factor): &(Severity, i64, i64, i64, u64)| BurnPair {
        severity,
        long: stretched(long),
        short: stretched(short).max(SignedDuration::from_mins(1)),
        factor: BurnFactor(factor * BurnFactor::ONE.0),
        hold: stretched(hold),
    };
    let pairs = if is_on { ROWS.iter().map(pair).collect() } else { Vec::new() };
    Alerting { mode: AlertMode::Safe, guard: Guard::Tail, pairs, escalation: None }
}
