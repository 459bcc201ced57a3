//! The overview: is anything wrong, whose is it, is it getting worse. One screen.

use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use nines_incident::changes::Change;

use super::parts;
use super::slos::page_pair;
use super::visit::{Section, Visit};
use crate::app::OnCall;
use crate::slo_views::SloView;
use crate::text;
use crate::views::{AlertView, alert_views};

/// The most objectives that are shown without a problem; the others are on their own page.
const FINE_MAX: usize = 40;
/// The most changes and alerts.
const LINES_MAX: usize = 20;
/// How far back changes are shown.
const CHANGES_BACK: SignedDuration = SignedDuration::from_hours(24);

/// What the overview shows.
#[derive(Debug, Default)]
pub(super) struct Overview {
    pub(super) now: Timestamp,
    pub(super) slos: Vec<SloView>,
    pub(super) firing: Vec<AlertView>,
    /// Newest first.
    pub(super) changes: Vec<Change>,
    pub(super) on_call: Vec<OnCall>,
}

/// `GET /`
pub(super) async fn overview(visit: Visit) -> Response {
    let app = visit.shared();
    let slos = app.slo_views();
    let (firing, changes) = app.engine.read(|state| {
        let firing = alert_views(state).into_iter().filter(|it| it.state == "firing").collect();
        let recent = state.changes.iter().rev().map(|it| &it.change);
        let recent = recent.take_while(|it| visit.now - CHANGES_BACK <= it.started);
        (firing, recent.cloned().collect())
    });
    let on_call = app.on_call(visit.now);
    let overview = Overview { now: visit.now, slos, firing, changes, on_call };
    visit.page(Section::Overview, "Overview", &render(&overview))
}

/// The page between header and footer.
pub(super) fn render(overview: &Overview) -> Markup {
    let Overview { now, slos, firing, changes, on_call } = overview;
    html! {
        h1 { "Overview" }
        (counts(overview))
        @if slos.is_empty() {
            (parts::empty("No SLOs yet. `nines init` writes a first file; `nines check DIR` checks it; put it into the configuration folder."))
        } @else { (slo_table(slos)) }
        div.columns {
            div {
                h2 { "Firing alerts" }
                @if firing.is_empty() { (parts::empty("Nothing fires.")) } @else { (alerts(firing, *now)) }
            }
            div {
                h2 { "Changes of the last 24 h" }
                @if changes.is_empty() {
                    (parts::empty("None was told. Send them to POST /api/v1/events."))
                } @else { (change_list(changes, *now)) }
                h2 { "On call" }
                @if on_call.is_empty() { (parts::empty("There is no schedule yet.")) }
                ul {
                    @for it in on_call {
                        li {
                            (it.schedule) ": "
                            @match &it.shift {
                                Some(shift) => { strong { (shift.person) } " until " (parts::at(shift.until)) },
                                None => { (parts::tone(parts::Tone::Warn, "nobody")) },
                            }
                        }
                    }
                }
            }
        }
    }
}

fn counts(overview: &Overview) -> Markup {
    let of = |word: &str| overview.slos.iter().filter(|it| it.state == word).count();
    let hour_ago = overview.now - SignedDuration::from_hours(1);
    let recent = overview.changes.iter().filter(|it| hour_ago <= it.started).count();
    html! {
        p.counts {
            @for (word, state) in [("page", "page"), ("spent", "spent"), ("ticket", "ticket"), ("no data", "no data"), ("no events", "no events")] {
                @if 0 < of(state) { span { (parts::tone(parts::Tone::of(word), &format!("{} {word}", of(state)))) } }
            }
            span { (of("fine")) " fine" }
            span { (overview.firing.len()) " alerts" }
            span { (recent) " changes in the last hour" }
        }
    }
}

fn slo_table(slos: &[SloView]) -> Markup {
    let fine = slos.iter().filter(|it| it.state == "fine").count();
    let shown = slos.len() - fine + fine.min(FINE_MAX);
    let pair = slos.iter().find_map(|it| page_pair(&it.primary));
    html! {
        table.rows {
            thead {
                tr {
                    th scope="col" { "State" } th scope="col" { "Service" } th scope="col" { "SLO" }
                    th scope="col" { "Objective" } th scope="col" { "Now" } th scope="col" { "Budget left" }
                    th scope="col" { "Burn" @if let Some(it) = pair { " " (it.long) " / " (it.short) } }
                    th scope="col" { "Empty in" }
                }
            }
            tbody { @for it in slos.iter().take(shown) { (slo_row(it)) } }
        }
        @if shown < slos.len() { p { a href="/slos" { "… " (slos.len() - shown) " more fine" } } }
    }
}

fn slo_row(slo: &SloView) -> Markup {
    html! {
        tr {
            td { (parts::state(&slo.state)) }
            td { (slo.service) }
            td { a href=(parts::slo_path(slo)) { (slo.slo.slo) } }
            td.opt { (slo.primary.objective) " over " (slo.primary.window) }
            td.opt { (slo.primary.now) }
            td title=(parts::counts(&slo.primary)) { (parts::budget(&slo.primary)) }
            td.opt {
                @match page_pair(&slo.primary) {
                    Some(it) if 0 < slo.primary.total => { (text::burn(it.long_burn)) " / " (text::burn(it.short_burn)) },
                    _ => { "—" },
                }
            }
            td.opt { (slo.primary.empty_in) }
        }
    }
}

fn alerts(firing: &[AlertView], now: Timestamp) -> Markup {
    html! {
        table.rows {
            thead { tr { th scope="col" { "Severity" } th scope="col" { "Alert" } th scope="col" { "For" } th scope="col" { "Answer" } } }
            tbody {
                @for it in firing.iter().take(LINES_MAX) {
                    tr {
                        td { (parts::alert_state(it)) }
                        td { a href={ "/a/" (it.key) } { (it.summary) } }
                        td { @if let Some(at) = it.fired_at { (parts::since(at, now)) } }
                        td { (it.progress) }
                    }
                }
            }
        }
        @if LINES_MAX < firing.len() { p { a href="/alerts" { "all " (firing.len()) " alerts" } } }
    }
}

fn change_list(changes: &[Change], now: Timestamp) -> Markup {
    html! {
        ul {
            @for it in changes.iter().take(LINES_MAX) {
                li {
                    (parts::ago(it.started, now)) " ▲ " (it.kind) " " (it.service)
                    @if let Some(version) = &it.version { " " (version) }
                    @if let Some(author) = &it.author { " by " (author) }
                    @if !it.summary.is_empty() { span.dim { " " (it.summary) } }
                }
            }
        }
        @if LINES_MAX < changes.len() { p.dim { (changes.len() - LINES_MAX) " more" } }
    }
}
