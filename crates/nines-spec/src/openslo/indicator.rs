//! Indicators: ratios and thresholds over sources that answer PromQL.

use jiff::SignedDuration;
use nines_slo::{
    CounterSli, GaugeBy, PromqlQueries, PromqlSli, Selector, SliKind, SliceValue, SlicesSli, Target,
};

use super::{Shared, Version, broken, elsewhere, metadata, nearly, referred, unsupported};
use crate::draft::{Noun, Page};
use crate::fields::{Fields, Text};
use crate::finding::Span;
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::query::{per_slice, reduced};
use crate::values::names_metric;

/// What an indicator measures, before it meets an objective.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Measure {
    /// Counters: exact.
    Counter(CounterSli),
    /// Good and all events of a slice.
    Events { good: String, total: String },
    /// The share of good events of a slice.
    Ratio(String),
    /// A value, good or bad by the objective.
    Value { query: String, selector: Option<Selector> },
}

impl Measure {
    pub(super) fn is_value(&self) -> bool {
        matches!(self, Self::Value { .. })
    }

    /// With slices of this length; values need a target.
    pub(super) fn kind(&self, width: SignedDuration, target: Option<Target>) -> Option<SliKind> {
        let promql = |queries| SliKind::Promql(PromqlSli { queries, width });
        Some(match self.clone() {
            Self::Counter(it) => SliKind::Counter(it),
            Self::Events { good, total } => promql(PromqlQueries::Events { good, total }),
            Self::Ratio(query) => promql(PromqlQueries::Ratio(query)),
            Self::Value { selector: Some(selector), .. } => {
                let value = SliceValue::Gauge { selector, by: GaugeBy::Average };
                SliKind::Slices(SlicesSli { value, target: target?, width })
            }
            Self::Value { query, selector: None } => {
                promql(PromqlQueries::Value { query, target: target? })
            }
        })
    }
}

/// Types of sources that answer PromQL.
const PROMQL_TYPES: [&str; 7] =
    ["prometheus", "thanos", "cortex", "mimir", "victoriametrics", "grafanamimir", "nines"];

pub(super) fn is_promql(source_type: &str) -> bool {
    let bare: String =
        source_type.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    PROMQL_TYPES.contains(&bare.as_str()) || bare.ends_with("prometheus")
}

/// A document of kind SLI: its own mistakes are found even if nobody refers to it.
pub(super) fn check(page: &mut Page<'_, '_>, fields: &Fields<'_>, version: Version) {
    metadata::read(page, fields, version, "metadata: {name: availability}");
    if let Some(node) = page.need(fields, "spec", "spec: {ratioMetric: {...}}") {
        spec(page, node, version);
    }
}

/// A document of kind DataSource.
pub(super) fn check_source(page: &mut Page<'_, '_>, fields: &Fields<'_>, version: Version) {
    metadata::read(page, fields, version, "metadata: {name: prometheus}");
    let Some(node) =
        page.need(fields, "spec", "spec: {type: Prometheus, connectionDetails: {url: ...}}")
    else {
        return;
    };
    source_spec(page, node);
    let what = "the connection of a DataSource".to_owned();
    let help = "nines reads its own store, or the `backend` of a document of kind Metrics";
    page.report(&Mistake::Ignored { what, help, at: fields.key("spec") });
}

/// The type of a data source.
fn source_spec<'n>(page: &mut Page<'_, '_>, node: &'n Node) -> Option<Text<'n>> {
    let known = ["description", "type", "connectionDetails"];
    let spec = page.fields(node, "a data source spec", &known)?;
    metadata::check_description(page, &spec);
    page.need(&spec, "connectionDetails", "connectionDetails: {url: 'http://prometheus:9090'}");
    let node = page.need(&spec, "type", "type: Prometheus")?;
    page.scalar(node, "`type`")
}

/// Inline or by name, not both; nothing when both are missing.
pub(super) fn read(
    page: &mut Page<'_, '_>,
    owner: &'static str,
    fields: &Fields<'_>,
    version: Version,
) -> Option<(Measure, String)> {
    let (inline, by_name) = keys(version);
    if let (Some(_), Some(_)) = (fields.get(inline), fields.get(by_name)) {
        let at = fields.key(by_name);
        page.report(&Mistake::Conflict { owner, one: inline, other: by_name, at });
        return None;
    }
    if let Some(name) = page.maybe(fields, by_name) {
        let what = format!("`{by_name}`");
        let Shared { file, version, spec: node } = referred(page, Noun::Indicator, &what, name)?;
        let measure = elsewhere(page, file, |page| spec(page, &node, version));
        return Some((measure?, name.text.to_owned()));
    }
    let node = fields.get(inline)?;
    let inline = page.fields(node, "an indicator", &["metadata", "spec"])?;
    let name = metadata::read(page, &inline, version, "metadata: {name: availability}");
    let node = page.need(&inline, "spec", "spec: {ratioMetric: {...}}")?;
    let measure = spec(page, node, version)?;
    Some((measure, name?.name?.text))
}

/// How the two ways are called.
pub(super) fn keys(version: Version) -> (&'static str, &'static str) {
    match version {
        Version::V1 | Version::V1alpha => ("indicator", "indicatorRef"),
        Version::V2alpha => ("sli", "sliRef"),
    }
}

fn spec(page: &mut Page<'_, '_>, node: &Node, version: Version) -> Option<Measure> {
    let known = ["description", "ratioMetric", "thresholdMetric"];
    let fields = page.fields(node, "an indicator spec", &known)?;
    metadata::check_description(page, &fields);
    match (fields.get("ratioMetric"), fields.get("thresholdMetric")) {
        (Some(_), Some(_)) => {
            let (owner, one, other) = ("an indicator", "ratioMetric", "thresholdMetric");
            let at = fields.key("thresholdMetric");
            page.report(&Mistake::Conflict { owner, one, other, at });
            None
        }
        (Some(node), None) => ratio(page, node, fields.key("ratioMetric"), version),
        (None, Some(node)) => {
            let query = source(page, node, "a threshold metric", version)?;
            value(page, query)
        }
        (None, None) => {
            page.need(
                &fields,
                "ratioMetric",
                "ratioMetric: {counter: true, good: ..., total: ...}",
            );
            None
        }
    }
}

fn ratio(page: &mut Page<'_, '_>, node: &Node, at: Span, version: Version) -> Option<Measure> {
    let known = ["counter", "good", "bad", "total", "raw", "rawType"];
    let fields = page.fields(node, "a ratio metric", &known)?;
    let is_counter = page.boolean(&fields, "counter");
    let conflict = |page: &mut Page<'_, '_>, one: &'static str, other: &'static str| {
        if let (Some(_), Some(_)) = (fields.get(one), fields.get(other)) {
            let (owner, at) = ("a ratio metric", fields.key(other));
            page.report(&Mistake::Conflict { owner, one, other, at });
            return true;
        }
        false
    };
    let pairs = [("total", "raw"), ("good", "raw"), ("bad", "raw"), ("good", "bad")];
    let mut is_wrong = false;
    for (one, other) in pairs {
        is_wrong |= conflict(page, one, other);
    }
    if let Some(node) = fields.get("raw") {
        let kinds = [("success", true), ("failure", false)];
        let kind = page.need(&fields, "rawType", "rawType: success");
        let is_success = kind.and_then(|it| page.word(it, "`rawType`", &kinds));
        let query = source(page, node, "a raw metric", version)?;
        let query = of_slice(page, query)?;
        return Some(Measure::Ratio(if is_success? { query } else { format!("1 - ({query})") }));
    }
    if let Some(node) = fields.get("rawType") {
        let (what, help) = ("`rawType`".to_owned(), "it says what `raw` is, and there is none");
        page.report(&Mistake::Ignored { what, help, at: node.span });
    }
    let total = page.need(&fields, "total", "total: {metricSource: {spec: {query: ...}}}");
    let (role, part) = match (fields.get("good"), fields.get("bad")) {
        (Some(it), _) => ("good", it),
        (None, Some(it)) => ("bad", it),
        (None, None) => {
            let help = "add `good` or `bad` beside `total`";
            broken(page, "a ratio metric has no part of its total", help, at);
            return None;
        }
    };
    let part = source(page, part, role, version);
    let total = total.and_then(|it| source(page, it, "total", version));
    let (part, total) = (part?, total?);
    if is_wrong {
        return None;
    }
    if is_counter == Some(false) {
        let how = "every slice weighs the same, whatever happens in it; counters with `counter: true` are exact";
        nearly(page, "a ratio of gauges", how, fields.key("counter"));
        let (part, total) = (of_slice(page, part)?, of_slice(page, total)?);
        let share = format!("({part}) / ({total})");
        return Some(Measure::Ratio(if role == "good" { share } else { format!("1 - {share}") }));
    }
    counters(page, role, part, total)
}

/// Exact where both are counters, else the increase of every slice.
pub(super) fn counters(
    page: &mut Page<'_, '_>,
    role: &str,
    part: Text<'_>,
    total: Text<'_>,
) -> Option<Measure> {
    let plain = |it: Text<'_>| {
        let (_, selector) = reduced(it.text)?;
        names_metric(&selector.matchers).then_some(selector)
    };
    if let (Some(part), Some(all)) = (plain(part), plain(total)) {
        let (good, bad) =
            if role == "good" { (vec![part], Vec::new()) } else { (Vec::new(), vec![part]) };
        return Some(Measure::Counter(CounterSli { good, bad, total: vec![all], scale: 0 }));
    }
    // A query that is wrong, or that names no metric, is a mistake of its own.
    for it in [part, total] {
        if plain(it).is_none() && per_slice(it.text).is_none() {
            page.foreign_query(it);
            return None;
        }
    }
    let (part, total) = (per_slice(part.text)?, per_slice(total.text)?);
    let good = if role == "good" { part } else { format!("({total}) - ({part})") };
    Some(Measure::Events { good, total })
}

pub(super) fn value(page: &mut Page<'_, '_>, query: Text<'_>) -> Option<Measure> {
    let selector = nines_promql::parse_selector(query.text)
        .ok()
        .filter(|it| names_metric(it))
        .map(|matchers| Selector { text: query.text.to_owned(), matchers });
    let query = of_slice(page, query)?;
    Some(Measure::Value { query, selector })
}

/// A query that is evaluated once per slice; templates of other tools for a range become ours.
pub(super) fn of_slice(page: &mut Page<'_, '_>, query: Text<'_>) -> Option<String> {
    match crate::query::with_slice(query.text) {
        Ok(query) => Some(query),
        Err(error) => {
            let (problem, help) = crate::values::explain_query(&error);
            page.bad_part(query, problem, help);
            None
        }
    }
}

/// The query of a metric source.
fn source<'n>(
    page: &mut Page<'_, '_>,
    node: &'n Node,
    owner: &'static str,
    version: Version,
) -> Option<Text<'n>> {
    let spec = if version == Version::V2alpha {
        let known = ["dataSourceRef", "dataSourceSpec", "spec"];
        let fields = page.fields(node, owner, &known)?;
        let source_type = match (page.maybe(&fields, "dataSourceRef"), fields.get("dataSourceSpec"))
        {
            (Some(_), Some(_)) => {
                let (one, other) = ("dataSourceRef", "dataSourceSpec");
                let at = fields.key(other);
                page.report(&Mistake::Conflict { owner, one, other, at });
                None
            }
            (Some(name), None) => type_of(page, "`dataSourceRef`", name),
            (None, Some(node)) => source_spec(page, node).map(|it| (it.text.to_owned(), it.span)),
            (None, None) => {
                page.need(&fields, "dataSourceRef", "dataSourceRef: prometheus");
                None
            }
        };
        check_type(page, source_type)?;
        page.need(&fields, "spec", "spec: {query: ...}")?
    } else {
        let fields = page.fields(node, owner, &["metricSource"])?;
        let node = page.need(
            &fields,
            "metricSource",
            "metricSource: {type: Prometheus, spec: {query: ...}}",
        )?;
        let known = ["metricSourceRef", "type", "spec"];
        let fields = page.fields(node, "a metric source", &known)?;
        let written = page.maybe(&fields, "type").map(|it| (it.text.to_owned(), it.span));
        let by_name = page.maybe(&fields, "metricSourceRef");
        let source_type = match (written, by_name) {
            (Some(it), Some(name)) => {
                metadata::check_dns_label(page, name);
                Some(it)
            }
            (Some(it), None) => Some(it),
            (None, Some(name)) => type_of(page, "`metricSourceRef`", name),
            // The specification knows a default source; ours is PromQL.
            (None, None) => None,
        };
        check_type(page, source_type)?;
        page.need(&fields, "spec", "spec: {query: ...}")?
    };
    let fields = page.fields(spec, "a metric source spec", &["query", "promql"])?;
    if let Some(node) = fields.get("promql") {
        return page.scalar(node, "`promql`");
    }
    let node = page.need(&fields, "query", "query: http_requests_total")?;
    page.scalar(node, "`query`")
}

/// The type of the data source of this name; one that no file defines is taken to be of Prometheus.
fn type_of(page: &mut Page<'_, '_>, what: &str, name: Text<'_>) -> Option<(String, Span)> {
    metadata::check_dns_label(page, name)?;
    let key = (Noun::DataSource, name.text.to_owned());
    let Some(shared) = page.draft.shared.get(&key).cloned() else {
        let how =
            format!("no DataSource `{}` is defined, so its queries are read as PromQL", name.text);
        nearly(page, what, how, name.span);
        return None;
    };
    let Value::Map(entries) = &shared.spec.value else { return None };
    let (_, node) = entries.iter().find(|(key, _)| key.text == "type")?;
    match &node.value {
        // The place of the reference: there something must change.
        Value::Text(text) => Some((text.clone(), name.span)),
        _ => None,
    }
}

fn check_type(page: &mut Page<'_, '_>, source_type: Option<(String, Span)>) -> Option<()> {
    let Some((text, at)) = source_type else { return Some(()) };
    if is_promql(&text) {
        return Some(());
    }
    let what = format!("metric source `{text}`");
    unsupported(page, &what, "only sources that answer PromQL can be read", at);
    None
}
