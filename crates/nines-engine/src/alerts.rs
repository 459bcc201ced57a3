//! From what sources say to people and receivers: the table of alerts decides, and what it decides is followed here.

use std::sync::Arc;

use nines_alert::dispatch::{self, Alert, Flushed, Incoming, Notice, Outcome, Quiet, Settings};
use nines_alert::receivers::{self, AlertData, NoticeData};
use nines_alert::{AlertKey, Phase, ResolveReason, RouteDecision};
use nines_base::{Id, Labels, Origin};
use nines_incident::{AlertRef, IncidentId, IncidentSeverity};
use nines_oncall::EscalationId;
use nines_port::{Channel, Urgency};

use crate::command::{Coverage, Observation, Refusal, Reply};
use crate::decide::Draft;
use crate::fact::{Fact, Line, Of, Routed, RoutedAlert};
use crate::message;
use crate::outbox::{self, CancelReason, Intent, IntentId, Purpose};

/// The most alerts of one observation.
pub(crate) const OBSERVATIONS_MAX: usize = 10_000;
/// The most times that a group may be due again in one cycle; a bound that nothing reaches.
const ROUNDS_MAX: usize = 1_000;
/// Severities of foreign alerts that wake nobody; what is not known wakes.
const QUIET_SEVERITIES: [&str; 9] =
    ["ticket", "warning", "warn", "info", "informational", "notice", "low", "debug", "none"];

/// Whether an alert may wake somebody: its source says so, or its label `severity` does.
pub fn wakes(alert: &Alert) -> bool {
    match &alert.body.detail {
        Some(detail) => detail.wakes,
        None => {
            let severity = alert.labels.value("severity");
            !QUIET_SEVERITIES.iter().any(|it| severity.eq_ignore_ascii_case(it))
        }
    }
}

impl From<Observation> for Incoming {
    fn from(it: Observation) -> Self {
        Self {
            labels: it.labels,
            annotations: it.annotations,
            starts_at: None,
            ends_at: None,
            generator_url: String::new(),
            detail: Some(dispatch::Detail {
                evidence: it.evidence,
                gist: it.gist,
                escalation: it.escalation,
                wakes: it.urgency == Urgency::Page,
                impact_start: it.impact_start,
            }),
        }
    }
}

impl Draft<'_> {
    /// What one of our own sources finds now; one alert that is refused refuses all.
    pub(crate) fn observe(
        &mut self,
        observations: Vec<Observation>,
        source: dispatch::Source,
        coverage: Coverage,
    ) -> Result<Reply, Refusal> {
        let alerts = observations.into_iter().take(OBSERVATIONS_MAX).map(Incoming::from);
        let alerts = alerts.collect();
        let is_complete = coverage == Coverage::Complete;
        let refused = self.dispatch(dispatch::Command::Observe { source, alerts, is_complete })?;
        match refused.into_iter().next() {
            Some(it) => Err(it.why.into()),
            None => Ok(Reply::Done),
        }
    }

    /// What others say; alerts that are refused are named, the others hold.
    pub(crate) fn observe_foreign(
        &mut self,
        source: dispatch::Source,
        alerts: Vec<Incoming>,
    ) -> Result<Reply, Refusal> {
        self.config.ok_or(Refusal::NoConfig)?;
        let count = alerts.len();
        if OBSERVATIONS_MAX < count {
            return Err(Refusal::TooManyAlerts { count });
        }
        let command = dispatch::Command::Observe { source, alerts, is_complete: false };
        let refused = self.dispatch(command)?;
        Ok(Reply::Alerts { taken: count - refused.len(), refused })
    }

    /// These alerts are over, whatever their source says.
    pub(crate) fn resolve_alerts(&mut self, alerts: Vec<AlertKey>, reason: ResolveReason) {
        if !alerts.is_empty() {
            // Nothing refuses an end.
            drop(self.dispatch(dispatch::Command::Resolve { alerts, reason }));
        }
    }

    /// Groups whose tick is due speak. Before there is a configuration nothing is due.
    pub(crate) fn flush(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let is_due = self.state.dispatch.wake_at().is_some_and(|it| it <= self.now);
            if !is_due || self.dispatch(dispatch::Command::Wake).is_err() {
                return;
            }
        }
    }

    /// Alerts go to the groups that the new configuration wants.
    pub(crate) fn regroup(&mut self) {
        // Nothing refuses a regrouping.
        drop(self.dispatch(dispatch::Command::Regroup));
    }

    pub(crate) fn dispatch(
        &mut self,
        command: dispatch::Command,
    ) -> Result<Vec<dispatch::Refused>, Refusal> {
        let (silences, now) = (&self.state.silences, self.now);
        let mut ids = || Id::from_parts(now, self.rng.u128(..));
        let decided = dispatch::decide(&self.state.dispatch, command, silences, &mut ids, now)?;
        let (mut ended, mut flushed) = (Vec::new(), Vec::new());
        for fact in decided.facts {
            ended.extend(ended_by(&fact));
            if let dispatch::Fact::Flushed(it) = &fact {
                flushed.push(it.clone());
            }
            let seen = self.seen_by_silences(&fact);
            self.apply(Fact::Dispatch(fact));
            self.tell_silences(seen);
        }
        if !decided.upkeep.is_empty() {
            self.state.dispatch.keep_up(&decided.upkeep);
            self.upkeep.push(decided.upkeep);
        }
        for key in ended {
            self.end(key);
        }
        for it in &flushed {
            self.follow_flush(it);
        }
        Ok(decided.refused)
    }

    /// What follows from the end of an alert: whoever was told of nothing else has nothing more to do.
    fn end(&mut self, key: AlertKey) {
        let Some(routing) = self.state.routed.get(&key) else { return };
        let (escalations, incident) = (routing.escalations.clone(), routing.incident);
        for id in escalations {
            let fires = |key: &AlertKey| {
                self.state.dispatch.alert(*key).is_some_and(|it| it.phase() == Phase::Firing)
            };
            let record = self.state.escalations.get(&id);
            if record.is_some_and(|it| !it.alerts.iter().any(|(key, _)| fires(key))) {
                self.end_escalation(id);
            }
        }
        if let Some(id) = incident {
            let fingerprint = key.to_string();
            // An incident that is closed refuses; the alert is over all the same.
            drop(self.incident(id, nines_incident::Command::AlertResolved { fingerprint }));
        }
    }

    fn end_escalation(&mut self, id: EscalationId) {
        let is_over =
            |it: &crate::EscalationRecord| it.state.phase == nines_oncall::Phase::Resolved;
        if self.state.escalations.get(&id).is_none_or(is_over) {
            return;
        }
        // An end is never refused; see `nines_oncall::decide`.
        drop(self.escalate(id, nines_oncall::Command::Resolve));
        self.cancel(id, CancelReason::Resolved);
        self.tell_resolved(id);
    }

    /// What a group's tick found goes to people and receivers.
    ///
    /// What one of them refuses must not keep the others from hearing.
    fn follow_flush(&mut self, flushed: &Flushed) {
        let Some(config) = self.config else { return };
        for outcome in &flushed.outcomes {
            match outcome {
                Outcome::Notice(notice) => {
                    // The tick was decided under the same configuration, so there is one.
                    let found = config.dispatch.integration(&notice.receiver, notice.integration);
                    match found.as_ref().map(|it| (&it.settings, it)) {
                        Some((Settings::Escalation(policy), _)) => self.tell_people(notice, policy),
                        Some((_, it)) => self.tell_receiver(notice, it),
                        None => {}
                    }
                }
                Outcome::Quiet { why: Quiet::Withdrawn { notice }, .. } => {
                    self.supersede(&notice.to_string());
                }
                Outcome::Quiet { .. } => {}
            }
        }
        self.attach_unpaged(flushed);
    }

    /// An escalation begins, or the one of this group hears of more.
    fn tell_people(&mut self, notice: &Notice, policy: &str) {
        let line = Line::of(notice);
        let open = self.state.open_escalation(&line).or_else(|| self.older_escalation(notice));
        if notice.firing.is_empty() {
            if let Some(id) = open {
                self.end_escalation(id);
            }
            self.accepted(notice);
            return;
        }
        let is_loud = notice.firing.iter().any(|it| self.wakes(*it));
        let urgency = if is_loud { Urgency::Page } else { Urgency::Ticket };
        let goes_on = |id: &EscalationId| {
            self.state.escalations.get(id).is_some_and(|it| {
                it.urgency <= urgency && it.state.phase != nines_oncall::Phase::Exhausted
            })
        };
        let running = open.filter(goes_on);
        if let Some(id) = open.filter(|_| running.is_none()) {
            // It may wake nobody, or nobody answered: begin again.
            drop(self.escalate(id, nines_oncall::Command::Resolve));
            self.cancel(id, CancelReason::Superseded);
        }
        let mut alerts = Vec::new();
        for key in notice.firing.iter() {
            alerts.extend(self.joining(*key, running));
        }
        if alerts.is_empty() {
            self.accepted(notice);
            return;
        }
        let policy_of = |it: &crate::Config| it.roster.policies.get(policy).cloned();
        let found = self.config.and_then(policy_of);
        let joined = u32::try_from(alerts.len()).unwrap_or(u32::MAX);
        let escalation = running.or_else(|| found.as_ref().map(|_| self.new_id()));
        let decision = self.decision(notice, policy);
        let group = Some(line);
        self.apply(Fact::Routed(Routed { group, alerts, decision, urgency, escalation }));
        let about = self.about(notice, urgency);
        match (escalation, found, running) {
            (Some(id), Some(policy), None) => {
                let turn = self.state.turns.get(&policy.name).copied().unwrap_or(0);
                let start = nines_oncall::Start { policy, about, turn };
                // A policy without steps is refused when files are read.
                drop(self.escalate(id, nines_oncall::Command::Start(Box::new(start))));
            }
            (Some(id), _, Some(_)) => {
                // What is open hears of more.
                drop(self.escalate(id, nines_oncall::Command::AlertsChanged { about, joined }));
            }
            _ => {}
        }
        self.accepted(notice);
    }

    /// What an escalation of the group is about.
    fn about(&self, notice: &Notice, urgency: Urgency) -> nines_oncall::About {
        let labels = notice.firing.iter().filter_map(|it| self.state.dispatch.alert(*it));
        let severities = labels.map(|it| it.labels.value("severity"));
        let severity = severities.min_by_key(|it| nines_oncall::gravity(it)).unwrap_or_default();
        let alerts = u32::try_from(notice.firing.len()).unwrap_or(u32::MAX);
        nines_oncall::About { urgency, severity: severity.to_owned(), alerts }
    }

    /// What tells people of one of these alerts since before there were groups.
    fn older_escalation(&self, notice: &Notice) -> Option<EscalationId> {
        let is_meant = |id: &EscalationId| {
            self.state.escalations.get(id).is_some_and(|it| {
                it.group.is_none() && it.state.phase != nines_oncall::Phase::Resolved
            })
        };
        let routings = notice.firing.iter().filter_map(|it| self.state.routed.get(it));
        routings.flat_map(|it| it.escalations.iter().copied()).find(is_meant)
    }

    fn wakes(&self, key: AlertKey) -> bool {
        self.state.dispatch.alert(key).is_some_and(wakes)
    }

    /// The alert as an escalation hears of it, unless it knows it; what wakes belongs to an incident.
    fn joining(&mut self, key: AlertKey, escalation: Option<EscalationId>) -> Option<RoutedAlert> {
        let alert = self.state.dispatch.alert(key)?;
        let activation = alert.activation.number;
        let is_loud = wakes(alert);
        let record = escalation.and_then(|id| self.state.escalations.get(&id));
        if record.is_some_and(|it| it.alerts.contains(&(key, activation))) {
            return None;
        }
        let routing = self.state.routed.get(&key).filter(|it| it.activation == activation);
        let incident = match routing.and_then(|it| it.incident) {
            Some(known) => Some(known),
            // An incident with too many alerts refuses; people are told all the same.
            None if is_loud => self.join_incident(key).ok(),
            None => None,
        };
        Some(RoutedAlert { alert: key, activation, incident })
    }

    /// Alerts of ours that wake are an incident also where no escalation hears of them.
    fn attach_unpaged(&mut self, flushed: &Flushed) {
        for judged in flushed.alerts.iter().filter(|it| it.muted.is_none() && !it.is_resolved) {
            let Some(alert) = self.state.dispatch.alert(judged.key) else { continue };
            let is_loud = alert.body.detail.as_ref().is_some_and(|it| it.wakes);
            let activation = alert.activation.number;
            let routing = self.state.routed.get(&judged.key);
            if !is_loud || routing.is_some_and(|it| it.activation == activation) {
                continue;
            }
            let decision = RouteDecision {
                escalation: None,
                because: "no escalation is told".to_owned(),
                origin: Origin::default(),
                rejected: Vec::new(),
            };
            let alerts = self.joining(judged.key, None).into_iter().collect();
            let (group, urgency, escalation) = (None, Urgency::Page, None);
            self.apply(Fact::Routed(Routed { group, alerts, decision, urgency, escalation }));
        }
    }

    /// Why these people: the line of the configuration, and those that did not match.
    fn decision(&self, notice: &Notice, policy: &str) -> RouteDecision {
        let first = notice.firing.first().and_then(|it| self.state.dispatch.alert(*it));
        let detail = first.and_then(|it| it.body.detail.as_ref());
        let escalation = Some(policy.to_owned());
        if let Some(detail) = detail.filter(|it| it.escalation.is_some()) {
            return RouteDecision {
                escalation,
                because: "named by the rule itself".to_owned(),
                origin: detail.evidence.origin.clone(),
                rejected: Vec::new(),
            };
        }
        let none = Labels::empty();
        let labels = first.map_or(&none, |it| &it.labels);
        let routes = self.config.map(|it| it.dispatch.route(labels)).unwrap_or_default();
        let of_group = routes.into_iter().find(|it| {
            it.receiver == *notice.receiver
                && notice.group.strip_prefix(&it.key).is_some_and(|rest| rest.starts_with(':'))
        });
        match of_group {
            Some(dispatch::Routed { because, origin, rejected, .. }) => {
                RouteDecision { escalation, because, origin, rejected }
            }
            None => RouteDecision {
                escalation,
                because: format!("route {}", notice.group),
                origin: Origin::default(),
                rejected: Vec::new(),
            },
        }
    }

    /// The escalation has it, so the group need not say it again.
    fn accepted(&mut self, notice: &Notice) {
        // Nothing refuses the end of a notice.
        drop(self.dispatch(dispatch::Command::Accepted(Box::new(notice.clone()))));
    }

    /// One more message on the line; what has not left yet says nothing that is still true.
    fn tell_receiver(&mut self, notice: &Notice, integration: &dispatch::Integration) {
        for id in self.state.lane(&Line::of(notice)).to_vec() {
            self.supersede(&id);
        }
        let (receiver, index) = (notice.receiver.to_string(), notice.integration);
        let mut intent = self.worded(notice, (receiver, index), integration);
        intent.notice = Some(notice.clone());
        self.order(intent);
    }

    /// A notice as an integration is told of it.
    fn worded(
        &self,
        notice: &Notice,
        (receiver, index): (String, u32),
        integration: &dispatch::Integration,
    ) -> Intent {
        let data = self.notice_data(notice);
        let templates = self.config.map(|it| Arc::clone(&it.templates)).unwrap_or_default();
        let payload = receivers::render(integration, &data, &templates);
        let (firing, resolved) = (notice.firing.len(), notice.resolved.len());
        let about = message::group_name(&notice.group_labels, &data);
        let subject = match firing {
            0 => format!("[resolved] {about}"),
            _ => format!("[firing:{firing}] {about}"),
        };
        let first = notice.firing.first().or(notice.resolved.first());
        Intent {
            id: notice.id.to_string(),
            escalation: None,
            alert: first.copied().unwrap_or_else(|| AlertKey::of(&Labels::empty())),
            purpose: Purpose::Notice,
            urgency: Urgency::Ticket,
            person: receiver.clone(),
            channel: Channel::Receiver {
                receiver,
                integration: index,
                kind: integration.settings.kind().to_owned(),
            },
            due: self.now,
            subject,
            text: format!("{firing} firing, {resolved} resolved"),
            details: std::collections::BTreeMap::new(),
            notice: None,
            payload: Some(Arc::new(payload)),
        }
    }

    /// What a receiver cannot be told, another one hears; once for each message.
    pub(crate) fn fall_back(&mut self, id: &IntentId) {
        let (Some(config), Some(outgoing)) = (self.config, self.state.outbox.get(id)) else {
            return;
        };
        let intent = Arc::clone(&outgoing.intent);
        let reason = outgoing.last_error.clone().unwrap_or_default();
        let Some(notice) = &intent.notice else { return };
        let Some(receiver) = config.fallbacks.instead_of(&notice.receiver) else { return };
        let prefix = format!("{id}/instead.");
        let is_done = self.state.outbox.range(prefix.clone()..).next();
        if is_done.is_some_and(|(it, _)| it.starts_with(&prefix)) {
            return;
        }
        for index in 0.. {
            let Some(integration) = config.dispatch.integration(receiver, index) else { break };
            if let Settings::Escalation(policy) = &integration.settings {
                let instead = Notice { receiver: receiver.into(), ..notice.clone() };
                self.tell_people(&instead, policy);
                continue;
            }
            let mut worded = self.worded(notice, (receiver.to_owned(), index), &integration);
            worded.id = format!("{prefix}{index}");
            let details =
                [("instead_of", notice.receiver.to_string()), ("because", reason.clone())];
            worded.details = details.map(|(name, value)| (name.to_owned(), value)).into();
            self.order(worded);
        }
    }

    fn notice_data(&self, notice: &Notice) -> NoticeData {
        let data = |key: &AlertKey, is_over: bool| {
            let alert = self.state.dispatch.alert(*key)?;
            let span = alert.span();
            Some(AlertData {
                labels: alert.labels.clone(),
                annotations: alert.annotations().into(),
                starts_at: span.starts_at,
                ends_at: if is_over { Some(span.ends_at.unwrap_or(notice.at)) } else { None },
                generator_url: alert.body.generator_url.to_string(),
            })
        };
        let firing = notice.firing.iter().filter_map(|it| data(it, false));
        let resolved = notice.resolved.iter().filter_map(|it| data(it, true));
        NoticeData::new(
            &notice.receiver,
            &notice.group,
            &notice.group_labels,
            firing.chain(resolved).collect(),
            &self.installation.external_url,
            notice.at,
        )
    }

    /// A message that has not left yet need not leave.
    fn supersede(&mut self, id: &IntentId) {
        let waiting = self.state.outbox.get(id);
        if let Some(fact) = waiting.and_then(|it| it.cancel(CancelReason::Superseded)) {
            self.apply(Fact::Outbox(Of { id: id.clone(), fact }));
            self.close_notice(id);
        }
    }

    /// What became of a notice is the memory that the group's next tick compares with; a newer one takes the place
    /// of one that is to be tried again.
    pub(crate) fn close_notice(&mut self, id: &IntentId) {
        let Some(outgoing) = self.state.outbox.get(id) else { return };
        let Some(notice) = outgoing.intent.notice.clone() else { return };
        let command = match outgoing.phase {
            outbox::Phase::Waiting { .. } => {
                let lane = self.state.lane(&Line::of(&notice));
                if lane.last().is_some_and(|newest| newest != id) {
                    self.supersede(id);
                }
                return;
            }
            outbox::Phase::Sending => return,
            outbox::Phase::Accepted { .. } => dispatch::Command::Accepted(Box::new(notice)),
            // Nobody knows whether it arrived, so the group says it again at its next tick.
            outbox::Phase::Failed { .. }
            | outbox::Phase::Unknown { .. }
            | outbox::Phase::Cancelled { .. } => dispatch::Command::GiveUp(Box::new(notice)),
        };
        // Nothing refuses the end of a notice.
        drop(self.dispatch(command));
    }

    /// The open incident of the alert's service, or a new one.
    pub(crate) fn join_incident(&mut self, key: AlertKey) -> Result<IncidentId, Refusal> {
        let Some(alert) = self.state.dispatch.alert(key) else {
            return Err(Refusal::UnknownAlert(key.to_string()));
        };
        let labels = &alert.labels;
        let service = match labels.value("service") {
            "" => labels.value("alertname"),
            service => service,
        };
        let service = service.to_owned();
        let summary = message::summary(alert);
        let slo = labels.get("slo").map(|slo| format!("{service}/{slo}"));
        let detail = alert.body.detail.as_ref();
        let impact_start = detail.map_or(alert.span().starts_at, |it| it.impact_start);
        let alert = AlertRef { fingerprint: key.to_string(), summary: summary.clone(), slo };
        if let Some((id, _)) = self.state.open_incident(&service) {
            self.incident(id, nines_incident::Command::AttachAlert(alert))?;
            return Ok(id);
        }
        let number = 1 + self.state.incidents.values().map(|it| it.number).max().unwrap_or(0);
        let id = self.new_id();
        let open = nines_incident::Command::Open {
            number,
            title: summary,
            severity: IncidentSeverity::Sev2,
            service,
            alert,
            impact_start: impact_start.min(self.now),
            by: "nines".to_owned(),
        };
        self.incident(id, open)?;
        Ok(id)
    }
}

/// The alerts that a fact ends.
pub(crate) fn ended_by(fact: &dispatch::Fact) -> Vec<AlertKey> {
    match fact {
        dispatch::Fact::Observed(observed) => {
            let ended = observed.alerts.iter();
            let ended = ended.filter(|it| matches!(it.event, dispatch::Event::Resolved { .. }));
            ended.map(|it| it.key).collect()
        }
        dispatch::Fact::Expired(expired) => expired.iter().map(|it| it.key).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
pub(crate) mod tests;
