//! The state: the fold of all facts. Nothing else changes it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use nines_alert::dispatch::{self, Alert};
use nines_alert::{AlertKey, RouteDecision};
use nines_incident::{IncidentId, changes};
use nines_oncall::EscalationId;
use nines_port::{Delivery, HASH_BYTES, Urgency};
use nines_runbook::{RunId, run};
use serde::{Deserialize, Serialize};

use crate::alerts::ended_by;
use crate::fact::{ConfigApplied, Fact, Line, Of, Routed, RoutedAlert};
use crate::outbox::{self, Intent, IntentId, Outgoing};
use crate::releases::Releases;
use crate::{answers, exclusions, old, promises, rota};

/// Escalations that are kept after their end; the oldest are forgotten first, with their messages. Their
/// facts stay in the journal.
const CLOSED_ESCALATIONS_MAX: usize = 10_000;
/// Notices to receivers that are kept after their end, without their words; the oldest are forgotten first.
const CLOSED_NOTICES_MAX: usize = 10_000;
/// Alerts of which nobody was paged, that are remembered after they left the table; the oldest are forgotten first.
const UNPAGED_MAX: usize = 10_000;
/// Runs that are kept after their end.
const ENDED_RUNS_MAX: usize = 1_000;

/// Whom a notice tells what of which group; nothing for a message of an escalation.
fn line_of(intent: &Intent) -> Option<Line> {
    intent.notice.as_ref().map(Line::of)
}

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
    /// Alerts, their groups, and what was said of them.
    pub dispatch: dispatch::State,
    /// Where alerts went; those of the table, and of the escalations below.
    pub routed: BTreeMap<AlertKey, AlertRouting>,
    /// By id, so by age.
    pub escalations: BTreeMap<EscalationId, EscalationRecord>,
    /// Every message of the escalations above.
    pub outbox: BTreeMap<IntentId, Outgoing>,
    /// Providers that failed lately.
    pub breakers: outbox::Breakers,
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
    /// What is known of ways to people.
    #[serde(default)]
    pub contacts: nines_oncall::contact::State,
    /// Jobs that say that they ran.
    #[serde(default)]
    pub heartbeats: nines_alert::heartbeat::State,
    /// What clients were answered under their keys.
    #[serde(default)]
    pub answers: answers::State,
    /// By id, so by age.
    pub runs: BTreeMap<RunId, run::State>,
    /// Levels of policies, decisions, overrides.
    pub releases: Releases,
    /// How many escalations have begun under each policy: whose turn it is.
    pub turns: BTreeMap<String, u32>,
    /// What is told of which group by an escalation that has not ended.
    open: BTreeMap<Line, EscalationId>,
    /// Notices that have not arrived yet, in the order of their orders: only the first of each may be sent.
    lanes: BTreeMap<Line, Vec<IntentId>>,
    closed_notices: VecDeque<u64>,
    unpaged: VecDeque<AlertKey>,
    /// When escalations want to be woken.
    wakes: BTreeSet<(Timestamp, EscalationId)>,
    /// When messages want to be sent.
    sends: BTreeSet<(Timestamp, IntentId)>,
    closed: usize,
}

/// Where the present or last activation of an alert went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertRouting {
    /// Which of its activations.
    pub activation: u32,
    /// Whom it may wake.
    pub urgency: Urgency,
    /// What decided last.
    pub decision: Arc<RouteDecision>,
    /// What tells people, oldest first.
    pub escalations: Vec<EscalationId>,
    /// What it belongs to.
    pub incident: Option<IncidentId>,
    /// As it was when it resolved; it may have left the table since.
    pub last: Option<Alert>,
}

/// An escalation, and what it is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EscalationRecord {
    /// What of which group goes to whom; none in records that are older than groups.
    pub group: Option<Line>,
    /// About which alerts, in the order in which it heard of them, and which of their activations.
    pub alerts: Vec<(AlertKey, u32)>,
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
    /// When an escalation or a group wants to be woken next.
    pub fn wake_at(&self) -> Option<Timestamp> {
        let escalation = self.wakes.first().map(|(at, _)| *at);
        let others = [self.dispatch.wake_at(), self.heartbeats.wake_at(), self.silences.wake_at()];
        others.into_iter().chain([escalation]).flatten().min()
    }

    /// The escalations whose time has come.
    pub(crate) fn due_escalations(&self, now: Timestamp) -> Vec<EscalationId> {
        self.wakes.iter().take_while(|(at, _)| *at <= now).map(|(_, id)| *id).collect()
    }

    /// When a message wants to be sent next.
    pub fn send_at(&self) -> Option<Timestamp> {
        self.sends.first().map(|(at, _)| *at)
    }

    /// The messages whose time has come, at most `count_max`: by class, severity and age.
    pub(crate) fn due_sends(&self, now: Timestamp, count_max: usize) -> Vec<IntentId> {
        let due = self.sends.iter().take_while(|(at, _)| *at <= now).map(|(_, id)| id);
        let mut due: Vec<&IntentId> = due.collect();
        due.sort_by_cached_key(|id| {
            let rank = |it: &Outgoing| (it.intent.class(), it.intent.severity_rank(), it.seq);
            self.outbox.get(*id).map(rank)
        });
        due.into_iter().take(count_max).cloned().collect()
    }

    /// The firing alerts.
    pub fn firing(&self) -> impl Iterator<Item = (AlertKey, &Alert)> {
        self.dispatch.firing()
    }

    /// The alert of this key, also one that has left the table if people were told of it.
    pub fn alert(&self, key: AlertKey) -> Option<&Alert> {
        self.dispatch.alert(key).or_else(|| self.routed.get(&key)?.last.as_ref())
    }

    /// All alerts that [`Self::alert`] knows.
    pub fn alerts(&self) -> impl Iterator<Item = (AlertKey, &Alert)> {
        let left = self.routed.iter().filter(|(key, _)| self.dispatch.alert(**key).is_none());
        let left = left.filter_map(|(key, it)| Some((*key, it.last.as_ref()?)));
        self.dispatch.alerts().iter().map(|(key, it)| (*key, it)).chain(left)
    }

    /// The newest escalation about the present or last activation of an alert.
    pub fn escalation_of(&self, key: AlertKey) -> Option<(EscalationId, &EscalationRecord)> {
        let id = *self.routed.get(&key)?.escalations.last()?;
        Some((id, self.escalations.get(&id)?))
    }

    /// The escalation that tells people of a group and has not ended.
    pub(crate) fn open_escalation(&self, group: &Line) -> Option<EscalationId> {
        self.open.get(group).copied()
    }

    /// Notices to an integration about a group that have not arrived yet.
    pub(crate) fn lane(&self, group: &Line) -> &[IntentId] {
        self.lanes.get(group).map(Vec::as_slice).unwrap_or_default()
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
                let fact = old::observed(&self.dispatch, *id, fact, at);
                dispatch::evolve(&mut self.dispatch, &fact, at, seq);
                self.note_resolved(ended_by(&fact).into_iter());
            }
            Fact::Dispatch(fact) => {
                dispatch::evolve(&mut self.dispatch, fact, at, seq);
                self.note_resolved(ended_by(fact).into_iter());
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
            Fact::Contact(fact) => nines_oncall::contact::evolve(&mut self.contacts, fact, at),
            Fact::Heartbeat(fact) => {
                nines_alert::heartbeat::evolve(&mut self.heartbeats, fact, at);
            }
            Fact::Answered(fact) => answers::evolve(&mut self.answers, fact, at),
        }
    }

    fn evolve_routed(&mut self, routed: &Routed, at: Timestamp) {
        let Routed { group, alerts, decision, urgency, escalation } = routed;
        if let Some(id) = escalation {
            let record = self.escalations.entry(*id).or_insert_with(|| EscalationRecord {
                group: group.clone(),
                alerts: Vec::new(),
                urgency: *urgency,
                incident: None,
                opened_at: at,
                state: nines_oncall::State::default(),
            });
            for it in alerts.iter().map(|it| (it.alert, it.activation)) {
                if !record.alerts.contains(&it) {
                    record.alerts.push(it);
                }
            }
            record.incident = record.incident.or_else(|| alerts.iter().find_map(|it| it.incident));
            self.open.extend(group.clone().map(|it| (it, *id)));
        }
        let decision = Arc::new(decision.clone());
        for RoutedAlert { alert, activation, incident } in alerts {
            let before = self.routed.remove(alert).filter(|it| it.activation == *activation);
            let mut routing = before.unwrap_or_else(|| AlertRouting {
                activation: *activation,
                urgency: *urgency,
                decision: Arc::clone(&decision),
                escalations: Vec::new(),
                incident: None,
                last: None,
            });
            routing.urgency = routing.urgency.min(*urgency);
            routing.decision = Arc::clone(&decision);
            routing.escalations.extend(escalation.filter(|it| !routing.escalations.contains(it)));
            routing.incident = routing.incident.or(*incident);
            if routing.escalations.is_empty() {
                self.unpaged.push_back(*alert);
            }
            self.routed.insert(*alert, routing);
        }
        while UNPAGED_MAX < self.unpaged.len() {
            let oldest = self.unpaged.pop_front();
            if let Some(it) = oldest {
                self.forget_routing(it);
            }
        }
    }

    /// Forgets where an alert went, unless an escalation that is kept is about it.
    fn forget_routing(&mut self, alert: AlertKey) {
        let Some(routing) = self.routed.get_mut(&alert) else { return };
        routing.escalations.retain(|it| self.escalations.contains_key(it));
        if routing.escalations.is_empty() {
            self.routed.remove(&alert);
        }
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
            let group = record.group.clone();
            if let Some(group) = group.filter(|it| self.open.get(it) == Some(&id)) {
                self.open.remove(&group);
            }
            self.closed += 1;
            self.forget_escalations();
        }
    }

    fn evolve_outbox(&mut self, id: &IntentId, fact: &outbox::Fact, at: Timestamp, seq: u64) {
        if let outbox::Fact::Recorded(intent) = fact {
            let outgoing = Outgoing::new(Arc::clone(intent), at, seq);
            self.intents_by_seq.insert(seq, id.clone());
            self.outbox.insert(id.clone(), outgoing);
            if let Some(key) = line_of(intent) {
                self.lanes.entry(key).or_default().push(id.clone());
            }
            self.schedule(id);
            if intent.purpose == outbox::Purpose::Told {
                self.forget_told();
            }
            return;
        }
        let Some(outgoing) = self.outbox.get_mut(id) else { return };
        if let Some(before) = outgoing.not_before() {
            self.sends.remove(&(before, id.clone()));
        }
        if let outbox::Fact::ReceiptRecorded { delivery, .. } = fact {
            self.breakers.evolve(&outgoing.intent.channel, delivery, at);
        }
        outgoing.evolve(fact, at);
        if let Some(method) = crate::contacts::method_of(&outgoing.intent) {
            // A provider that is down says nothing of a way; a refusal does.
            match fact {
                outbox::Fact::ReceiptRecorded { delivery: Delivery::Accepted { .. }, .. } => {
                    self.contacts.note_arrival(&method, at);
                }
                outbox::Fact::ReceiptRecorded { delivery: Delivery::Refused { .. }, .. } => {
                    self.contacts.note_failure(&method);
                }
                _ => {}
            }
        }
        self.schedule(id);
        self.close_notice(id);
    }

    /// Notes when a message wants to be sent, unless one before it must arrive first.
    fn schedule(&mut self, id: &IntentId) {
        let Some(outgoing) = self.outbox.get(id) else { return };
        let Some(at) = outgoing.not_before() else { return };
        let is_first = line_of(&outgoing.intent)
            .is_none_or(|key| self.lanes.get(&key).is_none_or(|it| it.first() == Some(id)));
        if is_first {
            self.sends.insert((at, id.clone()));
        }
    }

    /// A notice that is over makes way for the next one, and needs its words no more. A test is kept as long.
    fn close_notice(&mut self, id: &IntentId) {
        let Some(outgoing) = self.outbox.get_mut(id).filter(|it| it.is_closed()) else { return };
        // Messages of escalations go with them.
        if outgoing.intent.escalation.is_some() {
            return;
        }
        let key = line_of(&outgoing.intent);
        if key.is_some() {
            Arc::make_mut(&mut outgoing.intent).payload = None;
        }
        self.closed_notices.push_back(outgoing.seq);
        if let Some(key) = key
            && let Some(lane) = self.lanes.get_mut(&key)
        {
            lane.retain(|it| it != id);
            match lane.first().cloned() {
                Some(next) => self.schedule(&next),
                None => drop(self.lanes.remove(&key)),
            }
        }
        while CLOSED_NOTICES_MAX < self.closed_notices.len() {
            let oldest = self.closed_notices.pop_front();
            let id = oldest.and_then(|seq| self.intents_by_seq.remove(&seq));
            id.map(|id| self.outbox.remove(&id));
        }
    }

    /// Of alerts that resolved, the last word is kept for as long as people may ask about them.
    fn note_resolved(&mut self, keys: impl Iterator<Item = AlertKey>) {
        for key in keys {
            if let Some(routing) = self.routed.get_mut(&key) {
                routing.last = self.dispatch.alert(key).cloned();
            }
        }
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
            let record = self.escalations.remove(&oldest);
            self.closed -= 1;
            for (alert, _) in record.into_iter().flat_map(|it| it.alerts) {
                self.forget_routing(alert);
            }
        }
    }

    /// The oldest messages about the rota, whatever became of them.
    fn forget_told(&mut self) {
        let told = self.outbox.range(rota::PREFIX.to_owned()..);
        let told = told.take_while(|(id, _)| id.starts_with(rota::PREFIX));
        let told: Vec<_> = told.map(|(id, it)| (id.clone(), it.seq)).collect();
        let surplus = told.len().saturating_sub(rota::TOLD_MAX);
        for (id, seq) in told.into_iter().take(surplus) {
            let waiting = self.outbox.remove(&id).and_then(|it| it.not_before());
            waiting.map(|at| self.sends.remove(&(at, id)));
            self.intents_by_seq.remove(&seq);
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
