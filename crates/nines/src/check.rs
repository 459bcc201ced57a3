//! `nines check`: everything that is wrong with a folder of files, without a server. And `nines explain`.

use std::path::PathBuf;

use nines_spec::{ReadError, Style};
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::output;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder of YAML and Markdown, or one file of it
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// The findings as JSON
    #[arg(long)]
    json: bool,
    /// For terminals without lines and corners
    #[arg(long, conflicts_with = "json")]
    ascii: bool,
}

/// Ends with 0 when a server would take the files, warnings or not, and with 2 when it would refuse them.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let reading = nines_spec::read_dir(&args.folder).map_err(unreadable)?;
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
    if reading.has_errors() {
        return Ok(Exit::Invalid);
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
