//! The words of the command line.

use clap::{Parser, Subcommand};

use crate::client::Connection;
use crate::output::Color;
use crate::{
    audit, backtest, backup, check, compat, contact, demo, deploy, describe, exclude, export, gate,
    get, import, incident, init, layout, oncall, page, plan, policy, postmortem, query, respond,
    run, schema, serve, silence, slo, test, why,
};

/// Shown first: what people want to copy.
const EXAMPLES: &str = "\
Examples:
  nines demo                                 a real shop to watch, to break and to heal
  nines init --scrape http://localhost:8080/metrics
  nines check config                         what is wrong with the files, before a server reads them
  nines serve --config config --data data
  nines get slo                              budgets, worst first
  nines why budget checkout/availability     what ate the error budget
  nines why checkout/availability            from the samples to the person who was paged
  nines gate check checkout v2.33            may this change proceed? 0 yes, 1 no, 3 cannot tell";

/// Error budgets, alerts, on-call, incidents, runbooks and release gates in one program
#[derive(Debug, Parser)]
#[command(name = "nines", version, before_help = EXAMPLES, max_term_width = 110)]
#[command(disable_help_subcommand = true, propagate_version = false, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value = "auto", hide_short_help = true)]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a shop of real services, with nines watching it
    Demo(demo::Args),
    /// Write a first configuration
    Init(init::Args),
    /// Check a configuration without a server
    Check(check::Args),
    /// Play unit tests of a configuration, or of Prometheus rules as promtool does
    Test(test::Args),
    /// Find out what an objective would do
    Slo {
        #[command(subcommand)]
        command: slo::Command,
    },
    /// Show what a configuration would have done on samples of the past
    Backtest(backtest::Args),
    /// Explain the code of a finding, or a field such as slo.spec.window
    Explain(check::ExplainArgs),
    /// Lay out the files of a configuration
    Fmt(layout::FmtArgs),
    /// Mend what can mean one thing only
    Fix(layout::FixArgs),
    /// Print the JSON Schema of the files, for editors
    Schema(schema::SchemaArgs),
    /// Print the completion script of a shell
    Completion(schema::CompletionArgs),
    /// Read objectives, or people and schedules, from files of other tools
    Import(import::Args),
    /// Show what files would change on a server, and what that would have meant
    Plan(plan::PlanArgs),
    /// Apply a plan, all or nothing
    Apply(plan::ApplyArgs),
    /// Compare a server's configuration with files
    Drift(plan::DriftArgs),
    /// Write objectives as files of other tools
    Export(export::Args),
    /// Run the server
    Serve(serve::Args),
    /// Copy the samples while the server goes on
    Backup(backup::Args),
    /// Run with the flags and files of another program
    Compat(compat::Args),
    /// List objectives, alerts, incidents, pages, changes, runs, runbooks
    Get(get::Args),
    /// Show one objective or incident in full
    Describe(describe::Args),
    /// Show why an alert paged, and why it did not
    Why(why::Args),
    /// Hide alerts for a while
    Silence(Box<silence::Args>),
    /// Show what would become of an alert with these labels
    WhyNot(why::NotArgs),
    /// Say that a stretch of time does not count, or counts otherwise
    Exclude(Box<exclude::Args>),
    /// Ask a PromQL query
    Query(query::Args),
    /// Show and change who is on call
    Oncall(Box<oncall::Args>),
    /// Find out whether people can be reached
    Page(page::Args),
    /// Prove that contacts work
    Contact(contact::Args),
    /// Acknowledge what waits for an answer
    Ack(respond::AckArgs),
    /// Go on to the next step, because you are not able or others shall know; or tell others by name
    Escalate(respond::EscalateArgs),
    /// Say that you have it, and want to be asked later
    Snooze(respond::SnoozeArgs),
    /// Work on an incident
    Incident(incident::Args),
    /// Run a runbook
    Run(run::Args),
    /// Draft a postmortem from facts
    Postmortem(postmortem::Args),
    /// Ask whether a change may proceed
    Gate(gate::Args),
    /// See where error-budget policies stand, and what others would have done
    Policy(policy::Args),
    /// Check that nobody has rewritten what happened
    Audit(audit::Args),
    /// Tell nines about a deploy
    Deploy(deploy::Args),
    /// Print the version
    Version,
    /// One service of the demo shop
    #[command(hide = true)]
    DemoService {
        name: String,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

#[cfg(test)]
mod tests;
