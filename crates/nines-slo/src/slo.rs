//! What a team promises: the definition of an SLO, as plain data.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use nines_base::{Labels, Matcher, Origin};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Objective;

/// `service/slo`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SloName {
    /// The service that promises.
    pub service: String,
    /// What it promises, such as `availability`.
    pub slo: String,
}

impl fmt::Display for SloName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service, self.slo)
    }
}

impl FromStr for SloName {
    type Err = SloNameError;

    fn from_str(text: &str) -> Result<Self, SloNameError> {
        match text.split_once('/') {
            Some((service, slo)) if is_name(service) && is_name(slo) => {
                Ok(Self { service: service.to_owned(), slo: slo.to_owned() })
            }
            _ => Err(SloNameError { text: text.to_owned() }),
        }
    }
}

/// Letters, digits, `-`, `_` and `.`, so that names fit into addresses and file names.
fn is_name(text: &str) -> bool {
    let allowed = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    (1..=63).contains(&text.len()) && text.chars().all(allowed)
}

impl Serialize for SloName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SloName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A text that does not name an SLO.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not `service/slo`, each of 1 to 63 letters, digits, `-`, `_` or `.`")]
pub struct SloNameError {
    /// What was written.
    pub text: String,
}

/// One service-level objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Slo {
    /// Unique in a configuration.
    pub name: SloName,
    /// The team or person who keeps it.
    pub owner: Option<String>,
    /// The runbook for its alerts.
    pub runbook: Option<String>,
    /// Given to its alerts, such as `team` or `tier`.
    pub labels: Labels,
    /// What is counted.
    pub sli: Sli,
    /// The share that must be good.
    pub objective: Objective,
    /// The rolling window of the budget.
    pub window: SignedDuration,
    /// When to tell somebody.
    pub alerting: Alerting,
    /// Where it was written.
    pub origin: Origin,
}

/// A rule that turns samples into good and total counts.
#[derive(Debug, Clone, PartialEq)]
pub enum Sli {
    /// Events counted by counters.
    Counter(CounterSli),
    /// Observations of a classic histogram at or below a threshold.
    Histogram(HistogramSli),
}

/// Exactly two of the three are given; the third follows.
#[derive(Debug, Clone, PartialEq)]
pub struct CounterSli {
    /// Counters of good events, summed.
    pub good: Vec<Selector>,
    /// Counters of bad events, summed.
    pub bad: Vec<Selector>,
    /// Counters of all events, summed.
    pub total: Vec<Selector>,
}

/// Observations at or below `below` are good; `below` must be a bucket bound.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramSli {
    /// Without `_bucket`, such as `http_request_duration_seconds`.
    pub metric: String,
    /// What else its series must match; not `le`.
    pub matchers: Vec<Matcher>,
    /// The threshold, in the unit of the metric; compared with `le` as a number.
    pub below: f64,
}

/// Series of one kind, as in PromQL, with the text that was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Selector {
    /// As it was written.
    pub text: String,
    /// All must match; one of them names the metric.
    pub matchers: Vec<Matcher>,
}

/// Who is told, and how fast the budget must burn.
#[derive(Debug, Clone, PartialEq)]
pub struct Alerting {
    /// Pairs of one severity make one alert; empty means no alerts.
    pub pairs: Vec<BurnPair>,
    /// The escalation policy; without one the routing decides.
    pub escalation: Option<String>,
}

/// Fires while the budget burns faster than `factor` over both windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BurnPair {
    /// What it makes people do.
    pub severity: Severity,
    /// The long window: enough evidence.
    pub long: SignedDuration,
    /// The short window: still going on.
    pub short: SignedDuration,
    /// How many times the sustainable speed.
    pub factor: BurnFactor,
}

/// What an alert makes people do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody is woken.
    Page,
    /// Somebody looks within days.
    Ticket,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        })
    }
}

/// A multiple of the sustainable speed of spending, in thousandths: `14_400` is 14.4×.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BurnFactor(pub u32);

impl fmt::Display for BurnFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:03}", self.0 % 1_000);
        let decimals = digits.trim_end_matches('0');
        let point = if decimals.is_empty() { "" } else { "." };
        write!(f, "{}{point}{decimals}×", self.0 / 1_000)
    }
}
