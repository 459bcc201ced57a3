//! Where domains meet: one command becomes the facts of all the domains that it touches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use nines_alert::dispatch::{self, Alert};
use nines_alert::{AlertKey, heartbeat};
use nines_base::Id;
use nines_incident::{IncidentId, changes, suspects};
use nines_oncall::EscalationId;
use nines_port::{Channel, Delivery, Urgency};
use nines_runbook::{RunId, run};

use crate::alerts::wakes;
use crate::answers::{Answer, Answered, KEY_BYTES_MAX};
use crate::command::{AckTarget, Command, Coverage, Refusal, Reply, Send, StepJob};
use crate::config::{Config, Installation};
use crate::fact::{ConfigApplied, Fact, Of};
use crate::message;
use crate::outbox::{self, CancelReason, Intent, IntentId, MoveReason, Outgoing, Phase, Purpose};
use crate::state::{AlertRouting, EscalationRecord, State, intent_prefix};
use crate::{exclusions, promises};

/// The `alertname` of all alerts that error budgets raise.
pub const SLO_ALERT: &str = "SLOBurn";
/// The `alertname` of all alerts that levels of policies raise.
pub const POLICY_ALERT: &str = "PolicyLevel";
/// The `alertname` of all alerts about SLOs without data.
pub const NO_DATA_ALERT: &str = "SLONoData";
/// How long an acknowledge link works.
const ACK_LINK_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// One cycle's facts in the making. The state is ahead of the journal until the cycle commits.
pub(crate) struct Draft<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) config: Option<&'a Config>,
    pub(crate) installation: &'a Installation,
    pub(crate) rng: &'a mut Rng,
    pub(crate) now: Timestamp,
    pub(crate) epoch: u64,
    pub(crate) facts: &'a mut Vec<Fact>,
    /// What is no fact, but shown all the same: renewed leases, ticks without news.
    pub(crate) upkeep: &'a mut Vec<dispatch::Upkeep>,
    /// Attempts at steps that a worker of this process has; not durable, so a restart forgets them.
    pub(crate) handed_steps: &'a mut BTreeSet<String>,
}

impl Draft<'_> {
    /// Carries out one command. After a refusal nothing has changed.
    pub(crate) fn carry_out(&mut self, command: Command) -> Result<Reply, Refusal> {
        match command {
            // The engine has swapped the configuration already; this notes it.
            Command::ApplyConfig(config) => Ok(self.note_config(&config)),
            Command::ObserveBurns(observations) => {
                self.observe(observations, dispatch::Source::Burns, Coverage::Complete)
            }
            Command::ObserveRules { firing, coverage } => {
                self.observe(firing, dispatch::Source::Rules, coverage)
            }
            Command::ObserveAlerts { source, alerts } => self.observe_foreign(source, alerts),
            Command::Acknowledge { target, by, via } => self.acknowledge(&target, &by, &via),
            Command::Act { target, by, act } => self.act(&target, &by, &act),
            Command::RecordChange(command) => self.record_change(command),
            Command::Exclude(command) => self.exclude(command),
            Command::NotePromises(promises) => {
                let facts = promises::note(&self.state.promises, promises, self.now);
                Ok(self.apply_all(facts.into_iter().map(Fact::Objective)))
            }
            Command::NoteForecasts(forecasts) => {
                let facts = promises::note_forecasts(&self.state.promises, forecasts);
                Ok(self.apply_all(facts.into_iter().map(Fact::Objective)))
            }
            Command::Incident { number, command } => self.act_on_incident(number, command),
            Command::StartRun { runbook, inputs, by, incident, reason } => {
                self.start_run(&runbook, inputs, by, incident, reason)
            }
            Command::Run { id, command } => self.act_on_run(id, command),
            Command::TakeSends { count_max } => Ok(self.take_sends(count_max)),
            Command::Receipt { intent, attempt, delivery } => {
                Ok(self.receive(&intent, attempt, delivery))
            }
            Command::TakeSteps { count_max } => Ok(self.take_steps(count_max)),
            Command::StepFinished { run, step, attempt, outcome } => {
                self.act_on_run(run, run::Command::Finished { step, attempt, outcome })
            }
            Command::ObservePolicies(inputs) => self.observe_policies(inputs),
            Command::AskGate(question) => self.ask_gate(*question),
            Command::Waive(request) => self.waive(*request),
            Command::TestPage { person, by } => self.test_page(&person, &by),
            Command::Watch => Ok(self.watch()),
            Command::AskCode { person, contact } => self.ask_code(&person, contact),
            Command::ConfirmCode { person, contact, code } => {
                self.confirm_code(&person, contact, code)
            }
            Command::StopContact(method) => self.stop_contact(method),
            Command::Silence(command) => self.silence(command),
            Command::Rota(command) => self.change_rota(command),
            Command::Heartbeat(command) => self.heartbeat(command),
            Command::Once { key, request, command } => self.once(key, request, *command),
            Command::Wake => Ok(self.wake()),
        }
    }

    /// Carries out a command unless its key has an answer already. A refusal changes nothing, so it is not kept.
    fn once(&mut self, key: String, request: String, command: Command) -> Result<Reply, Refusal> {
        if KEY_BYTES_MAX < key.len() {
            return Err(Refusal::KeyTooLong);
        }
        if let Some((asked, answer)) = self.state.answers.find(&key, self.now) {
            if asked != request {
                return Err(Refusal::KeyTaken(key));
            }
            if let Some(reply) = answer.reply(self.state) {
                return Ok(reply);
            }
        }
        let reply = self.carry_out(command)?;
        if let Some(answer) = Answer::of(&reply) {
            self.apply(Fact::Answered(Answered { key, request, answer }));
        }
        Ok(reply)
    }

    /// What a new process owes the work of the old one: outcomes that it lost.
    pub(crate) fn take_over(&mut self) {
        let lost = |it: &Outgoing| it.lose_outcome().map(|fact| (it.intent.id.clone(), fact));
        let lost: Vec<_> = self.state.outbox.values().filter_map(lost).collect();
        for (id, fact) in lost {
            self.apply(Fact::Outbox(Of { id, fact }));
        }
        let active = self.state.runs.iter().filter(|(_, it)| !it.is_ended());
        let active: Vec<RunId> = active.map(|(id, _)| *id).collect();
        for id in active {
            // A run without an interrupted step refuses, and that is no news.
            drop(self.act_on_run(id, run::Command::Recovered));
        }
    }

    pub(crate) fn apply(&mut self, fact: Fact) {
        self.state.evolve(&fact, self.now, self.state.seq + 1, self.epoch);
        self.facts.push(fact);
    }

    pub(crate) fn apply_all(&mut self, facts: impl Iterator<Item = Fact>) -> Reply {
        facts.for_each(|it| self.apply(it));
        Reply::Done
    }

    pub(crate) fn new_id<K>(&mut self) -> Id<K> {
        Id::from_parts(self.now, self.rng.u128(..))
    }

    fn note_config(&mut self, config: &Config) -> Reply {
        let applied = ConfigApplied { revision: config.revision.clone(), files: config.files };
        if self.state.config.as_ref() != Some(&applied) {
            self.apply(Fact::ConfigApplied(applied));
        }
        self.regroup();
        self.heartbeats_of_files();
        // An edit is never refused.
        drop(self.change_rota(nines_oncall::rota::Command::Reconfigured));
        Reply::Done
    }

    // Escalations and their messages

    pub(crate) fn order_page(
        &mut self,
        id: EscalationId,
        page: &nines_oncall::Page,
        channel: Channel,
        due: Timestamp,
    ) {
        let Some(record) = self.state.escalations.get(&id) else { return };
        let Some((key, alert)) = self.lead(record) else { return };
        let Some(routing) = self.state.routed.get(&key) else { return };
        let incident = record.incident.and_then(|it| self.state.incidents.get(&it));
        let number = incident.map(|it| it.number);
        let suspect = incident.and_then(|it| self.first_suspect(it));
        let (subject, text) = message::page(&message::PageContext {
            alert,
            others: &self.others(record, key),
            decision: &routing.decision,
            escalation: &record.state,
            page,
            urgency: record.urgency,
            incident: number,
            suspect: suspect.as_ref(),
        });
        let intent = Intent {
            id: format!("{}{page}", intent_prefix(id)),
            escalation: Some(id),
            alert: key,
            purpose: Purpose::Page,
            urgency: record.urgency,
            person: page.person.clone(),
            channel,
            due,
            subject,
            text,
            details: message::details(alert, key, number),
            notice: None,
            payload: None,
        };
        self.order(intent);
    }

    /// The alert that an escalation speaks of first: of those that fire the one that may wake, then the oldest.
    pub(crate) fn lead(&self, record: &EscalationRecord) -> Option<(AlertKey, &Alert)> {
        let known = record.alerts.iter();
        let known = known.filter_map(|(key, _)| Some((*key, self.state.alert(*key)?)));
        known.min_by_key(|(key, it)| {
            let is_over = it.phase() == nines_alert::Phase::Quiet;
            (is_over, !wakes(it), it.activation.fired_at, *key)
        })
    }

    /// What else an escalation is about, in a line each.
    fn others(&self, record: &EscalationRecord, lead: AlertKey) -> Vec<String> {
        let others = record.alerts.iter().filter(|(key, _)| *key != lead);
        let others = others.filter_map(|(key, _)| self.state.alert(*key));
        let firing = others.filter(|it| it.phase() == nines_alert::Phase::Firing);
        firing.map(message::summary).collect()
    }

    pub(crate) fn order(&mut self, intent: Intent) {
        let (id, fact) = (intent.id.clone(), outbox::Fact::Recorded(Arc::new(intent)));
        self.apply(Fact::Outbox(Of { id, fact }));
    }

    fn first_suspect(&self, incident: &nines_incident::State) -> Option<suspects::Suspect> {
        rank_suspects(self.state, incident, self.config, None).into_iter().next()
    }

    /// Whoever was told by a channel that leaves the building learns that it is over.
    pub(crate) fn tell_resolved(&mut self, id: EscalationId) {
        let Some(record) = self.state.escalations.get(&id) else { return };
        let Some((key, alert)) = self.lead(record) else { return };
        let incident = record.incident.and_then(|it| self.state.incidents.get(&it));
        let number = incident.map(|it| it.number);
        let (subject, text) = message::resolved(alert, number, self.now);
        let details = message::details(alert, key, number);
        let mut told = BTreeSet::new();
        let mut intents = Vec::new();
        for it in self.state.outgoing(id) {
            let intent = &it.intent;
            let arrived = matches!(it.phase, Phase::Accepted { .. } | Phase::Unknown { .. });
            let leaves = intent.channel != Channel::Inbox;
            if arrived && leaves && told.insert((intent.person.clone(), intent.channel.clone())) {
                let is_room = intent.payload.is_some();
                let payload = self.room_resolved(record, &intent.channel).map(Arc::new);
                if is_room && payload.is_none() {
                    continue;
                }
                intents.push(Intent {
                    payload,
                    id: format!("{}resolved.{}.{}", intent_prefix(id), intent.person, told.len()),
                    purpose: Purpose::Resolved,
                    urgency: Urgency::Ticket,
                    due: self.now,
                    subject: subject.clone(),
                    text: text.clone(),
                    details: details.clone(),
                    ..Intent::clone(intent)
                });
            }
        }
        for intent in intents {
            self.order(intent);
        }
    }

    /// Cancels what the escalation does not want any more.
    pub(crate) fn cancel(&mut self, id: EscalationId, why: CancelReason) {
        let Some(record) = self.state.escalations.get(&id) else { return };
        let outgoing = self.state.outgoing(id);
        let unwanted = outgoing.iter().filter(|it| !record.state.wants(&it.intent.person));
        let cancelled = unwanted.filter_map(|it| Some((it.intent.id.clone(), it.cancel(why)?)));
        let cancelled: Vec<_> = cancelled.collect();
        for (id, fact) in cancelled {
            self.apply(Fact::Outbox(Of { id, fact }));
        }
    }

    fn wake(&mut self) -> Reply {
        for id in self.state.due_escalations(self.now) {
            // A wake-up is never refused; see `nines_oncall::decide`.
            drop(self.escalate(id, nines_oncall::Command::Wake));
        }
        // A wake-up is never refused; see `nines_alert::heartbeat::decide`.
        drop(self.heartbeat(heartbeat::Command::Wake));
        self.wake_silences();
        self.wake_rota();
        Reply::Done
    }

    fn take_sends(&mut self, count_max: usize) -> Reply {
        let mut sends = Vec::new();
        let mut facts = usize::MAX;
        // Each turn sends or moves something, or there is nothing more to do.
        while sends.len() < count_max && facts != self.facts.len() {
            facts = self.facts.len();
            for id in self.state.due_sends(self.now, count_max - sends.len()) {
                sends.extend(self.start_or_move(id));
            }
        }
        Reply::Sends(sends)
    }

    /// Begins an attempt, unless the provider is left alone for a while.
    fn start_or_move(&mut self, id: IntentId) -> Option<Send> {
        let outgoing = self.state.outbox.get(&id)?;
        let channel = outgoing.intent.channel.clone();
        if let Some(until) = self.state.breakers.open_until(&channel, self.now) {
            let moved = outgoing.move_to(until, MoveReason::ProviderFails)?;
            self.apply(Fact::Outbox(Of { id: id.clone(), fact: moved }));
            self.hasten_next_contact(&id);
            return None;
        }
        let fact = outgoing.start(self.now)?;
        let matter = outgoing.intent.escalation.map(|it| self.state.outgoing(it));
        let place = message::place(outgoing, &matter.unwrap_or_default());
        let message = message::render(outgoing, place, self.installation);
        let attempt = outgoing.attempts + 1;
        self.apply(Fact::Outbox(Of { id: id.clone(), fact }));
        Some(Send { intent: id, attempt, channel, message })
    }

    /// What cannot be delivered one way goes another.
    fn detour(&mut self, id: &IntentId) {
        let Some(outgoing) = self.state.outbox.get(id) else { return };
        let channel = &outgoing.intent.channel;
        let waits = matches!(outgoing.phase, Phase::Waiting { .. });
        let is_left_alone = waits && self.state.breakers.open_until(channel, self.now).is_some();
        let is_needed = outgoing.needs_detour(self.now);
        match outgoing.intent.purpose {
            Purpose::Page if is_needed || is_left_alone => self.hasten_next_contact(id),
            Purpose::Notice if is_needed => self.fall_back(id),
            Purpose::Page | Purpose::Notice | Purpose::Resolved | Purpose::Told | Purpose::Test => {
            }
        }
    }

    /// The same page by the person's next contact whose provider works, without its delay.
    fn hasten_next_contact(&mut self, id: &IntentId) {
        let Some(outgoing) = self.state.outbox.get(id) else { return };
        let (intent, now) = (Arc::clone(&outgoing.intent), self.now);
        let Some(escalation) = intent.escalation.filter(|_| intent.purpose == Purpose::Page) else {
            return;
        };
        let works = |it: &Channel| self.state.breakers.open_until(it, now).is_none();
        let pages = self.state.outgoing(escalation).into_iter();
        let others = pages.filter(|it| {
            let other = &it.intent;
            other.purpose == Purpose::Page && other.person == intent.person && other.id != *id
        });
        let waiting = others.filter(|it| it.attempts == 0 && works(&it.intent.channel));
        let later = waiting.filter_map(|it| Some((it.not_before()?, it)));
        let next = later.min_by_key(|(at, it)| (*at, it.seq)).map(|(_, it)| it);
        let hastened = next.filter(|it| it.not_before().is_some_and(|at| now < at));
        let hastened = hastened.and_then(|it| {
            Some((it.intent.id.clone(), it.move_to(now, MoveReason::EarlierContactFails)?))
        });
        if let Some((id, fact)) = hastened {
            self.apply(Fact::Outbox(Of { id, fact }));
        }
    }

    fn receive(&mut self, id: &IntentId, attempt: u32, delivery: Delivery) -> Reply {
        let jitter = self.rng.f64();
        let Some(outgoing) = self.state.outbox.get(id) else { return Reply::Done };
        let (purpose, person) = (outgoing.intent.purpose, outgoing.intent.person.clone());
        let (escalation, channel) =
            (outgoing.intent.escalation, outgoing.intent.channel.to_string());
        let accepted = matches!(delivery, Delivery::Accepted { .. });
        let Some(fact) = outgoing.receive(attempt, delivery, self.now, jitter) else {
            return Reply::Done;
        };
        self.apply(Fact::Outbox(Of { id: id.clone(), fact }));
        self.detour(id);
        self.judge_contact(id);
        self.close_notice(id);
        let incident = escalation.and_then(|it| self.state.escalations.get(&it)?.incident);
        if let Some(incident) = incident.filter(|_| accepted && purpose == Purpose::Page) {
            let page_id = id.clone();
            let paged = nines_incident::Command::Paged { person, channel, page_id };
            // A full timeline refuses; the receipt above holds all the same.
            drop(self.incident(incident, paged));
        }
        Reply::Done
    }

    fn acknowledge(&mut self, target: &AckTarget, by: &str, via: &str) -> Result<Reply, Refusal> {
        let keys = self.alerts_behind(target)?;
        let many = !matches!(target, AckTarget::Alert(_) | AckTarget::Intent(_));
        let routings = keys.iter().filter_map(|key| Some((*key, self.state.routed.get(key)?)));
        let routings: Vec<_> =
            routings.map(|(key, it)| (key, self.open_escalations(it), it.incident)).collect();
        let (mut answered, mut incidents) = (BTreeSet::new(), BTreeSet::new());
        let mut acknowledged = Vec::new();
        for (key, escalations, incident) in routings {
            let is_asked = !escalations.is_empty();
            let mut is_answered = false;
            for id in escalations {
                let (by, via) = (by.to_owned(), via.to_owned());
                if answered.contains(&id) {
                    is_answered = true;
                    continue;
                }
                match self.escalate(id, nines_oncall::Command::Acknowledge { by, via }) {
                    Ok(()) => {
                        self.cancel(id, CancelReason::Acknowledged);
                        answered.insert(id);
                        is_answered = true;
                    }
                    Err(Refusal::Escalation(_)) if many => {}
                    Err(refusal) => return Err(refusal),
                }
            }
            if is_asked && !is_answered {
                continue;
            }
            if let Some(id) = incident.filter(|it| incidents.insert(*it)) {
                let (by, via) = (by.to_owned(), via.to_owned());
                self.incident(id, nines_incident::Command::Acknowledge { by, via })?;
            }
            acknowledged.push(key);
        }
        Ok(Reply::Acknowledged(acknowledged))
    }

    /// The escalations of an alert that wait for an answer, or the newest, which then says why it does not.
    fn open_escalations(&self, routing: &AlertRouting) -> Vec<EscalationId> {
        let is_open =
            |id: &EscalationId| self.state.escalations.get(id).is_some_and(|it| it.state.is_open());
        let open: Vec<EscalationId> = routing.escalations.iter().copied().filter(is_open).collect();
        if open.is_empty() {
            routing.escalations.last().copied().into_iter().collect()
        } else {
            open
        }
    }

    pub(crate) fn alerts_behind(&self, target: &AckTarget) -> Result<Vec<AlertKey>, Refusal> {
        match target {
            AckTarget::Alert(key) if self.state.alert(*key).is_some() => Ok(vec![*key]),
            AckTarget::Alert(key) => Err(Refusal::UnknownAlert(key.to_string())),
            AckTarget::Intent(seq) => {
                let intent = self.state.intents_by_seq.get(seq);
                let outgoing = intent.and_then(|it| self.state.outbox.get(it));
                let outgoing = outgoing.ok_or(Refusal::UnknownPage)?;
                if outgoing.recorded_at + ACK_LINK_LIFE < self.now {
                    return Err(Refusal::LinkExpired);
                }
                Ok(vec![outgoing.intent.alert])
            }
            AckTarget::Incident(number) => {
                let (id, _) =
                    self.state.incident(*number).ok_or(Refusal::UnknownIncident(*number))?;
                let is_of = |key: &AlertKey| {
                    self.state.routed.get(key).is_some_and(|it| it.incident == Some(id))
                };
                Ok(self.state.firing().map(|(key, _)| key).filter(is_of).collect())
            }
            AckTarget::All => Ok(self.state.firing().map(|(key, _)| key).collect()),
        }
    }

    // Changes, incidents, runs

    fn record_change(&mut self, command: changes::Command) -> Result<Reply, Refusal> {
        let facts = changes::decide(&self.state.changes, command, self.now)?;
        let is_new = !facts.is_empty();
        for fact in facts {
            self.apply(Fact::Change(fact));
        }
        Ok(Reply::Change { is_new })
    }

    fn exclude(&mut self, command: exclusions::Command) -> Result<Reply, Refusal> {
        let mut name = match &command {
            exclusions::Command::Create { exclusion, .. } => exclusion.name.clone(),
            exclusions::Command::Withdraw { name, .. } => name.clone(),
        };
        for fact in exclusions::decide(&self.state.exclusions, command)? {
            if let exclusions::Fact::Created(exclusion) = &fact {
                name.clone_from(&exclusion.name);
            }
            self.apply(Fact::Overlay(fact));
        }
        Ok(Reply::Exclusion(self.state.exclusions.get(&name).cloned()))
    }

    pub(crate) fn incident(
        &mut self,
        id: IncidentId,
        command: nines_incident::Command,
    ) -> Result<(), Refusal> {
        let unopened = nines_incident::State::default();
        let state = self.state.incidents.get(&id).unwrap_or(&unopened);
        for fact in nines_incident::decide(state, command, self.now)? {
            self.apply(Fact::Incident(Of { id, fact }));
        }
        Ok(())
    }

    fn act_on_incident(
        &mut self,
        number: u64,
        command: nines_incident::Command,
    ) -> Result<Reply, Refusal> {
        let (id, _) = self.state.incident(number).ok_or(Refusal::UnknownIncident(number))?;
        self.incident(id, command)?;
        self.note_progress(id, &format!("INC-{number}"));
        Ok(Reply::Incident(id))
    }

    pub(crate) fn start_run(
        &mut self,
        name: &str,
        inputs: BTreeMap<String, String>,
        by: String,
        incident: Option<u64>,
        reason: Option<String>,
    ) -> Result<Reply, Refusal> {
        let config = self.config.ok_or(Refusal::NoConfig)?;
        let Some(runbook) = config.runbooks.get(name) else {
            let known: Vec<&str> = config.runbooks.keys().map(String::as_str).collect();
            return Err(Refusal::UnknownRunbook { name: name.to_owned(), known: known.join(", ") });
        };
        let incident_id = match incident {
            Some(number) => {
                let found = self.state.incident(number).ok_or(Refusal::UnknownIncident(number))?;
                Some(found.0)
            }
            None => None,
        };
        let mut values = runbook.inputs.clone();
        values.extend(inputs);
        let id: RunId = self.new_id();
        let start = run::Command::Start {
            run: id,
            runbook: runbook.name.clone(),
            digest: runbook.digest.clone(),
            steps: runbook.steps.clone(),
            inputs: values,
            by: by.clone(),
            incident: incident_id.map(|it| it.to_string()),
            reason,
        };
        let facts = run::decide(&run::State::default(), start, self.now)?;
        for fact in facts {
            self.apply(Fact::Run(Of { id, fact }));
        }
        if let Some(incident) = incident_id {
            let (run, runbook) = (id.to_string(), runbook.name.clone());
            // An incident with too many runs refuses; the run goes on all the same.
            drop(
                self.incident(
                    incident,
                    nines_incident::Command::RunbookStarted { run, runbook, by },
                ),
            );
        }
        Ok(Reply::Run(id))
    }

    fn act_on_run(&mut self, id: RunId, command: run::Command) -> Result<Reply, Refusal> {
        let Some(state) = self.state.runs.get(&id) else {
            return Err(Refusal::UnknownRun(id.to_string()));
        };
        let facts = run::decide(state, command, self.now)?;
        let incident = state.incident().and_then(|it| it.parse::<IncidentId>().ok());
        for fact in facts {
            let told = incident.and_then(|_| tell(id, &fact));
            self.apply(Fact::Run(Of { id, fact }));
            if let (Some(incident), Some(command)) = (incident, told) {
                // A full timeline refuses; the run goes on all the same.
                drop(self.incident(incident, command));
            }
        }
        Ok(Reply::Run(id))
    }

    fn take_steps(&mut self, count_max: usize) -> Reply {
        let mut steps = Vec::new();
        for (id, state) in self.state.runs.iter().filter(|(_, it)| !it.is_ended()) {
            let Some(due) = state.due() else { continue };
            if steps.len() < count_max && self.handed_steps.insert(due.key.clone()) {
                steps.push(StepJob {
                    run: *id,
                    runbook: state.runbook().to_owned(),
                    step: due.step.clone(),
                    attempt: due.attempt,
                    key: due.key.clone(),
                    inputs: state.inputs().clone(),
                });
            }
        }
        Reply::Steps(steps)
    }
}

/// What an incident's timeline says of a run's fact.
fn tell(id: RunId, fact: &run::Fact) -> Option<nines_incident::Command> {
    let run = id.to_string();
    match fact {
        run::Fact::StepFinished { step, outcome, .. } => {
            let outcome = run::describe(outcome);
            Some(nines_incident::Command::RunbookStep { run, step: step.clone(), outcome })
        }
        run::Fact::StepUnknown { step, .. } => {
            let outcome = "unknown: nines stopped while it ran".to_owned();
            Some(nines_incident::Command::RunbookStep { run, step: step.clone(), outcome })
        }
        run::Fact::Ended { result, .. } => {
            Some(nines_incident::Command::RunbookEnded { run, result: result.to_string() })
        }
        _ => None,
    }
}

/// The changes that came before an incident, the most suspicious first.
pub fn rank_suspects(
    state: &State,
    incident: &nines_incident::State,
    config: Option<&Config>,
    change_point: Option<suspects::ChangePointOf<'_>>,
) -> Vec<suspects::Suspect> {
    let Some(start) = incident.impact_start else { return Vec::new() };
    let alone = BTreeMap::new();
    let depends_on = config.map_or(&alone, |it| &it.depends_on);
    let past = BTreeMap::new();
    let changes = state.changes.iter();
    suspects::rank(changes, &incident.service, start, depends_on, &past, change_point)
}
