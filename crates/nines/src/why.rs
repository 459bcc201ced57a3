//! `nines why`: the chain from samples to the answer, with the lines of the configuration that decided it.

mod budget;

use clap::Subcommand;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::api::{Chain, Link, Slo};
use crate::client::{Client, segment};
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs, clock};

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    of: Option<Of>,
    /// An alert's key, `service/slo`, a service, or `INC-1`
    #[arg(value_name = "ALERT", required = true)]
    name: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

/// What else can be asked about.
#[derive(Debug, Subcommand)]
enum Of {
    /// What an error budget was made from, and what ate it
    Budget(budget::Args),
}

pub(crate) fn run(args: &Args, client: &Client) -> anyhow::Result<Exit> {
    if let Some(Of::Budget(args)) = &args.of {
        return budget::run(args, client);
    }
    let name = args.name.as_deref().unwrap_or_default();
    let answer = client.ask(Method::GET, "/api/nines/v1/why", &[("alert", name)], None)?;
    if answer.status == StatusCode::NOT_FOUND {
        return Err(quiet(client, name).unwrap_or_else(|| client.refusal(&answer)).into());
    }
    if !answer.status.is_success() {
        return Err(client.refusal(&answer).into());
    }
    let chains: Value = serde_json::from_str(&answer.text)?;
    if args.output.format() == Format::Json {
        output::print_json(&chains)?;
        return Ok(Exit::Yes);
    }
    let chains: Vec<Chain> = client.read(chains)?;
    let texts: Vec<String> = chains.iter().map(render).collect();
    output::print(&texts.join("\n"))?;
    Ok(Exit::Yes)
}

#[derive(Debug, clap::Args)]
pub(crate) struct NotArgs {
    /// The labels of the alert: `alertname=Down severity=page`
    #[arg(value_name = "NAME=VALUE", required = true)]
    labels: Vec<String>,
    /// As of then (RFC 3339, or how long ago); else as of now
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) fn run_not(args: &NotArgs, client: &Client) -> anyhow::Result<Exit> {
    let labels = args.labels.join(",");
    let at = args.at.as_deref().map(crate::gate::instant).transpose()?.map(|it| it.to_string());
    let mut query = vec![("labels", labels.as_str())];
    query.extend(at.as_deref().map(|it| ("at", it)));
    let chain: Value = client.get("/api/nines/v1/why-not", &query)?;
    if args.output.format() == Format::Json {
        output::print_json(&chain)?;
        return Ok(Exit::Yes);
    }
    output::print(&render(&client.read(chain)?))?;
    Ok(Exit::Yes)
}

/// An objective that exists and never burnt has no chain; its burn rates are the reason.
fn quiet(client: &Client, name: &str) -> Option<Failure> {
    let (service, slo) = name.split_once('/')?;
    let path = format!("/api/nines/v1/slos/{}/{}", segment(service), segment(slo));
    let slo: Slo = client.read(client.get(&path, &[]).ok()?).ok()?;
    let pages = slo.burns.iter().map(|it| {
        format!(
            "{} {} and {} {} (limit {})",
            it.long,
            output::burn(it.long_burn),
            it.short,
            output::burn(it.short_burn),
            it.limit
        )
    });
    let pages: Vec<String> = pages.collect();
    let message = format!("{name} has not alerted: it burns {}", pages.join(", "));
    Some(Failure::new(Exit::No, message))
}

fn render(chain: &Chain) -> String {
    let mut lines = vec![format!("{}    (alert {}; times are UTC)", chain.title, chain.alert)];
    lines.extend(chain.links.iter().map(line));
    lines.push(String::new());
    lines.join("\n")
}

fn line(it: &Link) -> String {
    let at = it.at.map_or(String::new(), clock);
    let origin = it.origin.as_ref().map_or(String::new(), |it| format!("{it}  "));
    format!("{:<9} {at:<15} {origin}{}", it.part, it.text)
}

#[cfg(test)]
mod tests;
