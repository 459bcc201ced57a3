//! `nines audit verify`: every record of the journal follows from the one before it.

use std::path::PathBuf;

use clap::Subcommand;
use nines_engine::audit;
use nines_store::{JournalPlace, PostgresPlace};
use serde_json::Value;

use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::output;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Recompute the hash chain of all facts: 0 it holds, 1 it does not
    Verify(VerifyArgs),
}

#[derive(Debug, clap::Args)]
struct VerifyArgs {
    /// A data folder, or a copy of one; else the server is asked
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The journal in this database: postgres://USER@HOST/DATABASE
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    journal: Option<String>,
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(
    args: &Args,
    open: impl FnOnce() -> anyhow::Result<Client>,
) -> anyhow::Result<Exit> {
    let Verb::Verify(args) = &args.verb;
    let value = match (&args.data, &args.journal) {
        (Some(folder), _) => verify(&JournalPlace::Folder(folder.clone()))?,
        (None, Some(url)) => {
            let place = PostgresPlace::parse(url);
            let place = place.map_err(|error| Failure::usage(format!("--journal: {error}")))?;
            verify(&JournalPlace::Postgres(place))?
        }
        (None, None) => open()?.get("/api/nines/v1/audit", &[])?,
    };
    let holds = value.get("holds").and_then(Value::as_bool) == Some(true);
    if args.json {
        output::print_json(&value)?;
    } else {
        output::print(&render(&value))?;
    }
    Ok(if holds { Exit::Yes } else { Exit::No })
}

fn verify(place: &JournalPlace) -> anyhow::Result<Value> {
    let mut reader = place.reader()?;
    Ok(match audit(|after, count_max| reader.read(after, count_max)) {
        Ok(audit) => audit.shown(),
        Err(error) => serde_json::json!({ "holds": false, "problem": error.to_string() }),
    })
}

fn render(value: &Value) -> String {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
    if value.get("holds").and_then(Value::as_bool) != Some(true) {
        return format!("broken   {}", text("problem"));
    }
    let records = value.get("records").and_then(Value::as_u64).unwrap_or(0);
    let kinds = value.get("kinds").and_then(Value::as_object);
    let kinds = kinds.into_iter().flatten().map(|(kind, count)| format!("{count} {kind}"));
    let kinds: Vec<String> = kinds.collect();
    let transitions = value.get("transitions").and_then(Value::as_u64).unwrap_or(0);
    let buckets = value.get("buckets").and_then(Value::as_object);
    let buckets = buckets.into_iter().flatten().map(|(bucket, count)| format!("{count} {bucket}"));
    let buckets: Vec<String> = buckets.collect();
    format!(
        "holds    {records} records, {} to {}\nof       {}\nalerts   {transitions} transitions: {}\nhead     {}",
        text("first"),
        text("last"),
        kinds.join(", "),
        buckets.join(", "),
        text("head")
    )
}
