//! Postmortem drafts: the facts of an incident as Markdown, with their numbers and evidence.
//!
//! Every section holds facts, each with the journal's number of its record (`E-17`), or a prompt for people.
//! It must not guess: what is not known is said to be unknown, and what came before is not called a cause.

mod markdown;

use std::collections::BTreeSet;
use std::fmt::Write;

use jiff::Timestamp;

use self::markdown::{Table, cell, count, evidence, instant, share, span, when};
use crate::incident::{Entry, EntryKind, IncidentSeverity, Provenance, State};
use crate::suspects::Suspect;

/// What a draft is made from. The same input gives the same bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct PostmortemInput<'a> {
    /// The incident.
    pub incident: &'a State,
    /// As [`crate::suspects::rank`] gives them.
    pub suspects: &'a [Suspect],
    /// What it cost, per objective.
    pub impacts: &'a [SloImpact],
}

/// What an incident cost one objective.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SloImpact {
    /// Which objective.
    pub slo: String,
    /// The promise in words, such as `99.9% over 28d`.
    pub objective: String,
    /// Counted from here.
    pub from: Timestamp,
    /// Counted until here.
    pub until: Timestamp,
    /// Events that broke the promise; at most `total`.
    pub bad: u64,
    /// All events.
    pub total: u64,
    /// The share of the whole error budget that they used, in billionths; `None` when it is unknown.
    pub consumed_billionths: Option<i128>,
}

/// The draft as CommonMark with tables.
pub fn draft(input: &PostmortemInput<'_>) -> String {
    let PostmortemInput { incident, suspects, impacts } = input;
    [
        summary(incident),
        impact(incident, impacts),
        timeline(incident),
        phases(incident),
        detection(incident),
        response(incident),
        observations(incident, suspects),
        factors(),
        lessons(incident.severity),
        actions(),
    ]
    .join("\n")
}

fn summary(incident: &State) -> String {
    let State { number, title, severity, service, status, .. } = incident;
    let mut out = format!("# INC-{number}: {}\n\n", cell(title));
    let (end, what) = match (&incident.mitigated, incident.resolved_at) {
        (Some(mitigated), _) => (Some(mitigated.at), "until it was mitigated"),
        (None, resolved_at) => (resolved_at, "until it was resolved"),
    };
    let opened = find(incident, incident.opened_at, EntryKind::Status);
    let lasted = match (incident.impact_start, end) {
        (Some(start), Some(end)) => format!("It lasted {} {what}.", span(start, end)),
        _ => "It is not over.".to_owned(),
    };
    writeln!(out, "- **Service**: {}", cell(service)).expect("a String takes everything");
    writeln!(out, "- **Severity**: {severity}").expect("a String takes everything");
    writeln!(out, "- **Status**: {status}").expect("a String takes everything");
    writeln!(out, "- **Impact began**: {} UTC ({opened}). {lasted}", when(incident.impact_start))
        .expect("a String takes everything");
    out + "\nTODO(human): what did users see, in two sentences?\n"
}

fn impact(incident: &State, impacts: &[SloImpact]) -> String {
    let mut out = "## Impact\n\n".to_owned();
    let counted: BTreeSet<&str> = impacts.iter().map(|it| it.slo.as_str()).collect();
    if impacts.is_empty() {
        out += "No objective has counts for this incident.\n";
    } else {
        let mut table = Table::new([
            "objective",
            "promise",
            "from (UTC)",
            "until (UTC)",
            "bad events",
            "all events",
            "bad share",
            "error budget used",
        ]);
        for it in impacts {
            let bad_share = (i128::from(it.bad) * 1_000_000_000).checked_div(i128::from(it.total));
            table.row(&[
                cell(&it.slo),
                cell(&it.objective),
                instant(it.from),
                instant(it.until),
                count(it.bad),
                count(it.total),
                bad_share.map_or_else(|| "no events".to_owned(), share),
                it.consumed_billionths.map_or_else(|| "unknown".to_owned(), share),
            ]);
        }
        out += &table.finish();
    }
    for slo in incident.slos().into_iter().filter(|it| !counted.contains(it)) {
        writeln!(out, "\n{}: the impact is unknown; there are no counts.", cell(slo))
            .expect("a String takes everything");
    }
    out
}

fn timeline(incident: &State) -> String {
    let mut table = Table::new(["at (UTC)", "since impact began", "kind", "what", "evidence"]);
    for Entry { at, kind, text, evidence: seq } in &incident.timeline {
        let since = incident.impact_start.map_or_else(String::new, |start| span(start, *at));
        table.row(&[instant(*at), since, kind.to_string(), cell(text), evidence(*seq)]);
    }
    let mut out = format!("## Timeline\n\n{}", table.finish());
    if 0 < incident.timeline_omitted {
        writeln!(
            out,
            "\n{} later facts are in the journal only.",
            count(incident.timeline_omitted)
        )
        .expect("a String takes everything");
    }
    out
}

fn phases(incident: &State) -> String {
    let recorded = |at: Option<Timestamp>, kind| {
        at.map(|at| (at, Provenance::Recorded, find(incident, Some(at), kind)))
    };
    let moment =
        |it: Option<crate::Moment>| it.map(|it| (it.at, it.provenance, evidence(it.evidence)));
    let opened = find(incident, incident.opened_at, EntryKind::Status);
    let phases = [
        ("impact began", incident.impact_start.map(|at| (at, Provenance::Derived, opened))),
        ("detected", recorded(incident.opened_at, EntryKind::Status)),
        ("acknowledged", recorded(incident.acknowledged_at, EntryKind::Ack)),
        ("identified", moment(incident.identified)),
        ("mitigated", moment(incident.mitigated)),
        ("resolved", recorded(incident.resolved_at, EntryKind::Status)),
    ];
    let mut table = Table::new([
        "phase",
        "at (UTC)",
        "since impact began",
        "since detected",
        "provenance",
        "evidence",
    ]);
    for (phase, known) in phases {
        let phase = phase.to_owned();
        table.row(&match known {
            Some((at, provenance, evidence)) => {
                let since = |start: Option<Timestamp>| {
                    start.map_or_else(|| "unknown".to_owned(), |start| span(start, at))
                };
                let (impact, detected) = (since(incident.impact_start), since(incident.opened_at));
                [phase, instant(at), impact, detected, provenance.to_string(), evidence]
            }
            None => [phase.as_str(), "unknown", "", "", "", ""].map(str::to_owned),
        });
    }
    format!("## Phases\n\n{}", table.finish())
}

fn detection(incident: &State) -> String {
    let mut table =
        Table::new(["alert", "objective", "joined (UTC)", "since impact began", "stopped (UTC)"]);
    for linked in &incident.alerts {
        let since =
            incident.impact_start.map_or_else(String::new, |start| span(start, linked.since));
        let stopped = linked.resolved_at.map_or_else(|| "still fires".to_owned(), instant);
        let slo = linked.alert.slo.as_deref().map_or_else(|| "none".to_owned(), cell);
        table.row(&[cell(&linked.alert.summary), slo, instant(linked.since), since, stopped]);
    }
    let prompt = "TODO(human): which signal showed it first, and which alert stayed silent that should not have?";
    format!("## Detection\n\n{}\n{prompt}\n", table.finish())
}

fn response(incident: &State) -> String {
    let people: BTreeSet<&str> = incident.pages.iter().map(|it| it.person.as_str()).collect();
    let answered: Vec<String> = incident.responders.iter().map(|it| cell(it)).collect();
    let answered = if answered.is_empty() { "nobody".to_owned() } else { answered.join(", ") };
    let pages = count(incident.pages.len() as u64);
    let mut out = format!(
        "## Response\n\n- **Pages**: {pages}\n- **People paged**: {}\n- **Answered**: {answered}\n",
        people.len()
    );
    if !incident.pages.is_empty() {
        let mut table = Table::new(["page at (UTC)", "to", "by", "evidence"]);
        for it in &incident.pages {
            table.row(&[
                instant(it.at),
                cell(&it.person),
                cell(&it.channel),
                evidence(it.evidence),
            ]);
        }
        out += &format!("\n{}", table.finish());
    }
    if incident.runs.is_empty() {
        out += "\nNo runbook was run.\n";
    } else {
        let mut table =
            Table::new(["runbook", "started (UTC)", "by", "took", "result", "evidence"]);
        for it in &incident.runs {
            let took =
                it.ended_at.map_or_else(|| "not ended".to_owned(), |end| span(it.started_at, end));
            let result = it.result.as_deref().map_or_else(|| "unknown".to_owned(), cell);
            let (book, by) = (cell(&it.runbook), cell(&it.by));
            table.row(&[book, instant(it.started_at), by, took, result, evidence(it.evidence)]);
        }
        out += &format!("\n{}", table.finish());
    }
    out + "\nTODO(human): what was tried, and what did each attempt show?\n"
}

fn observations(incident: &State, suspects: &[Suspect]) -> String {
    let mut out = "## Changes that came before\n\n".to_owned();
    if suspects.is_empty() {
        out += "No change is known in the 24 h before the impact and the 10 min after its start.\n";
        return out;
    }
    out += "Observations in the order of their score; none of them is a finding.\n\n";
    let mut table = Table::new([
        "score",
        "change",
        "began (UTC)",
        "since impact began",
        "observations",
        "evidence",
    ]);
    for Suspect { change, score, factors, evidence: seq } in suspects {
        let version = change.version.as_deref().map_or_else(String::new, |it| format!(" {it}"));
        let name = cell(&format!("{} of {}{version}", change.kind, change.service));
        let since = incident.impact_start.map_or_else(String::new, |it| span(it, change.started));
        let say =
            |it: &crate::suspects::Factor| format!("{} {:.2}: {}", it.name, it.value, it.text);
        let observed = cell(&factors.iter().map(say).collect::<Vec<_>>().join("; "));
        table.row(&[
            format!("{score:.3}"),
            name,
            instant(change.started),
            since,
            observed,
            evidence(*seq),
        ]);
    }
    out + &table.finish()
}

fn factors() -> String {
    let mut table = Table::new(["factor", "confirmed, suspected or refuted", "evidence"]);
    for factor in
        ["trigger", "latent condition", "detection gap", "response friction", "amplifier", "luck"]
    {
        table.row(&[factor, "TODO(human)", ""].map(str::to_owned));
    }
    let prompts = "TODO(human): why did what people did make sense at the time?\n\n\
                   TODO(human): what surprised us, and why?\n";
    format!("## Contributing factors\n\n{}\n{prompts}", table.finish())
}

fn lessons(severity: IncidentSeverity) -> String {
    let lucky = if severity.is_major() {
        "TODO(human), mandatory for a major incident: what would have made it worse?"
    } else {
        "TODO(human): what would have made it worse?"
    };
    format!(
        "## What went well\n\nTODO(human): what worked as it should?\n\n\
         ## What went badly\n\nTODO(human): what took longer than it should?\n\n\
         ## Where we were lucky\n\n{lucky}\n"
    )
}

fn actions() -> String {
    let mut table = Table::new(["id", "action", "type", "size", "owner", "due", "verified by"]);
    table.row(
        &[
            "A-1",
            "TODO(human)",
            "prevent, detect, mitigate, process or learn",
            "",
            "TODO(human)",
            "TODO(human)",
            "TODO(human): a check that fails before the fix and passes after it",
        ]
        .map(str::to_owned),
    );
    format!(
        "## Action items\n\n{}\n## Open questions\n\nTODO(human): what do we still not know?\n",
        table.finish()
    )
}

/// The evidence of the entry of this kind and instant.
fn find(incident: &State, at: Option<Timestamp>, kind: EntryKind) -> String {
    let entry = incident.timeline.iter().find(|it| Some(it.at) == at && it.kind == kind);
    entry.map_or_else(|| "in the journal".to_owned(), |it| evidence(it.evidence))
}

#[cfg(test)]
mod tests;
