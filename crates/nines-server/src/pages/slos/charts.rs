//! The charts of one objective: what is left of its budget, and how fast it burned lately.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use nines_slo::{Goal, Slo, SloName};

use super::page_pair;
use crate::app::Shared;
use crate::pages::chart::{self, Axes, POINTS_MAX, Point, Scale, Slice};
use crate::pages::parts;
use crate::pages::plot::{Mark, Plot, plot};
use crate::slo_views::{BudgetView, SloView, VersionView};
use crate::text;

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
pub(super) fn burn_down(app: &Shared, view: &SloView, slo: &BudgetView) -> Markup {
    // A calendar window goes on after now.
    let slices = slices(app, &view.slo, slo.from, slo.to.min(app.clock.now()));
    // `1 − remaining = bad ÷ allowed`: the view's own ratio gives the scale, so both show one number.
    let spent = 1.0 - slo.remaining_ratio;
    let allowed = match slo.bad {
        0 => slo.allowed.parse().unwrap_or(0.0),
        bad if 0.0 < spent => bad as f64 / spent,
        _ => 0.0,
    };
    let points = chart::burn_down(&slices, slo.remaining_ratio, allowed);
    let low = chart::extent(&points).map_or(0.0, |it| it.0.min(0.0)).max(BUDGET_LOW);
    let axes = Axes { from: slo.from, to: slo.to, low, high: 1.0, scale: Scale::Linear };
    let minus = |it: f64| text::percent(it).replace('-', "−");
    let ticks = axes.ticks(&[0.0, 0.5]).into_iter().map(|it| (it, minus(it.value))).collect();
    let ideal = [Point { at: slo.from, value: Some(1.0) }, Point { at: slo.to, value: Some(0.0) }];
    let marks = marks(app, view, slo, slo.from);
    let sentence = format!(
        "{} of the budget is left at {} UTC: {}.",
        parts::budget_left(slo),
        text::clock(slo.to.min(app.clock.now())),
        parts::counts(slo)
    );
    let rows = chart::merged(&slices, ROWS_MAX);
    let left = chart::burn_down(&rows, slo.remaining_ratio, allowed);
    let left: Vec<String> =
        left.iter().map(|it| it.value.map_or_else(|| "—".to_owned(), minus)).collect();
    plot(&Plot {
        id: "budget",
        title: "Budget left",
        sentence,
        axes,
        points: &points,
        ideal: Some(ideal),
        limit: None,
        marks: &marks,
        ticks,
        table: table("Budget left", &rows, &left),
    })
}

/// How fast the budget burned in the last hours, with the limit of the first pair that pages.
pub(super) fn burn(
    app: &Shared,
    (slo, goal): (&Slo, &Goal),
    (view, budget): (&SloView, &BudgetView),
    now: Timestamp,
) -> Markup {
    let from = now - BURN_BACK;
    let slices = slices(app, &slo.name, from, now);
    let allowed_ratio = goal.target_at(now).allowed() as f64 / nines_slo::Objective::SCALE as f64;
    let points = chart::burn(&slices, allowed_ratio);
    let pages = goal.alerting.pairs.iter().find(|it| it.severity == nines_slo::Severity::Page);
    let limit = pages.map(|it| it.factor.0 as f64 / nines_slo::BurnFactor::ONE.0 as f64);
    let highest = chart::extent(&points).map_or(0.0, |it| it.1);
    let high = highest.max(limit.unwrap_or(1.0) * 1.2).min(BURN_HIGH);
    let axes = Axes { from, to: now, low: 0.0, high, scale: Scale::Log };
    let wanted: Vec<f64> = limit.into_iter().chain([1.0, 10.0, 100.0]).collect();
    let ticks = axes.ticks(&wanted).into_iter().map(|it| (it, text::burn(it.value))).collect();
    let marks = marks(app, view, budget, from);
    let pair = page_pair(budget).map_or(String::new(), |it| {
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
        axes,
        points: &points,
        ideal: None,
        limit,
        marks: &marks,
        ticks,
        table: table("Burn", &rows, &burns),
    })
}

/// Changes of the service and of its promise, and incidents that touched the objective.
fn marks(app: &Shared, slo: &SloView, budget: &BudgetView, from: Timestamp) -> Vec<Mark> {
    let name = slo.slo.to_string();
    let promised = budget.versions.windows(2).filter_map(promise_mark);
    let promised = promised.filter(|it| from <= it.from && it.from <= budget.to);
    let promised: Vec<Mark> = promised.collect();
    app.engine.read(|state| {
        let incidents =
            state.incidents.values().rev().filter(|it| it.slos().contains(&name.as_str()));
        let incidents = incidents.filter_map(|it| {
            let to = it.resolved_at.unwrap_or(budget.to);
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
        marks.extend(promised.into_iter().take(MARKS_MAX));
        marks.sort_by_key(|it| it.from);
        marks
    })
}

/// Where an objective took the place of another.
fn promise_mark(versions: &[VersionView]) -> Option<Mark> {
    let [before, after] = versions else { return None };
    let text = format!("objective {} → {}", before.objective, after.objective);
    Some(Mark { from: after.effective?, to: None, text })
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
