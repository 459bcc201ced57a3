//! One alert: its label set, and the periods in which it fired.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use nines_base::Labels;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Evidence;

/// The most labels of one alert, and the most annotations.
const PAIRS_MAX: usize = 64;
/// The longest value of a label or an annotation.
const VALUE_BYTES_MAX: usize = 4_096;

/// What identifies an alert: the fingerprint of its labels, as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertKey(u64);

impl AlertKey {
    /// The key of the alert with these labels.
    pub fn of(labels: &Labels) -> Self {
        Self(labels.fingerprint())
    }
}

impl fmt::Display for AlertKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for AlertKey {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

impl Serialize for AlertKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AlertKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a source says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The condition holds.
    Observe {
        /// The identity.
        labels: Labels,
        /// For people; may change from one observation to the next.
        annotations: BTreeMap<String, String>,
        /// What was measured.
        evidence: Evidence,
        /// Which part of the condition holds, such as the firing windows. Only a new text is news: numbers
        /// alone change all the time.
        gist: String,
    },
    /// The condition does not hold any more.
    Resolve(ResolveReason),
}

/// Why an alert ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResolveReason {
    /// Its source says that the condition does not hold.
    ConditionCleared,
    /// Its rule is not configured any more.
    RuleRemoved,
    /// Its source ended it.
    Ended,
    /// Its source did not speak of it again in time.
    LeaseExpired,
}

impl fmt::Display for ResolveReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConditionCleared => "the condition does not hold any more",
            Self::RuleRemoved => "its rule was removed from the configuration",
            Self::Ended => "its source says that it is over",
            Self::LeaseExpired => "its source did not renew it in time",
        })
    }
}

/// What happened. Journaled: a released shape never changes, a new one is a new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// A new activation began.
    Fired {
        /// The identity.
        labels: Labels,
        /// For people.
        annotations: BTreeMap<String, String>,
        /// What was measured.
        evidence: Evidence,
        /// Which part of the condition holds.
        gist: String,
    },
    /// Another part of the condition holds.
    Changed {
        /// For people.
        annotations: BTreeMap<String, String>,
        /// What was measured.
        evidence: Evidence,
        /// Which part of the condition holds now.
        gist: String,
    },
    /// The activation ended.
    Resolved {
        /// Why.
        reason: ResolveReason,
    },
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Too many labels or annotations.
    #[error("an alert has at most {PAIRS_MAX} labels and {PAIRS_MAX} annotations")]
    TooManyPairs,
    /// One value is too long.
    #[error("the value of `{name}` is longer than {VALUE_BYTES_MAX} bytes")]
    ValueTooLong {
        /// The label or annotation.
        name: String,
    },
    /// Without a name nobody could speak of it.
    #[error("an alert needs the label `alertname`")]
    NoName,
}

/// One firing period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activation {
    /// Counts from 1.
    pub number: u32,
    /// When it began.
    pub fired_at: Timestamp,
    /// The journal's sequence number of its first fact.
    pub fired_seq: u64,
    /// When it ended.
    pub resolved_at: Option<Timestamp>,
    /// Why it ended.
    pub reason: Option<ResolveReason>,
}

/// Whether an alert fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Never fired, or resolved.
    Quiet,
    /// Fires.
    Firing,
}

/// The fold of one alert's facts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The identity.
    pub labels: Labels,
    /// As of the last observation that was news.
    pub annotations: BTreeMap<String, String>,
    /// As of the last observation that was news.
    pub evidence: Evidence,
    /// As of the last observation that was news.
    pub gist: String,
    /// The present or last activation; none if it never fired.
    pub activation: Option<Activation>,
}

impl Alert {
    /// Whether it fires.
    pub fn phase(&self) -> Phase {
        match &self.activation {
            Some(Activation { resolved_at: None, .. }) => Phase::Firing,
            Some(_) | None => Phase::Quiet,
        }
    }
}

/// What `command` would make happen. A repeated observation is no news.
pub fn decide(alert: &Alert, command: Command) -> Result<Vec<Fact>, Refusal> {
    match (command, alert.phase()) {
        (Command::Observe { labels, annotations, evidence, gist }, Phase::Quiet) => {
            check_limits(&labels, &annotations)?;
            Ok(vec![Fact::Fired { labels, annotations, evidence, gist }])
        }
        (Command::Observe { labels, annotations, evidence, gist }, Phase::Firing) => {
            check_limits(&labels, &annotations)?;
            let news = gist != alert.gist;
            Ok(news.then_some(Fact::Changed { annotations, evidence, gist }).into_iter().collect())
        }
        (Command::Resolve(reason), Phase::Firing) => Ok(vec![Fact::Resolved { reason }]),
        (Command::Resolve(_), Phase::Quiet) => Ok(Vec::new()),
    }
}

/// Whether an alert can have these labels and annotations.
///
/// # Errors
/// Which limit they pass.
pub fn check_limits(
    labels: &Labels,
    annotations: &BTreeMap<String, String>,
) -> Result<(), Refusal> {
    if labels.value("alertname").is_empty() {
        return Err(Refusal::NoName);
    }
    if PAIRS_MAX < labels.len() || PAIRS_MAX < annotations.len() {
        return Err(Refusal::TooManyPairs);
    }
    let annotations = annotations.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let too_long = labels.iter().chain(annotations).find(|(_, it)| VALUE_BYTES_MAX < it.len());
    too_long.map_or(Ok(()), |(name, _)| Err(Refusal::ValueTooLong { name: name.to_owned() }))
}

/// Applies one fact, recorded at `at` under `seq`. It cannot fail: what happened, happened.
pub fn evolve(alert: &mut Alert, fact: &Fact, at: Timestamp, seq: u64) {
    match fact {
        Fact::Fired { labels, annotations, evidence, gist } => {
            let number = 1 + alert.activation.as_ref().map_or(0, |it| it.number);
            let (resolved_at, reason) = (None, None);
            *alert = Alert {
                labels: labels.clone(),
                annotations: annotations.clone(),
                evidence: evidence.clone(),
                gist: gist.clone(),
                activation: Some(Activation {
                    number,
                    fired_at: at,
                    fired_seq: seq,
                    resolved_at,
                    reason,
                }),
            };
        }
        Fact::Changed { annotations, evidence, gist } => {
            alert.annotations.clone_from(annotations);
            alert.evidence.clone_from(evidence);
            alert.gist.clone_from(gist);
        }
        Fact::Resolved { reason } => {
            if let Some(activation) = &mut alert.activation {
                activation.resolved_at = Some(at);
                activation.reason = Some(*reason);
            }
        }
    }
}

#[cfg(test)]
mod tests;
