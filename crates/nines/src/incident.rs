//! `nines incident`: what people do about an incident.

use std::str::FromStr;

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use crate::api::{IncidentDetail, Suspect};
use crate::client::Client;
use crate::exit::Exit;
use crate::output::{self, clock};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
    /// Who acts; else the demo's person, else your user name
    #[arg(long, global = true, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write something down
    Note { incident: Number, text: String },
    /// Say how bad it is
    Severity {
        incident: Number,
        /// SEV1 (worst) to SEV5
        severity: String,
        #[arg(long)]
        reason: Option<String>,
    },
    /// Say how far the response is
    Status { incident: Number, status: Status },
    /// Say that it is over
    Resolve {
        incident: Number,
        /// Needed while alerts still fire
        #[arg(long)]
        reason: Option<String>,
    },
    /// Show the changes that came before it, ranked
    Suspects { incident: Number },
    /// Show what happened
    Timeline { incident: Number },
}

/// How far the response is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Status {
    Investigating,
    Identified,
    Mitigating,
    Monitoring,
}

/// `INC-1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u64);

impl FromStr for Number {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number =
            text.strip_prefix("INC-").or_else(|| text.strip_prefix("inc-")).unwrap_or(text);
        let number = number.parse().map_err(|_| format!("`{text}` is no incident; write INC-1"));
        number.map(Self)
    }
}

pub(crate) fn run(args: &Args, client: &Client) -> anyhow::Result<Exit> {
    let by = client.by(args.by.as_deref());
    let (number, verb, body, done) = match &args.verb {
        Verb::Note { incident, text } => {
            (incident, "note", json!({ "text": text, "by": by }), "noted")
        }
        Verb::Severity { incident, severity, reason } => {
            let body = json!({ "severity": severity, "reason": reason, "by": by });
            (incident, "severity", body, "severity set")
        }
        Verb::Status { incident, status } => {
            let status = match status {
                Status::Investigating => "Investigating",
                Status::Identified => "Identified",
                Status::Mitigating => "Mitigating",
                Status::Monitoring => "Monitoring",
            };
            (incident, "status", json!({ "status": status, "by": by }), "status set")
        }
        Verb::Resolve { incident, reason } => {
            (incident, "resolve", json!({ "reason": reason, "by": by }), "resolved")
        }
        Verb::Suspects { incident } => return suspects(client, *incident),
        Verb::Timeline { incident } => return timeline(client, *incident),
    };
    let number = number.0;
    client.post(&format!("/api/nines/v1/incidents/{number}/{verb}"), &body)?;
    output::print(&format!("INC-{number} {done} by {by}"))?;
    output::note(&match verb {
        "resolve" => format!("next: nines postmortem draft INC-{number}"),
        _ => format!("next: nines describe incident INC-{number}"),
    });
    Ok(Exit::Yes)
}

fn detail(client: &Client, number: Number) -> anyhow::Result<IncidentDetail> {
    client.read(client.get(&format!("/api/nines/v1/incidents/{}", number.0), &[])?)
}

fn suspects(client: &Client, number: Number) -> anyhow::Result<Exit> {
    let detail = detail(client, number)?;
    if detail.suspects.is_empty() {
        output::note("no change is known that could have to do with it");
        return Ok(Exit::Yes);
    }
    output::print(&suspect_lines(&detail.suspects).join("\n"))?;
    Ok(Exit::Yes)
}

fn timeline(client: &Client, number: Number) -> anyhow::Result<Exit> {
    let entries = detail(client, number)?.timeline;
    let lines = entries.iter().map(|it| format!("{}  {:<8}  {}", clock(it.at), it.kind, it.text));
    output::print(&lines.collect::<Vec<_>>().join("\n"))?;
    Ok(Exit::Yes)
}

/// Changes by rank, each with what speaks for it.
pub(crate) fn suspect_lines(suspects: &[Suspect]) -> Vec<String> {
    let mut lines = Vec::new();
    for it in suspects {
        let version = it.version.as_deref().unwrap_or("");
        let author = it.author.as_deref().unwrap_or("somebody");
        lines.push(format!(
            "  {:.2}  {}  {} {} {version} by {author}: {}  [E-{}]",
            it.score,
            clock(it.started),
            it.kind,
            it.service,
            it.summary,
            it.evidence
        ));
        lines.extend(it.factors.iter().map(|it| format!("          {it}")));
    }
    lines
}

#[cfg(test)]
mod tests;
