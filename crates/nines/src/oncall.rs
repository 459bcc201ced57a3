//! `nines oncall`: who is on call, and what people change of it.

mod copy;
mod load;
mod offers;
mod shown;

use std::path::PathBuf;
use std::{fs, io};

use clap::{ArgGroup, Subcommand};
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Client, segment};
use crate::environment::Environment;
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs};

const ROOT: &str = "/api/nines/v1/oncall";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Who is on call; without the server, from the last copy
    Who {
        /// Only this schedule
        schedule: Option<String>,
        /// As it was, or will be, then
        #[arg(long, value_name = "TIME")]
        at: Option<Timestamp>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Be on call from now on, instead of whoever is
    Take(TakeArgs),
    /// Change who is on call for a while
    Override(OverrideArgs),
    /// Say that somebody is away
    Vacation(VacationArgs),
    /// Offer a shift, take one that is offered, agree
    Swap {
        #[command(subcommand)]
        verb: offers::Verb,
    },
    /// What people changed and what has not ended
    Changes {
        #[command(flatten)]
        output: OutputArgs,
    },
    /// When a page would reach nobody
    Gaps(VerifyArgs),
    /// Whether every page would reach somebody who is ready: 0 yes, 1 no
    Verify(VerifyArgs),
    /// Propose who takes which turn, so that everybody carries alike; nothing is applied
    Propose(ProposeArgs),
    /// The address of a calendar that others can subscribe to
    Ical(IcalArgs),
    /// Read from a calendar who is away; it replaces what this feed said before
    Feed(FeedArgs),
    /// What being on call costs people: calls, nights, sleep debts
    Load(load::Args),
}

/// Until when.
#[derive(Debug, Clone, clap::Args)]
#[command(group = ArgGroup::new("end").args(["until", "length"]))]
struct EndArgs {
    /// Until then
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// For so long, such as 2h
    #[arg(long = "for", value_name = "DURATION", value_parser = nines_base::parse_duration)]
    length: Option<SignedDuration>,
}

impl EndArgs {
    fn end(&self, from: Timestamp) -> Option<Timestamp> {
        let by_length = self.length.and_then(|it| from.checked_add(it).ok());
        self.until.or(by_length)
    }
}

#[derive(Debug, clap::Args)]
struct TakeArgs {
    /// Which schedule
    schedule: String,
    #[command(flatten)]
    end: EndArgs,
    /// Who is on call then; else you
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// Why
    #[arg(long, default_value = "")]
    reason: String,
    /// Who asks; else the demo's person, else your user name
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("what").required(true).args(["add", "remove", "replace", "only", "withdraw"]))]
struct OverrideArgs {
    /// Which schedule
    #[arg(required_unless_present = "withdraw")]
    schedule: Option<String>,
    /// This person is on call too
    #[arg(long, value_name = "NAME")]
    add: Option<String>,
    /// This person is not on call
    #[arg(long, value_name = "NAME")]
    remove: Option<String>,
    /// While this person would be on call, another is
    #[arg(long, value_name = "NAME", requires = "with")]
    replace: Option<String>,
    /// Who is on call instead
    #[arg(long, value_name = "NAME", requires = "replace")]
    with: Option<String>,
    /// Nobody but these people, with commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,
    /// End this change or offer, such as O-12
    #[arg(long, value_name = "O-N")]
    withdraw: Option<String>,
    /// From then on; else from now on
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    #[command(flatten)]
    end: EndArgs,
    /// Why
    #[arg(long, default_value = "")]
    reason: String,
    /// Who asks; else the demo's person, else your user name
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Debug, clap::Args)]
struct VacationArgs {
    /// Who is away
    person: String,
    /// From then on
    #[arg(long, value_name = "TIME")]
    from: Timestamp,
    /// Until then
    #[arg(long, value_name = "TIME")]
    until: Timestamp,
    /// A note
    #[arg(long, default_value = "")]
    reason: String,
    /// Who says so; else the demo's person, else your user name
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Debug, clap::Args)]
struct VerifyArgs {
    /// Look so far ahead
    #[arg(long, value_name = "DURATION", default_value = "90d", value_parser = nines_base::parse_duration)]
    ahead: SignedDuration,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
struct ProposeArgs {
    /// For which schedule
    schedule: String,
    /// For so many weeks
    #[arg(long, default_value_t = 12)]
    weeks: u32,
    /// So many people are on call together
    #[arg(long, default_value_t = 1)]
    seats: u32,
    /// From then on; else from now on
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Days that weigh more, with commas, such as 2026-12-25
    #[arg(long, value_name = "DATES", default_value = "")]
    holidays: String,
    /// Print the commands that make it so
    #[arg(long, conflicts_with_all = ["output", "json"])]
    commands: bool,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("whose").required(true).args(["schedule", "person"]))]
struct IcalArgs {
    /// Of all shifts of this schedule
    #[arg(long, value_name = "NAME")]
    schedule: Option<String>,
    /// Of all shifts of this person
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// Make the present address worthless, and print the new one
    #[arg(long)]
    revoke: bool,
}

#[derive(Debug, clap::Args)]
struct FeedArgs {
    /// What the feed is called
    name: String,
    /// The calendar (.ics); `-` is standard input
    file: PathBuf,
    /// Whose calendar it is; else titles and mail addresses tell
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// Where whole days are meant
    #[arg(long, default_value = "UTC")]
    zone: String,
}

pub(crate) fn run(
    args: &Args,
    client: &Client,
    environment: &Environment,
    now: Timestamp,
) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Who { schedule, at, output } => {
            who(client, environment, (schedule.as_deref(), *at, now), output.format())
        }
        Verb::Take(args) => take(args, client, now),
        Verb::Override(args) => change(args, client, now),
        Verb::Vacation(args) => vacation(args, client),
        Verb::Swap { verb } => offers::run(verb, client),
        Verb::Changes { output } => {
            let answer = client.get(&format!("{ROOT}/changes"), &[])?;
            shown::changes(client, answer, output.format())
        }
        Verb::Gaps(args) => verify(args, client, now, shown::Findings::Gaps),
        Verb::Verify(args) => verify(args, client, now, shown::Findings::All),
        Verb::Propose(args) => propose(args, client),
        Verb::Ical(args) => ical(args, client),
        Verb::Feed(args) => feed(args, client),
        Verb::Load(args) => load::run(args, client),
    }
}

/// Ends with 1 when something in the calendar could not be used.
fn feed(args: &FeedArgs, client: &Client) -> anyhow::Result<Exit> {
    let text = if args.file.as_os_str() == "-" {
        io::read_to_string(io::stdin())
    } else {
        fs::read_to_string(&args.file)
    };
    let text = text.map_err(|error| {
        Failure::usage(format!("failed to read {}: {error}", args.file.display()))
    })?;
    let mut query = vec![("zone", args.zone.as_str())];
    query.extend(args.person.as_deref().map(|it| ("person", it)));
    let answer = client.put_text(&format!("{ROOT}/feeds/{}", segment(&args.name)), &query, text)?;
    let count = answer.get("away").and_then(Value::as_u64).unwrap_or(0);
    output::print(&format!("{count} times away"))?;
    let problems = answer.get("problems").and_then(Value::as_array).cloned().unwrap_or_default();
    for it in problems.iter().filter_map(Value::as_str) {
        output::note(&format!("warning: {it}"));
    }
    Ok(if problems.is_empty() { Exit::Yes } else { Exit::No })
}

fn who(
    client: &Client,
    environment: &Environment,
    (schedule, at, now): (Option<&str>, Option<Timestamp>, Timestamp),
    format: Format,
) -> anyhow::Result<Exit> {
    let time = at.map(|it| it.to_string());
    let mut query: Vec<(&str, &str)> = Vec::new();
    query.extend(time.as_deref().map(|it| ("at", it)));
    query.extend(schedule.map(|it| ("schedule", it)));
    let answer = match client.get(ROOT, &query) {
        Ok(answer) => answer,
        // Only a server that is gone is answered for; and nobody can know another time.
        Err(error) if crate::exit::exit_of(&error) == Exit::Unknown && at.is_none() => {
            let copy = copy::read(client, environment).filter(|it| it.is_recent(now));
            let Some(copy) = copy else { return Err(error) };
            output::note(&format!("error: {error:#}"));
            output::note(&copy.warning(now));
            let mut answer = copy.answer;
            if let (Some(wanted), Value::Array(all)) = (schedule, &mut answer) {
                all.retain(|it| it.get("schedule").and_then(Value::as_str) == Some(wanted));
            }
            shown::who(client, answer, format)?;
            return Ok(Exit::Unknown);
        }
        Err(error) => return Err(error),
    };
    if schedule.is_none() && at.is_none() {
        copy::write(client, environment, &answer, now);
    }
    shown::who(client, answer, format)
}

/// Has something changed, and says what and how to undo it.
fn changed(client: &Client, path: &str, body: &Value) -> anyhow::Result<Exit> {
    let answer = client.post(&format!("{ROOT}{path}"), body)?;
    let made = answer.get("made").and_then(Value::as_array).cloned().unwrap_or_default();
    let names: Vec<&str> = made.iter().filter_map(Value::as_str).collect();
    if names.is_empty() {
        output::print("done")?;
    }
    for name in &names {
        output::print(name)?;
    }
    if let Some(name) = names.first() {
        output::note(&format!("undo with: nines oncall override --withdraw {name}"));
    }
    output::note("next: nines oncall who");
    Ok(Exit::Yes)
}

fn take(args: &TakeArgs, client: &Client, now: Timestamp) -> anyhow::Result<Exit> {
    let by = client.by(args.by.as_deref());
    let body = json!({
        "schedule": args.schedule,
        "person": args.person.clone().unwrap_or_else(|| by.clone()),
        "until": args.end.end(now).map(|it| it.to_string()),
        "reason": args.reason,
        "by": by,
    });
    changed(client, "/take", &body)
}

fn change(args: &OverrideArgs, client: &Client, now: Timestamp) -> anyhow::Result<Exit> {
    let by = client.by(args.by.as_deref());
    if let Some(name) = &args.withdraw {
        return withdraw(client, name, &by);
    }
    let from = args.from.unwrap_or(now);
    let Some(until) = args.end.end(from) else {
        return Err(Failure::usage("say until when: --until TIME or --for 2h").into());
    };
    let only = (!args.only.is_empty()).then_some(&args.only);
    // The end of a length that begins now is on a whole minute too.
    let until = whole_minute(until);
    let body = json!({
        "schedule": args.schedule,
        "add": args.add,
        "remove": args.remove,
        "replace": args.replace,
        "with": args.with,
        "only": only,
        "from": args.from.map(|it| it.to_string()),
        "until": until.to_string(),
        "reason": args.reason,
        "by": by,
    });
    changed(client, "/changes", &body)
}

fn whole_minute(at: Timestamp) -> Timestamp {
    let second = at.as_second().div_euclid(60) * 60;
    Timestamp::from_second(second).unwrap_or(at)
}

fn withdraw(client: &Client, name: &str, by: &str) -> anyhow::Result<Exit> {
    let path = format!("{ROOT}/changes/{}", segment(name));
    let answer = client.ask(Method::DELETE, &path, &[("by", by)], None)?;
    if !answer.status.is_success() {
        return Err(client.refusal(&answer).into());
    }
    output::print(&format!("{name} does not hold any more"))?;
    Ok(Exit::Yes)
}

fn vacation(args: &VacationArgs, client: &Client) -> anyhow::Result<Exit> {
    let body = json!({
        "person": args.person,
        "from": args.from.to_string(),
        "until": args.until.to_string(),
        "reason": args.reason,
        "by": client.by(args.by.as_deref()),
    });
    changed(client, "/vacations", &body)
}

fn verify(
    args: &VerifyArgs,
    client: &Client,
    now: Timestamp,
    which: shown::Findings,
) -> anyhow::Result<Exit> {
    let until = now.checked_add(args.ahead).unwrap_or(now).to_string();
    let answer = client.get(&format!("{ROOT}/verify"), &[("until", &until)])?;
    shown::coverage(client, answer, which, args.output.format())
}

fn propose(args: &ProposeArgs, client: &Client) -> anyhow::Result<Exit> {
    let (weeks, seats) = (args.weeks.to_string(), args.seats.to_string());
    let from = args.from.map(|it| it.to_string());
    let mut query = vec![
        ("schedule", args.schedule.as_str()),
        ("weeks", &weeks),
        ("seats", &seats),
        ("holidays", &args.holidays),
    ];
    query.extend(from.as_deref().map(|it| ("from", it)));
    let answer = client.get(&format!("{ROOT}/proposal"), &query)?;
    if args.commands {
        return shown::proposal_commands(client, answer, &args.schedule);
    }
    shown::proposal(client, answer, args.output.format())
}

fn ical(args: &IcalArgs, client: &Client) -> anyhow::Result<Exit> {
    let (kind, name) = match (&args.schedule, &args.person) {
        (Some(name), _) => ("schedule", name),
        (None, Some(name)) => ("person", name),
        (None, None) => return Err(Failure::usage("say --schedule NAME or --person NAME").into()),
    };
    let path = format!("{ROOT}/calendars/{kind}/{}", segment(name));
    let path = if args.revoke { format!("{path}/revoke") } else { path };
    let answer = client.post(&path, &json!({}))?;
    let url = answer.get("url").and_then(Value::as_str).unwrap_or_default();
    output::print(url)?;
    output::note("whoever has this address sees these shifts; --revoke makes it worthless");
    Ok(Exit::Yes)
}
