//! One running system: started from its program with an empty data folder, asked over HTTP, measured by the kernel.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use ureq::Agent;

const READY_WITHIN: Duration = Duration::from_secs(30);
const STOPPED_WITHIN: Duration = Duration::from_mins(1);
/// Where a server of nines says how to reach it.
const READY_FILE: &str = "ready.json";
const POLL_EVERY: Duration = Duration::from_millis(50);
/// Longer answers are not read.
const ANSWER_BYTES_MAX: u64 = 256 << 20;
/// Merging in the background is over when so long nothing was computed.
const QUIET: Duration = Duration::from_secs(2);
const SETTLED_WITHIN: Duration = Duration::from_mins(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// With the flags of Prometheus.
    Nines,
    /// With a configuration of its own.
    NinesServer,
    /// With the flags of Alertmanager.
    NinesAlertmanager,
    Alertmanager,
    Prometheus,
    VictoriaMetrics,
}

/// A program to compare.
#[derive(Debug, Clone)]
pub(super) struct System {
    kind: Kind,
    program: PathBuf,
}

impl System {
    pub(super) fn nines(program: PathBuf) -> Self {
        Self { kind: Kind::Nines, program }
    }

    /// Reads the folder `config` within its place, which must be there before it starts.
    pub(super) fn nines_server(program: PathBuf) -> Self {
        Self { kind: Kind::NinesServer, program }
    }

    pub(super) fn nines_alertmanager(program: PathBuf) -> Self {
        Self { kind: Kind::NinesAlertmanager, program }
    }

    pub(super) fn alertmanager(program: PathBuf) -> Self {
        Self { kind: Kind::Alertmanager, program }
    }

    pub(super) fn prometheus(program: PathBuf) -> Self {
        Self { kind: Kind::Prometheus, program }
    }

    pub(super) fn victoria_metrics(program: PathBuf) -> Self {
        Self { kind: Kind::VictoriaMetrics, program }
    }

    pub(super) fn name(&self) -> &'static str {
        match self.kind {
            Kind::Nines | Kind::NinesServer | Kind::NinesAlertmanager => "nines",
            Kind::Alertmanager => "alertmanager",
            Kind::Prometheus => "prometheus",
            Kind::VictoriaMetrics => "victoria-metrics",
        }
    }

    fn command(&self, place: &Path, address: &str) -> Command {
        let mut command = Command::new(&self.program);
        let (config, data) = (place.join("config.yml"), place.join("data"));
        let flag = |name: &str, value: &Path| format!("{name}={}", value.display());
        match self.kind {
            Kind::Nines | Kind::Prometheus => {
                if self.kind == Kind::Nines {
                    command.args(["compat", "prometheus"]);
                }
                command
                    .arg(flag("--config.file", &config))
                    .arg(flag("--storage.tsdb.path", &data))
                    .arg("--storage.tsdb.retention.time=10y")
                    .arg(format!("--web.listen-address={address}"))
                    .args(["--web.enable-remote-write-receiver", "--web.enable-admin-api"])
            }
            Kind::NinesAlertmanager | Kind::Alertmanager => {
                if self.kind == Kind::NinesAlertmanager {
                    command.args(["compat", "alertmanager"]);
                }
                command
                    .arg(flag("--config.file", &config))
                    .arg(flag("--storage.path", &data))
                    .arg(format!("--web.listen-address={address}"))
                    .args(["--cluster.listen-address=", "--log.level=error"])
            }
            Kind::NinesServer => command
                .arg("serve")
                .arg(flag("--config", &place.join("config")))
                .arg(flag("--data", &data))
                .arg(format!("--listen={address}"))
                .arg(flag("--ready-file", &place.join(READY_FILE)))
                // Where this user's servers are is not to be forgotten for a measurement.
                .env("XDG_STATE_HOME", place),
            Kind::VictoriaMetrics => command
                .arg(flag("-promscrape.config", &config))
                .arg(flag("-storageDataPath", &data))
                .arg("-retentionPeriod=100y")
                .arg(format!("-httpListenAddr={address}")),
        };
        command
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    Anybody,
    /// With the token of the server.
    Proven,
}

/// A system that runs.
#[derive(Debug)]
pub(super) struct Peer {
    system: System,
    child: Child,
    url: String,
    token: Option<String>,
    place: PathBuf,
    agent: Agent,
}

impl Peer {
    /// Starts it without data and with this `prometheus.yml`, and waits until it answers.
    pub(super) fn start(system: &System, place: &Path, config: &str) -> anyhow::Result<Self> {
        fs::create_dir_all(place)?;
        fs::write(place.join("config.yml"), config)?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let log = File::create(place.join("log"))?;
        let child = system
            .command(place, &address)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("failed to start {}", system.program.display()))?;
        let agent = Agent::config_builder().http_status_as_error(false).build().new_agent();
        let url = format!("http://{address}");
        let (system, place) = (system.clone(), place.to_owned());
        let mut peer = Self { system, child, url, token: None, place, agent };
        peer.wait_until_ready()?;
        if peer.system.kind == Kind::NinesServer {
            let ready: Value = serde_json::from_slice(&fs::read(peer.place.join(READY_FILE))?)?;
            peer.token = ready["token"].as_str().map(str::to_owned);
        }
        Ok(peer)
    }

    pub(super) fn name(&self) -> &'static str {
        self.system.name()
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let path = match self.system.kind {
            Kind::VictoriaMetrics => "/health",
            _ => "/-/ready",
        };
        let start = Instant::now();
        loop {
            if let Ok(answer) = self.agent.get(format!("{}{path}", self.url)).call()
                && answer.status() == 200
            {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended with {status}:\n{}", self.name(), self.log());
            }
            ensure!(
                start.elapsed() < READY_WITHIN,
                "{} is not ready:\n{}",
                self.name(),
                self.log()
            );
            thread::sleep(POLL_EVERY);
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.place.join("log")).unwrap_or_default()
    }

    /// Sends one remote-write request, which has to be taken.
    pub(super) fn write(&self, body: &[u8]) -> anyhow::Result<()> {
        let mut request = self
            .agent
            .post(format!("{}/api/v1/write", self.url))
            .header("Content-Type", "application/x-protobuf")
            .header("Content-Encoding", "snappy")
            .header("X-Prometheus-Remote-Write-Version", "0.1.0");
        if let Some(bearer) = self.bearer(Caller::Proven) {
            request = request.header("Authorization", bearer);
        }
        let mut answer = request.send(body)?;
        ensure!(
            answer.status().is_success(),
            "{} answered {}: {}",
            self.name(),
            answer.status(),
            answer.body_mut().read_to_string()?
        );
        Ok(())
    }

    /// Sends alerts to the API of Alertmanager, which has to take them.
    pub(super) fn post_alerts(&self, body: &str) -> anyhow::Result<()> {
        let request = self.agent.post(format!("{}/api/v2/alerts", self.url));
        let mut answer = request.header("Content-Type", "application/json").send(body)?;
        ensure!(
            answer.status() == 200,
            "{} answered {}: {}",
            self.name(),
            answer.status(),
            answer.body_mut().read_to_string()?
        );
        Ok(())
    }

    /// Asks for one page.
    pub(super) fn get(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<String> {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        for (name, value) in query {
            request = request.query(name, value);
        }
        if self.system.kind == Kind::VictoriaMetrics {
            request = request.query("nocache", "1"); // it would remember the answer
        }
        let mut answer = request.call()?;
        Ok(answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string()?)
    }

    /// Asks for one page; whatever its status says is an answer.
    pub(super) fn ask(&self, path: &str, caller: Caller) -> anyhow::Result<(u16, String)> {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        if let Some(bearer) = self.bearer(caller) {
            request = request.header("Authorization", bearer);
        }
        let mut answer = request.call()?;
        let text = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string()?;
        Ok((answer.status().as_u16(), text))
    }

    fn bearer(&self, caller: Caller) -> Option<String> {
        let token = self.token.as_ref().filter(|_| caller == Caller::Proven)?;
        Some(format!("Bearer {token}"))
    }

    fn post(&self, path: &str) -> anyhow::Result<String> {
        let mut answer = self.agent.post(format!("{}{path}", self.url)).send_empty()?;
        let (status, text) = (answer.status(), answer.body_mut().read_to_string()?);
        ensure!(status.is_success(), "{} answered {status}: {text}", self.name());
        Ok(text)
    }

    /// Waits until work in the background is over.
    pub(super) fn settle(&self) -> anyhow::Result<()> {
        if self.system.kind == Kind::VictoriaMetrics {
            self.get("/internal/force_flush", &[])?;
            self.get("/internal/force_merge", &[])?;
        }
        let start = Instant::now();
        let mut before = self.cpu_seconds()?;
        loop {
            thread::sleep(QUIET);
            let now = self.cpu_seconds()?;
            if now - before < 0.05 || SETTLED_WITHIN < start.elapsed() {
                return Ok(());
            }
            before = now;
        }
    }

    /// Bytes of all that was stored, in its final form: what a backup holds.
    pub(super) fn bytes_on_disk(&self) -> anyhow::Result<u64> {
        self.settle()?;
        match self.system.kind {
            Kind::Alertmanager | Kind::NinesAlertmanager => {
                bail!("{} has no snapshots of samples", self.name())
            }
            Kind::Nines | Kind::NinesServer | Kind::Prometheus => {
                let answer = self.post("/api/v1/admin/tsdb/snapshot")?;
                let answer: Value = serde_json::from_str(&answer)?;
                let name = answer["data"]["name"].as_str().context("the snapshot has no name")?;
                bytes_below(&self.place.join("data/snapshots").join(name))
            }
            Kind::VictoriaMetrics => bytes_below(&self.place.join("data")),
        }
    }

    /// Seconds of processor time that it has used, in user and kernel mode.
    pub(super) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The second field is a name in brackets and may hold anything.
        let (_, rest) = text.rsplit_once(')').context("no name in the process' figures")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks = |index: usize| -> anyhow::Result<f64> {
            Ok(fields.get(index).context("too few figures of the process")?.parse()?)
        };
        let per_second = rustix::param::clock_ticks_per_second() as f64;
        Ok((ticks(11)? + ticks(12)?) / per_second)
    }

    /// Memory that is its own and in use.
    pub(super) fn memory_bytes(&self) -> anyhow::Result<u64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let anonymous = text.lines().find_map(|it| it.strip_prefix("RssAnon:"));
        let kilobytes = anonymous.and_then(|it| it.trim().strip_suffix(" kB"));
        Ok(kilobytes.context("no memory in the process' figures")?.parse::<u64>()? * 1024)
    }

    /// Stops it and removes its folder.
    pub(super) fn stop(mut self) -> anyhow::Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let start = Instant::now();
        while self.child.try_wait()?.is_none() {
            ensure!(start.elapsed() < STOPPED_WITHIN, "{} does not stop", self.name());
            thread::sleep(POLL_EVERY);
        }
        fs::remove_dir_all(&self.place)?;
        Ok(())
    }
}

/// The bytes of all files below a folder.
fn bytes_below(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { bytes_below(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}

impl Drop for Peer {
    /// After [`Peer::stop`] there is nothing to kill any more, and the errors say so.
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
