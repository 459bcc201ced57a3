//! `objective`, `objectives` and `history`: what is promised, since when, and what was promised before.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use nines_slo::{Goal, Objective, ObjectiveError, ObjectiveVersion, Window};

use crate::draft::Page;
use crate::fields::{Fields, Text};
use crate::finding::{Span, line_and_column};
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::shape::{Field, INSTANT, NAME, OBJECTIVE, Shape, Type};
use crate::values::decimal;

use super::alerting::{self, AlertingSpec};
use super::window;

/// The most objectives of one SLO.
pub(super) const OBJECTIVES_MAX: usize = 8;
/// The most versions of one objective.
pub(super) const VERSIONS_MAX: usize = 100;

pub(super) static OBJECTIVE_SHAPE: Shape = Shape::new(
    "an objective",
    &[
        Field::new("name", Type::Like(&NAME), "Unique within the SLO.").default("slo"),
        Field::new("target", Type::Like(&OBJECTIVE), "The share that must be good.")
            .needed("target: 99.9%"),
        Field::new(
            "effective",
            Type::Like(&INSTANT),
            "Events after this instant earn budget under it; a date is its midnight in UTC.",
        )
        .default("always, or the moment of apply when it changes"),
        Field::new("window", window::TYPE, "Replaces that of the SLO."),
        Field::new(
            "windows",
            Type::List { of: &window::TYPE, min: 1, max: window::WINDOWS_MAX },
            "Replace those of the SLO.",
        ),
        Field::new(
            "alerts",
            alerting::TYPE,
            "Replaces `alerting` of the SLO; `none` for no alerts.",
        ),
    ],
);

pub(super) static EARLIER: Shape = Shape::new(
    "an earlier objective",
    &[
        Field::new("name", Type::Like(&NAME), "Of which objective, where there are several.")
            .default("slo"),
        Field::new("target", Type::Like(&OBJECTIVE), "The share that had to be good.")
            .needed("target: 99.5%"),
        Field::new(
            "effective",
            Type::Like(&INSTANT),
            "Since when it held; without it, from the beginning.",
        ),
    ],
);

/// One objective, with what it says about itself.
pub(super) struct ObjectiveSpec {
    pub(super) name: String,
    pub(super) at: Span,
    /// Oldest first; never empty.
    pub(super) versions: Vec<ObjectiveVersion>,
    /// Empty when those of the SLO hold.
    pub(super) windows: Vec<(Window, Span)>,
    /// Nothing when that of the SLO holds.
    pub(super) alerting: Option<AlertingSpec>,
    /// Whether it says since when it holds.
    is_dated: bool,
}

pub(super) fn read(page: &mut Page<'_, '_>, spec: &Fields<'_>) -> Vec<ObjectiveSpec> {
    page.apart(spec, "objective", "objectives");
    let mut objectives: Vec<ObjectiveSpec> = Vec::new();
    match (spec.get("objective"), spec.get("objectives")) {
        (None, Some(list)) => {
            let items = page.list(list, "`objectives`").unwrap_or_default();
            page.check_length(items.len(), 1, OBJECTIVES_MAX, "`objectives`", list.span);
            for node in items.iter().take(OBJECTIVES_MAX) {
                let Some(objective) = objective(page, node) else { continue };
                if let Some(first) = objectives.iter().find(|it| it.name == objective.name) {
                    let (first_line, _) = line_and_column(page.text(), first.at.start);
                    let (key, at) = (objective.name, objective.at);
                    page.report(&Mistake::DuplicateKey { key, first_line, at });
                    continue;
                }
                objectives.push(objective);
            }
        }
        (_, _) => {
            let node = page.need(spec, "objective", "objective: 99.9%");
            objectives.extend(node.and_then(|it| objective(page, it)));
        }
    }
    history(page, spec, &mut objectives);
    objectives
}

/// `99.9%`, or a mapping.
fn objective(page: &mut Page<'_, '_>, node: &Node) -> Option<ObjectiveSpec> {
    let Value::Map(_) = node.value else {
        let versions =
            vec![ObjectiveVersion { effective: Timestamp::MIN, target: target(page, node)? }];
        return Some(ObjectiveSpec {
            name: Goal::OBJECTIVE.to_owned(),
            at: node.span,
            versions,
            windows: Vec::new(),
            alerting: None,
            is_dated: false,
        });
    };
    let fields = page.shape(node, &OBJECTIVE_SHAPE)?;
    let name = fields.get("name").and_then(|it| page.name(it, "`name`"));
    let written = page.needed(&fields, "target");
    let target = written.and_then(|it| target(page, it));
    let effective = effective(page, &fields);
    let windows = window::several(page, &fields);
    let at = written.map_or(fields.at, |it| it.span);
    let alerting = fields.get("alerts").map(|it| alerting::read(page, Some(it), it.anchor()));
    let since = effective.unwrap_or(Timestamp::MIN);
    Some(ObjectiveSpec {
        name: name.map_or(Goal::OBJECTIVE, |it| it.text).to_owned(),
        at,
        versions: vec![ObjectiveVersion { effective: since, target: target? }],
        windows,
        alerting,
        is_dated: fields.get("effective").is_some(),
    })
}

fn effective(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Option<Timestamp> {
    let text = page.maybe(fields, "effective")?;
    page.instant(text, &TimeZone::UTC)
}

/// Puts earlier versions before those in force.
fn history(page: &mut Page<'_, '_>, spec: &Fields<'_>, objectives: &mut [ObjectiveSpec]) {
    let Some(list) = spec.get("history") else { return };
    let items = page.list(list, "`history`").unwrap_or_default();
    page.check_length(items.len(), 0, VERSIONS_MAX, "`history`", list.anchor());
    let mut added: Vec<(usize, ObjectiveVersion, Span)> = Vec::new();
    for node in items.iter().take(VERSIONS_MAX) {
        let Some(fields) = page.shape(node, &EARLIER) else { continue };
        let target = page.needed(&fields, "target").and_then(|it| target(page, it));
        let effective = match fields.get("effective") {
            Some(_) => effective(page, &fields),
            None => Some(Timestamp::MIN),
        };
        let Some(index) = objective_of(page, &fields, objectives) else { continue };
        let (Some(target), Some(effective)) = (target, effective) else { continue };
        added.push((index, ObjectiveVersion { effective, target }, fields.at));
    }
    for (index, objective) in objectives.iter_mut().enumerate() {
        let mut earlier: Vec<_> = added.iter().filter(|(it, ..)| *it == index).collect();
        if earlier.is_empty() {
            continue;
        }
        if !objective.is_dated {
            let problem = format!(
                "objective `{}` has earlier ones, and does not say since when it holds",
                objective.name
            );
            let help = "write `objective: {target: 99.9%, effective: 2026-07-01}`".to_owned();
            page.report(&Mistake::BadHistory { problem, help, at: objective.at });
            continue;
        }
        earlier.sort_by_key(|(_, it, _)| it.effective);
        let current = objective.versions.first().map(|it| it.effective);
        for (position, (_, version, at)) in earlier.iter().enumerate() {
            let next = earlier.get(position + 1).map(|(_, it, _)| it.effective).or(current);
            if next.is_some_and(|it| it <= version.effective) {
                let problem =
                    "two objectives hold from the same instant, or an earlier one from a later"
                        .to_owned();
                let help = "give each version an `effective` before that of the next".to_owned();
                page.report(&Mistake::BadHistory { problem, help, at: *at });
                return;
            }
        }
        objective.versions.splice(0..0, earlier.iter().map(|(_, it, _)| *it));
    }
}

/// Which objective an earlier version belongs to.
fn objective_of(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    objectives: &[ObjectiveSpec],
) -> Option<usize> {
    let name = page.maybe(fields, "name");
    match (name, objectives) {
        (None, [_]) => Some(0),
        (None, []) => None,
        (None, _) => {
            page.need(fields, "name", "name: slo");
            None
        }
        (Some(Text { text, span }), _) => {
            let index = objectives.iter().position(|it| it.name == text);
            if index.is_none() && !objectives.is_empty() {
                let names: Vec<&str> = objectives.iter().map(|it| it.name.as_str()).collect();
                let (what, word, known) = ("`name`".to_owned(), text.to_owned(), names.join(", "));
                let label = "no objective of this SLO".to_owned();
                page.report(&Mistake::UnknownWord { what, word, known, label, at: span });
            }
            index
        }
    }
}

pub(super) fn target(page: &mut Page<'_, '_>, node: &Node) -> Option<Objective> {
    let Text { text, span } = page.scalar(node, "`objective`")?;
    let error = match text.parse() {
        Ok(objective) => return Some(objective),
        Err(error) => error,
    };
    let label = match &error {
        ObjectiveError::NotAPercentage { .. } => {
            meant(text).map(|it| format!("did you mean `{it}`?"))
        }
        ObjectiveError::OutOfRange => {
            Some("there would be no promise, or more than all".to_owned())
        }
        _ => None,
    };
    let label = label.unwrap_or_else(|| "here".to_owned());
    // Below 1 it may be a share or a percentage; from there on only one of them.
    let has_one_meaning = decimal(text, 9).is_some_and(|it| Objective::SCALE < it);
    let meant = meant(text).filter(|_| has_one_meaning).map(|it| it.to_string());
    let mistake = Mistake::BadObjective { problem: error.to_string(), label, at: span };
    page.report_fixable(&mistake, span, meant);
    None
}

/// `0.9995` and `99.95` mean `99.95%`.
fn meant(text: &str) -> Option<Objective> {
    let billionths = match decimal(text, 9)? {
        it if it < Objective::SCALE => it,
        it => it / 100,
    };
    let percent = format!("{}.{:07}%", billionths / 10_000_000, billionths % 10_000_000);
    percent.parse().ok()
}
