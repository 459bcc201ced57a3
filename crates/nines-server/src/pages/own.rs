//! nines itself: what decides, what was found in the files, what is stored, what is scraped, what fails.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use nines_ingest::{Health as TargetHealth, TargetStatus};
use nines_spec::Finding;

use super::parts::{self, Tone};
use super::visit::{Section, Visit};
use crate::app::{Loaded, Shared};
use crate::text;

/// The most findings and targets of the page.
const ROWS_MAX: usize = 200;

/// `GET /self`
pub(super) async fn own(visit: Visit) -> Response {
    let app = visit.shared();
    let loaded = app.loaded();
    let main = html! {
        h1 { "nines itself" }
        @if let Some(problem) = app.health.problem() { p.strip.bad { (parts::tone(Tone::Bad, "problem")) ": " (problem) } }
        (figures(app, &visit))
        (configuration(&loaded))
        (targets(&app.targets.snapshot(), &visit))
        (parts::commands(&["nines check DIR".to_owned(), "nines version".to_owned()]))
    };
    visit.page(Section::Own, "nines itself", &main)
}

fn figures(app: &Shared, visit: &Visit) -> Markup {
    let stats = app.metrics.store.stats();
    let (seq, epoch, waiting) = app.engine.read(|state| {
        let waiting = state.outbox.values().filter(|it| it.not_before().is_some()).count();
        (state.seq, state.epoch, waiting)
    });
    let count = |it: &AtomicU64| text::count(it.load(Ordering::Relaxed));
    let health = &app.health;
    html! {
        dl.facts {
            div { dt { "Version" } dd { (app.installation.version) } dd { "running for " (parts::since(app.started_at, visit.now)) } }
            div { dt { "Journal" } dd { (text::count(seq)) " facts" } dd { "epoch " (epoch) } }
            div { dt { "Outbox" } dd { (waiting) " messages wait" } dd { (count(&health.sends)) " sent, " (count(&health.send_failures)) " attempts failed" } }
            div {
                dt { "Sample store" }
                dd { (text::count(stats.series as u64)) " series, " (text::count(stats.series_active as u64)) " active" }
                dd { (text::count(stats.samples_appended)) " samples since the start" }
                dd { (mebibytes(stats.disk_bytes)) " in " (stats.segments) " segments and the log (" (mebibytes(stats.wal_bytes)) ")" }
                @if let Some(at) = stats.min_ms.and_then(|it| Timestamp::from_millisecond(it).ok()) { dd { "since " (parts::at(at)) } }
            }
            div { dt { "Queries" } dd { (count(&health.queries)) ", of which " (count(&health.query_failures)) " failed" } }
            div { dt { "Evaluations" } dd { (count(&health.evaluations)) } }
            div { dt { "Panics" } dd { (count(&health.panics)) } }
        }
    }
}

/// `12.3 MiB`
fn mebibytes(bytes: u64) -> String {
    format!("{:.1}\u{a0}MiB", bytes as f64 / f64::from(1 << 20))
}

fn configuration(loaded: &Loaded) -> Markup {
    html! {
        section aria-labelledby="config" {
            h2 #config { "Configuration" }
            p {
                "Revision " code { (loaded.spec.revision) } " of " (loaded.spec.files) " files decides. "
                @if !loaded.is_current {
                    (parts::tone(Tone::Warn, "The newest files have errors")) ", so they do not decide. "
                }
                "Read at " (parts::at(loaded.read_at)) "."
            }
            @if loaded.findings.is_empty() { (parts::empty("Nothing was found in the files.")) }
            @else { (findings(&loaded.findings)) }
        }
    }
}

fn findings(findings: &[Finding]) -> Markup {
    html! {
        table.rows {
            thead { tr { th scope="col" { "Level" } th scope="col" { "Where" } th scope="col" { "What" } th scope="col" { "What to do" } th scope="col" { "Code" } } }
            tbody {
                @for it in findings.iter().take(ROWS_MAX) {
                    tr {
                        td { (parts::state(&it.level.to_string())) }
                        td { code { (it.file) ":" (it.line) ":" (it.column) } }
                        td { (it.message) }
                        td { (it.help) }
                        td.opt { code { (it.code) } }
                    }
                }
            }
        }
        @if ROWS_MAX < findings.len() { p.dim { (findings.len() - ROWS_MAX) " more; `nines check` prints all." } }
    }
}

fn targets(targets: &[TargetStatus], visit: &Visit) -> Markup {
    let of = |health: TargetHealth| targets.iter().filter(|it| it.health == health).count();
    let word = |health: TargetHealth| match health {
        TargetHealth::Unknown => "unknown",
        TargetHealth::Up => "up",
        TargetHealth::Down => "down",
    };
    html! {
        section aria-labelledby="targets" {
            h2 #targets { "Targets" }
            p { (of(TargetHealth::Up)) " up, " (of(TargetHealth::Down)) " down, " (of(TargetHealth::Unknown)) " not asked yet" }
            @if targets.is_empty() { (parts::empty("Nothing is scraped: write a document of kind Scrape, or send samples to /api/v1/write.")) }
            @else {
                table.rows {
                    thead { tr { th scope="col" { "Health" } th scope="col" { "Job" } th scope="col" { "Address" } th scope="col" { "Last scrape" } th scope="col" { "Error" } } }
                    tbody {
                        @for it in targets.iter().take(ROWS_MAX) {
                            tr {
                                td { (parts::state(word(it.health))) }
                                td { (it.job) }
                                td { (it.address) }
                                td.opt { @if let Some(at) = it.last_scrape { (parts::ago(at, visit.now)) } }
                                td { (it.last_error.as_deref().unwrap_or("")) }
                            }
                        }
                    }
                }
            }
        }
    }
}
