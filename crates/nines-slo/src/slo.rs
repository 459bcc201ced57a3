//! What a team promises: the definition of an SLO, as plain data.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, Origin};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Objective, Sli, SliKind, Window};

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

/// One SLI, and what is promised of it.
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
    /// How counts spend a budget.
    pub method: Method,
    /// Every objective over every one of its windows, in the order in which they were written; never empty.
    pub goals: Vec<Goal>,
    /// Whether counts are kept by labels too.
    pub grouping: Option<Grouping>,
    /// Where it was written.
    pub origin: Origin,
}

impl Slo {
    /// The first goal, which stands for the SLO where there is room for one.
    ///
    /// # Panics
    /// Without goals; who makes an SLO gives it one.
    pub fn primary(&self) -> &Goal {
        self.goals.first().expect("an SLO has a goal")
    }

    /// The parts in which an event is counted: a slice in 10¹² where its share spends, an event of a scaled counter
    /// in 10ˢᶜᵃˡᵉ.
    pub fn unit(&self) -> u64 {
        match (self.method, &self.sli.kind) {
            (Method::RatioTimeslices { .. }, _) => 1_000_000_000_000,
            (Method::Occurrences, SliKind::Promql(it)) if it.gives_shares() => 1_000_000_000_000,
            (Method::Occurrences, SliKind::Counter(it)) => 10_u64.pow(u32::from(it.scale.min(9))),
            (Method::Occurrences | Method::Timeslices { .. }, _) => 1,
        }
    }
}

/// One objective over one window: one error budget.
#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    /// The objective's name, such as `slo` or `sla`.
    pub objective: String,
    /// What was promised when, oldest first; never empty.
    pub versions: Vec<ObjectiveVersion>,
    /// What the budget is computed over.
    pub window: Window,
    /// When to tell somebody.
    pub alerting: Alerting,
}

impl Goal {
    /// The name of an objective that has none.
    pub const OBJECTIVE: &'static str = "slo";

    /// One objective that has always been in force.
    pub fn new(target: Objective, window: Window, alerting: Alerting) -> Self {
        let versions = vec![ObjectiveVersion { effective: Timestamp::MIN, target }];
        Self { objective: Self::OBJECTIVE.to_owned(), versions, window, alerting }
    }

    /// The objective in force at an instant; before the first version that one.
    ///
    /// # Panics
    /// Without versions; who makes a goal gives it one.
    pub fn target_at(&self, at: Timestamp) -> Objective {
        let next = self.versions.partition_point(|it| it.effective <= at);
        let version = self.versions.get(next.saturating_sub(1));
        version.expect("a goal has an objective").target
    }

    /// The latest objective, in force or announced.
    ///
    /// # Panics
    /// As [`Self::target_at`].
    pub fn latest(&self) -> Objective {
        self.versions.last().expect("a goal has an objective").target
    }
}

/// An objective, and since when it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectiveVersion {
    /// Events after this instant earn budget under it; [`Timestamp::MIN`] for ever.
    pub effective: Timestamp,
    /// The share that must be good.
    pub target: Objective,
}

/// How counts spend a budget (slo design, "Budgets").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Every bad event spends.
    Occurrences,
    /// Every bad slice spends. A slice is good when its share of good events is at least `slice_target`; SLIs with
    /// a value per slice have a target of their own.
    Timeslices {
        /// Needed for SLIs that count events.
        slice_target: Option<Objective>,
        /// The length of a slice.
        width: SignedDuration,
    },
    /// Every slice spends its share of bad events, each rounded half-even to 10⁻¹² once.
    RatioTimeslices {
        /// The length of a slice.
        width: SignedDuration,
    },
}

/// Counts by labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// The labels whose values make a group.
    pub by: Vec<String>,
    /// Groups beyond so many, at most 1,000, fall into `~other`.
    pub limit: usize,
    /// Whose burn is judged.
    pub alert_on: AlertOn,
}

/// Whose burn is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertOn {
    /// That of all events.
    Total,
    /// That of each group; each has alerts of its own.
    Group,
    /// That of the group that burns fastest.
    Worst,
}

/// Who is told, and how fast the budget must burn.
#[derive(Debug, Clone, PartialEq)]
pub struct Alerting {
    /// How it is judged.
    pub mode: AlertMode,
    /// What keeps luck from paging.
    pub guard: Guard,
    /// Pairs of one severity make one alert; empty means no alerts.
    pub pairs: Vec<BurnPair>,
    /// The escalation policy; without one the routing decides.
    pub escalation: Option<String>,
}

/// How burn alerts are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertMode {
    /// Unknown time counts as clean, luck is held back, and what recovers is told apart.
    Safe,
    /// As exported rules in Prometheus: ratios over whatever data exist, and nothing else.
    Prometheus,
}

/// What keeps luck from paging while few events are expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// The exact one-sided 95 % lower bound of the bad share lies above the threshold.
    Tail,
    /// At least so many bad events in the long window.
    MinBad(u64),
    /// Nothing.
    Off,
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
    /// It must hold for so long before it fires; usually not at all.
    pub hold: SignedDuration,
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

/// A multiple of the sustainable speed of spending, in billionths: `14_400_000_000` is 14.4×.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BurnFactor(pub u64);

impl BurnFactor {
    /// As fast as the budget lasts.
    pub const ONE: Self = Self(1_000_000_000);
}

impl fmt::Display for BurnFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:09}", self.0 % Self::ONE.0);
        let decimals = digits.trim_end_matches('0');
        let point = if decimals.is_empty() { "" } else { "." };
        write!(f, "{}{point}{decimals}×", self.0 / Self::ONE.0)
    }
}
