//! `nines schema` and `nines completion`: what editors and shells want to know.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::exit::{Exit, Failure};
use crate::output;

#[derive(Debug, clap::Args)]
pub(crate) struct SchemaArgs {
    /// Of documents of one kind, such as SLO; without it of all kinds
    kind: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CompletionArgs {
    /// Which shell
    shell: Shell,
}

/// Prints a JSON Schema, draft 2020-12.
pub(crate) fn schema(args: &SchemaArgs) -> anyhow::Result<Exit> {
    let Some(schema) = nines_spec::schema(args.kind.as_deref()) else {
        let kind = args.kind.as_deref().unwrap_or_default();
        let kinds = nines_spec::kinds().join(", ");
        return Err(Failure::usage(format!("there is no kind `{kind}`; kinds are {kinds}")).into());
    };
    output::print_json(&schema)?;
    Ok(Exit::Yes)
}

/// Prints the script; `source <(nines completion bash)`.
pub(crate) fn completion(args: &CompletionArgs) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "nines", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Yes)
}
