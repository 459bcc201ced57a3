//! What decides about alerts, as configured. Values are final: children have inherited what they do not say.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use nines_base::{Matcher, Origin};

use crate::interval::TimeInterval;
use crate::receivers::{Provider, Templates};
use crate::{inhibit, silence};

/// Everything that decides about alerts.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Matches everything.
    pub root: Route,
    /// By name.
    pub receivers: BTreeMap<String, Receiver>,
    /// In the order of the files.
    pub inhibitions: Vec<inhibit::Rule>,
    /// By name; any of the elements counts.
    pub intervals: BTreeMap<String, Vec<TimeInterval>>,
    /// Silences that are written in files.
    pub silences: Vec<silence::Filed>,
    /// What silences may be.
    pub silence_limits: silence::Limits,
    /// The lease of an alert that says no end.
    pub resolve_timeout: SignedDuration,
    /// What texts of receivers refer to.
    pub templates: Templates,
}

/// A node of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Sorted by name, operator, value; all must match.
    pub matchers: Vec<Matcher>,
    /// A key of [`Rules::receivers`].
    pub receiver: String,
    /// What tells groups apart.
    pub group_by: GroupBy,
    /// When groups speak.
    pub timing: Timing,
    /// Names of intervals in which groups are silent.
    pub mute_intervals: Vec<String>,
    /// Names of intervals outside of which groups are silent; none: they never are.
    pub active_intervals: Vec<String>,
    /// Whether the next sibling is asked though this one matched.
    pub continues: bool,
    /// Whether the first alert of a group is told at once.
    pub leading_edge: bool,
    /// Asked in order, before the node itself.
    pub children: Vec<Route>,
    /// Where it was written.
    pub origin: Origin,
}

/// What tells the groups of a route apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupBy {
    /// Each alert is its own group: `['...']`.
    All,
    /// Equal values of these labels; none is one group.
    Labels(Vec<String>),
}

/// When groups speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// From the first alert to the first tick.
    pub wait: SignedDuration,
    /// Between ticks; more than 0.
    pub interval: SignedDuration,
    /// What was said is said again after so long; more than 0.
    pub repeat: SignedDuration,
}

/// Who hears of the groups of a route.
#[derive(Debug, Clone, PartialEq)]
pub struct Receiver {
    /// Unique.
    pub name: String,
    /// All of them are told.
    pub integrations: Vec<Integration>,
    /// Where it was written.
    pub origin: Origin,
}

/// One way of a receiver.
#[derive(Debug, Clone, PartialEq)]
pub struct Integration {
    /// Whether it hears that alerts resolved.
    pub send_resolved: bool,
    /// What it is.
    pub settings: Settings,
}

/// The settings of each kind of integration, without secrets: those stay with the adapters.
#[derive(Debug, Clone, PartialEq)]
pub enum Settings {
    /// People, by an escalation policy of this name.
    Escalation(String),
    /// A POST of Alertmanager's body, version 4.
    Webhook {
        /// More alerts are cut off; 0 is no limit.
        max_alerts: u32,
    },
    /// One of the services that Alertmanager knows.
    Provider(Box<Provider>),
}

impl Settings {
    /// The kind, as in the keys of `alertmanager.yml` without `_configs`: `webhook`, `slack`, …; `escalation`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Escalation(_) => "escalation",
            Self::Webhook { .. } => "webhook",
            Self::Provider(it) => it.kind.name,
        }
    }
}

/// Nobody is told anything.
impl Default for Rules {
    fn default() -> Self {
        let root = Route {
            matchers: Vec::new(),
            receiver: String::new(),
            group_by: GroupBy::Labels(Vec::new()),
            timing: Timing::default(),
            mute_intervals: Vec::new(),
            active_intervals: Vec::new(),
            continues: false,
            leading_edge: false,
            children: Vec::new(),
            origin: Origin::default(),
        };
        Self {
            root,
            receivers: BTreeMap::new(),
            inhibitions: Vec::new(),
            intervals: BTreeMap::new(),
            silences: Vec::new(),
            silence_limits: silence::Limits::default(),
            resolve_timeout: SignedDuration::from_mins(5),
            templates: Templates::default(),
        }
    }
}

/// Alertmanager's: 30 s, 5 min, 4 h.
impl Default for Timing {
    fn default() -> Self {
        Self {
            wait: SignedDuration::from_secs(30),
            interval: SignedDuration::from_mins(5),
            repeat: SignedDuration::from_hours(4),
        }
    }
}
