//! `nines backup`: a copy of the samples, from a running server or from a folder that no server uses.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use nines_tsdb::{Options, Tsdb};
use serde_json::json;

use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::output;

/// The folder of the samples in a data folder.
const SAMPLES: &str = "samples";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The new folder; on the server's machine, if a server is asked
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Copy from this data folder, which no server uses now
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

pub(crate) fn run(
    args: &Args,
    open: impl FnOnce() -> anyhow::Result<Client>,
) -> anyhow::Result<Exit> {
    let to = std::path::absolute(&args.to)
        .with_context(|| format!("failed to find {}", args.to.display()))?;
    match &args.data {
        Some(data) => copy(data, &to)?,
        None => drop(open()?.post("/api/nines/v1/backup", &json!({ "to": to }))?),
    }
    output::print(&to.join(SAMPLES).display().to_string())?;
    output::note(&format!("to use it: nines serve --data {}", to.display()));
    Ok(Exit::Yes)
}

fn copy(data: &Path, to: &Path) -> anyhow::Result<()> {
    let samples = data.join(SAMPLES);
    if !samples.is_dir() {
        return Err(Failure::usage(format!("{} holds no samples", data.display())).into());
    }
    let (store, findings) = Tsdb::open(&samples, Options::default())
        .with_context(|| format!("failed to open {}", samples.display()))?;
    for finding in findings {
        output::note(&format!("warning: {finding}"));
    }
    store.snapshot(&to.join(SAMPLES)).context("failed to copy the samples")?;
    store.close().context("failed to close the store")
}
