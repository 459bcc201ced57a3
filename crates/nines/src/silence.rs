//! `nines silence`: what nobody is told of for a while.

use clap::Subcommand;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::{Client, segment};
use crate::exit::Exit;
use crate::output::{self, Cell, Format, OutputArgs, cell, plain, table};

/// Where the server has them.
const PATH: &str = "/api/nines/v1/silences";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Hide alerts from now on
    Add(AddArgs),
    /// List the silences that hold or will
    List(ListArgs),
    /// End silences now
    Expire(ExpireArgs),
    /// Let a silence last longer, or end earlier
    Extend(ExtendArgs),
    /// Say that a silence is still wanted
    Confirm(ConfirmArgs),
    /// Show which silences hide an alert, and which nearly do
    Try(TryArgs),
}

#[derive(Debug, clap::Args)]
struct AddArgs {
    /// Such as `alertname=Down` or `team=~"shop|cart"`; all must match
    #[arg(required = true, value_name = "MATCHER")]
    matchers: Vec<String>,
    /// How long, from its start
    #[arg(long = "for", value_name = "TIME", conflicts_with = "until", default_value = "1h")]
    length: String,
    /// The end
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// The start, if it is not now
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Why
    #[arg(long, default_value = "")]
    reason: String,
    /// Who wants it; else your user name
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Whose it is; else the team that the matchers name
    #[arg(long)]
    team: Option<String>,
    /// End it when nothing that it hides has fired for five minutes
    #[arg(long)]
    until_resolved: bool,
    /// Say by then that it is still wanted, or it ends
    #[arg(long, value_name = "TIME")]
    confirm_by: Option<String>,
    /// Recur, such as `FREQ=WEEKLY;BYDAY=SU`, until the end
    #[arg(long, value_name = "RRULE", requires_all = ["lasting", "until"])]
    every: Option<String>,
    /// How long each occurrence lasts
    #[arg(long, value_name = "TIME", requires = "every")]
    lasting: Option<String>,
    /// The zone whose clock the rule means
    #[arg(long, value_name = "ZONE", requires = "every")]
    zone: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Expired ones too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
struct ExpireArgs {
    /// Which, by `sil_…` or UUID
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// Who says so; else your user name
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Debug, clap::Args)]
struct ExtendArgs {
    /// Which, by `sil_…` or UUID
    #[arg(value_name = "ID")]
    id: String,
    /// How long from now on
    #[arg(value_name = "TIME", required_unless_present = "until")]
    length: Option<String>,
    /// The new end
    #[arg(long, value_name = "TIME", conflicts_with = "length")]
    until: Option<String>,
    /// Who says so; else your user name
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
struct ConfirmArgs {
    /// Which, by `sil_…` or UUID
    #[arg(value_name = "ID")]
    id: String,
    /// To be confirmed again by then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Who says so; else your user name
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
struct TryArgs {
    /// The alert's labels, such as `alertname=Down`
    #[arg(required = true, value_name = "LABEL", value_parser = label)]
    labels: Vec<(String, String)>,
    #[command(flatten)]
    output: OutputArgs,
}

/// `name=value`, with or without quotes around the value.
fn label(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write name=value")?;
    Ok((name.trim().to_owned(), value.trim().trim_matches('"').to_owned()))
}

/// The parts of the answer that are shown.
#[derive(Debug, Deserialize)]
struct Silence {
    id: String,
    phase: String,
    matchers: Vec<String>,
    starts_at: String,
    ends_at: String,
    author: String,
    reason: String,
    hides: u64,
    ended: Option<String>,
    origin: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Tried {
    silenced_by: Vec<String>,
    near_misses: Vec<NearMiss>,
}

#[derive(Debug, Deserialize)]
struct NearMiss {
    silence: String,
    why: String,
}

pub(crate) fn run(args: &Args, client: &Client) -> anyhow::Result<Exit> {
    match &args.action {
        Action::Add(args) => add(args, client),
        Action::List(args) => list(args, client),
        Action::Expire(args) => expire(args, client),
        Action::Extend(args) => extend(args, client),
        Action::Confirm(args) => confirm(args, client),
        Action::Try(args) => attempt(args, client),
    }
}

fn add(args: &AddArgs, client: &Client) -> anyhow::Result<Exit> {
    let recurrence = args
        .every
        .as_ref()
        .map(|rule| json!({ "rule": rule, "zone": args.zone, "length": args.lasting }));
    let body = json!({
        "matchers": [args.matchers.join(",")],
        "starts_at": args.from,
        "ends_at": args.until,
        "duration": args.until.is_none().then_some(&args.length),
        "author": client.by(args.by.as_deref()),
        "reason": args.reason,
        "team": args.team,
        "until_resolved": args.until_resolved,
        "recurrence": recurrence,
        "confirm_by": args.confirm_by,
    });
    tell(client, args.output, client.post(PATH, &body)?)
}

fn extend(args: &ExtendArgs, client: &Client) -> anyhow::Result<Exit> {
    let by = client.by(args.by.as_deref());
    let body = json!({ "duration": args.length, "ends_at": args.until, "by": by });
    let answer = client.post(&format!("{PATH}/{}/extend", segment(&args.id)), &body)?;
    tell(client, args.output, answer)
}

fn confirm(args: &ConfirmArgs, client: &Client) -> anyhow::Result<Exit> {
    let body = json!({ "confirm_by": args.until, "by": client.by(args.by.as_deref()) });
    let answer = client.post(&format!("{PATH}/{}/confirm", segment(&args.id)), &body)?;
    tell(client, args.output, answer)
}

/// One silence, and how to end it.
fn tell(client: &Client, args: OutputArgs, answer: Value) -> anyhow::Result<Exit> {
    if args.format() == Format::Json {
        output::print_json(&answer)?;
        return Ok(Exit::Yes);
    }
    let it: Silence = client.read(answer)?;
    let Silence { id, phase, starts_at, ends_at, hides, .. } = &it;
    output::print(&format!(
        "{id}  {phase}, {starts_at} to {ends_at}, hides {hides} now: {}\n  end it with: nines silence expire {id}",
        it.matchers.join(" or "),
    ))?;
    Ok(Exit::Yes)
}

fn expire(args: &ExpireArgs, client: &Client) -> anyhow::Result<Exit> {
    let by = client.by(args.by.as_deref());
    for id in &args.ids {
        let path = format!("{PATH}/{}", segment(id));
        let answer = client.ask(Method::DELETE, &path, &[("by", by.as_str())], None)?;
        if !answer.status.is_success() {
            return Err(client.refusal(&answer).into());
        }
        output::print(&format!("ended: {id}"))?;
    }
    Ok(Exit::Yes)
}

fn list(args: &ListArgs, client: &Client) -> anyhow::Result<Exit> {
    let all = args.all.to_string();
    let answer = client.get(PATH, &[("all", all.as_str())])?;
    if args.output.format() == Format::Json {
        output::print_json(&answer)?;
        return Ok(Exit::Yes);
    }
    let silences: Vec<Silence> = client.read(answer)?;
    let rows: Vec<Vec<Cell>> = silences.iter().map(row).collect();
    match args.output.format() {
        _ if rows.is_empty() => output::note("no silences"),
        Format::Plain => {
            let rows: Vec<Vec<String>> =
                rows.into_iter().map(|it| it.into_iter().map(Cell::into_plain).collect()).collect();
            output::print(&plain(&rows))?;
        }
        Format::Table | Format::Json => {
            let headers = ["ID", "PHASE", "MATCHERS", "UNTIL (UTC)", "HIDES", "BY", "REASON"];
            output::print(&table(&headers, &rows))?;
        }
    }
    Ok(Exit::Yes)
}

fn row(it: &Silence) -> Vec<Cell> {
    let matchers = it.matchers.join(" or ");
    let author = it.origin.clone().unwrap_or_else(|| it.author.clone());
    let reason =
        it.ended.as_ref().map_or_else(|| it.reason.clone(), |why| format!("{} ({why})", it.reason));
    [&it.id, &it.phase, &matchers, &it.ends_at, &it.hides.to_string(), &author, &reason]
        .map(cell)
        .into()
}

/// Yes if a silence hides the alert, no if none does.
fn attempt(args: &TryArgs, client: &Client) -> anyhow::Result<Exit> {
    let query: Vec<(&str, &str)> =
        args.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = client.get(&format!("{PATH}/try"), &query)?;
    let tried: Tried = client.read(answer.clone())?;
    let exit = if tried.silenced_by.is_empty() { Exit::No } else { Exit::Yes };
    if args.output.format() == Format::Json {
        output::print_json(&answer)?;
        return Ok(exit);
    }
    let hidden = tried.silenced_by.iter().map(|it| format!("silenced by {it}"));
    let near = tried.near_misses.iter().map(|it| format!("near miss: {} ({})", it.silence, it.why));
    let none = tried.silenced_by.is_empty().then(|| "no silence hides it".to_owned());
    let lines: Vec<String> = none.into_iter().chain(hidden).chain(near).collect();
    output::print(&lines.join("\n"))?;
    Ok(exit)
}
