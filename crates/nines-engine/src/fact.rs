//! Facts as the journal keeps them: a kind, a version, and JSON.
//!
//! A released shape never changes. A new shape is a new version of its kind, and [`Fact::decode`] turns
//! old versions into the newest, so that folding knows only one.

use nines_alert::{AlertKey, RouteDecision, silence};
use nines_incident::{IncidentId, changes};
use nines_oncall::{EscalationId, rota};
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
    /// Of one alert.
    Alert(Of<AlertKey, nines_alert::Fact>),
    /// Who has to know of an activation.
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

/// Who has to know of an activation, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routed {
    /// Which alert.
    pub alert: AlertKey,
    /// Which of its activations.
    pub activation: u32,
    /// What decided.
    pub decision: RouteDecision,
    /// Whom it may wake.
    pub urgency: Urgency,
    /// What tells people; none when no policy was found.
    pub escalation: Option<EscalationId>,
    /// What it belongs to; tickets belong to none.
    pub incident: Option<IncidentId>,
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
    /// The version that [`Self::encode`] writes, of every kind so far.
    pub const VERSION: u16 = 1;

    /// The kind under which the journal keeps it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::EpochStarted(_) => "epoch",
            Self::ConfigApplied(_) => "config",
            Self::Alert(_) => "alert",
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
            ("route", 1) => read(body).map(Self::Routed),
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
