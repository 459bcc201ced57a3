//! `nines import`: definitions of other tools, as files of nines and a report of what is lost.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use jiff::Timestamp;
use nines_spec::{Comparison, ImportFormat, ImportOptions, OncallFormat, SourceFile, Style};
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::export::report;
use crate::output;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Whose files they are
    #[arg(value_enum)]
    format: Format,
    /// Files or folders of YAML; they may refer to each other
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Write the files below this folder instead of to standard output
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write over files that are there already
    #[arg(long, requires = "out")]
    force: bool,
    /// The escalation policy that is told of pages; without it one is made
    #[arg(long, value_name = "NAME")]
    escalation: Option<String>,
    /// Print files, losses and findings as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Files, Kubernetes resources and window catalogues of Sloth
    Sloth,
    /// Kubernetes resources of Pyrra
    Pyrra,
    /// OpenSLO v1, v1alpha and v2alpha
    Openslo,
    /// slo-generator v2 over Prometheus
    SloGenerator,
    /// Users, schedules and escalation policies of PagerDuty's REST API
    Pagerduty,
    /// Users, shifts, schedules and escalation chains of Grafana OnCall's API
    GrafanaOncall,
    /// Users, rotations, schedules and escalation policies of GoAlert's GraphQL API
    Goalert,
}

/// What a format is about.
enum Subject {
    Slos(ImportFormat),
    People(OncallFormat),
}

impl Format {
    fn subject(self) -> Subject {
        match self {
            Self::Sloth => Subject::Slos(ImportFormat::Sloth),
            Self::Pyrra => Subject::Slos(ImportFormat::Pyrra),
            Self::Openslo => Subject::Slos(ImportFormat::OpenSlo),
            Self::SloGenerator => Subject::Slos(ImportFormat::SloGenerator),
            Self::Pagerduty => Subject::People(OncallFormat::PagerDuty),
            Self::GrafanaOncall => Subject::People(OncallFormat::GrafanaOncall),
            Self::Goalert => Subject::People(OncallFormat::GoAlert),
        }
    }
}

/// Ends with 0 when everything was understood, losses or not, and with 2 when something is wrong: then nothing
/// is written.
pub(crate) fn run(args: &Args, now: Timestamp) -> anyhow::Result<Exit> {
    match args.format.subject() {
        Subject::Slos(format) => slos(args, format),
        Subject::People(format) => people(args, format, now),
    }
}

fn slos(args: &Args, format: ImportFormat) -> anyhow::Result<Exit> {
    let options = ImportOptions { escalation: args.escalation.clone() };
    let import = nines_spec::import_paths(format, &args.files, &options);
    let import = import.map_err(crate::check::unreadable)?;
    let is_refused = import.has_errors() || import.slos.is_empty();
    if args.json {
        let files: Vec<_> =
            import.files.iter().map(|it| json!({ "path": it.path, "text": it.text })).collect();
        let files = if is_refused { Vec::new() } else { files };
        output::print_json(&json!({
            "slos": import.slos.iter().map(|it| it.name.to_string()).collect::<Vec<_>>(),
            "files": files,
            "losses": import.losses,
            "findings": import.findings,
        }))?;
    } else if !import.findings.is_empty() {
        output::note(&nines_spec::render(&import.findings, &import.sources, Style::Color));
    }
    if is_refused {
        if !import.has_errors() {
            output::note("there is no SLO in these files");
        }
        return Ok(Exit::Invalid);
    }
    match &args.out {
        Some(folder) => write(args, folder, &import.files)?,
        None if !args.json => print(&import.files)?,
        None => {}
    }
    if !args.json {
        output::note(&report(&import.losses));
    }
    if let Some(folder) = &args.out {
        output::note(&format!("next: nines check {}", folder.display()));
    }
    Ok(Exit::Yes)
}

/// As [`slos`], and ends with 1 when somebody else would be on call; the files are written all the same.
fn people(args: &Args, format: OncallFormat, now: Timestamp) -> anyhow::Result<Exit> {
    let import = nines_spec::import_oncall_paths(format, &args.files, now);
    let import = import.map_err(crate::check::unreadable)?;
    let is_refused = import.has_errors() || import.files.is_empty();
    let differs = import.comparisons.iter().any(|it| !it.differences.is_empty());
    if args.json {
        let files: Vec<_> =
            import.files.iter().map(|it| json!({ "path": it.path, "text": it.text })).collect();
        let files = if is_refused { Vec::new() } else { files };
        output::print_json(&json!({
            "files": files,
            "comparisons": import.comparisons,
            "losses": import.losses,
            "findings": import.findings,
        }))?;
    } else if !import.findings.is_empty() {
        output::note(&nines_spec::render(&import.findings, &import.sources, Style::Color));
    }
    if is_refused {
        if !import.has_errors() {
            output::note("there is nobody and no schedule in these files");
        }
        return Ok(Exit::Invalid);
    }
    match &args.out {
        Some(folder) => write(args, folder, &import.files)?,
        None if !args.json => print(&import.files)?,
        None => {}
    }
    if !args.json {
        output::note(&report(&import.losses));
        output::note(&compared(&import.comparisons));
    }
    if let Some(folder) = &args.out {
        output::note(&format!("next: nines check {}", folder.display()));
    }
    Ok(if differs { Exit::No } else { Exit::Yes })
}

/// Who would have been on call, a line a schedule and one for each difference.
fn compared(comparisons: &[Comparison]) -> String {
    let mut out = String::new();
    for it in comparisons {
        let how = if it.by_own_shifts { "its own shifts" } else { "its rules" };
        let verdict = match it.differences.len() {
            0 => "the same people are on call".to_owned(),
            count => format!("{count} differences"),
        };
        let Comparison { schedule, from, until, instants, .. } = it;
        out.push_str(&format!(
            "compared     {schedule}: {verdict} at {instants} instants from {from} to {until}, by {how}\n"
        ));
        for it in &it.differences {
            let names = |it: &BTreeSet<String>| match it.len() {
                0 => "nobody".to_owned(),
                _ => it.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
            };
            let (before, after) = (names(&it.before), names(&it.after));
            out.push_str(&format!("  {} to {}: {before} → {after}\n", it.from, it.until));
        }
    }
    out
}

/// Nothing is written if one of the files is there already.
fn write(args: &Args, folder: &Path, files: &[SourceFile]) -> anyhow::Result<()> {
    let there = files.iter().map(|it| folder.join(&it.path)).find(|it| it.exists());
    if let Some(path) = there.filter(|_| !args.force) {
        let message = format!("{} is there already; `--force` writes over it", path.display());
        return Err(Failure::usage(message).into());
    }
    for file in files {
        let path = folder.join(&file.path);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, &file.text)).map_err(
            |error| Failure::usage(format!("{} cannot be written: {error}", path.display())),
        )?;
        output::note(&format!("written      {}", path.display()));
    }
    Ok(())
}

/// All files as one, with their names as comments.
fn print(files: &[SourceFile]) -> anyhow::Result<()> {
    let texts = files.iter().map(|it| format!("# {}\n{}", it.path, it.text));
    output::print(&texts.collect::<Vec<_>>().join("---\n"))?;
    Ok(())
}
