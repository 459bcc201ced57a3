//! A running demo, as a child process that is stopped with its owner.

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::programs;
use crate::repository::Repository;

/// A debug build on a busy machine needs a while for 28 days of history.
const READY_WITHIN: Duration = Duration::from_mins(2);

/// What is promised: SIGTERM and Ctrl-C stop within two seconds.
const STOPPED_WITHIN: Duration = Duration::from_secs(2);

const POLL_EVERY: Duration = Duration::from_millis(20);

/// How many of the last lines of the demo's output an error shows.
const LOG_LINES_SHOWN: usize = 20;

/// Which build of the binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    Debug,
    Release,
}

/// The demo, and where it is reached.
#[derive(Debug)]
pub(crate) struct Demo {
    child: Child,
    url: String,
    token: Option<String>,
    ready_after: Duration,
    log: PathBuf,
}

/// Builds the binary and says where it is.
pub(crate) fn build(repository: &Repository, build: Build) -> anyhow::Result<PathBuf> {
    let mut cargo = Command::new(programs::cargo());
    cargo.args(["build", "--locked", "--package", "nines", "--bin", "nines"]);
    let folder = match build {
        Build::Debug => "debug",
        Build::Release => {
            cargo.arg("--release");
            "release"
        }
    };
    let status = cargo.current_dir(&repository.root).status().context("failed to start cargo")?;
    ensure!(status.success(), "the binary does not build");
    Ok(repository.target()?.join(folder).join("nines"))
}

impl Demo {
    /// Starts the demo with its data in `place`, and waits until it says that it is ready.
    pub(crate) fn start(
        repository: &Repository,
        profile: Build,
        place: &Path,
    ) -> anyhow::Result<Self> {
        Self::start_program(&build(repository, profile)?, place)
    }

    fn start_program(binary: &Path, place: &Path) -> anyhow::Result<Self> {
        let (ready, log) = (place.join("ready.json"), place.join("demo.log"));
        let output =
            File::create(&log).with_context(|| format!("failed to write {}", log.display()))?;
        let start = Instant::now();
        let child = Command::new(binary)
            .args(["demo", "--listen", "127.0.0.1:0", "--data"])
            .arg(place.join("data"))
            .arg("--ready-file")
            .arg(&ready)
            .current_dir(place)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("failed to start {}", binary.display()))?;
        let ready_after = Duration::ZERO;
        let mut demo = Self { child, url: String::new(), token: None, ready_after, log };
        demo.wait_until_ready(&ready, start)?;
        demo.ready_after = start.elapsed();
        Ok(demo)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// From the start of the process to the ready file.
    pub(crate) fn ready_after(&self) -> Duration {
        self.ready_after
    }

    fn wait_until_ready(&mut self, file: &Path, start: Instant) -> anyhow::Result<()> {
        loop {
            // A file that is not whole yet is no JSON yet.
            let text = fs::read_to_string(file).unwrap_or_default();
            if let Ok(ready) = serde_json::from_str::<serde_json::Value>(&text) {
                let word = |key: &str| ready.get(key).and_then(|it| it.as_str()).map(str::to_owned);
                self.url = word("url").context("the ready file has no `url`")?;
                self.token = word("token");
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the demo ended before it was ready, with {status}\n{}", self.last_lines());
            }
            if READY_WITHIN < start.elapsed() {
                bail!(
                    "the demo was not ready within {} s\n{}",
                    READY_WITHIN.as_secs(),
                    self.last_lines()
                );
            }
            thread::sleep(POLL_EVERY);
        }
    }

    /// Stops it as an operator would; it has to end in time and say that it was an orderly end.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        let start = Instant::now();
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        while start.elapsed() < STOPPED_WITHIN {
            if let Some(status) = self.child.try_wait()? {
                ensure!(
                    status.success(),
                    "SIGTERM ended the demo with {status}\n{}",
                    self.last_lines()
                );
                println!("the demo stopped in {:.1} s", start.elapsed().as_secs_f64());
                return Ok(());
            }
            thread::sleep(POLL_EVERY);
        }
        bail!("the demo did not stop within {} s\n{}", STOPPED_WITHIN.as_secs(), self.last_lines())
    }

    fn last_lines(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines
            .iter()
            .skip(lines.len().saturating_sub(LOG_LINES_SHOWN))
            .copied()
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl Drop for Demo {
    /// After [`Demo::stop`] there is nothing to kill any more, and the errors say so.
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
