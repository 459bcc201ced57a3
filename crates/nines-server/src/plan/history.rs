//! What changed objectives would have meant on the history that the store holds: budgets now, and pages then.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, SampleBatch};
use nines_promql::{SelectLimits, SeriesSource};
use nines_slo::{BurnKey, Severity, SliKind, Slo, Tracker, TrackerConfig};
use nines_spec::Spec;

use crate::app::Metrics;
use crate::text;

/// Without `since`.
pub(crate) const HISTORY_DEFAULT: SignedDuration = SignedDuration::from_hours(28 * 24);
/// Objectives whose history is played for one plan; it says so when there are more.
const PLAYED_MAX: usize = 25;
/// Alerts are judged so often in the past.
const STEP: SignedDuration = SignedDuration::from_mins(1);
/// The most samples that are read for one objective.
const SAMPLES_MAX: usize = 20_000_000;
/// So many pages are named by their day.
const NAMED_MAX: usize = 5;

/// Sentences for each objective that changes, by its name.
pub(super) fn effects(
    metrics: &Metrics,
    (before, after): (&Spec, &Spec),
    since: SignedDuration,
    now: Timestamp,
) -> BTreeMap<String, Vec<String>> {
    let mut effects = BTreeMap::new();
    let mut played = 0;
    for new in &after.slos {
        let old = before.slos.iter().find(|it| it.name == new.name);
        if old.is_some_and(|it| counts_alike(it, new)) {
            continue;
        }
        played += 1;
        let sentences = if PLAYED_MAX < played {
            vec![format!("its history was not played: a plan plays at most {PLAYED_MAX}")]
        } else {
            let past = |spec: &Spec, slo: &Slo| play(metrics, spec, slo, since, now);
            match (old.map(|it| past(before, it)).transpose(), past(after, new)) {
                (Ok(old), Ok(new)) => sentences(old.as_ref(), &new, since),
                (Err(problem), _) | (_, Err(problem)) => vec![problem],
            }
        };
        effects.insert(new.name.to_string(), sentences);
    }
    effects
}

/// Whether nothing changes but names, owners and places.
fn counts_alike(one: &Slo, other: &Slo) -> bool {
    (&one.sli, one.method, &one.goals, &one.grouping)
        == (&other.sli, other.method, &other.goals, &other.grouping)
}

/// The SLO, and those that it is made of.
fn family(spec: &Spec, slo: &Slo) -> Vec<Slo> {
    let mut family = vec![slo.clone()];
    let mut next = 0;
    while let Some(SliKind::Composite(it)) = family.get(next).map(|it| it.sli.kind.clone()) {
        for member in it.members {
            let known = family.iter().any(|it| it.name == member.slo);
            let found = spec.slos.iter().find(|it| it.name == member.slo);
            family.extend(found.filter(|_| !known).cloned());
        }
        next += 1;
        while family.get(next).is_some_and(|it| !matches!(it.sli.kind, SliKind::Composite(_))) {
            next += 1;
        }
    }
    family
}

/// What would have happened.
#[derive(Debug, Clone, PartialEq)]
struct Past {
    /// What is left of the first budget; nothing without data.
    remaining_ratio: Option<f64>,
    /// When pages began.
    pages: Vec<Timestamp>,
}

fn play(
    metrics: &Metrics,
    spec: &Spec,
    slo: &Slo,
    since: SignedDuration,
    now: Timestamp,
) -> Result<Past, String> {
    let family = family(spec, slo);
    if family.iter().any(|it| matches!(it.sli.kind, SliKind::Promql(_))) {
        return Err("its queries are asked slice by slice, so its history is not played".to_owned());
    }
    let mut tracker = Tracker::new(family.clone(), TrackerConfig::default());
    tracker.set_overlays(spec.overlays.clone());
    let limits = SelectLimits { series_max: 20_000, samples_max: SAMPLES_MAX };
    let mut selected: BTreeMap<Labels, SampleBatch> = BTreeMap::new();
    for matchers in family.iter().flat_map(|it| tracker.selectors(&it.name)) {
        let series = metrics.store.select(&matchers, i64::MIN, now.as_millisecond(), &limits);
        let series = series.map_err(|error| format!("its history cannot be played: {error}"))?;
        for it in series {
            selected.insert(it.labels.clone(), SampleBatch::new(it.labels, it.samples));
        }
    }
    let batches: Vec<SampleBatch> = selected.into_values().collect();
    tracker.observe(&batches);
    let (mut firing, mut pages) = (BTreeSet::<BurnKey>::new(), Vec::new());
    let mut at = now - since;
    while at <= now {
        let alerts = tracker.evaluate(at);
        let pages_now = alerts.into_iter().map(|it| it.key);
        let is_its_page = |it: &BurnKey| it.severity == Severity::Page && it.slo == slo.name;
        let pages_now: BTreeSet<BurnKey> = pages_now.filter(is_its_page).collect();
        pages.extend(pages_now.difference(&firing).map(|_| at));
        firing = pages_now;
        at += STEP;
    }
    let status = tracker.status(&slo.name, now);
    let goal = status.as_ref().map(nines_slo::SloStatus::primary);
    let known = goal.filter(|it| it.remaining_billionths.is_some());
    Ok(Past { remaining_ratio: known.map(|it| it.remaining_ratio), pages })
}

fn sentences(old: Option<&Past>, new: &Past, since: SignedDuration) -> Vec<String> {
    let left = |it: &Past| it.remaining_ratio.map_or_else(|| "unknown".to_owned(), text::percent);
    let budget = match old {
        Some(old) if left(old) != left(new) => format!("budget left {} → {}", left(old), left(new)),
        _ => format!("budget left {}", left(new)),
    };
    let (before, after) = (old.map_or(0, |it| it.pages.len()), new.pages.len());
    let fresh = new.pages.iter().filter(|it| old.is_none_or(|old| !old.pages.contains(it)));
    let days: BTreeSet<String> = fresh.map(|it| it.strftime("%m-%d").to_string()).collect();
    let mut named: Vec<String> = days.iter().take(NAMED_MAX).cloned().collect();
    if NAMED_MAX < days.len() {
        named.push("…".to_owned());
    }
    let days = if named.is_empty() { String::new() } else { format!(" ({})", named.join(", ")) };
    let pages =
        |count: usize| if count == 1 { "1 page".to_owned() } else { format!("{count} pages") };
    let fired = match (old, after.cmp(&before)) {
        (None, _) => format!("{} would have fired{days}", pages(after)),
        (Some(_), std::cmp::Ordering::Equal) => format!("as many pages as before: {after}"),
        (Some(_), std::cmp::Ordering::Greater) => {
            format!("{} more would have fired{days}", pages(after - before))
        }
        (Some(_), std::cmp::Ordering::Less) => {
            format!("{} fewer would have fired", pages(before - after))
        }
    };
    vec![format!("on the last {}: {budget}; {fired}", spoken(since))]
}

/// `28 days`.
fn spoken(length: SignedDuration) -> String {
    match (length.as_hours() / 24, length.as_hours() % 24) {
        (days, 0) if 1 < days => format!("{days} days"),
        _ => nines_base::format_duration(length),
    }
}

#[cfg(test)]
mod tests;
