//! `nines demo`: a shop of real processes, nines watching it, and the words to break and to heal it.

mod files;
mod narrator;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Subcommand;
use jiff::{SignedDuration, Timestamp};
use nines_base::Labels;
use nines_demo::{ChangeKind, ChangeNotice, Fault, ServiceArgs, Shop, ShopConfig};
use nines_engine::Command;
use nines_incident::changes;
use nines_ingest::{ScrapeJob, Target};
use nines_port::Clock;
use nines_server::{DemoOptions, Server};
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::client::{ADDRESS_DEFAULT, Client, Connection};
use crate::clock::SystemClock;
use crate::context;
use crate::environment::Environment;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::serve::{LOG_DEFAULT, interrupted, log, remember, runtime, start, write_ready};

/// How often each service of the shop is asked for its metrics.
const SCRAPE_INTERVAL: SignedDuration = SignedDuration::from_secs(2);
const SCRAPE_TIMEOUT: SignedDuration = SignedDuration::from_millis(1_500);
/// How much of the past the demo makes up.
const HISTORY_DAYS: u32 = 28;
const HISTORY_SEED: u64 = 28;
/// How long the runtime's own threads may take to end.
const END_MAX: Duration = Duration::from_millis(300);

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Keep everything in this folder; without it a temporary one is removed at the end
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where to listen; port 0 takes any
    #[arg(long, value_name = "ADDR", default_value = ADDRESS_DEFAULT)]
    listen: SocketAddr,
    /// Write {"url", "token"} to this file when ready
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Break something: bad-deploy, memory-leak, slow-query, db-down, disk-filling
    Break { fault: String },
    /// Undo all that is broken
    #[command(alias = "repair")]
    Heal,
}

pub(crate) fn run(
    args: Args,
    connection: &Connection,
    environment: &Environment,
) -> anyhow::Result<Exit> {
    match args.verb {
        Some(Verb::Break { fault }) => break_it(&fault, &open(connection, environment)?),
        Some(Verb::Heal) => heal(&open(connection, environment)?),
        None => {
            log(environment.log.as_deref().unwrap_or(LOG_DEFAULT));
            let runtime = runtime()?;
            let result = runtime.block_on(show(args, environment));
            runtime.shutdown_timeout(END_MAX);
            result
        }
    }
}

/// The running demo, unless flags or environment name a server: a runbook's step has them set.
fn open(connection: &Connection, environment: &Environment) -> anyhow::Result<Client> {
    let is_named =
        connection.server.is_some() || connection.context.is_some() || environment.url.is_some();
    Connection { demo: connection.demo || !is_named, ..connection.clone() }.open(environment)
}

/// One service of the shop: this process, until its parent is gone.
pub(crate) fn service(name: &str, args: Vec<String>) -> anyhow::Result<Exit> {
    let args = ServiceArgs::parse(args).map_err(|error| Failure::usage(error.to_string()))?;
    nines_demo::run_service(name, args)?;
    Ok(Exit::Yes)
}

fn break_it(fault: &str, client: &Client) -> anyhow::Result<Exit> {
    let fault: Fault = fault
        .parse()
        .map_err(|error: nines_demo::UnknownFault| Failure::usage(error.to_string()))?;
    client.post(&format!("/demo/break/{fault}"), &json!({}))?;
    output::print(&format!("▲ {fault}  {}", fault.watch()))?;
    output::note("within a minute somebody is paged; then:");
    output::note("  nines --demo get page      nines --demo why INC-1      nines --demo ack INC-1");
    output::note("  nines demo heal            undoes it");
    Ok(Exit::Yes)
}

fn heal(client: &Client) -> anyhow::Result<Exit> {
    let healed = client.post("/demo/heal", &json!({}))?;
    let changes = healed["changes"].as_array().map_or(0, Vec::len);
    match changes {
        0 => output::print("nothing was broken")?,
        _ => output::print(&format!("● healed, {changes} changes undone"))?,
    }
    output::note("next: nines --demo get alert");
    Ok(Exit::Yes)
}

/// The demo itself.
async fn show(args: Args, environment: &Environment) -> anyhow::Result<Exit> {
    let started = Instant::now();
    let stop = interrupted()?;
    let temporary = match &args.data {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("nines-demo-").tempdir()?),
    };
    let folder = args.data.clone().or_else(|| temporary.as_ref().map(|it| it.path().to_owned()));
    let folder = folder.context("a temporary folder was made above")?;
    let config = folder.join("config");
    files::write(&config)?;
    let reading = nines_spec::read_dir(&config).map_err(crate::check::unreadable)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let schedule = reading.spec.schedules.first();
    let person =
        schedule.and_then(|it| it.on_call(clock.now()).into_iter().next()).map(|it| it.person);
    let person = person.unwrap_or_else(|| "ana".to_owned());

    let program = std::env::current_exe().context("failed to find this program")?;
    let prefix = vec!["demo-service".to_owned()];
    let shop_config = ShopConfig::new(program, prefix, folder.join("shop"), Arc::clone(&clock));
    let shop = Arc::new(Shop::start(shop_config).await.context("failed to start the shop")?);
    let demo = DemoOptions {
        person: person.clone(),
        jobs: vec![job(&shop)],
        routes: nines_demo::control_router(Arc::clone(&shop)),
    };
    let server = start(config, folder.clone(), args.listen, demo);
    let server = match server.await {
        Ok(server) => server,
        Err(error) => {
            shop.stop().await;
            return Err(error);
        }
    };
    if server.is_fresh() {
        write_past(&server, clock.now()).await?;
    }
    let written = remember(&server, environment, context::DEMO, Some(person.clone()))?;
    banner(&server, &args, &reading.spec, &person, started)?;
    let reporter = tokio::spawn(report_changes(
        shop.subscribe(),
        server.url().to_owned(),
        server.token().to_owned(),
    ));
    let narrator = tokio::spawn(narrator::narrate(server.engine().clone(), server.committed()));
    if let Some(file) = &args.ready_file {
        write_ready(file, &server)?;
    }
    let result = server.run(stop).await;
    reporter.abort();
    narrator.abort();
    shop.stop().await;
    if let Some(written) = written {
        written.remove();
    }
    output::note("stopped");
    result?;
    Ok(Exit::Yes)
}

/// The shop's services as targets; no file names them, because their ports are free ones.
fn job(shop: &Shop) -> ScrapeJob {
    let targets = nines_demo::scrape_targets(shop);
    let targets = targets.into_iter().map(|(address, labels)| Target {
        address,
        labels: Labels::new(labels).expect("each name once, as the shop gives them"),
    });
    ScrapeJob {
        targets: targets.collect(),
        interval: SCRAPE_INTERVAL,
        timeout: SCRAPE_TIMEOUT,
        ..ScrapeJob::new("shop")
    }
}

/// 28 days of plausible samples and deploys, through the same door as all others.
async fn write_past(server: &Server, now: Timestamp) -> anyhow::Result<()> {
    let (sink, engine) = (server.sink(), server.engine().clone());
    let until = now - SignedDuration::from_secs(1);
    let written = tokio::task::spawn_blocking(move || -> anyhow::Result<()> {
        for batch in nines_demo::history(until, HISTORY_DAYS, HISTORY_SEED) {
            sink.append(&batch).map_err(|error| anyhow::anyhow!("{error}: {}", error.source))?;
        }
        for notice in nines_demo::past_changes(until) {
            let command = Command::RecordChange(changes::Command::Record(change(&notice)));
            engine.ask(command)??;
        }
        Ok(())
    });
    written.await?.context("failed to write the demo's past")
}

fn change(notice: &ChangeNotice) -> changes::Change {
    changes::Change {
        id: String::new(),
        service: notice.service.to_string(),
        env: "prod".to_owned(),
        version: Some(notice.version.clone()),
        sha: None,
        kind: match notice.kind {
            ChangeKind::Deploy => changes::ChangeKind::Deploy,
            ChangeKind::Config => changes::ChangeKind::Config,
        },
        author: Some(notice.by.clone()),
        started: notice.at,
        finished: Some(notice.at),
        summary: notice.summary.clone(),
        source: "demo".to_owned(),
        url: None,
    }
}

/// Tells nines about the shop's changes as a delivery pipeline would: over HTTP.
async fn report_changes(mut notices: Receiver<ChangeNotice>, url: String, token: String) {
    let client = match reqwest::Client::builder().no_proxy().build() {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, "the shop's changes are not told");
            return;
        }
    };
    loop {
        let notice = match notices.recv().await {
            Ok(notice) => notice,
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "some changes of the shop were not told");
                continue;
            }
            Err(RecvError::Closed) => return,
        };
        let body = json!({
            "service": notice.service.to_string(),
            "env": "prod",
            "version": notice.version,
            "kind": notice.kind.to_string(),
            "author": notice.by,
            "started": notice.at,
            "finished": notice.at,
            "summary": notice.summary,
            "source": "demo",
        });
        let request = client.post(format!("{url}/api/v1/events")).bearer_auth(&token).json(&body);
        match request.send().await {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => tracing::error!(status = %answer.status(), "a change was not taken"),
            Err(error) => tracing::error!(%error, "a change was not told"),
        }
    }
}

fn banner(
    server: &Server,
    args: &Args,
    spec: &nines_spec::Spec,
    person: &str,
    started: Instant,
) -> anyhow::Result<()> {
    let (services, slos, people) = (spec.services.len(), spec.slos.len(), spec.people.len());
    let store = match &args.data {
        Some(folder) => format!("{}, kept", folder.display()),
        None => "temporary, removed on exit; keep it with --data DIR".to_owned(),
    };
    let version = env!("CARGO_PKG_VERSION");
    let (url, token) = (server.url(), server.token_file().display().to_string());
    let ready = started.elapsed().as_secs_f64();
    output::print(&format!(
        "nines {version}  demo shop: {services} services, {slos} SLOs, {people} people, real HTTP traffic on loopback
  store     {store}
  ready in  {ready:.1} s

  Web       {url}          (as {person}, on call)
  Grafana   add {url} as a Prometheus data source
  Token     {token}
  Try       nines --demo get slo            nines demo break bad-deploy
            nines --demo why INC-1          nines --demo ack --all
            nines --demo gate check checkout v2.34
"
    ))?;
    Ok(())
}
