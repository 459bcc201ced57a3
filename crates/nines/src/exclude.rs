//! `nines exclude`: a stretch of time that does not count, or counts otherwise, with who said so and why.

use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::client::{Client, segment};
use crate::exit::{Exit, Failure};
use crate::output::{self, Cell, Format, OutputArgs, cell, plain, table};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Whose counts: `service/slo`, where `*` stands for any part
    slo: Option<String>,
    /// The beginning
    #[arg(long, value_name = "TIME", required_unless_present_any = ["list", "withdraw"])]
    from: Option<Timestamp>,
    /// The end
    #[arg(long, value_name = "TIME", required_unless_present_any = ["list", "withdraw"])]
    to: Option<Timestamp>,
    /// Why
    #[arg(long, required_unless_present_any = ["list", "withdraw"])]
    reason: Option<String>,
    /// These counts hold instead, such as `good=9990,total=10000`
    #[arg(long, value_name = "COUNTS", value_parser = correction)]
    correct: Option<Correction>,
    /// A link to what shows it
    #[arg(long, value_name = "URL")]
    evidence: Option<String>,
    /// What to call it; else nines chooses
    #[arg(long)]
    name: Option<String>,
    /// Who is answerable; else your user name
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Burn alerts go on in it
    #[arg(long)]
    keep_alerts: bool,
    /// The revision that it replaces
    #[arg(long, value_name = "NUMBER")]
    revision: Option<u64>,
    /// List what is recorded and written
    #[arg(long, conflicts_with_all = ["from", "to", "reason", "withdraw"])]
    list: bool,
    /// Withdraw the one of this name
    #[arg(long, value_name = "NAME", requires = "revision", conflicts_with_all = ["from", "to", "slo"])]
    withdraw: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

/// The counts of a correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Correction {
    good: u64,
    total: u64,
}

/// `good=9,total=10`, in any order.
fn correction(text: &str) -> Result<Correction, String> {
    let part = |wanted: &str| {
        let parts = text.split(',').filter_map(|it| it.trim().split_once('='));
        parts.into_iter().find(|(name, _)| *name == wanted).and_then(|(_, it)| it.parse().ok())
    };
    let counts = part("good").zip(part("total")).filter(|_| text.matches('=').count() == 2);
    let counts = counts.map(|(good, total)| Correction { good, total });
    counts.ok_or_else(|| "write whole numbers, such as good=9990,total=10000".to_owned())
}

/// The parts of the answer that are shown.
#[derive(Debug, Deserialize)]
struct Exclusion {
    name: String,
    slo: String,
    when: String,
    kind: String,
    good: Option<u64>,
    total: Option<u64>,
    author: String,
    reason: String,
    origin: Option<String>,
    revision: Option<u64>,
}

pub(crate) fn run(args: &Args, client: &Client) -> anyhow::Result<Exit> {
    if args.list {
        return list(args, client);
    }
    if let (Some(name), Some(revision)) = (&args.withdraw, args.revision) {
        return withdraw(args, client, (name, revision));
    }
    let Some(slo) = &args.slo else {
        return Err(Failure::usage("say whose counts: nines exclude service/slo --from …").into());
    };
    let body = json!({
        "name": args.name,
        "slo": slo,
        "from": args.from.map(|it| it.to_string()),
        "to": args.to.map(|it| it.to_string()),
        "kind": if args.correct.is_some() { "correct" } else { "exclude" },
        "good": args.correct.map(|it| it.good),
        "total": args.correct.map(|it| it.total),
        "alerts": if args.keep_alerts { "keep" } else { "mute" },
        "author": client.by(args.by.as_deref()),
        "reason": args.reason,
        "evidence": args.evidence,
        "revision": args.revision,
    });
    let answer = client.post("/api/nines/v1/exclusions", &body)?;
    if args.output.format() == Format::Json {
        output::print_json(&answer)?;
        return Ok(Exit::Yes);
    }
    let it: Exclusion = client.read(answer)?;
    let revision = it.revision.unwrap_or(0);
    output::print(&format!(
        "{}  {} {}: {}\n  withdraw with: nines exclude --withdraw {} --revision {revision}",
        it.name,
        it.slo,
        effect(&it),
        it.when,
        it.name
    ))?;
    Ok(Exit::Yes)
}

fn effect(it: &Exclusion) -> String {
    match (it.good, it.total) {
        (Some(good), Some(total)) => format!("counts as {good} good of {total}"),
        _ => "does not count".to_owned(),
    }
}

fn withdraw(args: &Args, client: &Client, (name, revision): (&str, u64)) -> anyhow::Result<Exit> {
    let path = format!("/api/nines/v1/exclusions/{}", segment(name));
    let (revision, by) = (revision.to_string(), client.by(args.by.as_deref()));
    let query = [("revision", revision.as_str()), ("by", by.as_str())];
    let answer = client.ask(Method::DELETE, &path, &query, None)?;
    if !answer.status.is_success() {
        return Err(client.refusal(&answer).into());
    }
    output::print(&format!("withdrawn: {name}"))?;
    Ok(Exit::Yes)
}

fn list(args: &Args, client: &Client) -> anyhow::Result<Exit> {
    let query: Vec<(&str, &str)> = args.slo.iter().map(|it| ("slo", it.as_str())).collect();
    let answer = client.get("/api/nines/v1/exclusions", &query)?;
    if args.output.format() == Format::Json {
        output::print_json(&answer)?;
        return Ok(Exit::Yes);
    }
    let exclusions: Vec<Exclusion> = client.read(answer)?;
    let rows: Vec<Vec<Cell>> = exclusions.iter().map(row).collect();
    match args.output.format() {
        _ if rows.is_empty() => output::note("no exclusions"),
        Format::Plain => {
            let rows: Vec<Vec<String>> =
                rows.into_iter().map(|it| it.into_iter().map(Cell::into_plain).collect()).collect();
            output::print(&plain(&rows))?;
        }
        Format::Table | Format::Json => {
            let headers = ["NAME", "SLO", "KIND", "WHEN (UTC)", "BY", "REASON", "WRITTEN IN"];
            output::print(&table(&headers, &rows))?;
        }
    }
    Ok(Exit::Yes)
}

fn row(it: &Exclusion) -> Vec<Cell> {
    let place = it.origin.clone().unwrap_or_else(|| {
        it.revision.map_or_else(|| "-".to_owned(), |it| format!("revision {it}"))
    });
    [&it.name, &it.slo, &it.kind, &it.when, &it.author, &it.reason, &place].map(cell).into()
}

#[cfg(test)]
mod tests {
    use super::{Correction, correction};

    #[test]
    fn a_correction_needs_both_numbers() {
        let counts = Ok(Correction { good: 9, total: 10 });
        assert_eq!(correction("good=9,total=10"), counts);
        assert_eq!(correction("total=10, good=9"), counts);
        for wrong in ["", "good=9", "good=9,total=ten", "good=9,total=10,bad=1", "9/10"] {
            assert!(correction(wrong).is_err(), "{wrong}");
        }
    }
}
