//! What several importers need: objectives from numbers, labels, counters from queries, losses with places.

use jiff::SignedDuration;
use nines_base::{Labels, Matcher, Origin};
use nines_slo::{
    Alerting, BurnFactor, CounterSli, Goal, HistogramSli, Method, Objective, PromqlQueries,
    PromqlSli, Selector, Sli, SliKind, Slo, SloName, Window,
};

use super::Importing;
use crate::draft::Page;
use crate::fields::{Fields, Text};
use crate::finding::Span;
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::query::{per_slice, reduced};
use crate::values::{decimal, is_label_name, is_name, names_metric};

/// The slices of SLIs that are queries.
pub(super) const WIDTH: SignedDuration = SignedDuration::from_mins(1);

/// A percentage without its sign, or with: `99.9`. Exact.
pub(super) fn percentage(page: &mut Page<'_, '_>, text: Text<'_>) -> Option<Objective> {
    objective(page, text, 7, "0 and 100, e.g. `99.9`")
}

/// A share: `0.999`. Exact.
pub(super) fn share(page: &mut Page<'_, '_>, text: Text<'_>) -> Option<Objective> {
    objective(page, text, 9, "0 and 1, e.g. `0.999`")
}

fn objective(
    page: &mut Page<'_, '_>,
    text: Text<'_>,
    digits: usize,
    range: &str,
) -> Option<Objective> {
    let written = text.text.trim_end_matches('%').trim_end();
    let billionths = decimal(written, digits).filter(|it| (1..Objective::SCALE).contains(it));
    let objective = billionths
        .and_then(|it| format!("{}.{:07}%", it / 10_000_000, it % 10_000_000).parse().ok());
    if objective.is_none() {
        let problem = format!("`{}` is not a target between {range}", text.text);
        let label = "here".to_owned();
        page.report(&Mistake::BadObjective { problem, label, at: text.span });
    }
    objective
}

/// A factor, rounded to a billionth.
pub(super) fn factor(
    share_billionths: u64,
    window: SignedDuration,
    long: SignedDuration,
) -> Option<BurnFactor> {
    let long_ms = long.as_millis();
    if long_ms <= 0 {
        return None;
    }
    let product = i128::from(share_billionths) * window.as_millis();
    u64::try_from((product + long_ms / 2) / long_ms).ok().map(BurnFactor)
}

/// One definition while it is read.
pub(super) struct Subject {
    pub(super) file: usize,
    pub(super) name: SloName,
    pub(super) at: Span,
}

impl Importing<'_, '_> {
    pub(super) fn lose(
        &mut self,
        subject: &Subject,
        at: Span,
        what: &str,
        why: &str,
        instead: &str,
    ) {
        let origin = self.page(subject.file).origin(at);
        self.losses.add(&subject.name.to_string(), &origin, what, why, instead);
    }

    /// A thing of a whole file.
    pub(super) fn lose_in_file(
        &mut self,
        file: usize,
        at: Span,
        what: &str,
        why: &str,
        instead: &str,
    ) {
        let origin = self.page(file).origin(at);
        self.losses.add("", &origin, what, why, instead);
    }

    /// The name, made to fit; nothing when another SLO has it already.
    pub(super) fn subject(
        &mut self,
        file: usize,
        service: Text<'_>,
        slo: Text<'_>,
    ) -> Option<Subject> {
        let fit = |it: &str| -> String {
            let fits = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
            it.trim().chars().map(|it| if fits(it) { it } else { '-' }).take(63).collect()
        };
        let (service_name, slo_name) = (fit(service.text), fit(slo.text));
        if !is_name(&service_name) || !is_name(&slo_name) {
            let rule = "1 to 63 letters, digits, `-`, `_` or `.`";
            let (name, at) = if is_name(&service_name) {
                (slo.text, slo.span)
            } else {
                (service.text, service.span)
            };
            let name = name.to_owned();
            self.page(file).report(&Mistake::BadName { name, rule, at });
            return None;
        }
        let renamed = service_name != service.text || slo_name != slo.text;
        let name = SloName { service: service_name, slo: slo_name };
        let full_name = name.to_string();
        if !self.page(file).define(crate::draft::Noun::Slo, &full_name, slo.span) {
            return None;
        }
        let subject = Subject { file, name, at: slo.span };
        if renamed {
            let what = format!("the name `{}/{}`", service.text, slo.text);
            let why = "names have letters, digits, `-`, `_` and `.`";
            self.lose(&subject, slo.span, &what, why, &format!("it is `{full_name}`"));
        }
        Some(subject)
    }

    /// Labels of Kubernetes and of rules; those that rules use themselves are ours already.
    pub(super) fn labels(
        &mut self,
        subject: &Subject,
        fields: &Fields<'_>,
        labels: Labels,
    ) -> Labels {
        let Some(node) = fields.get("labels") else { return labels };
        let Value::Map(entries) = &node.value else {
            self.page(subject.file).wrong_type(
                "`labels`",
                "a mapping",
                node,
                "write `{team: shop}`",
            );
            return labels;
        };
        let mut labels = labels;
        for (key, value) in entries {
            let what = format!("label `{}`", key.text);
            let Some(text) = self.page(subject.file).scalar(value, &what) else { continue };
            if is_label_name(&key.text) {
                labels = labels.with(&key.text, text.text);
            } else {
                let why = "it is not a label name of Prometheus";
                self.lose(subject, key.span, &what, why, "name it with letters, digits and `_`");
            }
        }
        labels
    }

    /// Everything under `field` is lost.
    pub(super) fn lose_field(
        &mut self,
        subject: &Subject,
        fields: &Fields<'_>,
        field: &str,
        why: &str,
        instead: &str,
    ) {
        if let Some(node) = fields.get(field)
            && !matches!(&node.value, Value::Map(it) if it.is_empty())
        {
            let at = fields.key(field);
            self.lose(subject, at, &format!("`{field}`"), why, instead);
        }
    }

    pub(super) fn add(
        &mut self,
        subject: &Subject,
        kind: SliKind,
        labels: Labels,
        goals: Vec<Goal>,
    ) {
        if goals.is_empty() {
            return;
        }
        let origin: Origin = self.page(subject.file).origin(subject.at);
        self.slos.push(Slo {
            name: subject.name.clone(),
            owner: None,
            runbook: None,
            labels,
            sli: Sli::from(kind),
            method: Method::Occurrences,
            goals,
            grouping: None,
            origin,
        });
    }

    /// Exact where both queries are sums of counters, else counted per slice.
    pub(super) fn ratio(
        &mut self,
        subject: &Subject,
        role: Role,
        part: Text<'_>,
        total: Text<'_>,
    ) -> Option<SliKind> {
        if let Some(kind) = of_counters(role, part.text, total.text) {
            return Some(kind);
        }
        if role == Role::Bad
            && let Some(kind) = below(part.text, total.text)
        {
            return Some(kind);
        }
        for it in [part, total] {
            if counters(it.text).is_none() && per_slice(it.text).is_none() {
                self.page(subject.file).foreign_query(it);
                return None;
            }
        }
        let query =
            |it: &str| per_slice(it).unwrap_or_else(|| format!("sum(increase({it}[$slice]))"));
        let (part_query, total) = (query(part.text), query(total.text));
        let why = "it is no sum of counters";
        let instead =
            "it is evaluated once per minute as PromQL, and events are rounded to whole ones";
        self.lose(subject, part.span, "exact counting", why, instead);
        let good = match role {
            Role::Good => part_query,
            Role::Bad => format!("({total}) - ({part_query})"),
        };
        Some(SliKind::Promql(PromqlSli {
            queries: PromqlQueries::Events { good, total },
            width: WIDTH,
        }))
    }
}

/// What a part of all events is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Good,
    Bad,
}

/// `sum(rate(a[5m])) + sum(rate(b[5m]))` counts what `a` and `b` count.
fn counters(query: &str) -> Option<Vec<Selector>> {
    let parts = split_top(query.trim(), '+')?;
    let selectors: Option<Vec<Selector>> = parts
        .into_iter()
        .map(|it| reduced(it).map(|(_, it)| it).filter(|it| names_metric(&it.matchers)))
        .collect();
    selectors.filter(|it| !it.is_empty())
}

fn of_counters(role: Role, part: &str, total: &str) -> Option<SliKind> {
    let (part, total) = (counters(part)?, counters(total)?);
    let (good, bad) = if role == Role::Good { (part, Vec::new()) } else { (Vec::new(), part) };
    Some(SliKind::Counter(CounterSli { good, bad, total, scale: 0 }))
}

/// `count - bucket` of one histogram, of all of it: what lies above the bucket's bound.
fn below(bad: &str, total: &str) -> Option<SliKind> {
    let bad = strip_brackets(bad.trim());
    let [all, bucket] = split_top(bad, '-')?.try_into().ok()?;
    let (_, all) = reduced(all)?;
    let (_, bucket) = reduced(bucket)?;
    let (_, total) = reduced(total)?;
    (all.matchers == total.matchers).then_some(())?;
    histogram(&bucket, &all)
}

/// The histogram of which these are a bucket and the count.
pub(super) fn histogram(bucket: &Selector, count: &Selector) -> Option<SliKind> {
    use nines_base::{METRIC_NAME, MatchOp};
    let name_of = |it: &Selector| {
        let name =
            it.matchers.iter().find(|it| it.name() == METRIC_NAME && it.op() == MatchOp::Equal);
        name.map(|it| it.value().to_owned())
    };
    let metric = name_of(bucket)?.strip_suffix("_bucket")?.to_owned();
    (name_of(count)? == format!("{metric}_count")).then_some(())?;
    let le = bucket.matchers.iter().find(|it| it.name() == "le" && it.op() == MatchOp::Equal)?;
    let below: f64 = le.value().parse().ok().filter(|it: &f64| it.is_finite() && *it > 0.0)?;
    let others = |it: &Selector| {
        let mut matchers: Vec<Matcher> = it
            .matchers
            .iter()
            .filter(|it| !matches!(it.name(), "le" | METRIC_NAME))
            .cloned()
            .collect();
        matchers
            .sort_by(|one, other| (one.name(), one.value()).cmp(&(other.name(), other.value())));
        matchers
    };
    (others(bucket) == others(count)).then_some(())?;
    let matchers = count.matchers.iter().filter(|it| it.name() != METRIC_NAME).cloned().collect();
    Some(SliKind::Histogram(HistogramSli { metric, matchers, below }))
}

fn strip_brackets(text: &str) -> &str {
    match text.strip_prefix('(').and_then(|it| it.strip_suffix(')')) {
        // Only if they belong together.
        Some(inner) if split_top(inner, '\0').is_some() => inner.trim(),
        _ => text,
    }
}

/// The parts of a query around a sign that stands in no brackets and no quotes.
pub(super) fn split_top(text: &str, sign: char) -> Option<Vec<&str>> {
    let (mut parts, mut depth, mut quote, mut start) = (Vec::new(), 0_i32, None, 0);
    for (at, it) in text.char_indices() {
        match (quote, it) {
            (None, '"' | '\'' | '`') => quote = Some(it),
            (Some(begun), _) if begun == it => quote = None,
            (Some(_), _) => {}
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => {
                depth -= 1;
                if depth < 0 {
                    return None;
                }
            }
            (None, it) if it == sign && depth == 0 => {
                parts.push(text.get(start..at)?.trim());
                start = at + it.len_utf8();
            }
            (None, _) => {}
        }
    }
    parts.push(text.get(start..)?.trim());
    (depth == 0 && quote.is_none()).then_some(parts)
}

/// One goal over one rolling window.
pub(super) fn goal(target: Objective, window: SignedDuration, alerting: Alerting) -> Goal {
    Goal::new(target, Window::Rolling(window), alerting)
}

/// A field of a mapping that is not read otherwise.
pub(super) fn field<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    match &node.value {
        Value::Map(entries) => {
            entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value)
        }
        _ => None,
    }
}

/// Its text, if it is one.
pub(super) fn text_of(node: Option<&Node>) -> Option<&str> {
    match &node?.value {
        Value::Text(it) | Value::Number(it) => Some(it),
        _ => None,
    }
}
