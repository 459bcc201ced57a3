//! What pages and API show: one number, one source.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nines_alert::AlertKey;
use nines_alert::dispatch::Alert;
use nines_base::Labels;
use nines_engine::outbox::{Outgoing, Phase, Purpose};
use nines_engine::{EscalationRecord, State, rank_suspects};
use nines_incident::{Entry, IncidentId, Slice, change_point, suspects};
use nines_oncall::Phase as Escalating;
use nines_port::{Channel, Urgency};
use nines_slo::SloName;
use serde::Serialize;

use crate::app::Shared;

/// The most rows of one list.
pub(crate) const ROWS_MAX: usize = 1_000;

impl Shared {
    /// The changes that came before an incident, with the change point of its own objective.
    pub(crate) fn suspects(
        &self,
        state: &State,
        incident: &nines_incident::State,
    ) -> Vec<suspects::Suspect> {
        let config = &self.loaded().engine_config;
        let slo = incident.slos().first().and_then(|it| it.parse::<SloName>().ok());
        let counts =
            slo.zip(incident.impact_start).map(|(slo, start)| self.counts_around(&slo, start));
        let change_point_of = |change: &nines_incident::changes::Change| {
            let (from, slices) = counts.as_ref()?;
            change_point(slices, *from, change.finished.unwrap_or(change.started))
        };
        rank_suspects(state, incident, Some(config), Some(&change_point_of))
    }

    /// Good and total events around the start of an impact, in the slices that a change point is looked for in.
    fn counts_around(&self, slo: &SloName, start: Timestamp) -> (Timestamp, Vec<Slice>) {
        const BEFORE: SignedDuration = SignedDuration::from_mins(60);
        const AFTER: SignedDuration = SignedDuration::from_mins(15);
        const POINTS_MAX: usize = 500;
        let (from, to) = (start - BEFORE, (start + AFTER).min(self.clock.now()));
        let tracker = self.metrics.tracker();
        let slices = tracker.slices(slo, from, to, nines_incident::SLICE, POINTS_MAX);
        let slice = |it: &nines_slo::Slice| Slice {
            good: it.counts.total.saturating_sub(it.counts.bad),
            total: it.counts.total,
        };
        // Slices lie on multiples of their length, so the first may begin earlier than was asked.
        let from = slices.first().map_or(from, |it| it.from);
        (from, slices.iter().map(slice).collect())
    }
}

/// One alert as it stands.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AlertView {
    pub(crate) key: AlertKey,
    pub(crate) state: &'static str,
    pub(crate) severity: String,
    pub(crate) service: String,
    pub(crate) slo: Option<String>,
    pub(crate) summary: String,
    pub(crate) labels: Labels,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) fired_at: Option<Timestamp>,
    pub(crate) resolved_at: Option<Timestamp>,
    pub(crate) activation: u32,
    pub(crate) escalation: Option<String>,
    pub(crate) progress: String,
    pub(crate) acknowledged_by: Option<String>,
    pub(crate) incident: Option<u64>,
    pub(crate) origin: String,
}

/// Every alert that fires, then those that resolved lately.
pub(crate) fn alert_views(state: &State) -> Vec<AlertView> {
    let mut views: Vec<AlertView> =
        state.alerts().map(|(key, alert)| alert_view(state, key, alert)).collect();
    views.sort_by(|a, b| {
        let order = |it: &AlertView| (it.state != "firing", it.severity.clone());
        order(a).cmp(&order(b)).then(b.fired_at.cmp(&a.fired_at)).then(a.key.cmp(&b.key))
    });
    views.truncate(ROWS_MAX);
    views
}

/// One alert.
pub(crate) fn alert_view(state: &State, key: AlertKey, alert: &Alert) -> AlertView {
    let activation = &alert.activation;
    let routed = state.routed.get(&key);
    let escalation = state.escalation_of(key).map(|(_, it)| it);
    let incident = routed.and_then(|it| state.incidents.get(&it.incident?));
    AlertView {
        key,
        state: match alert.phase() {
            nines_alert::Phase::Firing => "firing",
            nines_alert::Phase::Quiet => "resolved",
        },
        severity: alert.labels.value("severity").to_owned(),
        service: alert.labels.value("service").to_owned(),
        slo: alert.labels.get("slo").map(str::to_owned),
        summary: alert
            .annotations()
            .get("summary")
            .map_or_else(|| alert.labels.to_string(), str::to_owned),
        labels: alert.labels.clone(),
        annotations: alert.annotations().into(),
        fired_at: Some(activation.fired_at),
        resolved_at: activation.resolved_at,
        activation: activation.number,
        escalation: routed.and_then(|it| it.decision.escalation.clone()),
        progress: progress(escalation),
        acknowledged_by: escalation
            .and_then(|it| it.state.acknowledged.as_ref())
            .map(|(by, ..)| by.clone()),
        incident: incident.map(|it| it.number),
        origin: alert.evidence().map_or_else(String::new, |it| it.origin.to_string()),
    }
}

fn progress(escalation: Option<&EscalationRecord>) -> String {
    let Some(escalation) = escalation else { return "nobody is told".to_owned() };
    match &escalation.state.phase {
        Escalating::Idle => "starting".to_owned(),
        Escalating::Paging { round, step, deadline } => {
            let clock = deadline.strftime("%H:%M:%S");
            format!("round {} step {}, next at {clock} UTC", round + 1, step + 1)
        }
        Escalating::Asking { holder, deadline } => {
            let clock = deadline.strftime("%H:%M:%S");
            format!("{holder} is asked whether it is still in hand, until {clock} UTC")
        }
        Escalating::Exhausted => "nobody answered".to_owned(),
        Escalating::Acknowledged { by, via, .. } => format!("{by} by {via}"),
        Escalating::Resolved => "over".to_owned(),
    }
}

/// One message in a person's inbox.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PageView {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    pub(crate) person: String,
    pub(crate) channel: String,
    pub(crate) urgency: Urgency,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) state: String,
    pub(crate) alert: AlertKey,
    pub(crate) incident: Option<u64>,
    pub(crate) acknowledged_by: Option<String>,
    pub(crate) possible_repeat: bool,
    pub(crate) attempts: u32,
    /// Whether somebody should still answer.
    pub(crate) waits: bool,
}

/// The newest messages; `person` and `inbox_only` narrow the list.
pub(crate) fn page_views(
    state: &State,
    person: Option<&str>,
    inbox_only: InboxOnly,
) -> Vec<PageView> {
    let wanted = |it: &&Outgoing| {
        it.intent.purpose != Purpose::Notice
            && !it.intent.is_to_ourselves()
            && person.is_none_or(|person| it.intent.person == person)
            && (inbox_only == InboxOnly::No || it.intent.channel == Channel::Inbox)
    };
    let intents = state.intents_by_seq.values().rev().filter_map(|id| state.outbox.get(id));
    intents.filter(wanted).take(ROWS_MAX).map(|it| page_view(state, it)).collect()
}

/// Whether only the inbox is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InboxOnly {
    Yes,
    No,
}

fn page_view(state: &State, outgoing: &Outgoing) -> PageView {
    let intent = &outgoing.intent;
    let record = intent.escalation.and_then(|it| state.escalations.get(&it));
    let incident = record.and_then(|it| state.incidents.get(&it.incident?));
    let acknowledged = record.and_then(|it| it.state.acknowledged.as_ref());
    PageView {
        id: intent.id.clone(),
        at: match &outgoing.phase {
            Phase::Accepted { at, .. } => *at,
            _ => outgoing.recorded_at,
        },
        person: intent.person.clone(),
        channel: intent.channel.to_string(),
        urgency: intent.urgency,
        subject: intent.subject.clone(),
        text: intent.text.clone(),
        state: match &outgoing.phase {
            Phase::Waiting { .. } => "waiting".to_owned(),
            Phase::Sending => "sending".to_owned(),
            Phase::Accepted { .. } => "delivered".to_owned(),
            Phase::Failed { reason, .. } => format!("failed: {reason}"),
            Phase::Unknown { .. } => "unknown".to_owned(),
            Phase::Cancelled { .. } => "cancelled".to_owned(),
        },
        alert: intent.alert,
        incident: incident.map(|it| it.number),
        acknowledged_by: acknowledged.map(|(by, ..)| by.clone()),
        possible_repeat: outgoing.possible_repeat,
        attempts: outgoing.attempts,
        waits: intent.purpose == Purpose::Page && record.is_some_and(|it| it.state.is_open()),
    }
}

/// One incident.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct IncidentView {
    pub(crate) id: IncidentId,
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) severity: String,
    pub(crate) status: String,
    pub(crate) open: bool,
    pub(crate) service: String,
    pub(crate) opened_at: Option<Timestamp>,
    pub(crate) impact_start: Option<Timestamp>,
    pub(crate) acknowledged_by: Option<String>,
    pub(crate) acknowledged_at: Option<Timestamp>,
    pub(crate) resolved_at: Option<Timestamp>,
    pub(crate) firing: usize,
    pub(crate) alerts: usize,
    pub(crate) slos: Vec<String>,
}

/// An incident with its timeline and suspects.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct IncidentDetail {
    #[serde(flatten)]
    pub(crate) incident: IncidentView,
    pub(crate) timeline: Vec<EntryView>,
    pub(crate) suspects: Vec<SuspectView>,
    pub(crate) runbooks: Vec<String>,
    pub(crate) runs: Vec<RunRef>,
}

/// One line of a timeline.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EntryView {
    pub(crate) at: Timestamp,
    pub(crate) kind: String,
    pub(crate) text: String,
    /// The fact's sequence number in the journal.
    pub(crate) evidence: u64,
}

/// A change worth a look.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SuspectView {
    pub(crate) score: f64,
    pub(crate) kind: String,
    pub(crate) service: String,
    pub(crate) version: Option<String>,
    pub(crate) author: Option<String>,
    pub(crate) summary: String,
    pub(crate) started: Timestamp,
    pub(crate) factors: Vec<String>,
    pub(crate) evidence: u64,
}

/// A run of a runbook for an incident.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RunRef {
    pub(crate) run: String,
    pub(crate) runbook: String,
    pub(crate) result: Option<String>,
}

/// Newest first.
pub(crate) fn incident_views(state: &State) -> Vec<IncidentView> {
    let incidents = state.incidents.iter().rev();
    incidents.take(ROWS_MAX).map(|(id, it)| incident_view(*id, it)).collect()
}

/// One incident, without its timeline.
pub(crate) fn incident_view(id: IncidentId, incident: &nines_incident::State) -> IncidentView {
    IncidentView {
        id,
        number: incident.number,
        title: incident.title.clone(),
        severity: incident.severity.to_string(),
        status: incident.status.to_string(),
        open: incident.is_open(),
        service: incident.service.clone(),
        opened_at: incident.opened_at,
        impact_start: incident.impact_start,
        acknowledged_by: incident.acknowledged_by.clone(),
        acknowledged_at: incident.acknowledged_at,
        resolved_at: incident.resolved_at,
        firing: incident.firing().count(),
        alerts: incident.alerts.len(),
        slos: incident.slos().into_iter().map(str::to_owned).collect(),
    }
}

impl Shared {
    /// An incident with everything that its page shows.
    pub(crate) fn incident_detail(&self, number: u64) -> Option<IncidentDetail> {
        let (id, incident, suspects) = self.engine.read(|state| {
            let (id, incident) = state.incident(number)?;
            Some((id, incident.clone(), self.suspects(state, incident)))
        })?;
        let view = incident_view(id, &incident);
        let spec = self.spec();
        let of_slos = spec.slos.iter().filter(|it| view.slos.contains(&it.name.to_string()));
        let of_slos = of_slos.filter_map(|it| it.runbook.clone());
        let of_service = spec.runbooks.iter().filter(|it| it.services.contains(&view.service));
        let mut runbooks: Vec<String> = of_slos.collect();
        runbooks.extend(of_service.map(|it| it.name.clone()));
        let mut seen = std::collections::BTreeSet::new();
        runbooks.retain(|it| seen.insert(it.clone()));
        Some(IncidentDetail {
            incident: view,
            timeline: incident.timeline.iter().map(entry_view).collect(),
            suspects: suspects.iter().map(suspect_view).collect(),
            runbooks,
            runs: incident
                .runs
                .iter()
                .map(|it| RunRef {
                    run: it.run.clone(),
                    runbook: it.runbook.clone(),
                    result: it.result.clone(),
                })
                .collect(),
        })
    }
}

fn entry_view(entry: &Entry) -> EntryView {
    let Entry { at, kind, text, evidence } = entry;
    EntryView { at: *at, kind: kind.to_string(), text: text.clone(), evidence: *evidence }
}

fn suspect_view(suspect: &suspects::Suspect) -> SuspectView {
    let change = &suspect.change;
    let factor = |it: &suspects::Factor| format!("{} {:.2}: {}", it.name, it.value, it.text);
    SuspectView {
        score: (suspect.score * 1e3).round() / 1e3,
        kind: change.kind.to_string(),
        service: change.service.clone(),
        version: change.version.clone(),
        author: change.author.clone(),
        summary: change.summary.clone(),
        started: change.started,
        factors: suspect.factors.iter().map(factor).collect(),
        evidence: suspect.evidence,
    }
}
