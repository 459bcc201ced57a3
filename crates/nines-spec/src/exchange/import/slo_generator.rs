//! slo-generator v2: `ServiceLevelObjective` of `sre.google.com/v2`, and the shared configuration beside it.
//!
//! Source: the documentation of slo-generator. Only backends that speak PromQL can be read.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use nines_base::{Labels, METRIC_NAME, MatchOp};
use nines_promql::parse_selector;
use nines_slo::{
    AlertMode, Alerting, BurnFactor, BurnPair, CounterSli, Guard, HistogramSli, Preset,
    PromqlQueries, PromqlSli, Selector, Severity, SliKind, Window,
};

use super::Importing;
use super::foreign::{Role, Subject, WIDTH, field, goal, share, split_top, text_of};
use crate::draft::Page;
use crate::fields::{Fields, Text};
use crate::kinds::slo::WINDOW_DEFAULT;
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::query::{reduced, with_slice};
use crate::values::decimal;

/// A step that looks at more than this makes a ticket, not a page.
const PAGE_WINDOW_MAX: SignedDuration = SignedDuration::from_hours(24);
/// The short window is such a part of the long one.
const LONG_PER_SHORT: i32 = 12;
const SHORT_MIN: SignedDuration = SignedDuration::from_mins(1);

/// The error budget policies of a shared configuration, by name.
type Policies = BTreeMap<String, Policy>;

#[derive(Debug, Clone)]
struct Policy {
    window: SignedDuration,
    pairs: Vec<BurnPair>,
}

pub(super) fn read(importing: &mut Importing<'_, '_>, nodes: &[(usize, Node)]) {
    let is_shared = |it: &Node| field(it, "error_budget_policies").is_some();
    let (mut policies, mut classes) = (Policies::new(), BTreeMap::new());
    for (file, node) in nodes.iter().filter(|(_, it)| is_shared(it)) {
        shared(&mut importing.page(*file), node, &mut policies);
        backends(node, &mut classes);
    }
    for (file, node) in nodes.iter().filter(|(_, it)| !is_shared(it)) {
        one(importing, *file, node, &policies, &classes);
    }
}

/// The classes of backends by their names.
fn backends(node: &Node, classes: &mut BTreeMap<String, String>) {
    let Some(Value::Map(entries)) = field(node, "backends").map(|it| &it.value) else { return };
    for (key, value) in entries {
        // Without a class the name says it: `prometheus/test`.
        let class = text_of(field(value, "class")).unwrap_or(&key.text);
        classes.insert(key.text.clone(), class.to_owned());
    }
}

fn shared(page: &mut Page<'_, '_>, node: &Node, policies: &mut Policies) {
    let Some(Value::Map(entries)) = field(node, "error_budget_policies").map(|it| &it.value) else {
        return;
    };
    for (key, value) in entries {
        let Some(policy) = page.fields(value, "an error budget policy", &["steps"]) else {
            continue;
        };
        let Some(steps) = page.need(&policy, "steps", "steps: [{window: 3600, ...}]") else {
            continue;
        };
        let steps = page.list(steps, "`steps`").unwrap_or_default();
        let steps: Vec<_> = steps.iter().filter_map(|it| step(page, it)).collect();
        let window = steps.iter().map(|(window, _)| *window).max().unwrap_or(WINDOW_DEFAULT);
        let pairs =
            steps.into_iter().filter_map(|(_, pair)| pair).filter(|it| it.long < window).collect();
        policies.insert(key.text.clone(), Policy { window, pairs });
    }
}

/// The window of a step, and its pair if it alerts.
fn step(page: &mut Page<'_, '_>, node: &Node) -> Option<(SignedDuration, Option<BurnPair>)> {
    let known = ["name", "window", "burn_rate_threshold", "alert", "message_alert", "message_ok"];
    let fields = page.fields(node, "a step", &known)?;
    page.need(&fields, "window", "window: 3600");
    let seconds = page.whole_number(&fields, "window", 60, 400 * 24 * 3_600)?;
    let long = SignedDuration::from_secs(i64::from(seconds));
    let threshold = page.need(&fields, "burn_rate_threshold", "burn_rate_threshold: 9");
    let threshold = threshold.and_then(|it| page.scalar(it, "`burn_rate_threshold`"));
    let factor = threshold.and_then(|it| {
        let factor = decimal(it.text, 9);
        if factor.is_none() {
            page.report(&Mistake::BadFactor { text: it.text.to_owned(), at: it.span });
        }
        factor.map(BurnFactor)
    });
    let alerts = page.boolean(&fields, "alert") == Some(true);
    let severity = if long <= PAGE_WINDOW_MAX { Severity::Page } else { Severity::Ticket };
    let short = (long / LONG_PER_SHORT).max(SHORT_MIN);
    let hold = SignedDuration::ZERO;
    let pair =
        factor.filter(|_| alerts).map(|factor| BurnPair { severity, long, short, factor, hold });
    Some((long, pair))
}

fn one(
    importing: &mut Importing<'_, '_>,
    file: usize,
    node: &Node,
    policies: &Policies,
    classes: &BTreeMap<String, String>,
) {
    let mut page = importing.page(file);
    let known = ["apiVersion", "kind", "metadata", "spec"];
    let Some(fields) = page.fields(node, "an slo-generator file", &known) else { return };
    if let Some(node) = page.need(&fields, "apiVersion", "apiVersion: sre.google.com/v2") {
        page.word(node, "`apiVersion`", &[("sre.google.com/v2", ())]);
    }
    let Some(metadata) = page.need(&fields, "metadata", "metadata: {name: shop-availability}")
    else {
        return;
    };
    let Some(metadata) = page.fields(metadata, "metadata", &["name", "labels"]) else { return };
    let name = page.need(&metadata, "name", "name: shop-availability");
    let name = name.and_then(|it| page.scalar(it, "`name`"));
    let Some(spec) = page.need(&fields, "spec", "spec: {backend: prometheus, ...}") else { return };
    let known = [
        "description",
        "backend",
        "method",
        "exporters",
        "service_level_indicator",
        "goal",
        "error_budget_policy",
        "frequency",
    ];
    let Some(spec) = page.fields(spec, "an slo-generator spec", &known) else { return };
    let target = page.need(&spec, "goal", "goal: 0.999");
    let target = target.and_then(|it| page.scalar(it, "`goal`"));
    let target = target.and_then(|it| share(&mut page, it));
    let policy = page.maybe(&spec, "error_budget_policy");
    let Some(name) = name else { return };
    let (service, slo) = names(&metadata, name);
    let Some(subject) = importing.subject(file, service, Text { text: &slo, span: name.span })
    else {
        return;
    };
    let labels = labels(importing, &subject, &metadata);
    importing.lose_field(
        &subject,
        &spec,
        "description",
        "an SLO of nines has no description",
        "keep it as a comment",
    );
    let why = "nines serves its numbers as metrics and by its API";
    importing.lose_field(
        &subject,
        &spec,
        "exporters",
        why,
        "scrape `/metrics`, or read `/api/nines/v1/slos`",
    );
    importing.lose_field(
        &subject,
        &spec,
        "frequency",
        "nines counts what comes when it comes",
        "nothing is needed",
    );
    if !speaks_promql(importing, file, &spec, classes) {
        return;
    }
    let kind = sli(importing, &subject, &spec);
    let policy_name = policy.map_or("default", |it| it.text);
    let (window, alerting) = match policies.get(policy_name) {
        Some(it) => {
            let why = "a step of an error budget policy has one window";
            let instead =
                "a pair also needs a twelfth of it, so that the alert ends when the burn does";
            if !it.pairs.is_empty() {
                importing.lose(&subject, subject.at, "steps with one window", why, instead);
            }
            let (mode, guard, pairs) = (AlertMode::Safe, Guard::Tail, it.pairs.clone());
            (it.window, Alerting { mode, guard, pairs, escalation: None })
        }
        None => {
            let what = format!("the error budget policy `{policy_name}`");
            let why = "the shared configuration was not given";
            let instead = "name it beside the SLOs; now the `scaled` preset over 28d holds";
            importing.lose(&subject, subject.at, &what, why, instead);
            let window = Window::Rolling(WINDOW_DEFAULT);
            (WINDOW_DEFAULT, Alerting::preset(Preset::Scaled, &window, None))
        }
    };
    if let (Some(kind), Some(target)) = (kind, target) {
        importing.add(&subject, kind, labels, vec![goal(target, window, alerting)]);
    }
}

/// Its labels say what it is about, else its name does.
fn names<'n>(metadata: &Fields<'n>, name: Text<'n>) -> (Text<'n>, String) {
    let label = |it| text_of(field(metadata.get("labels")?, it));
    match (label("service_name"), label("feature_name"), label("slo_name")) {
        (Some(service), Some(feature), Some(slo)) => {
            (Text { text: service, ..name }, format!("{feature}-{slo}"))
        }
        (Some(service), None, Some(slo)) => (Text { text: service, ..name }, slo.to_owned()),
        _ => match name.text.split_once('-') {
            Some((service, slo)) => (Text { text: service, ..name }, slo.to_owned()),
            None => (name, "objective".to_owned()),
        },
    }
}

fn labels(importing: &mut Importing<'_, '_>, subject: &Subject, metadata: &Fields<'_>) -> Labels {
    let labels = importing.labels(subject, metadata, Labels::empty());
    labels.filtered(|it| !matches!(it, "service_name" | "feature_name" | "slo_name"))
}

fn speaks_promql(
    importing: &mut Importing<'_, '_>,
    file: usize,
    spec: &Fields<'_>,
    classes: &BTreeMap<String, String>,
) -> bool {
    let mut page = importing.page(file);
    let Some(node) = page.need(spec, "backend", "backend: prometheus") else { return false };
    let Some(backend) = page.scalar(node, "`backend`") else { return false };
    let class = classes.get(backend.text).map_or(backend.text, String::as_str);
    let class = class.split('/').next().unwrap_or(class);
    if class.eq_ignore_ascii_case("prometheus") {
        return true;
    }
    let (what, at) = (format!("backend `{}`", backend.text), backend.span);
    let help = "only backends that speak PromQL can be read";
    page.report(&Mistake::Unsupported { what, help, at });
    false
}

fn sli(importing: &mut Importing<'_, '_>, subject: &Subject, spec: &Fields<'_>) -> Option<SliKind> {
    #[derive(Clone, Copy)]
    enum Way {
        Ratio,
        Query,
        Cut,
    }
    let mut page = importing.page(subject.file);
    let ways =
        [("good_bad_ratio", Way::Ratio), ("query_sli", Way::Query), ("distribution_cut", Way::Cut)];
    let way = page.need(spec, "method", "method: good_bad_ratio");
    let way = way.and_then(|it| page.word(it, "`method`", &ways));
    let node = page.need(
        spec,
        "service_level_indicator",
        "service_level_indicator: {filter_good: ..., filter_valid: ...}",
    )?;
    let known = [
        "filter_good",
        "filter_bad",
        "filter_valid",
        "operators",
        "expression",
        "threshold_bucket",
    ];
    let fields = page.fields(node, "an indicator", &known)?;
    match way? {
        Way::Ratio => {
            let good = page.need(
                &fields,
                "filter_good",
                "filter_good: http_requests_total{code=~\"2..\"}[window]",
            );
            let good = good.and_then(|it| page.scalar(it, "`filter_good`"));
            let (bad, valid) =
                (page.maybe(&fields, "filter_bad"), page.maybe(&fields, "filter_valid"));
            if bad.is_none() && valid.is_none() {
                page.need(&fields, "filter_valid", "filter_valid: http_requests_total[window]");
            }
            let good = good?;
            importing.lose_field(
                subject,
                &fields,
                "operators",
                "nines counts increases and sums them",
                "nothing is needed",
            );
            // The tool prefers `filter_bad` where both are given.
            match (bad, valid) {
                (Some(bad), _) => {
                    let counter = |importing: &mut Importing<'_, '_>, it: Text<'_>| {
                        importing.page(subject.file).foreign_query(it)
                    };
                    let (good, bad) = (counter(importing, good), counter(importing, bad));
                    let (good, bad) = (vec![good?], vec![bad?]);
                    Some(SliKind::Counter(CounterSli { good, bad, total: Vec::new(), scale: 0 }))
                }
                (None, Some(valid)) => importing.ratio(subject, Role::Good, good, valid),
                (None, None) => None,
            }
        }
        Way::Query => {
            let query = page.need(
                &fields,
                "expression",
                "expression: sum(rate(good_total[window])) / sum(rate(all_total[window]))",
            );
            let query = query.and_then(|it| page.scalar(it, "`expression`"))?;
            let text = query.text.replace("[window", "[$slice");
            if let Some([good, total]) =
                split_top(text.trim(), '/').and_then(|it| <[&str; 2]>::try_from(it).ok())
                && reduced(good).is_some()
                && reduced(total).is_some()
            {
                let place = |text| Text { text, span: query.span };
                return importing.ratio(subject, Role::Good, place(good), place(total));
            }
            let Ok(ratio) = with_slice(&text) else {
                page.foreign_query(query);
                return None;
            };
            let why = "it is a ratio that is made elsewhere";
            let instead = "it is evaluated once per minute, and every minute weighs the same";
            importing.lose(subject, query.span, "the weight of events", why, instead);
            Some(SliKind::Promql(PromqlSli { queries: PromqlQueries::Ratio(ratio), width: WIDTH }))
        }
        Way::Cut => {
            let query = page.need(
                &fields,
                "expression",
                "expression: http_request_duration_seconds_bucket",
            );
            let query = query.and_then(|it| page.scalar(it, "`expression`"));
            let bound = page.need(&fields, "threshold_bucket", "threshold_bucket: 0.25");
            let bound = bound.and_then(|it| page.scalar(it, "`threshold_bucket`"));
            let (query, bound) = (query?, bound?);
            let below = bound.text.parse::<f64>().ok().filter(|it| it.is_finite() && *it > 0.0);
            let Some(below) = below else {
                let problem = format!("`{}` is not a bound of buckets", bound.text);
                let help = "write a number, e.g. `0.25`";
                page.report(&Mistake::BadHistogram { problem, help, at: bound.span });
                return None;
            };
            cut(&mut page, query, below)
        }
    }
}

fn cut(page: &mut Page<'_, '_>, query: Text<'_>, below: f64) -> Option<SliKind> {
    let bare = query.text.trim().trim_end_matches("[window]");
    let Ok(matchers) = parse_selector(bare) else {
        page.foreign_query(query);
        return None;
    };
    let selector = Selector { text: bare.to_owned(), matchers };
    let name =
        selector.matchers.iter().find(|it| it.name() == METRIC_NAME && it.op() == MatchOp::Equal);
    let Some(metric) = name.and_then(|it| it.value().strip_suffix("_bucket")) else {
        let problem = "`expression` names no buckets".to_owned();
        let help = "name the metric that ends in `_bucket`";
        page.report(&Mistake::BadHistogram { problem, help, at: query.span });
        return None;
    };
    let metric = metric.to_owned();
    let others = |it: &nines_base::Matcher| !matches!(it.name(), METRIC_NAME | "le");
    let matchers = selector.matchers.iter().filter(|it| others(it)).cloned().collect();
    Some(SliKind::Histogram(HistogramSli { metric, matchers, below }))
}
