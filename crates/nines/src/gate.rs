//! `nines gate`: may this change proceed now? The exit code is the answer, and every output says the same.

mod outputs;
mod render;

use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use nines_base::parse_duration;
use nines_release::{Decision, Verdict, Waiver};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Client;
use crate::environment::Environment;
use crate::exit::{Exit, Failure, exit_of};
use crate::output::{self, cell};
use outputs::{Answer, Output, Outputs};
use render::{Explain, render};

/// While it waits for a gate that is closed, it asks so often.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// What is older says nothing about now.
const LAST_MAX: SignedDuration = SignedDuration::from_hours(1);
/// Where decisions of one service are looked for.
const LAST_ROWS: &str = "100";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// 0: open, 1: closed, 3: nobody can tell
    Check(Box<CheckArgs>),
    /// Let one version through all the same, for a reason and a short time
    Waive(WaiveArgs),
    /// What was asked and answered, newest first
    History(HistoryArgs),
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
    /// The commit
    #[arg(long)]
    sha: Option<String>,
    /// The share of users that the next step reaches; else all of them
    #[arg(long, value_name = "PERCENT")]
    step: Option<String>,
    /// How long that step lasts
    #[arg(long, value_name = "DURATION")]
    bake: Option<String>,
    /// Who made the change
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
    /// Who approved it; may be repeated
    #[arg(long = "approved-by", value_name = "NAME")]
    approved_by: Vec<String>,
    /// What it claims to be: p0, security, revert, reliability
    #[arg(long, value_name = "CLAIM", requires = "evidence")]
    exempt: Option<String>,
    /// Where that can be read
    #[arg(long, value_name = "LINK")]
    evidence: Option<String>,
    /// Who claims it; else your user name
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// What would have been answered then: RFC 3339, or `-2h`
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, conflicts_with = "wait")]
    at: Option<String>,
    /// While it is closed, ask again for so long
    #[arg(long, value_name = "DURATION")]
    wait: Option<String>,
    /// What an unknown answer counts as; without this it ends with 3
    #[arg(long, value_enum, value_name = "WHAT")]
    on_unknown: Option<OnUnknown>,
    /// Where else to tell it: github, gitlab, junit
    #[arg(long, value_enum, value_delimiter = ',')]
    output: Vec<Output>,
    /// The file of `--output junit` and `gitlab`
    #[arg(long, value_name = "FILE", default_value = "nines-gate.xml")]
    junit_file: std::path::PathBuf,
    /// The file of variables of `--output gitlab`
    #[arg(long, value_name = "FILE", default_value = "nines-gate.env")]
    dotenv_file: std::path::PathBuf,
    /// The decision as JSON
    #[arg(long)]
    json: bool,
    /// Also say what each check needs, and where the policy is written
    #[arg(long)]
    explain: bool,
}

/// What an unknown answer counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OnUnknown {
    Open,
    Closed,
    /// The last known answer for this service and place, at most an hour old
    Last,
}

#[derive(Debug, clap::Args)]
struct WaiveArgs {
    service: String,
    version: String,
    /// Where to
    #[arg(long, default_value = "prod")]
    env: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// Where the reason can be read
    #[arg(long, value_name = "LINK")]
    evidence: String,
    /// Who says yes: neither you nor the author
    #[arg(long = "approved-by", value_name = "NAME")]
    approved_by: String,
    /// Who made the change; else who asks
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
    /// Who asks; else your user name
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// For how long; else as long as the policy allows
    #[arg(long, value_name = "DURATION")]
    expires: Option<String>,
}

#[derive(Debug, clap::Args)]
struct HistoryArgs {
    service: Option<String>,
    /// Where to
    #[arg(long)]
    env: Option<String>,
    /// Only these: open, closed, unknown
    #[arg(long)]
    verdict: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 20)]
    limit: usize,
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(
    args: &Args,
    environment: &Environment,
    open: impl FnOnce() -> anyhow::Result<Client>,
) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Check(args) => check(args, environment, open),
        Verb::Waive(args) => waive(args, &open()?),
        Verb::History(args) => history(args, &open()?),
    }
}

/// Before anything is asked every output says *unknown*, so that whoever kills this finds no stale *open*.
fn check(
    args: &CheckArgs,
    environment: &Environment,
    open: impl FnOnce() -> anyhow::Result<Client>,
) -> anyhow::Result<Exit> {
    let outputs = Outputs {
        kinds: &args.output,
        junit: &args.junit_file,
        dotenv: &args.dotenv_file,
        github_output: environment.github_output.as_deref(),
        github_summary: environment.github_summary.as_deref(),
    };
    let begun = outputs.begin(&args.service)?;
    let client = match open() {
        Ok(client) => client,
        Err(error) => return unanswered(args, &begun, &error, None),
    };
    let answered = ask_until_known(args, &client);
    let value = match answered {
        Ok(value) => value,
        Err(error) => return unanswered(args, &begun, &error, Some(&client)),
    };
    let decision: Decision = client.read(value.clone())?;
    let (verdict, default) = match decision.verdict {
        Verdict::Unknown => settle(args, Some(&client)),
        verdict => (verdict, None),
    };
    let mut value = value;
    if let Some(default) = &default {
        value["applied_default"] = json!(default);
    }
    begun.end(&Answer::Decided { decision: &decision, verdict, default: default.clone() })?;
    if args.json {
        output::print_json(&value)?;
    } else {
        output::print(&render(&decision, args.explain.then_some(Explain)))?;
        if let Some(default) = default {
            output::print(&format!("counts as      {verdict}, because of --{default}"))?;
        }
    }
    Ok(exit(verdict))
}

fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Open => Exit::Yes,
        Verdict::Closed => Exit::No,
        Verdict::Unknown => Exit::Unknown,
    }
}

/// There is no decision. What was refused is no *unknown*: a wrong question must not count as an answer.
fn unanswered(
    args: &CheckArgs,
    begun: &outputs::Begun<'_>,
    error: &anyhow::Error,
    client: Option<&Client>,
) -> anyhow::Result<Exit> {
    let problem = format!("{error:#}");
    let code = exit_of(error);
    if code != Exit::Unknown {
        begun.end(&Answer::Unanswered { problem: &problem, verdict: Verdict::Unknown })?;
        return Err(Failure::new(code, problem).into());
    }
    let (verdict, default) = settle(args, client);
    begun.end(&Answer::Unanswered { problem: &problem, verdict })?;
    if args.json {
        output::print_json(&json!({
            "verdict": Verdict::Unknown,
            "cause": "unreachable",
            "change": {
                "service": args.service,
                "env": args.env,
                "version": args.version,
                "sha": args.sha,
                "kind": args.kind,
            },
            "checks": [],
            "applied_default": default,
            "problem": problem,
        }))?;
    } else {
        output::print(&format!("unknown  {} → {}: {problem}", args.service, args.env))?;
    }
    if let Some(default) = default {
        output::note(&format!("counts as {verdict}, because of --{default}"));
    }
    Ok(exit(verdict))
}

/// What an unknown answer counts as, and what said so.
fn settle(args: &CheckArgs, client: Option<&Client>) -> (Verdict, Option<String>) {
    let said = |verdict: Verdict| (verdict, Some(format!("on-unknown {verdict}")));
    match args.on_unknown {
        None => (Verdict::Unknown, None),
        Some(OnUnknown::Open) => said(Verdict::Open),
        Some(OnUnknown::Closed) => said(Verdict::Closed),
        Some(OnUnknown::Last) => match client.and_then(|it| last(args, it)) {
            Some(last) => {
                let default = format!("on-unknown last: {} of {}", last.verdict, last.at);
                (last.verdict, Some(default))
            }
            None => (Verdict::Unknown, None),
        },
    }
}

/// The last answer for this change's service and place that was known, if it is not too old.
fn last(args: &CheckArgs, client: &Client) -> Option<Decision> {
    let query = [("service", args.service.as_str()), ("env", &args.env), ("limit", LAST_ROWS)];
    let value = client.get("/api/nines/v1/decisions", &query).ok()?;
    let decisions: Vec<Decision> = client.read(value).ok()?;
    let oldest = Timestamp::now() - LAST_MAX;
    decisions.into_iter().find(|it| it.verdict != Verdict::Unknown && oldest <= it.at)
}

/// Asks once, or until it is not closed any more.
fn ask_until_known(args: &CheckArgs, client: &Client) -> anyhow::Result<Value> {
    let wait = args.wait.as_deref().map(duration).transpose()?;
    let until = wait.map(|it| Timestamp::now() + it);
    let at = args.at.as_deref().map(instant).transpose()?.map(|it| it.to_string());
    let by = client.by(args.by.as_deref());
    let approvals = args.approved_by.join(",");
    let mut query =
        vec![("service", args.service.as_str()), ("env", &args.env), ("kind", &args.kind)];
    let optional = [
        ("version", &args.version),
        ("sha", &args.sha),
        ("step", &args.step),
        ("bake", &args.bake),
        ("author", &args.author),
        ("exempt", &args.exempt),
        ("evidence", &args.evidence),
        ("at", &at),
    ];
    query.extend(optional.into_iter().filter_map(|(name, it)| Some((name, it.as_deref()?))));
    if args.exempt.is_some() {
        query.push(("by", &by));
    }
    if !approvals.is_empty() {
        query.push(("approvals", &approvals));
    }
    loop {
        // A closed gate is an answer, whatever its status.
        let answer = client.ask(Method::GET, "/api/nines/v1/gate", &query, None)?;
        let value = serde_json::from_str::<Value>(&answer.text).ok();
        let Some(value) = value.filter(|it| it.get("verdict").is_some()) else {
            return Err(client.refusal(&answer).into());
        };
        let is_closed = value.get("verdict").and_then(Value::as_str) == Some("closed");
        let is_late = until.is_none_or(|it| it <= Timestamp::now());
        if !is_closed || is_late {
            return Ok(value);
        }
        client.pause(ASK_EVERY);
    }
}

fn duration(text: &str) -> anyhow::Result<SignedDuration> {
    parse_duration(text).map_err(|error| Failure::usage(error.to_string()).into())
}

/// RFC 3339, or a duration before now.
pub(crate) fn instant(text: &str) -> anyhow::Result<Timestamp> {
    if let Some(ago) = text.strip_prefix('-') {
        return Ok(Timestamp::now() - duration(ago)?);
    }
    let form = "write RFC 3339, as in 2026-06-10T15:00:00Z, or a time ago, as in -2h";
    text.parse().map_err(|_| Failure::usage(format!("`{text}` is no time; {form}")).into())
}

fn waive(args: &WaiveArgs, client: &Client) -> anyhow::Result<Exit> {
    let body = json!({
        "service": args.service,
        "version": args.version,
        "env": args.env,
        "reason": args.reason,
        "evidence": args.evidence,
        "by": client.by(args.by.as_deref()),
        "author": args.author,
        "approved_by": args.approved_by,
        "expires": args.expires,
    });
    let mut answer = client.post("/api/nines/v1/waivers", &body)?;
    let left = answer.get("left").and_then(Value::as_u64);
    let waiver: Waiver = client.read(answer["waiver"].take())?;
    output::print(&format!(
        "{}  {} {} → {} until {}, approved by {}",
        waiver.id, waiver.service, waiver.version, waiver.env, waiver.until, waiver.approved_by
    ))?;
    if let Some(left) = left {
        output::note(&format!("team {} has {left} left in {}", waiver.team, waiver.quarter));
    }
    output::note(&format!("next: nines gate check {} {}", waiver.service, waiver.version));
    Ok(Exit::Yes)
}

fn history(args: &HistoryArgs, client: &Client) -> anyhow::Result<Exit> {
    let limit = args.limit.to_string();
    let mut query = vec![("limit", limit.as_str())];
    let optional = [("service", &args.service), ("env", &args.env), ("verdict", &args.verdict)];
    query.extend(optional.into_iter().filter_map(|(name, it)| Some((name, it.as_deref()?))));
    let value = client.get("/api/nines/v1/decisions", &query)?;
    if args.json {
        output::print_json(&value)?;
        return Ok(Exit::Yes);
    }
    let decisions: Vec<Decision> = client.read(value)?;
    let rows: Vec<_> = decisions
        .iter()
        .map(|it| {
            vec![
                cell(it.at.to_string()),
                cell(it.verdict.to_string()),
                cell(it.change.service.clone()),
                cell(it.change.version.clone().unwrap_or_default()),
                cell(it.change.env.clone()),
                cell(format!("{} {}", it.policy.name, it.policy.level)),
                cell(it.line()),
            ]
        })
        .collect();
    let headers = ["AT", "GATE", "SERVICE", "VERSION", "ENV", "POLICY", "BECAUSE"];
    output::print(&output::table(&headers, &rows))?;
    Ok(Exit::Yes)
}
