//! `nines run`: starts runbooks, follows them, and answers the steps that wait for a person.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::api::{Run, Step};
use crate::client::{Client, segment};
use crate::exit::{Exit, Failure};
use crate::incident::Number;
use crate::output::{self, Format, OutputArgs, mark};

/// How often a run is looked at while it goes on.
const LOOK: Duration = Duration::from_millis(300);
/// How many lines of a step's output are shown; the page of the run has all.
const LINES_MAX: usize = 20;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    start: StartArgs,
}

#[derive(Debug, clap::Args)]
struct StartArgs {
    /// The runbook's name; `nines get runbook` lists them
    #[arg(required = true)]
    runbook: Option<String>,
    /// For which incident
    #[arg(long)]
    incident: Option<Number>,
    /// Why, when there is no incident
    #[arg(long)]
    reason: Option<String>,
    /// A value for an input of the runbook; may be given several times
    #[arg(long = "input", value_name = "NAME=VALUE", value_parser = input)]
    inputs: Vec<(String, String)>,
    /// Follow the run until it ends, or waits for a person
    #[arg(long)]
    wait: bool,
    /// Follow it so long at most, in seconds
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    wait_max: u64,
    /// Who starts it; else the demo's person, else your user name
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show how far a run is
    Status {
        run: String,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Answer the step that waits
    Answer {
        run: String,
        step: String,
        answer: Answer,
        /// Needed to skip a step
        #[arg(long)]
        reason: Option<String>,
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// End a run before its end
    Abort {
        run: String,
        #[arg(long)]
        reason: String,
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
}

/// What a person says about a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Answer {
    /// It is done
    Done,
    /// It is not done
    NotDone,
    /// Do it again, whatever the last attempt did
    RunAgain,
    /// Go on without it
    Skip,
}

fn input(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("`{text}` is not NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(crate) fn run(args: Args, client: &Client) -> anyhow::Result<Exit> {
    match args.verb {
        None => start(&args.start, client),
        Some(Verb::Status { run, output }) => {
            let answer = client.get(&path(&run), &[])?;
            if output.format() == Format::Json {
                output::print_json(&answer)?;
                return Ok(Exit::Yes);
            }
            let run: Run = client.read(answer)?;
            output::print(&text(&run))?;
            Ok(exit_of(&run))
        }
        Some(Verb::Answer { run, step, answer, reason, by }) => {
            let answer = match answer {
                Answer::Done => "done",
                Answer::NotDone => "not-done",
                Answer::RunAgain => "run-again",
                Answer::Skip => "skip",
            };
            let by = client.by(by.as_deref());
            let body = json!({ "step": step, "answer": answer, "reason": reason, "by": by });
            settle(client, client.post(&format!("{}/answer", path(&run)), &body)?)
        }
        Some(Verb::Abort { run, reason, by }) => {
            let body = json!({ "reason": reason, "by": client.by(by.as_deref()) });
            settle(client, client.post(&format!("{}/abort", path(&run)), &body)?)
        }
    }
}

fn path(run: &str) -> String {
    format!("/api/nines/v1/runs/{}", segment(run))
}

/// Shows the run after an answer; the answer itself succeeded.
fn settle(client: &Client, answer: Value) -> anyhow::Result<Exit> {
    let run: Run = client.read(answer)?;
    output::print(&text(&run))?;
    output::note(&format!("next: nines run status {}", run.id));
    Ok(Exit::Yes)
}

fn start(args: &StartArgs, client: &Client) -> anyhow::Result<Exit> {
    let Some(runbook) = &args.runbook else {
        return Err(Failure::usage("which runbook? `nines get runbook` lists them").into());
    };
    let inputs: BTreeMap<&str, &str> =
        args.inputs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let body = json!({
        "runbook": runbook,
        "inputs": inputs,
        "incident": args.incident.map(|it| it.0),
        "reason": args.reason,
        "by": client.by(args.by.as_deref()),
    });
    let run: Run = client.read(client.post("/api/nines/v1/runs", &body)?)?;
    output::print(&format!("run {} of {}, {} steps", run.id, run.runbook, run.steps.len()))?;
    if !args.wait {
        output::note(&format!("next: nines run status {}", run.id));
        return Ok(Exit::Yes);
    }
    follow(client, run, Duration::from_secs(args.wait_max))
}

/// Prints each step as it settles.
fn follow(client: &Client, mut run: Run, wait_max: Duration) -> anyhow::Result<Exit> {
    let began = Instant::now();
    let mut shown = 0;
    loop {
        let settled = run
            .steps
            .iter()
            .take_while(|it| !matches!(it.status.as_str(), "pending" | "under way"));
        let settled: Vec<&Step> = settled.collect();
        for step in settled.iter().skip(shown) {
            output::print(&step_text(step))?;
        }
        // A step that waits for its answer is shown again with the answer.
        shown = settled.len().saturating_sub(usize::from(run.waiting.is_some()));
        if run.ended || run.waiting.is_some() {
            output::print(&ending(&run))?;
            return Ok(exit_of(&run));
        }
        if wait_max < began.elapsed() {
            let message = format!("the run goes on; see `nines run status {}`", run.id);
            return Err(Failure::new(Exit::Unknown, message).into());
        }
        std::thread::sleep(LOOK);
        run = client.read(client.get(&path(&run.id), &[])?)?;
    }
}

/// 0: succeeded, 1: failed or aborted, 3: nobody knows yet.
fn exit_of(run: &Run) -> Exit {
    match run.status.as_str() {
        "succeeded" => Exit::Yes,
        "failed" | "aborted" => Exit::No,
        _ => Exit::Unknown,
    }
}

fn text(run: &Run) -> String {
    let mut lines = vec![format!("run {} of {} by {}", run.id, run.runbook, run.by)];
    lines.extend(run.steps.iter().map(step_text));
    lines.push(ending(run));
    lines.join("\n")
}

fn step_text(step: &Step) -> String {
    let (mark, paint) = mark(&step.status);
    let took = step.took_seconds.map_or(String::new(), |it| format!(", {it:.1} s"));
    let attempts =
        if 1 < step.attempts { format!(", {} attempts", step.attempts) } else { String::new() };
    let by = step.answered_by.as_ref().map_or(String::new(), |it| format!(", answered by {it}"));
    let outcome = step.outcome.as_ref().map_or(String::new(), |it| format!(": {it}"));
    let head = paint.on(&format!("{mark} {}", step.status));
    let mut lines =
        vec![format!("{head}  {} ({}){outcome}{took}{attempts}{by}", step.name, step.kind)];
    for stream in [&step.stdout, &step.stderr] {
        let all: Vec<&str> = stream.lines().collect();
        let omitted = all.len().saturating_sub(LINES_MAX);
        if 0 < omitted {
            lines.push(format!("    ({omitted} lines before)"));
        }
        lines.extend(all.iter().skip(omitted).map(|it| format!("    {it}")));
    }
    lines.join("\n")
}

fn ending(run: &Run) -> String {
    match &run.waiting {
        Some(waiting) => format!(
            "▲ waits for a person at `{}`: {}\nnext: nines run answer {} {} {}",
            waiting.step,
            waiting.why,
            run.id,
            waiting.step,
            waiting.answers.join("|")
        ),
        None => run.status.clone(),
    }
}
