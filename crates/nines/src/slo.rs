//! `nines slo`: what objectives would do, found out before anybody is woken by them.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use nines_base::{format_duration, parse_duration};
use nines_rehearsal::{Found, Outcome, Scenario, Setup, simulate, suggest};
use nines_server::engine_config;
use nines_slo::{Goal, Objective, Slo};
use nines_spec::{Rate, Spec};
use serde_json::json;

use crate::backtest::PastArgs;
use crate::check::unreadable;
use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::output::{self, cell};

/// A whole, in billionths.
const WHOLE: u64 = 1_000_000_000;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show how fast alerts fire and recover at your traffic
    Simulate(SimulateArgs),
    /// Show which objectives the past would have kept, and what each would have cost
    Suggest(SuggestArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct SuggestArgs {
    /// The SLO, such as checkout/availability
    name: String,
    #[command(flatten)]
    past: PastArgs,
}

/// Where the definition is.
#[derive(Debug, clap::Args)]
pub(crate) struct FilesArgs {
    /// Folder or file with the configuration
    #[arg(long, value_name = "PATH", default_value = ".")]
    pub(crate) config: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SimulateArgs {
    /// The SLO, such as checkout/availability
    name: String,
    #[command(flatten)]
    files: FilesArgs,
    /// Events per time, such as 300/min
    #[arg(long, value_name = "RATE")]
    traffic: Rate,
    /// Shares of bad events
    #[arg(long, value_name = "PERCENT", value_delimiter = ',', value_parser = share, default_value = "100%,40%,5%,0.8%")]
    errors: Vec<u64>,
    /// How long the fault lasts whose end is looked at
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30m")]
    fault: SignedDuration,
    /// The objective, where there are several
    #[arg(long)]
    objective: Option<String>,
    /// The window, where there are several
    #[arg(long)]
    window: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Reads `0.8%` as billionths.
fn share(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a share; write a percentage such as `0.8%`");
    let percent = text.strip_suffix('%').ok_or_else(wrong)?;
    let (whole, decimals) = percent.split_once('.').unwrap_or((percent, ""));
    let digits = format!("{whole}{decimals:0<7}");
    let is_number = digits.bytes().all(|it| it.is_ascii_digit());
    let is_number = is_number && !whole.is_empty() && decimals.len() <= 7;
    let share = digits.parse().ok().filter(|it| is_number && *it <= WHOLE);
    share.ok_or_else(wrong)
}

/// Reads `30m`.
pub(crate) fn duration(text: &str) -> Result<SignedDuration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

pub(crate) fn run(
    command: &Command,
    now: Timestamp,
    open: impl Fn() -> anyhow::Result<Client>,
) -> anyhow::Result<Exit> {
    match command {
        Command::Simulate(args) => simulate_alerts(args, now),
        Command::Suggest(args) => suggest_objectives(args, now, open),
    }
}

/// The configuration, if it can be used.
pub(crate) fn read(path: &Path) -> anyhow::Result<Spec> {
    let reading = nines_spec::read_dir(path).map_err(unreadable)?;
    if reading.has_errors() {
        let message = format!("{} has errors; see `nines check {0}`", path.display());
        return Err(Failure::usage(message).into());
    }
    Ok(reading.spec)
}

/// The SLO of this name, or what there is instead.
fn find<'s>(spec: &'s Spec, name: &str) -> anyhow::Result<&'s Slo> {
    let found = spec.slos.iter().find(|it| it.name.to_string() == name);
    found.ok_or_else(|| {
        let names: Vec<String> = spec.slos.iter().map(|it| it.name.to_string()).collect();
        let message = match names.as_slice() {
            [] => {
                format!("there is no SLO `{name}`, and no other one; name a folder with --config")
            }
            names => format!("there is no SLO `{name}`; there are {}", names.join(", ")),
        };
        Failure::usage(message).into()
    })
}

fn goal<'s>(
    slo: &'s Slo,
    objective: Option<&str>,
    window: Option<&str>,
) -> anyhow::Result<&'s Goal> {
    let is_meant = |it: &&Goal| {
        objective.is_none_or(|name| it.objective == name)
            && window.is_none_or(|window| it.window.to_string() == window)
    };
    slo.goals.iter().find(is_meant).ok_or_else(|| {
        let goals = slo.goals.iter().map(|it| format!("{} over {}", it.objective, it.window));
        let goals = goals.collect::<Vec<_>>().join(", ");
        Failure::usage(format!("{} has no such objective and window; it has {goals}", slo.name))
            .into()
    })
}

fn simulate_alerts(args: &SimulateArgs, now: Timestamp) -> anyhow::Result<Exit> {
    let spec = read(&args.files.config)?;
    let slo = find(&spec, &args.name)?;
    let goal = goal(slo, args.objective.as_deref(), args.window.as_deref())?;
    let scenario = Scenario {
        slo,
        goal,
        traffic: args.traffic,
        errors: &args.errors,
        fault: args.fault,
        at: now,
    };
    let Some(outcomes) = simulate(&scenario) else {
        let message =
            format!("{} does not count events, so no traffic can be made up for it", slo.name);
        return Err(Failure::usage(message).into());
    };
    let target = goal.target_at(now);
    if args.json {
        output::print_json(&as_json(&scenario, target, &outcomes))?;
    } else {
        output::print(&table(&scenario, &outcomes))?;
        let Rate { events, per } = args.traffic;
        let traffic = format!("{events} events in {}", format_duration(per));
        output::note(&format!("{} {target} over {}, {traffic}", slo.name, goal.window));
        if outcomes.iter().flat_map(founds).any(|it| !it.agrees()) {
            output::note("* later than by the closed form: at this traffic luck is held back");
        }
    }
    Ok(Exit::Yes)
}

fn suggest_objectives(
    args: &SuggestArgs,
    now: Timestamp,
    open: impl Fn() -> anyhow::Result<Client>,
) -> anyhow::Result<Exit> {
    let past = &args.past;
    let spec = read(&past.files.config)?;
    let slo = find(&spec, &args.name)?;
    let setup = Setup::new(&spec, engine_config(&spec));
    let (source, plan) = past.open(&spec, now, open)?;
    let frontier = suggest(&setup, (slo, slo.primary()), source.as_ref(), &plan)?;
    if past.json {
        output::print_json(&serde_json::to_value(&frontier)?)?;
        return Ok(Exit::Yes);
    }
    let headers = [">OBJECTIVE", ">KEPT", ">PAGES/MONTH", ">TICKETS/MONTH", ">FROZEN"];
    let rows = frontier.candidates.iter().map(|it| {
        let numbers = [
            it.target.clone(),
            output::percent(it.kept_ratio),
            format!("{:.1}", it.pages_per_month),
            format!("{:.1}", it.tickets_per_month),
            format!("{} h", it.frozen_hours),
        ];
        numbers.map(cell).to_vec()
    });
    output::print(&output::table(&headers, &rows.collect::<Vec<_>>()))?;
    for it in &frontier.highest {
        let target = it.target.as_deref().unwrap_or("none of these");
        output::print(&format!("kept with {} % confidence: {target}", it.confidence))?;
    }
    let (hours, weeks) = (frontier.hours, frontier.weeks);
    output::note(&format!(
        "{hours} hours, {weeks} whole weeks; two or more weeks give a confidence"
    ));
    Ok(Exit::Yes)
}

fn founds(it: &Outcome) -> impl Iterator<Item = Found> {
    let detections = [it.page, it.ticket].into_iter().flatten().map(|it| it.after);
    detections.chain(it.end.into_iter().flat_map(|it| [it.recovering, it.ok]))
}

fn table(scenario: &Scenario<'_>, outcomes: &[Outcome]) -> String {
    let fault = spoken(scenario.fault);
    let after = format!("PAGE, AFTER A FAULT OF {}", fault.to_uppercase());
    let headers = [">ERRORS", "PAGE AFTER", "TICKET AFTER", after.as_str()];
    let rows = outcomes.iter().map(|it| {
        let detection = |it: Option<nines_rehearsal::Detection>| match it {
            Some(it) => format!("{} ({})", found(it.after), format_duration(it.pair.long)),
            None => "never".to_owned(),
        };
        let end = it.end.map_or("nothing fires".to_owned(), |it| {
            format!("recovering {}, ok {}", found(it.recovering), found(it.ok))
        });
        vec![
            cell(percent(it.errors)),
            cell(detection(it.page)),
            cell(detection(it.ticket)),
            cell(end),
        ]
    });
    output::table(&headers, &rows.collect::<Vec<_>>())
}

/// `0.8 %`
fn percent(billionths: u64) -> String {
    let text = format!("{}.{:07}", billionths / 10_000_000, billionths % 10_000_000);
    format!("{}\u{a0}%", text.trim_end_matches('0').trim_end_matches('.'))
}

fn found(it: Found) -> String {
    let mark = if it.agrees() { "" } else { "*" };
    format!("{}{mark}", spoken(it.best()))
}

/// Seconds below an hour, minutes below a day, rounded half up: `4 m 02 s`, `3 h 22 m`, `45 h`.
fn spoken(it: SignedDuration) -> String {
    let seconds = (it.as_millis() + 500) / 1_000;
    if seconds < 60 {
        return format!("{seconds} s");
    }
    if seconds < 3_600 {
        return match seconds % 60 {
            0 => format!("{} m", seconds / 60),
            rest => format!("{} m {rest:02} s", seconds / 60),
        };
    }
    let minutes = (seconds + 30) / 60;
    match minutes % 60 {
        0 => format!("{} h", minutes / 60),
        rest => format!("{} h {rest:02} m", minutes / 60),
    }
}

fn as_json(scenario: &Scenario<'_>, target: Objective, outcomes: &[Outcome]) -> serde_json::Value {
    let time = |it: Found| {
        json!({
            "seconds": it.best().as_secs_f64(),
            "by_closed_form_seconds": it.closed_form.map(|it| it.as_secs_f64()),
            "by_tracker_seconds": it.tracker.as_secs_f64(),
        })
    };
    let detection = |it: nines_rehearsal::Detection| {
        json!({
            "after": time(it.after),
            "long_window": format_duration(it.pair.long),
            "factor": it.pair.factor.to_string(),
            "budget_spent": percent(it.spent),
        })
    };
    let outcomes = outcomes.iter().map(|it| {
        json!({
            "errors": percent(it.errors),
            "page": it.page.map(detection),
            "ticket": it.ticket.map(detection),
            "after_fault": it.end.map(|it| json!({"recovering": time(it.recovering), "ok": time(it.ok)})),
        })
    });
    json!({
        "slo": scenario.slo.name.to_string(),
        "objective": scenario.goal.objective,
        "target": target.to_string(),
        "window": scenario.goal.window.to_string(),
        "traffic": {"events": scenario.traffic.events, "per": format_duration(scenario.traffic.per)},
        "fault": format_duration(scenario.fault),
        "outcomes": outcomes.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests;
