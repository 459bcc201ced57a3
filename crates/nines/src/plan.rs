//! `nines plan`, `nines apply`, `nines drift`: files against the configuration that decides on a server.

use std::io::{self, BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use nines_spec::{Action, DocumentChange, SourceFile, Style};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::check::unreadable;
use crate::client::{Client, segment};
use crate::exit::{Exit, Failure};
use crate::output::{self, Paint};

/// A plan plays the history of changed objectives, so it may take longer than other questions.
const PLAN_TIME_MAX: Duration = Duration::from_mins(2);
/// So wide is the line above the summary.
const RULE_WIDTH: usize = 76;
/// Stretches of duty that are shown for one schedule.
const DUTY_SHOWN_MAX: usize = 10;

#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    /// The folder of YAML and Markdown
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// How far back to look what would have been
    #[arg(long, value_name = "DURATION", default_value = "28d")]
    since: String,
    /// How to write it
    #[arg(short, long, value_enum, default_value = "table", value_name = "FORMAT")]
    output: Format,
    /// Short for `-o json`
    #[arg(long, conflicts_with = "output")]
    json: bool,
    /// End with 1 when something would change
    #[arg(long)]
    exit_code: bool,
}

/// How a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people; may change
    Table,
    /// As the server gave it; a contract
    Json,
    /// A comment for a pull request
    Markdown,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ApplyArgs {
    /// A plan, such as p-81f3c0de, or a folder to plan now
    #[arg(required_unless_present = "revision", conflicts_with = "revision")]
    what: Option<String>,
    /// Apply what this older revision said
    #[arg(long, value_name = "NUMBER")]
    revision: Option<u32>,
    /// Apply without a question
    #[arg(long)]
    yes: bool,
    /// Who does it; else your user name
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DriftArgs {
    /// The folder of YAML and Markdown
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// The differences as JSON
    #[arg(long)]
    json: bool,
}

/// What a server plans.
#[derive(Debug, Deserialize)]
struct Plan {
    id: String,
    base: Base,
    changes: Vec<Planned>,
    rendered: String,
    findings: Vec<Value>,
    summary: Summary,
    /// When a page would reach nobody that reaches somebody now.
    #[serde(default)]
    gaps: Vec<Gap>,
    not_applicable: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Gap {
    policy: String,
    from: Timestamp,
    until: Timestamp,
    cause: String,
}

#[derive(Debug, Deserialize)]
struct Base {
    revision: String,
    number: Option<u32>,
}

#[derive(Debug, Deserialize)]
struct Planned {
    #[serde(flatten)]
    change: DocumentChange,
    effects: Vec<String>,
    duty: Vec<Duty>,
}

#[derive(Debug, Deserialize)]
struct Duty {
    from: Timestamp,
    until: Timestamp,
    before: Option<String>,
    after: Option<String>,
    zone: String,
    is_soon: bool,
}

#[derive(Debug, Deserialize)]
struct Summary {
    add: usize,
    change: usize,
    delete: usize,
    warnings: usize,
}

impl Summary {
    fn is_empty(&self) -> bool {
        self.add + self.change + self.delete == 0
    }
}

/// `revision 412`; the hash for a server that follows a folder.
impl std::fmt::Display for Base {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.number {
            Some(number) => write!(f, "revision {number}"),
            None => write!(f, "revision {}", self.revision),
        }
    }
}

/// Ends with 0, with `--exit-code` with 1 when something would change, and with 2 for files that `check` refuses.
pub(crate) fn plan(args: &PlanArgs, client: &Client) -> anyhow::Result<Exit> {
    let value = ask(&args.folder, &args.since, client)?;
    let plan: Plan = client.read(value.clone())?;
    match args.output {
        _ if args.json => output::print_json(&value)?,
        Format::Json => output::print_json(&value)?,
        Format::Table => {
            output::print(&shown(&plan))?;
            next(&plan);
        }
        Format::Markdown => output::print(&markdown(&plan))?,
    }
    Ok(if args.exit_code && !plan.summary.is_empty() { Exit::No } else { Exit::Yes })
}

fn next(plan: &Plan) {
    match &plan.not_applicable {
        _ if plan.summary.is_empty() => {}
        Some(because) => output::note(&format!("cannot be applied: {because}")),
        None => output::note(&format!("Apply exactly this:  nines apply {}", plan.id)),
    }
}

/// Has the server plan what the files of a folder say.
fn ask(folder: &Path, since: &str, client: &Client) -> anyhow::Result<Value> {
    let files = files(folder)?;
    let file = |it: &SourceFile| json!({ "path": it.path, "text": it.text });
    let files: Vec<Value> = files.iter().map(file).collect();
    let body = json!({ "files": files, "since": since });
    client.post_within("/api/nines/v1/config/plans", &body, PLAN_TIME_MAX)
}

/// The files of a folder, without errors.
fn files(folder: &Path) -> anyhow::Result<Vec<SourceFile>> {
    let reading = nines_spec::read_dir(folder).map_err(unreadable)?;
    if reading.has_errors() {
        let findings = nines_spec::render(&reading.findings, &reading.sources, Style::Unicode);
        return Err(Failure::usage(format!("the files have errors\n\n{findings}")).into());
    }
    Ok(reading.sources)
}

/// Ends with 0 when it is applied, and with 5 when the server moved.
pub(crate) fn apply(args: &ApplyArgs, client: &Client) -> anyhow::Result<Exit> {
    let body = json!({ "by": client.by(args.by.as_deref()) });
    if let Some(number) = args.revision {
        let path = format!("/api/nines/v1/config/revisions/{number}/apply");
        return told(&client.post(&path, &json!({}))?, client);
    }
    let what = args.what.as_deref().unwrap_or(".");
    let id = if what.starts_with("p-") && !Path::new(what).exists() {
        what.to_owned()
    } else {
        match confirmed(args, Path::new(what), client)? {
            Some(id) => id,
            None => return Ok(Exit::Yes),
        }
    };
    let path = format!("/api/nines/v1/config/plans/{}/apply", segment(&id));
    told(&client.post_within(&path, &body, PLAN_TIME_MAX)?, client)
}

/// The id of a plan that somebody has seen and wants; nothing when there is nothing to do.
fn confirmed(args: &ApplyArgs, folder: &Path, client: &Client) -> anyhow::Result<Option<String>> {
    let plan: Plan = client.read(ask(folder, "28d", client)?)?;
    output::print(&shown(&plan))?;
    if plan.summary.is_empty() {
        return Ok(None);
    }
    if let Some(because) = plan.not_applicable {
        return Err(Failure::new(Exit::Conflict, because).into());
    }
    if args.yes {
        return Ok(Some(plan.id));
    }
    let refused = |text: &str| Failure::usage(text);
    if !io::stdin().is_terminal() {
        let text = format!("nothing was applied; `nines apply {}` applies exactly this", plan.id);
        return Err(refused(&text).into());
    }
    output::note("Apply this? Only `yes` does it:");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if answer.trim() == "yes" {
        Ok(Some(plan.id))
    } else {
        Err(refused("nothing was applied").into())
    }
}

fn told(value: &Value, client: &Client) -> anyhow::Result<Exit> {
    #[derive(Deserialize)]
    struct Applied {
        applied: Base,
        before: Base,
    }
    let Applied { applied, before } = client.read(value.clone())?;
    output::print(&format!("{applied} decides"))?;
    if let Some(number) = before.number {
        output::note(&format!("back again:  nines apply --revision {number}"));
    }
    Ok(Exit::Yes)
}

/// Ends with 0 when server and files say the same, and with 1 when they do not.
pub(crate) fn drift(args: &DriftArgs, client: &Client) -> anyhow::Result<Exit> {
    #[derive(Deserialize)]
    struct Served {
        base: Base,
        files: Vec<ServedFile>,
    }
    #[derive(Deserialize)]
    struct ServedFile {
        path: String,
        text: String,
    }
    let local = files(&args.folder)?;
    let served: Served = client.read(client.get("/api/nines/v1/config/files", &[])?)?;
    let remote = served.files.into_iter().map(|it| SourceFile { path: it.path, text: it.text });
    let remote: Vec<SourceFile> = remote.collect();
    let changes = nines_spec::compare(&remote, &local);
    if args.json {
        output::print_json(&json!({
            "base": { "revision": served.base.revision, "number": served.base.number },
            "changes": changes,
        }))?;
    } else if changes.is_empty() {
        let folder = args.folder.display();
        output::print(&format!("no drift: {} and {folder} say the same", served.base))?;
    } else {
        let mut text = String::new();
        let planned = changes.iter().cloned();
        let planned =
            planned.map(|change| Planned { change, effects: Vec::new(), duty: Vec::new() });
        write_changes(&mut text, &planned.collect::<Vec<_>>());
        let documents = if changes.len() == 1 { "document" } else { "documents" };
        text.push_str(&format!(
            "{} {documents} differ from {} of the server\n",
            changes.len(),
            served.base
        ));
        output::print(&text)?;
    }
    Ok(if changes.is_empty() { Exit::Yes } else { Exit::No })
}

fn shown(plan: &Plan) -> String {
    if plan.summary.is_empty() {
        return format!("nothing would change: the files say what {} says\n", plan.base);
    }
    let mut text = String::new();
    write_changes(&mut text, &plan.changes);
    if !plan.findings.is_empty() {
        text.push_str(&plan.rendered);
        text.push('\n');
    }
    write_gaps(&mut text, &plan.gaps);
    text.push_str(&"─".repeat(RULE_WIDTH));
    text.push('\n');
    text.push_str(&format!("Plan {} on {}:   {}\n", plan.id, plan.base, totals(&plan.summary)));
    text
}

/// Deletes are loud.
fn totals(summary: &Summary) -> String {
    let Summary { add, change, delete, warnings } = summary;
    let delete = match delete {
        0 => "0 to delete".to_owned(),
        some => Paint::Red.on(&format!("{some} TO DELETE")),
    };
    let plural = if *warnings == 1 { "" } else { "s" };
    format!("{add} to add · {change} to change · {delete} · {warnings} warning{plural}")
}

/// A page that is lost is worse than any warning.
fn write_gaps(text: &mut String, gaps: &[Gap]) {
    for it in gaps.iter().take(DUTY_SHOWN_MAX) {
        let mark = Paint::Red.on("■ gap");
        let times = format!("{} to {}", output::clock(it.from), output::clock(it.until));
        text.push_str(&format!("{mark} escalation {}, {times} UTC: {}\n", it.policy, it.cause));
    }
    let more = gaps.len().saturating_sub(DUTY_SHOWN_MAX);
    if 0 < more {
        text.push_str(&format!("{more} more gaps\n"));
    }
}

/// Grouped by file.
fn write_changes(text: &mut String, changes: &[Planned]) {
    let mut file = None;
    for planned in changes {
        let change = &planned.change;
        if file != Some(&change.file) {
            text.push_str(&format!("{}\n", change.file));
            file = Some(&change.file);
        }
        let head = format!("{} {} {}", sign(change.action), change.kind, change.name);
        let head = if change.action == Action::Deleted { Paint::Red.on(&head) } else { head };
        let mut fields = change.fields.iter().map(|it| {
            let old = it.before.as_deref().unwrap_or("nothing");
            let new = it.after.as_deref().unwrap_or("nothing");
            format!("{}  {old} → {new}", it.path)
        });
        match (fields.next(), change.fields.len()) {
            (Some(only), 1) => text.push_str(&format!("  {head}   {only}\n")),
            (Some(first), _) => {
                text.push_str(&format!("  {head}\n      {first}\n"));
                fields.for_each(|it| text.push_str(&format!("      {it}\n")));
            }
            (None, _) => text.push_str(&format!("  {head}\n")),
        }
        for effect in &planned.effects {
            text.push_str(&format!("      {effect}\n"));
        }
        write_duty(text, &planned.duty);
    }
}

fn sign(action: Action) -> &'static str {
    match action {
        Action::Added => "+",
        Action::Changed => "~",
        Action::Deleted => "-",
    }
}

fn write_duty(text: &mut String, duty: &[Duty]) {
    let Some(first) = duty.first() else { return };
    let zone = TimeZone::get(&first.zone).unwrap_or(TimeZone::UTC);
    let when = |at: Timestamp| zone.to_datetime(at).strftime("%a %d %b %H:%M").to_string();
    let person = |it: &Option<String>| it.clone().unwrap_or_else(|| "nobody".to_owned());
    let rows = duty.iter().take(DUTY_SHOWN_MAX).map(|it| {
        let mark = if it.is_soon { "   ← within 48 h" } else { "" };
        let (from, until) = (when(it.from), when(it.until));
        let (before, after) = (person(&it.before), person(&it.after));
        format!("      {from} – {until}   {before} → {after}{mark}\n")
    });
    text.push_str(&format!("      on call ({}), before → after\n", first.zone));
    rows.for_each(|it| text.push_str(&it));
    if DUTY_SHOWN_MAX < duty.len() {
        text.push_str(&format!("      {} more\n", duty.len() - DUTY_SHOWN_MAX));
    }
}

/// A comment for a pull request: the summary first, since it is folded.
fn markdown(plan: &Plan) -> String {
    let Summary { add, change, delete, warnings } = &plan.summary;
    let mut text = format!(
        "### nines plan `{}` on {}\n\n{add} to add, {change} to change, **{delete} to delete**, {warnings} warnings\n",
        plan.id, plan.base
    );
    if plan.summary.is_empty() {
        return text;
    }
    let mut changes = String::new();
    write_changes(&mut changes, &plan.changes);
    write_gaps(&mut changes, &plan.gaps);
    let changes = anstream::adapter::strip_str(&changes).to_string();
    text.push_str(&format!("\n```\n{changes}```\n"));
    if !plan.findings.is_empty() {
        text.push_str(&format!("\n```\n{}\n```\n", plan.rendered.trim_end()));
    }
    text
}

#[cfg(test)]
mod tests;
