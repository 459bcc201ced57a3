//! The alerts of one rule, from one evaluation to the next.

use std::collections::BTreeMap;

use jiff::Timestamp;
use nines_base::{Labels, METRIC_NAME};
use nines_promql::VectorSample;

use super::expand::Expander;
use super::{
    ALERT_NAME, ALERT_STATE, ALERTS, ALERTS_FOR_STATE, AlertRule, AlertState, Environment,
    RESOLVED_RETENTION, Rule, RuleAlert,
};

/// The alerts of one rule.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Alerting {
    /// Pending, firing and lately resolved ones, by their labels.
    pub active: BTreeMap<Labels, RuleAlert>,
    /// Whether the past is known; until then nothing is written, so that it stays readable.
    pub is_restored: bool,
}

/// A series with its value; all at the same instant.
pub(super) type Row = (Labels, f64);

impl Alerting {
    /// Judges the answer of the rule's query; the series to write.
    ///
    /// # Errors
    /// Two series would be the same alert, or there are too many; nothing has changed then, but that after too many
    /// all are forgotten.
    pub(super) fn evaluate(
        &mut self,
        (rule, alert): (&Rule, &AlertRule),
        vector: &[VectorSample],
        at: Timestamp,
        limit: usize,
        environment: &Environment<'_>,
    ) -> Result<Vec<Row>, String> {
        let found = instances((rule, alert), vector, at, environment)?;
        self.advance(alert, &found, at);
        let active = self.active.values().filter(|it| it.is_active()).count();
        if limit != 0 && limit < active {
            self.active.clear();
            return Err(format!("exceeded limit of {limit} with {active} alerts"));
        }
        for (labels, instance) in found {
            match self.active.get_mut(&labels) {
                // A resolved alert whose series is back begins anew: `advance` has put it there.
                Some(known) => {
                    known.value = instance.value;
                    known.annotations = instance.annotations;
                }
                None => {
                    self.active.insert(labels, instance);
                }
            }
        }
        Ok(if self.is_restored { self.rows() } else { Vec::new() })
    }

    /// Moves every alert on: `found` are those whose series are there.
    fn advance(&mut self, rule: &AlertRule, found: &BTreeMap<Labels, RuleAlert>, at: Timestamp) {
        for (labels, instance) in found {
            let known = self.active.get(labels).is_some_and(RuleAlert::is_active);
            if !known {
                self.active.insert(labels.clone(), instance.clone());
            }
        }
        self.active.retain(|labels, alert| {
            if found.contains_key(labels) {
                alert.keep_firing_since = None;
            } else if !survives(alert, rule, at) {
                return is_remembered(alert, at);
            }
            let waited = at.duration_since(alert.active_at);
            if alert.state == AlertState::Pending && rule.hold <= waited {
                alert.state = AlertState::Firing;
                alert.fired_at = Some(at);
            }
            true
        });
    }

    /// `ALERTS` and `ALERTS_FOR_STATE` of all that are pending or firing.
    fn rows(&self) -> Vec<Row> {
        let active = self.active.values().filter(|it| it.is_active());
        let rows = active.flat_map(|it| {
            let state = it.labels.with(ALERT_STATE, &it.state.to_string());
            let since = it.labels.with(METRIC_NAME, ALERTS_FOR_STATE);
            let since_seconds = it.active_at.as_second() as f64;
            [(state.with(METRIC_NAME, ALERTS), 1.0), (since, since_seconds)]
        });
        rows.collect()
    }

    /// The state of the rule: that of its alert which is farthest.
    pub fn state(&self) -> AlertState {
        self.active.values().map(|it| it.state).max().unwrap_or(AlertState::Inactive)
    }
}

/// Whether an alert without its series goes on firing.
fn survives(alert: &mut RuleAlert, rule: &AlertRule, at: Timestamp) -> bool {
    if alert.state != AlertState::Firing || rule.keep_firing.is_zero() {
        return false;
    }
    let since = *alert.keep_firing_since.get_or_insert(at);
    at.duration_since(since) < rule.keep_firing
}

/// Ends an alert without its series; whether it is kept, so that others hear of its end.
fn is_remembered(alert: &mut RuleAlert, at: Timestamp) -> bool {
    if alert.state == AlertState::Pending {
        return false;
    }
    let ended = *alert.resolved_at.get_or_insert(at);
    alert.state = AlertState::Inactive;
    at.duration_since(ended) <= RESOLVED_RETENTION
}

/// The alerts that the series of an answer are, each new.
fn instances(
    (rule, alert): (&Rule, &AlertRule),
    vector: &[VectorSample],
    at: Timestamp,
    environment: &Environment<'_>,
) -> Result<BTreeMap<Labels, RuleAlert>, String> {
    let mut found = BTreeMap::new();
    for sample in vector {
        let expander = Expander::new(&rule.name, sample, at.as_millisecond(), environment);
        let mut labels = sample.labels.with(METRIC_NAME, "");
        for (name, template) in &alert.label_templates {
            labels = labels.with(name, &expander.expand(template));
        }
        labels = labels.with(ALERT_NAME, &rule.name);
        let annotations =
            alert.annotations.iter().map(|(name, it)| (name.clone(), expander.expand(it)));
        let instance = RuleAlert {
            labels: labels.clone(),
            annotations: annotations.collect(),
            value: sample.value,
            state: AlertState::Pending,
            active_at: at,
            fired_at: None,
            resolved_at: None,
            keep_firing_since: None,
            sent_at: None,
            valid_until: None,
        };
        if found.insert(labels, instance).is_some() {
            let message =
                "vector contains metrics with the same labelset after applying alert labels";
            return Err(message.to_owned());
        }
    }
    Ok(found)
}
