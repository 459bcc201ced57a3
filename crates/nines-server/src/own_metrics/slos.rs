//! What other systems see of SLOs. A value that is not known is absent, and `nines_slo_state` says why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use nines_base::Labels;
use nines_slo::{Counts, SloName, Tracker};
use prometheus_client::encoding::DescriptorEncoder;

use super::{LabelPairs, counters, gauges};
use crate::app::Shared;
use crate::slo_views::{BudgetView, GoalView, SloView};

/// Counters advance in steps of this length, which every grain of the counts divides.
const STEP_SECONDS: i64 = 60;
/// And stay so far behind, because samples of one instant arrive at several.
const SETTLE: SignedDuration = SignedDuration::from_secs(120);

/// Events since this process started, of every SLO. Counts of rolling windows fall; counters must not.
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<BTreeMap<SloName, Running>>);

#[derive(Debug, Clone, Copy)]
struct Running {
    until: Timestamp,
    counts: Counts,
}

impl Counters {
    /// The events of each SLO, up to the last settled minute.
    fn advance(
        &self,
        tracker: &Tracker,
        since: Timestamp,
        now: Timestamp,
    ) -> Vec<(SloName, Counts)> {
        let floor = |it: Timestamp| {
            let seconds = it.as_second().div_euclid(STEP_SECONDS) * STEP_SECONDS;
            Timestamp::from_second(seconds).unwrap_or(it)
        };
        let mut running = self.0.lock().expect("counters do not panic");
        let names: BTreeSet<SloName> = tracker.slos().map(|it| it.name.clone()).collect();
        running.retain(|name, _| names.contains(name));
        let until = floor(now - SETTLE);
        for name in names {
            let it = running
                .entry(name.clone())
                .or_insert(Running { until: floor(since), counts: Counts::default() });
            if until <= it.until {
                continue;
            }
            let length = until.duration_since(it.until);
            if let Some(window) = tracker.window(&name, length, until) {
                it.counts.total = it.counts.total.saturating_add(window.counts.total);
                it.counts.bad = it.counts.bad.saturating_add(window.counts.bad);
            }
            it.until = until;
        }
        running.iter().map(|(name, it)| (name.clone(), it.counts)).collect()
    }
}

fn of_slo(name: &SloName) -> LabelPairs {
    vec![("service", name.service.clone()), ("slo", name.slo.clone())]
}

fn of_goal(slo: &SloView, budget: &BudgetView) -> LabelPairs {
    let mut labels = of_slo(&slo.slo);
    labels.push(("objective", budget.objective_name.clone()));
    labels.push(("window", budget.window.clone()));
    labels
}

fn with(mut labels: LabelPairs, name: &'static str, value: &str) -> LabelPairs {
    labels.push((name, value.to_owned()));
    labels
}

/// `no data` is `no_data`: label values are easier to write without spaces.
fn state_value(word: &str) -> String {
    word.replace(' ', "_")
}

/// A budget is known while samples come and something happened.
fn is_known(goal: &GoalView) -> bool {
    0 < goal.budget.total && goal.state != "no data"
}

type Rows = Vec<(LabelPairs, f64)>;

/// Every metric of SLOs.
pub(super) fn encode(encoder: &mut DescriptorEncoder<'_>, app: &Shared) -> fmt::Result {
    let slos = app.slo_views();
    let now = app.clock.now();
    let counted = app.slo_counters.advance(&app.metrics.tracker(), app.started_at, now);
    counters(
        encoder,
        "nines_slo_events",
        "Valid events since nines started, up to the last settled minute",
        counted.iter().map(|(name, it)| (of_slo(name), it.total)),
    )?;
    counters(
        encoder,
        "nines_slo_good_events",
        "Good events since nines started, up to the last settled minute",
        counted.iter().map(|(name, it)| (of_slo(name), it.good())),
    )?;
    let firing = firing(app);
    let goals = || slos.iter().flat_map(|slo| slo.goals.iter().map(move |goal| (slo, goal)));
    let each = |value: fn(&BudgetView) -> f64| -> Rows {
        let known = goals().filter(|(_, goal)| is_known(goal));
        known.map(|(slo, goal)| (of_goal(slo, &goal.budget), value(&goal.budget))).collect()
    };
    let mut put = |name: &str, help: &str, rows: Rows| {
        // What is no number is absent.
        gauges(encoder, name, help, rows.into_iter().filter(|it| it.1.is_finite()))
    };
    let text = "Valid events in the window";
    put("nines_slo_window_events", text, each(|it| it.total as f64))?;
    let text = "Bad events in the window";
    put("nines_slo_window_bad_events", text, each(|it| it.bad as f64))?;
    let objective = |it: &BudgetView| {
        it.objective.trim_end_matches('%').parse::<f64>().map_or(f64::NAN, |it| it / 100.0)
    };
    let rows = goals().map(|(slo, goal)| (of_goal(slo, &goal.budget), objective(&goal.budget)));
    put("nines_slo_objective_ratio", "Required share of good events", rows.collect())?;
    let rows = each(|it| it.remaining_ratio).into_iter();
    let rows = rows.map(|(labels, value)| (with(labels, "basis", "seen"), value));
    let text = "Error budget left; negative is overspent";
    put("nines_slo_budget_remaining_ratio", text, rows.collect())?;
    let rows = goals().map(|(slo, it)| (of_goal(slo, &it.budget), it.budget.coverage_ratio));
    put("nines_slo_coverage_ratio", "Share of the window with known data", rows.collect())?;
    put(
        "nines_slo_burn_rate",
        "Multiple of the sustainable speed of spending",
        goals().filter(|(_, goal)| is_known(goal)).flat_map(burn_rows).collect(),
    )?;
    let rows = goals().filter_map(|(slo, it)| {
        Some((of_goal(slo, &it.budget), it.budget.exhausts_in_seconds? as f64))
    });
    put(
        "nines_slo_exhausts_seconds",
        "Until the budget is gone; absent when never",
        rows.collect(),
    )?;
    put(
        "nines_slo_alert_state",
        "1 while the alerts of a severity fire, 0 while they do not",
        goals().flat_map(|it| alert_rows(&firing, it)).collect(),
    )?;
    let rows = goals()
        .map(|(slo, it)| (with(of_goal(slo, &it.budget), "state", &state_value(&it.state)), 1.0));
    put("nines_slo_state", "1 for the present state", rows.collect())?;
    let rows = slos.iter().map(|it| (info(it), 1.0));
    put("nines_slo_info", "What an SLO is, and where it is written", rows.collect())
}

/// Long and short windows, each length once.
fn burn_rows((slo, goal): (&SloView, &GoalView)) -> Rows {
    let burns = &goal.budget.burns;
    let ranges = burns.iter().flat_map(|it| [(&it.long, it.long_burn), (&it.short, it.short_burn)]);
    let by_range: BTreeMap<&String, f64> = ranges.collect();
    let labels = |range: &str| with(of_goal(slo, &goal.budget), "range", range);
    by_range.into_iter().map(|(range, burn)| (labels(range), burn)).collect()
}

fn alert_rows(firing: &[Labels], (slo, goal): (&SloView, &GoalView)) -> Rows {
    let is_of = |labels: &Labels, severity: &str| {
        labels.value("service") == slo.service
            && labels.value("slo") == slo.slo.slo
            && labels.value("severity") == severity
            && labels.get("objective").is_none_or(|it| it == goal.budget.objective_name)
            && labels.get("window").is_none_or(|it| it == goal.budget.window)
    };
    let has = |severity: &str| goal.budget.burns.iter().any(|it| it.severity == severity);
    let severities = ["page", "ticket"].into_iter().filter(|it| has(it));
    let rows = severities.map(|severity| {
        let fires = firing.iter().any(|it| is_of(it, severity));
        let labels = with(of_goal(slo, &goal.budget), "severity", severity);
        (labels, f64::from(u8::from(fires)))
    });
    rows.collect()
}

/// The labels of all burn alerts that fire.
fn firing(app: &Shared) -> Vec<Labels> {
    let is_burn = |it: &Labels| it.value("alertname") == nines_engine::SLO_ALERT;
    app.engine.read(|state| {
        let labels = state.firing().map(|(_, it)| &it.labels);
        labels.filter(|it| is_burn(it)).cloned().collect()
    })
}

fn info(slo: &SloView) -> LabelPairs {
    let mut labels = of_slo(&slo.slo);
    labels.push(("sli", slo.sli.to_owned()));
    labels.push(("method", slo.method.to_owned()));
    labels.push(("owner", slo.owner.clone().unwrap_or_default()));
    labels.push(("runbook", slo.runbook.clone().unwrap_or_default()));
    labels.push(("origin", slo.origin.clone()));
    labels
}
