//! `nines policy`: where error-budget policies stand, and what others would have done.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::Subcommand;
use serde::Deserialize;
use serde_json::json;

use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::output::{self, cell};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Which level each service is at, since when, and why
    Status(StatusArgs),
    /// What policies would have done with the deploys of the past
    Replay(ReplayArgs),
}

#[derive(Debug, clap::Args)]
struct StatusArgs {
    /// Only services that are at a level
    #[arg(long)]
    active: bool,
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct ReplayArgs {
    /// How far back
    #[arg(long, value_name = "DURATION", default_value = "28d")]
    since: String,
    /// A file with other policies; else those that rule
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, client: &Client) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Status(args) => status(args, client),
        Verb::Replay(args) => replay(args, client),
    }
}

#[derive(Debug, Deserialize)]
struct Policy {
    name: String,
    origin: String,
    mode: String,
    notes: Vec<String>,
    services: Vec<Standing>,
}

#[derive(Debug, Deserialize)]
struct Standing {
    service: String,
    level: String,
    since: Option<String>,
    because: Option<String>,
    leaving: Option<String>,
    active: Vec<String>,
    overrides_left: Option<u32>,
}

fn status(args: &StatusArgs, client: &Client) -> anyhow::Result<Exit> {
    let value = client.get("/api/nines/v1/policies", &[])?;
    if args.json {
        output::print_json(&value)?;
        return Ok(Exit::Yes);
    }
    let policies: Vec<Policy> = client.read(value)?;
    let mut rows = Vec::new();
    for policy in &policies {
        for note in &policy.notes {
            output::note(&format!("policy {} ({}): {note}", policy.name, policy.origin));
        }
        let standing = policy.services.iter().filter(|it| !args.active || !it.active.is_empty());
        rows.extend(standing.map(|it| {
            let leaving = it.leaving.as_ref().map(|at| format!("; better since {at}"));
            let left = it.overrides_left.map_or("-".to_owned(), |it| it.to_string());
            vec![
                cell(it.level.clone()),
                cell(it.service.clone()),
                cell(format!("{} {}", policy.name, policy.mode)),
                cell(it.since.clone().unwrap_or_default()),
                cell(left),
                cell(it.because.clone().unwrap_or_default() + &leaving.unwrap_or_default()),
            ]
        }));
    }
    let headers = ["LEVEL", "SERVICE", "POLICY", "SINCE", "OVERRIDES LEFT", "BECAUSE"];
    output::print(&output::table(&headers, &rows))?;
    output::note("next: nines gate history");
    Ok(Exit::Yes)
}

#[derive(Debug, Deserialize)]
struct Replay {
    from: String,
    to: String,
    policies: String,
    deploys: usize,
    held: Vec<Held>,
    levels: Vec<Span>,
}

#[derive(Debug, Deserialize)]
struct Held {
    at: String,
    service: String,
    version: Option<String>,
    because: String,
}

#[derive(Debug, Deserialize)]
struct Span {
    policy: String,
    service: String,
    level: String,
    minutes: i64,
}

fn replay(args: &ReplayArgs, client: &Client) -> anyhow::Result<Exit> {
    let against = args.against.as_ref().map(|path| {
        fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("failed to read {}: {error}", path.display())))
    });
    let body = json!({ "since": args.since, "against": against.transpose()? });
    let value = client.post("/api/nines/v1/policies/replay", &body)?;
    if args.json {
        output::print_json(&value)?;
        return Ok(Exit::Yes);
    }
    let replay: Replay = client.read(value).context("failed to read the replay")?;
    let Replay { from, to, policies, deploys, held, levels } = &replay;
    output::print(&format!("{policies}, {from} to {to}"))?;
    output::print(&format!("{} of {deploys} deploys would have been held", held.len()))?;
    for Held { at, service, version, because } in held {
        let version = version.as_deref().unwrap_or("-");
        output::print(&format!("  {at}  {service} {version}  {because}"))?;
    }
    for Span { policy, service, level, minutes } in levels {
        let (hours, rest) = (minutes / 60, minutes % 60);
        output::print(&format!("  {service} at {level} of {policy} for {hours} h {rest} min"))?;
    }
    Ok(Exit::Yes)
}
