//! `nines ack`, `nines escalate`, `nines snooze`: a person takes over, or does not.

use clap::ArgGroup;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::api::Alert;
use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::output;

#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("what").required(true).args(["target", "all"]))]
pub(crate) struct AckArgs {
    /// An incident (`INC-1`), an objective (`service/slo`), a service, or an alert's key
    target: Option<String>,
    /// Everything that waits for an answer
    #[arg(long)]
    all: bool,
    /// Who answers; else the demo's person, else your user name
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

pub(crate) fn acknowledge(args: &AckArgs, client: &Client) -> anyhow::Result<Exit> {
    let targets = match &args.target {
        None => vec!["all".to_owned()],
        Some(target) => targets(client, target)?,
    };
    let by = client.by(args.by.as_deref());
    let mut acknowledged = Vec::new();
    for target in &targets {
        let body = json!({ "target": target, "by": by, "via": "cli" });
        let answer = client.post("/api/nines/v1/ack", &body)?;
        let keys = answer.get("acknowledged").and_then(|it| it.as_array()).cloned();
        acknowledged.extend(keys.unwrap_or_default());
    }
    if acknowledged.is_empty() {
        output::note("nothing waits for an answer");
        return Ok(Exit::Yes);
    }
    let alerts: Vec<Alert> = client.read(client.get("/api/nines/v1/alerts", &[])?)?;
    for key in acknowledged.iter().filter_map(|it| it.as_str()) {
        let summary = alerts.iter().find(|it| it.key == key).map_or(key, |it| it.summary.as_str());
        output::print(&format!("acknowledged by {by}: {summary}"))?;
    }
    output::note(&next(&alerts));
    Ok(Exit::Yes)
}

#[derive(Debug, clap::Args)]
pub(crate) struct EscalateArgs {
    /// An incident (`INC-1`), an objective (`service/slo`), a service, or an alert's key
    target: String,
    /// Why, for whoever comes next
    #[arg(long, value_name = "TEXT", conflicts_with = "to")]
    why: Option<String>,
    /// Tell this person as well, instead of going on to the next step
    #[arg(long, value_name = "PERSON")]
    to: Vec<String>,
    /// Tell whoever is on call in this schedule as well
    #[arg(long, value_name = "SCHEDULE", conflicts_with = "why")]
    schedule: Vec<String>,
    /// Who escalates; else the demo's person, else your user name
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

pub(crate) fn escalate(args: &EscalateArgs, client: &Client) -> anyhow::Result<Exit> {
    let by = client.by(args.by.as_deref());
    let adds = !args.to.is_empty() || !args.schedule.is_empty();
    for target in targets(client, &args.target)? {
        if adds {
            let (people, schedules) = (&args.to, &args.schedule);
            let body =
                json!({ "target": target, "by": by, "people": people, "schedules": schedules });
            client.post("/api/nines/v1/responders", &body)?;
        } else {
            let body = json!({ "target": target, "by": by, "why": args.why });
            client.post("/api/nines/v1/escalate", &body)?;
        }
    }
    let names: Vec<&str> = args.to.iter().chain(&args.schedule).map(String::as_str).collect();
    output::print(&if adds {
        format!("told by {by}: {}", names.join(", "))
    } else {
        format!("escalated by {by}: the next step has begun")
    })?;
    output::note("next: nines get page");
    Ok(Exit::Yes)
}

#[derive(Debug, clap::Args)]
pub(crate) struct SnoozeArgs {
    /// An incident (`INC-1`), an objective (`service/slo`), a service, or an alert's key
    target: String,
    /// For so long, such as `2h`; at most 7 days
    #[arg(long = "for", value_name = "DURATION", value_parser = nines_base::parse_duration)]
    length: SignedDuration,
    /// Who has it; else the demo's person, else your user name
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

pub(crate) fn snooze(args: &SnoozeArgs, client: &Client, now: Timestamp) -> anyhow::Result<Exit> {
    let by = client.by(args.by.as_deref());
    let until = now
        .checked_add(args.length)
        .map_err(|_| Failure::usage("`--for` is at most 7 days".to_owned()))?;
    for target in targets(client, &args.target)? {
        let body = json!({ "target": target, "by": by, "until": until });
        client.post("/api/nines/v1/snooze", &body)?;
    }
    output::print(&format!("{by} has it and is asked at {until}"))?;
    Ok(Exit::Yes)
}

fn next(alerts: &[Alert]) -> String {
    match alerts.iter().filter(|it| it.state == "firing").find_map(|it| it.incident) {
        Some(number) => format!("next: nines describe incident INC-{number}"),
        None => "next: nines get alert".to_owned(),
    }
}

/// What the server understands by itself, or the keys of the firing alerts that people call so.
fn targets(client: &Client, target: &str) -> anyhow::Result<Vec<String>> {
    if target.starts_with("INC-") {
        return Ok(vec![target.to_owned()]);
    }
    let alerts: Vec<Alert> = client.read(client.get("/api/nines/v1/alerts", &[])?)?;
    let firing = alerts.iter().filter(|it| it.state == "firing" && it.is_called(target));
    let keys: Vec<String> = firing.map(|it| it.key.clone()).collect();
    if keys.is_empty() {
        let message = format!("no firing alert is called `{target}`; see `nines get alert`");
        return Err(Failure::new(Exit::No, message).into());
    }
    Ok(keys)
}
