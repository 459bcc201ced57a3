//! `nines backtest`: what a configuration would have done on samples of the past.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use jiff::{SignedDuration, Timestamp};
use nines_alert::rule::trial::MemorySeries;
use nines_base::{Sample, SampleBatch, format_duration};
use nines_ingest::text::{self, Format, TextLimits};
use nines_promql::SeriesSource;
use nines_rehearsal::{Plan, Report, Setup, backtest};
use nines_release::{Change, ChangeKind, Verdict};
use nines_server::engine_config;
use nines_spec::Spec;
use serde_json::{Value, json};

use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::slo::{FilesArgs, duration, read};
use crate::{output, past};

/// Lines of one part of the report.
const LINES_MAX: usize = 50;
/// Samples of one file.
const SAMPLES_MAX: usize = 100_000_000;
/// Without `--since` and `--from`.
const SINCE_DEFAULT: &str = "28d";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    past: PastArgs,
    /// Another configuration, to be compared with the first
    #[arg(long, value_name = "PATH")]
    against: Option<PathBuf>,
    /// A change that would have asked the gate: `TIME,SERVICE`, then `,VERSION` and `,ENV` if they matter
    #[arg(long = "change", value_name = "CHANGE", value_parser = change)]
    changes: Vec<(Timestamp, Change)>,
}

/// Which configuration, and which past.
#[derive(Debug, clap::Args)]
pub(crate) struct PastArgs {
    #[command(flatten)]
    pub(crate) files: FilesArgs,
    /// Samples with timestamps, else a running server is asked, as OpenMetrics or as Prometheus text
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    samples: Option<PathBuf>,
    /// The data folder of a server that is stopped, or a backup
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// The first judgement; RFC 3339
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// The last judgement; the present, or the last sample of a file
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    /// How long before the last judgement the first one is
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = SINCE_DEFAULT, conflicts_with = "from")]
    since: SignedDuration,
    /// From one judgement to the next
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1m")]
    step: SignedDuration,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Reads `2026-06-10T14:00:00Z,checkout,v2.33,prod`.
fn change(text: &str) -> Result<(Timestamp, Change), String> {
    let mut parts = text.split(',').map(str::trim);
    let at = parts.next().unwrap_or_default();
    let at =
        at.parse().map_err(|_| format!("`{at}` is not a time such as 2026-06-10T14:00:00Z"))?;
    let service = parts.next().filter(|it| !it.is_empty());
    let service = service.ok_or("a change is TIME,SERVICE[,VERSION[,ENV]]")?.to_owned();
    let version = parts.next().filter(|it| !it.is_empty()).map(str::to_owned);
    let env = parts.next().unwrap_or("prod").to_owned();
    if parts.next().is_some() {
        return Err("a change is TIME,SERVICE[,VERSION[,ENV]]".to_owned());
    }
    Ok((at, Change { service, env, version, sha: None, kind: ChangeKind::Code }))
}

/// Ends with 0 when the past was played, whatever came of it.
pub(crate) fn run(
    args: &Args,
    now: Timestamp,
    open: impl Fn() -> anyhow::Result<Client>,
) -> anyhow::Result<Exit> {
    let spec = read(&args.past.files.config)?;
    let setup = Setup::new(&spec, engine_config(&spec));
    let other = args.against.as_deref().map(self::setup).transpose()?;
    let (source, plan) = args.past.open(&spec, now, open)?;
    let plan = Plan { changes: args.changes.clone(), ..plan };
    let report = backtest(&setup, source.as_ref(), &plan)?;
    let other = match &other {
        Some(other) => Some(backtest(other, source.as_ref(), &plan)?),
        None => None,
    };
    if args.past.json {
        output::print_json(&as_json(&report, other.as_ref())?)?;
        return Ok(Exit::Yes);
    }
    match (&args.against, &other) {
        (Some(path), Some(other)) => {
            let (one, two) = (args.past.files.config.display(), path.display());
            output::print(&format!("{one}\n{}\n{two}\n{}", text_of(&report), text_of(other)))?;
            output::print(&compared(&report, other))?;
        }
        _ => output::print(&text_of(&report))?,
    }
    Ok(Exit::Yes)
}

fn setup(path: &Path) -> anyhow::Result<Setup> {
    let spec = read(path)?;
    Ok(Setup::new(&spec, engine_config(&spec)))
}

impl PastArgs {
    /// The samples, and when they are judged.
    pub(crate) fn open(
        &self,
        spec: &Spec,
        now: Timestamp,
        server: impl Fn() -> anyhow::Result<Client>,
    ) -> anyhow::Result<(Box<dyn SeriesSource>, Plan)> {
        let stored = open(self)?;
        let last = stored.as_ref().and_then(|it| it.1);
        let to = self.to.or(last).unwrap_or(now);
        let before = || to.saturating_sub(self.since).unwrap_or(Timestamp::MIN);
        let from = self.from.unwrap_or_else(before);
        if to <= from || self.step < SignedDuration::from_secs(1) {
            let message = "the range ends before it begins, or the step is below 1s";
            return Err(Failure::usage(message).into());
        }
        let plan = Plan {
            step: self.step,
            policy_step: self.step.saturating_mul(5),
            threads: thread::available_parallelism().map_or(1, usize::from),
            ..Plan::new(from..to)
        };
        let source = match stored {
            Some((source, _)) => source,
            None => Box::new(past::fetch(&server()?, spec, from..to)?),
        };
        Ok((source, plan))
    }
}

/// Samples, and the instant of the last one where that is known.
type Stored = (Box<dyn SeriesSource>, Option<Timestamp>);

/// The stored samples; nothing when a server is to be asked.
fn open(args: &PastArgs) -> anyhow::Result<Option<Stored>> {
    if let Some(path) = &args.samples {
        let (series, last) = read_samples(path)?;
        return Ok(Some((Box::new(series), last)));
    }
    let Some(folder) = args.data.as_deref() else { return Ok(None) };
    // A backup of the samples alone, or the whole folder of a server.
    let inside = folder.join("samples");
    let folder = if inside.is_dir() { inside } else { folder.to_owned() };
    if !folder.join("segments").is_dir() {
        let message = format!("{} has no samples", folder.display());
        return Err(Failure::usage(message).into());
    }
    let (store, findings) = nines_tsdb::Tsdb::open(&folder, nines_tsdb::Options::default())?;
    for it in findings {
        output::note(&format!("warning: {it}"));
    }
    Ok(Some((Box::new(store), None)))
}

fn read_samples(path: &Path) -> anyhow::Result<(MemorySeries, Option<Timestamp>)> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::usage(format!("cannot read {}: {error}", path.display()))
    };
    let body = fs::read_to_string(path).map_err(|error| unreadable(&error))?;
    let is_open_metrics = body.trim_end().ends_with("# EOF");
    let format = if is_open_metrics { Format::OpenMetrics } else { Format::Text };
    let limits = TextLimits { samples_max: SAMPLES_MAX, ..TextLimits::default() };
    let scraped = text::parse(&body, format, &limits).map_err(|error| unreadable(&error))?;
    let (series, mut last_ms) = (MemorySeries::default(), None);
    let mut batches = Vec::with_capacity(scraped.len());
    for it in scraped {
        let Some(at_ms) = it.at_ms else {
            let error = format!("{} has a sample without a timestamp", it.labels);
            return Err(unreadable(&error).into());
        };
        last_ms = last_ms.max(Some(at_ms));
        batches.push(SampleBatch::new(it.labels, vec![Sample { at_ms, value: it.value }]));
    }
    series.add(&batches);
    Ok((series, last_ms.and_then(|it| Timestamp::from_millisecond(it).ok())))
}

/// The report for people.
fn text_of(report: &Report) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        writeln!(out, "{text}").expect("a String takes everything");
    };
    let (pages, tickets) = (report.pages().count(), report.tickets().count());
    let asked = report.decisions.len();
    line(format!("{} to {}", report.from, report.to));
    line(format!("{}, {}", counted(pages, "page"), counted(tickets, "ticket")));
    for it in report.alerts.iter().take(LINES_MAX) {
        let kind = if it.is_page { "page  " } else { "ticket" };
        let until = it.until.map_or("goes on".to_owned(), |until| {
            let length = until.duration_since(it.from);
            format!("for {}", format_duration(SignedDuration::from_secs(length.as_secs())))
        });
        let told = it.told.iter().map(|it| format!("{} by {} {}", it.person, it.channel, it.at));
        let told = told.collect::<Vec<_>>().join(", ");
        let told = if told.is_empty() { "nobody".to_owned() } else { told };
        line(format!("  {} {kind}  {}, {until}  → {told}", it.from, it.summary));
    }
    more(&mut line, report.alerts.len());
    if asked != 0 {
        let blocked = report.blocked().count();
        line(format!("{}, {blocked} not open", counted(asked, "change")));
        for it in report.decisions.iter().take(LINES_MAX) {
            let version = it.version.as_deref().unwrap_or("");
            line(format!("  {} {} {version} → {}  {}", it.at, it.service, it.env, it.because));
        }
        more(&mut line, asked);
    }
    for it in report.levels.iter().take(LINES_MAX) {
        let until = it.until.map_or("goes on".to_owned(), |it| it.to_string());
        line(format!(
            "  level {} of {} ({}): {} to {until}",
            it.level, it.service, it.policy, it.from
        ));
    }
    line("budgets at the end".to_owned());
    for it in &report.budgets {
        let left = it.remaining_ratio.map_or("not known".to_owned(), output::percent);
        line(format!(
            "  {} {} over {}: {left} left, {} bad of {}, {}; {}, {}",
            it.slo,
            it.target,
            it.window,
            it.bad,
            it.total,
            it.state,
            counted(it.pages, "page"),
            counted(it.tickets, "ticket"),
        ));
    }
    out
}

fn more(line: &mut impl FnMut(String), count: usize) {
    if LINES_MAX < count {
        line(format!("  {} more; --json has all", count - LINES_MAX));
    }
}

/// `1 page`, `2 pages`.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// What is different in the second report.
fn compared(one: &Report, other: &Report) -> String {
    let difference = |one: usize, other: usize, noun: &str| match one.cmp(&other) {
        std::cmp::Ordering::Equal => format!("as many {noun}s"),
        std::cmp::Ordering::Less => format!("{} more", counted(other - one, noun)),
        std::cmp::Ordering::Greater => format!("{} fewer", counted(one - other, noun)),
    };
    format!(
        "against the first: {}, {}, {}",
        difference(one.pages().count(), other.pages().count(), "page"),
        difference(one.tickets().count(), other.tickets().count(), "ticket"),
        difference(one.blocked().count(), other.blocked().count(), "refusal"),
    )
}

fn as_json(report: &Report, other: Option<&Report>) -> anyhow::Result<Value> {
    let one = |it: &Report| -> anyhow::Result<Value> {
        let closed = it.decisions.iter().filter(|it| it.verdict == Verdict::Closed).count();
        let mut value = serde_json::to_value(it)?;
        value["pages"] = it.pages().count().into();
        value["tickets"] = it.tickets().count().into();
        value["closed"] = closed.into();
        Ok(value)
    };
    match other {
        None => one(report),
        Some(other) => Ok(json!({"current": one(report)?, "against": one(other)?})),
    }
}

#[cfg(test)]
mod tests;
