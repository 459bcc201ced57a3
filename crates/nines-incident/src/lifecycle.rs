//! The incident's machine: what may happen next, and what that means. The timeline *is* its facts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::incident::{
    AlertRef, Entry, EntryKind, IncidentSeverity, LinkedAlert, LinkedRun, Moment, PageRef,
    Provenance, State, Status, TIMELINE_ENTRIES_MAX,
};
use crate::text::{TEXT_BYTES_MAX, TITLE_BYTES_MAX, cut, one_line};

/// The most alerts of one incident.
pub const ALERTS_MAX: usize = 500;
/// The most pages that an incident remembers; later ones are on its timeline only.
pub const PAGES_MAX: usize = 500;
/// The most runs of one incident.
pub const RUNS_MAX: usize = 100;

/// What somebody or something asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// An alert became a page, and no open incident fits.
    Open {
        /// Counts from 1; chosen by the engine.
        number: u64,
        /// What is wrong, in a line.
        title: String,
        /// How bad it looks.
        severity: IncidentSeverity,
        /// Where.
        service: String,
        /// The alert that opened it; it fires.
        alert: AlertRef,
        /// Since when users are hurt.
        impact_start: Timestamp,
        /// Who or what opens it.
        by: String,
    },
    /// Another alert belongs to it, or one of its alerts fires again.
    AttachAlert(AlertRef),
    /// A linked alert stopped.
    AlertResolved {
        /// Which.
        fingerprint: String,
    },
    /// A person was paged about it.
    Paged {
        /// Whom.
        person: String,
        /// By which kind of channel.
        channel: String,
        /// The page's id.
        page_id: String,
    },
    /// A person answers; answering again is harmless.
    Acknowledge {
        /// Who.
        by: String,
        /// How: `console`, `cli`, `link`.
        via: String,
    },
    /// A person writes something down.
    Note {
        /// Who.
        by: String,
        /// What.
        text: String,
    },
    /// A run for it began.
    RunbookStarted {
        /// The run's id.
        run: String,
        /// Of which runbook.
        runbook: String,
        /// Who started it.
        by: String,
    },
    /// A step of a run for it ended.
    RunbookStep {
        /// The run's id.
        run: String,
        /// Which step.
        step: String,
        /// How it ended, in words.
        outcome: String,
    },
    /// A run for it ended.
    RunbookEnded {
        /// The run's id.
        run: String,
        /// How, in a word.
        result: String,
    },
    /// It is worse or less bad than thought; less bad needs a reason.
    SetSeverity {
        /// How bad.
        severity: IncidentSeverity,
        /// Why.
        reason: Option<String>,
        /// Who says so.
        by: String,
    },
    /// The response moved, forward or back; the end is [`Command::Resolve`].
    SetStatus {
        /// How far.
        status: Status,
        /// Who says so.
        by: String,
    },
    /// It is over.
    Resolve {
        /// Who says so.
        by: String,
        /// Why although an alert fires; else optional.
        reason: Option<String>,
    },
}

/// What happened. Journaled: a released shape never changes, a new one is a new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// The incident exists.
    Opened {
        /// As in [`Command::Open`].
        number: u64,
        /// As in [`Command::Open`].
        title: String,
        /// As in [`Command::Open`].
        severity: IncidentSeverity,
        /// As in [`Command::Open`].
        service: String,
        /// As in [`Command::Open`].
        alert: AlertRef,
        /// As in [`Command::Open`].
        impact_start: Timestamp,
        /// As in [`Command::Open`].
        by: String,
    },
    /// This alert belongs to it and fires.
    AlertAttached(AlertRef),
    /// This alert stopped.
    AlertResolved {
        /// Which.
        fingerprint: String,
    },
    /// A person was paged.
    Paged {
        /// As in [`Command::Paged`].
        person: String,
        /// As in [`Command::Paged`].
        channel: String,
        /// As in [`Command::Paged`].
        page_id: String,
    },
    /// A person answered for the first time.
    Acknowledged {
        /// As in [`Command::Acknowledge`].
        by: String,
        /// As in [`Command::Acknowledge`].
        via: String,
    },
    /// A person wrote something down.
    Noted {
        /// As in [`Command::Note`].
        by: String,
        /// As in [`Command::Note`].
        text: String,
    },
    /// A run began.
    RunbookStarted {
        /// As in [`Command::RunbookStarted`].
        run: String,
        /// As in [`Command::RunbookStarted`].
        runbook: String,
        /// As in [`Command::RunbookStarted`].
        by: String,
    },
    /// A step of a run ended.
    RunbookStepped {
        /// As in [`Command::RunbookStep`].
        run: String,
        /// As in [`Command::RunbookStep`].
        step: String,
        /// As in [`Command::RunbookStep`].
        outcome: String,
    },
    /// A run ended.
    RunbookEnded {
        /// As in [`Command::RunbookEnded`].
        run: String,
        /// As in [`Command::RunbookEnded`].
        result: String,
    },
    /// The severity is another.
    SeverityChanged {
        /// It was.
        from: IncidentSeverity,
        /// It is.
        to: IncidentSeverity,
        /// Why.
        reason: Option<String>,
        /// Who said so.
        by: String,
    },
    /// The status is another.
    StatusChanged {
        /// It was.
        from: Status,
        /// It is.
        to: Status,
        /// Who said so.
        by: String,
    },
    /// It is over.
    Resolved {
        /// Who said so.
        by: String,
        /// As in [`Command::Resolve`].
        reason: Option<String>,
        /// How many linked alerts fired all the same.
        firing_total: u32,
    },
}

/// Why a command is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It exists already.
    #[error("the incident is open already")]
    AlreadyOpened,
    /// It does not exist.
    #[error("there is no such incident")]
    NotOpened,
    /// It is over.
    #[error("the incident is resolved")]
    AlreadyResolved,
    /// Resolving would contradict the data.
    #[error(
        "linked alerts still fire ({firing_total}, such as {example}); give a reason to resolve all the same"
    )]
    StillFiring {
        /// How many.
        firing_total: usize,
        /// The first of them.
        example: String,
    },
    /// In doubt the worse holds.
    #[error("lowering the severity from {from} to {to} needs a reason")]
    LoweringNeedsReason {
        /// It is.
        from: IncidentSeverity,
        /// It would be.
        to: IncidentSeverity,
    },
    /// The end has its own command, because it has its own rules.
    #[error("`resolved` is not set as a status; resolve the incident")]
    ResolveInstead,
    /// A text says nothing.
    #[error("{what} is empty")]
    Empty {
        /// Which.
        what: &'static str,
    },
    /// A text is too long.
    #[error("{what} has {bytes} bytes; at most {bytes_max} are allowed")]
    TooLong {
        /// Which.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// A limit of the incident is reached.
    #[error("the incident has {max} {what} already; open another")]
    Full {
        /// Of what.
        what: &'static str,
        /// How many.
        max: usize,
    },
}

/// What `command` would make happen. Late and repeated commands are safe.
pub fn decide(state: &State, command: Command, _now: Timestamp) -> Result<Vec<Fact>, Refusal> {
    match (command, state.opened_at) {
        (Command::Open { number, title, severity, service, alert, impact_start, by }, None) => {
            written("the service", &service, TITLE_BYTES_MAX)?;
            written("the author", &by, TITLE_BYTES_MAX)?;
            let title = cut(&one_line(&title), TITLE_BYTES_MAX);
            written("the title", &title, TITLE_BYTES_MAX)?;
            let alert = bounded(alert);
            Ok(vec![Fact::Opened { number, title, severity, service, alert, impact_start, by }])
        }
        (Command::Open { .. }, Some(_)) => Err(Refusal::AlreadyOpened),
        (_, None) => Err(Refusal::NotOpened),
        (Command::AttachAlert(alert), _) => attach(state, alert),
        (Command::AlertResolved { fingerprint }, _) => {
            let fires = state.firing().any(|it| it.alert.fingerprint == fingerprint);
            Ok(fires.then_some(Fact::AlertResolved { fingerprint }).into_iter().collect())
        }
        (Command::SetSeverity { severity, reason, by }, _) => {
            set_severity(state, severity, reason, by)
        }
        (Command::SetStatus { status, by }, _) => set_status(state, status, by),
        (Command::Resolve { by, reason }, _) => resolve(state, by, reason),
        (command, _) => record(state, command),
    }
}

/// The commands that only write something down.
fn record(state: &State, command: Command) -> Result<Vec<Fact>, Refusal> {
    let short = |text: &str| cut(&one_line(text), TITLE_BYTES_MAX);
    let fact = match command {
        Command::Paged { person, channel, page_id } => {
            if state.pages.iter().any(|it| it.page_id == page_id) {
                return Ok(Vec::new());
            }
            Fact::Paged {
                person: short(&person),
                channel: short(&channel),
                page_id: short(&page_id),
            }
        }
        Command::Acknowledge { by, via } => {
            written("the person", &by, TITLE_BYTES_MAX)?;
            if state.responders.contains(&by) {
                return Ok(Vec::new());
            }
            Fact::Acknowledged { by, via: short(&via) }
        }
        Command::Note { by, text } => {
            written("the author", &by, TITLE_BYTES_MAX)?;
            written("the note", &text, TEXT_BYTES_MAX)?;
            if TIMELINE_ENTRIES_MAX <= state.timeline.len() {
                return Err(Refusal::Full { what: "timeline entries", max: TIMELINE_ENTRIES_MAX });
            }
            Fact::Noted { by, text }
        }
        Command::RunbookStarted { run, runbook, by } => {
            if state.runs.iter().any(|it| it.run == run) {
                return Ok(Vec::new());
            }
            if RUNS_MAX <= state.runs.len() {
                return Err(Refusal::Full { what: "runs", max: RUNS_MAX });
            }
            Fact::RunbookStarted { run: short(&run), runbook: short(&runbook), by: short(&by) }
        }
        Command::RunbookStep { run, step, outcome } => {
            let outcome = cut(&one_line(&outcome), TEXT_BYTES_MAX);
            Fact::RunbookStepped { run: short(&run), step: short(&step), outcome }
        }
        Command::RunbookEnded { run, result } => {
            Fact::RunbookEnded { run: short(&run), result: short(&result) }
        }
        Command::Open { .. }
        | Command::AttachAlert(_)
        | Command::AlertResolved { .. }
        | Command::SetSeverity { .. }
        | Command::SetStatus { .. }
        | Command::Resolve { .. } => return Ok(Vec::new()),
    };
    Ok(vec![fact])
}

fn attach(state: &State, alert: AlertRef) -> Result<Vec<Fact>, Refusal> {
    let known = state.alerts.iter().find(|it| it.alert.fingerprint == alert.fingerprint);
    match known {
        _ if !state.is_open() => Err(Refusal::AlreadyResolved),
        Some(known) if known.is_firing() => Ok(Vec::new()),
        None if ALERTS_MAX <= state.alerts.len() => {
            Err(Refusal::Full { what: "alerts", max: ALERTS_MAX })
        }
        Some(_) | None => Ok(vec![Fact::AlertAttached(bounded(alert))]),
    }
}

fn set_severity(
    state: &State,
    to: IncidentSeverity,
    reason: Option<String>,
    by: String,
) -> Result<Vec<Fact>, Refusal> {
    let from = state.severity;
    written("the author", &by, TITLE_BYTES_MAX)?;
    let reason = optional("the reason", reason)?;
    if from == to {
        return Ok(Vec::new());
    }
    if from < to && reason.is_none() {
        return Err(Refusal::LoweringNeedsReason { from, to });
    }
    Ok(vec![Fact::SeverityChanged { from, to, reason, by }])
}

fn set_status(state: &State, to: Status, by: String) -> Result<Vec<Fact>, Refusal> {
    written("the author", &by, TITLE_BYTES_MAX)?;
    match (state.status, to) {
        (_, Status::Resolved) => Err(Refusal::ResolveInstead),
        (Status::Resolved, _) => Err(Refusal::AlreadyResolved),
        (from, to) if from == to => Ok(Vec::new()),
        (from, to) => Ok(vec![Fact::StatusChanged { from, to, by }]),
    }
}

fn resolve(state: &State, by: String, reason: Option<String>) -> Result<Vec<Fact>, Refusal> {
    written("the author", &by, TITLE_BYTES_MAX)?;
    let reason = optional("the reason", reason)?;
    if !state.is_open() {
        return Err(Refusal::AlreadyResolved);
    }
    let firing_total = state.firing().count();
    match state.firing().next() {
        Some(first) if reason.is_none() => {
            Err(Refusal::StillFiring { firing_total, example: first.alert.summary.clone() })
        }
        _ => {
            let firing_total = u32::try_from(firing_total).expect("at most ALERTS_MAX");
            Ok(vec![Fact::Resolved { by, reason, firing_total }])
        }
    }
}

fn bounded(alert: AlertRef) -> AlertRef {
    let AlertRef { fingerprint, summary, slo } = alert;
    let short = |text: String| cut(&one_line(&text), TITLE_BYTES_MAX);
    AlertRef { fingerprint: short(fingerprint), summary: short(summary), slo: slo.map(short) }
}

/// A text that a person gave must say something and fit.
fn written(what: &'static str, text: &str, bytes_max: usize) -> Result<(), Refusal> {
    match text.len() {
        _ if text.trim().is_empty() => Err(Refusal::Empty { what }),
        bytes if bytes_max < bytes => Err(Refusal::TooLong { what, bytes, bytes_max }),
        _ => Ok(()),
    }
}

/// Like [`written`]; blank is none.
fn optional(what: &'static str, text: Option<String>) -> Result<Option<String>, Refusal> {
    let text = text.filter(|it| !it.trim().is_empty());
    if let Some(text) = &text {
        written(what, text, TEXT_BYTES_MAX)?;
    }
    Ok(text)
}

/// Applies one fact. It cannot fail: what happened, happened.
///
/// `at` and `seq` are the journal record's: instants and evidence are not repeated in every fact.
pub fn evolve(state: &mut State, fact: &Fact, at: Timestamp, seq: u64) {
    match fact {
        Fact::Opened { number, title, severity, service, alert, impact_start, by } => {
            state.number = *number;
            state.title.clone_from(title);
            state.severity = *severity;
            state.service.clone_from(service);
            state.impact_start = Some(*impact_start);
            state.opened_by.clone_from(by);
            state.opened_at = Some(at);
            link(state, alert, at);
        }
        Fact::AlertAttached(alert) => link(state, alert, at),
        Fact::AlertResolved { fingerprint } => unlink(state, fingerprint, at, seq),
        Fact::Paged { person, channel, page_id } => {
            let (person, channel) = (person.clone(), channel.clone());
            let page = PageRef { at, person, channel, page_id: page_id.clone(), evidence: seq };
            if state.pages.len() < PAGES_MAX {
                state.pages.push(page);
            }
        }
        Fact::Acknowledged { by, .. } => {
            state.acknowledged_at.get_or_insert(at);
            state.acknowledged_by.get_or_insert_with(|| by.clone());
            state.responders.push(by.clone());
        }
        Fact::RunbookStarted { run, runbook, by } => state.runs.push(LinkedRun {
            run: run.clone(),
            runbook: runbook.clone(),
            by: by.clone(),
            started_at: at,
            ended_at: None,
            result: None,
            evidence: seq,
        }),
        Fact::RunbookEnded { run, result } => {
            if let Some(linked) = state.runs.iter_mut().find(|it| it.run == *run) {
                linked.ended_at = Some(at);
                linked.result = Some(result.clone());
            }
        }
        Fact::SeverityChanged { to, .. } => state.severity = *to,
        Fact::StatusChanged { to, .. } => enter(state, *to, at, seq),
        Fact::Resolved { .. } => {
            state.status = Status::Resolved;
            state.resolved_at = Some(at);
        }
        Fact::Noted { .. } | Fact::RunbookStepped { .. } => {}
    }
    append(state, fact, at, seq);
}

fn link(state: &mut State, alert: &AlertRef, at: Timestamp) {
    let linked = LinkedAlert { alert: alert.clone(), since: at, resolved_at: None };
    match state.alerts.iter_mut().find(|it| it.alert.fingerprint == alert.fingerprint) {
        Some(known) => *known = LinkedAlert { since: known.since, ..linked },
        None => state.alerts.push(linked),
    }
    // What was derived from silence is not true any more; what a person said stands.
    state.mitigated.take_if(|it| it.provenance == Provenance::Derived);
}

fn unlink(state: &mut State, fingerprint: &str, at: Timestamp, seq: u64) {
    if let Some(known) = state.alerts.iter_mut().find(|it| it.alert.fingerprint == fingerprint) {
        known.resolved_at = Some(at);
    }
    if state.firing().next().is_none() {
        let moment = Moment { at, provenance: Provenance::Derived, evidence: seq };
        state.mitigated.get_or_insert(moment);
    }
}

fn enter(state: &mut State, status: Status, at: Timestamp, seq: u64) {
    let moment = Moment { at, provenance: Provenance::Recorded, evidence: seq };
    match status {
        Status::Identified => {
            state.identified.get_or_insert(moment);
        }
        Status::Monitoring => state.mitigated = Some(moment),
        // Going back says that users are not well.
        Status::Declared | Status::Investigating | Status::Mitigating => {
            state.mitigated.take_if(|it| it.provenance == Provenance::Recorded);
        }
        Status::Resolved => {}
    }
    state.status = status;
}

fn append(state: &mut State, fact: &Fact, at: Timestamp, seq: u64) {
    if TIMELINE_ENTRIES_MAX <= state.timeline.len() {
        state.timeline_omitted += 1;
        return;
    }
    let (kind, text) = say(state, fact);
    state.timeline.push(Entry { at, kind, text, evidence: seq });
}

/// The fact as a sentence.
fn say(state: &State, fact: &Fact) -> (EntryKind, String) {
    let summary = |fingerprint: &str| {
        let known = state.alerts.iter().find(|it| it.alert.fingerprint == fingerprint);
        known.map_or_else(|| fingerprint.to_owned(), |it| it.alert.summary.clone())
    };
    let because = |reason: &Option<String>| match reason {
        Some(reason) => format!(": {}", one_line(reason)),
        None => String::new(),
    };
    match fact {
        Fact::Opened { severity, alert, by, .. } => {
            (EntryKind::Status, format!("{severity} opened by {by}: {}", alert.summary))
        }
        Fact::AlertAttached(alert) => (EntryKind::Alert, format!("{} fires", alert.summary)),
        Fact::AlertResolved { fingerprint } => {
            (EntryKind::Alert, format!("{} stopped", summary(fingerprint)))
        }
        Fact::Paged { person, channel, .. } => {
            (EntryKind::Page, format!("{person} was paged by {channel}"))
        }
        Fact::Acknowledged { by, via } => (EntryKind::Ack, format!("{by} acknowledged by {via}")),
        Fact::Noted { by, text } => (EntryKind::Note, format!("{by}: {text}")),
        Fact::RunbookStarted { run, runbook, by } => {
            (EntryKind::Runbook, format!("{by} started the runbook {runbook} ({run})"))
        }
        Fact::RunbookStepped { step, outcome, .. } => {
            (EntryKind::Runbook, format!("step {step}: {outcome}"))
        }
        Fact::RunbookEnded { run, result } => {
            let linked = state.runs.iter().find(|it| it.run == *run);
            let runbook = linked.map_or(run, |it| &it.runbook);
            (EntryKind::Runbook, format!("the runbook {runbook} ended: {result}"))
        }
        Fact::SeverityChanged { from, to, reason, by } => {
            (EntryKind::Severity, format!("{by} changed {from} to {to}{}", because(reason)))
        }
        Fact::StatusChanged { from, to, by } => {
            (EntryKind::Status, format!("{by} changed {from} to {to}"))
        }
        Fact::Resolved { by, reason, firing_total: 0 } => {
            (EntryKind::Status, format!("{by} resolved it{}", because(reason)))
        }
        Fact::Resolved { by, reason, firing_total } => {
            let while_firing = format!("while linked alerts fired ({firing_total})");
            (EntryKind::Status, format!("{by} resolved it {while_firing}{}", because(reason)))
        }
    }
}

#[cfg(test)]
mod tests;
