//! Objectives: targets, slices, thresholds.

use jiff::SignedDuration;
use nines_slo::{Decimal, Method, Objective, Target, TargetOp};

use super::indicator::Measure;
use super::{Version, broken, indicator, unsupported, window};
use crate::draft::Page;
use crate::fields::{Fields, Text};
use crate::finding::Span;
use crate::mistake::Mistake;
use crate::node::Node;
use crate::values::decimal;

/// Slices of SLIs that have no length of their own in the file.
pub(super) const WIDTH_DEFAULT: SignedDuration = SignedDuration::from_mins(1);

/// How budgets are spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Budgeting {
    Occurrences,
    Timeslices,
    RatioTimeslices,
}

/// One objective as it was written.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) display_name: Option<String>,
    /// Nothing when it is wrong.
    pub(super) target: Option<Objective>,
    pub(super) at: Span,
    /// For measures that are values.
    pub(super) threshold: Option<Target>,
    pub(super) slice_target: Option<Objective>,
    pub(super) width: Option<SignedDuration>,
    /// Of a composite.
    pub(super) part: Option<Part>,
}

/// What an objective of a composite is about.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) measure: Measure,
    pub(super) weight: Decimal,
}

impl Written {
    pub(super) fn method(&self, budgeting: Budgeting) -> Method {
        let width = self.width.unwrap_or(WIDTH_DEFAULT);
        match budgeting {
            Budgeting::Occurrences => Method::Occurrences,
            Budgeting::Timeslices => Method::Timeslices { slice_target: self.slice_target, width },
            Budgeting::RatioTimeslices => Method::RatioTimeslices { width },
        }
    }
}

pub(super) fn budgeting(
    page: &mut Page<'_, '_>,
    spec: &Fields<'_>,
    version: Version,
) -> Option<Budgeting> {
    let node = page.need(spec, "budgetingMethod", "budgetingMethod: Occurrences")?;
    let known = [
        ("Occurrences", Budgeting::Occurrences),
        ("Timeslices", Budgeting::Timeslices),
        ("RatioTimeslices", Budgeting::RatioTimeslices),
    ];
    let known = if version == Version::V1alpha { known.get(..2)? } else { &known };
    page.word(node, "`budgetingMethod`", known)
}

/// Whether the objectives have indicators of their own.
pub(super) fn is_composite(nodes: &[Node], version: Version) -> bool {
    let (inline, by_name) = indicator::keys(version);
    nodes
        .iter()
        .any(|it| super::field_of(it, inline).is_some() || super::field_of(it, by_name).is_some())
}

/// What an objective stands beside.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) version: Version,
    pub(super) budgeting: Option<Budgeting>,
    pub(super) is_composite: bool,
    /// That of the SLO, if it is known.
    pub(super) measure: Option<&'a Measure>,
}

pub(super) fn read(page: &mut Page<'_, '_>, node: &Node, context: Context<'_>) -> Option<Written> {
    let (inline, by_name) = indicator::keys(context.version);
    let known = [
        "displayName",
        "target",
        "targetPercent",
        "op",
        "value",
        "timeSliceTarget",
        "timeSliceWindow",
        inline,
        by_name,
        "compositeWeight",
    ];
    let fields = page.fields(node, "an objective", &known)?;
    let display_name = page.maybe(&fields, "displayName").map(|it| it.text.to_owned());
    let (target, at) = target(page, &fields);
    let own = context
        .is_composite
        .then(|| indicator::read(page, "an objective", &fields, context.version));
    if own.is_some() && fields.get(inline).is_none() && fields.get(by_name).is_none() {
        page.need(&fields, by_name, "indicatorRef: availability");
    }
    let own = own.flatten();
    let measure = own.as_ref().map(|(it, _)| it).or(context.measure);
    let threshold = measure.and_then(|it| threshold(page, &fields, it));
    let (slice_target, width) = slices(page, &fields, context, measure);
    let weight = weight(page, &fields, context);
    let part = own.map(|(measure, name)| Part { name, measure, weight });
    Some(Written { display_name, target, at, threshold, slice_target, width, part })
}

/// Exactly one of `target`, a share below 1, and `targetPercent`, below 100.
fn target(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> (Option<Objective>, Span) {
    let (node, digits) = match (fields.get("target"), fields.get("targetPercent")) {
        (Some(_), Some(_)) => {
            let (owner, one, other) = ("an objective", "target", "targetPercent");
            let at = fields.key("targetPercent");
            page.report(&Mistake::Conflict { owner, one, other, at });
            return (None, at);
        }
        (None, Some(node)) => (node, 7),
        (Some(node), None) => (node, 9),
        (None, None) => {
            page.need(fields, "target", "target: 0.999");
            return (None, fields.at);
        }
    };
    let Some(text) = page.scalar(node, "`target`") else { return (None, node.span) };
    (exact(page, text, digits), text.span)
}

/// From the text, so that no float rounds it.
pub(super) fn exact(page: &mut Page<'_, '_>, text: Text<'_>, digits: usize) -> Option<Objective> {
    let billionths = decimal(text.text, digits).filter(|it| *it < Objective::SCALE);
    if billionths == Some(0) {
        unsupported(page, "a target of nothing", "write a target above 0, e.g. `0.9`", text.span);
        return None;
    }
    let objective = billionths.and_then(share);
    if objective.is_none() {
        let range = if digits == 9 { "[0, 1), e.g. `0.999`" } else { "[0, 100), e.g. `99.9`" };
        let problem = format!("`{}` is not a target in {range}", text.text);
        let label = "here".to_owned();
        page.report(&Mistake::BadObjective { problem, label, at: text.span });
    }
    objective
}

fn share(billionths: u64) -> Option<Objective> {
    format!("{}.{:07}%", billionths / 10_000_000, billionths % 10_000_000).parse().ok()
}

const OPS: [(&str, TargetOp); 4] = [
    ("lt", TargetOp::Below),
    ("lte", TargetOp::AtMost),
    ("gt", TargetOp::Above),
    ("gte", TargetOp::AtLeast),
];

/// Needed for values, without meaning for ratios.
fn threshold(page: &mut Page<'_, '_>, fields: &Fields<'_>, measure: &Measure) -> Option<Target> {
    if !measure.is_value() {
        for field in ["op", "value"] {
            if fields.get(field).is_some() {
                let problem = format!("`{field}` beside a ratio metric");
                let help = format!("remove `{field}`: a ratio is compared with the target alone");
                broken(page, problem, help, fields.key(field));
            }
        }
        return None;
    }
    let op = page.need(fields, "op", "op: lte");
    let op = op.and_then(|it| page.word(it, "`op`", &OPS));
    let value = page.need(fields, "value", "value: 0.3");
    let value = value.and_then(|it| number(page, it, "`value`"));
    Some(Target { op: op?, value: value? })
}

/// A decimal, exact.
pub(super) fn number(page: &mut Page<'_, '_>, node: &Node, what: &str) -> Option<Decimal> {
    let text = page.scalar(node, what)?;
    let number = text.text.parse().ok();
    if number.is_none() {
        let problem = format!("{what} is a number, not `{}`", text.text);
        broken(page, problem, "write at most nine digits behind the point, e.g. `0.25`", text.span);
    }
    number
}

/// `timeSliceTarget` and `timeSliceWindow`, as the budgeting method needs them.
fn slices(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    context: Context<'_>,
    measure: Option<&Measure>,
) -> (Option<Objective>, Option<SignedDuration>) {
    let budgeting = context.budgeting;
    let is_sliced = matches!(budgeting, Some(Budgeting::Timeslices | Budgeting::RatioTimeslices));
    if is_sliced && context.version != Version::V1alpha {
        page.need(fields, "timeSliceWindow", "timeSliceWindow: 1m");
    }
    let width = window::length(page, fields, "timeSliceWindow");
    if budgeting == Some(Budgeting::Timeslices) {
        page.need(fields, "timeSliceTarget", "timeSliceTarget: 0.95");
    }
    let Some(node) = fields.get("timeSliceTarget") else { return (None, width) };
    let Some(text) = page.scalar(node, "`timeSliceTarget`") else { return (None, width) };
    let billionths = decimal(text.text, 9).filter(|it| (1..=Objective::SCALE).contains(it));
    if billionths.is_none() {
        let problem = format!("`{}` is not a slice target in (0, 1]", text.text);
        broken(page, problem, "write a share, e.g. `0.95`", text.span);
    }
    if budgeting != Some(Budgeting::Timeslices) || measure.is_none_or(Measure::is_value) {
        // A value is good or bad by its threshold, whatever share of a slice it holds for.
        return (None, width);
    }
    let target = billionths.and_then(share);
    if billionths.is_some() && target.is_none() {
        unsupported(page, "a slice target of 1", "write `0.999999999`", text.span);
    }
    (target, width)
}

fn weight(page: &mut Page<'_, '_>, fields: &Fields<'_>, context: Context<'_>) -> Decimal {
    let Some(node) = fields.get("compositeWeight") else { return Decimal::whole(1) };
    if !context.is_composite {
        let what = "`compositeWeight`".to_owned();
        let help = "only objectives with an indicator of their own have weights";
        page.report(&Mistake::Ignored { what, help, at: fields.key("compositeWeight") });
    }
    match number(page, node, "`compositeWeight`") {
        Some(it) if it > Decimal::default() => it,
        Some(_) => {
            broken(page, "a weight is above 0", "write e.g. `0.25`", node.span);
            Decimal::whole(1)
        }
        None => Decimal::whole(1),
    }
}
