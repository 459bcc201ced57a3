//! Kind `SLO`, in our own form.

use nines_base::Labels;
use nines_slo::{AlertOn, Goal, Slo, SloName};

use crate::draft::{Noun, Page};
use crate::fields::{Fields, Text};
use crate::finding::Span;
use crate::link::{GoalPlaces, SloPlaces};
use crate::mistake::Mistake;
use crate::node::Node;
use crate::shape::{Field, OBJECTIVE, Pattern, SLO_NAME, Shape, Type, words};

use super::Envelope;

mod alerting;
mod composite;
mod event;
mod grouping;
mod method;
mod objective;
mod promql;
mod sli;
mod slices;
mod target;
mod window;

pub(crate) use alerting::PRESET_DEFAULT;
pub(crate) use window::{WINDOW_DEFAULT, check_window};

/// The most budgets of one SLO: each of its objectives over each of its windows.
const GOALS_MAX: usize = 32;

const ALERT_ON: [(&str, AlertOn); 3] =
    [("total", AlertOn::Total), ("group", AlertOn::Group), ("worst", AlertOn::Worst)];
static ALERT_ON_WORDS: [&str; 3] = words(&ALERT_ON);

pub(crate) static SPEC: Shape = Shape::new(
    "SLO spec",
    &[
        Field::new("sli", Type::Map(&sli::SLI), "What is counted, and when it is good.")
            .needed("sli: {counter: {bad: ..., total: ...}}"),
        Field::new(
            "objective",
            Type::AnyOf(&[Type::Like(&OBJECTIVE), Type::Map(&objective::OBJECTIVE_SHAPE)]),
            "The share that must be good, where there is one objective.",
        ),
        Field::new(
            "objectives",
            Type::List {
                of: &Type::Map(&objective::OBJECTIVE_SHAPE),
                min: 1,
                max: objective::OBJECTIVES_MAX,
            },
            "Several objectives of one SLI, such as the SLO and the SLA.",
        ),
        Field::new("window", window::TYPE, "What the budget is computed over, where there is one.")
            .default("28d"),
        Field::new(
            "windows",
            Type::List { of: &window::TYPE, min: 1, max: window::WINDOWS_MAX },
            "Several windows; each objective has a budget over each.",
        ),
        Field::new(
            "history",
            Type::List {
                of: &Type::Map(&objective::EARLIER),
                min: 0,
                max: objective::VERSIONS_MAX,
            },
            "Earlier objectives, so that past events keep the budget that they earned.",
        ),
        Field::new("method", method::TYPE, "How counts spend the budget.").default("occurrences"),
        Field::new(
            "by",
            Type::List { of: &Type::Like(&LABEL_NAME), min: 1, max: grouping::LABELS_MAX },
            "Labels by whose values counts are kept too.",
        ),
        Field::new(
            "limit",
            Type::Whole { min: 1, max: grouping::LIMIT_MAX as u64 },
            "Groups beyond so many are counted together as `~other`.",
        )
        .default("100"),
        Field::new("alert_on", Type::Word(&ALERT_ON_WORDS), "Whose burn is judged.")
            .default("total"),
        Field::new("alerting", alerting::TYPE, "How fast the budget must burn to tell somebody.")
            .default("{preset: scaled}"),
    ],
);

pub(crate) static LABEL_NAME: Pattern =
    Pattern { noun: "a label name", regex: "^[a-zA-Z_][a-zA-Z0-9_]*$", example: "region" };

pub(crate) static METADATA: Shape = Shape::new(
    "metadata",
    &[
        Field::new("name", Type::Like(&SLO_NAME), "`service/slo`, unique in the configuration.")
            .needed("name: checkout/availability"),
        Field::new("owner", Type::Text, "The team or person who keeps it."),
        Field::new("runbook", Type::Text, "The runbook for its alerts."),
        Field::new(
            "labels",
            Type::Names(&Type::Text),
            "Given to its alerts, such as `team` or `tier`.",
        ),
    ],
);

pub(super) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let metadata = document.metadata.as_ref();
    let name = metadata.and_then(|it| name(page, it));
    let owner = metadata.and_then(|it| page.maybe(it, "owner")).map(|it| it.text.to_owned());
    let runbook = metadata.and_then(|it| page.maybe(it, "runbook"));
    let labels = metadata.map_or_else(Labels::empty, |it| page.labels(it, "labels"));
    if let Some(runbook) = runbook {
        page.refer(Noun::Runbook, runbook.text, runbook.span, "its alerts would have no runbook");
    }
    let Some(spec) = page.shape(document.spec, &SPEC) else { return };
    let sli = page.needed(&spec, "sli").and_then(|it| sli::read(page, it));
    let method = method::read(page, &spec, sli.as_ref().map(|it| &it.kind));
    if let Some(sli) = &sli {
        sli::check_rules(page, &spec, sli, method);
    }
    let windows = window::read(page, &spec);
    let at = name.as_ref().map_or(spec.at, |(_, it)| it.span);
    let alerting = alerting::read(page, spec.get("alerting"), at);
    let objectives = objective::read(page, &spec);
    let grouping = grouping::read(page, &spec, sli.as_ref().map(|it| &it.kind));
    let mut goals = Vec::new();
    let mut places = Vec::new();
    for objective in &objectives {
        let windows = if objective.windows.is_empty() { &windows } else { &objective.windows };
        let alerting = objective.alerting.as_ref().unwrap_or(&alerting);
        for (window, _) in windows {
            let (alerting, pairs) = alerting.over(window);
            places.push(GoalPlaces {
                objective: page.place(objective.at),
                pairs: pairs.into_iter().map(|it| page.place(it)).collect(),
            });
            goals.push(Goal {
                objective: objective.name.clone(),
                versions: objective.versions.clone(),
                window: window.clone(),
                alerting,
            });
        }
        for (window, at) in windows {
            let place = page.place(*at);
            page.draft.window_places.push((place, window.clone()));
        }
    }
    page.check_length(goals.len().max(1), 1, GOALS_MAX, "`objectives` over `windows`", at);
    let (Some((name, written)), Some(sli)) = (name, sli) else { return };
    if goals.is_empty() {
        return;
    }
    let places = SloPlaces {
        name: page.place(written.span),
        alerting: spec.get("alerting").map(|it| page.place(it.anchor())),
        goals: places,
    };
    page.draft.slo_places.push(places);
    page.draft.spec.slos.push(Slo {
        name,
        owner,
        runbook: runbook.map(|it| it.text.to_owned()),
        labels,
        sli,
        method,
        goals,
        grouping,
        origin: document.origin.clone(),
    });
}

fn name<'n>(page: &mut Page<'_, '_>, metadata: &Fields<'n>) -> Option<(SloName, Text<'n>)> {
    let node = page.needed(metadata, "name")?;
    let text = page.scalar(node, "`name`")?;
    let name = slo_name(page, text)?;
    page.define(Noun::Slo, text.text, text.span).then_some((name, text))
}

fn slo_name(page: &mut Page<'_, '_>, text: Text<'_>) -> Option<SloName> {
    let name = text.text.parse().ok();
    if name.is_none() {
        let rule = "`service/slo`, each of 1 to 63 letters, digits, `-`, `_` or `.`";
        page.report(&Mistake::BadName { name: text.text.to_owned(), rule, at: text.span });
    }
    name
}

/// The place of a field's value, or of the whole.
fn place_of(fields: &Fields<'_>, field: &str) -> Span {
    fields.get(field).map_or(fields.at, Node::anchor)
}

#[cfg(test)]
mod tests;
