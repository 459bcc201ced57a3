//! `nines export`: the objectives and routes of a folder, as files of other tools.

use std::path::PathBuf;

use clap::Subcommand;
use jiff::SignedDuration;
use nines_base::parse_duration;
use nines_spec::{Export, Loss, Reading, RuleOptions, Spec, Style};
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::output;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Format {
    /// Recording and alerting rules, which Prometheus evaluates without nines
    PrometheusRules {
        #[command(flatten)]
        files: Files,
        /// How often counts are recorded and alerts judged
        #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = step)]
        step: SignedDuration,
    },
    /// Routes, receivers, inhibitions and time intervals, as `alertmanager.yml`
    Alertmanager {
        #[command(flatten)]
        files: Files,
    },
    /// Documents of OpenSLO v1
    Openslo {
        #[command(flatten)]
        files: Files,
    },
}

#[derive(Debug, clap::Args)]
struct Files {
    /// The folder of YAML and Markdown, or one file of it
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print the text and what it cannot say as JSON
    #[arg(long)]
    json: bool,
}

/// Rules that are evaluated more often than this cost more than they tell.
const STEP_MIN: SignedDuration = SignedDuration::from_secs(10);
/// Coarser than this there is no short window.
const STEP_MAX: SignedDuration = SignedDuration::from_mins(5);

fn step(text: &str) -> Result<SignedDuration, String> {
    let step = parse_duration(text).map_err(|error| error.to_string())?;
    let is_whole = step.subsec_nanos() == 0;
    (is_whole && (STEP_MIN..=STEP_MAX).contains(&step))
        .then_some(step)
        .ok_or_else(|| "it is 10s to 5m, in whole seconds".to_owned())
}

/// Ends with 0 when something was written, and with 2 when `nines check` would refuse the files.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    match &args.format {
        Format::PrometheusRules { files, step } => {
            let export =
                |it: &Reading| nines_spec::export_rules(&it.spec.slos, RuleOptions { step: *step });
            write(files, export)
        }
        Format::Openslo { files } => write(files, |it| nines_spec::export_openslo(&it.spec.slos)),
        Format::Alertmanager { files } => {
            let has_routes = |it: &Spec| !it.dispatch.receivers.is_empty();
            let export = |it: &Reading| nines_spec::export_alertmanager(&it.spec);
            write_if(files, ("route or receiver", has_routes), export)
        }
    }
}

fn write(files: &Files, export: impl Fn(&Reading) -> Export) -> anyhow::Result<Exit> {
    write_if(files, ("SLO", |it: &Spec| !it.slos.is_empty()), export)
}

/// Only of files that have what is exported.
fn write_if(
    files: &Files,
    (what, has): (&str, impl Fn(&Spec) -> bool),
    export: impl Fn(&Reading) -> Export,
) -> anyhow::Result<Exit> {
    let reading = nines_spec::read_dir(&files.folder).map_err(crate::check::unreadable)?;
    if reading.has_errors() {
        output::note(&nines_spec::render(&reading.findings, &reading.sources, Style::Color));
        return Ok(Exit::Invalid);
    }
    if !has(&reading.spec) {
        let message = format!("{} has no {what}", files.folder.display());
        return Err(Failure::usage(message).into());
    }
    let Export { text, losses } = export(&reading);
    if let Some(path) = &files.out {
        std::fs::write(path, &text).map_err(|error| {
            Failure::usage(format!("{} cannot be written: {error}", path.display()))
        })?;
    }
    match (files.json, &files.out) {
        (true, _) => output::print_json(&json!({ "text": text, "losses": losses }))?,
        (false, None) => output::print(&text)?,
        (false, Some(_)) => {}
    }
    if !files.json {
        output::note(&report(&losses));
    }
    Ok(Exit::Yes)
}

/// One line for each loss, and a last line that counts them.
pub(crate) fn report(losses: &[Loss]) -> String {
    let line = |it: &Loss| {
        let place = match (it.subject.as_str(), it.origin.file.as_str()) {
            ("", "") => "all".to_owned(),
            ("", _) => it.origin.to_string(),
            (subject, _) => subject.to_owned(),
        };
        format!("not carried  {place}: {} — {}; {}", it.what, it.why, it.instead)
    };
    let mut lines: Vec<String> = losses.iter().map(line).collect();
    lines.push(match losses.len() {
        0 => "nothing is lost".to_owned(),
        1 => "1 thing is lost".to_owned(),
        many => format!("{many} things are lost"),
    });
    lines.join("\n")
}
