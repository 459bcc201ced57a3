//! `nines deploy record`: a change of a service becomes known, so that it can be suspected.

use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::json;

use crate::client::Client;
use crate::exit::Exit;
use crate::output;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Tell about a deploy; telling it again is harmless
    Record(Box<RecordArgs>),
}

/// What sort of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Deploy,
    Flag,
    Config,
    Infra,
    Traffic,
}

#[derive(Debug, clap::Args)]
struct RecordArgs {
    service: String,
    version: String,
    /// Where to
    #[arg(long, default_value = "prod")]
    env: String,
    /// What sort of change
    #[arg(long, value_enum, default_value = "deploy")]
    kind: Kind,
    /// Who did it; else your user name
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// What changed, in one line
    #[arg(long, default_value = "")]
    summary: String,
    /// The commit
    #[arg(long)]
    sha: Option<String>,
    /// Where to read more
    #[arg(long)]
    url: Option<String>,
    /// The pipeline's own id for it
    #[arg(long)]
    id: Option<String>,
    /// When it began; else now
    #[arg(long, value_name = "TIME")]
    started: Option<Timestamp>,
    /// When it ended
    #[arg(long, value_name = "TIME")]
    finished: Option<Timestamp>,
}

pub(crate) fn run(args: &Args, client: &Client) -> anyhow::Result<Exit> {
    let Verb::Record(args) = &args.verb;
    let kind = match args.kind {
        Kind::Deploy => "deploy",
        Kind::Flag => "flag",
        Kind::Config => "config",
        Kind::Infra => "infra",
        Kind::Traffic => "traffic",
    };
    let body = json!({
        "id": args.id,
        "service": args.service,
        "version": args.version,
        "env": args.env,
        "kind": kind,
        "author": client.by(args.by.as_deref()),
        "summary": args.summary,
        "sha": args.sha,
        "url": args.url,
        "started": args.started,
        "finished": args.finished,
        "source": "cli",
    });
    let answer = client.post("/api/v1/events", &body)?;
    let is_new = answer.get("recorded").and_then(serde_json::Value::as_bool) == Some(true);
    let word = if is_new { "recorded" } else { "known already" };
    output::print(&format!("{word}: {kind} {} {}", args.service, args.version))?;
    output::note("next: nines get change");
    Ok(Exit::Yes)
}
