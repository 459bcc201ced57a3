//! `nines why budget`: one number, and everything that it was made from.

use jiff::Timestamp;
use jiff::civil::Time;
use nines_port::Clock;
use serde::Deserialize;

use crate::api::Goal;
use crate::client::{Client, segment};
use crate::clock::SystemClock;
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs, grouped};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Whose: `service/slo`
    name: String,
    /// As it stood then: RFC 3339, or HH:MM of today (UTC)
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Which objective, if it has several: its name, or its window
    #[arg(long, value_name = "NAME")]
    objective: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

/// How an instant of the last day is written.
const CLOCK: &str = "%H:%M";
/// How an earlier one is.
const DAY_AND_CLOCK: &str = "%m-%d %H:%M";

/// The parts of the answer that are shown.
#[derive(Debug, Deserialize)]
struct Budget {
    state: String,
    goals: Vec<Goal>,
    spent: Spent,
    source: String,
    exclusions: Vec<Exclusion>,
}

#[derive(Debug, Deserialize)]
struct Spent {
    stretches: Vec<Stretch>,
    incidents: Shares,
}

#[derive(Debug, Deserialize)]
struct Stretch {
    from: Timestamp,
    to: Timestamp,
    bad: u64,
    total: u64,
    causes: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Shares {
    causes: Vec<Share>,
    unattributed: u64,
}

#[derive(Debug, Deserialize)]
struct Share {
    name: String,
    bad: u64,
}

#[derive(Debug, Deserialize)]
struct Exclusion {
    name: String,
    when: String,
    reason: String,
}

pub(crate) fn run(args: &Args, client: &Client) -> anyhow::Result<Exit> {
    let Some((service, slo)) = args.name.split_once('/') else {
        let message = format!("`{}` is no objective; write service/slo", args.name);
        return Err(Failure::usage(message).into());
    };
    let path = format!("/api/nines/v1/slos/{}/{}/budget", segment(service), segment(slo));
    let at = args.at.as_deref().map(|it| instant(it, SystemClock.now())).transpose()?;
    let at = at.map(|it| it.to_string());
    let at: Vec<(&str, &str)> = at.iter().map(|it| ("at", it.as_str())).collect();
    let first = client.get(&path, &at)?;
    let index = match &args.objective {
        None => 0,
        Some(wanted) => goal_index(&client.read::<Budget>(first.clone())?.goals, wanted)?,
    };
    let number = index.to_string();
    let answer = match index {
        0 => first,
        _ => client.get(&path, &[at, vec![("goal", number.as_str())]].concat())?,
    };
    if args.output.format() == Format::Json {
        output::print_json(&answer)?;
        return Ok(Exit::Yes);
    }
    let budget: Budget = client.read(answer)?;
    let text = render(&budget, index).ok_or_else(|| {
        Failure::new(Exit::Unknown, format!("nines says nothing of the budget of {}", args.name))
    })?;
    output::print(&text)?;
    Ok(Exit::Yes)
}

fn goal_index(goals: &[Goal], wanted: &str) -> anyhow::Result<usize> {
    let named = |it: &Goal| it.objective_name == wanted || it.window == wanted;
    goals.iter().position(named).ok_or_else(|| {
        let known: Vec<String> =
            goals.iter().map(|it| format!("{} ({})", it.objective_name, it.window)).collect();
        Failure::usage(format!("there is no objective `{wanted}`; known are {}", known.join(", ")))
            .into()
    })
}

/// RFC 3339, or `HH:MM` of the last 24 hours.
fn instant(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let time: Result<Time, _> = Time::strptime("%H:%M", text);
    let today = time.ok().and_then(|time| {
        let day = jiff::tz::TimeZone::UTC.to_datetime(now).date();
        let at = jiff::tz::TimeZone::UTC.to_timestamp(day.to_datetime(time)).ok()?;
        Some(if now < at { at - jiff::SignedDuration::from_hours(24) } else { at })
    });
    today.ok_or_else(|| {
        Failure::usage(format!("`{text}` is no time; write 2026-06-10T15:00:00Z, or 15:00")).into()
    })
}

fn render(budget: &Budget, index: usize) -> Option<String> {
    let goal = budget.goals.get(index)?;
    let minute = |it: Timestamp| it.strftime("%Y-%m-%d %H:%M").to_string();
    let exact = match (goal.exact, budget.source.as_str()) {
        (true, "rebuilt") => "exact, counted again from samples",
        (true, _) => "exact",
        (false, _) => "rounded on the way",
    };
    let mut lines = Vec::new();
    if matches!(budget.state.as_str(), "no data" | "no events") {
        lines.push(format!("{}: the numbers below are what was known before", budget.state));
    }
    lines.push(format!(
        "{} left of {} ({} → {} UTC), coverage {}, {exact}",
        hundredths(left(goal.remaining_ratio)),
        window(&goal.window),
        minute(goal.from),
        minute(goal.to),
        short_percent(goal.coverage_ratio),
    ));
    lines.push(format!("  {}", sum(goal)));
    let single_day = goal.from.strftime("%F").to_string() == goal.to.strftime("%F").to_string();
    let recent = goal.to - jiff::SignedDuration::from_hours(24);
    let form = |it: &Stretch| if single_day || recent <= it.from { CLOCK } else { DAY_AND_CLOCK };
    for it in &budget.spent.stretches {
        lines.push(format!("  {}", stretch(it, form(it))));
    }
    let listed: u64 = budget.spent.stretches.iter().map(|it| it.bad).sum();
    let rest = goal.bad.saturating_sub(listed);
    if 0 < rest && !budget.spent.stretches.is_empty() {
        lines.push(format!("  elsewhere       {} bad", grouped(rest)));
    }
    if !budget.spent.incidents.causes.is_empty() {
        let shares: Vec<String> = budget
            .spent
            .incidents
            .causes
            .iter()
            .map(|it| format!("{} {}", it.name, grouped(it.bad)))
            .collect();
        let none = grouped(budget.spent.incidents.unattributed);
        lines.push(format!("  by incident     {}, none {none}", shares.join(", ")));
    }
    lines.push(format!("  {}", footer(goal, &budget.exclusions)));
    Some(lines.join("\n"))
}

/// The numbers, and how they make the share.
fn sum(goal: &Goal) -> String {
    let allowed = match goal.parts.as_slice() {
        [] | [_] => {
            format!("allowed (1 − {}) = {}", spaced(&goal.objective), decimal(&goal.allowed))
        }
        parts => {
            let parts: Vec<String> = parts
                .iter()
                .map(|it| format!("(1 − {}) × {}", spaced(&it.objective), grouped(it.total)))
                .collect();
            format!("allowed {} = {}", parts.join(" + "), decimal(&goal.allowed))
        }
    };
    let consumed = format!(
        "consumed {} / {} = {}",
        grouped(goal.bad),
        decimal(&goal.allowed),
        hundredths(10_000.0 - left(goal.remaining_ratio))
    );
    format!("total  {}   {allowed}   bad {}   {consumed}", grouped(goal.total), grouped(goal.bad))
}

fn stretch(it: &Stretch, form: &str) -> String {
    let causes =
        if it.causes.is_empty() { String::new() } else { format!("   {}", it.causes.join(", ")) };
    format!(
        "{} – {}   {} bad of {}{causes}",
        it.from.strftime(form),
        it.to.strftime(CLOCK),
        grouped(it.bad),
        grouped(it.total)
    )
}

fn footer(goal: &Goal, exclusions: &[Exclusion]) -> String {
    let laid: Vec<String> = exclusions
        .iter()
        .filter(|it| goal.exclusions.contains(&it.name))
        .map(|it| format!("{} ({}, {})", it.name, it.when, it.reason))
        .collect();
    let excluded = match (laid.as_slice(), goal.before_exclusions) {
        ([], _) => "none".to_owned(),
        (laid, Some(before)) => {
            let (bad, total) = (grouped(before.bad), grouped(before.total));
            format!("{}; before {bad} bad of {total}", laid.join(", "))
        }
        (laid, None) => laid.join(", "),
    };
    format!("excluded  {excluded}     objective versions  {}", goal.versions.len())
}

/// `28 d`, `month`.
fn window(text: &str) -> String {
    let digits = text.len() - text.trim_start_matches(|it: char| it.is_ascii_digit()).len();
    match text.split_at_checked(digits) {
        Some((number, unit)) if !number.is_empty() => format!("{number} {unit}"),
        _ => text.to_owned(),
    }
}

/// `99.5%` is `99.5 %`.
fn spaced(objective: &str) -> String {
    objective.replace('%', " %")
}

/// `60480.5` is `60 480.5`.
fn decimal(text: &str) -> String {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), grouped);
    if decimals.is_empty() { whole } else { format!("{whole}.{decimals}") }
}

/// In hundredths of a percent, rounded down: what is left must not look like more. What is consumed is the rest.
fn left(ratio: f64) -> f64 {
    (ratio * 10_000.0 + 1e-6).floor()
}

/// `96.03 %`.
fn hundredths(hundredths: f64) -> String {
    format!("{:.2} %", hundredths / 100.0).replace('-', "−")
}

/// `100 %`, `99.7 %`.
fn short_percent(ratio: f64) -> String {
    let text = format!("{:.1}", (ratio * 1_000.0 + 1e-6).floor() / 10.0);
    format!("{} %", text.trim_end_matches(".0"))
}

#[cfg(test)]
mod tests;
