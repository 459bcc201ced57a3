//! The command line of nines: server, demo and tools in one program.
//!
//! It only composes: it reads flags, environment and files, and hands plain values to the other crates. What
//! a budget, an alert or a gate is, it does not know.

#![expect(clippy::disallowed_methods, reason = "this crate does the IO")]

mod api;
mod audit;
mod backtest;
mod backup;
mod check;
mod cli;
mod client;
mod clock;
mod compat;
mod contact;
mod context;
mod demo;
mod deploy;
mod describe;
mod environment;
mod exclude;
mod exit;
mod export;
mod gate;
mod get;
mod import;
mod incident;
mod init;
mod layout;
mod live;
mod oncall;
mod output;
mod page;
mod past;
mod plan;
mod policy;
mod postmortem;
mod query;
mod respond;
mod rule_tests;
mod run;
mod schema;
mod serve;
mod silence;
mod slo;
mod test;
mod why;

use std::panic;
use std::process::ExitCode;

use clap::Parser;
use nines_port::Clock;

use cli::{Cli, Command};
use clock::SystemClock;
use environment::Environment;
use exit::{Exit, exit_of, is_broken_pipe};

fn main() -> ExitCode {
    // reqwest is built without a provider of its own. An error would mean that one is there already.
    drop(rustls::crypto::ring::default_provider().install_default());
    let exit = match panic::catch_unwind(|| run(Cli::parse())) {
        Ok(Ok(exit)) => exit,
        Ok(Err(error)) if is_broken_pipe(&error) => Exit::Yes,
        Ok(Err(error)) => {
            output::note(&format!("error: {error:#}"));
            exit_of(&error)
        }
        Err(_) => Exit::Unknown, // the panic has printed itself; it is no "no"
    };
    ExitCode::from(exit as u8)
}

fn run(cli: Cli) -> anyhow::Result<Exit> {
    let Cli { connection, color, command } = cli;
    color.apply();
    let environment = Environment::read();
    let open = || connection.open(&environment);
    match command {
        Command::Demo(args) => demo::run(args, &connection, &environment),
        Command::Init(args) => init::run(&args),
        Command::Check(args) => check::run(&args, open),
        Command::Test(args) => test::run(&args),
        Command::Backtest(args) => backtest::run(&args, SystemClock.now(), open),
        Command::Slo { command } => slo::run(&command, SystemClock.now(), open),
        Command::Explain(args) => check::explain(&args),
        Command::Fmt(args) => layout::fmt(&args),
        Command::Fix(args) => layout::fix(&args),
        Command::Schema(args) => schema::schema(&args),
        Command::Completion(args) => schema::completion(&args),
        Command::Import(args) => import::run(&args, SystemClock.now()),
        Command::Plan(args) => plan::plan(&args, &open()?),
        Command::Apply(args) => plan::apply(&args, &open()?),
        Command::Drift(args) => plan::drift(&args, &open()?),
        Command::Export(args) => export::run(&args),
        Command::Serve(args) => serve::run(args, &environment),
        Command::Backup(args) => backup::run(&args, open),
        Command::Compat(args) => compat::run(args, &environment),
        Command::Get(args) => get::run(&args, &open()?),
        Command::Describe(args) => describe::run(&args, &open()?),
        Command::Why(args) => why::run(&args, &open()?),
        Command::Silence(args) => silence::run(&args, &open()?),
        Command::WhyNot(args) => why::run_not(&args, &open()?),
        Command::Exclude(args) => exclude::run(&args, &open()?),
        Command::Query(args) => query::run(&args, &open()?),
        Command::Oncall(args) => oncall::run(&args, &open()?, &environment, SystemClock.now()),
        Command::Page(args) => page::run(&args, &open()?),
        Command::Contact(args) => contact::run(&args, &open()?),
        Command::Ack(args) => respond::acknowledge(&args, &open()?),
        Command::Escalate(args) => respond::escalate(&args, &open()?),
        Command::Snooze(args) => respond::snooze(&args, &open()?, SystemClock.now()),
        Command::Incident(args) => incident::run(&args, &open()?),
        Command::Run(args) => run::run(args, &open()?),
        Command::Postmortem(args) => postmortem::run(&args, &open()?),
        Command::Gate(args) => gate::run(&args, &environment, open),
        Command::Policy(args) => policy::run(&args, &open()?),
        Command::Audit(args) => audit::run(&args, open),
        Command::Deploy(args) => deploy::run(&args, &open()?),
        Command::Version => {
            output::print(concat!("nines ", env!("CARGO_PKG_VERSION")))?;
            Ok(Exit::Yes)
        }
        Command::DemoService { name, args } => demo::service(&name, args),
    }
}
