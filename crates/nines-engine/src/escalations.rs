//! What follows from escalations beside pages to people, and what people do to them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use nines_alert::receivers::{self, AlertData, NoticeData};
use nines_alert::{AlertKey, Phase as AlertPhase, dispatch};
use nines_base::Labels;
use nines_incident::{IncidentId, IncidentSeverity};
use nines_oncall::{Action, EscalationId, Fact as Happened, Phase, Standing, Target};
use nines_port::{Channel, Payload};

use crate::command::{AckTarget, Refusal, Reply};
use crate::decide::Draft;
use crate::fact::{Fact, Of, Routed, RoutedAlert};
use crate::message;
use crate::outbox::{CancelReason, Intent, Purpose};
use crate::state::{EscalationRecord, intent_prefix};

/// What a person does to what tells people of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Not able, or others shall know: the next step begins now.
    Escalate {
        /// In their words; may be empty.
        why: String,
    },
    /// Others shall be told as well.
    Add {
        /// Whom.
        targets: Vec<Target>,
    },
    /// It is seen to; do not ask before then.
    Snooze {
        /// When.
        until: Timestamp,
    },
}

impl Act {
    fn command(&self, by: &str) -> nines_oncall::Command {
        let by = by.to_owned();
        match self {
            Self::Escalate { why } => nines_oncall::Command::Escalate { by, why: why.clone() },
            Self::Add { targets } => nines_oncall::Command::Add { targets: targets.clone(), by },
            Self::Snooze { until } => nines_oncall::Command::Snooze { by, until: *until },
        }
    }
}

impl Draft<'_> {
    /// A person acts on what tells people. Of several escalations those that refuse are left out, unless all do.
    pub(crate) fn act(
        &mut self,
        target: &AckTarget,
        by: &str,
        act: &Act,
    ) -> Result<Reply, Refusal> {
        let keys = self.alerts_behind(target)?;
        let routings = keys.iter().filter_map(|key| self.state.routed.get(key));
        let known: BTreeSet<EscalationId> =
            routings.flat_map(|it| it.escalations.iter().copied()).collect();
        let (mut done, mut first_refusal) = (Vec::new(), Refusal::NobodyTold);
        for id in known {
            if self.state.escalations.get(&id).is_none_or(|it| it.state.phase == Phase::Resolved) {
                continue;
            }
            match self.escalate(id, act.command(by)) {
                Ok(()) => {
                    self.cancel(id, CancelReason::Acknowledged);
                    done.push(id);
                }
                Err(refusal) if matches!(first_refusal, Refusal::NobodyTold) => {
                    first_refusal = refusal;
                }
                Err(_) => {}
            }
        }
        if done.is_empty() { Err(first_refusal) } else { Ok(Reply::Escalations(done)) }
    }

    /// An incident moves on, so whoever holds its escalations is asked later.
    pub(crate) fn note_progress(&mut self, incident: IncidentId, by: &str) {
        let is_held = |it: &EscalationRecord| {
            let waits = matches!(it.state.standing(), Standing::Held { due: Some(_), .. });
            it.incident == Some(incident)
                && (waits || matches!(it.state.phase, Phase::Asking { .. }))
        };
        let held = self.state.escalations.iter().filter(|(_, it)| is_held(it));
        let held: Vec<EscalationId> = held.map(|(id, _)| *id).collect();
        for id in held {
            let by = by.to_owned();
            // News are never refused; see `nines_oncall::decide`.
            drop(self.escalate(id, nines_oncall::Command::Progress { by }));
            self.cancel(id, CancelReason::Acknowledged);
        }
    }

    /// Does what a fact of an escalation orders, in the same commit.
    pub(crate) fn follow_escalation(&mut self, id: EscalationId, happened: &Happened) {
        match happened {
            Happened::PageIntended { page, channel, due } => {
                self.order_page(id, page, channel.clone(), *due);
            }
            Happened::ReceiverIntended { round, step, entry, receiver } => {
                self.tell_room(id, &format!("{round}.{step}+{entry}"), receiver);
            }
            Happened::ActionIntended { action, .. } => self.carry_out_action(id, action),
            _ => {}
        }
    }

    /// Every integration of a receiver hears of the alerts; a receiver that is gone from the files hears nothing,
    /// which `nines check` has said.
    fn tell_room(&mut self, id: EscalationId, place: &str, receiver: &str) {
        let Some(config) = self.config else { return };
        let Some(integrations) = config.dispatch.receivers.get(receiver) else { return };
        let Some(record) = self.state.escalations.get(&id) else { return };
        let Some((key, alert)) = self.lead(record) else { return };
        let subject = message::summary(alert);
        let mut intents = Vec::new();
        for (integration, it) in (0_u32..).zip(&integrations.integrations) {
            // An escalation that told an escalation could go round in circles.
            if matches!(it.settings, dispatch::Settings::Escalation(_)) {
                continue;
            }
            intents.push(Intent {
                id: format!("{}{place}.room.{receiver}.{integration}", intent_prefix(id)),
                escalation: Some(id),
                alert: key,
                purpose: Purpose::Notice,
                urgency: record.urgency,
                person: receiver.to_owned(),
                channel: Channel::Receiver {
                    receiver: receiver.to_owned(),
                    integration,
                    kind: it.settings.kind().to_owned(),
                },
                due: self.now,
                subject: subject.clone(),
                text: subject.clone(),
                details: BTreeMap::new(),
                notice: None,
                payload: Some(Arc::new(self.room_payload(record, receiver, it))),
            });
        }
        for it in intents {
            self.order(it);
        }
    }

    /// What a receiver that heard of the alerts is told when they are over; nothing for one that does not want it.
    pub(crate) fn room_resolved(
        &self,
        record: &EscalationRecord,
        channel: &Channel,
    ) -> Option<Payload> {
        let Channel::Receiver { receiver, integration, .. } = channel else { return None };
        let receivers = &self.config?.dispatch.receivers;
        let it = receivers.get(receiver)?.integrations.get(*integration as usize)?;
        it.send_resolved.then(|| self.room_payload(record, receiver, it))
    }

    fn room_payload(
        &self,
        record: &EscalationRecord,
        receiver: &str,
        integration: &dispatch::Integration,
    ) -> Payload {
        let alerts = record.alerts.iter().filter_map(|(key, _)| self.state.alert(*key));
        let data = alerts.map(|alert| {
            let span = alert.span();
            let is_over = alert.phase() != AlertPhase::Firing;
            AlertData {
                labels: alert.labels.clone(),
                annotations: alert.annotations().into(),
                starts_at: span.starts_at,
                ends_at: is_over.then(|| span.ends_at.unwrap_or(self.now)),
                generator_url: alert.body.generator_url.to_string(),
            }
        });
        let group = record.group.as_ref().map(|it| it.group.to_string()).unwrap_or_default();
        let url = &self.installation.external_url;
        let labels = Labels::empty();
        let data = NoticeData::new(receiver, &group, &labels, data.collect(), url, self.now);
        let templates = self.config.map(|it| Arc::clone(&it.templates)).unwrap_or_default();
        receivers::render(integration, &data, &templates)
    }

    fn carry_out_action(&mut self, id: EscalationId, action: &Action) {
        match action {
            Action::DeclareIncident { severity } => {
                let severity = severity.as_ref().and_then(|it| it.parse().ok());
                // An incident that refuses is one already; the escalation goes on all the same.
                drop(self.declare(id, severity));
            }
            Action::StartRunbook { runbook } => {
                let record = self.state.escalations.get(&id);
                let incident = record.and_then(|it| self.state.incidents.get(&it.incident?));
                let number = incident.map(|it| it.number);
                let (by, reason) = ("nines".to_owned(), Some(format!("a step of {id}")));
                // A runbook that is gone from the files cannot start, which `nines check` has said.
                drop(self.start_run(runbook, BTreeMap::new(), by, number, reason));
            }
        }
    }

    /// The incident of the escalation, at least as severe as `severity`; a new one if there is none.
    fn declare(
        &mut self,
        id: EscalationId,
        severity: Option<IncidentSeverity>,
    ) -> Result<(), Refusal> {
        let Some(record) = self.state.escalations.get(&id) else { return Ok(()) };
        let incident = match record.incident {
            Some(known) => known,
            None => {
                let Some((key, _)) = self.lead(record) else { return Ok(()) };
                self.join(id, key)?
            }
        };
        let present = self.state.incidents.get(&incident).map(|it| it.severity);
        match severity.filter(|it| present.is_some_and(|present| *it < present)) {
            Some(severity) => {
                let (reason, by) = (Some(format!("a step of {id}")), "nines".to_owned());
                let set = nines_incident::Command::SetSeverity { severity, reason, by };
                self.incident(incident, set)
            }
            None => Ok(()),
        }
    }

    /// Puts an alert that belonged to no incident into one, and with it what tells people of it.
    fn join(&mut self, id: EscalationId, key: AlertKey) -> Result<IncidentId, Refusal> {
        let incident = self.join_incident(key)?;
        let record = self.state.escalations.get(&id);
        let routing = self.state.routed.get(&key);
        if let (Some(record), Some(routing)) = (record, routing) {
            let (group, decision) = (record.group.clone(), (*routing.decision).clone());
            let activation = routing.activation;
            let alerts = vec![RoutedAlert { alert: key, activation, incident: Some(incident) }];
            let (urgency, escalation) = (record.urgency, Some(id));
            self.apply(Fact::Routed(Routed { group, alerts, decision, urgency, escalation }));
        }
        Ok(incident)
    }

    /// Carries out a command of one escalation, with what follows from it.
    pub(crate) fn escalate(
        &mut self,
        id: EscalationId,
        command: nines_oncall::Command,
    ) -> Result<(), Refusal> {
        let nobody = nines_oncall::Roster::default();
        let roster = self.config.map_or(&nobody, |it| &it.roster);
        let duty = nines_oncall::Duty { roster, rota: &self.state.rota };
        let Some(record) = self.state.escalations.get(&id) else { return Ok(()) };
        for fact in nines_oncall::decide(&record.state, command, duty, self.now)? {
            self.apply(Fact::Escalation(Of { id, fact: fact.clone() }));
            self.follow_escalation(id, &fact);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
