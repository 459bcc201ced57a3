//! Facts as the journal keeps them: a kind, a version, and JSON.
//!
//! A released shape never changes. A new shape is a new version of its kind, and [`Fact::decode`] turns
//! old versions into the newest, so that folding knows only one.

use nines_alert::dispatch::{self, Notice, Text};
use nines_alert::{AlertKey, RouteDecision, heartbeat, silence};
use nines_incident::{IncidentId, changes};
use nines_oncall::{EscalationId, contact, rota};
use nines_port::{Record, Urgency};
use nines_release::{Decision, LevelFact, LevelKey, Waiver};
use nines_runbook::RunId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::answers::Answered;
use crate::outbox::{self, IntentId};
use crate::{exclusions, promises};

/// Everything that can happen.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// A process took the journal over.
    EpochStarted(EpochStarted),
    /// From here on this configuration decides.
    ConfigApplied(ConfigApplied),
    /// Of one alert, in journals that are older than groups.
    Alert(Of<AlertKey, nines_alert::Fact>),
    /// Of the table of alerts and its groups.
    Dispatch(dispatch::Fact),
    /// People have to know of alerts.
    Routed(Routed),
    /// Of one escalation.
    Escalation(Of<EscalationId, nines_oncall::Fact>),
    /// Of one message.
    Outbox(Of<IntentId, outbox::Fact>),
    /// Of one incident.
    Incident(Of<IncidentId, nines_incident::Fact>),
    /// A change of a service.
    Change(changes::Fact),
    /// Of an exclusion or correction.
    Overlay(exclusions::Fact),
    /// What was promised, or is expected.
    Objective(promises::Fact),
    /// Of one run of a runbook.
    Run(Of<RunId, nines_runbook::run::Fact>),
    /// Of the levels of one service under one policy.
    Level(Of<LevelKey, LevelFact>),
    /// Whether a change might proceed.
    Decision(Box<Decision>),
    /// Somebody let one version through.
    Waiver(Box<Waiver>),
    /// Of a silence.
    Silence(silence::Fact),
    /// Who is on call otherwise than the files say.
    Rota(rota::Fact),
    /// Of a way to a person.
    Contact(contact::Fact),
    /// Of a job that says that it ran.
    Heartbeat(heartbeat::Fact),
    /// A command was carried out under a key.
    Answered(Answered),
}

/// A fact of one domain, and whose it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Of<K, F> {
    /// Whose.
    pub id: K,
    /// What happened.
    pub fact: F,
}

/// A process took the journal over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochStarted {
    /// The program's version.
    pub program: String,
}

/// From here on this configuration decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigApplied {
    /// Names the contents of the files.
    pub revision: String,
    /// How many there were.
    pub files: u32,
}

/// People have to know of alerts, and why: an escalation begins, or one that is open hears of more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routed {
    /// What of a group goes to which integration; none if no integration is told, and in records of version 1.
    pub group: Option<Line>,
    /// Those that were not known to it before.
    pub alerts: Vec<RoutedAlert>,
    /// What decided.
    pub decision: RouteDecision,
    /// Whom they may wake.
    pub urgency: Urgency,
    /// What tells people; none when no policy was found.
    pub escalation: Option<EscalationId>,
}

/// What of a group goes to one integration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Line {
    /// `<route key>:{labels}`.
    pub group: Text,
    /// The receiver's name.
    pub receiver: Text,
    /// Which of its integrations.
    pub integration: u32,
}

impl Line {
    /// The one that a notice goes over.
    pub fn of(notice: &Notice) -> Self {
        let Notice { group, receiver, integration, .. } = notice;
        Self { group: group.clone(), receiver: receiver.clone(), integration: *integration }
    }
}

/// One alert that people have to know of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutedAlert {
    /// Which.
    pub alert: AlertKey,
    /// Which of its activations.
    pub activation: u32,
    /// What it belongs to; tickets belong to none.
    pub incident: Option<IncidentId>,
}

/// [`Routed`] as version 1 wrote it: one alert, before there were groups.
#[derive(Debug, Deserialize)]
struct RoutedV1 {
    alert: AlertKey,
    activation: u32,
    decision: RouteDecision,
    urgency: Urgency,
    escalation: Option<EscalationId>,
    incident: Option<IncidentId>,
}

impl From<RoutedV1> for Routed {
    fn from(old: RoutedV1) -> Self {
        let RoutedV1 { alert, activation, decision, urgency, escalation, incident } = old;
        let alerts = vec![RoutedAlert { alert, activation, incident }];
        Self { group: None, alerts, decision, urgency, escalation }
    }
}

/// A record that is not one of ours.
#[derive(Debug, thiserror::Error)]
#[error("record {seq} of the journal (kind `{kind}`, version {version}) cannot be read")]
pub struct DecodeError {
    seq: u64,
    kind: String,
    version: u16,
    source: Option<serde_json::Error>,
}

impl Fact {
    /// The version of its kind that [`Self::encode`] writes.
    pub fn version(&self) -> u16 {
        match self {
            Self::Routed(_) => 2,
            _ => 1,
        }
    }

    /// The kind under which the journal keeps it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::EpochStarted(_) => "epoch",
            Self::ConfigApplied(_) => "config",
            Self::Alert(_) => "alert",
            Self::Dispatch(_) => "dispatch",
            Self::Routed(_) => "route",
            Self::Escalation(_) => "escalation",
            Self::Outbox(_) => "outbox",
            Self::Incident(_) => "incident",
            Self::Change(_) => "change",
            Self::Overlay(_) => "overlay",
            Self::Objective(_) => "objective",
            Self::Run(_) => "run",
            Self::Level(_) => "level",
            Self::Decision(_) => "decision",
            Self::Waiver(_) => "waiver",
            Self::Silence(_) => "silence",
            Self::Rota(_) => "rota",
            Self::Contact(_) => "contact",
            Self::Heartbeat(_) => "heartbeat",
            Self::Answered(_) => "answer",
        }
    }

    /// The body that the journal keeps.
    ///
    /// # Panics
    /// Never: facts have text keys and serializers that cannot fail.
    pub fn encode(&self) -> Vec<u8> {
        let json = match self {
            Self::EpochStarted(it) => serde_json::to_vec(it),
            Self::ConfigApplied(it) => serde_json::to_vec(it),
            Self::Alert(it) => serde_json::to_vec(it),
            Self::Dispatch(it) => serde_json::to_vec(it),
            Self::Routed(it) => serde_json::to_vec(it),
            Self::Escalation(it) => serde_json::to_vec(it),
            Self::Outbox(it) => serde_json::to_vec(it),
            Self::Incident(it) => serde_json::to_vec(it),
            Self::Change(it) => serde_json::to_vec(it),
            Self::Overlay(it) => serde_json::to_vec(it),
            Self::Objective(it) => serde_json::to_vec(it),
            Self::Run(it) => serde_json::to_vec(it),
            Self::Level(it) => serde_json::to_vec(it),
            Self::Decision(it) => serde_json::to_vec(it),
            Self::Waiver(it) => serde_json::to_vec(it),
            Self::Silence(it) => serde_json::to_vec(it),
            Self::Rota(it) => serde_json::to_vec(it),
            Self::Contact(it) => serde_json::to_vec(it),
            Self::Heartbeat(it) => serde_json::to_vec(it),
            Self::Answered(it) => serde_json::to_vec(it),
        };
        json.expect("facts have text keys and no failing serializers")
    }

    /// Reads what [`Self::encode`] wrote, in any version that was ever released.
    ///
    /// # Errors
    /// An unknown kind or version, or a body of another shape.
    pub fn decode(record: &Record) -> Result<Self, DecodeError> {
        let body = record.body.as_slice();
        let fact = match (record.kind.as_str(), record.version) {
            ("epoch", 1) => read(body).map(Self::EpochStarted),
            ("config", 1) => read(body).map(Self::ConfigApplied),
            ("alert", 1) => read(body).map(Self::Alert),
            ("dispatch", 1) => read(body).map(Self::Dispatch),
            ("route", 1) => read::<RoutedV1>(body).map(|it| Self::Routed(it.into())),
            ("route", 2) => read(body).map(Self::Routed),
            ("escalation", 1) => read(body).map(Self::Escalation),
            ("outbox", 1) => read(body).map(Self::Outbox),
            ("incident", 1) => read(body).map(Self::Incident),
            ("change", 1) => read(body).map(Self::Change),
            ("overlay", 1) => read(body).map(Self::Overlay),
            ("objective", 1) => read(body).map(Self::Objective),
            ("run", 1) => read(body).map(Self::Run),
            ("level", 1) => read(body).map(Self::Level),
            ("decision", 1) => read(body).map(Self::Decision),
            ("waiver", 1) => read(body).map(Self::Waiver),
            ("silence", 1) => read(body).map(Self::Silence),
            ("rota", 1) => read(body).map(Self::Rota),
            ("contact", 1) => read(body).map(Self::Contact),
            ("heartbeat", 1) => read(body).map(Self::Heartbeat),
            ("answer", 1) => read(body).map(Self::Answered),
            _ => return Err(DecodeError::of(record, None)),
        };
        fact.map_err(|source| DecodeError::of(record, Some(source)))
    }
}

impl DecodeError {
    fn of(record: &Record, source: Option<serde_json::Error>) -> Self {
        let Record { seq, kind, version, .. } = record;
        Self { seq: *seq, kind: kind.clone(), version: *version, source }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(body)
}
