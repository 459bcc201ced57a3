//! `nines postmortem draft`: Markdown from facts; the same facts give the same bytes.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;

use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::incident::Number;
use crate::output;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write down what is known, with numbers
    Draft {
        incident: Number,
        /// Write to this file, which must not exist yet, instead of standard output
        #[arg(short, long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

pub(crate) fn run(args: &Args, client: &Client) -> anyhow::Result<Exit> {
    let Verb::Draft { incident, out } = &args.verb;
    let markdown = client.text(&format!("/api/nines/v1/incidents/{}/postmortem", incident.0))?;
    let Some(path) = out else {
        output::print(&markdown)?;
        return Ok(Exit::Yes);
    };
    // People add to a draft: what they wrote is not overwritten.
    let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let message =
                format!("{} exists already; name another file with --out", path.display());
            return Err(Failure::usage(message).into());
        }
        Err(error) => {
            return Err(error).with_context(|| format!("failed to write {}", path.display()));
        }
    };
    let written = file.write_all(markdown.as_bytes());
    written.with_context(|| format!("failed to write {}", path.display()))?;
    output::note(&format!(
        "drafted {}; what people decided and learned is yours to add",
        path.display()
    ));
    Ok(Exit::Yes)
}
