//! `nines describe`: one thing in full, every number with the counts that it was made from.

use clap::ValueEnum;

use crate::api::{Burn, Goal, IncidentDetail, Slo};
use crate::client::{Client, segment};
use crate::exit::{Exit, Failure};
use crate::incident::{Number, suspect_lines};
use crate::output::{self, Format, OutputArgs, burn, clock, mark, maybe_clock, percent};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// An objective: `service/slo`
    Slo,
    /// An incident: `INC-1`
    Incident,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What it is
    kind: Kind,
    /// Which one
    name: String,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) fn run(args: &Args, client: &Client) -> anyhow::Result<Exit> {
    let path = match args.kind {
        Kind::Slo => {
            let Some((service, slo)) = args.name.split_once('/') else {
                let message = format!("`{}` is no objective; write service/slo", args.name);
                return Err(Failure::usage(message).into());
            };
            format!("/api/nines/v1/slos/{}/{}", segment(service), segment(slo))
        }
        Kind::Incident => {
            let number: Number = args.name.parse().map_err(Failure::usage)?;
            format!("/api/nines/v1/incidents/{}", number.0)
        }
    };
    let answer = client.get(&path, &[])?;
    if args.output.format() == Format::Json {
        output::print_json(&answer)?;
        return Ok(Exit::Yes);
    }
    let text = match args.kind {
        Kind::Slo => slo_text(&client.read(answer)?),
        Kind::Incident => incident_text(&client.read(answer)?),
    };
    output::print(&text)?;
    output::note(&match args.kind {
        Kind::Slo => format!("next: nines why budget {}", args.name),
        Kind::Incident => format!("next: nines postmortem draft {}", args.name),
    });
    Ok(Exit::Yes)
}

fn slo_text(it: &Slo) -> String {
    let (mark, paint) = mark(&it.state);
    let mut lines = vec![
        format!("{}  {}", it.slo, paint.on(&format!("{mark} {}", it.state))),
        format!("  written in {}", it.origin),
        format!("  owner      {}", it.owner.as_deref().unwrap_or("-")),
        format!("  runbook    {}", it.runbook.as_deref().unwrap_or("-")),
        format!("  last seen  {} UTC", maybe_clock(it.last_sample)),
    ];
    lines.extend(it.reads.iter().map(|it| format!("  reads      {it}")));
    if let Some(problem) = &it.problem {
        lines.push(format!("  problem    {problem}"));
    }
    lines.extend(it.goals.iter().flat_map(goal_lines));
    lines.join("\n")
}

fn goal_lines(it: &Goal) -> Vec<String> {
    let (mark, paint) = mark(&it.state);
    let exact = if it.exact { "" } else { ", rounded on the way" };
    let mut lines = vec![
        format!("  objective  {}  {}", it.title(), paint.on(&format!("{mark} {}", it.state))),
        format!("    now      {}", it.now),
        format!(
            "    budget   {} left: {} bad, {} allowed of {} events, {} to {} UTC{exact}",
            percent(it.remaining_ratio),
            it.bad,
            it.allowed,
            it.total,
            clock(it.from),
            clock(it.to)
        ),
        format!("    empty in {}", it.empty_in),
        format!("    known    {} of the window", percent(it.coverage_ratio)),
    ];
    if let Some(before) = it.before_exclusions {
        let (names, bad, total) = (it.exclusions.join(", "), before.bad, before.total);
        lines.push(format!("    excluded {names}; before {bad} bad of {total}"));
    }
    if let Some(name) = &it.muted_by {
        lines.push(format!("    muted by {name}"));
    }
    if 1 < it.versions.len() {
        let promised: Vec<String> = it
            .versions
            .iter()
            .map(|it| {
                format!("{} since {}", it.objective, it.effective.map_or("ever".to_owned(), clock))
            })
            .collect();
        lines.push(format!("    promised {}", promised.join(", ")));
    }
    lines.extend(it.burns.iter().map(burn_line));
    lines
}

fn burn_line(it: &Burn) -> String {
    let holds = if it.holds { "  ■ holds" } else { "" };
    format!(
        "    {:<8} {} {} ({} bad of {}) and {} {} ({} bad of {}), limit {}{holds}",
        it.severity,
        it.long,
        burn(it.long_burn),
        it.long_bad,
        it.long_total,
        it.short,
        burn(it.short_burn),
        it.short_bad,
        it.short_total,
        it.limit,
    )
}

fn incident_text(it: &IncidentDetail) -> String {
    let incident = &it.incident;
    let answered = match (&incident.acknowledged_by, incident.acknowledged_at) {
        (Some(by), Some(at)) => format!("by {by}, {}", clock(at)),
        _ => "by nobody yet".to_owned(),
    };
    let mut lines = vec![
        format!(
            "INC-{}  {}  {}  {}",
            incident.number, incident.severity, incident.status, incident.title
        ),
        format!("  service       {}", incident.service),
        format!("  impact since  {}", maybe_clock(incident.impact_start)),
        format!("  opened        {}", maybe_clock(incident.opened_at)),
        format!("  acknowledged  {answered}"),
        format!("  resolved      {}", maybe_clock(incident.resolved_at)),
        format!("  alerts        {} of {} fire", incident.firing, incident.alerts),
        format!("  objectives    {}", incident.slos.join(", ")),
    ];
    if !it.suspects.is_empty() {
        lines.push("suspects".to_owned());
        lines.extend(suspect_lines(&it.suspects));
    }
    lines.push("timeline (UTC)".to_owned());
    let entry = |it: &crate::api::Entry| {
        format!("  {}  {:<8}  {}  [E-{}]", clock(it.at), it.kind, it.text, it.evidence)
    };
    lines.extend(it.timeline.iter().map(entry));
    for run in &it.runs {
        let result = run.result.as_deref().unwrap_or("under way");
        lines.push(format!("run {} of {}: {result}", run.run, run.runbook));
    }
    if !it.runbooks.is_empty() {
        lines.push(format!("runbooks: {}", it.runbooks.join(", ")));
    }
    lines.join("\n")
}
