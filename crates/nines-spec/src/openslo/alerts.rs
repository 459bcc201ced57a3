//! Alert policies, their conditions and their targets.
//!
//! A condition has one window; ours have a short one beside it, so that an alert ends when the burn does. Several
//! conditions are alternatives. Source: OpenSLO issue 218.

use jiff::SignedDuration;
use nines_slo::{AlertMode, Alerting, BurnFactor, BurnPair, Decimal, Guard, Severity};

use super::{Shared, Version, broken, elsewhere, metadata, nearly, objective, referred, window};
use crate::draft::{Noun, Page};
use crate::fields::{Fields, Text};
use crate::mistake::Mistake;
use crate::node::Node;

/// The short window is such a part of the long one.
const LONG_PER_SHORT: i32 = 12;
/// No short window is shorter.
const SHORT_MIN: SignedDuration = SignedDuration::from_mins(1);
/// The most pairs of one SLO.
const PAIRS_MAX: usize = 20;

/// Words for severities; OpenSLO has none of its own.
const PAGE_WORDS: [&str; 9] =
    ["page", "critical", "high", "urgent", "emergency", "sev1", "sev2", "p1", "p2"];
const TICKET_WORDS: [&str; 13] = [
    "ticket", "warning", "warn", "medium", "minor", "low", "info", "sev3", "sev4", "sev5", "p3",
    "p4", "p5",
];

/// What a policy says.
#[derive(Debug, Default)]
struct Policy {
    pairs: Vec<BurnPair>,
    escalation: Option<String>,
}

/// The alerts of an SLO; nothing when it names no policies.
pub(super) fn read(
    page: &mut Page<'_, '_>,
    spec: &Fields<'_>,
    version: Version,
) -> Option<Alerting> {
    let node = spec.get("alertPolicies")?;
    let items = page.list(node, "`alertPolicies`")?;
    let mut all = Policy::default();
    for item in items {
        let found = choose(page, item, &POLICY, version, policy);
        if let Some(it) = found {
            all.pairs.extend(it.pairs);
            all.escalation = all.escalation.or(it.escalation);
        }
    }
    all.pairs.truncate(PAIRS_MAX);
    let Policy { pairs, escalation } = all;
    Some(Alerting { mode: AlertMode::Safe, guard: Guard::Tail, pairs, escalation })
}

/// Who is told.
struct Target {
    escalation: Option<String>,
}

/// Something that stands inline or is referred to.
struct Way {
    noun: Noun,
    owner: &'static str,
    kind: &'static str,
    key: &'static str,
    example: &'static str,
}

const POLICY: Way = Way {
    noun: Noun::AlertPolicy,
    owner: "an alert policy",
    kind: "AlertPolicy",
    key: "alertPolicyRef",
    example: "alertPolicyRef: fast-burn",
};
const CONDITION: Way = Way {
    noun: Noun::AlertCondition,
    owner: "a condition",
    kind: "AlertCondition",
    key: "conditionRef",
    example: "conditionRef: fast-burn",
};
const TARGET: Way = Way {
    noun: Noun::NotificationTarget,
    owner: "a notification target",
    kind: "AlertNotificationTarget",
    key: "targetRef",
    example: "targetRef: on-call",
};

/// By name or inline, not both.
fn choose<T>(
    page: &mut Page<'_, '_>,
    node: &Node,
    way: &Way,
    version: Version,
    read: fn(&mut Page<'_, '_>, &Node, &str, Version) -> Option<T>,
) -> Option<T> {
    let fields = page.fields(node, way.owner, &["kind", "metadata", "spec", way.key])?;
    if let Some(name) = page.maybe(&fields, way.key) {
        if fields.get("spec").is_some() {
            let (owner, one, other) = (way.owner, way.key, "spec");
            page.report(&Mistake::Conflict { owner, one, other, at: fields.key("spec") });
        }
        let what = format!("`{}`", way.key);
        let Shared { file, version, spec } = referred(page, way.noun, &what, name)?;
        let name = name.text.to_owned();
        return elsewhere(page, file, |page| read(page, &spec, &name, version));
    }
    if fields.get("spec").is_none() {
        page.need(&fields, way.key, way.example);
        return None;
    }
    let kind = page.need(&fields, "kind", "kind: AlertPolicy");
    kind.and_then(|it| page.word(it, "`kind`", &[(way.kind, ())]));
    let metadata = metadata::read(page, &fields, version, "metadata: {name: fast-burn}");
    let text = metadata.and_then(|it| it.name).map_or_else(String::new, |it| it.text);
    let spec = fields.get("spec")?;
    read(page, spec, &text, version)
}

/// Documents are checked where they stand, whether or not somebody refers to them.
pub(super) fn check_policy(page: &mut Page<'_, '_>, fields: &Fields<'_>, version: Version) {
    check(page, fields, version, policy);
}

pub(super) fn check_condition(page: &mut Page<'_, '_>, fields: &Fields<'_>, version: Version) {
    check(page, fields, version, condition);
}

pub(super) fn check_target(page: &mut Page<'_, '_>, fields: &Fields<'_>, version: Version) {
    check(page, fields, version, target);
}

fn check<T>(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    version: Version,
    read: fn(&mut Page<'_, '_>, &Node, &str, Version) -> Option<T>,
) {
    let metadata = metadata::read(page, fields, version, "metadata: {name: fast-burn}");
    if let Some(spec) = page.need(fields, "spec", "spec: {...}") {
        let name = metadata.and_then(|it| it.name);
        let text = name.map_or_else(String::new, |it| it.text);
        read(page, spec, &text, version);
    }
}

fn policy(page: &mut Page<'_, '_>, node: &Node, name: &str, version: Version) -> Option<Policy> {
    let known = [
        "description",
        "alertWhenNoData",
        "alertWhenBreaching",
        "alertWhenResolved",
        "conditions",
        "notificationTargets",
    ];
    let fields = page.fields(node, "an alert policy spec", &known)?;
    metadata::check_description(page, &fields);
    if page.boolean(&fields, "alertWhenNoData") == Some(false) {
        let how = "`SLONoData` fires after 10m without data; `no_data_alert: off` in an SLO of nines stops it";
        nearly(page, "`alertWhenNoData: false`", how, fields.key("alertWhenNoData"));
    }
    if page.boolean(&fields, "alertWhenResolved") == Some(true) {
        let how = "the people who were paged are told of the end anyway";
        nearly(page, "`alertWhenResolved`", how, fields.key("alertWhenResolved"));
    }
    let breaches = page.boolean(&fields, "alertWhenBreaching");
    let mut pairs = Vec::new();
    if let Some(items) = page.need(&fields, "conditions", "conditions: [{conditionRef: fast-burn}]")
        && let Some(items) = page.list(items, "`conditions`")
    {
        page.check_length(items.len(), 1, PAIRS_MAX, "`conditions`", fields.key("conditions"));
        pairs
            .extend(items.iter().filter_map(|it| choose(page, it, &CONDITION, version, condition)));
    }
    if breaches == Some(false) {
        let how = "the burn of the budget alerts nobody";
        nearly(page, format!("policy `{name}`"), how, fields.key("alertWhenBreaching"));
        pairs.clear();
    }
    let mut escalation = None;
    if let Some(items) =
        page.need(&fields, "notificationTargets", "notificationTargets: [{targetRef: on-call}]")
        && let Some(items) = page.list(items, "`notificationTargets`")
    {
        page.check_length(
            items.len(),
            1,
            PAIRS_MAX,
            "`notificationTargets`",
            fields.key("notificationTargets"),
        );
        for item in items {
            let found = choose(page, item, &TARGET, version, target);
            escalation = escalation.or(found.and_then(|it| it.escalation));
        }
    }
    Some(Policy { pairs, escalation })
}

/// The escalation of the same name, if the configuration has one.
fn target(page: &mut Page<'_, '_>, node: &Node, name: &str, _: Version) -> Option<Target> {
    let fields = page.fields(node, "a notification target spec", &["description", "target"])?;
    metadata::check_description(page, &fields);
    page.need(&fields, "target", "target: email");
    if page.draft.escalation_names.contains(name) {
        return Some(Target { escalation: Some(name.to_owned()) });
    }
    let how = format!(
        "the routing of nines decides who is told, unless an Escalation is called `{name}`"
    );
    nearly(page, format!("notification target `{name}`"), how, fields.at);
    Some(Target { escalation: None })
}

fn condition(page: &mut Page<'_, '_>, node: &Node, _: &str, _: Version) -> Option<BurnPair> {
    let known = ["description", "severity", "condition"];
    let fields = page.fields(node, "an alert condition spec", &known)?;
    metadata::check_description(page, &fields);
    let severity = page.need(&fields, "severity", "severity: page");
    let severity = severity.and_then(|it| page.scalar(it, "`severity`"));
    let severity = severity.map(|it| severity_of(page, it));
    let node = page.need(
        &fields,
        "condition",
        "condition: {kind: burnrate, op: gt, threshold: 14.4, lookbackWindow: 1h}",
    )?;
    let known = ["kind", "op", "threshold", "lookbackWindow", "alertAfter"];
    let fields = page.fields(node, "a condition", &known)?;
    let kind = page.need(&fields, "kind", "kind: burnrate");
    kind.and_then(|it| page.word(it, "`kind`", &[("burnrate", ())]))?;
    let op = page.need(&fields, "op", "op: gt");
    let op = op.and_then(|it| {
        page.word(
            it,
            "`op`",
            &[("gt", Op::Above), ("gte", Op::AtLeast), ("lt", Op::Below), ("lte", Op::Below)],
        )
    });
    let threshold = page.need(&fields, "threshold", "threshold: 14.4");
    let threshold =
        threshold.and_then(|it| Some((objective::number(page, it, "`threshold`")?, it.span)));
    let long = page.need(&fields, "lookbackWindow", "lookbackWindow: 1h");
    let long = long.and_then(|_| window::length(page, &fields, "lookbackWindow"));
    let hold = window::length(page, &fields, "alertAfter").unwrap_or_default();
    match op? {
        Op::Above => {}
        Op::AtLeast => {
            let how = "it fires above the threshold, not at it";
            nearly(page, "`op: gte`", how, fields.key("op"));
        }
        Op::Below => {
            let help = "remove it; nines tells nobody that the budget is spent slowly";
            let what = "a condition on a slow burn".to_owned();
            page.report(&Mistake::Ignored { what, help, at: fields.key("op") });
            return None;
        }
    }
    let (threshold, at) = threshold?;
    let factor = factor(threshold);
    if factor.is_none() {
        broken(page, "a burn rate is not negative", "write e.g. `14.4`", at);
    }
    let long = long?;
    let short = (long / LONG_PER_SHORT).max(SHORT_MIN);
    let how = format!(
        "it must also hold over the last {}, so that the alert ends when the burn does",
        nines_base::format_duration(short)
    );
    nearly(page, "a condition over one window", how, fields.key("lookbackWindow"));
    Some(BurnPair { severity: severity?, long, short, factor: factor?, hold })
}

#[derive(Debug, Clone, Copy)]
enum Op {
    Above,
    AtLeast,
    Below,
}

fn factor(threshold: Decimal) -> Option<BurnFactor> {
    u64::try_from(threshold.billionths).ok().map(BurnFactor)
}

/// An unknown word pages: a page too much is found sooner than one too few.
fn severity_of(page: &mut Page<'_, '_>, text: Text<'_>) -> Severity {
    let word = text.text.to_lowercase();
    if TICKET_WORDS.contains(&word.as_str()) {
        return Severity::Ticket;
    }
    if !PAGE_WORDS.contains(&word.as_str()) {
        nearly(page, format!("severity `{}`", text.text), "it pages; `ticket` does not", text.span);
    }
    Severity::Page
}
