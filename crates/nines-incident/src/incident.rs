//! What an incident is: its words, and the state that its facts fold into.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use nines_base::{Id, IdKind};
use serde::{Deserialize, Serialize};

/// Incidents: `inc_...`.
#[derive(Debug)]
pub enum IncidentKind {}

impl IdKind for IncidentKind {
    const PREFIX: &'static str = "inc";
}

/// Names one incident.
pub type IncidentId = Id<IncidentKind>;

/// The most entries of a timeline in memory; later facts stay in the journal and are counted.
pub const TIMELINE_ENTRIES_MAX: usize = 2_000;

/// How bad it is; the first is the worst.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum IncidentSeverity {
    /// Most users, or data or safety at risk.
    Sev1,
    /// A core journey is broken for many.
    Sev2,
    /// Degraded; a workaround exists.
    #[default]
    Sev3,
    /// Small; no user sees it yet.
    Sev4,
    /// Cosmetic, or a question.
    Sev5,
}

impl IncidentSeverity {
    /// All, worst first.
    pub const ALL: [Self; 5] = [Self::Sev1, Self::Sev2, Self::Sev3, Self::Sev4, Self::Sev5];

    /// From 1, the worst, to 5.
    pub fn number(self) -> u8 {
        match self {
            Self::Sev1 => 1,
            Self::Sev2 => 2,
            Self::Sev3 => 3,
            Self::Sev4 => 4,
            Self::Sev5 => 5,
        }
    }

    /// Whether a postmortem is mandatory.
    pub fn is_major(self) -> bool {
        self <= Self::Sev2
    }
}

/// `SEV2`.
impl fmt::Display for IncidentSeverity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SEV{}", self.number())
    }
}

/// Reads `SEV2`, `sev2` and `2`.
impl FromStr for IncidentSeverity {
    type Err = SeverityError;

    fn from_str(text: &str) -> Result<Self, SeverityError> {
        let lower = text.to_ascii_lowercase();
        let number = lower.strip_prefix("sev").unwrap_or(&lower);
        let found = Self::ALL.into_iter().find(|it| it.number().to_string() == number);
        found.ok_or_else(|| SeverityError { text: text.to_owned() })
    }
}

/// A text that is not a severity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a severity from SEV1 (worst) to SEV5")]
pub struct SeverityError {
    /// What was written.
    pub text: String,
}

/// How far the response is.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Status {
    /// Known to exist.
    #[default]
    Declared,
    /// Somebody looks for what goes on.
    Investigating,
    /// What goes on is understood.
    Identified,
    /// Somebody acts against it.
    Mitigating,
    /// Users are well again; it is watched.
    Monitoring,
    /// Over.
    Resolved,
}

/// `investigating`.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Declared => "declared",
            Self::Investigating => "investigating",
            Self::Identified => "identified",
            Self::Mitigating => "mitigating",
            Self::Monitoring => "monitoring",
            Self::Resolved => "resolved",
        })
    }
}

/// An alert that belongs to an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRef {
    /// Of the alert's labels, in hexadecimal.
    pub fingerprint: String,
    /// What people read: the alert's name or summary.
    pub summary: String,
    /// The objective that it watches.
    pub slo: Option<String>,
}

/// An alert and whether it fires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedAlert {
    /// Which.
    pub alert: AlertRef,
    /// Since when it belongs to the incident.
    pub since: Timestamp,
    /// When it stopped; `None` while it fires.
    pub resolved_at: Option<Timestamp>,
}

impl LinkedAlert {
    /// Whether it fires.
    pub fn is_firing(&self) -> bool {
        self.resolved_at.is_none()
    }
}

/// One page to one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRef {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub person: String,
    /// By which kind of channel.
    pub channel: String,
    /// The page's id.
    pub page_id: String,
    /// The journal's sequence number of the fact.
    pub evidence: u64,
}

/// A runbook's run for this incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedRun {
    /// The run's id.
    pub run: String,
    /// Of which runbook.
    pub runbook: String,
    /// Who started it.
    pub by: String,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How it ended, in a word.
    pub result: Option<String>,
    /// The journal's sequence number of the start.
    pub evidence: u64,
}

/// Where an instant comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Provenance {
    /// Computed from other facts.
    Derived,
    /// The instant at which nines wrote the fact.
    Recorded,
}

/// `derived`, `recorded`.
impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Derived => "derived",
            Self::Recorded => "recorded",
        })
    }
}

/// An instant of the incident, how it is known, and by which fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// How it is known.
    pub provenance: Provenance,
    /// The journal's sequence number of the fact.
    pub evidence: u64,
}

/// What an entry of the timeline is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EntryKind {
    /// An alert joined, or stopped.
    Alert,
    /// A person was paged.
    Page,
    /// A person answered.
    Ack,
    /// The status moved.
    Status,
    /// The severity moved.
    Severity,
    /// A person wrote something down.
    Note,
    /// A runbook's run began, stepped or ended.
    Runbook,
}

/// `alert`, `page`, ...
impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alert => "alert",
            Self::Page => "page",
            Self::Ack => "ack",
            Self::Status => "status",
            Self::Severity => "severity",
            Self::Note => "note",
            Self::Runbook => "runbook",
        })
    }
}

/// One line of the timeline: one fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When the fact was recorded.
    pub at: Timestamp,
    /// What it is about.
    pub kind: EntryKind,
    /// What happened, in words.
    pub text: String,
    /// The journal's sequence number of the fact; shown as `E-17`.
    pub evidence: u64,
}

/// The fold of the facts. Before [`crate::Fact::Opened`] it says nothing: `opened_at` is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Counts from 1, for people: INC-42.
    pub number: u64,
    /// What is wrong, in a line.
    pub title: String,
    /// How bad.
    pub severity: IncidentSeverity,
    /// How far.
    pub status: Status,
    /// Where.
    pub service: String,
    /// In the order in which they joined.
    pub alerts: Vec<LinkedAlert>,
    /// Whom it woke, oldest first.
    pub pages: Vec<PageRef>,
    /// What was run for it, oldest first.
    pub runs: Vec<LinkedRun>,
    /// Since when users are hurt, as computed from the alert's data.
    pub impact_start: Option<Timestamp>,
    /// Who or what opened it.
    pub opened_by: String,
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
    /// When the first person answered.
    pub acknowledged_at: Option<Timestamp>,
    /// The first person who answered.
    pub acknowledged_by: Option<String>,
    /// Everybody who answered, in order.
    pub responders: Vec<String>,
    /// When what goes on was first understood.
    pub identified: Option<Moment>,
    /// When users were well again: the status said so, else the last linked alert stopped.
    pub mitigated: Option<Moment>,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
    /// Its facts, oldest first.
    pub timeline: Vec<Entry>,
    /// Facts that did not fit [`TIMELINE_ENTRIES_MAX`].
    pub timeline_omitted: u64,
}

impl State {
    /// Whether it was opened and is not resolved.
    pub fn is_open(&self) -> bool {
        self.opened_at.is_some() && self.resolved_at.is_none()
    }

    /// The linked alerts that fire.
    pub fn firing(&self) -> impl Iterator<Item = &LinkedAlert> {
        self.alerts.iter().filter(|it| it.is_firing())
    }

    /// The objectives that its alerts watch, each once, in the order in which they joined.
    pub fn slos(&self) -> Vec<&str> {
        let mut slos = Vec::new();
        for slo in self.alerts.iter().filter_map(|it| it.alert.slo.as_deref()) {
            if !slos.contains(&slo) {
                slos.push(slo);
            }
        }
        slos
    }
}
