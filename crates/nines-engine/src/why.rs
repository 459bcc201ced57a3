//! Why: the chain from samples to the answer, walked over facts. Never a second guess.

mod history;
mod not;

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use nines_alert::AlertKey;
use nines_alert::dispatch::{Alert, Memory, Notice, Quiet, Reason};
use nines_base::Origin;
use nines_oncall::Phase as Escalating;
use nines_port::Urgency;
use serde::Serialize;

use crate::outbox::{self, Outgoing, Purpose};
use crate::state::State;

pub use history::{History, RECORDS_MAX};
pub use not::why_not;

/// The most notices to receivers that one chain names.
const NOTICES_MAX: usize = 20;

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Which part of the chain: `fired`, `measured`, `routed`, `step`, `page`, `ack`, `resolved`, ...
    pub part: &'static str,
    /// When; absent for what has no moment of its own.
    pub at: Option<Timestamp>,
    /// In words.
    pub text: String,
    /// The line of the configuration that decided it; absent when no line did.
    pub origin: Option<String>,
}

/// The chain of one alert's present or last activation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// Which alert.
    pub alert: AlertKey,
    /// One line that names it.
    pub title: String,
    /// From the samples to the answer.
    pub links: Vec<Link>,
}

/// The chain of the alert, or `None` if there is no such alert.
///
/// Of ticks it tells the last one of each group; [`History`] tells all.
pub fn why(state: &State, key: AlertKey) -> Option<Chain> {
    chain(state, key, grouped(state, key))
}

/// As [`why`], with every tick of the activation that the journal knows.
pub fn why_told(state: &State, key: AlertKey, history: History) -> Option<Chain> {
    chain(state, key, history.links(state))
}

fn chain(state: &State, key: AlertKey, ticks: Vec<Link>) -> Option<Chain> {
    let alert = state.alert(key)?;
    let mut links = Vec::new();
    measured(alert, &mut links);
    links.extend(ticks);
    notices(state, key, &mut links);
    routed(state, key, &mut links);
    let escalation = state.escalation_of(key);
    if let Some((_, escalation)) = escalation {
        for ((round, step), (at, reached)) in &escalation.state.steps {
            let name = format!("round {} step {}", round + 1, step + 1);
            for it in reached {
                let text = match (&it.person, &it.shift) {
                    (Some(person), Some(shift)) => format!(
                        "{name}: {} → {person}, on call {} to {}",
                        it.target, shift.from, shift.until
                    ),
                    (Some(person), None) => format!("{name}: {} → {person}", it.target),
                    (None, _) => {
                        format!("{name}: {} → nobody; the next step began at once", it.target)
                    }
                };
                links.push(link("step", Some(*at), text, None));
            }
        }
    }
    for outgoing in escalation.map(|(id, _)| state.outgoing(id)).into_iter().flatten() {
        links.push(sent(outgoing));
    }
    answered(state, key, alert, &mut links);
    Some(Chain { alert: key, title: crate::message::summary(alert), links })
}

fn link(part: &'static str, at: Option<Timestamp>, text: String, origin: Option<&Origin>) -> Link {
    Link { part, at, text, origin: origin.map(ToString::to_string) }
}

fn measured(alert: &Alert, links: &mut Vec<Link>) {
    let activation = &alert.activation;
    let fired = format!(
        "{} (activation {}, fact {})",
        alert.labels, activation.number, activation.fired_seq
    );
    let evidence = alert.evidence();
    links.push(link("fired", Some(activation.fired_at), fired, evidence.map(|it| &it.origin)));
    let Some(evidence) = evidence else { return };
    for it in &evidence.windows {
        let text = format!(
            "{} > {} ({} bad of {}, {} to {})",
            it.value, it.limit, it.bad, it.total, it.from, it.to
        );
        links.push(link("measured", Some(it.to), text, None));
    }
    if !evidence.sentence.is_empty() {
        links.push(link("impact", None, evidence.sentence.clone(), None));
    }
}

/// The groups that an alert is in, why it is not spoken of, and who has heard of it.
fn grouped(state: &State, key: AlertKey) -> Vec<Link> {
    let mut links = Vec::new();
    let groups = state.dispatch.alert(key).map(|it| it.groups.as_slice()).unwrap_or_default();
    for number in groups {
        let Some(group) = state.dispatch.group(*number) else { continue };
        let count = group.members.len();
        let name = group.key();
        let next = state.dispatch.due(*number).unwrap_or(group.due);
        let text = format!("{name}, {count} alerts, speaks next at {next}");
        links.push(link("group", group.flushed_at, text, None));
        let member = group.members.get(&key);
        if let Some(muted) = member.and_then(|it| it.muted.as_deref()) {
            links.push(not::muted(state, muted, group.flushed_at.unwrap_or(group.due)));
        }
        for memory in state.dispatch.memories().get(&group.hash).into_iter().flatten() {
            let Memory { receiver, integration, told, .. } = memory;
            if let Some(told) = told.as_ref().filter(|it| it.firing.contains(&key)) {
                let text = format!("{receiver}, integration {integration}, has heard of it");
                links.push(link("told", Some(told.at), text, None));
            }
        }
    }
    links
}

/// What left for receivers about this alert.
fn notices(state: &State, key: AlertKey, links: &mut Vec<Link>) {
    let mentions = |it: &Notice| it.firing.contains(&key) || it.resolved.contains(&key);
    let notices = state.outbox.values();
    let notices = notices.filter(|it| it.intent.notice.as_ref().is_some_and(mentions));
    let mut notices: Vec<&Outgoing> = notices.collect();
    notices.sort_by_key(|it| it.seq);
    let surplus = notices.len().saturating_sub(NOTICES_MAX);
    links.extend(notices.into_iter().skip(surplus).map(sent));
}

/// Why a notice is given, in words.
fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::First => "nothing was said of this group before",
        Reason::NewFiring => "alerts fire of which nothing was said",
        Reason::AllResolved => "nothing fires any more",
        Reason::SomeResolved => "some alerts resolved",
        Reason::Repeat => "it was said too long ago",
    }
}

/// Why an integration is not told, in words.
fn quiet(why: &Quiet) -> String {
    match why {
        Quiet::NeverTold => "nothing fires, and it never heard that anything did".to_owned(),
        Quiet::Known { since } => format!("it heard all of this at {since}"),
        Quiet::NotWanted { .. } => "all is over, and it does not want to hear of that".to_owned(),
        Quiet::Open { notice } => format!("the same is on its way already, as {notice}"),
        Quiet::Withdrawn { notice } => {
            format!("what is on its way as {notice} is not true any more")
        }
    }
}

fn routed(state: &State, key: AlertKey, links: &mut Vec<Link>) {
    let Some(routed) = state.routed.get(&key) else { return };
    let decision = &routed.decision;
    for it in &decision.rejected {
        let text = format!("{} does not match: the value is {:?}", it.failed, it.value);
        links.push(link("not", None, text, Some(&it.origin)));
    }
    let to = match (&decision.escalation, routed.escalations.last()) {
        (Some(name), Some(_)) => format!("escalation {name}"),
        (Some(name), None) => format!("escalation {name}, which was not defined: nobody is told"),
        (None, _) => "nobody is told".to_owned(),
    };
    let how = match routed.urgency {
        Urgency::Page => "page",
        Urgency::Ticket => "ticket",
    };
    let text = format!("{how}: {} → {to}", decision.because);
    links.push(link("routed", None, text, Some(&decision.origin)));
    let incident = routed.incident.and_then(|id| state.incidents.get(&id));
    if let Some(incident) = incident {
        let text = format!("INC-{} {} {}", incident.number, incident.severity, incident.title);
        links.push(link("incident", incident.opened_at, text, None));
    }
}

fn sent(outgoing: &Outgoing) -> Link {
    let Outgoing { intent, phase, attempts, last_error, possible_repeat, .. } = outgoing;
    let part = match intent.purpose {
        Purpose::Page => "page",
        Purpose::Resolved | Purpose::Notice | Purpose::Told => "notice",
        Purpose::Test => "test",
    };
    let (at, became) = match phase {
        outbox::Phase::Waiting { not_before } => (*not_before, "waits until then".to_owned()),
        outbox::Phase::Sending => (intent.due, "is being sent".to_owned()),
        outbox::Phase::Accepted { reference, at } => (*at, format!("accepted {reference}")),
        outbox::Phase::Failed { reason, at } => (*at, format!("not delivered: {reason}")),
        outbox::Phase::Unknown { at } => (*at, "unknown whether it arrived".to_owned()),
        outbox::Phase::Cancelled { why, at } => {
            let why = match why {
                outbox::CancelReason::Acknowledged => "somebody had acknowledged",
                outbox::CancelReason::Resolved => "the alert was resolved",
                outbox::CancelReason::Superseded => "a newer message says what is true now",
            };
            (*at, format!("not sent: {why}"))
        }
    };
    let mut text = format!("{} by {} {became}", intent.person, intent.channel);
    if 1 < *attempts {
        write!(text, ", {attempts} attempts").expect("a String takes everything");
    }
    if let Some(error) = last_error {
        write!(text, ", last failure: {error}").expect("a String takes everything");
    }
    if *possible_repeat {
        text.push_str(", may have arrived twice");
    }
    link(part, Some(at), text, None)
}

fn answered(state: &State, key: AlertKey, alert: &Alert, links: &mut Vec<Link>) {
    if let Some((_, escalation)) = state.escalation_of(key) {
        match (&escalation.state.acknowledged, &escalation.state.phase) {
            (Some((by, via, at)), _) => {
                links.push(link("ack", Some(*at), format!("{by} by {via}"), None));
            }
            (None, Escalating::Exhausted) => {
                let text = "nobody answered in any round".to_owned();
                links.push(link("ack", None, text, None));
            }
            (None, Escalating::Paging { deadline, .. }) => {
                let text = format!("waits for an answer; the next step begins at {deadline}");
                links.push(link("ack", None, text, None));
            }
            (None, _) => {}
        }
    }
    let activation = &alert.activation;
    if let (Some(at), Some(reason)) = (activation.resolved_at, activation.reason) {
        links.push(link("resolved", Some(at), reason.to_string(), None));
    }
}

/// The chain as text, with clock times in `zone`.
pub fn render(chain: &Chain, zone: &TimeZone) -> String {
    let mut out = format!("{}  ({})\n", chain.title, chain.alert);
    for it in &chain.links {
        let at = it.at.map_or(String::new(), |at| {
            at.to_zoned_datetime(zone.clone()).strftime("%m-%d %H:%M:%S").to_string()
        });
        let origin = it.origin.as_ref().map_or(String::new(), |it| format!("{it}  "));
        writeln!(out, "{:<9} {at:<15} {origin}{}", it.part, it.text)
            .expect("a String takes everything");
    }
    out
}

#[cfg(test)]
mod tests;
