//! Rules of Prometheus: recording and alerting, evaluated as Prometheus does.
//!
//! A group is a list of rules that are evaluated one after the other, each seeing what the ones before it have
//! written. Time is an argument, and so are the store and whoever takes samples. It must not know files, nor when
//! an evaluation is due beyond the arithmetic of [`slot_before`].
//!
//! Source: Prometheus 3, "Recording rules", "Alerting rules", and the behaviour of its rule manager.

mod active;
mod alerting;
mod environment;
mod expand;
mod functions;
mod group;
mod humanize;
mod link;
mod recording;
mod restore;
mod schedule;
mod time;
pub mod trial;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use nines_base::Origin;
use nines_promql::Query;

use crate::template::{Template, TemplateError};

pub use active::{AlertState, RuleAlert};
pub use alerting::Alerting;
pub use environment::{Environment, Stopwatch};
pub use expand::{parse_template, query_vector};
pub use group::{GroupState, RuleHealth, RuleState};
pub use humanize::{humanize_duration, humanize_timestamp};
pub use link::{graph_link, table_link};
pub use restore::{FOR_GRACE_PERIOD, OUTAGE_TOLERANCE};
pub use schedule::{Schedule, slot_before};

/// The name of the series that say which alerts are pending and firing.
pub const ALERTS: &str = "ALERTS";
/// The name of the series that say since when alerts are active, so that a restart can go on.
pub const ALERTS_FOR_STATE: &str = "ALERTS_FOR_STATE";
/// The label with an alert's name.
pub const ALERT_NAME: &str = "alertname";
/// The label of [`ALERTS`] with the word for its state.
pub const ALERT_STATE: &str = "alertstate";
/// How long a resolved alert is remembered, so that everybody hears of it.
///
/// Source: Prometheus, `rules`, "resolved retention".
pub const RESOLVED_RETENTION: SignedDuration = SignedDuration::from_mins(15);
/// Who hears of an alert hears of it again after this.
///
/// Source: Prometheus, default of `--rules.alert.resend-delay`.
pub const RESEND_DELAY: SignedDuration = SignedDuration::from_mins(1);

/// Rules that are evaluated together, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleGroup {
    /// Unique in its file.
    pub name: String,
    /// Where it was written, as far as it is part of the group's identity.
    pub file: String,
    /// From one evaluation to the next; at least a millisecond.
    pub interval: SignedDuration,
    /// How far in the past the rules look, so that late samples are there.
    pub query_offset: SignedDuration,
    /// The most series or alerts of one rule; 0 for no limit.
    pub limit: usize,
    /// In the order of evaluation.
    pub rules: Vec<Rule>,
    /// Where it was written.
    pub origin: Origin,
}

/// One rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// A metric's name, or an alert's.
    pub name: String,
    /// What is asked.
    pub query: Query,
    /// What it does with the answer.
    pub kind: RuleKind,
    /// Added to every result, as written: those of alerts are templates, and an empty one removes a label.
    pub labels: BTreeMap<String, String>,
    /// Where it was written.
    pub origin: Origin,
}

/// What a rule does with its answer.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleKind {
    /// It is written under another name.
    Record,
    /// Every series of it is an alert.
    Alert(AlertRule),
}

/// The part of a rule that only alerts have.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertRule {
    /// How long a series must be there before it fires.
    pub hold: SignedDuration,
    /// How long it goes on firing after the series has gone.
    pub keep_firing: SignedDuration,
    /// The rule's labels, parsed.
    pub label_templates: Vec<(String, Template)>,
    /// For people.
    pub annotations: Vec<(String, Template)>,
}

/// By what was written; places do not count, so that a rule that moved in its file is the same rule.
impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.query.text() == other.query.text()
            && self.kind == other.kind
            && self.labels == other.labels
    }
}

impl Rule {
    /// A recording rule.
    pub fn record(name: &str, query: Query, labels: BTreeMap<String, String>) -> Self {
        let origin = Origin::default();
        Self { name: name.to_owned(), query, kind: RuleKind::Record, labels, origin }
    }

    /// An alerting rule without `for`, labels and annotations; the texts of both are templates.
    ///
    /// # Errors
    /// The first template that cannot be read.
    pub fn alert(
        name: &str,
        query: Query,
        labels: BTreeMap<String, String>,
        annotations: &BTreeMap<String, String>,
    ) -> Result<Self, TemplateError> {
        let parsed = |(name, text): (&String, &String)| Ok((name.clone(), parse_template(text)?));
        let label_templates = labels.iter().map(parsed).collect::<Result<_, _>>()?;
        let annotations = annotations.iter().map(parsed).collect::<Result<_, _>>()?;
        let kind = RuleKind::Alert(AlertRule {
            hold: SignedDuration::ZERO,
            keep_firing: SignedDuration::ZERO,
            label_templates,
            annotations,
        });
        Ok(Self { name: name.to_owned(), query, kind, labels, origin: Origin::default() })
    }

    /// The part that only alerts have.
    pub fn as_alert(&self) -> Option<&AlertRule> {
        match &self.kind {
            RuleKind::Alert(alert) => Some(alert),
            RuleKind::Record => None,
        }
    }
}

#[cfg(test)]
mod tests;
