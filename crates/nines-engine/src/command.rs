//! Commands, and what they are answered with.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use nines_alert::dispatch::{Incoming, Refused, Source};
use nines_alert::{AlertKey, Evidence, heartbeat, silence};
use nines_base::Labels;
use nines_incident::{IncidentId, changes};
use nines_oncall::{EscalationId, contact, rota};
use nines_port::{Channel, Delivery, Message, StepOutcome, Urgency};
use nines_release::{Decision, GateQuestion, PolicyInput, Waive, Waiver, WaiverRefusal};
use nines_runbook::{RunId, Step, run};

use crate::escalations::Act;
use crate::outbox::IntentId;
use crate::{Config, exclusions, promises};

/// What somebody or something asks for.
#[derive(Debug, Clone)]
pub enum Command {
    /// From here on decide under this configuration.
    ApplyConfig(Arc<Config>),
    /// Everything that burns now. An SLO alert that is not in the list is over.
    ObserveBurns(Vec<Observation>),
    /// What rules of Prometheus find now. With complete coverage a rule's alert that is not in the list is over.
    ObserveRules {
        /// Alerts that fire.
        firing: Vec<Observation>,
        /// Whether every rule has been judged.
        coverage: Coverage,
    },
    /// What others say of alerts: the API of Alertmanager, events, heartbeats. The answer is [`Reply::Alerts`].
    ObserveAlerts {
        /// Who says it.
        source: Source,
        /// What fires, or is over; others of this source go on.
        alerts: Vec<Incoming>,
    },
    /// Somebody has it.
    Acknowledge {
        /// What.
        target: AckTarget,
        /// Who.
        by: String,
        /// How: `link`, `console`, `cli`, `api`.
        via: String,
    },
    /// A person acts on what tells people of alerts. The answer is [`Reply::Escalations`].
    Act {
        /// Of what.
        target: AckTarget,
        /// Who.
        by: String,
        /// What.
        act: Act,
    },
    /// A service changed.
    RecordChange(changes::Command),
    /// Counts do not count, or count otherwise.
    Exclude(exclusions::Command),
    /// What the files promise now.
    NotePromises(Vec<promises::Promise>),
    /// How many events calendar windows are expected to have.
    NoteForecasts(Vec<promises::Forecast>),
    /// A person acts on an incident.
    Incident {
        /// What people call it.
        number: u64,
        /// Notes, severity, status, resolve.
        command: nines_incident::Command,
    },
    /// A person starts a runbook.
    StartRun {
        /// The runbook's name.
        runbook: String,
        /// Values for its inputs.
        inputs: BTreeMap<String, String>,
        /// Who.
        by: String,
        /// For which incident.
        incident: Option<u64>,
        /// Why, when there is no incident.
        reason: Option<String>,
    },
    /// A person acts on a run.
    Run {
        /// Which.
        id: RunId,
        /// Answers, retries, aborts.
        command: run::Command,
    },
    /// The outbox worker asks for messages that are due. The answer is [`Reply::Sends`].
    TakeSends {
        /// At most so many.
        count_max: usize,
    },
    /// The outbox worker tells what a channel said.
    Receipt {
        /// Which message.
        intent: IntentId,
        /// Which attempt.
        attempt: u32,
        /// What it said.
        delivery: Delivery,
    },
    /// The step worker asks for steps to run. The answer is [`Reply::Steps`].
    TakeSteps {
        /// At most so many.
        count_max: usize,
    },
    /// The step worker tells how a step ended.
    StepFinished {
        /// Which run.
        run: RunId,
        /// Which step.
        step: String,
        /// Which attempt.
        attempt: u32,
        /// How.
        outcome: StepOutcome,
    },
    /// What is measured now of services, for the levels of their policies. Services that are not in the list keep
    /// what they have.
    ObservePolicies(Vec<PolicyInput>),
    /// May a change proceed? The answer is [`Reply::Decision`].
    AskGate(Box<GateQuestion>),
    /// Somebody lets one version through all the same. The answer is [`Reply::Waiver`].
    Waive(Box<Waive>),
    /// Somebody wants to know whether a person can be reached. The answer is [`Reply::Ordered`].
    TestPage {
        /// Who is told, by each contact.
        person: String,
        /// Who asks.
        by: String,
    },
    /// A message to ourselves, by the way that pages take. The answer is [`Reply::Ordered`].
    Watch,
    /// Somebody wants a code sent by a contact. The answer is [`Reply::Ordered`].
    AskCode {
        /// Whose.
        person: String,
        /// Its place in the files, from 0.
        contact: usize,
    },
    /// Somebody says the code that arrived. The answer is [`Reply::Confirmed`].
    ConfirmCode {
        /// Whose.
        person: String,
        /// Its place in the files, from 0.
        contact: usize,
        /// What arrived.
        code: String,
    },
    /// The owner of an address wants no more messages there.
    StopContact(contact::Method),
    /// A person wants no messages for a while.
    Silence(silence::Command),
    /// A person changes who is on call.
    Rota(rota::Command),
    /// A job says that it ran.
    Heartbeat(heartbeat::Command),
    /// A client asks once, however often it repeats itself under the same key.
    Once {
        /// What the client chose; see [`crate::answers::KEY_BYTES_MAX`].
        key: String,
        /// A digest of what it asks.
        request: String,
        /// What it asks.
        command: Box<Command>,
    },
    /// Time has passed.
    Wake,
}

impl Command {
    /// Whether it gives way while little room is left in the journal: it notes something, and nobody is woken by it.
    pub(crate) fn can_wait(&self) -> bool {
        match self {
            Self::RecordChange(_)
            | Self::NotePromises(_)
            | Self::NoteForecasts(_)
            | Self::ObservePolicies(_)
            | Self::Exclude(_) => true,
            Self::Incident { command, .. } => {
                matches!(command, nines_incident::Command::Note { .. })
            }
            Self::Once { command, .. } => command.can_wait(),
            _ => false,
        }
    }
}

/// How much is known of what holds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// Everything: what is not in the list does not hold.
    Complete,
    /// Not everything, as after a start: nothing is over because it is not in the list.
    Partial,
}

/// A condition that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The identity.
    pub labels: Labels,
    /// For people: `summary`, `runbook`, `budget_left`, ...
    pub annotations: BTreeMap<String, String>,
    /// What was measured.
    pub evidence: Evidence,
    /// Which part of the condition holds; only a new text is news.
    pub gist: String,
    /// Whom it may wake.
    pub urgency: Urgency,
    /// The policy that the rule itself names, and where; else routing decides.
    pub escalation: Option<String>,
    /// Since when users are hurt, as far as is known.
    pub impact_start: Timestamp,
}

/// What is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AckTarget {
    /// One alert.
    Alert(AlertKey),
    /// The alert of this message; the message is named by the sequence number of its order.
    Intent(u64),
    /// All firing alerts of this incident.
    Incident(u64),
    /// Everything that waits for an answer.
    All,
}

/// The answer to a command that was carried out.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Done, or there was nothing to do.
    Done,
    /// What became of alerts that were told.
    Alerts {
        /// So many hold, or held already.
        taken: usize,
        /// Those that were not taken; nothing of them has changed.
        refused: Vec<Refused>,
    },
    /// On these escalations somebody acted.
    Escalations(Vec<EscalationId>),
    /// These alerts were acknowledged.
    Acknowledged(Vec<AlertKey>),
    /// Whether the change was news.
    Change {
        /// `false` for a repeat.
        is_new: bool,
    },
    /// What holds after the command, if it still does.
    Exclusion(Option<exclusions::Recorded>),
    /// The incident after the command.
    Incident(IncidentId),
    /// The run after the command.
    Run(RunId),
    /// These messages will be sent; their orders are in the journal.
    Ordered(Vec<IntentId>),
    /// Whether the code was the right one.
    Confirmed(bool),
    /// Messages to send now; their attempts are in the journal.
    Sends(Vec<Send>),
    /// Steps to run now; their intents are in the journal.
    Steps(Vec<StepJob>),
    /// Whether the change may proceed; it is in the journal.
    Decision(Box<Decision>),
    /// The override.
    Waiver(Box<Waiver>),
    /// The silence that was made or changed.
    Silence(silence::SilenceId),
    /// The changes and offers of the rota that were made.
    Rota(Vec<u32>),
}

/// A message to send now.
#[derive(Debug, Clone, PartialEq)]
pub struct Send {
    /// Which.
    pub intent: IntentId,
    /// Which attempt.
    pub attempt: u32,
    /// Where to.
    pub channel: Channel,
    /// What to say.
    pub message: Message,
}

/// A step to run now.
#[derive(Debug, Clone, PartialEq)]
pub struct StepJob {
    /// Which run.
    pub run: RunId,
    /// Of which runbook.
    pub runbook: String,
    /// The step, as pinned.
    pub step: Step,
    /// Which attempt.
    pub attempt: u32,
    /// Unique for the attempt.
    pub key: String,
    /// Values for the step's environment.
    pub inputs: BTreeMap<String, String>,
}

/// Why a command was not carried out. Nothing has changed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no configuration yet.
    #[error("the server has no configuration yet")]
    NoConfig,
    /// No such alert.
    #[error("there is no alert `{0}`")]
    UnknownAlert(String),
    /// No such message.
    #[error("this link names no page; it may be older than what nines remembers")]
    UnknownPage,
    /// Nothing tells people of it.
    #[error("nobody is told of this, so there is nothing to act on")]
    NobodyTold,
    /// The link is too old.
    #[error("this link is older than 24 hours; acknowledge on the console instead")]
    LinkExpired,
    /// No such incident.
    #[error("there is no incident INC-{0}")]
    UnknownIncident(u64),
    /// No such person.
    #[error("there is no person `{name}`; known are {known}")]
    UnknownPerson {
        /// What was asked for.
        name: String,
        /// Who there is.
        known: String,
    },
    /// No such contact.
    #[error("`{person}` has {contacts} contacts, counted from 0")]
    UnknownContact {
        /// Whose.
        person: String,
        /// How many there are.
        contacts: usize,
    },
    /// No such runbook.
    #[error("there is no runbook `{name}`; known are {known}")]
    UnknownRunbook {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// No such run.
    #[error("there is no run {0}")]
    UnknownRun(String),
    /// An alert says no.
    #[error(transparent)]
    Alert(#[from] nines_alert::dispatch::Refusal),
    /// Nobody tells so much at once.
    #[error("{count} alerts at once are too many; at most {max} are taken", max = crate::alerts::OBSERVATIONS_MAX)]
    TooManyAlerts {
        /// How many there were.
        count: usize,
    },
    /// An escalation says no.
    #[error(transparent)]
    Escalation(#[from] nines_oncall::Refusal),
    /// An incident says no.
    #[error(transparent)]
    Incident(#[from] nines_incident::Refusal),
    /// An exclusion says no.
    #[error(transparent)]
    Exclusion(#[from] exclusions::Refusal),
    /// A change says no.
    #[error(transparent)]
    Change(#[from] changes::Refusal),
    /// A run says no.
    #[error(transparent)]
    Run(#[from] run::Refusal),
    /// An override says no.
    #[error(transparent)]
    Waiver(#[from] WaiverRefusal),
    /// A silence says no.
    #[error(transparent)]
    Silence(#[from] silence::Refusal),
    /// A heartbeat says no.
    #[error(transparent)]
    Heartbeat(#[from] heartbeat::Refusal),
    /// A way to a person says no.
    #[error(transparent)]
    Contact(#[from] contact::Refusal),
    /// The rota says no.
    #[error(transparent)]
    Rota(#[from] rota::Refusal),
    /// Two questions under one key.
    #[error("the key `{0}` was used for another request in the last 24 hours; use a fresh one")]
    KeyTaken(String),
    /// A key that cannot be kept.
    #[error("a key has at most {max} bytes", max = crate::answers::KEY_BYTES_MAX)]
    KeyTooLong,
    /// The disk is full, or something like it; the batch was rolled back.
    #[error("the journal cannot take writes now: {0}")]
    NotDurable(String),
}
