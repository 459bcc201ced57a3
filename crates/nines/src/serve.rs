//! `nines serve`: the server, until somebody stops it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use nines_server::{
    Configuration, DemoOptions, PromSettings, Random, Reload, Retention, ServeError, ServeOptions,
    Server, SharedOptions, anchored,
};
use nines_store::PostgresPlace;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::client::ADDRESS_DEFAULT;
use crate::clock::SystemClock;
use crate::context::{self, Context};
use crate::environment::Environment;
use crate::exit::{Exit, Failure};
use crate::output;

/// What is logged until `NINES_LOG` says otherwise.
pub(crate) const LOG_DEFAULT: &str = "warn,nines=info,nines_server=info";
/// How long the runtime's own threads may take to end.
const END_MAX: Duration = Duration::from_millis(300);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder of YAML and Markdown
    #[arg(long, value_name = "DIR", default_value = "config")]
    config: PathBuf,
    /// Take the configuration from `nines apply` instead of a folder
    #[arg(long, conflicts_with = "config")]
    applied: bool,
    /// The folder of samples, and of the journal if it is nowhere else; made if it is missing
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// Keep the journal in this database, postgres://USER@HOST/DATABASE, and share it with other processes, of which
    /// one decides at a time; the password comes from ~/.pgpass, PGPASSFILE or PGPASSWORD
    #[arg(long, value_name = "URL")]
    journal: Option<String>,
    /// Where the other processes of a shared journal reach this one, if not under the listening address
    #[arg(long, value_name = "URL", requires = "journal")]
    advertise: Option<String>,
    /// Where to listen; port 0 takes any
    #[arg(long, value_name = "ADDR", default_value = ADDRESS_DEFAULT)]
    listen: SocketAddr,
    /// Where people reach it, if not under the listening address
    #[arg(long, value_name = "URL")]
    external_url: Option<String>,
    /// Let pages of these origins read the Prometheus API from a browser; a regular expression for the whole origin
    #[arg(long, value_name = "REGEX", hide_short_help = true)]
    cors_origin: Option<String>,
    /// Write {"url", "token"} to this file when ready
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

pub(crate) fn run(args: Args, environment: &Environment) -> anyhow::Result<Exit> {
    log(environment.log.as_deref().unwrap_or(LOG_DEFAULT));
    let Args { config, applied, data, journal, advertise, listen, .. } = args;
    let Args { external_url, cors_origin, ready_file, .. } = args;
    let shared = journal.map(|url| shared(&url, advertise)).transpose()?;
    let configuration =
        if applied { Configuration::Applied } else { Configuration::Files(vec![config]) };
    let cors_origin = cors_origin.map(|pattern| {
        anchored(&pattern).map_err(|error| Failure::usage(format!("--cors-origin: {error}")))
    });
    let prom = PromSettings { cors_origin: cors_origin.transpose()?, ..PromSettings::default() };
    let options = options(configuration, data, listen, external_url)?;
    let options = ServeOptions { prom, shared, ..options };
    until_stopped(options, environment, ready_file.as_deref())
}

/// A journal that several processes share.
fn shared(url: &str, advertise: Option<String>) -> anyhow::Result<SharedOptions> {
    let place = PostgresPlace::parse(url);
    let place = place.map_err(|error| Failure::usage(format!("--journal: {error}")))?;
    let host = rustix::system::uname();
    let name = format!("{}, process {}", host.nodename().to_string_lossy(), std::process::id());
    Ok(SharedOptions { place, name, advertise })
}

/// Serves until somebody stops it. SIGHUP reads the configuration again.
pub(crate) fn until_stopped(
    options: ServeOptions,
    environment: &Environment,
    ready_file: Option<&Path>,
) -> anyhow::Result<Exit> {
    let runtime = runtime()?;
    let result = runtime.block_on(async {
        let hang_up = signal(SignalKind::hangup()).context("failed to listen for SIGHUP")?;
        let server = nines_server::start(options).await.map_err(failure)?;
        let written = remember(&server, environment, context::DEFAULT, None)?;
        if let Some(file) = ready_file {
            write_ready(file, &server)?;
        }
        output::note(&format!("nines listens on {}", server.url()));
        output::note(&format!("  token  {}", server.token_file().display()));
        output::note("  try    nines get slo");
        let reloading = tokio::spawn(reload_on(hang_up, server.reload()));
        let result = server.run(interrupted()?).await;
        reloading.abort();
        if let Some(written) = written {
            written.remove();
        }
        result.map_err(failure)
    });
    runtime.shutdown_timeout(END_MAX);
    result.map(|()| Exit::Yes)
}

async fn reload_on(mut hang_up: Signal, reload: Reload) {
    while hang_up.recv().await.is_some() {
        match reload.ask().await {
            Ok(()) => tracing::info!("the configuration was read again"),
            Err(problem) => tracing::error!("the last good configuration stays\n{problem}"),
        }
    }
}

/// What a server is made from, without anything special.
fn options(
    configuration: Configuration,
    data_dir: PathBuf,
    listen: SocketAddr,
    external_url: Option<String>,
) -> anyhow::Result<ServeOptions> {
    Ok(ServeOptions {
        configuration,
        data_dir,
        shared: None,
        listen: vec![listen],
        external_url,
        clock: Arc::new(SystemClock),
        random: random()?,
        program: program()?,
        prom: PromSettings::default(),
        retention: Retention::default(),
        demo: None,
    })
}

/// This program, for the steps of runbooks.
pub(crate) fn program() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("failed to find this program")
}

/// Opens everything and binds the port, for the demo.
pub(crate) async fn start(
    config_dir: PathBuf,
    data_dir: PathBuf,
    listen: SocketAddr,
    demo: DemoOptions,
) -> anyhow::Result<Server> {
    let configuration = Configuration::Files(vec![config_dir]);
    let options = options(configuration, data_dir, listen, None)?;
    nines_server::start(ServeOptions { demo: Some(demo), ..options }).await.map_err(failure)
}

/// Files that cannot be used are a mistake of their author; everything else is a failure.
fn failure(error: ServeError) -> anyhow::Error {
    match error {
        ServeError::Configuration { rendered } => {
            let message =
                format!("the configuration has errors; nothing was started\n\n{rendered}");
            Failure::usage(message).into()
        }
        ServeError::Files(error) => crate::check::unreadable(error),
        error => anyhow::Error::new(error),
    }
}

/// For secrets and ids.
pub(crate) fn random() -> anyhow::Result<Random> {
    let (mut bytes, mut seed) = ([0; 64], [0; 8]);
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    getrandom::fill(&mut seed).context("the system gives no random bytes")?;
    Ok(Random { bytes, seed: u64::from_le_bytes(seed) })
}

/// The runtime of server and demo.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().build().context("failed to start the runtime")
}

/// Sends log lines to standard error.
pub(crate) fn log(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new(LOG_DEFAULT));
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter);
    // A second try in one process is refused, and there is none.
    drop(lines.with_target(false).try_init());
}

/// Ready on Ctrl-C and SIGTERM.
pub(crate) fn interrupted() -> anyhow::Result<impl Future<Output = ()>> {
    let mut term = signal(SignalKind::terminate()).context("failed to listen for SIGTERM")?;
    let mut int = signal(SignalKind::interrupt()).context("failed to listen for Ctrl-C")?;
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    })
}

/// Notes the server where the client commands find it. Without a home they need `--server`.
pub(crate) fn remember(
    server: &Server,
    environment: &Environment,
    name: &'static str,
    person: Option<String>,
) -> anyhow::Result<Option<context::Written>> {
    let context = Context {
        url: server.url().to_owned(),
        token_file: server.token_file().to_owned(),
        person,
        pid: std::process::id(),
    };
    context::write(environment.contexts.as_deref(), name, context)
}

/// Tells a script that the server is ready, and how to reach it.
pub(crate) fn write_ready(file: &Path, server: &Server) -> anyhow::Result<()> {
    let ready = json!({ "url": server.url(), "token": server.token() });
    context::write_private(file, ready.to_string().as_bytes())
}
