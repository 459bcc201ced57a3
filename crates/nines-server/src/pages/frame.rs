//! What surrounds every page: navigation, who is on call, open incidents, what does not work.
//!
//! It must not know what a page shows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

use super::parts::{self, Tone};
use super::visit::Section;
use crate::app::{OnCall, Shared};
use crate::text;
use crate::views::{AlertView, InboxOnly, IncidentView, alert_views, incident_views, page_views};

/// The most incidents and alerts that the frame names.
const NAMED_MAX: usize = 20;

/// What can be broken in the demo: the address, and what it is called.
const FAULTS: [(&str, &str); 5] = [
    ("bad-deploy", "Bad deploy"),
    ("memory-leak", "Memory leak"),
    ("slow-query", "Slow query"),
    ("db-down", "Database down"),
    ("disk-filling", "Disk filling"),
];

/// What surrounds a page, as data.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) now: Timestamp,
    pub(super) path: String,
    pub(super) person: Option<String>,
    /// Alerts that wait for an answer of this person, or of anybody.
    pub(super) waiting: usize,
    pub(super) on_call: Vec<OnCall>,
    /// What people are called.
    pub(super) names: BTreeMap<String, String>,
    pub(super) incidents: Vec<IncidentView>,
    pub(super) firing: Vec<AlertView>,
    pub(super) problem: Option<String>,
    /// The revision that decides although the files have errors.
    pub(super) stale_revision: Option<String>,
    pub(super) is_demo: bool,
}

impl Frame {
    pub(super) fn read(app: &Shared, person: Option<&str>, path: &str, now: Timestamp) -> Self {
        let (waiting, incidents, firing) = app.engine.read(|state| {
            let pages = page_views(state, person, InboxOnly::No).into_iter();
            let waiting: BTreeSet<_> = pages.filter(|it| it.waits).map(|it| it.alert).collect();
            let open = incident_views(state).into_iter().filter(|it| it.open).take(NAMED_MAX);
            let firing = alert_views(state).into_iter().filter(|it| it.state == "firing");
            (waiting.len(), open.collect(), firing.take(NAMED_MAX).collect())
        });
        let loaded = app.loaded();
        Self {
            now,
            path: path.to_owned(),
            person: person.map(str::to_owned),
            waiting,
            on_call: app.on_call(now),
            names: app.display_names(),
            incidents,
            firing,
            problem: app.health.problem(),
            stale_revision: (!loaded.is_current).then(|| loaded.spec.revision.clone()),
            is_demo: app.is_demo,
        }
    }
}

/// The whole document.
pub(super) fn document(frame: &Frame, section: Section, title: &str, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · nines" }
                link rel="stylesheet" href="/assets/style.css";
                link rel="icon" type="image/svg+xml" href="/assets/icon.svg";
                script src="/assets/live.js" defer {}
                noscript { meta http-equiv="refresh" content="10"; }
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header {
                    (navigation(frame, section))
                    (status(frame))
                }
                div #strips role="region" aria-label="Open incidents and problems" { (strips(frame)) }
                p #news.hidden aria-live="polite" {}
                main #main tabindex="-1" { (main) }
                footer {
                    p #stale role="status" {}
                    p { "Times are UTC where no zone is named. " a href="/gate" { "Release gates" } " · " a href="/self" { "nines itself" } }
                }
            }
        }
    }
}

fn navigation(frame: &Frame, section: Section) -> Markup {
    let links = [
        (Section::Overview, "/", "Overview"),
        (Section::Slos, "/slos", "SLOs"),
        (Section::Alerts, "/alerts", "Alerts"),
        (Section::Incidents, "/incidents", "Incidents"),
        (Section::OnCall, "/oncall", "On-call"),
        (Section::Runbooks, "/rb", "Runbooks"),
        (Section::Inbox, "/inbox", "Inbox"),
        (Section::Own, "/self", "nines itself"),
    ];
    html! {
        nav #nav aria-label="Main" {
            a.brand href="/" { "nines" }
            @for (of, path, name) in links {
                a href=(path) aria-current=[(of == section).then_some("page")] {
                    (name)
                    @if of == Section::Inbox && 0 < frame.waiting {
                        " " span.badge { (frame.waiting) span.hidden { " waiting" } }
                    }
                }
            }
        }
    }
}

fn status(frame: &Frame) -> Markup {
    html! {
        div.status {
            p #now {
                @for it in &frame.on_call {
                    @if let Some(shift) = &it.shift {
                        span { (it.schedule) ": " strong { (frame.names.get(&shift.person).unwrap_or(&shift.person)) } " until " (short(shift.until)) } " "
                    }
                }
                span { "as of " time #asof datetime=(frame.now) { (text::clock(frame.now)) } " UTC" }
            }
            p {
                @match &frame.person {
                    Some(person) => { "signed in as " strong { (person) } },
                    None => { a href={ "/login?next=" (frame.path) } { "Sign in" } },
                }
            }
            @if frame.is_demo { (demo()) }
        }
    }
}

/// `Wed 25 Nov 08:00`
fn short(at: Timestamp) -> Markup {
    html! { time datetime=(at) { (at.strftime("%a %-d %b %H:%M").to_string()) } }
}

fn demo() -> Markup {
    html! {
        p { span.badge.note { "demo data" } }
        details #break {
            summary { "Break something" }
            div.menu {
                @for (fault, name) in FAULTS {
                    form method="post" action={ "/demo/break/" (fault) } data-fetch {
                        button { (name) }
                    }
                }
                form method="post" action="/demo/heal" data-fetch { button { "Heal everything" } }
            }
        }
        p #outcome role="status" {}
    }
}

fn strips(frame: &Frame) -> Markup {
    html! {
        @if let Some(problem) = &frame.problem {
            p.strip.bad { (parts::tone(Tone::Bad, "nines has a problem")) ": " (problem) " " a href="/self" { "Details" } }
        }
        @if let Some(revision) = &frame.stale_revision {
            p.strip.warn {
                (parts::tone(Tone::Warn, "The files have errors")) "; revision " code { (revision) }
                " still decides. " a href="/self" { "See the errors" }
            }
        }
        @for it in &frame.incidents {
            p.strip {
                a href={ "/i/" (it.number) } { "INC-" (it.number) } " "
                (parts::state(&it.severity)) " " (it.service) " · " (it.title) " · "
                @if let Some(at) = it.opened_at { "open for " (parts::since(at, frame.now)) " · " }
                (parts::acknowledged(it, frame.now))
            }
        }
        ul #firing hidden {
            @for it in &frame.firing { li data-key={ (it.key) "/" (it.activation) } { (it.summary) } }
        }
    }
}
