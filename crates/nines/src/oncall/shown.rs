//! How answers about on-call are shown. Times are UTC.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::client::Client;
use crate::exit::Exit;
use crate::output::{self, Cell, Format, Paint, cell, clock, painted, percent, plain, table};

/// Who is on call for a schedule.
#[derive(Debug, Deserialize)]
struct OnCall {
    schedule: String,
    zone: String,
    shifts: Vec<Shift>,
    next: Option<String>,
    #[serde(default)]
    contacts: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Shift {
    person: String,
    until: Timestamp,
    #[serde(default)]
    source: Option<Value>,
}

impl Shift {
    /// `override O-3`, as the server names it in its parts.
    fn source(&self) -> String {
        let Some(Value::Object(parts)) = &self.source else { return "-".to_owned() };
        let part = |(kind, what): (&String, &Value)| {
            let kind = kind.to_lowercase();
            match what {
                Value::Number(number) => format!("{kind} O-{number}"),
                other => format!("{kind} {}", other.as_str().unwrap_or_default()),
            }
        };
        parts.iter().map(part).next().unwrap_or_else(|| "-".to_owned())
    }
}

fn rows(headers: &[&str], rows: Vec<Vec<Cell>>, format: Format) -> anyhow::Result<()> {
    if format == Format::Plain {
        let rows: Vec<Vec<String>> =
            rows.into_iter().map(|row| row.into_iter().map(Cell::into_plain).collect()).collect();
        output::print(&plain(&rows))?;
    } else {
        output::print(&table(headers, &rows))?;
    }
    Ok(())
}

pub(super) fn who(client: &Client, answer: Value, format: Format) -> anyhow::Result<Exit> {
    if format == Format::Json {
        output::print_json(&answer)?;
        return Ok(Exit::Yes);
    }
    let schedules: Vec<OnCall> = client.read(answer)?;
    if schedules.is_empty() {
        output::note("no schedule is configured");
        return Ok(Exit::Yes);
    }
    let mut all = Vec::new();
    for it in schedules {
        let next = it.next.unwrap_or_else(|| "-".to_owned());
        if it.shifts.is_empty() {
            let nobody = painted("■ nobody", Paint::Red);
            let dash = || cell("-");
            all.push(vec![
                cell(&it.schedule),
                nobody,
                dash(),
                cell(&next),
                cell(&it.zone),
                dash(),
                dash(),
            ]);
        }
        for shift in &it.shifts {
            let contacts = it.contacts.get(&shift.person).map(|it| it.join(", "));
            all.push(vec![
                cell(&it.schedule),
                cell(&shift.person),
                cell(clock(shift.until)),
                cell(&next),
                cell(&it.zone),
                cell(shift.source()),
                cell(contacts.filter(|it| !it.is_empty()).unwrap_or_else(|| "-".to_owned())),
            ]);
        }
    }
    let headers =
        ["SCHEDULE", "ON CALL", "UNTIL (UTC)", "NEXT", "ZONE", "BECAUSE OF", "REACHED BY"];
    rows(&headers, all, format)?;
    Ok(Exit::Yes)
}

#[derive(Debug, Deserialize)]
struct Rota {
    changes: Vec<Change>,
    offers: Vec<Offer>,
}

#[derive(Debug, Deserialize)]
struct Change {
    name: String,
    kind: String,
    schedule: Option<String>,
    what: String,
    from: Timestamp,
    until: Timestamp,
    by: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
struct Offer {
    name: String,
    schedule: String,
    from: Timestamp,
    until: Timestamp,
    by: String,
    to: Option<String>,
    taker: Option<String>,
    state: String,
    reason: String,
}

pub(super) fn changes(client: &Client, answer: Value, format: Format) -> anyhow::Result<Exit> {
    if format == Format::Json {
        output::print_json(&answer)?;
        return Ok(Exit::Yes);
    }
    let Rota { changes, offers } = client.read(answer)?;
    if changes.is_empty() && offers.is_empty() {
        output::note("nothing is changed and nothing is offered");
    }
    let mut all: Vec<Vec<Cell>> = Vec::new();
    for it in changes {
        all.push(vec![
            cell(it.name),
            cell(it.kind),
            cell(it.schedule.unwrap_or_else(|| "-".to_owned())),
            cell(it.what),
            cell(clock(it.from)),
            cell(clock(it.until)),
            cell(it.by),
            cell(it.reason),
        ]);
    }
    for it in offers {
        let to = it.taker.or(it.to).unwrap_or_else(|| "anybody".to_owned());
        all.push(vec![
            cell(it.name),
            cell(format!("swap {}", it.state)),
            cell(it.schedule),
            cell(format!("{} to {to}", it.by)),
            cell(clock(it.from)),
            cell(clock(it.until)),
            cell(it.by),
            cell(it.reason),
        ]);
    }
    rows(
        &["NAME", "KIND", "SCHEDULE", "WHAT", "FROM (UTC)", "UNTIL", "BY", "REASON"],
        all,
        format,
    )?;
    Ok(Exit::Yes)
}

/// Which findings are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Findings {
    Gaps,
    All,
}

#[derive(Debug, Deserialize)]
struct Coverage {
    findings: Vec<Finding>,
    left_out: usize,
    policies: usize,
}

#[derive(Debug, Deserialize)]
struct Finding {
    policy: String,
    routes: Vec<String>,
    from: Timestamp,
    until: Timestamp,
    verdict: String,
    cause: String,
    fix: String,
}

pub(super) fn coverage(
    client: &Client,
    answer: Value,
    which: Findings,
    format: Format,
) -> anyhow::Result<Exit> {
    if format == Format::Json {
        output::print_json(&answer)?;
    }
    let Coverage { mut findings, left_out, policies } = client.read(answer)?;
    let gaps = findings.iter().filter(|it| it.verdict == "gap").count();
    let exit = if 0 < gaps + left_out { Exit::No } else { Exit::Yes };
    if format == Format::Json {
        return Ok(exit);
    }
    if which == Findings::Gaps {
        findings.retain(|it| it.verdict == "gap");
    }
    if format == Format::Plain {
        let row = |it: &Finding| {
            vec![
                it.verdict.clone(),
                it.policy.clone(),
                it.from.to_string(),
                it.until.to_string(),
                it.cause.clone(),
                it.fix.clone(),
            ]
        };
        output::print(&plain(&findings.iter().map(row).collect::<Vec<_>>()))?;
        return Ok(exit);
    }
    for it in &findings {
        let (mark, paint) = match it.verdict.as_str() {
            "gap" => ("■ gap   ", Paint::Red),
            "thin" => ("▲ thin  ", Paint::Amber),
            _ => ("● buffer", Paint::Blue),
        };
        let times = format!("{} to {}", clock(it.from), clock(it.until));
        output::print(&format!(
            "{} {}  {times}  {}\n  fix     {}\n  routes  {}",
            paint.on(mark),
            it.policy,
            it.cause,
            it.fix,
            it.routes.join(" · ")
        ))?;
    }
    if 0 < left_out {
        output::print(&format!("{left_out} more"))?;
    }
    let thin = findings.iter().filter(|it| it.verdict == "thin").count();
    let verdict = match (policies, gaps) {
        (0, _) => "no route leads to an escalation, so no page would be sent".to_owned(),
        (_, 0) => format!("{policies} escalations: every page reaches somebody, {thin} thin"),
        (_, gaps) => format!("{policies} escalations: {gaps} gaps, {thin} thin"),
    };
    output::print(&verdict)?;
    Ok(exit)
}

#[derive(Debug, Deserialize)]
struct Proposal {
    assignments: Vec<Assignment>,
    fairness: Fairness,
}

#[derive(Debug, Deserialize)]
struct Assignment {
    from: Timestamp,
    until: Timestamp,
    people: Vec<String>,
    notes: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Fairness {
    coverage_ratio: f64,
    balance_ratio: f64,
    gini: f64,
    shares: Vec<Share>,
}

#[derive(Debug, Deserialize)]
struct Share {
    person: String,
    turns: u32,
    minutes: u64,
    part_ratio: f64,
}

pub(super) fn proposal(client: &Client, answer: Value, format: Format) -> anyhow::Result<Exit> {
    if format == Format::Json {
        output::print_json(&answer)?;
        return Ok(Exit::Yes);
    }
    let Proposal { assignments, fairness } = client.read(answer)?;
    let row = |it: &Assignment| {
        let people = if it.people.is_empty() {
            painted("■ nobody", Paint::Red)
        } else {
            cell(it.people.join(", "))
        };
        vec![cell(clock(it.from)), cell(clock(it.until)), people, cell(it.notes.join("; "))]
    };
    rows(&["FROM (UTC)", "UNTIL", "WHO", "NOTES"], assignments.iter().map(row).collect(), format)?;
    if format == Format::Plain {
        return Ok(Exit::Yes);
    }
    let share = |it: &Share| {
        let hours = format!("{} h", it.minutes / 60);
        vec![
            cell(&it.person),
            cell(it.turns.to_string()),
            cell(hours),
            cell(percent(it.part_ratio)),
        ]
    };
    rows(
        &["WHO", ">TURNS", ">TIME", ">SHARE"],
        fairness.shares.iter().map(share).collect(),
        format,
    )?;
    output::print(&format!(
        "coverage {}   balance {:.2} (1 is equal)   Gini {:.2} (0 is equal)",
        percent(fairness.coverage_ratio),
        fairness.balance_ratio,
        fairness.gini
    ))?;
    output::note("nothing is applied; --commands prints what would make it so");
    Ok(Exit::Yes)
}

pub(super) fn proposal_commands(
    client: &Client,
    answer: Value,
    schedule: &str,
) -> anyhow::Result<Exit> {
    let Proposal { assignments, .. } = client.read(answer)?;
    for it in assignments.iter().filter(|it| !it.people.is_empty()) {
        let people = it.people.join(",");
        let times = format!("--from {} --until {}", it.from, it.until);
        output::print(&format!("nines oncall override {schedule} --only {people} {times}"))?;
    }
    Ok(Exit::Yes)
}
