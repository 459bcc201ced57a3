//! What the rules of Prometheus have found, for everybody who asks, and what leaves from here.
//!
//! The loops of `work::rules` write it; requests read it and never wait for an evaluation.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, RwLock};

use jiff::{SignedDuration, Timestamp};
use nines_alert::rule::{AlertState, GroupState, Rule, RuleAlert, RuleGroup, RuleState, Schedule};
use nines_alert::{AlertKey, Evidence};
use nines_base::Labels;
use nines_engine::{Coverage, Observation, SLO_ALERT};
use nines_port::Urgency;
use nines_spec::Spec;
use tokio::sync::Notify;

use crate::health::Health;

/// Alerts that wait to be sent to Alertmanagers. Source: Prometheus, default of
/// `--alertmanager.notification-queue-capacity`.
const QUEUE_MAX: usize = 10_000;
/// The longest text of an annotation on its way to a person.
const ANNOTATION_BYTES_MAX: usize = 4_096;

/// File and name of a group.
pub(crate) type GroupKey = (String, String);

/// What is known of all groups.
#[derive(Debug, Default)]
pub(crate) struct RuleBook {
    groups: RwLock<BTreeMap<GroupKey, Arc<GroupView>>>,
    /// A group was evaluated.
    pub(crate) evaluated: Notify,
    /// What Alertmanagers have to hear.
    pub(crate) outgoing: Outgoing,
}

/// One group after its last evaluation.
#[derive(Debug)]
pub(crate) struct GroupView {
    pub(crate) group: Arc<RuleGroup>,
    pub(crate) rules: Vec<RuleState>,
    pub(crate) evaluated_at: Option<Timestamp>,
    pub(crate) took: SignedDuration,
    /// Its alerts are what they would be without a restart.
    pub(crate) is_settled: bool,
    pub(crate) evaluations_total: u64,
    pub(crate) failures_total: u64,
    pub(crate) scheduled_total: u64,
    pub(crate) missed_total: u64,
    pub(crate) samples: u64,
}

impl GroupView {
    pub(crate) fn of(state: &GroupState, schedule: &Schedule) -> Self {
        Self {
            group: Arc::clone(state.group()),
            rules: state.rules().to_vec(),
            evaluated_at: state.evaluated_at,
            took: state.took,
            is_settled: state.is_settled(),
            evaluations_total: state.evaluations_total,
            failures_total: state.failures_total,
            scheduled_total: schedule.scheduled_total,
            missed_total: schedule.missed_total,
            samples: state.samples,
        }
    }

    /// Each rule with what is known of it.
    pub(crate) fn rules(&self) -> impl Iterator<Item = (&Rule, &RuleState)> {
        self.group.rules.iter().zip(&self.rules)
    }
}

impl RuleBook {
    /// All groups, by file and name.
    pub(crate) fn groups(&self) -> Vec<Arc<GroupView>> {
        let groups = self.groups.read().expect("nobody panics while holding the groups");
        groups.values().cloned().collect()
    }

    pub(crate) fn publish(&self, key: GroupKey, view: GroupView) {
        let mut groups = self.groups.write().expect("nobody panics while holding the groups");
        groups.insert(key, Arc::new(view));
    }

    pub(crate) fn remove(&self, key: &GroupKey) {
        let mut groups = self.groups.write().expect("nobody panics while holding the groups");
        groups.remove(key);
    }

    /// What the engine has to know: every firing alert once, and whether these are all.
    pub(crate) fn observations(&self, spec: &Spec) -> (Vec<Observation>, Coverage) {
        let views = self.groups();
        let known: BTreeSet<(&str, &str)> = views
            .iter()
            .filter(|it| it.is_settled)
            .map(|it| (it.group.file.as_str(), it.group.name.as_str()))
            .collect();
        let mut groups = spec.rule_groups.iter();
        let is_complete = groups.all(|it| known.contains(&(it.file.as_str(), it.name.as_str())));
        let coverage = if is_complete { Coverage::Complete } else { Coverage::Partial };
        let mut observations = BTreeMap::new();
        for view in &views {
            for (rule, state) in view.rules() {
                let firing = state.alerting.active.values();
                for alert in firing.filter(|it| it.state == AlertState::Firing) {
                    if let Some(it) = observation(view, rule, alert) {
                        observations.entry(AlertKey::of(&it.labels)).or_insert(it);
                    }
                }
            }
        }
        (observations.into_values().collect(), coverage)
    }
}

/// A firing alert as the engine takes it; nothing for those that it cannot.
fn observation(view: &GroupView, rule: &Rule, alert: &RuleAlert) -> Option<Observation> {
    if rule.name == SLO_ALERT {
        tracing::warn!(rule = %rule.origin, "alerts named {SLO_ALERT} come from objectives only");
        return None;
    }
    let cut =
        |it: &str| it.get(..it.floor_char_boundary(ANNOTATION_BYTES_MAX)).unwrap_or("").to_owned();
    let mut annotations: BTreeMap<String, String> =
        alert.annotations.iter().map(|(name, it)| (name.clone(), cut(it))).collect();
    if !annotations.contains_key("summary") {
        let words = ["description", "message"].iter().find_map(|it| annotations.get(*it).cloned());
        annotations.insert("summary".to_owned(), words.unwrap_or_else(|| alert.labels.to_string()));
    }
    if let Err(refusal) = nines_alert::check_limits(&alert.labels, &annotations) {
        tracing::warn!(rule = %rule.origin, %refusal, "an alert cannot be routed");
        return None;
    }
    let value = nines_alert::template::format_float(
        alert.value,
        nines_alert::template::FloatForm::Shortest,
        None,
    );
    Some(Observation {
        urgency: urgency(&alert.labels),
        evidence: Evidence {
            subject: format!("{}/{}", view.group.name, rule.name),
            sentence: format!("{} is {value} since {}", rule.query.text().trim(), alert.active_at),
            windows: Vec::new(),
            origin: rule.origin.clone(),
        },
        labels: alert.labels.clone(),
        annotations,
        // Values and texts change with every evaluation, and that is no news.
        gist: String::new(),
        escalation: None,
        impact_start: alert.active_at,
    })
}

/// The words that rule files use for what may wake somebody.
fn urgency(labels: &Labels) -> Urgency {
    match labels.value("severity") {
        "page" | "critical" => Urgency::Page,
        _ => Urgency::Ticket,
    }
}

/// Alerts on their way to Alertmanagers; when there are too many the oldest are dropped and counted.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    queue: Mutex<VecDeque<serde_json::Value>>,
    /// There is something in it.
    pub(crate) arrived: Notify,
    pub(crate) sent_total: AtomicU64,
    pub(crate) errors_total: AtomicU64,
    pub(crate) dropped_total: AtomicU64,
}

impl Outgoing {
    pub(crate) fn push(&self, alerts: impl IntoIterator<Item = serde_json::Value>) {
        let mut queue = self.queue.lock().expect("nobody panics while holding the queue");
        queue.extend(alerts);
        let excess = queue.len().saturating_sub(QUEUE_MAX);
        queue.drain(..excess);
        Health::add(&self.dropped_total, excess as u64);
        drop(queue);
        self.arrived.notify_one();
    }

    /// The oldest, at most so many.
    pub(crate) fn take(&self, count_max: usize) -> Vec<serde_json::Value> {
        let mut queue = self.queue.lock().expect("nobody panics while holding the queue");
        let count = count_max.min(queue.len());
        queue.drain(..count).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.lock().expect("nobody panics while holding the queue").len()
    }
}

#[cfg(test)]
mod tests;
