//! `cargo xtask bench`: measures, prints, and appends one JSON line to `docs/benchmarks.jsonl`.
//!
//! Where a machine is shared, seconds say little; with valgrind the instructions are counted too.

mod alerting;
mod metrics;
mod peer;
mod slo;
#[cfg(test)]
mod tests;
mod wire;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use cargo_metadata::MetadataCommand;
use serde_json::{Value, json};

use crate::browser::demo::{self, Build, Demo};
use crate::programs;
use crate::repository::Repository;

/// One JSON object a line, oldest first.
const RESULTS: &str = "docs/benchmarks.jsonl";

/// How often something short is repeated.
const RUNS: usize = 21;

const OWN: &[(&str, &str)] = &[
    ("size", "the bytes of the release binary"),
    ("start", "how long `nines --version` takes, in milliseconds and instructions"),
    ("demo", "from starting the demo until it is ready, in milliseconds"),
    (
        "slo [PART] [SLOS]",
        "many objectives: scale (28 days of counts), rules (against Prometheus), gate; --trial records nothing",
    ),
    (
        "alerting [PART]",
        "against Alertmanager: load, groups, latency, outage; --trial records nothing",
    ),
    (
        "metrics [PART]",
        "the store against Prometheus and VictoriaMetrics: steady, disk, many, scrape, query",
    ),
];

/// Runs the benchmark of this name, or lists all.
pub(crate) fn run(repository: &Repository, arguments: &[String]) -> anyhow::Result<ExitCode> {
    let (name, part) = match arguments {
        [] => {
            for (name, meaning) in OWN {
                println!("{name:<24} {meaning}");
            }
            for (package, target) in targets(repository)? {
                println!("{target:<24} divan, in {package}");
            }
            return Ok(ExitCode::SUCCESS);
        }
        [name] if name != "alerting" && name != "slo" => (name.as_str(), None),
        [name, part] if name == "metrics" => (name.as_str(), Some(part.as_str())),
        [name, rest @ ..] if name == "slo" => {
            let plan = slo::Plan::read(rest)?;
            let result = slo::run(repository, &plan)?;
            if !plan.is_trial() {
                record(repository, name, &result)?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        [name, rest @ ..] if name == "alerting" => {
            let plan = alerting::Plan::read(rest)?;
            let result = alerting::run(repository, &plan)?;
            if !plan.is_trial() {
                record(repository, name, &result)?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        _ => bail!("usage: cargo xtask bench [NAME]"),
    };
    let result = match name {
        "size" => size(repository)?,
        "start" => start(repository)?,
        "demo" => demo_ready(repository)?,
        "metrics" => metrics::run(repository, part)?,
        _ => divan(repository, name)?,
    };
    record(repository, name, &result)?;
    Ok(ExitCode::SUCCESS)
}

fn size(repository: &Repository) -> anyhow::Result<Value> {
    let bytes = fs::metadata(demo::build(repository, Build::Release)?)?.len();
    Ok(json!({ "bytes": bytes }))
}

fn start(repository: &Repository) -> anyhow::Result<Value> {
    let binary = demo::build(repository, Build::Release)?;
    let mut milliseconds = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let start = Instant::now();
        let output = Command::new(&binary).arg("--version").stdin(Stdio::null()).output()?;
        milliseconds.push(start.elapsed().as_secs_f64() * 1e3);
        ensure!(output.status.success(), "`nines --version` ended with {}", output.status);
    }
    let (median, worst) = median_and_worst(milliseconds);
    let instructions = instructions(&binary, &["--version"])?;
    Ok(
        json!({ "median_ms": median, "worst_ms": worst, "runs": RUNS, "instructions": instructions }),
    )
}

fn demo_ready(repository: &Repository) -> anyhow::Result<Value> {
    let place = repository.target()?.join("bench-demo");
    if place.is_dir() {
        fs::remove_dir_all(&place)?;
    }
    fs::create_dir_all(&place)?;
    let demo = Demo::start(repository, Build::Release, &place)?;
    let ready = rounded(demo.ready_after().as_secs_f64() * 1e3);
    demo.stop()?;
    Ok(json!({ "ready_ms": ready }))
}

/// divan prints its own table; what is kept is the instructions of running each benchmark once.
fn divan(repository: &Repository, name: &str) -> anyhow::Result<Value> {
    let targets = targets(repository)?;
    let found = targets.iter().find(|(_, target)| target == name);
    let (package, _) =
        found.with_context(|| format!("no benchmark `{name}`; `cargo xtask bench` lists them"))?;
    let arguments = ["bench", "--locked", "--package", package, "--bench", name];
    let status =
        Command::new(programs::cargo()).args(arguments).current_dir(&repository.root).status()?;
    ensure!(status.success(), "the benchmark `{name}` failed");
    let binary = executable(repository, &arguments)?;
    Ok(
        json!({ "package": package, "instructions": instructions(Path::new(&binary), &["--test"])? }),
    )
}

/// The program that cargo has built for these arguments.
fn executable(repository: &Repository, arguments: &[&str]) -> anyhow::Result<String> {
    let mut cargo = Command::new(programs::cargo());
    cargo.args(arguments).args(["--no-run", "--message-format=json"]).current_dir(&repository.root);
    let output = cargo.stderr(Stdio::inherit()).output()?;
    let messages = String::from_utf8(output.stdout)?;
    let mut executables = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        message.get("executable")?.as_str().map(str::to_owned)
    });
    executables.next_back().context("cargo names no program")
}

/// The benchmarks of the workspace: package, target.
fn targets(repository: &Repository) -> anyhow::Result<Vec<(String, String)>> {
    let metadata = MetadataCommand::new().current_dir(&repository.root).no_deps().exec()?;
    let mut targets = Vec::new();
    for package in metadata.workspace_packages() {
        for target in package.targets.iter().filter(|it| it.is_bench()) {
            targets.push((package.name.to_string(), target.name.clone()));
        }
    }
    Ok(targets)
}

/// The instructions that a program executes, or `None` without valgrind.
fn instructions(program: &Path, arguments: &[&str]) -> anyhow::Result<Option<u64>> {
    let Some(valgrind) = programs::find("valgrind") else {
        println!("instructions are not counted: no valgrind; install the package valgrind");
        return Ok(None);
    };
    let output = Command::new(valgrind)
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()?;
    ensure!(output.status.success(), "{} failed under valgrind", program.display());
    Ok(collected(&String::from_utf8_lossy(&output.stderr)))
}

/// The count in callgrind's `==1== Collected : 123`.
fn collected(text: &str) -> Option<u64> {
    let (_, count) = text.lines().find_map(|it| it.split_once("Collected :"))?;
    count.trim().parse().ok()
}

fn median_and_worst(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().map_or(f64::NAN, rounded);
    (at(values.len() / 2), at(values.len().saturating_sub(1)))
}

/// To a hundredth.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn record(repository: &Repository, name: &str, result: &Value) -> anyhow::Result<()> {
    let commit = git(repository, &["rev-parse", "--short=12", "HEAD"])?;
    let is_changed =
        !git(repository, &["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    let line = json!({
        "bench": name,
        "commit": commit,
        "changed": is_changed,
        "machine": machine(),
        "result": result,
    });
    println!("{line}");
    let path = repository.root.join(RESULTS);
    let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
    writeln!(file, "{line}").with_context(|| format!("failed to write {}", path.display()))
}

fn git(repository: &Repository, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("git").args(arguments).current_dir(&repository.root).output()?;
    ensure!(output.status.success(), "git {} failed", arguments.join(" "));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The processor's name and how many there are: numbers of different machines are not comparable.
fn machine() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = processors.lines().find_map(|it| it.strip_prefix("model name")?.split_once(": "));
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{count} × {}", name.map_or("unknown processor", |(_, it)| it))
}
