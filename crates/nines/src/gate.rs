//! `nines gate check`: may this change proceed now? The exit code is the answer.

use clap::Subcommand;
use reqwest::Method;
use serde_json::Value;

use crate::api::{Check, Decision, Verdict};
use crate::client::Client;
use crate::exit::Exit;
use crate::output::{self, Paint};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// 0: open, 1: closed, 3: nobody can tell
    Check(CheckArgs),
}

#[derive(Debug, clap::Args)]
struct CheckArgs {
    service: String,
    version: Option<String>,
    /// Where to
    #[arg(long, default_value = "prod")]
    env: String,
    /// What sort of change: code, config, data, flag, infra
    #[arg(long, default_value = "code")]
    kind: String,
    /// The decision as JSON
    #[arg(long)]
    json: bool,
    /// Also say what each check needs, and where the policy is written
    #[arg(long)]
    explain: bool,
}

pub(crate) fn run(args: &Args, client: &Client) -> anyhow::Result<Exit> {
    let Verb::Check(args) = &args.verb;
    let mut query =
        vec![("service", args.service.as_str()), ("env", &args.env), ("kind", &args.kind)];
    query.extend(args.version.as_deref().map(|it| ("version", it)));
    // A closed gate is an answer, whatever its status.
    let answer = client.ask(Method::GET, "/api/nines/v1/gate", &query, None)?;
    let value = serde_json::from_str::<Value>(&answer.text).ok();
    let Some(value) = value.filter(|it| it.get("verdict").is_some()) else {
        return Err(client.refusal(&answer).into());
    };
    let decision: Decision = client.read(value.clone())?;
    if args.json {
        output::print_json(&value)?;
    } else {
        output::print(&render(&decision, args.explain.then_some(Explain)))?;
    }
    Ok(match decision.verdict {
        Verdict::Open => Exit::Yes,
        Verdict::Closed => Exit::No,
        Verdict::Unknown => Exit::Unknown,
    })
}

/// Say more.
#[derive(Debug, Clone, Copy)]
struct Explain;

fn render(decision: &Decision, explain: Option<Explain>) -> String {
    let (word, paint) = match decision.verdict {
        Verdict::Open => ("open", Paint::Blue),
        Verdict::Closed => ("closed", Paint::Red),
        Verdict::Unknown => ("unknown", Paint::Amber),
    };
    let change = &decision.change;
    let version = change.version.as_ref().map_or(String::new(), |it| format!(" {it}"));
    let head = format!("{}{version} → {}", change.service, change.env);
    let mut lines =
        vec![format!("{}  {head:<48}  policy {}", paint.on(word), decision.policy.name)];
    lines.extend(decision.checks.iter().map(|it| check_line(it, explain)));
    if explain.is_some() {
        lines.push(format!("because   {}, {}", decision.cause, decision.policy.origin));
    }
    lines.join("\n")
}

fn check_line(it: &Check, explain: Option<Explain>) -> String {
    let (mark, paint) = match it.result.as_str() {
        "pass" => ("✓", Paint::Plain),
        "fail" => ("✗", Paint::Red),
        _ => ("?", Paint::Amber),
    };
    let needs = it.result != "pass" || explain.is_some();
    let need = if needs { format!(", needs {}", it.need) } else { String::new() };
    format!("  {} {}  {}{need}", paint.on(mark), it.name, it.have)
}

#[cfg(test)]
mod tests;
