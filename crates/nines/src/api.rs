//! The parts of the server's answers that tables show. `-o json` prints the answers themselves.

use jiff::Timestamp;
use serde::Deserialize;

/// One objective.
#[derive(Debug, Clone, Deserialize)]
#[expect(clippy::struct_field_names, reason = "as the API calls them")]
pub(crate) struct Slo {
    pub(crate) slo: String,
    pub(crate) service: String,
    pub(crate) state: String,
    pub(crate) owner: Option<String>,
    pub(crate) runbook: Option<String>,
    pub(crate) origin: String,
    pub(crate) burns: Vec<Burn>,
    pub(crate) problem: Option<String>,
    pub(crate) reads: Vec<String>,
    pub(crate) last_sample: Option<Timestamp>,
    pub(crate) goals: Vec<Goal>,
}

/// One budget of an SLO.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Goal {
    pub(crate) state: String,
    pub(crate) objective: String,
    pub(crate) objective_name: String,
    pub(crate) window: String,
    pub(crate) now: String,
    pub(crate) remaining_ratio: f64,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) bad: u64,
    pub(crate) total: u64,
    pub(crate) allowed: String,
    pub(crate) parts: Vec<Part>,
    pub(crate) exact: bool,
    pub(crate) coverage_ratio: f64,
    pub(crate) burns: Vec<Burn>,
    pub(crate) empty_in: String,
    pub(crate) versions: Vec<Version>,
    pub(crate) exclusions: Vec<String>,
    pub(crate) before_exclusions: Option<Counts>,
    pub(crate) muted_by: Option<String>,
}

/// A part of a window under one version of its objective.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Part {
    pub(crate) objective: String,
    pub(crate) total: u64,
}

/// What was promised since when.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Version {
    pub(crate) effective: Option<Timestamp>,
    pub(crate) objective: String,
}

/// Events before exclusions.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Counts {
    pub(crate) bad: u64,
    pub(crate) total: u64,
}

impl Goal {
    /// `99.9% over 28d`, with the name where it has one.
    pub(crate) fn title(&self) -> String {
        let promise = format!("{} over {}", self.objective, self.window);
        match self.objective_name.as_str() {
            "slo" => promise,
            name => format!("{name} {promise}"),
        }
    }
}

impl Slo {
    /// The part of the name after the service.
    pub(crate) fn short_name(&self) -> &str {
        self.slo.split_once('/').map_or(self.slo.as_str(), |(_, it)| it)
    }
}

/// One pair of windows.
#[derive(Debug, Clone, Deserialize)]
#[expect(clippy::struct_field_names, reason = "as the API calls them")]
pub(crate) struct Burn {
    pub(crate) severity: String,
    pub(crate) long: String,
    pub(crate) short: String,
    pub(crate) limit: String,
    pub(crate) long_burn: f64,
    pub(crate) short_burn: f64,
    pub(crate) long_bad: u64,
    pub(crate) long_total: u64,
    pub(crate) short_bad: u64,
    pub(crate) short_total: u64,
    pub(crate) holds: bool,
}

/// One alert.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Alert {
    pub(crate) key: String,
    pub(crate) state: String,
    pub(crate) severity: String,
    pub(crate) service: String,
    pub(crate) slo: Option<String>,
    pub(crate) summary: String,
    pub(crate) fired_at: Option<Timestamp>,
    pub(crate) progress: String,
    pub(crate) incident: Option<u64>,
}

impl Alert {
    /// Whether people call it so: its key, its objective, or its service.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        let slo = self.slo.as_ref().map(|it| format!("{}/{it}", self.service));
        self.key == name
            || self.service == name
            || slo.as_deref() == Some(name)
            || format!("{}/SLOBurn", self.service) == name
    }
}

/// One message.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Page {
    pub(crate) at: Timestamp,
    pub(crate) person: String,
    pub(crate) channel: String,
    pub(crate) subject: String,
    pub(crate) state: String,
    pub(crate) incident: Option<u64>,
    pub(crate) acknowledged_by: Option<String>,
    pub(crate) possible_repeat: bool,
    pub(crate) waits: bool,
}

/// One change of a service.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Change {
    pub(crate) service: String,
    pub(crate) version: Option<String>,
    pub(crate) kind: String,
    pub(crate) author: Option<String>,
    pub(crate) started: Timestamp,
    pub(crate) summary: String,
}

/// One incident.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Incident {
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

/// One incident with everything about it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct IncidentDetail {
    #[serde(flatten)]
    pub(crate) incident: Incident,
    pub(crate) timeline: Vec<Entry>,
    pub(crate) suspects: Vec<Suspect>,
    pub(crate) runbooks: Vec<String>,
    pub(crate) runs: Vec<RunRef>,
}

/// One line of a timeline.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    pub(crate) kind: String,
    pub(crate) text: String,
    pub(crate) evidence: u64,
}

/// A change worth a look.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Suspect {
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
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RunRef {
    pub(crate) run: String,
    pub(crate) runbook: String,
    pub(crate) result: Option<String>,
}

/// One run.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Run {
    pub(crate) id: String,
    pub(crate) runbook: String,
    pub(crate) status: String,
    pub(crate) ended: bool,
    pub(crate) by: String,
    pub(crate) incident: Option<u64>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) steps: Vec<Step>,
    pub(crate) waiting: Option<Waiting>,
}

/// One step of a run.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) attempts: u32,
    pub(crate) outcome: Option<String>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took_seconds: Option<f64>,
    pub(crate) answered_by: Option<String>,
}

/// What a run waits for.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) step: String,
    pub(crate) why: String,
    pub(crate) answers: Vec<String>,
}

/// One runbook.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Runbook {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) services: Vec<String>,
    pub(crate) steps: usize,
    pub(crate) origin: String,
}

/// Why an alert is as it is.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Chain {
    pub(crate) alert: String,
    pub(crate) title: String,
    pub(crate) links: Vec<Link>,
}

/// One link of it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Link {
    pub(crate) part: String,
    pub(crate) at: Option<Timestamp>,
    pub(crate) text: String,
    pub(crate) origin: Option<String>,
}
