//! `nines gate check`: may this change proceed now? The exit code is the answer.

use clap::Subcommand;
use nines_release::{Cause, Check, CheckResult, Decision, Verdict};
use reqwest::Method;
use serde_json::Value;

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
    let (change, policy) = (&decision.change, &decision.policy);
    let version = change.version.as_ref().map_or(String::new(), |it| format!(" {it}"));
    let head = format!("{}{version} → {}", change.service, change.env);
    let since = policy.since.map_or(String::new(), |it| format!(" since {it}"));
    let level = format!("policy {}, level {}{since}", policy.name, policy.level);
    let mut lines = vec![format!("{}  {head:<48}  {level}", paint.on(word))];
    lines.extend(decision.checks.iter().map(|it| check_line(it, explain)));
    let mut note = |name: &str, text: String| lines.push(format!("{name:<14} {text}"));
    if decision.cause != Cause::Policy || explain.is_some() {
        note("because", cause_words(decision));
    }
    if let Some(it) = decision.shadow {
        note("shadow", format!("policy {} would say {it}; it only watches", policy.name));
    }
    if let Some(it) = &decision.exemption {
        note("exempt", format!("{} by {}, see {}", it.claim, it.by, it.evidence));
    }
    if let Some(it) = limits(decision) {
        note("limits", it);
    }
    if let Some(it) = decision.next_possible {
        note("next possible", format!("{it}, if nothing comes between"));
    }
    if explain.is_some() {
        note("policy", format!("{} ({})", policy.origin, policy.digest));
        note("decision", decision.id.to_string());
    }
    lines.join("\n")
}

fn cause_words(decision: &Decision) -> String {
    match (&decision.applied_default, decision.waiver) {
        (Some(default), _) => format!("{}, the policy says `{default}`", decision.cause),
        (None, Some(waiver)) => format!("waiver {waiver}"),
        (None, None) => decision.cause.to_string(),
    }
}

fn limits(decision: &Decision) -> Option<String> {
    let it = &decision.limits;
    let step = it.max_step.as_ref().map(|it| format!("steps of at most {it}"));
    let bake = it.min_bake.as_ref().map(|it| format!("each at least {it}"));
    let batch = it.batch.as_ref().map(|it| format!("one change in {it}"));
    let approvals = (0 < it.approvals).then(|| format!("{} approvals", it.approvals));
    let all: Vec<String> = [step, bake, batch, approvals].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(", "))
}

fn check_line(it: &Check, explain: Option<Explain>) -> String {
    let (mark, paint) = match it.result {
        CheckResult::Pass => ("✓", Paint::Plain),
        CheckResult::Fail => ("✗", Paint::Red),
        CheckResult::Unknown => ("?", Paint::Amber),
    };
    let needs = it.result != CheckResult::Pass || explain.is_some();
    let need = if needs { format!(", needs {}", it.need) } else { String::new() };
    format!("  {} {:<14} {}{need}", paint.on(mark), it.name, it.have)
}

#[cfg(test)]
mod tests;
