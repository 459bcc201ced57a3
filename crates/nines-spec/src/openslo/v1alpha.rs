//! The first version: a threshold metric of the whole SLO, or a ratio in each objective.

use nines_slo::{Target, TargetOp};

use super::indicator::Measure;
use super::objective::{Budgeting, Written};
use super::slo::Draft;
use super::window::{Shorthand, Unit};
use super::{Version, broken, metadata, nearly, objective, unsupported, window};
use crate::draft::Page;
use crate::fields::{Fields, Text};
use crate::kinds::slo::WINDOW_DEFAULT;
use crate::mistake::Mistake;
use crate::node::Node;

/// The most objectives of one SLO.
const OBJECTIVES_MAX: usize = 16;

pub(super) fn read(page: &mut Page<'_, '_>, fields: &Fields<'_>) {
    let metadata = metadata::read(page, fields, Version::V1alpha, "metadata: {name: availability}");
    let Some(spec) = page.need(fields, "spec", "spec: {service: shop, ...}") else { return };
    let known =
        ["description", "service", "indicator", "timeWindows", "budgetingMethod", "objectives"];
    let Some(spec) = page.fields(spec, "an OpenSLO SLO", &known) else { return };
    metadata::check_description(page, &spec);
    let service = page.need(&spec, "service", "service: shop");
    let service = service.and_then(|it| page.name(it, "`service`"));
    let budgeting = objective::budgeting(page, &spec, Version::V1alpha);
    let window = window_of(page, &spec);
    let shared = spec.get("indicator").map(|it| threshold_metric(page, it));
    let nodes = page.need(
        &spec,
        "objectives",
        "objectives: [{target: 0.999, value: 1, ratioMetrics: ...}]",
    );
    let nodes = nodes.and_then(|it| page.list(it, "`objectives`")).unwrap_or_default();
    page.check_length(nodes.len(), 1, OBJECTIVES_MAX, "`objectives`", spec.key("objectives"));
    let has_ratios = nodes.iter().any(|it| super::field_of(it, "ratioMetrics").is_some());
    match (spec.get("indicator"), has_ratios) {
        (Some(_), true) => {
            let (owner, one, other) = ("an SLO", "ratioMetrics", "indicator");
            let at = spec.key("indicator");
            page.report(&Mistake::Conflict { owner, one, other, at });
        }
        (None, false) => {
            let help = "add `ratioMetrics` to the objectives, or one `indicator`";
            broken(page, "nothing is measured", help, spec.at);
        }
        _ => {}
    }
    let read: Vec<_> = nodes.iter().filter_map(|it| one(page, it, budgeting)).collect();
    let (Some(name), Some(service)) = (metadata.and_then(|it| it.name), service) else { return };
    let draft = Draft {
        service: service.text.to_owned(),
        name,
        labels: nines_base::Labels::empty(),
        budgeting: budgeting.unwrap_or(Budgeting::Occurrences),
        window: window.unwrap_or(nines_slo::Window::Rolling(WINDOW_DEFAULT)),
        alerts: None,
        at: fields.at,
    };
    let own = read.iter().find_map(|(_, it)| it.clone());
    let Some(measure) = shared.flatten().or(own) else { return };
    let (same, others): (Vec<_>, Vec<_>) =
        read.iter().partition(|(_, it)| it.as_ref().is_none_or(|it| *it == measure));
    for (written, _) in others {
        let help = "write an SLO for each indicator";
        unsupported(page, "an objective with other metrics than the first", help, written.at);
    }
    let objectives: Vec<Written> = same.into_iter().map(|(it, _)| it.clone()).collect();
    draft.simple(page, &measure, &objectives);
}

fn one(
    page: &mut Page<'_, '_>,
    node: &Node,
    budgeting: Option<Budgeting>,
) -> Option<(Written, Option<Measure>)> {
    let known = ["displayName", "value", "op", "target", "ratioMetrics", "timeSliceTarget"];
    let fields = page.fields(node, "an objective", &known)?;
    let measure = fields.get("ratioMetrics").map(|it| ratio(page, it));
    let display_name = page.maybe(&fields, "displayName").map(|it| it.text.to_owned());
    let target = page.need(&fields, "target", "target: 0.999");
    let target = target.and_then(|it| page.scalar(it, "`target`"));
    let at = target.map_or(fields.at, |it| it.span);
    let target = target.and_then(|it| objective::exact(page, it, 9));
    let value = page.need(&fields, "value", "value: 1");
    let value = value.and_then(|it| objective::number(page, it, "`value`"));
    let op = if measure.is_some() {
        if fields.get("op").is_some() {
            let help = "remove `op`: a ratio is compared with the target alone";
            broken(page, "`op` beside a ratio metric", help, fields.key("op"));
        }
        None
    } else {
        let ops = [
            ("lt", TargetOp::Below),
            ("lte", TargetOp::AtMost),
            ("gt", TargetOp::Above),
            ("gte", TargetOp::AtLeast),
        ];
        let node = page.need(&fields, "op", "op: lte");
        node.and_then(|it| page.word(it, "`op`", &ops))
    };
    let threshold = op.zip(value).map(|(op, value)| Target { op, value });
    let slice_target = slice_target(page, &fields, budgeting);
    let written = Written {
        display_name,
        target,
        at,
        threshold,
        slice_target: slice_target.filter(|_| measure.is_some()),
        width: None,
        part: None,
    };
    Some((written, measure.flatten()))
}

fn slice_target(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    budgeting: Option<Budgeting>,
) -> Option<nines_slo::Objective> {
    if budgeting != Some(Budgeting::Timeslices) {
        return None;
    }
    let node = page.need(fields, "timeSliceTarget", "timeSliceTarget: 0.95")?;
    let text = page.scalar(node, "`timeSliceTarget`")?;
    objective::exact(page, text, 9)
}

fn threshold_metric(page: &mut Page<'_, '_>, node: &Node) -> Option<Measure> {
    let fields = page.fields(node, "an indicator", &["thresholdMetric"])?;
    let node = page.need(
        &fields,
        "thresholdMetric",
        "thresholdMetric: {source: prometheus, queryType: promql, query: ...}",
    )?;
    let query = query(page, node, "a threshold metric")?;
    super::indicator::value(page, query)
}

fn ratio(page: &mut Page<'_, '_>, node: &Node) -> Option<Measure> {
    let fields = page.fields(node, "ratio metrics", &["good", "total", "incremental"])?;
    let is_counter = page.boolean(&fields, "incremental").unwrap_or(true);
    let [good, total] = [("good", "good: {query: ...}"), ("total", "total: {query: ...}")].map(
        |(role, example)| {
            let node = page.need(&fields, role, example)?;
            query(page, node, role)
        },
    );
    let (good, total) = (good?, total?);
    if !is_counter {
        let how = "every slice weighs the same, whatever happens in it; counters with `incremental: true` are exact";
        nearly(page, "a ratio of gauges", how, fields.key("incremental"));
        let good = super::indicator::of_slice(page, good)?;
        let total = super::indicator::of_slice(page, total)?;
        return Some(Measure::Ratio(format!("({good}) / ({total})")));
    }
    super::indicator::counters(page, "good", good, total)
}

fn query<'n>(page: &mut Page<'_, '_>, node: &'n Node, owner: &'static str) -> Option<Text<'n>> {
    let fields = page.fields(node, owner, &["source", "queryType", "query"])?;
    let source = page.need(&fields, "source", "source: prometheus");
    let query_type = page.need(&fields, "queryType", "queryType: promql");
    for (node, what) in [(source, "`source`"), (query_type, "`queryType`")] {
        let Some(text) = node.and_then(|it| page.scalar(it, what)) else { continue };
        if !text.text.chars().all(|it| it.is_ascii_alphabetic()) || text.text.is_empty() {
            let help = "write letters alone, e.g. `prometheus`";
            broken(page, format!("`{}` is not a word", text.text), help, text.span);
        } else if what == "`source`" && !super::indicator::is_promql(text.text) {
            let what = format!("metric source `{}`", text.text);
            unsupported(page, &what, "only sources that answer PromQL can be read", text.span);
            return None;
        }
    }
    let node = page.need(&fields, "query", "query: http_requests_total")?;
    page.scalar(node, "`query`")
}

fn window_of(page: &mut Page<'_, '_>, spec: &Fields<'_>) -> Option<nines_slo::Window> {
    let node =
        page.need(spec, "timeWindows", "timeWindows: [{unit: Day, count: 28, isRolling: true}]")?;
    let items = page.list(node, "`timeWindows`")?;
    page.check_length(items.len(), 1, 1, "`timeWindows`", spec.key("timeWindows"));
    let known = ["unit", "count", "isRolling", "calendar"];
    let fields = page.fields(items.first()?, "a time window", &known)?;
    let units = [
        ("Second", Unit::Second),
        ("Day", Unit::Day),
        ("Week", Unit::Week),
        ("Month", Unit::Month),
        ("Quarter", Unit::Quarter),
    ];
    let unit = page.need(&fields, "unit", "unit: Day");
    let unit = unit.and_then(|it| page.word(it, "`unit`", &units));
    page.need(&fields, "count", "count: 28");
    let number = page.whole_number(&fields, "count", 1, u32::MAX);
    let start = window::kind(page, &fields)?;
    let at = fields.key("count");
    window::of(page, Shorthand { number: number?, unit: unit? }, start, at)
}
