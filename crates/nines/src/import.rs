//! `nines import`: definitions of other tools, as files of nines and a report of what is lost.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use jiff::Timestamp;
use nines_spec::{
    Comparison, Finding, ImportFormat, ImportOptions, Loss, OncallFormat, SourceFile, Style,
};
use serde_json::{Value, json};

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
    let names: Vec<String> = import.slos.iter().map(|it| it.name.to_string()).collect();
    Imported {
        files: &import.files,
        losses: &import.losses,
        findings: &import.findings,
        sources: &import.sources,
        has_errors: import.has_errors(),
        nothing: names.is_empty().then_some("there is no SLO in these files"),
        own: ("slos", json!(names)),
        note: None,
    }
    .tell(args)
}

/// As [`slos`], and ends with 1 when somebody else would be on call; the files are written all the same.
fn people(args: &Args, format: OncallFormat, now: Timestamp) -> anyhow::Result<Exit> {
    let import = nines_spec::import_oncall_paths(format, &args.files, now);
    let import = import.map_err(crate::check::unreadable)?;
    let nothing = "there is nobody and no schedule in these files";
    let told = Imported {
        files: &import.files,
        losses: &import.losses,
        findings: &import.findings,
        sources: &import.sources,
        has_errors: import.has_errors(),
        nothing: import.files.is_empty().then_some(nothing),
        own: ("comparisons", json!(import.comparisons)),
        note: Some(compared(&import.comparisons)),
    };
    let exit = told.tell(args)?;
    let differs = import.comparisons.iter().any(|it| !it.differences.is_empty());
    Ok(if differs && exit == Exit::Yes { Exit::No } else { exit })
}

/// What was made of files of either subject.
struct Imported<'a> {
    files: &'a [SourceFile],
    losses: &'a [Loss],
    findings: &'a [Finding],
    sources: &'a [SourceFile],
    has_errors: bool,
    /// Why there is nothing to write, though nothing is wrong.
    nothing: Option<&'static str>,
    /// What JSON says besides, of this subject.
    own: (&'static str, Value),
    /// What people are told besides.
    note: Option<String>,
}

impl Imported<'_> {
    fn tell(self, args: &Args) -> anyhow::Result<Exit> {
        let is_refused = self.has_errors || self.nothing.is_some();
        if args.json {
            let files = self.files.iter().filter(|_| !is_refused);
            let files: Vec<_> =
                files.map(|it| json!({ "path": it.path, "text": it.text })).collect();
            let (name, own) = self.own;
            output::print_json(&json!({
                name: own,
                "files": files,
                "losses": self.losses,
                "findings": self.findings,
            }))?;
        } else if !self.findings.is_empty() {
            output::note(&nines_spec::render(self.findings, self.sources, Style::Color));
        }
        if is_refused {
            if let Some(nothing) = self.nothing.filter(|_| !self.has_errors) {
                output::note(nothing);
            }
            return Ok(Exit::Invalid);
        }
        match &args.out {
            Some(folder) => write(args, folder, self.files)?,
            None if !args.json => print(self.files)?,
            None => {}
        }
        if !args.json {
            output::note(&report(self.losses));
            if let Some(note) = &self.note {
                output::note(note);
            }
        }
        if let Some(folder) = &args.out {
            output::note(&format!("next: nines check {}", folder.display()));
        }
        Ok(Exit::Yes)
    }
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
