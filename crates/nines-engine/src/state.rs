//! The state: the fold of all facts. Nothing else changes it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use nines_alert::{Alert, AlertKey, Phase};
use nines_incident::{IncidentId, changes};
use nines_oncall::EscalationId;
use nines_port::{HASH_BYTES, Urgency};
use nines_runbook::{RunId, run};
use serde::{Deserialize, Serialize};

use crate::fact::{ConfigApplied, Fact, Of, Routed};
use crate::outbox::{self, IntentId, Outgoing};
use crate::releases::Releases;
use crate::{exclusions, promises};

/// Escalations that are kept after their end; the oldest are forgotten first, with their messages. Their
/// facts stay in the journal.
const CLOSED_ESCALATIONS_MAX: usize = 10_000;
/// Runs that are kept after their end.
const ENDED_RUNS_MAX: usize = 1_000;

/// What the ids of all messages of `escalation` begin with.
pub(crate) fn intent_prefix(escalation: EscalationId) -> String {
    format!("{escalation}/")
}

/// Everything that is known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The last fact's sequence number.
    pub seq: u64,
    /// The hash of the last fact's record, which vouches for all before it.
    pub(crate) head: [u8; HASH_BYTES],
    /// The present epoch.
    pub epoch: u64,
    /// The configuration that decides, once there is one.
    pub config: Option<ConfigApplied>,
    /// By key.
    pub alerts: BTreeMap<AlertKey, AlertRecord>,
    /// By id, so by age.
    pub escalations: BTreeMap<EscalationId, EscalationRecord>,
    /// Every message of the escalations above.
    pub outbox: BTreeMap<IntentId, Outgoing>,
    /// The messages by the sequence number of their order.
    pub intents_by_seq: BTreeMap<u64, IntentId>,
    /// By id, so by age.
    pub incidents: BTreeMap<IncidentId, nines_incident::State>,
    /// Changes of services.
    pub changes: changes::State,
    /// Exclusions and corrections that were not written into files.
    pub exclusions: exclusions::State,
    /// What was promised when, and what is expected.
    pub promises: promises::State,
    /// What nobody wants to be told of.
    #[serde(default)]
    pub silences: nines_alert::silence::State,
    /// Who is on call otherwise than the files say.
    #[serde(default)]
    pub rota: nines_oncall::rota::State,
    /// By id, so by age.
    pub runs: BTreeMap<RunId, run::State>,
    /// Levels of policies, decisions, overrides.
    pub releases: Releases,
    /// How many escalations have begun under each policy: whose turn it is.
    pub turns: BTreeMap<String, u32>,
    /// When escalations want to be woken.
    wakes: BTreeSet<(Timestamp, EscalationId)>,
    /// When messages want to be sent.
    sends: BTreeSet<(Timestamp, IntentId)>,
    closed: usize,
}

/// An alert, and where its present or last activation went.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AlertRecord {
    /// The alert.
    pub alert: Alert,
    /// Who has to know of its present or last activation.
    pub routed: Option<Routed>,
}

/// An escalation, and what it is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EscalationRecord {
    /// About which alert.
    pub alert: AlertKey,
    /// About which of its activations.
    pub activation: u32,
    /// Whom it may wake.
    pub urgency: Urgency,
    /// The incident it belongs to.
    pub incident: Option<IncidentId>,
    /// When it began.
    pub opened_at: Timestamp,
    /// Where it stands.
    pub state: nines_oncall::State,
}

impl State {
    /// When an escalation wants to be woken next.
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.wakes.first().map(|(at, _)| *at)
    }

    /// The escalations whose time has come.
    pub(crate) fn due_escalations(&self, now: Timestamp) -> Vec<EscalationId> {
        self.wakes.iter().take_while(|(at, _)| *at <= now).map(|(_, id)| *id).collect()
    }

    /// When a message wants to be sent next.
    pub fn send_at(&self) -> Option<Timestamp> {
        self.sends.first().map(|(at, _)| *at)
    }

    /// The messages whose time has come, at most `count_max`, pages first.
    pub(crate) fn due_sends(&self, now: Timestamp, count_max: usize) -> Vec<IntentId> {
        let due = self.sends.iter().take_while(|(at, _)| *at <= now).map(|(_, id)| id);
        let mut due: Vec<&IntentId> = due.collect();
        due.sort_by_key(|id| self.outbox.get(*id).map(|it| (it.intent.urgency, it.seq)));
        due.into_iter().take(count_max).cloned().collect()
    }

    /// The firing alerts.
    pub fn firing(&self) -> impl Iterator<Item = (AlertKey, &AlertRecord)> {
        let firing = |it: &&AlertRecord| it.alert.phase() == Phase::Firing;
        self.alerts.iter().map(|(key, it)| (*key, it)).filter(move |(_, it)| firing(it))
    }

    /// The incident that people call `number`.
    pub fn incident(&self, number: u64) -> Option<(IncidentId, &nines_incident::State)> {
        let mut incidents = self.incidents.iter().rev();
        incidents.find(|(_, it)| it.number == number).map(|(id, it)| (*id, it))
    }

    /// The newest open incident of `service`.
    pub fn open_incident(&self, service: &str) -> Option<(IncidentId, &nines_incident::State)> {
        let mut incidents = self.incidents.iter().rev();
        incidents.find(|(_, it)| it.is_open() && it.service == service).map(|(id, it)| (*id, it))
    }

    /// The messages of one escalation, in the order of their orders.
    pub fn outgoing(&self, escalation: EscalationId) -> Vec<&Outgoing> {
        let prefix = intent_prefix(escalation);
        let mut outgoing: Vec<&Outgoing> = self
            .outbox
            .range(prefix.clone()..)
            .take_while(|(id, _)| id.starts_with(&prefix))
            .map(|(_, it)| it)
            .collect();
        outgoing.sort_by_key(|it| it.seq);
        outgoing
    }

    /// Applies one fact that was recorded at `at` under `seq`. It cannot fail: what happened, happened.
    pub fn evolve(&mut self, fact: &Fact, at: Timestamp, seq: u64, epoch: u64) {
        (self.seq, self.epoch) = (seq, epoch);
        match fact {
            Fact::EpochStarted(_) => {}
            Fact::ConfigApplied(config) => self.config = Some(config.clone()),
            Fact::Alert(Of { id, fact }) => {
                let record = self.alerts.entry(*id).or_default();
                nines_alert::evolve(&mut record.alert, fact, at, seq);
            }
            Fact::Routed(routed) => self.evolve_routed(routed, at),
            Fact::Escalation(Of { id, fact }) => self.evolve_escalation(*id, fact, at),
            Fact::Outbox(Of { id, fact }) => self.evolve_outbox(id, fact, at, seq),
            Fact::Incident(Of { id, fact }) => {
                nines_incident::evolve(self.incidents.entry(*id).or_default(), fact, at, seq);
            }
            Fact::Change(fact) => changes::evolve(&mut self.changes, fact, at, seq),
            Fact::Overlay(fact) => exclusions::evolve(&mut self.exclusions, fact, at, seq),
            Fact::Objective(fact) => promises::evolve(&mut self.promises, fact, at),
            Fact::Run(Of { id, fact }) => {
                run::evolve(self.runs.entry(*id).or_default(), fact, at, seq);
                self.forget_runs();
            }
            Fact::Level(Of { id, fact }) => self.releases.evolve_level(id, fact, at, seq),
            Fact::Decision(decision) => self.releases.evolve_decision(decision),
            Fact::Waiver(waiver) => self.releases.evolve_waiver(waiver),
            Fact::Silence(fact) => nines_alert::silence::evolve(&mut self.silences, fact, at),
            Fact::Rota(fact) => nines_oncall::rota::evolve(&mut self.rota, fact, at),
        }
    }

    fn evolve_routed(&mut self, routed: &Routed, at: Timestamp) {
        let Routed { alert, activation, urgency, escalation, incident, .. } = routed;
        if let Some(id) = escalation {
            let record = EscalationRecord {
                alert: *alert,
                activation: *activation,
                urgency: *urgency,
                incident: *incident,
                opened_at: at,
                state: nines_oncall::State::default(),
            };
            self.escalations.insert(*id, record);
        }
        self.alerts.entry(*alert).or_default().routed = Some(routed.clone());
    }

    fn evolve_escalation(&mut self, id: EscalationId, fact: &nines_oncall::Fact, at: Timestamp) {
        let Some(record) = self.escalations.get_mut(&id) else { return };
        if let nines_oncall::Fact::Started { policy, .. } = fact {
            let turns = self.turns.entry(policy.name.clone()).or_default();
            *turns = turns.wrapping_add(1);
        }
        let before = record.state.wake_at();
        nines_oncall::evolve(&mut record.state, fact, at);
        let after = record.state.wake_at();
        self.wakes.extend(after.map(|at| (at, id)));
        if let Some(before) = before.filter(|it| Some(*it) != after) {
            self.wakes.remove(&(before, id));
        }
        if *fact == nines_oncall::Fact::Resolved {
            self.closed += 1;
            self.forget_escalations();
        }
    }

    fn evolve_outbox(&mut self, id: &IntentId, fact: &outbox::Fact, at: Timestamp, seq: u64) {
        if let outbox::Fact::Recorded(intent) = fact {
            let outgoing = Outgoing::new(intent.clone(), at, seq);
            self.sends.extend(outgoing.not_before().map(|at| (at, id.clone())));
            self.intents_by_seq.insert(seq, id.clone());
            self.outbox.insert(id.clone(), outgoing);
            return;
        }
        let Some(outgoing) = self.outbox.get_mut(id) else { return };
        if let Some(before) = outgoing.not_before() {
            self.sends.remove(&(before, id.clone()));
        }
        outgoing.evolve(fact, at);
        self.sends.extend(outgoing.not_before().map(|at| (at, id.clone())));
    }

    fn forget_escalations(&mut self) {
        while CLOSED_ESCALATIONS_MAX < self.closed {
            let is_closed = |it: &EscalationRecord| it.state.phase == nines_oncall::Phase::Resolved;
            let oldest = self.escalations.iter().find(|(_, it)| is_closed(it)).map(|(id, _)| *id);
            let Some(oldest) = oldest else { return };
            let messages = self.outgoing(oldest).into_iter();
            let messages: Vec<_> = messages.map(|it| (it.intent.id.clone(), it.seq)).collect();
            for (id, seq) in messages {
                let waiting = self.outbox.remove(&id).and_then(|it| it.not_before());
                waiting.map(|at| self.sends.remove(&(at, id)));
                self.intents_by_seq.remove(&seq);
            }
            self.escalations.remove(&oldest);
            self.closed -= 1;
        }
    }

    fn forget_runs(&mut self) {
        if self.runs.len() <= ENDED_RUNS_MAX {
            return;
        }
        let oldest = self.runs.iter().find(|(_, it)| it.is_ended()).map(|(id, _)| *id);
        oldest.map(|id| self.runs.remove(&id));
    }
}
