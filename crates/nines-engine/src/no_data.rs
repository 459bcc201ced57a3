//! From SLOs that hear nothing to what the engine is told: a budget that nobody can know is somebody's ticket.
//!
//! Pure, as `burns` is.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nines_alert::Evidence;
use nines_base::{LabelError, Labels};
use nines_port::Urgency;
use nines_slo::{Severity, Slo, SloName};

use crate::{NO_DATA_ALERT, Observation};

/// The most selectors that a message names.
const SELECTORS_MAX: usize = 3;

/// An SLO that has had no data for too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silent {
    /// Which.
    pub slo: SloName,
    /// Since when nothing is known.
    pub since: Timestamp,
    /// The last sample of a series that counts all events; nothing when there never was one.
    pub last_sample: Option<Timestamp>,
    /// What was looked for.
    pub selectors: Vec<Unmatched>,
}

/// A selector, and what it finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmatched {
    /// As PromQL.
    pub selector: String,
    /// What it finds, in words.
    pub finds: String,
    /// What is there under a similar name.
    pub near: Vec<String>,
}

/// The labels of the alert about an SLO without data.
///
/// # Errors
/// The SLO's own labels are too many or too long.
pub fn no_data_labels(slo: &Slo) -> Result<Labels, LabelError> {
    let own = [
        ("alertname", NO_DATA_ALERT.to_owned()),
        ("service", slo.name.service.clone()),
        ("slo", slo.name.slo.clone()),
        ("severity", Severity::Ticket.to_string()),
    ];
    let given = slo.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
    Labels::new(given.chain(own).collect::<BTreeMap<String, String>>())
}

/// What is silent, for [`crate::Command::ObserveBurns`], together with what burns. Unknown SLOs are left out.
pub fn observe_no_data(silent: &[Silent], slos: &[Slo], now: Timestamp) -> Vec<Observation> {
    let slo = |it: &Silent| slos.iter().find(|slo| slo.name == it.slo);
    silent.iter().filter_map(|it| observation(it, slo(it)?, now)).collect()
}

fn observation(silent: &Silent, slo: &Slo, now: Timestamp) -> Option<Observation> {
    let name = &slo.name;
    let last = match silent.last_sample {
        Some(at) => format!("the last sample is from {}", at.strftime("%Y-%m-%d %H:%M:%S UTC")),
        None => "no sample was ever seen".to_owned(),
    };
    let lasted = minutes(now.duration_since(silent.since));
    let summary = format!("{name} has had no data for {lasted}: {last}");
    let mut annotations = BTreeMap::from([("summary".to_owned(), summary)]);
    annotations.extend(slo.runbook.clone().map(|it| ("runbook".to_owned(), it)));
    for (number, it) in (1..).zip(silent.selectors.iter().take(SELECTORS_MAX)) {
        annotations.insert(format!("selector_{number}"), words(it));
    }
    let selectors: Vec<String> = silent.selectors.iter().take(SELECTORS_MAX).map(words).collect();
    Some(Observation {
        labels: no_data_labels(slo).ok()?,
        annotations,
        evidence: Evidence {
            subject: name.to_string(),
            sentence: format!("its budget is unknown; {last}; {}", selectors.join("; ")),
            windows: Vec::new(),
            origin: slo.origin.clone(),
        },
        gist: "no data".to_owned(),
        urgency: Urgency::Ticket,
        escalation: slo.primary().alerting.escalation.clone(),
        impact_start: silent.since,
    })
}

/// `http_total{job="apy"} matches nothing (near: job="api")`
fn words(it: &Unmatched) -> String {
    let near = it.near.join(", ");
    let near = if near.is_empty() { near } else { format!(" (near: {near})") };
    format!("{}: {}{near}", it.selector, it.finds)
}

/// `12 m`, `3 h 5 m`.
fn minutes(duration: SignedDuration) -> String {
    let minutes = duration.as_mins();
    match (minutes / 60, minutes % 60) {
        (0, rest) => format!("{rest} m"),
        (hours, 0) => format!("{hours} h"),
        (hours, rest) => format!("{hours} h {rest} m"),
    }
}

#[cfg(test)]
mod tests;
