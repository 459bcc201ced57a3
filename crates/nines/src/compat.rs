//! `nines compat`: nines with the command line and the files of another program.

mod alertmanager;
mod flags;
mod prometheus;
mod web;

use clap::Subcommand;

use crate::environment::Environment;
use crate::exit::Exit;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    program: Program,
}

#[derive(Debug, Subcommand)]
enum Program {
    /// Take Alertmanager's flags and its configuration file
    #[command(disable_help_flag = true)]
    Alertmanager {
        /// As of Alertmanager; `--help` lists them
        #[arg(value_name = "FLAGS", trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<String>,
    },
    /// Take Prometheus' flags and its configuration file
    #[command(disable_help_flag = true)]
    Prometheus {
        /// As of Prometheus; `--help` lists them
        #[arg(value_name = "FLAGS", trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<String>,
    },
}

pub(crate) fn run(args: Args, environment: &Environment) -> anyhow::Result<Exit> {
    match args.program {
        Program::Alertmanager { flags } => alertmanager::run(&flags, environment),
        Program::Prometheus { flags } => prometheus::run(&flags, environment),
    }
}
