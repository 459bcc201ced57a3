//! What could have been promised: every candidate objective on the history of one SLI, as a frontier and not as one
//! number.

use std::ops::Range;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use nines_promql::SeriesSource;
use nines_slo::{Allowed, Counts, Goal, Objective, Slo, TrackerConfig, Window};
use serde::Serialize;

use crate::backtest::{BacktestError, Plan, Player, backtest, cast};
use crate::time::millis;
use crate::{Report, Setup};

/// Windows are looked at so often.
const LOOK_MS: i64 = 3_600_000;
/// Blocks of the bootstrap; errors of one week belong together.
const WEEK_MS: i64 = 7 * 24 * LOOK_MS;
/// Windows that are made up of weeks.
const DRAWS: usize = 1_000;
/// Equal histories have equal answers.
const SEED: u64 = 1;
/// For figures per month.
const MONTH_DAYS: f64 = 30.0;
/// Shares of made-up windows in which an objective must be kept.
const CONFIDENCES: [u32; 3] = [90, 95, 99];
/// What teams promise.
const CANDIDATES: [&str; 10] =
    ["90%", "95%", "98%", "99%", "99.5%", "99.9%", "99.95%", "99.99%", "99.995%", "99.999%"];

/// Every candidate, and the highest that one may count on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Frontier {
    /// Hours at which the window was looked at.
    pub hours: usize,
    /// Whole weeks of history.
    pub weeks: usize,
    /// From the mildest to the strictest.
    pub candidates: Vec<Candidate>,
    /// The highest objective for each confidence.
    pub highest: Vec<Highest>,
}

/// One objective on the history.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// The objective.
    pub target: String,
    /// The share of the hours at which its window kept it.
    pub kept_ratio: f64,
    /// Hours at which its budget was spent, so that a policy would have frozen changes.
    pub frozen_hours: usize,
    /// Pages in 30 days.
    pub pages_per_month: f64,
    /// Tickets in 30 days.
    pub tickets_per_month: f64,
}

/// The highest objective that is kept with a confidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Highest {
    /// In percent.
    pub confidence: u32,
    /// Nothing when none of the candidates is kept so surely, or when there are less than two weeks.
    pub target: Option<String>,
}

/// Plays every candidate in place of the objective of `goal`.
///
/// The confidence is the share of windows, made up of whole weeks of the history drawn with replacement, in which
/// the objective is kept.
///
/// # Errors
/// Samples cannot be read, or there are too many steps.
///
/// Source: B. Efron, "Bootstrap methods: another look at the jackknife" (1979), by blocks.
pub fn suggest(
    setup: &Setup,
    (slo, goal): (&Slo, &Goal),
    source: &dyn SeriesSource,
    plan: &Plan,
) -> Result<Frontier, BacktestError> {
    let mut targets: Vec<Objective> = CANDIDATES.iter().filter_map(|it| it.parse().ok()).collect();
    targets.push(goal.target_at(plan.range.end));
    targets.sort_unstable();
    targets.dedup();
    let length = goal.window.nominal();
    let windows = windows(setup, slo, source, plan.range.clone(), (LOOK_MS, length))?;
    let week = SignedDuration::from_millis(WEEK_MS);
    let weeks = self::windows(setup, slo, source, plan.range.clone(), (WEEK_MS, week))?;
    // The first lies before the range.
    let weeks = weeks.get(1..).unwrap_or_default();
    let mut candidates = Vec::new();
    for target in &targets {
        let report = play(setup, slo, goal, *target, source, plan)?;
        candidates.push(candidate(*target, &windows, &of_slo(report, slo), plan));
    }
    let drawn = drawn(weeks, length);
    let highest = CONFIDENCES.map(|confidence| Highest {
        confidence,
        target: highest(&targets, &drawn, confidence).map(|it| it.to_string()),
    });
    let (hours, weeks) = (windows.len(), weeks.len());
    Ok(Frontier { hours, weeks, candidates, highest: highest.to_vec() })
}

/// The counts of the last `length` at every multiple of `step_ms` in the range.
fn windows(
    setup: &Setup,
    slo: &Slo,
    source: &dyn SeriesSource,
    range: Range<Timestamp>,
    (step_ms, length): (i64, SignedDuration),
) -> Result<Vec<Counts>, BacktestError> {
    let (start_ms, end_ms) = (range.start.as_millisecond(), range.end.as_millisecond());
    // So much of the past is remembered.
    let goal = slo.primary();
    let goal = Goal::new(goal.latest(), Window::Rolling(length), goal.alerting.clone());
    let setup = alone(setup, &Slo { goals: vec![goal], ..slo.clone() });
    let players = cast(&setup, &TrackerConfig::default(), range.start);
    let Some(mut player) = players.into_iter().find(|it| it.plays(&slo.name)) else {
        return Ok(Vec::new());
    };
    player.warm_up(source, start_ms.saturating_sub(Player::warm_up_ms(&player))..start_ms)?;
    let mut counts = Vec::new();
    let mut at_ms = start_ms;
    while at_ms <= end_ms {
        counts.extend(player.count(source, &slo.name, length, at_ms)?);
        at_ms += step_ms;
    }
    Ok(counts)
}

/// The SLO in place of the one of its name, with those that it is made of, and nothing else.
fn alone(setup: &Setup, slo: &Slo) -> Setup {
    let players = cast(setup, &TrackerConfig::default(), Timestamp::UNIX_EPOCH);
    let group = players.into_iter().find(|it| it.plays(&slo.name)).map(Player::into_slos);
    let mut slos = group.unwrap_or_default();
    slos.retain(|it| it.name != slo.name);
    slos.push(slo.clone());
    Setup { slos, ..setup.clone() }
}

/// A backtest with another objective; everything else is as it is.
fn play(
    setup: &Setup,
    slo: &Slo,
    goal: &Goal,
    target: Objective,
    source: &dyn SeriesSource,
    plan: &Plan,
) -> Result<Report, BacktestError> {
    let goal = Goal::new(target, goal.window.clone(), goal.alerting.clone());
    let slo = Slo { goals: vec![goal], ..slo.clone() };
    let setup = alone(setup, &slo);
    let plan =
        Plan { policy_step: SignedDuration::from_hours(1), changes: Vec::new(), ..plan.clone() };
    backtest(&setup, source, &plan)
}

/// Without what other SLOs would have told.
fn of_slo(mut report: Report, slo: &Slo) -> Report {
    let name = slo.name.to_string();
    report.alerts.retain(|it| it.subject == name);
    report
}

fn candidate(target: Objective, windows: &[Counts], report: &Report, plan: &Plan) -> Candidate {
    let frozen_hours = windows.iter().filter(|it| is_broken(**it, target)).count();
    let kept = windows.len() - frozen_hours;
    let kept_ratio = if windows.is_empty() { 1.0 } else { kept as f64 / windows.len() as f64 };
    let days = millis(plan.range.end.duration_since(plan.range.start)) as f64 / 86_400_000.0;
    let per_month = |count: usize| rounded(count as f64 * MONTH_DAYS / days);
    Candidate {
        target: target.to_string(),
        kept_ratio: rounded(kept_ratio),
        frozen_hours,
        pages_per_month: per_month(report.pages().count()),
        tickets_per_month: per_month(report.tickets().count()),
    }
}

/// Whether more events are bad than the objective permits.
fn is_broken(counts: Counts, target: Objective) -> bool {
    let spent = u128::from(counts.bad) * u128::from(Objective::SCALE);
    Allowed::of(counts.total, target).numerator < spent
}

/// Windows made up of weeks.
fn drawn(weeks: &[Counts], length: SignedDuration) -> Vec<Counts> {
    if weeks.len() < 2 {
        return Vec::new();
    }
    let mut rng = Rng::with_seed(SEED);
    let blocks = usize::try_from(millis(length).div_euclid(WEEK_MS).max(1)).unwrap_or(1);
    let draw = |_| {
        (0..blocks).fold(Counts::default(), |sum, _| {
            let week = weeks.get(rng.usize(..weeks.len())).copied().unwrap_or_default();
            Counts { total: sum.total + week.total, bad: sum.bad + week.bad }
        })
    };
    (0..DRAWS).map(draw).collect()
}

fn highest(targets: &[Objective], drawn: &[Counts], confidence: u32) -> Option<Objective> {
    let is_sure = |target: &&Objective| {
        let kept = drawn.iter().filter(|it| !is_broken(**it, **target)).count();
        drawn.len() * usize::try_from(confidence).unwrap_or(100) <= kept * 100
    };
    let sure = targets.iter().filter(|_| !drawn.is_empty()).filter(is_sure);
    sure.max().copied()
}

/// To thousandths: answers are compared as text.
fn rounded(it: f64) -> f64 {
    (it * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests;
