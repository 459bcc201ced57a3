//! SLOs: the list of all, and one with its budgets, burn, windows and people.

mod charts;
mod silence;

use std::collections::BTreeMap;

use axum::extract::{Path, Query};
use axum::response::Response;
use maud::{Markup, html};
use nines_alert::dispatch::Settings;
use nines_base::Labels;
use nines_engine::SLO_ALERT;
use nines_slo::{Severity, Slo, SloName};
use serde::Deserialize;

use super::parts;
use super::visit::{Section, Visit};
use crate::app::Shared;
use crate::overlays::OverlayView;
use crate::slo_views::{BudgetView, BurnView, GoalView, SloView, group_views};
use crate::text;

/// The most groups, exclusions and versions that a page shows.
const ROWS_MAX: usize = 100;

/// The first pair of windows that pages.
pub(super) fn page_pair(budget: &BudgetView) -> Option<&BurnView> {
    budget.burns.iter().find(|it| it.severity == "page")
}

/// `GET /slos`
pub(super) async fn list(visit: Visit) -> Response {
    let slos = visit.shared().slo_views();
    let main = html! {
        h1 { "SLOs" }
        @if slos.is_empty() { (parts::empty("No SLOs yet. `nines init` writes a first file.")) }
        @else {
            table.rows {
                thead {
                    tr {
                        th scope="col" { "State" } th scope="col" { "Service" } th scope="col" { "SLO" }
                        th scope="col" { "Objective" } th scope="col" { "Now" } th scope="col" { "Budget left" }
                        th scope="col" { "Known" } th scope="col" { "Owner" } th scope="col" { "Written in" }
                    }
                }
                tbody { @for it in &slos { (rows(it)) } }
            }
        }
        (parts::commands(&["nines get slo".to_owned()]))
    };
    visit.page(Section::Slos, "SLOs", &main)
}

/// A row for each budget.
fn rows(slo: &SloView) -> Markup {
    html! {
        @for (index, goal) in slo.goals.iter().enumerate() {
            tr {
                td { (parts::state(&goal.state)) }
                td { (slo.service) }
                td { a href=(goal_path(slo, index)) { (slo.slo.slo) } @if slo.has_several() { " " (goal.budget.objective_name) " " (goal.budget.window) } }
                td.opt { (goal.budget.objective) " over " (goal.budget.window) }
                td.opt { (goal.budget.now) }
                td title=(parts::counts(&goal.budget)) { (parts::budget(&goal.budget)) }
                td.opt { (text::percent(goal.budget.coverage_ratio)) }
                td.opt { (slo.owner.as_deref().unwrap_or("—")) }
                td.opt { (parts::origin(&slo.origin)) }
            }
        }
    }
}

/// The page that shows this budget in full; the first one needs no number.
fn goal_path(slo: &SloView, index: usize) -> String {
    let path = parts::slo_path(slo);
    if index == 0 { path } else { format!("{path}?goal={index}") }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct GoalQuery {
    /// Which of the SLO's budgets is shown in full.
    goal: Option<usize>,
}

/// `GET /slo/{service}/{slo}?goal=`
pub(super) async fn one(
    visit: Visit,
    Path((service, slo)): Path<(String, String)>,
    Query(query): Query<GoalQuery>,
) -> Response {
    let app = visit.shared();
    let text = format!("{service}/{slo}");
    let found =
        text.parse::<SloName>().ok().and_then(|it| Some((app.slo_view(&it)?, app.slo(&it)?)));
    let Some((view, slo)) = found else { return visit.missing(Section::Slos, "SLO", &text) };
    let index = query.goal.unwrap_or(0).min(view.goals.len().saturating_sub(1));
    let (Some(goal), Some(of)) = (view.goals.get(index), slo.goals.get(index)) else {
        return visit.missing(Section::Slos, "budget", &text);
    };
    let overlays = app.overlay_views(Some(&slo.name));
    let main = html! {
        (head(&view, goal))
        @if view.state == "no data" { (silence::section(app, &view, &slo)) }
        @if view.has_several() { (budgets(&view, index)) }
        (charts::burn_down(app, &view, &goal.budget))
        (charts::burn(app, (&slo, of), (&view, &goal.budget), visit.now))
        (windows(&view))
        (groups(&visit, &slo))
        (exclusions(&overlays))
        (definition(&view, goal))
        (who(app, &slo, &visit))
        (parts::commands(&[
            format!("nines describe slo {text}"),
            format!("nines why budget {text}"),
            format!("nines why {text}"),
            format!("nines gate check {service}"),
        ]))
    };
    visit.page(Section::Slos, &text, &main)
}

/// State and figures of one budget, each with its counts.
fn head(slo: &SloView, goal: &GoalView) -> Markup {
    let budget = &goal.budget;
    html! {
        h1 { (slo.service) " / " (slo.slo.slo) " " (parts::state(&goal.state)) }
        @if let Some(problem) = &slo.problem { p.strip.warn { (parts::tone(parts::Tone::Warn, problem)) } }
        @if goal.state == "no data" {
            p {
                "No data: "
                @match slo.last_sample { Some(at) => { "the last sample is from " (parts::at(at)) "." }, None => { "no sample was ever seen." } }
            }
        }
        dl.facts {
            div { dt { "Objective" } dd.big { (budget.objective) } dd { "over " (budget.window) @if slo.has_several() { ", " (budget.objective_name) } } }
            div { dt { "Now" } dd.big { (budget.now) } dd { @if let Some(it) = budget.burns.last().filter(|_| budget.now_ratio.is_some()) { span.dim { "burns " (text::burn(it.long_burn)) " over " (it.long) } } } }
            div {
                dt { "Budget left" }
                dd.big { (parts::budget(budget)) }
                dd { (parts::counts(budget)) }
                dd { (parts::at(budget.from)) " to " (parts::at(budget.to)) }
            }
            div { dt { "Empty in" } dd.big { (budget.empty_in) } dd { "at the rate of the last " (budget.rate_window) } }
            div { dt { "Known" } dd.big { (text::percent(budget.coverage_ratio)) } dd { "of the window has data" } }
            div {
                dt { "Written in" } dd { (parts::origin(&slo.origin)) }
                @if let Some(owner) = &slo.owner { dd { "owner " (owner) } }
                @if let Some(runbook) = &slo.runbook { dd { "runbook " a href={ "/rb/" (runbook) } { (runbook) } } }
            }
        }
    }
}

/// Every budget of the SLO beside the others, and why they differ.
fn budgets(slo: &SloView, shown: usize) -> Markup {
    html! {
        section aria-labelledby="budgets" {
            h2 #budgets { "Budgets" }
            p.dim {
                "A rolling window always holds the same length of time, so bad events leave it when they grow old. "
                "A calendar window begins empty at its boundary and fills up: early in it a few bad events weigh much."
            }
            table.rows {
                thead {
                    tr {
                        th scope="col" { "State" } th scope="col" { "Objective" } th scope="col" { "Window" } th scope="col" { "Now" }
                        th scope="col" { "Budget left" } th scope="col" { "Made from" } th scope="col" { "Empty in" }
                    }
                }
                tbody {
                    @for (index, it) in slo.goals.iter().enumerate() {
                        tr {
                            td { (parts::state(&it.state)) }
                            td {
                                a href=(goal_path(slo, index)) aria-current=[(index == shown).then_some("true")] {
                                    (it.budget.objective_name) " " (it.budget.objective)
                                }
                            }
                            td { (window_words(&it.budget)) }
                            td data-l="now" { (it.budget.now) }
                            td { (parts::budget(&it.budget)) }
                            td { (parts::counts(&it.budget)) }
                            td data-l="empty in" { (it.budget.empty_in) }
                        }
                    }
                }
            }
        }
    }
}

/// `rolling 28d`, `month so far, whole again 2026-12-01 00:00:00`.
fn window_words(budget: &BudgetView) -> Markup {
    html! {
        @if budget.window_kind == "rolling" { "rolling " (budget.window) }
        @else { (budget.window) ", since " (parts::at(budget.from)) }
    }
}

fn windows(slo: &SloView) -> Markup {
    let pairs =
        slo.goals.iter().flat_map(|goal| goal.budget.burns.iter().map(move |it| (goal, it)));
    let pairs: Vec<(&GoalView, &BurnView)> = pairs.collect();
    html! {
        section aria-labelledby="windows" {
            h2 #windows { "Windows" }
            table.rows {
                thead {
                    tr {
                        th scope="col" { "State" } th scope="col" { "Windows" } th scope="col" { "Burn" }
                        th scope="col" { "Limit" } th scope="col" { "Bad of total, long" } th scope="col" { "Bad of total, short" }
                    }
                }
                tbody {
                    @for (goal, it) in &pairs {
                        tr {
                            td {
                                @if it.holds { (parts::state(&it.severity)) }
                                @else if it.held_back { (parts::tone(parts::Tone::Note, "held back")) }
                                @else { (parts::tone(parts::Tone::Quiet, "ok")) }
                            }
                            td { (it.long) " and " (it.short) " → " (it.severity) @if slo.has_several() { span.dim { " of " (goal.budget.title()) } } }
                            td { (text::burn(it.long_burn)) " / " (text::burn(it.short_burn)) }
                            td data-l="limit" { (it.limit) }
                            td data-l="long" { (text::count(it.long_bad)) " of " (text::count(it.long_total)) }
                            td data-l="short" { (text::count(it.short_bad)) " of " (text::count(it.short_total)) }
                        }
                    }
                }
            }
            @if pairs.is_empty() { (parts::empty("This SLO has no burn alerts.")) }
            @if pairs.iter().any(|(_, it)| it.held_back) {
                p.dim { "Held back: both windows burn faster than the limit, but with so few events that luck explains it." }
            }
        }
    }
}

/// Budgets by the labels that the SLO is grouped by.
fn groups(visit: &Visit, slo: &Slo) -> Markup {
    let Some(grouping) = &slo.grouping else { return html! {} };
    let groups = group_views(&visit.shared().metrics.tracker(), slo, visit.now);
    html! {
        section aria-labelledby="groups" {
            h2 #groups { "By " (grouping.by.join(", ")) }
            table.rows {
                thead {
                    tr {
                        th scope="col" { "State" } th scope="col" { "Group" } th scope="col" { "Now" }
                        th scope="col" { "Budget left" } th scope="col" { "Made from" }
                    }
                }
                tbody {
                    @for it in groups.iter().take(ROWS_MAX) {
                        @for goal in it.goals.iter().take(1) {
                            tr {
                                td { (parts::state(&it.state)) }
                                td { @for (name, value) in it.labels.iter() { code { (name) "=" (value) } " " } }
                                td data-l="now" { (goal.budget.now) }
                                td { (parts::budget(&goal.budget)) }
                                td { (parts::counts(&goal.budget)) }
                            }
                        }
                    }
                }
            }
            @if groups.is_empty() { (parts::empty("No group was seen yet.")) }
            @if ROWS_MAX < groups.len() { p.dim { (groups.len() - ROWS_MAX) " more" } }
        }
    }
}

fn exclusions(overlays: &[OverlayView]) -> Markup {
    html! {
        @if !overlays.is_empty() {
            section aria-labelledby="exclusions" {
                h2 #exclusions { "Exclusions and corrections" }
                table.rows {
                    thead {
                        tr {
                            th scope="col" { "Name" } th scope="col" { "When" } th scope="col" { "Effect" }
                            th scope="col" { "Reason" } th scope="col" { "By" } th scope="col" { "Written in" }
                        }
                    }
                    tbody {
                        @for it in overlays.iter().take(ROWS_MAX) {
                            tr {
                                td { (it.name) }
                                td { (it.when) }
                                td { (it.effect_words()) }
                                td {
                                    (it.reason)
                                    @if let Some(link) = it.evidence_link() { " " a href=(link) rel="noreferrer" { "evidence" } }
                                    @else if let Some(text) = &it.evidence { " (" (text) ")" }
                                }
                                td data-l="by" { (it.author) }
                                td.opt { @match &it.origin { Some(origin) => { (parts::origin(origin)) }, None => { "API, revision " (it.revision.unwrap_or(0)) } } }
                            }
                        }
                    }
                }
                @if ROWS_MAX < overlays.len() { p.dim { (overlays.len() - ROWS_MAX) " more; see `nines exclude --list`" } }
            }
        }
    }
}

/// What is counted, and what was promised when.
fn definition(slo: &SloView, goal: &GoalView) -> Markup {
    let versions = &goal.budget.versions;
    html! {
        section aria-labelledby="definition" {
            h2 #definition { "What is counted" }
            p { (slo.sli) ", " (slo.method.replace('_', " ")) ": " @for it in &slo.reads { code { (it) } " " } }
            @if 1 < versions.len() {
                h3 { "What was promised" }
                ul {
                    @for it in versions.iter().rev().take(ROWS_MAX) {
                        li { (it.objective) " " @match it.effective { Some(at) => { "since " (parts::at(at)) }, None => { "before" } } }
                    }
                }
                p.dim { "Each event earns budget under the objective that was in force when it happened." }
            }
        }
    }
}

/// Whom a page for this objective would reach now: the functions that page decide it.
fn who(app: &Shared, slo: &Slo, visit: &Visit) -> Markup {
    let loaded = app.loaded();
    let (policy, because, place) = match &slo.primary().alerting.escalation {
        Some(policy) => {
            (Some(policy.clone()), "the SLO names it".to_owned(), slo.origin.to_string())
        }
        None => {
            let rules = &loaded.spec.dispatch;
            let routed = rules.route(&page_labels(slo)).into_iter();
            let found = routed.filter_map(|it| {
                let integrations = rules.integrations(&it.receiver).into_iter();
                let mut escalations = integrations.filter_map(|it| match it.settings {
                    Settings::Escalation(name) => Some(name),
                    _ => None,
                });
                Some((escalations.next()?, it))
            });
            match found.into_iter().next() {
                Some((name, it)) => (Some(name), it.because, it.origin.to_string()),
                None => (None, "no route leads to people".to_owned(), String::new()),
            }
        }
    };
    let roster = &loaded.engine_config.roster;
    let rota = app.engine.read(|it| it.rota.clone());
    let duty = nines_oncall::Duty { roster, rota: &rota };
    let steps =
        policy.as_ref().and_then(|it| roster.policies.get(it)).map(|it| it.steps.as_slice());
    html! {
        section aria-labelledby="who" {
            h2 #who { "Who is paged" }
            @match &policy {
                None => { p { (parts::tone(parts::Tone::Warn, "nobody")) ": " (because) } },
                Some(policy) => { p { "Escalation " strong { (policy) } ": " (because) " " (parts::origin(&place)) } },
            }
            ol {
                @for step in steps.unwrap_or_default() {
                    li {
                        @for target in &step.targets {
                            (target) " → "
                            @let people = duty.resolve(target, visit.now);
                            @if people.is_empty() { (parts::tone(parts::Tone::Warn, "nobody")) }
                            @for (person, _) in people { strong { (person.display_name) } " " }
                            " "
                        }
                        span.dim { "then waits " (text::duration(step.wait)) }
                    }
                }
            }
        }
    }
}

/// The labels of the alert that would page.
fn page_labels(slo: &Slo) -> Labels {
    let own = [
        ("alertname", SLO_ALERT.to_owned()),
        ("service", slo.name.service.clone()),
        ("slo", slo.name.slo.clone()),
        ("severity", Severity::Page.to_string()),
    ];
    let given = slo.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let labels: BTreeMap<String, String> =
        given.chain(own.map(|(name, value)| (name.to_owned(), value))).collect();
    Labels::new(labels).unwrap_or_default()
}
