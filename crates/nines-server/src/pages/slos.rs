//! Objectives: the list of all, and one with its budget, burn, windows and people.

mod charts;

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};
use nines_base::Labels;
use nines_engine::SLO_ALERT;
use nines_slo::{Severity, Slo, SloName};

use super::parts;
use super::visit::{Section, Visit};
use crate::app::Shared;
use crate::text;
use crate::views::{BurnView, SloView};

/// The first pair of windows that pages.
pub(super) fn page_pair(slo: &SloView) -> Option<&BurnView> {
    slo.burns.iter().find(|it| it.severity == "page")
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
                tbody { @for it in &slos { (row(it)) } }
            }
        }
    };
    visit.page(Section::Slos, "SLOs", &main)
}

fn row(slo: &SloView) -> Markup {
    html! {
        tr {
            td { (parts::state(&slo.state)) }
            td { (slo.service) }
            td { a href=(parts::slo_path(slo)) { (slo.slo.slo) } }
            td.opt { (slo.objective) " over " (slo.window) }
            td.opt { (slo.now) }
            td title=(parts::counts(slo)) { (parts::budget(slo)) }
            td.opt { (text::percent(slo.coverage_ratio)) }
            td.opt { (slo.owner.as_deref().unwrap_or("—")) }
            td.opt { (parts::origin(&slo.origin)) }
        }
    }
}

/// `GET /slo/{service}/{slo}`
pub(super) async fn one(visit: Visit, Path((service, slo)): Path<(String, String)>) -> Response {
    let app = visit.shared();
    let text = format!("{service}/{slo}");
    let found =
        text.parse::<SloName>().ok().and_then(|it| Some((app.slo_view(&it)?, app.slo(&it)?)));
    let Some((view, slo)) = found else { return visit.missing(Section::Slos, "SLO", &text) };
    let main = html! {
        (head(&view))
        (charts::burn_down(app, &view))
        (charts::burn(app, &slo, &view, visit.now))
        (windows(&view))
        (who(app, &slo, &visit))
        (parts::commands(&[
            format!("nines describe slo {text}"),
            format!("nines why {text}"),
            format!("nines gate check {service}"),
        ]))
    };
    visit.page(Section::Slos, &text, &main)
}

/// State and figures, each with its counts.
pub(super) fn head(slo: &SloView) -> Markup {
    html! {
        h1 { (slo.service) " / " (slo.slo.slo) " " (parts::state(&slo.state)) }
        @if let Some(problem) = &slo.problem { p.strip.warn { (parts::tone(parts::Tone::Warn, problem)) } }
        @if slo.state == "no data" {
            p {
                "No data: "
                @match slo.last_sample { Some(at) => { "the last sample is from " (parts::at(at)) "." }, None => { "no sample was ever seen." } }
            }
        }
        dl.facts {
            div { dt { "Objective" } dd.big { (slo.objective) } dd { "over " (slo.window) } }
            div { dt { "Now" } dd.big { (slo.now) } dd { @if let Some(it) = slo.burns.last().filter(|_| slo.now_ratio.is_some()) { span.dim { "burns " (text::burn(it.long_burn)) " over " (it.long) } } } }
            div {
                dt { "Budget left" }
                dd.big { (parts::budget(slo)) }
                dd { (parts::counts(slo)) }
                dd { (parts::at(slo.from)) " to " (parts::at(slo.to)) }
            }
            div { dt { "Empty in" } dd.big { (slo.empty_in) } dd { "at the present rate" } }
            div { dt { "Known" } dd.big { (text::percent(slo.coverage_ratio)) } dd { "of the window has data" } }
            div {
                dt { "Written in" } dd { (parts::origin(&slo.origin)) }
                @if let Some(owner) = &slo.owner { dd { "owner " (owner) } }
                @if let Some(runbook) = &slo.runbook { dd { "runbook " a href={ "/rb/" (runbook) } { (runbook) } } }
            }
        }
    }
}

fn windows(slo: &SloView) -> Markup {
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
                    @for it in &slo.burns {
                        tr {
                            td { @if it.holds { (parts::state(&it.severity)) } @else { (parts::tone(parts::Tone::Quiet, "ok")) } }
                            td { (it.long) " and " (it.short) " → " (it.severity) }
                            td { (text::burn(it.long_burn)) " / " (text::burn(it.short_burn)) }
                            td data-l="limit" { (it.limit) }
                            td data-l="long" { (text::count(it.long_bad)) " of " (text::count(it.long_total)) }
                            td data-l="short" { (text::count(it.short_bad)) " of " (text::count(it.short_total)) }
                        }
                    }
                }
            }
            @if slo.burns.is_empty() { (parts::empty("This SLO has no burn alerts.")) }
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
            let decision = loaded.spec.routing.decide(&page_labels(slo));
            (decision.escalation, decision.because, decision.origin.to_string())
        }
    };
    let roster = &loaded.engine_config.roster;
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
                            @match roster.resolve(target, visit.now) {
                                Some((person, _)) => { strong { (person.display_name) } },
                                None => { (parts::tone(parts::Tone::Warn, "nobody")) },
                            }
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
