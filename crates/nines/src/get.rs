//! `nines get`: lists. A listing is an answer, so it ends with 0 whatever it shows; `--check` asks.

use clap::ValueEnum;
use serde_json::Value;

use crate::api::{Alert, Change, Incident, Page, Run, Runbook, Slo};
use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::output::{
    self, Cell, Format, OutputArgs, Paint, burn, cell, clock, maybe_clock, painted, percent, plain,
    state, table,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Service-level objectives, worst first
    #[value(alias = "slos")]
    Slo,
    /// Alerts that fire, and those that did
    #[value(alias = "alerts")]
    Alert,
    /// Incidents, newest first
    #[value(alias = "incidents")]
    Incident,
    /// Messages to people, newest first
    #[value(alias = "pages")]
    Page,
    /// Deploys and other changes, newest first
    #[value(alias = "changes")]
    Change,
    /// Runs of runbooks, newest first
    #[value(alias = "runs")]
    Run,
    /// Runbooks
    #[value(alias = "runbooks")]
    Runbook,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to list
    kind: Kind,
    /// Only this one: its name, or its service
    name: Option<String>,
    /// Answer by the exit code: 0 within budget, 1 spent, 3 no data (for slo)
    #[arg(long)]
    check: bool,
    /// At most so many rows
    #[arg(long, default_value_t = 50, value_name = "COUNT")]
    limit: usize,
    #[command(flatten)]
    output: OutputArgs,
}

/// How one kind is listed.
struct List {
    path: &'static str,
    /// What counts as the name of a row: these fields of the answer.
    names: &'static [&'static str],
    headers: &'static [&'static str],
}

impl Kind {
    fn list(self) -> List {
        let (path, names, headers): (_, &'static [_], &'static [_]) = match self {
            Self::Slo => (
                "slos",
                &["slo", "service"],
                &["STATE", "SERVICE", "SLO", ">OBJECTIVE", ">NOW", ">BUDGET", ">BURN", ">EMPTY IN"],
            ),
            Self::Alert => (
                "alerts",
                &["key", "service", "slo"],
                &[
                    "STATE",
                    "SEVERITY",
                    "SERVICE",
                    "SLO",
                    "SINCE (UTC)",
                    "INCIDENT",
                    "PROGRESS",
                    "KEY",
                ],
            ),
            Self::Incident => (
                "incidents",
                &["number", "service"],
                &[
                    "INCIDENT",
                    "SEVERITY",
                    "STATUS",
                    "SERVICE",
                    "OPENED (UTC)",
                    "ACKNOWLEDGED",
                    "TITLE",
                ],
            ),
            Self::Page => (
                "pages",
                &["person", "channel"],
                &["STATE", "TIME (UTC)", "PERSON", "CHANNEL", "INCIDENT", "ANSWERED", "SUBJECT"],
            ),
            Self::Change => (
                "changes",
                &["service", "kind"],
                &["TIME (UTC)", "KIND", "SERVICE", "VERSION", "BY", "SUMMARY"],
            ),
            Self::Run => (
                "runs",
                &["id", "runbook"],
                &["STATUS", "RUNBOOK", "BY", "INCIDENT", "STARTED (UTC)", "STEPS", "RUN"],
            ),
            Self::Runbook => {
                ("runbooks", &["name"], &["RUNBOOK", "TITLE", "SERVICES", ">STEPS", "WRITTEN IN"])
            }
        };
        List { path, names, headers }
    }

    /// An SLO has a row for each of its budgets, everything else has one.
    fn rows(self, client: &Client, value: Value) -> anyhow::Result<Vec<Vec<Cell>>> {
        if self == Self::Slo {
            let slo: Slo = client.read(value)?;
            return Ok((0..slo.goals.len()).map(|index| goal_row(&slo, index)).collect());
        }
        Ok(vec![self.row(client, value)?])
    }

    fn row(self, client: &Client, value: Value) -> anyhow::Result<Vec<Cell>> {
        Ok(match self {
            Self::Slo => goal_row(&client.read(value)?, 0),
            Self::Alert => alert_row(&client.read(value)?),
            Self::Incident => incident_row(&client.read(value)?),
            Self::Page => page_row(&client.read(value)?),
            Self::Change => change_row(&client.read(value)?),
            Self::Run => run_row(&client.read(value)?),
            Self::Runbook => runbook_row(&client.read(value)?),
        })
    }
}

pub(crate) fn run(args: &Args, client: &Client) -> anyhow::Result<Exit> {
    if args.check && args.kind != Kind::Slo {
        return Err(
            Failure::usage("--check asks about objectives: nines get slo NAME --check").into()
        );
    }
    let list = args.kind.list();
    let answer = client.get(&format!("/api/nines/v1/{}", list.path), &[])?;
    let all: Vec<Value> = client.read(answer)?;
    let named = |it: &Value| args.name.as_ref().is_none_or(|name| is_called(it, name, list.names));
    let found: Vec<Value> = all.into_iter().filter(named).collect();
    let shown: Vec<Value> = found.iter().take(args.limit).cloned().collect();
    show(args, &list, client, shown)?;
    if let Some(name) = args.name.as_ref().filter(|_| found.is_empty()) {
        let kind = list.path.trim_end_matches('s');
        return Err(Failure::new(missing(args), format!("there is no {kind} `{name}`")).into());
    }
    if args.limit < found.len() {
        output::note(&format!("{} more are left out (--limit)", found.len() - args.limit));
    }
    if args.kind != Kind::Slo {
        return Ok(Exit::Yes);
    }
    let slos: Vec<Slo> = client.read(Value::Array(found))?;
    if args.output.format() == Format::Table {
        output::note(&summary(&slos));
    }
    Ok(if args.check { verdict(&slos) } else { Exit::Yes })
}

/// Without the objective nobody can tell; of a listing the answer is no.
fn missing(args: &Args) -> Exit {
    if args.check { Exit::Unknown } else { Exit::No }
}

fn is_called(row: &Value, name: &str, fields: &[&str]) -> bool {
    fields.iter().filter_map(|field| row.get(*field)).any(|it| match it {
        Value::String(text) => text == name,
        Value::Number(number) => name.strip_prefix("INC-").unwrap_or(name) == number.to_string(),
        _ => false,
    })
}

fn show(args: &Args, list: &List, client: &Client, rows: Vec<Value>) -> anyhow::Result<()> {
    match args.output.format() {
        Format::Json => output::print_json(&Value::Array(rows)),
        Format::Table if rows.is_empty() => {
            output::note(&format!("no {}", list.path));
            Ok(())
        }
        Format::Table => Ok(output::print(&table(list.headers, &cells(args, client, rows)?))?),
        Format::Plain if rows.is_empty() => Ok(()),
        Format::Plain => {
            let rows = cells(args, client, rows)?.into_iter();
            let rows = rows.map(|it| it.into_iter().map(Cell::into_plain).collect());
            Ok(output::print(&plain(&rows.collect::<Vec<Vec<String>>>()))?)
        }
    }
}

fn cells(args: &Args, client: &Client, rows: Vec<Value>) -> anyhow::Result<Vec<Vec<Cell>>> {
    let rows = rows.into_iter().map(|it| args.kind.rows(client, it));
    Ok(rows.collect::<anyhow::Result<Vec<_>>>()?.concat())
}

/// One budget of an SLO.
fn goal_row(slo: &Slo, index: usize) -> Vec<Cell> {
    let Some(it) = slo.goals.get(index) else { return Vec::new() };
    let burns: Vec<String> = it.burns.iter().take(2).map(|it| burn(it.long_burn)).collect();
    let budget_paint = if it.remaining_ratio <= 0.0 { Paint::Red } else { Paint::Plain };
    let objective = match slo.goals.len() {
        1 => it.objective.clone(),
        _ => it.title(),
    };
    vec![
        state(&it.state),
        cell(&slo.service),
        cell(slo.short_name()),
        cell(objective),
        cell(&it.now),
        painted(percent(it.remaining_ratio), budget_paint),
        cell(burns.join(" / ")),
        cell(&it.empty_in),
    ]
}

fn incident_name(number: Option<u64>) -> String {
    number.map_or_else(|| "-".to_owned(), |it| format!("INC-{it}"))
}

fn alert_row(it: &Alert) -> Vec<Cell> {
    vec![
        state(&it.state),
        cell(&it.severity),
        cell(&it.service),
        cell(it.slo.as_deref().unwrap_or("-")),
        cell(maybe_clock(it.fired_at)),
        cell(incident_name(it.incident)),
        cell(&it.progress),
        cell(&it.key),
    ]
}

fn incident_row(it: &Incident) -> Vec<Cell> {
    let status =
        if it.open { painted(format!("■ {}", it.status), Paint::Red) } else { state("resolved") };
    vec![
        cell(incident_name(Some(it.number))),
        cell(&it.severity),
        status,
        cell(&it.service),
        cell(maybe_clock(it.opened_at)),
        cell(it.acknowledged_by.as_deref().unwrap_or("-")),
        cell(&it.title),
    ]
}

fn page_row(it: &Page) -> Vec<Cell> {
    let repeat = if it.possible_repeat { ", may be a repeat" } else { "" };
    let shown =
        if it.waits { painted("■ waits", Paint::Red) } else { cell(format!("  {}", it.state)) };
    vec![
        shown,
        cell(clock(it.at)),
        cell(&it.person),
        cell(&it.channel),
        cell(incident_name(it.incident)),
        cell(it.acknowledged_by.as_deref().unwrap_or("-")),
        cell(format!("{}{repeat}", it.subject)),
    ]
}

fn change_row(it: &Change) -> Vec<Cell> {
    vec![
        cell(clock(it.started)),
        cell(it.kind.to_lowercase()),
        cell(&it.service),
        cell(it.version.as_deref().unwrap_or("-")),
        cell(it.author.as_deref().unwrap_or("-")),
        cell(&it.summary),
    ]
}

fn run_row(it: &Run) -> Vec<Cell> {
    let settled =
        it.steps.iter().filter(|it| !matches!(it.status.as_str(), "pending" | "under way"));
    vec![
        state(&it.status),
        cell(&it.runbook),
        cell(&it.by),
        cell(incident_name(it.incident)),
        cell(maybe_clock(it.started_at)),
        cell(format!("{} of {}", settled.count(), it.steps.len())),
        cell(&it.id),
    ]
}

fn runbook_row(it: &Runbook) -> Vec<Cell> {
    vec![
        cell(&it.name),
        cell(&it.title),
        cell(it.services.join(", ")),
        cell(it.steps.to_string()),
        cell(&it.origin),
    ]
}

/// How many need whom, and what to look at next.
fn summary(slos: &[Slo]) -> String {
    let count =
        |words: &[&str]| slos.iter().filter(|it| words.contains(&it.state.as_str())).count();
    let need = count(&["page", "spent"]);
    let (tickets, unknown) = (count(&["ticket"]), count(&["no data", "no events"]));
    let mut parts = vec![format!("{need} need a person"), format!("{tickets} tickets")];
    if 0 < unknown {
        parts.push(format!("{unknown} without data"));
    }
    parts.push(format!("{} fine", slos.len() - need - tickets - unknown));
    let next =
        slos.first().map_or(String::new(), |it| format!("    next: nines describe slo {}", it.slo));
    format!("{} SLOs: {}{next}", slos.len(), parts.join(", "))
}

/// What is worse decides: no before cannot tell.
fn verdict(slos: &[Slo]) -> Exit {
    let is_bad = |it: &Slo| it.goals.iter().any(|it| it.remaining_ratio <= 0.0);
    let is_unknown = |it: &Slo| matches!(it.state.as_str(), "no data" | "no events");
    if slos.iter().any(|it| !is_unknown(it) && is_bad(it)) {
        Exit::No
    } else if slos.is_empty() || slos.iter().any(is_unknown) {
        Exit::Unknown
    } else {
        Exit::Yes
    }
}
