//! The charts of one objective: what is left of its budget, and how fast it burned lately.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use nines_slo::{Slo, SloName};

use super::page_pair;
use crate::app::Shared;
use crate::pages::chart::{self, Axes, POINTS_MAX, Point, Slice};
use crate::pages::parts;
use crate::pages::plot::{Mark, Plot, plot};
use crate::text;
use crate::views::SloView;

/// How far back the burn is drawn.
const BURN_BACK: SignedDuration = SignedDuration::from_hours(6);
/// The most rows of the table beside a chart.
const ROWS_MAX: usize = 28;
/// The most marks of one chart.
const MARKS_MAX: usize = 60;
/// The lowest value of a budget that is drawn: overspent once.
const BUDGET_LOW: f64 = -1.0;
/// The highest burn that is drawn.
const BURN_HIGH: f64 = 1_000.0;

fn slices(app: &Shared, name: &SloName, from: Timestamp, to: Timestamp) -> Vec<Slice> {
    let step = SignedDuration::from_secs(1);
    let slices = app.metrics.tracker().slices(name, from, to, step, POINTS_MAX);
    let slice =
        |it: &nines_slo::Slice| Slice { to: it.to, bad: it.counts.bad, total: it.counts.total };
    slices.iter().map(slice).collect()
}

/// Budget left over the window, with the line of even spending, changes and incidents.
pub(super) fn burn_down(app: &Shared, slo: &SloView) -> Markup {
    let slices = slices(app, &slo.slo, slo.from, slo.to);
    // `1 − remaining = bad ÷ allowed`: the view's own ratio gives the scale, so both show one number.
    let spent = 1.0 - slo.remaining_ratio;
    let allowed = match slo.bad {
        0 => slo.allowed.parse().unwrap_or(0.0),
        bad if 0.0 < spent => bad as f64 / spent,
        _ => 0.0,
    };
    let points = chart::burn_down(&slices, slo.remaining_ratio, allowed);
    let low = chart::extent(&points).map_or(0.0, |it| it.0.min(0.0)).max(BUDGET_LOW);
    let axes = Axes { from: slo.from, to: slo.to, low, high: 1.0 };
    let ideal = [Point { at: slo.from, value: Some(1.0) }, Point { at: slo.to, value: Some(0.0) }];
    let marks = marks(app, slo, slo.from);
    let sentence = format!(
        "{} of the budget is left at {} UTC: {}.",
        parts::budget_left(slo),
        text::clock(slo.to),
        parts::counts(slo)
    );
    let rows = chart::merged(&slices, ROWS_MAX);
    let left = chart::burn_down(&rows, slo.remaining_ratio, allowed);
    let left: Vec<String> = left
        .iter()
        .map(|it| it.value.map_or_else(|| "—".to_owned(), |it| text::percent(it).replace('-', "−")))
        .collect();
    plot(&Plot {
        id: "budget",
        title: "Budget left",
        sentence,
        axes,
        points: &points,
        ideal: Some(ideal),
        limit: None,
        marks: &marks,
        high: text::percent(1.0),
        low: text::percent(low).replace('-', "−"),
        table: table("Budget left", &rows, &left),
    })
}

/// How fast the budget burned in the last hours, with the limit of the first pair that pages.
pub(super) fn burn(app: &Shared, slo: &Slo, view: &SloView, now: Timestamp) -> Markup {
    let from = now - BURN_BACK;
    let slices = slices(app, &slo.name, from, now);
    let allowed_ratio =
        slo.primary().target_at(now).allowed() as f64 / nines_slo::Objective::SCALE as f64;
    let points = chart::burn(&slices, allowed_ratio);
    let pages =
        slo.primary().alerting.pairs.iter().find(|it| it.severity == nines_slo::Severity::Page);
    let limit = pages.map(|it| it.factor.0 as f64 / nines_slo::BurnFactor::ONE.0 as f64);
    let highest = chart::extent(&points).map_or(0.0, |it| it.1);
    let high = highest.max(limit.unwrap_or(1.0) * 1.2).min(BURN_HIGH);
    let marks = marks(app, view, from);
    let pair = page_pair(view).map_or(String::new(), |it| {
        let windows = format!("over {} it is {}", it.long, text::burn(it.long_burn));
        format!("; {windows}, and the limit (dashed) is {}", it.limit)
    });
    let sentence = match chart::extent(&points) {
        Some((_, highest)) => {
            format!("The highest burn of the last 6 h is {}{pair}.", text::burn(highest))
        }
        None => "No events in the last 6 h.".to_owned(),
    };
    let rows = chart::merged(&slices, ROWS_MAX);
    let burns: Vec<String> = chart::burn(&rows, allowed_ratio)
        .iter()
        .map(|it| it.value.map_or_else(|| "—".to_owned(), text::burn))
        .collect();
    plot(&Plot {
        id: "burn",
        title: "Burn, last 6 h",
        sentence,
        axes: Axes { from, to: now, low: 0.0, high },
        points: &points,
        ideal: None,
        limit,
        marks: &marks,
        high: text::burn(high),
        low: text::burn(0.0),
        table: table("Burn", &rows, &burns),
    })
}

/// Changes of the service, and incidents that touched the objective.
fn marks(app: &Shared, slo: &SloView, from: Timestamp) -> Vec<Mark> {
    let name = slo.slo.to_string();
    app.engine.read(|state| {
        let incidents =
            state.incidents.values().rev().filter(|it| it.slos().contains(&name.as_str()));
        let incidents = incidents.filter_map(|it| {
            let to = it.resolved_at.unwrap_or(slo.to);
            let begin = it.impact_start.or(it.opened_at)?.max(from);
            let text = format!("INC-{} {} {}", it.number, it.severity, it.title);
            (from <= to).then_some(Mark { from: begin, to: Some(to), text })
        });
        let changes = state.changes.iter().rev().map(|it| &it.change);
        let changes = changes.filter(|it| it.service == slo.service && from <= it.started);
        let changes = changes.map(|it| {
            let version = it.version.as_deref().unwrap_or("");
            let text = format!("{} {} {version}", it.kind, it.service);
            Mark { from: it.started, to: None, text: text.trim_end().to_owned() }
        });
        let mut marks: Vec<Mark> = incidents.take(MARKS_MAX / 2).collect();
        let room = MARKS_MAX - marks.len();
        marks.extend(changes.take(room));
        marks.sort_by_key(|it| it.from);
        marks
    })
}

fn table(name: &str, rows: &[Slice], values: &[String]) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { "Until" } th scope="col" { (name) } th scope="col" { "Bad" } th scope="col" { "Total" } } }
            tbody {
                @for (row, value) in rows.iter().zip(values) {
                    tr { td { (parts::at(row.to)) } td { (value) } td { (text::count(row.bad)) } td { (text::count(row.total)) } }
                }
            }
        }
    }
}
