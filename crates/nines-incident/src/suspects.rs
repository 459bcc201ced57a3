//! Which changes came before an incident, ranked. A suspect is an observation, never a cause.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::changes::{Change, ChangeKind, Recorded};

/// Changes that began longer before the impact are no suspects.
pub const BEFORE_IMPACT_MAX: SignedDuration = SignedDuration::from_hours(24);
/// Changes that began longer after the start of the impact are no suspects: it is known only roughly.
pub const AFTER_IMPACT_MAX: SignedDuration = SignedDuration::from_mins(10);
/// The most suspects of one answer.
pub const SUSPECTS_MAX: usize = 20;

/// A factor without data.
const UNKNOWN: f64 = 0.5;
/// Per hop towards a dependency.
const PER_HOP: f64 = 0.7;
/// A service that has nothing to do with the affected one, as far as is known.
const UNRELATED: f64 = 0.05;
/// A change that began after the impact.
const BEGAN_AFTER: f64 = 0.3;

/// One change and what speaks for looking at it.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    /// The change.
    pub change: Change,
    /// The product of the factors, 0 to 1; for ordering and showing.
    pub score: f64,
    /// Recency, topology, change point, prior: in this order.
    pub factors: Vec<Factor>,
    /// The journal's sequence number of the change.
    pub evidence: u64,
}

/// One part of a score.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    /// Which.
    pub name: FactorName,
    /// 0 to 1; 0.5 when there is no data.
    pub value: f64,
    /// What it was made from, in words.
    pub text: String,
}

/// The parts of a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FactorName {
    /// How shortly before the impact the change ended.
    Recency,
    /// How near the changed service is.
    Topology,
    /// Whether the indicator changed just after the change.
    ChangePoint,
    /// How often this kind of change was confirmed before.
    Prior,
}

/// `recency`, `topology`, `change point`, `prior`.
impl fmt::Display for FactorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Recency => "recency",
            Self::Topology => "topology",
            Self::ChangePoint => "change point",
            Self::Prior => "prior",
        })
    }
}

/// What postmortems said about one kind of change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PastSuspects {
    /// How often it was confirmed as a contributing factor.
    pub confirmed: u32,
    /// How often it was a suspect.
    pub appeared: u32,
}

/// Gives the probability (0 to 1) that the affected indicator changed just after a change, or `None`
/// without data; see [`crate::change_point`].
pub type ChangePointOf<'a> = &'a dyn Fn(&Change) -> Option<f64>;

/// The changes that came before the impact on `service`, the most suspicious first, at most
/// [`SUSPECTS_MAX`].
///
/// `score = recency × topology × change point × prior`. `depends_on` maps a service to what it needs.
pub fn rank<'a>(
    changes: impl IntoIterator<Item = &'a Recorded>,
    service: &str,
    impact_start: Timestamp,
    depends_on: &BTreeMap<String, Vec<String>>,
    past: &BTreeMap<ChangeKind, PastSuspects>,
    change_point: Option<ChangePointOf<'_>>,
) -> Vec<Suspect> {
    let hops = hops_from(service, depends_on);
    let mut suspects: Vec<Suspect> = changes
        .into_iter()
        .filter(|it| is_candidate(&it.change, impact_start))
        .map(|recorded| {
            let change = &recorded.change;
            let factors = vec![
                recency(change, impact_start),
                topology(change, service, &hops),
                moved(change, change_point),
                prior(change.kind, past),
            ];
            let score = factors.iter().map(|it| it.value).product();
            Suspect { change: change.clone(), score, factors, evidence: recorded.evidence }
        })
        .collect();
    // Equal scores: the later change first, then the identity, so that the order is always the same.
    suspects.sort_by(|a, b| {
        let by_score = b.score.total_cmp(&a.score);
        let by_start = b.change.started.cmp(&a.change.started);
        by_score.then(by_start).then_with(|| a.change.id.cmp(&b.change.id))
    });
    suspects.truncate(SUSPECTS_MAX);
    suspects
}

fn is_candidate(change: &Change, impact_start: Timestamp) -> bool {
    impact_start.duration_since(change.finished.unwrap_or(change.started)) <= BEFORE_IMPACT_MAX
        && change.started.duration_since(impact_start) <= AFTER_IMPACT_MAX
}

/// `exp(−Δ/τ)`, Δ from the end of the change to the start of the impact.
fn recency(change: &Change, impact_start: Timestamp) -> Factor {
    let tau = SignedDuration::from_mins(match change.kind {
        ChangeKind::Flag => 15,
        ChangeKind::Deploy | ChangeKind::Config => 30,
        ChangeKind::Infra | ChangeKind::Traffic => 60,
    });
    let (end, known) = match change.finished {
        Some(finished) => (finished, "ended"),
        None => (change.started, "began (its end is unknown)"),
    };
    let delta = impact_start.duration_since(end);
    let value = (-delta.as_secs_f64().max(0.0) / tau.as_secs_f64()).exp();
    let distance = nines_base::format_duration(SignedDuration::from_secs(delta.as_secs().abs()));
    let (value, text) = match (impact_start < change.started, delta.is_negative()) {
        (true, _) => {
            let late = change.started.duration_since(impact_start).as_secs();
            let late = nines_base::format_duration(SignedDuration::from_secs(late));
            (value * BEGAN_AFTER, format!("began {late} after the impact started"))
        }
        (false, true) => {
            (value, format!("was going on when the impact started, {known} {distance} later"))
        }
        (false, false) => (value, format!("{known} {distance} before the impact started")),
    };
    Factor { name: FactorName::Recency, value, text }
}

/// The fewest steps along `depends_on` from `service` to each service that it needs.
fn hops_from<'a>(
    service: &'a str,
    depends_on: &'a BTreeMap<String, Vec<String>>,
) -> BTreeMap<&'a str, i32> {
    let mut hops = BTreeMap::from([(service, 0)]);
    let mut edge = vec![service];
    let mut distance = 0;
    while !edge.is_empty() {
        distance += 1;
        let needed = edge.iter().filter_map(|it| depends_on.get(*it)).flatten();
        let next: Vec<&str> =
            needed.map(String::as_str).filter(|it| !hops.contains_key(it)).collect();
        hops.extend(next.iter().map(|it| (*it, distance)));
        edge = next;
        edge.sort_unstable();
        edge.dedup();
    }
    hops
}

fn topology(change: &Change, service: &str, hops: &BTreeMap<&str, i32>) -> Factor {
    let changed = &change.service;
    let (value, text) = match hops.get(changed.as_str()) {
        Some(0) => (1.0, format!("changed {service} itself")),
        Some(1) => (PER_HOP, format!("{service} depends on {changed}")),
        Some(hops) => {
            (PER_HOP.powi(*hops), format!("{service} depends on {changed}, {hops} hops away"))
        }
        None if hops.len() == 1 => (UNKNOWN, format!("no dependencies of {service} are known")),
        None => (UNRELATED, format!("{service} is not known to depend on {changed}")),
    };
    Factor { name: FactorName::Topology, value, text }
}

fn moved(change: &Change, change_point: Option<ChangePointOf<'_>>) -> Factor {
    let (value, text) = match change_point.and_then(|it| it(change)) {
        Some(value) => {
            let value = value.clamp(0.0, 1.0);
            (value, format!("the indicator changed within 5m of it with probability {value:.3}"))
        }
        None => (UNKNOWN, "no data about the indicator around it".to_owned()),
    };
    Factor { name: FactorName::ChangePoint, value, text }
}

/// `(confirmed + 1) / (appeared + 4)` per kind of change.
fn prior(kind: ChangeKind, past: &BTreeMap<ChangeKind, PastSuspects>) -> Factor {
    let PastSuspects { confirmed, appeared } = past.get(&kind).copied().unwrap_or_default();
    let value = ((f64::from(confirmed) + 1.0) / (f64::from(appeared) + 4.0)).min(1.0);
    let text = match appeared {
        0 => format!("no {kind} change was a suspect before"),
        _ => format!("{confirmed} of {appeared} suspect {kind} changes were confirmed"),
    };
    Factor { name: FactorName::Prior, value, text }
}

#[cfg(test)]
mod tests;
