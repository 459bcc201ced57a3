//! `nines check`: everything that is wrong with a folder of files, without a server. And `nines explain`.

use std::path::PathBuf;

use jiff::Timestamp;
use nines_oncall::Verdict;
use nines_spec::{ReadError, Reading, Style};
use serde_json::json;

use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::live;
use crate::output;

/// The most gaps that are named.
const GAPS_MAX: usize = 10;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder of YAML and Markdown, or one file of it
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Ask the server too: metrics that do not exist, selectors that match nothing, thresholds between buckets
    #[arg(long)]
    live: bool,
    /// The findings as JSON
    #[arg(long)]
    json: bool,
    /// For terminals without lines and corners
    #[arg(long, conflicts_with = "json")]
    ascii: bool,
}

/// Ends with 0 when a server would take the files, warnings or not, and with 2 when it would refuse them.
///
/// With `--live` the answer is no (1) when the files are right and do not fit the data.
pub(crate) fn run(
    args: &Args,
    now: Timestamp,
    open: impl FnOnce() -> anyhow::Result<Client>,
) -> anyhow::Result<Exit> {
    let mut reading = nines_spec::read_dir(&args.folder).map_err(unreadable)?;
    let is_refused = reading.has_errors();
    if args.live && !is_refused {
        let found = live::findings(&reading, &open()?)?;
        reading.add(found);
    }
    if args.json {
        output::print_json(&json!({
            "revision": reading.spec.revision,
            "files": reading.spec.files,
            "findings": reading.findings,
        }))?;
    } else {
        let style = if args.ascii { Style::Plain } else { Style::Color };
        output::print(&nines_spec::render(&reading.findings, &reading.sources, style))?;
    }
    if is_refused {
        return Ok(Exit::Invalid);
    }
    if reading.has_errors() {
        return Ok(Exit::No);
    }
    if !args.json {
        note_gaps(&reading, now);
    }
    if reading.spec.files == 0 {
        let folder = args.folder.display();
        output::note(&format!("{folder} has no .yaml, .yml or .md file; begin with `nines init`"));
    } else if !args.json {
        let folder = args.folder.display();
        output::note(&format!("next: nines serve --config {folder} --data DIR"));
    }
    Ok(Exit::Yes)
}

/// When a page would reach nobody, as far as files say. Not a finding: it comes and goes with the day.
fn note_gaps(reading: &Reading, now: Timestamp) {
    let coverage = nines_server::coverage_of(&reading.spec, now);
    let gaps: Vec<_> = coverage.findings.iter().filter(|it| it.verdict == Verdict::Gap).collect();
    for it in gaps.iter().take(GAPS_MAX) {
        let times = format!("{} to {}", output::clock(it.from), output::clock(it.until));
        output::note(&format!("gap: escalation {}, {times} UTC: {}", it.policy, it.cause));
    }
    let more = gaps.len().saturating_sub(GAPS_MAX) + coverage.left_out;
    if 0 < more {
        output::note(&format!("{more} more gaps within 90 days"));
    }
}

/// A folder that cannot be read is a mistake of whoever named it.
pub(crate) fn unreadable(error: ReadError) -> anyhow::Error {
    Failure::usage(format!("{:#}", anyhow::Error::new(error))).into()
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// The code, such as N0102, or a field, such as slo.spec.window
    #[arg(value_name = "CODE|FIELD")]
    code: String,
}

pub(crate) fn explain(args: &ExplainArgs) -> anyhow::Result<Exit> {
    let code = args.code.to_ascii_uppercase();
    let page = nines_spec::explain(&code).map(str::to_owned);
    let Some(page) = page.or_else(|| nines_spec::explain_field(&args.code)) else {
        let message = format!(
            "there is no finding and no field `{}`; codes look like N0102, fields like slo.spec.window",
            args.code
        );
        return Err(Failure::usage(message).into());
    };
    output::print(&page)?;
    Ok(Exit::Yes)
}
